/* application.c - applications. */
#include <stdio.h>

#include "base/error.h"
#include "control/internal.h"

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_application(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct uuid id;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	fleet_remove_application(&srv->fleet, id);
	return LS_OK;
}

int do_APPLICATION_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), NULL);
}

int do_APPLICATION_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

int do_APPLICATION_CREATE(struct server *srv, struct request *r)
{
	char id[UUID_TEXT_SIZE];

	return crud_create(srv, r, uuid_format(uuid_random(), id), apply);
}

int do_APPLICATION_SET(struct server *srv, struct request *r)
{
	struct write *w = crud_set_begin(srv, r, apply);

	return crud_submit(srv, r, w);
}

int do_APPLICATION_DELETE(struct server *srv, struct request *r)
{
	const struct application *a;
	char hint[300];
	struct uuid id;
	struct write *w;

	if (uuid_parse(request_text(r, "application_id"), &id) || !(a = fleet_application(&srv->fleet, id)))
		return LS_ENOTFOUND;
	if ((a->n_devices || a->n_multicast_groups) && cascade_is_asked(r))
		return cascade_delete(srv, r);
	if (a->n_devices) {
		snprintf(hint, sizeof(hint), "lsctl device list -t %s -a %s", a->tenant->name, a->name);
		return request_refuse(r, LS_ECONFLICT, NULL, CASCADE_WHY, hint, "application %s owns %u device%s", a->name,
		                      (unsigned)a->n_devices, a->n_devices == 1 ? "" : "s");
	}
	if (a->n_multicast_groups) {
		snprintf(hint, sizeof(hint), "lsctl multicast list -t %s -a %s", a->tenant->name, a->name);
		return request_refuse(r, LS_ECONFLICT, NULL, CASCADE_WHY, hint, "application %s owns %u multicast group%s", a->name,
		                      (unsigned)a->n_multicast_groups, a->n_multicast_groups == 1 ? "" : "s");
	}
	w = crud_delete_begin(srv, r, apply_delete);
	return crud_submit(srv, r, w);
}
