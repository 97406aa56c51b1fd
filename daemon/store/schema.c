/*
 * schema.c - the tables and views.
 *
 * EUIs are BLOBs of 8 octets and ids BLOBs of 16, which sort as their text does; a DevAddr is a number;
 * times are microseconds since 1970; tags are JSON text; booleans 0 or 1. Column names are those of the
 * registry (common/model/entities.c), which also names the views. The two logs, event and frame,
 * have no second index: one would cost more than the row itself. Views join by LEFT JOIN only, so that
 * what a statement does not use costs nothing and the sort order is that of the first table's index.
 *
 * A released step is never edited: a change of the schema is a new step.
 */
#include "store/schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define APPLICATION_ID 0x4c6f5253 /* "LoRS", told by file(1) */

#define TIMES "created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL"
#define TEXTS "description TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '{}'"
#define KEYED ") STRICT, WITHOUT ROWID"

static const char *const step_1[] = {
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL" KEYED,

	"CREATE TABLE tenant (tenant_id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, " TEXTS ", " TIMES KEYED,

	"CREATE TABLE application (application_id BLOB PRIMARY KEY, tenant_id BLOB NOT NULL REFERENCES tenant,"
	" name TEXT NOT NULL, " TEXTS ", " TIMES ", UNIQUE (tenant_id, name)" KEYED,
	"CREATE INDEX application_name ON application (name)",

	"CREATE TABLE profile (profile_id BLOB PRIMARY KEY, tenant_id BLOB NOT NULL REFERENCES tenant,"
	" name TEXT NOT NULL, region TEXT NOT NULL, mac_version TEXT NOT NULL,"
	" supports_otaa INTEGER NOT NULL DEFAULT 1, flush_queue_on_join INTEGER NOT NULL DEFAULT 0,"
	" " TEXTS ", " TIMES ", UNIQUE (tenant_id, name)" KEYED,
	"CREATE INDEX profile_name ON profile (name)",

	"CREATE TABLE gateway (gateway_id BLOB PRIMARY KEY, tenant_id BLOB NOT NULL REFERENCES tenant,"
	" name TEXT NOT NULL, region TEXT, is_private INTEGER NOT NULL DEFAULT 0, latitude REAL, longitude REAL,"
	" altitude_m REAL, last_seen_at INTEGER, " TEXTS ", " TIMES ", UNIQUE (tenant_id, name)" KEYED,
	"CREATE INDEX gateway_name ON gateway (name)",

	"CREATE TABLE device (dev_eui BLOB PRIMARY KEY, application_id BLOB NOT NULL REFERENCES application,"
	" profile_id BLOB NOT NULL REFERENCES profile, name TEXT NOT NULL,"
	" join_eui BLOB NOT NULL DEFAULT x'0000000000000000', enabled INTEGER NOT NULL DEFAULT 1,"
	" app_key BLOB, join_nonce INTEGER NOT NULL DEFAULT 0, " TEXTS ", " TIMES ","
	" UNIQUE (application_id, name)" KEYED,
	"CREATE INDEX device_name ON device (name)",
	"CREATE INDEX device_profile ON device (profile_id)",

	/* slot: enum session_slot. The columns from has_up on change with every uplink. */
	"CREATE TABLE device_session (dev_eui BLOB NOT NULL REFERENCES device ON DELETE CASCADE,"
	" slot INTEGER NOT NULL, dev_addr INTEGER NOT NULL, nwk_s_key BLOB NOT NULL, app_s_key BLOB NOT NULL,"
	" f_cnt_up INTEGER NOT NULL, f_cnt_down INTEGER NOT NULL, region TEXT NOT NULL,"
	" rx1_delay_s INTEGER NOT NULL, rx1_dr_offset INTEGER NOT NULL, rx2_dr INTEGER NOT NULL,"
	" rx2_freq_hz INTEGER NOT NULL, joined_at INTEGER, has_up INTEGER NOT NULL, up_hash INTEGER NOT NULL,"
	" up_first_at INTEGER, up_transmissions INTEGER NOT NULL, up_answered INTEGER NOT NULL,"
	" dr INTEGER NOT NULL, last_seen_at INTEGER, PRIMARY KEY (dev_eui, slot)" KEYED,
	"CREATE INDEX device_session_dev_addr ON device_session (dev_addr)",

	"CREATE TABLE device_nonce (dev_eui BLOB NOT NULL REFERENCES device ON DELETE CASCADE,"
	" join_eui BLOB NOT NULL, dev_nonce INTEGER NOT NULL, PRIMARY KEY (dev_eui, join_eui, dev_nonce)" KEYED,

	/* position: the order of queueing; times may be equal */
	"CREATE TABLE queue_item (position INTEGER PRIMARY KEY, queue_item_id BLOB NOT NULL UNIQUE,"
	" dev_eui BLOB NOT NULL REFERENCES device ON DELETE CASCADE, f_port INTEGER NOT NULL,"
	" confirmed INTEGER NOT NULL, state INTEGER NOT NULL, f_cnt_down INTEGER, created_at INTEGER NOT NULL,"
	" data BLOB NOT NULL) STRICT",
	"CREATE INDEX queue_item_dev_eui ON queue_item (dev_eui)",

	"CREATE TABLE event (seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, kind TEXT NOT NULL, dev_eui BLOB,"
	" body TEXT NOT NULL) STRICT",
	"CREATE TABLE frame (seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, direction TEXT NOT NULL,"
	" dev_eui BLOB, dev_addr INTEGER, drop_reason TEXT, body TEXT NOT NULL) STRICT",

	"CREATE TABLE foreign_traffic (net_id INTEGER PRIMARY KEY, data_frames INTEGER NOT NULL,"
	" join_requests INTEGER NOT NULL, last_at INTEGER NOT NULL) STRICT",

	"CREATE VIEW tenant_view AS SELECT * FROM tenant",
	"CREATE VIEW application_view AS SELECT a.*, t.name AS tenant_name,"
	" (SELECT count(*) FROM device d WHERE d.application_id = a.application_id) AS device_count"
	" FROM application a LEFT JOIN tenant t ON t.tenant_id = a.tenant_id",
	"CREATE VIEW profile_view AS SELECT p.*, t.name AS tenant_name"
	" FROM profile p LEFT JOIN tenant t ON t.tenant_id = p.tenant_id",
	"CREATE VIEW gateway_view AS SELECT g.*, t.name AS tenant_name"
	" FROM gateway g LEFT JOIN tenant t ON t.tenant_id = g.tenant_id",
	/* s: the session in use, n: the one that waits for its first uplink */
	"CREATE VIEW device_view AS SELECT d.dev_eui, d.application_id, d.profile_id, d.name, d.join_eui, d.enabled,"
	" d.description, d.tags, d.created_at, d.updated_at, a.name AS application_name, a.tenant_id,"
	" t.name AS tenant_name, p.name AS profile_name, coalesce(s.dev_addr, n.dev_addr) AS dev_addr,"
	" coalesce(s.f_cnt_up, n.f_cnt_up) AS f_cnt_up, coalesce(s.f_cnt_down, n.f_cnt_down) AS f_cnt_down,"
	" CASE WHEN n.last_seen_at IS NULL OR s.last_seen_at > n.last_seen_at THEN s.last_seen_at"
	" ELSE n.last_seen_at END AS last_seen_at,"
	" CASE WHEN s.slot IS NULL THEN n.joined_at ELSE s.joined_at END AS joined_at,"
	" CASE WHEN s.has_up = 1 THEN s.dr WHEN s.slot IS NULL AND n.has_up = 1 THEN n.dr END AS dr"
	" FROM device d LEFT JOIN application a ON a.application_id = d.application_id"
	" LEFT JOIN tenant t ON t.tenant_id = a.tenant_id LEFT JOIN profile p ON p.profile_id = d.profile_id"
	" LEFT JOIN device_session s ON s.dev_eui = d.dev_eui AND s.slot = 0"
	" LEFT JOIN device_session n ON n.dev_eui = d.dev_eui AND n.slot = 1",
	"CREATE VIEW device_session_view AS SELECT dev_eui, CASE slot WHEN 0 THEN 'current' ELSE 'pending' END AS slot,"
	" dev_addr, nwk_s_key, app_s_key, f_cnt_up, f_cnt_down, region, rx1_delay_s, rx1_dr_offset, rx2_dr,"
	" rx2_freq_hz, joined_at, last_seen_at FROM device_session WHERE slot < 2",
	"CREATE VIEW queue_view AS SELECT queue_item_id, dev_eui, f_port, confirmed,"
	" CASE state WHEN 0 THEN 'waiting' WHEN 1 THEN 'in_flight' ELSE 'sent' END AS state, f_cnt_down, data,"
	" created_at FROM queue_item",

	/* The epoch tells two lives of a database apart (cursors are epoch-seq); a restore makes another. */
	"INSERT INTO meta (key, value) VALUES ('epoch', 1 + (random() & 2147483647)), ('event_seq_limit', 1),"
	" ('frame_seq_limit', 1)",
	NULL,
};

