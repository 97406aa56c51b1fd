/* gateway.c - registered gateways, and those that were heard without being so. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hex.h"
#include "control/internal.h"
#include "network/proprietary.h"
#include "network/region_choice.h"
#include "network/gateway_air.h"

static int apply(struct server *srv, struct write *w)
{
	return fleet_apply_gateway(&srv->fleet, w->stored);
}

static int apply_delete(struct server *srv, struct write *w)
{
	struct eui64 id;

	if (eui64_parse(w->id, &id))
		return LS_EBUG;
	fleet_remove_gateway(&srv->fleet, id);
	return LS_OK;
}

/* Memory is ahead of the disk: last_seen_at is written lazily. */
static void complete(struct server *srv, const struct request *r, json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "gateway_id"));
	const struct gateway *g;
	struct eui64 id;

	(void)r;
	if (!text || eui64_parse(text, &id) || !(g = fleet_gateway(&srv->fleet, id)) || !g->last_seen_us)
		return;
	json_object_set_new(record, "last_seen_at", time_json(g->last_seen_us));
}

/* --- what was learned of its downlinks --- */

static json_t *refusals_json(const struct delivery_record *r)
{
	json_t *o = json_object();

	for (int i = 0; i < TX__COUNT; i++)
		if (r->refused[i])
			json_object_set_new(o, tx_status_name((enum tx_status)i), json_integer(r->refused[i]));
	return o;
}

/* One row for each band with a duty cycle. */
static json_t *bands_json(const struct air_budget *b, uint64_t now_us)
{
	json_t *bands = json_array();

	for (int i = 0; i < b->table->n_duty_bands; i++) {
		const struct duty_band *band = &b->table->duty_bands[i];
		uint32_t middle_hz = band->min_hz + (band->max_hz - band->min_hz) / 2; /* their edges touch */
		struct air_room room = air_budget_room(b, b->table, middle_hz, now_us, RANK_JOIN_ACCEPT);

		if (!room.limited)
			continue;
		json_array_append_new(bands, json_pack("{s:s, s:I, s:I, s:f, s:I, s:I, s:I}", "region", b->table->name,
		                                       "min_hz", (json_int_t)band->min_hz, "max_hz", (json_int_t)band->max_hz,
		                                       "duty_cycle_percent", band->duty_cycle * 100,
		                                       "allowed_ms", (json_int_t)(room.allowed_us / 1000),
		                                       "sent_ms", (json_int_t)((room.used_us + 999) / 1000),
		                                       "used_percent", (json_int_t)(room.used_us * 100 / room.allowed_us)));
	}
	return bands;
}

static unsigned planned(const struct calendar *c, uint64_t now_us)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n; i++)
		n += c->list[i].start_us > now_us;
	return n;
}

/* The last hour of its air, and its record since the start. NULL: no downlink yet. */
static json_t *downlinks_json(const struct gateway *g)
{
	const struct gateway_air *air = g->air;
	uint64_t now = clock_mono_us();
	json_t *o, *bands;

	if (!air)
		return NULL;
	o = json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:I}", "round_trip_ms",
	              g->one_way_us ? json_integer((2 * g->one_way_us + 500) / 1000) : json_null(), "last_margin_ms",
	              (json_int_t)air->record.last_margin_ms, "accepted", (json_int_t)air->record.accepted, "silent",
	              (json_int_t)air->record.silent, "refused", (json_int_t)delivery_refused_total(&air->record),
	              "refused_recently_percent", (json_int_t)delivery_refused_percent(&air->record, now), "refusals",
	              refusals_json(&air->record), "planned", (json_int_t)planned(&air->calendar, now));
	for (const struct air_budget *b = air->budgets; b; b = b->next) {
		bands = bands_json(b, now);
		if (json_object_get(o, "bands"))
			json_array_extend(json_object_get(o, "bands"), bands);
		else
			json_object_set(o, "bands", bands);
		json_decref(bands);
	}
	return o;
}

static void complete_shown(struct server *srv, const struct request *r, json_t *record)
{
	const char *text = json_string_value(json_object_get(record, "gateway_id"));
	const struct gateway *g;
	struct eui64 id;
	json_t *downlinks;

	complete(srv, r, record);
	if (!text || eui64_parse(text, &id) || !(g = fleet_gateway(&srv->fleet, id)))
		return;
	downlinks = downlinks_json(g);
	if (downlinks)
		json_object_set_new(record, "downlinks", downlinks);
}

int do_GATEWAY_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, crud_scope(r), complete);
}

int do_GATEWAY_SHOW(struct server *srv, struct request *r)
{
	return crud_show(srv, r, complete_shown);
}

int do_GATEWAY_CREATE(struct server *srv, struct request *r)
{
	int rc = request_check_region(srv, r, request_text(r, "region"));

	return rc ? rc : crud_create(srv, r, request_text(r, "gateway_id"), apply);
}

int do_GATEWAY_SET(struct server *srv, struct request *r)
{
	int rc = request_check_region(srv, r, request_text(r, "region"));
	struct write *w = rc ? NULL : crud_set_begin(srv, r, apply);

	if (rc)
		return rc;
	return crud_submit(srv, r, w);
}

int do_GATEWAY_DELETE(struct server *srv, struct request *r)
{
	struct write *w = crud_delete_begin(srv, r, apply_delete);

	return crud_submit(srv, r, w);
}

/* --- proprietary frames --- */

