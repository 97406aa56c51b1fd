#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/key.h"

static const struct ls_key sample = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
				      0x1f, 0x2a}};

static void key_is_read_in_every_usual_form(void **state)
{
	static const char *const forms[] = {
		"00112233445566778899aabbccdd1f2a", "00112233445566778899AABBCCDD1F2A",
		" 00 11 22 33 44 55 66 77 88 99 aa bb cc dd 1f 2a\t", "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:1f:2a",
		"00112233-44556677-8899aabb-ccdd1f2a", " 0x00112233445566778899aabbccdd1f2a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct ls_key key = {{0}};

		assert_int_equal(key_parse(forms[i], &key), LS_OK);
		assert_true(key_equal(&key, &sample));
	}
}

static void wrong_key_text_is_refused(void **state)
{
	struct ls_key key = sample;

	(void)state;
	assert_int_equal(key_parse("", &key), LS_ESHORT);
	assert_int_equal(key_parse("00112233445566778899aabbccdd1f2", &key), LS_ESHORT);
	assert_int_equal(key_parse("00112233445566778899aabbccdd1f2a0", &key), LS_ELONG);
	assert_int_equal(key_parse("00112233445566778899aabbccdd1f2.", &key), LS_EFORMAT);
	assert_true(key_equal(&key, &sample));
}

static void mask_shows_the_last_four_digits_only(void **state)
{
	char buf[KEY_MASK_SIZE];

	(void)state;
	assert_string_equal(key_mask(&sample, buf), "\u2022\u2022\u2022\u20221f2a");
}

static void keys_reveal_compare_and_wipe(void **state)
{
	static const struct ls_key zero;
	char buf[KEY_TEXT_SIZE];
	struct ls_key key = sample;

	(void)state;
	assert_string_equal(key_reveal(&sample, buf), "00112233445566778899aabbccdd1f2a");
	key.b[15] ^= 1;
	assert_false(key_equal(&key, &sample));
	key_wipe(&key);
	assert_true(key_equal(&key, &zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_read_in_every_usual_form),
		cmocka_unit_test(wrong_key_text_is_refused),
		cmocka_unit_test(mask_shows_the_last_four_digits_only),
		cmocka_unit_test(keys_reveal_compare_and_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
