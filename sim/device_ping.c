/*
 * device_ping.c - where a device of class B listens (TS001-1.0.4 section 12 and on).
 *
 * The device is taken to have heard every beacon: a run has no beacons, but the clock of the machine.
 */
#include <inttypes.h>

#include "base/error.h"
#include "device_part.h"

#define BEACON_PERIOD_US 128000000u
#define RESERVED_US 2120000u
#define SLOT_US 30000u
#define N_SLOTS 4096u
#define TOLERANCE_US 2000 /* tmms has no more than milliseconds, and the beacon starts 1.5 ms late */

/* pingOffset = (Rand[0] + 256 Rand[1]) mod pingPeriod; Rand = AES(key of zeros, beaconTime | DevAddr | zeros). */
static unsigned ping_offset(struct lw_crypto *c, uint32_t beacon_time, uint32_t dev_addr, unsigned period)
{
	static const struct ls_key zeros;
	uint8_t in[16] = {0}, out[16];

	for (int i = 0; i < 4; i++) {
		in[i] = (uint8_t)(beacon_time >> 8 * i);
		in[4 + i] = (uint8_t)(dev_addr >> 8 * i);
	}
	lw_aes_encrypt(c, &zeros, in, out);
	return (out[0] + 256u * out[1]) % period;
}

static uint32_t ping_freq(const struct device_profile *p, const struct device *d, uint64_t beacon_period)
{
	const struct class_b_channels *ch = &p->region->ping_slot;
	unsigned group = d->mac->join_channel_plus_1 ? d->mac->join_channel_plus_1 - 1u : 0;

	if (d->mac->ping_freq_hz)
		return d->mac->ping_freq_hz;
	return ch->base_hz + ch->step_hz * (uint32_t)((d->dev_addr + beacon_period) % (ch->count ? ch->count : 1)) +
	       ch->group_step_hz * group;
}

int device_check_ping(const struct device_profile *p, struct lw_crypto *c, const struct device *d,
                      const struct downlink *down, struct heard *out, uint8_t *dr)
{
	uint64_t beacon_period = down->gps_us / BEACON_PERIOD_US;
	int64_t in_window_us = (int64_t)(down->gps_us % BEACON_PERIOD_US) - RESERVED_US;
	int64_t slot = (in_window_us + TOLERANCE_US) / SLOT_US, off_us = in_window_us - slot * SLOT_US;
	unsigned period = 32u << p->ping_periodicity, offset;
	struct device_rx rx = {.dr = d->mac->ping_dr_plus_1 ? d->mac->ping_dr_plus_1 - 1 : p->params->ping_slot_dr};

	if (!d->mac->was_class_b)
		return device_wrong(out, "ping slot downlink for a device that is not in class B");
	if (in_window_us < -TOLERANCE_US || slot >= N_SLOTS || off_us > TOLERANCE_US)
		return device_wrong(out, "%" PRId64 " us from the beacon no ping slot begins", in_window_us + RESERVED_US);
	offset = ping_offset(c, (uint32_t)(beacon_period * 128), d->dev_addr, period);
	if ((unsigned)slot % period != offset)
		return device_wrong(out, "slot %" PRId64 " is none of the device's (%u and each %u)", slot, offset, period);
	rx.freq_hz = ping_freq(p, d, beacon_period);
	if (device_check_rx(p, &rx, WINDOW_PING, down, out))
		return LS_EINVAL;
	*dr = (uint8_t)rx.dr;
	return LS_OK;
}
