/* db.c - opening a connection with what every connection of ours needs, and its prepared statements. */
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/filter_sql.h"
#include "store/store.h"
#include "store/wal_buffer.h"

static const char *const statement_sql[] = {
#define STATEMENT(id, sql) [ST_##id] = sql,
#include "store/statements.def"
#undef STATEMENT
};

/* After set-up only plain statements pass, whatever text would reach the parser. */
static int authorize(void *arg, int action, const char *a, const char *b, const char *database, const char *trigger)
{
	const struct store_db *db = arg;

	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return db->may_change ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:
		/* table_info and defer_foreign_keys: how SQLite itself records and applies changes */
		return strcmp(a, "synchronous") == 0 || strcmp(a, "table_info") == 0 || strcmp(a, "defer_foreign_keys") == 0
		               ? SQLITE_OK
		               : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static int execute(struct store_db *db, const char *sql)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
}

static int set_up(struct store_db *db, enum db_mode mode, int cache_kib)
{
	char sql[160];
	int rc;

	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_LENGTH, 16 << 20);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_SQL_LENGTH, 64 << 10);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_VARIABLE_NUMBER, 250);
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128);
	sqlite3_busy_timeout(db->sqlite, DB_BUSY_MS);
	snprintf(sql, sizeof(sql),
	         "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%d; PRAGMA synchronous = %s",
	         cache_kib, db->synchronous);
	rc = execute(db, sql);
	if (rc)
		return rc;
	if (mode == DB_READ)
		return execute(db, "PRAGMA query_only = ON");
	/* secure_delete=FAST: deleted keys are overwritten where the page is written anyway. */
	return execute(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
	                   " PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = FAST");
}

int db_open(const char *path, enum db_mode mode, int cache_kib, struct store_db **out, char *err, size_t err_size)
{
	int flags = (mode == DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
	const char *test = getenv("LS_TEST_SYNCHRONOUS");
	struct store_db *db = calloc(1, sizeof(*db));
	int rc;

	*out = NULL;
	if (!db)
		return LS_ENOMEM;
	db->may_change = mode == DB_WRITE;
	db->change_bytes = -1;
	db->synchronous = test && strcmp(test, "off") == 0 ? "OFF" : "FULL";
	rc = sqlite3_open_v2(path, &db->sqlite, flags, wal_buffer_vfs());
	if (rc == SQLITE_OK)
		rc = set_up(db, mode, cache_kib);
	if (rc == SQLITE_OK)
		rc = filter_sql_register(db->sqlite);
	if (rc != SQLITE_OK) {
		snprintf(err, err_size, "%s: %s", path, db->sqlite ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(rc));
		db_close(db);
		return (rc & 0xff) == SQLITE_NOTADB ? LS_EFORMAT : db_error(rc);
	}
	sqlite3_extended_result_codes(db->sqlite, 1);
	*out = db;
	return LS_OK;
}

void db_lock_down(struct store_db *db)
{
	sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_set_authorizer(db->sqlite, authorize, db);
}

void db_close(struct store_db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < ST__COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	for (size_t i = 0; i < DB_KEPT; i++) {
		sqlite3_finalize(db->kept[i].stmt);
		free(db->kept[i].sql);
	}
	sqlite3_close(db->sqlite);
	free(db);
}

int db_error(int sqlite_rc)
{
	switch (sqlite_rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return LS_OK;
	case SQLITE_CONSTRAINT:
		if (sqlite_rc == SQLITE_CONSTRAINT_NOTNULL || sqlite_rc == SQLITE_CONSTRAINT_CHECK ||
		    sqlite_rc == SQLITE_CONSTRAINT_DATATYPE)
			return LS_EINVAL;
		return LS_ECONFLICT;
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return LS_EFULL;
	case SQLITE_NOMEM:
		return LS_ENOMEM;
	case SQLITE_TOOBIG:
		return LS_ELONG;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_AUTH:
	case SQLITE_RANGE:
		return LS_EBUG;
	default:
		return LS_EIO;
	}
}

bool db_is_fatal(const struct store_db *db, int rc)
{
	return rc == LS_EIO || rc == LS_EFULL || sqlite3_get_autocommit(db->sqlite);
}

sqlite3_stmt *db_statement(struct store_db *db, enum statement id, int *rc)
{
	*rc = LS_OK;
	if (!db->statements[id])
		*rc = db_error(sqlite3_prepare_v3(db->sqlite, statement_sql[id], -1, SQLITE_PREPARE_PERSISTENT,
		                                  &db->statements[id], NULL));
	return db->statements[id];
}

sqlite3_stmt *db_prepare(struct store_db *db, const char *sql, int *rc)
{
	struct kept_statement *oldest = &db->kept[0];

	*rc = LS_OK;
	db->uses++;
	for (size_t i = 0; i < DB_KEPT; i++) {
		struct kept_statement *k = &db->kept[i];

		if (k->sql && strcmp(k->sql, sql) == 0) {
			k->used = db->uses;
			sqlite3_clear_bindings(k->stmt);
			return k->stmt;
		}
		if (k->used < oldest->used)
			oldest = k;
	}
	sqlite3_finalize(oldest->stmt);
	free(oldest->sql);
	*oldest = (struct kept_statement){.used = db->uses};
	*rc = db_error(sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &oldest->stmt, NULL));
	if (*rc)
		return NULL;
	oldest->sql = strdup(sql);
	if (!oldest->sql) /* then it is found by nobody and replaced first */
		oldest->used = 0;
	return oldest->stmt;
}

