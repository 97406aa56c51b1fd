/* adr.c - the list of algorithms, what they share, and the default one. */
#include "network/adr.h"

#include <string.h>

#include "base/error.h"

#define STEP_DB10 30
#define STEP_BACK_DB10 20      /* what an improvement needs more for every recent step back */
#define LOSS_BACK_PERCENT 30   /* with NbTrans at its end already: the setting is too much */

const struct adr_algorithm *const adr_algorithms[] = {&adr_default, &adr_lr_fhss, &adr_lora_lr_fhss, &adr_off, NULL};

const struct adr_algorithm *adr_algorithm_find(const char *name)
{
	for (const struct adr_algorithm *const *a = adr_algorithms; *a; a++) {
		if (strcmp((*a)->name, name) == 0)
			return *a;
	}
	return NULL;
}

/* ---- parts ---------------------------------------------------------------------------------------- */

void adr_limits_init(struct adr_limits *l, const struct adr_plan *plan, uint8_t max_adr_dr)
{
	*l = (struct adr_limits){.max_dr = REGION_DR_MAX - 1, .max_lora_dr = max_adr_dr,
	                         .max_tx_power = (uint8_t)(plan->n_tx_powers - 1)};
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		if (plan->data_rates[dr].uplink)
			l->dr_mask |= (uint16_t)(1u << dr);
	}
}

static bool within(const struct adr_limits *l, uint8_t dr)
{
	return dr >= l->min_dr && dr <= l->max_dr && (l->dr_mask >> dr & 1);
}

/* Of the slowest LoRa rate; 125 kHz but in ISM2400. 0 when there is none. */
static uint32_t basic_bandwidth_hz(const struct adr_plan *plan)
{
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct data_rate *d = &plan->data_rates[dr];

		if (d->uplink && d->radio.modulation == MOD_LORA)
			return d->radio.bandwidth_hz;
	}
	return 0;
}

static bool is_basic_lora(const struct adr_plan *plan, uint8_t dr)
{
	const struct data_rate *d = &plan->data_rates[dr];

	return d->uplink && d->radio.modulation == MOD_LORA && d->radio.bandwidth_hz == basic_bandwidth_hz(plan);
}

uint16_t adr_lora_rates(const struct adr_plan *plan, const struct adr_limits *l)
{
	uint16_t rates = 0;

	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		if (dr <= l->max_lora_dr && within(l, dr) && is_basic_lora(plan, dr))
			rates |= (uint16_t)(1u << dr);
	}
	return rates;
}

uint16_t adr_lr_fhss_rates(const struct adr_plan *plan, const struct adr_limits *l)
{
	uint16_t rates = 0;

	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct data_rate *d = &plan->data_rates[dr];

		if (within(l, dr) && d->uplink && d->radio.modulation == MOD_LR_FHSS)
			rates |= (uint16_t)(1u << dr);
	}
	return rates;
}

/* The next of `rates` above (way 1) or below (-1) dr; -1 when there is none. */
static int next_rate(uint16_t rates, int dr, int way)
{
	for (dr += way; dr >= 0 && dr < REGION_DR_MAX; dr += way) {
		if (rates >> dr & 1)
			return dr;
	}
	return -1;
}

void adr_step(const struct adr_plan *plan, const struct adr_limits *l, int n_step, struct adr_setting *s)
{
	uint16_t rates = adr_lora_rates(plan, l);

	while (n_step > 0) {
		int next = next_rate(rates, s->dr, 1);

		if (next >= 0) {
			int cost = plan->data_rates[s->dr].radio.sf - plan->data_rates[next].radio.sf;

			/* Power saved now would be missing for the rate when there is enough for it. */
			if (cost > n_step)
				return;
			s->dr = (uint8_t)next;
			n_step -= cost > 0 ? cost : 1;
		} else if (s->tx_power < l->max_tx_power) {
			s->tx_power++;
			n_step--;
		} else {
			return;
		}
	}
	for (; n_step < 0 && s->tx_power > l->min_tx_power; n_step++)
		s->tx_power--;
}

uint8_t adr_nb_trans(unsigned lost, unsigned sent, uint8_t nb_trans)
{
	/* The row by loss, the column by the present NbTrans. */
	static const struct {
		unsigned below_percent;
		uint8_t nb_trans[ADR_NB_TRANS_MAX];
	} table[] = {
		{5, {1, 1, 2}},
		{10, {1, 2, 3}},
		{30, {2, 3, 3}},
		{UINT32_MAX, {3, 3, 3}},
	};
	unsigned row = 0;

	if (nb_trans < 1)
		nb_trans = 1;
	else if (nb_trans > ADR_NB_TRANS_MAX)
		nb_trans = ADR_NB_TRANS_MAX;
	while (table[row].below_percent != UINT32_MAX && lost * 100ull >= (uint64_t)table[row].below_percent * sent)
		row++;
	return table[row].nb_trans[nb_trans - 1];
}

/* ---- the default algorithm -------------------------------------------------------------------------- */

/* Best SNR of each half of the history, of samples at the present power and bandwidth. */
struct evidence {
	int older_db10, newer_db10;
	unsigned n;
};

