/* fleet_load.c - from the store into memory: all at start, some devices after a failed commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "network/fleet_multicast.h"

static int load_tenant(void *arg, const json_t *row)
{
	return fleet_apply_tenant(arg, row);
}

static int load_application(void *arg, const json_t *row)
{
	return fleet_apply_application(arg, row);
}

static int load_profile(void *arg, const json_t *row)
{
	return fleet_apply_profile(arg, row);
}

static int load_gateway(void *arg, const json_t *row)
{
	return fleet_apply_gateway(arg, row);
}

static int load_device(void *arg, const struct device_row *row)
{
	return fleet_place_device(arg, row);
}

static int load_session(void *arg, const struct session_row *row)
{
	struct device *d = fleet_device(arg, row->dev_eui);

	if (!d)
		return LS_EBUG;
	return fleet_session_put(arg, d, row) ? LS_OK : LS_ENOMEM;
}

static int load_nonce(void *arg, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce)
{
	struct device *d = fleet_device(arg, dev_eui);

	return d ? device_nonce_add(d, join_eui, dev_nonce) : LS_EBUG;
}

/* What was handed to a gateway when the power went is sent again, under a new counter. */
static int load_queue_item(void *arg, const struct queue_row *row)
{
	struct device *d = fleet_device(arg, row->dev_eui);
	struct queue_item *item;

	if (!d)
		return LS_EBUG;
	item = device_queue_add(d, row);
	if (!item)
		return LS_ENOMEM;
	if (item->state == QUEUE_IN_FLIGHT)
		item->state = QUEUE_WAITING;
	item->sent_us = clock_wall_us();
	return LS_OK;
}

static int load_multicast(void *arg, const json_t *row)
{
	return fleet_apply_multicast(arg, row);
}

static int load_multicast_device(void *arg, struct uuid multicast_id, struct eui64 dev_eui)
{
	struct multicast_group *g = fleet_multicast(arg, multicast_id);

	return g ? multicast_add_device(arg, g, dev_eui) : LS_EBUG;
}

static int load_multicast_gateway(void *arg, struct uuid multicast_id, struct eui64 gateway_id)
{
	struct multicast_group *g = fleet_multicast(arg, multicast_id);

	return g ? multicast_add_gateway(g, gateway_id) : LS_EBUG;
}

/* One that was at gateways when the power went is sent again, under a new counter. */
static int load_multicast_item(void *arg, const struct multicast_row *row)
{
	struct multicast_group *g = fleet_multicast(arg, row->multicast_id);

	return g ? multicast_queue_add(g, row) : LS_EBUG;
}

static int load_heard(void *arg, struct eui64 dev_eui, const uint8_t *octets, size_t len)
{
	struct device *d = fleet_device(arg, dev_eui);

	if (!d || d->heard)
		return LS_EBUG;
	d->heard = calloc(1, sizeof(*d->heard));
	if (!d->heard)
		return LS_ENOMEM;
	heard_read(d->heard, octets, len);
	return LS_OK;
}

static int load_foreign(void *arg, uint32_t net_id, uint64_t data_frames, uint64_t join_requests, int64_t last_us)
{
	(void)arg, (void)net_id, (void)data_frames, (void)join_requests, (void)last_us;
	return LS_OK; /* counted on disk only */
}

static struct store_loader loader_of(struct fleet *f)
{
	return (struct store_loader){
		.arg = f,
		.tenant = load_tenant,
		.application = load_application,
		.profile = load_profile,
		.gateway = load_gateway,
		.device = load_device,
		.session = load_session,
		.nonce = load_nonce,
		.queue_item = load_queue_item,
		.multicast = load_multicast,
		.multicast_device = load_multicast_device,
		.multicast_gateway = load_multicast_gateway,
		.multicast_item = load_multicast_item,
		.heard = load_heard,
		.foreign = load_foreign,
	};
}

int fleet_load(struct fleet *f, struct store *st, char *err, size_t err_size)
{
	struct store_loader loader = loader_of(f);
	int rc = store_load(st, &loader);

	if (rc)
		snprintf(err, err_size, "loading devices: %s", ls_strerror(rc));
	return rc;
}

/*
 * A reload is read whole before anything in memory changes: if reading fails, memory stays as it is, ahead of the
 * disk, which is the safe side (no counter or nonce is used twice).
 */
struct nonce_row {
	struct eui64 dev_eui, join_eui;
	uint16_t dev_nonce;
};

struct kept_session {
	struct session_row row;
	uint8_t mac[SESSION_MAC_MAX];
};

struct item_row {
	struct queue_row row;
	uint8_t data[UINT8_MAX];
};

struct rows {
	void *data;
	size_t n, cap, size;
};

struct fleet_reload {
	struct rows devices, sessions, nonces, items;
};

static int keep(struct rows *r, const void *row)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		void *more = realloc(r->data, cap * r->size);

		if (!more)
			return LS_ENOMEM;
		r->data = more;
		r->cap = cap;
	}
	memcpy((char *)r->data + r->n++ * r->size, row, r->size);
	return LS_OK;
}

