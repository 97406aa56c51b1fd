/* device_part.h - what the files of the device call of each other. */
#ifndef LS_SIM_DEVICE_PART_H
#define LS_SIM_DEVICE_PART_H

#include "device.h"

/* Say why, if nothing was said before; LS_EINVAL. */
int device_wrong(struct heard *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- device_channels.c ---- */

struct device_pick {
	uint32_t freq_hz;
	uint8_t channel; /* of a plan with common join channels and a join request: place in that list */
};

/* A channel for an uplink; any that is on when none takes the data rate (a tester asked for it). */
struct device_pick device_pick_channel(const struct device_profile *p, const struct device *d, int dr, struct prng *prng);
struct device_pick device_pick_join_channel(const struct device_profile *p, int dr, struct prng *prng);

/* Dynamic plans join at the data rate of the run; fixed plans take their join rates in turn. */
uint8_t device_join_data_rate(const struct device_profile *p, const struct device *d);

void device_defined_channels(const struct device_profile *p, const struct device *d, struct ch_mask *out);
void device_enabled_channels(const struct device_profile *p, const struct device *d, struct ch_mask *out);
bool device_channel_takes_dr(const struct device_profile *p, const struct device *d, unsigned channel, int dr);
bool device_has_uplink_rate(const struct device_profile *p, int dr);
bool device_has_downlink_rate(const struct device_profile *p, int dr);
bool device_has_frequency(const struct device_profile *p, uint32_t freq_hz);

/* Uplink frequency of a channel of a dynamic plan, 0 when it is not defined. */
uint32_t device_channel_freq(const struct device_profile *p, const struct device *d, unsigned channel);

/* The channels a CFList gives; *d is only changed when all of it is right. LS_EINVAL as above. */
int device_take_cf_list(const struct device_profile *p, struct device *d, const uint8_t cf[16], struct heard *out);

bool device_up_dwell(const struct device_profile *p, const struct device *d);
bool device_down_dwell(const struct device_profile *p, const struct device *d);

/* Where and how a device listens. */
struct device_rx {
	uint32_t freq_hz;
	int dr;
};

/* Window of `tx` (RX1, RX2), or RXC (tx is not read). dr is -1 when the region gives none. */
struct device_rx device_rx(const struct device_profile *p, const struct device *d, const struct transmission *tx,
                           int window);
/* Of the answer to a join request. */
struct device_rx device_join_rx(const struct device_profile *p, const struct transmission *tx, int window);

/* Does a downlink come so? Else LS_EINVAL. */
int device_check_rx(const struct device_profile *p, const struct device_rx *rx, int window, const struct downlink *down,
                    struct heard *out);

/* ---- device_mac.c ---- */

/* Follow the commands of a downlink; tx as in device_hear_data(). LS_EINVAL when one of them was wrong. */
int device_mac_hear(const struct device_profile *p, struct device *d, const struct transmission *tx,
                    const struct downlink *down, const uint8_t *list, size_t len, struct heard *out);

/* A class A downlink came: sticky answers have arrived. */
void device_mac_class_a(struct device *d);

/* ---- device_mac_up.c ---- */

/* Compose FOpts of the next uplink, at most `most` octets, into d->mac; returns what is asked (transmission.asked). */
uint64_t device_mac_compose(const struct device_profile *p, struct device *d, unsigned most);

/* ADR back-off: count an uplink; true: set ADRACKReq. */
bool device_adr_count(const struct device_profile *p, struct device *d);

/* ---- device_ping.c ---- */

/* LS_EINVAL unless the downlink begins in a ping slot, on its channel. */
int device_check_ping(const struct device_profile *p, struct lw_crypto *c, const struct device *d,
                      const struct downlink *down, struct heard *out, uint8_t *dr);

#endif
