#include "network/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "network/fleet_multicast.h"
#include "network/gateway_air.h"
#include "network/mac_state.h"

_Static_assert(MAC_STATE_OCTETS_MAX <= SESSION_MAC_MAX, "a MAC state fits its column");

/* ---- keys of the tables -------------------------------------------------------------------- */

static uint64_t hash_uuid(const struct fleet *f, struct uuid id)
{
	return siphash(&f->hash_key, id.b, sizeof(id.b));
}

static uint64_t hash_eui(const struct fleet *f, struct eui64 eui)
{
	return siphash(&f->hash_key, eui.be, sizeof(eui.be));
}

static uint64_t hash_addr(const struct fleet *f, uint32_t dev_addr)
{
	return siphash(&f->hash_key, &dev_addr, sizeof(dev_addr));
}

/* Tenant, application, profile and multicast group begin with their id, gateway and device with their EUI. */
static uint64_t entry_hash_uuid(const void *entry, const void *arg)
{
	struct uuid id;

	memcpy(&id, entry, sizeof(id));
	return hash_uuid(arg, id);
}

static uint64_t entry_hash_eui(const void *entry, const void *arg)
{
	struct eui64 eui;

	memcpy(&eui, entry, sizeof(eui));
	return hash_eui(arg, eui);
}

static uint64_t entry_hash_addr(const void *entry, const void *arg)
{
	return hash_addr(arg, ((const struct session *)entry)->dev_addr);
}

static bool equal_uuid(const void *entry, const void *key)
{
	return !memcmp(entry, key, sizeof(struct uuid));
}

static bool equal_eui(const void *entry, const void *key)
{
	return !memcmp(entry, key, sizeof(struct eui64));
}

static bool equal_addr(const void *entry, const void *key)
{
	return ((const struct session *)entry)->dev_addr == *(const uint32_t *)key;
}

int fleet_init(struct fleet *f, struct region *regions, size_t n_regions)
{
	*f = (struct fleet){.hash_key = siphash_key_random(), .regions = regions, .n_regions = n_regions};
	ptr_table_init(&f->tenants, entry_hash_uuid, f);
	ptr_table_init(&f->applications, entry_hash_uuid, f);
	ptr_table_init(&f->profiles, entry_hash_uuid, f);
	ptr_table_init(&f->gateways, entry_hash_eui, f);
	ptr_table_init(&f->devices, entry_hash_eui, f);
	ptr_table_init(&f->sessions, entry_hash_addr, f);
	ptr_table_init(&f->multicast_groups, entry_hash_uuid, f);
	return LS_OK;
}

/* ---- freeing ------------------------------------------------------------------------------- */

static void session_free(struct session *s)
{
	if (!s)
		return;
	explicit_bzero(&s->keys, sizeof(s->keys));
	free(s->mac);
	free(s);
}

static void device_free(struct device *d)
{
	device_queue_clear(d);
	device_nonces_clear(d);
	for (int slot = 0; slot < SLOT__COUNT; slot++)
		session_free(d->sessions[slot]);
	key_wipe(&d->app_key);
	key_wipe(&d->nwk_key);
	free(d->wish);
	free(d->heard);
	free(d->name);
	free(d->tags);
	free(d);
}

static void tenant_free(struct tenant *t)
{
	free(t->name);
	free(t);
}

static void application_free(struct application *a)
{
	free(a->name);
	free(a->tags);
	free(a);
}

static void profile_free(struct profile *p)
{
	free(p->name);
	free(p->tags);
	free(p->region_config);
	free(p->adr_algorithm);
	free(p->abp_channels);
	free(p);
}

static void gateway_free(struct gateway *g)
{
	gateway_air_free(g->air);
	free(g->name);
	free(g);
}

void fleet_fini(struct fleet *f)
{
	void *e;

	fleet_clear_multicast(f);
	for (size_t at = 0; (e = ptr_table_next(&f->devices, &at));)
		device_free(e);
	for (size_t at = 0; (e = ptr_table_next(&f->gateways, &at));)
		gateway_free(e);
	for (size_t at = 0; (e = ptr_table_next(&f->profiles, &at));)
		profile_free(e);
	for (size_t at = 0; (e = ptr_table_next(&f->applications, &at));)
		application_free(e);
	for (size_t at = 0; (e = ptr_table_next(&f->tenants, &at));)
		tenant_free(e);
	ptr_table_fini(&f->tenants);
	ptr_table_fini(&f->applications);
	ptr_table_fini(&f->profiles);
	ptr_table_fini(&f->gateways);
	ptr_table_fini(&f->devices);
	ptr_table_fini(&f->sessions);
}

/* ---- lookups ------------------------------------------------------------------------------- */

void *fleet_find_uuid(const struct fleet *f, const struct ptr_table *table, struct uuid id)
{
	return ptr_table_find(table, hash_uuid(f, id), equal_uuid, &id);
}

