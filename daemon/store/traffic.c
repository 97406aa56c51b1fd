/* traffic.c - who was heard: gateways by us, devices by gateways, and the traffic of other networks. */
#include "base/error.h"
#include "store/batch.h"

static int run_seen(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_GATEWAY_SEEN, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->seen.gateway_id);
	sqlite3_bind_int64(stmt, 2, op->seen.last_seen_us);
	return db_finish(db, stmt);
}

int store_batch_gateway_seen(struct store_batch *b, struct eui64 gateway_id, int64_t last_seen_us)
{
	struct store_op *op = batch_add(b, run_seen);

	if (!op)
		return LS_ENOMEM;
	op->seen.gateway_id = gateway_id;
	op->seen.last_seen_us = last_seen_us;
	return LS_OK;
}

static int run_heard(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_HEARD_PUT, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->heard.dev_eui);
	sqlite3_bind_blob(stmt, 2, op->heard.octets, (int)op->heard.len, SQLITE_STATIC);
	return db_finish(db, stmt);
}

int store_batch_heard(struct store_batch *b, struct eui64 dev_eui, const uint8_t *octets, size_t len)
{
	const uint8_t *copy = batch_copy(b, octets, len);
	struct store_op *op = copy ? batch_add(b, run_heard) : NULL;

	if (!op)
		return LS_ENOMEM;
	op->heard.dev_eui = dev_eui;
	op->heard.octets = copy;
	op->heard.len = len;
	return LS_OK;
}

static int run_foreign(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_FOREIGN_ADD, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, op->foreign.net_id);
	sqlite3_bind_int64(stmt, 2, (int64_t)op->foreign.data_frames);
	sqlite3_bind_int64(stmt, 3, (int64_t)op->foreign.join_requests);
	sqlite3_bind_int64(stmt, 4, op->foreign.last_us);
	return db_finish(db, stmt);
}

int store_batch_foreign(struct store_batch *b, uint32_t net_id, uint64_t data_frames, uint64_t join_requests,
                        int64_t last_us)
{
	struct store_op *op = batch_add(b, run_foreign);

	if (!op)
		return LS_ENOMEM;
	op->foreign.net_id = net_id;
	op->foreign.data_frames = data_frames;
	op->foreign.join_requests = join_requests;
	op->foreign.last_us = last_us;
	return LS_OK;
}
