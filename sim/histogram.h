/*
 * histogram.h - times in microseconds with about 3 % resolution in fixed memory: 32 steps for
 * each power of two. For lateness and delays of millions of events.
 */
#ifndef LS_SIM_HISTOGRAM_H
#define LS_SIM_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 32
#define HISTOGRAM_SLOTS (HISTOGRAM_STEPS * 36) /* up to 2^40 us */

struct histogram {
	uint64_t count, max, min;
	uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *h, uint64_t us);

/* The value that `percent` of all lie at or below (its step's upper end, at most max); 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, double percent);

#endif
