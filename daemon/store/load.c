/*
 * load.c - everything into memory at start, and some devices again after a failed commit.
 *
 * Runs on the loop thread with a read-only connection of its own, in one read transaction, so that all rows are
 * of the same state. The few rows of small entities come as JSON by the registry, the many as structs.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text_buf.h"
#include "store/column.h"
#include "store/state.h"

#define LOADER_CACHE 2048

typedef int load_json(void *arg, const json_t *row);

static int load_entity(struct store_db *db, const struct entity *e, load_json *fn, void *arg)
{
	struct text_buf sql;
	sqlite3_stmt *stmt = NULL;
	bool row;
	int rc, n = 0;

	if (!fn)
		return LS_OK;
	text_buf_init(&sql);
	text_puts(&sql, "SELECT ");
	for (size_t i = 0; i < e->n_fields; i++)
		if (column_is_stored(&e->fields[i]))
			text_printf(&sql, "%s%s", n++ ? ", " : "", e->fields[i].column);
	text_printf(&sql, " FROM %s", e->table);
	rc = sql.bad ? LS_ENOMEM : LS_OK;
	if (!rc)
		stmt = db_prepare(db, sql.data, &rc);
	text_buf_fini(&sql);
	while (!rc && !(rc = db_row(stmt, &row)) && row) {
		json_t *record = json_object();

		n = 0;
		for (size_t i = 0; i < e->n_fields; i++)
			if (column_is_stored(&e->fields[i]))
				json_object_set_new(record, e->fields[i].name, column_json(stmt, n++, &e->fields[i]));
		rc = fn(arg, record);
		json_decref(record);
	}
	if (stmt)
		sqlite3_reset(stmt);
	return rc;
}

static struct ls_key column_key(sqlite3_stmt *stmt, int at)
{
	struct ls_key key = {{0}};

	if (sqlite3_column_bytes(stmt, at) == (int)sizeof(key.b))
		memcpy(key.b, sqlite3_column_blob(stmt, at), sizeof(key.b));
	return key;
}

static int8_t column_wish(sqlite3_stmt *stmt, int at)
{
	return sqlite3_column_type(stmt, at) == SQLITE_NULL ? MAC_WISH_NONE : (int8_t)sqlite3_column_int(stmt, at);
}

/* Nine columns from `at` on, in the order of DEVICE_COLUMNS. */
static struct mac_wish column_mac_wish(sqlite3_stmt *stmt, int at)
{
	struct mac_wish w = {
		.rx1_delay_s = column_wish(stmt, at),
		.rx1_dr_offset = column_wish(stmt, at + 1),
		.rx2_dr = column_wish(stmt, at + 2),
		.rx2_freq_hz = (uint32_t)sqlite3_column_int64(stmt, at + 3),
		.max_duty_cycle = column_wish(stmt, at + 4),
		.dr = column_wish(stmt, at + 5),
		.tx_power = column_wish(stmt, at + 6),
		.nb_trans = column_wish(stmt, at + 7),
	};
	const char *channels = (const char *)sqlite3_column_text(stmt, at + 8);

	w.has_channels = channels && channel_list_parse(channels, w.channels) == LS_OK;
	return w;
}

static bool column_has_key(sqlite3_stmt *stmt, int at)
{
	return sqlite3_column_bytes(stmt, at) == (int)sizeof(struct ls_key);
}

static int load_device(sqlite3_stmt *stmt, const struct store_loader *l)
{
	struct device_row d = {
		.dev_eui = column_eui(stmt, 0),
		.join_eui = column_eui(stmt, 1),
		.application_id = column_uuid(stmt, 2),
		.profile_id = column_uuid(stmt, 3),
		.name = (const char *)sqlite3_column_text(stmt, 4),
		.tags = (const char *)sqlite3_column_text(stmt, 5),
		.enabled = sqlite3_column_int(stmt, 6),
		.has_app_key = column_has_key(stmt, 7),
		.app_key = column_key(stmt, 7),
		.join_nonce = (uint32_t)sqlite3_column_int64(stmt, 8),
		.has_nwk_key = column_has_key(stmt, 9),
		.nwk_key = column_key(stmt, 9),
		.rj_count1 = sqlite3_column_type(stmt, 10) == SQLITE_NULL ? -1 : sqlite3_column_int(stmt, 10),
		.wish = column_mac_wish(stmt, 11),
	};
	int rc = l->device ? l->device(l->arg, &d) : LS_OK;

	key_wipe(&d.app_key);
	key_wipe(&d.nwk_key);
	return rc;
}

/* Before 1.1 the later network keys are the first one: their columns are NULL. */
static struct session_keys column_session_keys(sqlite3_stmt *stmt, int at)
{
	struct session_keys keys = {.f_nwk_s_int_key = column_key(stmt, at), .app_s_key = column_key(stmt, at + 1)};

