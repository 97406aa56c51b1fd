/* follow.c - see follow.h. Children leave before their parents, and come after them. */
#include "control/follow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hex.h"
#include "network/fleet_multicast.h"

struct follow_object {
	const struct entity *entity;
	char id[UUID_TEXT_SIZE];
	bool parts;
	json_t *record;                     /* NULL: it is gone */
	json_t *members, *gateways, *items; /* of a multicast group */
};

/* Parents first. */
static const enum entity_id order[] = {E_TENANT, E_APPLICATION, E_PROFILE, E_GATEWAY, E_DEVICE, E_MULTICAST};
#define N_ORDER (sizeof(order) / sizeof(order[0]))

/* --- [store] --- */

static int read_list(struct store_db *db, enum entity_id id, const char *multicast_id, json_t **out)
{
	json_t *scope = json_pack("{s:s}", "multicast_id", multicast_id);
	struct record_list list = {.scope = scope, .limit = 10000};
	int rc = record_list(db, &model_entities[id], &list);

	json_decref(scope);
	*out = list.items;
	return rc;
}

static int read_object(struct store_db *db, struct follow_object *o)
{
	int rc = record_get(db, o->entity, o->id, &o->record);
	json_t *keys = NULL;

	if (rc == LS_ENOTFOUND)
		return LS_OK;
	if (!rc && o->entity == &model_entities[E_DEVICE]) {
		rc = record_get(db, &model_entities[E_DEVICE_KEYS], o->id, &keys);
		if (!rc) {
			json_object_set(o->record, "app_key", json_object_get(keys, "app_key"));
			json_object_set(o->record, "nwk_key", json_object_get(keys, "nwk_key"));
		}
		json_decref(keys);
	}
	if (!rc && o->entity == &model_entities[E_MULTICAST]) {
		rc = read_list(db, E_MULTICAST_DEVICE, o->id, &o->members);
		if (!rc)
			rc = read_list(db, E_MULTICAST_GATEWAY, o->id, &o->gateways);
		if (!rc)
			rc = read_list(db, E_MULTICAST_ITEM, o->id, &o->items);
	}
	return rc;
}

/* Sessions, nonces and queues of devices that came back, or whose own were changed. */
static int read_devices(struct follow *f, struct store_db *db)
{
	struct eui64 *dev_euis = calloc(f->n + 1, sizeof(*dev_euis));
	size_t n = 0;
	int rc;

	if (!dev_euis)
		return LS_ENOMEM;
	for (size_t i = 0; i < f->n; i++)
		if (f->objects[i].entity == &model_entities[E_DEVICE] && f->objects[i].record && f->objects[i].parts &&
		    !eui64_parse(f->objects[i].id, &dev_euis[n]))
			n++;
	f->reload = fleet_reload_new();
	rc = f->reload ? fleet_reload_read(f->reload, db, dev_euis, n) : LS_ENOMEM;
	free(dev_euis);
	return rc;
}

int follow_read(struct follow *f, struct store_db *db, const struct change_info *info)
{
	int rc = LS_OK;

	f->objects = calloc(info->n + 1, sizeof(*f->objects));
	if (!f->objects)
		return LS_ENOMEM;
	for (f->n = 0; f->n < info->n && !rc; f->n++) {
		struct follow_object *o = &f->objects[f->n];

		o->entity = info->objects[f->n].entity;
		memcpy(o->id, info->objects[f->n].id, sizeof(o->id));
		o->parts = info->objects[f->n].parts || info->objects[f->n].op != CHANGE_CHANGED;
		rc = read_object(db, o);
	}
	return rc ? rc : read_devices(f, db);
}

/* --- on the loop --- */

static void remove_device(struct server *srv, const char *id)
{
	struct eui64 dev_eui;
	struct device *d = eui64_parse(id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);

	if (!d)
		return;
	network_forget_device(srv->network, d);
	fleet_remove_device(&srv->fleet, dev_eui);
}

static void remove_multicast(struct server *srv, struct uuid id)
{
	struct multicast_group *g = fleet_multicast(&srv->fleet, id);

	if (!g)
		return;
	network_forget_multicast(srv->network, g);
	fleet_remove_multicast(&srv->fleet, id);
}

static void remove_object(struct server *srv, enum entity_id entity, const char *text)
{
	struct fleet *f = &srv->fleet;
	struct eui64 eui;
	struct uuid id;

	if (entity == E_DEVICE) {
		remove_device(srv, text);
	} else if (entity == E_GATEWAY) {
		if (!eui64_parse(text, &eui) && fleet_gateway(f, eui))
			fleet_remove_gateway(f, eui);
	} else if (!uuid_parse(text, &id)) {
		if (entity == E_MULTICAST)
			remove_multicast(srv, id);
		else if (entity == E_PROFILE && fleet_profile(f, id))
			fleet_remove_profile(f, id);
		else if (entity == E_APPLICATION && fleet_application(f, id))
			fleet_remove_application(f, id);
		else if (entity == E_TENANT && fleet_tenant(f, id))
			fleet_remove_tenant(f, id);
	}
}

static int apply_record(struct server *srv, enum entity_id entity, const json_t *record)
{
	struct fleet *f = &srv->fleet;

	switch (entity) {
	case E_TENANT: return fleet_apply_tenant(f, record);
	case E_APPLICATION: return fleet_apply_application(f, record);
	case E_PROFILE: return fleet_apply_profile(f, record);
	case E_GATEWAY: return fleet_apply_gateway(f, record);
	case E_DEVICE: return fleet_apply_device(f, record);
	case E_MULTICAST: return fleet_apply_multicast(f, record);
	default: return LS_EBUG;
	}
}

