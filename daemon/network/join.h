/*
 * join.h - what a join request means: an accept with a new session, or a drop with its reason.
 *
 * Pure: device, frame, time and random octets in; nothing is changed. A refused request touches no state, and
 * a request known before the commit to be unanswerable burns no DevNonce.
 */
#ifndef LS_NETWORK_JOIN_H
#define LS_NETWORK_JOIN_H

#include "network/collect.h"
#include "network/drop_reason.h"
#include "network/join_accept.h"
#include "network/uplink.h"

struct join_input {
	const struct phy_join_request *request;
	const struct collected *e;
	const struct fleet *fleet;     /* to judge receptions */
	const struct device *device;   /* NULL when the DevEUI is unknown */
	uint32_t net_id;
	uint32_t dev_addr;             /* to give; the caller found it free */
	bool answerable;               /* some gateway can carry the accept */
	bool with_cf_list;             /* and a CFList, which some data rates have no room for */
};

struct join_outcome {
	enum drop_reason reason;       /* DROP_NONE: accepted */
	char detail[DETAIL_SIZE];
	int dr, channel;
	uint32_t join_nonce;           /* to be stored as last used */
	struct join_accept accept;     /* with the pending session */
};

void join_decide(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out);

/* ---- shared with rejoin requests ------------------------------------------------------------ */

struct join_radio {
	const struct region *region;   /* whose gateways heard it */
	int dr, channel;               /* -1: not known */
	uint32_t rx2_freq_hz;          /* of the session */
};

/* Is there a region and a window for the accept? Receptions resolved before. */
enum drop_reason join_check_radio(const struct fleet *f, const struct collected *e, const struct device *d,
                                  struct join_radio *out, char detail[DETAIL_SIZE]);

/* The root keys that its version needs. */
bool join_has_keys(const struct device *d);

/* The next JoinNonce, 0 when there is none any more: then *detail says so. */
uint32_t join_next_nonce(const struct device *d, char detail[DETAIL_SIZE]);

#endif
