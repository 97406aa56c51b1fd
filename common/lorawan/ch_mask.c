#include "lorawan/ch_mask.h"

#include <string.h>

#include "base/error.h"

/* regions.json, chmask_cntl */
#define BLOCK(n) {CH_MASK_KEEP, n, 16, false}

const struct ch_mask_plan ch_mask_dynamic16 = {{
	[0] = BLOCK(0),
	[6] = {CH_MASK_ON, 0, 0, false},
}};

#define FIXED72_BUT_5 \
	[0] = BLOCK(0), [1] = BLOCK(1), [2] = BLOCK(2), [3] = BLOCK(3), \
	[4] = {CH_MASK_KEEP, 4, 8, false}, \
	[6] = {CH_MASK_ON, 4, 8, false}, \
	[7] = {CH_MASK_OFF, 4, 8, false}

const struct ch_mask_plan ch_mask_fixed72 = {{
	FIXED72_BUT_5,
	[5] = {CH_MASK_OFF, 0, 8, true},
}};

const struct ch_mask_plan ch_mask_fixed72_older = {{
	FIXED72_BUT_5,
}};

const struct ch_mask_plan ch_mask_fixed96 = {{
	BLOCK(0), BLOCK(1), BLOCK(2), BLOCK(3), BLOCK(4), BLOCK(5),
	[6] = {CH_MASK_ON, 0, 0, false},
}};

const struct ch_mask_plan ch_mask_cn470_20 = {{
	BLOCK(0), BLOCK(1), BLOCK(2), BLOCK(3),
	[6] = {CH_MASK_ON, 0, 0, false},
	[7] = {CH_MASK_OFF, 0, 0, false},
}};

const struct ch_mask_plan ch_mask_cn470_26 = {{
	BLOCK(0), BLOCK(1), BLOCK(2),
	[3] = {CH_MASK_ON, 0, 0, false},
	[4] = {CH_MASK_OFF, 0, 0, false},
}};

bool ch_mask_has(const struct ch_mask *m, unsigned channel)
{
	return channel < CH_MASK_CHANNELS && m->block[channel / 16] >> (channel % 16) & 1;
}

void ch_mask_put(struct ch_mask *m, unsigned channel, bool on)
{
	uint16_t bit = (uint16_t)(1u << (channel % 16));

	if (channel >= CH_MASK_CHANNELS)
		return;
	if (on)
		m->block[channel / 16] |= bit;
	else
		m->block[channel / 16] &= (uint16_t)~bit;
}

bool ch_mask_equal(const struct ch_mask *a, const struct ch_mask *b)
{
	return !memcmp(a->block, b->block, sizeof(a->block));
}

bool ch_mask_is_empty(const struct ch_mask *m)
{
	return !ch_mask_count(m);
}

bool ch_mask_is_within(const struct ch_mask *m, const struct ch_mask *all)
{
	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		if (m->block[i] & ~all->block[i])
			return false;
	return true;
}

unsigned ch_mask_count(const struct ch_mask *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		n += (unsigned)__builtin_popcount(m->block[i]);
	return n;
}

struct ch_mask ch_mask_of_words(const uint64_t words[2])
{
	struct ch_mask m;

	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		m.block[i] = (uint16_t)(words[i / 4] >> (i % 4 * 16));
	return m;
}

void ch_mask_words(const struct ch_mask *m, uint64_t words[2])
{
	words[0] = words[1] = 0;
	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		words[i / 4] |= (uint64_t)m->block[i] << (i % 4 * 16);
}

int ch_mask_apply(const struct ch_mask_plan *plan, const struct ch_mask *defined, uint8_t ch_mask_cntl, uint16_t mask,
                  struct ch_mask *m)
{
	const struct ch_mask_rule *rule = &plan->rules[ch_mask_cntl & 7];

	if (rule->others == CH_MASK_RFU)
		return LS_ETYPE;
	if (rule->others == CH_MASK_ON)
		*m = *defined;
	else if (rule->others == CH_MASK_OFF)
		memset(m, 0, sizeof(*m));
	if (rule->is_banks) {
		for (unsigned b = 0; b < rule->bits; b++) {
			if (mask >> b & 1) {
				m->block[b / 2] |= (uint16_t)(b % 2 ? 0xff00 : 0x00ff);
				ch_mask_put(m, 64 + b, true);
			}
		}
	} else if (rule->bits) {
		uint16_t bits = (uint16_t)((1u << rule->bits) - 1);

		m->block[rule->block] = (uint16_t)((m->block[rule->block] & ~bits) | (mask & bits));
	}
	return LS_OK;
}
