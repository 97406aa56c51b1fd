/* test_join_decide.c - join requests: the J cases that need no clock and no disk. */
#include "network_bench.h"

#include "network/join.h"

static struct join_outcome outcome;
static struct phy_join_request request;

static bool has_room_for_cf_list = true;

static enum drop_reason ask(struct bench *b, uint64_t join_eui, uint64_t dev_eui, uint16_t dev_nonce, int spoil,
                            bool answerable)
{
	struct eui64 join = eui64_reverse(eui64_from_u64(join_eui)), dev = eui64_reverse(eui64_from_u64(dev_eui));
	uint8_t phy[23] = {0};
	struct join_input in = {.request = &request, .dev_addr = 0x00c0ffee, .answerable = answerable, .with_cf_list = has_room_for_cf_list, .fleet = &b->fleet};

	memcpy(phy + 1, join.be, 8);
	memcpy(phy + 9, dev.be, 8);
	phy[17] = (uint8_t)dev_nonce;
	phy[18] = (uint8_t)(dev_nonce >> 8);
	lw_mic_join_request(b->crypto, b->device->has_nwk_key ? &b->device->nwk_key : &b->device->app_key, phy, 19, phy + 19);
	if (spoil)
		phy[spoil] ^= 1;
	in.e = bench_heard(b, phy, sizeof(phy), 1000000000);
	assert_int_equal(phy_parse_join_request(phy, sizeof(phy), &request), LS_OK);
	in.device = fleet_device(&b->fleet, request.dev_eui);
	join_decide(b->crypto, &in, &outcome);
	return outcome.reason;
}

#define DEV 0x0004a30b001c0530

static void accept_carries_what_the_device_needs(void **state)
{
	uint8_t plain[32];
	struct phy_join_accept accept;
	struct ls_key nwk_s_key, app_s_key;
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_int_equal(ask(&b, 0, DEV, 77, 0, true), DROP_NONE);
	assert_int_equal(outcome.join_nonce, 1);
	assert_int_equal(outcome.accept.phy_len, 33);
	assert_int_equal(lw_join_accept_decrypt(b.crypto, &b.device->app_key, outcome.accept.phy, 33, plain), LS_OK);
	assert_int_equal(phy_parse_join_accept_body(plain, 28, &accept), LS_OK);
	assert_int_equal(accept.join_nonce, 1);
	assert_int_equal(accept.dev_addr, 0x00c0ffee);
	assert_int_equal(accept.rx_delay, 1);
	assert_true(accept.has_cf_list);
	assert_memory_equal(accept.cf_list, "\x18\x4f\x84\xe8\x56\x84\xb8\x5e\x84\x88\x66\x84\x58\x6e\x84\x00", 16);
	lw_derive_keys_10(b.crypto, &b.device->app_key, 1, 0, 77, &nwk_s_key, &app_s_key);
	assert_true(key_equal(&nwk_s_key, &outcome.accept.session.keys.f_nwk_s_int_key));
	assert_true(key_equal(&app_s_key, &outcome.accept.session.keys.app_s_key));
	assert_int_equal(outcome.accept.session.slot, SLOT_PENDING);
	bench_close(&b);
}

/* What is in its MAC state is what the device knows: without the CFList the default channels. */
static void accept_without_room_for_a_cf_list_leaves_it_out(void **state)
{
	struct mac_state mac;
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	has_room_for_cf_list = false;
	assert_int_equal(ask(&b, 0, DEV, 77, 0, true), DROP_NONE);
	has_room_for_cf_list = true;
	assert_int_equal(outcome.accept.phy_len, 17);
	mac_state_init(&mac, b.session->region, NULL);
	assert_int_equal(mac_state_decode(&mac, outcome.accept.session.mac, outcome.accept.session.mac_len), LS_OK);
	assert_int_equal(mac.mask.block[0], 7);
	bench_close(&b);
}

