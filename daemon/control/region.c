/* region.c - the region configurations in force: tables and settings together, as data. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/word_list.h"
#include "control/internal.h"

/* 12.15 and not 12.1500000000000004. */
static json_t *decimal(double v)
{
	return v == (int)v ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *number_or_null(json_int_t v)
{
	return v ? json_integer(v) : json_null();
}

/* "SF12/125 kHz" */
static json_t *radio_json(const struct radio *radio)
{
	char text[48];

	switch (radio->modulation) {
	case MOD_LORA:
		snprintf(text, sizeof(text), "SF%u/%g kHz", radio->sf, radio->bandwidth_hz / 1e3);
		break;
	case MOD_FSK:
		snprintf(text, sizeof(text), "FSK %u bit/s", (unsigned)radio->bit_rate);
		break;
	case MOD_LR_FHSS:
		snprintf(text, sizeof(text), "LR-FHSS %u bit/s/%u kHz", (unsigned)radio->bit_rate,
		         (unsigned)radio->bandwidth_hz / 1000);
		break;
	}
	return json_string(text);
}

/* --- channels --- */

/* "8-15,65" */
static json_t *enabled_channels(const struct region *r)
{
	char text[200] = "";

	for (int i = 0; i < r->n_channels; i++) {
		char item[16];
		int last = i;

		if (!region_channel_is_enabled(r, i))
			continue;
		while (region_channel_is_enabled(r, last + 1))
			last++;
		snprintf(item, sizeof(item), last > i ? "%d-%d" : "%d", i, last);
		word_list_add(text, sizeof(text), ",", item);
		i = last;
	}
	return json_string(text);
}

/* How a device comes to know a channel. */
static const char *told_by(const struct region *r, unsigned i)
{
	if (r->table->is_fixed_plan || i < r->table->n_default_channels)
		return "plan";
	return region_cf_list_has(r, i) ? "CFList" : "NewChannelReq";
}

static json_t *channels_json(const struct region *r, enum reg_params_revision rev)
{
	json_t *list = json_array();

	for (int i = 0; i < r->n_channels; i++) {
		int min = -1, max = -1;

		for (int dr = 0; dr < REGION_DR_MAX; dr++) {
			if (!region_channel_has_dr(r, rev, i, dr) || !region_uplink_radio(r, rev, dr))
				continue;
			min = min < 0 ? dr : min;
			max = dr;
		}
		json_array_append_new(list, json_pack("{s:i, s:I, s:i, s:i, s:b, s:s}", "index", i, "freq_hz",
		                                      (json_int_t)r->channels[i].freq_hz, "min_dr", min, "max_dr", max, "enabled",
		                                      region_channel_is_enabled(r, i), "told_by", told_by(r, (unsigned)i)));
	}
	return list;
}

static json_t *runs_json(const struct channel_run *runs, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:I, s:I, s:i, s:i}", "first_index", runs[i].first_index, "count",
		                                      runs[i].count, "base_hz", (json_int_t)runs[i].base_hz, "step_hz",
		                                      (json_int_t)runs[i].step_hz, "min_dr", runs[i].min_dr, "max_dr",
		                                      runs[i].max_dr));
	return list;
}

static json_t *join_channels_json(const struct region_table *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_join_channels; i++)
		json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:I}", "index", t->join_channels[i].index, "uplink_hz",
		                                      (json_int_t)t->join_channels[i].uplink_hz, "rx1_hz",
		                                      (json_int_t)t->join_channels[i].rx1_hz, "rx2_hz",
		                                      (json_int_t)t->join_channels[i].rx2_hz));
	return list;
}

/* --- data rates and windows --- */

static json_t *rate_json(const struct region *r, int dr, const char *direction, const struct radio *radio,
                         const struct payload_limits *limits)
{
	json_t *o = json_pack("{s:i, s:s, s:o}", "dr", dr, "direction", direction, "modulation", radio_json(radio));

	json_object_set_new(o, "payload", json_integer(limits->m[0][0][dr] - 8));
	json_object_set_new(o, "repeater", json_integer(limits->m[0][1][dr] - 8));
	if (r->table->dwell.is_switched) {
		unsigned m = limits->m[1][0][dr], m_repeater = limits->m[1][1][dr];

		json_object_set_new(o, "dwell", m ? json_integer(m - 8) : json_null());
		json_object_set_new(o, "dwell_repeater", m_repeater ? json_integer(m_repeater - 8) : json_null());
	}
	return o;
}

