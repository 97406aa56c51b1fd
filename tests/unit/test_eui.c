#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/eui.h"

static const struct eui64 sample = {{0x00, 0x11, 0x22, 0x33, 0xaa, 0xbb, 0xcc, 0xdd}};

static void eui_is_read_in_every_usual_form(void **state)
{
	static const char *const forms[] = {
		"00112233aabbccdd", "00112233AABBCCDD", "00-11-22-33-AA-BB-CC-DD", "00:11:22:33:aa:bb:cc:dd",
		"0011.2233.aabb.ccdd", "0x00112233aabbccdd", "0X00112233aabbccdd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct eui64 eui = {{0}};

		assert_int_equal(eui64_parse(forms[i], &eui), LS_OK);
		assert_true(eui64_equal(eui, sample));
	}
}

static void wrong_eui_text_is_refused_and_leaves_the_output_alone(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"", LS_ESHORT}, {"0x", LS_ESHORT}, {"00112233aabbccd", LS_ESHORT}, {"00112233aabbccdd0", LS_ELONG},
		{"00112233aabbccdd00112233aabbccdd0011", LS_ELONG}, {"00112233aabbccdg", LS_EFORMAT},
		{"-00112233aabbccdd", LS_EFORMAT}, {"00112233aabbccdd-", LS_EFORMAT}, {"00--112233aabbccdd", LS_EFORMAT},
		{" 00112233aabbccdd", LS_EFORMAT}, {"00112233aabbccdd\n", LS_EFORMAT}, {"0011 2233 aabb ccdd", LS_EFORMAT},
		{"0011x2233aabbccdd", LS_EFORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct eui64 eui = sample;

		assert_int_equal(eui64_parse(rows[i].text, &eui), rows[i].rc);
		assert_true(eui64_equal(eui, sample));
	}
}

static void eui_formats_reverses_and_counts(void **state)
{
	char buf[EUI64_TEXT_SIZE];

	(void)state;
	assert_ptr_equal(eui64_format(sample, buf), buf);
	assert_string_equal(buf, "00112233aabbccdd");
	assert_string_equal(eui64_format(eui64_reverse(sample), buf), "ddccbbaa33221100");
	assert_true(eui64_to_u64(sample) == UINT64_C(0x00112233aabbccdd));
	assert_true(eui64_equal(eui64_from_u64(UINT64_C(0x00112233aabbccdd)), sample));
	assert_false(eui64_equal(eui64_reverse(sample), sample));
	assert_true(eui64_is_zero(eui64_from_u64(0)));
	assert_false(eui64_is_zero(eui64_from_u64(1)));
}

static void dev_addr_text_is_most_significant_octet_first(void **state)
{
	char buf[DEV_ADDR_TEXT_SIZE];
	uint32_t v = 7;

	(void)state;
	assert_int_equal(dev_addr_parse("01020304", &v), LS_OK);
	assert_int_equal(v, 0x01020304);
	assert_int_equal(dev_addr_parse("0xFFFFFFFF", &v), LS_OK);
	assert_true(v == UINT32_MAX);
	assert_string_equal(dev_addr_format(0x0abcdef1, buf), "0abcdef1");
	assert_int_equal(dev_addr_parse("0102030", &v), LS_ESHORT);
	assert_int_equal(dev_addr_parse("010203040", &v), LS_ELONG);
	assert_int_equal(dev_addr_parse("0102030z", &v), LS_EFORMAT);
	assert_true(v == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eui_is_read_in_every_usual_form),
		cmocka_unit_test(wrong_eui_text_is_refused_and_leaves_the_output_alone),
		cmocka_unit_test(eui_formats_reverses_and_counts),
		cmocka_unit_test(dev_addr_text_is_most_significant_octet_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
