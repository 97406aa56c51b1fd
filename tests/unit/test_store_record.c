/* test_store_record.c - plain create, get, set and delete by the registry. */
#include "test_store_fixture.h"

static const char *text_of(const json_t *record, const char *name)
{
	return json_string_value(json_object_get(record, name));
}

static void every_field_of_the_registry_has_its_column(void **state)
{
	struct fixture *f = *state;
	char sql[2048];

	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];

		for (size_t j = 0; j < e->n_fields && e->view; j++) {
			const struct field *field = &e->fields[j];

			if (!field->column)
				continue;
			snprintf(sql, sizeof(sql), "SELECT count(%s) FROM %s", field->column, e->view);
			assert_int_equal(sql_number(f->path, sql), 0);
			if (field->flags & FF_VIEW)
				continue;
			snprintf(sql, sizeof(sql), "SELECT count(%s) FROM %s", field->column, e->table);
			assert_int_equal(sql_number(f->path, sql), 0);
		}
	}
}

static void what_is_created_is_read_back(void **state)
{
	struct fixture *f = *state;
	json_t *g, *tags = json_pack("{s:s, s:s}", "site", "Köln", "floor", "3");

	populate(f);
	create(f, E_GATEWAY,
	       json_pack("{s:s, s:s, s:s, s:s, s:b, s:f, s:f, s:n, s:s, s:o}", "gateway_id", "ff16c001ff10a235", "name",
	                 "roof", "tenant_id", TENANT, "region", "EU868", "is_private", 1, "latitude", 50.937531, "longitude",
	                 -6.960279, "altitude_m", "description", "it's \"here\"; DROP TABLE gateway", "tags", tags));
	assert_int_equal(get(f, E_GATEWAY, "ff16c001ff10a235", &g), LS_OK);
	assert_string_equal(text_of(g, "gateway_id"), "ff16c001ff10a235");
	assert_string_equal(text_of(g, "tenant_id"), TENANT);
	assert_string_equal(text_of(g, "tenant_name"), "acme");
	assert_string_equal(text_of(g, "description"), "it's \"here\"; DROP TABLE gateway");
	assert_true(json_is_true(json_object_get(g, "is_private")));
	assert_true(json_real_value(json_object_get(g, "latitude")) == 50.937531);
	assert_true(json_is_null(json_object_get(g, "altitude_m")));
	assert_true(json_is_null(json_object_get(g, "last_seen_at")));
	assert_string_equal(text_of(json_object_get(g, "tags"), "site"), "Köln");
	assert_int_equal(strlen(text_of(g, "created_at")), 27);
	assert_string_equal(text_of(g, "created_at"), text_of(g, "updated_at"));
	json_decref(g);
	assert_int_equal(get(f, E_GATEWAY, "0000000000000009", &g), LS_ENOTFOUND);
	assert_null(g);
	assert_int_equal(get(f, E_GATEWAY, "nonsense", &g), LS_EINVAL);
}

static void presets_stand_in_for_what_is_not_given(void **state)
{
	struct fixture *f = *state;
	json_t *d;
	char text[EUI64_TEXT_SIZE];

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	assert_int_equal(get(f, E_DEVICE, eui_text(1, text), &d), LS_OK);
	assert_true(json_is_true(json_object_get(d, "enabled")));
	assert_string_equal(text_of(d, "join_eui"), "0000000000000000");
	assert_string_equal(text_of(d, "description"), "");
	assert_int_equal(json_object_size(json_object_get(d, "tags")), 0);
	assert_string_equal(text_of(d, "application_name"), "lab");
	assert_string_equal(text_of(d, "profile_name"), "node");
	assert_string_equal(text_of(d, "tenant_name"), "acme");
	assert_true(json_is_null(json_object_get(d, "dev_addr")));
	json_decref(d);
}

