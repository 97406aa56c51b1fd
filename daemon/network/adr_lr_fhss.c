/*
 * adr_lr_fhss.c - ADR for LR-FHSS, and for devices that have both modulations.
 *
 * LR-FHSS has no SNR; its signal is the RSSI. Coding rate 1/3 carries further, 2/3 is half as long on the air. All rates
 * of one coding rate are equal for the link, so one is drawn when the coding rate changes, and kept after that. A rate
 * is sent once and at full power: what LR-FHSS is for is the far end.
 */
#include "network/adr.h"

#include <stdlib.h>

#include "base/error.h"

#define STRONG_DBM (-130)       /* from here coding rate 2/3 */
#define HYSTERESIS_DB 3
#define LORA_FLOOR_DBM (-117)   /* noise in 125 kHz with a noise figure of 6 dB: SNR is RSSI above it */
#define LORA_SLOWEST_SF 9       /* slower LoRa is worse than LR-FHSS */

static bool is_lr_fhss(const struct adr_plan *plan, uint8_t dr)
{
	return plan->data_rates[dr].radio.modulation == MOD_LR_FHSS;
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Median RSSI, of all samples or of those in LR-FHSS. Returns how many they are. */
static unsigned median_rssi(const struct adr_input *in, bool only_lr_fhss, int *dbm)
{
	const struct adr_state *s = in->state;
	int values[ADR_HISTORY_MAX];
	unsigned n = 0;

	for (uint8_t i = 0; i < s->n; i++) {
		if (!only_lr_fhss || is_lr_fhss(in->plan, s->samples[i].dr))
			values[n++] = -(int)s->samples[i].rssi_below;
	}
	qsort(values, n, sizeof(values[0]), by_value);
	*dbm = n ? values[n / 2] : INT16_MIN;
	return n;
}

static uint16_t with_code_rate(const struct adr_plan *plan, uint16_t rates, enum code_rate code_rate)
{
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		if (plan->data_rates[dr].radio.code_rate != code_rate)
			rates &= (uint16_t)~(1u << dr);
	}
	return rates;
}

static uint8_t draw(uint16_t rates, uint32_t random)
{
	unsigned skip = random % (unsigned)__builtin_popcount(rates);

	for (uint8_t dr = 0;; dr++) {
		if ((rates >> dr & 1) && skip-- == 0)
			return dr;
	}
}

static void decide_lr_fhss(const struct adr_input *in, struct adr_setting *out)
{
	uint16_t all = adr_lr_fhss_rates(in->plan, &in->limits), rates;
	bool now_fast = in->plan->data_rates[in->now.dr].radio.code_rate == CR_4_6, fast;
	int dbm;
	unsigned n = median_rssi(in, false, &dbm);

	*out = in->now;
	if (!all || !n)
		return;
	/* From 1/3 to 2/3 only on a full history and a little over the line; back as soon as it is below. */
	if (is_lr_fhss(in->plan, in->now.dr) && now_fast)
		fast = dbm >= STRONG_DBM;
	else
		fast = n == ADR_HISTORY_MAX && !in->state->link_wait && dbm >= STRONG_DBM + HYSTERESIS_DB;
	rates = with_code_rate(in->plan, all, fast ? CR_4_6 : CR_2_6);
	if (!rates)
		rates = all;
	if (!(rates >> in->now.dr & 1))
		out->dr = draw(rates, in->random);
	out->tx_power = in->limits.min_tx_power;
	out->nb_trans = 1;
}

const struct adr_algorithm adr_lr_fhss = {
	"lr_fhss", "LR-FHSS: coding rate 2/3 when the median RSSI is at least -130 dBm, else 1/3", decide_lr_fhss};

/* The fastest LoRa rate that the RSSI seen in LR-FHSS has room for, SF9 or faster; -1 when none. */
static int lora_by_rssi(const struct adr_input *in)
{
	uint16_t rates = adr_lora_rates(in->plan, &in->limits);
	int dbm, best = -1;

	if (in->state->link_wait || median_rssi(in, true, &dbm) < ADR_HISTORY_MAX)
		return -1;
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		int db10;

		if (!(rates >> dr & 1) || in->plan->data_rates[dr].radio.sf > LORA_SLOWEST_SF)
			continue;
		if (radio_required_snr_db10(&in->plan->data_rates[dr].radio, &db10) == LS_OK &&
		    10 * (dbm - LORA_FLOOR_DBM - HYSTERESIS_DB - in->installation_margin_db) >= db10)
			best = dr;
	}
	return best;
}

static void decide_lora_lr_fhss(const struct adr_input *in, struct adr_setting *out)
{
	int dr;

	if (is_lr_fhss(in->plan, in->now.dr)) {
		decide_lr_fhss(in, out);
		dr = lora_by_rssi(in);
		if (dr >= 0)
			out->dr = (uint8_t)dr;
		return;
	}
	adr_default.decide(in, out);
	/* A short history makes every link look weak. */
	if (in->plan->data_rates[out->dr].radio.sf > LORA_SLOWEST_SF && in->state->n == ADR_HISTORY_MAX &&
	    adr_lr_fhss_rates(in->plan, &in->limits)) {
		decide_lr_fhss(in, out);
	}
}

const struct adr_algorithm adr_lora_lr_fhss = {
	"lora_lr_fhss", "As default while that gives SF9 or faster, else as lr_fhss", decide_lora_lr_fhss};
