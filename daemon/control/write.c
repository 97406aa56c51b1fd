/*
 * write.c - one change, from request to answer.
 *
 *   write_new()     a batch of the store with this in its arena
 *   run             [store] in the transaction: insert, update or delete, then read back what is stored
 *   done            on the loop, after the commit: memory follows (apply), frames that waited go on,
 *                   the answer leaves. Or the refusal, and nothing has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "control/bulk.h"
#include "control/internal.h"
#include "log.h"

struct write *write_new(struct request *r, const struct entity *e, const char *id)
{
	struct store_batch *b = store_batch_new();
	struct write *w = b ? store_batch_alloc(b, sizeof(*w)) : NULL;

	if (!w) {
		if (b)
			store_batch_free(b);
		return NULL;
	}
	w->batch = b;
	w->request = r;
	w->entity = e;
	snprintf(w->id, sizeof(w->id), "%s", id);
	b->arg = w;
	return w;
}

void write_free(struct write *w)
{
	if (w->forget)
		w->forget(w);
	json_decref(w->record);
	json_decref(w->stored);
	json_decref(w->result);
	json_decref(w->change.diff);
	store_batch_free(w->batch); /* w lies in its arena */
}

int write_check_deletion(struct server *srv, struct request *r, const struct entity *e, const char *id)
{
	char subject[200];

	for (const struct deletion *d = srv->control->deletions; d; d = d->next)
		if (d->entity == e && strcmp(d->id, id) == 0)
			return request_refuse(r, LS_ECONFLICT, NULL, NULL, NULL, "%s is being deleted",
			                      resolve_describe(srv, e, id, subject, sizeof(subject)));
	return LS_OK;
}

void write_mark_deletion(struct server *srv, struct write *w)
{
	w->deletes = true;
	w->deletion.entity = w->entity;
	memcpy(w->deletion.id, w->id, sizeof(w->deletion.id));
	w->deletion.next = srv->control->deletions;
	srv->control->deletions = &w->deletion;
}

void write_hold_device(struct server *srv, struct write *w, struct device *d)
{
	w->holds_device = true;
	w->held_device = d->dev_eui;
	network_device_write_begin(srv->network, d);
}

int write_hold_more(struct server *srv, struct write *w, struct device *d)
{
	struct held_device *held = store_batch_alloc(w->batch, sizeof(*held));

	if (!held)
		return LS_ENOMEM;
	held->dev_eui = d->dev_eui;
	held->next = w->more_held;
	w->more_held = held;
	network_device_write_begin(srv->network, d);
	return LS_OK;
}

int write_mark_more(struct server *srv, struct write *w, const struct entity *e, const char *id)
{
	struct deletion_mark *mark = store_batch_alloc(w->batch, sizeof(*mark));

	if (!mark)
		return LS_ENOMEM;
	mark->next = w->more_marks;
	w->more_marks = mark;
	mark->deletion.entity = e;
	snprintf(mark->deletion.id, sizeof(mark->deletion.id), "%s", id);
	mark->deletion.next = srv->control->deletions;
	srv->control->deletions = &mark->deletion;
	return LS_OK;
}

void write_hold_profile(struct server *srv, struct write *w, struct profile *p)
{
	w->holds_profile = true;
	w->held_profile = p->id;
	network_profile_write_begin(srv->network, p);
}

/* Before a delete leaves the fleet: what was held is still there, since deletes exclude other writes. */
static void release(struct server *srv, struct write *w)
{
	struct device *d = w->holds_device ? fleet_device(&srv->fleet, w->held_device) : NULL;
	struct profile *p = w->holds_profile ? fleet_profile(&srv->fleet, w->held_profile) : NULL;

	if (d && d->writes > 0)
		network_device_write_end(srv->network, d);
	if (p && p->writes > 0)
		network_profile_write_end(srv->network, p);
	for (const struct held_device *h = w->more_held; h; h = h->next) {
		d = fleet_device(&srv->fleet, h->dev_eui);
		if (d && d->writes > 0)
			network_device_write_end(srv->network, d);
	}
	w->more_held = NULL;
	w->holds_device = w->holds_profile = false;
}

static void unmark(struct server *srv, const struct deletion *mark)
{
	for (struct deletion **at = &srv->control->deletions; *at; at = &(*at)->next) {
		if (*at == mark) {
			*at = mark->next;
			return;
		}
	}
}

static void unmark_deletion(struct server *srv, struct write *w)
{
	if (w->deletes)
		unmark(srv, &w->deletion);
	for (const struct deletion_mark *m = w->more_marks; m; m = m->next)
		unmark(srv, &m->deletion);
	w->more_marks = NULL;
}

void write_abandon(struct server *srv, struct write *w)
{
	unmark_deletion(srv, w);
	release(srv, w);
	write_free(w);
}

/* --- refusals --- */

