#include "lorawan/region.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/phy.h"

/* How far off a gateway may report the frequency of a channel. */
#define FREQ_TOLERANCE_HZ 1000

#define REG_PARAMS_NEWEST (REG_PARAMS__COUNT - 1)

static bool mask_has(const uint64_t mask[2], unsigned channel)
{
	return channel < 128 && mask[channel / 64] >> channel % 64 & 1;
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
static int8_t limit_dbm(const struct region_table *table, uint32_t freq_hz)
{
	const struct duty_band *band = find_band(table, freq_hz);
	const struct eirp_range *range = find_eirp_range(table, freq_hz);

	if (range)
		return (int8_t)range->gateway_dbm;
	if (band && band->max_eirp_dbm > 0)
		return (int8_t)band->max_eirp_dbm;
	return region_table_max_eirp_dbm(table);
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
	case MOD_LORA: /* gateways tell whole kHz: 812 for 812.5 */
		return a->sf == b->sf && a->bandwidth_hz / 1000 == b->bandwidth_hz / 1000;
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
	return region_table_has_frequency(r->table, freq_hz);
}

int region_rx1(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int channel, int dr,
               uint8_t rx1_dr_offset, bool downlink_dwell, struct tx_params *out)
{
	const struct region_table *table = r->table;
	const struct region_params *params = region_params(r, revision_for(r, rev, dr));
	const struct rx1_rates *rates = downlink_dwell && params->rx1_dwell ? params->rx1_dwell : params->rx1;

	if (!region_uplink_radio(r, revision_for(r, rev, dr), dr) || rx1_dr_offset >= rates->n_offsets ||
	    rates->dr[dr][rx1_dr_offset] < 0)
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

int region_join_group(const struct region *r, uint32_t rx2_freq_hz)
{
	for (int i = 0; i < r->table->n_join_channels; i++)
		if (r->table->join_channels[i].rx2_hz == rx2_freq_hz)
			return i;
	return -1;
}

uint32_t region_wished_rx2_freq(const struct region *r, uint32_t rx2_freq_hz)
{
	bool is_default = r->settings.rx2_freq_hz == r->table->rx2_freq_hz;

	return is_default && region_join_group(r, rx2_freq_hz) >= 0 ? rx2_freq_hz : r->settings.rx2_freq_hz;
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

unsigned region_beacon_channels(const struct region *r)
{
	return r->settings.beacon_freq_hz ? 1 : r->table->beacon.count;
}

uint32_t region_ping_slot_freq(const struct region *r, uint64_t hop, unsigned group)
{
	return r->settings.ping_slot_freq_hz ? r->settings.ping_slot_freq_hz : hop_to(&r->table->ping_slot, hop, group);
}

bool region_fits_cf_list(const struct region_table *table, const struct channel *ch)
{
	return ch->min_dr == table->cf_list_min_dr && ch->max_dr == table->cf_list_max_dr;
}

bool region_cf_list_has(const struct region *r, unsigned i)
{
	return i < r->n_channels && (i < r->table->n_default_channels ||
	                             (i < r->table->n_default_channels + (unsigned)REGION_CF_LIST_CHANNELS &&
	                              region_fits_cf_list(r->table, &r->channels[i])));
}

static bool cf_list_of_frequencies(const struct region *r, uint8_t out[16])
{
	uint32_t freq_hz[REGION_CF_LIST_CHANNELS] = {0};
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
