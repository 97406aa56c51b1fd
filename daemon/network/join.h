/*
 * join.h - what a join request means: an accept with a new session, or a drop with its reason.
 *
 * Pure: device, frame, time and random octets in; nothing is changed. A refused request touches no state, and
 * a request known before the commit to be unanswerable burns no DevNonce.
 */
#ifndef LS_NETWORK_JOIN_H
#define LS_NETWORK_JOIN_H

#include "lorawan/crypto.h"
#include "network/collect.h"
#include "network/drop_reason.h"
#include "network/fleet.h"
#include "network/uplink.h"

struct join_input {
	const struct phy_join_request *request;
	const struct collected *e;
	const struct fleet *fleet;     /* to judge receptions */
	const struct device *device;   /* NULL when the DevEUI is unknown */
	uint32_t net_id;
	uint32_t dev_addr;             /* to give; the caller found it free */
	bool answerable;               /* some gateway can carry the accept */
};

struct join_outcome {
	enum drop_reason reason;       /* DROP_NONE: accepted */
	char detail[DETAIL_SIZE];
	int dr, channel;
	uint32_t join_nonce;           /* to be stored as last used */
	struct session_row session;    /* pending */
	uint8_t phy[33];               /* the join accept */
	size_t phy_len;
};

void join_decide(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out);

#define JOIN_ACCEPT_DELAY1_S 5
#define JOIN_ACCEPT_DELAY2_S 6

#endif
