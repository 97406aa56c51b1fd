/* test_wal_buffer.c - the buffered log is the same log: seen by others, whole, and honest when the disk is full. */
#include "store/wal_buffer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 3000 /* of 700 octets: some 500 pages, several buffers */

struct fixture {
	char dir[64], path[96];
	sqlite3 *db;
};

static void run(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);

	sqlite3_finalize(stmt);
	return value;
}

/* As another program sees it: no layer of ours below, a page cache of its own. */
static int64_t rows_outside(const struct fixture *f)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
	int64_t rows = number(db, "SELECT count(*) FROM t");

	sqlite3_close(db);
	return rows;
}

static const char many_rows[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                                " INSERT INTO t SELECT NULL, randomblob(700) FROM n";

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/wal-buffer-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/t.db", f->dir);
	assert_non_null(wal_buffer_vfs());
	assert_int_equal(sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, wal_buffer_vfs()),
	                 SQLITE_OK);
	run(f->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
	           " CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)");
	assert_int_equal(wal_buffer_set(f->db, true), SQLITE_OK);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char path[128];

	sqlite3_close(f->db);
	snprintf(path, sizeof(path), "%s-wal", f->path);
	unlink(path);
	snprintf(path, sizeof(path), "%s-shm", f->path);
	unlink(path);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void a_synced_commit_is_seen_by_others_at_once(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= 3; i++) {
		run(f->db, many_rows);
		assert_int_equal(rows_outside(f), i * ROWS);
	}
	run(f->db, "INSERT INTO t VALUES (NULL, 'small')");
	assert_int_equal(rows_outside(f), 3 * ROWS + 1);
}

static void a_commit_without_sync_is_seen_when_it_is_not_buffered(void **state)
{
	struct fixture *f = *state;

	run(f->db, "PRAGMA synchronous = NORMAL");
	assert_int_equal(wal_buffer_set(f->db, false), SQLITE_OK);
	run(f->db, many_rows);
	assert_int_equal(rows_outside(f), ROWS);
	run(f->db, "PRAGMA synchronous = FULL");
	assert_int_equal(wal_buffer_set(f->db, true), SQLITE_OK);
	run(f->db, many_rows);
	assert_int_equal(rows_outside(f), 2 * ROWS);
}

/* A transaction larger than the page cache writes frames early, and reads them back before its end. */
static void a_transaction_reads_what_it_wrote_early(void **state)
{
	struct fixture *f = *state;

	run(f->db, "PRAGMA cache_size = 20");
	run(f->db, "BEGIN");
	run(f->db, many_rows);
	assert_int_equal(number(f->db, "SELECT sum(length(body)) FROM t"), 700 * ROWS);
	assert_int_equal(rows_outside(f), 0);
	run(f->db, "COMMIT");
	assert_int_equal(rows_outside(f), ROWS);
}

static void a_full_disk_fails_the_commit_and_only_that(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, small;

	run(f->db, many_rows);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 3000000; /* one set of rows is in, the next ends in the middle */
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_not_equal(sqlite3_exec(f->db, many_rows, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(rows_outside(f), ROWS);
	setrlimit(RLIMIT_FSIZE, &limit);
	run(f->db, many_rows);
	assert_int_equal(rows_outside(f), 2 * ROWS);
}

static void a_restarted_log_is_written_from_its_beginning(void **state)
{
	struct fixture *f = *state;

	run(f->db, many_rows);
	run(f->db, "PRAGMA wal_checkpoint(RESTART)");
	run(f->db, many_rows);
	assert_int_equal(rows_outside(f), 2 * ROWS);
	run(f->db, "PRAGMA wal_checkpoint(TRUNCATE)");
	run(f->db, many_rows);
	assert_int_equal(rows_outside(f), 3 * ROWS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_synced_commit_is_seen_by_others_at_once),
		TEST(a_commit_without_sync_is_seen_when_it_is_not_buffered),
		TEST(a_transaction_reads_what_it_wrote_early),
		TEST(a_full_disk_fails_the_commit_and_only_that),
		TEST(a_restarted_log_is_written_from_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
