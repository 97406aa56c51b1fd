#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
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

static void a_name_of_no_version_is_refused(void **state)
{
	static const char *const wrong[] = {"", "1", "1.0", "1.0.5", "1.0.3 ", "v1.0.3", "1.1.2", "1.1.", "2.0"};
	enum mac_version v;

	(void)state;
	assert_int_equal(mac_version_parse("1.1", &v), LS_OK);
	assert_int_equal(v, MAC_VERSION_1_1_0);
	assert_int_equal(mac_version_parse("1.1.1", &v), LS_EVERSION);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(mac_version_parse(wrong[i], &v), LS_EFORMAT);
}

/* The table "what changes between versions", a column of marks for each version from 1.0.0 to 1.1. */
static void each_rule_changes_with_its_version(void **state)
{
#define RULE(member, marks) {#member, offsetof(struct mac_version_rules, member), marks}
	static const struct {
		const char *name;
		size_t offset;
		const char *marks;
	} table[] = {
		RULE(has_16_bit_counters,  "yyyy--"),
		RULE(has_abp_restart,      "yyyy--"),
		RULE(dev_nonce_is_counter, "----yy"),
		RULE(has_cf_list_type1,    "---yyy"),
		RULE(keep_is_15,           "----yy"),
		RULE(nb_trans_0_keeps,     "----yy"),
		RULE(has_class_b,          "---yyy"),
		RULE(has_beacon_param,     "----y-"),
		RULE(is_1_1,               "-----y"),
	};
#undef RULE
	static const enum link_adr_form link_adr[] = {
		LINK_ADR_SINGLE, LINK_ADR_SINGLE, LINK_ADR_BLOCK, LINK_ADR_BLOCK, LINK_ADR_BLOCK, LINK_ADR_BLOCK_ONE_ANSWER};

	(void)state;
	for (unsigned v = 0; v < MAC_VERSION__COUNT; v++) {
		const struct mac_version_rules *rules = mac_version_rules((enum mac_version)v);
		bool is_counted_by_nb_trans = v >= MAC_VERSION_1_0_4;

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (*(const bool *)((const char *)rules + table[i].offset) != (table[i].marks[v] == 'y'))
				fail_msg("%s of %s", table[i].name, rules->name);
		assert_int_equal(rules->link_adr_form, link_adr[v]);
		assert_int_equal(rules->max_f_cnt_gap, is_counted_by_nb_trans ? 0 : 16384);
		assert_int_equal(rules->confirmed_transmissions_max, is_counted_by_nb_trans ? 0 : 8);
		assert_int_equal(rules->unconfirmed_transmissions_max, is_counted_by_nb_trans ? 0 : 15);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_reads_back_from_its_name),
		cmocka_unit_test(a_name_of_no_version_is_refused),
		cmocka_unit_test(each_rule_changes_with_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
