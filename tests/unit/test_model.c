/* test_model.c - the registry: every row is whole, and every check says what it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "control/protocol.h"
#include "model/model.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- rows --- */

static bool is_snake(const char *name)
{
	return *name >= 'a' && *name <= 'z' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void check_field_row(const struct field *f)
{
	assert_non_null(f->name);
	assert_true(is_snake(f->name));
	assert_non_null(f->help);
	assert_true(strlen(f->help) > 2);
	assert_string_not_equal(field_type_name(f->type), "?");
	assert_true(f->min <= f->max);
	if (f->type == FT_REF)
		assert_non_null(entity_find(f->choices));
	if (f->type == FT_ENUM)
		assert_non_null(f->choices);
	if (f->type == FT_KEY)
		assert_true(f->flags & FF_SECRET);
	if (f->preset) {
		json_t *value = json_loads(f->preset, JSON_DECODE_ANY, NULL), *clean = NULL;
		char why[128], hint[128];

		assert_non_null(value);
		assert_int_equal(field_check(f, value, &clean, why, sizeof(why), hint, sizeof(hint)), LS_OK);
		json_decref(value);
		json_decref(clean);
	}
}

static void entities_are_whole(void **state)
{
	(void)state;
	assert_int_equal(model_n_entities, E__COUNT);
	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];
		size_t ids = 0, parents = 0;

		assert_non_null(e->name);
		assert_non_null(e->help);
		assert_ptr_equal(entity_find(e->name), e);
		const char *sort = e->default_sort + (*e->default_sort == '-');

		assert_non_null(entity_field(e, sort));
		for (size_t k = 0; k < e->n_fields; k++) {
			const struct field *f = &e->fields[k];

			check_field_row(f);
			assert_ptr_equal(entity_field(e, f->name), f); /* no twin before it */
			ids += (f->flags & FF_ID) != 0;
			parents += (f->flags & FF_PARENT) != 0;
			if (e->view && strcmp(f->name, "cursor") != 0 && f->column)
				assert_true(is_snake(f->column));
			if (f->flags & FF_COLUMN)
				assert_true(f->width > 0);
		}
		assert_int_equal(ids, 1);
		assert_true(parents <= 1);
		assert_non_null(entity_id_field(e));
	}
}

/* A word people type means one thing only. */
static void words_of_entities_are_unique(void **state)
{
	const char *words[256];
	char store[256][64];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < model_n_entities; i++) {
		const char *lists[] = {model_entities[i].name, model_entities[i].synonyms};

		for (size_t l = 0; l < COUNT(lists); l++)
			for (const char *p = lists[l]; *p;) {
				size_t len = strcspn(p, " ");

				snprintf(store[n], sizeof(store[n]), "%.*s", (int)len, p);
				for (size_t k = 0; k < n; k++)
					assert_string_not_equal(words[k], store[n]);
				assert_ptr_equal(entity_find(store[n]), &model_entities[i]);
				words[n] = store[n];
				n++;
				p += len;
				p += strspn(p, " ");
			}
	}
	assert_null(entity_find(""));
	assert_null(entity_find("devic"));
}

static void synonyms_of_fields_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];

		for (size_t a = 0; a < e->n_fields; a++)
			for (const char *p = e->fields[a].synonyms; p && *p;) {
				size_t len = strcspn(p, " ");

				for (size_t b = 0; b < e->n_fields; b++) {
					const char *other = e->fields[b].synonyms;

					assert_false(strlen(e->fields[b].name) == len && b != a &&
					             memcmp(e->fields[b].name, p, len) == 0);
					while (other && *other) {
						size_t n = strcspn(other, " ");

						assert_false(b != a && n == len && memcmp(other, p, len) == 0);
						other += n;
						other += strspn(other, " ");
					}
				}
				p += len;
				p += strspn(p, " ");
			}
	}
}

/* --- methods --- */

struct flags {
	const struct method *m;
	char name[64][FIELD_FLAG_SIZE];
	char param[64][64];
	bool boolean[64];
	size_t n, positional;
};

static bool collect(void *arg, const struct field *f, bool required)
{
	struct flags *flags = arg;

	(void)required;
	check_field_row(f);
	assert_true(flags->n < COUNT(flags->name));
	field_flag(f, flags->name[flags->n]);
	snprintf(flags->param[flags->n], sizeof(flags->param[0]), "%s", f->name);
	flags->boolean[flags->n] = f->type == FT_BOOL;
	for (size_t i = 0; i < flags->n; i++) {
		assert_string_not_equal(flags->param[i], f->name);
		assert_string_not_equal(flags->name[i], flags->name[flags->n]);
	}
	assert_null(strchr(flags->name[flags->n], '_'));
	flags->positional += (f->flags & FF_POSITIONAL) != 0;
	flags->n++;
	return true;
}

