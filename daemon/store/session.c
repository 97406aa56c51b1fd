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
	sqlite3_bind_int(stmt, 11, up->device_class);
	sqlite3_bind_int(stmt, 12, up->rx1_delay_s);
	sqlite3_bind_int(stmt, 13, up->rx1_dr_offset);
	sqlite3_bind_int(stmt, 14, up->rx2_dr);
	sqlite3_bind_int64(stmt, 15, up->rx2_freq_hz);
	sqlite3_bind_int(stmt, 16, up->f_opts_form);
}

static void bind_mac(sqlite3_stmt *stmt, int at, const uint8_t *mac, size_t len)
{
	if (mac)
		sqlite3_bind_blob(stmt, at, mac, (int)len, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, at);
}

static void bind_key(sqlite3_stmt *stmt, int at, const struct ls_key *key)
{
	sqlite3_bind_blob(stmt, at, key->b, sizeof(key->b), SQLITE_STATIC);
}

/* ?at, ?at + 1: the network keys that before 1.1 are the first one again, which NULL says. */
static void bind_later_keys(sqlite3_stmt *stmt, int at, const struct session_row *s)
{
	if (s->is_1_1) {
		bind_key(stmt, at, &s->keys.s_nwk_s_int_key);
		bind_key(stmt, at + 1, &s->keys.nwk_s_enc_key);
	} else {
		sqlite3_bind_null(stmt, at);
		sqlite3_bind_null(stmt, at + 1);
	}
}

static void bind_down(sqlite3_stmt *stmt, int at, const struct session_down_row *down)
{
	sqlite3_bind_int64(stmt, at, down->f_cnt_down);
	sqlite3_bind_int64(stmt, at + 1, down->a_f_cnt_down);
	if (down->has_conf)
		sqlite3_bind_int64(stmt, at + 2, down->conf_f_cnt_down);
	else
		sqlite3_bind_null(stmt, at + 2);
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
	bind_mac(stmt, 17, s->mac, s->mac_len);
	sqlite3_bind_int64(stmt, 18, s->dev_addr);
	sqlite3_bind_int(stmt, 19, s->is_1_1);
	bind_key(stmt, 20, &s->keys.f_nwk_s_int_key);
	bind_key(stmt, 21, &s->keys.app_s_key);
	bind_later_keys(stmt, 22, s);
	bind_down(stmt, 24, &s->down);
	bind_text(stmt, 27, s->region);
	bind_time(stmt, 28, s->joined_us);
	sqlite3_bind_int64(stmt, 29, s->next_rj_count0);
	return finish_insert(db, stmt);
}

int store_batch_session_put(struct store_batch *b, const struct session_row *row)
{
	const uint8_t *mac = row->mac ? batch_copy(b, row->mac, row->mac_len) : NULL;
	struct store_op *op = row->mac && !mac ? NULL : batch_add(b, run_put);

	if (!op)
		return LS_ENOMEM;
	op->session = *row;
	op->session.mac = mac;
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
	bind_mac(stmt, 17, op->change.mac, op->change.mac_len);
	return finish_change(db, stmt);
}

/* A change of one session, with the octets of its MAC state; NULL when memory is out. */
static struct store_op *add_change(struct store_batch *b, int (*run)(struct store_db *db, const struct store_op *op),
                                   struct eui64 dev_eui, enum session_slot slot, const uint8_t *mac, size_t mac_len)
{
	const uint8_t *copy = mac ? batch_copy(b, mac, mac_len) : NULL;
	struct store_op *op = mac && !copy ? NULL : batch_add(b, run);

	if (!op)
		return NULL;
	op->change.dev_eui = dev_eui;
	op->change.slot = slot;
	op->change.mac = copy;
	op->change.mac_len = mac_len;
	return op;
}

int store_batch_session_up(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot,
                           const struct session_up_row *up, const uint8_t *mac, size_t mac_len)
{
	struct store_op *op = add_change(b, run_up, dev_eui, slot, mac, mac_len);

	if (!op)
		return LS_ENOMEM;
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
	bind_down(stmt, 3, &op->change.down);
	sqlite3_bind_int(stmt, 6, op->change.up.up_answered);
	bind_mac(stmt, 7, op->change.mac, op->change.mac_len);
	return finish_change(db, stmt);
}

