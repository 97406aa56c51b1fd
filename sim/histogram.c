#include "histogram.h"

#include <stddef.h>

/* Values below 32 have a slot each; above, the top five bits after the leading one choose the step. */
static size_t slot_of(uint64_t us)
{
	unsigned shift;
	size_t slot;

	if (us < HISTOGRAM_STEPS)
		return (size_t)us;
	shift = 63 - (unsigned)__builtin_clzll(us) - 5;
	slot = (size_t)(shift + 1) * HISTOGRAM_STEPS + (size_t)((us >> shift) - HISTOGRAM_STEPS);
	return slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1;
}

static uint64_t slot_end(size_t slot)
{
	unsigned shift;

	if (slot < HISTOGRAM_STEPS)
		return slot;
	shift = (unsigned)(slot / HISTOGRAM_STEPS) - 1;
	return ((uint64_t)(HISTOGRAM_STEPS + slot % HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t us)
{
	h->slots[slot_of(us)]++;
	if (!h->count || us < h->min)
		h->min = us;
	if (us > h->max)
		h->max = us;
	h->count++;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	uint64_t want = (uint64_t)((double)h->count * percent / 100.0 + 0.999999);
	uint64_t seen = 0;

	if (!h->count)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_SLOTS; i++) {
		seen += h->slots[i];
		if (seen && seen >= want)
			return slot_end(i) < h->max ? slot_end(i) : h->max;
	}
	return h->max;
}
