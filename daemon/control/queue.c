/* queue.c - downlinks waiting for a device. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/internal.h"

#define ITEM (&model_entities[E_QUEUE_ITEM])
#define ITEMS_MAX 64     /* of a device */
#define FRAME_OVERHEAD 8 /* of a MACPayload: FHDR without FOpts, and FPort */

struct push {
	struct queue_row row;
	uint8_t data[PAYLOAD_MAX];
};

/* Longer than any data rate of its region carries: it would wait for ever. */
static int check_length(struct request *r, const struct device *d, size_t len)
{
	const struct region *region = d->profile->region;
	unsigned most;

	if (!region)
		return LS_OK;
	most = region_longest_downlink_m(region) - FRAME_OVERHEAD;
	if (len <= most)
		return LS_OK;
	return request_refuse(r, LS_ELONG, "data", NULL, NULL, "%zu octets; %s carries at most %u", len, region->name,
	                      most);
}

/* When it may go, and how often. */
static int life_of(struct request *r, struct queue_row *row)
{
	const char *expires = request_text(r, "expires_at"), *not_before = request_text(r, "not_before");

	if (expires && clock_parse(expires, strlen(expires), &row->expires_us))
		return LS_EFORMAT;
	if (not_before && clock_parse(not_before, strlen(not_before), &row->not_before_us))
		return LS_EFORMAT;
	row->retries = (uint8_t)request_int(r, "retries", 0);
	if (row->retries && !row->confirmed)
		return request_refuse(r, LS_EINVAL, "retries", "only the device's acknowledgement tells whether to send again",
		                      NULL, "retries need a confirmed downlink");
	if (expires && row->expires_us <= row->created_us)
		return request_refuse(r, LS_EINVAL, "expires_at", NULL, NULL, "expires_at: that time is over");
	if (expires && row->expires_us <= row->not_before_us)
		return request_refuse(r, LS_EINVAL, "expires_at", NULL, NULL, "it would expire before it may be sent");
	return LS_OK;
}

static int run_push(struct store_db *db, struct write *w)
{
	const struct push *p = w->own;
	char dev_eui[EUI64_TEXT_SIZE];
	json_t *scope = json_pack("{s:s}", "dev_eui", eui64_format(p->row.dev_eui, dev_eui));
	struct record_list list = {.scope = scope, .limit = 1};
	int rc = record_list(db, ITEM, &list);

	if (!rc && list.total > ITEMS_MAX) {
		snprintf(w->why, sizeof(w->why), "device %s has %d queued downlinks already, the most there may be", dev_eui, ITEMS_MAX);
		rc = LS_ECONFLICT;
	}
	json_decref(list.items);
	json_decref(scope);
	return rc ? rc : write_read_back(db, w);
}

static int apply_push(struct server *srv, struct write *w)
{
	const struct push *p = w->own;
	struct device *d = fleet_device(&srv->fleet, p->row.dev_eui);

	if (!d || device_queue_find(d, p->row.queue_item_id))
		return LS_OK;
	if (!device_queue_add(d, &p->row))
		return LS_ENOMEM;
	network_queue_changed(srv->network, d);
	return LS_OK;
}

/* A look at every queue, for the few who choose their ids. */
static bool is_queued(const struct fleet *f, struct uuid id)
{
	const struct device *d;
	size_t at = 0;

	while ((d = ptr_table_next(&f->devices, &at)))
		if (d->queue && device_queue_find(d, id))
			return true;
	return false;
}

/* As given, else a new one. */
static int id_of(struct server *srv, struct request *r, struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	*id = uuid_random();
	if (!request_text(r, "id"))
		return LS_OK;
	if (uuid_parse(request_text(r, "id"), id))
		return LS_EINVAL;
	if (is_queued(&srv->fleet, *id))
		return request_refuse(r, LS_ECONFLICT, "id", NULL, NULL, "item %s is queued already", uuid_format(*id, text));
	return LS_OK;
}

/* A class A device is not woken: it listens after its own uplink only. */
int do_QUEUE_PUSH(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	char text[UUID_TEXT_SIZE];
	uint8_t data[PAYLOAD_MAX];
	struct write *w;
	struct push *p;
	struct queue_row row;
	size_t len;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	row = (struct queue_row){
		.dev_eui = d->dev_eui,
		.f_port = (uint8_t)request_int(r, "f_port", 1),
		.confirmed = request_flag(r, "confirmed"),
		.state = QUEUE_WAITING,
		.created_us = clock_wall_us(),
	};
	rc = request_payload(r, data, &len);
	if (!rc)
		rc = check_length(r, d, len);
	if (!rc)
		rc = life_of(r, &row);
	if (!rc)
		rc = write_check_deletion(srv, r, &model_entities[E_DEVICE], request_text(r, "dev_eui"));
	if (!rc)
		rc = id_of(srv, r, &row.queue_item_id);
	if (rc)
		return rc;
	w = write_new(r, ITEM, uuid_format(row.queue_item_id, text));
	p = w ? store_batch_alloc(w->batch, sizeof(*p)) : NULL;
	if (!p) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = p;
	memcpy(p->data, data, len);
	p->row = row;
	p->row.data = p->data;
	p->row.data_len = len;
	rc = store_batch_queue_put(w->batch, &p->row);
	if (rc) {
		write_free(w);
		return rc;
	}
	w->run = run_push;
	w->apply = apply_push;
	return write_submit(srv, w);
}

int do_QUEUE_LIST(struct server *srv, struct request *r)
{
	json_t *scope = json_pack("{s:O}", "dev_eui", json_object_get(r->params, "dev_eui"));

	return crud_list(srv, r, scope, NULL);
}

/* --- flush --- */

struct flush {
	struct eui64 dev_eui;
	size_t n;
	struct uuid ids[]; /* dropped */
};

static int apply_flush(struct server *srv, struct write *w)
{
	const struct flush *f = w->own;
	struct device *d = fleet_device(&srv->fleet, f->dev_eui);

	for (size_t i = 0; d && i < f->n; i++)
		device_queue_remove(d, f->ids[i]);
	return LS_OK;
}

int do_QUEUE_FLUSH(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	bool all = request_flag(r, "all");
	size_t n = 0;
	struct flush *f;
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	rc = write_check_deletion(srv, r, &model_entities[E_DEVICE], request_text(r, "dev_eui"));
	if (rc)
		return rc;
	for (const struct queue_item *i = d->queue; i; i = i->next)
		n++;
	w = write_new(r, ITEM, request_text(r, "dev_eui"));
	f = w ? store_batch_alloc(w->batch, sizeof(*f) + n * sizeof(f->ids[0])) : NULL;
	if (!f) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = f;
	f->dev_eui = d->dev_eui;
	for (const struct queue_item *i = d->queue; i && !rc; i = i->next) {
		if (i->state != QUEUE_WAITING && !all)
			continue; /* handed to a gateway, or waiting for its acknowledgement */
		f->ids[f->n++] = i->id;
		rc = store_batch_queue_delete(w->batch, i->id);
	}
	if (rc) {
		write_free(w);
		return rc;
	}
	write_hold_device(srv, w, d);
	w->apply = apply_flush;
	w->result = json_pack("{s:I}", "dropped", (json_int_t)f->n);
	return write_submit(srv, w);
}
