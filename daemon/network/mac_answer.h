/* mac_answer.h - the MAC commands of an answer: what the device asked for, then what the server asks. */
#ifndef LS_NETWORK_MAC_ANSWER_H
#define LS_NETWORK_MAC_ANSWER_H

#include "network/internal.h"
#include "network/mac_session.h"

#define MAC_ANSWER_MAX 128

struct mac_answer {
	uint8_t octets[MAC_ANSWER_MAX];
	size_t len;              /* up to 15 octets are FOpts, more a frame on FPort 0 without an item */
	bool has_requests;       /* then the state is the session's once this downlink has left */
	struct mac_state state;
};

/*
 * For a downlink with max_payload_m octets of MACPayload. may_fill: no item is waiting, so that more than fits into FOpts may
 * go. The receptions resolved before.
 */
void mac_answer_make(const struct answer_wish *w, const struct session *s, uint8_t max_payload_m, bool goes_anyway,
                     bool may_fill, struct mac_answer *out);

#endif
