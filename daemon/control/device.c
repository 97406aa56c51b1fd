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

struct device_write {
	json_t *app_key; /* of a create, or NULL */
	struct session_row session; /* of an activation */
};

/* Whatever became of the write, nothing of its keys is kept. */
static void forget_device(struct write *w)
{
	struct device_write *own = w->own;

	json_decref(own->app_key);
	explicit_bzero(&own->session.keys, sizeof(own->session.keys));
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
	if (!request_text(r, "nwk_key"))
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

/* The keys of a session row, from memory: they never change while it lives. */
static void add_session_keys(struct server *srv, const struct request *r, json_t *record)
{
	const struct device *d = request_device(srv, r);
	const char *slot = json_string_value(json_object_get(record, "slot"));
	const char *text = json_string_value(json_object_get(record, "dev_addr"));
	const struct session *s = d && slot ? d->sessions[strcmp(slot, "pending") == 0 ? SLOT_PENDING : SLOT_CURRENT] : NULL;
	char key[KEY_TEXT_SIZE];
	uint32_t dev_addr;

	if (!s || !text || dev_addr_parse(text, &dev_addr) || dev_addr != s->dev_addr)
		return;
	const struct {
		const char *name;
		const struct ls_key *key;
		bool is_1_1, both;
	} names[] = {
		{"nwk_s_key", &s->keys.f_nwk_s_int_key, false, false},
		{"f_nwk_s_int_key", &s->keys.f_nwk_s_int_key, true, false},
		{"s_nwk_s_int_key", &s->keys.s_nwk_s_int_key, true, false},
		{"nwk_s_enc_key", &s->keys.nwk_s_enc_key, true, false},
		{"app_s_key", &s->keys.app_s_key, false, true},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].is_1_1 == s->is_1_1 || names[i].both)
			json_object_set_new(record, names[i].name, json_string(key_reveal(names[i].key, key)));
	explicit_bzero(key, sizeof(key));
}

int do_DEVICE_SESSION_SHOW(struct server *srv, struct request *r)
{
	return crud_rows(srv, r, SESSION, json_pack("{s:O}", "dev_eui", json_object_get(r->params, "dev_eui")),
	                 add_session_keys);
}

/* --- create, set, delete --- */

static struct write *begin(struct server *srv, struct request *r, const struct entity *e, const char *dev_eui)
{
	struct write *w = write_check_deletion(srv, r, DEVICE, dev_eui) ? NULL : write_new(r, e, dev_eui);

	if (!w)
		return NULL;
	w->own = store_batch_alloc(w->batch, sizeof(struct device_write));
	if (!w->own) {
		write_free(w);
		return NULL;
	}
	w->forget = forget_device;
	return w;
}

static int run_create(struct store_db *db, struct write *w)
{
	struct device_write *own = w->own;
	int rc = record_insert(db, DEVICE, w->record);

	if (!rc && own->app_key) {
		json_t *keys = json_pack("{s:O}", "app_key", own->app_key);

		rc = record_update(db, KEYS, w->id, keys);
		json_decref(keys);
	}
	if (!rc)
		rc = record_get(db, DEVICE, w->id, &w->stored);
	if (!rc)
		json_object_set_new(w->stored, "app_key", own->app_key ? json_incref(own->app_key) : json_null());
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
	if (request_text(r, "app_key"))
		own->app_key = json_incref(json_object_get(r->params, "app_key"));
	w->run = run_create;
	w->apply = apply_device;
	return write_submit(srv, w);
}

