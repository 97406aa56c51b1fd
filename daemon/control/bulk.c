/* bulk.c - see bulk.h. */
#include "control/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

struct bulk {
	struct request *request; /* the commit */
	struct write *first, **end;
	size_t n, refused;
	int refusal;             /* of the first one refused */
	uint64_t begun_us;
	bool keep_going, dry_run;
	bool separate, has_expect;
	int64_t expect;
	/* [store] */
	int64_t objects;
	size_t failed;
	uint64_t group;          /* number of its first change */
	char why[200], hint[80];
};

/* --- collecting --- */

/* What acts at once, or looks something up before it writes, cannot wait for the others. */
static bool fits(const struct method *m)
{
	switch (m->id) {
	case M_BULK_BEGIN:
	case M_GATEWAY_SEND_PROPRIETARY:
	case M_DEVICE_MAC_SEND:
		return false;
	default:
		return method_writes(m) && m->entity != E_CHANGE && m->entity != E_TRASH;
	}
}

int bulk_check(struct request *r)
{
	struct bulk *b = r->conn->bulk;

	if (!fits(r->method))
		return request_refuse(r, LS_EUSAGE, NULL, "it holds only what is written to the store", NULL, "'%s' cannot be in a bulk",
		                      r->method->words);
	if (b->n >= BULK_MAX)
		return request_refuse(r, LS_ELONG, NULL, NULL, NULL, "a bulk has at most %d writes", BULK_MAX);
	return LS_OK;
}

void bulk_add(struct bulk *b, struct write *w)
{
	w->next = NULL;
	*b->end = w;
	b->end = &w->next;
	b->n++;
}

void bulk_note_refusal(struct bulk *b, int code)
{
	if (!b->refused++)
		b->refusal = code;
}

bool bulk_is_late(const struct bulk *b)
{
	return clock_mono_us() - b->begun_us > BULK_SECONDS * UINT64_C(1000000);
}

/* Every write ends, with its own outcome or that of the whole. */
static void finish_all(struct bulk *b, int rc, const char *why)
{
	for (struct write *w = b->first, *next; w; w = next) {
		next = w->next;
		if (rc && w->batch->rc == LS_OK) {
			w->batch->rc = LS_ECONFLICT;
			snprintf(w->change.why, sizeof(w->change.why), "not done: %s", why);
		}
		w->change.dry_run |= b->dry_run;
		write_finish(w);
	}
	b->first = NULL;
	b->end = &b->first;
}

void bulk_give_up(struct connection *conn, const char *why)
{
	struct bulk *b = conn->bulk;

	conn->bulk = NULL;
	finish_all(b, LS_ECONFLICT, why);
	free(b);
}

/* --- doing --- */

static int check_radius(struct bulk *b)
{
	if (b->has_expect && b->expect != b->objects)
		snprintf(b->why, sizeof(b->why), "this affects %lld objects, not %lld", (long long)b->objects, (long long)b->expect);
	else if (!b->has_expect && !b->separate && !b->dry_run && b->objects > LARGE_OBJECTS)
		snprintf(b->why, sizeof(b->why), "this affects %lld objects: they have to be counted", (long long)b->objects);
	else
		return LS_OK;
	snprintf(b->hint, sizeof(b->hint), "--expect %lld", (long long)b->objects);
	return LS_ECONFLICT;
}

static int run_bulk(struct store_db *db, struct store_batch *batch)
{
	struct bulk *b = batch->arg;

	for (struct write *w = b->first; w; w = w->next) {
		w->change.group = &b->group;
		w->batch->rc = store_batch_within(db, w->batch);
		if (!w->batch->rc) {
			b->objects += w->change.objects;
			continue;
		}
		b->failed++;
		if (!b->keep_going || w->batch->rc == LS_EIO || w->batch->rc == LS_EFULL)
			return w->batch->rc;
	}
	return check_radius(b);
}

static void answer(struct bulk *b, struct request *r, int rc)
{
	size_t failed = b->failed + b->refused;

	if (rc && b->why[0])
		request_refuse(r, rc, NULL, NULL, b->hint, "%s", b->why);
	else if (rc)
		request_refuse(r, rc, NULL, NULL, NULL, "one of %zu could not be done: nothing was written", b->n);
	if (rc)
		request_fail(r, rc);
	else
		request_answer_change(r, json_pack("{s:I, s:I, s:I}", "done", (json_int_t)(b->n - b->failed), "failed",
		                                   (json_int_t)failed, "objects", (json_int_t)b->objects),
		                      b->dry_run ? 0 : b->group);
}

static void bulk_done(struct store_batch *batch)
{
	struct bulk *b = batch->arg;
	struct request *r = b->request;
	int rc = batch->rc;

	finish_all(b, rc, b->why[0] ? b->why : "another one of them could not be done");
	answer(b, r, rc);
	store_batch_free(batch);
	free(b);
}

static int submit(struct server *srv, struct bulk *b, struct request *r)
{
	struct store_batch *batch = store_batch_new();

	if (!batch) {
		finish_all(b, LS_ENOMEM, "out of memory");
		free(b);
		return LS_ENOMEM;
	}
	b->request = r;
	batch->arg = b;
	batch->run = run_bulk;
	batch->done = bulk_done;
	batch->try_only = b->dry_run;
	store_submit(srv->store, batch);
	return LS_OK;
}

int do_BULK_BEGIN(struct server *srv, struct request *r)
{
	struct bulk *b;

	(void)srv;
	if (r->conn->bulk)
		return request_refuse(r, LS_EUSAGE, NULL, NULL, NULL, "a bulk is open already");
	b = calloc(1, sizeof(*b));
	if (!b)
		return LS_ENOMEM;
	b->end = &b->first;
	b->begun_us = clock_mono_us();
	b->keep_going = request_flag(r, "keep_going");
	b->separate = request_flag(r, "separate");
	r->conn->bulk = b;
	request_answer(r, json_object());
	return LS_OK;
}

int do_BULK_COMMIT(struct server *srv, struct request *r)
{
	struct bulk *b = r->conn->bulk;
	int rc;

	if (!b)
		return request_refuse(r, LS_EUSAGE, NULL, "it was not begun, or not committed in time", NULL, "no bulk is open");
	r->conn->bulk = NULL;
	b->dry_run = request_flag(r, "dry_run");
	b->has_expect = json_object_get(r->params, "expect") != NULL;
	b->expect = request_int(r, "expect", 0);
	if (!b->refused || b->keep_going)
		return submit(srv, b, r);
	rc = b->refusal;
	request_refuse(r, rc, NULL, NULL, NULL, "%zu of %zu were refused: nothing was written", b->refused, b->n + b->refused);
	finish_all(b, rc, "another one of them was refused");
	free(b);
	return rc;
}
