/*
 * resolve.c - names to ids. A reference is an id, an exact name, a path, or what designation.h knows; names are
 * looked up in a tenant, the one given or the only one there is. What is not found comes back with what was probably
 * meant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/word_list.h"
#include "control/designation.h"
#include "control/internal.h"
#include "network/fleet_multicast.h"

#define CANDIDATES_MAX 2000 /* names compared for a suggestion */
#define REFERENCES_MAX 16
#define TENANTS_NAMED 8

/* --- tenants --- */

/* Of all tenants: the first ones by name. n: how many are in list. */
static size_t first_tenants(const struct fleet *f, const struct tenant *list[TENANTS_NAMED])
{
	const struct tenant *t;
	size_t at = 0, n = 0;

	while ((t = ptr_table_next(&f->tenants, &at))) {
		size_t place = n;

		while (place > 0 && strcmp(t->name, list[place - 1]->name) < 0)
			place--;
		if (place == TENANTS_NAMED)
			continue;
		if (n < TENANTS_NAMED)
			n++;
		memmove(&list[place + 1], &list[place], (n - 1 - place) * sizeof(list[0]));
		list[place] = t;
	}
	return n;
}

static void name_tenants(const struct fleet *f, char *buf, size_t size, const char **first)
{
	const struct tenant *list[TENANTS_NAMED];
	size_t n = first_tenants(f, list);

	buf[0] = '\0';
	for (size_t i = 0; i < n; i++)
		word_list_add(buf, size, ", ", list[i]->name);
	if (f->tenants.used > n)
		word_list_add(buf, size, " ", "...");
	*first = n ? list[0]->name : NULL;
}

/* --- the tenant that is meant --- */

/* The tenant in which names are meant: the one given, else the sole one, else refused. */
static int scope_tenant(struct server *srv, struct request *r, const struct tenant **out)
{
	const char *first;
	char names[300], hint[600];

	*out = r->tenant ? r->tenant : fleet_sole_tenant(&srv->fleet);
	if (*out)
		return LS_OK;
	name_tenants(&srv->fleet, names, sizeof(names), &first);
	if (!first) {
		if (r->conn->writes && !r->conn->bulk)
			return REQUEST_PARKED;
		return request_refuse(r, LS_ENOTFOUND, "tenant_id", NULL, "lsctl tenant create NAME", "there is no tenant yet");
	}
	command_line(r, "tenant_id", first, hint, sizeof(hint));
	return request_refuse(r, LS_EUSAGE, "tenant_id", NULL, hint, "which tenant? there are %s", names);
}

int resolve_default_tenant(struct server *srv, struct request *r)
{
	const struct entity *e = method_entity(r->method);
	const struct field *f = e && r->method->shape == SHAPE_CREATE ? entity_field(e, "tenant_id") : NULL;
	const struct tenant *t;
	char id[UUID_TEXT_SIZE];
	int rc;

	if (!f || f->type != FT_REF || (f->flags & FF_READONLY) || request_text(r, "tenant_id"))
		return LS_OK;
	rc = scope_tenant(srv, r, &t);
	if (!rc) {
		r->tenant = t;
		json_object_set_new(r->params, "tenant_id", json_string(uuid_format(t->id, id)));
	}
	return rc;
}

/* --- what was probably meant --- */

static const char *name_of(const struct entity *e, const void *p)
{
	switch ((enum entity_id)(e - model_entities)) {
	case E_TENANT:
		return ((const struct tenant *)p)->name;
	case E_APPLICATION:
		return ((const struct application *)p)->name;
	case E_PROFILE:
		return ((const struct profile *)p)->name;
	case E_GATEWAY:
		return ((const struct gateway *)p)->name;
	case E_MULTICAST:
		return ((const struct multicast_group *)p)->name;
	default:
		return ((const struct device *)p)->name;
	}
}

