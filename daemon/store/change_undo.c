/*
 * change_undo.c - a change taken back: its changeset applied backwards.
 *
 * What was changed since by somebody else is never overwritten: the undo is refused as a whole then and says what
 * stands against it. A session that was used since is such a case, so no downlink counter goes back.
 */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/change.h"
#include "store/column.h"

/* --- what a change touched --- */

/* Rows that belong to an object of another table, and by which column. */
static const struct {
	const char *table;
	enum entity_id owner;
	const char *column;
} parts[] = {
	{"device_session", E_DEVICE, "dev_eui"},        {"device_nonce", E_DEVICE, "dev_eui"},
	{"queue_item", E_DEVICE, "dev_eui"},            {"multicast_device", E_MULTICAST, "multicast_id"},
	{"multicast_gateway", E_MULTICAST, "multicast_id"}, {"multicast_item", E_MULTICAST, "multicast_id"},
};

static const char *id_text(sqlite3_value *v, const struct entity *e)
{
	static _Thread_local char text[UUID_TEXT_SIZE];
	json_t *value = v ? column_value_json(v, entity_id_field(e)) : NULL;

	snprintf(text, sizeof(text), "%s", json_is_string(value) ? json_string_value(value) : "");
	json_decref(value);
	return text;
}

/* The value of a column, before or after: ids of rows never change. */
static sqlite3_value *value_of(struct store_db *db, sqlite3_changeset_iter *it, const char *table, const char *column,
                               int n, int op)
{
	sqlite3_stmt *columns = change_columns(db, table);
	sqlite3_value *v = NULL;

	for (int i = 0; columns && i < n; i++) {
		if (strcmp(sqlite3_column_name(columns, i), column) != 0)
			continue;
		if (op != SQLITE_INSERT)
			sqlite3changeset_old(it, i, &v);
		if (!v && op != SQLITE_DELETE)
			sqlite3changeset_new(it, i, &v);
		break;
	}
	return v;
}

static int note_object(struct change_info *info, const struct entity *e, const char *id, enum change_op op, bool part)
{
	struct change_object *o = NULL;

	for (size_t i = info->n; i-- > 0 && !o;)
		if (info->objects[i].entity == e && strcmp(info->objects[i].id, id) == 0)
			o = &info->objects[i];
	if (!o) {
		if (info->n == info->cap) {
			size_t cap = info->cap ? info->cap * 2 : 8;
			void *more = realloc(info->objects, cap * sizeof(*o));

			if (!more)
				return LS_ENOMEM;
			info->objects = more;
			info->cap = cap;
		}
		o = &info->objects[info->n++];
		*o = (struct change_object){.entity = e};
		snprintf(o->id, sizeof(o->id), "%s", id);
	}
	if (part)
		o->parts = true;
	else
		o->op = op;
	return LS_OK;
}

static int note_row(struct store_db *db, sqlite3_changeset_iter *it, struct change_info *info)
{
	const struct entity *e;
	const char *table;
	int n, op, indirect, rc = db_error(sqlite3changeset_op(it, &table, &n, &op, &indirect));
	char name[64];

	if (rc)
		return rc;
	snprintf(name, sizeof(name), "%s", table);
	e = change_entity(name);
	if (e)
		return note_object(info, e, id_text(value_of(db, it, name, entity_id_field(e)->column, n, op), e),
		                   op == SQLITE_INSERT   ? CHANGE_CREATED
		                   : op == SQLITE_DELETE ? CHANGE_DELETED
		                                         : CHANGE_CHANGED,
		                   false);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct entity *owner = &model_entities[parts[i].owner];

		if (strcmp(parts[i].table, name) == 0)
			return note_object(info, owner, id_text(value_of(db, it, name, parts[i].column, n, op), owner), CHANGE_CHANGED,
			                   true);
	}
	return LS_OK;
}

static int note_rows(struct store_db *db, const void *changes, int size, struct change_info *info)
{
	sqlite3_changeset_iter *it = NULL;
	int rc = db_error(sqlite3changeset_start(&it, size, (void *)changes));

	while (!rc && sqlite3changeset_next(it) == SQLITE_ROW)
		rc = note_row(db, it, info);
	sqlite3changeset_finalize(it);
	return rc;
}

static int last_of(struct store_db *db, const char *who, uint64_t *id)
{
	bool row = false;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_LAST, &rc);

	if (rc)
		return rc;
	bind_text(stmt, 1, who);
	rc = db_row(stmt, &row);
	if (rc || !row)
		return rc ? rc : LS_ENOTFOUND;
	*id = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return *id ? LS_OK : LS_ENOTFOUND;
}

static void copy_column(char *out, size_t size, sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	snprintf(out, size, "%s", text ? text : "");
}

