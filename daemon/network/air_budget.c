#include "network/air_budget.h"

#include <stdlib.h>

#define MINUTE_US UINT64_C(60000000)
#define HOUR_US UINT64_C(3600000000)
#define HOUR_MINUTES 60

/* Percent of the budget each rank may use up. */
static const uint8_t rank_share[RANK__COUNT] = {
	[RANK_APPLICATION] = 75,
	[RANK_MAC] = 85,
	[RANK_ACK] = 95,
	[RANK_JOIN_ACCEPT] = 100,
};

struct air_budget *air_budget_new(const struct region_table *table)
{
	struct air_budget *b = calloc(1, sizeof(*b) + table->n_duty_bands * sizeof(b->bands[0]));

	if (b)
		b->table = table;
	return b;
}

void air_budget_free(struct air_budget *b)
{
	while (b) {
		struct air_budget *next = b->next;

		free(b);
		b = next;
	}
}

int air_band_of(const struct region_table *table, uint32_t freq_hz)
{
	for (int i = 0; i < table->n_duty_bands; i++)
		if (freq_hz >= table->duty_bands[i].min_hz && freq_hz <= table->duty_bands[i].max_hz)
			return i;
	return -1;
}

bool air_is_forbidden(const struct region_table *table, uint32_t freq_hz)
{
	return table->forbids_unlisted && air_band_of(table, freq_hz) < 0;
}

/* The place of a minute, NULL when it is so old that it counts no more. */
static uint32_t *minute_of(struct air_band *band, uint64_t start_us)
{
	uint64_t minute = start_us / MINUTE_US + 1; /* 0 is "nothing yet" */

	if (band->newest && minute + AIR_MINUTES <= band->newest)
		return NULL;
	if (!band->newest || minute >= band->newest + AIR_MINUTES) {
		for (int i = 0; i < AIR_MINUTES; i++)
			band->sent_us[i] = 0;
		band->newest = minute;
	}
	while (band->newest < minute)
		band->sent_us[++band->newest % AIR_MINUTES] = 0;
	return &band->sent_us[minute % AIR_MINUTES];
}

static void band_add(struct air_band *band, uint64_t start_us, uint32_t air_us)
{
	uint32_t *sent_us = minute_of(band, start_us);

	if (sent_us)
		*sent_us += air_us;
}

static void band_take_back(struct air_band *band, uint64_t start_us, uint32_t air_us)
{
	uint32_t *sent_us = minute_of(band, start_us);

	if (sent_us)
		*sent_us -= air_us < *sent_us ? air_us : *sent_us;
}

void air_budget_add(struct air_budget *b, uint32_t freq_hz, uint64_t start_us, uint32_t air_us)
{
	int band = air_band_of(b->table, freq_hz);

	band_add(&b->total, start_us, air_us);
	if (band >= 0)
		band_add(&b->bands[band], start_us, air_us);
}

void air_budget_take_back(struct air_budget *b, uint32_t freq_hz, uint64_t start_us, uint32_t air_us)
{
	int band = air_band_of(b->table, freq_hz);

	band_take_back(&b->total, start_us, air_us);
	if (band >= 0)
		band_take_back(&b->bands[band], start_us, air_us);
}

uint64_t air_band_used_us(const struct air_band *band, uint64_t at_us)
{
	uint64_t minute = at_us / MINUTE_US + 1, used = 0;
	uint64_t first = minute > HOUR_MINUTES ? minute - HOUR_MINUTES : 1;

	if (!band->newest)
		return 0;
	if (band->newest >= AIR_MINUTES && first <= band->newest - AIR_MINUTES)
		first = band->newest - AIR_MINUTES + 1;
	for (uint64_t i = first; i <= band->newest; i++)
		used += band->sent_us[i % AIR_MINUTES];
	return used;
}

struct air_room air_budget_room(const struct air_budget *b, const struct region_table *table, uint32_t freq_hz,
                                uint64_t at_us, enum downlink_rank rank)
{
	int band = air_band_of(table, freq_hz);
	struct air_room room = {0};
	uint64_t limit_us;

	if (band < 0 || table->duty_bands[band].duty_cycle >= 1)
		return room;
	room.limited = true;
	room.allowed_us = (uint64_t)(table->duty_bands[band].duty_cycle * (double)HOUR_US + 0.5);
	room.used_us = b ? air_band_used_us(&b->bands[band], at_us) : 0;
	limit_us = room.allowed_us * rank_share[rank] / 100;
	room.left_us = limit_us > room.used_us ? limit_us - room.used_us : 0;
	return room;
}
