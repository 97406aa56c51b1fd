/* change_diff.c - a changeset in words: rows of entities with the fields that changed. */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/change.h"
#include "store/column.h"

const struct entity *change_entity(const char *table)
{
	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];

		if (e->table && strcmp(e->table, table) == 0 && entity_field(e, "version"))
			return e;
	}
	return NULL;
}

/* Of any entity that has the table: the keys of a device are columns of its row. */
static const struct field *field_of_column(const char *table, const char *column)
{
	for (size_t i = 0; i < model_n_entities; i++) {
		const struct entity *e = &model_entities[i];

		if (!e->table || strcmp(e->table, table) != 0)
			continue;
		for (size_t k = 0; k < e->n_fields; k++)
			if (column_is_stored(&e->fields[k]) && strcmp(e->fields[k].column, column) == 0)
				return &e->fields[k];
	}
	return NULL;
}

sqlite3_stmt *change_columns(struct store_db *db, const char *table)
{
	char sql[96];
	int rc;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s LIMIT 0", table);
	sqlite3_stmt *stmt = db_prepare(db, sql, &rc);

	return rc ? NULL : stmt;
}

/* What every write changes says nothing. */
static bool is_noise(const struct field *f)
{
	return (f->flags & FF_ID) || strcmp(f->name, "created_at") == 0 || strcmp(f->name, "updated_at") == 0 ||
	       strcmp(f->name, "version") == 0;
}

static json_t *value_or_null(sqlite3_value *v, const struct field *f)
{
	json_t *value = v ? column_value_json(v, f) : json_null();

	return value ? value : json_null();
}

/* What a new row has anyhow is not worth a line. */
static bool is_preset(const struct field *f, const json_t *value)
{
	json_t *preset = f->preset ? json_loads(f->preset, JSON_DECODE_ANY, NULL) : json_null();
	bool same = json_is_null(value) || json_equal(preset, value);

	json_decref(preset);
	return same;
}

static void add_field(json_t *fields, int op, const struct field *f, sqlite3_value *before, sqlite3_value *after)
{
	json_t *old, *new;

	if (is_noise(f) || (op == SQLITE_UPDATE && !before && !after))
		return;
	if (f->flags & FF_SECRET) {
		sqlite3_value *there = op == SQLITE_DELETE ? before : after;

		if (op == SQLITE_UPDATE || (there && sqlite3_value_type(there) != SQLITE_NULL))
			json_object_set_new(fields, f->name, json_string("changed"));
		return;
	}
	old = value_or_null(op == SQLITE_INSERT ? NULL : before, f);
	new = value_or_null(op == SQLITE_DELETE ? NULL : after, f);
	if (op == SQLITE_UPDATE || !is_preset(f, op == SQLITE_INSERT ? new : old))
		json_object_set_new(fields, f->name, json_pack("[O, O]", old, new));
	json_decref(old);
	json_decref(new);
}

static const char *sign_of(int op)
{
	return op == SQLITE_INSERT ? "+" : op == SQLITE_DELETE ? "-" : "~";
}

/* The row the iterator stands at, of an entity. */
static json_t *describe_row(struct store_db *db, sqlite3_changeset_iter *it, const struct entity *e, int n, int op)
{
	sqlite3_stmt *columns = change_columns(db, e->table);
	json_t *row = json_pack("{s:s, s:s}", "op", sign_of(op), "entity", e->name), *fields = json_object();

	for (int i = 0; columns && i < n; i++) {
		sqlite3_value *before = NULL, *after = NULL;
		const struct field *f = field_of_column(e->table, sqlite3_column_name(columns, i));

		if (!f)
			continue;
		if (op != SQLITE_INSERT)
			sqlite3changeset_old(it, i, &before);
		if (op != SQLITE_DELETE)
			sqlite3changeset_new(it, i, &after);
		if (f->flags & FF_ID)
			json_object_set_new(row, "id", value_or_null(before ? before : after, f));
		else if (strcmp(f->name, "name") == 0 && (before || after))
			json_object_set_new(row, "name", value_or_null(before ? before : after, f));
		add_field(fields, op, f, before, after);
	}
	json_object_set_new(row, "fields", fields);
	return row;
}

/* "device_nonce -": so many rows; in the order of their first. */
static void count_row(json_t *counts, const char *table, int op)
{
	json_t *row;
	size_t i;

	json_array_foreach(counts, i, row) {
		if (strcmp(json_string_value(json_object_get(row, "rows_of")), table) == 0 &&
		    strcmp(json_string_value(json_object_get(row, "op")), sign_of(op)) == 0) {
			json_object_set_new(row, "count", json_integer(json_integer_value(json_object_get(row, "count")) + 1));
			return;
		}
	}
	json_array_append_new(counts, json_pack("{s:s, s:s, s:i}", "op", sign_of(op), "rows_of", table, "count", 1));
}

json_t *change_diff(struct store_db *db, const void *changes, int size, int64_t *objects)
{
	sqlite3_changeset_iter *it = NULL;
	json_t *rows = json_array(), *counts = json_array();

	*objects = 0;
	if (sqlite3changeset_start(&it, size, (void *)changes) != SQLITE_OK)
		it = NULL;
	while (it && sqlite3changeset_next(it) == SQLITE_ROW) {
		const char *table;
		int n, op, indirect;

		if (sqlite3changeset_op(it, &table, &n, &op, &indirect) != SQLITE_OK)
			break;
		const struct entity *e = change_entity(table);

		*objects += e != NULL;
		if (e && json_array_size(rows) < CHANGE_ROWS_MAX)
			json_array_append_new(rows, describe_row(db, it, e, n, op));
		else
			count_row(counts, table, op);
	}
	sqlite3changeset_finalize(it);
	json_array_extend(rows, counts);
	json_decref(counts);
	return rows;
}
