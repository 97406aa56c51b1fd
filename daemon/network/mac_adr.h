/*
 * mac_adr.h - ADR within the MAC state of a session: uplinks are noted there, and the wish of the profile's algorithm becomes
 * part of what the server wishes (mac_goal.h), within the limits of region, configuration and profile and of what the device
 * has refused. Pure.
 */
#ifndef LS_NETWORK_MAC_ADR_H
#define LS_NETWORK_MAC_ADR_H

#include <stdbool.h>
#include <stdint.h>

#include "network/adr.h"
#include "network/mac_goal.h"

struct mac_adr_uplink {
	uint32_t f_cnt;
	int dr;              /* -1 unknown: nothing is noted */
	bool adr;            /* its ADR bit; without it what was noted is forgotten */
	int snr_db10;        /* best of all gateways, tenths of dB */
	int rssi_dbm;
	unsigned gateways;
};

/* A new uplink, after mac_uplink() has taken its answers into *s. Not for repeats. */
void mac_adr_note(const struct mac_env *env, const struct mac_adr_uplink *u, struct mac_state *s);

struct mac_adr_profile {
	const char *algorithm;               /* a name of adr_algorithms; unknown ones count as off */
	int8_t min_dr, max_dr;               /* -1: not set */
	int8_t min_tx_power, max_tx_power;
};

/*
 * Fill in dr, tx_power and nb_trans of the goal where the wish of profile and device left them unknown. f_cnt as in struct
 * mac_down_input. random: the same for a device all the time. Nothing is wished before the first uplink.
 */
void mac_adr_goal(const struct mac_env *env, const struct mac_adr_profile *profile, const struct mac_state *s, uint32_t f_cnt,
                  uint32_t random, struct mac_goal *goal);

#endif