/* The region a frequency belongs to: the gateway's own, else the one that is enabled and has it. */
static const struct region *region_of(const struct server *srv, const struct gateway *g, uint32_t freq_hz)
{
	for (size_t i = 0; i < srv->fleet.n_regions; i++) {
		const struct region *region = &srv->fleet.regions[i];

		if (region_choice_may_hear(g, region) && region_has_frequency(region, freq_hz))
			return region;
	}
	return NULL;
}

static int radio_of_params(struct request *r, const struct region *region, struct proprietary_downlink *p)
{
	int64_t sf = request_int(r, "sf", -1);
	const struct radio *radio;

	p->dr = (int)request_int(r, "dr", -1);
	if ((p->dr < 0) == (sf < 0))
		return request_refuse(r, LS_EUSAGE, "dr", NULL, "--dr 5 or --sf 7", "either dr or sf is needed");
	if (sf >= 0) {
		p->radio = (struct radio){.modulation = MOD_LORA, .sf = (uint8_t)sf, .code_rate = CR_4_5,
		                          .bandwidth_hz = (uint32_t)request_int(r, "bandwidth_hz", 125000)};
		return LS_OK;
	}
	radio = region_downlink_radio(region, REG_PARAMS__COUNT - 1, p->dr);
	if (!radio)
		return request_refuse(r, LS_EINVAL, "dr", NULL, NULL, "%s has no downlink data rate %d", region->name, p->dr);
	p->radio = *radio;
	return LS_OK;
}

int do_GATEWAY_SEND_PROPRIETARY(struct server *srv, struct request *r)
{
	const char *hex = request_text(r, "data");
	uint8_t phy[PHY_MAX] = {M_TYPE_PROPRIETARY << 5};
	struct proprietary_downlink p = {.freq_hz = (uint32_t)request_int(r, "freq_hz", 0), .phy = phy};
	const struct gateway *g;
	uint32_t downlink_id = 0;
	int rc;

	if (eui64_parse(request_text(r, "gateway_id"), &p.gateway_id) || !(g = fleet_gateway(&srv->fleet, p.gateway_id)))
		return LS_ENOTFOUND;
	p.region = region_of(srv, g, p.freq_hz);
	if (!p.region)
		return request_refuse(r, LS_EINVAL, "freq_hz", NULL, NULL, "%lu Hz lies in no enabled region of this gateway",
		                      (unsigned long)p.freq_hz);
	rc = radio_of_params(r, p.region, &p);
	if (rc)
		return rc;
	if (hex_decode(hex, strlen(hex), phy + 1, sizeof(phy) - 1, &p.phy_len))
		return LS_EINVAL;
	p.phy_len++;
	p.power_dbm = (int8_t)request_int(r, "power_dbm", region_downlink_power(p.region, p.freq_hz));
	if (p.power_dbm > region_downlink_power(p.region, p.freq_hz))
		return request_refuse(r, LS_EINVAL, "power_dbm", NULL, NULL, "%d dBm is more than the %d dBm of this frequency",
		                      p.power_dbm, region_downlink_power(p.region, p.freq_hz));
	if (request_flag(r, "dry_run")) {
		request_answer(r, json_pack("{s:b, s:i, s:[]}", "dry_run", 1, "objects", 0, "diff"));
		return LS_OK;
	}
	rc = network_send_proprietary(srv->network, &p, &downlink_id);
	if (rc == LS_ENOTFOUND)
		return request_refuse(r, LS_EUNREACHABLE, "gateway_id", "it has sent no PULL_DATA for a while", NULL,
		                      "there is no path to gateway %s", request_text(r, "gateway_id"));
	if (rc)
		return rc;
	request_answer(r, json_pack("{s:I}", "downlink_id", (json_int_t)downlink_id));
	return LS_OK;
}

/* --- heard, but unknown --- */

static int newest_first(const void *a, const void *b)
{
	const struct unknown_gateway *x = *(const struct unknown_gateway *const *)a;
	const struct unknown_gateway *y = *(const struct unknown_gateway *const *)b;

	return (x->last_seen_us < y->last_seen_us) - (x->last_seen_us > y->last_seen_us);
}

/* A bounded table in memory, newest first; a page is all of it up to the limit. */
int do_GATEWAY_HEARD_UNKNOWN(struct server *srv, struct request *r)
{
	const struct unknown_gateway *rows[UNKNOWN_GATEWAYS_MAX];
	const struct fleet *f = &srv->fleet;
	int64_t limit = request_int(r, "limit", 100);
	json_t *items;
	size_t n = 0;

	for (size_t i = 0; i < f->n_unknown; i++)
		if (!fleet_gateway(f, f->unknown[i].id)) /* registered meanwhile */
			rows[n++] = &f->unknown[i];
	qsort(rows, n, sizeof(rows[0]), newest_first);
	items = json_array();
	for (size_t i = 0; i < n && (int64_t)i < limit; i++) {
		char id[EUI64_TEXT_SIZE];

		json_array_append_new(items, json_pack("{s:s, s:s, s:I, s:o, s:o}", "gateway_id", eui64_format(rows[i]->id, id),
		                                       "address", rows[i]->address, "messages", (json_int_t)rows[i]->messages,
		                                       "first_seen_at", time_json(rows[i]->first_seen_us), "last_seen_at",
		                                       time_json(rows[i]->last_seen_us)));
	}
	request_answer(r, json_pack("{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)n));
	return LS_OK;
}
