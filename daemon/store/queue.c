/* queue.c - operations on the downlink queues. */
#include "base/error.h"
#include "store/batch.h"

static int run_put(struct store_db *db, const struct store_op *op)
{
	const struct queue_row *q = &op->queue;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_QUEUE_PUT, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &q->queue_item_id);
	bind_eui(stmt, 2, &q->dev_eui);
	sqlite3_bind_int(stmt, 3, q->f_port);
	sqlite3_bind_int(stmt, 4, q->confirmed);
	sqlite3_bind_int(stmt, 5, q->state);
	if (q->has_f_cnt_down)
		sqlite3_bind_int64(stmt, 6, q->f_cnt_down);
	else
		sqlite3_bind_null(stmt, 6);
	sqlite3_bind_int64(stmt, 7, q->created_us);
	sqlite3_bind_blob(stmt, 8, q->data, (int)q->data_len, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 9, q->retries);
	sqlite3_bind_int(stmt, 10, q->attempts);
	bind_time(stmt, 11, q->expires_us);
	bind_time(stmt, 12, q->not_before_us);
	rc = db_finish(db, stmt);
	if (rc == LS_ECONFLICT && sqlite3_extended_errcode(db->sqlite) == SQLITE_CONSTRAINT_FOREIGNKEY)
		return LS_ENOTFOUND;
	return rc;
}

int store_batch_queue_put(struct store_batch *b, const struct queue_row *row)
{
	uint8_t *data = batch_copy(b, row->data, row->data_len);
	struct store_op *op = data ? batch_add(b, run_put) : NULL;

	if (!op)
		return LS_ENOMEM;
	op->queue = *row;
	op->queue.data = data;
	return LS_OK;
}

static int run_state(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_QUEUE_STATE, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->queue.queue_item_id);
	sqlite3_bind_int(stmt, 2, op->queue.state);
	sqlite3_bind_int64(stmt, 3, op->queue.f_cnt_down);
	return db_finish(db, stmt);
}

int store_batch_queue_state(struct store_batch *b, struct uuid id, enum queue_state state, uint32_t f_cnt_down)
{
	struct store_op *op = batch_add(b, run_state);

	if (!op)
		return LS_ENOMEM;
	op->queue.queue_item_id = id;
	op->queue.state = state;
	op->queue.f_cnt_down = f_cnt_down;
	return LS_OK;
}

static int run_attempts(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_QUEUE_ATTEMPTS, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->queue.queue_item_id);
	sqlite3_bind_int(stmt, 2, op->queue.attempts);
	return db_finish(db, stmt);
}

int store_batch_queue_attempts(struct store_batch *b, struct uuid id, uint8_t attempts)
{
	struct store_op *op = batch_add(b, run_attempts);

	if (!op)
		return LS_ENOMEM;
	op->queue.queue_item_id = id;
	op->queue.attempts = attempts;
	return LS_OK;
}

static int run_delete(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_QUEUE_DELETE, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->queue.queue_item_id);
	return db_finish(db, stmt);
}

int store_batch_queue_delete(struct store_batch *b, struct uuid id)
{
	struct store_op *op = batch_add(b, run_delete);

	if (!op)
		return LS_ENOMEM;
	op->queue.queue_item_id = id;
	return LS_OK;
}
