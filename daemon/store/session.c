/* session.c - operations on sessions, and what a join leaves behind. */
#include "base/error.h"
#include "store/batch.h"

static void bind_up(sqlite3_stmt *stmt, const struct session_up_row *up)
{
	sqlite3_bind_int64(stmt, 3, up->f_cnt_up);
	sqlite3_bind_int(stmt, 4, up->has_up);
	sqlite3_bind_int64(stmt, 5, (int64_t)up->up_hash);
	bind_time(stmt, 6, up->up_first_us);
	sqlite3_bind_int(stmt, 7, up->up_transmissions);
	sqlite3_bind_int(stmt, 8, up->up_answered);
	sqlite3_bind_int(stmt, 9, up->dr);
	bind_time(stmt, 10, up->last_seen_us);
}

/* Step a change of a row that has to be there. */
static int finish_change(struct store_db *db, sqlite3_stmt *stmt)
{
	int rc = db_finish(db, stmt);

	return rc == LS_OK && db_changes(db) == 0 ? LS_ENOTFOUND : rc;
}

/* A row that refers to a device which is gone is "not found" for whoever sent it. */
static int finish_insert(struct store_db *db, sqlite3_stmt *stmt)
{
	int rc = db_finish(db, stmt);

	if (rc == LS_ECONFLICT && sqlite3_extended_errcode(db->sqlite) == SQLITE_CONSTRAINT_FOREIGNKEY)
		return LS_ENOTFOUND;
	return rc;
}

static int run_put(struct store_db *db, const struct store_op *op)
{
	const struct session_row *s = &op->session;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_SESSION_PUT, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &s->dev_eui);
	sqlite3_bind_int(stmt, 2, s->slot);
	bind_up(stmt, &s->up);
	sqlite3_bind_int64(stmt, 11, s->dev_addr);
	sqlite3_bind_blob(stmt, 12, s->nwk_s_key.b, sizeof(s->nwk_s_key.b), SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 13, s->app_s_key.b, sizeof(s->app_s_key.b), SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 14, s->f_cnt_down);
	bind_text(stmt, 15, s->region);
	sqlite3_bind_int(stmt, 16, s->rx1_delay_s);
	sqlite3_bind_int(stmt, 17, s->rx1_dr_offset);
	sqlite3_bind_int(stmt, 18, s->rx2_dr);
	sqlite3_bind_int64(stmt, 19, s->rx2_freq_hz);
	bind_time(stmt, 20, s->joined_us);
	return finish_insert(db, stmt);
}

int store_batch_session_put(struct store_batch *b, const struct session_row *row)
{
	struct store_op *op = batch_add(b, run_put);

	if (!op)
		return LS_ENOMEM;
	op->session = *row;
	op->session.region[sizeof(op->session.region) - 1] = '\0';
	return LS_OK;
}

static int run_up(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_SESSION_UP, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->change.dev_eui);
	sqlite3_bind_int(stmt, 2, op->change.slot);
	bind_up(stmt, &op->change.up);
	return finish_change(db, stmt);
}

int store_batch_session_up(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot,
                           const struct session_up_row *up)
{
	struct store_op *op = batch_add(b, run_up);

	if (!op)
		return LS_ENOMEM;
	op->change.dev_eui = dev_eui;
	op->change.slot = slot;
	op->change.up = *up;
	return LS_OK;
}

static int run_down(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_SESSION_DOWN, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->change.dev_eui);
	sqlite3_bind_int(stmt, 2, op->change.slot);
	sqlite3_bind_int64(stmt, 3, op->change.f_cnt_down);
	sqlite3_bind_int(stmt, 4, op->change.up.up_answered);
	return finish_change(db, stmt);
}

int store_batch_session_down(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot, uint32_t f_cnt_down,
                             bool up_answered)
{
	struct store_op *op = batch_add(b, run_down);

	if (!op)
		return LS_ENOMEM;
	op->change.dev_eui = dev_eui;
	op->change.slot = slot;
	op->change.f_cnt_down = f_cnt_down;
	op->change.up.up_answered = up_answered;
	return LS_OK;
}

/* A statement of device and slot alone. */
static int run_slot(struct store_db *db, const struct store_op *op, enum statement id)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->change.dev_eui);
	sqlite3_bind_int(stmt, 2, op->change.slot);
	return db_finish(db, stmt);
}

