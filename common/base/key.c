#include "base/key.h"

#include <string.h>

#include "base/hex.h"

int key_parse(const char *text, struct ls_key *out)
{
	return hex_parse_exact(text, " \t-:", out->b, sizeof(out->b));
}

char *key_reveal(const struct ls_key *key, char buf[KEY_TEXT_SIZE])
{
	return hex_encode(key->b, sizeof(key->b), buf);
}

char *key_mask(const struct ls_key *key, char buf[KEY_MASK_SIZE])
{
	static const char dots[] = "\u2022\u2022\u2022\u2022";

	memcpy(buf, dots, sizeof(dots) - 1);
	hex_encode(key->b + sizeof(key->b) - 2, 2, buf + sizeof(dots) - 1);
	return buf;
}

bool key_equal(const struct ls_key *a, const struct ls_key *b)
{
	volatile uint8_t differ = 0; /* volatile: no early exit by a clever compiler */

	for (size_t i = 0; i < sizeof(a->b); i++)
		differ |= a->b[i] ^ b->b[i];
	return differ == 0;
}

void key_wipe(struct ls_key *key)
{
	explicit_bzero(key, sizeof(*key));
}
