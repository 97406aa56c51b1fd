/* profile.c - device profiles. Frames of their devices wait while one changes. */
#include <stdio.h>

#include "base/error.h"
#include "control/internal.h"

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_profile(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct uuid id;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	fleet_remove_profile(&srv->fleet, id);
	return LS_OK;
}

static struct profile *profile_of(struct server *srv, struct request *r)
{
	struct uuid id;

	return uuid_parse(request_text(r, "profile_id"), &id) ? NULL : fleet_profile(&srv->fleet, id);
}

int do_PROFILE_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), NULL);
}

int do_PROFILE_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

int do_PROFILE_CREATE(struct server *srv, struct request *r)
{
	char id[UUID_TEXT_SIZE];
	int rc = request_check_region(srv, r, request_text(r, "region"));

	if (!rc)
		rc = request_check_region_config(srv, r, request_text(r, "region"));
	if (!rc)
		rc = request_check_wish(r);
	return rc ? rc : crud_create(srv, r, uuid_format(uuid_random(), id), apply);
}

int do_PROFILE_SET(struct server *srv, struct request *r)
{
	struct profile *p = profile_of(srv, r);
	const char *region = request_text(r, "region");
	int rc = request_check_region(srv, r, region);
	struct write *w;

	if (!rc && p)
		rc = request_check_region_config(srv, r, region ? region : p->region_name);
	if (!rc)
		rc = request_check_wish(r);
	if (rc || !p)
		return rc ? rc : LS_ENOTFOUND;
	w = crud_set_begin(srv, r, apply);
	if (w)
		write_hold_profile(srv, w, p);
	return crud_submit(srv, r, w);
}

int do_PROFILE_DELETE(struct server *srv, struct request *r)
{
	const struct profile *p = profile_of(srv, r);
	char hint[300];
	struct write *w;

	if (!p)
		return LS_ENOTFOUND;
	if (p->n_devices) {
		snprintf(hint, sizeof(hint), "lsctl device list -t %s -w 'profile_name=%s'", p->tenant->name, p->name);
		return request_refuse(r, LS_ECONFLICT, NULL, NULL, hint, "profile %s is used by %u device%s", p->name,
		                      (unsigned)p->n_devices, p->n_devices == 1 ? "" : "s");
	}
	w = crud_delete_begin(srv, r, apply_delete);
	return crud_submit(srv, r, w);
}
