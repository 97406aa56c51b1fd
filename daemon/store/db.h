/*
 * db.h - one connection to the database file, with its prepared statements. Used by one thread.
 */
#ifndef LS_STORE_DB_H
#define LS_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/eui.h"
#include "base/uuid.h"

enum statement {
#define STATEMENT(id, sql) ST_##id,
#include "store/statements.def"
#undef STATEMENT
	ST__COUNT
};

#define DB_BUSY_MS 2000 /* wait for another process, a backup say */
#define DB_KEPT 16 /* statements made from the registry */

struct kept_statement {
	char *sql;
	sqlite3_stmt *stmt;
	uint64_t used; /* when, in uses of the connection: the oldest goes */
};

struct store_db {
	sqlite3 *sqlite;
	sqlite3_stmt *statements[ST__COUNT];
	struct kept_statement kept[DB_KEPT];
	uint64_t uses;
	char conflict_field[64];
	int64_t change_bytes;  /* of the journal; -1: not counted yet */
	unsigned unpruned;     /* changes since it was last held against its limits */
	bool may_change;       /* what the authorizer lets pass */
	const char *synchronous; /* "FULL"; "OFF" in the test that shows that our promise tests can fail */
};

enum db_mode { DB_WRITE, DB_READ };

/*
 * Open the file, which exists. DB_READ connections see a query-only database. err receives a sentence.
 * db_lock_down() ends the set-up: from then on the authorizer passes plain reads and writes only.
 */
int db_open(const char *path, enum db_mode mode, int cache_kib, struct store_db **out, char *err, size_t err_size);
void db_lock_down(struct store_db *db);
void db_close(struct store_db *db); /* NULL is fine */

/* LS_E... of a result of SQLite: full, I/O, conflict ... */
int db_error(int sqlite_rc);

/* Failures that cost the whole transaction, not only one batch. */
bool db_is_fatal(const struct store_db *db, int rc);

/* The kept statement, reset; NULL (with *rc set) when it cannot be prepared. */
sqlite3_stmt *db_statement(struct store_db *db, enum statement id, int *rc);

/* Same for text made at run time; at most DB_KEPT are kept. */
sqlite3_stmt *db_prepare(struct store_db *db, const char *sql, int *rc);

int db_run(struct store_db *db, enum statement id); /* without parameters */
int db_finish(struct store_db *db, sqlite3_stmt *stmt); /* step a write to its end, reset */
int db_row(sqlite3_stmt *stmt, bool *row); /* next row; resets at the end or on failure */
int db_changes(const struct store_db *db);

int db_meta_get(struct store_db *db, const char *key, int64_t *value); /* LS_ENOTFOUND */
int db_meta_put(struct store_db *db, const char *key, int64_t value);

/*
 * How much the next transactions cost: synced ones stand a power cut, others may be lost by one (never torn).
 * Outside a transaction only.
 */
int db_set_synced(struct store_db *db, bool synced);

/* Borrowed until the statement is stepped; EUIs and ids are BLOBs, which sort as their text does. */
void bind_eui(sqlite3_stmt *stmt, int at, const struct eui64 *eui);
void bind_uuid(sqlite3_stmt *stmt, int at, const struct uuid *id);
void bind_text(sqlite3_stmt *stmt, int at, const char *text); /* NULL: null */
void bind_time(sqlite3_stmt *stmt, int at, int64_t time_us);  /* 0: null */
struct eui64 column_eui(sqlite3_stmt *stmt, int at);          /* zeros unless 8 octets */
struct uuid column_uuid(sqlite3_stmt *stmt, int at);

#endif
