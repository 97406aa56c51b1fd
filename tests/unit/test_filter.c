/* test_filter.c - the filter language on rows in memory: what it matches, and what it says where it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/filter.h"
#include "model/filter_text.h"

#define NOW_US INT64_C(1767607200000000) /* 2026-01-05T10:00:00Z */

static const char row_text[] =
	"{\"dev_eui\": \"0004a30b001c0530\", \"name\": \"Pump-north\", \"application_name\": \"meters\", \"enabled\": true,"
	" \"application_id\": \"6f1f3c5e-0000-4000-8000-000000000002\","
	" \"join_eui\": \"70b3d57ed0000000\", \"dev_addr\": \"01020304\", \"f_cnt_up\": 258, \"dr\": null,"
	" \"device_class\": \"C\", \"description\": \"\", \"desired_rx1_delay_s\": 5, \"desired_rx2_freq_hz\": 869525000,"
	" \"last_seen_at\": \"2026-01-05T08:30:00.000000Z\", \"tags\": {\"site\": \"paris\", \"floor.2\": \"it's\", \"empty\": \"\"}}";

static int parse(enum entity_id e, const char *text, struct filter **f, struct filter_error *error)
{
	const struct filter_context ctx = {.entity = &model_entities[e], .now_us = NOW_US};

	return filter_parse(&ctx, text, f, error);
}

static void filters_match_what_they_say(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} table[] = {
		{"", true}, {"  ", true},
		{"name = Pump-north", true}, {"name='Pump-north'", true}, {"name=\"pump-north\"", false},
		{"NAME = Pump-north", true}, {"label = Pump-north", true}, {"last-seen-at < now", true},
		{"name != x", true}, {"name != Pump-north", false}, {"not name = x", true}, {"not not name = x", false},
		{"dev_eui = 00-04-A3-0B-00-1C-05-30", true}, {"deveui = 0x0004A30B001C0530", true},
		{"dev_eui = 0004a30b001c0531", false}, {"dev_eui in (0004a30b001c0531, 00:04:a3:0b:00:1c:05:30)", true},
		{"dev_addr = 01.02.03.04", true}, {"dev_addr < 01020305", true}, {"dev_addr >= 01020305", false},
		{"f_cnt_up = 258", true}, {"f_cnt_up > 257 and f_cnt_up < 259", true}, {"f_cnt_up<=257", false},
		{"f_cnt_up in (1,2, 258)", true}, {"f_cnt_up not in (1, 2)", true}, {"f_cnt_up not in (258)", false},
		{"f_cnt_up < 99999999999", true},
		/* what has no value matches no comparison, and `not` is the opposite */
		{"dr = 3", false}, {"dr != 3", true}, {"dr < 3", false}, {"dr >= 3", false}, {"not dr < 3", true},
		{"dr in (1,2)", false}, {"dr not in (1,2)", true}, {"has dr", false}, {"not has dr", true}, {"dr = null", true},
		{"dr != null", false}, {"name != null", true}, {"has name", true}, {"has description", false},
		{"description = ''", true}, {"description != ''", false}, {"description ~ '^'", false}, {"description < z", false},
		/* alone */
		{"enabled", true}, {"not enabled", false}, {"enabled = no", false}, {"enabled != off", true},
		{"pump", true}, {"NORTH", true}, {"pumps", false}, {"'ump-n'", true}, {"a3:0b:00", true}, {"1c0530", true},
		{"0304", true}, {"70b3d5", true}, {"paris", false}, {"ffff", false},
		/* patterns */
		{"name ~ ^Pump", true}, {"name ~ ^pump", false}, {"name ~ '(north|south)$'", true}, {"name =* 'Pump-*'", true},
		{"name =* *north", true}, {"name =* Pump", false}, {"name =* '?ump*n?rth'", true}, {"dev_eui ~ ^0004", true},
		{"dev_eui =* *0530", true}, {"device_class ~ '[BC]'", true}, {"dr ~ 5", false} /* refused below */,
		/* times, dates, durations, units */
		{"last_seen_at < now-24h", false}, {"last_seen_at < now-1h", true}, {"last_seen_at > now-1h31m", true},
		{"last_seen_at > 2026-01-05", true}, {"last_seen_at < 2026-01-05", false}, {"last_seen_at = 2026-01-05T08:30", true},
		{"last_seen_at = '2026-01-05 08:30:00'", true}, {"last_seen_at = 2026-01-05T09:30:00+01:00", true},
		{"last_seen_at < now+7d", true}, {"desired_rx1_delay_s = 5s", true}, {"desired_rx1_delay_s < 1m", true},
		{"desired_rx2_freq_hz = 869.525MHz", true}, {"desired_rx2_freq_hz > 868MHz", true},
		{"desired_rx2_freq_hz = 869525 kHz", false} /* refused below */,
		/* tags */
		{"tag.site = paris", true}, {"tags.site=paris", true}, {"tag.site != rome", true}, {"tag.nope != rome", true},
		{"tag.nope = rome", false}, {"has tag.site", true}, {"has tag.nope", false}, {"has tags", true},
		{"tag.empty = null", true}, {"tag.floor.2 = 'it''s'", true}, {"tag.site ~ ^par", true}, {"tag.site =* p*s", true},
		{"tag.site in (rome, paris)", true}, {"tag.site = null", false},
		/* references by name, choices */
		{"app = meters", true}, {"app = 6f1f3c5e-0000-4000-8000-000000000002", true},
		{"application_id = 6f1f3c5e-0000-4000-8000-000000000003", false}, {"app in (lamps, meters)", true},
		{"app ~ 5e-0000", true}, {"device_class = c", true}, {"device_class in (A,B)", false},
		/* binding: not, and, or */
		{"name = x or enabled", true}, {"name = x and enabled or f_cnt_up = 258", true},
		{"name = x and (enabled or f_cnt_up = 258)", false}, {"not name = x and enabled", true},
		{"not (name = x or enabled)", false}, {"enabled or name = x and name = y", true}, {"(((enabled)))", true},
		{"NOT enabled OR Enabled", true},
	};
	json_t *row = json_loads(row_text, 0, NULL);

	(void)state;
	assert_non_null(row);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct filter_error error;
		struct filter *f;

		if (parse(E_DEVICE, table[i].text, &f, &error)) {
			if (table[i].yes)
				fail_msg("%s: column %zu: %s", table[i].text, error.column, error.why);
			continue;
		}
		if (filter_match(f, filter_get_member, row) != table[i].yes)
			fail_msg("%s is %s", table[i].text, table[i].yes ? "false" : "true");
		filter_free(f);
	}
	json_decref(row);
}