static const struct tenant *tenant_of(const struct entity *e, const void *p)
{
	switch ((enum entity_id)(e - model_entities)) {
	case E_TENANT:
		return NULL;
	case E_APPLICATION:
		return ((const struct application *)p)->tenant;
	case E_PROFILE:
		return ((const struct profile *)p)->tenant;
	case E_GATEWAY:
		return ((const struct gateway *)p)->tenant;
	case E_MULTICAST:
		return ((const struct multicast_group *)p)->application->tenant;
	default:
		return ((const struct device *)p)->application->tenant;
	}
}

static const struct ptr_table *table_of(const struct fleet *f, const struct entity *e)
{
	switch ((enum entity_id)(e - model_entities)) {
	case E_TENANT:
		return &f->tenants;
	case E_APPLICATION:
		return &f->applications;
	case E_PROFILE:
		return &f->profiles;
	case E_GATEWAY:
		return &f->gateways;
	case E_MULTICAST:
		return &f->multicast_groups;
	default:
		return &f->devices;
	}
}

static const char *near_name(const struct fleet *f, const struct entity *e, const struct tenant *t, const char *text)
{
	const struct ptr_table *table = table_of(f, e);
	const char **list, *near;
	size_t at = 0, n = 0;
	const void *p;

	if (table->used > CANDIDATES_MAX)
		return NULL;
	list = malloc((table->used + 1) * sizeof(*list));
	if (!list)
		return NULL;
	while ((p = ptr_table_next(table, &at)))
		if (!t || !tenant_of(e, p) || tenant_of(e, p) == t)
			list[n++] = name_of(e, p);
	near = nearest_word(text, list, n);
	free(list);
	return near;
}

static bool has_eui(const struct entity *e)
{
	return e == &model_entities[E_GATEWAY] || e == &model_entities[E_DEVICE];
}

static int not_found(struct server *srv, struct request *r, const struct field *f, const struct entity *e,
                     const struct tenant *t, const char *text)
{
	char hint[700] = "", where[160] = "", why[160] = "", advice[160] = "", eui_text[EUI64_TEXT_SIZE];
	const struct fleet *fleet = &srv->fleet;
	const char *near;
	struct eui64 eui;

	if (!t)
		t = fleet_sole_tenant(fleet); /* the one that is meant */
	if (t && e != &model_entities[E_TENANT])
		snprintf(where, sizeof(where), " in tenant %s", t->name);
	if (eui64_parse(text, &eui) == LS_OK) {
		const struct gateway *g = fleet_gateway(fleet, eui64_reverse(eui));
		const struct device *d = fleet_device(fleet, eui64_reverse(eui));
		bool is_gateway = e == &model_entities[E_GATEWAY];

		if (is_gateway ? g != NULL : d != NULL) {
			command_line(r, f->name, eui64_format(eui64_reverse(eui), eui_text), hint, sizeof(hint));
			snprintf(hint + strlen(hint), sizeof(hint) - strlen(hint), "     (same bytes in reverse order: %s)",
			         is_gateway ? g->name : d->name);
		}
	} else if ((near = near_name(fleet, e, t, text))) {
		command_line(r, f->name, near, hint, sizeof(hint));
	}
	if (has_eui(e) && eui_is_damaged(text, why, sizeof(why), advice, sizeof(advice)) && !hint[0]) {
		if (eui64_parse(advice, &eui) == LS_OK)
			command_line(r, f->name, advice, hint, sizeof(hint));
		else
			snprintf(hint, sizeof(hint), "%s", advice);
	}
	if (!hint[0])
		snprintf(hint, sizeof(hint), "lsctl %s list", e->name);
	return request_refuse(r, LS_ENOTFOUND, f->name, why[0] ? why : NULL, hint, "no %s %s%s", e->name, text, where);
}

/* --- lookups --- */

struct found {
	const struct tenant *tenant; /* that owns it; NULL for tenants */
	char id[UUID_TEXT_SIZE];
};

static void found_uuid(struct found *out, struct uuid id, const struct tenant *t)
{
	out->tenant = t;
	uuid_format(id, out->id);
}

static void found_eui(struct found *out, struct eui64 id, const struct tenant *t)
{
	out->tenant = t;
	eui64_format(id, out->id);
}