int store_batch_session_down(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot,
                             const struct session_down_row *down, bool up_answered, const uint8_t *mac, size_t mac_len)
{
	struct store_op *op = add_change(b, run_down, dev_eui, slot, mac, mac_len);

	if (!op)
		return LS_ENOMEM;
	op->change.down = *down;
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
		bind_key(stmt, 2, &op->retire.next_key);
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

int store_batch_session_retire(struct store_batch *b, struct eui64 dev_eui, const struct ls_key *next_key)
{
	struct store_op *op = batch_add(b, run_retire);

	if (!op)
		return LS_ENOMEM;
	op->retire.dev_eui = dev_eui;
	op->retire.has_next = next_key != NULL;
	if (next_key)
		op->retire.next_key = *next_key;
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

static int move_join_nonce(struct store_db *db, const struct eui64 *dev_eui, uint32_t join_nonce)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_JOIN_NONCE, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, dev_eui);
	sqlite3_bind_int64(stmt, 2, join_nonce);
	rc = db_finish(db, stmt);
	/* The caller found the device there: so the JoinNonce would not rise, and be used twice. */
	return rc == LS_OK && db_changes(db) == 0 ? LS_ECONFLICT : rc;
}

static int limit_nonces(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_NONCE_LIMIT, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->join.dev_eui);
	bind_eui(stmt, 2, &op->join.join_eui);
	sqlite3_bind_int(stmt, 3, NONCES_MAX);
	return db_finish(db, stmt);
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
	if (!rc)
		rc = limit_nonces(db, op);
	if (rc)
		return rc;
	return move_join_nonce(db, &op->join.dev_eui, op->join.join_nonce);
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

static int run_rejoin(struct store_db *db, const struct store_op *op)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, op->rejoin.type == 1 ? ST_RJ_COUNT1 : ST_RJ_COUNT0, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->rejoin.dev_eui);
	sqlite3_bind_int(stmt, 2, op->rejoin.rj_count);
	rc = finish_change(db, stmt);
	return rc ? rc : move_join_nonce(db, &op->rejoin.dev_eui, op->rejoin.join_nonce);
}

int store_batch_rejoin(struct store_batch *b, struct eui64 dev_eui, uint8_t type, uint16_t rj_count, uint32_t join_nonce)
{
	struct store_op *op = batch_add(b, run_rejoin);

	if (!op)
		return LS_ENOMEM;
	op->rejoin.dev_eui = dev_eui;
	op->rejoin.type = type;
	op->rejoin.rj_count = rj_count;
	op->rejoin.join_nonce = join_nonce;
	return LS_OK;
}

static int run_of_device(struct store_db *db, const struct store_op *op, enum statement id)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	if (rc)
		return rc;
	bind_eui(stmt, 1, &op->join.dev_eui);
	return db_finish(db, stmt);
}

static int run_rj_count1_forget(struct store_db *db, const struct store_op *op)
{
	return run_of_device(db, op, ST_RJ_COUNT1_FLUSH);
}

static int run_nonces_flush(struct store_db *db, const struct store_op *op)
{
	int rc = run_of_device(db, op, ST_NONCES_FLUSH);

	return rc ? rc : run_rj_count1_forget(db, op);
}

static int add_of_device(struct store_batch *b, int (*run)(struct store_db *, const struct store_op *), struct eui64 dev_eui)
{
	struct store_op *op = batch_add(b, run);

	if (!op)
		return LS_ENOMEM;
	op->join.dev_eui = dev_eui;
	return LS_OK;
}

int store_batch_rj_count1_forget(struct store_batch *b, struct eui64 dev_eui)
{
	return add_of_device(b, run_rj_count1_forget, dev_eui);
}

int store_batch_nonces_flush(struct store_batch *b, struct eui64 dev_eui)
{
	return add_of_device(b, run_nonces_flush, dev_eui);
}
