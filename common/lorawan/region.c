#include "lorawan/region.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/phy.h"

/* How far off a gateway may report the frequency of a channel. */
#define FREQ_TOLERANCE_HZ 1000

#define N_CF_LIST_CHANNELS 5
#define MAX_RX_DELAY_S 15

const struct region_table *const region_tables[] = {&region_eu868, &region_us915, NULL};

static bool is_same_name(const char *a, const char *b)
{
	for (;;) {
		while (*a == '-' || *a == '_')
			a++;
		while (*b == '-' || *b == '_')
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

const struct region_table *region_table_find(const char *name)
{
	for (size_t i = 0; region_tables[i]; i++)
		if (is_same_name(region_tables[i]->name, name))
			return region_tables[i];
	return NULL;
}

static bool mask_has(const uint64_t mask[2], unsigned channel)
{
	return channel < 128 && mask[channel / 64] >> channel % 64 & 1;
}

static unsigned fixed_channels(const struct region_table *table)
{
	unsigned n = 0;

	for (unsigned i = 0; i < table->n_uplink_runs; i++)
		n += table->uplink_runs[i].count;
	return n;
}

void region_settings_default(const struct region_table *table, struct region_settings *out)
{
	*out = (struct region_settings){
		.enabled = true,
		.rx1_delay_s = 1,
		.rx1_dr_offset = 0,
		.rx2_dr = table->rx2_dr,
		.downlink_tx_power_dbm = -1,
	};
	if (table->extra_channels_hint_hz) {
		out->n_extra_channels = N_CF_LIST_CHANNELS;
		memcpy(out->extra_channels_hz, table->extra_channels_hint_hz,
		       N_CF_LIST_CHANNELS * sizeof(out->extra_channels_hz[0]));
	}
	for (unsigned i = 0; i < fixed_channels(table); i++)
		out->uplink_mask[i / 64] |= UINT64_C(1) << i % 64;
}

static bool table_has_frequency(const struct region_table *table, uint32_t freq_hz)
{
	return freq_hz >= table->freq_min_hz && freq_hz <= table->freq_max_hz;
}

static int8_t band_limit_dbm(const struct region_table *table, uint32_t freq_hz)
{
	for (unsigned i = 0; i < table->n_duty_bands; i++) {
		const struct duty_band *band = &table->duty_bands[i];

		if (freq_hz >= band->min_hz && freq_hz <= band->max_hz)
			return (int8_t)band->max_eirp_dbm; /* positive: cutting is floor */
	}
	return table->max_eirp_dbm;
}

static int8_t highest_limit_dbm(const struct region_table *table)
{
	int8_t most = table->max_eirp_dbm;

	for (unsigned i = 0; i < table->n_duty_bands; i++)
		if (table->duty_bands[i].max_eirp_dbm >= most + 1)
			most = (int8_t)table->duty_bands[i].max_eirp_dbm;
	return most;
}

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return LS_ERANGE;
}

static int check_scalars(const struct region_table *table, const struct region_settings *s, const char **why)
{
	if (s->rx1_delay_s < 1 || s->rx1_delay_s > MAX_RX_DELAY_S)
		return refuse(why, "the RX1 delay must be 1 to 15 seconds");
	if (s->rx1_dr_offset >= table->n_rx1_offsets)
		return refuse(why, "the region does not have this RX1 data rate offset");
	if (s->rx2_dr >= REGION_DR_MAX || !table->data_rates[s->rx2_dr].downlink)
		return refuse(why, "the region does not have this RX2 data rate for downlinks");
	if (s->downlink_tx_power_dbm < -1 || s->downlink_tx_power_dbm > highest_limit_dbm(table))
		return refuse(why, "the downlink power is above every limit of the region");
	return LS_OK;
}

/* Default channels, then the operator's extra ones. */
static int make_dynamic_channels(struct region *r, const char **why)
{
	const struct region_table *table = r->table;
	const struct region_settings *s = &r->settings;

	if (s->uplink_mask[0] || s->uplink_mask[1])
		return refuse(why, "the region has no fixed channels to choose from");
	if (s->n_extra_channels > sizeof(s->extra_channels_hz) / sizeof(s->extra_channels_hz[0]) ||
	    table->n_default_channels + s->n_extra_channels > table->max_channels)
		return refuse(why, "too many extra channels");
	memcpy(r->channels, table->default_channels, table->n_default_channels * sizeof(r->channels[0]));
	r->n_channels = table->n_default_channels;
	for (unsigned i = 0; i < s->n_extra_channels; i++) {
		uint32_t freq_hz = s->extra_channels_hz[i];

		if (!table_has_frequency(table, freq_hz))
			return refuse(why, "an extra channel lies outside the band of the region");
		if (freq_hz % table->freq_step_hz)
			return refuse(why, "the frequency of an extra channel cannot be told to devices in such fine steps");
		for (unsigned k = 0; k < r->n_channels; k++)
			if (r->channels[k].freq_hz == freq_hz)
				return refuse(why, "an extra channel is a default channel or listed twice");
		/* A device gives the channels of a CFList the rates of the default ones. */
		r->channels[r->n_channels++] = (struct channel){
			.freq_hz = freq_hz,
			.min_dr = table->default_channels[0].min_dr,
			.max_dr = table->default_channels[0].max_dr,
		};
	}
	return LS_OK;
}

static int make_fixed_channels(struct region *r, const char **why)
{
	const struct region_settings *s = &r->settings;
	unsigned n = fixed_channels(r->table);

	if (s->n_extra_channels)
		return refuse(why, "the region has fixed channels, it takes no extra ones");
	if (!s->uplink_mask[0] && !s->uplink_mask[1])
		return refuse(why, "no uplink channel is left in use");
	for (unsigned i = n; i < 128; i++)
		if (mask_has(s->uplink_mask, i))
			return refuse(why, "the region does not have an uplink channel of this index");
	for (unsigned i = 0; i < r->table->n_uplink_runs; i++) {
		const struct channel_run *run = &r->table->uplink_runs[i];

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
	int rc = check_scalars(table, s, why);

	if (rc)
		return rc;
	*r = (struct region){.table = table, .settings = *s};
	return table->is_fixed_plan ? make_fixed_channels(r, why) : make_dynamic_channels(r, why);
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

int region_uplink_dr(const struct region *r, const struct radio *radio)
{
	for (int dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct data_rate *row = &r->table->data_rates[dr];

		if (row->uplink && is_same_radio(&row->radio, radio))
			return dr;
	}
	return -1;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

int region_uplink_channel(const struct region *r, uint32_t freq_hz, int dr)
{
	uint32_t best = FREQ_TOLERANCE_HZ + 1;
	int found = -1;

	for (int i = 0; i < r->n_channels; i++) {
		const struct channel *ch = &r->channels[i];
		uint32_t off = distance(ch->freq_hz, freq_hz);

		/* The 125 kHz and the wide channels of a fixed plan lie among each other. */
		if (r->table->is_fixed_plan && (dr < ch->min_dr || dr > ch->max_dr))
			continue;
		if (off < best) {
			best = off;
			found = i;
		}
	}
	return found;
}

bool region_has_frequency(const struct region *r, uint32_t freq_hz)
{
	return table_has_frequency(r->table, freq_hz);
}

int region_rx1(const struct region *r, uint32_t freq_hz, int channel, int dr, uint8_t rx1_dr_offset,
	       struct tx_params *out)
{
	const struct region_table *table = r->table;
	int8_t rx1_dr;

	if (dr < 0 || dr >= REGION_DR_MAX || !table->data_rates[dr].uplink || rx1_dr_offset >= table->n_rx1_offsets)
		return LS_ERANGE;
	rx1_dr = table->rx1_dr[dr][rx1_dr_offset];
	if (rx1_dr < 0)
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
	out->dr = (uint8_t)rx1_dr;
	return LS_OK;
}

struct tx_params region_rx2_default(const struct region *r)
{
	return (struct tx_params){.freq_hz = r->table->rx2_freq_hz, .dr = r->table->rx2_dr};
}

uint8_t region_max_payload_m(const struct region *r, int dr)
{
	if (dr < 0 || dr >= REGION_DR_MAX)
		return 0;
	return r->settings.repeater_compatible ? r->table->max_payload_m_repeater[dr] : r->table->max_payload_m[dr];
}

int8_t region_downlink_power(const struct region *r, uint32_t freq_hz)
{
	int8_t limit = band_limit_dbm(r->table, freq_hz);
	int8_t setting = r->settings.downlink_tx_power_dbm;

	return setting >= 0 && setting < limit ? setting : limit;
}

static bool cf_list_of_frequencies(const struct region *r, uint8_t out[16])
{
	uint32_t freq_hz[N_CF_LIST_CHANNELS] = {0};
	unsigned n = r->settings.n_extra_channels;

	if (!n)
		return false;
	if (n > N_CF_LIST_CHANNELS)
		n = N_CF_LIST_CHANNELS; /* the others need NewChannelReq */
	memcpy(freq_hz, r->settings.extra_channels_hz, n * sizeof(freq_hz[0]));
	cf_list_type0(freq_hz, out);
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

bool region_cf_list(const struct region *r, enum mac_version v, uint8_t out[16])
{
	if (r->table->cf_list_type == 0)
		return cf_list_of_frequencies(r, out);
	if (!mac_version_rules(v)->has_cf_list_type1)
		return false;
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
