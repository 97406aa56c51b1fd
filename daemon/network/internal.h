/* internal.h - what the files of the network room share. Not for other rooms. */
#ifndef LS_NETWORK_INTERNAL_H
#define LS_NETWORK_INTERNAL_H

#include "base/clock.h"
#include "network/collect.h"
#include "network/commit.h"
#include "network/due.h"
#include "network/gateway_air.h"
#include "network/mac_up.h"
#include "network/network.h"
#include "network/uplink.h"

struct transmit;

/* Counters of foreign networks between two writes. */
#define FOREIGN_MAX 256
struct foreign {
	uint32_t net_id;
	uint64_t data_frames, join_requests;
	int64_t last_us;
};

#define RANDOM_KEPT 16 /* getrandom() gives up to 256 octets in one piece */

struct drop_limit {
	int64_t second;
	unsigned n;
};

struct network {
	uv_loop_t *loop;
	struct fleet *fleet;
	struct store *store;
	struct network_options options;
	struct network_out out;
	struct network_counters counters;
	struct lw_crypto *crypto;

	struct collect collect;
	uv_timer_t collect_timer;
	uint64_t collect_armed_for;

	struct turn_item *loading, **loading_end; /* asked of session_load, answered next */
	struct turn_item *parked, **parked_end;   /* behind a control write */
	uv_idle_t load_idle;

	struct due_list due;
	struct ptr_table transmits;               /* by downlink id */
	struct transmit *transmit_list;           /* all, for forgetting and the end */
	struct answer *answer_list;
	struct queue_watch *queue_watches;
	struct class_timer *class_timers;
	struct multicast_send *multicast_sends;
	uint32_t next_downlink_id;
	uint8_t random[RANDOM_KEPT][16];          /* for ids of events, which are no secrets; the first n_random are unused */
	unsigned n_random;

	struct foreign foreign[FOREIGN_MAX];
	size_t n_foreign;
	uv_timer_t lazy_timer;                    /* foreign counters, gateway last_seen */
	struct drop_limit limits[DROP__COUNT], drop_events, proprietary;
	struct commit *store_failed;              /* rows of frames whose commit failed, for the next that succeeds */

	uint64_t commit_p99_us, commit_p99_until_us; /* of the store, looked up each second */

	bool draining;  /* the end: no new frames, no new answers */
	bool sealed;    /* after that: nothing is submitted any more */
	unsigned open_handles;
};

/* Is a frame row of this reason still within its share of the second? Counts the drop in any case. */
bool network_may_log_drop(struct network *n, enum drop_reason reason, int64_t now_wall_us);

struct uuid network_uuid(struct network *n);
uint32_t network_downlink_id(struct network *n); /* never 0 */

/* ---- turn.c --------------------------------------------------------------------------------- */

void turn_take(struct network *n, bool force); /* close windows whose time has come */
void turn_load_answered(struct network *n);    /* decide what session_load has answered */
void turn_unpark(struct network *n);           /* control writes ended: look at waiting frames again */
void turn_free_all(struct network *n);
void turn_late_copy(struct network *n, const struct collected *e, const struct rx_frame *frame);
void turn_drop_alone(struct network *n, const struct rx_frame *frame, enum drop_reason reason); /* before any window */

/* ---- answer.c ------------------------------------------------------------------------------- */

/* What an uplink asks of its answer; copied. */
struct answer_wish {
	struct eui64 dev_eui;
	uint32_t dev_addr;
	struct collected *e;        /* referenced by the answer */
	uint16_t best;              /* which of its receptions speaks for the frame */
	int dr, channel;
	bool ack, must_send, may_take_item;
	bool is_repeat, adr;        /* of the uplink */
	bool asks;                  /* the server has something to ask the device */
	struct mac_owed owed;
};

/* After the uplink's commit: wait for the application, then make the answer. */
void answer_schedule(struct network *n, const struct answer_wish *wish);
void answer_forget(struct network *n, struct device *d);
void answer_free_all(struct network *n);

/* An answer that was due and never became octets: no counter was used, nothing left. `detail` may be empty. */
void answer_report_unsent(struct network *n, const struct device *d, const struct answer_wish *w,
                          enum drop_reason reason, const char *detail);

/* ---- path.c --------------------------------------------------------------------------------- */

/*
 * The receptions an answer can go through, one a gateway: those that agree with the one that speaks for the frame; best
 * is NULL where that is the strongest one. How many.
 */
unsigned answer_paths(struct network *n, const struct collected *e, const struct device *d, const struct region *region,
                      const struct reception *best, const struct reception *out[COLLECT_COPIES_MAX]);

/* ---- join_answer.c -------------------------------------------------------------------------- */

/* Could an accept go out now, and one with a CFList? If not at all, detail says why. */
bool answer_can_join(struct network *n, const struct device *d, const struct collected *e, bool *with_cf_list,
                     char detail[DETAIL_SIZE]);

/* Send a committed join accept. */
void answer_send_join_accept(struct network *n, struct eui64 dev_eui, uint32_t dev_addr, struct collected *e,
                             int dr, int channel, const uint8_t *phy, size_t phy_len);

/* ---- windows.c ------------------------------------------------------------------------------ */

#define LEAD_MAX_US 500000 /* beyond that the fault is elsewhere, and RX2 would be chosen for nothing */

