/* test_store_list.c - pages by keyset, filters and their errors. */
#include "test_store_fixture.h"

#define N_DEVICES 60

static int insert_devices(struct store_db *db, struct store_batch *b)
{
	int rc = LS_OK;

	(void)b;
	for (uint64_t i = 0; i < N_DEVICES && !rc; i++) {
		char name[80], number[24];

		snprintf(number, sizeof(number), "%s-%03d", i % 2 ? "odd" : "even", (int)(i * 37 % N_DEVICES));
		snprintf(name, sizeof(name), "%s", number);
		/* EUIs on both sides of the sign bit */
		json_t *d = device_json(i % 3 ? i : 0xf000000000000000u + i, name);

		json_object_set_new(d, "description", json_string(i % 4 ? "" : "same"));
		json_object_set_new(d, "enabled", json_boolean(i % 5 != 0));
		rc = record_insert(db, &model_entities[E_DEVICE], d);
		json_decref(d);
	}
	return rc;
}

static void add_devices(struct fixture *f)
{
	struct store_batch *b = store_batch_new();

	populate(f);
	b->run = insert_devices;
	assert_int_equal(commit(f, b), LS_OK);
	/* A third has a session, some with equal times. */
	b = store_batch_new();
	for (uint64_t i = 1; i < N_DEVICES; i += 3) {
		struct session_row s = session(i, i % 2 ? SLOT_CURRENT : SLOT_PENDING);

		s.up.last_seen_us = 1700000000000000 + (int64_t)(i % 7);
		s.up.has_up = i % 4 == 1;
		s.up.dr = (uint8_t)(i % 6);
		store_batch_session_put(b, &s);
	}
	assert_int_equal(commit(f, b), LS_OK);
}

/* Walk all pages; every row exactly once; returns how many. */
static int walk(struct fixture *f, enum entity_id e, const char *sort, const char *filter, int64_t limit)
{
	struct record_list l = {.sort = sort, .filter = filter, .limit = limit};
	json_t *seen = json_object();
	char cursor[256] = "";
	int n = 0, pages = 0;
	int64_t total = -1;

	do {
		json_t *item;
		size_t i;

		l.cursor = cursor;
		int rc = list(f, e, &l);

		if (rc)
			fail_msg("%s %s: %s", sort ? sort : "", filter ? filter : "", l.why);
		assert_true(json_array_size(l.items) <= (size_t)limit);
		json_array_foreach(l.items, i, item) {
			char id[80];

			snprintf(id, sizeof(id), "%s %s", json_string_value(json_object_get(item, entity_id_field(&model_entities[e])->name)),
			         json_object_get(item, "slot") ? json_string_value(json_object_get(item, "slot")) : "");
			assert_null(json_object_get(seen, id));
			json_object_set_new(seen, id, json_true());
			n++;
		}
		if (total < 0)
			total = l.total;
		assert_int_equal(l.total, total);
		json_decref(l.items);
		memcpy(cursor, l.next_cursor, sizeof(cursor));
		assert_true(++pages < 200);
	} while (cursor[0]);
	assert_int_equal(total, n);
	json_decref(seen);
	return n;
}

static void every_sort_visits_each_row_once(void **state)
{
	struct fixture *f = *state;
	const struct entity *e = &model_entities[E_DEVICE];
	char sort[200];

	add_devices(f);
	assert_int_equal(walk(f, E_DEVICE, NULL, NULL, 7), N_DEVICES);
	for (size_t i = 0; i < e->n_fields; i++) {
		if (!e->fields[i].column || e->fields[i].type == FT_TAGS)
			continue;
		for (int descending = 0; descending < 2; descending++) {
			snprintf(sort, sizeof(sort), "%s%s", descending ? "-" : "", e->fields[i].name);
			assert_int_equal(walk(f, E_DEVICE, sort, NULL, 7), N_DEVICES);
			snprintf(sort, sizeof(sort), "description, -%s,last_seen_at", e->fields[i].name);
			assert_int_equal(walk(f, E_DEVICE, sort, NULL, 11), N_DEVICES);
			snprintf(sort, sizeof(sort), "-last_seen_at,%s", e->fields[i].name);
			assert_int_equal(walk(f, E_DEVICE, sort, NULL, 1), N_DEVICES);
		}
	}
	assert_int_equal(walk(f, E_DEVICE_SESSION, NULL, NULL, 3), 20);
	assert_int_equal(walk(f, E_DEVICE_SESSION, "-region", NULL, 3), 20);
	assert_int_equal(walk(f, E_PROFILE, "-mac_version", NULL, 3), 1);
}