static void methods_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < M__COUNT; i++) {
		const struct method *m = &model_methods[i];
		struct flags flags = {.m = m};
		char name[METHOD_NAME_SIZE];

		assert_int_equal(m->id, (int)i);
		assert_true(strlen(m->help) > 4);
		assert_ptr_equal(method_find(method_name(m, name)), m); /* no twin before it */
		assert_null(strchr(name, ' '));
		if (m->shape != SHAPE_OWN)
			assert_non_null(method_entity(m));
		method_each_param(m, collect, &flags);
		assert_true(flags.positional <= 2); /* two: the second is taken into the first, or out of it */
		if (m->shape == SHAPE_SHOW || m->shape == SHAPE_SET || m->shape == SHAPE_DELETE || m->shape == SHAPE_ACT)
			assert_int_equal(flags.positional, 1);
	}
	assert_null(method_find("device"));
	assert_null(method_find("device.list.x"));
	assert_null(method_find(""));
	assert_ptr_equal(method_find("device.keys.show"), &model_methods[M_DEVICE_KEYS_SHOW]);
}

/* lsctl must know whether a flag takes a value before it knows the verb. */
static void flags_have_one_arity(void **state)
{
	(void)state;
	for (size_t i = 0; i < M__COUNT; i++)
		for (size_t k = 0; k < i; k++) {
			struct flags a = {.m = &model_methods[i]}, b = {.m = &model_methods[k]};

			method_each_param(a.m, collect, &a);
			method_each_param(b.m, collect, &b);
			for (size_t x = 0; x < a.n; x++)
				for (size_t y = 0; y < b.n; y++)
					if (strcmp(a.name[x], b.name[y]) == 0)
						assert_int_equal(a.boolean[x], b.boolean[y]);
		}
}

static bool stop_at_once(void *arg, const struct field *f, bool required)
{
	(void)f, (void)required;
	++*(int *)arg;
	return false;
}

static void walk_stops(void **state)
{
	int calls = 0;

	(void)state;
	method_each_param(&model_methods[M_DEVICE_CREATE], stop_at_once, &calls);
	assert_int_equal(calls, 1);
}

static bool has(const struct flags *flags, const char *param)
{
	for (size_t i = 0; i < flags->n; i++)
		if (strcmp(flags->param[i], param) == 0)
			return true;
	return false;
}

