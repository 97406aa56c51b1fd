/*
 * crud.c - what is the same for every entity: a record made from the parameters, written and read back;
 * rows read on the reader thread. What is special to an entity stands in its own file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/key.h"
#include "control/internal.h"
#include "log.h"

/* --- records --- */

json_t *time_json(int64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(wall_us, text);
	return json_string(text);
}

static bool is_column(const struct field *f)
{
	return !(f->flags & (FF_READONLY | FF_VIEW | FF_GENERATED));
}

json_t *crud_record(const struct request *r, const struct entity *e)
{
	json_t *record = json_object();

	for (size_t i = 0; i < e->n_fields; i++) {
		json_t *value = json_object_get(r->params, e->fields[i].name);

		if (value && is_column(&e->fields[i]))
			json_object_set(record, e->fields[i].name, value);
	}
	return record;
}

json_t *crud_changes(const struct request *r, const struct entity *e)
{
	json_t *changes = crud_record(r, e), *name;
	size_t i;

	json_object_del(changes, entity_id_field(e)->name);
	json_array_foreach(json_object_get(r->params, "unset"), i, name)
		json_object_set_new(changes, json_string_value(name), json_null());
	return changes;
}

/* --- writes --- */

static int run_create(struct store_db *db, struct write *w)
{
	int rc = record_insert(db, w->entity, w->record);

	return rc ? rc : write_read_back(db, w);
}

static int run_set(struct store_db *db, struct write *w)
{
	int rc = record_update(db, w->entity, w->id, w->record);

	return rc ? rc : write_read_back(db, w);
}

static int run_delete(struct store_db *db, struct write *w)
{
	return record_delete(db, w->entity, w->id);
}

int crud_create(struct server *srv, struct request *r, const char *id, int (*apply)(struct server *, struct write *))
{
	const struct entity *e = method_entity(r->method);
	struct write *w = write_new(r, e, id);

	if (!w)
		return LS_ENOMEM;
	w->record = crud_record(r, e);
	json_object_set_new(w->record, entity_id_field(e)->name, json_string(id));
	w->run = run_create;
	w->apply = apply;
	return write_submit(srv, w);
}

struct write *crud_set_begin(struct server *srv, struct request *r, int (*apply)(struct server *, struct write *))
{
	const struct entity *e = method_entity(r->method);
	const char *id = request_text(r, entity_id_field(e)->name);
	struct write *w = write_check_deletion(srv, r, e, id) ? NULL : write_new(r, e, id);

	if (!w)
		return NULL;
	w->record = crud_changes(r, e);
	w->run = run_set;
	w->apply = apply;
	return w;
}

struct write *crud_delete_begin(struct server *srv, struct request *r, int (*apply)(struct server *, struct write *))
{
	const struct entity *e = method_entity(r->method);
	const char *id = request_text(r, entity_id_field(e)->name);
	struct write *w = write_check_deletion(srv, r, e, id) ? NULL : write_new(r, e, id);

	if (!w)
		return NULL;
	w->run = run_delete;
	w->apply = apply;
	w->result = json_pack("{s:s}", entity_id_field(e)->name, id);
	write_mark_deletion(srv, w);
	return w;
}

int crud_submit(struct server *srv, struct request *r, struct write *w)
{
	if (!w)
		return r->error ? LS_ECONFLICT : LS_ENOMEM;
	return write_submit(srv, w);
}

/* --- reads --- */

struct reading {
	struct store_query query;
	struct request *request;
	const struct entity *entity;
	char id[UUID_TEXT_SIZE];
	json_t *record;
	struct record_list list;
	json_t *scope;
	char *filter, *sort, *cursor; /* copies: the parameters stay with the loop */
	bool reveal;
	crud_complete *complete;
};

static void mask_key(json_t *record, const struct field *f)
{
	const char *text = json_string_value(json_object_get(record, f->name));
	char masked[KEY_MASK_SIZE];
	struct ls_key key;

	if (!text)
		return;
	if (key_parse(text, &key))
		json_object_set_new(record, f->name, json_null());
	else
		json_object_set_new(record, f->name, json_string(key_mask(&key, masked)));
	key_wipe(&key);
}

/* Keys leave in full only when asked for by name of the flag, and that is logged. */
static void mask_secrets(const struct reading *q, json_t *record)
{
	for (size_t i = 0; i < q->entity->n_fields; i++)
		if ((q->entity->fields[i].flags & FF_SECRET) && !q->reveal)
			mask_key(record, &q->entity->fields[i]);
}

static struct reading *reading_new(struct request *r, const struct entity *e, json_t *scope)
{
	struct reading *q = calloc(1, sizeof(*q));

