#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "base/clock.h"
#include "base/error.h"

#define US INT64_C(1000000)

static int64_t parsed(const char *text)
{
	int64_t t = 0;

	assert_int_equal(clock_parse(text, strlen(text), &t), LS_OK);
	return t;
}

static void format_agrees_with_the_c_library(void **state)
{
	(void)state;
	/* A step that is no round number, from year 1 to year 9999. */
	for (int64_t s = -62135596800; s < 253402300799; s += 7654321) {
		char want[64], got[CLOCK_TEXT_SIZE];
		time_t t = s;
		struct tm tm;
		size_t n;

		gmtime_r(&t, &tm);
		n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000042Z", &tm);
		if (tm.tm_year + 1900 < 1000)
			continue; /* %Y has no leading zeros there */
		assert_int_equal(clock_format(s * US + 42, got), n);
		assert_string_equal(got, want);
		assert_true(parsed(got) == s * US + 42);
	}
}

static void format_before_1970_counts_forward(void **state)
{
	char buf[CLOCK_TEXT_SIZE];

	(void)state;
	clock_format(-1, buf);
	assert_string_equal(buf, "1969-12-31T23:59:59.999999Z");
	clock_format(-86400 * US, buf);
	assert_string_equal(buf, "1969-12-31T00:00:00.000000Z");
	clock_format(0, buf);
	assert_string_equal(buf, "1970-01-01T00:00:00.000000Z");
}

static void times_beyond_four_digit_years_give_the_nearest_end(void **state)
{
	char buf[CLOCK_TEXT_SIZE];

	(void)state;
	assert_int_equal(clock_format(INT64_MAX, buf), 27);
	assert_string_equal(buf, "9999-12-31T23:59:59.999999Z");
	assert_int_equal(clock_format(INT64_MIN, buf), 27);
	assert_string_equal(buf, "0000-01-01T00:00:00.000000Z");
}

static void chirpstack_form_has_0_3_or_6_decimals(void **state)
{
	int64_t t = parsed("2025-03-04T10:15:31Z");
	char buf[CLOCK_TEXT_SIZE];

	(void)state;
	assert_int_equal(clock_format_chirpstack(t, buf), 25);
	assert_string_equal(buf, "2025-03-04T10:15:31+00:00");
	clock_format_chirpstack(t + 204000, buf);
	assert_string_equal(buf, "2025-03-04T10:15:31.204+00:00");
	assert_int_equal(clock_format_chirpstack(t + 204117, buf), 32);
	assert_string_equal(buf, "2025-03-04T10:15:31.204117+00:00");
	clock_format_chirpstack(t + 7, buf);
	assert_string_equal(buf, "2025-03-04T10:15:31.000007+00:00");
}

static void rfc_3339_is_read_with_any_decimals_and_offsets(void **state)
{
	int64_t t = parsed("2025-03-04T10:15:31.204117Z");

	(void)state;
	assert_true(t == INT64_C(1741083331204117));
	assert_true(parsed("2025-03-04t10:15:31.204117z") == t);
	assert_true(parsed("2025-03-04T10:15:31.204117999Z") == t);
	assert_true(parsed("2025-03-04T12:15:31.204117+02:00") == t);
	assert_true(parsed("2025-03-04T00:45:31.204117-09:30") == t);
	assert_true(parsed("2025-03-04T10:15:31.2Z") == t - 4117);
	assert_true(parsed("2024-02-29T00:00:00Z") - parsed("2024-02-28T00:00:00Z") == 86400 * US);
	assert_true(parsed("0000-01-01T00:00:00Z") == -62167219200 * US);
}

static void leap_second_is_the_start_of_the_next_day(void **state)
{
	int64_t t;

	(void)state;
	assert_true(parsed("2016-12-31T23:59:60Z") == parsed("2017-01-01T00:00:00Z"));
	assert_true(parsed("2017-01-01T00:59:60+01:00") == parsed("2017-01-01T00:00:00Z"));
	assert_int_equal(clock_parse("2016-12-31T22:59:60Z", 20, &t), LS_ERANGE);
}

