#include "network/mac_down.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/link_adr.h"
#include "network/mac_request.h"

#define MAC_ONLY_WAIT 3u       /* uplinks after a downlink of requests alone */
#define MAC_ONLY_DOUBLINGS 6
#define US_PER_S 1000000
#define KEEP 15                /* as DataRate and TXPower */

/* The downlink as it grows. */
struct build {
	const struct mac_down_input *in;
	struct mac_state *s;
	struct mac_down_outcome *out;
	size_t answers; /* octets the device will answer with */
};

static bool has_cid(const struct build *b, uint8_t cid)
{
	struct mac_iter it;
	struct mac_command c;

	mac_iter_init(&it, LW_DOWN, b->out->octets, b->out->len);
	while (mac_iter_next(&it, &c))
		if (c.cid == cid)
			return true;
	return false;
}

/* Append commands if there is room for them and for `n_answers` answers of the device. */
static bool append(struct build *b, const uint8_t *octets, size_t len, unsigned n_answers)
{
	const struct mac_command_row *answer = mac_command_row(octets[0], LW_UP);
	const struct mac_command_row *row = mac_command_row(octets[0], LW_DOWN);
	size_t answers = row && row->flags & MAC_HAS_NO_ANSWER ? 0 : n_answers * (1u + (answer ? answer->len : 0u));

	if (b->out->len + len > b->in->room || b->out->len + len > MAC_DOWN_MAX ||
	    b->answers + answers > b->in->answer_room)
		return false;
	memcpy(b->out->octets + b->out->len, octets, len);
	b->out->len += len;
	b->answers += answers;
	return true;
}

/* A request of one command, if it is not refused. */
static void ask(struct build *b, const struct mac_message *m)
{
	const struct mac_request_row *row = mac_request_row(m->row->cid);
	uint8_t octets[MAC_COMMAND_MAX];
	size_t len;
	uint8_t item;
	uint32_t value;

	if (m->row->since > b->in->env->version || mac_encode(m, octets, sizeof(octets), &len, NULL))
		return;
	item = mac_request_item(row, octets + 1);
	value = mac_request_value(row, octets + 1, len - 1);
	mac_forget_other_refusals(b->s, item, value);
	if (mac_may_ask(b->s, item, value, b->in->f_cnt))
		append(b, octets, len, 1);
}

/* ---- what an operator queued ------------------------------------------------------------------ */

/* The commands at the front that fit. They stay until the next uplink, for a gateway may refuse the downlink. */
static void send_manual(struct build *b)
{
	struct mac_state *s = b->s;
	struct mac_iter it;
	struct mac_command c;
	size_t taken = 0;

	mac_iter_init(&it, LW_DOWN, s->manual, s->manual_len);
	while (mac_iter_next(&it, &c)) {
		/* One open request for each CID; a block of LinkADRReq is one. */
		if (c.cid != MAC_CID_LINK_ADR && has_cid(b, c.cid))
			break;
		/* The first goes even if the device's uplink may be too full for its answer: an operator waits for it. */
		if (!append(b, c.payload - 1, 1u + c.len, taken ? 1 : 0))
			break;
		taken = (size_t)(it.at - s->manual);
	}
	s->manual_sent = (uint8_t)taken;
	if (it.stopped)
		s->manual_len = s->manual_sent;
}

/* ---- LinkADRReq ------------------------------------------------------------------------------ */

/* The data rate nearest to the one the device has that the mask allows: slower first, for it is heard. */
static int nearest_dr(uint16_t drs, uint8_t dr)
{
	for (int i = dr < 15 ? dr : 15; i >= 0; i--)
		if (drs >> i & 1)
			return i;
	return drs ? __builtin_ctz(drs) : -1;
}

/* What of the wish may be asked now; the rest stays as it is. */
struct link_ask {
	struct link_adr_wish w;
	bool keeps_dr, keeps_tx_power; /* with the word for it, where the version has one */
};

