/*
 * mac_down.h - which requests go into the next downlink.
 *
 * Pure: what is wished against what is acknowledged and refused gives the octets and the state that is true once they are
 * committed. Requests of one downlink are open until the device's next uplink; while any is open there are no others. No more
 * than the device can answer in one uplink of its data rate, and never against a refusal whose wait has not ended.
 *
 * A downlink for requests alone costs the device energy and the band air time: after one of these there is none for 3 uplinks,
 * and while nothing comes of them for twice as many each time, to 192. What an operator queues by hand does not wait.
 */
#ifndef LS_NETWORK_MAC_DOWN_H
#define LS_NETWORK_MAC_DOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/mac_goal.h"

struct mac_down_input {
	const struct mac_env *env;
	const struct mac_goal *goal;
	struct mac_rx rx;      /* acknowledged */
	uint32_t f_cnt;        /* of the uplink this downlink answers; the last one for classes B and C */
	bool adr;              /* ADR bit of that uplink */
	size_t room;           /* octets for requests */
	size_t answer_room;    /* octets of commands the device's next uplink can carry */
	bool goes_anyway;      /* something else makes this downlink necessary */
	bool has_item;         /* it carries application data, which no request that can wait may push out */
	int64_t now_us;        /* wall */
};

#define MAC_DOWN_MAX MAC_PENDING_MAX

struct mac_down_outcome {
	uint8_t octets[MAC_DOWN_MAX];
	size_t len;            /* 0: nothing to ask now */
};

/* Changes *s only if there is something to ask. */
void mac_downlink(const struct mac_down_input *in, struct mac_state *s, struct mac_down_outcome *out);

/* Requests that never left: nothing was asked, and nothing failed. */
void mac_downlink_unsent(struct mac_state *s);


#endif
