/* test_adr.c - the algorithms on known vectors and on histories made by hand; the vectors are in tests/data. */
#include "tests/unit/test_data.h"

#include <math.h>
#include <string.h>

#include "adr_plan.h"
#include "model/entities.h"
#include "model/model.h"

static json_t *file;

/* A device and what the server knows of it. */
struct bench {
	struct adr_state state;
	struct adr_setting now;
	struct adr_limits limits;
	uint32_t f_cnt;
	int rssi_dbm;
	bool no_adr;
};

static void open_bench(struct bench *b, uint8_t dr, uint8_t tx_power)
{
	*b = (struct bench){.now = {.dr = dr, .tx_power = tx_power, .nb_trans = 1}, .rssi_dbm = -100};
	adr_limits_init(&b->limits, &plan, MAX_ADR_DR);
}

static void hear(struct bench *b, int snr_db, unsigned missed, unsigned times)
{
	while (times--) {
		struct adr_uplink u = {.used = b->now, .adr = !b->no_adr, .snr_db10 = snr_db * 10, .rssi_dbm = b->rssi_dbm,
		                       .gateways = 1};

		u.f_cnt = b->f_cnt += 1 + missed;
		adr_note(&b->state, &plan, &u);
	}
}

static struct adr_setting decide(const struct bench *b, const struct adr_algorithm *algorithm)
{
	struct adr_input in = {.plan = &plan, .state = &b->state, .limits = b->limits, .now = b->now,
	                       .installation_margin_db = 10, .random = 7};
	struct adr_setting out;

	algorithm->decide(&in, &out);
	return out;
}

static void assert_wish(const struct bench *b, const struct adr_algorithm *algorithm, int dr, int tx_power, int nb_trans)
{
	struct adr_setting wish = decide(b, algorithm);

	assert_int_equal(wish.dr, dr);
	assert_int_equal(wish.tx_power, tx_power);
	assert_int_equal(wish.nb_trans, nb_trans);
}

static void assert_no_wish(const struct bench *b, const struct adr_algorithm *algorithm)
{
	assert_wish(b, algorithm, b->now.dr, b->now.tx_power, b->now.nb_trans);
}

/* ---- vectors ---------------------------------------------------------------------------------------- */

static void steps_are_spent_as_in_the_vectors(void **state)
{
	json_t *v;
	size_t i, done = 0;

	(void)state;
	json_array_foreach(test_data_get(file, "vectors"), i, v) {
		const json_t *in = test_data_get(v, "inputs"), *want = test_data_get(v, "expected");
		struct adr_limits l;
		struct adr_setting s = {.nb_trans = 1};

		if (strcmp(test_data_text(v, "kind"), "adr_step") != 0)
			continue;
		adr_limits_init(&l, &plan, (uint8_t)test_data_int(in, "max_data_rate"));
		l.max_tx_power = (uint8_t)test_data_int(in, "max_tx_power_index");
		s.dr = (uint8_t)test_data_int(in, "data_rate");
		s.tx_power = (uint8_t)test_data_int(in, "tx_power_index");
		adr_step(&plan, &l, (int)test_data_int(in, "n_step"), &s);
		assert_int_equal(s.dr, test_data_int(want, "data_rate"));
		assert_int_equal(s.tx_power, test_data_int(want, "tx_power_index"));
		done++;
	}
	assert_true(done > 0);
}

static void nb_trans_follows_loss_as_in_the_vectors(void **state)
{
	json_t *v;
	size_t i, done = 0;

	(void)state;
	json_array_foreach(test_data_get(file, "vectors"), i, v) {
		const json_t *in;

		if (strcmp(test_data_text(v, "kind"), "adr_nb_trans") != 0)
			continue;
		in = test_data_get(v, "inputs");
		assert_int_equal(adr_nb_trans((unsigned)lround(json_number_value(test_data_get(in, "packet_loss_percent")) * 100),
		                              10000, (uint8_t)test_data_int(in, "current_nb_trans")),
		                 test_data_int(test_data_get(v, "expected"), "nb_trans"));
		done++;
	}
	assert_true(done > 0);
}

