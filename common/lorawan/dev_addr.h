/* dev_addr.h - blocks of DevAddr: of a NetID (frames.md section 13), or as an operator lists them. */
#ifndef LS_LORAWAN_DEV_ADDR_H
#define LS_LORAWAN_DEV_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dev_addr_prefix {
	uint32_t prefix;    /* bits below the prefix are 0 */
	uint8_t prefix_len; /* 7..25 of a NetID, 0..32 of a list */
};

struct dev_addr_prefix dev_addr_prefix_of_net_id(uint32_t net_id);

/*
 * Read "26000000/20": eight digits and the number of bits that are the prefix, 0 to 32. LS_EFORMAT for anything else,
 * LS_EINVAL when bits below the prefix are set.
 */
int dev_addr_prefix_parse(const char *text, struct dev_addr_prefix *out);

/* Some blocks: what addresses are given from. */
#define DEV_ADDR_BLOCKS_MAX 16
struct dev_addr_blocks {
	struct dev_addr_prefix blocks[DEV_ADDR_BLOCKS_MAX];
	size_t n;
};

/* The same, "26000000/20". */
#define DEV_ADDR_PREFIX_TEXT_SIZE 12
char *dev_addr_prefix_format(struct dev_addr_prefix block, char buf[DEV_ADDR_PREFIX_TEXT_SIZE]);

/* An address of the blocks, each address of all of them as likely as any other, from `random`. n is at least 1. */
uint32_t dev_addr_in_blocks(const struct dev_addr_prefix *blocks, size_t n, uint64_t random);

bool dev_addr_is_in_block(uint32_t dev_addr, struct dev_addr_prefix block);

/* NetID to which a DevAddr belongs by its prefix (low bits only); false for the reserved prefix. */
bool dev_addr_net_id(uint32_t dev_addr, uint32_t *net_id);

#endif