static void wrong_times_are_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"", LS_EFORMAT}, {"2025", LS_EFORMAT}, {"2025-03-04", LS_EFORMAT}, {"2025-03-04T10:15:31", LS_EFORMAT},
		{"2025-03-04 10:15:31Z", LS_EFORMAT}, {"2025-03-04T10:15:31.Z", LS_EFORMAT},
		{"2025-03-04T10:15:31ZZ", LS_EFORMAT}, {"2025-03-04T10:15:31+0200", LS_EFORMAT},
		{"2025-03-04T10:15:31+02", LS_EFORMAT}, {"2025-3-4T10:15:31Z", LS_EFORMAT}, {"2025-03-04T10:15Z", LS_EFORMAT},
		{"-025-03-04T10:15:31Z", LS_EFORMAT}, {"2025-00-04T10:15:31Z", LS_ERANGE}, {"2025-13-04T10:15:31Z", LS_ERANGE},
		{"2025-02-29T10:15:31Z", LS_ERANGE}, {"1900-02-29T10:15:31Z", LS_ERANGE}, {"2025-04-31T10:15:31Z", LS_ERANGE},
		{"2025-03-00T10:15:31Z", LS_ERANGE}, {"2025-03-04T24:00:00Z", LS_ERANGE}, {"2025-03-04T10:60:00Z", LS_ERANGE},
		{"2025-03-04T10:15:61Z", LS_ERANGE}, {"2025-03-04T10:15:31+24:00", LS_ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t t = 7;

		assert_int_equal(clock_parse(rows[i].text, strlen(rows[i].text), &t), rows[i].rc);
		assert_true(t == 7);
	}
}

static void every_cut_of_a_time_is_refused(void **state)
{
	static const char text[] = "2025-03-04T12:15:31.204117+02:00";
	int64_t t;

	(void)state;
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(clock_parse(text, n, &t), LS_EFORMAT);
}

static void durations_go_both_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
		const char *normal;
	} rows[] = {
		{"200ms", 200000, "200ms"}, {"1s", US, "1s"}, {"15m", 900 * US, "15m"}, {"24h", 86400 * US, "1d"},
		{"7d", 7 * 86400 * US, "7d"}, {"1h30m", 5400 * US, "1h30m"}, {"90m", 5400 * US, "1h30m"}, {"0s", 0, "0s"},
		{"0ms", 0, "0s"}, {"1s500ms", 1500000, "1s500ms"}, {"5us", 5, "5us"}, {"1d1us", 86400 * US + 1, "1d1us"},
		{"9223372036854775807us", INT64_MAX, "106751991d4h54s775ms807us"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[CLOCK_TEXT_SIZE];
		int64_t us = -1;

		assert_int_equal(duration_parse(rows[i].text, &us), LS_OK);
		assert_true(us == rows[i].us);
		assert_string_equal(duration_format(us, buf), rows[i].normal);
		assert_int_equal(duration_parse(buf, &us), LS_OK);
		assert_true(us == rows[i].us);
	}
}

static void duration_without_unit_is_refused(void **state)
{
	static const char *const wrong[] = {"", "0", "15", "1h30", "ms", "1 s", "1S", "-1s", "1.5s", "1m1h", "1s1s", "1w", "1hm"};
	char buf[CLOCK_TEXT_SIZE];
	int64_t us = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(duration_parse(wrong[i], &us), LS_EFORMAT);
	assert_int_equal(duration_parse("9223372036854775808us", &us), LS_ERANGE);
	assert_int_equal(duration_parse("106751992d", &us), LS_ERANGE);
	assert_int_equal(duration_parse("99999999999999999999999999s", &us), LS_ERANGE);
	assert_true(us == 7);
	assert_string_equal(duration_format(-1500000, buf), "-1s500ms");
	assert_string_equal(duration_format(INT64_MIN, buf), "-106751991d4h54s775ms808us");
}

static void clocks_run(void **state)
{
	uint64_t mono = clock_mono_us();

	(void)state;
	assert_true(clock_wall_us() > parsed("2024-01-01T00:00:00Z"));
	assert_true(clock_mono_us() >= mono);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_agrees_with_the_c_library),
		cmocka_unit_test(format_before_1970_counts_forward),
		cmocka_unit_test(times_beyond_four_digit_years_give_the_nearest_end),
		cmocka_unit_test(chirpstack_form_has_0_3_or_6_decimals),
		cmocka_unit_test(rfc_3339_is_read_with_any_decimals_and_offsets),
		cmocka_unit_test(leap_second_is_the_start_of_the_next_day),
		cmocka_unit_test(wrong_times_are_refused),
		cmocka_unit_test(every_cut_of_a_time_is_refused),
		cmocka_unit_test(durations_go_both_ways),
		cmocka_unit_test(duration_without_unit_is_refused),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
