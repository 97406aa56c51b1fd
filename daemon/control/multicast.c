/* multicast.c - multicast groups: the groups themselves, their devices, gateways and queue. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/internal.h"
#include "network/fleet_multicast.h"

#define ITEMS_MAX 64     /* of a group */

static struct multicast_group *group_of(struct server *srv, const struct request *r)
{
	struct uuid id;

	return uuid_parse(request_text(r, "multicast_id"), &id) ? NULL : fleet_multicast(&srv->fleet, id);
}

/* --- the groups --- */

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_multicast(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct multicast_group *g;
	struct uuid id;

	if (uuid_parse(w->id, &id))
		return LS_EBUG;
	g = fleet_multicast(&srv->fleet, id);
	if (g) {
		network_forget_multicast(srv->network, g);
		fleet_remove_multicast(&srv->fleet, id);
	}
	return LS_OK;
}

/* What is refused by the region of a group, as it will be after this request. g: as it is, or NULL. */
static int check_radio(struct server *srv, struct request *r, const struct multicast_group *g)
{
	const char *name = request_text(r, "region");
	const struct region *region = name ? fleet_region(&srv->fleet, name) : g ? g->region : NULL;
	int64_t dr = request_int(r, "dr", g ? g->dr : 0), freq_hz = request_int(r, "freq_hz", g ? g->freq_hz : 0);
	int rc = request_check_region(srv, r, name);

	if (rc || !region)
		return rc;
	if (!multicast_max_item(region, (int)dr))
		return request_refuse(r, LS_EINVAL, "dr", NULL, NULL, "%s has no downlink data rate %d", region->table->name, (int)dr);
	if (freq_hz && !region_has_frequency(region, (uint32_t)freq_hz))
		return request_refuse(r, LS_EINVAL, "freq_hz", NULL, NULL, "%lld Hz lies outside %s", (long long)freq_hz,
		                      region->table->name);
	return LS_OK;
}

int do_MULTICAST_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), NULL);
}

int do_MULTICAST_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

int do_MULTICAST_CREATE(struct server *srv, struct request *r)
{
	bool is_class_b = strcmp(request_text(r, "group_type"), "B") == 0;
	char id[UUID_TEXT_SIZE];
	int rc = check_radio(srv, r, NULL);

	if (!rc && is_class_b && request_int(r, "ping_slot_periodicity", -1) < 0)
		return request_refuse(r, LS_EUSAGE, "ping_slot_periodicity", NULL, NULL,
		                      "a group of class B needs its ping slot periodicity");
	return rc ? rc : crud_create(srv, r, uuid_format(uuid_random(), id), apply);
}

int do_MULTICAST_SET(struct server *srv, struct request *r)
{
	const struct multicast_group *g = group_of(srv, r);
	const json_t *unset = json_object_get(r->params, "unset"), *name;
	size_t i;
	int rc;

	if (!g)
		return LS_ENOTFOUND;
	json_array_foreach(unset, i, name)
		if (g->group_class == CLASS_B && strcmp(json_string_value(name), "ping_slot_periodicity") == 0)
			return request_refuse(r, LS_EINVAL, "ping_slot_periodicity", NULL, NULL,
			                      "a group of class B needs its ping slot periodicity");
	rc = check_radio(srv, r, g);
	return rc ? rc : crud_submit(srv, r, crud_set_begin(srv, r, apply));
}

int do_MULTICAST_DELETE(struct server *srv, struct request *r)
{
	return crud_submit(srv, r, crud_delete_begin(srv, r, apply_delete));
}

/* --- devices and gateways --- */

struct link {
	struct uuid multicast_id;
	struct eui64 eui;
	bool is_gateway, add;
};

static int apply_link(struct server *srv, struct write *w)
{
	const struct link *l = w->own;
	struct multicast_group *g = fleet_multicast(&srv->fleet, l->multicast_id);

	if (!g)
		return LS_OK; /* deleted meanwhile */
	if (l->is_gateway && l->add)
		return multicast_add_gateway(g, l->eui);
	if (l->is_gateway)
		multicast_remove_gateway(g, l->eui);
	else if (!l->add)
		multicast_remove_device(&srv->fleet, g, l->eui);
	else if (fleet_device(&srv->fleet, l->eui))
		return multicast_add_device(&srv->fleet, g, l->eui);
	return LS_OK;
}

