/* fleet_load.c - from the store into memory: all at start, some devices after a failed commit. */
#include <stdio.h>

#include "base/error.h"
#include "network/fleet.h"

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

static int reload_device(void *arg, const struct device_row *row)
{
	struct device *d = fleet_device(arg, row->dev_eui);

	if (d)
		d->join_nonce = row->join_nonce;
	return LS_OK;
}

int fleet_reload_devices(struct fleet *f, struct store *st, const struct eui64 *dev_euis, size_t n)
{
	struct store_loader loader = loader_of(f);

	loader.device = reload_device;
	for (size_t i = 0; i < n; i++) {
		struct device *d = fleet_device(f, dev_euis[i]);

		if (!d)
			continue;
		fleet_sessions_drop(f, d);
		device_nonces_clear(d);
		device_queue_clear(d);
	}
	return store_load_devices(st, dev_euis, n, &loader);
}
