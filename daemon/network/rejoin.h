/*
 * rejoin.h - what a rejoin request of 1.1 means (frames.md section 12): an accept with a new session, or a drop with its
 * reason.
 *
 *   type 0   new keys and new radio parameters; MIC of the session in use, RJcount0 of that session
 *   type 1   as a join, for a device whose session may be unknown here; MIC of JSIntKey, RJcount1 of the device
 *   type 2   new keys only: radio parameters stay; otherwise as type 0
 *
 * Pure. A refused request touches no state; one known before the commit to be unanswerable burns no counter.
 */
#ifndef LS_NETWORK_REJOIN_H
#define LS_NETWORK_REJOIN_H

#include "network/join.h"

struct rejoin_input {
	const struct phy_rejoin_request *request;
	const struct collected *e;
	const struct fleet *fleet;     /* to judge receptions */
	const struct device *device;   /* NULL when the DevEUI is unknown */
	uint32_t net_id;
	uint32_t dev_addr;             /* to give; the caller found it free */
	bool answerable;               /* some gateway can carry the accept */
	bool with_cf_list;             /* and a CFList, which some data rates have no room for */
};

struct rejoin_outcome {
	enum drop_reason reason;       /* DROP_NONE: accepted */
	char detail[DETAIL_SIZE];
	int dr, channel;
	uint32_t join_nonce;           /* to be stored as last used, with the request's RJcount */
	struct join_accept accept;     /* with the pending session */
};

void rejoin_decide(struct lw_crypto *crypto, const struct rejoin_input *in, struct rejoin_outcome *out);

#endif