static void a_device_shows_its_session(void **state)
{
	struct fixture *f = *state;
	json_t *d, *s;
	char text[EUI64_TEXT_SIZE];
	struct session_row pending = session(1, SLOT_PENDING);
	struct store_batch *b = store_batch_new();

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	pending.dev_addr = 0xfe;
	pending.up.last_seen_us = 5000000;
	store_batch_session_put(b, &pending);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(get(f, E_DEVICE, eui_text(1, text), &d), LS_OK);
	assert_string_equal(text_of(d, "dev_addr"), "000000fe");
	assert_true(json_is_null(json_object_get(d, "dr")));
	json_decref(d);
	put_session(f, 1);
	assert_int_equal(get(f, E_DEVICE, text, &d), LS_OK);
	assert_string_equal(text_of(d, "dev_addr"), "01000001");
	assert_int_equal(json_integer_value(json_object_get(d, "f_cnt_down")), 7);
	assert_string_equal(text_of(d, "last_seen_at"), "1970-01-01T00:00:05.000000Z"); /* the newer of both */
	assert_string_equal(text_of(d, "joined_at"), "1970-01-01T00:00:01.000000Z");
	json_decref(d);
	assert_int_equal(get(f, E_DEVICE_SESSION, text, &s), LS_OK);
	assert_string_equal(text_of(s, "slot"), "current");
	assert_string_equal(text_of(s, "nwk_s_key"), "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
	json_decref(s);
}

static void a_change_touches_only_what_it_names(void **state)
{
	struct fixture *f = *state;
	json_t *before, *after;

	populate(f);
	assert_int_equal(do_write(f, WRITE_UPDATE, E_APPLICATION, APPLICATION,
	                          json_pack("{s:s, s:{s:s, s:s}}", "description", "d", "tags", "a", "1", "b", "2")).rc, LS_OK);
	assert_int_equal(get(f, E_APPLICATION, APPLICATION, &before), LS_OK);
	assert_int_equal(do_write(f, WRITE_UPDATE, E_APPLICATION, APPLICATION,
	                          json_pack("{s:s, s:n, s:{s:n, s:s}}", "name", "new", "description", "tags", "a", "c", "3")).rc,
	                 LS_OK);
	assert_int_equal(get(f, E_APPLICATION, APPLICATION, &after), LS_OK);
	assert_string_equal(text_of(after, "name"), "new");
	assert_string_equal(text_of(after, "description"), ""); /* null: back to its preset */
	assert_int_equal(json_object_size(json_object_get(after, "tags")), 2);
	assert_string_equal(text_of(json_object_get(after, "tags"), "b"), "2");
	assert_string_equal(text_of(json_object_get(after, "tags"), "c"), "3");
	assert_string_equal(text_of(after, "created_at"), text_of(before, "created_at"));
	assert_true(strcmp(text_of(after, "updated_at"), text_of(before, "updated_at")) > 0);
	json_decref(before);
	json_decref(after);
	assert_int_equal(do_write(f, WRITE_UPDATE, E_APPLICATION, PROFILE, json_pack("{s:s}", "name", "x")).rc, LS_ENOTFOUND);
	assert_int_equal(do_write(f, WRITE_UPDATE, E_APPLICATION, PROFILE, json_object()).rc, LS_ENOTFOUND);
}

static void names_are_unique_in_their_parent(void **state)
{
	struct fixture *f = *state;
	struct write w;
	static const char other[] = "44444444-4444-4444-8444-444444444444";

	populate(f);
	w = do_write(f, WRITE_INSERT, E_TENANT, NULL, json_pack("{s:s, s:s}", "tenant_id", other, "name", "acme"));
	assert_int_equal(w.rc, LS_ECONFLICT);
	assert_string_equal(w.field, "name");
	create(f, E_TENANT, json_pack("{s:s, s:s}", "tenant_id", other, "name", "other"));
	/* The same name in another tenant is fine, in the same one it is not. */
	create(f, E_APPLICATION, json_pack("{s:s, s:s, s:s}", "application_id", other, "name", "lab", "tenant_id", other));
	w = do_write(f, WRITE_INSERT, E_APPLICATION, NULL,
	             json_pack("{s:s, s:s, s:s}", "application_id", PROFILE, "name", "lab", "tenant_id", TENANT));
	assert_int_equal(w.rc, LS_ECONFLICT);
	assert_string_equal(w.field, "name");
	create(f, E_DEVICE, device_json(1, "a"));
	create(f, E_DEVICE, device_json(2, "b"));
	w = do_write(f, WRITE_INSERT, E_DEVICE, NULL, device_json(1, "c"));
	assert_int_equal(w.rc, LS_ECONFLICT);
	assert_string_equal(w.field, "dev_eui");
	w = do_write(f, WRITE_UPDATE, E_DEVICE, "0000000000000002", json_pack("{s:s}", "name", "a"));
	assert_int_equal(w.rc, LS_ECONFLICT);
	assert_string_equal(w.field, "name");
}

static void what_owns_something_is_not_deleted(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();
	struct queue_row q = {.queue_item_id = uuid_random(), .dev_eui = eui(1), .f_port = 1};

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	put_session(f, 1);
	store_batch_join(b, eui(1), eui(2), 3, 4);
	store_batch_queue_put(b, &q);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(do_write(f, WRITE_DELETE, E_TENANT, TENANT, NULL).rc, LS_ECONFLICT);
	assert_int_equal(do_write(f, WRITE_DELETE, E_APPLICATION, APPLICATION, NULL).rc, LS_ECONFLICT);
	assert_int_equal(do_write(f, WRITE_DELETE, E_PROFILE, PROFILE, NULL).rc, LS_ECONFLICT);
	/* A device takes what is its own with it. */
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE, "0000000000000001", NULL).rc, LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT (SELECT count(*) FROM device_session) + (SELECT count(*) FROM device_nonce)"
	                                     " + (SELECT count(*) FROM queue_item)"), 0);
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE, "0000000000000001", NULL).rc, LS_ENOTFOUND);
	assert_int_equal(do_write(f, WRITE_DELETE, E_APPLICATION, APPLICATION, NULL).rc, LS_OK);
	assert_int_equal(do_write(f, WRITE_DELETE, E_PROFILE, PROFILE, NULL).rc, LS_OK);
	assert_int_equal(do_write(f, WRITE_DELETE, E_TENANT, TENANT, NULL).rc, LS_OK);
}

