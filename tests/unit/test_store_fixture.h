/* test_store_fixture.h - a store in a folder of its own with a real loop, and a few rows to work on. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

#define UNUSED __attribute__((unused))

struct fixture {
	uv_loop_t loop;
	struct store *st;
	struct store_options options;
	char dir[64], path[96], err[512];
	char last_log[512];
	int n_logs;
};

static UNUSED void fixture_log(void *arg, int priority, const char *text)
{
	struct fixture *f = arg;

	(void)priority;
	snprintf(f->last_log, sizeof(f->last_log), "%s", text);
	f->n_logs++;
}

static UNUSED void fixture_open(struct fixture *f)
{
	int rc = store_open(&f->loop, &f->options, &f->st, f->err, sizeof(f->err));

	if (rc)
		print_error("%s\n", f->err);
	assert_int_equal(rc, LS_OK);
}

static UNUSED void fixture_close(struct fixture *f)
{
	store_close(f->st);
	f->st = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static UNUSED int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/ls-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/loraserver.db", f->dir);
	f->options = (struct store_options){.path = f->path, .log = fixture_log, .log_arg = f};
	uv_loop_init(&f->loop);
	fixture_open(f);
	*state = f;
	return 0;
}

static UNUSED int remove_one(const char *name, const struct stat *s, int flag, struct FTW *ftw)
{
	(void)s;
	(void)flag;
	(void)ftw;
	return remove(name);
}

static UNUSED int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	if (f->st)
		fixture_close(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

/* Run the loop until all that was handed to the store came back. */
static UNUSED void settle(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

/* --- batches with a result --- */

static UNUSED void keep_rc(struct store_batch *b)
{
	*(int *)b->arg = b->rc;
	store_batch_free(b);
}

/* Submit and wait; the batch's rc. */
static UNUSED int commit(struct fixture *f, struct store_batch *b)
{
	int rc = LS_EBUG;

	b->arg = &rc;
	b->done = keep_rc;
	store_submit(f->st, b);
	settle(f);
	return rc;
}

enum write_kind { WRITE_INSERT, WRITE_UPDATE, WRITE_DELETE };

struct write {
	enum write_kind kind;
	const struct entity *e;
	const char *id;
	json_t *json;
	char field[64];
	int rc;
};

static UNUSED int run_write_batch(struct store_db *db, struct store_batch *b)
{
	struct write *w = b->arg;
	int rc = w->kind == WRITE_INSERT   ? record_insert(db, w->e, w->json)
	         : w->kind == WRITE_UPDATE ? record_update(db, w->e, w->id, w->json)
	                                   : record_delete(db, w->e, w->id);

	snprintf(w->field, sizeof(w->field), "%s", store_db_conflict_field(db));
	return rc;
}

static UNUSED void write_done(struct store_batch *b)
{
	struct write *w = b->arg;

	w->rc = b->rc;
	store_batch_free(b);
}

/* Submit a control write; w must live until settle(). Takes the JSON. */
static UNUSED void submit_write(struct fixture *f, struct write *w, enum write_kind kind, enum entity_id e,
                                const char *id, json_t *json)
{
	struct store_batch *b = store_batch_new();

	*w = (struct write){.kind = kind, .e = &model_entities[e], .id = id, .json = json, .rc = LS_EBUG};
	b->run = run_write_batch;
	b->done = write_done;
	b->arg = w;
	store_submit(f->st, b);
}

static UNUSED struct write do_write(struct fixture *f, enum write_kind kind, enum entity_id e, const char *id,
                                    json_t *json)
{
	struct write w;

	submit_write(f, &w, kind, e, id, json);
	settle(f);
	json_decref(w.json);
	w.json = NULL;
	return w;
}

#define TENANT "11111111-1111-4111-8111-111111111111"
#define APPLICATION "22222222-2222-4222-8222-222222222222"
#define PROFILE "33333333-3333-4333-8333-333333333333"

static UNUSED void create(struct fixture *f, enum entity_id e, json_t *json)
{
	struct write w = do_write(f, WRITE_INSERT, e, NULL, json);

	assert_int_equal(w.rc, LS_OK);
}

static UNUSED void populate(struct fixture *f)
{
	create(f, E_TENANT, json_pack("{s:s, s:s}", "tenant_id", TENANT, "name", "acme"));
	create(f, E_APPLICATION,
	       json_pack("{s:s, s:s, s:s}", "application_id", APPLICATION, "name", "lab", "tenant_id", TENANT));
	create(f, E_PROFILE,
	       json_pack("{s:s, s:s, s:s, s:s, s:s}", "profile_id", PROFILE, "name", "node", "tenant_id", TENANT, "region",
	                 "EU868", "mac_version", "1.0.3"));
}

static UNUSED struct eui64 eui(uint64_t n)
{
	return eui64_from_u64(n);
}

static UNUSED const char *eui_text(uint64_t n, char buf[EUI64_TEXT_SIZE])
{
	return eui64_format(eui(n), buf);
}

static UNUSED json_t *device_json(uint64_t n, const char *name)
{
	char text[EUI64_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s}", "dev_eui", eui_text(n, text), "name", name, "application_id", APPLICATION,
	                 "profile_id", PROFILE);
}