static int change_link(struct server *srv, struct request *r, bool is_gateway, bool add)
{
	const char *name = is_gateway ? "gateway_id" : "dev_eui", *eui = request_text(r, name);
	struct multicast_group *g = group_of(srv, r);
	struct write *w;
	struct link *l;
	int rc;

	if (!g)
		return LS_ENOTFOUND;
	rc = write_check_deletion(srv, r, &model_entities[E_MULTICAST], request_text(r, "multicast_id"));
	if (!rc)
		rc = write_check_deletion(srv, r, &model_entities[is_gateway ? E_GATEWAY : E_DEVICE], eui);
	if (rc)
		return rc;
	w = write_new(r, method_entity(r->method), eui);
	l = w ? store_batch_alloc(w->batch, sizeof(*l)) : NULL;
	if (!l) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = l;
	*l = (struct link){.multicast_id = g->id, .is_gateway = is_gateway, .add = add};
	rc = eui64_parse(eui, &l->eui);
	if (!rc)
		rc = is_gateway ? store_batch_multicast_gateway(w->batch, g->id, l->eui, add)
		                : store_batch_multicast_device(w->batch, g->id, l->eui, add);
	if (rc) {
		write_free(w);
		return rc;
	}
	w->apply = apply_link;
	w->result = json_pack("{s:s, s:s}", "multicast_id", request_text(r, "multicast_id"), name, eui);
	return write_submit(srv, w);
}

int do_MULTICAST_DEVICE_ADD(struct server *srv, struct request *r)
{
	const struct multicast_group *g = group_of(srv, r);
	const struct device *d = request_device(srv, r);

	if (!g || !d)
		return LS_ENOTFOUND;
	if (d->application != g->application)
		return request_refuse(r, LS_EINVAL, "dev_eui", NULL, NULL, "device %s is in application %s, the group in %s", d->name,
		                      d->application->name, g->application->name);
	return change_link(srv, r, false, true);
}

int do_MULTICAST_DEVICE_REMOVE(struct server *srv, struct request *r)
{
	return change_link(srv, r, false, false);
}

int do_MULTICAST_GATEWAY_ADD(struct server *srv, struct request *r)
{
	const struct multicast_group *g = group_of(srv, r);
	const struct gateway *gateway;
	struct eui64 id;

	if (!g || eui64_parse(request_text(r, "gateway_id"), &id) || !(gateway = fleet_gateway(&srv->fleet, id)))
		return LS_ENOTFOUND;
	if (gateway->is_private && gateway->tenant != g->application->tenant)
		return request_refuse(r, LS_EINVAL, "gateway_id", NULL, NULL, "gateway %s serves only tenant %s", gateway->name,
		                      gateway->tenant->name);
	return change_link(srv, r, true, true);
}

int do_MULTICAST_GATEWAY_REMOVE(struct server *srv, struct request *r)
{
	return change_link(srv, r, true, false);
}

static int list_of_group(struct server *srv, struct request *r)
{
	return crud_list(srv, r, json_pack("{s:O}", "multicast_id", json_object_get(r->params, "multicast_id")), NULL);
}

int do_MULTICAST_DEVICE_LIST(struct server *srv, struct request *r)
{
	return list_of_group(srv, r);
}

int do_MULTICAST_GATEWAY_LIST(struct server *srv, struct request *r)
{
	return list_of_group(srv, r);
}

/* --- the queue --- */

struct push {
	struct multicast_row row;
	uint8_t data[PAYLOAD_MAX];
};

static int apply_push(struct server *srv, struct write *w)
{
	const struct push *p = w->own;
	struct multicast_group *g = fleet_multicast(&srv->fleet, p->row.multicast_id);
	int rc;

	if (!g)
		return LS_OK;
	rc = multicast_queue_add(g, &p->row);
	network_multicast_changed(srv->network, g);
	return rc;
}

