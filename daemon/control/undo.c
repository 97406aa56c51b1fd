/*
 * undo.c - changes taken back: undo, and restore and purge of what was deleted.
 *
 *   look for the change [reader]  ->  frames of its devices wait, what it made is marked as being deleted
 *   its changeset backwards, what then is there read back [store]  ->  memory follows (follow.c), the answer leaves
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "control/follow.h"
#include "control/internal.h"

#define CHANGE (&model_entities[E_CHANGE])

struct look {
	struct store_query query;
	struct request *request;
	struct change_info info;
	json_t *scope;               /* trash: by what it was */
	bool purges;
};

struct undo {
	struct change_info info;
	struct follow follow;
};

static void look_free(struct look *l)
{
	change_info_fini(&l->info);
	json_decref(l->scope);
	free(l);
}

/* --- the write --- */

static int run_undo(struct store_db *db, struct write *w)
{
	struct undo *u = w->own;
	int rc = store_change_undo(db, &u->info, &w->change);

	return rc ? rc : follow_read(&u->follow, db, &u->info);
}

static int apply_undo(struct server *srv, struct write *w)
{
	return follow_apply(&((struct undo *)w->own)->follow, srv);
}

static void forget_undo(struct write *w)
{
	struct undo *u = w->own;

	follow_fini(&u->follow);
	change_info_fini(&u->info);
}

static int run_purge(struct store_db *db, struct write *w)
{
	return store_change_forget(db, ((struct undo *)w->own)->info.change_id);
}

/* What it is about: the object of the change that is taken back. */
static struct write *write_for(struct request *r, struct look *l)
{
	struct write *w = write_new(r, CHANGE, "");
	struct undo *u = w ? store_batch_alloc(w->batch, sizeof(*u)) : NULL;

	if (!u) {
		if (w)
			write_free(w);
		return NULL;
	}
	w->own = u;
	w->forget = forget_undo;
	u->info = l->info;
	l->info = (struct change_info){.n = 0};
	w->change.entity = entity_find(u->info.entity);
	w->change.id = u->info.object_id[0] && u->info.n_ids < 2 ? u->info.object_id : NULL;
	w->change.name = u->info.n_ids < 2 ? u->info.name : NULL;
	w->result = json_pack("{s:I, s:s, s:s, s:s}", "change_id", (json_int_t)u->info.change_id, "method", u->info.method,
	                      "object_id", u->info.object_id, "name", u->info.name);
	return w;
}

/* Frames of what it touches wait; nobody begins to change what will be gone. */
static int hold(struct server *srv, struct write *w, struct request *r)
{
	struct undo *u = w->own;
	int rc = LS_OK;

	for (size_t i = 0; i < u->info.n && !rc; i++)
		rc = write_check_deletion(srv, r, u->info.objects[i].entity, u->info.objects[i].id);
	if (rc)
		return rc;
	for (size_t i = 0; i < u->info.n; i++) {
		const struct change_object *o = &u->info.objects[i];
		struct eui64 dev_eui;
		struct device *d = o->entity == &model_entities[E_DEVICE] && !eui64_parse(o->id, &dev_eui)
		                           ? fleet_device(&srv->fleet, dev_eui)
		                           : NULL;

		if (d)
			rc = write_hold_more(srv, w, d);
		if (!rc && o->op == CHANGE_CREATED)
			rc = write_mark_more(srv, w, o->entity, o->id);
		if (rc)
			return rc;
	}
	return LS_OK;
}

static int begin_undo(struct server *srv, struct request *r, struct look *l)
{
	struct write *w = write_for(r, l);
	int rc = w ? hold(srv, w, r) : LS_ENOMEM;

	if (rc) {
		if (w)
			write_abandon(srv, w);
		return rc;
	}
	w->releases_first = true;
	w->run = run_undo;
	w->apply = apply_undo;
	return write_submit(srv, w);
}

static int begin_purge(struct server *srv, struct request *r, struct look *l)
{
	struct write *w = write_for(r, l);

	if (!w)
		return LS_ENOMEM;
	w->change.always = w->change.is_final = w->change.is_large = true;
	w->change.affects = (int64_t)((struct undo *)w->own)->info.n;
	w->run = run_purge;
	return write_submit(srv, w);
}

