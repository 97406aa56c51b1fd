/* adr_state.c - what is remembered of a device for ADR: samples of its uplinks, and the waits after steps back. */
#include "network/adr.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define QUIET_UPLINKS 4096   /* a step back is forgotten after so many uplinks without another */
#define MAX_SAMPLE_GATEWAYS 7

static int clamp(int v, int min, int max)
{
	return v < min ? min : v > max ? max : v;
}

/*
 * How much signal a setting needs, in tenths of dB, only to be compared: the floor of the modulation, and what is
 * missing to full power. Less of it is a step back.
 */
static int demand_db10(const struct adr_plan *plan, uint8_t dr, uint8_t tx_power)
{
	const struct radio *radio = &plan->data_rates[dr].radio;
	int db10;

	if (radio_required_snr_db10(radio, &db10) == LS_OK) {
		for (uint32_t hz = 125000; hz * 2 <= radio->bandwidth_hz; hz *= 2)
			db10 += 30;
	} else if (radio->modulation == MOD_LR_FHSS) {
		db10 = radio->code_rate == CR_4_6 ? -220 : -250;  /* 2/3 and 1/3, both below SF12 */
	} else {
		db10 = 65;  /* FSK at 50 kbit/s */
	}
	if (tx_power < plan->n_tx_powers)
		db10 -= 10 * plan->tx_power_offset_db[tx_power];
	return db10;
}

static void count(uint16_t *since, uint16_t *wait)
{
	if (*since < UINT16_MAX)
		(*since)++;
	if (*wait)
		(*wait)--;
}

static void forget_after_quiet(uint16_t since, uint8_t *level)
{
	if (*level && since == QUIET_UPLINKS)
		(*level)--;
}

static void step_back(uint16_t *wait, uint8_t *level)
{
	if (*level < ADR_WAIT_LEVELS)
		(*level)++;
	*wait = (uint16_t)(ADR_WAIT_MIN << 2 * (*level - 1));
}

/* The setting of this uplink beside that of the last. */
static void note_changes(struct adr_state *s, const struct adr_plan *plan, const struct adr_setting *used, bool judge)
{
	const struct adr_sample *last = &s->samples[s->n - 1];

	count(&s->since_link, &s->link_wait);
	count(&s->since_nb, &s->nb_wait);
	forget_after_quiet(s->since_link, &s->link_level);
	forget_after_quiet(s->since_nb, &s->nb_level);
	if (used->dr != last->dr || used->tx_power != last->tx_power) {
		if (judge && demand_db10(plan, used->dr, used->tx_power) < demand_db10(plan, last->dr, last->tx_power))
			step_back(&s->link_wait, &s->link_level);
		s->link_changed = true;
		s->since_link = 0;
	}
	if (used->nb_trans != s->nb_trans) {
		if (judge && used->nb_trans > s->nb_trans)
			step_back(&s->nb_wait, &s->nb_level);
		s->since_nb = 0;
	}
}

/* Every uplink sent moves the average by a part: to 1 when it was lost, to 0 when it was heard. */
static void average_loss(struct adr_state *s, unsigned lost)
{
	unsigned loss = s->slow_loss;

	while (lost--)
		loss += (65535 - loss) / ADR_SLOW_UPLINKS;
	s->slow_loss = (uint16_t)(loss - loss / ADR_SLOW_UPLINKS);
}

