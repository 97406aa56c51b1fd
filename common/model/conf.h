/*
 * conf.h - objects as text that people read, compare and edit, and that `apply` and `edit` take.
 *
 *   # a comment has a line of its own, begun by # or ;
 *   [device 0004a30b001c0530]
 *   application = meters
 *   name = pump-north
 *   description = "two\nlines"
 *   tag.site = paris
 *
 * A section is `[noun id]`: the EUI of what has one, else the name within its parents. Its keys are the names of the
 * registry, and what a flag or a CSV header may call them; a reference is written with the name of what it points to.
 * tenant and application may also stand where they only say in which tenant names are looked up.
 *
 *   key = value    up to the end of the line, blanks at both ends removed
 *   key = "value"  a JSON string: for blanks at the ends, line ends, a leading quote, and the empty text
 *   key =          null: the field is cleared, the tag removed
 *
 * A key that is absent leaves the field alone. In a heading the id is quoted when it holds quotes or controls or has
 * blanks at its ends; so is the key of a tag (`tag."odd key" = v`) that is more than letters, digits and _ - . /
 *
 * Reading what was written gives the same values again. Pure; no I/O.
 */
#ifndef LS_MODEL_CONF_H
#define LS_MODEL_CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text_buf.h"
#include "model/model.h"

struct conf_section {
	const struct entity *entity;
	const char *id;        /* as written: an EUI in any form, or a name */
	size_t line;           /* of the heading, from 1 */
	const json_t *values;  /* by registry name, in canonical form; tags as an object; null clears */
};

struct conf_error {
	int code;              /* LS_E... */
	size_t line;           /* from 1 */
	const char *field;     /* registry name, or NULL */
	char message[320];
	char hint[320];        /* may be empty */
};

/* False for what has nothing to write (events, frames, regions): it has no such text. */
bool conf_has_form(const struct entity *e);

/*
 * Append one object, as the daemon shows it, as a section. Null fields are left out; a masked key is a comment. The
 * caller separates sections by an empty line.
 */
void conf_write(struct text_buf *t, const struct entity *e, const json_t *object);

/*
 * Read sections; fn is called for each once it is complete, what it is given is borrowed. A return other than
 * LS_OK ends the reading with that code. LS_OK, or code and words in *error: then fn may have been called for
 * sections before. Keys are never repeated in an error.
 */
int conf_read(const char *text, size_t len, int (*fn)(void *arg, const struct conf_section *section), void *arg,
              struct conf_error *error);

#endif