/* ---- the default algorithm ------------------------------------------------------------------------------ */

static void strong_link_gets_the_fastest_rate_then_less_power(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 0, 0);
	hear(&b, 8, 0, ADR_FIRST_SAMPLES - 1);
	assert_no_wish(&b, &adr_default);
	hear(&b, 8, 0, 1);
	/* 8 - (-20) - 10 = 18 dB, six steps: five to DR5, one of power. */
	assert_wish(&b, &adr_default, 5, 1, 1);
}

static void improvement_after_a_change_waits_for_a_full_history_of_it(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 0, 0);
	hear(&b, 0, 0, ADR_FIRST_SAMPLES);
	b.now = decide(&b, &adr_default);
	assert_int_equal(b.now.dr, 3);
	hear(&b, 8, 0, ADR_HISTORY_MAX - 1);
	assert_no_wish(&b, &adr_default);
	hear(&b, 8, 0, 1);
	assert_wish(&b, &adr_default, 5, 1, 1);
}

static void one_lucky_uplink_raises_nothing_and_one_unlucky_lowers_nothing(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 3, 2);
	hear(&b, -4, 0, ADR_HISTORY_MAX - 1);
	assert_no_wish(&b, &adr_default);
	hear(&b, 10, 0, 1);
	assert_no_wish(&b, &adr_default);
	hear(&b, -12, 0, ADR_HISTORY_MAX - 1);
	assert_no_wish(&b, &adr_default);
	hear(&b, -12, 0, 1);
	/* -12 + 12.5 - 10 = -9.5 dB, three steps, and only power is raised. */
	assert_wish(&b, &adr_default, 3, 0, 1);
}

static void steps_back_make_the_next_improvement_wait_ever_longer(void **state)
{
	unsigned waits[3];
	struct bench b;

	(void)state;
	open_bench(&b, 5, 2);
	hear(&b, 0, 0, ADR_HISTORY_MAX);
	for (size_t i = 0; i < 3; i++) {
		b.now.tx_power--;
		for (waits[i] = 0; decide(&b, &adr_default).tx_power <= b.now.tx_power; waits[i]++)
			hear(&b, 20, 0, 1);
		b.now = (struct adr_setting){.dr = 5, .tx_power = 2, .nb_trans = 1};
		hear(&b, 20, 0, 1);
	}
	assert_true(waits[0] >= ADR_WAIT_MIN);
	assert_true(waits[1] >= 4 * waits[0] - 4);
	assert_true(waits[2] >= 4 * waits[1] - 16);
}

static void long_quiet_forgets_a_step_back(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 5, 2);
	hear(&b, 0, 0, 1);
	b.now.tx_power = 1;
	hear(&b, 0, 0, 1);
	assert_int_equal(b.state.link_level, 1);
	hear(&b, 0, 0, 5000);
	assert_int_equal(b.state.link_level, 0);
}

static void outage_is_neither_loss_nor_a_step_back(void **state)
{
	unsigned lost, sent;
	struct bench b;

	(void)state;
	open_bench(&b, 5, 3);
	hear(&b, 0, 0, 10);
	b.now = (struct adr_setting){.dr = 2, .tx_power = 0, .nb_trans = 1};
	hear(&b, 0, ADR_GAP_MAX, 1);
	adr_loss(&b.state, &lost, &sent);
	assert_int_equal(lost, 0);
	assert_int_equal(sent, 11);
	assert_int_equal(b.state.link_wait, 0);
}

static void own_step_back_of_the_device_starts_a_wait(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 5, 3);
	hear(&b, 0, 0, 10);
	b.now.dr = 4;
	hear(&b, 0, 0, 1);
	assert_true(b.state.link_wait > 0);
	b.no_adr = true;
	hear(&b, 0, 0, 1);
	assert_int_equal(b.state.link_wait, 0);
}