static UNUSED struct session_row session(uint64_t n, enum session_slot slot)
{
	struct session_row s = {.dev_eui = eui(n), .slot = slot, .dev_addr = 0x01000000 + (uint32_t)n, .down.f_cnt_down = 7,
	                        .region = "EU868", .up = {.rx1_delay_s = 1, .rx2_freq_hz = 869525000}, .joined_us = 1000000};

	memset(s.keys.f_nwk_s_int_key.b, 0xa1, 16);
	memset(s.keys.app_s_key.b, 0xb2, 16);
	s.up.last_seen_us = 1000000;
	return s;
}

static UNUSED void put_session(struct fixture *f, uint64_t n)
{
	struct store_batch *b = store_batch_new();
	struct session_row s = session(n, SLOT_CURRENT);

	store_batch_session_put(b, &s);
	assert_int_equal(commit(f, b), LS_OK);
}

static UNUSED struct log_row event_row(uint64_t n)
{
	struct log_row row = {.time_us = 1700000000000000 + (int64_t)n, .kind = "up", .dev_eui = eui(n), .has_dev_eui = true,
	                      .body = "{\"fCnt\":1}", .body_len = 10};

	return row;
}

/* --- queries --- */

struct ask {
	struct store_query q;
	const struct entity *e;
	const char *id;
	struct record_list *list;
	struct log_read *log;
	json_t *record;
};

static UNUSED int run_ask(struct store_db *db, struct store_query *q)
{
	struct ask *a = q->arg;

	return a->list ? record_list(db, a->e, a->list)
	       : a->log ? store_log_read(db, a->log)
	                : record_get(db, a->e, a->id, &a->record);
}

static UNUSED void ask_done(struct store_query *q)
{
	(void)q;
}

static UNUSED int ask(struct fixture *f, struct ask *a)
{
	a->q = (struct store_query){.run = run_ask, .done = ask_done, .arg = a};
	store_read(f->st, &a->q);
	settle(f);
	return a->q.rc;
}

static UNUSED int get(struct fixture *f, enum entity_id e, const char *id, json_t **out)
{
	struct ask a = {.e = &model_entities[e], .id = id};
	int rc = ask(f, &a);

	*out = a.record;
	return rc;
}

static UNUSED int list(struct fixture *f, enum entity_id e, struct record_list *l)
{
	struct ask a = {.e = &model_entities[e], .list = l};

	return ask(f, &a);
}

/* A number by a connection that is not ours. */
static UNUSED int64_t sql_number(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt = NULL;
	int64_t n = -1;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

#endif