static int keep_device(void *arg, const struct device_row *row)
{
	return keep(&((struct fleet_reload *)arg)->devices, row);
}

static int keep_session(void *arg, const struct session_row *row)
{
	struct kept_session kept = {.row = *row};
	int rc;

	if (row->mac_len > sizeof(kept.mac))
		return LS_EBUG;
	if (row->mac_len)
		memcpy(kept.mac, row->mac, row->mac_len);
	rc = keep(&((struct fleet_reload *)arg)->sessions, &kept);
	explicit_bzero(&kept.row.keys, sizeof(kept.row.keys));
	return rc;
}

static int keep_nonce(void *arg, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce)
{
	struct nonce_row row = {dev_eui, join_eui, dev_nonce};

	return keep(&((struct fleet_reload *)arg)->nonces, &row);
}

static int keep_item(void *arg, const struct queue_row *row)
{
	struct item_row item = {.row = *row};

	if (row->data_len > sizeof(item.data))
		return LS_EBUG;
	memcpy(item.data, row->data, row->data_len);
	return keep(&((struct fleet_reload *)arg)->items, &item);
}

static void clear_device(struct fleet *f, const struct device_row *row)
{
	struct device *d = fleet_device(f, row->dev_eui);

	if (!d)
		return;
	d->join_nonce = row->join_nonce;
	d->rj_count1 = row->rj_count1;
	fleet_sessions_drop(f, d);
	device_nonces_clear(d);
	device_queue_clear(d);
}

int fleet_reload_apply(struct fleet *f, const struct fleet_reload *r)
{
	const struct device_row *devices = r->devices.data;
	struct kept_session *sessions = r->sessions.data;
	const struct nonce_row *nonces = r->nonces.data;
	struct item_row *items = r->items.data;
	int rc = LS_OK;

	for (size_t i = 0; i < r->devices.n; i++)
		clear_device(f, &devices[i]);
	for (size_t i = 0; i < r->sessions.n && !rc; i++) {
		sessions[i].row.mac = sessions[i].row.mac_len ? sessions[i].mac : NULL;
		rc = load_session(f, &sessions[i].row);
	}
	for (size_t i = 0; i < r->nonces.n && !rc; i++)
		rc = load_nonce(f, nonces[i].dev_eui, nonces[i].join_eui, nonces[i].dev_nonce);
	for (size_t i = 0; i < r->items.n && !rc; i++) {
		items[i].row.data = items[i].data;
		rc = load_queue_item(f, &items[i].row);
	}
	return rc;
}

static int compare_eui(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct eui64));
}

/* Sorted and each once: a device that was touched twice is read once. */
static size_t distinct(struct eui64 *dev_euis, size_t n)
{
	size_t kept = 0;

	qsort(dev_euis, n, sizeof(*dev_euis), compare_eui);
	for (size_t i = 0; i < n; i++)
		if (!kept || !eui64_equal(dev_euis[kept - 1], dev_euis[i]))
			dev_euis[kept++] = dev_euis[i];
	return kept;
}

struct fleet_reload *fleet_reload_new(void)
{
	struct fleet_reload *r = calloc(1, sizeof(*r));

	if (r)
		*r = (struct fleet_reload){
			.devices.size = sizeof(struct device_row),
			.sessions.size = sizeof(struct kept_session),
			.nonces.size = sizeof(struct nonce_row),
			.items.size = sizeof(struct item_row),
		};
	return r;
}

void fleet_reload_free(struct fleet_reload *r)
{
	if (!r)
		return;
	if (r->sessions.data)
		explicit_bzero(r->sessions.data, r->sessions.n * r->sessions.size);
	if (r->devices.data)
		explicit_bzero(r->devices.data, r->devices.n * r->devices.size);
	free(r->devices.data);
	free(r->sessions.data);
	free(r->nonces.data);
	free(r->items.data);
	free(r);
}

static struct store_loader keeper_of(struct fleet_reload *r)
{
	return (struct store_loader){
		.arg = r, .device = keep_device, .session = keep_session, .nonce = keep_nonce, .queue_item = keep_item};
}

int fleet_reload_read(struct fleet_reload *r, struct store_db *db, struct eui64 *dev_euis, size_t n)
{
	struct store_loader loader = keeper_of(r);

	return store_read_devices(db, dev_euis, distinct(dev_euis, n), &loader);
}

int fleet_reload_devices(struct fleet *f, struct store *st, struct eui64 *dev_euis, size_t n)
{
	struct fleet_reload *r = fleet_reload_new();
	int rc = LS_ENOMEM;

	if (r) {
		struct store_loader loader = keeper_of(r);

		rc = store_load_devices(st, dev_euis, distinct(dev_euis, n), &loader);
	}
	if (!rc)
		rc = fleet_reload_apply(f, r);
	fleet_reload_free(r);
	return rc;
}
