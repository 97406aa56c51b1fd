/* test_conf.c - objects as text: what is written reads back the same, and what is wrong is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/conf.h"

#define DEVICE (&model_entities[E_DEVICE])

struct seen {
	size_t n;
	const struct entity *entity;
	char id[200];
	size_t line;
	json_t *values;
};

static int keep(void *arg, const struct conf_section *section)
{
	struct seen *s = arg;

	s->n++;
	s->entity = section->entity;
	s->line = section->line;
	snprintf(s->id, sizeof(s->id), "%s", section->id);
	json_decref(s->values);
	s->values = json_deep_copy(section->values);
	return LS_OK;
}

static int read_text(const char *text, struct seen *s, struct conf_error *e)
{
	*s = (struct seen){0};
	return conf_read(text, strlen(text), keep, s, e);
}

static const char *text_in(const struct seen *s, const char *key)
{
	return json_string_value(json_object_get(s->values, key));
}

static json_t *a_device(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:n, s:i, s:s, s:{s:s, s:s}, s:s}",
	                 "dev_eui", "0004a30b001c0530", "name", "pump-north",
	                 "application_id", "6a1c0f6e-1111-4111-8111-111111111111", "application_name", "meters",
	                 "tenant_name", "acme", "profile_id", "7c3e0f6e-3333-4333-8333-333333333333",
	                 "profile_name", "lht65", "enabled", 1, "desired_rx2_dr", "desired_dr", 5,
	                 "description", "", "tags", "site", "paris", "odd = \"key", "x",
	                 "last_seen_at", "2025-03-04T10:15:31.204117Z");
}

static void a_device_is_written_by_names(void **state)
{
	struct text_buf t;
	json_t *d = a_device();

	(void)state;
	text_buf_init(&t);
	conf_write(&t, DEVICE, d);
	assert_string_equal(t.data, "[device 0004a30b001c0530]\n"
	                            "application = meters\n"
	                            "tenant = acme\n"
	                            "profile = lht65\n"
	                            "name = pump-north\n"
	                            "enabled = true\n"
	                            "desired_dr = 5\n"
	                            "description = \"\"\n"
	                            "tag.site = paris\n"
	                            "tag.\"odd = \\\"key\" = x\n");
	text_buf_fini(&t);
	json_decref(d);
}

static void what_is_named_within_its_parent_has_its_name_in_the_heading(void **state)
{
	struct text_buf t;
	json_t *a = json_pack("{s:s, s:s, s:s, s:s, s:s}", "application_id", "6a1c0f6e-1111-4111-8111-111111111111", "name",
	                      " my ] app", "tenant_id", "5b2d0f6e-2222-4222-8222-222222222222", "tenant_name", "acme",
	                      "description", "x");
	struct conf_error e;
	struct seen s;

	(void)state;
	text_buf_init(&t);
	conf_write(&t, &model_entities[E_APPLICATION], a);
	assert_string_equal(t.data, "[application \" my ] app\"]\ntenant = acme\ndescription = x\n");
	assert_int_equal(read_text(t.data, &s, &e), LS_OK);
	assert_string_equal(s.id, " my ] app");
	assert_string_equal(text_in(&s, "tenant_id"), "acme");
	json_decref(s.values);
	text_buf_fini(&t);
	json_decref(a);
}

/* Every text that a person might give, through the file and back. */
static void every_text_survives_the_way_there_and_back(void **state)
{
	static const char *const texts[] = {
		"plain", "", " ", " lead", "trail ", "tab\tin", "two\nlines", "cr\rlf\r\n", "\"", "\"quoted\"", "half\"quote",
		"back\\slash", "# no comment", "; nor this", "[no heading]", "a = b", "=", "größe 漢字", "true", "12", "null",
		"\\n", "'", "\x01\x1f", "\x7f", "x;y#z", ("\xc2\x9b" "31m"), "\xe2\x80\xae",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *d = json_pack("{s:s, s:{s:s, s:s}}", "dev_eui", "0004a30b001c0530", "tags", "k", texts[i],
		                      *texts[i] ? texts[i] : "empty", "v");
		struct text_buf t;
		struct conf_error e;
		struct seen s;

		text_buf_init(&t);
		conf_write(&t, DEVICE, d);
		if (read_text(t.data, &s, &e) != LS_OK) {
			/* a tag that the field check refuses anywhere is no matter of this text */
			fail_msg("%s: line %zu: %s", t.data, e.line, e.message);
		}
		assert_true(json_equal(json_object_get(s.values, "tags"), json_object_get(d, "tags")));
		json_decref(s.values);
		text_buf_fini(&t);
		json_decref(d);
	}
}

