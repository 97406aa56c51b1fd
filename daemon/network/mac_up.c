#include "network/mac_up.h"

#include <string.h>

#include "lorawan/link_adr.h"
#include "network/mac_request.h"

#define ANSWERS_MAX 64
#define MINOR_OURS 1        /* LoRaWAN 1.1 */
#define DEVICE_CLASS_A 0
#define DEVICE_CLASS_C 2
#define BATTERY_UNKNOWN 255

/* The device's answers in the order they came; each belongs to one request at most. */
struct answers {
	struct mac_command list[ANSWERS_MAX];
	bool used[ANSWERS_MAX];
	unsigned n;
};

/* ---- requests of the device ------------------------------------------------------------------ */

static void owe(struct mac_owed *owed, uint8_t cid)
{
	for (unsigned i = 0; i < owed->n; i++)
		if (owed->cid[i] == cid)
			return;
	if (owed->n < MAC_OWED_MAX)
		owed->cid[owed->n++] = cid;
}

/* A device that was switched off and on again: nothing that was ever set holds. What was learned of the air stays. */
static void forget_settings(const struct mac_env *env, struct mac_state *s)
{
	struct mac_state fresh;

	mac_state_init(&fresh, env->region, NULL);
	fresh.status_asked_us = s->status_asked_us;
	fresh.dr = s->dr;
	mac_state_drop_sent(s);
	memcpy(fresh.manual, s->manual, sizeof(s->manual));
	fresh.manual_len = s->manual_len;
	*s = fresh;
}

/* RekeyInd and ResetInd: the lower of both minor versions is agreed on. 0 would be 1.0, which has no such command. */
static void agree_on_version(const struct mac_up_input *in, const struct mac_command *c, struct mac_state *s,
                             struct mac_up_outcome *out)
{
	uint8_t minor = c->payload[0] & 0x0f;
	bool is_rekey = c->cid == MAC_CID_REKEY;

	if (!in->env->is_1_1 || is_rekey != in->env->is_otaa || !minor)
		return;
	/* A device without RekeyConf for so long goes back to joining. */
	if (is_rekey && in->f_cnt > 1u << s->adr_limit_exp)
		return;
	if (!is_rekey && !in->is_repeat)
		forget_settings(in->env, s);
	out->is_rekey = is_rekey;
	out->is_reset = !is_rekey && !in->is_repeat;
	out->owed.minor = minor < MINOR_OURS ? minor : MINOR_OURS;
	owe(&out->owed, c->cid);
}

static void take_request(const struct mac_up_input *in, const struct mac_command *c, struct mac_state *s,
                         struct mac_up_outcome *out)
{
	switch (c->cid) {
	case MAC_CID_LINK_CHECK:
	case MAC_CID_DEVICE_TIME:
	case MAC_CID_BEACON_TIMING:
		owe(&out->owed, c->cid);
		break;
	case MAC_CID_PING_SLOT_INFO:
		s->ping_slot_periodicity = c->payload[0] & 7;
		owe(&out->owed, c->cid);
		break;
	case MAC_CID_DEVICE_MODE:
		if (c->payload[0] != DEVICE_CLASS_A && c->payload[0] != DEVICE_CLASS_C)
			break;
		s->told_class = out->owed.device_class = c->payload[0];
		owe(&out->owed, c->cid);
		break;
	case MAC_CID_REKEY:
	case MAC_CID_RESET:
		agree_on_version(in, c, s, out);
		break;
	default: /* the relay's notice: nobody here uses it */
		break;
	}
}

/* ---- answers of the device ------------------------------------------------------------------- */

static void accepted(struct mac_state *s, struct mac_up_outcome *out, uint8_t item)
{
	mac_forget_refusals(s, item);
	s->mac_only_streak = 0;
	out->n_accepted++;
}

static void refused(struct mac_state *s, struct mac_up_outcome *out, uint8_t item, uint32_t value, uint8_t status,
                    uint32_t f_cnt)
{
	mac_note_refusal(s, item, value, status, f_cnt);
	if (status == MAC_NO_ANSWER)
		out->n_unanswered++;
	else
		out->n_refused++;
}

/* All of a block succeeded or nothing did. What each bit refuses is remembered by itself, so that the rest can be asked. */
static void settle_link_adr(const struct mac_up_input *in, const uint8_t *block, size_t len, uint8_t status,
                            struct mac_state *s, struct mac_up_outcome *out)
{
	struct mac_link after;

