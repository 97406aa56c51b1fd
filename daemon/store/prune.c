/*
 * prune.c - the ends of the two logs: how long they are, and what has to go.
 *
 * Length in rows and octets is counted in memory and saved in meta from time to time together with the seq
 * up to which it counts, so that a start only counts the rows behind that.
 *
 * A log that is full loses rows in the transactions that add some, a few more than came: no commit is much longer
 * for it, none waits for a transaction of its own, and pages that become free are used at once. What is left to do when
 * nothing waits to be committed (a limit was lowered, rows grew old) goes in slices with a transaction each; what is
 * gone need not survive a power cut, so these do not sync.
 */
#include <syslog.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/state.h"

#define SLICE_ROWS 250             /* a commit that comes meanwhile waits some hundred microseconds */
#define PART_ROWS 32               /* consider pruning within a commit each so many new rows */
#define CHECK_ROWS 2048            /* ... and in a slice, if no commit could do it */
#define CHECK_US (60 * 1000000LL)  /* or after that time, when there was a commit */
#define SAVE_ROWS 8192

static const struct {
	enum statement bounds, scan, prune;
	const char *rows_key, *bytes_key, *counted_key;
} logs[N_LOGS] = {
	[LOG_EVENT] = {ST_EVENT_BOUNDS, ST_EVENT_SCAN, ST_EVENT_PRUNE, "event_rows", "event_bytes", "event_counted_seq"},
	[LOG_FRAME] = {ST_FRAME_BOUNDS, ST_FRAME_SCAN, ST_FRAME_PRUNE, "frame_rows", "frame_bytes", "frame_counted_seq"},
};

static int meta_or_zero(struct store_db *db, const char *key, uint64_t *out)
{
	int64_t value = 0;
	int rc = db_meta_get(db, key, &value);

	*out = (uint64_t)value;
	return rc == LS_ENOTFOUND ? LS_OK : rc;
}

int log_count(struct store_db *db, enum store_log log, struct log_state *state)
{
	uint64_t counted = 0;
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, logs[log].bounds, &rc);

	*state = (struct log_state){.unchecked = CHECK_ROWS};
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc)
		return rc;
	state->first_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	state->last_seq = (uint64_t)sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);

	rc = meta_or_zero(db, logs[log].rows_key, &state->rows);
	if (!rc)
		rc = meta_or_zero(db, logs[log].bytes_key, &state->bytes);
	if (!rc)
		rc = meta_or_zero(db, logs[log].counted_key, &counted);
	if (!rc)
		stmt = db_statement(db, logs[log].scan, &rc);
	if (rc)
		return rc;
	if (state->last_seq < counted)
		state->last_seq = counted;
	sqlite3_bind_int64(stmt, 1, (int64_t)counted);
	sqlite3_bind_int64(stmt, 2, -1);
	while (!(rc = db_row(stmt, &row)) && row) {
		state->rows++;
		state->unsaved++;
		state->bytes += (uint64_t)sqlite3_column_bytes(stmt, 2) + ROW_OVERHEAD;
	}
	return rc;
}

int log_save_count(struct store_db *db, enum store_log log, const struct log_state *state)
{
	int rc = db_meta_put(db, logs[log].rows_key, (int64_t)state->rows);

	if (!rc)
		rc = db_meta_put(db, logs[log].bytes_key, (int64_t)state->bytes);
	if (!rc)
		rc = db_meta_put(db, logs[log].counted_key, (int64_t)state->last_seq);
	return rc;
}

bool prune_is_due(const struct store *st)
{
	bool old = clock_mono_us() > (uint64_t)(st->pruned_at_us + CHECK_US);

	for (int log = 0; log < N_LOGS; log++) {
		const struct log_state *s = &st->logs[log];

		if (s->more || s->unchecked >= CHECK_ROWS || (old && s->unchecked))
			return true;
	}
	return false;
}

bool prune_is_late(const struct store *st)
{
	return st->logs[LOG_EVENT].unchecked >= 2 * CHECK_ROWS || st->logs[LOG_FRAME].unchecked >= 2 * CHECK_ROWS;
}

/* What is taken away at once: the rows up to `seq`. */
struct slice {
	uint64_t seq, rows, bytes;
	uint64_t next_seq; /* first row that stays; 0 none or not looked at */
	int64_t next_us;   /* its time */
	bool more;
};

/* Is a log still too long without `cut`, when its first row is of time_us? */
static bool too_much(const struct store *st, enum store_log log, const struct slice *cut, int64_t time_us, int64_t now_us)
{
	const struct store_options *o = &st->options;
	const struct log_state *s = &st->logs[log];

	if (log == LOG_FRAME)
		return o->frames_max > 0 && s->rows > (uint64_t)o->frames_max + cut->rows;
	return (o->events_max_bytes > 0 && s->bytes > (uint64_t)o->events_max_bytes + cut->bytes) ||
	       (o->events_max_age_us > 0 && time_us < now_us - o->events_max_age_us);
}