void adr_note(struct adr_state *s, const struct adr_plan *plan, const struct adr_uplink *u)
{
	uint32_t gap = u->f_cnt - s->last_f_cnt;
	bool comparable = s->n && !u->counter_moved && u->f_cnt > s->last_f_cnt && gap <= ADR_GAP_MAX;

	if (u->used.dr >= REGION_DR_MAX || u->used.tx_power > 15)
		return;
	if (!u->adr) {
		/* The device steers itself: that its rate goes up and down says nothing about our wishes. */
		s->link_wait = s->nb_wait = 0;
		s->link_level = s->nb_level = 0;
	}
	/* After an outage a device is slow because nobody answered, not because its link is weak. */
	if (s->n)
		note_changes(s, plan, &u->used, u->adr && comparable);
	average_loss(s, comparable ? gap - 1 : 0);
	if (s->n == ADR_HISTORY_MAX) {
		memmove(s->samples, s->samples + 1, (ADR_HISTORY_MAX - 1) * sizeof(s->samples[0]));
		s->n--;
	}
	s->samples[s->n++] = (struct adr_sample){
		.gap = (uint8_t)(comparable ? gap : 0) & 31,
		.gateways = (uint8_t)(u->gateways < MAX_SAMPLE_GATEWAYS ? u->gateways : MAX_SAMPLE_GATEWAYS) & 7,
		.dr = u->used.dr & 15,
		.tx_power = u->used.tx_power & 15,
		.snr_qdb = (int8_t)clamp(u->snr_db10 * 2 / 5, INT8_MIN, INT8_MAX),
		.rssi_below = (uint8_t)clamp(-u->rssi_dbm, 0, UINT8_MAX),
	};
	s->last_f_cnt = u->f_cnt;
	s->nb_trans = u->used.nb_trans;
}

void adr_loss(const struct adr_state *s, unsigned *lost, unsigned *sent)
{
	*lost = *sent = 0;
	for (uint8_t i = 0; i < s->n; i++) {
		uint8_t gap = s->samples[i].gap;

		/* What went before the oldest sample belongs to the window before. */
		if (i == 0 || gap == 0)
			gap = 1;
		*sent += gap;
		*lost += gap - 1u;
	}
}

/* ---- storage: fixed part of 18 octets, then 4 for each sample ------------------------------------- */

enum { FIXED_OCTETS = 18, SAMPLE_OCTETS = 4 };

size_t adr_state_encode(const struct adr_state *s, uint8_t *out)
{
	uint8_t *p = out + FIXED_OCTETS;

	put_le32(out, s->last_f_cnt);
	put_le16(out + 4, s->since_link);
	put_le16(out + 6, s->since_nb);
	put_le16(out + 8, s->link_wait);
	put_le16(out + 10, s->nb_wait);
	put_le16(out + 12, s->slow_loss);
	out[14] = (uint8_t)(s->link_level | s->nb_level << 4);
	out[15] = s->nb_trans;
	out[16] = s->link_changed;
	out[17] = s->n;
	for (uint8_t i = 0; i < s->n; i++, p += SAMPLE_OCTETS) {
		const struct adr_sample *a = &s->samples[i];

		p[0] = (uint8_t)(a->gap | a->gateways << 5);
		p[1] = (uint8_t)(a->dr | a->tx_power << 4);
		p[2] = (uint8_t)a->snr_qdb;
		p[3] = a->rssi_below;
	}
	return (size_t)(p - out);
}

int adr_state_decode(const uint8_t *buf, size_t len, struct adr_state *out, size_t *used)
{
	const uint8_t *p = buf + FIXED_OCTETS;

	memset(out, 0, sizeof(*out));
	*used = 0;
	if (len < FIXED_OCTETS || len < FIXED_OCTETS + (size_t)SAMPLE_OCTETS * buf[17])
		return LS_ESHORT;
	if (buf[17] > ADR_HISTORY_MAX || (buf[14] & 15) > ADR_WAIT_LEVELS || buf[14] >> 4 > ADR_WAIT_LEVELS)
		return LS_ERANGE;
	out->last_f_cnt = get_le32(buf);
	out->since_link = get_le16(buf + 4);
	out->since_nb = get_le16(buf + 6);
	out->link_wait = get_le16(buf + 8);
	out->nb_wait = get_le16(buf + 10);
	out->slow_loss = get_le16(buf + 12);
	out->link_level = buf[14] & 15;
	out->nb_level = buf[14] >> 4;
	out->nb_trans = buf[15];
	out->link_changed = buf[16] != 0;
	out->n = buf[17];
	for (uint8_t i = 0; i < out->n; i++, p += SAMPLE_OCTETS) {
		out->samples[i] = (struct adr_sample){
			.gap = p[0] & 31, .gateways = p[0] >> 5, .dr = p[1] & 15, .tx_power = p[1] >> 4,
			.snr_qdb = (int8_t)p[2], .rssi_below = p[3]};
	}
	*used = (size_t)(p - buf);
	return LS_OK;
}
