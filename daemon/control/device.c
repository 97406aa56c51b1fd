/*
 * device.c - devices, their root keys and sessions.
 *
 * Frames of a device wait while it is written. What a device is in memory comes from one record, that
 * of the entity with the root key added.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/key.h"
#include "control/internal.h"
#include "log.h"

#define DEVICE (&model_entities[E_DEVICE])
#define KEYS (&model_entities[E_DEVICE_KEYS])
#define SESSION (&model_entities[E_DEVICE_SESSION])

/* --- memory follows --- */

/* Of a create: its root keys, or NULL. */
struct device_write {
	json_t *keys;
	uint32_t join_nonce; /* stored: a device of this EUI may have been here before */
};

static void forget_device(struct write *w)
{
	json_decref(((struct device_write *)w->own)->keys);
}

struct write *device_write_begin(struct server *srv, struct request *r, const struct entity *e, size_t own_size)
{
	const char *dev_eui = request_text(r, "dev_eui");
	struct write *w = write_check_deletion(srv, r, DEVICE, dev_eui) ? NULL : write_new(r, e, dev_eui);

	if (w && own_size && !(w->own = store_batch_alloc(w->batch, own_size))) {
		write_free(w);
		return NULL;
	}
	return w;
}

/* [store] The stored device with its key, for memory. */
static int read_whole(struct store_db *db, struct write *w)
{
	json_t *keys = NULL;
	int rc = record_get(db, DEVICE, w->id, &w->stored);

	if (!rc)
		rc = record_get(db, KEYS, w->id, &keys);
	if (!rc) {
		json_object_set(w->stored, "app_key", json_object_get(keys, "app_key"));
		json_object_set(w->stored, "nwk_key", json_object_get(keys, "nwk_key"));
	}
	json_decref(keys);
	return rc;
}

/* The answer is the device without its key. */
static int apply_device(struct server *srv, struct write *w)
{
	int rc = fleet_apply_device(&srv->fleet, w->stored);

	json_object_del(w->stored, "app_key");
	json_object_del(w->stored, "nwk_key");
	return rc;
}

/* --- rules --- */

static struct profile *profile_of_text(struct server *srv, const char *text)
{
	struct uuid id;

	return text && uuid_parse(text, &id) == LS_OK ? fleet_profile(&srv->fleet, id) : NULL;
}

static struct application *application_of_text(struct server *srv, const char *text)
{
	struct uuid id;

	return text && uuid_parse(text, &id) == LS_OK ? fleet_application(&srv->fleet, id) : NULL;
}

static int check_same_tenant(struct request *r, const struct profile *p, const struct application *a)
{
	char hint[200];

	if (p->tenant == a->tenant)
		return LS_OK;
	snprintf(hint, sizeof(hint), "lsctl profile list -t %s", a->tenant->name);
	return request_refuse(r, LS_EINVAL, "profile_id", NULL, hint, "profile %s belongs to tenant %s, application %s to %s",
	                      p->name, p->tenant->name, a->name, a->tenant->name);
}

static int check_root_keys(struct request *r, const struct profile *p)
{
	if (!request_text(r, "nwk_key") || mac_version_rules(p->mac_version)->is_1_1)
		return LS_OK;
	return request_refuse(r, LS_EINVAL, "nwk_key",
	                      "--nwk-key exists only in LoRaWAN 1.1; 1.0.x calls this key AppKey", "--app-key @FILE",
	                      "profile %s is LoRaWAN %s, which has a single root key", p->name,
	                      mac_version_rules(p->mac_version)->name);
}

/* --- list, show --- */

int do_DEVICE_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), NULL);
}

int do_DEVICE_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

int do_DEVICE_KEYS_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, NULL);
}

/* --- create, set, delete --- */

static int run_create(struct store_db *db, struct write *w)
{
	struct device_write *own = w->own;
	int rc = record_insert(db, DEVICE, w->record);

	struct eui64 dev_eui;

	if (!rc && json_object_size(own->keys))
		rc = record_update(db, KEYS, w->id, own->keys);
	if (!rc && !(rc = eui64_parse(w->id, &dev_eui)))
		rc = store_device_join_nonce(db, dev_eui, &own->join_nonce);
	return rc ? rc : read_whole(db, w);
}

static int apply_create(struct server *srv, struct write *w)
{
	const struct device_write *own = w->own;
	struct eui64 dev_eui;
	int rc = apply_device(srv, w);
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);

	if (d)
		d->join_nonce = own->join_nonce;
	return rc;
}

