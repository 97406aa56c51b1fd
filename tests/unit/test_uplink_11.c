/* test_uplink_11.c - uplinks of LoRaWAN 1.1: both halves of the MIC, the forms of FOpts, the first frame of a session. */
#include "network_bench.h"

#include "network/uplink.h"

/* What the device does; the server is told nothing of it but the frame. */
struct sent {
	uint32_t f_cnt;
	enum m_type m_type;
	int f_port;             /* 0: 2; -1: none; else as it is */
	const char *f_opts;
	uint8_t f_opts_len;
	bool ack, on_port_0;
	enum lw_f_opts_form form;
	uint8_t dr, channel;
	uint16_t conf_f_cnt;
	int64_t at_us;
	uint8_t spoil;          /* octet of the frame to flip, counted from 1 */
};

static struct uplink_outcome outcome;
static struct phy_data phy;

static void open_11(struct bench *b)
{
	bench_open(b, "1.1.0");
	b->session->is_1_1 = true;
	memset(b->session->keys.s_nwk_s_int_key.b, 0x33, 16);
	memset(b->session->keys.nwk_s_enc_key.b, 0x44, 16);
}

static size_t make(struct bench *b, const struct session *s, struct sent f, uint8_t buf[PHY_MAX])
{
	uint8_t payload[4] = {1, 2, 3, 4}, f_opts[15], mic[4];
	struct phy_data frame = {
		.m_type = f.m_type ? f.m_type : M_TYPE_UNCONFIRMED_UP, .dev_addr = s->dev_addr, .ack = f.ack,
		.f_cnt = (uint16_t)f.f_cnt, .f_opts = f_opts, .f_opts_len = f.f_opts_len,
		.f_port = f.on_port_0 ? 0 : f.f_port ? f.f_port : 2, .frm_payload = payload,
		.frm_payload_len = f.f_port < 0 ? 0 : sizeof(payload),
	};
	size_t len;

	if (f.f_opts_len)
		memcpy(f_opts, f.f_opts, f.f_opts_len);
	if (f.on_port_0) { /* the commands travel as the payload */
		memcpy(payload, f_opts, f.f_opts_len);
		frame.frm_payload_len = f.f_opts_len;
		frame.f_opts_len = 0;
	}
	lw_f_opts_crypt(b->crypto, &s->keys.nwk_s_enc_key, f.form, F_OPTS_F_CNT_UP, s->dev_addr, f.f_cnt, f_opts,
	                frame.f_opts_len);
	lw_frm_payload_crypt(b->crypto, f.on_port_0 ? &s->keys.nwk_s_enc_key : &s->keys.app_s_key, LW_UP, s->dev_addr, f.f_cnt,
	                     payload, frame.frm_payload_len);
	assert_int_equal(phy_write_data(&frame, buf, PHY_MAX, &len), LS_OK);
	lw_mic_up_11(b->crypto, &s->keys.s_nwk_s_int_key, s->dev_addr, f.f_cnt,
	             (struct lw_up_tx){f.dr, f.channel, f.conf_f_cnt}, buf, len, buf + len);
	lw_mic_data(b->crypto, &s->keys.f_nwk_s_int_key, LW_UP, s->dev_addr, f.f_cnt, buf, len, mic);
	memcpy(buf + len + 2, mic, 2);
	len += 4;
	if (f.spoil)
		buf[f.spoil - 1] ^= 1;
	return len;
}

static enum uplink_kind hear(struct bench *b, const struct session *s, struct sent f)
{
	uint8_t buf[PHY_MAX];
	size_t len = make(b, s, f, buf);

	bench_heard(b, buf, len, f.at_us ? f.at_us : 1000000000);
	if (phy_parse_data(b->e->phy, b->e->phy_len, &phy))
		return UPLINK_DROP;
	uplink_decide(b->crypto, &b->fleet, &phy, b->e, &outcome);
	return outcome.kind;
}

/* Heard on 868.1 MHz at SF7: DR5 on channel 0. */
#define RADIO .dr = 5, .channel = 0

static void frame_opens_with_the_keys_of_its_parts(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0, RADIO, .f_opts = "\x02", .f_opts_len = 1}), UPLINK_NEW);
	assert_memory_equal(outcome.data, "\1\2\3\4", 4);
	assert_int_equal(outcome.commands_len, 1);
	assert_int_equal(outcome.commands[0], 0x02);
	assert_true(outcome.mac.link_check);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .on_port_0 = true, .f_opts = "\x0d\x02",
	                                                   .f_opts_len = 2}), UPLINK_NEW);
	assert_int_equal(outcome.commands_len, 2);
	assert_true(outcome.mac.device_time && outcome.mac.link_check);
	assert_int_equal(outcome.data_len, 0);
	bench_close(&b);
}

