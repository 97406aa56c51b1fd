#include "network/mac_adr.h"

#include "base/error.h"
#include "network/mac_request.h"

static struct adr_plan plan_of(const struct mac_env *env)
{
	const struct region_params *p = region_params(env->region, env->revision);

	return (struct adr_plan){
		.data_rates = p->up_rates, .tx_power_offset_db = p->tx_powers->offset_db, .n_tx_powers = p->tx_powers->n};
}

void mac_adr_note(const struct mac_env *env, const struct mac_adr_uplink *u, struct mac_state *s)
{
	struct adr_plan plan = plan_of(env);
	struct adr_uplink uplink = {
		.f_cnt = u->f_cnt, .used = {.tx_power = s->tx_power, .nb_trans = s->nb_trans}, .adr = u->adr,
		.snr_db10 = u->snr_db10, .rssi_dbm = u->rssi_dbm, .gateways = u->gateways,
	};
	struct adr_state state;
	size_t used;

	if (!u->adr) {
		s->adr_len = 0; /* it steers itself: nothing to learn, and nothing to keep in memory */
		return;
	}
	if (u->dr < 0 || u->dr >= REGION_DR_MAX)
		return;
	uplink.used.dr = (uint8_t)u->dr;
	(void)adr_state_decode(s->adr, s->adr_len, &state, &used); /* damaged or none: as a new session */
	adr_note(&state, &plan, &uplink);
	s->adr_len = (uint8_t)adr_state_encode(&state, s->adr);
}

_Static_assert(ADR_STATE_OCTETS_MAX <= MAC_ADR_MAX, "the ADR state fits the MAC state");

/*
 * The highest data rate of a configuration is by default the region's of ADR, which is about LoRa: LR-FHSS lies above it, and
 * a profile whose algorithm uses it would find nothing.
 */
static void limit_dr(const struct mac_env *env, const struct mac_adr_profile *profile, const struct mac_goal *goal,
                     struct adr_limits *l)
{
	const struct region_settings *settings = &env->region->settings;

	l->min_dr = settings->min_dr;
	if (settings->max_dr > l->max_lora_dr)
		l->max_lora_dr = settings->max_dr;
	if (settings->max_dr != region_params(env->region, env->revision)->max_adr_dr)
		l->max_dr = settings->max_dr;
	if (profile->min_dr > l->min_dr)
		l->min_dr = (uint8_t)profile->min_dr;
	if (profile->max_dr >= 0 && profile->max_dr < l->max_dr)
		l->max_dr = (uint8_t)profile->max_dr;
	if (goal->dr < REGION_DR_MAX)
		l->min_dr = l->max_dr = goal->dr; /* fixed: only power is left to find */
}

static void limit_tx_power(const struct mac_adr_profile *profile, const struct mac_goal *goal, struct adr_limits *l)
{
	if (profile->min_tx_power > l->min_tx_power)
		l->min_tx_power = (uint8_t)profile->min_tx_power;
	if (profile->max_tx_power >= 0 && profile->max_tx_power < l->max_tx_power)
		l->max_tx_power = (uint8_t)profile->max_tx_power;
	if (l->min_tx_power > l->max_tx_power)
		l->min_tx_power = l->max_tx_power;
	if (goal->tx_power != MAC_UNKNOWN && goal->tx_power <= l->max_tx_power)
		l->min_tx_power = l->max_tx_power = goal->tx_power;
}

/* What the device said no to, until it may be asked again. A power it cannot go down to bars those below it. */
static void limit_by_refusals(const struct mac_state *s, uint32_t f_cnt, struct adr_limits *l)
{
	for (uint8_t dr = 0; dr < REGION_DR_MAX; dr++) {
		if (!mac_may_ask(s, MAC_ITEM_DR, dr, f_cnt))
			l->dr_mask &= (uint16_t)~(1u << dr);
	}
	for (int p = s->tx_power + 1; p <= l->max_tx_power; p++) {
		if (!mac_may_ask(s, MAC_ITEM_TX_POWER, (uint32_t)p, f_cnt))
			l->max_tx_power = (uint8_t)(p - 1);
	}
	for (int p = s->tx_power - 1; p >= l->min_tx_power; p--) {
		if (!mac_may_ask(s, MAC_ITEM_TX_POWER, (uint32_t)p, f_cnt))
			l->min_tx_power = (uint8_t)(p + 1);
	}
}

void mac_adr_goal(const struct mac_env *env, const struct mac_adr_profile *profile, const struct mac_state *s, uint32_t f_cnt,
                  uint32_t random, struct mac_goal *goal)
{
	const struct adr_algorithm *algorithm = profile->algorithm ? adr_algorithm_find(profile->algorithm) : NULL;
	struct adr_plan plan = plan_of(env);
	struct adr_state state;
	struct adr_input in = {
		.plan = &plan, .state = &state, .now = {.dr = s->dr, .tx_power = s->tx_power, .nb_trans = s->nb_trans},
		.installation_margin_db = env->region->settings.installation_margin_db, .random = random,
	};
	struct adr_setting wish;
	size_t used;

	if (!algorithm || env->region->settings.adr_disabled || s->dr >= REGION_DR_MAX ||
	    adr_state_decode(s->adr, s->adr_len, &state, &used))
		return;
	adr_limits_init(&in.limits, &plan, region_params(env->region, env->revision)->max_adr_dr);
	in.limits.dr_mask &= mac_state_dr_mask(s, env->region, env->revision, &goal->mask);
	limit_dr(env, profile, goal, &in.limits);
	limit_tx_power(profile, goal, &in.limits);
	limit_by_refusals(s, f_cnt, &in.limits);
	algorithm->decide(&in, &wish);
	if (goal->dr == MAC_UNKNOWN)
		goal->dr = wish.dr;
	if (goal->tx_power == MAC_UNKNOWN)
		goal->tx_power = wish.tx_power;
	if (goal->nb_trans == MAC_UNKNOWN)
		goal->nb_trans = wish.nb_trans;
}
