/*
 * cascade.c - a tenant or application deleted with all it owns. Only for whoever names it again or says how many objects
 * that are (--confirm, --expect); the journal counts them in the transaction, and undo brings all of them back.
 *
 * What it owns is looked up again when it is committed: creates that were under way are in the fleet by then.
 */
#include <stdlib.h>

#include "base/error.h"
#include "control/internal.h"
#include "network/fleet_multicast.h"

static bool is_tenant(const struct write *w)
{
	return w->entity == &model_entities[E_TENANT];
}

static bool owns(const struct write *w, struct uuid id, const struct application *a)
{
	return uuid_equal(is_tenant(w) ? a->tenant->id : a->id, id);
}

static int run_cascade(struct store_db *db, struct write *w)
{
	struct uuid id;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	return is_tenant(w) ? store_delete_tenant(db, id) : store_delete_application(db, id);
}

static void remove_groups(struct server *srv, const struct write *w, struct uuid id)
{
	struct multicast_group *g;
	size_t at = 0;

	while ((g = ptr_table_next(&srv->fleet.multicast_groups, &at))) {
		if (!owns(w, id, g->application))
			continue;
		network_forget_multicast(srv->network, g);
		fleet_remove_multicast(&srv->fleet, g->id);
		at = 0; /* the table has moved */
	}
}

/* The devices it owns; the table moves when one is removed. *list is the caller's. */
static int list_devices(struct server *srv, const struct write *w, struct uuid id, struct eui64 **list, size_t *n)
{
	const struct device *d;
	size_t at = 0, count = 0;

	while (ptr_table_next(&srv->fleet.devices, &at))
		count++;
	*n = 0;
	*list = calloc(count + 1, sizeof(**list));
	if (!*list)
		return LS_ENOMEM;
	at = 0;
	while ((d = ptr_table_next(&srv->fleet.devices, &at)))
		if (owns(w, id, d->application))
			(*list)[(*n)++] = d->dev_eui;
	return LS_OK;
}

static int remove_devices(struct server *srv, const struct write *w, struct uuid id)
{
	struct eui64 *list;
	size_t n;
	int rc = list_devices(srv, w, id, &list, &n);

	for (size_t i = 0; i < n && !rc; i++) {
		network_forget_device(srv->network, fleet_device(&srv->fleet, list[i]));
		fleet_remove_device(&srv->fleet, list[i]);
	}
	free(list);
	return rc;
}

static void remove_rest_of_tenant(struct fleet *f, struct uuid id)
{
	struct application *a;
	struct profile *p;
	struct gateway *g;

	for (size_t at = 0; (a = ptr_table_next(&f->applications, &at));)
		if (uuid_equal(a->tenant->id, id)) {
			fleet_remove_application(f, a->id);
			at = 0;
		}
	for (size_t at = 0; (p = ptr_table_next(&f->profiles, &at));)
		if (uuid_equal(p->tenant->id, id)) {
			fleet_remove_profile(f, p->id);
			at = 0;
		}
	for (size_t at = 0; (g = ptr_table_next(&f->gateways, &at));)
		if (uuid_equal(g->tenant->id, id)) {
			fleet_remove_gateway(f, g->id);
			at = 0;
		}
	fleet_remove_tenant(f, id);
}

static int apply_cascade(struct server *srv, struct write *w)
{
	struct uuid id;
	int rc;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	remove_groups(srv, w, id);
	rc = remove_devices(srv, w, id);
	if (rc)
		return rc;
	if (is_tenant(w))
		remove_rest_of_tenant(&srv->fleet, id);
	else
		fleet_remove_application(&srv->fleet, id);
	return LS_OK;
}

static int hold(struct server *srv, struct request *r, struct write *w)
{
	struct eui64 *list;
	struct uuid id;
	size_t n = 0;
	char text[EUI64_TEXT_SIZE];
	int rc = uuid_parse(w->id, &id);

	if (rc)
		return rc;
	rc = list_devices(srv, w, id, &list, &n);
	for (size_t i = 0; i < n && !rc; i++) {
		struct device *d = fleet_device(&srv->fleet, list[i]);

		rc = write_check_deletion(srv, r, &model_entities[E_DEVICE], eui64_format(d->dev_eui, text));
		if (!rc)
			rc = write_hold_more(srv, w, d);
		if (!rc)
			rc = write_mark_more(srv, w, &model_entities[E_DEVICE], text);
	}
	free(list);
	return rc;
}

bool cascade_is_asked(const struct request *r)
{
	return request_text(r, "confirm") || json_object_get(r->params, "expect") || request_flag(r, "dry_run");
}

int cascade_delete(struct server *srv, struct request *r)
{
	struct write *w = crud_delete_begin(srv, r, apply_cascade);
	int rc;

	if (!w)
		return crud_submit(srv, r, NULL);
	rc = hold(srv, r, w);
	if (rc) {
		write_abandon(srv, w);
		return rc;
	}
	w->run = run_cascade;
	w->change.is_large = true;
	return write_submit(srv, w);
}
