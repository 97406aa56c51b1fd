/* test_collect.c - copies, windows and late copies. */
#include "network_bench.h"

#include "network/collect.h"

static struct rx_frame frame(const char *phy, uint64_t gateway, uint32_t tmst, uint64_t at_us)
{
	struct rx_frame f = {
		.phy = (const uint8_t *)phy, .phy_len = strlen(phy), .freq_hz = 868100000, .crc = CRC_OK,
		.rx = {.gateway_id = eui64_from_u64(gateway), .recv_mono_us = at_us, .recv_wall_us = (int64_t)at_us,
		       .context_len = 4, .context = {(uint8_t)(tmst >> 24), (uint8_t)(tmst >> 16), (uint8_t)(tmst >> 8),
		                                     (uint8_t)tmst}},
	};

	return f;
}

static enum collect_result add(struct collect *c, struct rx_frame f)
{
	struct collected *late;

	return collect_add(c, &f, &late);
}

static void copies_in_the_window_are_one_frame_with_all_receptions(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	assert_int_equal(add(&c, frame("abcd", 1, 100, 1000)), COLLECT_NEW);
	for (unsigned g = 2; g <= 70; g++)
		assert_int_equal(add(&c, frame("abcd", g, 50 * g, 1000 + g)), g <= 64 ? COLLECT_COPY : COLLECT_FULL);
	assert_int_equal(collect_next_mono_us(&c), 201000);
	assert_null(collect_take(&c, 200999, false));
	e = collect_take(&c, 201000, false);
	assert_non_null(e);
	assert_null(e->next);
	assert_int_equal(e->n, 64);
	collect_done(&c, e, 2000000);
	collect_fini(&c);
}

static void the_window_is_measured_from_the_first_copy(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	add(&c, frame("abcd", 2, 1, 199000));
	e = collect_take(&c, 200000, false);
	assert_non_null(e);
	collect_done(&c, e, 2000000);
	collect_fini(&c);
}

static void claimed_frequency_and_time_do_not_split_copies(void **state)
{
	struct rx_frame f = frame("abcd", 2, 9, 10);
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	f.freq_hz = 902300000;
	f.rx.gw_time_us = 12345;
	assert_int_equal(add(&c, f), COLLECT_COPY);
	collect_fini(&c);
}

static void the_same_datagram_twice_counts_once(void **state)
{
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	assert_int_equal(add(&c, frame("abcd", 1, 1, 0)), COLLECT_NEW);
	assert_int_equal(add(&c, frame("abcd", 1, 1, 10)), COLLECT_DUPLICATE);
	collect_fini(&c);
}

static void a_mirror_image_keeps_the_stronger_reception(void **state)
{
	struct rx_frame weak = frame("abcd", 1, 1, 0), strong = frame("abcd", 1, 2, 5);
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	weak.rx.snr_db10 = -120;
	weak.freq_hz = 868300000;
	strong.rx.snr_db10 = 70;
	add(&c, weak);
	assert_int_equal(add(&c, strong), COLLECT_DUPLICATE);
	e = collect_take(&c, 0, true);
	assert_int_equal(e->n, 1);
	assert_int_equal(e->receptions[0].freq_hz, 868100000);
	collect_done(&c, e, 2000000);
	collect_fini(&c);
}

static void another_gateway_after_the_window_is_a_late_copy_until_rx2(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	e = collect_take(&c, 200000, false);
	assert_int_equal(add(&c, frame("abcd", 2, 1, 250000)), COLLECT_LATE); /* while it is being decided */
	collect_done(&c, e, 2000000);
	assert_int_equal(add(&c, frame("abcd", 3, 1, 1999999)), COLLECT_LATE);
	assert_int_equal(add(&c, frame("abcd", 4, 1, 2000000)), COLLECT_NEW);
	collect_fini(&c);
}

static void the_same_gateway_at_another_time_is_a_new_transmission(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	e = collect_take(&c, 200000, false);
	collect_done(&c, e, 2000000);
	assert_int_equal(add(&c, frame("abcd", 1, 1, 900000)), COLLECT_LATE); /* the same reception, told late */
	assert_int_equal(add(&c, frame("abcd", 1, 900001, 901000)), COLLECT_NEW);
	e = collect_take(&c, 0, true);
	assert_true(e->again);
	collect_done(&c, e, 2000000);
	collect_fini(&c);
}

static void entries_leave_when_their_time_is_over(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	e = collect_take(&c, 200000, false);
	collect_done(&c, e, 6000000);
	assert_int_equal(collect_next_mono_us(&c), 6000000);
	collect_take(&c, 6000000, false);
	assert_int_equal(c.n, 0);
	assert_int_equal(collect_next_mono_us(&c), UINT64_MAX);
	collect_fini(&c);
}

static void an_entry_past_its_time_makes_no_late_copy_though_nobody_removed_it(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	add(&c, frame("abcd", 1, 1, 0));
	e = collect_take(&c, 200000, false);
	collect_done(&c, e, 2000000);
	assert_int_equal(add(&c, frame("abcd", 1, 1, 12000000)), COLLECT_NEW); /* the same tmst, a wrap later */
	collect_fini(&c);
}

static void receptions_without_a_timestamp_are_no_proof_of_being_the_same(void **state)
{
	struct rx_frame f = frame("abcd", 1, 1, 0);
	struct collected *e;
	struct collect c;

	(void)state;
	f.rx.context_len = 0;
	collect_init(&c, 200000);
	add(&c, f);
	e = collect_take(&c, 200000, false);
	collect_done(&c, e, 2000000);
	f.rx.recv_mono_us = 1900000;
	assert_int_equal(add(&c, f), COLLECT_NEW);
	collect_fini(&c);
}

static void an_entry_in_used_memory_knows_nothing_of_the_one_before(void **state)
{
	struct collected *e;
	struct collect c;

	(void)state;
	collect_init(&c, 200000);
	for (uint64_t t = 1000, round = 0; round < 5; round++, t += 30000000) {
		const char *phy = round % 2 ? "abcdefgh" : "ij";

		assert_int_equal(add(&c, frame(phy, 1, 100, t)), COLLECT_NEW);
		for (unsigned g = 2; g <= 2 + 4 * round; g++)
			assert_int_equal(add(&c, frame(phy, g, g, t)), COLLECT_COPY);
		e = collect_take(&c, t + 200000, false);
		assert_non_null(e);
		assert_null(e->next);
		assert_int_equal(e->n, 2 + 4 * round);
		assert_int_equal(e->n_late, 0);
		assert_false(e->again);
		assert_int_equal(e->phy_len, strlen(phy));
		assert_memory_equal(e->phy, phy, strlen(phy));
		collect_done(&c, e, 2000000);
	}
	collect_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_in_the_window_are_one_frame_with_all_receptions),
		cmocka_unit_test(the_window_is_measured_from_the_first_copy),
		cmocka_unit_test(claimed_frequency_and_time_do_not_split_copies),
		cmocka_unit_test(the_same_datagram_twice_counts_once),
		cmocka_unit_test(a_mirror_image_keeps_the_stronger_reception),
		cmocka_unit_test(another_gateway_after_the_window_is_a_late_copy_until_rx2),
		cmocka_unit_test(the_same_gateway_at_another_time_is_a_new_transmission),
		cmocka_unit_test(entries_leave_when_their_time_is_over),
		cmocka_unit_test(an_entry_past_its_time_makes_no_late_copy_though_nobody_removed_it),
		cmocka_unit_test(receptions_without_a_timestamp_are_no_proof_of_being_the_same),
		cmocka_unit_test(an_entry_in_used_memory_knows_nothing_of_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
