#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "network/mac_down.h"
#include "network/mac_request.h"

static struct region eu868, us915;
static struct mac_env env;
static struct mac_state s;
static struct mac_goal goal;
static struct mac_wish wish;
static struct mac_down_input in;
static struct mac_down_outcome out;
static const struct mac_profile plain = {.ping_slot_dr = -1, .rejoin_max_time_n = -1, .rejoin_max_count_n = -1};

static int open_regions(void **state)
{
	struct region_settings settings;
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &settings);
	for (unsigned i = 0; i < 5; i++)
		settings.extra_channels[i] = (struct channel){867100000 + 200000 * i, 0, 5};
	settings.n_extra_channels = 5;
	if (region_init(&eu868, &region_eu868, &settings, &why))
		return -1;
	region_settings_default(&region_us915, &settings);
	settings.uplink_mask[0] = 0xff00;
	settings.uplink_mask[1] = 2;
	return region_init(&us915, &region_us915, &settings, &why);
}

/* A device that has all the region's configuration wishes, or (US915) every channel on. */
static void begin(enum mac_version v, const struct region *region)
{
	env = (struct mac_env){.region = region, .version = v, .revision = reg_params_revision_default(v),
	                         .is_1_1 = mac_version_rules(v)->is_1_1, .is_otaa = true};
	wish = mac_wish_none;
	mac_state_init(&s, region, NULL);
	if (!region->table->is_fixed_plan)
		for (unsigned i = 3; i < 8; i++)
			mac_state_add_channel(&s, i, region->channels[i].freq_hz, region->channels[i].min_dr,
			                      region->channels[i].max_dr);
	s.dr = 0;
	mac_goal_make(&env, &plain, &wish, &goal);
	in = (struct mac_down_input){
		.env = &env, .goal = &goal, .rx = goal.rx, .f_cnt = 10, .adr = true, .room = 15, .answer_room = 15,
		.now_us = 1000000,
	};
}

static void assert_asks(const char *octets, size_t len)
{
	mac_downlink(&in, &s, &out);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.octets, octets, len);
}
#define ASKS(octets) assert_asks(octets, sizeof(octets) - 1)

static void device_that_is_as_wished_is_asked_nothing(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	in.goes_anyway = true;
	ASKS("");
	assert_int_equal(s.pending_len, 0);
}

static void sub_band_is_set_as_one_block(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_2, &us915);
	ASKS("\x03\x00\x02\x00\x71\x03\x00\x00\xff\x01");
	assert_int_equal(s.pending_len, 10);
	begin(MAC_VERSION_1_0_3, &us915);
	ASKS("\x03\x00\x02\x00\x51");
	begin(MAC_VERSION_1_0_1, &us915);
	ASKS("\x03\x40\x02\x00\x71"); /* the only channel left has DR4 alone */
	memset(&s.mask, 0, sizeof(s.mask));
	s.mask.block[4] = 2; /* that was accepted */
	s.pending_len = 0;
	s.dr = 4;
	in.goes_anyway = true;
	ASKS("\x03\x40\x00\xff\x01");
}

static void what_adr_found_is_asked_unless_the_device_steers_itself(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	goal.dr = 5;
	goal.tx_power = 1;
	ASKS("\x03\x51\xff\x00\x01");
	begin(MAC_VERSION_1_0_3, &eu868);
	goal.dr = 5;
	in.adr = false;
	ASKS("");
	begin(MAC_VERSION_1_0_4, &eu868);
	goal.dr = 5;
	goal.nb_trans = 3;
	in.adr = false;
	ASKS("\x03\xff\xff\x00\x03");
	begin(MAC_VERSION_1_0_4, &us915);
	in.adr = false;
	ASKS("\x03\xff\x02\x00\x51");
}

static void wishes_of_profile_and_device_are_asked_together(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	wish.rx1_delay_s = 5;
	wish.rx2_dr = 3;
	wish.max_duty_cycle = 4;
	mac_goal_make(&env, &plain, &wish, &goal);
	ASKS("\x08\x05\x05\x03\xd2\xad\x84\x04\x04");
	assert_int_equal(s.pending_len, 9);
	assert_int_equal(s.pending_f_cnt, 10);
	ASKS(""); /* open: nothing else until the answer */
	mac_downlink_unsent(&s);
	in.goes_anyway = true;
	ASKS("\x08\x05\x05\x03\xd2\xad\x84\x04\x04");
}

