/*
 * store.h - the embedded store: one SQLite file, one writing thread, and what it promises.
 *
 * This room is the only place with SQL. Three threads live here:
 *   - the store thread owns the only write connection. It takes every batch that waits, commits them
 *     in one transaction (WAL, synchronous=FULL) and then hands them back, in order, to the loop
 *     thread, where their done() runs. So latency is one or two syncs and throughput grows with load.
 *     With the commits it prunes the event log and the frame ring, and it runs
 *     wal_checkpoint(RESTART) itself when the WAL passes 32 MB.
 *   - the maintenance thread runs PASSIVE checkpoints on a connection of its own, at low priority.
 *   - the reader thread answers queries (lists, searches, old log rows) on a read-only connection.
 * Nothing here is called from two threads but what says so; all public functions are for the loop thread
 * unless marked [store] or [reader], which run inside a batch or a query on that thread.
 *
 * A failed commit (disk full, I/O error) fails every batch of the transaction and every batch submitted
 * before the loop thread heard of it, with its code, and store_is_degraded() holds until a commit succeeds
 * again. The done() of all of them run in one go, in order; one that submits anew there must only rest on state
 * which its own reload brought back.
 *
 * Lazy batches (foreign traffic, gateway last_seen) ride along with the next commit; if none comes
 * within a second they are written in a transaction with synchronous=NORMAL, which does not sync.
 *
 * LS_TEST_SYNCHRONOUS=off in the environment turns all syncs off. It exists only for the power-cut test,
 * which has to show that it fails without them.
 */
#ifndef LS_STORE_STORE_H
#define LS_STORE_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/eui.h"
#include "base/key.h"
#include "base/uuid.h"
#include "lorawan/mac_wish.h"
#include "lorawan/region.h"
#include "model/model.h"

struct store;
struct store_db; /* a connection with its prepared statements */

struct store_options {
	const char *path;            /* data_dir/loraserver.db */
	int64_t events_max_age_us, events_max_bytes, frames_max; /* 0: no limit */
	int64_t changes_max_age_us, changes_max_bytes, trash_max_age_us; /* of the journal; 0: no limit */
	void (*log)(void *arg, int priority, const char *text);  /* any thread */
	void *log_arg;
};

/*
 * Open or create the file (mode 0600; refused when others can read it), migrate (each step in one
 * transaction, a snapshot file beside it before the first; foreign keys off before BEGIN, foreign_key_check
 * after), start the threads. A newer schema is LS_EVERSION; a second daemon on the file is LS_ECONFLICT
 * (flock on data_dir/lock). err receives a sentence.
 */
int store_open(uv_loop_t *loop, const struct store_options *options, struct store **out, char *err, size_t err_size);

/*
 * Finish what waits, stop the threads, last checkpoint, close. Runs done() of what was left and of what these
 * submit. The loop must run once more, to close the handle, before it is closed itself. NULL is fine.
 */
void store_close(struct store *st);

bool store_is_degraded(const struct store *st);

struct store_figures {
	uint64_t commits, batches, failed_commits, waiting_batches;
	int64_t commit_p50_us, commit_p99_us; /* of the last minute's commits, at most 1,024; 0: none */
	int64_t wal_bytes, file_bytes;
	uint64_t event_first_seq, event_next_seq, frame_first_seq, frame_next_seq, epoch;
};
void store_figures(const struct store *st, struct store_figures *out);

/* ---- rows as the network keeps them ------------------------------------------------------- */

/*
 * In use; waiting for its first uplink after a join; replaced by a newer one or ended by hand, and kept to name frames
 * that still come in it, and so that its downlink counters are not used again.
 */
enum session_slot { SLOT_CURRENT = 0, SLOT_PENDING = 1, SLOT_REPLACED = 2, SLOT__COUNT };

/* Session keys (TS001-1.1 section 6.1.1.3). Before 1.1 the three of the network are one, NwkSKey. */
struct session_keys {
	struct ls_key f_nwk_s_int_key, s_nwk_s_int_key, nwk_s_enc_key, app_s_key;
};