static void counter_that_starts_again_repeats_or_was_set_is_not_loss(void **state)
{
	static const uint32_t next[] = {0, 100, 3, 99};
	unsigned lost, sent;
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		open_bench(&b, 5, 0);
		b.f_cnt = 99;
		hear(&b, 0, 0, 1);
		b.f_cnt = next[i] - 1;
		hear(&b, 0, 0, 1);
		adr_loss(&b.state, &lost, &sent);
		assert_int_equal(lost, 0);
		assert_int_equal(sent, 2);
	}
	/* One that goes on looks like loss unless the caller knows better. */
	struct adr_uplink u = {.f_cnt = 110, .used = b.now, .adr = true, .counter_moved = true};

	adr_note(&b.state, &plan, &u);
	adr_loss(&b.state, &lost, &sent);
	assert_int_equal(lost, 0);
	u.f_cnt = 112;
	u.counter_moved = false;
	adr_note(&b.state, &plan, &u);
	adr_loss(&b.state, &lost, &sent);
	assert_int_equal(lost, 1);
	assert_int_equal(sent, 5);
}

static void counters_around_the_16_bit_wrap_are_neighbours(void **state)
{
	unsigned lost, sent;
	struct bench b;

	(void)state;
	open_bench(&b, 5, 0);
	b.f_cnt = 65534;
	hear(&b, 0, 0, 3);
	adr_loss(&b.state, &lost, &sent);
	assert_int_equal(lost, 0);
	assert_int_equal(sent, 3);
}

static void loss_raises_nb_trans_only_when_it_lasts(void **state)
{
	struct bench b;
	unsigned n = 0;

	(void)state;
	open_bench(&b, 5, 0);
	hear(&b, 0, 0, 60);
	hear(&b, 0, 1, 4);
	hear(&b, 0, 0, 1);
	assert_no_wish(&b, &adr_default);
	for (; decide(&b, &adr_default).nb_trans == 1; n++) {
		assert_true(n < 100);
		hear(&b, 0, 1, 1);
	}
	b.now.nb_trans = decide(&b, &adr_default).nb_trans;
	hear(&b, 0, 0, ADR_WAIT_MIN / 2);
	assert_no_wish(&b, &adr_default);
	hear(&b, 0, 0, ADR_WAIT_MIN);
	assert_true(decide(&b, &adr_default).nb_trans < b.now.nb_trans);
}

static void weak_link_that_loses_much_with_all_repetitions_steps_back(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 4, 1);
	b.now.nb_trans = 3;
	hear(&b, -1, 1, ADR_HISTORY_MAX * 3);
	assert_wish(&b, &adr_default, 4, 0, 3);
	b.now.tx_power = 0;
	hear(&b, -1, 1, ADR_HISTORY_MAX);
	assert_wish(&b, &adr_default, 3, 0, 3);
	/* With signal to spare it is not the signal. */
	open_bench(&b, 4, 1);
	b.now.nb_trans = 3;
	hear(&b, 15, 1, ADR_HISTORY_MAX * 3);
	assert_true(decide(&b, &adr_default).dr >= 4);
	assert_true(decide(&b, &adr_default).tx_power >= 1);
}

static void limits_hold_and_a_setting_outside_them_comes_back(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 0, 0);
	b.limits.max_dr = 3;
	b.limits.max_tx_power = 2;
	hear(&b, 30, 0, ADR_HISTORY_MAX);
	assert_wish(&b, &adr_default, 3, 2, 1);
	b.now = (struct adr_setting){.dr = 5, .tx_power = 6, .nb_trans = 1};
	assert_wish(&b, &adr_default, 3, 2, 1);
	b.limits.min_dr = 2;
	b.now = (struct adr_setting){.dr = 0, .tx_power = 0, .nb_trans = 1};
	b.limits.min_tx_power = 1;
	assert_wish(&b, &adr_default, 2, 1, 1);
	open_bench(&b, 3, 3);
	b.limits.min_tx_power = 2;
	hear(&b, -20, 0, ADR_HISTORY_MAX);
	assert_wish(&b, &adr_default, 3, 2, 1);
}