/* Desired MAC parameters: NULL when nothing is wished. */
#define WISHES(table) \
	"ALTER TABLE " table " ADD COLUMN desired_rx1_delay_s INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_rx1_dr_offset INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_rx2_dr INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_rx2_freq_hz INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_max_duty_cycle INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_dr INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_tx_power INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_nb_trans INTEGER", \
	"ALTER TABLE " table " ADD COLUMN desired_channels TEXT"

/* LoRaWAN 1.1, the MAC commands, classes B and C, the life of queue items. */
static const char *const step_2[] = {
	"DROP VIEW device_view",
	"DROP VIEW device_session_view",
	"DROP VIEW queue_view",

	"ALTER TABLE profile ADD COLUMN region_config TEXT",
	"ALTER TABLE profile ADD COLUMN reg_params_revision TEXT",
	"ALTER TABLE profile ADD COLUMN supports_class_b INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN supports_class_c INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN class_b_timeout_s INTEGER NOT NULL DEFAULT 8",
	"ALTER TABLE profile ADD COLUMN class_c_timeout_s INTEGER NOT NULL DEFAULT 8",
	"ALTER TABLE profile ADD COLUMN adr_algorithm TEXT NOT NULL DEFAULT 'default'",
	"ALTER TABLE profile ADD COLUMN adr_min_dr INTEGER",
	"ALTER TABLE profile ADD COLUMN adr_max_dr INTEGER",
	"ALTER TABLE profile ADD COLUMN adr_min_tx_power INTEGER",
	"ALTER TABLE profile ADD COLUMN adr_max_tx_power INTEGER",
	"ALTER TABLE profile ADD COLUMN max_fcnt_gap INTEGER",
	"ALTER TABLE profile ADD COLUMN dev_nonce_check TEXT NOT NULL DEFAULT 'version'",
	"ALTER TABLE profile ADD COLUMN f_cnt_16_bit INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN f_cnt_relaxed INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE profile ADD COLUMN dev_status_interval_s INTEGER NOT NULL DEFAULT 86400",
	"ALTER TABLE profile ADD COLUMN ping_slot_periodicity INTEGER",
	"ALTER TABLE profile ADD COLUMN ping_slot_dr INTEGER",
	"ALTER TABLE profile ADD COLUMN ping_slot_freq_hz INTEGER",
	"ALTER TABLE profile ADD COLUMN rejoin_max_time_n INTEGER",
	"ALTER TABLE profile ADD COLUMN rejoin_max_count_n INTEGER",
	"ALTER TABLE profile ADD COLUMN abp_rx1_delay_s INTEGER",
	"ALTER TABLE profile ADD COLUMN abp_rx1_dr_offset INTEGER",
	"ALTER TABLE profile ADD COLUMN abp_rx2_dr INTEGER",
	"ALTER TABLE profile ADD COLUMN abp_rx2_freq_hz INTEGER",
	"ALTER TABLE profile ADD COLUMN abp_channels TEXT",
	WISHES("profile"),

	"ALTER TABLE device ADD COLUMN nwk_key BLOB",
	/* of the present JoinEUI; NULL: none seen */
	"ALTER TABLE device ADD COLUMN rj_count1 INTEGER",
	WISHES("device"),

	/* s_nwk_s_int_key and nwk_s_enc_key are NULL before 1.1, where one key is all three. mac: mac_state.h */
	"ALTER TABLE device_session RENAME COLUMN nwk_s_key TO f_nwk_s_int_key",
	"ALTER TABLE device_session ADD COLUMN is_1_1 INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device_session ADD COLUMN s_nwk_s_int_key BLOB",
	"ALTER TABLE device_session ADD COLUMN nwk_s_enc_key BLOB",
	"ALTER TABLE device_session ADD COLUMN a_f_cnt_down INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device_session ADD COLUMN conf_f_cnt_down INTEGER",
	"ALTER TABLE device_session ADD COLUMN device_class INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device_session ADD COLUMN mac BLOB",
	"ALTER TABLE device_session ADD COLUMN f_opts_form INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE device_session ADD COLUMN next_rj_count0 INTEGER NOT NULL DEFAULT 0",

	"ALTER TABLE queue_item ADD COLUMN retries INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE queue_item ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
	"ALTER TABLE queue_item ADD COLUMN expires_at INTEGER",
	"ALTER TABLE queue_item ADD COLUMN not_before INTEGER",

	/* gateways: network/heard.h; of devices that are sent to without an uplink */
	"CREATE TABLE device_heard (dev_eui BLOB PRIMARY KEY REFERENCES device ON DELETE CASCADE,"
	" gateways BLOB NOT NULL" KEYED,

	/* freq_hz NULL: the region's own */
	"CREATE TABLE multicast_group (multicast_id BLOB PRIMARY KEY, application_id BLOB NOT NULL REFERENCES application,"
	" name TEXT NOT NULL, group_type TEXT NOT NULL, region TEXT NOT NULL, mc_addr INTEGER NOT NULL,"
	" mc_nwk_s_key BLOB NOT NULL, mc_app_s_key BLOB NOT NULL, f_cnt_down INTEGER NOT NULL DEFAULT 0,"
	" dr INTEGER NOT NULL, freq_hz INTEGER, ping_slot_periodicity INTEGER, class_c_scheduling TEXT NOT NULL,"
	" " TEXTS ", " TIMES ", UNIQUE (application_id, name)" KEYED,
	"CREATE INDEX multicast_group_name ON multicast_group (name)",
	"CREATE TABLE multicast_device (multicast_id BLOB NOT NULL REFERENCES multicast_group ON DELETE CASCADE,"
	" dev_eui BLOB NOT NULL REFERENCES device ON DELETE CASCADE, PRIMARY KEY (multicast_id, dev_eui)" KEYED,
	"CREATE INDEX multicast_device_dev_eui ON multicast_device (dev_eui)",
	"CREATE TABLE multicast_gateway (multicast_id BLOB NOT NULL REFERENCES multicast_group ON DELETE CASCADE,"
	" gateway_id BLOB NOT NULL REFERENCES gateway ON DELETE CASCADE, PRIMARY KEY (multicast_id, gateway_id)" KEYED,
	"CREATE INDEX multicast_gateway_gateway_id ON multicast_gateway (gateway_id)",
	"CREATE TABLE multicast_item (position INTEGER PRIMARY KEY, queue_item_id BLOB NOT NULL UNIQUE,"
	" multicast_id BLOB NOT NULL REFERENCES multicast_group ON DELETE CASCADE, f_port INTEGER NOT NULL,"
	" in_flight INTEGER NOT NULL DEFAULT 0, f_cnt_down INTEGER, created_at INTEGER NOT NULL, expires_at INTEGER,"
	" data BLOB NOT NULL) STRICT",
	"CREATE INDEX multicast_item_multicast_id ON multicast_item (multicast_id)",
	"CREATE VIEW multicast_view AS SELECT g.*, a.name AS application_name, a.tenant_id, t.name AS tenant_name,"
	" (SELECT count(*) FROM multicast_device d WHERE d.multicast_id = g.multicast_id) AS device_count,"
	" (SELECT count(*) FROM multicast_item i WHERE i.multicast_id = g.multicast_id) AS queued"
	" FROM multicast_group g LEFT JOIN application a ON a.application_id = g.application_id"
	" LEFT JOIN tenant t ON t.tenant_id = a.tenant_id",
	"CREATE VIEW multicast_device_view AS SELECT m.*, d.name FROM multicast_device m"
	" LEFT JOIN device d ON d.dev_eui = m.dev_eui",
	"CREATE VIEW multicast_gateway_view AS SELECT m.*, g.name FROM multicast_gateway m"
	" LEFT JOIN gateway g ON g.gateway_id = m.gateway_id",
	"CREATE VIEW multicast_item_view AS SELECT queue_item_id, multicast_id, f_port,"
	" CASE in_flight WHEN 0 THEN 'waiting' ELSE 'in_flight' END AS state, f_cnt_down, data, created_at, expires_at"
	" FROM multicast_item",

	/* s: the session in use, n: the one that waits for its first uplink */
	"CREATE VIEW device_view AS SELECT d.*, a.name AS application_name, a.tenant_id,"
	" t.name AS tenant_name, p.name AS profile_name, coalesce(s.dev_addr, n.dev_addr) AS dev_addr,"
	" coalesce(s.f_cnt_up, n.f_cnt_up) AS f_cnt_up, coalesce(s.f_cnt_down, n.f_cnt_down) AS f_cnt_down,"
	" CASE WHEN n.last_seen_at IS NULL OR s.last_seen_at > n.last_seen_at THEN s.last_seen_at"
	" ELSE n.last_seen_at END AS last_seen_at,"
	" CASE WHEN s.slot IS NULL THEN n.joined_at ELSE s.joined_at END AS joined_at,"
	" CASE WHEN s.has_up = 1 THEN s.dr WHEN s.slot IS NULL AND n.has_up = 1 THEN n.dr END AS dr,"
	" CASE coalesce(s.device_class, n.device_class) WHEN 0 THEN 'A' WHEN 1 THEN 'B' WHEN 2 THEN 'C' END AS device_class"
	" FROM device d LEFT JOIN application a ON a.application_id = d.application_id"
	" LEFT JOIN tenant t ON t.tenant_id = a.tenant_id LEFT JOIN profile p ON p.profile_id = d.profile_id"
	" LEFT JOIN device_session s ON s.dev_eui = d.dev_eui AND s.slot = 0"
	" LEFT JOIN device_session n ON n.dev_eui = d.dev_eui AND n.slot = 1",
	"CREATE VIEW device_session_view AS SELECT dev_eui, CASE slot WHEN 0 THEN 'current' ELSE 'pending' END AS slot,"
	" dev_addr, is_1_1, CASE is_1_1 WHEN 0 THEN f_nwk_s_int_key END AS nwk_s_key,"
	" CASE is_1_1 WHEN 1 THEN f_nwk_s_int_key END AS f_nwk_s_int_key, s_nwk_s_int_key, nwk_s_enc_key, app_s_key,"
	" f_cnt_up, f_cnt_down, CASE is_1_1 WHEN 1 THEN a_f_cnt_down END AS a_f_cnt_down,"
	" CASE device_class WHEN 0 THEN 'A' WHEN 1 THEN 'B' ELSE 'C' END AS device_class, region, rx1_delay_s,"
	" rx1_dr_offset, rx2_dr, rx2_freq_hz, joined_at, last_seen_at FROM device_session WHERE slot < 2",
	"CREATE VIEW queue_view AS SELECT queue_item_id, dev_eui, f_port, confirmed,"
	" CASE state WHEN 0 THEN 'waiting' WHEN 1 THEN 'in_flight' ELSE 'sent' END AS state, f_cnt_down, data,"
	" created_at, retries, attempts, expires_at, not_before FROM queue_item",
	NULL,
};

