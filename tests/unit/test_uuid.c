#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/uuid.h"

static void text_goes_both_ways(void **state)
{
	struct uuid id, again;
	char buf[UUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(uuid_parse("01234567-89AB-4cde-bf01-23456789abcd", &id), LS_OK);
	assert_int_equal(id.b[0], 0x01);
	assert_int_equal(id.b[15], 0xcd);
	assert_string_equal(uuid_format(id, buf), "01234567-89ab-4cde-bf01-23456789abcd");
	assert_int_equal(uuid_parse(buf, &again), LS_OK);
	assert_true(uuid_equal(id, again));
}

static void wrong_text_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "01234567-89ab-4cde-bf01-23456789abc", "01234567-89ab-4cde-bf01-23456789abcd0",
		"0123456789ab4cdebf0123456789abcd", "01234567+89ab-4cde-bf01-23456789abcd",
		"01234567-89ab-4cde-bf01-23456789abcg", "0123456-789ab-4cde-bf01-23456789abcd",
		"{1234567-89ab-4cde-bf01-23456789abc}",
	};
	struct uuid id;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(uuid_parse(wrong[i], &id), LS_EFORMAT);
}

static void random_ones_are_version_4_and_differ(void **state)
{
	static const uint8_t zeros[16];
	uint8_t ones[16];
	char buf[UUID_TEXT_SIZE];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_string_equal(uuid_format(uuid_from_random(zeros), buf), "00000000-0000-4000-8000-000000000000");
	assert_string_equal(uuid_format(uuid_from_random(ones), buf), "ffffffff-ffff-4fff-bfff-ffffffffffff");
	assert_false(uuid_equal(uuid_random(), uuid_random()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_both_ways),
		cmocka_unit_test(wrong_text_is_refused),
		cmocka_unit_test(random_ones_are_version_4_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
