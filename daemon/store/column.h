/* column.h - a field's value between JSON and its column. */
#ifndef LS_STORE_COLUMN_H
#define LS_STORE_COLUMN_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "model/model.h"

/* How a field is stored: FT_REF as the id it refers to, everything else as itself. */
enum field_type column_type(const struct field *f);

/* The column is in the entity's own table, not only in its view. */
bool column_is_stored(const struct field *f);

/* True for entities that create and set may write: their table has the columns of their view, as they are. */
bool entity_is_plain(const struct entity *e);

/* Bind a value in canonical form; it must live until the statement was stepped. LS_EINVAL: not in that form. */
int column_bind(sqlite3_stmt *stmt, int at, const struct field *f, const json_t *value);

/* A column as JSON, new reference; null for NULL. NULL when memory is out. */
json_t *column_json(sqlite3_stmt *stmt, int at, const struct field *f);
json_t *column_value_json(sqlite3_value *v, const struct field *f); /* the same of a value, say of a changeset */

#endif
