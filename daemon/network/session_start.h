/*
 * session_start.h - how a device stands when its session begins: receive windows, class, and what its profile says about
 * its counters. Pure.
 */
#ifndef LS_NETWORK_SESSION_START_H
#define LS_NETWORK_SESSION_START_H

#include "network/fleet.h"

/* Activated by hand: receive windows as they come from the factory, by the profile, else by the region. */
void session_start_abp(const struct profile *p, const struct region *region, struct session_up_row *up);

/*
 * After a join accept: as the region's settings are, unless the profile or the device wishes otherwise in what a join
 * accept can say. A wish the region does not have is not followed. The RX2 frequency is not set: it follows from the
 * channel of the request.
 */
void session_start_otaa(const struct device *d, const struct region *region, struct session_up_row *up);

/* Joined by hand only, so with ResetInd instead of RekeyInd and with counters that may begin again. */
static inline bool device_is_abp(const struct device *d)
{
	return !d->profile->supports_otaa;
}

static inline bool device_counts_16_bit(const struct device *d)
{
	return d->profile->f_cnt_16_bit && mac_version_rules(d->profile->mac_version)->has_16_bit_counters;
}

/* May its counter begin again at 0? */
static inline bool device_is_relaxed(const struct device *d)
{
	return d->profile->f_cnt_relaxed && device_is_abp(d) && mac_version_rules(d->profile->mac_version)->has_abp_restart;
}

/* How far its counter may jump, from the last one accepted; 0: any distance. */
uint32_t device_max_f_cnt_gap(const struct device *d);

#endif
