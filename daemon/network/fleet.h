/*
 * fleet.h - what the daemon knows, in memory: tenants, applications, profiles, gateways, devices with
 * their keys, nonces, sessions and queue. All that a decision reads is here (128 to 256 octets a session);
 * the store has the same on disk and is always written first.
 *
 * Everything belongs to the loop thread. Control handlers change the fleet only in the done() of
 * the batch that committed the change.
 */
#ifndef LS_NETWORK_FLEET_H
#define LS_NETWORK_FLEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/eui.h"
#include "base/key.h"
#include "base/ptr_table.h"
#include "base/siphash.h"
#include "base/uuid.h"
#include "lorawan/region.h"
#include "network/heard.h"
#include "store/store.h"

struct tenant {
	struct uuid id;
	char *name;
	uint32_t n_applications, n_profiles, n_gateways;
};

struct application {
	struct uuid id;
	struct tenant *tenant;
	char *name;
	char *tags;              /* JSON object text */
	uint32_t n_devices, n_multicast_groups;
};

enum dev_nonce_check { DEV_NONCE_VERSION, DEV_NONCE_SET, DEV_NONCE_OFF };

struct profile {
	struct uuid id;
	struct tenant *tenant;
	char *name;
	char *tags;
	/* The first configuration that fits, for what has heard nothing yet; NULL while none is enabled: frames are dropped. */
	const struct region *region;
	char region_name[REGION_NAME_SIZE];
	enum mac_version mac_version;
	bool supports_otaa, flush_queue_on_join, supports_class_b, supports_class_c;
	bool f_cnt_16_bit, f_cnt_relaxed;
	char *region_config;     /* NULL: any configuration of the region, the one whose gateways hear the device */
	enum reg_params_revision revision; /* that of the version unless one is named */
	uint16_t class_b_timeout_s, class_c_timeout_s;
	char *adr_algorithm;
	int8_t adr_min_dr, adr_max_dr;               /* -1: not set, as all int8_t here */
	int8_t adr_min_tx_power, adr_max_tx_power;   /* indices */
	int64_t max_fcnt_gap;    /* 0: none; -1: the version's */
	enum dev_nonce_check dev_nonce_check;
	uint32_t dev_status_interval_s; /* 0: never */
	int8_t ping_slot_periodicity, ping_slot_dr, rejoin_max_time_n, rejoin_max_count_n;
	uint32_t ping_slot_freq_hz;     /* 0: not set */
	/* as ABP devices come from the factory */
	int8_t abp_rx1_delay_s, abp_rx1_dr_offset, abp_rx2_dr;
	uint32_t abp_rx2_freq_hz;       /* 0: not set */
	char *abp_channels;             /* NULL: none */
	struct mac_wish wish;
	uint32_t n_devices;
	uint16_t writes;         /* control writes in flight: frames of its devices wait */
};

struct gateway {
	struct eui64 id;
	struct tenant *tenant;
	char *name;
	char region_name[REGION_NAME_SIZE]; /* of a region or of a configuration; "": told by frequency */
	bool is_private;
	bool has_location;
	double latitude, longitude, altitude_m;
	int64_t last_seen_us;    /* wall; in memory ahead of the store */
	int64_t last_seen_stored_us;
	int32_t one_way_us;      /* learned: half the round trip PULL_RESP - TX_ACK, 0 unknown */
	int64_t gps_seen_us;     /* wall: last time it told GPS time with an uplink, 0: never, or it refused to send by it */
	struct gateway_air *air; /* calendar, budgets, delivery record; NULL: sent nothing yet */
};

struct queue_item {
	struct queue_item *next;
	struct uuid id;
	enum queue_state state;
	bool confirmed, has_f_cnt_down;
	uint8_t f_port;
	uint8_t data_len;
	uint32_t f_cnt_down;
	int64_t created_us;
	int64_t expires_us, not_before_us; /* wall; 0: never, at once */
	int64_t sent_us;                   /* QUEUE_SENT: since when, wall; after a restart: the restart */
	uint8_t retries, attempts;
	uint8_t data[];
};