static int run_set(struct store_db *db, struct write *w)
{
	int rc = record_update(db, DEVICE, w->id, w->record);

	return rc ? rc : read_whole(db, w);
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
	w = begin(srv, r, DEVICE, request_text(r, "dev_eui"));
	if (w) {
		w->record = crud_changes(r, DEVICE);
		w->run = run_set;
		w->apply = apply_device;
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
	struct write *w = d ? begin(srv, r, KEYS, request_text(r, "dev_eui")) : NULL;

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

/* --- sessions --- */

static bool is_text(const json_t *record, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(record, name));

	return value && strcmp(value, text) == 0;
}

/*
 * [store] The same address with the same key on two devices could not be told apart. Asked after the
 * session was written, so that activations under way see each other.
 */
static int check_unique(struct store_db *db, struct write *w)
{
	char addr[DEV_ADDR_TEXT_SIZE], key[KEY_TEXT_SIZE];
	struct device_write *own = w->own;
	struct record_list list = {.limit = 1000};
	json_t *scope, *row;
	size_t i;
	int rc;

	scope = json_pack("{s:s}", "dev_addr", dev_addr_format(own->session.dev_addr, addr));
	list.scope = scope;
	rc = record_list(db, SESSION, &list);
	key_reveal(&own->session.keys.f_nwk_s_int_key, key);
	json_array_foreach(rc ? NULL : list.items, i, row) {
		const char *dev_eui = json_string_value(json_object_get(row, "dev_eui"));
		json_t *other = NULL;

		if (!dev_eui || strcmp(dev_eui, w->id) == 0 || record_get(db, SESSION, dev_eui, &other))
			continue;
		if (is_text(other, "dev_addr", addr) && is_text(other, "nwk_s_key", key)) {
			snprintf(w->why, sizeof(w->why), "device %s has the same dev_addr and nwk_s_key", dev_eui);
			snprintf(w->conflict_field, sizeof(w->conflict_field), "nwk_s_key");
			rc = LS_ECONFLICT;
		}
		json_decref(other);
		if (rc)
			break;
	}
	explicit_bzero(key, sizeof(key));
	json_decref(list.items);
	json_decref(scope);
	return rc;
}

static int run_activate(struct store_db *db, struct write *w)
{
	int rc = check_unique(db, w);

	return rc ? rc : record_get(db, DEVICE, w->id, &w->stored);
}

/* What store_batch_session_retire() did, in memory. */
static void retire_sessions(struct fleet *f, struct device *d, const struct ls_key *next_key)
{
	const struct session *current = d->sessions[SLOT_CURRENT], *replaced;

	fleet_session_drop(f, d, SLOT_PENDING);
	if (current && !(next_key && key_equal(&current->keys.f_nwk_s_int_key, next_key)))
		fleet_session_promote(f, d); /* nothing is pending: the current one becomes the replaced one */
	fleet_session_drop(f, d, SLOT_CURRENT);
	replaced = d->sessions[SLOT_REPLACED];
	if (replaced && next_key && key_equal(&replaced->keys.f_nwk_s_int_key, next_key))
		fleet_session_drop(f, d, SLOT_REPLACED);
}

static int apply_activate(struct server *srv, struct write *w)
{
	struct device_write *own = w->own;
	struct device *d = fleet_device(&srv->fleet, own->session.dev_eui);
	int rc = LS_OK;

	if (d) {
		network_forget_device(srv->network, d);
		retire_sessions(&srv->fleet, d, &own->session.keys.f_nwk_s_int_key);
		if (!fleet_session_put(&srv->fleet, d, &own->session))
			rc = LS_ENOMEM;
		log_dev(LOG_INFO, d->dev_eui, "activated by hand, dev_addr %08x", (unsigned)own->session.dev_addr);
	}
	return rc;
}

/* A counter used twice under one key gives away what was sent; so also those of a session that ended are looked at. */
static int check_counters(struct request *r, const struct device *d, const struct session_row *row)
{
	for (int slot = 0; slot < SLOT__COUNT; slot++) {
		const struct session *s = d->sessions[slot];
		char hint[80];

		if (!s || row->down.f_cnt_down >= s->down.f_cnt_down)
			continue;
		if (!key_equal(&s->keys.f_nwk_s_int_key, &row->keys.f_nwk_s_int_key) &&
		    !key_equal(&s->keys.app_s_key, &row->keys.app_s_key))
			continue;
		snprintf(hint, sizeof(hint), "--f-cnt-down %lu, or new keys", (unsigned long)s->down.f_cnt_down);
		return request_refuse(r, LS_ECONFLICT, "f_cnt_down", "a downlink counter must never be used twice with the same keys",
		                      hint, "these keys were used with downlink counters up to %lu",
		                      (unsigned long)s->down.f_cnt_down - 1);
	}
	return LS_OK;
}

static int session_of_params(struct request *r, const struct device *d, struct session_row *row)
{
	const struct region *region = d->profile->region;
	struct tx_params rx2 = region_rx2_default(region);
	int64_t f_cnt_up = request_int(r, "f_cnt_up", 0);

	*row = (struct session_row){
		.dev_eui = d->dev_eui,
		.slot = SLOT_CURRENT,
		.down = {.f_cnt_down = (uint32_t)request_int(r, "f_cnt_down", 0)},
		.joined_us = clock_wall_us(),
		.up = {
			.f_cnt_up = (uint32_t)f_cnt_up,
			.has_up = f_cnt_up > 0,
			.rx1_delay_s = 1,
			.rx2_dr = rx2.dr,
			.rx2_freq_hz = rx2.freq_hz,
		},
	};
	snprintf(row->region, sizeof(row->region), "%s", region->name);
	if (dev_addr_parse(request_text(r, "dev_addr"), &row->dev_addr) ||
	    key_parse(request_text(r, "nwk_s_key"), &row->keys.f_nwk_s_int_key) ||
	    key_parse(request_text(r, "app_s_key"), &row->keys.app_s_key))
		return LS_EINVAL;
	row->keys.s_nwk_s_int_key = row->keys.nwk_s_enc_key = row->keys.f_nwk_s_int_key;
	return LS_OK;
}

int do_DEVICE_ACTIVATE(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct device_write *own;
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	if (!d->profile->region)
		return request_check_region(srv, r, d->profile->region_name);
	w = begin(srv, r, DEVICE, request_text(r, "dev_eui"));
	if (!w)
		return crud_submit(srv, r, NULL);
	own = w->own;
	/* No answer may take a counter between the check and the commit. */
	write_hold_device(srv, w, d);
	network_forget_device(srv->network, d);
	rc = session_of_params(r, d, &own->session);
	if (!rc)
		rc = check_counters(r, d, &own->session);
	if (!rc)
		rc = store_batch_session_retire(w->batch, d->dev_eui, &own->session.keys.f_nwk_s_int_key);
	if (!rc)
		rc = store_batch_session_put(w->batch, &own->session);
	if (rc) {
		write_abandon(srv, w);
		return rc;
	}
	w->run = run_activate;
	w->apply = apply_activate;
	return write_submit(srv, w);
}

static int apply_deactivate(struct server *srv, struct write *w)
{
	struct eui64 dev_eui;
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);

	if (d) {
		network_forget_device(srv->network, d);
		retire_sessions(&srv->fleet, d, NULL);
	}
	return LS_OK;
}

int do_DEVICE_DEACTIVATE(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	if (!d->sessions[SLOT_CURRENT] && !d->sessions[SLOT_PENDING])
		return request_refuse(r, LS_ENOTFOUND, "dev_eui", NULL, NULL, "device %s has no session", request_text(r, "dev_eui"));
	w = begin(srv, r, DEVICE, request_text(r, "dev_eui"));
	if (!w)
		return crud_submit(srv, r, NULL);
	write_hold_device(srv, w, d);
	rc = store_batch_session_retire(w->batch, d->dev_eui, NULL);
	if (rc) {
		write_abandon(srv, w);
		return rc;
	}
	w->run = write_read_back;
	w->apply = apply_deactivate;
	return write_submit(srv, w);
}
