/*
 * app_package.h - commands of the application-layer packages: clock synchronisation (TS003), fragmented data blocks
 * (TS004), remote multicast setup (TS005), each in versions 1 and 2 (mac-commands.md section 7).
 *
 * They are application data: encrypted with the AppSKey, on the FPort of their package. Several may follow each other;
 * as with MAC commands there is no length on air, so after an unknown or truncated one the rest cannot be read.
 */
#ifndef LS_LORAWAN_APP_PACKAGE_H
#define LS_LORAWAN_APP_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"

enum app_package { APP_TS003, APP_TS004, APP_TS005 };

enum app_field_kind {
	APP_UNSIGNED,
	APP_SIGNED,    /* two's complement */
	APP_FREQUENCY, /* Hz; on air in steps of 100 Hz */
	APP_OCTETS,    /* as they stand on air; `octets` 0: to the end of the command */
};

struct app_field {
	const char *name;
	uint8_t first, octets; /* of the payload */
	uint8_t bit, bits;     /* of that number, little endian */
	enum app_field_kind kind;
};

enum app_command_flags {
	APP_TAKES_THE_REST = 1, /* of the frame */
	APP_HAS_GROUPS = 2,     /* 5 octets more for each bit of 3:0 of its first octet */
	APP_HOLDS_A_KEY = 4,    /* never print its octets */
};

#define APP_FIELDS_MAX 11

struct app_command_row {
	enum app_package package;
	uint8_t versions;       /* 1: version 1, 2: version 2, 3: both */
	uint8_t cid;
	enum lw_direction dir;
	const char *name;       /* "AppTimeReq" */
	uint8_t len;            /* payload octets after the CID */
	uint8_t short_mask, short_len;
	uint8_t flags;          /* enum app_command_flags */
	uint8_t first_field;    /* see app_command_field() */
};

/* The command of that CID, or NULL when this version of the package has none. */
const struct app_command_row *app_command_row(enum app_package package, unsigned version, uint8_t cid,
                                              enum lw_direction dir);
/* Fields of a command: how many, and field n of them. */
unsigned app_command_n_fields(const struct app_command_row *row);
const struct app_field *app_command_field(const struct app_command_row *row, unsigned n);
/* By its name, exactly. */
const struct app_command_row *app_command_find(enum app_package package, unsigned version, const char *name);

/* A command with its fields in the order of its row. Octets are borrowed. */
struct app_message {
	const struct app_command_row *row;
	int64_t values[APP_FIELDS_MAX];
	const uint8_t *octets[APP_FIELDS_MAX];
	size_t n_octets[APP_FIELDS_MAX];
};

/*
 * Read the command at the beginning of a frame's data. *used: its octets, with the CID. Fields that a short answer
 * leaves out are 0. LS_ENOTFOUND: unknown CID; LS_ESHORT: truncated.
 */
int app_decode(enum app_package package, unsigned version, enum lw_direction dir, const uint8_t *data, size_t len,
               struct app_message *out, size_t *used);

/* Write a command. LS_ESHORT: more than size octets. LS_ERANGE: a value or a count of octets that does not fit. */
int app_encode(const struct app_message *m, uint8_t *out, size_t size, size_t *len);

#endif
