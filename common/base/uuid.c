#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"

struct uuid uuid_random(void)
{
	uint8_t r[16];

	/* getrandom(2) behind it; fails only on kernels without that call, where nothing is safe. */
	if (getentropy(r, sizeof(r)))
		abort();
	return uuid_from_random(r);
}

struct uuid uuid_from_random(const uint8_t r[16])
{
	struct uuid id;

	memcpy(id.b, r, sizeof(id.b));
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

/* Octets in each of the groups between dashes. */
static const uint8_t groups[] = {4, 2, 2, 2, 6};

char *uuid_format(struct uuid id, char buf[UUID_TEXT_SIZE])
{
	char hex[2 * sizeof(id.b) + 1];

	hex_encode(id.b, sizeof(id.b), hex);
	memcpy(buf, hex, 8);
	memcpy(buf + 9, hex + 8, 4);
	memcpy(buf + 14, hex + 12, 4);
	memcpy(buf + 19, hex + 16, 4);
	memcpy(buf + 24, hex + 20, 12);
	buf[8] = buf[13] = buf[18] = buf[23] = '-';
	buf[36] = '\0';
	return buf;
}

int uuid_parse(const char *text, struct uuid *out)
{
	struct uuid id;
	uint8_t *b = id.b;

	if (strlen(text) != UUID_TEXT_SIZE - 1)
		return LS_EFORMAT;
	for (size_t g = 0; g < sizeof(groups); g++) {
		size_t n;

		if (g && *text++ != '-')
			return LS_EFORMAT;
		if (hex_decode(text, 2u * groups[g], b, groups[g], &n))
			return LS_EFORMAT;
		b += groups[g];
		text += 2 * groups[g];
	}
	*out = id;
	return LS_OK;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}
