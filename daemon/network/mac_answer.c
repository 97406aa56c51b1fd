#include "network/mac_answer.h"

#include <stdlib.h>
#include <string.h>

#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"
#include "lorawan/mac.h"

#define GPS_DRIFT_MAX_US 30000000
#define FHDR_AND_PORT_LEN 8

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

static size_t put_beacon_timing(const struct answer_wish *w, const struct session *s, uint8_t out[4])
{
	uint64_t at = gps_us_from_wall_us(w->e->first_wall_us) + s->up.rx1_delay_s * 1000000u;
	struct beacon_timing t = class_b_beacon_timing(at, region_beacon_channels(s->region));
	struct mac_message m;
	size_t len = 0;

	mac_message_init(&m, MAC_BEACON_TIMING_ANS);
	mac_set(&m, BEACON_TIMING_ANS_DELAY, t.delay);
	mac_set(&m, BEACON_TIMING_ANS_CHANNEL, t.channel);
	(void)mac_encode(&m, out, 4, &len, NULL);
	return len;
}

static size_t put_answer(const struct answer_wish *w, const struct session *s, uint8_t cid, uint8_t out[MAC_COMMAND_MAX])
{
	out[0] = cid;
	switch (cid) {
	case MAC_CID_LINK_CHECK:
		return put_link_check(w, s->device, s->region, out);
	case MAC_CID_DEVICE_TIME:
		return put_device_time(w, s->device, out);
	case MAC_CID_BEACON_TIMING:
		return put_beacon_timing(w, s, out);
	case MAC_CID_REKEY:
	case MAC_CID_RESET:
		out[1] = w->owed.minor;
		return 2;
	case MAC_CID_DEVICE_MODE:
		out[1] = w->owed.device_class;
		return 2;
	default: /* PingSlotInfoAns is empty */
		return 1;
	}
}

static void put_requests(const struct answer_wish *w, const struct session *s, size_t room, bool goes_anyway, bool has_item,
                         struct mac_answer *out)
{
	struct mac_env env;
	struct mac_goal goal;
	struct mac_down_outcome down;
	struct mac_down_input in = {
		.env = &env, .goal = &goal, .f_cnt = s->up.f_cnt_up - 1, .adr = w->adr, .room = room,
		.rx = {s->up.rx1_delay_s, s->up.rx1_dr_offset, s->up.rx2_dr, s->up.rx2_freq_hz},
		.goes_anyway = goes_anyway, .has_item = has_item, .now_us = w->e->first_wall_us,
	};

	mac_session_env(s, &env);
	mac_session_state(s, &out->state);
	if (out->state.pending_len)
		return;
	mac_session_goal(s, &env, &out->state, &goal);
	in.answer_room = mac_session_answer_room(s, &env, &out->state);
	mac_downlink(&in, &out->state, &down);
	memcpy(out->octets + out->len, down.octets, down.len);
	out->len += down.len;
	out->has_requests = down.len != 0;
}

void mac_answer_make(const struct answer_wish *w, const struct session *s, uint8_t max_payload_m, bool goes_anyway,
                     bool may_fill, struct mac_answer *out)
{
	size_t room = max_payload_m > FHDR_AND_PORT_LEN ? (size_t)max_payload_m - FHDR_AND_PORT_LEN : 0;

	if (!may_fill && room > MAC_F_OPTS_MAX)
		room = MAC_F_OPTS_MAX;
	if (room > MAC_ANSWER_MAX)
		room = MAC_ANSWER_MAX;
	out->len = 0;
	out->has_requests = false;
	for (unsigned i = 0; i < w->owed.n; i++) {
		uint8_t answer[MAC_COMMAND_MAX];
		size_t len = put_answer(w, s, w->owed.cid[i], answer);

		if (out->len + len > room)
			break; /* whole commands, in the order of the requests */
		memcpy(out->octets + out->len, answer, len);
		out->len += len;
	}
	/* A repeat is answered for itself; requests wait for the next new counter. */
	if (!w->is_repeat)
		put_requests(w, s, room - out->len, goes_anyway, !may_fill, out);
}
