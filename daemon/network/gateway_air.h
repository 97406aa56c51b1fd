/*
 * gateway_air.h - the air of one gateway: its calendar, what it sent in each band, how it did with downlinks.
 *
 * Made with the gateway's first downlink; a gateway that only listens costs a pointer.
 */
#ifndef LS_NETWORK_GATEWAY_AIR_H
#define LS_NETWORK_GATEWAY_AIR_H

#include "network/delivery_record.h"
#include "network/gateway_choice.h"

struct gateway;

struct gateway_air {
	struct calendar calendar;
	struct air_budget *budgets; /* by region */
	struct delivery_record record;
};

/* A place on air. */
struct place {
	const struct region *region;
	uint32_t freq_hz, air_us;
	uint64_t start_us;          /* by our clock */
	enum downlink_rank rank;
};

void gateway_air_free(struct gateway_air *air); /* NULL is fine */

struct air_budget *gateway_air_budget(const struct gateway_air *air, const struct region_table *table); /* or NULL */

/* What calendar, budget and record say of this place; margin, RSSI and time left are the caller's. */
void gateway_air_look(const struct gateway *g, const struct place *p, uint64_t now_us, struct gateway_candidate *out);

/*
 * Put the place into the calendar under this id, and its air time into the budget. LS_ECONFLICT when it is taken by
 * what does not give way, LS_EFULL, LS_ENOMEM.
 */
int gateway_air_reserve(struct gateway *g, const struct place *p, uint32_t id, uint64_t now_us);
/* It was sent: into the budget only. LS_ENOMEM. */
int gateway_air_sent(struct gateway *g, const struct place *p);
/* In the calendar only: kept free for a downlink that is not built yet. */
int gateway_air_pencil(struct gateway *g, const struct place *p, uint32_t id, uint64_t now_us);

bool gateway_air_holds(const struct gateway *g, uint32_t id); /* it was not displaced */
void gateway_air_fix(struct gateway *g, uint32_t id);         /* it left: nothing displaces it any more */
/* It does not go on air. Also when it was displaced: the budget is given back in any case. */
void gateway_air_release(struct gateway *g, const struct place *p, uint32_t id);
void gateway_air_erase(struct gateway *g, uint32_t id);       /* what was pencilled */

#endif
