/*
 * filter_sql.h - a filter as SQL with bound parameters, true of the very rows filter_match() is true of.
 *
 * SQL has a third truth value. It does not come up here: `not` is carried down to the conditions, and each is written so
 * that no value gives true or false. Plain comparisons of a column with a parameter stay what an index can serve; a
 * glob with a plain beginning becomes a range besides. Patterns and searches call filter_test(), a function of ours.
 */
#ifndef LS_STORE_FILTER_SQL_H
#define LS_STORE_FILTER_SQL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/text_buf.h"
#include "model/filter.h"

#define FILTER_BINDINGS_MAX (FILTER_VALUES_MAX + 8)

struct filter_binding {
	const struct field *field;
	json_t *value;                  /* owned */
	const struct filter_node *node; /* instead: the pattern */
};

struct filter_sql {
	const struct filter *filter;
	int first;                      /* number of the first parameter */
	/* The column is written with + before it, which keeps SQLite from its index. NULL: never. */
	bool (*hide)(void *arg, const struct field *f);
	void *arg;
	struct filter_binding bindings[FILTER_BINDINGS_MAX];
	int n;
};

/* Append one node, in parentheses. Then bind what all of them together need; the filter is borrowed until stepped. */
void filter_sql_put(struct filter_sql *s, int node, struct text_buf *sql);
int filter_sql_bind(const struct filter_sql *s, sqlite3_stmt *stmt);
void filter_sql_fini(struct filter_sql *s);

/* filter_test(pattern, column, type of the column) on this connection. */
int filter_sql_register(sqlite3 *sqlite);

#endif