static int refuse_conflict(struct server *srv, struct write *w)
{
	const struct field *id = entity_id_field(w->entity), *parent = entity_parent_field(w->entity);
	const char *parent_id = parent ? json_string_value(json_object_get(w->record, parent->name)) : NULL;
	const char *name = json_string_value(json_object_get(w->record, "name"));
	char subject[200], where[240] = "", hint[200];

	if (w->why[0])
		return request_refuse(w->request, LS_ECONFLICT, w->conflict_field[0] ? w->conflict_field : NULL, NULL, NULL, "%s",
		                      w->why);
	if (w->deletes)
		return request_refuse(w->request, LS_ECONFLICT, NULL, NULL, NULL, "%s is still in use",
		                      resolve_describe(srv, w->entity, w->id, subject, sizeof(subject)));
	if (id && strcmp(w->conflict_field, id->name) == 0) {
		snprintf(hint, sizeof(hint), "lsctl %s show %s", w->entity->name, w->id);
		return request_refuse(w->request, LS_ECONFLICT, id->name, NULL, hint, "%s %s exists already", w->entity->name,
		                      w->id);
	}
	if (strcmp(w->conflict_field, "name") == 0 && name) {
		if (parent_id) {
			resolve_describe(srv, entity_find(parent->choices), parent_id, subject, sizeof(subject));
			snprintf(where, sizeof(where), " in %s", subject);
		}
		snprintf(hint, sizeof(hint), "lsctl %s show %s", w->entity->name, name);
		return request_refuse(w->request, LS_ECONFLICT, "name", NULL, hint, "%s %s exists already%s", w->entity->name, name,
		                      where);
	}
	return request_refuse(w->request, LS_ECONFLICT, w->conflict_field[0] ? w->conflict_field : NULL,
	                      "what it refers to was deleted meanwhile, or a value is taken", NULL, "%s conflicts with what is stored",
	                      w->entity->name);
}

static int refuse(struct server *srv, struct write *w, int rc)
{
	if (w->change.why[0])
		return request_refuse(w->request, rc, NULL, NULL, w->change.hint, "%s", w->change.why);
	switch (rc) {
	case LS_ECONFLICT:
		return refuse_conflict(srv, w);
	case LS_ENOTFOUND:
		if (w->conflict_field[0])
			return request_refuse(w->request, rc, w->conflict_field, NULL, NULL, "%s: it was deleted meanwhile",
			                      w->conflict_field);
		return request_refuse(w->request, rc, NULL, NULL, NULL, "no %s %s", w->entity->name, w->id);
	case LS_EFULL:
	case LS_EIO:
		return request_refuse(w->request, rc, NULL, ls_strerror(rc), "lsctl status", "the store could not commit; nothing was written");
	default:
		if (w->why[0])
			return request_refuse(w->request, rc, NULL, NULL, NULL, "%s", w->why);
		return rc;
	}
}

/* --- commit --- */

static int run_write(struct store_db *db, struct store_batch *b)
{
	struct write *w = b->arg;
	int rc = w->run ? w->run(db, w) : LS_OK;
	const char *field = rc && !w->conflict_field[0] ? store_db_conflict_field(db) : NULL;

	if (field)
		snprintf(w->conflict_field, sizeof(w->conflict_field), "%s", field);
	return rc;
}

/* The result, or of a dry run what would have been. */
static void answer(struct write *w)
{
	json_t *result = w->result ? w->result : w->stored;

	if (w->change.dry_run)
		request_answer(w->request, json_pack("{s:b, s:I, s:O}", "dry_run", 1, "objects", (json_int_t)w->change.objects, "diff",
		                                     w->change.diff));
	else
		request_answer_change(w->request, result ? json_incref(result) : json_object(), w->change.change_id);
}

void write_finish(struct write *w)
{
	struct store_batch *b = w->batch;
	struct request *r = w->request;
	struct server *srv = r->conn->control->srv;
	int rc = b->rc;

	unmark_deletion(srv, w);
	if (w->stored && json_object_get(w->stored, "version"))
		json_object_set_new(w->stored, "version", json_integer((json_int_t)w->change.change_id));
	if (!rc && w->apply && !w->change.dry_run) {
		/* A delete removes what is held: release first. Frames that waited look for it in a later turn. */
		if (w->deletes || w->releases_first)
			release(srv, w);
		rc = w->apply(srv, w);
		if (rc)
			log_srv(LOG_CRIT, "%s %s is stored, but memory did not follow (%s): restart the daemon", w->entity->name, w->id,
			        ls_strerror(rc));
	} else if (rc) {
		rc = refuse(srv, w, rc);
	}
	release(srv, w);
	if (rc)
		request_fail(r, rc);
	else
		answer(w);
	write_free(w);
}

static void write_done(struct store_batch *b)
{
	write_finish(b->arg);
}

/* Who asks for it and under which conditions; what a handler has set already stays. */
static void fill_change(struct write *w)
{
	struct request *r = w->request;
	struct store_change *c = &w->change;

	c->who = r->conn->who;
	c->method = r->method->words;
	c->reason = request_text(r, "reason");
	c->confirm = request_text(r, "confirm");
	c->dry_run = request_flag(r, "dry_run");
	c->has_if_version = json_object_get(r->params, "if_version") != NULL;
	c->if_version = request_int(r, "if_version", 0);
	c->has_expect = json_object_get(r->params, "expect") != NULL;
	c->expect = request_int(r, "expect", 0);
	if (!c->entity) {
		c->entity = w->entity;
		c->id = w->id;
	}
	w->batch->change = c;
}

int write_submit(struct server *srv, struct write *w)
{
	fill_change(w);
	w->batch->run = run_write;
	w->batch->done = write_done;
	if (w->request->conn->bulk) {
		bulk_add(w->request->conn->bulk, w);
		return LS_OK;
	}
	store_submit(srv->store, w->batch);
	return LS_OK;
}

int write_read_back(struct store_db *db, struct write *w)
{
	return record_get(db, w->entity, w->id, &w->stored);
}