/* How long before a window the bytes must leave for this gateway. */
uint64_t answer_lead_us(struct network *n, struct eui64 gateway_id);

/* ---- class_uplink.c ------------------------------------------------------------------------- */

/* Who heard an accepted uplink. The receptions resolved before (uplink.h). */
void class_note_uplink(struct network *n, struct commit *c, struct device *d, const struct collected *e);

/* ---- class_down.c --------------------------------------------------------------------------- */

/* Something changed that may let a class B or C downlink leave: look, soon. */
void class_kick(struct network *n, struct device *d);
void class_kick_all(struct network *n); /* after the start */
/* A downlink of the device was handed over, or refused by all gateways: its air time, or a pause, comes first. */
void class_settled(struct network *n, struct device *d, const struct transmit *t, bool sent);
void class_forget(struct network *n, struct device *d);
void class_free_all(struct network *n);

/* ---- multicast_down.c ----------------------------------------------------------------------- */

void multicast_kick_all(struct network *n);
void multicast_free_all(struct network *n);

/* ---- queue_life.c --------------------------------------------------------------------------- */

/* A new uplink of the session: the device's word on a confirmed item, if one waits for it. */
void queue_on_uplink(struct network *n, struct commit *c, struct device *d, const struct session *s, bool ack,
                     const struct collected *e, struct uuid deduplication_id);
/* The time for the acknowledgement of an item in state sent is over (class B and C). It may be freed. */
void queue_ack_timeout(struct network *n, struct commit *c, struct device *d, struct queue_item *item, int64_t now_us);
/* What was sent in the session before says nothing any more: it is sent again. */
void queue_on_new_session(struct network *n, struct commit *c, struct device *d);
/* Drop what is over its time. */
void queue_expire(struct network *n, struct commit *c, struct device *d, int64_t now_us);

/* The queue of the device changed, or came from the store: wake up when its next item expires. */
void queue_watch(struct network *n, struct device *d);
void queue_watch_all(struct network *n);
void queue_watch_free_all(struct network *n);

/* ---- transmit.c ----------------------------------------------------------------------------- */

#define TRANSMIT_OPTIONS_MAX 4
#define TRANSMIT_WHY_SIZE (CHOICE_TEXT_SIZE + DETAIL_SIZE + 2)

/* Where a device listens: after an uplink, in a ping slot, or in the parameters of RX2 all the time; at once: who knows. */
enum { WINDOW_AT_ONCE, WINDOW_RX1, WINDOW_RX2, WINDOW_PING_SLOT, WINDOW_CLASS_C };

/* One way to send it. */
struct transmit_option {
	struct eui64 gateway_id;
	int window, dr;
	struct place place;
	struct tx_option tx;
};

struct transmit {
	struct due due;             /* no TX_ACK for 2 s */
	struct transmit *next, **link;
	uint32_t id;                /* also of its reservation in the gateway's calendar */
	struct eui64 dev_eui;
	uint32_t dev_addr, f_cnt_down;
	uint32_t f_cnt_up;          /* next expected when it was built: tells which uplink it answers */
	bool is_join, has_item, confirmed;
	struct uuid queue_item_id;
	int f_port, m_type;
	unsigned n_options, at;
	struct transmit_option options[TRANSMIT_OPTIONS_MAX];
	bool is_placed;             /* options[at] has its place in the calendar */
	bool was_sent;
	int64_t sent_wall_us;
	int32_t margin_ms;          /* from when the octets are at the gateway to the window */
	uint32_t round_trip_us;     /* 0: none was told */
	char why[TRANSMIT_WHY_SIZE];/* this gateway and window */
	char refusals[96];          /* what the gateways said, per option */
	const char *last_refusal;   /* the last of these words, static text */
	/*
	 * Of no device, but of a group: told instead of what follows for a device. reason: DROP_NONE when it was sent. It is
	 * ended after that; an arg set to NULL tells nobody.
	 */
	void (*settled)(struct network *n, struct transmit *t, enum drop_reason reason);
	void *settled_arg;
	uint8_t phy_len;
	uint8_t phy[PHY_MAX];
};

/* The frame row of a downlink that was sent or refused; d NULL: of a multicast group. */
void transmit_row(struct commit *c, const struct transmit *t, const struct device *d, enum drop_reason reason);
/* A downlink to this device, without options yet. NULL: out of memory. */
struct transmit *transmit_new(struct network *n, const struct device *d);
/*
 * Take the first option's place in the calendar, before the commit; false when it is gone meanwhile. Then either
 * transmit_start() once the counter is on disk, or transmit_discard().
 */
bool transmit_place(struct network *n, struct transmit *t);
void transmit_discard(struct network *n, struct transmit *t);
/* Takes t (heap). Sends the first option; the rest follows from the gateway's answers. */
void transmit_start(struct network *n, struct transmit *t);
void transmit_on_ack(struct network *n, const struct tx_ack *ack);
/* The device acknowledged this item before the gateway did: nothing is left to report. */
void transmit_item_done(struct network *n, struct uuid queue_item_id);
void transmit_forget(struct network *n, struct eui64 dev_eui);
void transmit_free_all(struct network *n);
void transmit_init(struct network *n);

#endif
