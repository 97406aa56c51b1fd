#include "lorawan/region.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/phy.h"

/* How far off a gateway may report the frequency of a channel. */
#define FREQ_TOLERANCE_HZ 1000

#define N_CF_LIST_CHANNELS 5
#define MAX_RX_DELAY_S 15
#define MAX_REJOIN_N 15

/* The newest text that is not a mere addition: settings are measured by it. */
#define REG_PARAMS_REFERENCE REG_PARAMS_RP002_1_0_4
#define REG_PARAMS_NEWEST (REG_PARAMS__COUNT - 1)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool mask_has(const uint64_t mask[2], unsigned channel)
{
	return channel < 128 && mask[channel / 64] >> channel % 64 & 1;
}

static bool table_has_frequency(const struct region_table *table, uint32_t freq_hz)
{
	return freq_hz >= table->freq_min_hz && freq_hz <= table->freq_max_hz;
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
	for (unsigned i = 0; table->extra_channels_hint_hz && i < N_CF_LIST_CHANNELS; i++)
		out->extra_channels[out->n_extra_channels++] = (struct channel){
			.freq_hz = table->extra_channels_hint_hz[i],
			.min_dr = table->cf_list_min_dr,
			.max_dr = table->cf_list_max_dr,
		};
	for (unsigned i = 0; table->is_fixed_plan && i < table->max_channels; i++)
		out->uplink_mask[i / 64] |= UINT64_C(1) << i % 64;
}

static const struct eirp_range *find_eirp_range(const struct region_table *table, uint32_t freq_hz)
{
	for (unsigned i = 0; i < table->n_eirp_ranges; i++)
		if (freq_hz >= table->eirp_ranges[i].min_hz && freq_hz <= table->eirp_ranges[i].max_hz)
			return &table->eirp_ranges[i];
	return NULL;
}

static const struct duty_band *find_band(const struct region_table *table, uint32_t freq_hz)
{
	for (unsigned i = 0; i < table->n_duty_bands; i++)
		if (freq_hz >= table->duty_bands[i].min_hz && freq_hz <= table->duty_bands[i].max_hz)
			return &table->duty_bands[i];
	return NULL;
}

/* Limits are positive: cutting them to whole dBm is floor. */
static int8_t table_max_eirp_dbm(const struct region_table *table)
{
	return (int8_t)table->params[REG_PARAMS_REFERENCE]->tx_powers->max_eirp_dbm;
}

static int8_t limit_dbm(const struct region_table *table, uint32_t freq_hz)
{
	const struct duty_band *band = find_band(table, freq_hz);
	const struct eirp_range *range = find_eirp_range(table, freq_hz);

	if (range)
		return (int8_t)range->gateway_dbm;
	if (band && band->max_eirp_dbm > 0)
		return (int8_t)band->max_eirp_dbm;
	return table_max_eirp_dbm(table);
}

