#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "network/calendar.h"

#define S UINT64_C(1000000)
#define MS UINT64_C(1000)

static int put(struct calendar *c, uint32_t id, uint64_t start_us, uint32_t air_us, enum downlink_rank rank)
{
	return calendar_reserve(c, &(struct reservation){.start_us = start_us, .air_us = air_us, .id = id, .rank = (uint8_t)rank});
}

/* Ids in order, to compare with. */
static void check(const struct calendar *c, const uint32_t *ids, unsigned n)
{
	assert_int_equal(c->n, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(c->list[i].id, ids[i]);
		if (i)
			assert_true(c->list[i].start_us >= c->list[i - 1].start_us + c->list[i - 1].air_us + CALENDAR_GUARD_US);
	}
}

static void one_packet_at_a_time_with_time_to_load_the_next(void **state)
{
	struct calendar c = {0};
	static const struct {
		uint64_t start_us;
		uint32_t air_us;
		enum calendar_answer answer;
	} rows[] = {
		/* 100 ms on air at 10 s are there; the reference forwarder wants 42.5 ms before the next */
		{10 * S, 50 * MS, CALENDAR_BUSY},
		{10 * S + 99 * MS, 50 * MS, CALENDAR_BUSY},
		{10 * S + 100 * MS + 42500, 50 * MS, CALENDAR_BUSY},
		{10 * S + 100 * MS + CALENDAR_GUARD_US - 1, 50 * MS, CALENDAR_BUSY},
		{10 * S + 100 * MS + CALENDAR_GUARD_US, 50 * MS, CALENDAR_FREE},
		{10 * S - 50 * MS, 50 * MS, CALENDAR_BUSY},
		{10 * S - 50 * MS - CALENDAR_GUARD_US + 1, 50 * MS, CALENDAR_BUSY},
		{10 * S - 50 * MS - CALENDAR_GUARD_US, 50 * MS, CALENDAR_FREE},
		{9 * S, 3 * S, CALENDAR_BUSY}, /* around it */
	};

	(void)state;
	assert_int_equal(put(&c, 1, 10 * S, 100 * MS, RANK_ACK), LS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(calendar_look(&c, rows[i].start_us, rows[i].air_us, RANK_ACK, NULL), rows[i].answer);
	calendar_fini(&c);
}

static void higher_rank_displaces_what_has_not_left(void **state)
{
	(void)state;
	for (int there = 0; there < RANK__COUNT; there++)
		for (int comes = 0; comes < RANK__COUNT; comes++)
			for (int fixed = 0; fixed < 2; fixed++) {
				struct calendar c = {0};
				struct reservation old = {.id = 0};
				bool yields = comes > there && !fixed;

				assert_int_equal(put(&c, 7, 10 * S, 100 * MS, (enum downlink_rank)there), LS_OK);
				calendar_find(&c, 7)->fixed = fixed;
				assert_int_equal(calendar_look(&c, 10 * S, 60 * MS, (enum downlink_rank)comes, &old),
				                 yields ? CALENDAR_YIELDS : CALENDAR_BUSY);
				assert_int_equal(old.id, 7);
				assert_int_equal(put(&c, 8, 10 * S, 60 * MS, (enum downlink_rank)comes), yields ? LS_OK : LS_ECONFLICT);
				assert_int_equal(calendar_find(&c, 7) != NULL, !yields);
				assert_int_equal(calendar_find(&c, 8) != NULL, yields);
				calendar_fini(&c);
			}
}

static void a_long_one_displaces_several_but_none_of_its_own_rank(void **state)
{
	struct calendar c = {0};
	struct reservation obstacle = {0};

	(void)state;
	put(&c, 1, 10 * S, 100 * MS, RANK_APPLICATION);
	put(&c, 2, 11 * S, 100 * MS, RANK_MAC);
	put(&c, 3, 12 * S, 100 * MS, RANK_APPLICATION);
	assert_int_equal(put(&c, 4, 10 * S, 1500 * MS, RANK_MAC), LS_ECONFLICT);
	assert_int_equal(calendar_look(&c, 10 * S, 1500 * MS, RANK_MAC, &obstacle), CALENDAR_BUSY);
	assert_int_equal(obstacle.id, 2); /* what does not give way is named */
	check(&c, (uint32_t[]){1, 2, 3}, 3);
	assert_int_equal(put(&c, 4, 10 * S, 1500 * MS, RANK_ACK), LS_OK);
	check(&c, (uint32_t[]){4, 3}, 2);
	calendar_fini(&c);
}

static void released_places_are_free_again(void **state)
{
	struct calendar c = {0};

	(void)state;
	put(&c, 1, 10 * S, 100 * MS, RANK_ACK);
	put(&c, 2, 12 * S, 100 * MS, RANK_ACK);
	assert_true(calendar_release(&c, 1));
	assert_false(calendar_release(&c, 1));
	assert_int_equal(put(&c, 3, 10 * S, 100 * MS, RANK_APPLICATION), LS_OK);
	check(&c, (uint32_t[]){3, 2}, 2);
	calendar_expire(&c, 10 * S + 100 * MS + CALENDAR_GUARD_US - 1);
	assert_int_equal(c.n, 2);
	calendar_expire(&c, 10 * S + 100 * MS + CALENDAR_GUARD_US);
	check(&c, (uint32_t[]){2}, 1);
	calendar_fini(&c);
}

static void first_free_time_lies_behind_or_between(void **state)
{
	struct calendar c = {0};
	uint64_t at = 0;

	(void)state;
	assert_true(calendar_first_free(&c, 5 * S, 5 * S, 100 * MS, &at));
	assert_int_equal(at, 5 * S);
	put(&c, 1, 10 * S, 100 * MS, RANK_APPLICATION);
	put(&c, 2, 10 * S + 300 * MS, 100 * MS, RANK_APPLICATION);
	assert_true(calendar_first_free(&c, 10 * S, 20 * S, 100 * MS, &at));
	assert_int_equal(at, 10 * S + 150 * MS); /* fits between exactly */
	assert_true(calendar_first_free(&c, 10 * S, 20 * S, 101 * MS, &at));
	assert_int_equal(at, 10 * S + 450 * MS);
	assert_false(calendar_first_free(&c, 10 * S, 10 * S + 449 * MS, 101 * MS, &at));
	calendar_fini(&c);
}

static void memory_is_bounded(void **state)
{
	struct calendar c = {0};
	uint64_t at;

	(void)state;
	for (uint32_t i = 0; i < CALENDAR_MAX; i++)
		assert_int_equal(put(&c, i, i * S, 1000, RANK_APPLICATION), LS_OK);
	assert_int_equal(calendar_look(&c, CALENDAR_MAX * S, 1000, RANK_JOIN_ACCEPT, NULL), CALENDAR_FULL);
	assert_int_equal(put(&c, 9999, CALENDAR_MAX * S, 1000, RANK_JOIN_ACCEPT), LS_EFULL);
	assert_false(calendar_first_free(&c, CALENDAR_MAX * S, UINT64_MAX, 1000, &at));
	/* In place of another there is room. */
	assert_int_equal(put(&c, 9999, 5 * S, 1000, RANK_JOIN_ACCEPT), LS_OK);
	assert_int_equal(c.n, CALENDAR_MAX);
	calendar_fini(&c);
}

/* Whatever is asked in whatever order: no two overlap, the list is sorted, nothing fixed is ever lost. */
static void random_days_never_overlap(void **state)
{
	uint32_t seed = 1;
	struct calendar c = {0};
	unsigned fixed = 0, days_with_fixed = 0;

	(void)state;
	for (uint32_t id = 1; id < 20000; id++) {
		uint64_t start_us;
		uint32_t air_us;
		enum downlink_rank rank;
		unsigned found = 0;

		seed = seed * 1664525 + 1013904223;
		start_us = (uint64_t)(seed >> 8) * 36;
		seed = seed * 1664525 + 1013904223;
		air_us = 20000 + (seed >> 8) % 2000000;
		seed = seed * 1664525 + 1013904223;
		rank = (enum downlink_rank)((seed >> 16) % RANK__COUNT);
		if (id % 2000 == 0) { /* a new day */
			calendar_fini(&c);
			fixed = 0;
		}
		if (!put(&c, id, start_us, air_us, rank) && id % 50 == 0) {
			calendar_find(&c, id)->fixed = true;
			days_with_fixed += fixed++ == 0;
		}
		for (unsigned i = 0; i < c.n; i++) {
			found += c.list[i].fixed;
			if (i)
				assert_true(c.list[i].start_us >= c.list[i - 1].start_us + c.list[i - 1].air_us + CALENDAR_GUARD_US);
		}
		assert_int_equal(found, fixed);
	}
	assert_true(days_with_fixed > 5);
	calendar_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_packet_at_a_time_with_time_to_load_the_next),
		cmocka_unit_test(higher_rank_displaces_what_has_not_left),
		cmocka_unit_test(a_long_one_displaces_several_but_none_of_its_own_rank),
		cmocka_unit_test(released_places_are_free_again),
		cmocka_unit_test(first_free_time_lies_behind_or_between),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(random_days_never_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
