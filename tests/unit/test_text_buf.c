#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/text_buf.h"

#define BECOMES(want, call) do { \
		struct text_buf t; \
		text_buf_init(&t); \
		call; \
		assert_false(t.bad); \
		assert_int_equal(t.len, strlen(want)); \
		assert_string_equal(t.data, want); \
		text_buf_fini(&t); \
	} while (0)

static void numbers_have_all_their_digits(void **state)
{
	(void)state;
	BECOMES("0", text_put_u64(&t, 0));
	BECOMES("10", text_put_u64(&t, 10));
	BECOMES("9", text_put_u64(&t, 9));
	BECOMES("99", text_put_u64(&t, 99));
	BECOMES("100", text_put_u64(&t, 100));
	BECOMES("18446744073709551615", text_put_u64(&t, UINT64_MAX));
	BECOMES("-1", text_put_i64(&t, -1));
	BECOMES("9223372036854775807", text_put_i64(&t, INT64_MAX));
	BECOMES("-9223372036854775808", text_put_i64(&t, INT64_MIN));
}

static void numbers_at_each_power_of_ten_and_of_two(void **state)
{
	char want[32];

	(void)state;
	for (uint64_t power = 10; power < UINT64_C(10000000000000000000); power *= 10)
		for (uint64_t v = power - 1; v <= power; v++) {
			snprintf(want, sizeof(want), "%llu", (unsigned long long)v);
			BECOMES(want, text_put_u64(&t, v));
		}
	for (int bit = 0; bit < 64; bit++)
		for (int less = 0; less < 2; less++) {
			uint64_t v = (UINT64_C(1) << bit) - (uint64_t)less;

			snprintf(want, sizeof(want), "%llu", (unsigned long long)v);
			BECOMES(want, text_put_u64(&t, v));
		}
}

static void fixed_keeps_one_decimal_and_drops_zeros(void **state)
{
	(void)state;
	BECOMES("10.5", text_put_fixed(&t, 105, 1));
	BECOMES("10.0", text_put_fixed(&t, 100, 1));
	BECOMES("0.0", text_put_fixed(&t, 0, 3));
	BECOMES("7.0", text_put_fixed(&t, 7, 0));
	BECOMES("0.005", text_put_fixed(&t, 5, 3));
	BECOMES("0.05", text_put_fixed(&t, 50, 3));
	BECOMES("-0.25", text_put_fixed(&t, -25, 2));
	BECOMES("868.1", text_put_fixed(&t, 868100000, 6));
	BECOMES("-17.2", text_put_fixed(&t, -1720, 2));
	BECOMES("-9.223372036854775808", text_put_fixed(&t, INT64_MIN, 18));
	BECOMES("0.09223372036854775807", text_put_fixed(&t, INT64_MAX, 20));
}

static void json_strings_are_always_valid(void **state)
{
	(void)state;
	BECOMES("\"\"", text_put_json(&t, "", 0));
	BECOMES("\"plain \u65e5\"", text_put_json(&t, "plain \u65e5", 9));
	BECOMES("\"a\\\"b\\\\c\"", text_put_json(&t, "a\"b\\c", 5));
	BECOMES("\"\\n\\t\\r\\b\\f\\u0000\\u001f\\u007f\"", text_put_json(&t, "\n\t\r\b\f\0\x1f\x7f", 8));
	BECOMES("\"x\ufffdy\"", text_put_json(&t, "x\xffy", 3));
	BECOMES("\"\ufffd\ufffd\"", text_put_json(&t, "\xe2\x82", 2));
	BECOMES("\"\ufffd\ufffd\ufffd\"", text_put_json(&t, "\xed\xa0\x80", 3));
}

static void octets_become_hex_and_base64(void **state)
{
	(void)state;
	BECOMES("00ff10", text_put_hex(&t, "\x00\xff\x10", 3));
	BECOMES("x", (text_putc(&t, 'x'), text_put_hex(&t, "", 0)));
	BECOMES("AP8Q", text_put_base64(&t, "\x00\xff\x10", 3));
	BECOMES("AP8=", text_put_base64(&t, "\x00\xff", 2));
}

static void printf_of_any_length_fits(void **state)
{
	char text[2001];

	(void)state;
	memset(text, 'y', 2000);
	text[2000] = '\0';
	for (int n = 0; n <= 2000; n += 37) {
		struct text_buf t;

		text_buf_init(&t);
		text_puts(&t, "ab");
		text_printf(&t, "%.*s|%d", n, text, n);
		assert_false(t.bad);
		assert_int_equal(strlen(t.data), t.len);
		assert_int_equal(t.data[2 + n], '|');
		text_buf_fini(&t);
	}
}

static void buffer_grows_over_many_small_writes(void **state)
{
	struct text_buf t;

	(void)state;
	text_buf_init(&t);
	assert_null(t.data);
	for (unsigned i = 0; i < 100000; i++) {
		text_put_u64(&t, i % 10);
		assert_int_equal(t.data[t.len], '\0');
	}
	assert_int_equal(t.len, 100000);
	assert_int_equal(t.data[99999], '9');
	text_buf_reset(&t);
	assert_int_equal(t.len, 0);
	assert_string_equal(t.data, "");
	text_puts(&t, "again");
	assert_string_equal(t.data, "again");
	text_buf_fini(&t);
}

static void bad_buffer_stays_bad_until_reset(void **state)
{
	struct text_buf t;

	(void)state;
	text_buf_init(&t);
	text_puts(&t, "kept");
	text_put(&t, "", SIZE_MAX - 8); /* no memory of that size exists, nothing is read */
	assert_true(t.bad);
	text_puts(&t, "lost");
	text_putc(&t, 'c');
	text_put_hex(&t, "a", 1);
	text_put_json(&t, "a", 1);
	text_put_fixed(&t, 1, 1);
	text_printf(&t, "%d", 1);
	assert_int_equal(t.len, 4);
	text_buf_reset(&t);
	text_puts(&t, "works");
	assert_false(t.bad);
	assert_string_equal(t.data, "works");
	text_buf_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_all_their_digits),
		cmocka_unit_test(numbers_at_each_power_of_ten_and_of_two),
		cmocka_unit_test(fixed_keeps_one_decimal_and_drops_zeros),
		cmocka_unit_test(json_strings_are_always_valid),
		cmocka_unit_test(octets_become_hex_and_base64),
		cmocka_unit_test(printf_of_any_length_fits),
		cmocka_unit_test(buffer_grows_over_many_small_writes),
		cmocka_unit_test(bad_buffer_stays_bad_until_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