/* A copy of its changeset: statements must not be open while it is applied. */
static int read_changes(struct store_db *db, uint64_t change_id, void **changes, int *size)
{
	bool row = false;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_GET, &rc);

	*changes = NULL;
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)change_id);
	rc = db_row(stmt, &row);
	if (rc || !row)
		return rc ? rc : LS_ENOTFOUND;
	*size = sqlite3_column_bytes(stmt, 5);
	if (sqlite3_column_type(stmt, 4) != SQLITE_NULL || *size == 0)
		rc = LS_ECONFLICT; /* undone meanwhile */
	else if (!(*changes = malloc((size_t)*size)))
		rc = LS_ENOMEM;
	else
		memcpy(*changes, sqlite3_column_blob(stmt, 5), (size_t)*size);
	sqlite3_reset(stmt);
	return rc;
}

/* Which changes it stands for: those of its group, or itself. */
static int find_ids(struct store_db *db, struct change_info *info)
{
	bool row = true;
	int rc = LS_OK;
	sqlite3_stmt *stmt = info->alone ? NULL : db_statement(db, ST_CHANGE_OF_GROUP, &rc);

	if (rc)
		return rc;
	if (stmt)
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)info->change_id);
	while (stmt && !rc && !(rc = db_row(stmt, &row)) && row) {
		uint64_t *more = realloc(info->ids, (info->n_ids + 1) * sizeof(*more));

		if (!more) {
			sqlite3_reset(stmt);
			return LS_ENOMEM;
		}
		info->ids = more;
		info->ids[info->n_ids++] = (uint64_t)sqlite3_column_int64(stmt, 0);
	}
	if (rc || info->n_ids > 0 || !info->is_known || info->undone_by)
		return rc;
	info->ids = malloc(sizeof(*info->ids));
	if (!info->ids)
		return LS_ENOMEM;
	info->ids[info->n_ids++] = info->change_id;
	return LS_OK;
}

static int note_change(struct store_db *db, uint64_t change_id, struct change_info *info)
{
	void *changes;
	int size, rc = read_changes(db, change_id, &changes, &size);

	if (!rc)
		rc = note_rows(db, changes, size, info);
	if (changes)
		explicit_bzero(changes, (size_t)size);
	free(changes);
	return rc;
}

int store_change_info(struct store_db *db, const char *who, struct change_info *info)
{
	bool row = false;
	int rc = info->change_id ? LS_OK : last_of(db, who, &info->change_id);
	sqlite3_stmt *stmt = rc ? NULL : db_statement(db, ST_CHANGE_GET, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)info->change_id);
	rc = db_row(stmt, &row);
	if (rc || !row)
		return rc ? rc : LS_ENOTFOUND;
	copy_column(info->method, sizeof(info->method), stmt, 0);
	copy_column(info->entity, sizeof(info->entity), stmt, 1);
	copy_column(info->object_id, sizeof(info->object_id), stmt, 2);
	copy_column(info->name, sizeof(info->name), stmt, 3);
	info->undone_by = (uint64_t)sqlite3_column_int64(stmt, 4);
	info->is_known = sqlite3_column_type(stmt, 5) != SQLITE_NULL;
	info->deletes = sqlite3_column_int(stmt, 8) != 0;
	sqlite3_reset(stmt);
	rc = find_ids(db, info);
	for (size_t i = 0; i < info->n_ids && !rc; i++)
		rc = note_change(db, info->ids[i], info);
	return rc;
}

void change_info_fini(struct change_info *info)
{
	free(info->objects);
	info->objects = NULL;
	info->n = info->cap = 0;
	free(info->ids);
	info->ids = NULL;
	info->n_ids = 0;
}

/* --- taking it back --- */

struct undoing {
	struct store_db *db;
	struct store_change *change;
};

/* Columns that move by themselves: their present value stands against nothing. */
static bool may_differ(const char *column)
{
	static const char *const names[] = {"updated_at", "version", "last_seen_at", "join_nonce", "rj_count1"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], column) == 0)
			return true;
	return false;
}

static bool is_same(sqlite3_value *a, sqlite3_value *b)
{
	int type = sqlite3_value_type(a);

	if (type != sqlite3_value_type(b))
		return false;
	if (type == SQLITE_NULL)
		return true;
	if (type == SQLITE_INTEGER)
		return sqlite3_value_int64(a) == sqlite3_value_int64(b);
	if (type == SQLITE_FLOAT)
		return memcmp(&(double){sqlite3_value_double(a)}, &(double){sqlite3_value_double(b)}, sizeof(double)) == 0;
	return sqlite3_value_bytes(a) == sqlite3_value_bytes(b) &&
	       memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b), (size_t)sqlite3_value_bytes(a)) == 0;
}

/* A column whose value is no longer what the change left; NULL: nothing stands against it. */
static const char *changed_column(struct undoing *u, sqlite3_changeset_iter *it, const char *table, int n)
{
	sqlite3_stmt *columns = change_columns(u->db, table);

	for (int i = 0; columns && i < n; i++) {
		sqlite3_value *left = NULL, *now = NULL;

		if (sqlite3changeset_old(it, i, &left) != SQLITE_OK || !left)
			continue;
		if (sqlite3changeset_conflict(it, i, &now) != SQLITE_OK || !now)
			continue;
		if (!is_same(left, now) && !may_differ(sqlite3_column_name(columns, i)))
			return sqlite3_column_name(columns, i);
	}
	return NULL;
}

