/*
 * mac_goal.h - what the server wishes a device to be: the region's configuration, over it the profile, over it the device's own
 * wish, and what ADR found. Computed for each downlink and never stored; mac_state.h has what the device acknowledged and refused.
 */
#ifndef LS_NETWORK_MAC_GOAL_H
#define LS_NETWORK_MAC_GOAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lorawan/mac_wish.h"
#include "network/mac_state.h"

/* What all MAC rules of a session depend on. Borrowed. */
struct mac_env {
	const struct region *region;
	enum mac_version version;    /* of the profile */
	enum reg_params_revision revision;
	bool is_1_1, is_otaa;        /* of the session */
};

/* The receive windows, as the device has acknowledged them: they stand in the session, not in struct mac_state. */
struct mac_rx {
	uint8_t rx1_delay_s, rx1_dr_offset, rx2_dr;
	uint32_t rx2_freq_hz;
};

/* MAC_UNKNOWN: the server has no wish and leaves it as it is. */
struct mac_goal {
	struct ch_mask mask;
	struct mac_channel channels[MAC_CHANNELS_MAX]; /* dynamic plans; freq_hz 0: no wish */
	uint8_t dr, tx_power, nb_trans;
	uint8_t max_dcycle;
	struct mac_rx rx;
	uint8_t tx_param;
	uint8_t adr_limit_exp, adr_delay_exp;
	uint8_t rejoin_max_time_n, rejoin_max_count_n;
	uint8_t ping_slot_dr;
	uint32_t ping_slot_freq_hz;
	uint32_t beacon_freq_hz;
	uint32_t dev_status_interval_s; /* 0 never */
};

/* What comes with the profile beside its wish. */
struct mac_profile {
	uint32_t dev_status_interval_s;
	bool supports_class_b;
	int8_t ping_slot_dr, rejoin_max_time_n, rejoin_max_count_n; /* -1: not set */
	uint32_t ping_slot_freq_hz;                                 /* 0: not set */
};

/* Of configuration, profile and device; ADR's part is left unknown unless the wish fixes it. */
void mac_goal_make(const struct mac_env *env, const struct mac_profile *profile, const struct mac_wish *wish,
                   struct mac_goal *out);

/* The octet of TxParamSetupReq; the EIRP is the highest that has an index and is not above. */
uint8_t mac_tx_param(bool downlink_dwell, bool uplink_dwell, double max_eirp_dbm);
/* What a device does that was told nothing. */
uint8_t mac_boot_tx_param(const struct mac_env *env);

#endif
