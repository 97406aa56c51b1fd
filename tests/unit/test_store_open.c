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
	"DROP VIEW device_view", "DROP VIEW application_view", "DROP VIEW multicast_device_view",
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

/* The schema as it is, then two steps more. */
static int migrate_on(struct fixture *f, const char *const *one, const char *const *two)
{
	const char *const *steps[16];

	assert_true(schema_n_steps + 2 <= sizeof(steps) / sizeof(steps[0]));
	memcpy(steps, schema_steps, schema_n_steps * sizeof(steps[0]));
	steps[schema_n_steps] = one;
	steps[schema_n_steps + 1] = two;
	return migrate(f, steps, schema_n_steps + 2);
}

static void a_migration_leaves_a_copy_of_before(void **state)
{
	struct fixture *f = *state;
	int now = (int)schema_n_steps;
	char copy[128], suffix[32];

	prepare_device(f);
	umask(0);
	assert_int_equal(migrate_on(f, add_column, rebuild_parent), LS_OK);
	umask(022);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), now + 2);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM tenant WHERE note IS NULL"), 1);
	/* chirpstack/chirpstack#825: the children of the rebuilt table are still there. */
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_session"), 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device"), 1);
	snprintf(suffix, sizeof(suffix), ".before-v%d", now + 2);
	assert_int_equal(mode_of(f->path, suffix), 0600);
	snprintf(copy, sizeof(copy), "%s%s", f->path, suffix);
	assert_int_equal(sql_number(copy, "PRAGMA user_version"), now);
	assert_int_equal(sql_number(copy, "SELECT count(*) FROM device_session"), 1);
}

static void a_step_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int now = (int)schema_n_steps;

	prepare_device(f);
	assert_int_not_equal(migrate_on(f, add_column, breaks_half_way), LS_OK);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), now + 1); /* the step before it holds */
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM pragma_table_info('tenant') WHERE name = 'more'"), 0);
	assert_int_not_equal(migrate_on(f, add_column, orphans), LS_OK);
	assert_non_null(strstr(f->err, "without what they refer to"));
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device"), 1);
	assert_int_equal(sql_number(f->path, "PRAGMA user_version"), now + 1);
}

/* A database of the first schema, with a session and a downlink in it, as the first released program left it. */
static const char *const first_rows =
	"INSERT INTO tenant (tenant_id, name, created_at, updated_at) VALUES (x'01', 'acme', 1, 1);"
	"INSERT INTO application (application_id, tenant_id, name, created_at, updated_at) VALUES (x'02', x'01', 'm', 1, 1);"
	"INSERT INTO profile (profile_id, tenant_id, name, region, mac_version, created_at, updated_at)"
	" VALUES (x'03', x'01', 'basic', 'EU868', '1.0.3', 1, 1);"
	"INSERT INTO device (dev_eui, application_id, profile_id, name, app_key, created_at, updated_at)"
	" VALUES (x'0000000000000001', x'02', x'03', 'pump', x'00112233445566778899aabbccddeeff', 1, 1);"
	"INSERT INTO device_session (dev_eui, slot, dev_addr, nwk_s_key, app_s_key, f_cnt_up, f_cnt_down, region, rx1_delay_s,"
	" rx1_dr_offset, rx2_dr, rx2_freq_hz, has_up, up_hash, up_transmissions, up_answered, dr)"
	" VALUES (x'0000000000000001', 0, 5, x'11111111111111111111111111111111', x'22222222222222222222222222222222', 70000,"
	" 9, 'EU868', 1, 0, 0, 869525000, 1, 3, 1, 0, 5);"
	"INSERT INTO queue_item (queue_item_id, dev_eui, f_port, confirmed, state, created_at, data)"
	" VALUES (x'0102030405060708090a0b0c0d0e0f10', x'0000000000000001', 10, 0, 0, 1, x'aa')";

static void sessions_and_queues_of_the_first_schema_go_on(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;

	fixture_close(f);
	unlink(f->path);
	assert_int_equal(close(open(f->path, O_CREAT | O_EXCL | O_WRONLY, 0600)), 0);
	assert_int_equal(migrate(f, schema_steps, 1), LS_OK);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, first_rows, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(migrate(f, schema_steps, schema_n_steps), LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_session_view WHERE f_cnt_up = 70000 AND f_cnt_down = 9"
	                                     " AND is_1_1 = 0 AND nwk_s_key = x'11111111111111111111111111111111'"
	                                     " AND device_class = 'A'"), 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_view WHERE f_cnt_down = 9 AND name = 'pump'"), 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM queue_view WHERE retries = 0 AND expires_at IS NULL"), 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM profile_view WHERE dev_nonce_check = 'version'"), 1);
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
		TEST(sessions_and_queues_of_the_first_schema_go_on),
		TEST(a_reading_connection_only_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
