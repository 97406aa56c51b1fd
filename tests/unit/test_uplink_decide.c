/* test_uplink_decide.c - counters, replays, repeats and candidates: the U cases of the counter catalogue. */
#include "network_bench.h"

#include "network/uplink.h"

struct sent {
	uint32_t f_cnt;      /* as used in the MIC */
	enum m_type m_type;
	int f_port;
	const char *f_opts;
	uint8_t f_opts_len;
	bool ack, adr_ack_req;
	int64_t at_us;
	uint8_t spoil;       /* octet of the frame to flip, counted from 1 */
};

static struct uplink_outcome outcome;
static struct phy_data phy;

/* Make the frame with the session's keys, hear it, decide. */
static enum uplink_kind hear(struct bench *b, const struct session *s, struct sent f)
{
	uint8_t buf[PHY_MAX], mic[4], payload[4] = {1, 2, 3, 4};
	struct phy_data frame = {
		.m_type = f.m_type ? f.m_type : M_TYPE_UNCONFIRMED_UP, .dev_addr = s->dev_addr, .ack = f.ack,
		.adr_ack_req = f.adr_ack_req, .f_cnt = (uint16_t)f.f_cnt, .f_opts = (const uint8_t *)f.f_opts,
		.f_opts_len = f.f_opts_len, .f_port = f.f_port ? f.f_port : 2,
		.frm_payload = payload, .frm_payload_len = sizeof(payload),
	};
	size_t len;

	if (f.f_port < 0)
		frame.frm_payload_len = 0;
	lw_frm_payload_crypt(b->crypto, &s->keys.app_s_key, LW_UP, s->dev_addr, f.f_cnt, payload, sizeof(payload));
	assert_int_equal(phy_write_data(&frame, buf, sizeof(buf), &len), LS_OK);
	lw_mic_data(b->crypto, &s->keys.f_nwk_s_int_key, LW_UP, s->dev_addr, f.f_cnt, buf, len, mic);
	memcpy(buf + len, mic, 4);
	len += 4;
	if (f.spoil)
		buf[f.spoil - 1] ^= 0x01;
	bench_heard(b, buf, len, f.at_us ? f.at_us : 1000000000);
	if (phy_parse_data(b->e->phy, b->e->phy_len, &phy))
		return UPLINK_DROP;
	uplink_decide(b->crypto, &b->fleet, &phy, b->e, &outcome);
	return outcome.kind;
}

static void first_frame_may_have_any_counter(void **state)
{
	static const uint32_t counters[] = {0, 1, 17, 16384, 65535};
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = counters[i]}), UPLINK_NEW);
		assert_int_equal(outcome.f_cnt, counters[i]);
		assert_int_equal(outcome.up.f_cnt_up, counters[i] + 1);
		assert_memory_equal(outcome.data, "\1\2\3\4", 4);
		assert_int_equal(outcome.data_len, 4);
		assert_int_equal(outcome.dr, 5);
	}
	bench_close(&b);
}

static void counter_may_skip_up_to_the_gap_limit(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_last(&b, 9);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 10}), UPLINK_NEW);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 12}), UPLINK_NEW);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 16384}), UPLINK_NEW);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 16385}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_GAP);
	assert_ptr_equal(outcome.session, b.session);
	bench_close(&b);
}

static void version_1_0_4_has_no_gap_limit(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.4");
	bench_last(&b, 9);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 16385}), UPLINK_NEW);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 60000}), UPLINK_NEW);
	bench_close(&b);
}

static void counter_passes_65535(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_last(&b, 65535);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65536}), UPLINK_NEW);
	assert_int_equal(outcome.f_cnt, 65536);
	bench_last(&b, 65534); /* 65535 was lost */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65536}), UPLINK_NEW);
	bench_last(&b, 65530);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65540}), UPLINK_NEW);
	/* The same 16 bits from before the wrap are a replay. */
	bench_last(&b, 65540);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 4}), UPLINK_DROP);
	assert_int_not_equal(outcome.reason, DROP_NONE);
	bench_close(&b);
}