static void refusals_name_their_reason(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_int_equal(ask(&b, 0, 0x0004a30b001c0599, 1, 0, true), DROP_UNKNOWN_DEV_EUI);
	assert_int_equal(ask(&b, 5, DEV, 1, 0, true), DROP_JOIN_EUI_MISMATCH);
	assert_int_equal(ask(&b, 0, DEV, 1, 22, true), DROP_MIC_MISMATCH);
	assert_int_equal(ask(&b, 0, DEV, 1, 0, false), DROP_JOIN_NOT_ANSWERABLE);
	b.device->enabled = false;
	assert_int_equal(ask(&b, 0, DEV, 1, 0, true), DROP_DEVICE_DISABLED);
	b.device->enabled = true;
	b.device->has_app_key = false;
	assert_int_equal(ask(&b, 0, DEV, 1, 0, true), DROP_NO_KEY);
	b.device->has_app_key = true;
	b.device->profile->supports_otaa = false;
	assert_int_equal(ask(&b, 0, DEV, 1, 0, true), DROP_OTAA_NOT_ALLOWED);
	bench_close(&b);
}

static void nothing_refused_burns_a_nonce(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.4");
	ask(&b, 0, DEV, 9, 22, true);
	ask(&b, 0, DEV, 9, 0, false);
	assert_int_equal(ask(&b, 0, DEV, 9, 0, true), DROP_NONE);
	assert_int_equal(b.device->join_nonce, 0); /* decide changes nothing; the caller does */
	bench_close(&b);
}

static void random_nonces_may_come_in_any_order_but_once(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.2");
	device_nonce_add(b.device, b.device->join_eui, 500);
	assert_int_equal(ask(&b, 0, DEV, 3, 0, true), DROP_NONE);
	assert_int_equal(ask(&b, 0, DEV, 500, 0, true), DROP_DEV_NONCE_USED);
	assert_int_equal(ask(&b, 0, DEV, 501, 0, true), DROP_NONE);
	bench_close(&b);
}

static void counted_nonces_must_rise(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.4");
	assert_int_equal(ask(&b, 0, DEV, 0, 0, true), DROP_NONE); /* none seen yet: any is good */
	device_nonce_add(b.device, b.device->join_eui, 500);
	assert_int_equal(ask(&b, 0, DEV, 3, 0, true), DROP_DEV_NONCE_USED);
	assert_int_equal(ask(&b, 0, DEV, 500, 0, true), DROP_DEV_NONCE_USED);
	assert_int_equal(ask(&b, 0, DEV, 501, 0, true), DROP_NONE);
	device_nonce_add(b.device, b.device->join_eui, 65535);
	assert_int_equal(ask(&b, 0, DEV, 0, 0, true), DROP_DEV_NONCE_USED);
	bench_close(&b);
}

static void nonces_are_kept_for_each_join_eui(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	device_nonce_add(b.device, eui64_from_u64(5), 9);
	assert_int_equal(ask(&b, 0, DEV, 9, 0, true), DROP_NONE);
	bench_close(&b);
}

static void join_nonce_ends_instead_of_wrapping(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->join_nonce = 0xfffffe;
	assert_int_equal(ask(&b, 0, DEV, 1, 0, true), DROP_NONE);
	assert_int_equal(outcome.join_nonce, 0xffffff);
	b.device->join_nonce = 0xffffff;
	assert_int_equal(ask(&b, 0, DEV, 2, 0, true), DROP_JOIN_NOT_ANSWERABLE);
	bench_close(&b);
}

