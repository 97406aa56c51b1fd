#include "base/eui.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"

int eui64_parse(const char *text, struct eui64 *out)
{
	return hex_parse_exact(text, "-:.", out->be, sizeof(out->be));
}

char *eui64_format(struct eui64 eui, char buf[EUI64_TEXT_SIZE])
{
	return hex_encode(eui.be, sizeof(eui.be), buf);
}

bool eui64_equal(struct eui64 a, struct eui64 b)
{
	return memcmp(a.be, b.be, sizeof(a.be)) == 0;
}

bool eui64_is_zero(struct eui64 eui)
{
	return eui64_to_u64(eui) == 0;
}

struct eui64 eui64_reverse(struct eui64 eui)
{
	struct eui64 out;

	for (int i = 0; i < 8; i++)
		out.be[i] = eui.be[7 - i];
	return out;
}

uint64_t eui64_to_u64(struct eui64 eui)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | eui.be[i];
	return v;
}

struct eui64 eui64_from_u64(uint64_t v)
{
	struct eui64 out;

	for (int i = 7; i >= 0; i--, v >>= 8)
		out.be[i] = (uint8_t)v;
	return out;
}

int dev_addr_parse(const char *text, uint32_t *out)
{
	uint8_t be[4];
	int rc = hex_parse_exact(text, "-:.", be, sizeof(be));

	if (rc)
		return rc;
	*out = (uint32_t)be[0] << 24 | (uint32_t)be[1] << 16 | (uint32_t)be[2] << 8 | be[3];
	return LS_OK;
}

char *dev_addr_format(uint32_t dev_addr, char buf[DEV_ADDR_TEXT_SIZE])
{
	const uint8_t be[4] = {
		(uint8_t)(dev_addr >> 24), (uint8_t)(dev_addr >> 16), (uint8_t)(dev_addr >> 8), (uint8_t)dev_addr,
	};

	return hex_encode(be, sizeof(be), buf);
}
