#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include "base/safe_text.h"
#include "base/utf8.h"

static void assert_escaped(const char *text, size_t len, const char *want)
{
	char out[256];

	assert_int_equal(safe_text(text, len, out, sizeof(out)), strlen(want));
	assert_string_equal(out, want);
}

#define ESCAPED(text, want) assert_escaped(text, sizeof(text) - 1, want)

static void harmless_text_passes_unchanged(void **state)
{
	(void)state;
	ESCAPED("", "");
	ESCAPED("Gateway 7 (roof), \"north\"", "Gateway 7 (roof), \"north\"");
	ESCAPED("caf\u00e9 \u65e5\u672c \U0001f600", "caf\u00e9 \u65e5\u672c \U0001f600");
}

static void controls_become_visible(void **state)
{
	(void)state;
	ESCAPED("a\nb\tc\rd", "a\\nb\\tc\\rd");
	ESCAPED("\x1b[2J", "\\x1b[2J");
	ESCAPED("\0\a\x7f", "\\x00\\x07\\x7f");
	ESCAPED("\xc2\x9b" "31m", "\\u009b31m"); /* C1 control sequence introducer */
	ESCAPED("a\\b", "a\\\\b");
}

static void marks_that_turn_the_reading_order_become_visible(void **state)
{
	(void)state;
	ESCAPED("\u202e", "\\u202e");
	ESCAPED("\u2066x\u2069", "\\u2066x\\u2069");
	ESCAPED("\u200e\u200f\u061c", "\\u200e\\u200f\\u061c");
	ESCAPED("\u2028\u2029", "\\u2028\\u2029");
}

static void invalid_utf_8_becomes_octets(void **state)
{
	(void)state;
	ESCAPED("\xff", "\\xff");
	ESCAPED("\x9b", "\\x9b");
	ESCAPED("\xc0\x80", "\\xc0\\x80");
	ESCAPED("\xe2\x82", "\\xe2\\x82");
	ESCAPED("\xed\xa0\x80", "\\xed\\xa0\\x80");
	ESCAPED("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	ESCAPED("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
	ESCAPED("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
}

static void long_text_is_cut_at_a_character(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(safe_text("1234567", 7, out, sizeof(out)), 7);
	assert_string_equal(out, "1234567");
	assert_int_equal(safe_text("12345678", 8, out, sizeof(out)), 7);
	assert_string_equal(out, "1234...");
	assert_int_equal(safe_text("12\u65e5\u672c", 8, out, sizeof(out)), 5);
	assert_string_equal(out, "12...");
	assert_int_equal(safe_text("123\n4\n", 6, out, sizeof(out)), 6);
	assert_string_equal(out, "123...");
	assert_int_equal(safe_text("\xff\xff\xff", 3, out, sizeof(out)), 7);
	assert_string_equal(out, "\\xff...");
}

static void every_size_of_buffer_holds_its_text(void **state)
{
	static const char text[] = "ab\n\u202e\xff\u65e5\\z\U0001f600 end of it";
	char whole[128];
	size_t n = safe_text(text, sizeof(text) - 1, whole, sizeof(whole));

	(void)state;
	for (size_t cap = 8; cap <= n + 2; cap++) {
		char out[128];
		size_t len = safe_text(text, sizeof(text) - 1, out, cap);

		assert_true(len < cap);
		assert_int_equal(strlen(out), len);
		if (cap > n)
			assert_string_equal(out, whole);
		else
			assert_memory_equal(out + len - 3, "...", 3);
		assert_true(safe_text_is_clean(out, len));
	}
}

static void clean_text_is_told_from_other_text(void **state)
{
	(void)state;
	assert_true(safe_text_is_clean("", 0));
	assert_true(safe_text_is_clean("back\\slash \u65e5", 14));
	assert_false(safe_text_is_clean("\n", 1));
	assert_false(safe_text_is_clean("\x80", 1));
	assert_false(safe_text_is_clean("a\0b", 3));
	assert_false(safe_text_is_clean("\u202e", 3));
}

static void width_counts_columns_not_octets(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_int_equal(safe_text_width(""), 0);
	assert_int_equal(safe_text_width("abc"), 3);
	assert_int_equal(safe_text_width("caf\u00e9"), 4);
	assert_int_equal(safe_text_width("\u65e5\u672c"), 4);
	assert_int_equal(safe_text_width("e\u0301"), 1);
	setlocale(LC_CTYPE, "C");
	assert_int_equal(safe_text_width("caf\u00e9"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_text_passes_unchanged),
		cmocka_unit_test(controls_become_visible),
		cmocka_unit_test(marks_that_turn_the_reading_order_become_visible),
		cmocka_unit_test(invalid_utf_8_becomes_octets),
		cmocka_unit_test(long_text_is_cut_at_a_character),
		cmocka_unit_test(every_size_of_buffer_holds_its_text),
		cmocka_unit_test(clean_text_is_told_from_other_text),
		cmocka_unit_test(width_counts_columns_not_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
