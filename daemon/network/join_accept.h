/*
 * join_accept.h - the join accept and the session that begins with it: after a join request of any version, and after a
 * rejoin request of 1.1. Pure.
 */
#ifndef LS_NETWORK_JOIN_ACCEPT_H
#define LS_NETWORK_JOIN_ACCEPT_H

#include "lorawan/crypto.h"
#include "network/fleet.h"
#include "network/mac_state.h"

#define JOIN_NONCE_MAX 0xffffff

#define JOIN_ACCEPT_DELAY1_S 5
#define JOIN_ACCEPT_DELAY2_S 6

struct join_accept_input {
	const struct device *device;
	const struct region *region;       /* the session's */
	struct lw_join_answered answered;
	uint32_t join_nonce;
	uint32_t net_id;
	uint32_t dev_addr;                 /* to give */
	int64_t now_us;
	int dr;                            /* of the request */
	uint32_t rx2_freq_hz;              /* that follows from its channel */
	bool with_cf_list;                 /* if the region has one; without it the channels are told by MAC commands */
	const struct session *keep;        /* not NULL: all radio parameters stay as in this session (rejoin type 2) */
};

struct join_accept {
	struct session_row session;        /* pending; its mac points to the next member */
	uint8_t mac[MAC_STATE_OCTETS_MAX];
	uint8_t phy[33];
	size_t phy_len;
};

void join_accept_build(struct lw_crypto *crypto, const struct join_accept_input *in, struct join_accept *out);

#endif