static void lower_counter_is_named_a_replay(void **state)
{
	static const uint32_t lower[] = {1, 32768, 39999};
	struct bench b;

	(void)state;
	for (int v = 0; v < 2; v++) {
		bench_open(&b, v ? "1.0.4" : "1.0.2");
		bench_last(&b, 40000);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 40000 - lower[i]}), UPLINK_DROP);
			assert_int_equal(outcome.reason, DROP_F_CNT_REPLAYED);
			assert_int_equal(outcome.f_cnt, 40000 - lower[i]);
			assert_ptr_equal(outcome.session, b.session);
		}
		bench_close(&b);
	}
}

static void exhausted_counter_demands_a_join(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.4");
	bench_last(&b, 0xfffffffe);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0xffffffff}), UPLINK_NEW);
	b.session->up.f_cnt_up = 0xffffffff;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 3}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_EXHAUSTED);
	bench_close(&b);
}

static void every_flipped_octet_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_last(&b, 9);
	for (uint8_t at = 1; at <= 17; at++)
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 10, .spoil = at}), UPLINK_DROP);
	bench_close(&b);
}

static void same_counter_is_one_event_and_answered_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP}), UPLINK_NEW);
	assert_true(outcome.must_answer);
	b.session->up = outcome.up;
	b.session->up.up_answered = true;
	for (int i = 2; i <= 8; i++) {
		int64_t at = 1000000000 + i * 3000000;

		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP, .at_us = at}),
		                 UPLINK_REPEAT);
		assert_true(outcome.must_answer);
		assert_false(outcome.may_take_item);
		assert_int_equal(outcome.up.up_transmissions, i);
		b.session->up = outcome.up;
	}
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP, .at_us = 1099000000}),
	                 UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_TOO_MANY_REPEATS);
	bench_close(&b);
}

static void repeat_that_was_never_answered_is_served_like_the_first(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP});
	b.session->up = outcome.up;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP, .at_us = 1005000000}),
	                 UPLINK_REPEAT);
	assert_true(outcome.may_take_item);
	bench_close(&b);
}

static void rebuilt_repeat_with_other_octets_is_still_a_repeat(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP});
	b.session->up = outcome.up;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP, .ack = true,
	                                                   .at_us = 1000500000}), UPLINK_REPEAT);
	bench_close(&b);
}

static void same_octets_of_another_gateway_soon_after_a_restart_are_a_late_copy(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP});
	b.session->up = outcome.up;
	/* The gateway that brought it says it again: the device repeats. Another one within RxDelay + 1 s: a late copy. */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 7, .m_type = M_TYPE_CONFIRMED_UP, .at_us = 1001000000}),
	                 UPLINK_REPEAT);
	bench_apply(&b.fleet, fleet_apply_gateway,
	            "{\"gateway_id\":\"0016c001f153a14d\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"roof-02\",\"is_private\":false}");
	b.e->inline_one.rx.gateway_id = eui64_from_u64(0x0016c001f153a14d);
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_LATE_COPY);
	bench_close(&b);
}

static void two_devices_on_one_dev_addr_are_told_apart_by_their_mic(void **state)
{
	struct session_row row = {.dev_addr = BENCH_DEV_ADDR, .region = "EU868", .up.rx1_delay_s = 1};
	struct session *other;
	struct device *twin;
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_apply(&b.fleet, fleet_apply_device,
	            "{\"dev_eui\":\"0004a30b001c0531\",\"join_eui\":\"0000000000000000\",\"application_id\":\"" BENCH_APP "\","
	            "\"profile_id\":\"" BENCH_PROFILE "\",\"name\":\"twin\",\"enabled\":true,\"tags\":{},\"app_key\":null}");
	twin = fleet_device(&b.fleet, eui64_from_u64(0x0004a30b001c0531));
	row.dev_eui = twin->dev_eui;
	memset(row.keys.f_nwk_s_int_key.b, 0x33, 16);
	other = fleet_session_put(&b.fleet, twin, &row);
	assert_int_equal(hear(&b, other, (struct sent){.f_cnt = 5}), UPLINK_NEW);
	assert_ptr_equal(outcome.session, other);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 6}), UPLINK_NEW);
	assert_ptr_equal(outcome.session, b.session);
	/* A MIC that fits neither blames neither. */
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 6, .spoil = 10}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_MIC_MISMATCH);
	assert_null(outcome.session);
	bench_close(&b);
}