/* Every field that can be set, with a value of its type. */
static const char *sample(const struct field *f)
{
	static char buf[64];

	switch (f->type) {
	case FT_UUID: return "6a1c0f6e-1111-4111-8111-111111111111";
	case FT_EUI: return "0004a30b001c0530";
	case FT_DEV_ADDR: return "01020304";
	case FT_KEY: return "00112233445566778899aabbccddeeff";
	case FT_TIME: return "2025-03-04T10:15:31.204117Z";
	case FT_HEX: return "01ff";
	case FT_BOOL: return "true";
	case FT_INT:
	case FT_REAL: snprintf(buf, sizeof(buf), "%lld", (long long)f->max); return buf;
	case FT_ENUM: snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(f->choices, " "), f->choices); return buf;
	default: return "abc";
	}
}

static void every_field_that_can_be_set_reads_back_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];

		for (size_t k = 0; conf_has_form(e) && k < e->n_fields; k++) {
			const struct field *f = &e->fields[k];
			char why[128], hint[128];
			json_t *clean = NULL, *object;
			struct text_buf t;
			struct conf_error error;
			struct seen s;

			if (!field_is_writable(f) || (f->flags & FF_ID) || f->type == FT_TAGS)
				continue;
			json_t *typed = json_string(sample(f));

			assert_int_equal(field_check(f, typed, &clean, why, sizeof(why), hint, sizeof(hint)), LS_OK);
			object = json_pack("{s:s, s:O}", entity_id_field(e)->name, "0004a30b001c0530", f->name, clean);
			text_buf_init(&t);
			conf_write(&t, e, object);
			assert_int_equal(read_text(t.data, &s, &error), LS_OK);
			if (strcmp(f->name, "name") == 0 && entity_id_field(e)->type == FT_UUID)
				assert_string_equal(s.id, "abc");
			else
				assert_true(json_equal(json_object_get(s.values, f->name), clean));
			json_decref(s.values);
			text_buf_fini(&t);
			json_decref(object);
			json_decref(clean);
			json_decref(typed);
		}
	}
}

static void people_may_write_it_in_their_own_way(void **state)
{
	struct conf_error e;
	struct seen s;

	(void)state;
	assert_int_equal(read_text("\xef\xbb\xbf# for the pumps\r\n\r\n  [ dev  00-04-A3-0B-00-1C-05-30 ]\r\n"
	                           "App=meters\r\n  join-eui = 70:B3:D5:7E:D0:05:1A:01\r\nlabel =  north pump  \r\n"
	                           "description =\r\ntags.site =\r\nenabled = no", &s, &e), LS_OK);
	assert_ptr_equal(s.entity, DEVICE);
	assert_int_equal(s.line, 3);
	assert_string_equal(s.id, "00-04-A3-0B-00-1C-05-30");
	assert_string_equal(text_in(&s, "application_id"), "meters");
	assert_string_equal(text_in(&s, "join_eui"), "70b3d57ed0051a01");
	assert_string_equal(text_in(&s, "name"), "north pump");
	assert_true(json_is_null(json_object_get(s.values, "description")));
	assert_true(json_is_null(json_object_get(json_object_get(s.values, "tags"), "site")));
	assert_true(json_is_false(json_object_get(s.values, "enabled")));
	json_decref(s.values);
}