	mac_link_after(in->env, s, block, len, &after);
	if ((status & 7) == 7) {
		s->mask = after.mask;
		s->dr = after.dr;
		s->tx_power = after.tx_power;
		s->nb_trans = after.nb_trans;
		s->link_unsure = false;
		out->link_settled = true;
		mac_forget_refusals(s, MAC_ITEM_LINK_ADR);
		s->mac_only_streak = 0;
		out->n_accepted++;
		return;
	}
	if (!(status & 1))
		mac_note_refusal(s, MAC_ITEM_CH_MASK, mac_mask_value(&after.mask), status, in->f_cnt);
	if (!(status & 2) && !after.keeps_dr)
		mac_note_refusal(s, MAC_ITEM_DR, after.dr, status, in->f_cnt);
	if (!(status & 4) && !after.keeps_tx_power)
		mac_note_refusal(s, MAC_ITEM_TX_POWER, after.tx_power, status, in->f_cnt);
	/* It says no to what it has already: no other value will please it. */
	if ((!(status & 1) && ch_mask_equal(&after.mask, &s->mask)) || (!(status & 2) && after.dr == s->dr) ||
	    (!(status & 4) && after.tx_power == s->tx_power))
		mac_note_refusal(s, MAC_ITEM_LINK_ADR, 0, status, in->f_cnt);
	/* A mask no channel of which has the data rate: devices differ in which of the two they refuse. Either alone is tried. */
	out->n_refused++;
}

static void settle(const struct mac_up_input *in, const struct mac_request_row *row, const uint8_t *payload, size_t len,
                   const struct mac_command *answer, struct mac_state *s, struct mac_rx *rx, struct mac_up_outcome *out)
{
	uint8_t item = mac_request_item(row, payload);
	uint8_t status = answer->len ? answer->payload[0] : 0;

	if ((status & row->ok) != row->ok) {
		refused(s, out, item, mac_request_value(row, payload, len), status, in->f_cnt);
		return;
	}
	if (row->accept)
		row->accept(in->env, payload, status, s, rx);
	accepted(s, out, item);
	if (row->cid == MAC_CID_DEV_STATUS) {
		/* The margin has six bits, sign included. */
		s->battery = out->battery = answer->payload[0];
		s->margin_db = out->margin_db = (int8_t)((answer->payload[1] & 0x3f) - (answer->payload[1] & 0x20 ? 64 : 0));
		s->has_status = out->has_status = true;
		s->status_us = in->now_us;
	}
}

/* The next unused answer with this CID, or NULL. */
static const struct mac_command *next_answer(struct answers *a, uint8_t cid)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (a->list[i].cid != cid || a->used[i])
			continue;
		a->used[i] = true;
		return &a->list[i];
	}
	return NULL;
}

/* Answers to one block: as many as there are, combined. */
static bool link_adr_status(struct answers *a, uint8_t *status)
{
	const struct mac_command *c;
	bool any = false;

	*status = 7;
	while ((c = next_answer(a, MAC_CID_LINK_ADR))) {
		*status &= c->payload[0];
		any = true;
	}
	return any;
}

/* Room for an answer was missing: what is after it in the list may come with the next uplink. */
static bool is_kept_back(const struct mac_up_input *in, const struct mac_state *s, const struct mac_command *request)
{
	const struct mac_command_row *answer = mac_command_row(request->cid, LW_UP);

	return !s->pending_late && answer && in->room < 1u + answer->len;
}

/* Go through the open requests in the order they were sent. */
static void settle_pending(const struct mac_up_input *in, struct answers *a, struct mac_state *s, struct mac_rx *rx,
                           struct mac_up_outcome *out)
{
	uint8_t sent[MAC_PENDING_MAX], len = s->pending_len, kept = 0;
	struct mac_command c;
	struct mac_iter it;

	memcpy(sent, s->pending, len);
	mac_iter_init(&it, LW_DOWN, sent, len);
	while (mac_iter_next(&it, &c)) {
		const struct mac_request_row *row = mac_request_row(c.cid);
		const uint8_t *start = c.payload - 1;
		const struct mac_command *answer = NULL;
		uint8_t status = MAC_NO_ANSWER, item = MAC_ITEM_LINK_ADR;
		uint32_t value = 0;
		bool is_link = c.cid == MAC_CID_LINK_ADR;

		/* Neighbours are one block. */
		while (is_link && it.at < it.end && *it.at == MAC_CID_LINK_ADR && mac_iter_next(&it, &c))
			;
		if (is_link ? link_adr_status(a, &status) : (answer = next_answer(a, c.cid)) != NULL) {
			if (is_link)
				settle_link_adr(in, start, (size_t)(it.at - start), status, s, out);
			else if (row)
				settle(in, row, c.payload, c.len, answer, s, rx, out);
			continue;
		}
		if (is_kept_back(in, s, &c)) {
			memcpy(s->pending + kept, start, (size_t)(it.at - start));
			kept = (uint8_t)(kept + (it.at - start));
			continue;
		}
		if (row && !is_link) {
			item = mac_request_item(row, c.payload);
			value = mac_request_value(row, c.payload, c.len);
		}
		if (row)
			refused(s, out, item, value, MAC_NO_ANSWER, in->f_cnt);
	}
	s->pending_len = kept;
	s->pending_late = kept ? 1 : 0;
}

