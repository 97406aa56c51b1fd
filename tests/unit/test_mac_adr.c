/* test_mac_adr.c - ADR through the MAC engine: limits, refusals, and devices that say no to it for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "network/mac_adr.h"
#include "network/mac_down.h"
#include "network/mac_request.h"
#include "network/mac_up.h"

#define UPLINKS 10000

static struct region eu868;

static int open_region(void **state)
{
	struct region_settings s;
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &s);
	s.n_extra_channels = 0;
	return region_init(&eu868, &region_eu868, &s, &why);
}

static const struct mac_adr_profile any = {
	.algorithm = "default", .min_dr = -1, .max_dr = -1, .min_tx_power = -1, .max_tx_power = -1};

struct bench {
	struct mac_env env;
	struct mac_state s;
	struct mac_rx rx;
	struct mac_goal goal;
	uint32_t f_cnt;
	int snr_db;             /* at full power */

	/* the device */
	uint8_t dr, tx_power, nb_trans;
	uint8_t refuses;        /* bits of LinkADRAns it never sets */
	uint8_t f_opts[15];
	size_t f_opts_len;
	unsigned asked;
};

static void begin(struct bench *b, enum mac_version v)
{
	struct tx_params rx2 = region_rx2_default(&eu868);

	memset(b, 0, sizeof(*b));
	b->env = (struct mac_env){.region = &eu868, .version = v, .revision = reg_params_revision_default(v),
	                          .is_1_1 = mac_version_rules(v)->is_1_1, .is_otaa = true};
	b->rx = (struct mac_rx){1, 0, rx2.dr, rx2.freq_hz};
	b->nb_trans = 1;
	b->snr_db = 8;
	mac_state_init(&b->s, &eu868, NULL);
}

static void make_goal(struct bench *b, const struct mac_adr_profile *profile, const struct mac_wish *wish)
{
	static const struct mac_profile none = {.ping_slot_dr = -1, .rejoin_max_time_n = -1, .rejoin_max_count_n = -1};

	mac_goal_make(&b->env, &none, wish, &b->goal);
	mac_adr_goal(&b->env, profile, &b->s, b->f_cnt, 1, &b->goal);
}

/* An uplink as the server sees it. */
static void hear(struct bench *b)
{
	struct mac_up_input in = {.env = &b->env, .f_cnt = ++b->f_cnt, .dr = b->dr, .adr = true, .freq_hz = 868100000,
	                          .now_us = b->f_cnt * INT64_C(60000000), .commands = b->f_opts, .len = b->f_opts_len, .room = 15};
	struct mac_adr_uplink u = {.f_cnt = b->f_cnt, .dr = b->dr, .adr = true, .rssi_dbm = -100, .gateways = 1,
	                           .snr_db10 = 10 * (b->snr_db - 2 * b->tx_power)};
	struct mac_up_outcome up;

	mac_uplink(&in, &b->s, &b->rx, &up);
	b->f_opts_len = 0;
	mac_adr_note(&b->env, &u, &b->s);
}

/* A block of LinkADRReq at the device: the last counts. */
static void obey(struct bench *b, const uint8_t *list, size_t len)
{
	enum link_adr_form form = mac_version_rules(b->env.version)->link_adr_form;
	struct mac_iter it;
	struct mac_command c, last = {0};
	uint8_t status;
	unsigned n = 0;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &c)) {
		assert_int_equal(c.cid, MAC_CID_LINK_ADR);
		last = c;
		n++;
	}
	assert_true(n > 0);
	b->asked++;
	status = 7 & ~b->refuses;
	if (status == 7) {
		if (last.payload[0] >> 4 != 15)
			b->dr = last.payload[0] >> 4;
		if ((last.payload[0] & 15) != 15)
			b->tx_power = last.payload[0] & 15;
		b->nb_trans = last.payload[3] & 15;
	}
	for (unsigned i = 0; i < (form == LINK_ADR_BLOCK_ONE_ANSWER ? 1 : n); i++) {
		b->f_opts[b->f_opts_len++] = MAC_CID_LINK_ADR;
		b->f_opts[b->f_opts_len++] = status;
	}
}

static void play(struct bench *b, unsigned uplinks, const struct mac_adr_profile *profile)
{
	while (uplinks--) {
		struct mac_down_input in = {.env = &b->env, .goal = &b->goal, .adr = true, .room = 15, .answer_room = 15};
		struct mac_down_outcome down;

		hear(b);
		make_goal(b, profile, &mac_wish_none);
		in.rx = b->rx;
		in.f_cnt = b->f_cnt;
		in.now_us = b->f_cnt * INT64_C(60000000) + 1;
		mac_downlink(&in, &b->s, &down);
		if (down.len)
			obey(b, down.octets, down.len);
	}
}