static void refused_rate_is_stepped_over_at_its_price(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 2, 0);
	b.limits.dr_mask &= (uint16_t)~(1u << 3);
	/* 0 + 15 - 10 = 5 dB: one step, but DR4 is two away. Power is not lowered instead. */
	hear(&b, 0, 0, ADR_HISTORY_MAX);
	assert_no_wish(&b, &adr_default);
	hear(&b, 2, 0, ADR_HISTORY_MAX);
	assert_wish(&b, &adr_default, 4, 0, 1);
}

static void lr_fhss_is_left_alone_by_the_default(void **state)
{
	struct bench b;

	(void)state;
	for (uint8_t dr = 8; dr < 12; dr++) {
		open_bench(&b, dr, 0);
		hear(&b, 30, 0, ADR_HISTORY_MAX);
		assert_no_wish(&b, &adr_default);
	}
}

static void wide_lora_and_fsk_come_back_to_the_fastest_rate_of_adr_unless_allowed(void **state)
{
	struct bench b;

	(void)state;
	for (uint8_t dr = 6; dr < 8; dr++) {
		open_bench(&b, dr, 0);
		hear(&b, 10, 0, 1);
		assert_wish(&b, &adr_default, 5, 0, 1);
		b.limits.max_lora_dr = 7;
		assert_no_wish(&b, &adr_default);
	}
}

static void rates_of_every_region_and_revision_get_faster_one_spreading_factor_at_a_time(void **state)
{
	(void)state;
	for (const struct region_table *const *t = region_tables; *t; t++) {
		for (int rev = 0; rev < REG_PARAMS__COUNT; rev++) {
			const struct region_params *p = (*t)->params[rev];
			struct adr_plan of = {.data_rates = p->up_rates, .tx_power_offset_db = plan_powers, .n_tx_powers = 8};
			struct adr_limits l;
			uint16_t rates;
			int sf = 0, n = 0;

			adr_limits_init(&l, &of, p->max_adr_dr);
			rates = adr_lora_rates(&of, &l);
			assert_true(rates >> p->max_adr_dr & 1);
			for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
				if (!(rates >> dr & 1))
					continue;
				assert_true(!sf || p->up_rates[dr].radio.sf == sf - 1);
				sf = p->up_rates[dr].radio.sf;
				n++;
			}
			assert_true(n >= 4);
		}
	}
}

/* ---- LR-FHSS ---------------------------------------------------------------------------------------------- */

static void lr_fhss_coding_follows_the_median_rssi(void **state)
{
	struct bench b;
	struct adr_setting wish;

	(void)state;
	open_bench(&b, 0, 3);
	b.rssi_dbm = -120;
	hear(&b, -15, 0, 1);
	wish = decide(&b, &adr_lr_fhss);
	assert_true(wish.dr == 8 || wish.dr == 10);
	assert_int_equal(wish.tx_power, 0);
	b.now = wish;
	hear(&b, 0, 0, ADR_HISTORY_MAX);
	b.state.link_wait = 0;
	wish = decide(&b, &adr_lr_fhss);
	assert_true(wish.dr == 9 || wish.dr == 11);
	b.now = wish;
	assert_no_wish(&b, &adr_lr_fhss);
	b.rssi_dbm = -131;
	hear(&b, 0, 0, 8);
	assert_no_wish(&b, &adr_lr_fhss);
	hear(&b, 0, 0, 4);
	wish = decide(&b, &adr_lr_fhss);
	assert_true(wish.dr == 8 || wish.dr == 10);
	b.now = wish;
	/* At the line itself it stays. */
	b.rssi_dbm = -129;
	hear(&b, 0, 0, 10000);
	assert_no_wish(&b, &adr_lr_fhss);
}

static void lr_fhss_without_such_rates_wishes_nothing(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 0, 3);
	b.limits.max_dr = 5;
	hear(&b, 0, 0, ADR_HISTORY_MAX);
	assert_no_wish(&b, &adr_lr_fhss);
}

