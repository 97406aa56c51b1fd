/*
 * record.c - plain create, get, set and delete of one record, from the registry's rows.
 *
 * The texts of SQL hold names of tables and columns from the registry only, values are bound. Entities
 * that no create or set may write (sessions, queue items, logs) have their own operations.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text_buf.h"
#include "store/column.h"
#include "store/db.h"
#include "store/store.h"

#define BOUND_MAX 64

/* Values in the order of their parameters; `own` are those made here. */
struct values {
	const struct field *field[BOUND_MAX];
	json_t *value[BOUND_MAX];
	size_t n;
};

static void values_fini(struct values *v)
{
	for (size_t i = 0; i < v->n; i++)
		json_decref(v->value[i]);
}

/* Takes the reference. LS_EBUG: the registry outgrew us. */
static int values_add(struct values *v, const struct field *f, json_t *value)
{
	if (!value)
		return LS_ENOMEM;
	if (v->n == BOUND_MAX) {
		json_decref(value);
		return LS_EBUG;
	}
	v->field[v->n] = f;
	v->value[v->n++] = value;
	return LS_OK;
}

static json_t *now(void)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(clock_wall_us(), text);
	return json_string(text);
}

static json_t *preset(const struct field *f)
{
	return f->preset ? json_loads(f->preset, JSON_DECODE_ANY, NULL) : json_null();
}

/* An entity that is some columns of another one's row (the keys of a device): deleting it clears them. */
static bool is_part(const struct entity *e)
{
	const struct field *id = entity_id_field(e);
	const struct entity *whole = id && id->type == FT_REF ? entity_find(id->choices) : NULL;

	return whole && whole->table && e->table && strcmp(whole->table, e->table) == 0;
}

static bool is_time_of(const struct field *f, const char *name)
{
	return f->type == FT_TIME && strcmp(f->name, name) == 0;
}

static void name_field(struct store_db *db, const char *name)
{
	snprintf(db->conflict_field, sizeof(db->conflict_field), "%s", name);
}

/* "UNIQUE constraint failed: device.application_id, device.name": the last column is the one to change. */
static void name_column(struct store_db *db, const struct entity *e)
{
	const char *text = sqlite3_errmsg(db->sqlite);
	const char *column = strstr(text, "failed: ") ? strrchr(text, '.') : NULL;

	for (size_t i = 0; column && i < e->n_fields; i++)
		if (e->fields[i].column && strcmp(e->fields[i].column, column + 1) == 0)
			name_field(db, e->fields[i].name);
}

static bool is_foreign_key(const struct store_db *db)
{
	int code = sqlite3_extended_errcode(db->sqlite);

	return code == SQLITE_CONSTRAINT_FOREIGNKEY || code == SQLITE_CONSTRAINT_TRIGGER;
}

/* SQLite does not say which reference hangs in the air: look. */
static int name_missing(struct store_db *db, const struct values *v)
{
	char sql[160];
	bool row = true;
	int rc = LS_OK;

	for (size_t i = 0; i < v->n && row && !rc; i++) {
		const struct entity *target = v->field[i]->type == FT_REF ? entity_find(v->field[i]->choices) : NULL;

		if (!target || !target->table || json_is_null(v->value[i]))
			continue;
		snprintf(sql, sizeof(sql), "SELECT 1 FROM %s WHERE %s = ?1", target->table, entity_id_field(target)->column);
		sqlite3_stmt *stmt = db_prepare(db, sql, &rc);

		if (!rc)
			rc = column_bind(stmt, 1, v->field[i], v->value[i]);
		if (!rc)
			rc = db_row(stmt, &row);
		if (!rc && row)
			sqlite3_reset(stmt);
		else if (!rc)
			name_field(db, v->field[i]->name);
	}
	return rc ? rc : LS_ENOTFOUND;
}

static sqlite3_stmt *prepare(struct store_db *db, const struct text_buf *sql, const struct values *v, int *rc)
{
	sqlite3_stmt *stmt = NULL;

	*rc = sql->bad ? LS_ENOMEM : LS_OK;
	if (!*rc)
		stmt = db_prepare(db, sql->data, rc);
	for (size_t i = 0; i < v->n && !*rc; i++) {
		*rc = column_bind(stmt, (int)i + 1, v->field[i], v->value[i]);
		if (*rc == LS_EINVAL)
			name_field(db, v->field[i]->name);
	}
	return stmt;
}

