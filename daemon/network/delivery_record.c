#include "network/delivery_record.h"

#define HALF_LIFE_US UINT64_C(600000000)
#define ONE 256
#define RECENT_MAX (64 * ONE) /* an old good record does not outweigh what happens now */
#define PRIOR (2 * ONE)       /* as if it had accepted two before: one refusal alone is no verdict */

static uint32_t faded(uint32_t weight, uint64_t age_us)
{
	uint64_t halves = age_us / HALF_LIFE_US;

	if (halves >= 32)
		return 0;
	weight >>= halves;
	/* Between two halves a straight line is near enough. */
	return weight - (uint32_t)(weight * (age_us % HALF_LIFE_US) / (2 * HALF_LIFE_US));
}

static void fade(struct delivery_record *r, uint64_t now_us)
{
	uint64_t age_us = now_us > r->weighed_at_us ? now_us - r->weighed_at_us : 0;

	r->recent = faded(r->recent, age_us);
	r->recent_refused = faded(r->recent_refused, age_us);
	r->weighed_at_us = now_us;
	if (r->recent > RECENT_MAX) {
		r->recent_refused = (uint32_t)((uint64_t)r->recent_refused * RECENT_MAX / r->recent);
		r->recent = RECENT_MAX;
	}
}

void delivery_accepted(struct delivery_record *r, uint64_t now_us)
{
	fade(r, now_us);
	r->recent += ONE;
	r->accepted++;
}

void delivery_refused(struct delivery_record *r, enum tx_status status, uint64_t now_us)
{
	fade(r, now_us);
	/* Without GPS time it cannot serve class B; that says nothing about what is timed by its own clock. */
	if (status != TX_GPS_UNLOCKED) {
		r->recent += ONE;
		r->recent_refused += ONE;
	}
	if (status < TX__COUNT)
		r->refused[status]++;
	r->last_refusal = (uint8_t)status;
}

void delivery_silent(struct delivery_record *r)
{
	r->silent++;
}

unsigned delivery_refused_percent(const struct delivery_record *r, uint64_t now_us)
{
	struct delivery_record now = *r;

	fade(&now, now_us);
	return (unsigned)((uint64_t)now.recent_refused * 100 / (now.recent + PRIOR));
}

uint64_t delivery_refused_total(const struct delivery_record *r)
{
	uint64_t total = 0;

	for (int i = 0; i < TX__COUNT; i++)
		total += r->refused[i];
	return total;
}
