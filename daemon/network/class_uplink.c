/*
 * class_uplink.c - what an accepted uplink tells for downlinks without one: the class of the device, who heard it, which
 * of these gateways know GPS time.
 */
#include <stdlib.h>

#include "network/class_schedule.h"
#include "network/internal.h"

/* Only devices that are sent to without an uplink: most are not, and cost nothing. */
static bool is_wanted(const struct device *d)
{
	return d->profile->supports_class_b || d->profile->supports_class_c || d->n_multicast_groups;
}

static int16_t snr_at_125khz(const struct reception *r)
{
	int snr_db10 = r->rx.snr_db10;

	if (!r->rx.has_snr || r->radio.modulation != MOD_LORA)
		return HEARD_NO_SNR;
	/* Each doubling of the bandwidth lets in 3 dB of noise. */
	for (uint32_t hz = 125000; hz < r->radio.bandwidth_hz; hz *= 2)
		snr_db10 += 30;
	return (int16_t)snr_db10;
}

#define GPS_AGE_US INT64_C(60000000) /* noted again not before that: most uplinks tell what is known */

static void note_gps(struct network *n, const struct collected *e)
{
	for (unsigned i = 0; i < e->n; i++) {
		const struct reception *r = &e->receptions[i];
		struct gateway *g;

		if (!r->rx.gps_us || !r->gateway || e->first_wall_us < r->gateway->gps_seen_us + GPS_AGE_US)
			continue;
		g = fleet_gateway(n->fleet, r->rx.gateway_id);
		if (g)
			g->gps_seen_us = e->first_wall_us;
	}
}

static size_t receivers_of(const struct collected *e, const struct device *d,
                           struct heard_gateway out[COLLECT_COPIES_MAX])
{
	size_t count = 0;

	for (unsigned i = 0; i < e->n; i++) {
		const struct reception *r = &e->receptions[i];
		bool twice = !reception_serves(r, d);

		for (size_t j = 0; j < count && !twice; j++)
			twice = eui64_equal(out[j].gateway_id, r->rx.gateway_id);
		if (twice)
			continue;
		out[count++] = (struct heard_gateway){
			.gateway_id = r->rx.gateway_id, .rssi_dbm = r->rx.rssi_dbm, .snr_db10 = snr_at_125khz(r)};
	}
	return count;
}

void class_note_uplink(struct network *n, struct commit *c, struct device *d, const struct collected *e)
{
	struct heard_gateway list[COLLECT_COPIES_MAX];
	uint8_t octets[HEARD_OCTETS];
	size_t count;

	note_gps(n, e);
	if (!is_wanted(d))
		return;
	if (!d->heard)
		d->heard = calloc(1, sizeof(*d->heard));
	if (!d->heard)
		return;
	count = receivers_of(e, d, list);
	if (count && heard_take(d->heard, list, count))
		store_batch_heard(c->batch, d->dev_eui, octets, heard_write(d->heard, octets));
}