static bool find_by_id(const struct fleet *f, const struct entity *e, const char *text, struct found *out)
{
	struct uuid id;
	struct eui64 eui;
	bool is_uuid = uuid_parse(text, &id) == LS_OK, is_eui = eui64_parse(text, &eui) == LS_OK;

	switch ((enum entity_id)(e - model_entities)) {
	case E_TENANT: {
		const struct tenant *t = is_uuid ? fleet_tenant(f, id) : NULL;

		if (t)
			found_uuid(out, t->id, NULL);
		return t != NULL;
	}
	case E_APPLICATION: {
		const struct application *a = is_uuid ? fleet_application(f, id) : NULL;

		if (a)
			found_uuid(out, a->id, a->tenant);
		return a != NULL;
	}
	case E_PROFILE: {
		const struct profile *p = is_uuid ? fleet_profile(f, id) : NULL;

		if (p)
			found_uuid(out, p->id, p->tenant);
		return p != NULL;
	}
	case E_MULTICAST: {
		const struct multicast_group *g = is_uuid ? fleet_multicast(f, id) : NULL;

		if (g)
			found_uuid(out, g->id, g->application->tenant);
		return g != NULL;
	}
	case E_GATEWAY: {
		const struct gateway *g = is_eui ? fleet_gateway(f, eui) : NULL;

		if (g)
			found_eui(out, g->id, g->tenant);
		return g != NULL;
	}
	default: {
		const struct device *d = is_eui ? fleet_device(f, eui) : NULL;

		if (d)
			found_eui(out, d->dev_eui, d->application->tenant);
		return d != NULL;
	}
	}
}

/* By exact name in t; *n receives how many have it. */
static bool find_by_name(const struct fleet *f, const struct entity *e, const struct tenant *t,
                         const struct application *app, const char *name, struct found *out, size_t *n)
{
	*n = 1;
	switch ((enum entity_id)(e - model_entities)) {
	case E_TENANT: {
		const struct tenant *x = fleet_tenant_by_name(f, name);

		if (x)
			found_uuid(out, x->id, NULL);
		return x != NULL;
	}
	case E_APPLICATION: {
		const struct application *x = fleet_application_by_name(f, t, name);

		if (x)
			found_uuid(out, x->id, x->tenant);
		return x != NULL;
	}
	case E_PROFILE: {
		const struct profile *x = fleet_profile_by_name(f, t, name);

		if (x)
			found_uuid(out, x->id, x->tenant);
		return x != NULL;
	}
	case E_MULTICAST: {
		const struct multicast_group *x = fleet_multicast_by_name(f, t, app, name, n);

		if (x)
			found_uuid(out, x->id, x->application->tenant);
		return x != NULL;
	}
	case E_GATEWAY: {
		const struct gateway *x = fleet_gateway_by_name(f, t, name);

		if (x)
			found_eui(out, x->id, x->tenant);
		return x != NULL;
	}
	default: {
		const struct device *x = fleet_device_by_name(f, t, app, name, n);

		if (x)
			found_eui(out, x->dev_eui, x->application->tenant);
		return x != NULL;
	}
	}
}

static bool is_id_of(const struct entity *e, const char *text)
{
	struct uuid id;
	struct eui64 eui;

	if (has_eui(e))
		return eui64_parse(text, &eui) == LS_OK;
	return uuid_parse(text, &id) == LS_OK;
}

/* --- paths --- */

#define PATH_PARTS_MAX 3
#define PATH_MAX_OCTETS 600

/* Parts of a full path of e: application/.. of what belongs to one, and the tenant before it. */
static size_t path_depth(const struct entity *e)
{
	if (e == &model_entities[E_TENANT])
		return 1;
	return entity_field(e, "application_id") && e != &model_entities[E_APPLICATION] ? 3 : 2;
}

/* "acme/meters/pump", "acme/roof"; without the tenant when there is only one, or it is given. */
static bool find_by_path(const struct fleet *f, const struct entity *e, const struct tenant *t, const char *text,
                         struct found *out, size_t *n)
{
	char copy[PATH_MAX_OCTETS], *part[PATH_PARTS_MAX], *rest = copy;
	const struct application *app = NULL;
	size_t parts = 0, depth = path_depth(e), at = 0;