static int8_t highest_limit_dbm(const struct region_table *table)
{
	int8_t most = table_max_eirp_dbm(table);

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
	return table_has_frequency(table, freq_hz) && freq_hz % table->freq_step_hz == 0;
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

static bool fits_cf_list(const struct region_table *table, const struct channel *ch)
{
	return ch->min_dr == table->cf_list_min_dr && ch->max_dr == table->cf_list_max_dr;
}

static int check_extra_channel(const struct region *r, const struct channel *ch, const char **why)
{
	const struct region_table *table = r->table;

	if (!table_has_frequency(table, ch->freq_hz))
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
			    (round == 0 && (!fits_cf_list(table, ch) || n_in_cf_list == N_CF_LIST_CHANNELS)))
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

const struct radio *region_uplink_radio(const struct region *r, enum reg_params_revision rev, int dr)
{
	const struct data_rate *rates = region_params(r, rev)->up_rates;

	return dr >= 0 && dr < REGION_DR_MAX && rates[dr].uplink ? &rates[dr].radio : NULL;
}

const struct radio *region_downlink_radio(const struct region *r, enum reg_params_revision rev, int dr)
{
	const struct data_rate *rates = region_params(r, rev)->down_rates;

	return dr >= 0 && dr < REGION_DR_MAX && rates[dr].downlink ? &rates[dr].radio : NULL;
}

static bool is_same_radio(const struct radio *a, const struct radio *b)
{
	if (a->modulation != b->modulation)
		return false;
	switch (a->modulation) {
	case MOD_LORA:
		return a->sf == b->sf && a->bandwidth_hz == b->bandwidth_hz;
	case MOD_FSK:
		return a->bit_rate == b->bit_rate;
	case MOD_LR_FHSS:
		return a->bandwidth_hz == b->bandwidth_hz && a->code_rate == b->code_rate;
	}
	return false;
}

/*
 * The revision whose text an uplink at this data rate is answered by: a rate that the text of the device leaves
 * unused is one of the newest. Profiles are often older than what their devices do.
 */
static enum reg_params_revision revision_for(const struct region *r, enum reg_params_revision rev, int dr)
{
	return region_uplink_radio(r, rev, dr) ? rev : REG_PARAMS_NEWEST;
}

int region_uplink_dr(const struct region *r, enum reg_params_revision rev, const struct radio *radio)
{
	for (int newest = 0; newest < 2; newest++) {
		for (int dr = 0; dr < REGION_DR_MAX; dr++) {
			const struct radio *known = region_uplink_radio(r, newest ? revision_for(r, rev, dr) : rev, dr);

			if (known && is_same_radio(known, radio))
				return dr;
		}
	}
	return -1;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* Rates added after the runs were written (SF5, SF6) are those of the channels of their width. */
static bool run_has_dr(const struct region *r, enum reg_params_revision rev, const struct channel_run *run, int dr)
{
	const struct radio *radio = region_uplink_radio(r, rev, dr);
	const struct radio *first = region_uplink_radio(r, rev, run->min_dr);

	if (dr >= run->min_dr && dr <= run->max_dr)
		return true;
	return radio && first && radio->modulation == MOD_LORA && radio->bandwidth_hz == first->bandwidth_hz;
}

bool region_channel_has_dr(const struct region *r, enum reg_params_revision rev, int channel, int dr)
{
	const struct region_params *params = region_params(r, rev);

	if (channel < 0 || channel >= r->n_channels)
		return false;
	if (!r->table->is_fixed_plan)
		return dr >= r->channels[channel].min_dr && dr <= r->channels[channel].max_dr;

	for (unsigned i = 0; i < params->n_uplink_runs; i++) {
		const struct channel_run *run = &params->uplink_runs[i];

		if (channel >= run->first_index && channel < run->first_index + run->count)
			return run_has_dr(r, rev, run, dr);
	}
	return false;
}

int region_uplink_channel(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int dr)
{
	uint32_t best = FREQ_TOLERANCE_HZ + 1;
	int found = -1;

	rev = revision_for(r, rev, dr);
	for (int i = 0; i < r->n_channels; i++) {
		uint32_t off = distance(r->channels[i].freq_hz, freq_hz);

		/* The 125 kHz and the wide channels of a fixed plan lie among each other. */
		if (off < best && (!r->table->is_fixed_plan || region_channel_has_dr(r, rev, i, dr))) {
			best = off;
			found = i;
		}
	}
	return found;
}

bool region_channel_is_enabled(const struct region *r, int channel)
{
	if (channel < 0 || channel >= r->n_channels)
		return false;
	return !r->table->is_fixed_plan || mask_has(r->settings.uplink_mask, (unsigned)channel);
}

bool region_has_frequency(const struct region *r, uint32_t freq_hz)
{
	return table_has_frequency(r->table, freq_hz);
}

int region_rx1(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int channel, int dr,
               uint8_t rx1_dr_offset, bool downlink_dwell, struct tx_params *out)
{
	const struct region_table *table = r->table;
	const struct region_params *params = region_params(r, revision_for(r, rev, dr));
	const struct rx1_rates *rates = downlink_dwell && params->rx1_dwell ? params->rx1_dwell : params->rx1;

	if (!region_uplink_radio(r, revision_for(r, rev, dr), dr) || rx1_dr_offset >= rates->n_offsets || rates->dr[dr][rx1_dr_offset] < 0)
		return LS_ERANGE;
	if (table->rx1_same_frequency) {
		out->freq_hz = freq_hz;
		if (channel >= 0 && channel < r->n_channels &&
		    distance(r->channels[channel].freq_hz, freq_hz) <= FREQ_TOLERANCE_HZ)
			out->freq_hz = r->channels[channel].freq_hz;
	} else {
		const struct channel_run *run = &table->downlink_runs[0];

		if (channel < 0 || channel >= r->n_channels)
			return LS_ERANGE;
		out->freq_hz = run->base_hz + (uint32_t)channel % run->count * run->step_hz;
	}
	out->dr = (uint8_t)rates->dr[dr][rx1_dr_offset];
	return LS_OK;
}

static const struct common_join_channel *find_join_channel(const struct region_table *table, uint32_t freq_hz)
{
	for (unsigned i = 0; i < table->n_join_channels; i++)
		if (distance(table->join_channels[i].uplink_hz, freq_hz) <= FREQ_TOLERANCE_HZ)
			return &table->join_channels[i];
	return NULL;
}

int region_join_windows(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int channel, int dr,
                        struct tx_params windows[2])
{
	const struct common_join_channel *join = find_join_channel(r->table, freq_hz);
	int rc = region_rx1(r, rev, freq_hz, channel, dr, 0, region_params(r, rev)->boot_downlink_dwell, &windows[0]);

	windows[1] = region_rx2_default(r);
	if (!rc && join) {
		windows[0].freq_hz = join->rx1_hz;
		windows[1].freq_hz = join->rx2_hz;
	}
	return rc;
}

bool region_takes_join(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int dr)
{
	if (r->table->n_join_channels)
		return find_join_channel(r->table, freq_hz) != NULL;
	return region_channel_is_enabled(r, region_uplink_channel(r, rev, freq_hz, dr));
}

unsigned region_join_group(const struct region *r, uint32_t join_freq_hz)
{
	const struct common_join_channel *join = find_join_channel(r->table, join_freq_hz);

	return join ? (unsigned)(join - r->table->join_channels) : 0;
}

struct tx_params region_rx2_default(const struct region *r)
{
	return (struct tx_params){.freq_hz = r->table->rx2_freq_hz, .dr = r->table->rx2_dr};
}

static uint8_t limit_of(const struct region *r, const struct payload_limits *limits, int dr, bool dwell)
{
	if (dr < 0 || dr >= REGION_DR_MAX)
		return 0;
	return limits->m[dwell && r->table->dwell.is_switched][r->settings.repeater_compatible][dr];
}

uint8_t region_max_downlink_m(const struct region *r, enum reg_params_revision rev, int dr, bool downlink_dwell)
{
	if (!region_downlink_radio(r, rev, dr))
		return 0;
	return limit_of(r, region_params(r, rev)->down_limits, dr, downlink_dwell || r->settings.downlink_dwell);
}

uint8_t region_max_uplink_m(const struct region *r, enum reg_params_revision rev, int dr, bool uplink_dwell)
{
	return region_uplink_radio(r, rev, dr) ? limit_of(r, region_params(r, rev)->up_limits, dr, uplink_dwell) : 0;
}

uint8_t region_longest_downlink_m(const struct region *r)
{
	uint8_t most = 0;

	for (unsigned rev = 0; rev < REG_PARAMS__COUNT; rev++) {
		for (int dr = 0; dr < REGION_DR_MAX; dr++) {
			uint8_t m = region_max_downlink_m(r, (enum reg_params_revision)rev, dr, false);

			if (m > most)
				most = m;
		}
	}
	return most;
}

int8_t region_downlink_power(const struct region *r, uint32_t freq_hz)
{
	int8_t limit = limit_dbm(r->table, freq_hz);
	int8_t setting = r->settings.downlink_tx_power_dbm;

	return setting >= 0 && setting < limit ? setting : limit;
}

const struct duty_band *region_duty_band(const struct region *r, uint32_t freq_hz)
{
	return find_band(r->table, freq_hz);
}

static uint32_t hop_to(const struct class_b_channels *channels, uint64_t hop, unsigned group)
{
	return channels->base_hz + channels->step_hz * (uint32_t)(hop % channels->count) + channels->group_step_hz * group;
}

uint32_t region_beacon_freq(const struct region *r, uint64_t hop, unsigned group)
{
	return r->settings.beacon_freq_hz ? r->settings.beacon_freq_hz : hop_to(&r->table->beacon, hop, group);
}

uint32_t region_ping_slot_freq(const struct region *r, uint64_t hop, unsigned group)
{
	return r->settings.ping_slot_freq_hz ? r->settings.ping_slot_freq_hz : hop_to(&r->table->ping_slot, hop, group);
}

bool region_cf_list_has(const struct region *r, unsigned i)
{
	return i < r->n_channels && (i < r->table->n_default_channels ||
	                             (i < r->table->n_default_channels + (unsigned)N_CF_LIST_CHANNELS &&
	                              fits_cf_list(r->table, &r->channels[i])));
}

static bool cf_list_of_frequencies(const struct region *r, uint8_t out[16])
{
	uint32_t freq_hz[N_CF_LIST_CHANNELS] = {0};
	unsigned n = 0;

	for (unsigned i = r->table->n_default_channels; region_cf_list_has(r, i); i++)
		freq_hz[n++] = r->channels[i].freq_hz;
	if (!n)
		return false;
	cf_list_type0(freq_hz, r->table->freq_step_hz, out);
	return true;
}

static void cf_list_of_masks(const struct region *r, uint8_t out[16])
{
	uint16_t ch_mask[(REGION_CHANNELS_MAX + 15) / 16];
	unsigned n = (r->n_channels + 15u) / 16;

	for (unsigned i = 0; i < n; i++)
		ch_mask[i] = (uint16_t)(r->settings.uplink_mask[i / 4] >> 16 * (i % 4));
	cf_list_type1(ch_mask, n, out);
}

bool region_cf_list(const struct region *r, enum mac_version v, enum reg_params_revision rev, uint8_t out[16])
{
	int8_t type = region_params(r, rev)->cf_list_type;

	if (type == CF_LIST_NONE || (type == 1 && !mac_version_rules(v)->has_cf_list_type1))
		return false;
	if (type == 0)
		return cf_list_of_frequencies(r, out);
	cf_list_of_masks(r, out);
	return true;
}

int radio_required_snr_db10(const struct radio *radio, int *out)
{
	if (radio->modulation != MOD_LORA || radio->sf < 5 || radio->sf > 12)
		return LS_ETYPE;
	*out = -25 * (radio->sf - 4);
	return LS_OK;
}