static void sections_are_given_one_by_one(void **state)
{
	struct conf_error e;
	struct seen s;

	(void)state;
	assert_int_equal(read_text("[device 0004a30b001c0530]\nname = a\n\n[device 0004a30b001c0531]\n", &s, &e), LS_OK);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.line, 4);
	assert_int_equal(json_object_size(s.values), 0);
	json_decref(s.values);
	assert_int_equal(read_text("", &s, &e), LS_OK);
	assert_int_equal(s.n, 0);
}

static void a_masked_key_is_a_comment(void **state)
{
	json_t *keys = json_pack("{s:s, s:s, s:s}", "dev_eui", "0004a30b001c0530", "app_key", "••••eeff", "nwk_key",
	                         "00112233445566778899aabbccddeeff");
	struct text_buf t;

	(void)state;
	text_buf_init(&t);
	conf_write(&t, &model_entities[E_DEVICE_KEYS], keys);
	assert_string_equal(t.data, "[device_keys 0004a30b001c0530]\n# app_key = ••••eeff\n"
	                            "nwk_key = 00112233445566778899aabbccddeeff\n");
	text_buf_fini(&t);
	json_decref(keys);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text;
		size_t line;
		const char *says;
	} cases[] = {
		{"name = x\n", 1, "before the first heading"},
		{"[device 0004a30b001c0530\n", 1, "no ]"},
		{"[\n", 1, "no ]"},
		{"[]\n", 1, "no kind of object"},
		{"[devise 0004a30b001c0530]\n", 1, "no kind of object 'devise'"},
		{"[event x]\n", 1, "no kind of object 'event'"},
		{"[device]\n", 1, "missing"},
		{"[device \"x]\n", 1, "quotes do not end"},
		{"[device 1]\n\nname\n", 3, "key = value"},
		{"[device 1]\nnmae = x\n", 2, "no field 'nmae'"},
		{"[device 1]\nname = x\nname = y\n", 3, "twice"},
		{"[device 1]\ntag.a = x\ntag.a = y\n", 3, "twice"},
		{"[device 1]\ntag = x\n", 2, "no field 'tag'"},
		{"[device 1]\ntag. = x\n", 2, "needs a name"},
		{"[device 1]\nname.x = x\n", 2, "no field 'name'"},
		{"[device 1]\nname = \"x\n", 2, "quotes do not end"},
		{"[device 1]\nname = \"x\" y\n", 2, "quotes do not end"},
		{"[device 1]\nname = \xff\n", 2, "not UTF-8"},
		{"[device 1]\ndev_addr = 01020304\n", 2, "made by the daemon"},
		{"[device 1]\ndesired_dr = 16\n", 2, "desired_dr: "},
		{"[device 1]\nenabled = perhaps\n", 2, "enabled: "},
		{"[device_keys 1]\napp_key = 0011223344556677889\n", 2, "app_key: 19 hex digits"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_error e;
		struct seen s;

		assert_int_not_equal(read_text(cases[i].text, &s, &e), LS_OK);
		json_decref(s.values);
		if (!strstr(e.message, cases[i].says) || e.line != cases[i].line)
			fail_msg("%s: line %zu: %s", cases[i].text, e.line, e.message);
		assert_null(strstr(e.message, "0011223344556677889"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_written_by_names),
		cmocka_unit_test(what_is_named_within_its_parent_has_its_name_in_the_heading),
		cmocka_unit_test(every_text_survives_the_way_there_and_back),
		cmocka_unit_test(every_field_that_can_be_set_reads_back_the_same),
		cmocka_unit_test(people_may_write_it_in_their_own_way),
		cmocka_unit_test(sections_are_given_one_by_one),
		cmocka_unit_test(a_masked_key_is_a_comment),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
