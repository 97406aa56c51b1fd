#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "lorawan/gps_time.h"

#define US INT64_C(1000000)

static int64_t utc(const char *text)
{
	int64_t t = 0;

	assert_int_equal(clock_parse(text, strlen(text), &t), 0);
	return t;
}

static void every_leap_second_lies_at_the_end_of_june_or_december(void **state)
{
	static const char *const after[] = {
		"1981-07-01", "1982-07-01", "1983-07-01", "1985-07-01", "1988-01-01", "1990-01-01", "1991-01-01",
		"1992-07-01", "1993-07-01", "1994-07-01", "1996-01-01", "1997-07-01", "1999-01-01", "2006-01-01",
		"2009-01-01", "2012-07-01", "2015-07-01", "2017-01-01",
	};
	const int64_t epoch = utc("1980-01-06T00:00:00Z");

	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		char text[32] = "";
		int64_t t;

		strcat(strcpy(text, after[i]), "T00:00:00Z");
		t = utc(text);
		assert_true(gps_us_from_wall_us(t - 1) == (uint64_t)(t - 1 - epoch + (int64_t)i * US));
		assert_true(gps_us_from_wall_us(t) == (uint64_t)(t - epoch + (int64_t)(i + 1) * US));
		assert_true(wall_us_from_gps_us(gps_us_from_wall_us(t)) == t);
		assert_true(wall_us_from_gps_us(gps_us_from_wall_us(t - 1)) == t - 1);
		/* Inside the leap second. */
		assert_true(wall_us_from_gps_us(gps_us_from_wall_us(t) - US / 2) == t + US / 2);
	}
}

static void times_before_gps_are_0_and_nonsense_does_not_overflow(void **state)
{
	(void)state;
	assert_true(gps_us_from_wall_us(utc("1980-01-05T23:59:59Z")) == 0);
	assert_true(gps_us_from_wall_us(INT64_MIN) == 0);
	assert_true(wall_us_from_gps_us(0) == utc("1980-01-06T00:00:00Z"));
	assert_true(wall_us_from_gps_us(UINT64_MAX) > 0);
	assert_true(gps_us_from_wall_us(INT64_MAX) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_leap_second_lies_at_the_end_of_june_or_december),
		cmocka_unit_test(times_before_gps_are_0_and_nonsense_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
