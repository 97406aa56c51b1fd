/* change.c - see change.h: recording a write, and its row in the journal. */
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include "store/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/column.h"

struct change_recording {
	struct store_change *change;
	sqlite3_session *session;
};

/* Logs and traffic are no changes of anybody; the journal must not hold itself. */
static int is_recorded(void *arg, const char *table)
{
	static const char *const not[] = {"change", "meta", "event", "frame", "foreign_traffic", "device_heard",
	                                  "device_floor"};

	(void)arg;
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (strcmp(table, not[i]) == 0)
			return 0;
	return strncmp(table, "sqlite_", 7) != 0;
}

/* The row of a table that has versions: an entity, or the one whose columns its fields are. */
static const struct entity *versioned(const struct entity *e)
{
	return e && e->table ? change_entity(e->table) : NULL;
}

static int bind_id(sqlite3_stmt *stmt, int at, const struct entity *e, const char *id)
{
	json_t *value = json_string(id);
	int rc = value ? column_bind(stmt, at, entity_id_field(e), value) : LS_EINVAL;

	json_decref(value);
	return rc;
}

static int check_version(struct store_db *db, struct store_change *c)
{
	const struct entity *e = versioned(c->entity);
	sqlite3_stmt *stmt;
	int64_t version = 0;
	bool row = false;
	char sql[128];
	int rc;

	if (!e) {
		snprintf(c->why, sizeof(c->why), "%s has no version", c->entity ? c->entity->name : "this");
		return LS_EINVAL;
	}
	snprintf(sql, sizeof(sql), "SELECT version FROM %s WHERE %s = ?1", e->table, entity_id_field(e)->column);
	stmt = db_prepare(db, sql, &rc);
	if (!rc)
		rc = bind_id(stmt, 1, e, c->id);
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc || !row)
		return rc; /* whatever is not there says so itself */
	version = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (version == c->if_version)
		return LS_OK;
	snprintf(c->why, sizeof(c->why), "%s %s was changed meanwhile: it has version %lld, not %lld", e->name, c->id,
	         (long long)version, (long long)c->if_version);
	return LS_ECONFLICT;
}

int change_begin(struct store_db *db, struct store_change *c, struct change_recording **out)
{
	struct change_recording *rec;
	int rc = c->has_if_version ? check_version(db, c) : LS_OK;

	*out = NULL;
	if (rc)
		return rc;
	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return LS_ENOMEM;
	rec->change = c;
	rc = sqlite3session_create(db->sqlite, "main", &rec->session);
	if (rc == SQLITE_OK) {
		sqlite3session_table_filter(rec->session, is_recorded, NULL);
		rc = sqlite3session_attach(rec->session, NULL);
	}
	if (rc != SQLITE_OK) {
		change_abandon(rec);
		return db_error(rc);
	}
	*out = rec;
	return LS_OK;
}

void change_abandon(struct change_recording *rec)
{
	if (!rec)
		return;
	if (rec->session)
		sqlite3session_delete(rec->session);
	free(rec);
}

/* --- what it affects --- */

/* The row of the diff that is the subject of the write. */
static const json_t *subject(const struct store_change *c)
{
	const json_t *row;
	size_t i;

	json_array_foreach(c->diff, i, row) {
		const char *id = json_string_value(json_object_get(row, "id"));

		if (id && c->id && strcmp(id, c->id) == 0)
			return row;
	}
	return NULL;
}

static const char *name_of(const struct store_change *c)
{
	const char *name = json_string_value(json_object_get(subject(c), "name"));

	return name ? name : c->name && *c->name ? c->name : NULL;
}

static bool is_named(const struct store_change *c)
{
	const char *name = name_of(c);

	return c->confirm && ((name && strcmp(name, c->confirm) == 0) || (c->id && strcmp(c->id, c->confirm) == 0));
}