static void a_reference_to_nothing_is_named(void **state)
{
	struct fixture *f = *state;
	json_t *d = device_json(1, "a");

	populate(f);
	json_object_set_new(d, "profile_id", json_string(TENANT));
	struct write w = do_write(f, WRITE_INSERT, E_DEVICE, NULL, d);

	assert_int_equal(w.rc, LS_ENOTFOUND);
	assert_string_equal(w.field, "profile_id");
}

static void wrong_records_are_refused(void **state)
{
	struct fixture *f = *state;
	struct write w;
	json_t *d = device_json(1, "a");

	populate(f);
	json_object_set_new(d, "app_key", json_string("00"));
	w = do_write(f, WRITE_INSERT, E_DEVICE, NULL, d); /* not a field of a device: it must not get lost */
	assert_int_equal(w.rc, LS_EBUG);
	assert_string_equal(w.field, "app_key");
	d = device_json(1, "a");
	json_object_del(d, "name");
	w = do_write(f, WRITE_INSERT, E_DEVICE, NULL, d);
	assert_int_equal(w.rc, LS_EINVAL);
	assert_string_equal(w.field, "name");
	d = device_json(1, "a");
	json_object_set_new(d, "enabled", json_string("maybe"));
	w = do_write(f, WRITE_INSERT, E_DEVICE, NULL, d);
	assert_int_equal(w.rc, LS_EINVAL);
	assert_string_equal(w.field, "enabled");
	w = do_write(f, WRITE_INSERT, E_DEVICE_SESSION, NULL, json_object());
	assert_int_equal(w.rc, LS_EBUG);
	w = do_write(f, WRITE_UPDATE, E_DEVICE, "0000000000000001", json_pack("{s:i}", "f_cnt_up", 3));
	assert_int_equal(w.rc, LS_EBUG);
}

/* Keys are columns of the device: removing them must not remove it. */
static void deleting_keys_keeps_the_device(void **state)
{
	struct fixture *f = *state;
	json_t *k;
	static const char id[] = "0000000000000001", key[] = "2b7e151628aed2a6abf7158809cf4f3c";

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	assert_int_equal(do_write(f, WRITE_INSERT, E_DEVICE_KEYS, NULL, json_pack("{s:s, s:s}", "dev_eui", id, "app_key", key)).rc,
	                 LS_OK);
	assert_int_equal(get(f, E_DEVICE_KEYS, id, &k), LS_OK);
	assert_string_equal(text_of(k, "app_key"), key);
	json_decref(k);
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE_KEYS, id, NULL).rc, LS_OK);
	assert_int_equal(get(f, E_DEVICE_KEYS, id, &k), LS_OK);
	assert_true(json_is_null(json_object_get(k, "app_key")));
	json_decref(k);
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE_KEYS, "0000000000000002", NULL).rc, LS_ENOTFOUND);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_the_registry_has_its_column),
		TEST(what_is_created_is_read_back),
		TEST(presets_stand_in_for_what_is_not_given),
		TEST(a_device_shows_its_session),
		TEST(a_change_touches_only_what_it_names),
		TEST(names_are_unique_in_their_parent),
		TEST(what_owns_something_is_not_deleted),
		TEST(a_reference_to_nothing_is_named),
		TEST(wrong_records_are_refused),
		TEST(deleting_keys_keeps_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