static void rows_come_in_order(void **state)
{
	struct fixture *f = *state;
	struct record_list l = {.sort = "-last_seen_at,name", .limit = 100};
	json_t *item;
	size_t i;
	const char *time_before = NULL, *name_before = "";

	add_devices(f);
	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	assert_int_equal(json_array_size(l.items), N_DEVICES);
	assert_string_equal(l.next_cursor, "");
	json_array_foreach(l.items, i, item) {
		const char *time = json_string_value(json_object_get(item, "last_seen_at"));
		const char *name = json_string_value(json_object_get(item, "name"));
		int order = i == 0 || (!time && !time_before) ? 0 : !time ? -1 : !time_before ? 1 : strcmp(time, time_before);

		if (i > 0) {
			assert_true(order <= 0);
			if (order == 0)
				assert_true(strcmp(name, name_before) > 0);
		}
		time_before = time;
		name_before = name;
	}
	json_decref(l.items);
	l = (struct record_list){.sort = "-dev_eui", .limit = 1};
	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	assert_int_equal(json_string_value(json_object_get(json_array_get(l.items, 0), "dev_eui"))[0], 'f');
	json_decref(l.items);
}

static void paging_survives_changes_between_pages(void **state)
{
	struct fixture *f = *state;
	struct record_list l = {.sort = "name", .limit = 10};
	char cursor[256], last[32];

	add_devices(f);
	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	memcpy(cursor, l.next_cursor, sizeof(cursor));
	snprintf(last, sizeof(last), "%s", json_string_value(json_object_get(json_array_get(l.items, 9), "dev_eui")));
	json_decref(l.items);
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE, last, NULL).rc, LS_OK);
	l.cursor = cursor;
	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	assert_int_equal(json_array_size(l.items), 10);
	json_decref(l.items);
}

static void long_values_do_not_break_paging(void **state)
{
	struct fixture *f = *state;
	char name[600], text[EUI64_TEXT_SIZE];

	populate(f);
	for (uint64_t i = 0; i < 9; i++) {
		for (int j = 0; j < 125; j++)
			memcpy(name + 3 * j, "\xe2\x82\xac", 3); /* 3 octets a character */
		snprintf(name + 375, 8, "%d", (int)i);
		create(f, E_DEVICE, device_json(i, name));
	}
	assert_int_equal(walk(f, E_DEVICE, "name", NULL, 2), 9);
	assert_int_equal(walk(f, E_DEVICE, "-name", NULL, 4), 9);

	struct record_list l = {.sort = "name", .limit = 2};
	char cursor[256];

	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	json_decref(l.items);
	memcpy(cursor, l.next_cursor, sizeof(cursor));
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE, eui_text(1, text), NULL).rc, LS_OK);
	l.cursor = cursor;
	assert_int_equal(list(f, E_DEVICE, &l), LS_EUSAGE);
	assert_non_null(strstr(l.why, "begin again"));
}

static void filters_match(void **state)
{
	struct fixture *f = *state;

	add_devices(f);
	assert_int_equal(walk(f, E_DEVICE, NULL, "enabled=no", 5), N_DEVICES / 5);
	assert_int_equal(walk(f, E_DEVICE, NULL, "enabled = true and description='same'", 5), 12);
	assert_int_equal(walk(f, E_DEVICE, NULL, "description=''", 5), 45);
	assert_int_equal(walk(f, E_DEVICE, NULL, "application_id=" APPLICATION " AND tenant_id=" TENANT, 50), N_DEVICES);
	assert_int_equal(walk(f, E_DEVICE, NULL, "application_id=" TENANT, 50), 0);
	assert_int_equal(walk(f, E_DEVICE, NULL, "application_name=lab and profile_name=\"node\"", 50), N_DEVICES);
	assert_int_equal(walk(f, E_DEVICE, NULL, "last_seen_at=null", 5), 40);
	assert_int_equal(walk(f, E_DEVICE, NULL, "name='null'", 5), 0);
	assert_int_equal(walk(f, E_DEVICE, NULL, "dev_addr=01-00-00-01", 5), 1);
	assert_int_equal(walk(f, E_DEVICE, NULL, "dev_eui=F0:00:00:00:00:00:00:03", 5), 1);
	assert_int_equal(walk(f, E_DEVICE, NULL, "last_seen_at=2023-11-14T22:13:20.000001Z and f_cnt_down=7", 5), 3);
	assert_int_equal(walk(f, E_DEVICE, NULL, "name='x'' OR 1=1 --'", 5), 0);
	assert_int_equal(walk(f, E_DEVICE_SESSION, NULL, "slot=pending", 5), 10);
	assert_int_equal(walk(f, E_DEVICE, NULL, "app = lab and application_id in (" APPLICATION ", " TENANT ")", 50), N_DEVICES);
	assert_int_equal(walk(f, E_DEVICE, NULL, "", 50), N_DEVICES);
	assert_int_equal(walk(f, E_DEVICE, NULL, "  ", 50), N_DEVICES);

	/* Through the parent, and through the view alone. */
	assert_int_equal(walk(f, E_DEVICE, NULL, "tenant_id=" TENANT " and enabled=no", 5), N_DEVICES / 5);
	assert_int_equal(walk(f, E_DEVICE, NULL, "tenant_id=" TENANT " and tenant_name=acme and dr=null", 50), 55);
	assert_int_equal(walk(f, E_DEVICE, NULL, "tenant_id=" APPLICATION, 5), 0);
	assert_int_equal(walk(f, E_DEVICE, NULL, "tenant_id=null", 5), 0);

	json_t *scope = json_pack("{s:s, s:b}", "application_id", APPLICATION, "enabled", 0);
	struct record_list l = {.scope = scope, .filter = "description=same", .limit = 1};

	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	assert_int_equal(l.total, 3);
	assert_int_equal(json_array_size(l.items), 1);
	json_decref(l.items);
	json_decref(scope);
}