static json_t *rates_json(const struct region *r, enum reg_params_revision rev)
{
	const struct region_params *p = region_params(r, rev);
	json_t *list = json_array();

	for (int dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct radio *up = region_uplink_radio(r, rev, dr), *down = region_downlink_radio(r, rev, dr);
		bool is_both = up && down && p->up_rates == p->down_rates;

		if (is_both)
			json_array_append_new(list, rate_json(r, dr, "both", up, p->up_limits));
		if (up && !is_both)
			json_array_append_new(list, rate_json(r, dr, "up", up, p->up_limits));
		if (down && !is_both)
			json_array_append_new(list, rate_json(r, dr, "down", down, p->down_limits));
	}
	return list;
}

static json_t *offsets_json(const struct rx1_rates *rates, int dr)
{
	json_t *list = json_array();

	for (int o = 0; o < rates->n_offsets; o++)
		json_array_append_new(list, json_integer(rates->dr[dr][o]));
	return list;
}

static json_t *rx1_json(const struct region *r, enum reg_params_revision rev)
{
	const struct region_params *p = region_params(r, rev);
	json_t *list = json_array(), *o;

	for (int dr = 0; dr < REGION_DR_MAX; dr++) {
		if (!region_uplink_radio(r, rev, dr))
			continue;
		o = json_pack("{s:i, s:o}", "uplink_dr", dr, "rx1_dr_by_offset", offsets_json(p->rx1, dr));
		if (p->rx1_dwell)
			json_object_set_new(o, "with_downlink_dwell", offsets_json(p->rx1_dwell, dr));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *powers_json(const struct tx_powers *powers)
{
	json_t *list = json_array();

	for (int i = 0; i < powers->n; i++)
		json_array_append_new(list, json_pack("{s:i, s:i, s:o}", "index", i, "offset_db", powers->offset_db[i], "eirp_dbm",
		                                      decimal(powers->max_eirp_dbm + powers->offset_db[i])));
	return list;
}

/* --- limits --- */

static json_t *dwell_json(const struct region *r)
{
	const struct dwell_times *dwell = &r->table->dwell;

	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:b}", "uplink_ms", number_or_null(dwell->up_ms), "uplink_125khz_ms",
	                 number_or_null(dwell->up_125khz_ms), "downlink_ms", number_or_null(dwell->down_ms), "is_switched",
	                 dwell->is_switched, "uplink_on", r->settings.uplink_dwell, "downlink_on", r->settings.downlink_dwell);
}

static json_t *bands_json(const struct region *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->table->n_duty_bands; i++) {
		const struct duty_band *band = &r->table->duty_bands[i];

		json_array_append_new(list, json_pack("{s:I, s:I, s:o, s:o}", "min_hz", (json_int_t)band->min_hz, "max_hz",
		                                      (json_int_t)band->max_hz, "duty_cycle_percent",
		                                      decimal(band->duty_cycle * 100), "max_eirp_dbm",
		                                      band->max_eirp_dbm > 0 ? decimal(band->max_eirp_dbm) : json_null()));
	}
	return list;
}

static json_t *eirp_json(const struct region_table *t)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < t->n_eirp_ranges; i++)
		json_array_append_new(list, json_pack("{s:I, s:I, s:o, s:o}", "min_hz", (json_int_t)t->eirp_ranges[i].min_hz,
		                                      "max_hz", (json_int_t)t->eirp_ranges[i].max_hz, "device_dbm",
		                                      decimal(t->eirp_ranges[i].device_dbm), "gateway_dbm",
		                                      decimal(t->eirp_ranges[i].gateway_dbm)));
	return list;
}

/* --- class B and MAC commands --- */

static json_t *class_b_json(const struct region *r, enum reg_params_revision rev)
{
	const struct region_table *t = r->table;
	const struct region_settings *s = &r->settings;
	bool beacon_hops = t->beacon.count > 1 && !s->beacon_freq_hz, ping_hops = t->ping_slot.count > 1 && !s->ping_slot_freq_hz;
	json_t *o = json_pack("{s:I, s:i, s:i}", "beacon_freq_hz", (json_int_t)region_beacon_freq(r, 0, 0), "beacon_hop_count",
	                      beacon_hops ? t->beacon.count : 1, "beacon_dr", region_params(r, rev)->beacon_dr);

	if (beacon_hops)
		json_object_set_new(o, "beacon_hop_step_hz", json_integer(t->beacon.step_hz));
	json_object_set_new(o, "beacon_octets", json_integer(t->beacon_layout.frame_len));
	json_object_set_new(o, "ping_slot_freq_hz", json_integer(region_ping_slot_freq(r, 0, 0)));
	json_object_set_new(o, "ping_slot_hop_count", json_integer(ping_hops ? t->ping_slot.count : 1));
	if (ping_hops)
		json_object_set_new(o, "ping_slot_hop_step_hz", json_integer(t->ping_slot.step_hz));
	json_object_set_new(o, "ping_slot_dr", json_integer(s->ping_slot_dr));
	return o;
}