static void channels_of_the_configuration_are_made_known(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	mac_state_init(&s, &eu868, NULL); /* an ABP device: three channels */
	s.dr = 5;
	in.goes_anyway = true;
	ASKS("\x07\x03\x18\x4f\x84\x50\x07\x04\xe8\x56\x84\x50"); /* two fit */
	in.room = 40;
	s.pending_len = 0;
	mac_downlink(&in, &s, &out);
	assert_int_equal(out.len, 30);
	in.answer_room = 6; /* three answers */
	s.pending_len = 0;
	mac_downlink(&in, &s, &out);
	assert_int_equal(out.len, 18);
}

static void commands_of_later_versions_are_not_sent(void **state)
{
	struct mac_profile profile = plain;

	(void)state;
	profile.rejoin_max_time_n = 3;
	begin(MAC_VERSION_1_0_4, &eu868);
	mac_goal_make(&env, &profile, &wish, &goal);
	ASKS("");
	begin(MAC_VERSION_1_1_0, &eu868);
	mac_goal_make(&env, &profile, &wish, &goal);
	ASKS("\x0f\x30");
}

static void no_more_than_the_device_can_answer(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	wish.rx1_delay_s = 5;
	wish.rx2_dr = 3;
	mac_goal_make(&env, &plain, &wish, &goal);
	in.answer_room = 2;
	ASKS("\x08\x05");
	begin(MAC_VERSION_1_0_3, &eu868);
	in.answer_room = 2;
	in.room = 1;
	mac_goal_make(&env, &plain, &wish, &goal);
	ASKS("");
}

static void downlinks_for_requests_alone_become_rarer(void **state)
{
	static const uint32_t at[] = {10, 13, 19, 31, 55, 103, 199, 391, 583, 775};
	unsigned n = 0;

	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	wish.rx1_delay_s = 5;
	mac_goal_make(&env, &plain, &wish, &goal);
	for (in.f_cnt = 10; in.f_cnt < 800; in.f_cnt++) {
		mac_downlink(&in, &s, &out);
		s.pending_len = 0; /* nothing comes, and no failure is noted: only the bound is left */
		if (!out.len)
			continue;
		assert_true(n < sizeof(at) / sizeof(at[0]));
		assert_int_equal(in.f_cnt, at[n++]);
	}
	assert_int_equal(n, sizeof(at) / sizeof(at[0]));
	in.f_cnt = 800;
	in.goes_anyway = true; /* costs nothing: it rides along */
	ASKS("\x08\x05");
}

static void begin_with_status(void)
{
	struct mac_profile profile = plain;

	profile.dev_status_interval_s = 3600;
	begin(MAC_VERSION_1_0_0, &eu868);
	mac_goal_make(&env, &profile, &wish, &goal);
	s.status_asked_us = in.now_us; /* the first uplink */
}

static void first_status_rides_on_a_downlink_there_is_anyway(void **state)
{
	(void)state;
	begin_with_status();
	ASKS("");
	in.goes_anyway = in.has_item = true;
	ASKS("");
	in.has_item = false;
	ASKS("\x06");
	mac_downlink_unsent(&s);
	ASKS("\x06");
	s.pending_len = 0;
	mac_note_refusal(&s, MAC_ITEM_DEV_STATUS, 0, MAC_NO_ANSWER, in.f_cnt);
	ASKS("");
	in.f_cnt++;
	ASKS("\x06");
}

static void status_that_never_left_is_asked_again(void **state)
{
	(void)state;
	begin_with_status();
	s.has_status = true;
	s.status_us = in.now_us;
	in.now_us += INT64_C(3600000000);
	ASKS("\x06");
	mac_downlink_unsent(&s);
	in.now_us += 60000000;
	in.f_cnt = s.mac_only_from_f_cnt;
	ASKS("\x06");
}