static void both_modulations_use_lora_while_it_is_fast_enough(void **state)
{
	struct bench b;
	struct adr_setting wish;

	(void)state;
	open_bench(&b, 0, 0);
	hear(&b, 5, 0, ADR_HISTORY_MAX);
	assert_wish(&b, &adr_lora_lr_fhss, 5, 0, 1);
	open_bench(&b, 0, 0);
	b.rssi_dbm = -125;
	hear(&b, -8, 0, ADR_HISTORY_MAX - 1);
	assert_no_wish(&b, &adr_lora_lr_fhss);
	hear(&b, -8, 0, 1);
	wish = decide(&b, &adr_lora_lr_fhss);
	assert_true(wish.dr >= 8 && wish.dr <= 11);
	b.now = wish;
	hear(&b, 0, 0, 1000);
	assert_no_wish(&b, &adr_lora_lr_fhss);
	b.rssi_dbm = -108;
	hear(&b, 0, 0, ADR_HISTORY_MAX);
	/* -108 + 117 - 3 - 10 = -4 dB: enough for SF8 and, with -7.5, SF7. */
	assert_wish(&b, &adr_lora_lr_fhss, 5, 0, 1);
}

/* ---- list, storage ------------------------------------------------------------------------------------------ */

static void every_algorithm_is_found_by_name_and_off_wishes_nothing(void **state)
{
	struct bench b;

	(void)state;
	for (const struct adr_algorithm *const *a = adr_algorithms; *a; a++) {
		assert_ptr_equal(adr_algorithm_find((*a)->name), *a);
		assert_true((*a)->help[0] != '\0');
		open_bench(&b, 0, 0);
		assert_no_wish(&b, *a);  /* nothing heard yet */
	}
	assert_null(adr_algorithm_find("none"));
	hear(&b, 30, 0, ADR_HISTORY_MAX);
	assert_no_wish(&b, &adr_off);
}

static uint64_t seed;

static unsigned random_below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

static void no_wish_ever_leaves_the_limits(void **state)
{
	(void)state;
	seed = 1;
	for (unsigned i = 0; i < 100000; i++) {
		const struct adr_algorithm *a = adr_algorithms[random_below(4)];
		struct adr_setting wish, again;
		struct bench b;

		open_bench(&b, (uint8_t)random_below(12), (uint8_t)random_below(16));
		b.now.nb_trans = (uint8_t)(1 + random_below(15));
		b.limits.dr_mask &= (uint16_t)random_below(65536);
		b.limits.min_dr = (uint8_t)random_below(4);
		b.limits.max_dr = (uint8_t)random_below(16);
		b.limits.max_tx_power = (uint8_t)random_below(8);
		b.limits.min_tx_power = (uint8_t)random_below(b.limits.max_tx_power + 1u);
		b.f_cnt = random_below(70000);
		for (unsigned n = random_below(30); n; n--) {
			b.rssi_dbm = -(int)random_below(160);
			hear(&b, (int)random_below(60) - 30, random_below(40), 1);
			if (!random_below(20))
				b.now.tx_power = (uint8_t)random_below(16);
		}
		wish = decide(&b, a);
		again = decide(&b, a);
		assert_memory_equal(&wish, &again, sizeof(wish));
		if (wish.dr != b.now.dr) {
			assert_true(b.limits.dr_mask >> wish.dr & 1);
			assert_in_range(wish.dr, b.limits.min_dr, b.limits.max_dr);
		}
		if (wish.tx_power != b.now.tx_power)
			assert_in_range(wish.tx_power, b.limits.min_tx_power, b.limits.max_tx_power);
		assert_in_range(wish.nb_trans, 1, 15);
	}
}

