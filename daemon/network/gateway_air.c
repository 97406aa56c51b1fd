#include "network/gateway_air.h"

#include <stdlib.h>

#include "base/error.h"
#include "network/fleet.h"

#define HOUR_MS 3600000u

void gateway_air_free(struct gateway_air *air)
{
	if (!air)
		return;
	calendar_fini(&air->calendar);
	air_budget_free(air->budgets);
	free(air);
}

struct air_budget *gateway_air_budget(const struct gateway_air *air, const struct region_table *table)
{
	struct air_budget *b = air ? air->budgets : NULL;

	while (b && b->table != table)
		b = b->next;
	return b;
}

static unsigned deaf_permille(const struct gateway_air *air, uint64_t now_us)
{
	uint64_t sent_us = 0;

	for (const struct air_budget *b = air->budgets; b; b = b->next)
		sent_us += air_band_used_us(&b->total, now_us);
	return (unsigned)(sent_us / HOUR_MS);
}

void gateway_air_look(const struct gateway *g, const struct place *p, uint64_t now_us, struct gateway_candidate *out)
{
	const struct gateway_air *air = g->air;
	const struct region_table *table = p->region->table;

	out->gateway_id = g->id;
	out->air_us = p->air_us;
	out->forbidden = air_is_forbidden(table, p->freq_hz);
	out->room = air_budget_room(gateway_air_budget(air, table), table, p->freq_hz, p->start_us, p->rank);
	out->calendar = CALENDAR_FREE;
	out->refused_percent = out->deaf_permille = 0;
	if (!air)
		return;
	out->refused_percent = delivery_refused_percent(&air->record, now_us);
	out->deaf_permille = deaf_permille(air, now_us);
	out->calendar = calendar_look(&air->calendar, p->start_us, p->air_us, p->rank, &out->in_the_way);
}

static int make_air(struct gateway *g)
{
	if (!g->air)
		g->air = calloc(1, sizeof(*g->air));
	return g->air ? LS_OK : LS_ENOMEM;
}

int gateway_air_pencil(struct gateway *g, const struct place *p, uint32_t id, uint64_t now_us)
{
	int rc = make_air(g);

	if (rc)
		return rc;
	calendar_expire(&g->air->calendar, now_us);
	return calendar_reserve(&g->air->calendar, &(struct reservation){.start_us = p->start_us, .air_us = p->air_us,
	                                                                 .id = id, .rank = (uint8_t)p->rank});
}

int gateway_air_sent(struct gateway *g, const struct place *p)
{
	struct air_budget *b = gateway_air_budget(g->air, p->region->table);

	if (!b) {
		b = make_air(g) ? NULL : air_budget_new(p->region->table);
		if (!b)
			return LS_ENOMEM;
		b->next = g->air->budgets;
		g->air->budgets = b;
	}
	air_budget_add(b, p->freq_hz, p->start_us, p->air_us);
	return LS_OK;
}

int gateway_air_reserve(struct gateway *g, const struct place *p, uint32_t id, uint64_t now_us)
{
	int rc = gateway_air_pencil(g, p, id, now_us);

	if (rc)
		return rc;
	rc = gateway_air_sent(g, p);
	if (rc)
		calendar_release(&g->air->calendar, id);
	return rc;
}

bool gateway_air_holds(const struct gateway *g, uint32_t id)
{
	return g->air && calendar_find(&g->air->calendar, id);
}

void gateway_air_fix(struct gateway *g, uint32_t id)
{
	struct reservation *r = g->air ? calendar_find(&g->air->calendar, id) : NULL;

	if (r)
		r->fixed = true;
}

void gateway_air_erase(struct gateway *g, uint32_t id)
{
	if (g->air)
		calendar_release(&g->air->calendar, id);
}

void gateway_air_release(struct gateway *g, const struct place *p, uint32_t id)
{
	struct air_budget *b = gateway_air_budget(g->air, p->region->table);

	gateway_air_erase(g, id);
	if (b)
		air_budget_take_back(b, p->freq_hz, p->start_us, p->air_us);
}
