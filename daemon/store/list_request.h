/* list_request.h - what a list asks for: conditions and sort keys, checked against the registry. */
#ifndef LS_STORE_LIST_REQUEST_H
#define LS_STORE_LIST_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/filter.h"
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

/*
 * All conditions and all of `rest` must hold. What an index may serve, or a count without the view, are conditions: what
 * is plainly equal in the scope, and in the filter outside of `or` and `not`. `rest` are places of nodes in the filter.
 */
struct list_request {
	struct condition conditions[CONDITIONS_MAX];
	size_t n_conditions;
	struct filter *filter; /* owned */
	int rest[FILTER_NODES_MAX];
	size_t n_rest;
	struct sort_key sort[SORT_MAX];
	size_t n_sort;
};

/* Each adds to *r; LS_EUSAGE with *error filled (its column is 0 where the text is no filter), LS_ENOMEM. */
int list_request_filter(struct list_request *r, const struct entity *e, const char *text, int64_t now_us,
                        struct filter_error *error); /* once */
int list_request_scope(struct list_request *r, const struct entity *e, const json_t *scope, struct filter_error *error);
int list_request_sort(struct list_request *r, const struct entity *e, const char *text, struct filter_error *error);
void list_request_fini(struct list_request *r);

#endif