static void profiles_can_choose_each_algorithm_and_no_other(void **state)
{
	const struct entity *profile = &model_entities[E_PROFILE];
	char want[200] = "";

	(void)state;
	for (const struct adr_algorithm *const *a = adr_algorithms; *a; a++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%s", want[0] ? " " : "", (*a)->name);
	for (size_t i = 0; i < profile->n_fields; i++) {
		if (strcmp(profile->fields[i].name, "adr_algorithm") == 0) {
			assert_string_equal(profile->fields[i].choices, want);
			return;
		}
	}
	fail_msg("no such field");
}

static void state_survives_storage_and_truncation_is_told(void **state)
{
	uint8_t buf[ADR_STATE_OCTETS_MAX];
	struct adr_state back;
	struct bench b;
	size_t len, used;

	(void)state;
	open_bench(&b, 5, 3);
	b.f_cnt = 4000000000u;
	for (int i = 0; i < 50; i++)
		hear(&b, i % 30 - 20, (unsigned)i % 5, 1);
	b.now.dr = 4;
	b.now.nb_trans = 2;
	hear(&b, -31, 2, 1);
	len = adr_state_encode(&b.state, buf);
	assert_true(len <= sizeof(buf));
	assert_int_equal(adr_state_decode(buf, len, &back, &used), LS_OK);
	assert_int_equal(used, len);
	assert_memory_equal(&back.samples, &b.state.samples, sizeof(back.samples));
	assert_int_equal(back.last_f_cnt, b.state.last_f_cnt);
	assert_int_equal(back.link_wait, b.state.link_wait);
	assert_int_equal(back.nb_level, 1);
	assert_int_equal(back.nb_trans, 2);
	assert_true(back.link_changed);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(adr_state_decode(buf, i, &back, &used), LS_ESHORT);
	buf[17] = ADR_HISTORY_MAX + 1;
	assert_true(adr_state_decode(buf, sizeof(buf), &back, &used) != LS_OK);
	assert_int_equal(back.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_spent_as_in_the_vectors),
		cmocka_unit_test(nb_trans_follows_loss_as_in_the_vectors),
		cmocka_unit_test(strong_link_gets_the_fastest_rate_then_less_power),
		cmocka_unit_test(improvement_after_a_change_waits_for_a_full_history_of_it),
		cmocka_unit_test(one_lucky_uplink_raises_nothing_and_one_unlucky_lowers_nothing),
		cmocka_unit_test(steps_back_make_the_next_improvement_wait_ever_longer),
		cmocka_unit_test(long_quiet_forgets_a_step_back),
		cmocka_unit_test(outage_is_neither_loss_nor_a_step_back),
		cmocka_unit_test(own_step_back_of_the_device_starts_a_wait),
		cmocka_unit_test(counter_that_starts_again_repeats_or_was_set_is_not_loss),
		cmocka_unit_test(counters_around_the_16_bit_wrap_are_neighbours),
		cmocka_unit_test(loss_raises_nb_trans_only_when_it_lasts),
		cmocka_unit_test(weak_link_that_loses_much_with_all_repetitions_steps_back),
		cmocka_unit_test(limits_hold_and_a_setting_outside_them_comes_back),
		cmocka_unit_test(refused_rate_is_stepped_over_at_its_price),
		cmocka_unit_test(rates_of_every_region_and_revision_get_faster_one_spreading_factor_at_a_time),
		cmocka_unit_test(lr_fhss_is_left_alone_by_the_default),
		cmocka_unit_test(wide_lora_and_fsk_come_back_to_the_fastest_rate_of_adr_unless_allowed),
		cmocka_unit_test(lr_fhss_coding_follows_the_median_rssi),
		cmocka_unit_test(lr_fhss_without_such_rates_wishes_nothing),
		cmocka_unit_test(both_modulations_use_lora_while_it_is_fast_enough),
		cmocka_unit_test(every_algorithm_is_found_by_name_and_off_wishes_nothing),
		cmocka_unit_test(no_wish_ever_leaves_the_limits),
		cmocka_unit_test(profiles_can_choose_each_algorithm_and_no_other),
		cmocka_unit_test(state_survives_storage_and_truncation_is_told),
	};
	int rc;

	file = test_data_load("vectors.json");
	if (!file)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(file);
	return rc;
}
