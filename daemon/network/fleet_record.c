/* fleet_record.c - records of the registry, as committed, into the structs of the fleet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "network/fleet.h"
#include "network/region_choice.h"

#define CLASS_TIMEOUT_S 8 /* CLASS_B/C_RESP_TIMEOUT of the standard */

static const char *text_of(const json_t *record, const char *key)
{
	const char *s = json_string_value(json_object_get(record, key));

	return s ? s : "";
}

static int64_t number_of(const json_t *record, const char *key, int64_t none)
{
	const json_t *value = json_object_get(record, key);

	return json_is_integer(value) ? json_integer_value(value) : none;
}

static bool is_true(const json_t *record, const char *key)
{
	return json_is_true(json_object_get(record, key));
}

static struct mac_wish wish_of(const json_t *record)
{
	struct mac_wish w = {
		.rx1_delay_s = (int8_t)number_of(record, "desired_rx1_delay_s", MAC_WISH_NONE),
		.rx1_dr_offset = (int8_t)number_of(record, "desired_rx1_dr_offset", MAC_WISH_NONE),
		.rx2_dr = (int8_t)number_of(record, "desired_rx2_dr", MAC_WISH_NONE),
		.rx2_freq_hz = (uint32_t)number_of(record, "desired_rx2_freq_hz", 0),
		.max_duty_cycle = (int8_t)number_of(record, "desired_max_duty_cycle", MAC_WISH_NONE),
		.dr = (int8_t)number_of(record, "desired_dr", MAC_WISH_NONE),
		.tx_power = (int8_t)number_of(record, "desired_tx_power", MAC_WISH_NONE),
		.nb_trans = (int8_t)number_of(record, "desired_nb_trans", MAC_WISH_NONE),
	};

	w.has_channels = channel_list_parse(text_of(record, "desired_channels"), w.channels) == LS_OK;
	return w;
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

/* The same, NULL when the text is empty. */
static int set_optional_text(char **field, const char *text)
{
	if (text[0])
		return set_text(field, text);
	free(*field);
	*field = NULL;
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

static enum dev_nonce_check dev_nonce_check_of(const char *text)
{
	return strcmp(text, "off") == 0 ? DEV_NONCE_OFF : strcmp(text, "set") == 0 ? DEV_NONCE_SET : DEV_NONCE_VERSION;
}

/* All that a record says in numbers and flags beside what a profile must have. */
static void apply_profile_numbers(struct profile *p, const json_t *record)
{
	p->supports_class_b = is_true(record, "supports_class_b");
	p->supports_class_c = is_true(record, "supports_class_c");
	p->class_b_timeout_s = (uint16_t)number_of(record, "class_b_timeout_s", CLASS_TIMEOUT_S);
	p->class_c_timeout_s = (uint16_t)number_of(record, "class_c_timeout_s", CLASS_TIMEOUT_S);
	p->adr_min_dr = (int8_t)number_of(record, "adr_min_dr", -1);
	p->adr_max_dr = (int8_t)number_of(record, "adr_max_dr", -1);
	p->adr_min_tx_power = (int8_t)number_of(record, "adr_min_tx_power", -1);
	p->adr_max_tx_power = (int8_t)number_of(record, "adr_max_tx_power", -1);
	p->max_fcnt_gap = number_of(record, "max_fcnt_gap", -1);
	p->dev_nonce_check = dev_nonce_check_of(text_of(record, "dev_nonce_check"));
	p->f_cnt_16_bit = is_true(record, "f_cnt_16_bit");
	p->f_cnt_relaxed = is_true(record, "f_cnt_relaxed");
	p->dev_status_interval_s = (uint32_t)number_of(record, "dev_status_interval_s", 0);
	p->ping_slot_periodicity = (int8_t)number_of(record, "ping_slot_periodicity", -1);
	p->ping_slot_dr = (int8_t)number_of(record, "ping_slot_dr", -1);
	p->ping_slot_freq_hz = (uint32_t)number_of(record, "ping_slot_freq_hz", 0);
	p->rejoin_max_time_n = (int8_t)number_of(record, "rejoin_max_time_n", -1);
	p->rejoin_max_count_n = (int8_t)number_of(record, "rejoin_max_count_n", -1);
	p->abp_rx1_delay_s = (int8_t)number_of(record, "abp_rx1_delay_s", -1);
	p->abp_rx1_dr_offset = (int8_t)number_of(record, "abp_rx1_dr_offset", -1);
	p->abp_rx2_dr = (int8_t)number_of(record, "abp_rx2_dr", -1);
	p->abp_rx2_freq_hz = (uint32_t)number_of(record, "abp_rx2_freq_hz", 0);
	p->wish = wish_of(record);
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
	if (reg_params_revision_parse(text_of(record, "reg_params_revision"), p->mac_version, &p->revision))
		return LS_EBUG;
	strncpy(p->region_name, text_of(record, "region"), sizeof(p->region_name) - 1);
	p->supports_otaa = is_true(record, "supports_otaa");
	p->flush_queue_on_join = is_true(record, "flush_queue_on_join");
	apply_profile_numbers(p, record);
	rc = set_text(&p->name, text_of(record, "name"));
	if (!rc)
		rc = set_optional_text(&p->region_config, text_of(record, "region_config"));
	p->region = NULL;
	for (size_t i = 0; i < f->n_regions && !p->region && !rc; i++)
		if (region_choice_fits(p, &f->regions[i]))
			p->region = &f->regions[i];
	if (!rc)
		rc = set_optional_text(&p->adr_algorithm, text_of(record, "adr_algorithm"));
	if (!rc)
		rc = set_optional_text(&p->abp_channels, text_of(record, "abp_channels"));
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
	snprintf(g->region_name, sizeof(g->region_name), "%s", text_of(record, "region"));
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

/* Most devices have no wish of their own. */
static int set_wish(struct mac_wish **field, const struct mac_wish *w)
{
	if (mac_wish_is_none(w)) {
		free(*field);
		*field = NULL;
		return LS_OK;
	}
	if (!*field)
		*field = malloc(sizeof(**field));
	if (!*field)
		return LS_ENOMEM;
	**field = *w;
	return LS_OK;
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
		d->rj_count1 = row->rj_count1;
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
	d->has_nwk_key = row->has_nwk_key;
	d->nwk_key = row->nwk_key;
	if (set_wish(&d->wish, &row->wish))
		return LS_ENOMEM;
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
	struct device_row row = {.name = text_of(record, "name"), .tags = tags, .rj_count1 = -1, .wish = wish_of(record)};
	int rc = LS_EBUG;

	if (eui64_parse(text_of(record, "dev_eui"), &row.dev_eui) ||
	    eui64_parse(text_of(record, "join_eui"), &row.join_eui) ||
	    uuid_parse(text_of(record, "application_id"), &row.application_id) ||
	    uuid_parse(text_of(record, "profile_id"), &row.profile_id))
		goto out;
	row.enabled = json_is_true(json_object_get(record, "enabled"));
	row.has_app_key = !key_parse(text_of(record, "app_key"), &row.app_key);
	row.has_nwk_key = !key_parse(text_of(record, "nwk_key"), &row.nwk_key);
	rc = fleet_place_device(f, &row);
out:
	key_wipe(&row.app_key);
	key_wipe(&row.nwk_key);
	free(tags);
	return rc;
}