int do_DEVICE_CREATE(struct server *srv, struct request *r)
{
	const struct application *a = application_of_text(srv, request_text(r, "application_id"));
	const struct profile *p = profile_of_text(srv, request_text(r, "profile_id"));
	struct device_write *own;
	struct write *w;
	int rc;

	if (!a || !p)
		return LS_ENOTFOUND;
	rc = check_same_tenant(r, p, a);
	if (!rc)
		rc = check_root_keys(r, p);
	if (!rc)
		rc = request_check_wish(r);
	if (rc)
		return rc;
	/* Not held back by a deletion under way: that one is committed first. */
	w = write_new(r, DEVICE, request_text(r, "dev_eui"));
	own = w ? store_batch_alloc(w->batch, sizeof(*own)) : NULL;
	if (!own) {
		if (w)
			write_free(w);
		return LS_ENOMEM;
	}
	w->own = own;
	w->forget = forget_device;
	w->record = crud_record(r, DEVICE);
	own->keys = crud_record(r, KEYS);
	w->run = run_create;
	w->apply = apply_create;
	return write_submit(srv, w);
}

static int run_set(struct store_db *db, struct write *w)
{
	int rc = record_update(db, DEVICE, w->id, w->record);

	return rc ? rc : read_whole(db, w);
}

static int apply_set(struct server *srv, struct write *w)
{
	struct eui64 dev_eui;
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);
	struct eui64 before = d ? d->join_eui : (struct eui64){{0}};
	int rc = apply_device(srv, w);

	if (d && !eui64_equal(d->join_eui, before))
		d->rj_count1 = -1;
	return rc;
}

static bool changes_join_eui(const struct request *r, const struct device *d)
{
	const char *text = request_text(r, "join_eui");
	struct eui64 join_eui;

	return text && eui64_parse(text, &join_eui) == LS_OK && !eui64_equal(join_eui, d->join_eui);
}

int do_DEVICE_SET(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	const char *application = request_text(r, "application_id"), *profile = request_text(r, "profile_id");
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	if (application || profile) {
		const struct application *a = application ? application_of_text(srv, application) : d->application;
		const struct profile *p = profile ? profile_of_text(srv, profile) : d->profile;

		rc = a && p ? check_same_tenant(r, p, a) : LS_ENOTFOUND;
		if (rc)
			return rc;
	}
	rc = request_check_wish(r);
	if (rc)
		return rc;
	w = device_write_begin(srv, r, DEVICE, 0);
	if (w) {
		w->record = crud_changes(r, DEVICE);
		w->run = run_set;
		w->apply = apply_set;
		if (changes_join_eui(r, d) && store_batch_rj_count1_forget(w->batch, d->dev_eui)) {
			write_free(w);
			return LS_ENOMEM;
		}
		write_hold_device(srv, w, d);
	}
	return crud_submit(srv, r, w);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct eui64 dev_eui;
	struct device *d;

	if (eui64_parse(w->id, &dev_eui))
		return LS_EBUG;
	d = fleet_device(&srv->fleet, dev_eui);
	if (d) {
		network_forget_device(srv->network, d);
		fleet_remove_device(&srv->fleet, dev_eui);
	}
	return LS_OK;
}

int do_DEVICE_DELETE(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct write *w;

	if (!d)
		return LS_ENOTFOUND;
	w = crud_delete_begin(srv, r, apply_delete);
	if (w) {
		write_hold_device(srv, w, d);
		network_forget_device(srv->network, d);
	}
	return crud_submit(srv, r, w);
}

/* --- root keys --- */

static int run_keys(struct store_db *db, struct write *w)
{
	int rc = json_object_size(w->record) ? record_update(db, KEYS, w->id, w->record) : LS_OK;

	return rc ? rc : read_whole(db, w);
}

static int write_keys(struct server *srv, struct request *r, json_t *changes /* taken */)
{
	struct device *d = request_device(srv, r);
	struct write *w = d ? device_write_begin(srv, r, KEYS, 0) : NULL;

	if (!w) {
		json_decref(changes);
		return !d ? LS_ENOTFOUND : crud_submit(srv, r, NULL);
	}
	w->record = changes;
	w->run = run_keys;
	w->apply = apply_device;
	w->result = json_pack("{s:s}", "dev_eui", w->id);
	write_hold_device(srv, w, d);
	log_dev(LOG_NOTICE, d->dev_eui, "'%s' by uid %lu", r->method->words, (unsigned long)r->conn->peer.uid);
	return write_submit(srv, w);
}

int do_DEVICE_KEYS_SET(struct server *srv, struct request *r)
{
	return write_keys(srv, r, crud_changes(r, KEYS));
}

int do_DEVICE_KEYS_DELETE(struct server *srv, struct request *r)
{
	return write_keys(srv, r, json_pack("{s:n, s:n}", "app_key", "nwk_key"));
}