static void accept_of_1_1_negotiates_and_has_keys_of_two_roots(void **state)
{
	struct lw_join_answered answered = {JOIN_REQ_TYPE_JOIN, {{0}}, 77};
	struct ls_key js_enc_key, js_int_key, key;
	struct session_keys *keys = &outcome.accept.session.keys;
	struct phy_join_accept accept;
	uint8_t plain[32], mic[4];
	struct bench b;

	(void)state;
	bench_open(&b, "1.1.0");
	assert_int_equal(ask(&b, 0, DEV, 77, 0, true), DROP_NO_KEY); /* AppKey alone is not enough */
	memset(b.device->nwk_key.b, 0x55, 16);
	b.device->has_nwk_key = true;
	assert_int_equal(ask(&b, 0, DEV, 77, 0, true), DROP_NONE);
	assert_true(outcome.accept.session.is_1_1);
	assert_int_equal(lw_join_accept_decrypt(b.crypto, &b.device->nwk_key, outcome.accept.phy, 33, plain), LS_OK);
	lw_derive_js_keys(b.crypto, &b.device->nwk_key, b.device->dev_eui, &js_enc_key, &js_int_key);
	lw_mic_join_accept_11(b.crypto, &js_int_key, &answered, plain, 28, mic);
	assert_memory_equal(mic, plain + 28, 4);
	assert_int_equal(phy_parse_join_accept_body(plain, 28, &accept), LS_OK);
	assert_true(accept.opt_neg);
	lw_derive_key_11(b.crypto, &b.device->nwk_key, LW_F_NWK_S_INT_KEY, 1, &answered, &key);
	assert_true(key_equal(&key, &keys->f_nwk_s_int_key));
	lw_derive_key_11(b.crypto, &b.device->nwk_key, LW_S_NWK_S_INT_KEY, 1, &answered, &key);
	assert_true(key_equal(&key, &keys->s_nwk_s_int_key));
	lw_derive_key_11(b.crypto, &b.device->nwk_key, LW_NWK_S_ENC_KEY, 1, &answered, &key);
	assert_true(key_equal(&key, &keys->nwk_s_enc_key));
	lw_derive_key_11(b.crypto, &b.device->app_key, LW_APP_S_KEY, 1, &answered, &key);
	assert_true(key_equal(&key, &keys->app_s_key));
	assert_int_equal(ask(&b, 0, DEV, 78, 22, true), DROP_MIC_MISMATCH);
	device_nonce_add(b.device, b.device->join_eui, 77);
	assert_int_equal(ask(&b, 0, DEV, 77, 0, true), DROP_DEV_NONCE_USED);
	assert_int_equal(ask(&b, 0, DEV, 76, 0, true), DROP_DEV_NONCE_USED);
	assert_int_equal(ask(&b, 0, DEV, 78, 0, true), DROP_NONE);
	bench_close(&b);
}

/* The rule by version and by profile: was 500 used, may 3, 500 and 501 come? */
static void profile_may_choose_another_nonce_rule(void **state)
{
	static const struct {
		const char *version;
		enum dev_nonce_check check;
		bool lower, same;
	} rows[] = {
		{"1.0.0", DEV_NONCE_VERSION, true, false}, {"1.0.3", DEV_NONCE_VERSION, true, false},
		{"1.0.4", DEV_NONCE_VERSION, false, false}, {"1.1.0", DEV_NONCE_VERSION, false, false},
		{"1.0.3", DEV_NONCE_SET, true, false}, {"1.0.4", DEV_NONCE_SET, true, false}, {"1.1.0", DEV_NONCE_SET, true, false},
		{"1.0.0", DEV_NONCE_OFF, true, true}, {"1.0.4", DEV_NONCE_OFF, true, true}, {"1.1.0", DEV_NONCE_OFF, true, true},
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_open(&b, rows[i].version);
		b.device->has_nwk_key = mac_version_rules(b.device->profile->mac_version)->is_1_1;
		b.device->profile->dev_nonce_check = rows[i].check;
		device_nonce_add(b.device, b.device->join_eui, 500);
		assert_int_equal(ask(&b, 0, DEV, 3, 0, true), rows[i].lower ? DROP_NONE : DROP_DEV_NONCE_USED);
		assert_int_equal(ask(&b, 0, DEV, 500, 0, true), rows[i].same ? DROP_NONE : DROP_DEV_NONCE_USED);
		assert_int_equal(ask(&b, 0, DEV, 501, 0, true), DROP_NONE);
		bench_close(&b);
	}
}