	if (!q) {
		json_decref(scope);
		return NULL;
	}
	q->request = r;
	q->entity = e;
	q->scope = scope;
	q->query.arg = q;
	/* Whoever may only read sees no key. */
	q->reveal = request_flag(r, "show_secrets") && r->conn->right >= RIGHT_ADMIN;
	if (q->reveal)
		log_srv(LOG_NOTICE, "'%s' of %s in full, for uid %lu (pid %ld)", r->method->words,
		        request_text(r, "dev_eui") ? request_text(r, "dev_eui") : "?", (unsigned long)r->conn->peer.uid,
		        (long)r->conn->peer.pid);
	return q;
}

static void reading_free(struct reading *q)
{
	json_decref(q->record);
	json_decref(q->list.items);
	json_decref(q->scope);
	free(q->filter);
	free(q->sort);
	free(q->cursor);
	free(q);
}

static int run_show(struct store_db *db, struct store_query *query)
{
	struct reading *q = query->arg;

	return record_get(db, q->entity, q->id, &q->record);
}

static void show_done(struct store_query *query)
{
	struct reading *q = query->arg;
	struct request *r = q->request;
	int rc = query->rc;

	if (rc == LS_ENOTFOUND)
		request_refuse(r, rc, entity_id_field(q->entity)->name, NULL, NULL, "no %s %s", q->entity->name, q->id);
	if (rc) {
		request_fail(r, rc);
	} else {
		if (q->complete)
			q->complete(r->conn->control->srv, r, q->record);
		mask_secrets(q, q->record);
		request_answer(r, json_incref(q->record));
	}
	reading_free(q);
}

int crud_show(struct server *srv, struct request *r, crud_complete *complete)
{
	const struct entity *e = method_entity(r->method);
	struct reading *q = reading_new(r, e, NULL);

	if (!q)
		return LS_ENOMEM;
	q->complete = complete;
	snprintf(q->id, sizeof(q->id), "%s", request_text(r, entity_id_field(e)->name));
	q->query.run = run_show;
	q->query.done = show_done;
	store_read(srv->store, &q->query);
	return LS_OK;
}

static int run_list(struct store_db *db, struct store_query *query)
{
	struct reading *q = query->arg;

	return record_list(db, q->entity, &q->list);
}

static void list_done(struct store_query *query)
{
	struct reading *q = query->arg;
	struct request *r = q->request;
	json_t *record, *result;
	size_t i;

	if (query->rc) {
		if (q->list.column)
			request_refuse_filter(r, query->rc, q->list.column, q->list.why, q->list.hint);
		else if (q->list.why[0])
			request_refuse(r, query->rc, NULL, NULL, q->list.hint, "%s", q->list.why);
		request_fail(r, query->rc);
		reading_free(q);
		return;
	}
	json_array_foreach(q->list.items, i, record) {
		if (q->complete)
			q->complete(r->conn->control->srv, r, record);
		mask_secrets(q, record);
	}
	result = json_pack("{s:O, s:o, s:I}", "items", q->list.items, "next_cursor",
	                   q->list.next_cursor[0] ? json_string(q->list.next_cursor) : json_null(), "total",
	                   (json_int_t)q->list.total);
	request_answer(r, result);
	reading_free(q);
}

json_t *crud_scope(const struct request *r)
{
	static const char *const names[] = {"tenant_id", "application_id"};
	const struct entity *e = method_entity(r->method);
	json_t *scope = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(r->params, names[i]);

		if (value && entity_field(e, names[i]))
			json_object_set(scope, names[i], value);
	}
	return scope;
}

static char *copy_text(const struct request *r, const char *param)
{
	const char *text = request_text(r, param);

	return text ? strdup(text) : NULL;
}

int crud_list(struct server *srv, struct request *r, json_t *scope, crud_complete *complete)
{
	struct reading *q = reading_new(r, method_entity(r->method), scope);

	if (!q)
		return LS_ENOMEM;
	q->complete = complete;
	q->filter = copy_text(r, "filter");
	q->sort = copy_text(r, "sort");
	q->cursor = copy_text(r, "cursor");
	q->list = (struct record_list){
		.scope = json_object_size(scope) ? scope : NULL,
		.filter = q->filter,
		.sort = q->sort,
		.cursor = q->cursor,
		.limit = request_int(r, "limit", 100),
		.now_us = clock_wall_us(),
	};
	q->query.run = run_list;
	q->query.done = list_done;
	store_read(srv->store, &q->query);
	return LS_OK;
}

int crud_rows(struct server *srv, struct request *r, const struct entity *e, json_t *scope,
              crud_complete *complete)
{
	struct reading *q = reading_new(r, e, scope);

	if (!q)
		return LS_ENOMEM;
	q->complete = complete;
	q->list = (struct record_list){.scope = scope, .limit = 1000};
	q->query.run = run_list;
	q->query.done = list_done;
	store_read(srv->store, &q->query);
	return LS_OK;
}