	keys.s_nwk_s_int_key = column_has_key(stmt, at + 2) ? column_key(stmt, at + 2) : keys.f_nwk_s_int_key;
	keys.nwk_s_enc_key = column_has_key(stmt, at + 3) ? column_key(stmt, at + 3) : keys.f_nwk_s_int_key;
	return keys;
}

static int load_session(sqlite3_stmt *stmt, const struct store_loader *l)
{
	struct session_row s = {
		.dev_eui = column_eui(stmt, 0),
		.slot = (enum session_slot)(sqlite3_column_int(stmt, 1) % SLOT__COUNT),
		.dev_addr = (uint32_t)sqlite3_column_int64(stmt, 2),
		.is_1_1 = sqlite3_column_int(stmt, 3),
		.keys = column_session_keys(stmt, 4),
		.down = {
			.f_cnt_down = (uint32_t)sqlite3_column_int64(stmt, 8),
			.a_f_cnt_down = (uint32_t)sqlite3_column_int64(stmt, 9),
			.conf_f_cnt_down = (uint32_t)sqlite3_column_int64(stmt, 10),
			.has_conf = sqlite3_column_type(stmt, 10) != SQLITE_NULL,
		},
		.joined_us = sqlite3_column_int64(stmt, 12),
		.up = {
			.f_cnt_up = (uint32_t)sqlite3_column_int64(stmt, 13),
			.has_up = sqlite3_column_int(stmt, 14),
			.up_hash = (uint64_t)sqlite3_column_int64(stmt, 15),
			.up_first_us = sqlite3_column_int64(stmt, 16),
			.up_transmissions = (uint8_t)sqlite3_column_int(stmt, 17),
			.up_answered = sqlite3_column_int(stmt, 18),
			.dr = (uint8_t)sqlite3_column_int(stmt, 19),
			.last_seen_us = sqlite3_column_int64(stmt, 20),
			.device_class = (uint8_t)sqlite3_column_int(stmt, 21),
			.rx1_delay_s = (uint8_t)sqlite3_column_int(stmt, 22),
			.rx1_dr_offset = (uint8_t)sqlite3_column_int(stmt, 23),
			.rx2_dr = (uint8_t)sqlite3_column_int(stmt, 24),
			.rx2_freq_hz = (uint32_t)sqlite3_column_int64(stmt, 25),
			.f_opts_form = (uint8_t)sqlite3_column_int(stmt, 27),
		},
		.next_rj_count0 = (uint32_t)sqlite3_column_int64(stmt, 28),
		.mac = sqlite3_column_blob(stmt, 26),
		.mac_len = (size_t)sqlite3_column_bytes(stmt, 26),
	};
	int rc;

	snprintf(s.region, sizeof(s.region), "%s", (const char *)sqlite3_column_text(stmt, 11));
	rc = l->session ? l->session(l->arg, &s) : LS_OK;
	explicit_bzero(&s.keys, sizeof(s.keys));
	return rc;
}

static int load_nonce(sqlite3_stmt *stmt, const struct store_loader *l)
{
	if (!l->nonce)
		return LS_OK;
	return l->nonce(l->arg, column_eui(stmt, 0), column_eui(stmt, 1), (uint16_t)sqlite3_column_int(stmt, 2));
}

static int load_queue_item(sqlite3_stmt *stmt, const struct store_loader *l)
{
	struct queue_row q = {
		.queue_item_id = column_uuid(stmt, 0),
		.dev_eui = column_eui(stmt, 1),
		.f_port = (uint8_t)sqlite3_column_int(stmt, 2),
		.confirmed = sqlite3_column_int(stmt, 3),
		.state = (enum queue_state)sqlite3_column_int(stmt, 4),
		.has_f_cnt_down = sqlite3_column_type(stmt, 5) != SQLITE_NULL,
		.f_cnt_down = (uint32_t)sqlite3_column_int64(stmt, 5),
		.created_us = sqlite3_column_int64(stmt, 6),
		.data = sqlite3_column_blob(stmt, 7),
		.data_len = (size_t)sqlite3_column_bytes(stmt, 7),
		.retries = (uint8_t)sqlite3_column_int(stmt, 8),
		.attempts = (uint8_t)sqlite3_column_int(stmt, 9),
		.expires_us = sqlite3_column_int64(stmt, 10),
		.not_before_us = sqlite3_column_int64(stmt, 11),
	};

	return l->queue_item ? l->queue_item(l->arg, &q) : LS_OK;
}

static int load_multicast_device(sqlite3_stmt *stmt, const struct store_loader *l)
{
	return l->multicast_device ? l->multicast_device(l->arg, column_uuid(stmt, 0), column_eui(stmt, 1)) : LS_OK;
}

static int load_multicast_gateway(sqlite3_stmt *stmt, const struct store_loader *l)
{
	return l->multicast_gateway ? l->multicast_gateway(l->arg, column_uuid(stmt, 0), column_eui(stmt, 1)) : LS_OK;
}