struct tenant *fleet_tenant(const struct fleet *f, struct uuid id)
{
	return fleet_find_uuid(f, &f->tenants, id);
}

struct application *fleet_application(const struct fleet *f, struct uuid id)
{
	return fleet_find_uuid(f, &f->applications, id);
}

struct profile *fleet_profile(const struct fleet *f, struct uuid id)
{
	return fleet_find_uuid(f, &f->profiles, id);
}

struct gateway *fleet_gateway(const struct fleet *f, struct eui64 id)
{
	/* The memory of the last answers is no part of what the fleet holds: const for the caller. */
	struct gateway **recent = (struct gateway **)&f->recent[id.be[7] & (FLEET_RECENT - 1)];

	if (!*recent || !eui64_equal((*recent)->id, id)) {
		struct gateway *g = ptr_table_find(&f->gateways, hash_eui(f, id), equal_eui, &id);

		if (!g)
			return NULL;
		*recent = g;
	}
	return *recent;
}

struct device *fleet_device(const struct fleet *f, struct eui64 dev_eui)
{
	return ptr_table_find(&f->devices, hash_eui(f, dev_eui), equal_eui, &dev_eui);
}

struct session *fleet_sessions(const struct fleet *f, uint32_t dev_addr)
{
	return ptr_table_find(&f->sessions, hash_addr(f, dev_addr), equal_addr, &dev_addr);
}

/* Names are for people: a scan is fast enough and needs no second index. */
struct tenant *fleet_tenant_by_name(const struct fleet *f, const char *name)
{
	struct tenant *t;

	for (size_t at = 0; (t = ptr_table_next(&f->tenants, &at));)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

struct tenant *fleet_sole_tenant(const struct fleet *f)
{
	size_t at = 0;

	return f->tenants.used == 1 ? ptr_table_next(&f->tenants, &at) : NULL;
}

struct application *fleet_application_by_name(const struct fleet *f, const struct tenant *t, const char *name)
{
	struct application *a;

	for (size_t at = 0; (a = ptr_table_next(&f->applications, &at));)
		if ((!t || a->tenant == t) && !strcmp(a->name, name))
			return a;
	return NULL;
}

struct profile *fleet_profile_by_name(const struct fleet *f, const struct tenant *t, const char *name)
{
	struct profile *p;

	for (size_t at = 0; (p = ptr_table_next(&f->profiles, &at));)
		if ((!t || p->tenant == t) && !strcmp(p->name, name))
			return p;
	return NULL;
}

struct gateway *fleet_gateway_by_name(const struct fleet *f, const struct tenant *t, const char *name)
{
	struct gateway *g;

