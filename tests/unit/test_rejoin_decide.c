/* test_rejoin_decide.c - rejoin requests of 1.1: who may, by which key and counter, and what the accept carries. */
#include "network_bench.h"

#include "network/rejoin.h"

#define NET_ID 0x000013
#define JOIN_EUI UINT64_C(0x70b3d57ed0000001)

static struct rejoin_outcome outcome;
static struct phy_rejoin_request request;

static void open_11(struct bench *b)
{
	bench_open(b, "1.1.0");
	b->device->join_eui = eui64_from_u64(JOIN_EUI);
	memset(b->device->nwk_key.b, 0x55, 16);
	b->device->has_nwk_key = true;
	b->device->rj_count1 = -1;
	b->session->is_1_1 = true;
	memset(b->session->keys.s_nwk_s_int_key.b, 0x33, 16);
	b->session->up.rx1_delay_s = 7;
	b->session->up.rx1_dr_offset = 2;
	b->session->up.rx2_dr = 3;
	b->session->up.rx2_freq_hz = 869100000;
}

/* The key a device would use; spoil: octet to flip, counted from 1. */
static enum drop_reason ask(struct bench *b, struct phy_rejoin_request r, const struct ls_key *key, int spoil)
{
	struct ls_key js_enc_key, js_int_key;
	struct rejoin_input in = {
		.request = &request, .fleet = &b->fleet, .net_id = NET_ID, .dev_addr = 0x00c0ffee, .answerable = true, .with_cf_list = true};
	uint8_t phy[PHY_REJOIN_MSG_MAX + 4];
	size_t len;

	if (eui64_is_zero(r.dev_eui))
		r.dev_eui = b->device->dev_eui;
	if (r.type != 1 && !r.net_id)
		r.net_id = NET_ID;
	if (r.type == 1 && eui64_is_zero(r.join_eui))
		r.join_eui = b->device->join_eui;
	lw_derive_js_keys(b->crypto, &b->device->nwk_key, b->device->dev_eui, &js_enc_key, &js_int_key);
	if (!key)
		key = r.type == 1 ? &js_int_key : &b->session->keys.s_nwk_s_int_key;
	len = phy_write_rejoin_request(&r, phy);
	lw_mic_join_request(b->crypto, key, phy, len, phy + len);
	if (spoil)
		phy[spoil - 1] ^= 1;
	in.e = bench_heard(b, phy, len + 4, 1000000000);
	assert_int_equal(phy_parse_rejoin_request(phy, len + 4, &request), LS_OK);
	in.device = fleet_device(&b->fleet, request.dev_eui);
	rejoin_decide(b->crypto, &in, &outcome);
	return outcome.reason;
}

/* Read the accept as the device does; its keys are proven by the vectors. */
static struct phy_join_accept read_accept(struct bench *b, uint8_t type, uint16_t rj_count)
{
	struct lw_join_answered answered = {type, b->device->join_eui, rj_count};
	struct ls_key js_enc_key, js_int_key, key;
	struct phy_join_accept accept;
	uint8_t plain[32], mic[4];
	size_t len = outcome.accept.phy_len - 5;

	lw_derive_js_keys(b->crypto, &b->device->nwk_key, b->device->dev_eui, &js_enc_key, &js_int_key);
	assert_int_equal(lw_join_accept_decrypt(b->crypto, &js_enc_key, outcome.accept.phy, outcome.accept.phy_len, plain), LS_OK);
	lw_mic_join_accept_11(b->crypto, &js_int_key, &answered, plain, len, mic);
	assert_memory_equal(mic, plain + len, 4);
	assert_int_equal(phy_parse_join_accept_body(plain, len, &accept), LS_OK);
	lw_derive_key_11(b->crypto, &b->device->app_key, LW_APP_S_KEY, accept.join_nonce, &answered, &key);
	assert_true(key_equal(&key, &outcome.accept.session.keys.app_s_key));
	lw_derive_key_11(b->crypto, &b->device->nwk_key, LW_S_NWK_S_INT_KEY, accept.join_nonce, &answered, &key);
	assert_true(key_equal(&key, &outcome.accept.session.keys.s_nwk_s_int_key));
	return accept;
}

