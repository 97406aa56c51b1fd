/*
 * mac.h - MAC commands (mac-commands.md): one table of every command with its fields (mac_commands.def), an iterator over FOpts
 * or an FPort 0 payload, and codecs that read and write any command by its row.
 *
 * There is no length field on air: at an unknown or truncated command the rest of the list cannot be read. The iterator then
 * stops; what came before stands. Lengths are the same in every version; `since` says from which version on a device knows the
 * command, so it binds only what a server sends.
 */
#ifndef LS_LORAWAN_MAC_H
#define LS_LORAWAN_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"
#include "lorawan/version.h"

enum mac_cid {
	MAC_CID_RESET = 0x01,
	MAC_CID_LINK_CHECK = 0x02,
	MAC_CID_LINK_ADR = 0x03,
	MAC_CID_DUTY_CYCLE = 0x04,
	MAC_CID_RX_PARAM_SETUP = 0x05,
	MAC_CID_DEV_STATUS = 0x06,
	MAC_CID_NEW_CHANNEL = 0x07,
	MAC_CID_RX_TIMING_SETUP = 0x08,
	MAC_CID_TX_PARAM_SETUP = 0x09,
	MAC_CID_DL_CHANNEL = 0x0a,
	MAC_CID_REKEY = 0x0b,
	MAC_CID_ADR_PARAM_SETUP = 0x0c,
	MAC_CID_DEVICE_TIME = 0x0d,
	MAC_CID_FORCE_REJOIN = 0x0e,
	MAC_CID_REJOIN_PARAM_SETUP = 0x0f,
	MAC_CID_PING_SLOT_INFO = 0x10,
	MAC_CID_PING_SLOT_CHANNEL = 0x11,
	MAC_CID_BEACON_TIMING = 0x12,
	MAC_CID_BEACON_FREQ = 0x13,
	MAC_CID_DEVICE_MODE = 0x20,
	/* the relay's have their rows in the table; named here when code needs them */
};

/* Each command in one direction: MAC_LINK_ADR_REQ and so on. */
enum mac_id {
#define MAC_COMMAND(id, cid, dir, name, len, since, flags) MAC_##id,
#define MAC_FIELD(id, field, name, first, octets, bit, bits, kind, scale, offset)
#include "lorawan/mac_commands.def"
#undef MAC_COMMAND
#undef MAC_FIELD
	MAC_ID__COUNT
};

/* Each field of each command: LINK_ADR_REQ_DATA_RATE and so on. X__FIRST is the number of the first field of command X. */
enum mac_field_id {
#define MAC_COMMAND(id, cid, dir, name, len, since, flags) id##__FIRST, id##__BEFORE = id##__FIRST - 1,
#define MAC_FIELD(id, field, name, first, octets, bit, bits, kind, scale, offset) id##_##field,
#include "lorawan/mac_commands.def"
#undef MAC_COMMAND
#undef MAC_FIELD
	MAC_FIELD__COUNT
};

enum mac_field_kind {
	MAC_UNSIGNED,
	MAC_SIGNED,          /* two's complement */
	MAC_FREQUENCY,       /* Hz; on air in steps of 100 Hz, or 200 Hz from 1.2 GHz on */
	MAC_DEV_ADDR,        /* a number, written as 8 hex digits */
	MAC_OCTETS,          /* as they stand on air */
	MAC_OCTETS_REVERSED, /* the last octet of the text comes first on air; to the end of the command */
};

struct mac_field {
	const char *name;
	uint8_t first, octets; /* of the payload */
	uint8_t bit, bits;     /* of that number, little endian */
	enum mac_field_kind kind;
	int8_t scale, offset;  /* value = scale * number + offset */
};

enum mac_command_flags {
	MAC_IS_ANSWER = 1,         /* to the command with this CID of the other direction */
	MAC_HAS_NO_ANSWER = 2,     /* a request nobody answers */
	MAC_COUNTS_ITS_OCTETS = 4, /* longer than `len` by bits 4:0 of its first octet */
	MAC_HOLDS_A_KEY = 8,       /* never print its octets */
};