static void commands_by_hand_that_never_left_go_again(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_1_0, &eu868);
	memcpy(s.manual, "\x0e\x25\x1c\x06", 4);
	s.manual_len = 4;
	ASKS("\x0e\x25\x1c\x06");
	mac_downlink_unsent(&s);
	in.f_cnt++;
	ASKS("\x0e\x25\x1c\x06");
	/* One that asks for another session is not repeated in it. */
	mac_state_restart_counters(&s);
	in.f_cnt++;
	ASKS("");
}

static void status_is_asked_once_an_interval(void **state)
{
	(void)state;
	begin_with_status();
	s.has_status = true;
	in.goes_anyway = true;
	ASKS("");
	in.now_us += INT64_C(3600000000);
	ASKS("\x06");
	s.pending_len = 0;
	in.now_us += INT64_C(3599000000);
	ASKS("");
	in.now_us += INT64_C(1000000);
	ASKS("\x06");
}

static void queued_command_goes_first_and_once(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_1_0, &eu868);
	wish.rx1_delay_s = 5;
	mac_goal_make(&env, &plain, &wish, &goal);
	memcpy(s.manual, "\x0e\x25\x1c\x06\x08\x02", 6); /* ForceRejoinReq has no answer; RXTimingSetupReq is asked once */
	s.manual_len = 6;
	ASKS("\x0e\x25\x1c\x06\x08\x02");
	assert_int_equal(s.manual_sent, 6); /* kept until the next uplink */
	assert_int_equal(s.pending_len, 3);
	mac_state_drop_sent(&s);
	assert_int_equal(s.manual_len, 0);
	s.pending_len = 0;
	in.goes_anyway = true;
	ASKS("\x08\x05");
}

static void uncertain_link_is_asked_again_as_it_is(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	s.dr = 5;
	s.tx_power = 3;
	s.link_unsure = true;
	in.goes_anyway = true;
	ASKS("\x03\x53\xff\x00\x01");
}

static void refused_part_of_a_link_is_left_out_of_the_next_wish(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	s.dr = 2;
	goal.dr = 5;
	goal.tx_power = 6;
	in.goes_anyway = true;
	mac_note_refusal(&s, MAC_ITEM_TX_POWER, 6, 3, 9);
	ASKS("\x03\x50\xff\x00\x01");
	s.pending_len = 0;
	mac_note_refusal(&s, MAC_ITEM_DR, 5, 5, 9);
	ASKS("");
	goal.dr = 4;
	ASKS("\x03\x40\xff\x00\x01");
}

static void listed_channels_narrow_the_mask(void **state)
{
	(void)state;
	begin(MAC_VERSION_1_0_3, &eu868);
	wish.has_channels = true;
	wish.channels[0] = 0x1f00000000000007;
	mac_goal_make(&env, &plain, &wish, &goal);
	ASKS("\x03\x00\x07\x00\x01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_that_is_as_wished_is_asked_nothing),
		cmocka_unit_test(sub_band_is_set_as_one_block),
		cmocka_unit_test(what_adr_found_is_asked_unless_the_device_steers_itself),
		cmocka_unit_test(wishes_of_profile_and_device_are_asked_together),
		cmocka_unit_test(channels_of_the_configuration_are_made_known),
		cmocka_unit_test(commands_of_later_versions_are_not_sent),
		cmocka_unit_test(no_more_than_the_device_can_answer),
		cmocka_unit_test(downlinks_for_requests_alone_become_rarer),
		cmocka_unit_test(status_is_asked_once_an_interval),
		cmocka_unit_test(first_status_rides_on_a_downlink_there_is_anyway),
		cmocka_unit_test(status_that_never_left_is_asked_again),
		cmocka_unit_test(commands_by_hand_that_never_left_go_again),
		cmocka_unit_test(queued_command_goes_first_and_once),
		cmocka_unit_test(uncertain_link_is_asked_again_as_it_is),
		cmocka_unit_test(refused_part_of_a_link_is_left_out_of_the_next_wish),
		cmocka_unit_test(listed_channels_narrow_the_mask),
	};

	return cmocka_run_group_tests(tests, open_regions, NULL);
}