static void disabled_device_is_dropped_with_its_name(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->enabled = false;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_DEVICE_DISABLED);
	assert_ptr_equal(outcome.session, b.session);
	bench_close(&b);
}

static void unknown_dev_addr_names_nobody(void **state)
{
	struct bench b;
	struct session stranger;

	(void)state;
	bench_open(&b, "1.0.3");
	stranger = *b.session;
	stranger.dev_addr = 0x26000001;
	assert_int_equal(hear(&b, &stranger, (struct sent){.f_cnt = 1}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_UNKNOWN_DEV_ADDR);
	assert_null(outcome.session);
	bench_close(&b);
}

static void mac_requests_are_read_and_unknown_commands_stop_only_the_reading(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.0");
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1, .f_opts = "\x02\x0d", .f_opts_len = 2}), UPLINK_NEW);
	assert_true(outcome.mac.link_check && outcome.mac.device_time && outcome.must_answer);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 2, .f_opts = "\x02\x7f\x0d", .f_opts_len = 3}), UPLINK_NEW);
	assert_true(outcome.mac.link_check);
	assert_false(outcome.mac.device_time);
	bench_close(&b);
}

static void frame_outside_the_region_is_refused_but_outside_the_channels_is_not(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	hear(&b, b.session, (struct sent){.f_cnt = 1});
	b.e->inline_one.freq_hz = 869900000; /* of the band, no channel */
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	assert_int_equal(outcome.channel, -1);
	b.e->inline_one.freq_hz = 902300000;
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_WRONG_REGION);
	bench_close(&b);
}

static void adr_ack_request_must_be_answered(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	hear(&b, b.session, (struct sent){.f_cnt = 1, .adr_ack_req = true});
	assert_true(outcome.must_answer);
	hear(&b, b.session, (struct sent){.f_cnt = 2});
	assert_false(outcome.must_answer);
	bench_close(&b);
}

/* Two copies of one frame: an honest one, and one whose gateway claims what it likes with a better SNR. */
static void hear_two(struct bench *b, uint64_t rogue, uint32_t freq_hz)
{
	static struct reception two[2];

	hear(b, b->session, (struct sent){.f_cnt = 1});
	two[0] = two[1] = b->e->inline_one;
	two[1].rx.gateway_id = eui64_from_u64(rogue);
	two[1].rx.snr_db10 = 200;
	two[1].freq_hz = freq_hz;
	b->e->receptions = two;
	b->e->n = 2;
	uplink_decide(b->crypto, &b->fleet, &phy, b->e, &outcome);
}

static void a_rogue_gateway_s_claims_do_not_decide_over_the_frame(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_apply(&b.fleet, fleet_apply_gateway,
	            "{\"gateway_id\":\"0016c00100000bad\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"rogue\",\"is_private\":false}");
	hear_two(&b, 0x0016c00100000bad, 915000000);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	assert_int_equal(outcome.best->freq_hz, 868100000);
	bench_close(&b);
}