static int run_write(struct store_db *db, const struct entity *e, const struct text_buf *sql, const struct values *v)
{
	int rc;
	sqlite3_stmt *stmt = prepare(db, sql, v, &rc);

	if (rc)
		return rc;
	rc = db_finish(db, stmt);
	sqlite3_clear_bindings(stmt); /* may hold a key */
	if (rc == LS_ECONFLICT && is_foreign_key(db))
		return name_missing(db, v);
	if (rc == LS_ECONFLICT || rc == LS_EINVAL)
		name_column(db, e);
	return rc;
}

/* Every key must be a stored field: a misspelt one would be lost without a word. */
static int check_names(struct store_db *db, const struct entity *e, const json_t *record)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)record, key, value) {
		const struct field *f = entity_field(e, key);

		if (!f || !column_is_stored(f)) {
			name_field(db, key);
			return LS_EBUG;
		}
	}
	return LS_OK;
}

static int bind_id(struct store_db *db, sqlite3_stmt *stmt, int at, const struct entity *e, const char *id)
{
	json_t *value = json_string(id);
	int rc = value ? column_bind(stmt, at, entity_id_field(e), value) : LS_EINVAL;

	json_decref(value); /* ids are bound as copies */
	if (rc == LS_EINVAL)
		name_field(db, entity_id_field(e)->name);
	return rc;
}

int record_insert(struct store_db *db, const struct entity *e, const json_t *record)
{
	struct values v = {.n = 0};
	struct text_buf sql;
	int rc = entity_is_plain(e) ? check_names(db, e, record) : LS_EBUG;

	if (!rc && is_part(e))
		return record_update(db, e, json_string_value(json_object_get(record, entity_id_field(e)->name)), record);
	json_t *at = now(); /* one for both times */

	text_buf_init(&sql);
	text_printf(&sql, "INSERT INTO %s (", rc ? "" : e->table);
	for (size_t i = 0; i < e->n_fields && !rc; i++) {
		const struct field *f = &e->fields[i];
		json_t *value = json_object_get(record, f->name);

		if (!column_is_stored(f))
			continue;
		if (is_time_of(f, "created_at") || is_time_of(f, "updated_at"))
			value = json_incref(at);
		else if (value && !json_is_null(value))
			json_incref(value);
		else if (f->preset)
			value = preset(f);
		else
			continue;
		text_printf(&sql, "%s%s", v.n ? ", " : "", f->column);
		rc = values_add(&v, f, value);
	}
	text_puts(&sql, ") VALUES (");
	for (size_t i = 0; i < v.n; i++)
		text_printf(&sql, "%s?%zu", i ? ", " : "", i + 1);
	text_puts(&sql, ")");
	if (!rc)
		rc = run_write(db, e, &sql, &v);
	text_buf_fini(&sql);
	values_fini(&v);
	json_decref(at);
	return rc;
}

/* Tags given in a change are merged into the stored ones; null removes a key. */
static int merge_tags(struct store_db *db, const struct entity *e, const char *id, const struct field *f,
                      const json_t *changes, json_t **out)
{
	json_t *record = NULL, *value;
	const char *key;
	int rc = record_get(db, e, id, &record);

	*out = NULL;
	if (rc)
		return rc;
	json_t *tags = json_incref(json_object_get(record, f->name));

	json_decref(record);
	if (!json_is_object(tags) || !json_is_object(changes)) {
		json_decref(tags);
		return LS_EINVAL;
	}
	json_object_foreach((json_t *)changes, key, value) {
		if (json_is_null(value))
			json_object_del(tags, key);
		else
			json_object_set(tags, key, value);
	}
	*out = tags;
	return LS_OK;
}

static int changed_value(struct store_db *db, const struct entity *e, const char *id, const struct field *f,
                         json_t *value, json_t **out)
{
	if (is_time_of(f, "updated_at"))
		*out = now();
	else if (json_is_null(value))
		*out = preset(f);
	else if (f->type == FT_TAGS)
		return merge_tags(db, e, id, f, value, out);
	else
		*out = json_incref(value);
	return *out ? LS_OK : LS_ENOMEM;
}

int record_update(struct store_db *db, const struct entity *e, const char *id, const json_t *changes)
{
	struct values v = {.n = 0};
	struct text_buf sql;
	int rc = entity_is_plain(e) && id ? check_names(db, e, changes) : LS_EBUG;

	text_buf_init(&sql);
	text_printf(&sql, "UPDATE %s SET ", rc ? "" : e->table);
	for (size_t i = 0; i < e->n_fields && !rc; i++) {
		const struct field *f = &e->fields[i];
		json_t *value = json_object_get(changes, f->name), *bound;

		if (!column_is_stored(f) || (f->flags & FF_ID) || is_time_of(f, "created_at"))
			continue;
		if (!value && !is_time_of(f, "updated_at"))
			continue;
		rc = changed_value(db, e, id, f, value, &bound);
		if (rc)
			break;
		rc = values_add(&v, f, bound);
		text_printf(&sql, "%s%s = ?%zu", v.n > 1 ? ", " : "", f->column, v.n);
	}
	if (!rc && !v.n) { /* nothing to change: it only has to be there */
		json_t *record = NULL;

		rc = record_get(db, e, id, &record);
		json_decref(record);
		text_buf_fini(&sql);
		return rc;
	}
	text_printf(&sql, " WHERE %s = ?%zu", entity_id_field(e)->column, v.n + 1);
	if (!rc)
		rc = values_add(&v, entity_id_field(e), json_string(id));
	if (!rc)
		rc = run_write(db, e, &sql, &v);
	if (!rc && db_changes(db) == 0)
		rc = LS_ENOTFOUND;
	text_buf_fini(&sql);
	values_fini(&v);
	return rc;
}