/* J12: the ghost of a join on another frequency, late, where no nonce rule holds it back. */
static void echo_of_a_join_does_not_replace_the_session_it_was_answered_with(void **state)
{
	struct session_row row = {.slot = SLOT_PENDING, .dev_addr = 0x00c0ffee, .region = "EU868", .joined_us = 1000000000};
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->profile->dev_nonce_check = DEV_NONCE_OFF;
	device_nonce_add(b.device, b.device->join_eui, 500);
	row.dev_eui = b.device->dev_eui;
	assert_non_null(fleet_session_put(&b.fleet, b.device, &row));
	assert_int_equal(ask(&b, 0, DEV, 500, 0, true), DROP_DEV_NONCE_USED); /* heard at the same time */
	b.device->sessions[SLOT_PENDING]->joined_us -= 7000000;
	assert_int_equal(ask(&b, 0, DEV, 500, 0, true), DROP_NONE);
	bench_close(&b);
}

static void repeated_random_nonce_is_no_attack(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.2");
	device_nonce_add(b.device, b.device->join_eui, 500);
	assert_int_equal(ask(&b, 0, DEV, 500, 0, true), DROP_DEV_NONCE_USED);
	assert_non_null(strstr(outcome.detail, "the device will retry"));
	bench_close(&b);
}

static void nonces_of_a_device_are_bounded(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	for (unsigned i = 0; i < NONCES_MAX + 10; i++)
		assert_int_equal(device_nonce_add(b.device, b.device->join_eui, (uint16_t)i), LS_OK);
	assert_int_equal(b.device->nonces->n, NONCES_MAX);
	assert_false(device_nonce_used(b.device, b.device->join_eui, 9)); /* the lowest went */
	assert_true(device_nonce_used(b.device, b.device->join_eui, 10));
	assert_int_equal(device_nonce_highest(b.device, b.device->join_eui), NONCES_MAX + 9);
	bench_close(&b);
}

static void wishes_that_a_join_accept_can_tell_are_in_it(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->profile->wish.rx1_delay_s = 5;
	b.device->profile->wish.rx2_dr = 3;
	b.device->profile->wish.rx1_dr_offset = 7; /* EU868 has no such one */
	assert_int_equal(ask(&b, 0, DEV, 1, 0, true), DROP_NONE);
	assert_int_equal(outcome.accept.session.up.rx1_delay_s, 5);
	assert_int_equal(outcome.accept.session.up.rx2_dr, 3);
	assert_int_equal(outcome.accept.session.up.rx1_dr_offset, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_carries_what_the_device_needs),
		cmocka_unit_test(accept_without_room_for_a_cf_list_leaves_it_out),
		cmocka_unit_test(refusals_name_their_reason),
		cmocka_unit_test(nothing_refused_burns_a_nonce),
		cmocka_unit_test(random_nonces_may_come_in_any_order_but_once),
		cmocka_unit_test(counted_nonces_must_rise),
		cmocka_unit_test(nonces_are_kept_for_each_join_eui),
		cmocka_unit_test(join_nonce_ends_instead_of_wrapping),
		cmocka_unit_test(accept_of_1_1_negotiates_and_has_keys_of_two_roots),
		cmocka_unit_test(profile_may_choose_another_nonce_rule),
		cmocka_unit_test(echo_of_a_join_does_not_replace_the_session_it_was_answered_with),
		cmocka_unit_test(repeated_random_nonce_is_no_attack),
		cmocka_unit_test(nonces_of_a_device_are_bounded),
		cmocka_unit_test(wishes_that_a_join_accept_can_tell_are_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