struct mac_command_row {
	uint8_t cid;
	enum lw_direction dir;
	const char *name;          /* "LinkADRReq" */
	uint8_t len;               /* payload octets after the CID */
	enum mac_version since;
	uint8_t flags;             /* enum mac_command_flags */
	uint16_t first_field;      /* enum mac_field_id */
};

#define MAC_FIELDS_MAX 9
#define MAC_OCTETS_MAX 16
#define MAC_COMMAND_MAX 27 /* octets of the longest command, its CID included */
#define MAC_F_OPTS_MAX 15

/* The row of a CID, or NULL when no version knows it in that direction. */
const struct mac_command_row *mac_command_row(uint8_t cid, enum lw_direction dir);
const struct mac_command_row *mac_row(enum mac_id id);

/*
 * By name, in one direction: "LinkADRReq", also written link-adr-req, link_adr or link-adr (case, '-' and '_' do not matter,
 * nor does a missing Req, Ans, Ind or Conf at the end). NULL when unknown.
 */
const struct mac_command_row *mac_command_find(const char *name, enum lw_direction dir);

/* Fields of a command: how many, and field n of them. */
unsigned mac_command_n_fields(const struct mac_command_row *row);
const struct mac_field *mac_command_field(const struct mac_command_row *row, unsigned n);

/* A command in a list. */
struct mac_command {
	uint8_t cid;
	const uint8_t *payload; /* borrowed from the list */
	uint8_t len;
	const char *name;
	const struct mac_command_row *row;
};

struct mac_iter {
	const uint8_t *at, *end;
	enum lw_direction dir;
	bool stopped; /* true when unknown or truncated octets were left unread */
};

void mac_iter_init(struct mac_iter *it, enum lw_direction dir, const uint8_t *list, size_t len);
bool mac_iter_next(struct mac_iter *it, struct mac_command *out);

/* A command with its fields as numbers; the one field of octets stands apart. */
struct mac_message {
	const struct mac_command_row *row;
	int64_t values[MAC_FIELDS_MAX]; /* in the order of the row's fields */
	uint8_t octets[MAC_OCTETS_MAX]; /* as people write them */
	uint8_t n_octets;
};

void mac_message_init(struct mac_message *m, enum mac_id id); /* all fields 0 */

/* Field by its number; it must be one of this command. */
int64_t mac_get(const struct mac_message *m, enum mac_field_id field);
void mac_set(struct mac_message *m, enum mac_field_id field, int64_t value);

/* Read the fields of a command found in a list. */
void mac_decode(const struct mac_command *command, struct mac_message *out);

/*
 * Write CID and payload. LS_ERANGE when a value does not fit its field (*bad is then its number within the command, if bad is
 * not NULL), LS_ESHORT when out is too small. Bits no field names are 0.
 */
int mac_encode(const struct mac_message *m, uint8_t *out, size_t size, size_t *len, unsigned *bad);

/* Smallest and largest value of a field; a frequency's largest is that of 24 bits in steps of 200 Hz. */
void mac_field_range(const struct mac_field *field, int64_t *min, int64_t *max);

/* "LinkADRReq data_rate=5 tx_power=0 ..." cut at size; keys are left out. Returns out. */
#define MAC_TEXT_SIZE 256
char *mac_message_text(const struct mac_message *m, char *out, size_t size);

/* Set a field from its name and a text as mac_message_text() writes it; hex digits for octets, "0x" allowed for numbers.
 * LS_ENOTFOUND no such field, LS_EFORMAT, LS_ERANGE. */
int mac_set_text(struct mac_message *m, const char *name, const char *text);

/* LinkCheckAns: margin_db 0..254, gw_cnt 0..255. Writes 3 octets, returns 3. */
size_t mac_write_link_check_ans(uint8_t out[3], uint8_t margin_db, uint8_t gw_cnt);

/* DeviceTimeAns: time since the GPS epoch. Writes 6 octets, returns 6. */
size_t mac_write_device_time_ans(uint8_t out[6], uint64_t gps_us);

#endif