static bool has_row(const json_t *rows, const char *name, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *text = json_string_value(json_object_get(row, name));

		if (text && strcmp(text, id) == 0)
			return true;
	}
	return false;
}

static int sync_members(struct server *srv, struct multicast_group *g, const struct follow_object *o)
{
	char text[EUI64_TEXT_SIZE];
	const json_t *row;
	struct eui64 eui;
	size_t i;
	int rc = LS_OK;

	for (size_t k = g->devices.n; k-- > 0;)
		if (!has_row(o->members, "dev_eui", eui64_format(g->devices.list[k], text)))
			multicast_remove_device(&srv->fleet, g, g->devices.list[k]);
	for (size_t k = g->gateways.n; k-- > 0;)
		if (!has_row(o->gateways, "gateway_id", eui64_format(g->gateways.list[k], text)))
			multicast_remove_gateway(g, g->gateways.list[k]);
	json_array_foreach(o->members, i, row)
		if (!rc && !eui64_parse(json_string_value(json_object_get(row, "dev_eui")), &eui) && fleet_device(&srv->fleet, eui) &&
		    !eui_list_has(&g->devices, eui))
			rc = multicast_add_device(&srv->fleet, g, eui);
	json_array_foreach(o->gateways, i, row)
		if (!rc && !eui64_parse(json_string_value(json_object_get(row, "gateway_id")), &eui) && !eui_list_has(&g->gateways, eui))
			rc = multicast_add_gateway(g, eui);
	return rc;
}

static int add_item(struct multicast_group *g, const json_t *item)
{
	const char *id = json_string_value(json_object_get(item, "queue_item_id"));
	const char *hex = json_string_value(json_object_get(item, "data"));
	const char *expires = json_string_value(json_object_get(item, "expires_at"));
	uint8_t data[UINT8_MAX];
	struct multicast_row row = {.multicast_id = g->id, .data = data};

	if (!id || uuid_parse(id, &row.queue_item_id) || multicast_queue_find(g, row.queue_item_id))
		return LS_OK;
	if (hex && hex_decode(hex, strlen(hex), data, sizeof(data), &row.data_len))
		return LS_EBUG;
	if (expires && clock_parse(expires, strlen(expires), &row.expires_us))
		return LS_EBUG;
	row.f_port = (uint8_t)json_integer_value(json_object_get(item, "f_port"));
	return multicast_queue_add(g, &row);
}

static int sync_multicast(struct server *srv, const struct follow_object *o)
{
	struct multicast_group *g;
	struct uuid id;
	char text[UUID_TEXT_SIZE];
	const json_t *item;
	size_t i;
	int rc;

	if (uuid_parse(o->id, &id) || !(g = fleet_multicast(&srv->fleet, id)))
		return LS_OK;
	rc = sync_members(srv, g, o);
	for (struct multicast_item *at = g->queue, *next; at; at = next) {
		next = at->next;
		if (!at->in_flight && !has_row(o->items, "queue_item_id", uuid_format(at->id, text)))
			multicast_queue_remove(g, at->id);
	}
	json_array_foreach(o->items, i, item)
		if (!rc)
			rc = add_item(g, item);
	network_multicast_changed(srv->network, g);
	return rc;
}

/* The device whose session, keys or queue changed, or NULL. */
static struct device *device_with_parts(struct server *srv, const struct follow_object *o)
{
	struct eui64 dev_eui;

	if (o->entity != &model_entities[E_DEVICE] || !o->parts || eui64_parse(o->id, &dev_eui))
		return NULL;
	return fleet_device(&srv->fleet, dev_eui);
}

/* What was about to be sent rested on what was before. */
static void forget_answers(struct server *srv, const struct follow *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct device *d = device_with_parts(srv, &f->objects[i]);

		if (d)
			network_forget_device(srv->network, d);
	}
}

static void watch_queues(struct server *srv, const struct follow *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct device *d = device_with_parts(srv, &f->objects[i]);

		if (d && d->queue)
			network_queue_changed(srv->network, d);
	}
}

int follow_apply(struct follow *f, struct server *srv)
{
	int rc = LS_OK;

	for (size_t k = N_ORDER; k-- > 0;)
		for (size_t i = 0; i < f->n; i++)
			if (!f->objects[i].record && f->objects[i].entity == &model_entities[order[k]])
				remove_object(srv, order[k], f->objects[i].id);
	for (size_t k = 0; k < N_ORDER && !rc; k++)
		for (size_t i = 0; i < f->n && !rc; i++)
			if (f->objects[i].record && f->objects[i].entity == &model_entities[order[k]])
				rc = apply_record(srv, order[k], f->objects[i].record);
	forget_answers(srv, f);
	if (!rc)
		rc = fleet_reload_apply(&srv->fleet, f->reload);
	for (size_t i = 0; i < f->n && !rc; i++)
		if (f->objects[i].record && f->objects[i].entity == &model_entities[E_MULTICAST])
			rc = sync_multicast(srv, &f->objects[i]);
	watch_queues(srv, f);
	return rc;
}

void follow_fini(struct follow *f)
{
	for (size_t i = 0; i < f->n; i++) {
		json_decref(f->objects[i].record);
		json_decref(f->objects[i].members);
		json_decref(f->objects[i].gateways);
		json_decref(f->objects[i].items);
	}
	free(f->objects);
	fleet_reload_free(f->reload);
	*f = (struct follow){.n = 0};
}