	*n = 1;
	if (!strchr(text, '/') || strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (char *p; (p = strsep(&rest, "/"));) {
		if (parts == PATH_PARTS_MAX)
			return false;
		part[parts++] = p;
	}
	if (parts == depth) {
		const struct tenant *named = fleet_tenant_by_name(f, part[at++]);

		if (!named || (t && t != named))
			return false;
		t = named;
	} else if (parts + 1 != depth) {
		return false;
	}
	if (depth == PATH_PARTS_MAX) {
		app = t ? fleet_application_by_name(f, t, part[at++]) : NULL;
		if (!app)
			return false;
	}
	return t && find_by_name(f, e, t, app, part[at], out, n);
}

/* --- one reference --- */

/* How a reference was found; what is not exact does not carry a write. */
struct lookup {
	struct found found;
	struct candidates candidates;
	bool ok, exact;
	size_t same_name; /* objects of that name; more than 1: ambiguous */
};

static bool writes_something(const struct method *m)
{
	bool reads = m->shape == SHAPE_SHOW || m->shape == SHAPE_LIST || m->shape == SHAPE_STREAM;

	return !reads && m->right > RIGHT_READ;
}

static void take_candidates(struct lookup *l)
{
	if (l->candidates.n != 1)
		return;
	l->found.tenant = l->candidates.at[0].tenant;
	snprintf(l->found.id, sizeof(l->found.id), "%s", l->candidates.at[0].id);
	l->ok = true;
	l->exact = false;
}

/* By full id, exact name, path, then by the head or tail of an EUI. t may be NULL. */
static void look_up(const struct fleet *f, const struct request *r, const struct entity *e, const struct tenant *t,
                    enum designation_kind kind, const char *text, struct lookup *l)
{
	struct designation_scope scope = {r->tenant, r->application};
	bool any = kind == DESIGNATION_ANY, is_tenant = e == &model_entities[E_TENANT];

