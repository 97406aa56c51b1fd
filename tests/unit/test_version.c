#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/f_cnt.h"
#include "lorawan/version.h"

static void every_version_reads_back_from_its_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MAC_VERSION__COUNT; i++) {
		enum mac_version v = MAC_VERSION__COUNT;

		assert_int_equal(mac_version_parse(mac_version_rules((enum mac_version)i)->name, &v), LS_OK);
		assert_int_equal(v, i);
	}
}

static void version_1_1_is_known_but_not_supported(void **state)
{
	static const char *const wrong[] = {"", "1", "1.0", "1.0.5", "1.0.3 ", "v1.0.3", "1.1.2", "2.0"};
	enum mac_version v;

	(void)state;
	assert_int_equal(mac_version_parse("1.1", &v), LS_EVERSION);
	assert_int_equal(mac_version_parse("1.1.0", &v), LS_EVERSION);
	assert_int_equal(mac_version_parse("1.1.1", &v), LS_EVERSION);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(mac_version_parse(wrong[i], &v), LS_EFORMAT);
}

static void rules_change_with_1_0_3_and_1_0_4(void **state)
{
	(void)state;
	assert_false(mac_version_rules(MAC_VERSION_1_0_2)->has_cf_list_type1);
	assert_true(mac_version_rules(MAC_VERSION_1_0_3)->has_cf_list_type1);
	assert_int_equal(mac_version_rules(MAC_VERSION_1_0_3)->max_f_cnt_gap, MAX_F_CNT_GAP);
	assert_false(mac_version_rules(MAC_VERSION_1_0_3)->dev_nonce_is_counter);
	assert_int_equal(mac_version_rules(MAC_VERSION_1_0_3)->confirmed_transmissions_max, 8);
	assert_int_equal(mac_version_rules(MAC_VERSION_1_0_4)->max_f_cnt_gap, 0);
	assert_true(mac_version_rules(MAC_VERSION_1_0_4)->dev_nonce_is_counter);
	assert_int_equal(mac_version_rules(MAC_VERSION_1_0_4)->confirmed_transmissions_max, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_reads_back_from_its_name),
		cmocka_unit_test(version_1_1_is_known_but_not_supported),
		cmocka_unit_test(rules_change_with_1_0_3_and_1_0_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