static void types_0_and_1_begin_anew_and_type_2_keeps_the_radio(void **state)
{
	struct mac_state mac_before, mac_after;
	uint8_t mac[MAC_STATE_OCTETS_MAX];
	struct bench b;

	(void)state;
	for (uint8_t type = 0; type <= 2; type++) {
		struct phy_join_accept accept;
		bool keeps = type == 2;

		open_11(&b);
		b.device->join_nonce = 8;
		mac_state_init(&mac_before, b.session->region, NULL);
		mac_before.nb_trans = 3;
		mac_before.tx_power = 4;
		mac_before.pending[0] = 0x06;
		mac_before.pending_len = 1;
		mac_before.pending_f_cnt = 900;
		b.session->mac_len = (uint16_t)mac_state_encode(&mac_before, mac);
		b.session->mac = malloc(b.session->mac_len);
		memcpy(b.session->mac, mac, b.session->mac_len);
		assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = type, .rj_count = 5}, NULL, 0), DROP_NONE);
		accept = read_accept(&b, type, 5);
		assert_true(accept.opt_neg);
		assert_int_equal(outcome.join_nonce, 9);
		assert_int_equal(accept.join_nonce, 9);
		assert_int_equal(accept.net_id, NET_ID);
		assert_int_equal(accept.dev_addr, 0x00c0ffee);
		assert_int_equal(accept.has_cf_list, !keeps);
		assert_int_equal(accept.rx_delay, keeps ? 7 : 1);
		assert_int_equal(accept.rx1_dr_offset, keeps ? 2 : 0);
		assert_int_equal(accept.rx2_dr, keeps ? 3 : 0);
		assert_int_equal(outcome.accept.session.slot, SLOT_PENDING);
		assert_true(outcome.accept.session.is_1_1);
		assert_int_equal(outcome.accept.session.up.rx2_freq_hz, keeps ? 869100000 : 869525000);
		assert_int_equal(outcome.accept.session.up.f_cnt_up, 0);
		assert_int_equal(outcome.accept.session.down.f_cnt_down, 0);
		assert_int_equal(outcome.accept.session.next_rj_count0, 0);
		assert_int_equal(outcome.accept.session.mac != NULL, keeps);
		if (keeps) {
			mac_state_init(&mac_after, b.session->region, NULL);
			assert_int_equal(mac_state_decode(&mac_after, outcome.accept.session.mac, outcome.accept.session.mac_len), LS_OK);
			assert_int_equal(mac_after.nb_trans, 3);
			assert_int_equal(mac_after.tx_power, 4);
			assert_int_equal(mac_after.pending_len, 0); /* of the old counter */
		}
		bench_close(&b);
	}
}

static void rj_count_rises_and_never_wraps(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 0}, NULL, 0), DROP_NONE);
	b.session->next_rj_count0 = 10;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 9}, NULL, 0), DROP_RJ_COUNT_USED);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 2, .rj_count = 9}, NULL, 0), DROP_RJ_COUNT_USED); /* shared */
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 2, .rj_count = 10}, NULL, 0), DROP_NONE);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .rj_count = 0}, NULL, 0), DROP_NONE); /* its own */
	b.session->next_rj_count0 = 65536;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 0}, NULL, 0), DROP_RJ_COUNT_USED);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 65535}, NULL, 0), DROP_RJ_COUNT_USED);
	b.device->rj_count1 = 7;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .rj_count = 7}, NULL, 0), DROP_RJ_COUNT_USED);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .rj_count = 8}, NULL, 0), DROP_NONE);
	b.device->rj_count1 = 65535;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .rj_count = 65535}, NULL, 0), DROP_RJ_COUNT_USED);
	bench_close(&b);
}

