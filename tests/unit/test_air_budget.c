#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "network/air_budget.h"
#include "network/delivery_record.h"

#define S UINT64_C(1000000)
#define MINUTE (60 * S)
#define HOUR (3600 * S)

/* ETSI EN 300 220: seconds of an hour by band. */
static void budgets_of_eu868_are_those_of_its_bands(void **state)
{
	static const struct {
		uint32_t freq_hz;
		int band;
		uint64_t allowed_us;
	} rows[] = {
		{863500000, 0, 3600000},  {867100000, 1, 36 * S},  {868100000, 2, 36 * S},   {868600000, 2, 36 * S},
		{868900000, 3, 3600000},  {869525000, 4, 360 * S}, {869400000, 4, 360 * S}, {869850000, 5, 36 * S},
		{868650000, -1, 0}, {869300000, -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct air_room room = air_budget_room(NULL, &region_eu868, rows[i].freq_hz, 5 * HOUR, RANK_JOIN_ACCEPT);

		assert_int_equal(air_band_of(&region_eu868, rows[i].freq_hz), rows[i].band);
		assert_int_equal(room.limited, rows[i].band >= 0);
		assert_int_equal(room.allowed_us, rows[i].allowed_us);
		assert_int_equal(room.left_us, rows[i].allowed_us);
	}
}

static void regions_without_bands_have_no_limit(void **state)
{
	struct air_budget *b = air_budget_new(&region_us915);

	(void)state;
	air_budget_add(b, 923300000, HOUR, 1000 * S);
	assert_false(air_budget_room(b, &region_us915, 923300000, HOUR, RANK_APPLICATION).limited);
	assert_int_equal(air_band_used_us(&b->total, HOUR), 1000 * S);
	air_budget_free(b);
}

static void bands_are_counted_apart(void **state)
{
	struct air_budget *b = air_budget_new(&region_eu868);

	(void)state;
	air_budget_add(b, 868100000, HOUR, 10 * S);
	air_budget_add(b, 868500000, HOUR, 5 * S); /* the same band */
	air_budget_add(b, 869525000, HOUR, 7 * S);
	assert_int_equal(air_budget_room(b, &region_eu868, 868300000, HOUR, RANK_JOIN_ACCEPT).left_us, 21 * S);
	assert_int_equal(air_budget_room(b, &region_eu868, 867300000, HOUR, RANK_JOIN_ACCEPT).left_us, 36 * S);
	assert_int_equal(air_budget_room(b, &region_eu868, 869525000, HOUR, RANK_JOIN_ACCEPT).left_us, 353 * S);
	assert_int_equal(air_band_used_us(&b->total, HOUR), 22 * S);
	air_budget_take_back(b, 868100000, HOUR, 10 * S);
	assert_int_equal(air_budget_room(b, &region_eu868, 868300000, HOUR, RANK_JOIN_ACCEPT).left_us, 31 * S);
	air_budget_free(b);
}

static void the_end_of_a_budget_is_kept_for_higher_ranks(void **state)
{
	struct air_budget *b = air_budget_new(&region_eu868);
	static const uint64_t left_of_36_s[RANK__COUNT][2] = {
		/* nothing used; 30 s used */
		[RANK_APPLICATION] = {27 * S, 0},
		[RANK_MAC] = {30600000, 600000},
		[RANK_ACK] = {34200000, 4200000},
		[RANK_JOIN_ACCEPT] = {36 * S, 6 * S},
	};

	(void)state;
	for (int rank = 0; rank < RANK__COUNT; rank++)
		assert_int_equal(air_budget_room(b, &region_eu868, 868100000, HOUR, (enum downlink_rank)rank).left_us,
		                 left_of_36_s[rank][0]);
	air_budget_add(b, 868100000, HOUR, 30 * S);
	for (int rank = 0; rank < RANK__COUNT; rank++)
		assert_int_equal(air_budget_room(b, &region_eu868, 868100000, HOUR, (enum downlink_rank)rank).left_us,
		                 left_of_36_s[rank][1]);
	air_budget_free(b);
}

/* Compare with a plain list of all that was sent: never less than the last hour, never more than 61 minutes. */
static void sliding_hour_never_counts_too_little(void **state)
{
	static struct {
		uint64_t at_us;
		uint32_t air_us;
	} sent[3000];
	struct air_budget *b = air_budget_new(&region_eu868);
	uint64_t now = 3 * HOUR;
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		uint64_t hour = 0, longer = 0, used;

		seed = seed * 1664525 + 1013904223;
		now += (seed >> 8) % (20 * S);
		if (i % 500 == 499)
			now += 40 * MINUTE;
		if (i == 1700)
			now += 5 * HOUR;
		seed = seed * 1664525 + 1013904223;
		sent[i].air_us = (seed >> 8) % 2000000;
		sent[i].at_us = now;
		air_budget_add(b, 868100000, now, sent[i].air_us);
		for (size_t k = 0; k <= i; k++) {
			if (sent[k].at_us + HOUR > now)
				hour += sent[k].air_us;
			if (sent[k].at_us + HOUR + MINUTE > now)
				longer += sent[k].air_us;
		}
		used = air_band_used_us(&b->bands[2], now);
		assert_true(used >= hour);
		assert_true(used <= longer);
	}
	assert_int_equal(air_band_used_us(&b->bands[2], now + HOUR + MINUTE), 0);
	air_budget_free(b);
}

