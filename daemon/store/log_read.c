/*
 * log_read.c - old rows of the event log and the frame ring.
 *
 * Rows are found by seq. A time is turned into a seq by halving, since the logs have no index on it;
 * times are nearly in the order of the seqs, and a margin covers the difference. After the clock was set
 * back, a search by time may miss rows of the hours that came twice.
 */
#include "base/error.h"
#include "store/batch.h"

#define MARGIN_US 10000000

static const struct {
	enum statement bounds, at, read, last;
	const char *counted_key;
} logs[N_LOGS] = {
	[LOG_EVENT] = {ST_EVENT_BOUNDS, ST_EVENT_AT, ST_EVENT_READ, ST_EVENT_LAST, "event_counted_seq"},
	[LOG_FRAME] = {ST_FRAME_BOUNDS, ST_FRAME_AT, ST_FRAME_READ, ST_FRAME_LAST, "frame_counted_seq"},
};

static int read_bounds(struct store_db *db, enum store_log log, uint64_t *first, uint64_t *last)
{
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, logs[log].bounds, &rc);

	*first = *last = 0;
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc || !row)
		return rc;
	*first = (uint64_t)sqlite3_column_int64(stmt, 0);
	*last = (uint64_t)sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	if (!*first) { /* empty: when all was pruned, the count says how far */
		int64_t counted = 0;

		rc = db_meta_get(db, logs[log].counted_key, &counted);
		*last = (uint64_t)counted;
		return rc == LS_ENOTFOUND ? LS_OK : rc;
	}
	return LS_OK;
}

/* First row from `from` on: its seq and time; *seq is 0 when there is none. */
static int row_at(struct store_db *db, enum store_log log, uint64_t from, uint64_t *seq, int64_t *time_us)
{
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, logs[log].at, &rc);

	*seq = 0;
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)from);
	rc = db_row(stmt, &row);
	if (rc || !row)
		return rc;
	*seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	*time_us = sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	return LS_OK;
}

/* A seq in first..last+1 before which no row is of since_us or later. */
static int seq_of_time(struct store_db *db, enum store_log log, uint64_t first, uint64_t last, int64_t since_us,
                       uint64_t *out)
{
	uint64_t low = first, high = last + 1, seq;
	int64_t time_us = 0;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int rc = row_at(db, log, middle, &seq, &time_us);

		if (rc)
			return rc;
		if (seq == 0 || time_us >= since_us)
			high = middle;
		else
			low = seq + 1;
	}
	*out = low;
	return LS_OK;
}

static void bind_scope(sqlite3_stmt *stmt, int at, bool has, const struct uuid *id)
{
	if (has)
		bind_uuid(stmt, at, id);
	else
		sqlite3_bind_null(stmt, at);
}

static void bind_match(sqlite3_stmt *stmt, const struct log_read *r, uint64_t from, uint64_t end)
{
	sqlite3_bind_int64(stmt, 1, (int64_t)from);
	bind_time(stmt, 2, r->from_seq ? 0 : r->since_us);
	bind_time(stmt, 3, r->until_us);
	bind_text(stmt, 4, r->kind);
	if (r->has_dev_eui)
		bind_eui(stmt, 5, &r->dev_eui);
	else
		sqlite3_bind_null(stmt, 5);
	sqlite3_bind_int64(stmt, 9, (int64_t)end);
	bind_scope(stmt, 11, r->has_application, &r->application_id);
	bind_scope(stmt, 12, r->has_tenant, &r->tenant_id);
	if (r->log != LOG_FRAME)
		return;
	if (r->has_dev_addr)
		sqlite3_bind_int64(stmt, 6, r->dev_addr);
	else
		sqlite3_bind_null(stmt, 6);
	bind_text(stmt, 7, r->drop_reason);
	sqlite3_bind_int(stmt, 8, r->any_drop);
}

/* Where the last r->last matching rows begin; *from stays when there are fewer. */
static int find_last(struct store_db *db, const struct log_read *r, uint64_t *from, uint64_t end)
{
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, logs[r->log].last, &rc);

	if (rc)
		return rc;
	bind_match(stmt, r, *from, end);
	sqlite3_bind_int64(stmt, 10, (int64_t)r->last - 1);
	rc = db_row(stmt, &row);
	if (!rc && row) {
		*from = (uint64_t)sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return rc;
}

static void fill_row(sqlite3_stmt *stmt, struct log_row *row)
{
	*row = (struct log_row){
		.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.time_us = sqlite3_column_int64(stmt, 1),
		.kind = (const char *)sqlite3_column_text(stmt, 2),
		.has_dev_eui = sqlite3_column_type(stmt, 3) != SQLITE_NULL,
		.has_dev_addr = sqlite3_column_type(stmt, 5) != SQLITE_NULL,
		.dev_addr = (uint32_t)sqlite3_column_int64(stmt, 5),
		.drop_reason = (const char *)sqlite3_column_text(stmt, 6),
		.body = (const char *)sqlite3_column_text(stmt, 4),
	};
	row->body_len = (size_t)sqlite3_column_bytes(stmt, 4);
	if (row->has_dev_eui)
		row->dev_eui = column_eui(stmt, 3);
}

static int read_rows(struct store_db *db, struct log_read *r, uint64_t from, uint64_t end)
{
	int64_t n = 0;
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, logs[r->log].read, &rc);

	if (rc)
		return rc;
	bind_match(stmt, r, from, end);
	r->next_seq = end;
	while (!(rc = db_row(stmt, &row)) && row) {
		struct log_row log_row;

		fill_row(stmt, &log_row);
		r->fn(r->arg, &log_row);
		if (++n == r->limit) {
			r->next_seq = log_row.seq + 1;
			sqlite3_reset(stmt);
			break;
		}
	}
	return rc;
}

int store_log_read(struct store_db *db, struct log_read *r)
{
	uint64_t first, last, from, end;
	int rc = read_bounds(db, r->log, &first, &last);

	if (rc)
		return rc;
	r->first_stored_seq = first ? first : last + 1; /* all pruned: whatever comes next */
	r->next_seq = r->from_seq;
	from = r->from_seq > first ? r->from_seq : first;
	if (!first || from > last)
		return LS_OK;
	end = last + 1;
	if (!r->from_seq && r->since_us)
		rc = seq_of_time(db, r->log, first, last, r->since_us - MARGIN_US, &from);
	if (!rc && r->until_us)
		rc = seq_of_time(db, r->log, first, last, r->until_us + MARGIN_US, &end);
	if (!rc && r->last)
		rc = find_last(db, r, &from, end);
	return rc ? rc : read_rows(db, r, from, end);
}