/* The class a device is served in: as it last said itself, or as its profile says where it cannot say. */
enum device_class { CLASS_A, CLASS_B, CLASS_C };

/* In which form a 1.1 device encrypts its FOpts: known from the frame in which RekeyInd or ResetInd appears. */
enum f_opts_known { F_OPTS_UNKNOWN, F_OPTS_KNOWN_ERRATUM, F_OPTS_KNOWN_ORIGINAL };

/* What changes with an uplink. Part of the session row. */
struct session_up_row {
	uint32_t f_cnt_up;           /* next expected */
	bool has_up;                 /* any uplink accepted in this session */
	uint64_t up_hash;            /* of the last accepted frame without its MIC, and of its gateway */
	int64_t up_first_us;         /* its first reception, wall */
	uint8_t up_transmissions;    /* how often it was heard so far */
	bool up_answered;            /* a downlink was transmitted for this counter */
	uint8_t dr;
	int64_t last_seen_us;
	uint8_t device_class;        /* enum device_class */
	uint8_t f_opts_form;         /* enum f_opts_known */
	/* the receive windows as the device has acknowledged them */
	uint8_t rx1_delay_s, rx1_dr_offset, rx2_dr;
	uint32_t rx2_freq_hz;
};

/* What changes with a downlink. Part of the session row, always written before the octets leave. */
struct session_down_row {
	uint32_t f_cnt_down;         /* next to send: FCntDown, of 1.1 NFCntDown */
	uint32_t a_f_cnt_down;       /* next to send: AFCntDown of 1.1 */
	uint32_t conf_f_cnt_down;    /* of the last confirmed downlink: what an acknowledging uplink of 1.1 has in its MIC */
	bool has_conf;
};

#define SESSION_MAC_MAX 1024

struct session_row {
	struct eui64 dev_eui;
	enum session_slot slot;
	uint32_t dev_addr;
	bool is_1_1;                 /* keys, MICs and counters of 1.1 (OptNeg) */
	struct session_keys keys;
	char region[REGION_NAME_SIZE];
	int64_t joined_us;
	struct session_up_row up;
	struct session_down_row down;
	uint32_t next_rj_count0;     /* 1.1: lowest RJcount0 still accepted in this session; 65536: none */
	const uint8_t *mac;          /* encoded MAC state, borrowed, at most SESSION_MAC_MAX; NULL: as after activation */
	size_t mac_len;
};

enum queue_state { QUEUE_WAITING, QUEUE_IN_FLIGHT, QUEUE_SENT };

struct queue_row {
	struct uuid queue_item_id;
	struct eui64 dev_eui;
	uint8_t f_port;
	bool confirmed;
	enum queue_state state;
	uint32_t f_cnt_down;         /* last sent with; valid unless waiting and never sent */
	bool has_f_cnt_down;
	int64_t created_us;
	uint8_t retries, attempts;   /* of a confirmed one: how often it may be sent again, how often it was sent */
	int64_t expires_us;          /* wall; 0: never */
	int64_t not_before_us;       /* wall; 0: at once */
	const uint8_t *data;         /* borrowed */
	size_t data_len;
};

/* An item in the queue of a multicast group. */
struct multicast_row {
	struct uuid queue_item_id, multicast_id;
	uint8_t f_port;
	bool in_flight;
	uint32_t f_cnt_down;         /* next to send of the group, or the one an item in flight has */
	int64_t created_us;
	int64_t expires_us;          /* wall; 0: never */
	const uint8_t *data;         /* borrowed */
	size_t data_len;
};

enum store_log { LOG_EVENT, LOG_FRAME };