static int run_unanswer(struct store_db *db, const struct store_op *op)
{
	return run_slot(db, op, ST_SESSION_UNANSWER);
}

int store_batch_session_unanswer(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot)
{
	struct store_op *op = batch_add(b, run_unanswer);

	if (!op)
		return LS_ENOMEM;
	op->change.dev_eui = dev_eui;
	op->change.slot = slot;
	return LS_OK;
}

static int run_delete(struct store_db *db, const struct store_op *op)
{
	return run_slot(db, op, ST_SESSION_DELETE);
}

int store_batch_session_delete(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot)
{
	struct store_op *op = batch_add(b, run_delete);

	if (!op)
		return LS_ENOMEM;
	op->change.dev_eui = dev_eui;
	op->change.slot = slot;
	return LS_OK;
}

static int retire_step(struct store_db *db, const struct store_op *op, enum statement id)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->retire.dev_eui);
	if (id != ST_SESSION_RETIRE_REST && op->retire.has_next)
		sqlite3_bind_blob(stmt, 2, op->retire.next_nwk_s_key.b, sizeof(op->retire.next_nwk_s_key.b), SQLITE_STATIC);
	else if (id != ST_SESSION_RETIRE_REST)
		sqlite3_bind_null(stmt, 2);
	return db_finish(db, stmt);
}

static int run_retire(struct store_db *db, const struct store_op *op)
{
	int rc = retire_step(db, op, ST_SESSION_RETIRE_ROOM);

	if (!rc)
		rc = retire_step(db, op, ST_SESSION_RETIRE);
	return rc ? rc : retire_step(db, op, ST_SESSION_RETIRE_REST);
}

int store_batch_session_retire(struct store_batch *b, struct eui64 dev_eui, const struct ls_key *next_nwk_s_key)
{
	struct store_op *op = batch_add(b, run_retire);

	if (!op)
		return LS_ENOMEM;
	op->retire.dev_eui = dev_eui;
	op->retire.has_next = next_nwk_s_key != NULL;
	if (next_nwk_s_key)
		op->retire.next_nwk_s_key = *next_nwk_s_key;
	return LS_OK;
}

/* finish: db_finish() where no row is fine, finish_change() where there must be one. */
static int move_session(struct store_db *db, const struct store_op *op, enum session_slot from, enum session_slot to,
                        int (*finish)(struct store_db *, sqlite3_stmt *))
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_SESSION_MOVE, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->change.dev_eui);
	sqlite3_bind_int(stmt, 2, from);
	sqlite3_bind_int(stmt, 3, to);
	return finish(db, stmt);
}

static int run_promote(struct store_db *db, const struct store_op *op)
{
	int rc = run_slot(db, op, ST_SESSION_MAKE_ROOM); /* op's slot: the replaced one */

	if (!rc)
		rc = move_session(db, op, SLOT_CURRENT, SLOT_REPLACED, db_finish);
	return rc ? rc : move_session(db, op, SLOT_PENDING, SLOT_CURRENT, finish_change);
}

int store_batch_session_promote(struct store_batch *b, struct eui64 dev_eui)
{
	struct store_op *op = batch_add(b, run_promote);

	if (!op)
		return LS_ENOMEM;
	op->change.dev_eui = dev_eui;
	op->change.slot = SLOT_REPLACED;
	return LS_OK;
}

static int run_join(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_NONCE_PUT, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->join.dev_eui);
	bind_eui(stmt, 2, &op->join.join_eui);
	sqlite3_bind_int(stmt, 3, op->join.dev_nonce);
	rc = finish_insert(db, stmt);
	if (rc)
		return rc;
	stmt = db_statement(db, ST_JOIN_NONCE, &rc);
	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->join.dev_eui);
	sqlite3_bind_int64(stmt, 2, op->join.join_nonce);
	rc = db_finish(db, stmt);
	/* The device is there (the nonce refers to it): so the JoinNonce would not rise, and be used twice. */
	return rc == LS_OK && db_changes(db) == 0 ? LS_ECONFLICT : rc;
}

int store_batch_join(struct store_batch *b, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce,
                     uint32_t join_nonce)
{
	struct store_op *op = batch_add(b, run_join);

	if (!op)
		return LS_ENOMEM;
	op->join.dev_eui = dev_eui;
	op->join.join_eui = join_eui;
	op->join.dev_nonce = dev_nonce;
	op->join.join_nonce = join_nonce;
	return LS_OK;
}