static void a_stranger_s_private_gateway_does_not_speak_for_the_frame(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_apply(&b.fleet, fleet_apply_tenant,
	            "{\"tenant_id\":\"44444444-4444-4444-8444-444444444444\",\"name\":\"other\",\"tags\":{}}");
	bench_apply(&b.fleet, fleet_apply_gateway,
	            "{\"gateway_id\":\"0016c00100000bad\",\"tenant_id\":\"44444444-4444-4444-8444-444444444444\",\"name\":\"theirs\",\"is_private\":true}");
	hear_two(&b, 0x0016c00100000bad, 868300000);
	assert_int_equal(outcome.kind, UPLINK_NEW);
	assert_int_equal(outcome.best->freq_hz, 868100000);
	b.e->receptions++;
	b.e->n = 1;
	uplink_decide(b.crypto, &b.fleet, &phy, b.e, &outcome);
	assert_int_equal(outcome.kind, UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_PRIVATE_GATEWAY);
	bench_close(&b);
}

static void profile_s_own_gap_takes_the_place_of_the_version_s(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	bench_last(&b, 9);
	b.device->profile->max_fcnt_gap = 100;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 100}), UPLINK_NEW);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 101}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_GAP);
	assert_int_equal(outcome.f_cnt, 110); /* what counter accept is about */
	assert_non_null(strstr(drop_reason_hint(outcome.reason), "lsctl device counter accept"));
	b.device->profile->max_fcnt_gap = 0;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65000}), UPLINK_NEW);
	/* Too far ahead is said only where the MIC fits. */
	b.device->profile->max_fcnt_gap = 100;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 101, .spoil = 10}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_MIC_MISMATCH);
	bench_close(&b);
	bench_open(&b, "1.0.4");
	bench_last(&b, 9);
	b.device->profile->max_fcnt_gap = 100;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 9 + 101}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_GAP);
	bench_close(&b);
}

static void device_with_16_bits_begins_again_after_65535(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.2");
	b.device->profile->f_cnt_16_bit = true;
	bench_last(&b, 65534);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65535}), UPLINK_NEW);
	assert_int_equal(outcome.up.f_cnt_up, 0);
	b.session->up = outcome.up;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65535}), UPLINK_REPEAT);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_NEW);
	assert_int_equal(outcome.f_cnt, 0);
	b.session->up = outcome.up;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65530}), UPLINK_DROP); /* far ahead, or behind */
	assert_int_equal(outcome.reason, DROP_F_CNT_REPLAYED);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 20000}), UPLINK_DROP);
	assert_int_equal(outcome.reason, DROP_F_CNT_GAP);
	/* No limit is still none that reaches around. */
	b.device->profile->max_fcnt_gap = 0;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65530}), UPLINK_DROP);
	bench_close(&b);
	/* From 1.0.4 on there is no such device. */
	bench_open(&b, "1.0.4");
	b.device->profile->f_cnt_16_bit = true;
	bench_last(&b, 65535);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_DROP);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 65536}), UPLINK_NEW);
	bench_close(&b);
}

static void relaxed_device_may_begin_again_at_0_or_1(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->profile->supports_otaa = false;
	bench_last(&b, 70000);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_DROP); /* not asked for */
	b.device->profile->f_cnt_relaxed = true;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_NEW);
	assert_true(outcome.restarts_counters);
	assert_int_equal(outcome.up.f_cnt_up, 1);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 1}), UPLINK_NEW);
	assert_true(outcome.restarts_counters);
	assert_int_equal(outcome.up.f_cnt_up, 2);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 2}), UPLINK_DROP);
	/* The same frame again is a repetition, not a second beginning. */
	hear(&b, b.session, (struct sent){.f_cnt = 0});
	b.session->up = outcome.up;
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_REPEAT);
	assert_false(outcome.restarts_counters);
	bench_close(&b);
}

/* U21: 0 and 1 of the round before must not be taken for a beginning, nor move the upper half. */
static void replay_in_relaxed_mode_does_not_touch_the_upper_half(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.device->profile->supports_otaa = false;
	b.device->profile->f_cnt_relaxed = true;
	bench_last(&b, 131080);
	for (uint32_t f_cnt = 65536; f_cnt <= 65540; f_cnt++) {
		assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = f_cnt}), UPLINK_DROP);
		assert_int_not_equal(outcome.reason, DROP_NONE);
	}
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 131081}), UPLINK_NEW);
	assert_false(outcome.restarts_counters);
	bench_close(&b);
}

