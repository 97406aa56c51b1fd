/*
 * phy.h - PHYPayload: splitting and building frames (TS001-1.0.4 section 4; frames of all
 * versions look alike). Lengths and types only: no keys, no allocation, no logging.
 *
 *   MHDR (1) | MACPayload | MIC (4)
 *   MACPayload = DevAddr (4) FCtrl (1) FCnt (2) FOpts (0..15) [FPort (1) FRMPayload (0..N)]
 */
#ifndef LS_LORAWAN_PHY_H
#define LS_LORAWAN_PHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/eui.h"

#define PHY_MAX 255 /* octets a LoRa or FSK packet can carry */

enum m_type {
	M_TYPE_JOIN_REQUEST = 0,
	M_TYPE_JOIN_ACCEPT = 1,
	M_TYPE_UNCONFIRMED_UP = 2,
	M_TYPE_UNCONFIRMED_DOWN = 3,
	M_TYPE_CONFIRMED_UP = 4,
	M_TYPE_CONFIRMED_DOWN = 5,
	M_TYPE_REJOIN_REQUEST = 6,
	M_TYPE_PROPRIETARY = 7,
};

/* ChirpStack's name of a frame type, "UNCONFIRMED_DATA_UP" and so on. Never NULL. */
const char *m_type_name(enum m_type m_type);

/* A data frame, up or down. f_opts and frm_payload as they are on air (encrypted). */
struct phy_data {
	enum m_type m_type;
	uint32_t dev_addr;
	bool adr;
	bool adr_ack_req; /* up */
	bool ack;
	bool class_b;     /* up */
	bool f_pending;   /* down */
	uint16_t f_cnt;   /* low 16 bits */
	uint8_t f_opts_len;
	const uint8_t *f_opts;
	int f_port;       /* -1 when absent */
	const uint8_t *frm_payload;
	size_t frm_payload_len;
	size_t msg_len;   /* octets before the MIC */
	uint8_t mic[4];
};

struct phy_join_request {
	struct eui64 join_eui;
	struct eui64 dev_eui;
	uint16_t dev_nonce;
	uint8_t mic[4];
};

/*
 * A rejoin request (TS001-1.1 section 6.2.4):
 *
 *   type 0, 2   MHDR | type | NetID (3)   | DevEUI (8) | RJcount0 (2) | MIC (4)    19 octets
 *   type 1      MHDR | type | JoinEUI (8) | DevEUI (8) | RJcount1 (2) | MIC (4)    24 octets
 */
struct phy_rejoin_request {
	uint8_t type;          /* 0, 1, 2 */
	uint32_t net_id;       /* types 0 and 2 */
	struct eui64 join_eui; /* type 1 */
	struct eui64 dev_eui;
	uint16_t rj_count;
	size_t msg_len;        /* octets before the MIC */
	uint8_t mic[4];
};

/* Body of a join accept (TS001 section 6.2.6), before encryption. */
struct phy_join_accept {
	uint32_t join_nonce; /* 24 bits */
	uint32_t net_id;     /* 24 bits */
	uint32_t dev_addr;
	bool opt_neg;
	uint8_t rx1_dr_offset; /* 0..7 */
	uint8_t rx2_dr;        /* 0..15 */
	uint8_t rx_delay;      /* seconds, 0 means 1 */
	bool has_cf_list;
	uint8_t cf_list[16];
};

#define PHY_JOIN_ACCEPT_BODY_MAX 28

/* Frame type of a PHYPayload. LS_ESHORT when empty, LS_EVERSION when Major is not 0. */
int phy_m_type(const uint8_t *buf, size_t len, enum m_type *out);

/*
 * Split a data frame of either direction. `buf` is borrowed: *out points into it.
 * LS_ESHORT truncated (also FOptsLen past the end), LS_ELONG over PHY_MAX, LS_EVERSION Major
 * not 0, LS_ETYPE not a data frame, LS_EFORMAT FOpts together with FPort 0.
 */
int phy_parse_data(const uint8_t *buf, size_t len, struct phy_data *out);

/* LS_ESHORT / LS_ELONG unless exactly 23 octets, LS_EVERSION, LS_ETYPE not a join request. */
int phy_parse_join_request(const uint8_t *buf, size_t len, struct phy_join_request *out);

/* LS_ESHORT / LS_ELONG unless as long as its type, LS_EVERSION, LS_ETYPE not a rejoin request, LS_EFORMAT another type. */
int phy_parse_rejoin_request(const uint8_t *buf, size_t len, struct phy_rejoin_request *out);

/* MHDR..RJcount of `r` (its msg_len and mic are not read): 15 or 20 octets, returned. r->type is 0, 1 or 2. */
#define PHY_REJOIN_MSG_MAX 20
size_t phy_write_rejoin_request(const struct phy_rejoin_request *r, uint8_t out[PHY_REJOIN_MSG_MAX]);

/*
 * Build MHDR..FRMPayload without MIC from `f` (its msg_len and mic are not read); *len
 * receives the number of octets, to which the caller appends four of MIC.
 * LS_EINVAL: FOpts with FPort 0, FOpts over 15, payload without FPort, not a data frame.
 * LS_ELONG: more than cap - 4 or PHY_MAX - 4 octets.
 */
int phy_write_data(const struct phy_data *f, uint8_t *buf, size_t cap, size_t *len);

/* The FCtrl octet of `f` in its direction. */
uint8_t phy_f_ctrl(const struct phy_data *f);

/* Body without MHDR and MIC: 12 or 28 octets. Never fails; out-of-range bits are cut. */
size_t phy_write_join_accept_body(const struct phy_join_accept *a, uint8_t out[PHY_JOIN_ACCEPT_BODY_MAX]);

/* Read a decrypted body of 12 or 28 octets. LS_ESHORT for any other length. */
int phy_parse_join_accept_body(const uint8_t *body, size_t len, struct phy_join_accept *out);

/* CFList (frames.md 10): five frequencies in Hz, 0 = unused; or up to 7 masks of 16 channels each. */
void cf_list_type0(const uint32_t freq_hz[5], uint32_t freq_step_hz, uint8_t out[16]);
void cf_list_type1(const uint16_t *ch_mask, size_t n_masks, uint8_t out[16]);

#endif
