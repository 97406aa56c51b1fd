#include "network/fleet_multicast.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FRAME_OVERHEAD 8 /* of a MACPayload: FHDR without FOpts, and FPort */

/* ---- sorted lists of EUIs ------------------------------------------------------------------- */

static size_t place_of(const struct eui_list *l, struct eui64 id)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(l->list[middle].be, id.be, sizeof(id.be)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool eui_list_has(const struct eui_list *l, struct eui64 id)
{
	size_t at = place_of(l, id);

	return at < l->n && eui64_equal(l->list[at], id);
}

/* 1 added, 0 was there, LS_ENOMEM. */
static int list_add(struct eui_list *l, struct eui64 id)
{
	size_t at = place_of(l, id);

	if (at < l->n && eui64_equal(l->list[at], id))
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct eui64 *more = realloc(l->list, cap * sizeof(*more));

		if (!more)
			return LS_ENOMEM;
		l->list = more;
		l->cap = cap;
	}
	memmove(&l->list[at + 1], &l->list[at], (l->n - at) * sizeof(l->list[0]));
	l->list[at] = id;
	l->n++;
	return 1;
}

static bool list_remove(struct eui_list *l, struct eui64 id)
{
	size_t at = place_of(l, id);

	if (at == l->n || !eui64_equal(l->list[at], id))
		return false;
	l->n--;
	memmove(&l->list[at], &l->list[at + 1], (l->n - at) * sizeof(l->list[0]));
	return true;
}

unsigned multicast_max_item(const struct region *region, int dr)
{
	unsigned m = 0;

	if (region_downlink_radio(region, MULTICAST_REVISION, dr))
		m = region_max_downlink_m(region, MULTICAST_REVISION, dr,
		                          region_params(region, MULTICAST_REVISION)->boot_downlink_dwell);
	return m > FRAME_OVERHEAD ? m - FRAME_OVERHEAD : 0;
}

/* ---- groups --------------------------------------------------------------------------------- */

struct multicast_group *fleet_multicast(const struct fleet *f, struct uuid id)
{
	return fleet_find_uuid(f, &f->multicast_groups, id);
}

struct multicast_group *fleet_multicast_by_name(const struct fleet *f, const struct tenant *t,
                                                const struct application *a, const char *name, size_t *n)
{
	struct multicast_group *g, *first = NULL;
	size_t at = 0;

	*n = 0;
	while ((g = ptr_table_next(&f->multicast_groups, &at))) {
		if ((t && g->application->tenant != t) || (a && g->application != a) || strcmp(g->name, name) != 0)
			continue;
		if (!(*n)++)
			first = g;
	}
	return first;
}

static void group_free(struct multicast_group *g)
{
	while (g->queue)
		multicast_queue_remove(g, g->queue->id);
	key_wipe(&g->mc_nwk_s_key);
	key_wipe(&g->mc_app_s_key);
	free(g->devices.list);
	free(g->gateways.list);
	free(g->name);
	free(g);
}

static const char *text_of(const json_t *record, const char *key)
{
	const char *s = json_string_value(json_object_get(record, key));

	return s ? s : "";
}

static int make_group(struct fleet *f, const json_t *record, struct uuid id, struct multicast_group **out)
{
	struct uuid application_id;
	struct application *a;
	struct multicast_group *g;

	if (uuid_parse(text_of(record, "application_id"), &application_id) || !(a = fleet_application(f, application_id)))
		return LS_EBUG;
	g = calloc(1, sizeof(*g));
	if (!g)
		return LS_ENOMEM;
	g->id = id;
	g->application = a;
	g->f_cnt_down = (uint32_t)json_integer_value(json_object_get(record, "f_cnt_down"));
	if (ptr_table_add(&f->multicast_groups, g)) {
		free(g);
		return LS_ENOMEM;
	}
	a->n_multicast_groups++;
	*out = g;
	return LS_OK;
}

