/* region_settings.c - what an operator may change of a region, checked, and the channels that come of it. */
#include <string.h>

#include "base/error.h"
#include "lorawan/region.h"

#define MAX_RX_DELAY_S 15
#define MAX_REJOIN_N 15

/* The newest text that is not a mere addition: settings are measured by it. */
#define REG_PARAMS_REFERENCE REG_PARAMS_RP002_1_0_4

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool mask_has(const uint64_t mask[2], unsigned channel)
{
	return channel < 128 && mask[channel / 64] >> channel % 64 & 1;
}

void region_settings_default(const struct region_table *table, struct region_settings *out)
{
	const struct region_params *params = table->params[REG_PARAMS_REFERENCE];

	*out = (struct region_settings){
		.enabled = true,
		.rx1_delay_s = 1,
		.rx2_dr = table->rx2_dr,
		.rx2_freq_hz = table->rx2_freq_hz,
		.uplink_dwell = params->boot_uplink_dwell,
		.downlink_dwell = params->boot_downlink_dwell,
		.uplink_max_eirp_dbm = -1,
		.rejoin_max_time_n = -1,
		.rejoin_max_count_n = -1,
		.ping_slot_dr = params->ping_slot_dr,
		.downlink_tx_power_dbm = -1,
		.gateway_prefer_min_margin_db = 10,
		.installation_margin_db = 10,
		.max_dr = params->max_adr_dr,
	};
	while (!params->up_rates[out->min_dr].uplink)
		out->min_dr++;
	for (unsigned i = 0; table->extra_channels_hint_hz && i < REGION_CF_LIST_CHANNELS; i++)
		out->extra_channels[out->n_extra_channels++] = (struct channel){
			.freq_hz = table->extra_channels_hint_hz[i],
			.min_dr = table->cf_list_min_dr,
			.max_dr = table->cf_list_max_dr,
		};
	for (unsigned i = 0; table->is_fixed_plan && i < table->max_channels; i++)
		out->uplink_mask[i / 64] |= UINT64_C(1) << i % 64;
}

static int8_t highest_limit_dbm(const struct region_table *table)
{
	int8_t most = region_table_max_eirp_dbm(table);

	for (unsigned i = 0; i < table->n_duty_bands; i++)
		if (table->duty_bands[i].max_eirp_dbm >= most + 1)
			most = (int8_t)table->duty_bands[i].max_eirp_dbm;
	for (unsigned i = 0; i < table->n_eirp_ranges; i++)
		if (table->eirp_ranges[i].gateway_dbm >= most + 1)
			most = (int8_t)table->eirp_ranges[i].gateway_dbm;
	return most;
}

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return LS_ERANGE;
}

/* Told to every device, so one that not only the newest have. */
static bool has_downlink_dr(const struct region_table *table, unsigned dr)
{
	return dr < REGION_DR_MAX && table->params[REG_PARAMS_REFERENCE]->down_rates[dr].downlink;
}

/* A data rate some revision has for uplinks. */
static bool has_uplink_dr(const struct region_table *table, unsigned dr)
{
	for (unsigned rev = 0; rev < REG_PARAMS__COUNT && dr < REGION_DR_MAX; rev++)
		if (table->params[rev]->up_rates[dr].uplink)
			return true;
	return false;
}

static bool is_settable_frequency(const struct region_table *table, uint32_t freq_hz)
{
	return region_table_has_frequency(table, freq_hz) && freq_hz % table->freq_step_hz == 0;
}

static int check_windows(const struct region_table *table, const struct region_settings *s, const char **why)
{
	if (s->rx1_delay_s < 1 || s->rx1_delay_s > MAX_RX_DELAY_S)
		return refuse(why, "the RX1 delay must be 1 to 15 seconds");
	if (s->rx1_dr_offset >= table->params[REG_PARAMS_REFERENCE]->rx1->n_offsets)
		return refuse(why, "the region does not have this RX1 data rate offset");
	if (!has_downlink_dr(table, s->rx2_dr))
		return refuse(why, "the region does not have this RX2 data rate for downlinks");
	if (!is_settable_frequency(table, s->rx2_freq_hz))
		return refuse(why, "the RX2 frequency lies outside the band of the region, or between its steps");
	if (!has_downlink_dr(table, s->ping_slot_dr))
		return refuse(why, "the region does not have this ping slot data rate for downlinks");
	if (s->ping_slot_freq_hz && !is_settable_frequency(table, s->ping_slot_freq_hz))
		return refuse(why, "the ping slot frequency lies outside the band of the region, or between its steps");
	if (s->beacon_freq_hz && !is_settable_frequency(table, s->beacon_freq_hz))
		return refuse(why, "the beacon frequency lies outside the band of the region, or between its steps");
	return LS_OK;
}

