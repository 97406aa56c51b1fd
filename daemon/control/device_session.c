/*
 * device_session.c - sessions given, taken and shown by hand.
 *
 * The counters of an ended session outlive it: its keys may be given again, but never with counters that were used.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/key.h"
#include "control/internal.h"
#include "log.h"
#include "network/session_start.h"

#define DEVICE (&model_entities[E_DEVICE])
#define SESSION (&model_entities[E_DEVICE_SESSION])

/* --- show --- */

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

/* --- activate, deactivate --- */

struct activation {
	struct session_row session;
};

/* Whatever became of the write, nothing of its keys is kept. */
static void forget_session(struct write *w)
{
	explicit_bzero(&((struct activation *)w->own)->session.keys, sizeof(struct session_keys));
}

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
	struct activation *own = w->own;
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
		if (is_text(other, "dev_addr", addr) && (is_text(other, "nwk_s_key", key) || is_text(other, "f_nwk_s_int_key", key))) {
			const char *name = own->session.is_1_1 ? "f_nwk_s_int_key" : "nwk_s_key";

			snprintf(w->why, sizeof(w->why), "device %s has the same dev_addr and %s", dev_eui, name);
			snprintf(w->conflict_field, sizeof(w->conflict_field), "%s", name);
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
	struct activation *own = w->own;
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

static int refuse_counter(struct request *r, const char *field, const char *option, uint32_t next)
{
	char hint[80];

	snprintf(hint, sizeof(hint), "%s %lu, or new keys", option, (unsigned long)next);
	return request_refuse(r, LS_ECONFLICT, field, "a downlink counter must never be used twice with the same keys",
	                      hint, "these keys were used with downlink counters up to %lu", (unsigned long)next - 1);
}

/* A counter used twice under one key gives away what was sent; so also those of a session that ended are looked at. */
static int check_counters(struct request *r, const struct device *d, const struct session_row *row)
{
	for (int slot = 0; slot < SLOT__COUNT; slot++) {
		const struct session *s = d->sessions[slot];

		if (!s || (!key_equal(&s->keys.f_nwk_s_int_key, &row->keys.f_nwk_s_int_key) &&
		           !key_equal(&s->keys.app_s_key, &row->keys.app_s_key)))
			continue;
		if (row->down.f_cnt_down < s->down.f_cnt_down)
			return refuse_counter(r, "f_cnt_down", "--f-cnt-down", s->down.f_cnt_down);
		if (row->down.a_f_cnt_down < s->down.a_f_cnt_down)
			return refuse_counter(r, "a_f_cnt_down", "--a-f-cnt-down", s->down.a_f_cnt_down);
	}
	return LS_OK;
}

/* Session keys by the version of the profile: which are asked for, and where they go. */
static int keys_of_params(struct request *r, const struct profile *p, struct session_keys *keys)
{
	bool is_1_1 = mac_version_rules(p->mac_version)->is_1_1;
	const struct {
		const char *name;
		bool of_1_0, of_1_1;
		struct ls_key *key;
	} rows[] = {
		{"nwk_s_key", true, false, &keys->f_nwk_s_int_key},
		{"f_nwk_s_int_key", false, true, &keys->f_nwk_s_int_key},
		{"s_nwk_s_int_key", false, true, &keys->s_nwk_s_int_key},
		{"nwk_s_enc_key", false, true, &keys->nwk_s_enc_key},
		{"app_s_key", true, true, &keys->app_s_key},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = request_text(r, rows[i].name);
		bool is_wanted = is_1_1 ? rows[i].of_1_1 : rows[i].of_1_0;

		if (is_wanted != (text != NULL))
			return request_refuse(r, is_wanted ? LS_EUSAGE : LS_EINVAL, rows[i].name, NULL,
			                      is_1_1 ? "--f-nwk-s-int-key, --s-nwk-s-int-key, --nwk-s-enc-key and --app-s-key"
			                             : "--nwk-s-key and --app-s-key",
			                      "%s %s: profile %s is LoRaWAN %s", rows[i].name, is_wanted ? "is missing" : "does not exist",
			                      p->name, mac_version_rules(p->mac_version)->name);
		if (is_wanted && key_parse(text, rows[i].key))
			return LS_EINVAL;
	}
	if (!is_1_1)
		keys->s_nwk_s_int_key = keys->nwk_s_enc_key = keys->f_nwk_s_int_key;
	return LS_OK;
}

static int session_of_params(struct request *r, const struct device *d, struct session_row *row)
{
	const struct region *region = d->profile->region;
	bool is_1_1 = mac_version_rules(d->profile->mac_version)->is_1_1;
	int64_t f_cnt_up = request_int(r, "f_cnt_up", 0), a_f_cnt_down = request_int(r, "a_f_cnt_down", 0);
	struct session_up_row *up = &row->up;

	if (a_f_cnt_down && !is_1_1)
		return request_refuse(r, LS_EINVAL, "a_f_cnt_down", NULL, "--f-cnt-down",
		                      "LoRaWAN %s has a single downlink counter", mac_version_rules(d->profile->mac_version)->name);
	*row = (struct session_row){
		.dev_eui = d->dev_eui,
		.slot = SLOT_CURRENT,
		.is_1_1 = is_1_1,
		.down = {.f_cnt_down = (uint32_t)request_int(r, "f_cnt_down", 0), .a_f_cnt_down = (uint32_t)a_f_cnt_down},
		.joined_us = clock_wall_us(),
		.up = {.f_cnt_up = (uint32_t)f_cnt_up, .has_up = f_cnt_up > 0},
	};
	session_start_abp(d->profile, region, up);
	/* A session that comes from another server may stand otherwise. */
	up->rx1_delay_s = (uint8_t)request_int(r, "rx1_delay_s", up->rx1_delay_s);
	up->rx1_dr_offset = (uint8_t)request_int(r, "rx1_dr_offset", up->rx1_dr_offset);
	up->rx2_dr = (uint8_t)request_int(r, "rx2_dr", up->rx2_dr);
	up->rx2_freq_hz = (uint32_t)request_int(r, "rx2_freq_hz", up->rx2_freq_hz);
	snprintf(row->region, sizeof(row->region), "%s", region->name);
	if (dev_addr_parse(request_text(r, "dev_addr"), &row->dev_addr))
		return LS_EINVAL;
	return keys_of_params(r, d->profile, &row->keys);
}

int do_DEVICE_ACTIVATE(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct activation *own;
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	if (!d->profile->region)
		return request_check_profile_region(srv, r, d->profile);
	w = device_write_begin(srv, r, DEVICE, sizeof(*own));
	if (!w)
		return crud_submit(srv, r, NULL);
	own = w->own;
	w->forget = forget_session;
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
	w = device_write_begin(srv, r, DEVICE, 0);
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