/* The number of the last change, which is the object's version; 0: made before there was a journal. */
#define VERSION(table) "ALTER TABLE " table " ADD COLUMN version INTEGER NOT NULL DEFAULT 0"

/* The journal of changes. */
static const char *const step_3[] = {
	VERSION("tenant"), VERSION("application"), VERSION("profile"), VERSION("gateway"), VERSION("device"),
	VERSION("multicast_group"),
	/* size: octets of diff and changes, counted without reading them. changes: a changeset of SQLite, or NULL */
	"CREATE TABLE change (change_id INTEGER PRIMARY KEY AUTOINCREMENT, changed_at INTEGER NOT NULL, size INTEGER NOT NULL,"
	" who TEXT NOT NULL, method TEXT NOT NULL, entity TEXT, object_id TEXT, name TEXT, reason TEXT, undoes INTEGER,"
	" undone_by INTEGER, group_id INTEGER, objects INTEGER NOT NULL, deletes INTEGER NOT NULL, diff TEXT NOT NULL, changes BLOB) STRICT",
	"CREATE INDEX change_object ON change (object_id)",
	"CREATE INDEX change_group ON change (group_id) WHERE group_id IS NOT NULL",
	"CREATE INDEX change_trash ON change (changed_at) WHERE deletes = 1",
	"CREATE VIEW change_view AS SELECT *, changes IS NOT NULL AND undone_by IS NULL AS can_undo FROM change",
	"CREATE VIEW trash_view AS SELECT * FROM change WHERE deletes = 1 AND changes IS NOT NULL AND undone_by IS NULL",

	/* What devices of an EUI had used up when they were deleted: its next device, or the same restored, goes on there. */
	"CREATE TABLE device_floor (dev_eui BLOB PRIMARY KEY, join_nonce INTEGER NOT NULL, f_cnt_down INTEGER NOT NULL,"
	" a_f_cnt_down INTEGER NOT NULL" KEYED,
	"CREATE TRIGGER device_floor_keep BEFORE DELETE ON device BEGIN"
	" INSERT INTO device_floor (dev_eui, join_nonce, f_cnt_down, a_f_cnt_down)"
	" SELECT old.dev_eui, old.join_nonce, coalesce(max(f_cnt_down), 0), coalesce(max(a_f_cnt_down), 0)"
	" FROM device_session WHERE dev_eui = old.dev_eui"
	" ON CONFLICT (dev_eui) DO UPDATE SET join_nonce = max(join_nonce, excluded.join_nonce),"
	" f_cnt_down = max(f_cnt_down, excluded.f_cnt_down), a_f_cnt_down = max(a_f_cnt_down, excluded.a_f_cnt_down); END",
	"CREATE TRIGGER device_floor_raise AFTER INSERT ON device BEGIN"
	" UPDATE device SET join_nonce = (SELECT join_nonce FROM device_floor WHERE dev_eui = new.dev_eui)"
	" WHERE dev_eui = new.dev_eui AND join_nonce < (SELECT join_nonce FROM device_floor WHERE dev_eui = new.dev_eui); END",
	NULL,
};

