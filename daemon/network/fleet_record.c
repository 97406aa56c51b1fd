/* fleet_record.c - records of the registry, as committed, into the structs of the fleet. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "network/fleet.h"

static const char *text_of(const json_t *record, const char *key)
{
	const char *s = json_string_value(json_object_get(record, key));

	return s ? s : "";
}

static int set_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return LS_ENOMEM;
	free(*field);
	*field = copy;
	return LS_OK;
}

/* Tags as JSON text, NULL when there are none: most devices have none. */
static int set_tags(char **field, const json_t *tags)
{
	char *text = NULL;

	if (json_object_size(tags) > 0) {
		text = json_dumps(tags, JSON_COMPACT);
		if (!text)
			return LS_ENOMEM;
	}
	free(*field);
	*field = text;
	return LS_OK;
}

/* Find by the id in record[key], or make a zeroed one of `size` that begins with the id. */
static int find_or_make_uuid(struct fleet *f, struct ptr_table *table, const json_t *record, const char *key,
                             size_t size, void **out)
{
	struct uuid id;

	if (uuid_parse(text_of(record, key), &id))
		return LS_EBUG;
	*out = fleet_find_uuid(f, table, id);
	if (*out)
		return LS_OK;
	*out = calloc(1, size);
	if (!*out)
		return LS_ENOMEM;
	memcpy(*out, &id, sizeof(id));
	return ptr_table_add(table, *out) ? (free(*out), LS_ENOMEM) : LS_OK;
}

static struct tenant *tenant_of(const struct fleet *f, const json_t *record)
{
	struct uuid id;

	return uuid_parse(text_of(record, "tenant_id"), &id) ? NULL : fleet_tenant(f, id);
}

int fleet_apply_tenant(struct fleet *f, const json_t *record)
{
	void *t;
	int rc = find_or_make_uuid(f, &f->tenants, record, "tenant_id", sizeof(struct tenant), &t);

	return rc ? rc : set_text(&((struct tenant *)t)->name, text_of(record, "name"));
}

int fleet_apply_application(struct fleet *f, const json_t *record)
{
	struct tenant *t = tenant_of(f, record);
	struct application *a;
	void *made;
	int rc;

	if (!t)
		return LS_EBUG;
	rc = find_or_make_uuid(f, &f->applications, record, "application_id", sizeof(*a), &made);
	if (rc)
		return rc;
	a = made;
	if (!a->tenant) {
		a->tenant = t;
		t->n_applications++;
	}
	rc = set_text(&a->name, text_of(record, "name"));
	return rc ? rc : set_tags(&a->tags, json_object_get(record, "tags"));
}

int fleet_apply_profile(struct fleet *f, const json_t *record)
{
	struct tenant *t = tenant_of(f, record);
	struct profile *p;
	void *made;
	int rc;

	if (!t)
		return LS_EBUG;
	rc = find_or_make_uuid(f, &f->profiles, record, "profile_id", sizeof(*p), &made);
	if (rc)
		return rc;
	p = made;
	if (!p->tenant) {
		p->tenant = t;
		t->n_profiles++;
	}
	if (mac_version_parse(text_of(record, "mac_version"), &p->mac_version))
		return LS_EBUG;
	strncpy(p->region_name, text_of(record, "region"), sizeof(p->region_name) - 1);
	p->region = fleet_region(f, p->region_name);
	p->supports_otaa = json_is_true(json_object_get(record, "supports_otaa"));
	p->flush_queue_on_join = json_is_true(json_object_get(record, "flush_queue_on_join"));
	rc = set_text(&p->name, text_of(record, "name"));
	return rc ? rc : set_tags(&p->tags, json_object_get(record, "tags"));
}

int fleet_apply_gateway(struct fleet *f, const json_t *record)
{
	struct tenant *t = tenant_of(f, record);
	const json_t *latitude = json_object_get(record, "latitude");
	struct gateway *g;
	struct eui64 id;
	int64_t seen_us;
	const char *seen = text_of(record, "last_seen_at");

	if (!t || eui64_parse(text_of(record, "gateway_id"), &id))
		return LS_EBUG;
	g = fleet_gateway(f, id);
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return LS_ENOMEM;
		g->id = id;
		g->tenant = t;
		if (ptr_table_add(&f->gateways, g)) {
			free(g);
			return LS_ENOMEM;
		}
		t->n_gateways++;
		if (!clock_parse(seen, strlen(seen), &seen_us))
			g->last_seen_us = g->last_seen_stored_us = seen_us;
	}
	g->region = fleet_region(f, text_of(record, "region"));
	g->is_private = json_is_true(json_object_get(record, "is_private"));
	g->has_location = json_is_number(latitude);
	g->latitude = json_number_value(latitude);
	g->longitude = json_number_value(json_object_get(record, "longitude"));
	g->altitude_m = json_number_value(json_object_get(record, "altitude_m"));
	for (size_t i = 0; i < f->n_unknown; i++)
		if (eui64_equal(f->unknown[i].id, id))
			f->unknown[i] = f->unknown[--f->n_unknown];
	return set_text(&g->name, text_of(record, "name"));
}

int fleet_place_device(struct fleet *f, const struct device_row *row)
{
	struct application *a = fleet_application(f, row->application_id);
	struct profile *p = fleet_profile(f, row->profile_id);
	struct device *d = fleet_device(f, row->dev_eui);

	if (!a || !p)
		return LS_EBUG;
	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return LS_ENOMEM;
		d->dev_eui = row->dev_eui;
		d->join_nonce = row->join_nonce;
		if (ptr_table_add(&f->devices, d)) {
			free(d);
			return LS_ENOMEM;
		}
	} else {
		d->application->n_devices--;
		d->profile->n_devices--;
	}
	d->application = a;
	d->profile = p;
	a->n_devices++;
	p->n_devices++;
	d->join_eui = row->join_eui;
	d->enabled = row->enabled;
	d->has_app_key = row->has_app_key;
	d->app_key = row->app_key;
	if (set_text(&d->name, row->name))
		return LS_ENOMEM;
	free(d->tags);
	d->tags = NULL;
	if (row->tags && strcmp(row->tags, "{}") != 0 && row->tags[0])
		return set_text(&d->tags, row->tags);
	return LS_OK;
}

int fleet_apply_device(struct fleet *f, const json_t *record)
{
	char *tags = json_dumps(json_object_get(record, "tags"), JSON_COMPACT | JSON_ENCODE_ANY);
	struct device_row row = {.name = text_of(record, "name"), .tags = tags};
	int rc = LS_EBUG;

	if (eui64_parse(text_of(record, "dev_eui"), &row.dev_eui) ||
	    eui64_parse(text_of(record, "join_eui"), &row.join_eui) ||
	    uuid_parse(text_of(record, "application_id"), &row.application_id) ||
	    uuid_parse(text_of(record, "profile_id"), &row.profile_id))
		goto out;
	row.enabled = json_is_true(json_object_get(record, "enabled"));
	row.has_app_key = !key_parse(text_of(record, "app_key"), &row.app_key);
	rc = fleet_place_device(f, &row);
out:
	key_wipe(&row.app_key);
	free(tags);
	return rc;
}
