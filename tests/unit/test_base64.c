#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/error.h"

static void vectors_of_rfc_4648_hold(void **state)
{
	static const struct {
		const char *plain, *text;
	} rows[] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[BASE64_SIZE(6)];
		uint8_t out[6];
		size_t plain_len = strlen(rows[i].plain), len = 99;

		assert_int_equal(base64_encode(rows[i].plain, plain_len, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(base64_decode(text, strlen(text), out, sizeof(out), &len), LS_OK);
		assert_int_equal(len, plain_len);
		assert_memory_equal(out, rows[i].plain, plain_len);
	}
}

static void every_length_and_octet_goes_both_ways(void **state)
{
	uint8_t data[300], back[300];
	char text[BASE64_SIZE(300)];

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t n = 0; n <= sizeof(data); n++) {
		size_t text_len = base64_encode(data, n, text), len = 0;

		assert_int_equal(text_len + 1, BASE64_SIZE(n));
		assert_int_equal(base64_decode(text, text_len, back, n, &len), LS_OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, data, n);
		if (n)
			assert_int_equal(base64_decode(text, text_len, back, n - 1, &len), LS_ELONG);
	}
}

static void both_alphabets_and_missing_padding_are_read(void **state)
{
	static const uint8_t want[] = {0xfb, 0xef, 0xff, 0xfe};
	static const char *const forms[] = {"++///g==", "--___g==", "++///g", "--___g", "+-/_/g"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint8_t out[4];
		size_t len = 0;

		assert_int_equal(base64_decode(forms[i], strlen(forms[i]), out, sizeof(out), &len), LS_OK);
		assert_int_equal(len, 4);
		assert_memory_equal(out, want, 4);
	}
}

static void wrong_base64_is_refused(void **state)
{
	static const char *const wrong[] = {
		"A", "AAAAA", "=", "==", "====", "A===", "AA=", "AAA==", "AAAA=", "AA==AAAA", "AA=A", "A=AA", "AA A",
		"AAA\n", "AAAA\n", "AA.A", "AAA\xff", " AAA",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t out[16];
		size_t len = 0;

		assert_int_equal(base64_decode(wrong[i], strlen(wrong[i]), out, sizeof(out), &len), LS_EFORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_rfc_4648_hold),
		cmocka_unit_test(every_length_and_octet_goes_both_ways),
		cmocka_unit_test(both_alphabets_and_missing_padding_are_read),
		cmocka_unit_test(wrong_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