const char *const *const schema_steps[] = {step_1, step_2, step_3};
const size_t schema_n_steps = sizeof(schema_steps) / sizeof(schema_steps[0]);

static int execute(struct store_db *db, const char *sql, char *err, size_t err_size)
{
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	if (rc)
		snprintf(err, err_size, "database: %s", sqlite3_errmsg(db->sqlite));
	return db_error(rc);
}

/* First column of the first row; 0 when there is no row. */
static int number_of(struct store_db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL);

	*out = 0;
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW)
			*out = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return db_error(rc);
}

/* The copy carries keys like the original: the file is made with mode 0600 before SQLite fills it. */
static int write_snapshot(struct store_db *db, const char *path, size_t version, char *err, size_t err_size)
{
	sqlite3_stmt *stmt = NULL;
	char copy[4096];
	int n = snprintf(copy, sizeof(copy), "%s.before-v%zu", path, version);

	if (n < 0 || (size_t)n >= sizeof(copy))
		return LS_ELONG;
	unlink(copy); /* of a migration that did not end: that database was not changed */
	int fd = open(copy, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		snprintf(err, err_size, "%s: %m", copy);
		return LS_EIO;
	}
	int rc = sqlite3_prepare_v2(db->sqlite, "VACUUM INTO ?1", -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		bind_text(stmt, 1, copy);
		rc = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		snprintf(err, err_size, "%s: %s", copy, sqlite3_errmsg(db->sqlite));
	else if (fsync(fd))
		rc = SQLITE_IOERR;
	close(fd);
	return db_error(rc);
}

static int run_step(struct store_db *db, const char *const *texts, size_t version, char *err, size_t err_size)
{
	char sql[64];
	int64_t broken;
	/* Off before BEGIN: inside a transaction the pragma does nothing, and a DROP TABLE would cascade. */
	int rc = execute(db, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE", err, err_size);

	for (; !rc && *texts; texts++)
		rc = execute(db, *texts, err, err_size);
	if (!rc)
		rc = number_of(db, "SELECT count(*) FROM pragma_foreign_key_check", &broken);
	if (!rc && broken) {
		snprintf(err, err_size, "database: step %zu would leave %lld rows without what they refer to", version,
		         (long long)broken);
		rc = LS_EBUG;
	}
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu; COMMIT", version);
	if (!rc)
		rc = execute(db, sql, err, err_size);
	if (rc && !sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_exec(db->sqlite, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	return rc;
}

int schema_migrate(struct store_db *db, const char *path, const char *const *const *steps, size_t n, char *err,
                   size_t err_size)
{
	int64_t version, id, objects;
	char sql[64];
	int rc = number_of(db, "PRAGMA user_version", &version);

	if (!rc)
		rc = number_of(db, "PRAGMA application_id", &id);
	if (!rc)
		rc = number_of(db, "SELECT count(*) FROM sqlite_schema", &objects);
	if (rc) {
		snprintf(err, err_size, "%s: %s", path, sqlite3_errmsg(db->sqlite));
		return rc;
	}
	if (objects && id != APPLICATION_ID) {
		snprintf(err, err_size, "%s is a database of another program", path);
		return LS_EFORMAT;
	}
	if (version < 0 || (uint64_t)version > n) {
		snprintf(err, err_size, "%s has schema version %lld, this program knows versions up to %zu: run the newer program",
		         path, (long long)version, n);
		return LS_EVERSION;
	}
	if ((uint64_t)version == n)
		return LS_OK;
	if (version > 0)
		rc = write_snapshot(db, path, n, err, err_size);
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
	if (!rc && !objects)
		rc = execute(db, sql, err, err_size);
	for (size_t v = (size_t)version + 1; !rc && v <= n; v++)
		rc = run_step(db, steps[v - 1], v, err, err_size);
	return rc;
}