static int check_limits(const struct region_table *table, const struct region_settings *s, const char **why)
{
	if (s->downlink_tx_power_dbm < -1 || s->downlink_tx_power_dbm > highest_limit_dbm(table))
		return refuse(why, "the downlink power is above every limit of the region");
	if ((s->uplink_dwell || s->downlink_dwell) && !table->dwell.is_switched)
		return refuse(why, "the region has no dwell time to switch on");
	if (s->rejoin_max_time_n > MAX_REJOIN_N || s->rejoin_max_count_n > MAX_REJOIN_N)
		return refuse(why, "rejoin_max_time_n and rejoin_max_count_n go to 15");
	if ((s->rejoin_max_time_n < 0) != (s->rejoin_max_count_n < 0))
		return refuse(why, "rejoin_max_time_n and rejoin_max_count_n go together");
	if (!has_uplink_dr(table, s->min_dr) || !has_uplink_dr(table, s->max_dr))
		return refuse(why, "min_dr or max_dr is no uplink data rate of the region");
	if (s->min_dr > s->max_dr)
		return refuse(why, "min_dr is above max_dr");
	return LS_OK;
}

static int check_extra_channel(const struct region *r, const struct channel *ch, const char **why)
{
	const struct region_table *table = r->table;

	if (!region_table_has_frequency(table, ch->freq_hz))
		return refuse(why, "an extra channel lies outside the band of the region");
	if (ch->freq_hz % table->freq_step_hz)
		return refuse(why, "the frequency of an extra channel cannot be told to devices in such fine steps");
	if (ch->min_dr > ch->max_dr || !has_uplink_dr(table, ch->min_dr) || !has_uplink_dr(table, ch->max_dr))
		return refuse(why, "the data rates of an extra channel are not a range the region has");
	for (unsigned k = 0; k < r->n_channels; k++)
		if (r->channels[k].freq_hz == ch->freq_hz)
			return refuse(why, "an extra channel is a default channel or listed twice");
	return LS_OK;
}

/* Default channels, then the operator's: what a CFList holds first. */
static int make_dynamic_channels(struct region *r, const char **why)
{
	const struct region_table *table = r->table;
	const struct region_settings *s = &r->settings;
	unsigned n_in_cf_list = 0;
	bool is_placed[REGION_EXTRA_CHANNELS_MAX] = {false};

	if (s->uplink_mask[0] || s->uplink_mask[1])
		return refuse(why, "the region has no fixed channels to choose from");
	if (s->n_extra_channels > COUNT(s->extra_channels) ||
	    table->n_default_channels + s->n_extra_channels > table->max_channels)
		return refuse(why, "too many extra channels");
	memcpy(r->channels, table->default_channels, table->n_default_channels * sizeof(r->channels[0]));
	r->n_channels = table->n_default_channels;
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < s->n_extra_channels; i++) {
			const struct channel *ch = &s->extra_channels[i];
			int rc;

			if (is_placed[i] ||
			    (round == 0 && (!region_fits_cf_list(table, ch) || n_in_cf_list == REGION_CF_LIST_CHANNELS)))
				continue;
			rc = check_extra_channel(r, ch, why);
			if (rc)
				return rc;
			n_in_cf_list += round == 0;
			is_placed[i] = true;
			r->channels[r->n_channels++] = *ch;
		}
	}
	return LS_OK;
}

static int make_fixed_channels(struct region *r, const char **why)
{
	const struct region_settings *s = &r->settings;
	const struct region_params *params = r->table->params[REG_PARAMS_REFERENCE];
	unsigned n = r->table->max_channels;

	if (s->n_extra_channels)
		return refuse(why, "the region has fixed channels, it takes no extra ones");
	if (!s->uplink_mask[0] && !s->uplink_mask[1])
		return refuse(why, "no uplink channel is left in use");
	for (unsigned i = n; i < 128; i++)
		if (mask_has(s->uplink_mask, i))
			return refuse(why, "the region does not have an uplink channel of this index");
	for (unsigned i = 0; i < params->n_uplink_runs; i++) {
		const struct channel_run *run = &params->uplink_runs[i];

		for (unsigned k = 0; k < run->count; k++)
			r->channels[run->first_index + k] = (struct channel){
				.freq_hz = run->base_hz + k * run->step_hz,
				.min_dr = run->min_dr,
				.max_dr = run->max_dr,
			};
	}
	r->n_channels = (uint8_t)n;
	return LS_OK;
}

int region_init(struct region *r, const struct region_table *table, const struct region_settings *s, const char **why)
{
	int rc = check_windows(table, s, why);

	if (!rc)
		rc = check_limits(table, s, why);
	if (rc)
		return rc;
	*r = (struct region){.table = table, .settings = *s};
	memcpy(r->name, table->config_id, strlen(table->config_id) + 1);
	return table->is_fixed_plan ? make_fixed_channels(r, why) : make_dynamic_channels(r, why);
}