/* Links and nonces that are there already are as they shall be. */
static bool may_be_there(const char *table)
{
	return strcmp(table, "device_nonce") == 0 || strcmp(table, "multicast_device") == 0 ||
	       strcmp(table, "multicast_gateway") == 0;
}

__attribute__((format(printf, 2, 3))) static int refuse(struct undoing *u, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(u->change->why, sizeof(u->change->why), fmt, ap);
	va_end(ap);
	return SQLITE_CHANGESET_ABORT;
}

/* "device 0004a30b001c0530", or "the session of device ..." */
static void describe_row(struct undoing *u, sqlite3_changeset_iter *it, const char *table, int n, int op, char *out,
                         size_t size)
{
	const struct entity *e = change_entity(table);

	snprintf(out, size, "%s", table);
	if (e)
		snprintf(out, size, "%s %s", e->name, id_text(value_of(u->db, it, table, entity_id_field(e)->column, n, op), e));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct entity *owner = &model_entities[parts[i].owner];
		const char *what = strncmp(table, "device_", 7) == 0 ? table + 7 : "queue";

		if (strcmp(parts[i].table, table) == 0)
			snprintf(out, size, "the %s of %s %s", what, owner->name,
			         id_text(value_of(u->db, it, table, parts[i].column, n, op), owner));
	}
}

static int on_conflict(void *arg, int reason, sqlite3_changeset_iter *it)
{
	struct undoing *u = arg;
	const char *table = "", *column;
	int n = 0, op = 0, indirect;
	char what[120];

	if (reason == SQLITE_CHANGESET_FOREIGN_KEY)
		return refuse(u, "what it refers to is gone, or something else refers to it by now");
	if (sqlite3changeset_op(it, &table, &n, &op, &indirect) != SQLITE_OK)
		return SQLITE_CHANGESET_ABORT;
	describe_row(u, it, table, n, op, what, sizeof(what));
	switch (reason) {
	case SQLITE_CHANGESET_DATA:
		column = changed_column(u, it, table, n);
		if (!column)
			return SQLITE_CHANGESET_REPLACE;
		if (strcmp(table, "device_session") == 0)
			return refuse(u, "%s was used since: what is on air cannot be undone", what);
		return refuse(u, "%s: %s was changed since", what, column);
	case SQLITE_CHANGESET_NOTFOUND:
		return op == SQLITE_DELETE ? SQLITE_CHANGESET_OMIT : refuse(u, "%s is gone by now", what);
	case SQLITE_CHANGESET_CONFLICT:
		return may_be_there(table) ? SQLITE_CHANGESET_OMIT : refuse(u, "%s exists again", what);
	default:
		return refuse(u, "%s: its name or id is taken by now", what);
	}
}

/* A device that comes back goes on behind all that devices of its EUI have used. */
static int raise_counters(struct store_db *db, const struct change_info *info)
{
	int rc = LS_OK;

	for (size_t i = 0; i < info->n && !rc; i++) {
		const struct change_object *o = &info->objects[i];
		struct eui64 dev_eui;

		if (o->entity != &model_entities[E_DEVICE] || o->op != CHANGE_DELETED || eui64_parse(o->id, &dev_eui))
			continue;
		sqlite3_stmt *stmt = db_statement(db, ST_FLOOR_RAISE, &rc);

		if (rc)
			return rc;
		bind_eui(stmt, 1, &dev_eui);
		rc = db_finish(db, stmt);
	}
	return rc;
}

static int apply_inverse(struct undoing *u, const void *changes, int size)
{
	void *inverse = NULL;
	int n = 0, rc = sqlite3changeset_invert(size, changes, &n, &inverse);

	if (rc == SQLITE_OK)
		rc = sqlite3changeset_apply(u->db->sqlite, n, inverse, NULL, on_conflict, u);
	if (inverse)
		explicit_bzero(inverse, (size_t)n);
	sqlite3_free(inverse);
	if (u->change->why[0])
		return LS_ECONFLICT;
	return db_error(rc);
}

int store_change_undo(struct store_db *db, const struct change_info *info, struct store_change *c)
{
	struct undoing u = {.db = db, .change = c};
	int rc = LS_OK;

	for (size_t i = 0; i < info->n_ids && !rc; i++) {
		void *changes;
		int size;

		rc = read_changes(db, info->ids[i], &changes, &size);
		if (rc == LS_ECONFLICT)
			snprintf(c->why, sizeof(c->why), "change %llu was undone meanwhile", (unsigned long long)info->ids[i]);
		if (!rc)
			rc = apply_inverse(&u, changes, size);
		if (changes)
			explicit_bzero(changes, (size_t)size);
		free(changes);
	}
	if (!rc)
		rc = raise_counters(db, info);
	c->undoes = info->change_id;
	c->undone = info->ids;
	c->n_undone = info->n_ids;
	return rc;
}

int store_change_forget(struct store_db *db, uint64_t change_id)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_FORGET, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)change_id);
	rc = db_finish(db, stmt);
	db->change_bytes = -1;
	return !rc && !db_changes(db) ? LS_ENOTFOUND : rc;
}
