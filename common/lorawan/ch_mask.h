/*
 * ch_mask.h - sets of uplink channels, and what ChMaskCntl and ChMask of a LinkADRReq do to them.
 *
 * The meaning of each ChMaskCntl differs by channel plan and revision: a `struct ch_mask_plan` has a row for each of the eight.
 */
#ifndef LS_LORAWAN_CH_MASK_H
#define LS_LORAWAN_CH_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CH_MASK_BLOCKS 6
#define CH_MASK_CHANNELS (16 * CH_MASK_BLOCKS)

/* Channel i is bit i % 16 of block i / 16, as ChMask has it. */
struct ch_mask {
	uint16_t block[CH_MASK_BLOCKS];
};

bool ch_mask_has(const struct ch_mask *m, unsigned channel);
void ch_mask_put(struct ch_mask *m, unsigned channel, bool on);
bool ch_mask_equal(const struct ch_mask *a, const struct ch_mask *b);
bool ch_mask_is_empty(const struct ch_mask *m);
bool ch_mask_is_within(const struct ch_mask *m, const struct ch_mask *all); /* no channel outside */
unsigned ch_mask_count(const struct ch_mask *m);

/* From and to a mask of 64-bit words, as settings have it; channel_list_parse() and its like make those (mac_wish.h). */
struct ch_mask ch_mask_of_words(const uint64_t words[2]);
void ch_mask_words(const struct ch_mask *m, uint64_t words[2]);

/* What a ChMaskCntl does to the channels its mask does not name. */
enum ch_mask_others { CH_MASK_RFU, CH_MASK_KEEP, CH_MASK_ON, CH_MASK_OFF };

struct ch_mask_rule {
	enum ch_mask_others others; /* CH_MASK_RFU: the command is refused */
	uint8_t block, bits;        /* the mask's low bits are these channels; no bits: it is ignored */
	bool is_banks;              /* bit b instead: channels 8b to 8b+7 and 64+b */
};

struct ch_mask_plan {
	struct ch_mask_rule rules[8]; /* by ChMaskCntl */
};

extern const struct ch_mask_plan ch_mask_dynamic16;      /* 16 channels, defined one by one */
extern const struct ch_mask_plan ch_mask_fixed72;        /* US915, AU915 */
extern const struct ch_mask_plan ch_mask_fixed72_older;  /* the same before RP001-1.0.3: 5 is RFU */
extern const struct ch_mask_plan ch_mask_fixed96;        /* CN470 of RP001 */
extern const struct ch_mask_plan ch_mask_cn470_20;       /* 20 MHz plans, 64 channels */
extern const struct ch_mask_plan ch_mask_cn470_26;       /* 26 MHz plans, 48 channels */

/*
 * The channels after one command. Neither an empty result nor a channel that is not `defined` is refused here: of a block only
 * the end counts. LS_ETYPE when ChMaskCntl is RFU, *m unchanged then.
 */
int ch_mask_apply(const struct ch_mask_plan *plan, const struct ch_mask *defined, uint8_t ch_mask_cntl, uint16_t mask,
                  struct ch_mask *m);

#endif