static void device_with_a_strong_link_gets_fast_then_quiet_and_is_left_alone(void **state)
{
	(void)state;
	for (int v = 0; v < MAC_VERSION__COUNT; v++) {
		struct bench b;

		begin(&b, (enum mac_version)v);
		play(&b, 200, &any);
		/* 8 - (-7.5) - 10 = 5.5 dB at DR5: one step of power, and 3.5 dB are left for another. */
		assert_int_equal(b.dr, 5);
		assert_in_range(b.tx_power, 1, 2);
		assert_int_equal(b.nb_trans, 1);
		b.asked = 0;
		play(&b, UPLINKS, &any);
		assert_int_equal(b.asked, 0);
	}
}

static void refusing_device_is_left_alone_whatever_it_refuses(void **state)
{
	(void)state;
	for (int v = 0; v < MAC_VERSION__COUNT; v++) {
		for (uint8_t refuses = 1; refuses < 8; refuses++) {
			struct bench b;

			begin(&b, (enum mac_version)v);
			b.refuses = refuses;
			play(&b, UPLINKS / 2, &any);
			assert_true(b.asked > 0 && b.asked <= 60);
			b.asked = 0;
			play(&b, UPLINKS / 2, &any);
			assert_int_equal(b.asked, 0);
			assert_int_equal(b.dr, 0);
			assert_int_equal(b.tx_power, 0);
		}
	}
}

static void refused_values_are_not_wished(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAC_VERSION_1_0_3);
	for (int i = 0; i < ADR_FIRST_SAMPLES; i++)
		hear(&b);
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, 5);
	mac_note_refusal(&b.s, MAC_ITEM_DR, 5, 5, b.f_cnt);
	mac_note_refusal(&b.s, MAC_ITEM_TX_POWER, 1, 3, b.f_cnt);
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, 4);
	assert_int_equal(b.goal.tx_power, 0);
}

static void limits_of_profile_and_configuration_hold(void **state)
{
	struct mac_adr_profile profile = any;
	struct bench b;

	(void)state;
	begin(&b, MAC_VERSION_1_0_3);
	b.snr_db = 30;
	for (int i = 0; i < ADR_HISTORY_MAX; i++)
		hear(&b);
	profile.max_dr = 3;
	profile.max_tx_power = 2;
	make_goal(&b, &profile, &mac_wish_none);
	assert_int_equal(b.goal.dr, 3);
	assert_int_equal(b.goal.tx_power, 2);
	eu868.settings.max_dr = 4;
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, 4);
	eu868.settings.adr_disabled = true;
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, MAC_UNKNOWN);
	assert_int_equal(open_region(NULL), 0);
	profile.algorithm = "off";
	make_goal(&b, &profile, &mac_wish_none);
	assert_int_equal(b.goal.dr, 0);
}

static void fixed_wishes_stand_and_adr_finds_the_rest(void **state)
{
	struct mac_wish wish = mac_wish_none;
	struct bench b;

	(void)state;
	begin(&b, MAC_VERSION_1_0_3);
	b.dr = 2;
	for (int i = 0; i < ADR_FIRST_SAMPLES; i++)
		hear(&b);
	wish.dr = 2;
	make_goal(&b, &any, &wish);
	assert_int_equal(b.goal.dr, 2);
	assert_int_equal(b.goal.tx_power, 4); /* 8 + 15 - 10 = 13 dB */
	wish.dr = 3;
	wish.tx_power = 5;
	make_goal(&b, &any, &wish);
	assert_int_equal(b.goal.dr, 3);
	assert_int_equal(b.goal.tx_power, 5);
}

static void device_that_steers_itself_takes_no_room(void **state)
{
	struct mac_adr_uplink u = {.f_cnt = 9, .dr = 0, .snr_db10 = 80, .rssi_dbm = -100, .gateways = 1};
	struct bench b;

	(void)state;
	begin(&b, MAC_VERSION_1_0_3);
	for (int i = 0; i < ADR_FIRST_SAMPLES; i++)
		hear(&b);
	assert_true(b.s.adr_len > 0);
	mac_adr_note(&b.env, &u, &b.s);
	assert_int_equal(b.s.adr_len, 0);
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, MAC_UNKNOWN);
}

static void nothing_is_wished_before_the_first_uplink(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAC_VERSION_1_0_3);
	make_goal(&b, &any, &mac_wish_none);
	assert_int_equal(b.goal.dr, MAC_UNKNOWN);
	assert_int_equal(b.goal.tx_power, MAC_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_with_a_strong_link_gets_fast_then_quiet_and_is_left_alone),
		cmocka_unit_test(refusing_device_is_left_alone_whatever_it_refuses),
		cmocka_unit_test(refused_values_are_not_wished),
		cmocka_unit_test(limits_of_profile_and_configuration_hold),
		cmocka_unit_test(fixed_wishes_stand_and_adr_finds_the_rest),
		cmocka_unit_test(device_that_steers_itself_takes_no_room),
		cmocka_unit_test(nothing_is_wished_before_the_first_uplink),
	};

	return cmocka_run_group_tests(tests, open_region, NULL);
}