/* Nothing large by mistake: it has to be named, or counted exactly. */
static int check_radius(struct store_change *c)
{
	const char *name = name_of(c);

	if (c->has_expect && c->expect != c->objects) {
		snprintf(c->why, sizeof(c->why), "this affects %lld objects, not %lld", (long long)c->objects, (long long)c->expect);
		snprintf(c->hint, sizeof(c->hint), "--expect %lld", (long long)c->objects);
		return LS_ECONFLICT;
	}
	if (c->confirm && !is_named(c)) {
		snprintf(c->why, sizeof(c->why), "'%.80s' is not what this is about", c->confirm);
		if (name)
			snprintf(c->hint, sizeof(c->hint), "--confirm %.160s", name);
		return LS_ECONFLICT;
	}
	if (c->dry_run || c->confirm || c->has_expect || (c->objects <= LARGE_OBJECTS && !c->is_large))
		return LS_OK;
	snprintf(c->why, sizeof(c->why), "this affects %lld objects: it has to be named, or counted", (long long)c->objects);
	if (name)
		snprintf(c->hint, sizeof(c->hint), "--confirm %.160s, or --expect %lld", name, (long long)c->objects);
	else
		snprintf(c->hint, sizeof(c->hint), "--expect %lld", (long long)c->objects);
	return LS_ECONFLICT;
}

/* --- the row --- */

static bool deletes_objects(const json_t *diff)
{
	const json_t *row;
	size_t i;

	json_array_foreach(diff, i, row)
		if (json_object_get(row, "entity") && strcmp(json_string_value(json_object_get(row, "op")), "-") == 0)
			return true;
	return false;
}

static char *name_of_subject(struct store_db *db, const struct store_change *c)
{
	const char *name = name_of(c);
	const struct entity *e = versioned(c->entity);
	sqlite3_stmt *stmt;
	bool row = false;
	char sql[128], *copy = NULL;
	int rc;

	if (name || !e || !c->id)
		return name ? strdup(name) : NULL;
	snprintf(sql, sizeof(sql), "SELECT name FROM %s WHERE %s = ?1", e->table, entity_id_field(e)->column);
	stmt = db_prepare(db, sql, &rc);
	if (!rc && !bind_id(stmt, 1, e, c->id) && !db_row(stmt, &row) && row) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		copy = text ? strdup(text) : NULL;
		sqlite3_reset(stmt);
	}
	return copy;
}

static int add_row(struct store_db *db, struct store_change *c, const void *changes, int size)
{
	char *diff = json_dumps(c->diff, JSON_COMPACT), *name = name_of_subject(db, c);
	int rc = diff ? LS_OK : LS_ENOMEM;
	sqlite3_stmt *stmt = rc ? NULL : db_statement(db, ST_CHANGE_ADD, &rc);

	if (!rc) {
		sqlite3_bind_int64(stmt, 1, clock_wall_us());
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)strlen(diff) + size);
		bind_text(stmt, 3, c->who ? c->who : "");
		bind_text(stmt, 4, c->method ? c->method : "");
		bind_text(stmt, 5, c->entity ? c->entity->name : NULL);
		bind_text(stmt, 6, c->id);
		bind_text(stmt, 7, name);
		bind_text(stmt, 8, c->reason);
		if (c->undoes)
			sqlite3_bind_int64(stmt, 9, (sqlite3_int64)c->undoes);
		else
			sqlite3_bind_null(stmt, 9);
		sqlite3_bind_int64(stmt, 10, c->objects);
		sqlite3_bind_int(stmt, 11, deletes_objects(c->diff));
		bind_text(stmt, 12, diff);
		if (changes)
			rc = db_error(sqlite3_bind_blob(stmt, 13, changes, size, SQLITE_STATIC));
		else
			sqlite3_bind_null(stmt, 13);
		if (!rc)
			rc = db_finish(db, stmt);
		sqlite3_clear_bindings(stmt);
	}
	if (!rc) {
		c->change_id = (uint64_t)sqlite3_last_insert_rowid(db->sqlite);
		db->change_bytes += (int64_t)strlen(diff) + size;
	}
	free(diff);
	free(name);
	return rc;
}

/* What is still there is now of the version of this change. */
static int set_version(struct store_db *db, const struct entity *e, const char *id, uint64_t version)
{
	sqlite3_stmt *stmt;
	char sql[128];
	int rc;

	snprintf(sql, sizeof(sql), "UPDATE %s SET version = ?2 WHERE %s = ?1", e->table, entity_id_field(e)->column);
	stmt = db_prepare(db, sql, &rc);
	if (!rc)
		rc = bind_id(stmt, 1, e, id);
	if (!rc)
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)version);
	return rc ? rc : db_finish(db, stmt);
}

