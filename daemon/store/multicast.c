/* multicast.c - operations on multicast groups: counter, members, gateways, queue. */
#include "base/error.h"
#include "store/batch.h"

/* A row that refers to a group, device or gateway which is gone. */
static int finish_insert(struct store_db *db, sqlite3_stmt *stmt)
{
	int rc = db_finish(db, stmt);

	if (rc == LS_ECONFLICT && sqlite3_extended_errcode(db->sqlite) == SQLITE_CONSTRAINT_FOREIGNKEY)
		return LS_ENOTFOUND;
	return rc;
}

static int run_counter(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_MULTICAST_COUNTER, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->multicast.multicast_id);
	sqlite3_bind_int64(stmt, 2, op->multicast.f_cnt_down);
	rc = db_finish(db, stmt);
	return rc == LS_OK && db_changes(db) == 0 ? LS_ENOTFOUND : rc;
}

int store_batch_multicast_counter(struct store_batch *b, struct uuid multicast_id, uint32_t f_cnt_down)
{
	struct store_op *op = batch_add(b, run_counter);

	if (!op)
		return LS_ENOMEM;
	op->multicast.multicast_id = multicast_id;
	op->multicast.f_cnt_down = f_cnt_down;
	return LS_OK;
}

static int run_link(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, (enum statement)op->multicast_link.statement, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->multicast_link.multicast_id);
	bind_eui(stmt, 2, &op->multicast_link.eui);
	return finish_insert(db, stmt);
}

static int add_link(struct store_batch *b, enum statement statement, struct uuid multicast_id, struct eui64 eui)
{
	struct store_op *op = batch_add(b, run_link);

	if (!op)
		return LS_ENOMEM;
	op->multicast_link.statement = (int)statement;
	op->multicast_link.multicast_id = multicast_id;
	op->multicast_link.eui = eui;
	return LS_OK;
}

int store_batch_multicast_device(struct store_batch *b, struct uuid multicast_id, struct eui64 dev_eui, bool add)
{
	return add_link(b, add ? ST_MULTICAST_DEVICE_PUT : ST_MULTICAST_DEVICE_DELETE, multicast_id, dev_eui);
}

int store_batch_multicast_gateway(struct store_batch *b, struct uuid multicast_id, struct eui64 gateway_id, bool add)
{
	return add_link(b, add ? ST_MULTICAST_GATEWAY_PUT : ST_MULTICAST_GATEWAY_DELETE, multicast_id, gateway_id);
}

static int run_item_put(struct store_db *db, const struct store_op *op)
{
	const struct multicast_row *q = &op->multicast;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_MULTICAST_ITEM_PUT, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &q->queue_item_id);
	bind_uuid(stmt, 2, &q->multicast_id);
	sqlite3_bind_int(stmt, 3, q->f_port);
	sqlite3_bind_int64(stmt, 4, q->created_us);
	bind_time(stmt, 5, q->expires_us);
	sqlite3_bind_blob(stmt, 6, q->data, (int)q->data_len, SQLITE_STATIC);
	return finish_insert(db, stmt);
}

int store_batch_multicast_item_put(struct store_batch *b, const struct multicast_row *row)
{
	uint8_t *data = batch_copy(b, row->data, row->data_len);
	struct store_op *op = data ? batch_add(b, run_item_put) : NULL;

	if (!op)
		return LS_ENOMEM;
	op->multicast = *row;
	op->multicast.data = data;
	return LS_OK;
}

static int run_item_state(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_MULTICAST_ITEM_STATE, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->multicast.queue_item_id);
	sqlite3_bind_int(stmt, 2, op->multicast.in_flight);
	sqlite3_bind_int64(stmt, 3, op->multicast.f_cnt_down);
	return db_finish(db, stmt);
}

int store_batch_multicast_item_state(struct store_batch *b, struct uuid queue_item_id, bool in_flight, uint32_t f_cnt_down)
{
	struct store_op *op = batch_add(b, run_item_state);

	if (!op)
		return LS_ENOMEM;
	op->multicast.queue_item_id = queue_item_id;
	op->multicast.in_flight = in_flight;
	op->multicast.f_cnt_down = f_cnt_down;
	return LS_OK;
}

static int run_item_delete(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_MULTICAST_ITEM_DELETE, &rc);

	if (rc)
		return rc;
	bind_uuid(stmt, 1, &op->multicast.queue_item_id);
	return db_finish(db, stmt);
}

int store_batch_multicast_item_delete(struct store_batch *b, struct uuid queue_item_id)
{
	struct store_op *op = batch_add(b, run_item_delete);

	if (!op)
		return LS_ENOMEM;
	op->multicast.queue_item_id = queue_item_id;
	return LS_OK;
}
