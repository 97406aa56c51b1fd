/* test_store_log.c - reading the event log and the frame ring, and pruning them. */
#include "test_store_fixture.h"

#define T0 1700000000000000

struct rows {
	uint64_t seq[20000];
	int n;
	struct log_row last;
	char kind[16], reason[32], body[64];
};

static void keep_row(void *arg, const struct log_row *row)
{
	struct rows *r = arg;

	r->seq[r->n++] = row->seq;
	r->last = *row;
	snprintf(r->kind, sizeof(r->kind), "%s", row->kind);
	snprintf(r->reason, sizeof(r->reason), "%s", row->drop_reason ? row->drop_reason : "");
	snprintf(r->body, sizeof(r->body), "%.*s", (int)row->body_len, row->body);
}

static int read_log(struct fixture *f, struct log_read *r, struct rows *rows)
{
	struct ask a = {.log = r};

	rows->n = 0;
	r->fn = keep_row;
	r->arg = rows;
	return ask(f, &a);
}

/* Frames 1 .. n, one second apart; every fifth dropped, every third of device 3, every second downward. */
static void add_frames(struct fixture *f, int n)
{
	struct store_batch *b = store_batch_new();

	for (int i = 1; i <= n; i++) {
		struct log_row row = {.time_us = T0 + i * 1000000LL, .kind = i % 2 ? "up" : "down", .dev_addr = 0xff000000u + (unsigned)i % 4,
		                      .has_dev_addr = i % 7 != 0, .has_dev_eui = i % 3 == 0, .dev_eui = eui(3), .body = "{}", .body_len = 2,
		                      .drop_reason = i % 10 == 5 ? "mic" : i % 10 == 0 ? "unknown_device" : NULL};

		assert_int_equal(store_batch_log(f->st, b, LOG_FRAME, &row), LS_OK);
		assert_int_equal(row.seq, (uint64_t)i);
	}
	assert_int_equal(commit(f, b), LS_OK);
}

static void rows_are_found_by_place_and_filter(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;
	struct log_read r = {.log = LOG_FRAME};

	add_frames(f, 100);
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 100);
	assert_int_equal(r.first_stored_seq, 1);
	assert_int_equal(r.next_seq, 101);
	assert_string_equal(rows.kind, "down");
	assert_string_equal(rows.reason, "unknown_device");
	assert_string_equal(rows.body, "{}");
	assert_int_equal(rows.last.dev_addr, 0xff000000u);
	assert_false(rows.last.has_dev_eui);

	r = (struct log_read){.log = LOG_FRAME, .from_seq = 41, .limit = 10};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 10);
	assert_int_equal(rows.seq[0], 41);
	assert_int_equal(r.next_seq, 51);

	r = (struct log_read){.log = LOG_FRAME, .from_seq = 101};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 0);
	assert_int_equal(r.next_seq, 101);

	r = (struct log_read){.log = LOG_FRAME, .last = 7, .kind = "up"};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 7);
	assert_int_equal(rows.seq[0], 87);
	assert_int_equal(rows.seq[6], 99);

	r = (struct log_read){.log = LOG_FRAME, .last = 1000, .drop_reason = "mic"};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 10);
	r = (struct log_read){.log = LOG_FRAME, .any_drop = true};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 20);
	r = (struct log_read){.log = LOG_FRAME, .has_dev_eui = true, .dev_eui = eui(3), .limit = 5};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 5);
	assert_int_equal(rows.seq[4], 15);
	assert_int_equal(r.next_seq, 16);
	r = (struct log_read){.log = LOG_FRAME, .has_dev_addr = true, .dev_addr = 0xff000001u};
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 25 - 3); /* 21, 49 and 77 have none */
}

static void rows_are_found_by_time(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;

	add_frames(f, 1000);
	for (int since = 1; since < 1000; since += 111) {
		struct log_read r = {.log = LOG_FRAME, .since_us = T0 + since * 1000000LL};

		assert_int_equal(read_log(f, &r, &rows), LS_OK);
		assert_int_equal(rows.seq[0], (uint64_t)since);
		assert_int_equal(rows.n, 1001 - since);
		r.until_us = T0 + (since + 1) * 1000000LL;
		assert_int_equal(read_log(f, &r, &rows), LS_OK);
		assert_int_equal(rows.n, since == 1000 ? 1 : 2);
		r = (struct log_read){.log = LOG_FRAME, .until_us = T0 + since * 1000000LL, .last = 3};
		assert_int_equal(read_log(f, &r, &rows), LS_OK);
		assert_int_equal(rows.seq[rows.n - 1], (uint64_t)since);
		assert_int_equal(rows.n, since < 3 ? since : 3);
	}
	struct log_read r = {.log = LOG_FRAME, .since_us = T0 + 5000000000LL};

	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 0);
	assert_int_equal(r.next_seq, 1001);
}

/* Only of devices that belong there now. */
static void rows_are_found_by_tenant_and_application(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;
	struct log_read r = {.log = LOG_FRAME};

	populate(f);
	create(f, E_DEVICE, device_json(3, "three"));
	add_frames(f, 30);
	assert_int_equal(uuid_parse(APPLICATION, &r.application_id), LS_OK);
	assert_int_equal(uuid_parse(TENANT, &r.tenant_id), LS_OK);
	r.has_application = true;
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 10);
	r.has_tenant = true;
	r.last = 4;
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 4);
	r.has_application = false;
	r.tenant_id = r.application_id;
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 0);
}

