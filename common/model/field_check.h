/* field_check.h - the part of field_check() that params.c needs with one more choice. */
#ifndef LS_MODEL_FIELD_CHECK_H
#define LS_MODEL_FIELD_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TAGS_MAX 64
#define TAG_KEY_MAX 64
#define TAG_VALUE_MAX 256

/* FT_TAGS; a null value (remove that key) only where `removing`. */
int tags_check(const json_t *value, bool removing, json_t **out, char *why, size_t why_size);

#endif
