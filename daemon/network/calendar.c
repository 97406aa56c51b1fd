#include "network/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_CAP 8

const char *downlink_rank_name(enum downlink_rank rank)
{
	static const char *const names[RANK__COUNT] = {
		[RANK_APPLICATION] = "application data",
		[RANK_MAC] = "MAC commands",
		[RANK_ACK] = "an acknowledgement",
		[RANK_JOIN_ACCEPT] = "a join accept",
	};

	return names[rank];
}

void calendar_fini(struct calendar *c)
{
	free(c->list);
	*c = (struct calendar){0};
}

static uint64_t end_us(const struct reservation *r)
{
	return r->start_us + r->air_us;
}

static bool is_in_the_way(const struct reservation *r, uint64_t start_us, uint32_t air_us)
{
	return r->start_us < start_us + air_us + CALENDAR_GUARD_US && start_us < end_us(r) + CALENDAR_GUARD_US;
}

static bool gives_way(const struct reservation *r, enum downlink_rank rank)
{
	return !r->fixed && r->rank < rank;
}

enum calendar_answer calendar_look(const struct calendar *c, uint64_t start_us, uint32_t air_us, enum downlink_rank rank,
                                   struct reservation *in_the_way)
{
	enum calendar_answer answer = CALENDAR_FREE;

	for (unsigned i = 0; i < c->n; i++) {
		const struct reservation *r = &c->list[i];

		if (r->start_us >= start_us + air_us + CALENDAR_GUARD_US)
			break; /* sorted by start: so are all behind it */
		if (!is_in_the_way(r, start_us, air_us))
			continue;
		if (in_the_way && (answer == CALENDAR_FREE || !gives_way(r, rank)))
			*in_the_way = *r;
		if (!gives_way(r, rank))
			return CALENDAR_BUSY;
		answer = CALENDAR_YIELDS;
	}
	return answer == CALENDAR_FREE && c->n >= CALENDAR_MAX ? CALENDAR_FULL : answer;
}

static int make_room(struct calendar *c)
{
	size_t cap = c->cap ? c->cap * 2u : FIRST_CAP;
	struct reservation *more;

	if (c->n < c->cap)
		return LS_OK;
	if (c->n >= CALENDAR_MAX)
		return LS_EFULL;
	more = realloc(c->list, cap * sizeof(*more));
	if (!more)
		return LS_ENOMEM;
	c->list = more;
	c->cap = (uint16_t)cap;
	return LS_OK;
}

static void take_out(struct calendar *c, unsigned i)
{
	memmove(&c->list[i], &c->list[i + 1], (c->n - i - 1u) * sizeof(c->list[0]));
	c->n--;
}

int calendar_reserve(struct calendar *c, const struct reservation *r)
{
	enum calendar_answer answer = calendar_look(c, r->start_us, r->air_us, (enum downlink_rank)r->rank, NULL);
	unsigned at = 0;
	int rc;

	if (answer == CALENDAR_BUSY)
		return LS_ECONFLICT;
	if (answer == CALENDAR_FULL)
		return LS_EFULL;
	rc = answer == CALENDAR_FREE ? make_room(c) : LS_OK;
	if (rc)
		return rc;
	while (answer == CALENDAR_YIELDS && at < c->n)
		if (is_in_the_way(&c->list[at], r->start_us, r->air_us))
			take_out(c, at);
		else
			at++;
	for (at = c->n; at > 0 && c->list[at - 1].start_us > r->start_us; at--)
		c->list[at] = c->list[at - 1];
	c->list[at] = *r;
	c->n++;
	return LS_OK;
}

bool calendar_first_free(const struct calendar *c, uint64_t earliest_us, uint64_t latest_us, uint32_t air_us,
                         uint64_t *start_us)
{
	uint64_t at = earliest_us;

	if (c->n >= CALENDAR_MAX)
		return false;
	for (unsigned i = 0; i < c->n; i++)
		if (is_in_the_way(&c->list[i], at, air_us))
			at = end_us(&c->list[i]) + CALENDAR_GUARD_US;
	if (at > latest_us)
		return false;
	*start_us = at;
	return true;
}

struct reservation *calendar_find(const struct calendar *c, uint32_t id)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->list[i].id == id)
			return &c->list[i];
	return NULL;
}

bool calendar_release(struct calendar *c, uint32_t id)
{
	const struct reservation *r = calendar_find(c, id);

	if (!r)
		return false;
	take_out(c, (unsigned)(r - c->list));
	return true;
}

void calendar_expire(struct calendar *c, uint64_t now_us)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < c->n; i++)
		if (end_us(&c->list[i]) + CALENDAR_GUARD_US > now_us)
			c->list[kept++] = c->list[i];
	c->n = (uint16_t)kept;
}
