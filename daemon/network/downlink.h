/*
 * downlink.h - builds a downlink of a session: acknowledgement, MAC commands and at most one queued item. The same for the
 * answer of class A and for what classes B and C send by themselves.
 *
 * Pure: session, queue and what the uplink asked for in; octets out. The caller commits the counters before a
 * byte leaves.
 */
#ifndef LS_NETWORK_DOWNLINK_H
#define LS_NETWORK_DOWNLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"
#include "lorawan/phy.h"
#include "network/fleet.h"

struct downlink_input {
	const struct session *session;
	const struct queue_item *queue;  /* the device's, oldest first */
	bool may_take_item;              /* else they are only told of, by FPending */
	int64_t now_wall_us;             /* decides which of them may go */
	uint8_t max_payload_m;           /* MACPayload octets that fit the window's data rate */
	bool ack;
	const uint8_t *f_opts;           /* MAC commands, up to 15 octets */
	size_t f_opts_len;
	const uint8_t *port_0;           /* more of them, as the payload: then no item is taken and f_opts_len is 0 */
	size_t port_0_len;               /* 0: none */
	bool must_send;                  /* even when there is nothing but a header */
};

struct downlink_outcome {
	bool send;
	const struct queue_item *item;      /* taken, or NULL */
	const struct queue_item *too_long;  /* first item that fits no frame of this data rate, or NULL */
	size_t item_max;                    /* octets an item could have had */
	uint8_t phy[PHY_MAX];
	size_t phy_len;
	bool exhausted;                     /* the counter it needs is at its end: a new session is due */
	uint32_t f_cnt_down;                /* used by this frame; in 1.1 NFCntDown or AFCntDown */
	struct session_down_row down;       /* the session after it */
};

void downlink_build(struct lw_crypto *crypto, const struct downlink_input *in, struct downlink_outcome *out);

#endif