static int clear_part(struct store_db *db, const struct entity *e, const char *id)
{
	json_t *nulls = json_object();

	for (size_t i = 0; i < e->n_fields; i++)
		if (field_is_mutable(&e->fields[i]))
			json_object_set_new(nulls, e->fields[i].name, json_null());
	int rc = record_update(db, e, id, nulls);

	json_decref(nulls);
	return rc;
}

int record_delete(struct store_db *db, const struct entity *e, const char *id)
{
	char sql[160];
	int rc;

	if (!entity_is_plain(e))
		return LS_EBUG;
	if (is_part(e))
		return clear_part(db, e, id);
	snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = ?1", e->table, entity_id_field(e)->column);
	sqlite3_stmt *stmt = db_prepare(db, sql, &rc);

	if (!rc)
		rc = bind_id(db, stmt, 1, e, id);
	if (!rc)
		rc = db_finish(db, stmt);
	return rc == LS_OK && db_changes(db) == 0 ? LS_ENOTFOUND : rc;
}

int record_get(struct store_db *db, const struct entity *e, const char *id, json_t **out)
{
	const struct field *id_field = entity_id_field(e), *slot = entity_field(e, "slot");
	struct text_buf sql;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int rc = LS_OK, n = 0;

	*out = NULL;
	if (!e->view || !id_field || !id_field->column)
		return LS_EBUG;
	text_buf_init(&sql);
	text_puts(&sql, "SELECT ");
	for (size_t i = 0; i < e->n_fields; i++)
		if (e->fields[i].column)
			text_printf(&sql, "%s%s", n++ ? ", " : "", e->fields[i].column);
	text_printf(&sql, " FROM %s WHERE %s = ?1", e->view, id_field->column);
	if (slot) /* of two sessions the current one */
		text_printf(&sql, " ORDER BY %s LIMIT 1", slot->column);
	rc = sql.bad ? LS_ENOMEM : LS_OK;
	if (!rc)
		stmt = db_prepare(db, sql.data, &rc);
	text_buf_fini(&sql);
	if (!rc)
		rc = bind_id(db, stmt, 1, e, id);
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc || !row)
		return rc ? rc : LS_ENOTFOUND;
	*out = json_object();
	n = 0;
	for (size_t i = 0; i < e->n_fields; i++)
		if (e->fields[i].column && json_object_set_new(*out, e->fields[i].name, column_json(stmt, n++, &e->fields[i])))
			rc = LS_ENOMEM;
	sqlite3_reset(stmt);
	if (rc) {
		json_decref(*out);
		*out = NULL;
	}
	return rc;
}

static int delete_owned(struct store_db *db, const enum statement *statements, size_t n, struct uuid id)
{
	int rc = LS_OK;

	for (size_t i = 0; i < n && !rc; i++) {
		sqlite3_stmt *stmt = db_statement(db, statements[i], &rc);

		if (rc)
			break;
		bind_uuid(stmt, 1, &id);
		rc = db_finish(db, stmt);
	}
	return rc == LS_OK && db_changes(db) == 0 ? LS_ENOTFOUND : rc; /* the last is itself */
}

int store_delete_tenant(struct store_db *db, struct uuid id)
{
	static const enum statement statements[] = {ST_TENANT_GROUPS,   ST_TENANT_DEVICES,  ST_TENANT_APPLICATIONS,
	                                            ST_TENANT_PROFILES, ST_TENANT_GATEWAYS, ST_TENANT_SELF};

	return delete_owned(db, statements, sizeof(statements) / sizeof(statements[0]), id);
}

int store_delete_application(struct store_db *db, struct uuid id)
{
	static const enum statement statements[] = {ST_APPLICATION_GROUPS, ST_APPLICATION_DEVICES, ST_APPLICATION_SELF};

	return delete_owned(db, statements, sizeof(statements) / sizeof(statements[0]), id);
}