/* A data rate the mask allows and the device has not refused: the one it has, or the wished one. False: there is none. */
static bool choose_dr(const struct build *b, struct link_ask *a)
{
	const struct mac_state *s = b->s;
	uint16_t drs = mac_state_dr_mask(s, b->in->env->region, b->in->env->revision, &a->w.wanted);
	uint32_t f_cnt = b->in->f_cnt;
	uint8_t wish = b->in->goal->dr;
	int dr;

	a->w.dr = s->dr;
	if (b->in->adr && wish != MAC_UNKNOWN && wish < 16 && drs >> wish & 1 && mac_may_ask(s, MAC_ITEM_DR, wish, f_cnt))
		a->w.dr = wish;
	if (s->dr > 15 || !(drs >> a->w.dr & 1)) {
		dr = nearest_dr(drs, s->dr);
		if (dr < 0)
			return false;
		a->w.dr = (uint8_t)dr;
	}
	a->keeps_dr = a->w.dr == s->dr && (!b->in->adr || !mac_may_ask(s, MAC_ITEM_DR, s->dr, f_cnt));
	return a->keeps_dr ? mac_version_rules(b->in->env->version)->keep_is_15 || mac_may_ask(s, MAC_ITEM_DR, s->dr, f_cnt)
	                   : mac_may_ask(s, MAC_ITEM_DR, a->w.dr, f_cnt);
}

/* The same of the power; what it has may be among what it refused. */
static bool choose_tx_power(const struct build *b, struct link_ask *a)
{
	const struct mac_state *s = b->s;
	uint8_t wish = b->in->goal->tx_power;
	bool may_ask;

	a->w.tx_power = s->tx_power;
	if (b->in->adr && wish != MAC_UNKNOWN && mac_may_ask(s, MAC_ITEM_TX_POWER, wish, b->in->f_cnt))
		a->w.tx_power = wish;
	may_ask = mac_may_ask(s, MAC_ITEM_TX_POWER, a->w.tx_power, b->in->f_cnt);
	a->keeps_tx_power = a->w.tx_power == s->tx_power && (!b->in->adr || !may_ask);
	return may_ask || mac_version_rules(b->in->env->version)->keep_is_15;
}

/* False: there is no legal command, or none the device has not refused. */
static bool link_wish(const struct build *b, struct link_ask *a)
{
	const struct mac_goal *g = b->in->goal;
	const struct mac_state *s = b->s;
	struct link_adr_wish *w = &a->w;
	bool keep_is_15 = mac_version_rules(b->in->env->version)->keep_is_15;

	w->defined = mac_state_defined(s, b->in->env->region);
	w->now = s->mask;
	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		w->wanted.block[i] = g->mask.block[i] & w->defined.block[i];
	if (ch_mask_is_empty(&w->wanted) || !mac_may_ask(s, MAC_ITEM_CH_MASK, mac_mask_value(&w->wanted), b->in->f_cnt))
		w->wanted = s->mask;
	if (!mac_may_ask(s, MAC_ITEM_CH_MASK, mac_mask_value(&w->wanted), b->in->f_cnt))
		return false;
	w->nb_trans = s->nb_trans;
	if (g->nb_trans != MAC_UNKNOWN && g->nb_trans && (b->in->adr || keep_is_15))
		w->nb_trans = g->nb_trans;
	return choose_dr(b, a) && choose_tx_power(b, a);
}

