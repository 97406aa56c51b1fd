#include "lorawan/ch_mask.h"

#include <string.h>

#include "base/error.h"

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

unsigned ch_mask_next(const struct ch_mask *m, unsigned from)
{
	while (from < CH_MASK_CHANNELS) {
		unsigned rest = (unsigned)m->block[from / 16] >> (from % 16);

		if (rest)
			return from + (unsigned)__builtin_ctz(rest);
		from = (from / 16 + 1) * 16;
	}
	return CH_MASK_CHANNELS;
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

int ch_mask_apply(const struct ch_mask_cntl rows[REGION_CNTL_MAX], const struct ch_mask *defined, uint8_t ch_mask_cntl,
                  uint16_t mask, struct ch_mask *m)
{
	const struct ch_mask_cntl *row = &rows[ch_mask_cntl & (REGION_CNTL_MAX - 1)];

	if (!row->is_defined)
		return LS_ETYPE;
	for (unsigned i = 0; i < row->all_count; i++)
		ch_mask_put(m, row->all_first + i, row->all_on && ch_mask_has(defined, row->all_first + i));
	for (unsigned b = 0; b < row->mask_count; b++) {
		for (unsigned i = 0; i < row->mask_span; i++)
			ch_mask_put(m, row->mask_first + b * row->mask_span + i, mask >> b & 1);
		if (row->wide_first)
			ch_mask_put(m, row->wide_first + b, mask >> b & 1);
	}
	return LS_OK;
}