struct session {
	struct device *device;
	struct session *next_same_addr; /* chain of sessions sharing a DevAddr */
	uint32_t dev_addr;
	struct session_keys keys;
	struct session_up_row up;
	struct session_down_row down;
	const struct region *region;
	int64_t joined_us;
	uint8_t *mac;                   /* encoded MAC state, NULL: as after activation */
	uint32_t next_rj_count0;        /* lowest RJcount0 still accepted; 65536: none */
	uint16_t mac_len;
	uint8_t slot;                   /* enum session_slot */
	bool is_1_1;
};

/* DevNonces used with one JoinEUI, sorted. */
struct nonce_set {
	struct nonce_set *next;
	struct eui64 join_eui;
	uint32_t n, cap;
	uint16_t *nonces;
};

struct device {
	struct eui64 dev_eui, join_eui;
	struct application *application;
	struct profile *profile;
	struct session *sessions[SLOT__COUNT]; /* NULL when none */
	struct nonce_set *nonces;
	struct queue_item *queue;       /* oldest first */
	struct answer *answer;          /* its class A answer waiting to be made, or NULL (answer.c) */
	struct queue_watch *queue_watch; /* waits for the next item to expire, or NULL (queue_life.c) */
	char *name;
	char *tags;                     /* NULL when empty */
	struct ls_key app_key, nwk_key;
	struct mac_wish *wish;          /* NULL: none of its own */
	struct heard *heard;            /* who heard it last; NULL: not kept, or nobody (heard.h) */
	struct class_timer *class_timer; /* of class B and C, or NULL (class_down.c) */
	uint32_t join_nonce;            /* last used */
	int32_t rj_count1;              /* last RJcount1 accepted, -1 none */
	uint32_t refused_f_cnt, refused_dev_addr; /* counter last refused only for its gap, and its session */
	bool has_refused;
	uint16_t writes;                /* control writes in flight: its frames wait */
	uint16_t n_multicast_groups;    /* it is a member of */
	bool has_app_key, has_nwk_key, enabled;
};

struct unknown_gateway {
	struct eui64 id;
	char address[64];
	uint64_t messages;
	int64_t first_seen_us, last_seen_us;
};
#define UNKNOWN_GATEWAYS_MAX 256

#define FLEET_REGIONS_MAX 16
#define FLEET_RECENT 64 /* power of two */

struct fleet {
	struct siphash_key hash_key;
	struct ptr_table tenants, applications, profiles; /* by id */
	struct ptr_table gateways, devices;               /* by EUI */
	struct ptr_table sessions;                        /* by DevAddr; chains */
	struct ptr_table multicast_groups;                /* by id (fleet_multicast.h) */
	struct gateway *recent[FLEET_RECENT];             /* gateways by their last octet: each copy asks for one */
	struct region *regions;                           /* enabled ones */
	size_t n_regions;
	struct unknown_gateway unknown[UNKNOWN_GATEWAYS_MAX]; /* oldest replaced */
	size_t n_unknown;
};

int fleet_init(struct fleet *f, struct region *regions, size_t n_regions); /* regions are borrowed */
void fleet_fini(struct fleet *f);

/* Load everything from the store. */
int fleet_load(struct fleet *f, struct store *st, char *err, size_t err_size);
/* After a failed commit: bring sessions, nonces and queues of these devices back to what is on disk. */
int fleet_reload_devices(struct fleet *f, struct store *st, struct eui64 *dev_euis, size_t n); /* sorts them */

/* The same in two steps, within a control write: read on the store thread what it made of them, apply it on the loop. */
struct fleet_reload;
struct fleet_reload *fleet_reload_new(void);
int fleet_reload_read(struct fleet_reload *r, struct store_db *db, struct eui64 *dev_euis, size_t n); /* [store] sorts them */
int fleet_reload_apply(struct fleet *f, const struct fleet_reload *r);
void fleet_reload_free(struct fleet_reload *r); /* NULL is fine */