static void an_empty_log_is_no_gap(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;
	struct log_read r = {.log = LOG_EVENT};

	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(rows.n, 0);
	assert_int_equal(r.first_stored_seq, 1);
}

/* --- pruning --- */

static void add_events(struct fixture *f, int n, int64_t time_us, const char *body)
{
	struct store_batch *b = store_batch_new();

	for (int i = 0; i < n; i++) {
		struct log_row row = {.time_us = time_us, .kind = "up", .body = body, .body_len = strlen(body)};

		store_batch_log(f->st, b, LOG_EVENT, &row);
	}
	assert_int_equal(commit(f, b), LS_OK);
}

static void wait_for_rows(struct fixture *f, const char *table, int64_t want)
{
	char sql[64];
	int64_t n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	for (int i = 0; i < 500; i++) {
		n = sql_number(f->path, sql);
		if (n == want)
			return;
		usleep(10000);
	}
	fail_msg("%s has %lld rows, %lld wanted", table, (long long)n, (long long)want);
}

static void reopen(struct fixture *f)
{
	fixture_close(f);
	fixture_open(f);
}

static void frames_are_pruned_by_number(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;
	struct store_figures figures;
	struct log_read r = {.log = LOG_FRAME, .from_seq = 1};

	f->options.frames_max = 1000;
	reopen(f);
	add_frames(f, 9000); /* several slices */
	wait_for_rows(f, "frame", 1000);
	assert_int_equal(sql_number(f->path, "SELECT min(seq) FROM frame"), 8001);
	assert_int_equal(sql_number(f->path, "SELECT value FROM meta WHERE key = 'frame_rows'"), 1000);
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(r.first_stored_seq, 8001);
	settle(f);
	store_figures(f->st, &figures);
	assert_int_equal(figures.frame_next_seq, 9001);
	/* A start counts the same. */
	reopen(f);
	store_figures(f->st, &figures);
	assert_int_equal(figures.frame_first_seq, 8001);
	assert_int_equal(figures.frame_next_seq, 9001);
}

static void events_are_pruned_by_age(void **state)
{
	struct fixture *f = *state;
	static struct rows rows;
	struct log_read r = {.log = LOG_EVENT, .from_seq = 1};

	f->options.events_max_age_us = 3600 * 1000000LL;
	reopen(f);
	add_events(f, 2500, clock_wall_us() - 7200 * 1000000LL, "{}");
	add_events(f, 2100, clock_wall_us(), "{}");
	wait_for_rows(f, "event", 2100);
	fixture_close(f);
	f->options.events_max_age_us = 1; /* all of it */
	fixture_open(f);
	wait_for_rows(f, "event", 0);
	usleep(50000);
	assert_int_equal(read_log(f, &r, &rows), LS_OK);
	assert_int_equal(r.first_stored_seq, 4601); /* a reader that asks from 1 has missed something */
}

static void events_are_pruned_by_size(void **state)
{
	struct fixture *f = *state;
	char body[1001];

	memset(body, 'x', 1000);
	body[1000] = '\0';
	f->options.events_max_bytes = 1040 * 500;
	reopen(f);
	for (int i = 0; i < 6; i++)
		add_events(f, 700, clock_wall_us(), body);
	/* Considered each 2,048 rows: 4,200 rows came, at least two checks. */
	for (int i = 0; i < 200 && sql_number(f->path, "SELECT count(*) FROM event") > 2600; i++)
		usleep(10000);
	assert_in_range(sql_number(f->path, "SELECT count(*) FROM event"), 500, 2600);
	reopen(f); /* and at start */
	wait_for_rows(f, "event", 500);
}

/* What was counted in vain before a kill is counted at the next start. */
static void a_start_counts_what_was_not_counted(void **state)
{
	struct fixture *f = *state;

	add_frames(f, 3000);
	fixture_close(f);
	sql_number(f->path, "DELETE FROM meta WHERE key LIKE 'frame_%' AND key <> 'frame_seq_limit'");
	f->options.frames_max = 100;
	fixture_open(f);
	wait_for_rows(f, "frame", 100);
}

static void a_log_without_limits_is_kept(void **state)
{
	struct fixture *f = *state;

	add_frames(f, 5000);
	add_events(f, 5000, 1, "{}");
	usleep(100000);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM frame"), 5000);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM event"), 5000);
}

static void the_wal_does_not_grow_for_ever(void **state)
{
	struct fixture *f = *state;
	struct store_figures figures;
	char *body = calloc(1, 200001);

	memset(body, 'x', 200000);
	for (int i = 0; i < 60; i++) {
		add_events(f, 10, clock_wall_us(), body);
		store_figures(f->st, &figures);
		assert_true(figures.wal_bytes < 64 << 20);
	}
	assert_true(figures.file_bytes > 64 << 20);
	free(body);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(rows_are_found_by_place_and_filter),
		TEST(rows_are_found_by_time),
		TEST(rows_are_found_by_tenant_and_application),
		TEST(an_empty_log_is_no_gap),
		TEST(frames_are_pruned_by_number),
		TEST(events_are_pruned_by_age),
		TEST(events_are_pruned_by_size),
		TEST(a_start_counts_what_was_not_counted),
		TEST(a_log_without_limits_is_kept),
		TEST(the_wal_does_not_grow_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
