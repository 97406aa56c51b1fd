/* device_channels.c - channels of a device, and where its windows are (RP002). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "device_part.h"

#define CF_LIST_CHANNELS 5
#define CF_LIST_MASKS 6
#define CF_LIST_TYPE 15 /* octet */

bool device_has_uplink_rate(const struct device_profile *p, int dr)
{
	return dr >= 0 && dr < REGION_DR_MAX && p->params->up_rates[dr].uplink && p->params->up_limits->m[0][0][dr];
}

bool device_has_downlink_rate(const struct device_profile *p, int dr)
{
	return dr >= 0 && dr < REGION_DR_MAX && p->params->down_rates[dr].downlink;
}

bool device_has_frequency(const struct device_profile *p, uint32_t freq_hz)
{
	return freq_hz >= p->region->freq_min_hz && freq_hz <= p->region->freq_max_hz;
}

static const struct channel_run *run_of(const struct device_profile *p, unsigned channel)
{
	for (unsigned r = 0; r < p->params->n_uplink_runs; r++) {
		const struct channel_run *run = &p->params->uplink_runs[r];

		if (channel >= run->first_index && channel < run->first_index + (unsigned)run->count)
			return run;
	}
	return NULL;
}

uint32_t device_channel_freq(const struct device_profile *p, const struct device *d, unsigned channel)
{
	if (channel < p->region->n_default_channels)
		return p->region->default_channels[channel].freq_hz;
	return channel < DEVICE_CHANNELS ? d->mac->channels[channel].up_hz : 0;
}

static uint32_t uplink_freq(const struct device_profile *p, const struct device *d, unsigned channel)
{
	const struct channel_run *run;

	if (!p->region->is_fixed_plan)
		return device_channel_freq(p, d, channel);
	run = run_of(p, channel);
	return run ? run->base_hz + (channel - run->first_index) * run->step_hz : 0;
}

void device_defined_channels(const struct device_profile *p, const struct device *d, struct ch_mask *out)
{
	*out = (struct ch_mask){{0}};
	for (unsigned i = 0; i < CH_MASK_CHANNELS; i++)
		if (uplink_freq(p, d, i))
			ch_mask_put(out, i, true);
}

void device_enabled_channels(const struct device_profile *p, const struct device *d, struct ch_mask *out)
{
	if (d->mac->has_mask)
		*out = d->mac->mask;
	else if (p->region->is_fixed_plan)
		*out = p->sub_band_mask;
	else
		device_defined_channels(p, d, out);
}

bool device_channel_takes_dr(const struct device_profile *p, const struct device *d, unsigned channel, int dr)
{
	if (p->region->is_fixed_plan) {
		const struct channel_run *run = run_of(p, channel);

		return run && dr >= run->min_dr && dr <= run->max_dr;
	}
	if (channel < p->region->n_default_channels) {
		const struct channel *ch = &p->region->default_channels[channel];

		return dr >= ch->min_dr && dr <= ch->max_dr;
	}
	return channel < DEVICE_CHANNELS && d->mac->channels[channel].up_hz && dr >= d->mac->channels[channel].min_dr &&
	       dr <= d->mac->channels[channel].max_dr;
}

/* Channels of a mask, only those that take data rate dr (any dr when -1). */
static size_t list(const struct device_profile *p, const struct device *d, const struct ch_mask *mask, int dr,
                   struct device_pick *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < CH_MASK_CHANNELS; i++)
		if (ch_mask_has(mask, i) && uplink_freq(p, d, i) && (dr < 0 || device_channel_takes_dr(p, d, i, dr)))
			out[n++] = (struct device_pick){uplink_freq(p, d, i), (uint8_t)i};
	return n;
}

struct device_pick device_pick_channel(const struct device_profile *p, const struct device *d, int dr, struct prng *prng)
{
	struct device_pick all[CH_MASK_CHANNELS];
	struct ch_mask mask;
	size_t n;