/* Lookups, NULL when absent. Names are exact. */
struct tenant *fleet_tenant(const struct fleet *f, struct uuid id);
struct tenant *fleet_tenant_by_name(const struct fleet *f, const char *name);
struct tenant *fleet_sole_tenant(const struct fleet *f); /* NULL unless exactly one */
struct application *fleet_application(const struct fleet *f, struct uuid id);
struct application *fleet_application_by_name(const struct fleet *f, const struct tenant *t, const char *name);
struct profile *fleet_profile(const struct fleet *f, struct uuid id);
struct profile *fleet_profile_by_name(const struct fleet *f, const struct tenant *t, const char *name);
struct gateway *fleet_gateway(const struct fleet *f, struct eui64 id);
struct gateway *fleet_gateway_by_name(const struct fleet *f, const struct tenant *t, const char *name);
struct device *fleet_device(const struct fleet *f, struct eui64 dev_eui);
/* Scan by name; tenant or application may be NULL; *n receives how many match (the first is returned). */
struct device *fleet_device_by_name(const struct fleet *f, const struct tenant *t, const struct application *a,
                                    const char *name, size_t *n);
struct session *fleet_sessions(const struct fleet *f, uint32_t dev_addr); /* head of the chain */
const struct region *fleet_region(const struct fleet *f, const char *name);

/* Entry of one of the tables by id: what the three above do. */
void *fleet_find_uuid(const struct fleet *f, const struct ptr_table *table, struct uuid id);

/*
 * Apply a committed record (registry form, all stored fields) as returned by record_get(): create or
 * change. LS_EBUG when a reference is missing, LS_ENOMEM.
 */
int fleet_apply_tenant(struct fleet *f, const json_t *record);
int fleet_apply_application(struct fleet *f, const json_t *record);
int fleet_apply_profile(struct fleet *f, const json_t *record);
int fleet_apply_gateway(struct fleet *f, const json_t *record);
int fleet_apply_device(struct fleet *f, const json_t *record); /* app_key included or null */
int fleet_place_device(struct fleet *f, const struct device_row *row); /* the same from a row of the store */
void fleet_remove_tenant(struct fleet *f, struct uuid id);
void fleet_remove_application(struct fleet *f, struct uuid id);
void fleet_remove_profile(struct fleet *f, struct uuid id);
void fleet_remove_gateway(struct fleet *f, struct eui64 id);
void fleet_remove_device(struct fleet *f, struct eui64 dev_eui); /* with sessions and queue */

/* Sessions. put copies the row into the device's slot (replacing). */
struct session *fleet_session_put(struct fleet *f, struct device *d, const struct session_row *row);
void fleet_session_drop(struct fleet *f, struct device *d, enum session_slot slot);
void fleet_session_promote(struct fleet *f, struct device *d); /* pending becomes current, current replaced */
void fleet_sessions_drop(struct fleet *f, struct device *d); /* all of them */
struct session *device_session_of(const struct device *d, uint32_t dev_addr); /* NULL: none has it */

/* Nonces and queue. */
bool device_nonce_used(const struct device *d, struct eui64 join_eui, uint16_t dev_nonce);
int device_nonce_highest(const struct device *d, struct eui64 join_eui); /* -1 none */
int device_nonce_add(struct device *d, struct eui64 join_eui, uint16_t dev_nonce);
void device_nonces_clear(struct device *d);
struct queue_item *device_queue_add(struct device *d, const struct queue_row *row); /* at the end */
struct queue_item *device_queue_find(const struct device *d, struct uuid id);
void device_queue_remove(struct device *d, struct uuid id);
void device_queue_clear(struct device *d);

/*
 * The item to send next: the first whose time has come (not_before) and is not over (expires). None while another one is on
 * its way or waits for its acknowledgement. *more: one is left for the window after that, which is what FPending says.
 */
const struct queue_item *device_queue_next(const struct queue_item *queue, int64_t now_wall_us, bool *more);

/* When the next item that waits for its time (not_before) may be sent, wall; 0: there is none. */
int64_t device_queue_next_time(const struct queue_item *queue, int64_t now_wall_us);

bool queue_item_is_expired(const struct queue_item *item, int64_t now_wall_us);

/* It was sent and not acknowledged: may it be sent again, under a new counter? */
bool queue_item_may_retry(const struct queue_item *item, int64_t now_wall_us);

void fleet_note_unknown_gateway(struct fleet *f, struct eui64 id, const char *address, int64_t now_wall_us);

#endif