static void neither_a_joining_device_nor_one_of_1_0_4_begins_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3"); /* supports_otaa */
	b.device->profile->f_cnt_relaxed = true;
	bench_last(&b, 70000);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_DROP);
	bench_close(&b);
	bench_open(&b, "1.0.4");
	b.device->profile->supports_otaa = false;
	b.device->profile->f_cnt_relaxed = true;
	bench_last(&b, 70000);
	assert_int_equal(hear(&b, b.session, (struct sent){.f_cnt = 0}), UPLINK_DROP);
	bench_close(&b);
}

/* The table of repetitions: how many transmissions of one counter each version allows. */
static void repetitions_are_bounded_by_the_version(void **state)
{
	static const struct {
		const char *version;
		unsigned confirmed, unconfirmed;
	} rows[] = {{"1.0.0", 8, 15}, {"1.0.1", 8, 15}, {"1.0.2", 8, 15}, {"1.0.3", 8, 15}, {"1.0.4", 1, 1}};
	struct bench b;

	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (int confirmed = 0; confirmed < 2; confirmed++) {
			struct sent f = {.f_cnt = 7, .m_type = confirmed ? M_TYPE_CONFIRMED_UP : M_TYPE_UNCONFIRMED_UP, .at_us = 1000000000};
			unsigned taken = 1;

			bench_open(&b, rows[r].version);
			assert_int_equal(hear(&b, b.session, f), UPLINK_NEW);
			b.session->up = outcome.up;
			for (f.at_us += 3000000; hear(&b, b.session, f) == UPLINK_REPEAT && taken < 100; f.at_us += 3000000, taken++)
				b.session->up = outcome.up;
			assert_int_equal(taken, confirmed ? rows[r].confirmed : rows[r].unconfirmed);
			assert_int_equal(outcome.reason, DROP_TOO_MANY_REPEATS);
			bench_close(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_frame_may_have_any_counter),
		cmocka_unit_test(counter_may_skip_up_to_the_gap_limit),
		cmocka_unit_test(version_1_0_4_has_no_gap_limit),
		cmocka_unit_test(counter_passes_65535),
		cmocka_unit_test(lower_counter_is_named_a_replay),
		cmocka_unit_test(exhausted_counter_demands_a_join),
		cmocka_unit_test(every_flipped_octet_is_refused),
		cmocka_unit_test(same_counter_is_one_event_and_answered_again),
		cmocka_unit_test(repeat_that_was_never_answered_is_served_like_the_first),
		cmocka_unit_test(rebuilt_repeat_with_other_octets_is_still_a_repeat),
		cmocka_unit_test(same_octets_of_another_gateway_soon_after_a_restart_are_a_late_copy),
		cmocka_unit_test(two_devices_on_one_dev_addr_are_told_apart_by_their_mic),
		cmocka_unit_test(disabled_device_is_dropped_with_its_name),
		cmocka_unit_test(unknown_dev_addr_names_nobody),
		cmocka_unit_test(mac_requests_are_read_and_unknown_commands_stop_only_the_reading),
		cmocka_unit_test(frame_outside_the_region_is_refused_but_outside_the_channels_is_not),
		cmocka_unit_test(adr_ack_request_must_be_answered),
		cmocka_unit_test(a_rogue_gateway_s_claims_do_not_decide_over_the_frame),
		cmocka_unit_test(a_stranger_s_private_gateway_does_not_speak_for_the_frame),
		cmocka_unit_test(profile_s_own_gap_takes_the_place_of_the_version_s),
		cmocka_unit_test(device_with_16_bits_begins_again_after_65535),
		cmocka_unit_test(relaxed_device_may_begin_again_at_0_or_1),
		cmocka_unit_test(replay_in_relaxed_mode_does_not_touch_the_upper_half),
		cmocka_unit_test(neither_a_joining_device_nor_one_of_1_0_4_begins_again),
		cmocka_unit_test(repetitions_are_bounded_by_the_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
