/*
 * designation.h - what a person writes for an object that is neither its full id nor its exact name: the head or tail
 * of an EUI, a DevAddr, a tag, and a kind before any of them. All of it runs over the fleet in memory.
 */
#ifndef LS_CONTROL_DESIGNATION_H
#define LS_CONTROL_DESIGNATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "model/model.h"
#include "network/fleet.h"

#define CANDIDATES_NAMED 8

enum designation_kind {
	DESIGNATION_ANY,
	DESIGNATION_EUI,  /* eui:0004a30b001c0530, or a head or tail of one */
	DESIGNATION_NAME, /* name:pump */
	DESIGNATION_ADDR, /* addr:01020304 */
	DESIGNATION_ID,   /* id:... the full id */
	DESIGNATION_TAG,  /* tag:site=paris */
};

/* The kind written before a value; *value receives what is behind its colon, or text itself. */
enum designation_kind designation_kind(const char *text, const char **value);

/* Where it is looked for; NULL: everywhere. */
struct designation_scope {
	const struct tenant *tenant;
	const struct application *application;
};

/* Objects that fit; the first ones are named. Names are borrowed from the fleet. */
struct candidates {
	size_t n;
	struct candidate {
		char id[UUID_TEXT_SIZE];
		const char *name;
		const struct tenant *tenant;
	} at[CANDIDATES_NAMED];
};

/* True for 4 to 15 hex digits, separators ignored: what may be the head or tail of an EUI. */
bool designation_is_abbreviation(const char *text);

/*
 * Devices (E_DEVICE) or gateways (E_GATEWAY) whose EUI begins or ends with the digits; of 8 digits also the devices with
 * that DevAddr. Nothing for other entities, and when text is no abbreviation.
 */
void designation_by_abbreviation(const struct fleet *f, const struct entity *e, struct designation_scope scope,
                                 const char *text, struct candidates *out);
/* Devices with this DevAddr (8 hex digits). */
void designation_by_dev_addr(const struct fleet *f, const struct entity *e, struct designation_scope scope,
                             const char *text, struct candidates *out);
/* Devices with this tag, "key=value". */
void designation_by_tag(const struct fleet *f, const struct entity *e, struct designation_scope scope, const char *text,
                        struct candidates *out);
/* Devices of this name: it is unique within an application only. */
void designation_by_name(const struct fleet *f, const struct entity *e, struct designation_scope scope, const char *text,
                         struct candidates *out);

/* "0004a30b001c0530 pump, ..." for people; returns buf. */
char *candidates_text(const struct candidates *c, char *buf, size_t size);

#endif
