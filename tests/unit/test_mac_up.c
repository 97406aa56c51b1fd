#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "network/mac_request.h"
#include "network/mac_up.h"

static struct region eu868, us915;
static struct mac_env env;
static struct mac_state s;
static struct mac_rx rx;
static struct mac_up_outcome out;

static int open_regions(void **state)
{
	struct region_settings settings;
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &settings);
	if (region_init(&eu868, &region_eu868, &settings, &why))
		return -1;
	region_settings_default(&region_us915, &settings);
	return region_init(&us915, &region_us915, &settings, &why);
}

static void begin(enum mac_version v, const struct region *region)
{
	env = (struct mac_env){.region = region, .version = v, .revision = reg_params_revision_default(v),
	                         .is_1_1 = mac_version_rules(v)->is_1_1, .is_otaa = true};
	mac_state_init(&s, region, NULL);
	s.dr = 0;
	rx = (struct mac_rx){1, 0, 0, 869525000};
}

static void open_requests(const char *octets, size_t len)
{
	memcpy(s.pending, octets, len);
	s.pending_len = (uint8_t)len;
	s.pending_f_cnt = 9;
}

static void up(const char *octets, size_t len)
{
	struct mac_up_input in = {
		.env = &env, .f_cnt = 10, .dr = 0, .adr = true, .freq_hz = env.region->channels[0].freq_hz, .now_us = 1000,
		.commands = (const uint8_t *)octets, .len = len, .room = 15 - len,
	};

	mac_uplink(&in, &s, &rx, &out);
}

/* The octets of two string literals. */
#define ASKED(octets) open_requests(octets, sizeof(octets) - 1)
#define UP(octets) up(octets, sizeof(octets) - 1)

static void accepted_request_is_what_the_device_has(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x05\x23\xd2\xad\x84\x08\x05\x04\x07\x07\x03\x18\x4f\x84\x50");
	UP("\x05\x07\x08\x04\x07\x03");
	assert_int_equal(out.n_accepted, 4);
	assert_int_equal(out.n_ignored, 0);
	assert_int_equal(s.pending_len, 0);
	assert_int_equal(rx.rx1_dr_offset, 2);
	assert_int_equal(rx.rx2_dr, 3);
	assert_int_equal(rx.rx2_freq_hz, 869525000);
	assert_int_equal(rx.rx1_delay_s, 5);
	assert_int_equal(s.max_dcycle, 7);
	assert_int_equal(s.channels[3].freq_hz, 867100000);
	assert_int_equal(s.channels[3].max_dr, 5);
	assert_true(ch_mask_has(&s.mask, 3));
}

static void sticky_answer_is_acted_on_once(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x08\x05");
	UP("\x08");
	rx.rx1_delay_s = 7; /* something else since */
	UP("\x08");
	assert_int_equal(rx.rx1_delay_s, 7);
	assert_int_equal(out.n_ignored, 1);
	assert_int_equal(s.ignored_answers, 1);
}

static void answer_nobody_asked_for_changes_nothing(void **state)
{
	struct mac_state before;

	(void)state;
	begin(MAC_VERSION_1_1_0, &eu868);
	before = s;
	UP("\x03\x07\x05\x07\x06\x10\x05\x07\x03\x11\x03\x13\x01");
	assert_int_equal(out.n_ignored, 6);
	assert_false(out.has_status);
	s.ignored_answers = 0;
	s.status_asked_us = 0;
	assert_memory_equal(&s, &before, sizeof(s));
}

static void refusal_changes_nothing_and_is_remembered_for_a_while(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x05\x23\xd2\xad\x84");
	UP("\x05\x05");
	assert_int_equal(out.n_refused, 1);
	assert_int_equal(rx.rx2_dr, 0);
	assert_int_equal(s.n_refusals, 1);
	assert_int_equal(s.refusals[0].item, MAC_ITEM_RX_PARAM);
	assert_int_equal(s.refusals[0].status, 5);
	assert_false(mac_may_ask(&s, MAC_ITEM_RX_PARAM, 0x84add223, 73));
	assert_true(mac_may_ask(&s, MAC_ITEM_RX_PARAM, 0x84add223, 74));
	assert_true(mac_may_ask(&s, MAC_ITEM_RX_PARAM, 0x84add220, 11)); /* another wish */
}

static void refused_four_times_it_is_not_asked_again(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	for (uint32_t i = 0; i < 4; i++)
		mac_note_refusal(&s, MAC_ITEM_DUTY_CYCLE, 3, 0, i * 10000);
	assert_false(mac_may_ask(&s, MAC_ITEM_DUTY_CYCLE, 3, 4000000000u));
	mac_forget_other_refusals(&s, MAC_ITEM_DUTY_CYCLE, 3);
	assert_false(mac_may_ask(&s, MAC_ITEM_DUTY_CYCLE, 3, 4000000000u));
	mac_forget_other_refusals(&s, MAC_ITEM_DUTY_CYCLE, 4); /* the wish was another in between */
	assert_true(mac_may_ask(&s, MAC_ITEM_DUTY_CYCLE, 3, 5));
}

