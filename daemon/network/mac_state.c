/*
 * mac_state.c - the state of a session's MAC layer and its encoding.
 *
 * The encoding is one octet of version and then parts, each with a tag, its length and its octets. A part that says only what
 * is the default is left out, so that a device nobody asked anything takes few octets. An unknown tag is skipped.
 */
#include "network/mac_state.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define ENCODING_VERSION 1
/* Frequencies take three octets, as on air: in steps of 100 Hz, from 1.2 GHz on of 200 Hz. */
#define FREQ_STEP_HZ 100
#define FREQ_WIDE_STEP_HZ 200
#define FREQ_WIDE_FROM 12000000
#define US_PER_S 1000000

#define TX_POWER_DEFAULT 0
#define NB_TRANS_DEFAULT 1
#define ADR_LIMIT_EXP_DEFAULT 6 /* 64 uplinks */
#define ADR_DELAY_EXP_DEFAULT 5 /* 32 uplinks */

enum tag {
	TAG_LINK = 1, TAG_MASK, TAG_CHANNELS, TAG_RX1_FREQS, TAG_PARAMS, TAG_CLASS_B, TAG_STATUS, TAG_PENDING,
	TAG_MANUAL, TAG_REFUSALS, TAG_MAC_ONLY, TAG_ADR, TAG_BACK_OFF, TAG_MANUAL_SENT, TAG_TOLD_CLASS,
};

/* ---- what a device has at its activation ---------------------------------------------------- */

void mac_state_add_channel(struct mac_state *s, unsigned index, uint32_t freq_hz, uint8_t min_dr, uint8_t max_dr)
{
	if (index >= MAC_CHANNELS_MAX || !freq_hz)
		return;
	s->channels[index] = (struct mac_channel){freq_hz, freq_hz, min_dr, max_dr};
	ch_mask_put(&s->mask, index, true);
}

/* Five frequencies in the plan's step, for the channels behind the default ones. */
static void add_cf_list_channels(struct mac_state *s, const struct region *r, const uint8_t *cf_list)
{
	const struct region_table *t = r->table;

	for (unsigned i = 0; i < 5; i++) {
		uint32_t freq_hz = get_le24(cf_list + 3 * i) * t->freq_step_hz;
		const struct channel *c = &t->default_channels[0];

		for (unsigned j = 0; j < r->n_channels; j++)
			if (r->channels[j].freq_hz == freq_hz)
				c = &r->channels[j];
		mac_state_add_channel(s, t->n_default_channels + i, freq_hz, c->min_dr, c->max_dr);
	}
}

void mac_state_init(struct mac_state *s, const struct region *region, const uint8_t *cf_list)
{
	const struct region_table *t = region->table;

	*s = (struct mac_state){
		.dr = MAC_UNKNOWN, .tx_power = TX_POWER_DEFAULT, .nb_trans = NB_TRANS_DEFAULT, .tx_param = MAC_UNKNOWN,
		.adr_limit_exp = ADR_LIMIT_EXP_DEFAULT, .adr_delay_exp = ADR_DELAY_EXP_DEFAULT,
		.rejoin_max_time_n = MAC_UNKNOWN, .rejoin_max_count_n = MAC_UNKNOWN,
		.ping_slot_periodicity = MAC_UNKNOWN, .ping_slot_dr = MAC_UNKNOWN,
		.told_class = MAC_UNKNOWN,
	};
	if (t->is_fixed_plan) {
		s->mask = mac_state_defined(s, region);
		if (cf_list && cf_list[15] == 1)
			for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
				s->mask.block[i] &= get_le16(cf_list + 2 * i);
		return;
	}
	for (unsigned i = 0; i < t->n_default_channels; i++)
		mac_state_add_channel(s, i, t->default_channels[i].freq_hz, t->default_channels[i].min_dr,
		                      t->default_channels[i].max_dr);
	if (cf_list && cf_list[15] == 0)
		add_cf_list_channels(s, region, cf_list);
}

struct ch_mask mac_state_defined(const struct mac_state *s, const struct region *region)
{
	struct ch_mask m = {{0}};