static void what_is_promised_for_later_counts_now(void **state)
{
	struct air_budget *b = air_budget_new(&region_eu868);

	(void)state;
	air_budget_add(b, 869525000, 2 * HOUR + 128 * S, 3 * S);
	assert_int_equal(air_band_used_us(&b->bands[4], 2 * HOUR), 3 * S);
	air_budget_add(b, 869525000, 2 * HOUR, 1 * S);
	assert_int_equal(air_band_used_us(&b->bands[4], 2 * HOUR), 4 * S);
	/* Far too old to count: it changes nothing. */
	air_budget_add(b, 869525000, HOUR / 2, 9 * S);
	assert_int_equal(air_band_used_us(&b->bands[4], 2 * HOUR), 4 * S);
	air_budget_free(b);
}

static void refusals_fade_and_few_are_no_verdict(void **state)
{
	struct delivery_record r = {0};
	unsigned before;

	(void)state;
	assert_int_equal(delivery_refused_percent(&r, HOUR), 0);
	for (int i = 0; i < 100; i++)
		delivery_accepted(&r, HOUR);
	assert_int_equal(delivery_refused_percent(&r, HOUR), 0);
	delivery_refused(&r, TX_TOO_LATE, HOUR);
	assert_true(delivery_refused_percent(&r, HOUR) <= 2); /* one of a hundred */
	for (int i = 0; i < 200; i++)
		delivery_refused(&r, TX_COLLISION_PACKET, HOUR);
	before = delivery_refused_percent(&r, HOUR);
	assert_true(before > 80);
	assert_int_equal(r.refused[TX_COLLISION_PACKET], 200);
	assert_int_equal(delivery_refused_total(&r), 201);
	assert_int_equal(r.last_refusal, TX_COLLISION_PACKET);
	assert_true(delivery_refused_percent(&r, HOUR + 40 * MINUTE) < before);
	assert_true(delivery_refused_percent(&r, HOUR + 70 * MINUTE) < 30);
	assert_int_equal(delivery_refused_percent(&r, HOUR + 5 * HOUR), 0);

	r = (struct delivery_record){0};
	delivery_refused(&r, TX_FREQ, HOUR);
	assert_in_range(delivery_refused_percent(&r, HOUR), 20, 50); /* alone: a warning */
	r = (struct delivery_record){0};
	delivery_refused(&r, TX_GPS_UNLOCKED, HOUR); /* counted, but no reason to avoid it for class A */
	assert_int_equal(delivery_refused_percent(&r, HOUR), 0);
	assert_int_equal(r.refused[TX_GPS_UNLOCKED], 1);
	delivery_silent(&r);
	assert_int_equal(r.silent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_of_eu868_are_those_of_its_bands),
		cmocka_unit_test(regions_without_bands_have_no_limit),
		cmocka_unit_test(bands_are_counted_apart),
		cmocka_unit_test(the_end_of_a_budget_is_kept_for_higher_ranks),
		cmocka_unit_test(sliding_hour_never_counts_too_little),
		cmocka_unit_test(what_is_promised_for_later_counts_now),
		cmocka_unit_test(refusals_fade_and_few_are_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