int fleet_apply_multicast(struct fleet *f, const json_t *record)
{
	const json_t *periodicity = json_object_get(record, "ping_slot_periodicity");
	struct multicast_group *g;
	struct uuid id;
	char *name;
	int rc;

	if (uuid_parse(text_of(record, "multicast_id"), &id))
		return LS_EBUG;
	g = fleet_multicast(f, id);
	if (!g) {
		rc = make_group(f, record, id, &g);
		if (rc)
			return rc;
	}
	if (dev_addr_parse(text_of(record, "mc_addr"), &g->mc_addr) ||
	    key_parse(text_of(record, "mc_nwk_s_key"), &g->mc_nwk_s_key) ||
	    key_parse(text_of(record, "mc_app_s_key"), &g->mc_app_s_key))
		return LS_EBUG;
	g->group_class = strcmp(text_of(record, "group_type"), "B") == 0 ? CLASS_B : CLASS_C;
	g->gps_time = strcmp(text_of(record, "class_c_scheduling"), "gps_time") == 0;
	strncpy(g->region_name, text_of(record, "region"), sizeof(g->region_name) - 1);
	g->region = fleet_region(f, g->region_name);
	g->dr = (uint8_t)json_integer_value(json_object_get(record, "dr"));
	g->freq_hz = (uint32_t)json_integer_value(json_object_get(record, "freq_hz"));
	g->ping_slot_periodicity = json_is_integer(periodicity) ? (int8_t)json_integer_value(periodicity) : -1;
	name = strdup(text_of(record, "name"));
	if (!name)
		return LS_ENOMEM;
	free(g->name);
	g->name = name;
	return LS_OK;
}

static void detach(struct fleet *f, struct multicast_group *g)
{
	for (size_t i = 0; i < g->devices.n; i++) {
		struct device *d = fleet_device(f, g->devices.list[i]);

		if (d)
			d->n_multicast_groups--;
	}
	g->application->n_multicast_groups--;
	ptr_table_remove(&f->multicast_groups, g);
	group_free(g);
}

void fleet_remove_multicast(struct fleet *f, struct uuid id)
{
	struct multicast_group *g = fleet_multicast(f, id);

	if (g)
		detach(f, g);
}

void fleet_clear_multicast(struct fleet *f)
{
	struct multicast_group *g;
	size_t at = 0;

	while ((g = ptr_table_next(&f->multicast_groups, &at)))
		group_free(g);
	ptr_table_fini(&f->multicast_groups);
}

/* ---- members and gateways ------------------------------------------------------------------- */

int multicast_add_device(struct fleet *f, struct multicast_group *g, struct eui64 dev_eui)
{
	struct device *d = fleet_device(f, dev_eui);
	int rc = d ? list_add(&g->devices, dev_eui) : LS_EBUG;

	if (rc == 1)
		d->n_multicast_groups++;
	return rc < 0 ? rc : LS_OK;
}

void multicast_remove_device(struct fleet *f, struct multicast_group *g, struct eui64 dev_eui)
{
	struct device *d = fleet_device(f, dev_eui);

	if (list_remove(&g->devices, dev_eui) && d)
		d->n_multicast_groups--;
}

int multicast_add_gateway(struct multicast_group *g, struct eui64 gateway_id)
{
	int rc = list_add(&g->gateways, gateway_id);

	return rc < 0 ? rc : LS_OK;
}

void multicast_remove_gateway(struct multicast_group *g, struct eui64 gateway_id)
{
	list_remove(&g->gateways, gateway_id);
}

void fleet_multicast_forget_device(struct fleet *f, struct device *d)
{
	struct multicast_group *g;
	size_t at = 0;

	while (d->n_multicast_groups && (g = ptr_table_next(&f->multicast_groups, &at)))
		multicast_remove_device(f, g, d->dev_eui);
}

void fleet_multicast_forget_gateway(struct fleet *f, struct eui64 gateway_id)
{
	struct multicast_group *g;
	size_t at = 0;

	while ((g = ptr_table_next(&f->multicast_groups, &at)))
		multicast_remove_gateway(g, gateway_id);
}

/* ---- queue ---------------------------------------------------------------------------------- */

int multicast_queue_add(struct multicast_group *g, const struct multicast_row *row)
{
	struct multicast_item *item = calloc(1, sizeof(*item) + row->data_len), **end = &g->queue;

	if (!item)
		return LS_ENOMEM;
	item->id = row->queue_item_id;
	item->f_port = row->f_port;
	item->data_len = (uint8_t)row->data_len;
	item->expires_us = row->expires_us;
	if (row->data_len)
		memcpy(item->data, row->data, row->data_len);
	while (*end)
		end = &(*end)->next;
	*end = item;
	return LS_OK;
}

struct multicast_item *multicast_queue_find(const struct multicast_group *g, struct uuid id)
{
	struct multicast_item *item = g->queue;

	while (item && !uuid_equal(item->id, id))
		item = item->next;
	return item;
}

void multicast_queue_remove(struct multicast_group *g, struct uuid id)
{
	for (struct multicast_item **at = &g->queue; *at; at = &(*at)->next)
		if (uuid_equal((*at)->id, id)) {
			struct multicast_item *item = *at;

			*at = item->next;
			free(item);
			return;
		}
}