static void cntl_text(const struct ch_mask_cntl *c, char *text, size_t size)
{
	char whole[48] = "", mask[64] = "";

	if (c->all_count)
		snprintf(whole, sizeof(whole), "channels %u-%u %s", c->all_first, c->all_first + c->all_count - 1,
		         c->all_on ? "on" : "off");
	if (c->mask_count && c->mask_span == 1)
		snprintf(mask, sizeof(mask), "bits for channels %u-%u", c->mask_first, c->mask_first + c->mask_count - 1);
	else if (c->mask_count)
		snprintf(mask, sizeof(mask), "bits for banks of %u channels and one of %u-%u", c->mask_span, c->wide_first,
		         c->wide_first + c->mask_count - 1);
	snprintf(text, size, "%s%s%s", whole, *whole && *mask ? ", then " : "", mask);
}

static json_t *cntl_json(const struct ch_mask_cntl *rows)
{
	json_t *list = json_array();

	for (int i = 0; i < REGION_CNTL_MAX; i++) {
		char text[128];

		if (!rows[i].is_defined)
			continue;
		cntl_text(&rows[i], text, sizeof(text));
		json_array_append_new(list, json_pack("{s:i, s:s}", "cntl", i, "means", text));
	}
	return list;
}

static json_t *mac_json(const struct region *r, const struct region_params *p)
{
	return json_pack("{s:o, s:b, s:b, s:b, s:i}", "cf_list_type",
	                 p->cf_list_type == CF_LIST_NONE ? json_null() : json_integer(p->cf_list_type), "tx_param_setup",
	                 p->has_tx_param_setup, "new_channel", r->table->has_new_channel, "dl_channel", r->table->has_dl_channel,
	                 "max_adr_dr", p->max_adr_dr);
}

/* --- settings --- */

static json_t *or_null(int v)
{
	return v < 0 ? json_null() : json_integer(v);
}

static json_t *settings_json(const struct region_settings *s)
{
	static const char *const windows[] = {"both", "rx1", "rx2"};
	json_t *o = json_object();

	json_object_set_new(o, "downlink_tx_power_dbm", or_null(s->downlink_tx_power_dbm));
	json_object_set_new(o, "repeater_compatible", json_boolean(s->repeater_compatible));
	json_object_set_new(o, "uplink_max_eirp_dbm", or_null(s->uplink_max_eirp_dbm));
	json_object_set_new(o, "installation_margin_db", json_integer(s->installation_margin_db));
	json_object_set_new(o, "adr_disabled", json_boolean(s->adr_disabled));
	json_object_set_new(o, "min_dr", json_integer(s->min_dr));
	json_object_set_new(o, "max_dr", json_integer(s->max_dr));
	json_object_set_new(o, "rx_window", json_string(windows[s->rx_window]));
	json_object_set_new(o, "rx2_prefer_on_rx1_dr_lt", json_integer(s->rx2_prefer_on_rx1_dr_lt));
	json_object_set_new(o, "rx2_prefer_on_link_budget", json_boolean(s->rx2_prefer_on_link_budget));
	json_object_set_new(o, "gateway_prefer_min_margin_db", json_integer(s->gateway_prefer_min_margin_db));
	json_object_set_new(o, "rejoin_max_time_n", or_null(s->rejoin_max_time_n));
	json_object_set_new(o, "rejoin_max_count_n", or_null(s->rejoin_max_count_n));
	return o;
}

/* Which of its settings are not the region's own, by the names of the file. */
static json_t *changed_json(const struct region *r)
{
	struct region_settings own;
	json_t *list = json_array();

	region_settings_default(r->table, &own);
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (config_is_of_region(o) && config_option_fits(o, r->table) && !config_region_is_same(o, &own, &r->settings))
			json_array_append_new(list, json_string(o->name));
	}
	return list;
}