static void errors_say_where_and_why(void **state)
{
	static const struct {
		const char *text;
		size_t column;
		const char *why, *hint;
	} table[] = {
		{"nmae = x", 1, "device has no field 'nmae'", "name"},
		{"enabled and lastseen_at > now", 13, "no field 'lastseen_at'", "last_seen_at"},
		{"has dev_adr", 5, "no field 'dev_adr'", "dev_addr"},
		{"name", 1, "an operator and a value are needed after name", "has name"},
		{"name =", 7, "a value is needed here", ""},
		{"name = x y", 10, "'and' or 'or' is needed", ""},
		{"name = x && enabled", 10, "none of the words", "and"},
		{"name == x", 6, "none of the signs", "="},
		{"name !~ x", 6, "none of the signs", "not FIELD ~ 'REGEX'"},
		{"! enabled", 1, "none of the signs", "not"},
		{"(enabled", 1, "this parenthesis is not closed", ""},
		{"enabled)", 8, "closes nothing", ""},
		{"(enabled name)", 10, "'and', 'or' or ')'", ""},
		{"name = 'x", 8, "quote is not closed", ""},
		{"name in x", 9, "values in parentheses", ""},
		{"name in (x", 11, "',' or ')'", ""},
		{"name in (x, '')", 13, "empty text is no value", ""},
		{"dr = 1 and", 11, "a condition is needed here", ""},
		{"and dr = 1", 1, "a condition is needed here", ""},
		{"dr ~ 5", 4, "dr is no text", ""},
		{"enabled > no", 9, "true or false", ""},
		{"dr < null", 6, "neither less nor more", ""},
		{"dr = many", 6, "dr: a whole number is needed", ""},
		{"device_class = D", 16, "device_class: 'D' is not one of A B C", "A"},
		{"dev_eui = 0004a30b", 11, "dev_eui: 8 hex digits, 16 needed", ""},
		{"last_seen_at < 24h", 16, "24h is a duration, a moment is needed", "now-24h"},
		{"last_seen_at < yesterday", 16, "'yesterday' is no time", ""},
		{"last_seen_at < 2026-02-31", 16, "is no time", ""},
		{"desired_rx2_freq_hz = 869525 kHz", 30, "'and' or 'or' is needed", ""},
		{"name ~ 'a('", 8, "not a regular expression", ""},
		{"name ~ '(a)\\1'", 8, "no back references", ""},
		{"name ~ 'a{30}{30}'", 8, "at most 64 repetitions", ""},
		{"tag. = x", 1, "tag.KEY", ""},
		{"tag.a/b = x", 1, "tag.KEY", ""},
		{"tags = x", 6, "asked one by one", "tag.site = paris"},
		{"application_name = \xc3\xa9t\xc3\xa9 or ~", 27, "a condition is needed here", ""},
		{"\xff = x", 1, "no field", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct filter_error error;
		struct filter *f;

		assert_int_equal(parse(E_DEVICE, table[i].text, &f, &error), LS_EUSAGE);
		assert_null(f);
		if (!strstr(error.why, table[i].why) || error.column != table[i].column || strcmp(error.hint, table[i].hint))
			fail_msg("%s: column %zu: %s (%s)", table[i].text, error.column, error.why, error.hint);
	}
}

static void secrets_and_places_are_no_fields(void **state)
{
	struct filter_error error;
	struct filter *f;

	(void)state;
	assert_int_equal(parse(E_DEVICE_KEYS, "app_key = 2b7e151628aed2a6abf7158809cf4f3c", &f, &error), LS_EUSAGE);
	assert_non_null(strstr(error.why, "cannot be used"));
	assert_int_equal(parse(E_DEVICE_KEYS, "app_key ~ ^2b", &f, &error), LS_EUSAGE);
	assert_int_equal(parse(E_DEVICE_KEYS, "has app_key", &f, &error), LS_EUSAGE);
	assert_int_equal(parse(E_EVENT, "cursor = 1-2", &f, &error), LS_EUSAGE);
}

static void size_and_depth_are_bounded(void **state)
{
	static char text[2 * FILTER_TEXT_MAX];
	struct filter_error error;
	struct filter *f;

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(text, "(");
	strcat(text, "enabled");
	assert_int_equal(parse(E_DEVICE, text, &f, &error), LS_EUSAGE);
	assert_non_null(strstr(error.why, "nested too deep"));
	assert_int_equal(error.column, FILTER_DEPTH_MAX + 1);
	memset(text, 0, sizeof(text));
	for (int i = 0; i < 70; i++)
		strcat(text, i ? " or dr=1" : "dr=1");
	assert_int_equal(parse(E_DEVICE, text, &f, &error), LS_EUSAGE);
	assert_non_null(strstr(error.why, "too many conditions"));
	memset(text, 0, sizeof(text));
	strcat(text, "dr in (1");
	for (int i = 0; i < FILTER_VALUES_MAX; i++)
		strcat(text, ",1");
	strcat(text, ")");
	assert_int_equal(parse(E_DEVICE, text, &f, &error), LS_EUSAGE);
	assert_non_null(strstr(error.why, "more than 100 values"));
	memset(text, ' ', FILTER_TEXT_MAX + 1);
	assert_int_equal(parse(E_DEVICE, text, &f, &error), LS_EUSAGE);
	assert_non_null(strstr(error.why, "at most 4096"));
}

/* Of the gateways of a frame one is enough. */
static void many_values_need_one_that_fits(void **state)
{
	json_t *row = json_loads("{\"name\": [\"a\", \"bc\"], \"dr\": []}", 0, NULL);
	static const struct {
		const char *text;
		bool yes;
	} table[] = {
		{"name = a", true}, {"name = bc", true}, {"name = c", false}, {"name != a", false}, {"name != c", true},
		{"name ~ ^b", true}, {"has name", true}, {"has dr", false}, {"name in (x, bc)", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct filter_error error;
		struct filter *f;

		assert_int_equal(parse(E_DEVICE, table[i].text, &f, &error), LS_OK);
		if (filter_match(f, filter_get_member, row) != table[i].yes)
			fail_msg("%s", table[i].text);
		filter_free(f);
	}
	json_decref(row);
}

static json_t *who(void *arg, const struct entity *target, const char *name)
{
	assert_string_equal(target->name, "tenant");
	(void)arg;
	return strcmp(name, "acme") == 0 ? json_pack("[s,s]", "6f1f3c5e-0000-4000-8000-000000000002", "6f1f3c5e-0000-4000-8000-000000000003")
	                                 : NULL;
}

static void names_are_resolved_where_the_row_has_only_ids(void **state)
{
	const struct field fields[] = {{"owner_id", FT_REF, 0, 0, 0, "tenant", NULL, "owner_id", NULL, NULL, 0, ""}};
	const struct entity e = {"thing", "", NULL, NULL, fields, 1, "owner_id", ""};
	struct filter_context ctx = {.entity = &e, .resolve = who};
	json_t *row = json_pack("{s:s}", "owner_id", "6f1f3c5e-0000-4000-8000-000000000003");
	struct filter_error error;
	struct filter *f;

	(void)state;
	assert_int_equal(filter_parse(&ctx, "owner_id = acme", &f, &error), LS_OK);
	assert_true(filter_match(f, filter_get_member, row));
	filter_free(f);
	assert_int_equal(filter_parse(&ctx, "owner_id != acme", &f, &error), LS_OK);
	assert_false(filter_match(f, filter_get_member, row));
	filter_free(f);
	assert_int_equal(filter_parse(&ctx, "owner_id = acne", &f, &error), LS_EUSAGE);
	assert_string_equal(error.why, "no tenant is called 'acne'");
	ctx.resolve = NULL;
	assert_int_equal(filter_parse(&ctx, "owner_id = acme", &f, &error), LS_EUSAGE);
	json_decref(row);
}

static void globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool yes;
	} table[] = {
		{"", "", true}, {"*", "", true}, {"**", "x", true}, {"?", "", false}, {"?", "\xc3\xa9", true}, {"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false}, {"*aab", "aaaab", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"[a]", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (glob_matches(table[i].pattern, table[i].text) != table[i].yes)
			fail_msg("%s on %s", table[i].pattern, table[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_match_what_they_say),
		cmocka_unit_test(errors_say_where_and_why),
		cmocka_unit_test(secrets_and_places_are_no_fields),
		cmocka_unit_test(size_and_depth_are_bounded),
		cmocka_unit_test(many_values_need_one_that_fits),
		cmocka_unit_test(names_are_resolved_where_the_row_has_only_ids),
		cmocka_unit_test(globs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