static int load_multicast_item(sqlite3_stmt *stmt, const struct store_loader *l)
{
	struct multicast_row q = {
		.queue_item_id = column_uuid(stmt, 0),
		.multicast_id = column_uuid(stmt, 1),
		.f_port = (uint8_t)sqlite3_column_int(stmt, 2),
		.created_us = sqlite3_column_int64(stmt, 3),
		.expires_us = sqlite3_column_int64(stmt, 4),
		.data = sqlite3_column_blob(stmt, 5),
		.data_len = (size_t)sqlite3_column_bytes(stmt, 5),
	};

	return l->multicast_item ? l->multicast_item(l->arg, &q) : LS_OK;
}

static int load_heard(sqlite3_stmt *stmt, const struct store_loader *l)
{
	if (!l->heard)
		return LS_OK;
	return l->heard(l->arg, column_eui(stmt, 0), sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
}

static int load_foreign(sqlite3_stmt *stmt, const struct store_loader *l)
{
	if (!l->foreign)
		return LS_OK;
	return l->foreign(l->arg, (uint32_t)sqlite3_column_int64(stmt, 0), (uint64_t)sqlite3_column_int64(stmt, 1),
	                  (uint64_t)sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3));
}

typedef int load_row(sqlite3_stmt *stmt, const struct store_loader *l);

/* All rows of a statement, of one device when dev_eui is given. */
static int load_rows(struct store_db *db, enum statement id, const struct eui64 *dev_eui, load_row *fn,
                     const struct store_loader *l)
{
	bool row;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	if (rc)
		return rc;
	if (dev_eui)
		bind_eui(stmt, 1, dev_eui);
	while (!(rc = db_row(stmt, &row)) && row) {
		rc = fn(stmt, l);
		if (rc) {
			sqlite3_reset(stmt);
			break;
		}
	}
	return rc;
}

static int open_loader(const struct store *st, struct store_db **db)
{
	char err[256];
	int rc = db_open(st->path, DB_READ, LOADER_CACHE, db, err, sizeof(err));

	if (rc)
		return rc;
	db_lock_down(*db);
	rc = db_run(*db, ST_BEGIN_READ);
	if (rc)
		db_close(*db);
	return rc;
}

int store_load(struct store *st, const struct store_loader *l)
{
	const struct {
		enum entity_id entity;
		load_json *fn;
	} entities[] = {
		{E_TENANT, l->tenant}, {E_APPLICATION, l->application}, {E_PROFILE, l->profile}, {E_GATEWAY, l->gateway},
		{E_MULTICAST, l->multicast},
	};
	static const struct {
		enum statement id;
		load_row *fn;
	} rows[] = {
		{ST_LOAD_DEVICES, load_device}, {ST_LOAD_SESSIONS, load_session}, {ST_LOAD_NONCES, load_nonce},
		{ST_LOAD_QUEUES, load_queue_item}, {ST_LOAD_HEARD, load_heard},
		{ST_LOAD_MULTICAST_DEVICES, load_multicast_device}, {ST_LOAD_MULTICAST_GATEWAYS, load_multicast_gateway},
		{ST_LOAD_MULTICAST_ITEMS, load_multicast_item}, {ST_LOAD_FOREIGN, load_foreign},
	};
	struct store_db *db;
	int rc = open_loader(st, &db);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]) && !rc; i++)
		rc = load_entity(db, &model_entities[entities[i].entity], entities[i].fn, l->arg);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !rc; i++)
		rc = load_rows(db, rows[i].id, NULL, rows[i].fn, l);
	db_close(db);
	return rc;
}

int store_read_devices(struct store_db *db, const struct eui64 *dev_euis, size_t n, const struct store_loader *l)
{
	static const struct {
		enum statement id;
		load_row *fn;
	} rows[] = {
		{ST_LOAD_DEVICE, load_device}, {ST_LOAD_SESSION, load_session}, {ST_LOAD_NONCE, load_nonce},
		{ST_LOAD_QUEUE, load_queue_item},
	};
	int rc = LS_OK;

	for (size_t d = 0; d < n && !rc; d++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !rc; i++)
			rc = load_rows(db, rows[i].id, &dev_euis[d], rows[i].fn, l);
	return rc;
}

int store_load_devices(struct store *st, const struct eui64 *dev_euis, size_t n, const struct store_loader *l)
{
	struct store_db *db;
	int rc = open_loader(st, &db);

	if (rc)
		return rc;
	rc = store_read_devices(db, dev_euis, n, l);
	db_close(db);
	return rc;
}

int store_device_join_nonce(struct store_db *db, struct eui64 dev_eui, uint32_t *join_nonce)
{
	bool row = false;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_DEVICE_JOIN_NONCE, &rc);

	*join_nonce = 0;
	if (rc)
		return rc;
	bind_eui(stmt, 1, &dev_eui);
	rc = db_row(stmt, &row);
	if (!rc && row) {
		*join_nonce = (uint32_t)sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return rc;
}