/* --- methods --- */

static json_t *summary(const struct region *r)
{
	json_t *o = json_pack("{s:s, s:s}", "name", r->name, "region", r->table->name);

	if (r->table->plan)
		json_object_set_new(o, "plan", json_string(r->table->plan));
	json_object_set_new(o, "enabled_channels", enabled_channels(r));
	json_object_set_new(o, "rx1_delay_s", json_integer(r->settings.rx1_delay_s));
	json_object_set_new(o, "rx1_dr_offset", json_integer(r->settings.rx1_dr_offset));
	json_object_set_new(o, "rx2_freq_hz", json_integer(r->settings.rx2_freq_hz));
	json_object_set_new(o, "rx2_dr", json_integer(r->settings.rx2_dr));
	return o;
}

static void set_list(json_t *o, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set_new(o, key, list);
	else
		json_decref(list);
}

static json_t *whole(const struct region *r, enum reg_params_revision rev)
{
	const struct region_table *t = r->table;
	const struct region_params *p = region_params(r, rev);
	json_t *o = summary(r);

	json_object_set_new(o, "revision", json_string(reg_params_revision_name(rev)));
	json_object_set_new(o, "band_min_hz", json_integer(t->freq_min_hz));
	json_object_set_new(o, "band_max_hz", json_integer(t->freq_max_hz));
	json_object_set_new(o, "freq_step_hz", json_integer(t->freq_step_hz));
	json_object_set_new(o, "max_eirp_dbm", decimal(p->tx_powers->max_eirp_dbm));
	json_object_set_new(o, "unlisted_frequencies", json_string(t->forbids_unlisted ? "forbidden" : "no duty cycle"));
	json_object_set_new(o, "changed", changed_json(r));
	json_object_set_new(o, "settings", settings_json(&r->settings));
	json_object_set_new(o, "channels", channels_json(r, rev));
	set_list(o, "downlink_channels", runs_json(t->downlink_runs, t->n_downlink_runs));
	set_list(o, "join_channels", join_channels_json(t));
	json_object_set_new(o, "data_rates", rates_json(r, rev));
	json_object_set_new(o, "rx1", rx1_json(r, rev));
	json_object_set_new(o, "tx_powers", powers_json(p->tx_powers));
	json_object_set_new(o, "dwell_time", dwell_json(r));
	set_list(o, "duty_cycle_bands", bands_json(r));
	set_list(o, "eirp_limits", eirp_json(t));
	json_object_set_new(o, "class_b", class_b_json(r, rev));
	json_object_set_new(o, "mac_commands", mac_json(r, p));
	json_object_set_new(o, "ch_mask_cntl", cntl_json(p->ch_mask_cntl));
	return o;
}

int do_REGION_LIST(struct server *srv, struct request *r)
{
	int64_t limit = request_int(r, "limit", 100);
	json_t *items = json_array();

	for (size_t i = 0; i < srv->n_regions && (int64_t)i < limit; i++)
		json_array_append_new(items, summary(&srv->regions[i]));
	request_answer(r, json_pack("{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)srv->n_regions));
	return LS_OK;
}

int do_REGION_SHOW(struct server *srv, struct request *r)
{
	const char *name = request_text(r, "name"), *text = request_text(r, "revision");
	const struct region_table *table = region_table_find(name);
	/* A region by any spelling is its plain configuration, or the first it has. */
	const struct region *region = fleet_region(&srv->fleet, table ? table->config_id : name);
	enum reg_params_revision rev;
	char known[400] = "", hint[420];

	if (!region && table)
		region = fleet_region(&srv->fleet, table->name);
	if (!region) {
		for (size_t i = 0; i < srv->n_regions; i++)
			word_list_add(known, sizeof(known), ", ", srv->regions[i].name);
		snprintf(hint, sizeof(hint), "lsctl region show %s", srv->regions[0].name);
		return request_refuse(r, LS_ENOTFOUND, "name", NULL, hint, "%s is not enabled; in force: %s",
		                      table ? table->name : name, known);
	}
	if (reg_params_revision_parse(text ? text : "", MAC_VERSION_1_0_4, &rev))
		return request_refuse(r, LS_EINVAL, "revision", NULL, "--revision RP002-1.0.4", "there is no revision '%s'", text);
	request_answer(r, whole(region, rev));
	return LS_OK;
}