	device_enabled_channels(p, d, &mask);
	n = list(p, d, &mask, dr, all);
	if (!n && p->region->is_fixed_plan)
		n = list(p, d, &p->sub_band_mask, dr, all);
	if (!n)
		n = list(p, d, &mask, -1, all);
	if (!n) {
		device_defined_channels(p, d, &mask);
		n = list(p, d, &mask, -1, all);
	}
	return all[prng_below(prng, n)];
}

struct device_pick device_pick_join_channel(const struct device_profile *p, int dr, struct prng *prng)
{
	struct device_mac no_mac = {.nb_trans = 0};
	struct device fresh = {.mac = &no_mac};

	if (p->region->n_join_channels) {
		uint8_t i = (uint8_t)prng_below(prng, p->region->n_join_channels);

		return (struct device_pick){p->region->join_channels[i].uplink_hz, i};
	}
	return device_pick_channel(p, &fresh, dr, prng);
}

uint8_t device_join_data_rate(const struct device_profile *p, const struct device *d)
{
	uint16_t mask = p->params->join_dr_mask;
	unsigned n = (unsigned)__builtin_popcount(mask), skip;

	if (!p->region->is_fixed_plan) {
		if (mask >> p->data_rate & 1)
			return p->data_rate;
		skip = n ? n - 1 : 0;
	} else {
		skip = n ? d->tries % n : 0;
	}
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		if ((mask >> dr & 1) && !skip--)
			return dr;
	}
	return 0;
}

static uint32_t rd_le24(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
}

static int take_frequencies(const struct device_profile *p, struct device *d, const uint8_t cf[16], struct heard *out)
{
	uint32_t hz[CF_LIST_CHANNELS];

	for (unsigned i = 0; i < CF_LIST_CHANNELS; i++) {
		hz[i] = rd_le24(cf + 3 * i) * p->region->freq_step_hz;
		if (hz[i] && !device_has_frequency(p, hz[i]))
			return device_wrong(out, "CFList frequency %" PRIu32 " Hz is outside the band", hz[i]);
	}
	for (unsigned i = 0; i < CF_LIST_CHANNELS; i++)
		d->mac->channels[p->region->n_default_channels + i] = (struct device_channel){
			.up_hz = hz[i], .min_dr = p->region->cf_list_min_dr, .max_dr = p->region->cf_list_max_dr};
	return LS_OK;
}

static int take_masks(const struct device_profile *p, struct device *d, const uint8_t cf[16], struct heard *out)
{
	struct ch_mask mask = {{0}}, defined;

	if (!p->rules->has_cf_list_type1)
		return device_wrong(out, "CFList type 1 for a device of version %s", p->rules->name);
	for (unsigned i = 0; i < CF_LIST_MASKS; i++)
		mask.block[i] = (uint16_t)(cf[2 * i] | cf[2 * i + 1] << 8);
	if (ch_mask_is_empty(&mask))
		return device_wrong(out, "CFList leaves no channel on");
	for (unsigned i = 2 * CF_LIST_MASKS; i < CF_LIST_TYPE; i++) {
		if (cf[i])
			return device_wrong(out, "CFList octet %u is %02x, reserved octets are 0", i, cf[i]);
	}
	device_defined_channels(p, d, &defined);
	if (!ch_mask_is_within(&mask, &defined))
		return device_wrong(out, "CFList masks have bits of channels the region does not have");
	d->mac->mask = mask;
	d->mac->has_mask = true;
	return LS_OK;
}

int device_take_cf_list(const struct device_profile *p, struct device *d, const uint8_t cf[16], struct heard *out)
{
	if (cf[CF_LIST_TYPE] != p->params->cf_list_type)
		return device_wrong(out, "CFList type %u, the region has type %d", cf[CF_LIST_TYPE], p->params->cf_list_type);
	return cf[CF_LIST_TYPE] ? take_masks(p, d, cf, out) : take_frequencies(p, d, cf, out);
}

/* ---- windows ---- */

bool device_up_dwell(const struct device_profile *p, const struct device *d)
{
	return d->mac->has_dwell ? d->mac->up_dwell : p->params->boot_uplink_dwell;
}

