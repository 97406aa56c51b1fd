/* test_store_open.c - who may open the file, what is refused, and the way to a newer schema. */
#include "test_store_fixture.h"

#include <fcntl.h>

#include "store/db.h"
#include "store/schema.h"

static void execute(const char *path, const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static int try_open(struct fixture *f)
{
	struct store *st = NULL;
	int rc = store_open(&f->loop, &f->options, &st, f->err, sizeof(f->err));

	if (st) {
		store_close(st);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	return rc;
}

static void a_second_daemon_is_refused(void **state)
{
	struct fixture *f = *state;
	char pid[32];

	assert_int_equal(try_open(f), LS_ECONFLICT);
	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	assert_non_null(strstr(f->err, pid));
	fixture_close(f);
	assert_int_equal(try_open(f), LS_OK);
}

static unsigned mode_of(const char *path, const char *suffix)
{
	char name[128];
	struct stat s;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	assert_int_equal(stat(name, &s), 0);
	return s.st_mode & 07777;
}

static void files_are_for_their_owner_only(void **state)
{
	struct fixture *f = *state;

	umask(0); /* the worst case */
	populate(f);
	assert_int_equal(mode_of(f->path, ""), 0600);
	assert_int_equal(mode_of(f->path, "-wal"), 0600);
	assert_int_equal(mode_of(f->path, "-shm"), 0600);
	umask(022);
	fixture_close(f);
	for (int i = 0; i < 3; i++) {
		static const mode_t modes[] = {0640, 0604, 0660};

		chmod(f->path, modes[i]);
		assert_int_equal(try_open(f), LS_EPERM);
		assert_non_null(strstr(f->err, "chmod 600"));
	}
	chmod(f->path, 0600);
	assert_int_equal(try_open(f), LS_OK);
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_close(f);
	execute(f->path, "PRAGMA user_version = 999");
	assert_int_equal(try_open(f), LS_EVERSION);
	assert_non_null(strstr(f->err, "999"));
}

static void strangers_are_refused(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_close(f);
	execute(f->path, "PRAGMA application_id = 1");
	assert_int_equal(try_open(f), LS_EFORMAT);
	unlink(f->path);
	fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < 10; i++)
		assert_int_equal(write(fd, "this is certainly no database\n", 30), 30);
	close(fd);
	assert_int_equal(try_open(f), LS_EFORMAT);
	unlink(f->path);
	mkdir(f->path, 0700);
	assert_int_equal(try_open(f), LS_EPERM);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	struct store_options options = {.path = "/nonexistent/loraserver.db"};
	struct store *st;

	assert_int_not_equal(store_open(&f->loop, &options, &st, f->err, sizeof(f->err)), LS_OK);
	assert_non_null(strstr(f->err, "/nonexistent/"));
	assert_null(st);
}

/* --- migrations --- */

static const char *const add_column[] = {"ALTER TABLE tenant ADD COLUMN note TEXT", NULL};
/* Rebuilds a parent: with foreign keys on, dropping it would take or refuse its children. */
static const char *const rebuild_parent[] = {
	"CREATE TABLE device_new (dev_eui BLOB PRIMARY KEY, application_id BLOB NOT NULL REFERENCES application,"
	" profile_id BLOB NOT NULL REFERENCES profile, name TEXT NOT NULL) STRICT, WITHOUT ROWID",
	"DROP VIEW device_view", "DROP VIEW application_view",
	"INSERT INTO device_new SELECT dev_eui, application_id, profile_id, name FROM device", "DROP TABLE device",
	"ALTER TABLE device_new RENAME TO device", NULL};
static const char *const breaks_half_way[] = {"ALTER TABLE tenant ADD COLUMN more TEXT", "DELETE FROM nonsense", NULL};
static const char *const orphans[] = {"DELETE FROM device", NULL};

static int migrate(struct fixture *f, const char *const *const *steps, size_t n)
{
	struct store_db *db;
	int rc;

	assert_int_equal(db_open(f->path, DB_WRITE, 512, &db, f->err, sizeof(f->err)), LS_OK);
	rc = schema_migrate(db, f->path, steps, n, f->err, sizeof(f->err));
	db_close(db);
	return rc;
}

static void prepare_device(struct fixture *f)
{
	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	put_session(f, 1);
	fixture_close(f);
}

static void a_migration_leaves_a_copy_of_before(void **state)
{
	struct fixture *f = *state;
	const char *const *const steps[] = {schema_steps[0], add_column, rebuild_parent};
	char copy[128];

	prepare_device(f);
	umask(0);
	assert_int_equal(migrate(f, steps, 3), LS_OK);
	umask(022);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), 3);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM tenant WHERE note IS NULL"), 1);
	/* chirpstack/chirpstack#825: the children of the rebuilt table are still there. */
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_session"), 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(mode_of(f->path, ".before-v3"), 0600);
	snprintf(copy, sizeof(copy), "%s.before-v3", f->path);
	assert_int_equal(sql_number(copy, "PRAGMA user_version"), 1);
	assert_int_equal(sql_number(copy, "SELECT count(*) FROM device_session"), 1);
}

static void a_step_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const char *const *const half[] = {schema_steps[0], add_column, breaks_half_way};
	const char *const *const orphaned[] = {schema_steps[0], add_column, orphans};

	prepare_device(f);
	assert_int_not_equal(migrate(f, half, 3), LS_OK);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), 2); /* the step before it holds */
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM pragma_table_info('tenant') WHERE name = 'more'"), 0);
	assert_int_not_equal(migrate(f, orphaned, 3), LS_OK);
	assert_non_null(strstr(f->err, "without what they refer to"));
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), 2);
}

/* --- what the connection lets pass --- */

static int try_sql(struct store_db *db, struct store_query *q)
{
	static const char *const refused[] = {
		"ATTACH DATABASE '/tmp/x.db' AS x", "PRAGMA journal_mode = DELETE", "DELETE FROM tenant", "DROP TABLE tenant",
		"CREATE TABLE x (y)", "SELECT load_extension('x')", "UPDATE device SET app_key = NULL",
	};
	int *n = q->arg, rc;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!db_prepare(db, refused[i], &rc) && rc)
			(*n)++;
	return db_prepare(db, "SELECT count(*) FROM tenant", &rc) ? LS_OK : rc;
}

static void quiet(struct store_query *q)
{
	(void)q;
}

static void a_reading_connection_only_reads(void **state)
{
	struct fixture *f = *state;
	int refused = 0;
	struct store_query q = {.run = try_sql, .done = quiet, .arg = &refused};

	store_read(f->st, &q);
	settle(f);
	assert_int_equal(q.rc, LS_OK);
	assert_int_equal(refused, 7);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_second_daemon_is_refused),
		TEST(files_are_for_their_owner_only),
		TEST(a_newer_schema_is_refused),
		TEST(strangers_are_refused),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(a_migration_leaves_a_copy_of_before),
		TEST(a_step_that_fails_changes_nothing),
		TEST(a_reading_connection_only_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