/* --- looking for it --- */

static int refuse_unknown(struct request *r, const struct look *l)
{
	const char *object = request_text(r, "object");

	if (object)
		return request_refuse(r, LS_ENOTFOUND, "object", NULL, "lsctl trash list", "nothing like '%s' is in the trash", object);
	if (!l->info.change_id)
		return request_refuse(r, LS_ENOTFOUND, "change", NULL, "lsctl history", "there is no change of yours to undo");
	return request_refuse(r, LS_ENOTFOUND, "change", "changes are kept for [store] changes_max_age and changes_max_size",
	                      "lsctl history", "no change %llu", (unsigned long long)l->info.change_id);
}

static int check_known(struct request *r, const struct look *l)
{
	unsigned long long id = l->info.change_id;

	if (l->info.n_ids > 0)
		return LS_OK;
	if (l->info.undone_by)
		return request_refuse(r, LS_ECONFLICT, "change", NULL, NULL, "change %llu was undone already, by change %llu", id,
		                      (unsigned long long)l->info.undone_by);
	return request_refuse(r, LS_ECONFLICT, "change",
		                      "a purge, and what was purged from the trash or is older than it keeps, is gone for ever", NULL,
		                      "change %llu (%s) cannot be undone", id, l->info.method);
}

static void look_done(struct store_query *query)
{
	struct look *l = query->arg;
	struct request *r = l->request;
	struct server *srv = r->conn->control->srv;
	int rc = query->rc;

	if (rc == LS_ENOTFOUND)
		rc = refuse_unknown(r, l);
	if (!rc)
		rc = check_known(r, l);
	if (!rc)
		rc = l->purges ? begin_purge(srv, r, l) : begin_undo(srv, r, l);
	if (rc)
		request_fail(r, rc);
	look_free(l);
}

/* The newest thing in the trash that was this object. */
static int find_in_trash(struct store_db *db, struct look *l)
{
	struct record_list list = {.scope = l->scope, .limit = 1, .sort = "-change_id"};
	int rc = record_list(db, &model_entities[E_TRASH], &list);

	l->info.change_id = (uint64_t)json_integer_value(json_object_get(json_array_get(list.items, 0), "change_id"));
	json_decref(list.items);
	return rc ? rc : l->info.change_id ? LS_OK : LS_ENOTFOUND;
}

static int run_look(struct store_db *db, struct store_query *query)
{
	struct look *l = query->arg;
	int rc = l->scope ? find_in_trash(db, l) : LS_OK;

	return rc ? rc : store_change_info(db, l->request->conn->who, &l->info);
}

static int look_for(struct server *srv, struct request *r, json_t *scope /* taken */, uint64_t change_id, bool purges)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l) {
		json_decref(scope);
		return LS_ENOMEM;
	}
	l->request = r;
	l->scope = scope;
	l->purges = purges;
	l->info.change_id = change_id;
	l->info.alone = scope != NULL;
	l->query.arg = l;
	l->query.run = run_look;
	l->query.done = look_done;
	store_read(srv->store, &l->query);
	return LS_OK;
}

int do_UNDO(struct server *srv, struct request *r)
{
	return look_for(srv, r, NULL, (uint64_t)request_int(r, "change", 0), false);
}

/* A number of up to 15 digits is that of the change; what is longer is an EUI. */
static int look_in_trash(struct server *srv, struct request *r, bool purges)
{
	const char *object = request_text(r, "object");
	size_t digits = strspn(object, "0123456789");

	if (object[digits] || digits > 15)
		return look_for(srv, r, history_scope(object), 0, purges);
	return look_for(srv, r, json_pack("{s:I}", "change_id", (json_int_t)strtoll(object, NULL, 10)), 0, purges);
}

int do_TRASH_RESTORE(struct server *srv, struct request *r)
{
	return look_in_trash(srv, r, false);
}

int do_TRASH_PURGE(struct server *srv, struct request *r)
{
	return look_in_trash(srv, r, true);
}
