#include "network/mac_answer.h"

#include <stdlib.h>

#include "lorawan/gps_time.h"
#include "lorawan/mac.h"

#define GPS_DRIFT_MAX_US 30000000

/* LinkCheckAns: dB of the best reception above the floor of its rate, and how many gateways heard it. */
static size_t put_link_check(const struct answer_wish *w, const struct device *d,
                             const struct region *region, uint8_t out[3])
{
	const struct reception *best = reception_best(w->e, d, region);
	int floor_db10, margin = 0;
	unsigned gateways = 0;

	for (unsigned i = 0; i < w->e->n; i++) {
		bool counted = !reception_serves(&w->e->receptions[i], d);

		for (unsigned j = 0; j < i && !counted; j++)
			counted = eui64_equal(w->e->receptions[j].rx.gateway_id, w->e->receptions[i].rx.gateway_id);
		if (!counted)
			gateways++;
	}
	if (best && !radio_required_snr_db10(&best->radio, &floor_db10))
		margin = (best->rx.snr_db10 - floor_db10) / 10;
	if (margin < 0)
		margin = 0;
	return mac_write_link_check_ans(out, (uint8_t)(margin > 254 ? 254 : margin), (uint8_t)gateways);
}

/*
 * The time of the end of the uplink. A GPS time of a gateway that serves the device is the best there is, unless it
 * is far from ours: one wrong clock must not set the clocks of devices.
 */
static size_t put_device_time(const struct answer_wish *w, const struct device *d, uint8_t out[6])
{
	for (unsigned i = 0; i < w->e->n; i++) {
		const struct rx_info *rx = &w->e->receptions[i].rx;

		if (rx->gps_us && reception_serves(&w->e->receptions[i], d) &&
		    llabs(wall_us_from_gps_us(rx->gps_us) - rx->recv_wall_us) < GPS_DRIFT_MAX_US)
			return mac_write_device_time_ans(out, rx->gps_us);
	}
	return mac_write_device_time_ans(out, gps_us_from_wall_us(w->e->first_wall_us));
}

/* RekeyConf and ResetConf: the version both speak, 1.1. */
static size_t put_minor(enum mac_cid cid, uint8_t out[2])
{
	out[0] = (uint8_t)cid;
	out[1] = 1;
	return 2;
}

size_t mac_answers(const struct answer_wish *w, const struct device *d, const struct region *region, uint8_t out[15])
{
	size_t len = 0;

	if (w->mac.link_check)
		len += put_link_check(w, d, region, out);
	if (w->mac.device_time)
		len += put_device_time(w, d, out + len);
	if (w->mac.rekey)
		len += put_minor(MAC_CID_REKEY, out + len);
	if (w->mac.reset)
		len += put_minor(MAC_CID_RESET, out + len);
	return len;
}
