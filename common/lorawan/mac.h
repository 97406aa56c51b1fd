/*
 * mac.h - MAC commands (mac-commands.md): one table of every CID with its length in both
 * directions, an iterator over FOpts or an FPort 0 payload, and encoders of the answers.
 *
 * There is no length field on air: at an unknown or truncated command the rest of the list
 * cannot be read. The iterator then stops; what came before stands.
 */
#ifndef LS_LORAWAN_MAC_H
#define LS_LORAWAN_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"

enum mac_cid {
	MAC_CID_LINK_CHECK = 0x02,
	MAC_CID_DEVICE_TIME = 0x0d,
	/* the others have their row in the table; named here when code needs them */
};

struct mac_command_row {
	uint8_t cid;
	const char *name_up;   /* NULL: not sent in that direction */
	uint8_t len_up;        /* payload octets after the CID */
	const char *name_down;
	uint8_t len_down;      /* FilterListReq: the shortest; its own Len adds 0..16 (the iterator knows) */
};

/* The row of a CID, or NULL when no version knows it. */
const struct mac_command_row *mac_command_row(uint8_t cid);

struct mac_command {
	uint8_t cid;
	const uint8_t *payload; /* borrowed from the list */
	uint8_t len;
	const char *name;
};

struct mac_iter {
	const uint8_t *at, *end;
	enum lw_direction dir;
	bool stopped; /* true when unknown or truncated octets were left unread */
};

void mac_iter_init(struct mac_iter *it, enum lw_direction dir, const uint8_t *list, size_t len);
bool mac_iter_next(struct mac_iter *it, struct mac_command *out);

/* LinkCheckAns: margin_db 0..254, gw_cnt 0..255. Writes 3 octets, returns 3. */
size_t mac_write_link_check_ans(uint8_t out[3], uint8_t margin_db, uint8_t gw_cnt);

/* DeviceTimeAns: time since the GPS epoch. Writes 6 octets, returns 6. */
size_t mac_write_device_time_ans(uint8_t out[6], uint64_t gps_us);

#endif