/* A row of the event log or of the frame ring; texts are borrowed and copied. */
struct log_row {
	uint64_t seq;                /* filled by store_batch_log() */
	int64_t time_us;
	const char *kind;            /* LOG_EVENT: "up" ...; LOG_FRAME: "up" / "down" (direction) */
	struct eui64 dev_eui;
	bool has_dev_eui;
	uint32_t dev_addr;           /* LOG_FRAME */
	bool has_dev_addr;
	const char *drop_reason;     /* LOG_FRAME, NULL when accepted */
	const char *body;            /* one JSON object, without kind and cursor */
	size_t body_len;
};

/* ---- batches: units of commit -------------------------------------------------------------- */

/*
 * A write in the journal: who asks for it and why, and what became of it. A batch with one is recorded: its row is
 * committed with it, and so that it can be undone. Texts are borrowed and outlive the batch.
 */
struct store_change {
	const char *who, *method, *reason; /* reason NULL: none given */
	const struct entity *entity;       /* what it is about, or NULL */
	const char *id;                    /* NULL: several */
	const char *name;                  /* where that cannot be seen from the rows; or NULL */
	bool has_if_version, has_expect;
	int64_t if_version;                /* only if the object has this version */
	int64_t expect;                    /* only if it affects exactly so many objects */
	const char *confirm;               /* name or id of what it is about, typed again; or NULL */
	bool is_large;                     /* needs confirm or expect whatever it affects */
	bool dry_run;                      /* everything but the writing; the batch is LS_OK then too */
	bool always;                       /* a row even when no other row changed */
	bool is_final;                     /* not to be undone */
	int64_t affects;                   /* objects, where that cannot be seen from the rows; 0 */
	uint64_t *group;                   /* number of the first change of those that were one; 0: this is it; or NULL */
	uint64_t undoes;                   /* the change that this takes back, 0 none; may be set in run */
	const uint64_t *undone;            /* all of them, when that is the first of a group */
	size_t n_undone;
	/* results, for done() */
	uint64_t change_id;                /* 0: nothing was changed, or only tried */
	int64_t objects;                   /* tenants, applications, profiles, gateways, devices and groups affected */
	json_t *diff;                      /* for people; owned by whoever made the change */
	char why[200], hint[200];          /* of a refusal that is the journal's */
};

struct store_batch {
	struct store_batch *next;
	struct store_op *ops, **ops_end; /* in the batch's arena */
	void *arena;
	bool lazy;
	bool bad;                    /* memory ran out while it was filled: submit it not */
	int rc;                      /* result, before done() */
	/*
	 * [store] Optional: control writes. Runs inside a savepoint after the ops; a failure undoes only
	 * this batch and becomes its rc (constraints: LS_ECONFLICT, missing rows: LS_ENOTFOUND). Called once at most.
	 */
	int (*run)(struct store_db *db, struct store_batch *b);
	struct store_change *change; /* NULL: not journaled; only with run */
	bool try_only;               /* everything but the writing */
	void (*done)(struct store_batch *b); /* on the loop, after the commit or its failure; owns b; NULL: b is freed */
	void *arg;
};

struct store_batch *store_batch_new(void); /* NULL when memory is out */
void store_batch_free(struct store_batch *b);
void *store_batch_alloc(struct store_batch *b, size_t size); /* from the arena, zeroed; NULL when out */

/*
 * Each adds one operation; texts and octets are copied. LS_ENOMEM. Run in order. An operation that fails undoes its
 * batch and no other: LS_ENOTFOUND when the session to change, or the device of a new row, is gone;
 * LS_ECONFLICT when join_nonce would not rise. Deleting what is gone, and the state of a gone queue item, is no failure.
 */
int store_batch_session_put(struct store_batch *b, const struct session_row *row); /* insert or replace */
int store_batch_session_up(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot,
                           const struct session_up_row *up, const uint8_t *mac, size_t mac_len); /* mac NULL: unchanged */
int store_batch_session_down(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot,
                             const struct session_down_row *down, bool up_answered, const uint8_t *mac, size_t mac_len);
