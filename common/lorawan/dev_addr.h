/* dev_addr.h - DevAddr blocks of a NetID (frames.md section 13). */
#ifndef LS_LORAWAN_DEV_ADDR_H
#define LS_LORAWAN_DEV_ADDR_H

#include <stdbool.h>
#include <stdint.h>

struct dev_addr_prefix {
	uint32_t prefix;    /* bits below the prefix are 0 */
	uint8_t prefix_len; /* 7..25 */
};

struct dev_addr_prefix dev_addr_prefix_of_net_id(uint32_t net_id);

/* Prefix bits of the block, NwkAddr bits from `random`. */
uint32_t dev_addr_in_block(struct dev_addr_prefix block, uint32_t random);

/* NetID to which a DevAddr belongs by its prefix (low bits only); false for the reserved prefix. */
bool dev_addr_net_id(uint32_t dev_addr, uint32_t *net_id);

#endif
