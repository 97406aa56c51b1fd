/*
 * downlink.h - builds the class A answer: acknowledgement, MAC answers and at most one queued item.
 *
 * Pure: session, queue and what the uplink asked for in; octets out. The caller commits the counter before a
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
	const uint8_t *f_opts;           /* MAC answers, up to 15 octets */
	size_t f_opts_len;
	bool must_send;                  /* even when there is nothing but a header */
};

struct downlink_outcome {
	bool send;
	const struct queue_item *item;      /* taken, or NULL */
	const struct queue_item *too_long;  /* first item that fits no frame of this data rate, or NULL */
	size_t item_max;                    /* octets an item could have had */
	uint8_t phy[PHY_MAX];
	size_t phy_len;
	uint32_t f_cnt_down;                /* used by this frame */
};

void downlink_build(struct lw_crypto *crypto, const struct downlink_input *in, struct downlink_outcome *out);

#endif
