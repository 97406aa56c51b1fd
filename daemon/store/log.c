/*
 * log.c - adding rows to the event log and the frame ring.
 *
 * A seq is given on the loop thread, so that what is sent out can carry it before the commit. It is never
 * used twice: meta holds a limit, seqs below it may be in use, and a start goes on at the limit. The batch
 * that would pass the limit raises it by a block of 65,536 in its own commit.
 */
#include <string.h>

#include "base/error.h"
#include "store/state.h"

const char *const log_limit_key[N_LOGS] = {[LOG_EVENT] = "event_seq_limit", [LOG_FRAME] = "frame_seq_limit"};

static int run_add(struct store_db *db, const struct store_op *op)
{
	const struct log_row *row = &op->log.row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, op->log.log == LOG_EVENT ? ST_EVENT_ADD : ST_FRAME_ADD, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (int64_t)row->seq);
	sqlite3_bind_int64(stmt, 2, row->time_us);
	sqlite3_bind_text(stmt, 3, row->kind, (int)op->log.kind_len, SQLITE_STATIC);
	if (row->has_dev_eui)
		bind_eui(stmt, 4, &row->dev_eui);
	else
		sqlite3_bind_null(stmt, 4);
	sqlite3_bind_text(stmt, 5, row->body, (int)row->body_len, SQLITE_STATIC);
	if (op->log.log == LOG_FRAME) {
		if (row->has_dev_addr)
			sqlite3_bind_int64(stmt, 6, row->dev_addr);
		else
			sqlite3_bind_null(stmt, 6);
		if (row->drop_reason)
			sqlite3_bind_text(stmt, 7, row->drop_reason, (int)op->log.drop_reason_len, SQLITE_STATIC);
		else
			sqlite3_bind_null(stmt, 7);
	}
	return db_finish(db, stmt);
}

/* Copy the texts of a row into the arena; false when memory is out. */
static bool keep_texts(struct store_batch *b, struct store_op *op)
{
	struct log_row *row = &op->log.row;

	op->log.kind_len = strlen(row->kind);
	op->log.drop_reason_len = row->drop_reason ? strlen(row->drop_reason) : 0;
	row->kind = batch_copy(b, row->kind, op->log.kind_len);
	row->body = batch_copy(b, row->body, row->body_len);
	if (row->drop_reason) {
		row->drop_reason = batch_copy(b, row->drop_reason, op->log.drop_reason_len);
		if (!row->drop_reason)
			return false;
	}
	return row->kind && row->body;
}

int store_batch_log(struct store *st, struct store_batch *b, enum store_log log, struct log_row *row)
{
	struct log_addition *a = &((struct batch *)b)->added[log];
	struct store_op **ops_end = b->ops_end;
	struct store_op *op = batch_add(b, run_add);

	if (!op)
		return LS_ENOMEM;
	op->log.log = log;
	op->log.row = *row;
	if (!keep_texts(b, op)) {
		*ops_end = NULL;
		b->ops_end = ops_end;
		return LS_ENOMEM;
	}
	if (st->seq[log].next >= st->seq[log].limit) {
		st->seq[log].limit = st->seq[log].next + SEQ_BLOCK;
		a->reserve = st->seq[log].limit;
		b->lazy = false;
	}
	row->seq = op->log.row.seq = st->seq[log].next++;
	if (!a->rows++) {
		a->first_seq = row->seq;
		a->first_us = row->time_us;
	}
	a->last_seq = row->seq;
	a->bytes += row->body_len + ROW_OVERHEAD;
	return LS_OK;
}
