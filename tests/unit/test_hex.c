#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/hex.h"

static void hex_goes_both_ways_for_every_octet(void **state)
{
	uint8_t data[256], back[256];
	char text[513];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	assert_ptr_equal(hex_encode(data, sizeof(data), text), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text + 508, "feff", 4);
	assert_int_equal(hex_decode(text, 512, back, sizeof(back), &len), LS_OK);
	assert_int_equal(len, 256);
	assert_memory_equal(back, data, sizeof(data));
}

static void wrong_hex_is_refused(void **state)
{
	uint8_t out[2];
	size_t len = 9;

	(void)state;
	assert_int_equal(hex_decode("", 0, out, sizeof(out), &len), LS_OK);
	assert_int_equal(len, 0);
	assert_int_equal(hex_decode("ABcd", 4, out, sizeof(out), &len), LS_OK);
	assert_int_equal(out[1], 0xcd);
	assert_int_equal(hex_decode("abc", 3, out, sizeof(out), &len), LS_EFORMAT);
	assert_int_equal(hex_decode("ag", 2, out, sizeof(out), &len), LS_EFORMAT);
	assert_int_equal(hex_decode("a ", 2, out, sizeof(out), &len), LS_EFORMAT);
	assert_int_equal(hex_decode("aabbcc", 6, out, sizeof(out), &len), LS_ELONG);
	assert_int_equal(hex_decode("aabbcz", 6, out, sizeof(out), &len), LS_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_goes_both_ways_for_every_octet),
		cmocka_unit_test(wrong_hex_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
