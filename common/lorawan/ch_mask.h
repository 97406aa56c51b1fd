/* ch_mask.h - sets of uplink channels, and what ChMaskCntl and ChMask of a LinkADRReq do to them. */
#ifndef LS_LORAWAN_CH_MASK_H
#define LS_LORAWAN_CH_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region_table.h"

#define CH_MASK_BLOCKS 6
#define CH_MASK_CHANNELS (16 * CH_MASK_BLOCKS)

/* Channel i is bit i % 16 of block i / 16, as ChMask has it. */
struct ch_mask {
	uint16_t block[CH_MASK_BLOCKS];
};

bool ch_mask_has(const struct ch_mask *m, unsigned channel);
void ch_mask_put(struct ch_mask *m, unsigned channel, bool on);
/* The first channel of the mask from this one on; CH_MASK_CHANNELS when there is none. */
unsigned ch_mask_next(const struct ch_mask *m, unsigned from);
bool ch_mask_equal(const struct ch_mask *a, const struct ch_mask *b);
bool ch_mask_is_empty(const struct ch_mask *m);
bool ch_mask_is_within(const struct ch_mask *m, const struct ch_mask *all); /* no channel outside */
unsigned ch_mask_count(const struct ch_mask *m);

/* From and to a mask of 64-bit words, as settings have it; channel_list_parse() and its like make those (mac_wish.h). */
struct ch_mask ch_mask_of_words(const uint64_t words[2]);
void ch_mask_words(const struct ch_mask *m, uint64_t words[2]);

/*
 * The channels after one command; rows are the plan's (region_table.h, ch_mask_cntl). Neither an empty result nor a channel that
 * is not `defined` is refused here: of a block only the end counts. LS_ETYPE when ChMaskCntl is RFU, *m unchanged then.
 */
int ch_mask_apply(const struct ch_mask_cntl rows[REGION_CNTL_MAX], const struct ch_mask *defined, uint8_t ch_mask_cntl,
                  uint16_t mask, struct ch_mask *m);

#endif