/* Rows that the open transaction added are not counted yet, and stay. */
static int find_slice(struct store *st, enum store_log log, uint64_t max_rows, struct slice *cut)
{
	int64_t now_us = clock_wall_us();
	bool row;
	int rc = LS_OK;
	sqlite3_stmt *stmt;

	*cut = (struct slice){.next_seq = st->logs[log].first_seq, .next_us = st->logs[log].first_us};
	if (!too_much(st, log, cut, cut->next_us, now_us))
		return LS_OK;
	stmt = db_statement(st->writer, logs[log].scan, &rc);
	if (rc)
		return rc;
	*cut = (struct slice){0};
	sqlite3_bind_int64(stmt, 1, 0);
	sqlite3_bind_int64(stmt, 2, (int64_t)max_rows + 1);
	while (!(rc = db_row(stmt, &row)) && row) {
		uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		int64_t time_us = sqlite3_column_int64(stmt, 1);

		if (cut->rows == max_rows || seq > st->logs[log].last_seq || !too_much(st, log, cut, time_us, now_us)) {
			cut->more = cut->rows == max_rows;
			cut->next_seq = seq;
			cut->next_us = time_us;
			sqlite3_reset(stmt);
			break;
		}
		cut->seq = seq;
		cut->rows++;
		cut->bytes += (uint64_t)sqlite3_column_bytes(stmt, 2) + ROW_OVERHEAD;
	}
	return rc;
}

/* In a transaction of the caller, who takes *after as the log's state once that is committed. */
static int prune_log(struct store *st, enum store_log log, uint64_t max_rows, struct log_state *after)
{
	struct store_db *db = st->writer;
	struct slice cut;
	sqlite3_stmt *stmt;
	int rc = find_slice(st, log, max_rows, &cut);

	if (rc)
		return rc;
	after->unchecked = 0;
	after->more = cut.more;
	after->first_seq = cut.next_seq;
	after->first_us = cut.next_us;
	if (!cut.rows && after->unsaved < SAVE_ROWS)
		return LS_OK;
	if (cut.rows) {
		stmt = db_statement(db, logs[log].prune, &rc);
		if (rc)
			return rc;
		sqlite3_bind_int64(stmt, 1, (int64_t)cut.seq);
		rc = db_finish(db, stmt);
		after->rows -= cut.rows < after->rows ? cut.rows : after->rows;
		after->bytes -= cut.bytes < after->bytes ? cut.bytes : after->bytes;
	}
	if (!rc)
		rc = log_save_count(db, log, after);
	after->unsaved = 0;
	return rc;
}

static void report(struct store *st, int rc)
{
	if (rc && !st->prune_failed)
		store_log_text(st, LOG_WARNING, "store: cannot prune the logs: %s", sqlite3_errmsg(st->writer->sqlite));
	st->prune_failed = rc != LS_OK;
}

int prune_within_commit(struct store *st, struct log_state after[N_LOGS])
{
	for (int log = 0; log < N_LOGS; log++) {
		uint64_t due = st->logs[log].unchecked;
		int rc;

		after[log] = st->logs[log];
		if (due < PART_ROWS && !after[log].more)
			continue;
		rc = prune_log(st, log, 2 * (due > PART_ROWS ? due : PART_ROWS), &after[log]);
		if (rc) {
			report(st, rc);
			return rc;
		}
	}
	return LS_OK;
}

/* One log in a transaction of its own. */
static int prune_log_alone(struct store *st, enum store_log log)
{
	struct store_db *db = st->writer;
	struct log_state after = st->logs[log];
	int rc = db_run(db, ST_BEGIN);

	if (!rc)
		rc = prune_log(st, log, SLICE_ROWS, &after);
	if (!rc)
		rc = db_run(db, ST_COMMIT);
	if (rc) {
		st->logs[log].unchecked = 0; /* not again before there is more */
		st->logs[log].more = false;
		if (!sqlite3_get_autocommit(db->sqlite))
			db_run(db, ST_ROLLBACK);
		return rc;
	}
	st->logs[log] = after;
	pthread_mutex_lock(&st->lock);
	st->first_seq[log] = after.first_seq;
	pthread_mutex_unlock(&st->lock);
	return LS_OK;
}

void prune_slice(struct store *st)
{
	int rc = LS_OK;

	st->pruned_at_us = (int64_t)clock_mono_us();
	db_set_synced(st->writer, false);
	for (int log = 0; log < N_LOGS; log++) {
		int failed = prune_log_alone(st, log);

		rc = failed ? failed : rc;
	}
	db_set_synced(st->writer, true);
	report(st, rc);
}
