/*
 * restore.c - an older copy of the database takes the place of the present one.
 *
 * The copy knows nothing of what was sent since it was made, and a counter or nonce must not come twice. So it counts
 * on from beyond what a server can have used meanwhile, and gets another epoch, so that cursors of the life
 * that was lost are told from its own. The work is done in a file beside the database, which is renamed at the end:
 * interrupted anywhere, the present database is still there.
 */
#include "store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/db.h"
#include "store/place.h"
#include "store/schema.h"

#define PATH_SIZE 4096
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define F_CNT_MAX "4294967295"
#define NONCE_MAX "16777215"

static const char *const count_on[] = {
	"UPDATE device_session SET f_cnt_down = min(f_cnt_down + " TEXT(RESTORE_F_CNT_DOWN) ", " F_CNT_MAX "),"
	" a_f_cnt_down = min(a_f_cnt_down + " TEXT(RESTORE_F_CNT_DOWN) ", " F_CNT_MAX ")",
	"UPDATE multicast_group SET f_cnt_down = min(f_cnt_down + " TEXT(RESTORE_F_CNT_DOWN) ", " F_CNT_MAX ")",
	"UPDATE device SET join_nonce = min(join_nonce + " TEXT(RESTORE_JOIN_NONCE) ", " NONCE_MAX ")",
	"UPDATE meta SET value = 1 + ((value + 1 + abs(random() % 1000000000)) & 2147483647) WHERE key = 'epoch'",
};

static int name_of(char *out, const char *path, const char *suffix)
{
	int n = snprintf(out, PATH_SIZE, "%s%s", path, suffix);

	return n < 0 || n >= PATH_SIZE ? LS_ELONG : LS_OK;
}

static int sql(struct store_db *db, const char *text, char *err, size_t err_size)
{
	int rc = sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);

	if (rc)
		snprintf(err, err_size, "database: %s", sqlite3_errmsg(db->sqlite));
	return db_error(rc);
}

/* All pages of the copy at `from`, with what its WAL holds, into the new file `to`. */
static int copy_pages(const char *from, struct store_db *to, char *err, size_t err_size)
{
	sqlite3 *source = NULL;
	int rc = sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_backup *b = rc == SQLITE_OK ? sqlite3_backup_init(to->sqlite, "main", source, "main") : NULL;

	if (b) {
		sqlite3_backup_step(b, -1);
		rc = sqlite3_backup_finish(b);
	} else if (rc == SQLITE_OK) {
		rc = sqlite3_errcode(to->sqlite);
	}
	if (rc)
		snprintf(err, err_size, "%s: %s", from, source && sqlite3_errcode(source) ? sqlite3_errmsg(source) : sqlite3_errstr(rc));
	sqlite3_close(source);
	return (rc & 0xff) == SQLITE_NOTADB ? LS_EFORMAT : db_error(rc);
}

/* LS_EFORMAT unless it is a database of ours, and whole. */
static int check_copy(struct store_db *db, const char *from, char *err, size_t err_size)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, "PRAGMA quick_check(1)", -1, &stmt, NULL);
	bool good = rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
	            strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;

	sqlite3_finalize(stmt);
	rc = good ? sqlite3_prepare_v2(db->sqlite, "SELECT value FROM meta WHERE key = 'epoch'", -1, &stmt, NULL) : SQLITE_OK;
	good = good && rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
	if (rc == SQLITE_OK)
		sqlite3_finalize(stmt);
	if (!good)
		snprintf(err, err_size, "%s is damaged, or not a database of loraserverd", from);
	return good ? LS_OK : LS_EFORMAT;
}

/* The new database in `work`: copied, brought to the present schema, counted on, synced. */
static int prepare(const char *from, const char *work, char *err, size_t err_size)
{
	struct store_db *db = NULL;
	int rc = place_prepare(work, err, err_size);

	if (!rc)
		rc = db_open(work, DB_WRITE, 2048, &db, err, err_size);
	if (!rc)
		rc = copy_pages(from, db, err, err_size);
	if (!rc)
		rc = check_copy(db, from, err, err_size);
	if (!rc)
		rc = schema_migrate(db, work, schema_steps, schema_n_steps, err, err_size);
	if (!rc)
		rc = sql(db, "BEGIN IMMEDIATE", err, err_size);
	for (size_t i = 0; !rc && i < sizeof(count_on) / sizeof(count_on[0]); i++)
		rc = sql(db, count_on[i], err, err_size);
	if (!rc)
		rc = sql(db, "COMMIT", err, err_size);
	if (!rc)
		rc = sql(db, "PRAGMA wal_checkpoint(TRUNCATE)", err, err_size);
	db_close(db);
	return rc;
}

/* The WAL of a database that is replaced must not be taken for the new one's. */
static int set_aside(const char *path, const char *aside, char *err, size_t err_size)
{
	static const char *const companions[] = {"-wal", "-shm"};
	char name[PATH_SIZE], kept[PATH_SIZE], ignored[256];
	struct store_db *db;
	int rc = LS_OK;

	if (access(path, F_OK))
		return LS_OK;
	if (!db_open(path, DB_WRITE, 2048, &db, ignored, sizeof(ignored))) {
		sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		db_close(db);
	}
	unlink(aside);
	if (link(path, aside)) {
		snprintf(err, err_size, "%s: %m", aside);
		return LS_EIO;
	}
	for (size_t i = 0; !rc && i < sizeof(companions) / sizeof(companions[0]); i++) {
		rc = name_of(name, path, companions[i]);
		if (!rc)
			rc = name_of(kept, aside, companions[i]);
		if (!rc && rename(name, kept) && errno != ENOENT)
			rc = LS_EIO;
	}
	return rc;
}

static int sync_folder(const char *path)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && fsync(fd) == 0 ? LS_OK : LS_EIO;

	if (fd >= 0)
		close(fd);
	return rc;
}

static void remove_work(const char *work)
{
	static const char *const companions[] = {"", "-wal", "-shm"};
	char name[PATH_SIZE];

	for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		if (!name_of(name, work, companions[i]))
			unlink(name);
	}
	snprintf(name, sizeof(name), "%.4000s.before-v%zu", work, schema_n_steps);
	unlink(name);
}

int store_restore(const char *path, const char *from, char *err, size_t err_size)
{
	char work[PATH_SIZE], aside[PATH_SIZE];
	int lock_fd = -1;
	int rc = name_of(work, path, ".restoring");

	if (!rc)
		rc = name_of(aside, path, RESTORE_ASIDE);
	if (!rc)
		rc = place_lock(path, &lock_fd, err, err_size);
	if (rc)
		return rc;
	remove_work(work); /* of a restore that did not end */
	rc = prepare(from, work, err, err_size);
	if (!rc)
		rc = set_aside(path, aside, err, err_size);
	if (!rc && rename(work, path)) {
		snprintf(err, err_size, "%s: %m", path);
		rc = LS_EIO;
	}
	if (!rc)
		rc = sync_folder(path);
	remove_work(work);
	close(lock_fd);
	return rc;
}
