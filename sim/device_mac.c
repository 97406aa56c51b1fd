/*
 * device_mac.c - the commands of a downlink: what a device does, and what it will answer (TS001-1.0.4 section 5,
 * TS001-1.1 section 5).
 *
 * A device refuses what it cannot do; a server has no reason to ask for that, since it knows version and region, so here it
 * is reported as wrong too. What --refuse names is answered with a no, and nothing changes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "device_part.h"
#include "lorawan/gps_time.h"

#define KEEP 15                      /* DataRate and TXPower, from 1.0.4 on */
#define DEVICE_TIME_OFF_MAX_US 100000
#define BATTERY 200
#define MARGIN_DB 7
#define CLASS_C_MODE 2
#define MINOR 1

/* One downlink's commands on their way. */
struct hearing {
	const struct device_profile *p;
	struct device *d;
	struct device_mac *m;
	const struct transmission *tx;
	const struct downlink *down;
	struct heard *out;
	size_t text_len;
};

/* Says that a command is wrong. Status bits of its answer are then those that are right. */
#define WRONG(h, ...) device_wrong((h)->out, __VA_ARGS__)

static bool is_refused(const struct hearing *h, const struct mac_message *m)
{
	return h->p->refused >> m->row->cid & 1;
}

/* Answers that are repeated until a class A downlink comes. */
static bool is_sticky(const struct hearing *h, uint8_t cid)
{
	static const struct {
		uint8_t cid;
		enum mac_version since;
	} rows[] = {
		{MAC_CID_RX_PARAM_SETUP, MAC_VERSION_1_0_1}, {MAC_CID_RX_TIMING_SETUP, MAC_VERSION_1_0_1},
		{MAC_CID_DL_CHANNEL, MAC_VERSION_1_0_2},     {MAC_CID_TX_PARAM_SETUP, MAC_VERSION_1_0_4},
		{MAC_CID_PING_SLOT_CHANNEL, MAC_VERSION_1_0_4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cid == cid)
			return h->p->version >= rows[i].since;
	return false;
}

static void put_answer(struct hearing *h, const struct mac_message *answer)
{
	bool sticky = is_sticky(h, answer->row->cid);
	uint8_t *list = sticky ? h->m->sticky : h->m->answers, *n = sticky ? &h->m->n_sticky : &h->m->n_answers;
	size_t len;

	if (!mac_encode(answer, list + *n, DEVICE_ANSWERS_MAX - *n, &len, NULL))
		*n = (uint8_t)(*n + len);
}

static void answer_empty(struct hearing *h, enum mac_id id)
{
	struct mac_message a;

	mac_message_init(&a, id);
	put_answer(h, &a);
}

/* An answer of status bits; true when all of them are set. */
static bool answer_bits(struct hearing *h, enum mac_id id, unsigned bits, unsigned all)
{
	struct mac_message a;

	mac_message_init(&a, id);
	for (unsigned i = 0; i < mac_command_n_fields(a.row); i++)
		a.values[i] = bits >> i & 1;
	put_answer(h, &a);
	if (bits != all)
		h->out->mac_refused++;
	return bits == all;
}

/* ---- LinkADRReq ---- */

static void switch_channels(struct ch_mask *m, unsigned first, unsigned count, bool on)
{
	for (unsigned i = first; i < first + count && i < CH_MASK_CHANNELS; i++)
		ch_mask_put(m, i, on);
}

static bool apply_mask(const struct device_profile *p, const struct mac_message *r, struct ch_mask *mask)
{
	const struct ch_mask_cntl *cntl = &p->params->ch_mask_cntl[mac_get(r, LINK_ADR_REQ_CH_MASK_CNTL)];
	uint16_t bits = (uint16_t)mac_get(r, LINK_ADR_REQ_CH_MASK);

	if (!cntl->is_defined)
		return false;
	switch_channels(mask, cntl->all_first, cntl->all_count, cntl->all_on);
	for (unsigned i = 0; i < cntl->mask_count; i++) {
		switch_channels(mask, cntl->mask_first + i * cntl->mask_span, cntl->mask_span, bits >> i & 1);
		if (cntl->wide_first)
			switch_channels(mask, cntl->wide_first + i, 1, bits >> i & 1);
	}
	return true;
}

static bool any_channel_takes(const struct hearing *h, const struct ch_mask *mask, int dr)
{
	for (unsigned i = 0; i < CH_MASK_CHANNELS; i++)
		if (ch_mask_has(mask, i) && device_channel_takes_dr(h->p, h->d, i, dr))
			return true;
	return false;
}

/* The masks of a block in order, judged as a whole. */
static bool mask_of_block(struct hearing *h, const struct mac_message *block, unsigned n, struct ch_mask *mask)
{
	struct ch_mask defined;

	device_enabled_channels(h->p, h->d, mask);
	device_defined_channels(h->p, h->d, &defined);
	for (unsigned i = 0; i < n; i++)
		if (!apply_mask(h->p, &block[i], mask))
			return WRONG(h, "LinkADRReq with ChMaskCntl %d, which means nothing here",
			             (int)mac_get(&block[i], LINK_ADR_REQ_CH_MASK_CNTL)), false;
	/* ChMaskCntl 6 of dynamic plans switches on what is defined. */
	for (unsigned i = 0; !h->p->region->is_fixed_plan && i < CH_MASK_CHANNELS; i++)
		if (mac_get(&block[n - 1], LINK_ADR_REQ_CH_MASK_CNTL) && !ch_mask_has(&defined, i))
			ch_mask_put(mask, i, false);
	if (!ch_mask_is_within(mask, &defined))
		return WRONG(h, "LinkADRReq switches on channels the device does not have"), false;
	if (ch_mask_is_empty(mask))
		return WRONG(h, "LinkADRReq leaves no channel on"), false;
	return true;
}

static bool rate_of_block(struct hearing *h, const struct ch_mask *mask, int dr)
{
	int now = device_data_rate(h->p, h->d);

	if (dr == KEEP && h->p->rules->keep_is_15)
		return true;
	if (!device_has_uplink_rate(h->p, dr) || !any_channel_takes(h, mask, dr))
		return WRONG(h, "LinkADRReq with DR%d, which no channel that is on takes", dr), false;
	if (!h->p->has_adr && dr != now)
		return WRONG(h, "LinkADRReq moves a device that has ADR off from DR%d to DR%d", now, dr), false;
	return true;
}

static bool power_of_block(struct hearing *h, int power)
{
	if (power == KEEP && h->p->rules->keep_is_15)
		return true;
	if (power >= h->p->params->tx_powers->n)
		return WRONG(h, "LinkADRReq with TXPower %d, the region has 0 to %d", power, h->p->params->tx_powers->n - 1), false;
	return true;
}

static void follow_block(struct hearing *h, const struct mac_message *last, const struct ch_mask *mask)
{
	int dr = (int)mac_get(last, LINK_ADR_REQ_DATA_RATE), power = (int)mac_get(last, LINK_ADR_REQ_TX_POWER);
	int nb_trans = (int)mac_get(last, LINK_ADR_REQ_NB_TRANS);

	h->m->mask = *mask;
	h->m->has_mask = true;
	if (dr != KEEP || !h->p->rules->keep_is_15)
		h->m->dr_plus_1 = (uint8_t)(dr + 1);
	if (power != KEEP || !h->p->rules->keep_is_15)
		h->m->tx_power = (uint8_t)power;
	if (nb_trans || !h->p->rules->nb_trans_0_keeps)
		h->m->nb_trans = (uint8_t)nb_trans;
}

static void hear_link_adr(struct hearing *h, const struct mac_message *block, unsigned n)
{
	bool one = h->p->rules->link_adr_form == LINK_ADR_BLOCK_ONE_ANSWER;
	const struct mac_message *last = &block[n - 1];
	struct ch_mask mask;
	unsigned bits = 0;

	if (!is_refused(h, last)) {
		bits |= mask_of_block(h, block, n, &mask) ? 1 : 0;
		bits |= rate_of_block(h, &mask, (int)mac_get(last, LINK_ADR_REQ_DATA_RATE)) ? 2 : 0;
		bits |= power_of_block(h, (int)mac_get(last, LINK_ADR_REQ_TX_POWER)) ? 4 : 0;
	}
	if (bits == 7)
		follow_block(h, last, &mask);
	for (unsigned i = 0; i < (one ? 1 : n); i++)
		answer_bits(h, MAC_LINK_ADR_ANS, bits, 7);
}

/* ---- the other requests ---- */

static void hear_duty_cycle(struct hearing *h, const struct mac_message *r)
{
	h->m->max_dcycle = (uint8_t)mac_get(r, DUTY_CYCLE_REQ_MAX_DCYCLE);
	answer_empty(h, MAC_DUTY_CYCLE_ANS);
}

static void hear_rx_param_setup(struct hearing *h, const struct mac_message *r)
{
	uint32_t freq_hz = (uint32_t)mac_get(r, RX_PARAM_SETUP_REQ_FREQUENCY_HZ);
	int dr = (int)mac_get(r, RX_PARAM_SETUP_REQ_RX2_DATA_RATE), offset = (int)mac_get(r, RX_PARAM_SETUP_REQ_RX1_DR_OFFSET);
	unsigned bits = (device_has_frequency(h->p, freq_hz) ? 1u : 0) | (device_has_downlink_rate(h->p, dr) ? 2u : 0) |
	                (offset < h->p->params->rx1->n_offsets ? 4u : 0);

	if (bits != 7)
		WRONG(h, "RXParamSetupReq with %" PRIu32 " Hz, DR%d and offset %d, which the region does not have", freq_hz, dr,
		      offset);
	if (!answer_bits(h, MAC_RX_PARAM_SETUP_ANS, is_refused(h, r) ? 0 : bits, 7))
		return;
	h->m->rx2_freq_hz = freq_hz;
	h->d->rx2_dr = (uint8_t)dr;
	h->d->rx1_dr_offset = (uint8_t)offset;
}

static void hear_dev_status(struct hearing *h, const struct mac_message *r)
{
	struct mac_message a;

	(void)r;
	mac_message_init(&a, MAC_DEV_STATUS_ANS);
	mac_set(&a, DEV_STATUS_ANS_BATTERY, BATTERY);
	mac_set(&a, DEV_STATUS_ANS_MARGIN, MARGIN_DB);
	put_answer(h, &a);
}

/* A device of a plan without such channels does not answer. */
static void hear_new_channel(struct hearing *h, const struct mac_message *r)
{
	unsigned index = (unsigned)mac_get(r, NEW_CHANNEL_REQ_CH_INDEX);
	uint32_t freq_hz = (uint32_t)mac_get(r, NEW_CHANNEL_REQ_FREQUENCY_HZ);
	int min = (int)mac_get(r, NEW_CHANNEL_REQ_MIN_DR), max = (int)mac_get(r, NEW_CHANNEL_REQ_MAX_DR);
	bool is_free = index >= h->p->region->n_default_channels && index < DEVICE_CHANNELS;
	unsigned bits = (is_free && (!freq_hz || device_has_frequency(h->p, freq_hz)) ? 1u : 0) |
	                (is_free && min <= max && device_has_uplink_rate(h->p, min) && device_has_uplink_rate(h->p, max) ? 2u : 0);

	if (!h->p->region->has_new_channel) {
		WRONG(h, "NewChannelReq in a region that has none");
		return;
	}
	if (!freq_hz && is_free)
		bits = 3;
	if (bits != 3)
		WRONG(h, "NewChannelReq for channel %u, %" PRIu32 " Hz, DR%d to DR%d, which the region does not have", index, freq_hz,
		      min, max);
	if (!answer_bits(h, MAC_NEW_CHANNEL_ANS, is_refused(h, r) ? 0 : bits, 3))
		return;
	h->m->channels[index] = (struct device_channel){.up_hz = freq_hz, .min_dr = (uint8_t)min, .max_dr = (uint8_t)max};
	if (h->m->has_mask)
		ch_mask_put(&h->m->mask, index, freq_hz != 0);
}

static void hear_rx_timing_setup(struct hearing *h, const struct mac_message *r)
{
	int delay = (int)mac_get(r, RX_TIMING_SETUP_REQ_DELAY);

	h->d->rx1_delay_s = (uint8_t)(delay ? delay : 1);
	answer_empty(h, MAC_RX_TIMING_SETUP_ANS);
}

static void hear_tx_param_setup(struct hearing *h, const struct mac_message *r)
{
	if (!h->p->params->has_tx_param_setup) {
		WRONG(h, "TxParamSetupReq in a region that does not know it");
		return;
	}
	h->m->has_dwell = true;
	h->m->up_dwell = mac_get(r, TX_PARAM_SETUP_REQ_UPLINK_DWELL_TIME) != 0;
	h->m->down_dwell = mac_get(r, TX_PARAM_SETUP_REQ_DOWNLINK_DWELL_TIME) != 0;
	h->m->eirp_index_plus_1 = (uint8_t)(mac_get(r, TX_PARAM_SETUP_REQ_MAX_EIRP_INDEX) + 1);
	answer_empty(h, MAC_TX_PARAM_SETUP_ANS);
}

static void hear_dl_channel(struct hearing *h, const struct mac_message *r)
{
	unsigned index = (unsigned)mac_get(r, DL_CHANNEL_REQ_CH_INDEX);
	uint32_t freq_hz = (uint32_t)mac_get(r, DL_CHANNEL_REQ_FREQUENCY_HZ);
	unsigned bits = (device_has_frequency(h->p, freq_hz) ? 1u : 0) | (device_channel_freq(h->p, h->d, index) ? 2u : 0);

	if (!h->p->region->has_dl_channel) {
		WRONG(h, "DlChannelReq in a region that has none");
		return;
	}
	if (bits != 3)
		WRONG(h, "DlChannelReq for channel %u, %" PRIu32 " Hz, which the device does not have", index, freq_hz);
	if (answer_bits(h, MAC_DL_CHANNEL_ANS, is_refused(h, r) ? 0 : bits, 3))
		h->m->channels[index].down_hz = freq_hz;
}

static void hear_adr_param_setup(struct hearing *h, const struct mac_message *r)
{
	h->m->adr_limit_exp_plus_1 = (uint8_t)(mac_get(r, ADR_PARAM_SETUP_REQ_LIMIT_EXP) + 1);
	h->m->adr_delay_exp_plus_1 = (uint8_t)(mac_get(r, ADR_PARAM_SETUP_REQ_DELAY_EXP) + 1);
	answer_empty(h, MAC_ADR_PARAM_SETUP_ANS);
}

static void hear_force_rejoin(struct hearing *h, const struct mac_message *r)
{
	unsigned type = (unsigned)mac_get(r, FORCE_REJOIN_REQ_REJOIN_TYPE);

	if (type > 2 || !device_has_uplink_rate(h->p, (int)mac_get(r, FORCE_REJOIN_REQ_DATA_RATE))) {
		WRONG(h, "ForceRejoinReq of type %u at DR%d", type, (int)mac_get(r, FORCE_REJOIN_REQ_DATA_RATE));
		return;
	}
	h->m->rejoin_type = type == 2 ? 2 : 0;
	h->m->rejoin_dr = (uint8_t)mac_get(r, FORCE_REJOIN_REQ_DATA_RATE);
	h->m->rejoins_left = (uint8_t)(mac_get(r, FORCE_REJOIN_REQ_MAX_RETRIES) + 1);
}

static void hear_rejoin_param_setup(struct hearing *h, const struct mac_message *r)
{
	/* The clock of a run is too short for MaxTimeN; a device may say that it keeps the count alone. */
	if (!is_refused(h, r))
		h->m->ups_to_rejoin = (uint16_t)(16u << mac_get(r, REJOIN_PARAM_SETUP_REQ_MAX_COUNT_N) > UINT16_MAX
		                                         ? UINT16_MAX
		                                         : 16u << mac_get(r, REJOIN_PARAM_SETUP_REQ_MAX_COUNT_N));
	answer_bits(h, MAC_REJOIN_PARAM_SETUP_ANS, is_refused(h, r) ? 0 : 1, 1);
}

static void hear_ping_slot_channel(struct hearing *h, const struct mac_message *r)
{
	uint32_t freq_hz = (uint32_t)mac_get(r, PING_SLOT_CHANNEL_REQ_FREQUENCY_HZ);
	int dr = (int)mac_get(r, PING_SLOT_CHANNEL_REQ_DATA_RATE);
	unsigned bits = (!freq_hz || device_has_frequency(h->p, freq_hz) ? 1u : 0) | (device_has_downlink_rate(h->p, dr) ? 2u : 0);

	if (bits != 3)
		WRONG(h, "PingSlotChannelReq with %" PRIu32 " Hz and DR%d, which the region does not have", freq_hz, dr);
	if (!answer_bits(h, MAC_PING_SLOT_CHANNEL_ANS, is_refused(h, r) ? 0 : bits, 3))
		return;
	h->m->ping_freq_hz = freq_hz;
	h->m->ping_dr_plus_1 = (uint8_t)(dr + 1);
}

static void hear_beacon_freq(struct hearing *h, const struct mac_message *r)
{
	uint32_t freq_hz = (uint32_t)mac_get(r, BEACON_FREQ_REQ_FREQUENCY_HZ);
	bool good = !freq_hz || device_has_frequency(h->p, freq_hz);

	if (!good)
		WRONG(h, "BeaconFreqReq with %" PRIu32 " Hz", freq_hz);
	answer_bits(h, MAC_BEACON_FREQ_ANS, good && !is_refused(h, r), 1);
}

/* ---- answers to this device ---- */

static void hear_link_check(struct hearing *h, const struct mac_message *r)
{
	if (mac_get(r, LINK_CHECK_ANS_MARGIN) == 255 || !mac_get(r, LINK_CHECK_ANS_GW_CNT))
		WRONG(h, "LinkCheckAns with margin %d and %d gateways", (int)mac_get(r, LINK_CHECK_ANS_MARGIN),
		      (int)mac_get(r, LINK_CHECK_ANS_GW_CNT));
}

/* The time of the end of the uplink that asked. */
static void hear_device_time(struct hearing *h, const struct mac_message *r)
{
	uint64_t told_us = (uint64_t)mac_get(r, DEVICE_TIME_ANS_GPS_SECONDS) * 1000000 +
	                   (uint64_t)mac_get(r, DEVICE_TIME_ANS_FRACTION_256) * 1000000 / 256;
	uint64_t right_us = h->down->gps_us - (h->down->start_us - h->tx->end_us);
	int64_t off_us = (int64_t)(told_us - right_us % (UINT64_C(1000000) << 32));

	if (off_us > DEVICE_TIME_OFF_MAX_US || off_us < -DEVICE_TIME_OFF_MAX_US)
		WRONG(h, "DeviceTimeAns is %" PRId64 " ms off", off_us / 1000);
}

static void hear_minor(struct hearing *h, const struct mac_message *r)
{
	if (r->values[0] != MINOR)
		WRONG(h, "%s with minor version %d", r->row->name, (int)r->values[0]);
	h->m->is_confirmed_minor = true;
}

static void hear_device_mode(struct hearing *h, const struct mac_message *r)
{
	if (r->values[0] != CLASS_C_MODE)
		WRONG(h, "DeviceModeConf of class %d, the device said 2", (int)r->values[0]);
	h->m->is_mode_confirmed = true;
}

static void hear_ping_slot_info(struct hearing *h, const struct mac_message *r)
{
	(void)r;
	h->m->is_ping_confirmed = true;
}

static void hear_nothing(struct hearing *h, const struct mac_message *r)
{
	(void)h;
	(void)r;
}

/* By mac_id; LinkADRReq comes in blocks and is not here. */
static void (*const handlers[MAC_ID__COUNT])(struct hearing *h, const struct mac_message *r) = {
	[MAC_RESET_CONF] = hear_minor,
	[MAC_LINK_CHECK_ANS] = hear_link_check,
	[MAC_DUTY_CYCLE_REQ] = hear_duty_cycle,
	[MAC_RX_PARAM_SETUP_REQ] = hear_rx_param_setup,
	[MAC_DEV_STATUS_REQ] = hear_dev_status,
	[MAC_NEW_CHANNEL_REQ] = hear_new_channel,
	[MAC_RX_TIMING_SETUP_REQ] = hear_rx_timing_setup,
	[MAC_TX_PARAM_SETUP_REQ] = hear_tx_param_setup,
	[MAC_DL_CHANNEL_REQ] = hear_dl_channel,
	[MAC_REKEY_CONF] = hear_minor,
	[MAC_ADR_PARAM_SETUP_REQ] = hear_adr_param_setup,
	[MAC_DEVICE_TIME_ANS] = hear_device_time,
	[MAC_FORCE_REJOIN_REQ] = hear_force_rejoin,
	[MAC_REJOIN_PARAM_SETUP_REQ] = hear_rejoin_param_setup,
	[MAC_PING_SLOT_INFO_ANS] = hear_ping_slot_info,
	[MAC_PING_SLOT_CHANNEL_REQ] = hear_ping_slot_channel,
	[MAC_BEACON_TIMING_ANS] = hear_nothing,
	[MAC_BEACON_FREQ_REQ] = hear_beacon_freq,
	[MAC_DEVICE_MODE_CONF] = hear_device_mode,
};

/* ---- the list ---- */

static void note(struct hearing *h, const struct mac_message *m)
{
	char text[MAC_TEXT_SIZE];
	size_t left = sizeof(h->out->commands) - h->text_len;
	int n = snprintf(h->out->commands + h->text_len, left, "%s%s", h->text_len ? "; " : "",
	                 mac_message_text(m, text, sizeof(text)));

	h->text_len += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

static void hear_one(struct hearing *h, const struct mac_message *m)
{
	enum mac_id id = MAC_ID__COUNT;

	for (unsigned i = 0; i < MAC_ID__COUNT; i++)
		if (mac_row((enum mac_id)i) == m->row)
			id = (enum mac_id)i;
	if (m->row->flags & MAC_IS_ANSWER) {
		h->out->mac_answers++;
		if (!h->tx || !(h->tx->asked >> m->row->cid & 1)) {
			WRONG(h, "%s although the device asked for none", m->row->name);
			return;
		}
	} else {
		h->out->mac_requests++;
		if (m->row->since > h->p->version) {
			WRONG(h, "%s is not known to a device of version %s", m->row->name, h->p->rules->name);
			return;
		}
	}
	if (id < MAC_ID__COUNT && handlers[id])
		handlers[id](h, m);
	else
		WRONG(h, "%s is not for a device like this", m->row->name);
}

int device_mac_hear(const struct device_profile *p, struct device *d, const struct transmission *tx,
                    const struct downlink *down, const uint8_t *list, size_t len, struct heard *out)
{
	struct hearing h = {.p = p, .d = d, .m = d->mac, .tx = tx, .down = down, .out = out};
	struct mac_message block[PHY_MAX / 5 + 1];
	struct mac_command command;
	struct mac_iter it;
	unsigned n = 0;

	mac_iter_init(&it, LW_DOWN, list, len);
	for (;;) {
		bool more = mac_iter_next(&it, &command);
		bool is_adr = more && command.cid == MAC_CID_LINK_ADR;

		if (n && (!is_adr || p->rules->link_adr_form == LINK_ADR_SINGLE)) {
			hear_link_adr(&h, block, n);
			n = 0;
		}
		if (!more)
			break;
		mac_decode(&command, &block[n]);
		note(&h, &block[n]);
		if (is_adr) {
			out->mac_requests++;
			n++;
		} else {
			hear_one(&h, &block[n]);
		}
	}
	if (it.stopped)
		device_wrong(out, "MAC commands cannot be read to the end");
	if (d->mac->n_answers + d->mac->n_sticky > MAC_F_OPTS_MAX)
		device_wrong(out, "more is asked than an uplink can answer: %d octets", d->mac->n_answers + d->mac->n_sticky);
	return out->why[0] ? LS_EINVAL : LS_OK;
}

void device_mac_class_a(struct device *d)
{
	if (d->mac->n_sticky)
		d->mac->n_sticky = 0;
}