static void unanswered_request_failed_unless_there_was_no_room(void **state)
{
	struct mac_up_input in = {.env = &env, .f_cnt = 10, .dr = 0, .freq_hz = 868100000, .room = 1};

	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x08\x05\x05\x23\xd2\xad\x84");
	in.commands = (const uint8_t *)"\x08";
	in.len = 1;
	mac_uplink(&in, &s, &rx, &out); /* room for nothing more: RXParamSetupAns may come later */
	assert_int_equal(out.n_unanswered, 0);
	assert_int_equal(rx.rx1_delay_s, 5);
	assert_int_equal(s.pending_len, 5);
	in.commands = (const uint8_t *)"\x05\x07";
	in.len = 2;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(rx.rx2_dr, 3);
	assert_int_equal(s.n_refusals, 0);

	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x08\x05\x05\x23\xd2\xad\x84");
	UP("\x08");
	assert_int_equal(out.n_unanswered, 1);
	assert_int_equal(s.pending_len, 0);
	assert_int_equal(s.refusals[0].status, MAC_NO_ANSWER);
	assert_false(mac_may_ask(&s, MAC_ITEM_RX_PARAM, 0x84add223, 10));
	assert_true(mac_may_ask(&s, MAC_ITEM_RX_PARAM, 0x84add223, 11));
}

static void link_adr_answers_are_taken_together(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		bool accepted;
	} cases[] = {
		{"\x03\x07", 2, true}, {"\x03\x07\x03\x07", 4, true}, {"\x03\x07\x03\x06", 4, false}, {"\x03\x03", 2, false},
		{"\x03\x07\x06\xff\x03\x03\x07", 7, true}, {"\x03\xff", 2, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(MAC_VERSION_1_0_3, &us915);
		ASKED("\x03\x35\x02\x00\x72\x03\x35\x00\xff\x02\x06");
		up(cases[i].octets, cases[i].len);
		assert_int_equal(s.mask.block[0] == 0xff00 && s.mask.block[3] == 0 && s.mask.block[4] == 2, cases[i].accepted);
		assert_int_equal(s.tx_power, cases[i].accepted ? 5 : 0);
		assert_int_equal(s.nb_trans, cases[i].accepted ? 2 : 1);
		assert_int_equal(s.dr, cases[i].accepted ? 3 : 0);
	}
}

static void each_bit_of_a_link_adr_answer_refuses_its_own_part(void **state)
{
	(void)state;
	for (int status = 0; status < 7; status++) {
		begin(MAC_VERSION_1_0_4, &eu868);
		ASKED("\x03\x35\x03\x00\x01");
		up((const char[]){3, (char)status}, 2);
		assert_int_equal(mac_may_ask(&s, MAC_ITEM_CH_MASK, mac_mask_value(&(struct ch_mask){{3}}), 11), status & 1);
		assert_int_equal(mac_may_ask(&s, MAC_ITEM_DR, 3, 11), status >> 1 & 1);
		assert_int_equal(mac_may_ask(&s, MAC_ITEM_TX_POWER, 5, 11), status >> 2 & 1);
		assert_int_equal(s.tx_power, 0);
	}
}

static void fifteen_and_zero_mean_what_the_version_says(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_4, &eu868);
	s.tx_power = 2;
	s.nb_trans = 3;
	ASKED("\x03\xff\x07\x00\x00");
	UP("\x03\x07");
	assert_int_equal(s.tx_power, 2);
	assert_int_equal(s.nb_trans, 3);
	begin(MAC_VERSION_1_0_2, &eu868);
	s.nb_trans = 3;
	ASKED("\x03\x02\x07\x00\x00");
	UP("\x03\x07");
	assert_int_equal(s.nb_trans, 1);
}

static void status_answer_is_an_event(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_0, &eu868);
	ASKED("\x06");
	UP("\x06\x80\x22");
	assert_true(out.has_status);
	assert_int_equal(out.battery, 128);
	assert_int_equal(out.margin_db, -30);
	assert_int_equal(s.margin_db, -30);
	ASKED("\x06");
	UP("\x06\xff\xde"); /* bits 7:6 are RFU */
	assert_int_equal(out.margin_db, 30);
}

static void requests_of_the_device_are_owed_whatever_its_version(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_0, &eu868);
	UP("\x0d\x02\x10\x05\x20\x02\x12\x02");
	assert_int_equal(out.owed.n, 5);
	assert_memory_equal(out.owed.cid, "\x0d\x02\x10\x20\x12", 5);
	assert_int_equal(s.ping_slot_periodicity, 5);
	assert_int_equal(out.told_class, 2);
	UP("\x20\x01"); /* class 01 is reserved */
	assert_int_equal(out.owed.n, 0);
}

static void repeat_is_owed_answers_but_settles_nothing(void **state)
{
	struct mac_up_input in = {
		.env = &env, .f_cnt = 10, .is_repeat = true, .commands = (const uint8_t *)"\x08\x02", .len = 2, .room = 13};

	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x08\x05");
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(out.owed.n, 1);
	assert_int_equal(s.pending_len, 2);
	assert_int_equal(rx.rx1_delay_s, 1);
}