/* Nothing was transmitted for the last uplink after all; the counter stays as it is. */
int store_batch_session_unanswer(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot);
int store_batch_session_promote(struct store_batch *b, struct eui64 dev_eui); /* pending becomes current, current replaced */
/*
 * Pending deleted, current replaced: its counters outlive it. next_key (borrowed, NULL: none) is the f_nwk_s_int_key of the session
 * to come: one with the same key is deleted and not kept, and what was replaced before it stays.
 */
int store_batch_session_retire(struct store_batch *b, struct eui64 dev_eui, const struct ls_key *next_key);
int store_batch_session_delete(struct store_batch *b, struct eui64 dev_eui, enum session_slot slot);
/* DevNonces kept of one device and JoinEUI; beyond that the lowest go. */
#define NONCES_MAX 4096
int store_batch_join(struct store_batch *b, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce,
                     uint32_t join_nonce); /* remembers the nonce, moves the device's join_nonce */
/* RJcount1 counts for each JoinEUI: a device that got another one begins anew. */
int store_batch_rj_count1_forget(struct store_batch *b, struct eui64 dev_eui);
/* Every DevNonce of a device forgotten, and its RJcount1. */
int store_batch_nonces_flush(struct store_batch *b, struct eui64 dev_eui);
/*
 * An accepted rejoin request of 1.1: moves the device's join_nonce, and RJcount1 of the device (type 1) or RJcount0 of its
 * session in use (the other types).
 */
int store_batch_rejoin(struct store_batch *b, struct eui64 dev_eui, uint8_t type, uint16_t rj_count, uint32_t join_nonce);
int store_batch_queue_put(struct store_batch *b, const struct queue_row *row);
int store_batch_queue_state(struct store_batch *b, struct uuid id, enum queue_state state, uint32_t f_cnt_down);
int store_batch_queue_attempts(struct store_batch *b, struct uuid id, uint8_t attempts);
int store_batch_queue_delete(struct store_batch *b, struct uuid id);
int store_batch_multicast_counter(struct store_batch *b, struct uuid multicast_id, uint32_t f_cnt_down); /* never goes back */
int store_batch_multicast_device(struct store_batch *b, struct uuid multicast_id, struct eui64 dev_eui, bool add);
int store_batch_multicast_gateway(struct store_batch *b, struct uuid multicast_id, struct eui64 gateway_id, bool add);
int store_batch_multicast_item_put(struct store_batch *b, const struct multicast_row *row); /* at the end, waiting */
int store_batch_multicast_item_state(struct store_batch *b, struct uuid queue_item_id, bool in_flight, uint32_t f_cnt_down);
int store_batch_multicast_item_delete(struct store_batch *b, struct uuid queue_item_id);
int store_batch_heard(struct store_batch *b, struct eui64 dev_eui, const uint8_t *octets, size_t len); /* network/heard.h */
int store_batch_gateway_seen(struct store_batch *b, struct eui64 gateway_id, int64_t last_seen_us);
int store_batch_foreign(struct store_batch *b, uint32_t net_id, uint64_t data_frames, uint64_t join_requests,
                        int64_t last_us); /* adds to the counters of that NetID */

/*
 * Add a log row; its seq is given now (monotonic, never used again, even if the commit fails) and
 * written into row->seq. Rows must be submitted in the order of their seq: add and submit in one go.
 */
int store_batch_log(struct store *st, struct store_batch *b, enum store_log log, struct log_row *row);

/* [store] Another batch as part of this one, in a savepoint of its own; its done() is not called. */
int store_batch_within(struct store_db *db, struct store_batch *b);

/* More objects than that are affected only by a write that names or counts them. */
#define LARGE_OBJECTS 20

/* Hand a batch to the store thread. Never blocks. done() comes exactly once. The loop lives until it came. */
void store_submit(struct store *st, struct store_batch *b);

/* ---- loading at start ----------------------------------------------------------------------- */

struct device_row {
	struct eui64 dev_eui, join_eui;
	struct uuid application_id, profile_id;
	const char *name, *tags;     /* tags: JSON text */
	bool enabled, has_app_key, has_nwk_key;
	struct ls_key app_key, nwk_key; /* nwk_key: 1.1 */
	uint32_t join_nonce;         /* last used, 0 none */
	int32_t rj_count1;           /* last RJcount1 accepted, -1 none; for the present JoinEUI */
	struct mac_wish wish;
};

