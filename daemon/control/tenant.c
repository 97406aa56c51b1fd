/* tenant.c - tenants. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "control/internal.h"

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_tenant(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct uuid id;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	fleet_remove_tenant(&srv->fleet, id);
	return LS_OK;
}

int do_TENANT_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, NULL, NULL);
}

int do_TENANT_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

int do_TENANT_CREATE(struct server *srv, struct request *r)
{
	char id[UUID_TEXT_SIZE];

	return crud_create(srv, r, uuid_format(uuid_random(), id), apply);
}

int do_TENANT_SET(struct server *srv, struct request *r)
{
	struct write *w = crud_set_begin(srv, r, apply);

	return crud_submit(srv, r, w);
}

/* "2 applications, 1 gateway" */
static void count(char *buf, size_t size, unsigned n, const char *what)
{
	size_t len = strlen(buf);

	if (n)
		snprintf(buf + len, size - len, "%s%u %s%s", len ? ", " : "", n, what, n == 1 ? "" : "s");
}

int do_TENANT_DELETE(struct server *srv, struct request *r)
{
	const struct tenant *t;
	char owned[160] = "", hint[200];
	struct uuid id;
	struct write *w;

	if (uuid_parse(request_text(r, "tenant_id"), &id) || !(t = fleet_tenant(&srv->fleet, id)))
		return LS_ENOTFOUND;
	count(owned, sizeof(owned), t->n_applications, "application");
	count(owned, sizeof(owned), t->n_profiles, "profile");
	count(owned, sizeof(owned), t->n_gateways, "gateway");
	if (owned[0] && cascade_is_asked(r))
		return cascade_delete(srv, r);
	if (owned[0]) {
		snprintf(hint, sizeof(hint), "lsctl %s list -t %s",
		         t->n_applications ? "application" : t->n_profiles ? "profile" : "gateway", t->name);
		return request_refuse(r, LS_ECONFLICT, NULL, CASCADE_WHY, hint, "tenant %s owns %s", t->name, owned);
	}
	w = crud_delete_begin(srv, r, apply_delete);
	return crud_submit(srv, r, w);
}
