/*
 * mac_request.h - requests the server sends and the device answers: which item each is about, what its answer means, and what
 * is remembered when the answer is no.
 */
#ifndef LS_NETWORK_MAC_REQUEST_H
#define LS_NETWORK_MAC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/mac_goal.h"

/* What an accepted request changes; payload as it was sent. */
typedef void mac_accept(const struct mac_env *env, const uint8_t *payload, uint8_t status, struct mac_state *s,
                        struct mac_rx *rx);

struct mac_request_row {
	uint8_t cid;
	uint8_t item;        /* enum mac_item; of a channel, that of channel 0 */
	bool has_index;      /* the first octet of the payload is a channel's index */
	uint8_t ok;          /* bits of the status that must all be set; 0: any answer is a yes */
	mac_accept *accept;  /* NULL: nothing is remembered */
};

/* NULL for commands that are no requests with an answer of their own: unknown ones, the relay's, ForceRejoinReq. */
const struct mac_request_row *mac_request_row(uint8_t cid);

/* Item and value of a request as refusals know them: the value is the payload behind the index, little endian. */
uint8_t mac_request_item(const struct mac_request_row *row, const uint8_t *payload);
uint32_t mac_request_value(const struct mac_request_row *row, const uint8_t *payload, size_t len);

/* Value of a set of channels. */
uint32_t mac_mask_value(const struct ch_mask *mask);

/*
 * Refusals. A value refused is asked again after 64, 256 and 1024 uplinks, then only when the wish is another; one without an
 * answer after 1, 2, 4 ... 256 uplinks.
 */
void mac_note_refusal(struct mac_state *s, uint8_t item, uint32_t value, uint8_t status, uint32_t f_cnt);
bool mac_may_ask(const struct mac_state *s, uint8_t item, uint32_t value, uint32_t f_cnt);
void mac_forget_refusals(struct mac_state *s, uint8_t item);                           /* accepted */
void mac_forget_refusal(struct mac_state *s, uint8_t item, uint32_t value);            /* seen to hold */
void mac_forget_other_refusals(struct mac_state *s, uint8_t item, uint32_t value);     /* the wish is this one now */

/* The block of LinkADRReq at the front of a list, executed on the believed channels; the values are those of the last. */
struct mac_link {
	struct ch_mask mask;
	uint8_t dr, tx_power, nb_trans; /* as they are after it */
	bool keeps_dr, keeps_tx_power;  /* 15 where that means keep */
};
void mac_link_after(const struct mac_env *env, const struct mac_state *s, const uint8_t *list, size_t len,
                    struct mac_link *out);

#endif