/* Every row once, parents before children; pointers borrowed for the call. Return LS_OK to go on. */
struct store_loader {
	void *arg;
	int (*tenant)(void *arg, const json_t *row);
	int (*application)(void *arg, const json_t *row);
	int (*profile)(void *arg, const json_t *row);
	int (*gateway)(void *arg, const json_t *row);
	/* hot: 100,000 and more rows, so structs and not JSON */
	int (*device)(void *arg, const struct device_row *row);
	int (*session)(void *arg, const struct session_row *row);
	int (*nonce)(void *arg, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce);
	int (*queue_item)(void *arg, const struct queue_row *row);
	int (*multicast)(void *arg, const json_t *row);
	int (*multicast_device)(void *arg, struct uuid multicast_id, struct eui64 dev_eui);
	int (*multicast_gateway)(void *arg, struct uuid multicast_id, struct eui64 gateway_id);
	int (*multicast_item)(void *arg, const struct multicast_row *row);
	int (*heard)(void *arg, struct eui64 dev_eui, const uint8_t *octets, size_t len);
	int (*foreign)(void *arg, uint32_t net_id, uint64_t data_frames, uint64_t join_requests, int64_t last_us);
};

int store_load(struct store *st, const struct store_loader *loader);

/*
 * Reload some devices after a failed commit, from the loop thread: device() (for its join nonce), session(), nonce()
 * and queue_item() for each that exists.
 */
int store_read_devices(struct store_db *db, const struct eui64 *dev_euis, size_t n,
                       const struct store_loader *loader); /* the same within a batch [store] */
int store_load_devices(struct store *st, const struct eui64 *dev_euis, size_t n, const struct store_loader *loader);

/* ---- queries --------------------------------------------------------------------------------- */

struct store_query {
	struct store_query *next;
	int rc;
	int (*run)(struct store_db *db, struct store_query *q);  /* [reader] */
	void (*done)(struct store_query *q);                     /* on the loop */
	void *arg;
};
void store_read(struct store *st, struct store_query *q);

/*
 * Plain records of the registry, for `run` of a batch [store] or of a query [reader]. JSON in registry form.
 *
 * insert and update set created_at and updated_at. What is not given, or null, gets the field's preset. Tags of an update
 * are merged into the stored ones, null removes a key. The keys of a device are columns of its row: their
 * insert is an update, their delete clears them. Of two sessions, get returns the current one; secrets come in full.
 *
 * LS_ENOTFOUND: no such record, or a reference to nothing (the field is named below). LS_ECONFLICT: a name or id that
 * is taken; a delete of what owns something. LS_EINVAL: a value not in canonical form, or a required one missing.
 * LS_EBUG: a key that is no stored field (drop parameters that are not fields first), or an entity that is not plain
 * (sessions and queue items are written by operations, logs are read by store_log_read()).
 */
int record_insert(struct store_db *db, const struct entity *e, const json_t *record);            /* [store] */
int record_update(struct store_db *db, const struct entity *e, const char *id, const json_t *changes); /* [store] null clears */
int record_delete(struct store_db *db, const struct entity *e, const char *id);                  /* [store] */
int record_get(struct store_db *db, const struct entity *e, const char *id, json_t **out);       /* both */

/* ---- the journal ----------------------------------------------------------------------------- */

enum change_op { CHANGE_CHANGED, CHANGE_CREATED, CHANGE_DELETED };

/* An object that a change touched, its own row or (parts) rows that belong to it: sessions, queue, members. */
struct change_object {
	const struct entity *entity; /* tenant, application, profile, gateway, device or multicast group */
	char id[UUID_TEXT_SIZE];
	enum change_op op;           /* of its own row */
	bool parts;
};

