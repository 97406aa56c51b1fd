#include "network/mac_request.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/link_adr.h"
#include "lorawan/octets.h"

#define REFUSED_FIRST_UPLINKS 64u
#define REFUSED_TIMES_MAX 4       /* then only when the wish changes */
#define UNANSWERED_UPLINKS_MAX 256u

/* ---- what an accepted request changes -------------------------------------------------------- */

static uint32_t freq_of(const struct mac_env *env, const uint8_t *p)
{
	return get_le24(p) * env->region->table->freq_step_hz;
}

static void accept_duty_cycle(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                              struct mac_rx *rx)
{
	(void)env, (void)status, (void)rx;
	s->max_dcycle = p[0] & 0x0f;
}

static void accept_rx_param(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                            struct mac_rx *rx)
{
	(void)status, (void)s;
	rx->rx1_dr_offset = p[0] >> 4 & 7;
	rx->rx2_dr = p[0] & 0x0f;
	rx->rx2_freq_hz = freq_of(env, p + 1);
}

static void accept_rx_timing(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                             struct mac_rx *rx)
{
	(void)env, (void)status, (void)s;
	rx->rx1_delay_s = p[0] & 0x0f ? p[0] & 0x0f : 1;
}

static void accept_tx_param(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                            struct mac_rx *rx)
{
	(void)env, (void)status, (void)rx;
	s->tx_param = p[0] & 0x3f;
}

static void accept_new_channel(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                               struct mac_rx *rx)
{
	uint32_t freq_hz = freq_of(env, p + 1);

	(void)status, (void)rx;
	if (p[0] >= MAC_CHANNELS_MAX)
		return;
	if (freq_hz) {
		mac_state_add_channel(s, p[0], freq_hz, p[4] & 0x0f, p[4] >> 4);
	} else {
		s->channels[p[0]] = (struct mac_channel){0};
		ch_mask_put(&s->mask, p[0], false);
	}
}

static void accept_dl_channel(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                              struct mac_rx *rx)
{
	(void)status, (void)rx;
	if (p[0] < MAC_CHANNELS_MAX && s->channels[p[0]].freq_hz)
		s->channels[p[0]].rx1_freq_hz = freq_of(env, p + 1);
}

static void accept_adr_param(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                             struct mac_rx *rx)
{
	(void)env, (void)status, (void)rx;
	s->adr_limit_exp = p[0] >> 4;
	s->adr_delay_exp = p[0] & 0x0f;
}

static void accept_rejoin_param(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                                struct mac_rx *rx)
{
	(void)env, (void)rx;
	s->rejoin_max_time_n = p[0] >> 4;
	s->rejoin_max_count_n = p[0] & 0x0f;
	s->rejoin_time_ok = status & 1; /* 0: it counts uplinks only */
}

static void accept_ping_slot(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                             struct mac_rx *rx)
{
	(void)status, (void)rx;
	s->ping_slot_freq_hz = freq_of(env, p);
	s->ping_slot_dr = p[3] & 0x0f;
}

static void accept_beacon_freq(const struct mac_env *env, const uint8_t *p, uint8_t status, struct mac_state *s,
                               struct mac_rx *rx)
{
	(void)status, (void)rx;
	s->beacon_freq_hz = freq_of(env, p);
}

static const struct mac_request_row rows[] = {
	{MAC_CID_LINK_ADR, MAC_ITEM_LINK_ADR, false, 0x07, NULL}, /* a block: mac_up.c */
	{MAC_CID_DUTY_CYCLE, MAC_ITEM_DUTY_CYCLE, false, 0, accept_duty_cycle},
	{MAC_CID_RX_PARAM_SETUP, MAC_ITEM_RX_PARAM, false, 0x07, accept_rx_param},
	{MAC_CID_DEV_STATUS, MAC_ITEM_DEV_STATUS, false, 0, NULL},
	{MAC_CID_NEW_CHANNEL, MAC_ITEM_CHANNEL, true, 0x03, accept_new_channel},
	{MAC_CID_RX_TIMING_SETUP, MAC_ITEM_RX_TIMING, false, 0, accept_rx_timing},
	{MAC_CID_TX_PARAM_SETUP, MAC_ITEM_TX_PARAM, false, 0, accept_tx_param},
	{MAC_CID_DL_CHANNEL, MAC_ITEM_DL_CHANNEL, true, 0x03, accept_dl_channel},
	{MAC_CID_ADR_PARAM_SETUP, MAC_ITEM_ADR_PARAM, false, 0, accept_adr_param},
	{MAC_CID_REJOIN_PARAM_SETUP, MAC_ITEM_REJOIN_PARAM, false, 0, accept_rejoin_param},
	{MAC_CID_PING_SLOT_CHANNEL, MAC_ITEM_PING_SLOT, false, 0x03, accept_ping_slot},
	{MAC_CID_BEACON_FREQ, MAC_ITEM_BEACON_FREQ, false, 0x01, accept_beacon_freq},
};

const struct mac_request_row *mac_request_row(uint8_t cid)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cid == cid)
			return &rows[i];
	return NULL;
}