static void type_1_needs_no_session(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	fleet_session_drop(&b.fleet, b.device, SLOT_CURRENT);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .rj_count = 3}, NULL, 0), DROP_NONE);
	read_accept(&b, 1, 3);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 3}, &b.device->nwk_key, 0), DROP_NO_SESSION);
	bench_close(&b);
}

static void refusals_name_their_reason(void **state)
{
	struct eui64 other = eui64_from_u64(0x0004a30b001c0599);
	struct bench b;

	(void)state;
	open_11(&b);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.dev_eui = other}, NULL, 0), DROP_UNKNOWN_DEV_EUI);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.net_id = 0x000014}, NULL, 0), DROP_WRONG_NET_ID);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1, .join_eui = other}, NULL, 0), DROP_JOIN_EUI_MISMATCH);
	for (uint8_t type = 0; type <= 2; type++)
		assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = type, .rj_count = 1}, &b.device->app_key, 0),
		                 DROP_MIC_MISMATCH);
	for (int at = 18; at <= 19; at++) /* RJcount is part of the MIC */
		assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0, .rj_count = 1}, NULL, at), DROP_MIC_MISMATCH);
	b.device->has_nwk_key = false;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1}, NULL, 0), DROP_NO_KEY);
	b.device->has_nwk_key = true;
	b.device->enabled = false;
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 1}, NULL, 0), DROP_DEVICE_DISABLED);
	bench_close(&b);
}

static void before_1_1_the_type_does_not_exist(void **state)
{
	static const char *const versions[] = {"1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4"};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		bench_open(&b, versions[i]);
		for (uint8_t type = 0; type <= 2; type++)
			assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = type}, NULL, 0), DROP_UNSUPPORTED_TYPE);
		bench_close(&b);
	}
}

/* Another accept would replace the session the device is in: it has to say RekeyInd first. */
static void request_in_an_unconfirmed_session_is_refused(void **state)
{
	struct session_row row = {.slot = SLOT_PENDING, .dev_addr = 0x00c0ffee, .is_1_1 = true, .region = "EU868"};
	struct bench b;

	(void)state;
	open_11(&b);
	row.dev_eui = b.device->dev_eui;
	memset(row.keys.s_nwk_s_int_key.b, 0x66, 16);
	assert_non_null(fleet_session_put(&b.fleet, b.device, &row));
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0}, &row.keys.s_nwk_s_int_key, 0), DROP_NO_REKEY_IND);
	assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = 0}, NULL, 0), DROP_NONE);
	bench_close(&b);
}

/* A replay of what was answered with the session in use must not look like a wrong key, nor begin another. */
static void request_of_the_session_before_is_named(void **state)
{
	struct session_row row = {.slot = SLOT_REPLACED, .dev_addr = 0x00c0ffee, .is_1_1 = true, .region = "EU868"};
	struct bench b;

	(void)state;
	open_11(&b);
	row.dev_eui = b.device->dev_eui;
	memset(row.keys.s_nwk_s_int_key.b, 0x66, 16);
	assert_non_null(fleet_session_put(&b.fleet, b.device, &row));
	for (uint8_t type = 0; type <= 2; type += 2)
		assert_int_equal(ask(&b, (struct phy_rejoin_request){.type = type, .rj_count = 9}, &row.keys.s_nwk_s_int_key, 0),
		                 DROP_OLD_SESSION);
	assert_int_equal(b.session->next_rj_count0, 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_0_and_1_begin_anew_and_type_2_keeps_the_radio),
		cmocka_unit_test(rj_count_rises_and_never_wraps),
		cmocka_unit_test(type_1_needs_no_session),
		cmocka_unit_test(refusals_name_their_reason),
		cmocka_unit_test(before_1_1_the_type_does_not_exist),
		cmocka_unit_test(request_in_an_unconfirmed_session_is_refused),
		cmocka_unit_test(request_of_the_session_before_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