static void ask_link_adr(struct build *b)
{
	const struct mac_version_rules *rules = mac_version_rules(b->in->env->version);
	struct mac_state *s = b->s;
	uint16_t drs[CH_MASK_CHANNELS];
	struct link_ask a = {
		.w = {.rows = region_params(b->in->env->region, b->in->env->revision)->ch_mask_cntl, .channel_drs = drs, .dr_now = s->dr,
		      .each_alone = rules->link_adr_form == LINK_ADR_SINGLE},
	};
	struct link_adr reqs[LINK_ADR_MAX];
	uint8_t octets[LINK_ADR_MAX * LINK_ADR_OCTETS];
	struct mac_link after;
	unsigned n;

	if (has_cid(b, MAC_CID_LINK_ADR) || s->dr == MAC_UNKNOWN || !mac_may_ask(s, MAC_ITEM_LINK_ADR, 0, b->in->f_cnt))
		return;
	if (!link_wish(b, &a))
		return;
	if (!s->link_unsure && ch_mask_equal(&a.w.wanted, &s->mask) && a.w.dr == s->dr && a.w.tx_power == s->tx_power &&
	    a.w.nb_trans == s->nb_trans)
		return;
	for (unsigned i = 0; i < CH_MASK_CHANNELS; i++)
		drs[i] = mac_state_channel_drs(s, b->in->env->region, b->in->env->revision, i);
	if (link_adr_plan(&a.w, reqs, &n))
		return;
	/* Without blocks one at a time, so that each answer is known to be of which; the next is planned from there. */
	if (a.w.each_alone)
		n = 1;
	for (unsigned i = 0; i < n; i++) {
		if (a.keeps_dr && rules->keep_is_15)
			reqs[i].dr = KEEP;
		if (a.keeps_tx_power && rules->keep_is_15)
			reqs[i].tx_power = KEEP;
		link_adr_write(&reqs[i], octets + i * LINK_ADR_OCTETS);
	}
	mac_link_after(b->in->env, s, octets, n * LINK_ADR_OCTETS, &after);
	if (mac_may_ask(s, MAC_ITEM_CH_MASK, mac_mask_value(&after.mask), b->in->f_cnt))
		append(b, octets, n * LINK_ADR_OCTETS, n);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void ask_rx(struct build *b)
{
	const struct mac_rx *want = &b->in->goal->rx, *have = &b->in->rx;
	struct mac_message m;

	if (want->rx1_delay_s != have->rx1_delay_s && !has_cid(b, MAC_CID_RX_TIMING_SETUP)) {
		mac_message_init(&m, MAC_RX_TIMING_SETUP_REQ);
		mac_set(&m, RX_TIMING_SETUP_REQ_DELAY, want->rx1_delay_s);
		ask(b, &m);
	}
	if ((want->rx1_dr_offset != have->rx1_dr_offset || want->rx2_dr != have->rx2_dr ||
	     want->rx2_freq_hz != have->rx2_freq_hz) && !has_cid(b, MAC_CID_RX_PARAM_SETUP)) {
		mac_message_init(&m, MAC_RX_PARAM_SETUP_REQ);
		mac_set(&m, RX_PARAM_SETUP_REQ_RX1_DR_OFFSET, want->rx1_dr_offset);
		mac_set(&m, RX_PARAM_SETUP_REQ_RX2_DATA_RATE, want->rx2_dr);
		mac_set(&m, RX_PARAM_SETUP_REQ_FREQUENCY_HZ, want->rx2_freq_hz);
		ask(b, &m);
	}
}

/* Channels of the plan itself cannot be changed. The RX1 frequency of a channel is only set by hand. */
static void ask_channels(struct build *b)
{
	const struct region_table *t = b->in->env->region->table;

	if (t->is_fixed_plan || has_cid(b, MAC_CID_NEW_CHANNEL))
		return;
	for (unsigned i = t->n_default_channels; i < MAC_CHANNELS_MAX; i++) {
		const struct mac_channel *want = &b->in->goal->channels[i], *have = &b->s->channels[i];
		struct mac_message m;

		if (!want->freq_hz || (want->freq_hz == have->freq_hz && want->min_dr == have->min_dr &&
		                       want->max_dr == have->max_dr))
			continue;
		mac_message_init(&m, MAC_NEW_CHANNEL_REQ);
		mac_set(&m, NEW_CHANNEL_REQ_CH_INDEX, i);
		mac_set(&m, NEW_CHANNEL_REQ_FREQUENCY_HZ, want->freq_hz);
		mac_set(&m, NEW_CHANNEL_REQ_MAX_DR, want->max_dr);
		mac_set(&m, NEW_CHANNEL_REQ_MIN_DR, want->min_dr);
		ask(b, &m);
	}
}

/* A parameter of one or two numbers in one command, when it is wished and not what the device has. */
struct parameter {
	enum mac_id id;
	bool differs;
	enum mac_field_id fields[2];
	int64_t values[2];
	unsigned n;
};

static void ask_parameters(struct build *b)
{
	const struct mac_goal *g = b->in->goal;
	const struct mac_state *s = b->s;
	uint8_t time_n = g->rejoin_max_time_n != MAC_UNKNOWN ? g->rejoin_max_time_n : 0;
	uint8_t count_n = g->rejoin_max_count_n != MAC_UNKNOWN ? g->rejoin_max_count_n : 0;
	bool wants_rejoin = g->rejoin_max_time_n != MAC_UNKNOWN || g->rejoin_max_count_n != MAC_UNKNOWN;
	bool wants_ping = g->ping_slot_dr != MAC_UNKNOWN;
	uint8_t tx_param = s->tx_param != MAC_UNKNOWN ? s->tx_param : mac_boot_tx_param(b->in->env);
	const struct parameter list[] = {
		{MAC_DUTY_CYCLE_REQ, g->max_dcycle != MAC_UNKNOWN && g->max_dcycle != s->max_dcycle,
		 {DUTY_CYCLE_REQ_MAX_DCYCLE}, {g->max_dcycle}, 1},
		{MAC_ADR_PARAM_SETUP_REQ,
		 g->adr_limit_exp != MAC_UNKNOWN && g->adr_delay_exp != MAC_UNKNOWN &&
		 (g->adr_limit_exp != s->adr_limit_exp || g->adr_delay_exp != s->adr_delay_exp),
		 {ADR_PARAM_SETUP_REQ_LIMIT_EXP, ADR_PARAM_SETUP_REQ_DELAY_EXP}, {g->adr_limit_exp, g->adr_delay_exp}, 2},
		{MAC_REJOIN_PARAM_SETUP_REQ,
		 wants_rejoin && (time_n != s->rejoin_max_time_n || count_n != s->rejoin_max_count_n),
		 {REJOIN_PARAM_SETUP_REQ_MAX_TIME_N, REJOIN_PARAM_SETUP_REQ_MAX_COUNT_N}, {time_n, count_n}, 2},
		/* Class B only once the device has told its ping slots. */
		{MAC_PING_SLOT_CHANNEL_REQ,
		 s->ping_slot_periodicity != MAC_UNKNOWN && wants_ping &&
		 (g->ping_slot_dr != s->ping_slot_dr || g->ping_slot_freq_hz != s->ping_slot_freq_hz),
		 {PING_SLOT_CHANNEL_REQ_FREQUENCY_HZ, PING_SLOT_CHANNEL_REQ_DATA_RATE},
		 {g->ping_slot_freq_hz, g->ping_slot_dr}, 2},
		{MAC_BEACON_FREQ_REQ, s->ping_slot_periodicity != MAC_UNKNOWN && g->beacon_freq_hz != s->beacon_freq_hz,
		 {BEACON_FREQ_REQ_FREQUENCY_HZ}, {g->beacon_freq_hz}, 1},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct mac_message m;

		mac_message_init(&m, list[i].id);
		if (!list[i].differs || has_cid(b, m.row->cid))
			continue;
		for (unsigned n = 0; n < list[i].n; n++)
			mac_set(&m, list[i].fields[n], list[i].values[n]);
		ask(b, &m);
	}
	if (g->tx_param != MAC_UNKNOWN && g->tx_param != tx_param && !has_cid(b, MAC_CID_TX_PARAM_SETUP)) {
		struct mac_message m;

		mac_message_init(&m, MAC_TX_PARAM_SETUP_REQ);
		mac_set(&m, TX_PARAM_SETUP_REQ_DOWNLINK_DWELL_TIME, g->tx_param >> 5 & 1);
		mac_set(&m, TX_PARAM_SETUP_REQ_UPLINK_DWELL_TIME, g->tx_param >> 4 & 1);
		mac_set(&m, TX_PARAM_SETUP_REQ_MAX_EIRP_INDEX, g->tx_param & 0x0f);
		ask(b, &m);
	}
}

/* A device that has told nothing yet is asked with the first downlink that has room anyway; one for this alone waits. */
static void ask_status(struct build *b)
{
	int64_t interval_us = (int64_t)b->in->goal->dev_status_interval_s * US_PER_S;
	bool is_due = b->in->now_us - b->s->status_asked_us >= interval_us || (!b->s->has_status && b->in->goes_anyway && !b->in->has_item);
	struct mac_message m;

	if (!interval_us || !is_due || has_cid(b, MAC_CID_DEV_STATUS))
		return;
	mac_message_init(&m, MAC_DEV_STATUS_REQ);
	ask(b, &m);
}

/* ---- the downlink ---------------------------------------------------------------------------- */

/* What is open once this downlink has left. */
static void note_sent(struct build *b, bool is_alone)
{
	struct mac_state *s = b->s;
	struct mac_command c;
	struct mac_iter it;

	s->pending_len = 0;
	s->pending_late = 0;
	s->pending_f_cnt = b->in->f_cnt;
	mac_iter_init(&it, LW_DOWN, b->out->octets, b->out->len);
	while (mac_iter_next(&it, &c)) {
		if (c.row->flags & MAC_HAS_NO_ANSWER)
			continue;
		memcpy(s->pending + s->pending_len, c.payload - 1, 1u + c.len);
		s->pending_len = (uint8_t)(s->pending_len + 1 + c.len);
		if (c.cid == MAC_CID_DEV_STATUS)
			s->status_asked_us = b->in->now_us;
	}
	if (is_alone) {
		uint32_t wait = MAC_ONLY_WAIT << (s->mac_only_streak < MAC_ONLY_DOUBLINGS ? s->mac_only_streak : MAC_ONLY_DOUBLINGS);

		s->mac_only_from_f_cnt = wait < UINT32_MAX - b->in->f_cnt ? b->in->f_cnt + wait : UINT32_MAX;
		if (s->mac_only_streak < UINT8_MAX)
			s->mac_only_streak++;
	}
}

void mac_downlink(const struct mac_down_input *in, struct mac_state *s, struct mac_down_outcome *out)
{
	struct mac_state after = *s;
	struct build b = {.in = in, .s = &after, .out = out};

	out->len = 0;
	if (s->pending_len || s->manual_sent)
		return;
	send_manual(&b);
	if (in->goes_anyway || out->len || in->f_cnt >= s->mac_only_from_f_cnt) {
		ask_link_adr(&b);
		ask_rx(&b);
		ask_channels(&b);
		ask_parameters(&b);
		ask_status(&b);
	}
	if (!out->len && after.manual_len == s->manual_len)
		return;
	if (out->len)
		note_sent(&b, !in->goes_anyway);
	*s = after;
}

void mac_downlink_unsent(struct mac_state *s)
{
	struct mac_command c;
	struct mac_iter it;

	mac_iter_init(&it, LW_DOWN, s->pending, s->pending_len);
	while (mac_iter_next(&it, &c))
		if (c.cid == MAC_CID_DEV_STATUS)
			s->status_asked_us = s->has_status ? s->status_us : 0;
	s->manual_sent = 0;
	s->pending_len = 0;
	s->pending_late = 0;
}
