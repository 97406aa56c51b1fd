/* filter.h - what a list asks for: conditions and sort keys, checked against the registry. */
#ifndef LS_STORE_FILTER_H
#define LS_STORE_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

#define CONDITIONS_MAX 16
#define SORT_MAX 6 /* with the keys that make a row unique */

struct condition {
	const struct field *field;
	json_t *value; /* owned; canonical, null: has no value */
};

struct sort_key {
	const struct field *field;
	bool descending;
};

struct list_request {
	struct condition conditions[CONDITIONS_MAX];
	size_t n_conditions;
	struct sort_key sort[SORT_MAX];
	size_t n_sort;
};

/*
 * Each adds to *r. LS_EUSAGE with a sentence in why and what was probably meant in hint (may stay empty).
 * A value that begins with a quote, ' or ", ends with it (doubled: itself); the bare word null matches no value.
 */
int filter_parse(const struct entity *e, const char *text, struct list_request *r, char *why, size_t why_size,
                 char *hint, size_t hint_size);
int filter_scope(const struct entity *e, const json_t *scope, struct list_request *r, char *why, size_t why_size);
int sort_parse(const struct entity *e, const char *text, struct list_request *r, char *why, size_t why_size,
               char *hint, size_t hint_size);
void list_request_fini(struct list_request *r);

#endif