	for (unsigned i = 0; region->table->is_fixed_plan && i < region->table->max_channels; i++)
		ch_mask_put(&m, i, true);
	for (unsigned i = 0; !region->table->is_fixed_plan && i < MAC_CHANNELS_MAX; i++)
		m.block[0] |= (uint16_t)((s->channels[i].freq_hz != 0) << i);
	return m;
}

_Static_assert(MAC_CHANNELS_MAX == 16, "the channels of a dynamic plan are one block");

/* Data rates from min to max, a bit each. */
static uint16_t drs_between(unsigned min_dr, unsigned max_dr)
{
	return (uint16_t)(((2u << max_dr) - 1) & ~((1u << min_dr) - 1));
}

static uint16_t uplink_drs(const struct region *region, enum reg_params_revision rev)
{
	const struct data_rate *rates = region_params(region, rev)->up_rates;
	uint16_t drs = 0;

	for (unsigned dr = 0; dr < REGION_DR_MAX; dr++)
		drs |= (uint16_t)(rates[dr].uplink << dr);
	return drs;
}

/* Of a dynamic plan; whether the region has them is not looked at. */
static uint16_t own_channel_drs(const struct mac_state *s, unsigned channel)
{
	const struct mac_channel *c = channel < MAC_CHANNELS_MAX ? &s->channels[channel] : NULL;

	return c && c->freq_hz ? drs_between(c->min_dr & 15u, c->max_dr & 15u) : 0;
}

static uint16_t plan_channel_drs(const struct region *region, enum reg_params_revision rev, unsigned channel)
{
	uint16_t drs = 0;

	for (int dr = 0; dr < REGION_DR_MAX; dr++)
		if (region_channel_has_dr(region, rev, (int)channel, dr))
			drs |= (uint16_t)(1u << dr);
	return drs;
}

uint16_t mac_state_channel_drs(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                               unsigned channel)
{
	uint16_t drs = region->table->is_fixed_plan ? plan_channel_drs(region, rev, channel) : own_channel_drs(s, channel);

	return drs & uplink_drs(region, rev);
}

/* Asked with each uplink. */
uint16_t mac_state_dr_mask(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                           const struct ch_mask *mask)
{
	bool is_fixed = region->table->is_fixed_plan;
	uint16_t drs = 0;

	for (unsigned i = ch_mask_next(mask, 0); i < CH_MASK_CHANNELS; i = ch_mask_next(mask, i + 1))
		drs |= is_fixed ? plan_channel_drs(region, rev, i) : own_channel_drs(s, i);
	return drs & uplink_drs(region, rev);
}

int mac_state_channel(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                      uint32_t freq_hz, int dr)
{
	if (region->table->is_fixed_plan)
		return region_uplink_channel(region, rev, freq_hz, dr);
	for (int i = 0; i < MAC_CHANNELS_MAX; i++) {
		const struct mac_channel *c = &s->channels[i];
		uint32_t off = c->freq_hz > freq_hz ? c->freq_hz - freq_hz : freq_hz - c->freq_hz;

		if (c->freq_hz && off <= 1000 && (dr < 0 || (dr >= c->min_dr && dr <= c->max_dr)))
			return i;
	}
	return -1;
}

void mac_state_drop_sent(struct mac_state *s)
{
	s->manual_len = (uint8_t)(s->manual_len - s->manual_sent);
	memmove(s->manual, s->manual + s->manual_sent, s->manual_len);
	s->manual_sent = 0;
}