static void every_flipped_octet_is_refused(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	bench_last(&b, 9);
	for (uint8_t at = 1; at <= 17; at++)
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 10, RADIO, .spoil = at}), UPLINK_DROP);
	bench_close(&b);
}

static void data_rate_and_channel_are_part_of_the_mic(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, .dr = 4, .channel = 0}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_MIC_MISMATCH);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, .dr = 5, .channel = 1}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_MIC_MISMATCH);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO}), UPLINK_NEW);
	assert_int_equal(outcome.channel, 0);
	bench_close(&b);
}

/* The answer to a NewChannelReq may have been lost: the device has a channel that the server does not know of. */
static void any_channel_may_have_a_frequency_nobody_knows(void **state)
{
	uint8_t buf[PHY_MAX];
	struct bench b;
	size_t len;

	(void)state;
	open_11(&b);
	len = make(&b, b.session, (struct sent){.f_cnt = 1, .dr = 5, .channel = 11}, buf);
	bench_heard(&b, buf, len, 1000000000);
	b.e->inline_one.freq_hz = 864900000;
	assert_int_equal(phy_parse_data(b.e->phy, b.e->phy_len, &phy), LS_OK);
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	assert_int_equal(outcome.channel, 11);
	bench_close(&b);
}

/* A ghost of the strong frame on another frequency: the copy whose transmission fits the MIC speaks. */
static void of_copies_that_disagree_the_one_the_mic_fits_speaks(void **state)
{
	struct reception two[2];
	uint8_t buf[PHY_MAX];
	struct bench b;
	size_t len;

	(void)state;
	open_11(&b);
	bench_apply(&b.fleet, fleet_apply_gateway,
	            "{\"gateway_id\":\"0016c001f153a14d\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"roof-02\",\"is_private\":false}");
	len = make(&b, b.session, (struct sent){.f_cnt = 1, RADIO}, buf);
	bench_heard(&b, buf, len, 1000000000);
	two[0] = two[1] = b.e->inline_one;
	two[0].freq_hz = 868500000;
	two[0].rx.snr_db10 = 90; /* the ghost is the stronger one */
	two[1].rx.gateway_id = eui64_from_u64(0x0016c001f153a14d);
	b.e->receptions = two;
	b.e->n = b.e->cap = 2;
	assert_int_equal(phy_parse_data(b.e->phy, b.e->phy_len, &phy), LS_OK);
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	assert_ptr_equal(outcome.best, &two[1]);
	assert_int_equal(outcome.channel, 0);
	b.e->receptions = &b.e->inline_one;
	b.e->n = 1;
	bench_close(&b);
}

static void acknowledgement_names_the_counter_of_the_confirmed_downlink(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	b.session->down.has_conf = true;
	b.session->down.conf_f_cnt_down = 0x10007;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .ack = true, .conf_f_cnt = 3}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_MIC_MISMATCH);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .ack = true, .conf_f_cnt = 7}), UPLINK_NEW);
	/* The one before: the device answered it while another was under way (class C). */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .ack = true, .conf_f_cnt = 6}), UPLINK_NEW);
	/* Without the ACK bit it is not there. */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .conf_f_cnt = 7}), UPLINK_NEW);
	bench_close(&b);
}

static void repeat_may_have_another_mic(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	b.session->up.f_opts_form = F_OPTS_KNOWN_ERRATUM;
	b.session->down.has_conf = true;
	b.session->down.conf_f_cnt_down = 4;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, RADIO, .ack = true, .conf_f_cnt = 4}), UPLINK_NEW);
	b.session->up = outcome.up;
	b.session->up.up_answered = true;
	b.session->down.conf_f_cnt_down = 5; /* the answer was another confirmed one, and was lost */
	/* NbTrans is 1 as long as nothing else was asked for: the second transmission is one too many. */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, RADIO, .ack = true, .conf_f_cnt = 4, .at_us = 1003000000}),
	                 UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_TOO_MANY_REPEATS);
	bench_close(&b);
}