uint8_t mac_request_item(const struct mac_request_row *row, const uint8_t *payload)
{
	return (uint8_t)(row->item + (row->has_index ? payload[0] & 0x0f : 0));
}

uint32_t mac_request_value(const struct mac_request_row *row, const uint8_t *payload, size_t len)
{
	uint32_t v = 0;

	for (size_t i = row->has_index; i < len && i < row->has_index + 4u; i++)
		v |= (uint32_t)payload[i] << (8 * (i - row->has_index));
	return v;
}

uint32_t mac_mask_value(const struct ch_mask *mask)
{
	uint32_t h = 2166136261u; /* FNV-1a: told apart are a handful of masks of one device */

	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		for (unsigned b = 0; b < 2; b++)
			h = (h ^ (mask->block[i] >> (8 * b) & 0xffu)) * 16777619u;
	return h;
}

/* ---- refusals ------------------------------------------------------------------------------- */

static struct mac_refusal *find(const struct mac_state *s, uint8_t item, uint32_t value)
{
	for (unsigned i = 0; i < s->n_refusals; i++)
		if (s->refusals[i].item == item && s->refusals[i].value == value)
			return (struct mac_refusal *)&s->refusals[i];
	return NULL;
}

static void drop(struct mac_state *s, unsigned i)
{
	s->n_refusals--;
	memmove(&s->refusals[i], &s->refusals[i + 1], (s->n_refusals - i) * sizeof(s->refusals[0]));
}

void mac_note_refusal(struct mac_state *s, uint8_t item, uint32_t value, uint8_t status, uint32_t f_cnt)
{
	struct mac_refusal *r = find(s, item, value);
	uint32_t wait;

	if (!r) {
		if (s->n_refusals == MAC_REFUSALS_MAX)
			drop(s, 0); /* the oldest */
		r = &s->refusals[s->n_refusals++];
		*r = (struct mac_refusal){.item = item, .value = value};
	}
	if (status == MAC_NO_ANSWER && r->count && r->status != MAC_NO_ANSWER) {
		wait = REFUSED_FIRST_UPLINKS; /* it was asked again after a no; that no still counts */
	} else {
		if (r->status == MAC_NO_ANSWER && status != MAC_NO_ANSWER)
			r->count = 0;
		r->status = status;
		if (r->count < UINT8_MAX)
			r->count++;
		if (status == MAC_NO_ANSWER)
			wait = r->count > 8 ? UNANSWERED_UPLINKS_MAX : 1u << (r->count - 1);
		else
			wait = r->count < REFUSED_TIMES_MAX ? REFUSED_FIRST_UPLINKS << 2 * (r->count - 1) : UINT32_MAX;
	}
	r->until_f_cnt = wait > UINT32_MAX - f_cnt ? UINT32_MAX : f_cnt + wait;
}

bool mac_may_ask(const struct mac_state *s, uint8_t item, uint32_t value, uint32_t f_cnt)
{
	const struct mac_refusal *r = find(s, item, value);

	return !r || (r->until_f_cnt != UINT32_MAX && f_cnt >= r->until_f_cnt);
}

void mac_forget_refusals(struct mac_state *s, uint8_t item)
{
	for (unsigned i = s->n_refusals; i-- > 0;)
		if (s->refusals[i].item == item)
			drop(s, i);
}

void mac_forget_refusal(struct mac_state *s, uint8_t item, uint32_t value)
{
	struct mac_refusal *r = find(s, item, value);

	if (r)
		drop(s, (unsigned)(r - s->refusals));
}

void mac_forget_other_refusals(struct mac_state *s, uint8_t item, uint32_t value)
{
	for (unsigned i = s->n_refusals; i-- > 0;)
		if (s->refusals[i].item == item && s->refusals[i].value != value)
			drop(s, i);
}

/* ---- LinkADRReq ------------------------------------------------------------------------------ */

void mac_link_after(const struct mac_env *env, const struct mac_state *s, const uint8_t *list, size_t len,
                    struct mac_link *out)
{
	const struct mac_version_rules *rules = mac_version_rules(env->version);
	struct ch_mask defined = mac_state_defined(s, env->region);

	*out = (struct mac_link){.mask = s->mask, .dr = s->dr, .tx_power = s->tx_power, .nb_trans = s->nb_trans};
	for (; len >= LINK_ADR_OCTETS && list[0] == MAC_CID_LINK_ADR; list += LINK_ADR_OCTETS, len -= LINK_ADR_OCTETS) {
		struct link_adr req = link_adr_read(list + 1);

		ch_mask_apply(region_params(env->region, env->revision)->ch_mask_cntl, &defined, req.ch_mask_cntl, req.ch_mask, &out->mask);
		out->keeps_dr = rules->keep_is_15 && req.dr == 15;
		out->keeps_tx_power = rules->keep_is_15 && req.tx_power == 15;
		out->dr = out->keeps_dr ? s->dr : req.dr;
		out->tx_power = out->keeps_tx_power ? s->tx_power : req.tx_power;
		out->nb_trans = req.nb_trans;
		if (!req.nb_trans)
			out->nb_trans = rules->nb_trans_0_keeps ? s->nb_trans : 1;
	}
}