	*l = (struct lookup){.exact = true, .same_name = 1};
	if (any || kind == DESIGNATION_ID || kind == DESIGNATION_EUI)
		l->ok = find_by_id(f, e, text, &l->found) &&
		        !(r->tenant && l->found.tenant && l->found.tenant != r->tenant); /* of another one than asked for */
	if (!l->ok && is_id_of(e, text))
		return;
	if (!l->ok && (any || kind == DESIGNATION_NAME) && (is_tenant || t))
		l->ok = find_by_name(f, e, t, r->application, text, &l->found, &l->same_name);
	if (!l->ok && any)
		l->ok = find_by_path(f, e, t, text, &l->found, &l->same_name);
	if (l->ok && l->same_name > 1)
		designation_by_name(f, e, scope, text, &l->candidates);
	if (l->ok)
		return;
	if (any || kind == DESIGNATION_EUI)
		designation_by_abbreviation(f, e, scope, text, &l->candidates);
	else if (kind == DESIGNATION_ADDR)
		designation_by_dev_addr(f, e, scope, text, &l->candidates);
	else if (kind == DESIGNATION_TAG)
		designation_by_tag(f, e, scope, text, &l->candidates);
	take_candidates(l);
}

static int several(struct request *r, const struct field *f, const struct entity *e, const char *text,
                   const struct lookup *l)
{
	char names[700], hint[700];

	if (l->same_name > 1)
		return request_refuse(r, LS_EAMBIGUOUS, f->name,
		                      l->candidates.n ? candidates_text(&l->candidates, names, sizeof(names)) : NULL,
		                      has_eui(e) ? "-a APPLICATION, or the DevEUI" : "-a APPLICATION, or the id",
		                      "%zu %s are named %s", l->same_name, has_eui(e) ? "devices" : "multicast groups", text);
	command_line(r, f->name, l->candidates.at[0].id, hint, sizeof(hint));
	return request_refuse(r, LS_EAMBIGUOUS, f->name, candidates_text(&l->candidates, names, sizeof(names)), hint,
	                      "%zu %ss fit %s", l->candidates.n, e->name, text);
}

/* The client may ask the person and come again with the full id, which is `id` of the error. */
static int abbreviated_write(struct request *r, const struct field *f, const struct entity *e, const char *text,
                             const struct candidate *c)
{
	char hint[700];

	command_line(r, f->name, c->id, hint, sizeof(hint));
	request_refuse(r, LS_EAMBIGUOUS, f->name, "what changes something names its target in full", hint,
	               "%s stands for %s %s (%s)", text, e->name, c->id, c->name);
	json_object_set_new(json_object_get(r->error, "data"), "id", json_string(c->id));
	return LS_EAMBIGUOUS;
}

static int resolve_one(struct server *srv, struct request *r, const struct field *f, const struct entity *e)
{
	const char *typed = request_text(r, f->name), *text;
	enum designation_kind kind = designation_kind(typed, &text);
	const struct tenant *t = r->tenant ? r->tenant : fleet_sole_tenant(&srv->fleet);
	bool is_tenant = e == &model_entities[E_TENANT];
	char why[160], advice[160];
	struct lookup l;
	int rc;

	look_up(&srv->fleet, r, e, t, kind, text, &l);
	/* EUIs are global: a damaged one is no name of which tenant could be asked. */
	bool by_name = kind == DESIGNATION_NAME || (kind == DESIGNATION_ANY && !is_id_of(e, text) &&
	               !(has_eui(e) && eui_is_damaged(text, why, sizeof(why), advice, sizeof(advice))));

	if (!l.ok && l.candidates.n == 0 && !is_tenant && !t && by_name) {
		rc = scope_tenant(srv, r, &t);
		if (rc)
			return rc;
	}
	if (l.candidates.n > 1 || l.same_name > 1)
		return several(r, f, e, text, &l);
	if (!l.ok) {
		if (r->conn->writes && !r->begun && !r->conn->bulk)
			return REQUEST_PARKED;
		return not_found(srv, r, f, e, is_tenant ? NULL : r->tenant, text);
	}
	if (!l.exact && writes_something(r->method))
		return abbreviated_write(r, f, e, typed, &l.candidates.at[0]);
	if (strcmp(l.found.id, typed) != 0)
		json_object_set_new(r->params, f->name, json_string(l.found.id));
	return LS_OK;
}

/* --- the references of a request --- */

struct references {
	const struct request *request;
	struct field fields[REFERENCES_MAX]; /* copies: an id's row lives only during the walk */
	size_t n;
};

static bool collect(void *arg, const struct field *f, bool required)
{
	struct references *refs = arg;

	(void)required;
	if (f->type == FT_REF && request_text(refs->request, f->name) && refs->n < REFERENCES_MAX)
		refs->fields[refs->n++] = *f;
	return true;
}

static const struct field *reference_named(const struct references *refs, const char *name)
{
	for (size_t i = 0; i < refs->n; i++)
		if (strcmp(refs->fields[i].name, name) == 0)
			return &refs->fields[i];
	return NULL;
}

int resolve_references(struct server *srv, struct request *r)
{
	struct references refs = {.request = r};
	/* Of a record, application_id is a value; elsewhere it says where a device's name is looked up. */
	bool is_record = r->method->shape == SHAPE_CREATE || r->method->shape == SHAPE_SET;
	const struct field *tenant, *application;
	struct uuid id;
	int rc = LS_OK;

	r->tenant = NULL;
	r->application = NULL;
	method_each_param(r->method, collect, &refs);
	tenant = reference_named(&refs, "tenant_id");
	if (tenant && !(tenant->flags & FF_POSITIONAL)) {
		rc = resolve_one(srv, r, tenant, &model_entities[E_TENANT]);
		if (!rc && uuid_parse(request_text(r, "tenant_id"), &id) == LS_OK)
			r->tenant = fleet_tenant(&srv->fleet, id);
	}
	application = reference_named(&refs, "application_id");
	if (!rc && application && !(application->flags & FF_POSITIONAL)) {
		rc = resolve_one(srv, r, application, &model_entities[E_APPLICATION]);
		if (!rc && !is_record && uuid_parse(request_text(r, "application_id"), &id) == LS_OK)
			r->application = fleet_application(&srv->fleet, id);
		if (!rc && !r->tenant && r->application) /* its path named it */
			r->tenant = r->application->tenant;
		/* A device's profile is looked up in the tenant of its application. */
		if (!rc && is_record && !r->tenant && uuid_parse(request_text(r, "application_id"), &id) == LS_OK) {
			const struct application *a = fleet_application(&srv->fleet, id);

			if (a && r->method->shape == SHAPE_CREATE)
				r->tenant = a->tenant;
		}
	}
	for (size_t i = 0; !rc && i < refs.n; i++) {
		const struct field *f = &refs.fields[i];

		if ((f != tenant && f != application) || (f->flags & FF_POSITIONAL))
			rc = resolve_one(srv, r, f, entity_find(f->choices));
	}
	return rc;
}

const char *resolve_describe(struct server *srv, const struct entity *e, const char *id, char *buf, size_t size)
{
	struct uuid uuid;
	const char *name = NULL;

	if (uuid_parse(id, &uuid) == LS_OK) {
		const struct tenant *t = fleet_tenant(&srv->fleet, uuid);
		const struct application *a = fleet_application(&srv->fleet, uuid);
		const struct profile *p = fleet_profile(&srv->fleet, uuid);
		const struct multicast_group *g = fleet_multicast(&srv->fleet, uuid);

		name = t ? t->name : a ? a->name : p ? p->name : g ? g->name : NULL;
	}
	snprintf(buf, size, "%s %s", e->name, name ? name : id);
	return buf;
}

struct device *request_device(struct server *srv, const struct request *r)
{
	const char *text = request_text(r, "dev_eui");
	struct eui64 dev_eui;