static void wrong_requests_are_explained(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *filter, *sort, *why, *hint;
		size_t column;
	} wrong[] = {
		{"nmae=x", NULL, "no field 'nmae'", "name", 1},
		{NULL, "last_seen", "no field 'last_seen'", "last_seen_at", 0},
		{"enabled and name", NULL, "an operator and a value are needed after name", "has name", 13},
		{"name=", NULL, "a value is needed", "", 6},
		{"name='x", NULL, "quote is not closed", "", 6},
		{"name=my device", NULL, "'and' or 'or' is needed", "", 9},
		{"name=x and", NULL, "a condition is needed", "", 11},
		{"=x", NULL, "a condition is needed", "", 1},
		{"dev_eui=12", NULL, "dev_eui: 2 hex digits", "", 9},
		{"f_cnt_up=many", NULL, "whole number", "", 10},
		{"enabled=maybe", NULL, "true or false", "", 9},
		{"tags=x", NULL, "tags are asked one by one", "tag.site = paris", 5},
		{NULL, "name;dev_eui", "',' is needed", "", 0},
		{NULL, "-,name", "a sort is field,field", "", 0},
		{NULL, "name,enabled,dr,joined_at,dev_eui", "at most", "", 0},
		{NULL, "tags", "tags cannot be used", "", 0},
	};

	populate(f);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct record_list l = {.filter = wrong[i].filter, .sort = wrong[i].sort};

		assert_int_equal(list(f, E_DEVICE, &l), LS_EUSAGE);
		if (!strstr(l.why, wrong[i].why))
			fail_msg("'%s' has no '%s'", l.why, wrong[i].why);
		if (wrong[i].hint)
			assert_string_equal(l.hint, wrong[i].hint);
		assert_int_equal(l.column, wrong[i].column);
		assert_null(l.items);
	}
}

static void cursors_belong_to_their_list(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"x", "AAAA", "W10", "WzEsMl0", "%%%%"};
	struct record_list l = {.sort = "name", .limit = 10};
	char cursor[256];

	add_devices(f);
	for (size_t i = 0; i < 5; i++) {
		l.cursor = bad[i];
		assert_int_equal(list(f, E_DEVICE, &l), LS_EUSAGE);
	}
	l.cursor = NULL;
	assert_int_equal(list(f, E_DEVICE, &l), LS_OK);
	json_decref(l.items);
	memcpy(cursor, l.next_cursor, sizeof(cursor));
	l = (struct record_list){.sort = "-name", .limit = 10, .cursor = cursor};
	assert_int_equal(list(f, E_DEVICE, &l), LS_EUSAGE);
	l = (struct record_list){.sort = "name", .filter = "enabled=yes", .limit = 10, .cursor = cursor};
	assert_int_equal(list(f, E_DEVICE, &l), LS_EUSAGE);
}

static void secrets_are_not_listed(void **state)
{
	struct fixture *f = *state;
	struct record_list l = {.limit = 5};

	add_devices(f);
	assert_int_equal(list(f, E_DEVICE_SESSION, &l), LS_OK);
	assert_null(json_object_get(json_array_get(l.items, 0), "nwk_s_key"));
	json_decref(l.items);
	l = (struct record_list){.sort = "app_key"};
	assert_int_equal(list(f, E_DEVICE_KEYS, &l), LS_EUSAGE);
	l = (struct record_list){.filter = "app_key=2b7e151628aed2a6abf7158809cf4f3c"};
	assert_int_equal(list(f, E_DEVICE_KEYS, &l), LS_EUSAGE);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_sort_visits_each_row_once),
		TEST(rows_come_in_order),
		TEST(paging_survives_changes_between_pages),
		TEST(long_values_do_not_break_paging),
		TEST(filters_match),
		TEST(wrong_requests_are_explained),
		TEST(cursors_belong_to_their_list),
		TEST(secrets_are_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