	for (size_t at = 0; (g = ptr_table_next(&f->gateways, &at));)
		if ((!t || g->tenant == t) && !strcmp(g->name, name))
			return g;
	return NULL;
}

struct device *fleet_device_by_name(const struct fleet *f, const struct tenant *t, const struct application *a,
                                    const char *name, size_t *n)
{
	struct device *d, *first = NULL;

	*n = 0;
	for (size_t at = 0; (d = ptr_table_next(&f->devices, &at));) {
		if ((t && d->application->tenant != t) || (a && d->application != a) || strcmp(d->name, name))
			continue;
		if (!first)
			first = d;
		(*n)++;
	}
	return first;
}

const struct region *fleet_region(const struct fleet *f, const char *name)
{
	for (size_t i = 0; i < f->n_regions; i++)
		if (!strcmp(f->regions[i].name, name))
			return &f->regions[i];
	for (size_t i = 0; i < f->n_regions; i++)
		if (!strcmp(f->regions[i].table->name, name))
			return &f->regions[i];
	return NULL;
}

/* ---- leaving ------------------------------------------------------------------------------- */

void fleet_remove_tenant(struct fleet *f, struct uuid id)
{
	struct tenant *t = fleet_tenant(f, id);

	if (t && ptr_table_remove(&f->tenants, t))
		tenant_free(t);
}

void fleet_remove_application(struct fleet *f, struct uuid id)
{
	struct application *a = fleet_application(f, id);

	if (!a)
		return;
	a->tenant->n_applications--;
	ptr_table_remove(&f->applications, a);
	application_free(a);
}

void fleet_remove_profile(struct fleet *f, struct uuid id)
{
	struct profile *p = fleet_profile(f, id);

	if (!p)
		return;
	p->tenant->n_profiles--;
	ptr_table_remove(&f->profiles, p);
	profile_free(p);
}

void fleet_remove_gateway(struct fleet *f, struct eui64 id)
{
	struct gateway *g = fleet_gateway(f, id);

	if (!g)
		return;
	fleet_multicast_forget_gateway(f, id);
	g->tenant->n_gateways--;
	f->recent[id.be[7] & (FLEET_RECENT - 1)] = NULL;
	ptr_table_remove(&f->gateways, g);
	gateway_free(g);
}

void fleet_remove_device(struct fleet *f, struct eui64 dev_eui)
{
	struct device *d = fleet_device(f, dev_eui);

	if (!d)
		return;
	fleet_sessions_drop(f, d);
	fleet_multicast_forget_device(f, d);
	d->application->n_devices--;
	d->profile->n_devices--;
	ptr_table_remove(&f->devices, d);
	device_free(d);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static int session_link(struct fleet *f, struct session *s)
{
	struct session *head = fleet_sessions(f, s->dev_addr);

	s->next_same_addr = NULL;
	if (!head)
		return ptr_table_add(&f->sessions, s);
	/* Behind the head, which stays the entry of the table. */
	s->next_same_addr = head->next_same_addr;
	head->next_same_addr = s;
	return LS_OK;
}

static void session_unlink(struct fleet *f, struct session *s)
{
	struct session *head = fleet_sessions(f, s->dev_addr);

	if (head == s) {
		ptr_table_remove(&f->sessions, s);
		if (s->next_same_addr)
			ptr_table_add(&f->sessions, s->next_same_addr); /* a slot was just freed */
		return;
	}
	for (; head; head = head->next_same_addr)
		if (head->next_same_addr == s) {
			head->next_same_addr = s->next_same_addr;
			return;
		}
}

/* Keep a copy of the encoded MAC state. */
static int session_set_mac(struct session *s, const uint8_t *mac, size_t len)
{
	if (!mac || !len || len > UINT16_MAX)
		return LS_OK;
	s->mac = malloc(len);
	if (!s->mac)
		return LS_ENOMEM;
	memcpy(s->mac, mac, len);
	s->mac_len = (uint16_t)len;
	return LS_OK;
}

struct session *fleet_session_put(struct fleet *f, struct device *d, const struct session_row *row)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct session){
		.device = d,
		.dev_addr = row->dev_addr,
		.keys = row->keys,
		.up = row->up,
		.down = row->down,
		.region = fleet_region(f, row->region),
		.joined_us = row->joined_us,
		.slot = row->slot,
		.next_rj_count0 = row->next_rj_count0,
		.is_1_1 = row->is_1_1,
	};
	if (session_set_mac(s, row->mac, row->mac_len)) {
		session_free(s);
		return NULL;
	}
	fleet_session_drop(f, d, row->slot);
	if (session_link(f, s)) {
		session_free(s);
		return NULL;
	}
	d->sessions[row->slot] = s;
	return s;
}

void fleet_session_drop(struct fleet *f, struct device *d, enum session_slot slot)
{
	if (!d->sessions[slot])
		return;
	session_unlink(f, d->sessions[slot]);
	session_free(d->sessions[slot]);
	d->sessions[slot] = NULL;
}

void fleet_sessions_drop(struct fleet *f, struct device *d)
{
	for (int slot = 0; slot < SLOT__COUNT; slot++)
		fleet_session_drop(f, d, (enum session_slot)slot);
}

static void move_session(struct device *d, enum session_slot from, enum session_slot to)
{
	d->sessions[to] = d->sessions[from];
	d->sessions[from] = NULL;
	if (d->sessions[to])
		d->sessions[to]->slot = to;
}

void fleet_session_promote(struct fleet *f, struct device *d)
{
	/* A replaced session keeps the counters of its keys: it goes only when the current one takes its place. */
	if (d->sessions[SLOT_CURRENT]) {
		fleet_session_drop(f, d, SLOT_REPLACED);
		move_session(d, SLOT_CURRENT, SLOT_REPLACED);
	}
	move_session(d, SLOT_PENDING, SLOT_CURRENT);
}

struct session *device_session_of(const struct device *d, uint32_t dev_addr)
{
	for (int slot = SLOT_CURRENT; slot <= SLOT_PENDING; slot++)
		if (d->sessions[slot] && d->sessions[slot]->dev_addr == dev_addr)
			return d->sessions[slot];
	return NULL;
}

void fleet_note_unknown_gateway(struct fleet *f, struct eui64 id, const char *address, int64_t now_wall_us)
{
	struct unknown_gateway *u = NULL, *oldest = &f->unknown[0];

	for (size_t i = 0; i < f->n_unknown; i++) {
		if (eui64_equal(f->unknown[i].id, id))
			u = &f->unknown[i];
		if (f->unknown[i].last_seen_us < oldest->last_seen_us)
			oldest = &f->unknown[i];
	}
	if (!u) {
		u = f->n_unknown < UNKNOWN_GATEWAYS_MAX ? &f->unknown[f->n_unknown++] : oldest;
		*u = (struct unknown_gateway){.id = id, .first_seen_us = now_wall_us};
	}
	u->messages++;
	u->last_seen_us = now_wall_us;
	strncpy(u->address, address, sizeof(u->address) - 1);
}
