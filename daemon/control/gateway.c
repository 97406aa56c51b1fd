/* gateway.c - registered gateways, and those that were heard without being so. */
#include <stdlib.h>

#include "base/error.h"
#include "control/internal.h"

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_gateway(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct eui64 id;

	if (eui64_parse(w->id, &id))
		return LS_EBUG;
	fleet_remove_gateway(&srv->fleet, id);
	return LS_OK;
}

/* Memory is ahead of the disk: last_seen_at is written lazily. */
static void complete(struct server *srv, const struct request *r, json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "gateway_id"));
	const struct gateway *g;
	struct eui64 id;

	(void)r;
	if (!text || eui64_parse(text, &id) || !(g = fleet_gateway(&srv->fleet, id)) || !g->last_seen_us)
		return;
	json_object_set_new(record, "last_seen_at", time_json(g->last_seen_us));
}

int do_GATEWAY_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), complete);
}

int do_GATEWAY_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, complete);
}

int do_GATEWAY_CREATE(struct server *srv, struct request *r)
{
	int rc = request_check_region(srv, r, request_text(r, "region"));

	return rc ? rc : crud_create(srv, r, request_text(r, "gateway_id"), apply);
}

int do_GATEWAY_SET(struct server *srv, struct request *r)
{
	int rc = request_check_region(srv, r, request_text(r, "region"));
	struct write *w = rc ? NULL : crud_set_begin(srv, r, apply);

	if (rc)
		return rc;
	return crud_submit(srv, r, w);
}

int do_GATEWAY_DELETE(struct server *srv, struct request *r)
{
	struct write *w = crud_delete_begin(srv, r, apply_delete);

	return crud_submit(srv, r, w);
}

/* --- heard, but unknown --- */

static int newest_first(const void *a, const void *b)
{
	const struct unknown_gateway *x = *(const struct unknown_gateway *const *)a;
	const struct unknown_gateway *y = *(const struct unknown_gateway *const *)b;

	return (x->last_seen_us < y->last_seen_us) - (x->last_seen_us > y->last_seen_us);
}

/* A bounded table in memory, newest first; a page is all of it up to the limit. */
int do_GATEWAY_HEARD_UNKNOWN(struct server *srv, struct request *r)
{
	const struct unknown_gateway *rows[UNKNOWN_GATEWAYS_MAX];
	const struct fleet *f = &srv->fleet;
	int64_t limit = request_int(r, "limit", 100);
	json_t *items;
	size_t n = 0;

	for (size_t i = 0; i < f->n_unknown; i++)
		if (!fleet_gateway(f, f->unknown[i].id)) /* registered meanwhile */
			rows[n++] = &f->unknown[i];
	qsort(rows, n, sizeof(rows[0]), newest_first);
	items = json_array();
	for (size_t i = 0; i < n && (int64_t)i < limit; i++) {
		char id[EUI64_TEXT_SIZE];

		json_array_append_new(items, json_pack("{s:s, s:s, s:I, s:o, s:o}", "gateway_id", eui64_format(rows[i]->id, id),
		                                       "address", rows[i]->address, "messages", (json_int_t)rows[i]->messages,
		                                       "first_seen_at", time_json(rows[i]->first_seen_us), "last_seen_at",
		                                       time_json(rows[i]->last_seen_us)));
	}
	request_answer(r, json_pack("{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)n));
	return LS_OK;
}
