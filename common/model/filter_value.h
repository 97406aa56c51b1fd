/* filter_value.h - what stands to the right of an operator, in canonical form. Inside common/model. */
#ifndef LS_MODEL_FILTER_VALUE_H
#define LS_MODEL_FILTER_VALUE_H

#include "model/filter.h"

/*
 * Append the value to *values. A time is RFC 3339, a date, a date with a time (UTC), now, or now-24h; a number takes
 * the units its name has room for (_s: 15m; _hz: 868.1MHz; _bytes: 10MiB). A name of a reference becomes the ids of what
 * is called so, or *field becomes the field of its name. On failure LS_E... and the sentence in *error, without column.
 */
int filter_value(const struct filter_context *ctx, const struct field **field, bool is_tag, const char *text, json_t *values,
                 struct filter_error *error);

#endif