	return text && eui64_parse(text, &dev_eui) == LS_OK ? fleet_device(&srv->fleet, dev_eui) : NULL;
}

int request_check_region(struct server *srv, struct request *r, const char *name)
{
	char known[200] = "", hint[220];

	if (!name || fleet_region(&srv->fleet, name))
		return LS_OK;
	for (size_t i = 0; i < srv->fleet.n_regions; i++)
		if (fleet_region(&srv->fleet, srv->fleet.regions[i].table->name) == &srv->fleet.regions[i]) /* each once */
			word_list_add(known, sizeof(known), ", ", srv->fleet.regions[i].table->name);
	snprintf(hint, sizeof(hint), "--region %s, or [region %s] in the configuration", known, name);
	return request_refuse(r, LS_EINVAL, "region", NULL, hint, "region %s is not enabled; enabled: %s", name, known);
}

int request_check_profile_region(struct server *srv, struct request *r, const struct profile *p)
{
	if (p->region)
		return LS_OK;
	if (!fleet_region(&srv->fleet, p->region_name))
		return request_check_region(srv, r, p->region_name);
	return request_refuse(r, LS_EINVAL, "region_config", NULL, "lsctl region list",
	                      "configuration %s of profile %s is not enabled", p->region_config, p->name);
}

int request_check_region_config(struct server *srv, struct request *r, const char *region)
{
	const char *name = request_text(r, "region_config");
	const struct region *found = name ? fleet_region(&srv->fleet, name) : NULL;
	char known[200] = "", hint[240];

	if (!name || (found && strcmp(found->name, name) == 0 && (!region || strcmp(found->table->name, region) == 0)))
		return LS_OK;
	for (size_t i = 0; i < srv->fleet.n_regions; i++)
		if (!region || strcmp(srv->fleet.regions[i].table->name, region) == 0)
			word_list_add(known, sizeof(known), ", ", srv->fleet.regions[i].name);
	snprintf(hint, sizeof(hint), "--region-config %s", known);
	return request_refuse(r, LS_EINVAL, "region_config", NULL, known[0] ? hint : "lsctl region list",
	                      "'%s' is no configuration of %s", name, region ? region : "any region");
}