struct change_info {
	uint64_t change_id;          /* 0: the last of `who` that can be undone */
	/* results */
	char method[64], entity[32], object_id[UUID_TEXT_SIZE], name[520];
	uint64_t undone_by;
	bool is_known;               /* what was there before: it can be undone */
	bool deletes;
	struct change_object *objects;
	size_t n, cap;
	uint64_t *ids;               /* of its group when it is the first of one, else itself; the last first */
	size_t n_ids;
	bool alone;                  /* asked for: itself, whatever group it is of */
};
int store_change_info(struct store_db *db, const char *who, struct change_info *info); /* both; LS_ENOTFOUND */
void change_info_fini(struct change_info *info);

/*
 * Take a change back, as part of the batch of c. LS_ECONFLICT with c->why when something was changed since. Devices that
 * come back get counters behind all that were used with their EUI. [store]
 */
int store_change_undo(struct store_db *db, const struct change_info *info, struct store_change *c);

/* With all they own. [store] */
int store_delete_tenant(struct store_db *db, struct uuid id);
int store_delete_application(struct store_db *db, struct uuid id);

/* Its values before, keys and all, are deleted: it cannot be undone any more. [store] */
int store_change_forget(struct store_db *db, uint64_t change_id);

/* join_nonce as the database has it: a device of an EUI that was there before goes on where that one ended. [store] */
int store_device_join_nonce(struct store_db *db, struct eui64 dev_eui, uint32_t *join_nonce);

struct record_list {
	const json_t *scope;   /* object field -> value that rows must have (tenant_id ...), or NULL */
	const char *filter;    /* model/filter.h; or NULL */
	const char *sort;      /* "-last_seen_at,name", or NULL for the entity's own; no value sorts first */
	const char *cursor;    /* of the page before (same filter, sort and scope), or NULL */
	int64_t limit;         /* 0: 100; at most 10,000 */
	int64_t now_us;        /* wall; what `now` is in the filter; 0: the clock's */
	/* results */
	json_t *items;         /* new reference, NULL on failure; without secrets */
	char next_cursor[256]; /* "" at the end */
	int64_t total;         /* rows that match, counted up to 1,000,000 with the first page */
	char why[256], hint[256]; /* when filter, sort or cursor is wrong: LS_EUSAGE */
	size_t column;         /* of the filter where it is wrong, from 1; 0: something else is */
};
/*
 * Fast for any number of rows: sorted by id or name, whatever the page. Sorting by another field reads
 * all that match (100,000 devices: some 0.3 s of the reader thread). Secrets and tags neither filter nor sort.
 */
int record_list(struct store_db *db, const struct entity *e, struct record_list *l);              /* both */

/* The field (registry name) that failed last in this batch or query, for the error reply; "" when none is known. */
const char *store_db_conflict_field(const struct store_db *db);

/*
 * Log rows from `seq` on (or from `since_us` when seq is 0), at most limit (0: all); calls fn in order; the row is borrowed
 * for the call. Times are looked up by halving: after the clock was set back rows may be missed. [reader]
 */
struct log_read {
	enum store_log log;
	uint64_t from_seq;
	int64_t since_us, until_us; /* 0: open */
	uint64_t last;              /* > 0: only the last N that match, in order */
	int64_t limit;
	/* column filters, NULL / false: any */
	const char *kind, *drop_reason;
	bool any_drop;              /* drop_reason is not null */
	struct eui64 dev_eui;
	bool has_dev_eui;
	uint32_t dev_addr;
	bool has_dev_addr;
	/* only rows of devices that are there and belong to it now */
	struct uuid tenant_id, application_id;
	bool has_tenant, has_application;
	/* results */
	uint64_t first_stored_seq;  /* smallest in the log, for gaps; empty: the smallest it may have next */
	uint64_t next_seq;          /* one past the last row looked at; from_seq when there was none */
	void (*fn)(void *arg, const struct log_row *row);
	void *arg;
};
int store_log_read(struct store_db *db, struct log_read *r);

#endif
