/* columns.h - which fields are shown, and the text of one value. */
#ifndef LSCTL_COLUMNS_H
#define LSCTL_COLUMNS_H

#include "base/text_buf.h"
#include "cli.h"

#define COLUMNS_MAX 64

struct column {
	const struct field *f; /* NULL for a path that is no field of the registry ("tags.site") */
	char path[64];
};

struct columns {
	struct column at[COLUMNS_MAX];
	size_t n;
	bool chosen; /* by -F or -g, not by default */
};

/*
 * Columns by -g, else -F, else the default ones (all fields when `all`). e may be NULL: then any
 * path is taken. Returns 0, or an exit code after naming the nearest field.
 */
int columns_choose(const struct cli *c, const struct entity *e, bool all, struct columns *out);

/* Add a field, or find it; *index receives its place. 0, or an exit code after naming the nearest field. */
int columns_add(const struct cli *c, const struct entity *e, const char *word, size_t len, const char *flag,
                struct columns *out, size_t *index);

/* The value at a column: borrowed, NULL when absent. Events keep dev_eui within their deviceInfo. */
const json_t *column_value(const struct column *column, const json_t *item);

/* Time form in force: --time, else relative for people and as sent for machines. */
enum time_form time_form_of(const struct cli *c, bool human);

/* Append an RFC 3339 time in the form in force, with Z whatever offset it came with. */
void time_put(const struct cli *c, const char *text, size_t len, bool human, struct text_buf *t);

/*
 * Append the text of a value. Nothing is escaped here. Null is "" for machines, "-" for people. True when
 * the value is text (spreadsheets take only text for formulas).
 */
bool cell_put(const struct cli *c, const struct field *f, const json_t *value, bool human, struct text_buf *t);

#endif