static void scopes_follow_references(void **state)
{
	static const struct {
		enum method_id id;
		bool tenant, application;
	} rows[] = {
		{M_TENANT_LIST, false, false},  {M_APPLICATION_LIST, true, false}, {M_DEVICE_LIST, true, true},
		{M_DEVICE_SHOW, true, true},    {M_DEVICE_CREATE, true, true},     {M_GATEWAY_SHOW, true, false},
		{M_QUEUE_PUSH, true, true},     {M_PROFILE_SET, true, false},      {M_DEVICE_SET, true, true},
		{M_DEVICE_KEYS_SET, true, true}, {M_EVENT_TAIL, true, true},       {M_STATUS, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flags flags = {.m = &model_methods[rows[i].id]};

		method_each_param(flags.m, collect, &flags);
		assert_int_equal(has(&flags, "tenant_id"), rows[i].tenant);
		assert_int_equal(has(&flags, "application_id"), rows[i].application);
	}
}

/* --- field_check --- */

static const struct field *field_of(enum entity_id e, const char *name)
{
	const struct field *f = entity_field(&model_entities[e], name);

	assert_non_null(f);
	return f;
}

static const struct field key_field = {.name = "app_key", .type = FT_KEY, .flags = FF_SECRET};
static const struct field real_field = {.name = "latitude", .type = FT_REAL, .min = -90, .max = 90};
static const struct field port_field = {.name = "f_port", .type = FT_INT, .min = 1, .max = 223};
static const struct field hex_field = {.name = "data", .type = FT_HEX, .min = 1, .max = 4};
static const struct field text_field = {.name = "name", .type = FT_TEXT, .min = 1, .max = 5};
static const struct field time_field = {.name = "since", .type = FT_TIME};
static const struct field bool_field = {.name = "enabled", .type = FT_BOOL};
static const struct field enum_field = {.name = "region", .type = FT_ENUM, .choices = "EU868 AS923_2 US915"};
static const struct field eui_field = {.name = "dev_eui", .type = FT_EUI};
static const struct field addr_field = {.name = "dev_addr", .type = FT_DEV_ADDR};
static const struct field uuid_field = {.name = "id", .type = FT_UUID};
static const struct field tags_field = {.name = "tags", .type = FT_TAGS};
static const struct field device_ref = {.name = "dev_eui", .type = FT_REF, .choices = "device"};
static const struct field tenant_ref = {.name = "tenant_id", .type = FT_REF, .choices = "tenant"};

static void good_values_become_canonical(void **state)
{
	static const struct {
		const struct field *f;
		const char *in, *out;
	} rows[] = {
		{&eui_field, "\"00-04-A3-0B-00-1C-05-30\"", "\"0004a30b001c0530\""},
		{&eui_field, "\"0x0004A30B001C0530\"", "\"0004a30b001c0530\""},
		{&addr_field, "\"01:02:03:0A\"", "\"0102030a\""},
		{&key_field, "\"00112233445566778899AABBCCDDEEFF\"", "\"00112233445566778899aabbccddeeff\""},
		{&uuid_field, "\"D1B7B1A4-7E9E-4D52-9D6A-7F8D2F0F3C55\"", "\"d1b7b1a4-7e9e-4d52-9d6a-7f8d2f0f3c55\""},
		{&port_field, "10", "10"}, {&port_field, "\"10\"", "10"}, {&port_field, "10.0", "10"},
		{&port_field, "1", "1"}, {&port_field, "223", "223"},
		{&real_field, "\"-33.5\"", "-33.5"}, {&real_field, "90", "90.0"},
		{&bool_field, "true", "true"}, {&bool_field, "\"no\"", "false"}, {&bool_field, "\"1\"", "true"},
		{&enum_field, "\"eu868\"", "\"EU868\""}, {&enum_field, "\"AS923-2\"", "\"AS923_2\""},
		{&time_field, "\"2025-03-04T11:15:31+01:00\"", "\"2025-03-04T10:15:31.000000Z\""},
		{&hex_field, "\"01 FF\"", "\"01ff\""}, {&hex_field, "\"0x01:ff\"", "\"01ff\""},
		{&text_field, "\"gr\\u00f6\\u00dfe\"", "\"gr\\u00f6\\u00dfe\""}, /* 5 characters, 7 octets */
		{&text_field, "\"a\\\\b\"", "\"a\\\\b\""},
		{&device_ref, "\"0004A30B-001C0530\"", "\"0004a30b001c0530\""},
		{&device_ref, "\"pump north\"", "\"pump north\""},
		{&device_ref, "\"0004a30b\"", "\"0004a30b\""},
		{&tenant_ref, "\"D1B7B1A4-7E9E-4D52-9D6A-7F8D2F0F3C55\"", "\"d1b7b1a4-7e9e-4d52-9d6a-7f8d2f0f3c55\""},
		{&tenant_ref, "\"0004A30B001C0530\"", "\"0004A30B001C0530\""},
		{&tags_field, "{\"site\":\"paris\",\"a.b-c_1\":\"\"}", "{\"site\":\"paris\",\"a.b-c_1\":\"\"}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *in = json_loads(rows[i].in, JSON_DECODE_ANY, NULL);
		json_t *want = json_loads(rows[i].out, JSON_DECODE_ANY, NULL), *out = NULL;
		char why[256], hint[256];

		assert_non_null(in);
		if (field_check(rows[i].f, in, &out, why, sizeof(why), hint, sizeof(hint)) != LS_OK)
			fail_msg("%s: %s", rows[i].in, why);
		if (!json_equal(out, want))
			fail_msg("%s is not %s", rows[i].in, rows[i].out);
		json_decref(in);
		json_decref(want);
		json_decref(out);
	}
}

static void bad_values_are_explained(void **state)
{
	static const struct {
		const struct field *f;
		const char *in;
		int code;
		const char *why, *hint;
	} rows[] = {
		{&key_field, "\"0011223344556677889aabbccddeeff\"", LS_ESHORT, "31 hex digits, 32 needed", ""},
		{&key_field, "\"00112233445566778899aabbccddeeff0\"", LS_ELONG, "33 hex digits, 32 needed", ""},
		{&key_field, "\"ABEiM0RVZneImaq7zN3u/w==\"", LS_EFORMAT, "looks like base64, 32 hex digits needed",
		 "base64 -d < FILE | xxd -p > HEXFILE"},
		{&key_field, "\"1.12233E+30\"", LS_EFORMAT, "a number mangled by a spreadsheet, 32 hex digits needed",
		 "format the column as text in the spreadsheet and export it again"},
		{&key_field, "\"secretsecretsecret\"", LS_EFORMAT,
		 "a character that is not a hex digit, 32 hex digits needed", ""},
		{&key_field, "11", LS_ETYPE, "a number, text of 32 hex digits needed",
		 "put it in quotes: a number loses leading zeros and letters"},
		{&eui_field, "\"7.0E+15\"", LS_EFORMAT, "a number mangled by a spreadsheet, 16 hex digits needed",
		 "format the column as text in the spreadsheet and export it again"},
		{&eui_field, "\"7,01E+15\"", LS_EFORMAT, "a number mangled by a spreadsheet, 16 hex digits needed",
		 "format the column as text in the spreadsheet and export it again"},
		{&eui_field, "\"123456789012345\"", LS_ESHORT, "15 hex digits, 16 needed",
		 "did a spreadsheet drop a leading zero?"},
		{&eui_field, "\"AASjCwAcBTA=\"", LS_EFORMAT, "looks like base64, 16 hex digits needed", "0004a30b001c0530"},
		{&eui_field, "\"0004a30b001c053g\"", LS_EFORMAT, "'g' is not a hex digit, 16 hex digits needed", ""},
		{&eui_field, "\"\"", LS_ESHORT, "0 hex digits, 16 needed", ""},
		{&addr_field, "\"0102\"", LS_ESHORT, "4 hex digits, 8 needed", ""},
		{&uuid_field, "\"x\"", LS_EFORMAT, "not a UUID (8-4-4-4-12 hex digits)", ""},
		{&port_field, "0", LS_ERANGE, "0 is out of range 1 to 223", ""},
		{&port_field, "224", LS_ERANGE, "224 is out of range 1 to 223", ""},
		{&port_field, "\"10x\"", LS_ETYPE, "a whole number is needed", ""},
		{&port_field, "\" 10\"", LS_ETYPE, "a whole number is needed", ""},
		{&port_field, "1.5", LS_ETYPE, "a whole number is needed", ""},
		{&port_field, "1e300", LS_ETYPE, "a whole number is needed", ""},
		{&port_field, "\"99999999999999999999\"", LS_ERANGE, "out of range", ""},
		{&port_field, "true", LS_ETYPE, "true or false, a whole number is needed", ""},
		{&real_field, "\"nan\"", LS_ETYPE, "a number is needed", ""},
		{&real_field, "\"0x10\"", LS_ETYPE, "a number is needed", ""},
		{&real_field, "90.5", LS_ERANGE, "90.5 is out of range -90 to 90", ""},
		{&real_field, "\"1e999\"", LS_ERANGE, "out of range", ""},
		{&bool_field, "1", LS_ETYPE, "true or false is needed", ""},
		{&bool_field, "\"maybe\"", LS_ETYPE, "true or false is needed", ""},
		{&enum_field, "\"EU86\"", LS_EFORMAT, "'EU86' is not one of EU868 AS923_2 US915", "EU868"},
		{&enum_field, "\"EU8688\"", LS_EFORMAT, "'EU8688' is not one of EU868 AS923_2 US915", "EU868"},
		{&enum_field, "5", LS_ETYPE, "a number, one of EU868 AS923_2 US915 is needed", ""},
		{&time_field, "\"yesterday\"", LS_EFORMAT, "not a time of RFC 3339", "2025-03-04T10:15:31Z"},
		{&time_field, "\"2025-02-30T00:00:00Z\"", LS_ERANGE, "an impossible date", "2025-03-04T10:15:31Z"},
		{&hex_field, "\"012\"", LS_EFORMAT, "odd number of hex digits: 3", ""},
		{&hex_field, "\"0g\"", LS_EFORMAT, "'g' is not a hex digit", ""},
		{&hex_field, "\"0102030405\"", LS_ELONG, "5 octets, at most 4", ""},
		{&hex_field, "\"\"", LS_ESHORT, "0 octets, at least 1", ""},
		{&text_field, "\"\"", LS_ESHORT, "must not be empty", ""},
		{&text_field, "\"abcdef\"", LS_ELONG, "6 characters, at most 5", ""},
		{&text_field, "\"a\\u001bb\"", LS_EFORMAT,
		 "control characters, direction marks and broken UTF-8 are not allowed", ""},
		{&text_field, "\"a\\u202eb\"", LS_EFORMAT,
		 "control characters, direction marks and broken UTF-8 are not allowed", ""},
		{&text_field, "\"a\\u009bb\"", LS_EFORMAT,
		 "control characters, direction marks and broken UTF-8 are not allowed", ""},
		{&text_field, "\"a\\nb\"", LS_EFORMAT,
		 "control characters, direction marks and broken UTF-8 are not allowed", ""},
		{&text_field, "null", LS_ETYPE, "null, text is needed", ""},
		{&device_ref, "\"\"", LS_ESHORT, "must not be empty", ""},
		{&device_ref, "{}", LS_ETYPE, "an object, text is needed", ""},
		{&tags_field, "[]", LS_ETYPE, "a list, key=value pairs are needed", ""},
		{&tags_field, "{\"a b\":\"\"}", LS_EFORMAT, "a tag's key has 1 to 64 of A-Z a-z 0-9 _ . -", ""},
		{&tags_field, "{\"a\":1}", LS_ETYPE, "the value of a must be text", ""},
		{&tags_field, "{\"a\":null}", LS_ETYPE, "the value of a must be text", ""},
		{&tags_field, "{\"a\":\"\\u001b\"}", LS_EFORMAT,
		 "the value of a has control characters or broken UTF-8", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *in = json_loads(rows[i].in, JSON_DECODE_ANY, NULL), *out = NULL;
		char why[256], hint[256];

		assert_non_null(in);
		int rc = field_check(rows[i].f, in, &out, why, sizeof(why), hint, sizeof(hint));

		if (rc != rows[i].code || strcmp(why, rows[i].why) != 0 || strcmp(hint, rows[i].hint) != 0)
			fail_msg("%s %s: %d '%s' '%s'", rows[i].f->name, rows[i].in, rc, why, hint);
		assert_null(out);
		json_decref(in);
	}
}

static void nul_and_many_tags_are_refused(void **state)
{
	json_t *text = json_stringn("a\0b", 3), *tags = json_object(), *out = NULL;
	char why[256], hint[256], key[8];

	(void)state;
	assert_int_equal(field_check(&text_field, text, &out, why, sizeof(why), hint, sizeof(hint)), LS_EFORMAT);
	for (int i = 0; i < 65; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		json_object_set_new(tags, key, json_string("v"));
	}
	assert_int_equal(field_check(&tags_field, tags, &out, why, sizeof(why), hint, sizeof(hint)), LS_ELONG);
	json_object_del(tags, "k0");
	assert_int_equal(field_check(&tags_field, tags, &out, why, sizeof(why), hint, sizeof(hint)), LS_OK);
	json_decref(text);
	json_decref(tags);
	json_decref(out);
	assert_non_null(field_of(E_DEVICE, "tags"));
}

/* --- method_check_params --- */

#define DEVICE "\"dev_eui\":\"0004A30B001C0530\""
#define NEEDED DEVICE ",\"name\":\"pump\",\"application_id\":\"meters\",\"profile_id\":\"basic\""

static void good_params(void **state)
{
	static const struct {
		enum method_id id;
		const char *in, *out;
	} rows[] = {
		{M_DEVICE_CREATE, "{" NEEDED "}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"name\":\"pump\",\"application_id\":\"meters\",\"profile_id\":\"basic\","
		 "\"join_eui\":\"0000000000000000\",\"enabled\":true,\"description\":\"\",\"tags\":{}}"},
		{M_DEVICE_CREATE, "{" NEEDED ",\"join_eui\":null,\"tenant_id\":\"acme\",\"enabled\":\"no\"}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"name\":\"pump\",\"application_id\":\"meters\",\"profile_id\":\"basic\","
		 "\"join_eui\":\"0000000000000000\",\"enabled\":false,\"description\":\"\",\"tags\":{},\"tenant_id\":\"acme\"}"},
		{M_TENANT_CREATE, "{\"name\":\"acme\"}", "{\"name\":\"acme\",\"description\":\"\",\"tags\":{}}"},
		{M_APPLICATION_CREATE, "{\"name\":\"meters\"}", "{\"name\":\"meters\",\"description\":\"\",\"tags\":{}}"},
		{M_DEVICE_SHOW, "{\"dev_eui\":\"pump\",\"tenant_id\":null}", "{\"dev_eui\":\"pump\"}"},
		{M_TENANT_SHOW, "{\"tenant_id\":\"acme\"}", "{\"tenant_id\":\"acme\"}"},
		{M_DEVICE_LIST, "{\"limit\":\"5\",\"filter\":\"name=x\",\"application_id\":\"meters\"}",
		 "{\"limit\":5,\"filter\":\"name=x\",\"application_id\":\"meters\"}"},
		{M_DEVICE_LIST, "{}", "{}"},
		{M_DEVICE_SET, "{" DEVICE ",\"name\":\"p2\",\"tags\":{\"site\":null,\"a\":\"b\"}}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"name\":\"p2\",\"tags\":{\"site\":null,\"a\":\"b\"}}"},
		{M_DEVICE_SET, "{" DEVICE ",\"join_eui\":null,\"unset\":[\"description\",\"join_eui\"]}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"unset\":[\"join_eui\",\"description\"]}"},
		{M_DEVICE_SET, "{" DEVICE ",\"unset\":\"description\"}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"unset\":[\"description\"]}"},
		{M_DEVICE_KEYS_SET, "{" DEVICE ",\"app_key\":\"00112233445566778899AABBCCDDEEFF\"}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"app_key\":\"00112233445566778899aabbccddeeff\"}"},
		{M_QUEUE_PUSH, "{" DEVICE ",\"f_port\":10,\"data\":\"01FF\"}",
		 "{\"dev_eui\":\"0004a30b001c0530\",\"f_port\":10,\"data\":\"01ff\"}"},
		{M_EVENT_TAIL, "{\"since\":\"2025-03-04T10:15:31Z\",\"last\":5}",
		 "{\"since\":\"2025-03-04T10:15:31.000000Z\",\"last\":5}"},
		{M_STATUS, "{}", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *in = json_loads(rows[i].in, 0, NULL), *want = json_loads(rows[i].out, 0, NULL);
		json_t *out = NULL, *error = NULL;

		assert_non_null(in);
		assert_non_null(want);
		int rc = method_check_params(&model_methods[rows[i].id], in, &out, &error);

		if (rc != LS_OK || !json_equal(out, want)) {
			char *text = json_dumps(rc ? error : out, JSON_COMPACT);

			fail_msg("%s: %s", rows[i].in, text);
		}
		assert_null(error);
		json_decref(in);
		json_decref(want);
		json_decref(out);
	}
}

static void bad_params(void **state)
{
	static const struct {
		enum method_id id;
		const char *in;
		int exit_code;
		const char *message, *field, *hint;
	} rows[] = {
		{M_DEVICE_SHOW, "{}", 2, "dev_eui: must be given", "dev_eui", NULL},
		{M_DEVICE_SHOW, "[]", 2, "params must be an object", NULL, NULL},
		{M_DEVICE_SHOW, "{\"dev_eu\":\"x\"}", 2, "device.show has no parameter 'dev_eu'", "dev_eu", "dev_eui"},
		{M_DEVICE_SHOW, "{" DEVICE ",\"zzzzzzz\":1}", 2, "device.show has no parameter 'zzzzzzz'", "zzzzzzz", NULL},
		{M_DEVICE_CREATE, "{" DEVICE "}", 2, "name: must be given", "name", NULL},
		{M_DEVICE_CREATE, "{" NEEDED ",\"f_cnt_up\":1}", 2, "device.create has no parameter 'f_cnt_up'", "f_cnt_up",
		 NULL},
		{M_DEVICE_CREATE, "{" NEEDED ",\"app_key\":\"00\"}", 5, "app_key: 2 hex digits, 32 needed", "app_key", NULL},
		{M_DEVICE_CREATE, "{" NEEDED ",\"tags\":{\"a\":null}}", 5, "tags: the value of a must be text", "tags", NULL},
		{M_PROFILE_CREATE, "{\"name\":\"b\",\"region\":\"EU86\",\"mac_version\":\"1.0.3\"}", 5,
		 "region: 'EU86' is not one of EU868 US915 CN779 EU433 AU915 CN470 AS923 AS923_2 AS923_3 AS923_4 KR920 IN865 RU864 ISM2400", "region", "EU868"},
		{M_DEVICE_SET, "{" DEVICE ",\"dev_addr\":\"01020304\"}", 2, "device.set has no parameter 'dev_addr'",
		 "dev_addr", NULL},
		{M_DEVICE_SET, "{" DEVICE ",\"unset\":[\"name\"]}", 5, "unset: name must have a value", "unset", NULL},
		{M_DEVICE_SET, "{" DEVICE ",\"name\":null}", 5, "name: name must have a value", "name", NULL},
		{M_DEVICE_SET, "{" DEVICE ",\"unset\":[\"descripton\"]}", 2, "unset: not a field that can be cleared",
		 "unset", "description"},
		{M_DEVICE_SET, "{" DEVICE ",\"description\":\"a\",\"unset\":[\"description\"]}", 2,
		 "unset: description is also given a value", "unset", NULL},
		{M_DEVICE_LIST, "{\"limit\":0}", 5, "limit: 0 is out of range 1 to 10000", "limit", NULL},
		{M_DEVICE_LIST, "{\"limit\":10001}", 5, "limit: 10001 is out of range 1 to 10000", "limit", NULL},
		{M_QUEUE_PUSH, "{" DEVICE ",\"f_port\":224}", 5, "f_port: 224 is out of range 1 to 223", "f_port", NULL},
		{M_HELLO, "{\"client\":5}", 5, "client: a number, text is needed", "client", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *in = json_loads(rows[i].in, 0, NULL), *out = NULL, *error = NULL;

		assert_non_null(in);
		assert_int_not_equal(method_check_params(&model_methods[rows[i].id], in, &out, &error), LS_OK);
		assert_null(out);
		assert_non_null(error);
		const json_t *data = json_object_get(error, "data");
		const char *field = json_string_value(json_object_get(data, "field"));
		const char *hint = json_string_value(json_object_get(data, "hint"));

		if (json_integer_value(json_object_get(data, "exit")) != rows[i].exit_code)
			fail_msg("%s: exit", rows[i].in);
		assert_int_equal(json_integer_value(json_object_get(error, "code")), -32000 - rows[i].exit_code);
		assert_string_equal(json_string_value(json_object_get(error, "message")), rows[i].message);
		assert_string_equal(field ? field : "", rows[i].field ? rows[i].field : "");
		assert_string_equal(hint ? hint : "", rows[i].hint ? rows[i].hint : "");
		json_decref(in);
		json_decref(error);
	}
}

static void missing_params_are_an_empty_object(void **state)
{
	json_t *out = NULL, *error = NULL;

	(void)state;
	assert_int_equal(method_check_params(&model_methods[M_STATUS], NULL, &out, &error), LS_OK);
	assert_int_equal(json_object_size(out), 0);
	json_decref(out);
}

/* --- the rest --- */

static void nearest_words(void **state)
{
	static const char *const verbs[] = {"list", "show", "create", "set", "delete"};
	static const struct {
		const char *typed, *meant;
	} rows[] = {
		{"shwo", "show"}, {"lst", "list"}, {"lits", "list"}, {"craete", "create"}, {"cre", "create"},
		{"delet", "delete"}, {"show", "show"}, {"zzz", NULL}, {"", NULL}, {"x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *near = nearest_word(rows[i].typed, verbs, COUNT(verbs));

		if ((near == NULL) != (rows[i].meant == NULL) || (near && strcmp(near, rows[i].meant) != 0))
			fail_msg("'%s' gives '%s'", rows[i].typed, near ? near : "nothing");
	}
}

static void schema_is_whole(void **state)
{
	json_t *schema = model_describe();
	char first[32];

	(void)state;
	assert_int_equal(json_array_size(json_object_get(schema, "entities")), model_n_entities);
	assert_int_equal(json_array_size(json_object_get(schema, "methods")), M__COUNT);
	json_decref(schema);
	assert_int_equal(strlen(model_schema_hash()), 16);
	snprintf(first, sizeof(first), "%s", model_schema_hash());
	assert_string_equal(first, model_schema_hash());
}

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)list, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	return NULL;
}

static void schema_tells_results_and_positions(void **state)
{
	json_t *schema = model_describe();
	const json_t *methods = json_object_get(schema, "methods"), *m, *params;
	size_t i;

	(void)state;
	json_array_foreach((json_t *)methods, i, m)
		assert_true(json_string_length(json_object_get(m, "result")) > 0);
	m = named(methods, "device.activate");
	assert_string_equal(json_string_value(json_object_get(m, "shape")), "act");
	assert_string_equal(json_string_value(json_object_get(m, "result")), "device");
	params = json_object_get(m, "params");
	assert_true(json_is_true(json_object_get(named(params, "dev_eui"), "positional")));
	assert_null(json_object_get(named(params, "dev_addr"), "positional"));
	/* No default that is not applied; no parameter that is refused. */
	assert_null(json_object_get(named(json_object_get(named(methods, "queue.push"), "params"), "data"), "default"));
	params = json_object_get(named(methods, "gateway.heard-unknown"), "params");
	assert_int_equal(json_array_size(params), 1);
	assert_non_null(named(params, "limit"));
	params = json_object_get(named(methods, "event.tail"), "params");
	assert_non_null(named(params, "tenant_id"));
	assert_non_null(named(params, "application_id"));
	json_decref(schema);
}

static void damaged_euis(void **state)
{
	static const struct {
		const char *text, *why, *hint; /* why NULL: it is none */
	} rows[] = {
		{"4.3E+15", "a number mangled by a spreadsheet, 16 hex digits needed", "format the column as text in the spreadsheet and export it again"},
		{"0004a30b001c053", "15 hex digits, 16 needed", ""},
		{"400430001000530", "15 hex digits, 16 needed", "did a spreadsheet drop a leading zero?"},
		{"00-04-a3-0b-00-1c-05-3g", "'g' is not a hex digit, 16 hex digits needed", ""},
		{"AASjCwAcBTA=", "looks like base64, 16 hex digits needed", "0004a30b001c0530"},
		{"0004a30b001c0530", NULL, ""}, {"pump", NULL, ""}, {"pumpstation", NULL, ""}, {"deadbeef", NULL, ""},
		{"deadbeefcafe-main", NULL, ""}, {"", NULL, ""},
	};
	char why[160], hint[160];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(eui_is_damaged(rows[i].text, why, sizeof(why), hint, sizeof(hint)), rows[i].why != NULL);
		assert_string_equal(why, rows[i].why ? rows[i].why : "");
		assert_string_equal(hint, rows[i].hint);
	}
}

static void nobodys_euis_and_euis_as_names(void **state)
{
	static const struct {
		enum entity_id e;
		const char *field, *value;
		int rc;
	} rows[] = {
		{E_DEVICE, "dev_eui", "0000000000000000", LS_EINVAL}, {E_DEVICE, "dev_eui", "FFFFFFFFFFFFFFFF", LS_EINVAL},
		{E_DEVICE, "dev_eui", "0000000000000001", LS_OK}, {E_DEVICE, "join_eui", "0000000000000000", LS_OK},
		{E_GATEWAY, "gateway_id", "0000000000000000", LS_EINVAL}, {E_GATEWAY, "gateway_id", "ff-ff-ff-ff-ff-ff-ff-ff", LS_EINVAL},
		{E_DEVICE, "name", "0004a30b001c0530", LS_EINVAL}, {E_GATEWAY, "name", "00-16-C0-01-F1-53-A1-4C", LS_EINVAL},
		{E_DEVICE, "name", "0004a30b001c053", LS_OK}, {E_APPLICATION, "name", "0004a30b001c0530", LS_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *value = json_string(rows[i].value), *clean = NULL;
		char why[160], hint[160];

		assert_int_equal(field_check(entity_field(&model_entities[rows[i].e], rows[i].field), value, &clean, why, sizeof(why),
		                             hint, sizeof(hint)), rows[i].rc);
		json_decref(value);
		json_decref(clean);
	}
}

static void depth_of_json(void **state)
{
	static const struct {
		const char *line;
		size_t depth;
	} rows[] = {
		{"", 0}, {"1", 0}, {"{}", 1}, {"{\"a\":[[1]]}", 3}, {"\"[[[[\"", 0}, {"\"\\\"[[\"", 0},
		{"[[],[[]]]", 3}, {"]]]]", 0}, {"[[[[", 4}, {"\"\\", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(json_depth(rows[i].line, strlen(rows[i].line)), rows[i].depth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entities_are_whole),
		cmocka_unit_test(words_of_entities_are_unique),
		cmocka_unit_test(synonyms_of_fields_are_unique),
		cmocka_unit_test(methods_are_whole),
		cmocka_unit_test(flags_have_one_arity),
		cmocka_unit_test(walk_stops),
		cmocka_unit_test(scopes_follow_references),
		cmocka_unit_test(good_values_become_canonical),
		cmocka_unit_test(bad_values_are_explained),
		cmocka_unit_test(nul_and_many_tags_are_refused),
		cmocka_unit_test(good_params),
		cmocka_unit_test(bad_params),
		cmocka_unit_test(missing_params_are_an_empty_object),
		cmocka_unit_test(nearest_words),
		cmocka_unit_test(schema_is_whole),
		cmocka_unit_test(schema_tells_results_and_positions),
		cmocka_unit_test(damaged_euis),
		cmocka_unit_test(nobodys_euis_and_euis_as_names),
		cmocka_unit_test(depth_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