bool device_down_dwell(const struct device_profile *p, const struct device *d)
{
	return d->mac->has_dwell ? d->mac->down_dwell : p->params->boot_downlink_dwell;
}

static int rx1_dr(const struct device_profile *p, bool dwell, uint8_t dr, uint8_t offset)
{
	const struct rx1_rates *rates = dwell && p->params->rx1_dwell ? p->params->rx1_dwell : p->params->rx1;

	return dr < REGION_DR_MAX && offset < 8 ? rates->dr[dr][offset] : -1;
}

static uint32_t run_freq(const struct channel_run *run, unsigned channel)
{
	return run->base_hz + (channel % run->count) * run->step_hz;
}

struct device_rx device_join_rx(const struct device_profile *p, const struct transmission *tx, int window)
{
	const struct region_table *t = p->region;
	const struct common_join_channel *join = tx->channel < t->n_join_channels ? &t->join_channels[tx->channel] : NULL;

	if (window == WINDOW_RX2)
		return (struct device_rx){join ? join->rx2_hz : t->rx2_freq_hz, t->rx2_dr};
	return (struct device_rx){
		.freq_hz = join ? join->rx1_hz : t->rx1_same_frequency ? tx->freq_hz : run_freq(t->downlink_runs, tx->channel),
		.dr = rx1_dr(p, p->params->boot_downlink_dwell, tx->dr, 0),
	};
}

struct device_rx device_rx(const struct device_profile *p, const struct device *d, const struct transmission *tx,
                           int window)
{
	const struct region_table *t = p->region;
	const struct device_mac *m = d->mac;
	uint32_t down_hz = 0;

	if (window != WINDOW_RX1) {
		uint32_t hz = m->join_channel_plus_1 ? t->join_channels[m->join_channel_plus_1 - 1].rx2_hz : t->rx2_freq_hz;

		return (struct device_rx){m->rx2_freq_hz ? m->rx2_freq_hz : hz, d->rx2_dr};
	}
	if (!t->is_fixed_plan && tx->channel < DEVICE_CHANNELS)
		down_hz = m->channels[tx->channel].down_hz;
	return (struct device_rx){
		.freq_hz = down_hz                ? down_hz
		           : t->rx1_same_frequency ? tx->freq_hz
		                                   : run_freq(t->downlink_runs, tx->channel),
		.dr = rx1_dr(p, device_down_dwell(p, d), tx->dr, d->rx1_dr_offset),
	};
}

static bool radio_same(const struct radio *a, const struct radio *b)
{
	if (a->modulation != b->modulation)
		return false;
	if (a->modulation == MOD_FSK)
		return a->bit_rate == b->bit_rate;
	return a->sf == b->sf && a->bandwidth_hz == b->bandwidth_hz &&
	       (a->code_rate == CR_LI_4_8) == (b->code_rate == CR_LI_4_8);
}

static const char *radio_text(const struct radio *r, char *buf, size_t size)
{
	if (r->modulation == MOD_FSK)
		snprintf(buf, size, "FSK %" PRIu32, r->bit_rate);
	else
		snprintf(buf, size, "SF%uBW%" PRIu32, r->sf, r->bandwidth_hz / 1000);
	return buf;
}

int device_check_rx(const struct device_profile *p, const struct device_rx *rx, int window, const struct downlink *down,
                    struct heard *out)
{
	const char *name = device_window_name(window);
	char is[24], want[24];

	if (!device_has_downlink_rate(p, rx->dr))
		return device_wrong(out, "the region gives no %s for this uplink's data rate", name);
	if (down->freq_hz != rx->freq_hz)
		return device_wrong(out, "%s frequency %" PRIu32 " Hz, expected %" PRIu32 " Hz", name, down->freq_hz, rx->freq_hz);
	if (!radio_same(&down->radio, &p->params->down_rates[rx->dr].radio))
		return device_wrong(out, "%s data rate %s, expected %s (DR%d)", name, radio_text(&down->radio, is, sizeof(is)),
		                    radio_text(&p->params->down_rates[rx->dr].radio, want, sizeof(want)), rx->dr);
	return LS_OK;
}