/* ---- the device's own steps back -------------------------------------------------------------- */

/* No slower data rate is left to it. */
static bool is_slowest(const struct mac_up_input *in, const struct mac_state *s, const struct ch_mask *defined)
{
	const struct mac_env *env = in->env;
	uint16_t drs = mac_state_dr_mask(s, env->region, env->revision, defined);
	bool dwell = (s->tx_param == MAC_UNKNOWN ? mac_boot_tx_param(env) : s->tx_param) >> 4 & 1;

	for (int dr = 0; dr < in->dr; dr++)
		if (drs >> dr & 1 && region_max_uplink_m(env->region, env->revision, dr, dwell))
			return false;
	return in->dr >= 0;
}

/*
 * Without a downlink the device goes back by itself: ADR_ACK_DELAY uplinks after ADRACKReq first to full power, then to one slower
 * data rate each time, at last to all default channels. What it did shows only in part, so all is asked for again.
 */
static void note_back_off(const struct mac_up_input *in, bool link_settled, struct mac_state *s)
{
	bool slower = in->dr >= 0 && s->dr != MAC_UNKNOWN && in->dr < s->dr;
	struct ch_mask defined = mac_state_defined(s, in->env->region);
	int channel = mac_state_channel(s, in->env->region, in->env->revision, in->freq_hz, in->dr);

	if (in->adr_ack_req && !s->in_back_off)
		s->back_off_f_cnt = in->f_cnt;
	s->in_back_off = in->adr_ack_req;
	if (in->adr_ack_req) {
		s->link_unsure = true;
		if (slower || in->f_cnt - s->back_off_f_cnt >= 1u << s->adr_delay_exp)
			s->tx_power = 0;
		/* Only then come the channels. All are taken for on, so that what is asked now is right whatever it did. */
		if (is_slowest(in, s, &defined))
			s->mask = defined;
	}
	/* The uplink with the answer may be the last as it was. */
	if (link_settled)
		return;
	if (channel >= 0 && ch_mask_has(&defined, (unsigned)channel) && !ch_mask_has(&s->mask, (unsigned)channel)) {
		/* Switched on by itself, or it only said that it had switched it off: not asked again at once each time. */
		mac_note_refusal(s, MAC_ITEM_CH_MASK, mac_mask_value(&s->mask), MAC_NO_ANSWER, in->f_cnt);
		s->mask = defined;
	}
	if (in->dr < 0)
		return;
	if (s->dr == in->dr)
		mac_forget_refusal(s, MAC_ITEM_DR, s->dr);
	else if (s->dr != MAC_UNKNOWN && in->adr)
		mac_note_refusal(s, MAC_ITEM_DR, s->dr, MAC_NO_ANSWER, in->f_cnt); /* it said yes and went elsewhere */
	s->dr = (uint8_t)in->dr;
}

void mac_uplink(const struct mac_up_input *in, struct mac_state *s, struct mac_rx *rx, struct mac_up_outcome *out)
{
	struct answers answers = {.n = 0};
	struct mac_command c;
	struct mac_iter it;

	*out = (struct mac_up_outcome){.battery = BATTERY_UNKNOWN};
	mac_iter_init(&it, LW_UP, in->commands, in->len);
	while (mac_iter_next(&it, &c)) {
		if (!(c.row->flags & MAC_IS_ANSWER))
			take_request(in, &c, s, out);
		else if (answers.n < ANSWERS_MAX)
			answers.list[answers.n++] = c;
	}
	out->is_truncated = it.stopped;
	out->told_class = s->told_class;
	if (in->is_repeat)
		return;
	mac_state_drop_sent(s);
	/* The clock of DevStatusReq begins with the first uplink. */
	if (!s->status_asked_us)
		s->status_asked_us = in->now_us;
	settle_pending(in, &answers, s, rx, out);
	for (unsigned i = 0; i < answers.n; i++)
		out->n_ignored += !answers.used[i];
	s->ignored_answers = (uint16_t)(s->ignored_answers + out->n_ignored < UINT16_MAX
	                                        ? s->ignored_answers + out->n_ignored : UINT16_MAX);
	note_back_off(in, out->link_settled, s);
}
