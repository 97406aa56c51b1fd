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

void mac_goal_make(const struct mac_env *env, const struct mac_profile *profile, const struct mac_wish *wish,
                   struct mac_goal *out)
{
	const struct region_settings *s = &env->region->settings;
	struct tx_params rx2 = region_rx2_default(env->region);

	*out = (struct mac_goal){
		.dr = wished(wish->dr, MAC_UNKNOWN),
		.tx_power = wished(wish->tx_power, MAC_UNKNOWN),
		.nb_trans = wished(wish->nb_trans, MAC_UNKNOWN),
		.max_dcycle = wished(wish->max_duty_cycle, MAC_UNKNOWN),
		.rx = {
			.rx1_delay_s = wished(wish->rx1_delay_s, s->rx1_delay_s),
			.rx1_dr_offset = wished(wish->rx1_dr_offset, s->rx1_dr_offset),
			.rx2_dr = wished(wish->rx2_dr, s->rx2_dr),
			.rx2_freq_hz = wish->rx2_freq_hz ? wish->rx2_freq_hz : rx2.freq_hz,
		},
		.tx_param = MAC_UNKNOWN,
		.adr_limit_exp = MAC_UNKNOWN,
		.adr_delay_exp = MAC_UNKNOWN,
		.rejoin_max_time_n = wished(profile->rejoin_max_time_n, MAC_UNKNOWN),
		.rejoin_max_count_n = wished(profile->rejoin_max_count_n, MAC_UNKNOWN),
		.ping_slot_dr = wished(profile->ping_slot_dr, MAC_UNKNOWN),
		.ping_slot_freq_hz = profile->ping_slot_freq_hz,
		.dev_status_interval_s = profile->dev_status_interval_s,
	};
	if (!profile->supports_class_b) {
		out->ping_slot_dr = MAC_UNKNOWN;
		out->ping_slot_freq_hz = 0;
	}
	set_channels(env, wish, out);
}
