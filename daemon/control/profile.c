/* profile.c - device profiles. Frames of their devices wait while one changes. */
#include <stdio.h>
#include <string.h>

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

static bool names_field(const struct request *r, const char *field)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(r->params, "unset"), i, name)
		if (strcmp(json_string_value(name), field) == 0)
			return true;
	return json_object_get(r->params, field) != NULL;
}

/* A region that changes without its configuration would leave devices that belong nowhere. */
static int check_kept_config(struct request *r, const struct profile *p, const char *region)
{
	if (!p->region_config || strcmp(p->region_name, region) == 0 || names_field(r, "region_config"))
		return LS_OK;
	return request_refuse(r, LS_EINVAL, "region_config", NULL, "--region-config NAME of lsctl region list, or --unset region_config",
	                      "profile %s is pinned to configuration %s, which is none of %s", p->name, p->region_config,
	                      region);
}

int do_PROFILE_SET(struct server *srv, struct request *r)
{
	struct profile *p = profile_of(srv, r);
	const char *region = request_text(r, "region");
	int rc = request_check_region(srv, r, region);
	struct write *w;

	if (!rc && p)
		rc = request_check_region_config(srv, r, region ? region : p->region_name);
	if (!rc && p && region)
		rc = check_kept_config(r, p, region);
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
