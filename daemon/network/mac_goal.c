#include "network/mac_goal.h"

#include <string.h>

static uint8_t wished(int8_t wish, uint8_t otherwise)
{
	return wish == MAC_WISH_NONE ? otherwise : (uint8_t)wish;
}

/* Channels of the configuration: those of the plan, narrowed by what the operator listed. */
static void set_channels(const struct mac_env *env, const struct mac_wish *wish, struct mac_goal *g)
{
	const struct region *r = env->region;
	struct ch_mask listed = ch_mask_of_words(wish->channels);

	for (unsigned i = 0; i < r->n_channels && i < CH_MASK_CHANNELS; i++) {
		bool on = r->channels[i].freq_hz != 0;

		if (r->table->is_fixed_plan)
			on = on && r->settings.uplink_mask[i / 64] >> (i % 64) & 1;
		else if (i < MAC_CHANNELS_MAX)
			g->channels[i] = (struct mac_channel){
				.freq_hz = r->channels[i].freq_hz, .min_dr = r->channels[i].min_dr, .max_dr = r->channels[i].max_dr};
		ch_mask_put(&g->mask, i, wish->has_channels ? r->channels[i].freq_hz && ch_mask_has(&listed, i) : on);
	}
}

uint8_t mac_tx_param(bool downlink_dwell, bool uplink_dwell, double max_eirp_dbm)
{
	unsigned i = 15;

	while (i && tx_param_setup_eirp_dbm[i] > max_eirp_dbm)
		i--;
	return (uint8_t)((unsigned)downlink_dwell << 5 | (unsigned)uplink_dwell << 4 | i);
}

uint8_t mac_boot_tx_param(const struct mac_env *env)
{
	const struct region_params *p = region_params(env->region, env->revision);

	return mac_tx_param(p->boot_downlink_dwell, p->boot_uplink_dwell, p->tx_powers->max_eirp_dbm);
}

/* Where the region has the switch; else no device knows the command. */
static uint8_t wished_tx_param(const struct mac_env *env)
{
	const struct region_params *p = region_params(env->region, env->revision);
	const struct region_settings *s = &env->region->settings;

	if (!p->has_tx_param_setup)
		return MAC_UNKNOWN;
	return mac_tx_param(s->downlink_dwell, s->uplink_dwell,
	                    s->uplink_max_eirp_dbm < 0 ? p->tx_powers->max_eirp_dbm : s->uplink_max_eirp_dbm);
}

/* A device that was told nothing uses the region's ping slots; so nothing is wished that says the same. */
static void set_class_b(const struct mac_env *env, const struct mac_profile *profile, struct mac_goal *g)
{
	const struct region_settings *s = &env->region->settings;
	uint8_t region_dr = region_params(env->region, env->revision)->ping_slot_dr;
	uint8_t dr = profile->ping_slot_dr == MAC_WISH_NONE ? s->ping_slot_dr : (uint8_t)profile->ping_slot_dr;

	g->ping_slot_dr = MAC_UNKNOWN;
	if (!profile->supports_class_b)
		return;
	g->ping_slot_freq_hz = profile->ping_slot_freq_hz ? profile->ping_slot_freq_hz : s->ping_slot_freq_hz;
	if (dr != region_dr || g->ping_slot_freq_hz)
		g->ping_slot_dr = dr;
	g->beacon_freq_hz = s->beacon_freq_hz;
}

void mac_goal_make(const struct mac_env *env, const struct mac_profile *profile, const struct mac_wish *wish,
                   struct mac_goal *out)
{
	const struct region_settings *s = &env->region->settings;
	int8_t time_n = profile->rejoin_max_time_n, count_n = profile->rejoin_max_count_n;

	*out = (struct mac_goal){
		.dr = wished(wish->dr, MAC_UNKNOWN),
		.tx_power = wished(wish->tx_power, MAC_UNKNOWN),
		.nb_trans = wished(wish->nb_trans, MAC_UNKNOWN),
		.max_dcycle = wished(wish->max_duty_cycle, MAC_UNKNOWN),
		.rx = {
			.rx1_delay_s = wished(wish->rx1_delay_s, s->rx1_delay_s),
			.rx1_dr_offset = wished(wish->rx1_dr_offset, s->rx1_dr_offset),
			.rx2_dr = wished(wish->rx2_dr, s->rx2_dr),
			.rx2_freq_hz = wish->rx2_freq_hz ? wish->rx2_freq_hz : s->rx2_freq_hz,
		},
		.tx_param = wished_tx_param(env),
		.adr_limit_exp = MAC_UNKNOWN,
		.adr_delay_exp = MAC_UNKNOWN,
		.rejoin_max_time_n = wished(time_n == MAC_WISH_NONE ? s->rejoin_max_time_n : time_n, MAC_UNKNOWN),
		.rejoin_max_count_n = wished(count_n == MAC_WISH_NONE ? s->rejoin_max_count_n : count_n, MAC_UNKNOWN),
		.dev_status_interval_s = profile->dev_status_interval_s,
	};
	set_class_b(env, profile, out);
	set_channels(env, wish, out);
}
