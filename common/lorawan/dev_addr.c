#include "lorawan/dev_addr.h"

/* Bits of the NwkID for each NetID type (frames.md 13); the prefix is type + 1 bits longer. */
static const uint8_t nwk_id_bits[8] = {6, 6, 9, 11, 12, 13, 15, 17};

static uint32_t top_mask(unsigned bits)
{
	return ~(UINT32_MAX >> bits); /* bits is 1..25 here */
}

struct dev_addr_prefix dev_addr_prefix_of_net_id(uint32_t net_id)
{
	unsigned type = net_id >> 21 & 7;
	unsigned id_bits = nwk_id_bits[type];
	unsigned prefix_len = type + 1 + id_bits;
	uint32_t ones = type ? top_mask(type) : 0; /* then a zero bit */
	uint32_t nwk_id = net_id & ((UINT32_C(1) << id_bits) - 1);

	return (struct dev_addr_prefix){
		.prefix = ones | nwk_id << (32 - prefix_len),
		.prefix_len = (uint8_t)prefix_len,
	};
}

uint32_t dev_addr_in_block(struct dev_addr_prefix block, uint32_t random)
{
	return block.prefix | (random & ~top_mask(block.prefix_len));
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
