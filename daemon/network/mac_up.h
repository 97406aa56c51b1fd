/*
 * mac_up.h - what the MAC commands of an uplink change, and what they ask for.
 *
 * Pure: state, windows and commands in; the new ones, answers owed and events out. Answers of the device belong to the
 * requests of one downlink: they are acted on once, and an answer nobody asked for changes nothing and is counted. A request
 * whose answer does not come with the next uplink has failed, unless that uplink had no room for it. Requests of the device
 * are answered whatever version its profile names.
 */
#ifndef LS_NETWORK_MAC_UP_H
#define LS_NETWORK_MAC_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/mac_goal.h"

/* Answers owed to the device, in the order of its requests; those of one CID once. */
#define MAC_OWED_MAX 8
struct mac_owed {
	uint8_t n;
	uint8_t cid[MAC_OWED_MAX];
	uint8_t minor;         /* for RekeyConf and ResetConf */
	uint8_t device_class;  /* for DeviceModeConf: 0 or 2, as on air */
};

struct mac_up_input {
	const struct mac_env *env;
	uint32_t f_cnt;
	bool is_repeat;        /* of a counter seen before: its answers have been acted on */
	int dr;                /* of the uplink, -1 unknown */
	bool adr, adr_ack_req;
	uint32_t freq_hz;      /* heard on */
	int64_t now_us;        /* wall */
	const uint8_t *commands; /* of FOpts or FPort 0, decrypted */
	size_t len;
	size_t room;           /* octets of commands this uplink could have carried more */
};

struct mac_up_outcome {
	struct mac_owed owed;
	bool has_status;       /* a DevStatusAns that was asked for: an event */
	uint8_t battery;
	int8_t margin_db;
	uint8_t told_class;    /* of the last DeviceModeInd of the session, as on air; MAC_UNKNOWN: none came */
	bool link_settled;     /* a LinkADRReq was accepted */
	bool is_rekey;
	bool is_reset;         /* *s is that of a new activation: the caller adds what the factory set */
	bool is_truncated;     /* the rest of the list could not be read */
	unsigned n_accepted, n_refused, n_unanswered, n_ignored;
};

/* Changes *s and *rx. */
void mac_uplink(const struct mac_up_input *in, struct mac_state *s, struct mac_rx *rx, struct mac_up_outcome *out);

#endif
