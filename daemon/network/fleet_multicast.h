/*
 * fleet_multicast.h - multicast groups in memory: members, gateways, queue (TS005; frames.md 11.4 and 15).
 *
 * A group has an address, keys and one downlink counter of 32 bits, which never repeats and never goes back. All
 * belongs to the loop thread; control handlers change it only in the done() of what they committed.
 */
#ifndef LS_NETWORK_FLEET_MULTICAST_H
#define LS_NETWORK_FLEET_MULTICAST_H

#include "network/fleet.h"

/* Members may be of any revision of the regional parameters: the newest has every rate there is. */
#define MULTICAST_REVISION ((enum reg_params_revision)(REG_PARAMS__COUNT - 1))

/* Octets an item may have at this downlink data rate, 0 when the region has no such rate. */
unsigned multicast_max_item(const struct region *region, int dr);

struct multicast_item {
	struct multicast_item *next;
	struct uuid id;
	bool in_flight;              /* has its counter, and is at gateways */
	uint8_t f_port, data_len;
	uint32_t f_cnt_down;         /* in_flight */
	int64_t expires_us;          /* wall; 0: never */
	uint8_t data[];
};

struct eui_list {
	struct eui64 *list;          /* sorted */
	size_t n, cap;
};

struct multicast_group {
	struct uuid id;
	struct application *application;
	char *name;
	enum device_class group_class; /* B or C */
	bool gps_time;               /* class C: all gateways at one moment of GPS time, else one after another */
	char region_name[REGION_NAME_SIZE];
	const struct region *region; /* NULL while it is not enabled */
	uint32_t mc_addr;
	struct ls_key mc_nwk_s_key, mc_app_s_key;
	uint32_t f_cnt_down;         /* next to send */
	uint8_t dr;
	uint32_t freq_hz;            /* 0: the region's RX2 (class C) or ping slot channel (class B) */
	int8_t ping_slot_periodicity; /* class B */
	struct eui_list devices;     /* members */
	struct eui_list gateways;    /* given by hand; empty: chosen */
	struct multicast_item *queue; /* oldest first */
	struct multicast_send *send; /* what is being sent, or NULL (multicast_down.c) */
};

struct multicast_group *fleet_multicast(const struct fleet *f, struct uuid id);
/* By name; tenant or application may be NULL; *n receives how many match (the first is returned). */
struct multicast_group *fleet_multicast_by_name(const struct fleet *f, const struct tenant *t,
                                                const struct application *a, const char *name, size_t *n);

/* A committed record, created or changed. The counter of a group that exists already stays. LS_EBUG, LS_ENOMEM. */
int fleet_apply_multicast(struct fleet *f, const json_t *record);
void fleet_remove_multicast(struct fleet *f, struct uuid id);
void fleet_clear_multicast(struct fleet *f); /* all */

int multicast_add_device(struct fleet *f, struct multicast_group *g, struct eui64 dev_eui);
void multicast_remove_device(struct fleet *f, struct multicast_group *g, struct eui64 dev_eui);
int multicast_add_gateway(struct multicast_group *g, struct eui64 gateway_id);
void multicast_remove_gateway(struct multicast_group *g, struct eui64 gateway_id);
/* Out of every group. */
void fleet_multicast_forget_device(struct fleet *f, struct device *d);
void fleet_multicast_forget_gateway(struct fleet *f, struct eui64 gateway_id);

bool eui_list_has(const struct eui_list *l, struct eui64 id);

int multicast_queue_add(struct multicast_group *g, const struct multicast_row *row); /* at the end */
struct multicast_item *multicast_queue_find(const struct multicast_group *g, struct uuid id);
void multicast_queue_remove(struct multicast_group *g, struct uuid id);

#endif
