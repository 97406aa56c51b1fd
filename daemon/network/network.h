/*
 * network.h - the network server: frames in, decisions, commits, effects.
 *
 *   gateway -> collect (200 ms window) -> turn: session_load, decide -> store commit -> effects
 *
 * collect.c     copies of one PHYPayload, late copies
 * turn.c        closes a batch: parse, load, decide, commit, then publish and schedule answers
 * uplink.c      decides over a data frame            } pure functions: no clock, no random source,
 * join.c        decides over a join request          } no I/O; table-tested
 * downlink.c    builds the answer                    }
 * answer.c      when the answer is made, and its commit; join_answer.c the same for join accepts
 * answer_plan.c which window of which gateway: windows.c has the windows, path.c the gateways that heard it
 * gateway_choice.c  ranks gateways                        } pure
 * calendar.c, air_budget.c, delivery_record.c  of a gateway } gateway_air.c holds them together, air_replay.c after a start
 * transmit.c    downlinks at gateways: place on air, TX_ACK, the next option, timeouts
 * class_*.c, multicast_down.c  downlinks that answer no uplink: class_schedule.c decides when, class_place.c by which gateway
 *
 * This room includes no socket, no control code and no application code: it is told the time, given
 * randomness, and speaks through `struct network_out`.
 */
#ifndef LS_NETWORK_NETWORK_H
#define LS_NETWORK_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "gateway/gateway.h"
#include "lorawan/crypto.h"
#include "lorawan/dev_addr.h"
#include "network/drop_reason.h"
#include "network/fleet_multicast.h"
#include "store/store.h"

struct network_options {
	uint32_t net_id;
	struct dev_addr_blocks dev_addrs; /* to give from; n 0: the block of the NetID */
	int64_t deduplication_delay_us; /* 200 ms */
	int64_t downlink_data_delay_us; /* 100 ms */
};

/* What the network asks of the rest of the daemon. All on the loop thread. */
struct network_out {
	void *arg;
	/* Committed log rows, in order; borrowed for the call. */
	void (*publish)(void *arg, enum store_log log, const struct log_row *rows, size_t n);
	/* Send a downlink by whatever protocol the gateway speaks (see gateway_protocol.send). */
	int (*send)(void *arg, struct eui64 gateway_id, uint32_t downlink_id, const uint8_t *phy, size_t phy_len,
	            const struct tx_option *option);
	bool (*has_path)(void *arg, struct eui64 gateway_id, bool *confirms);
	void (*log)(void *arg, int priority, const char *subject, const char *text);
	void (*random)(void *arg, void *out, size_t len);
};

struct network_counters {
	uint64_t frames_in, copies, late_copies, uplinks, joins, repeats;
	uint64_t downlinks_sent, downlinks_ok, downlinks_failed, downlinks_too_late;
	uint64_t drops[DROP__COUNT];
	uint64_t foreign_data, foreign_joins;
	uint64_t mac_refused, mac_unanswered; /* requests of ours */
	uint64_t mac_ignored;            /* answers nobody had asked for */
	uint64_t collect_full;           /* frames refused because the table was full */
	uint64_t parked;                 /* frames that had to wait for a control write */
};

struct network;

int network_open(uv_loop_t *loop, struct fleet *fleet, struct store *store, const struct network_options *options,
                 const struct network_out *out, struct network **result);

/* Are there frames that wait behind a control write? */
bool network_has_waiting(const struct network *n);

/* Decide open windows now, submit, and stop taking frames; used at the end before store_close(). */
void network_drain(struct network *n);
void network_close(struct network *n);

/* From the gateway sink. */
void network_on_uplink(struct network *n, const struct rx_frame *frame, bool is_known);
void network_on_tx_ack(struct network *n, const struct tx_ack *ack);
/* Any message of a gateway; false when it is not registered. */
bool network_on_gateway_seen(struct network *n, struct eui64 gateway_id);

/* Control writes bracket themselves so that frames of the device (or profile) wait behind them. */
void network_device_write_begin(struct network *n, struct device *d);
void network_device_write_end(struct network *n, struct device *d);
void network_profile_write_begin(struct network *n, struct profile *p);
void network_profile_write_end(struct network *n, struct profile *p);
/* After items were added: look when to send or drop them. */
void network_queue_changed(struct network *n, struct device *d);
/* Before a device leaves the fleet: forget its answers and downlinks under way. */
void network_forget_device(struct network *n, struct device *d);

/* Something was queued for a multicast group. */
void network_multicast_changed(struct network *n, struct multicast_group *g);
/* Before a group leaves the fleet. */
void network_forget_multicast(struct network *n, struct multicast_group *g);

const struct network_counters *network_counters(const struct network *n);

#endif