static int set_versions(struct store_db *db, const struct store_change *c)
{
	const struct entity *own = versioned(c->entity);
	const json_t *row;
	size_t i;
	int rc = own && c->id ? set_version(db, own, c->id, c->change_id) : LS_OK;

	json_array_foreach(c->diff, i, row) {
		const char *entity = json_string_value(json_object_get(row, "entity"));
		const char *id = json_string_value(json_object_get(row, "id"));

		if (!rc && entity && id && (!c->id || strcmp(id, c->id) != 0))
			rc = set_version(db, entity_find(entity), id, c->change_id);
	}
	return rc;
}

static int join_group(struct store_db *db, const struct store_change *c)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_GROUP, &rc);

	if (rc)
		return rc;
	if (!*c->group)
		*c->group = c->change_id;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)c->change_id);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)*c->group);
	return db_finish(db, stmt);
}

static int mark_undone(struct store_db *db, uint64_t change_id, uint64_t by)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_UNDONE, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)change_id);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)by);
	return db_finish(db, stmt);
}

int change_end(struct store_db *db, struct change_recording *rec)
{
	struct store_change *c = rec->change;
	void *changes = NULL;
	int size = 0;
	int rc = db_error(sqlite3session_changeset(rec->session, &size, &changes));

	/* What follows is no part of it. */
	sqlite3session_delete(rec->session);
	rec->session = NULL;
	if (!rc) {
		c->diff = change_diff(db, changes, size, &c->objects);
		if (c->affects)
			c->objects = c->affects;
		rc = c->diff ? check_radius(c) : LS_ENOMEM;
	}
	if (!rc && c->undoes && !size) {
		snprintf(c->why, sizeof(c->why), "change %llu has no effect any more: there is nothing to undo",
		         (unsigned long long)c->undoes);
		rc = LS_ECONFLICT;
	}
	if (!rc && !c->dry_run && (size > 0 || c->always)) {
		rc = add_row(db, c, size > 0 && !c->is_final ? changes : NULL, c->is_final ? 0 : size);
		if (!rc && c->group)
			rc = join_group(db, c);
		if (!rc)
			rc = set_versions(db, c);
		for (size_t i = 0; !rc && c->undoes && i < c->n_undone; i++)
			rc = mark_undone(db, c->undone[i], c->change_id);
	}
	if (changes)
		explicit_bzero(changes, (size_t)size);
	sqlite3_free(changes);
	free(rec);
	return rc;
}

/* --- limits --- */

static int count_bytes(struct store_db *db)
{
	bool row = false;
	int rc;
	sqlite3_stmt *stmt = db_statement(db, ST_CHANGE_BYTES, &rc);

	if (!rc)
		rc = db_row(stmt, &row);
	if (!rc && row) {
		db->change_bytes = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	return rc;
}

/* One statement of pruning; *removed counts its rows. The times are its parameters. */
static int prune(struct store_db *db, enum statement id, int64_t before_us, int64_t keep_us, int *removed)
{
	int rc;
	sqlite3_stmt *stmt = db_statement(db, id, &rc);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, before_us);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, keep_us);
	rc = db_finish(db, stmt);
	*removed += rc ? 0 : db_changes(db);
	return rc;
}

int change_prune(struct store_db *db, const struct store_options *o, int64_t now_us)
{
	int64_t keep_us = o->trash_max_age_us > 0 ? now_us - o->trash_max_age_us : 0;
	int rc = LS_OK, removed = 0;

	if (o->trash_max_age_us > 0)
		rc = prune(db, ST_CHANGE_EXPIRE, keep_us, 0, &removed);
	if (!rc && o->changes_max_age_us > 0)
		rc = prune(db, ST_CHANGE_PRUNE_AGE, now_us - o->changes_max_age_us, keep_us, &removed);
	if (!rc && (removed || db->change_bytes < 0))
		rc = count_bytes(db);
	if (rc || o->changes_max_bytes <= 0 || db->change_bytes <= o->changes_max_bytes)
		return rc;
	rc = prune(db, ST_CHANGE_PRUNE_SIZE, keep_us, 0, &removed);
	return rc ? rc : count_bytes(db);
}
