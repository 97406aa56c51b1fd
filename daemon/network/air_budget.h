/*
 * air_budget.h - how long a gateway has sent in the last hour, band by band, and what it may still send.
 *
 * A duty cycle of 1 % allows 36 s of any hour in a row (ETSI EN 300 220 and its like; the bands are columns of the
 * region's table). Each band has a ring of minutes. The hour that ends at a time is counted by whole minutes, the one
 * that has partly left it included, so it is never counted too low.
 *
 * The last part of a budget is kept for what the network cannot do without: application data may use three
 * quarters of it, join accepts all.
 *
 * Pure: times are microseconds of the monotonic clock. air_replay.h fills it in after a restart.
 */
#ifndef LS_NETWORK_AIR_BUDGET_H
#define LS_NETWORK_AIR_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region.h"
#include "network/calendar.h"

#define AIR_MINUTES 64 /* the 61 of an hour, and some ahead: the longest plan of a class B downlink is 128 s */

struct air_band {
	uint64_t newest;               /* minute of the clock; 0: nothing yet */
	uint32_t sent_us[AIR_MINUTES]; /* by minute modulo */
};

/* One gateway in one region; a gateway that serves several has a list. */
struct air_budget {
	struct air_budget *next;
	const struct region_table *table;
	struct air_band total;         /* all bands: how long it was deaf */
	struct air_band bands[];       /* [table->n_duty_bands] */
};

struct air_budget *air_budget_new(const struct region_table *table); /* NULL: out of memory */
void air_budget_free(struct air_budget *b);                          /* the whole list */

/* Sub-band of a frequency, -1 when it lies in none. */
int air_band_of(const struct region_table *table, uint32_t freq_hz);

/* Does the region allow no transmission there at all? */
bool air_is_forbidden(const struct region_table *table, uint32_t freq_hz);

/* Sent, or promised, at start_us; take_back when it did not go on air after all. */
void air_budget_add(struct air_budget *b, uint32_t freq_hz, uint64_t start_us, uint32_t air_us);
void air_budget_take_back(struct air_budget *b, uint32_t freq_hz, uint64_t start_us, uint32_t air_us);

/* In the hour before at_us, what is promised for later included. */
uint64_t air_band_used_us(const struct air_band *band, uint64_t at_us);

struct air_room {
	bool limited;        /* does a duty cycle apply? If not the rest says nothing */
	uint64_t allowed_us; /* a whole hour's */
	uint64_t used_us;
	uint64_t left_us;    /* for this rank */
};

/* b may be NULL: nothing sent yet. */
struct air_room air_budget_room(const struct air_budget *b, const struct region_table *table, uint32_t freq_hz,
                                uint64_t at_us, enum downlink_rank rank);

#endif