void mac_state_restart_counters(struct mac_state *s)
{
	mac_state_drop_sent(s);
	s->pending_len = s->pending_late = 0;
	s->pending_f_cnt = 0;
	s->n_refusals = 0;
	s->mac_only_from_f_cnt = 0;
	s->mac_only_streak = 0;
	s->in_back_off = false;
	s->back_off_f_cnt = 0;
	s->adr_len = 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct writer {
	uint8_t *at;
	uint8_t *len; /* of the part being written */
};

static void begin(struct writer *w, enum tag tag)
{
	*w->at++ = (uint8_t)tag;
	w->len = w->at++;
}

static void end(struct writer *w)
{
	*w->len = (uint8_t)(w->at - w->len - 1);
}

static void put8(struct writer *w, unsigned v)
{
	*w->at++ = (uint8_t)v;
}

static void put16(struct writer *w, uint32_t v)
{
	put_le16(w->at, v);
	w->at += 2;
}

static void put32(struct writer *w, uint32_t v)
{
	put_le32(w->at, v);
	w->at += 4;
}

static void put_freq(struct writer *w, uint32_t freq_hz)
{
	uint32_t v = freq_hz / FREQ_STEP_HZ;

	put_le24(w->at, v < FREQ_WIDE_FROM ? v : freq_hz / FREQ_WIDE_STEP_HZ);
	w->at += 3;
}

static void put_octets(struct writer *w, enum tag tag, const uint8_t *octets, size_t len)
{
	if (!len)
		return;
	begin(w, tag);
	memcpy(w->at, octets, len);
	w->at += len;
	end(w);
}

static void put_channels(struct writer *w, const struct mac_state *s)
{
	bool any = false, moved = false;

	for (unsigned i = 0; i < MAC_CHANNELS_MAX; i++) {
		any |= s->channels[i].freq_hz != 0;
		moved |= s->channels[i].rx1_freq_hz != s->channels[i].freq_hz;
	}
	if (any) {
		begin(w, TAG_CHANNELS);
		for (unsigned i = 0; i < MAC_CHANNELS_MAX; i++) {
			if (!s->channels[i].freq_hz)
				continue;
			put8(w, i);
			put_freq(w, s->channels[i].freq_hz);
			put8(w, (unsigned)s->channels[i].max_dr << 4 | s->channels[i].min_dr);
		}
		end(w);
	}
	if (moved) {
		begin(w, TAG_RX1_FREQS);
		for (unsigned i = 0; i < MAC_CHANNELS_MAX; i++) {
			if (s->channels[i].rx1_freq_hz == s->channels[i].freq_hz)
				continue;
			put8(w, i);
			put_freq(w, s->channels[i].rx1_freq_hz);
		}
		end(w);
	}
}

static void put_params(struct writer *w, const struct mac_state *s)
{
	bool has_rejoin = s->rejoin_max_time_n != MAC_UNKNOWN;

	if (s->max_dcycle || s->tx_param != MAC_UNKNOWN || has_rejoin || s->ignored_answers ||
	    s->adr_limit_exp != ADR_LIMIT_EXP_DEFAULT || s->adr_delay_exp != ADR_DELAY_EXP_DEFAULT) {
		begin(w, TAG_PARAMS);
		put8(w, s->max_dcycle);
		put8(w, s->tx_param);
		put8(w, s->adr_limit_exp);
		put8(w, s->adr_delay_exp);
		put8(w, s->rejoin_max_time_n);
		put8(w, s->rejoin_max_count_n);
		put8(w, s->rejoin_time_ok);
		put16(w, s->ignored_answers);
		end(w);
	}
	if (s->ping_slot_periodicity != MAC_UNKNOWN || s->ping_slot_dr != MAC_UNKNOWN || s->ping_slot_freq_hz ||
	    s->beacon_freq_hz) {
		begin(w, TAG_CLASS_B);
		put8(w, s->ping_slot_periodicity);
		put8(w, s->ping_slot_dr);
		put_freq(w, s->ping_slot_freq_hz);
		put_freq(w, s->beacon_freq_hz);
		end(w);
	}
	if (s->has_status || s->status_asked_us) {
		begin(w, TAG_STATUS);
		put32(w, (uint32_t)(s->status_asked_us / US_PER_S));
		if (s->has_status) {
			put8(w, s->battery);
			put8(w, (uint8_t)s->margin_db);
			put32(w, (uint32_t)(s->status_us / US_PER_S));
		}
		end(w);
	}
}

static void put_refusals(struct writer *w, const struct mac_state *s)
{
	/* A length is one octet: several parts when there are many. */
	for (unsigned i = 0; i < s->n_refusals; i++) {
		const struct mac_refusal *r = &s->refusals[i];

		begin(w, TAG_REFUSALS);
		put8(w, r->item);
		put8(w, r->status);
		put8(w, r->count);
		put32(w, r->value);
		put32(w, r->until_f_cnt);
		end(w);
	}
}

size_t mac_state_encode(const struct mac_state *s, uint8_t out[MAC_STATE_OCTETS_MAX])
{
	struct writer w = {.at = out};
	unsigned blocks = CH_MASK_BLOCKS;

	put8(&w, ENCODING_VERSION);
	begin(&w, TAG_LINK);
	put8(&w, s->dr);
	put8(&w, (unsigned)s->tx_power << 4 | (s->nb_trans & 0x0f));
	end(&w);
	while (blocks && !s->mask.block[blocks - 1])
		blocks--;
	begin(&w, TAG_MASK);
	for (unsigned i = 0; i < blocks; i++)
		put16(&w, s->mask.block[i]);
	end(&w);
	put_channels(&w, s);
	put_params(&w, s);
	if (s->pending_len) {
		begin(&w, TAG_PENDING);
		put32(&w, s->pending_f_cnt);
		put8(&w, s->pending_late);
		memcpy(w.at, s->pending, s->pending_len);
		w.at += s->pending_len;
		end(&w);
	}
	put_octets(&w, TAG_MANUAL, s->manual, s->manual_len);
	put_octets(&w, TAG_MANUAL_SENT, &s->manual_sent, s->manual_sent != 0);
	put_octets(&w, TAG_TOLD_CLASS, &s->told_class, s->told_class != MAC_UNKNOWN);
	put_refusals(&w, s);
	if (s->mac_only_from_f_cnt || s->mac_only_streak) {
		begin(&w, TAG_MAC_ONLY);
		put32(&w, s->mac_only_from_f_cnt);
		put8(&w, s->mac_only_streak);
		end(&w);
	}
	if (s->link_unsure || s->in_back_off) {
		begin(&w, TAG_BACK_OFF);
		put8(&w, s->link_unsure | (unsigned)s->in_back_off << 1);
		put32(&w, s->back_off_f_cnt);
		end(&w);
	}
	put_octets(&w, TAG_ADR, s->adr, s->adr_len);
	return (size_t)(w.at - out);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static uint32_t get(struct reader *r, unsigned octets)
{
	uint32_t v = 0;

	if ((size_t)(r->end - r->at) < octets) {
		r->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < octets; i++)
		v |= (uint32_t)*r->at++ << (8 * i);
	return v;
}

static uint32_t get_freq(struct reader *r)
{
	uint32_t v = get(r, 3);

	return v * (v < FREQ_WIDE_FROM ? FREQ_STEP_HZ : FREQ_WIDE_STEP_HZ);
}

/* Index of a channel in range. */
static unsigned get_index(struct reader *r)
{
	unsigned i = get(r, 1);

	if (i < MAC_CHANNELS_MAX)
		return i;
	r->bad = true;
	return 0;
}

static uint8_t get_octets(struct reader *r, uint8_t *out, size_t max)
{
	size_t len = (size_t)(r->end - r->at);

	if (len > max) {
		r->bad = true;
		return 0;
	}
	memcpy(out, r->at, len);
	r->at += len;
	return (uint8_t)len;
}

static void read_channels(struct reader *r, struct mac_state *s)
{
	memset(s->channels, 0, sizeof(s->channels));
	while (r->at < r->end && !r->bad) {
		struct mac_channel *c = &s->channels[get_index(r)];
		unsigned drs;

		c->freq_hz = c->rx1_freq_hz = get_freq(r);
		drs = get(r, 1);
		c->max_dr = (uint8_t)(drs >> 4);
		c->min_dr = drs & 0x0f;
	}
}

static void read_params(struct reader *r, struct mac_state *s)
{
	s->max_dcycle = (uint8_t)get(r, 1);
	s->tx_param = (uint8_t)get(r, 1);
	s->adr_limit_exp = (uint8_t)get(r, 1);
	s->adr_delay_exp = (uint8_t)get(r, 1);
	s->rejoin_max_time_n = (uint8_t)get(r, 1);
	s->rejoin_max_count_n = (uint8_t)get(r, 1);
	s->rejoin_time_ok = get(r, 1) & 1;
	s->ignored_answers = (uint16_t)get(r, 2);
	if (s->adr_limit_exp > 15 || s->adr_delay_exp > 15 || s->max_dcycle > 15)
		r->bad = true;
}

/* Times to the second. */
static void read_status(struct reader *r, struct mac_state *s)
{
	s->status_asked_us = (int64_t)get(r, 4) * US_PER_S;
	s->has_status = r->at < r->end;
	if (!s->has_status)
		return;
	s->battery = (uint8_t)get(r, 1);
	s->margin_db = (int8_t)get(r, 1);
	s->status_us = (int64_t)get(r, 4) * US_PER_S;
}

static void read_refusal(struct reader *r, struct mac_state *s)
{
	struct mac_refusal *refusal;

	if (s->n_refusals == MAC_REFUSALS_MAX) {
		r->bad = true;
		return;
	}
	refusal = &s->refusals[s->n_refusals++];
	refusal->item = (uint8_t)get(r, 1);
	refusal->status = (uint8_t)get(r, 1);
	refusal->count = (uint8_t)get(r, 1);
	refusal->value = get(r, 4);
	refusal->until_f_cnt = get(r, 4);
}

static void read_part(struct reader *r, enum tag tag, struct mac_state *s)
{
	unsigned v;

	switch (tag) {
	case TAG_LINK:
		s->dr = (uint8_t)get(r, 1);
		v = get(r, 1);
		s->tx_power = (uint8_t)(v >> 4);
		s->nb_trans = v & 0x0f;
		break;
	case TAG_MASK:
		memset(&s->mask, 0, sizeof(s->mask));
		for (unsigned i = 0; i < CH_MASK_BLOCKS && r->at < r->end; i++)
			s->mask.block[i] = (uint16_t)get(r, 2);
		break;
	case TAG_CHANNELS:
		read_channels(r, s);
		break;
	case TAG_RX1_FREQS:
		while (r->at < r->end && !r->bad) {
			struct mac_channel *c = &s->channels[get_index(r)];

			c->rx1_freq_hz = get_freq(r);
		}
		break;
	case TAG_PARAMS:
		read_params(r, s);
		break;
	case TAG_CLASS_B:
		s->ping_slot_periodicity = (uint8_t)get(r, 1);
		s->ping_slot_dr = (uint8_t)get(r, 1);
		s->ping_slot_freq_hz = get_freq(r);
		s->beacon_freq_hz = get_freq(r);
		break;
	case TAG_STATUS:
		read_status(r, s);
		break;
	case TAG_PENDING:
		s->pending_f_cnt = get(r, 4);
		s->pending_late = (uint8_t)get(r, 1);
		if (!r->bad)
			s->pending_len = get_octets(r, s->pending, sizeof(s->pending));
		break;
	case TAG_MANUAL:
		s->manual_len = get_octets(r, s->manual, sizeof(s->manual));
		break;
	case TAG_MANUAL_SENT: /* after the commands themselves */
		s->manual_sent = (uint8_t)get(r, 1);
		r->bad |= s->manual_sent > s->manual_len;
		break;
	case TAG_TOLD_CLASS:
		s->told_class = (uint8_t)get(r, 1);
		break;
	case TAG_REFUSALS:
		read_refusal(r, s);
		break;
	case TAG_MAC_ONLY:
		s->mac_only_from_f_cnt = get(r, 4);
		s->mac_only_streak = (uint8_t)get(r, 1);
		break;
	case TAG_BACK_OFF:
		v = get(r, 1);
		s->link_unsure = v & 1;
		s->in_back_off = v >> 1 & 1;
		s->back_off_f_cnt = get(r, 4);
		break;
	case TAG_ADR:
		s->adr_len = get_octets(r, s->adr, sizeof(s->adr));
		break;
	}
}

int mac_state_decode(struct mac_state *s, const uint8_t *blob, size_t len)
{
	struct mac_state read = *s;
	const uint8_t *at = blob + 1, *stop = blob + len;

	if (!len)
		return LS_ESHORT;
	if (blob[0] != ENCODING_VERSION)
		return LS_EVERSION;
	while (at < stop) {
		struct reader r;

		if (stop - at < 2 || stop - at - 2 < at[1])
			return LS_ESHORT;
		r = (struct reader){.at = at + 2, .end = at + 2 + at[1]};
		read_part(&r, (enum tag)at[0], &read);
		if (r.bad)
			return LS_EFORMAT;
		at = r.end;
	}
	*s = read;
	return LS_OK;
}