int db_run(struct store_db *db, enum statement id)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	return stmt ? db_finish(db, stmt) : rc;
}

int db_finish(struct store_db *db, sqlite3_stmt *stmt)
{
	int rc;

	(void)db;
	do
		rc = sqlite3_step(stmt);
	while (rc == SQLITE_ROW);
	sqlite3_reset(stmt);
	return db_error(rc);
}

int db_row(sqlite3_stmt *stmt, bool *row)
{
	int rc = sqlite3_step(stmt);

	*row = rc == SQLITE_ROW;
	if (!*row)
		sqlite3_reset(stmt);
	return db_error(rc);
}

int db_changes(const struct store_db *db)
{
	return sqlite3_changes(db->sqlite);
}

int db_meta_get(struct store_db *db, const char *key, int64_t *value)
{
	int rc;
	bool row;
	sqlite3_stmt *stmt = db_statement(db, ST_META_GET, &rc);

	if (rc)
		return rc;
	bind_text(stmt, 1, key);
	rc = db_row(stmt, &row);
	if (rc)
		return rc;
	if (!row)
		return LS_ENOTFOUND;
	*value = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return LS_OK;
}

int db_meta_put(struct store_db *db, const char *key, int64_t value)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_META_PUT, &rc);

	if (rc)
		return rc;
	bind_text(stmt, 1, key);
	sqlite3_bind_int64(stmt, 2, value);
	return db_finish(db, stmt);
}

int db_set_synced(struct store_db *db, bool synced)
{
	char sql[48];

	if (strcmp(db->synchronous, "OFF") == 0)
		return LS_OK;
	snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", synced ? db->synchronous : "NORMAL");
	int rc = execute(db, sql);

	return db_error(rc == SQLITE_OK ? wal_buffer_set(db->sqlite, synced) : rc);
}

const char *store_db_conflict_field(const struct store_db *db)
{
	return db->conflict_field;
}

void bind_eui(sqlite3_stmt *stmt, int at, const struct eui64 *eui)
{
	sqlite3_bind_blob(stmt, at, eui->be, sizeof(eui->be), SQLITE_STATIC);
}

void bind_uuid(sqlite3_stmt *stmt, int at, const struct uuid *id)
{
	sqlite3_bind_blob(stmt, at, id->b, sizeof(id->b), SQLITE_STATIC);
}

void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	if (text)
		sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, at);
}

void bind_time(sqlite3_stmt *stmt, int at, int64_t time_us)
{
	if (time_us)
		sqlite3_bind_int64(stmt, at, time_us);
	else
		sqlite3_bind_null(stmt, at);
}

struct eui64 column_eui(sqlite3_stmt *stmt, int at)
{
	struct eui64 eui = {{0}};
	const void *blob = sqlite3_column_blob(stmt, at);

	if (blob && sqlite3_column_bytes(stmt, at) == (int)sizeof(eui.be))
		memcpy(eui.be, blob, sizeof(eui.be));
	return eui;
}

struct uuid column_uuid(sqlite3_stmt *stmt, int at)
{
	struct uuid id = {{0}};
	const void *blob = sqlite3_column_blob(stmt, at);

	if (blob && sqlite3_column_bytes(stmt, at) == (int)sizeof(id.b))
		memcpy(id.b, blob, sizeof(id.b));
	return id;
}
