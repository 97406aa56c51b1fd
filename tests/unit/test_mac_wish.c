#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/mac_wish.h"

static void expect_list(const char *text, uint64_t low, uint64_t high, const char *normal)
{
	uint64_t mask[2] = {7, 7};
	char buf[CHANNEL_LIST_SIZE];

	assert_int_equal(channel_list_parse(text, mask), LS_OK);
	assert_true(mask[0] == low && mask[1] == high);
	assert_string_equal(channel_list_format(mask, buf), normal);
}

static void channel_lists_are_read_and_written(void **state)
{
	(void)state;
	expect_list("8-15,65", 0xff00, 2, "8-15,65");
	expect_list(" 0 , 2-2,127", 5, UINT64_C(1) << 63, "0,2,127");
	expect_list("0-127", UINT64_MAX, UINT64_MAX, "0-127");
	expect_list("3,1,2,1", 0xe, 0, "1-3");
	expect_list("63-64", UINT64_C(1) << 63, 1, "63-64");
}

static void what_is_no_channel_list_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", "-", "8-", "-8", "9-8", "128", "0-128", "1;2", "1,,2", "1,", "a", "0x1", "1 2", "9999"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t mask[2] = {7, 9};

		assert_int_equal(channel_list_parse(wrong[i], mask), LS_EFORMAT);
		assert_true(mask[0] == 7 && mask[1] == 9);
	}
}

static void the_widest_list_fits_its_buffer(void **state)
{
	uint64_t mask[2] = {0x5555555555555555, 0x5555555555555555}, back[2];
	char buf[CHANNEL_LIST_SIZE];

	(void)state;
	assert_int_equal(channel_list_parse(channel_list_format(mask, buf), back), LS_OK);
	assert_true(back[0] == mask[0] && back[1] == mask[1]);
}

static void a_device_overrides_only_what_it_names(void **state)
{
	struct mac_wish common = mac_wish_none, own = mac_wish_none, merged;

	(void)state;
	assert_true(mac_wish_is_none(&common));
	common.rx1_delay_s = 5;
	common.dr = 3;
	common.has_channels = true;
	common.channels[1] = 1;
	own.dr = 0;
	own.rx2_freq_hz = 869525000;
	assert_false(mac_wish_is_none(&own));
	merged = mac_wish_merge(&common, &own);
	assert_int_equal(merged.rx1_delay_s, 5);
	assert_int_equal(merged.dr, 0);
	assert_int_equal(merged.rx2_freq_hz, 869525000);
	assert_int_equal(merged.tx_power, MAC_WISH_NONE);
	assert_true(merged.has_channels && merged.channels[1] == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_lists_are_read_and_written),
		cmocka_unit_test(what_is_no_channel_list_changes_nothing),
		cmocka_unit_test(the_widest_list_fits_its_buffer),
		cmocka_unit_test(a_device_overrides_only_what_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
