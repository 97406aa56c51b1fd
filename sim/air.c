#include "air.h"

#include <stdlib.h>

#include "base/error.h"

#define AIR_CAP_FIRST 256

void air_init(struct air *a, uint64_t horizon_us)
{
	*a = (struct air){.horizon_us = horizon_us};
}

void air_fini(struct air *a)
{
	free(a->ring);
	a->ring = NULL;
}

static struct transmission *at(const struct air *a, size_t i)
{
	return &a->ring[(a->head + i) & (a->cap - 1)];
}

static int air_grow(struct air *a)
{
	size_t cap = a->cap ? 2 * a->cap : AIR_CAP_FIRST;
	struct transmission *ring = malloc(cap * sizeof(*ring));

	if (!ring)
		return LS_ENOMEM;
	for (size_t i = 0; i < a->len; i++)
		ring[i] = *at(a, i);
	free(a->ring);
	a->ring = ring;
	a->cap = cap;
	a->head = 0;
	return LS_OK;
}

int air_add(struct air *a, uint64_t now_us, struct transmission *t)
{
	t->end_us = now_us > a->last_us ? now_us : a->last_us + 1;
	while (a->len && at(a, 0)->end_us + a->horizon_us < t->end_us) {
		a->head = (a->head + 1) & (a->cap - 1);
		a->len--;
	}
	if (a->len == a->cap && air_grow(a))
		return LS_ENOMEM;
	a->last_us = t->end_us;
	a->len++;
	*at(a, a->len - 1) = *t;
	return LS_OK;
}

struct transmission *air_find(struct air *a, uint64_t end_us)
{
	size_t low = 0, high = a->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (at(a, mid)->end_us < end_us)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->len && at(a, low)->end_us == end_us ? at(a, low) : NULL;
}
