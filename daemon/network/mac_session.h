/*
 * mac_session.h - the MAC layer of a session in memory: between the fleet's structs and the pure parts (mac_up.h, mac_down.h,
 * adr.h). Nothing here writes to the store; callers put mac and up of the session into their commit.
 */
#ifndef LS_NETWORK_MAC_SESSION_H
#define LS_NETWORK_MAC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/mac_down.h"
#include "network/mac_up.h"
#include "network/uplink.h"

/* s->region must not be NULL in all of these. */
void mac_session_env(const struct session *s, struct mac_env *env);

/* As stored, or as the activation left it. */
void mac_session_state(const struct session *s, struct mac_state *out);

/* What is wished of this device, ADR's part included. */
void mac_session_goal(const struct session *s, const struct mac_env *env, const struct mac_state *state,
                      struct mac_goal *out);

/* Make state the session's. LS_ENOMEM: it keeps the old one. */
int mac_session_keep(struct session *s, const struct mac_state *state);

/*
 * An accepted uplink (new or repeated): s->up is already that of the outcome; its windows change with what the device
 * acknowledged, s->mac with the rest. *asks is set when the next downlink has something to ask.
 */
void mac_session_uplink(struct session *s, const struct uplink_outcome *o, const struct phy_data *phy,
                        const struct collected *e, struct mac_up_outcome *out, bool *asks);

/* The downlink for the last uplink never left, nor did its requests. True: s->mac changed. */
bool mac_session_unsent(struct session *s);

/* Octets of MAC commands an uplink of this device can carry at its present data rate. */
size_t mac_session_answer_room(const struct session *s, const struct mac_env *env, const struct mac_state *state);

/* What the device's MAC state means for the answer to an uplink. */
struct mac_downlink_radio {
	bool has_dwell;       /* it keeps the dwell time of downlinks */
	uint32_t rx1_freq_hz; /* 0: that of the plan; else as DlChannelReq moved it */
};
struct mac_downlink_radio mac_session_radio(const struct session *s, uint32_t uplink_freq_hz, int dr);

#endif
