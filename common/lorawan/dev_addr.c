#include "lorawan/dev_addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/eui.h"

/* Bits of the NwkID for each NetID type (frames.md 13); the prefix is type + 1 bits longer. */
static const uint8_t nwk_id_bits[8] = {6, 6, 9, 11, 12, 13, 15, 17};

static uint32_t top_mask(unsigned bits)
{
	return bits ? UINT32_MAX << (32 - bits) : 0; /* bits is 0..32 */
}

struct dev_addr_prefix dev_addr_prefix_of_net_id(uint32_t net_id)
{
	unsigned type = net_id >> 21 & 7;
	unsigned id_bits = nwk_id_bits[type];
	unsigned prefix_len = type + 1 + id_bits;
	uint32_t ones = top_mask(type); /* then a zero bit */
	uint32_t nwk_id = net_id & ((UINT32_C(1) << id_bits) - 1);

	return (struct dev_addr_prefix){
		.prefix = ones | nwk_id << (32 - prefix_len),
		.prefix_len = (uint8_t)prefix_len,
	};
}

#define DEV_ADDR_DIGITS 8

int dev_addr_prefix_parse(const char *text, struct dev_addr_prefix *out)
{
	char digits[DEV_ADDR_TEXT_SIZE], *end;
	const char *len_text;
	unsigned long len;
	uint32_t prefix;

	if (strspn(text, "0123456789abcdefABCDEF") != DEV_ADDR_DIGITS || text[DEV_ADDR_DIGITS] != '/')
		return LS_EFORMAT;
	len_text = text + DEV_ADDR_DIGITS + 1;
	memcpy(digits, text, DEV_ADDR_DIGITS);
	digits[DEV_ADDR_DIGITS] = '\0';
	if (dev_addr_parse(digits, &prefix) || *len_text < '0' || *len_text > '9')
		return LS_EFORMAT;
	len = strtoul(len_text, &end, 10);
	if (*end || len > 32 || end - len_text > 2)
		return LS_EFORMAT;
	if (prefix & ~top_mask((unsigned)len))
		return LS_EINVAL;
	*out = (struct dev_addr_prefix){.prefix = prefix, .prefix_len = (uint8_t)len};
	return LS_OK;
}

char *dev_addr_prefix_format(struct dev_addr_prefix block, char buf[DEV_ADDR_PREFIX_TEXT_SIZE])
{
	dev_addr_format(block.prefix, buf);
	snprintf(buf + DEV_ADDR_DIGITS, DEV_ADDR_PREFIX_TEXT_SIZE - DEV_ADDR_DIGITS, "/%u", block.prefix_len % 100u);
	return buf;
}

static uint64_t block_size(struct dev_addr_prefix block)
{
	return UINT64_C(1) << (32 - block.prefix_len);
}

uint32_t dev_addr_in_blocks(const struct dev_addr_prefix *blocks, size_t n, uint64_t random)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += block_size(blocks[i]);
	/* 64 bits of randomness: that no power of two divides the total is not to be seen. */
	random %= total;
	for (size_t i = 0; i < n; i++) {
		if (random < block_size(blocks[i]))
			return blocks[i].prefix | (uint32_t)random;
		random -= block_size(blocks[i]);
	}
	return blocks[0].prefix; /* not reached */
}

bool dev_addr_is_in_block(uint32_t dev_addr, struct dev_addr_prefix block)
{
	return (dev_addr & top_mask(block.prefix_len)) == block.prefix;
}

bool dev_addr_net_id(uint32_t dev_addr, uint32_t *net_id)
{
	unsigned type = 0;

	while (type < 8 && dev_addr & UINT32_C(1) << (31 - type))
		type++;
	if (type == 8)
		return false;
	*net_id = type << 21 |
		  (dev_addr >> (32 - (type + 1 + nwk_id_bits[type])) & ((UINT32_C(1) << nwk_id_bits[type]) - 1));
	return true;
}