static void gather(const struct adr_input *in, struct evidence *e)
{
	const struct adr_state *s = in->state;
	const struct data_rate *rates = in->plan->data_rates;

	*e = (struct evidence){.older_db10 = INT16_MIN, .newer_db10 = INT16_MIN};
	for (uint8_t i = 0; i < s->n; i++) {
		const struct adr_sample *a = &s->samples[i];
		int db10 = a->snr_qdb * 5 / 2;
		int *best = i < s->n / 2 ? &e->older_db10 : &e->newer_db10;

		if (a->tx_power != in->now.tx_power || rates[a->dr].radio.modulation != MOD_LORA ||
		    rates[a->dr].radio.bandwidth_hz != rates[in->now.dr].radio.bandwidth_hz)
			continue;
		if (db10 > *best)
			*best = db10;
		e->n++;
	}
}

static bool may_improve(const struct adr_state *s)
{
	if (s->link_wait)
		return false;
	return s->link_changed ? s->since_link >= ADR_HISTORY_MAX - 1 : s->n >= ADR_FIRST_SAMPLES;
}

/* Full history since the last change of anything: what was lost was lost under the present setting. */
static bool loss_is_known(const struct adr_state *s)
{
	unsigned since = s->since_link < s->since_nb ? s->since_link : s->since_nb;

	return s->n == ADR_HISTORY_MAX && since >= ADR_HISTORY_MAX - 1;
}

static void decide_nb_trans(const struct adr_input *in, struct adr_setting *out)
{
	uint8_t now = in->now.nb_trans, by_history, by_average;
	unsigned lost, sent;

	if (!loss_is_known(in->state))
		return;
	adr_loss(in->state, &lost, &sent);
	by_history = adr_nb_trans(lost, sent, now);
	by_average = adr_nb_trans(in->state->slow_loss, 65536, now);
	if (by_history > now && by_average > now)
		out->nb_trans = by_history < by_average ? by_history : by_average;
	else if (by_history < now && by_average < now && !in->state->nb_wait)
		out->nb_trans = by_history > by_average ? by_history : by_average;
}

/* The nearest of what the limits leave, when the present setting is outside them. True when that changes something. */
static bool obey_limits(const struct adr_input *in, uint16_t rates, struct adr_setting *out)
{
	int max_dr = in->limits.max_dr, dr = -1;

	/* Wide LoRa and FSK lie above the limit and need more signal; LR-FHSS lies there too and needs less. */
	if (in->plan->data_rates[out->dr].radio.modulation != MOD_LR_FHSS && in->limits.max_lora_dr < max_dr)
		max_dr = in->limits.max_lora_dr;
	if (out->dr > max_dr)
		dr = next_rate(rates, max_dr + 1, -1);
	else if (out->dr < in->limits.min_dr && !in->state->link_wait)
		dr = next_rate(rates, in->limits.min_dr - 1, 1);
	if (dr >= 0)
		out->dr = (uint8_t)dr;
	if (out->tx_power > in->limits.max_tx_power)
		out->tx_power = in->limits.max_tx_power;
	else if (out->tx_power < in->limits.min_tx_power)
		out->tx_power = in->limits.min_tx_power;
	return out->dr != in->now.dr || out->tx_power != in->now.tx_power;
}

/* Much is lost although all is repeated, and the signal is weak: a step back where the standard has only the device's own. */
static void retreat_from_loss(const struct adr_input *in, uint16_t rates, struct adr_setting *out)
{
	unsigned lost, sent;
	int dr = next_rate(rates, out->dr, -1);

	adr_loss(in->state, &lost, &sent);
	if (!loss_is_known(in->state) || out->nb_trans < ADR_NB_TRANS_MAX || lost * 100 < LOSS_BACK_PERCENT * sent)
		return;
	if (out->tx_power > in->limits.min_tx_power)
		out->tx_power--;
	else if (dr >= 0)
		out->dr = (uint8_t)dr;
}

static void decide_default(const struct adr_input *in, struct adr_setting *out)
{
	uint16_t rates = adr_lora_rates(in->plan, &in->limits);
	int required_db10, weak, strong;
	struct evidence e;

	*out = in->now;
	if (obey_limits(in, rates, out))
		return;
	decide_nb_trans(in, out);
	if (!is_basic_lora(in->plan, in->now.dr) || in->now.tx_power >= in->plan->n_tx_powers)
		return;
	(void)radio_required_snr_db10(&in->plan->data_rates[in->now.dr].radio, &required_db10); /* is LoRa */
	required_db10 += 10 * in->installation_margin_db;
	gather(in, &e);
	weak = (e.older_db10 < e.newer_db10 ? e.older_db10 : e.newer_db10) - required_db10;
	weak -= STEP_BACK_DB10 * in->state->link_level;
	strong = (e.older_db10 < e.newer_db10 ? e.newer_db10 : e.older_db10) - required_db10;

	if (weak / STEP_DB10 > 0 && may_improve(in->state))
		adr_step(in->plan, &in->limits, weak / STEP_DB10, out);
	else if (strong / STEP_DB10 < 0 && e.n == ADR_HISTORY_MAX)
		adr_step(in->plan, &in->limits, strong / STEP_DB10, out);
	if (strong / STEP_DB10 <= 0 && out->dr == in->now.dr && out->tx_power == in->now.tx_power)
		retreat_from_loss(in, rates, out);
}

const struct adr_algorithm adr_default = {
	"default", "LoRa: best SNR of 20 uplinks, data rate first, then power; NbTrans by loss", decide_default};

/* ---- off ---------------------------------------------------------------------------------------------- */

static void decide_off(const struct adr_input *in, struct adr_setting *out)
{
	*out = in->now;
}

const struct adr_algorithm adr_off = {"off", "Leave data rate, power and NbTrans to the device", decide_off};