static void rekey_and_reset_agree_on_the_lower_minor_version(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_1_0, &eu868);
	UP("\x0b\x02");
	assert_true(out.is_rekey);
	assert_int_equal(out.owed.minor, 1);
	UP("\x0b\x00");
	assert_int_equal(out.owed.n, 0);
	UP("\x01\x01"); /* ResetInd is for ABP */
	assert_int_equal(out.owed.n, 0);
	env.is_otaa = false;
	s.tx_power = 4;
	s.mask.block[0] = 1;
	ASKED("\x08\x05");
	UP("\x01\x01");
	assert_true(out.is_reset);
	assert_int_equal(s.tx_power, 0);
	assert_int_equal(s.mask.block[0], 7);
	assert_int_equal(s.pending_len, 0);
	UP("\x0b\x01");
	assert_int_equal(out.owed.n, 0);
	begin(MAC_VERSION_1_0_4, &eu868);
	UP("\x0b\x01\x02");
	assert_int_equal(out.owed.n, 1); /* unassigned in 1.0.x, yet its length is known */
	assert_int_equal(out.owed.cid[0], 0x02);
}

static void unknown_command_ends_the_reading_and_nothing_else(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	ASKED("\x08\x05\x04\x01");
	UP("\x08\x02\x7f\x04");
	assert_true(out.is_truncated);
	assert_int_equal(rx.rx1_delay_s, 5);
	assert_int_equal(out.owed.n, 1);
	assert_int_equal(out.n_unanswered, 1);
}

static void back_off_of_the_device_makes_the_link_uncertain(void **state)
{
	struct mac_up_input in = {
		.env = &env, .f_cnt = 100, .dr = 3, .adr = true, .adr_ack_req = true, .freq_hz = 868100000, .room = 15};

	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	s.dr = 3;
	s.tx_power = 5;
	mac_uplink(&in, &s, &rx, &out);
	assert_true(s.link_unsure);
	assert_int_equal(s.tx_power, 5); /* it only asks */
	in.f_cnt = 132;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(s.tx_power, 0);
	in.f_cnt = 164;
	in.dr = 2;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(s.dr, 2);
}

static void ack_request_at_the_slowest_rate_may_mean_that_all_channels_are_on(void **state)
{
	struct mac_up_input in = {.env = &env, .f_cnt = 10, .adr = true, .adr_ack_req = true, .dr = 1};

	(void)state;
	begin(MAC_VERSION_1_0_3, &us915);
	in.freq_hz = us915.channels[8].freq_hz;
	s.dr = 1;
	memset(&s.mask, 0, sizeof(s.mask));
	s.mask.block[0] = 0xff00;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(s.mask.block[1], 0); /* a slower rate comes first */
	in.dr = 0;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(s.mask.block[1], 0xffff);
	assert_true(s.link_unsure);
}

static void uplink_on_a_channel_that_was_off_shows_that_all_are_on(void **state)
{
	struct mac_up_input in = {.env = &env, .f_cnt = 100, .dr = 0, .adr = true, .freq_hz = 902300000, .room = 15};

	(void)state;
	begin(MAC_VERSION_1_0_3, &us915);
	memset(&s.mask, 0, sizeof(s.mask));
	s.mask.block[0] = 0xff00;
	mac_uplink(&in, &s, &rx, &out);
	assert_int_equal(ch_mask_count(&s.mask), 72);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_request_is_what_the_device_has),
		cmocka_unit_test(sticky_answer_is_acted_on_once),
		cmocka_unit_test(answer_nobody_asked_for_changes_nothing),
		cmocka_unit_test(refusal_changes_nothing_and_is_remembered_for_a_while),
		cmocka_unit_test(refused_four_times_it_is_not_asked_again),
		cmocka_unit_test(unanswered_request_failed_unless_there_was_no_room),
		cmocka_unit_test(link_adr_answers_are_taken_together),
		cmocka_unit_test(each_bit_of_a_link_adr_answer_refuses_its_own_part),
		cmocka_unit_test(fifteen_and_zero_mean_what_the_version_says),
		cmocka_unit_test(status_answer_is_an_event),
		cmocka_unit_test(requests_of_the_device_are_owed_whatever_its_version),
		cmocka_unit_test(repeat_is_owed_answers_but_settles_nothing),
		cmocka_unit_test(rekey_and_reset_agree_on_the_lower_minor_version),
		cmocka_unit_test(unknown_command_ends_the_reading_and_nothing_else),
		cmocka_unit_test(back_off_of_the_device_makes_the_link_uncertain),
		cmocka_unit_test(ack_request_at_the_slowest_rate_may_mean_that_all_channels_are_on),
		cmocka_unit_test(uplink_on_a_channel_that_was_off_shows_that_all_are_on),
	};

	return cmocka_run_group_tests(tests, open_regions, NULL);
}