static int check_push(struct server *srv, struct request *r, const struct multicast_group *g, size_t len)
{
	unsigned most = g->region ? multicast_max_item(g->region, g->dr) : 0, items = 0;
	int rc = write_check_deletion(srv, r, &model_entities[E_MULTICAST], request_text(r, "multicast_id"));

	if (rc)
		return rc;
	if (g->region && len > most)
		return request_refuse(r, LS_ELONG, "data", NULL, NULL, "%zu octets; data rate %u of the group carries %u", len, g->dr,
		                      most);
	for (const struct multicast_item *i = g->queue; i; i = i->next)
		items++;
	if (items >= ITEMS_MAX)
		return request_refuse(r, LS_ECONFLICT, NULL, NULL, NULL,
		                      "multicast group %s has %d queued downlinks already, the most there may be", g->name, ITEMS_MAX);
	return LS_OK;
}

static int64_t time_param(const struct request *r, const char *name)
{
	const char *text = request_text(r, name);
	int64_t us = 0;

	return text && clock_parse(text, strlen(text), &us) == LS_OK ? us : 0;
}

static int run_push(struct store_db *db, struct write *w)
{
	return write_read_back(db, w);
}

int do_MULTICAST_QUEUE_PUSH(struct server *srv, struct request *r)
{
	struct multicast_group *g = group_of(srv, r);
	struct uuid id = uuid_random();
	char text[UUID_TEXT_SIZE];
	uint8_t data[PAYLOAD_MAX];
	struct write *w;
	struct push *p;
	size_t len;
	int rc;

	if (!g)
		return LS_ENOTFOUND;
	rc = request_payload(r, data, &len);
	if (!rc && request_text(r, "expires_at") && time_param(r, "expires_at") <= clock_wall_us())
		return request_refuse(r, LS_EINVAL, "expires_at", NULL, NULL, "expires_at: that time is over");
	if (!rc)
		rc = check_push(srv, r, g, len);
	if (rc)
		return rc;
	if (request_text(r, "id") && uuid_parse(request_text(r, "id"), &id))
		return LS_EINVAL;
	w = write_new(r, method_entity(r->method), uuid_format(id, text));
	p = w ? store_batch_alloc(w->batch, sizeof(*p)) : NULL;
	if (!p) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = p;
	memcpy(p->data, data, len);
	p->row = (struct multicast_row){
		.queue_item_id = id,
		.multicast_id = g->id,
		.f_port = (uint8_t)request_int(r, "f_port", 1),
		.created_us = clock_wall_us(),
		.expires_us = time_param(r, "expires_at"),
		.data = p->data,
		.data_len = len,
	};
	rc = store_batch_multicast_item_put(w->batch, &p->row);
	if (rc) {
		write_free(w);
		return rc;
	}
	w->run = run_push;
	w->apply = apply_push;
	return write_submit(srv, w);
}

int do_MULTICAST_QUEUE_LIST(struct server *srv, struct request *r)
{
	return list_of_group(srv, r);
}

struct flush {
	struct uuid multicast_id;
	size_t n;
	struct uuid ids[]; /* dropped */
};

static int apply_flush(struct server *srv, struct write *w)
{
	const struct flush *f = w->own;
	struct multicast_group *g = fleet_multicast(&srv->fleet, f->multicast_id);

	for (size_t i = 0; g && i < f->n; i++)
		multicast_queue_remove(g, f->ids[i]);
	return LS_OK;
}

/* What is at gateways already is on its way: it is left, and goes by itself. */
int do_MULTICAST_QUEUE_FLUSH(struct server *srv, struct request *r)
{
	struct multicast_group *g = group_of(srv, r);
	size_t n = 0;
	struct flush *f;
	struct write *w;
	int rc = LS_OK;

	if (!g)
		return LS_ENOTFOUND;
	for (const struct multicast_item *i = g->queue; i; i = i->next)
		n++;
	w = write_new(r, method_entity(r->method), request_text(r, "multicast_id"));
	f = w ? store_batch_alloc(w->batch, sizeof(*f) + n * sizeof(f->ids[0])) : NULL;
	if (!f) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = f;
	f->multicast_id = g->id;
	for (const struct multicast_item *i = g->queue; i && !rc; i = i->next) {
		if (i->in_flight)
			continue;
		f->ids[f->n++] = i->id;
		rc = store_batch_multicast_item_delete(w->batch, i->id);
	}
	if (rc) {
		write_free(w);
		return rc;
	}
	w->apply = apply_flush;
	w->result = json_pack("{s:I}", "dropped", (json_int_t)f->n);
	return write_submit(srv, w);
}