static void form_of_f_opts_is_learned_from_the_handshake(void **state)
{
	static const struct {
		enum lw_f_opts_form form;
		uint8_t known;
	} forms[] = {{F_OPTS_ERRATUM, F_OPTS_KNOWN_ERRATUM}, {F_OPTS_ORIGINAL, F_OPTS_KNOWN_ORIGINAL}};
	struct bench b;

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_11(&b);
		/* Without it nothing is learned, but the frame is read. */
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0, RADIO, .form = forms[i].form, .f_opts = "\x0d",
		                                                   .f_opts_len = 1}), UPLINK_NEW);
		assert_int_equal(outcome.up.f_opts_form, F_OPTS_UNKNOWN);
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, RADIO, .form = forms[i].form,
		                                                   .f_opts = "\x0b\x01\x0d", .f_opts_len = 3}), UPLINK_NEW);
		assert_int_equal(outcome.up.f_opts_form, forms[i].known);
		assert_true(outcome.mac.rekey && outcome.mac.device_time && outcome.must_answer);
		b.session->up = outcome.up;
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 2, RADIO, .form = forms[i].form, .f_opts = "\x02",
		                                                   .f_opts_len = 1}), UPLINK_NEW);
		assert_int_equal(outcome.up.f_opts_form, forms[i].known);
		assert_true(outcome.mac.link_check);
		bench_close(&b);
	}
}

static void new_session_begins_with_rekey_ind(void **state)
{
	struct session_row row = {
		.slot = SLOT_PENDING, .dev_addr = 0x00c0ffee, .is_1_1 = true, .region = "EU868",
		.up = {.rx1_delay_s = 1, .rx2_freq_hz = 869525000},
	};
	struct session *pending;
	struct bench b;

	(void)state;
	open_11(&b);
	row.dev_eui = b.device->dev_eui;
	memset(&row.keys, 0x77, sizeof(row.keys));
	pending = fleet_session_put(&b.fleet, b.device, &row);
	assert_non_null(pending);
	assert_int_equal(hear(&b, pending, (struct sent){.f_cnt = 0, RADIO}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_NO_REKEY_IND);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0, RADIO}), UPLINK_NEW); /* the old one stands */
	assert_int_equal(hear(&b, pending, (struct sent){.f_cnt = 1, RADIO, .f_opts = "\x0b\x01", .f_opts_len = 2}), UPLINK_NEW);
	assert_ptr_equal(outcome.session, pending);
	assert_int_equal(hear(&b, pending, (struct sent){.f_cnt = 1, RADIO, .on_port_0 = true, .f_opts = "\x0b\x01",
	                                                 .f_opts_len = 2}), UPLINK_NEW);
	bench_close(&b);
}

static void lower_counter_is_named_a_replay_and_there_is_no_gap_limit(void **state)
{
	struct bench b;

	(void)state;
	open_11(&b);
	bench_last(&b, 40000);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 39999, RADIO}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_REPLAYED);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 40000 + 60000, RADIO}), UPLINK_NEW);
	bench_close(&b);
}

static void session_without_opt_neg_is_one_of_1_0(void **state)
{
	uint8_t buf[PHY_MAX], mic[4];
	struct bench b;
	size_t len;

	(void)state;
	open_11(&b);
	b.session->is_1_1 = false;
	len = make(&b, b.session, (struct sent){.f_cnt = 3, RADIO}, buf);
	lw_mic_data(b.crypto, &b.session->keys.f_nwk_s_int_key, LW_UP, b.session->dev_addr, 3, buf, len - 4, mic);
	memcpy(buf + len - 4, mic, 4);
	bench_heard(&b, buf, len, 1000000000);
	assert_int_equal(phy_parse_data(b.e->phy, b.e->phy_len, &phy), LS_OK);
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_opens_with_the_keys_of_its_parts),
		cmocka_unit_test(every_flipped_octet_is_refused),
		cmocka_unit_test(data_rate_and_channel_are_part_of_the_mic),
		cmocka_unit_test(any_channel_may_have_a_frequency_nobody_knows),
		cmocka_unit_test(of_copies_that_disagree_the_one_the_mic_fits_speaks),
		cmocka_unit_test(acknowledgement_names_the_counter_of_the_confirmed_downlink),
		cmocka_unit_test(repeat_may_have_another_mic),
		cmocka_unit_test(form_of_f_opts_is_learned_from_the_handshake),
		cmocka_unit_test(new_session_begins_with_rekey_ind),
		cmocka_unit_test(lower_counter_is_named_a_replay_and_there_is_no_gap_limit),
		cmocka_unit_test(session_without_opt_neg_is_one_of_1_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
