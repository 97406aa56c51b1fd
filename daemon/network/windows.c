#include "network/windows.h"

#include <string.h>

#include "lorawan/airtime.h"
#include "network/join_accept.h"
#include "network/mac_session.h"

#define LEAD_MARGIN_US 50000
#define LEAD_UNLEARNED_US 300000
#define FHDR_AND_PORT_LEN 8
#define MHDR_AND_MIC_LEN 5
#define COMMIT_P99_AGE_US 1000000 /* the store's figure is looked up so often */

uint64_t answer_lead_us(struct network *n, struct eui64 gateway_id)
{
	const struct gateway *g = fleet_gateway(n->fleet, gateway_id);
	uint64_t now = clock_mono_us(), lead;

	if (!g || !g->one_way_us)
		return LEAD_UNLEARNED_US;
	if (now >= n->commit_p99_until_us) {
		struct store_figures figures;

		store_figures(n->store, &figures);
		n->commit_p99_us = (uint64_t)figures.commit_p99_us;
		n->commit_p99_until_us = now + COMMIT_P99_AGE_US;
	}
	lead = (uint64_t)g->one_way_us + n->commit_p99_us + LEAD_MARGIN_US;
	return lead < LEAD_MAX_US ? lead : LEAD_MAX_US;
}

uint64_t uplink_end_us(struct network *n, const struct reception *r)
{
	const struct gateway *g = fleet_gateway(n->fleet, r->rx.gateway_id);

	return r->rx.recv_mono_us - (uint64_t)(g ? g->one_way_us : 0);
}

bool window_fill(const struct region *region, const struct device *d, bool is_short, struct window *w)
{
	const struct dwell_times *dwell = &region->table->dwell;

	w->radio = region_downlink_radio(region, d->profile->revision, w->params.dr);
	w->max_m = region_max_downlink_m(region, d->profile->revision, w->params.dr, is_short);
	if (!dwell->is_switched || is_short || region->settings.downlink_dwell)
		w->max_air_us = dwell->down_ms * 1000u;
	return w->radio != NULL;
}

/* How far a transmission reaches: its power over what the receiver needs at this rate. Tenths of dB. */
static int reach_db10(const struct region *region, const struct window *w)
{
	return region_downlink_power(region, w->params.freq_hz) * 10 + link_margin_db10(w->radio, true, 0, 0, w->radio) -
	       bandwidth_db10(125000, w->radio->bandwidth_hz);
}

static bool is_rx2_first(const struct region *region, const struct window *rx1, const struct window *rx2)
{
	const struct region_settings *s = &region->settings;

	return rx1->params.dr < s->rx2_prefer_on_rx1_dr_lt ||
	       (s->rx2_prefer_on_link_budget && reach_db10(region, rx2) > reach_db10(region, rx1));
}

/* In the order of the region's wishes. knows_rx2: the device has taken the RX2 that the region asks for. */
static int put_in_order(const struct region *region, const struct window *rx1, const struct window *rx2, bool knows_rx2,
                        struct window out[WINDOWS_MAX])
{
	enum rx_window only = region->settings.rx_window;
	int n = 0;

	if (rx2 && rx1 && knows_rx2 && is_rx2_first(region, rx1, rx2)) {
		out[n++] = *rx2;
		rx2 = NULL;
	}
	if (rx1 && !(only == RX_WINDOW_RX2 && knows_rx2))
		out[n++] = *rx1;
	if (rx2 && only != RX_WINDOW_RX1)
		out[n++] = *rx2;
	return n;
}

int windows_of_answer(const struct answer_wish *w, const struct session *s, uint32_t freq_hz, struct window out[WINDOWS_MAX])
{
	const struct region *region = s->region;
	const struct device *d = s->device;
	struct window rx1 = {.number = 1, .delay_us = s->up.rx1_delay_s * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = (s->up.rx1_delay_s + 1u) * 1000000u,
	                     .params = {s->up.rx2_freq_hz, s->up.rx2_dr}};
	struct mac_downlink_radio radio = mac_session_radio(s, freq_hz, w->dr);
	bool has_rx1 = !region_rx1(region, d->profile->revision, freq_hz, w->channel, w->dr, s->up.rx1_dr_offset,
	                           radio.has_dwell, &rx1.params) && window_fill(region, d, radio.has_dwell, &rx1);
	bool has_rx2 = window_fill(region, d, radio.has_dwell, &rx2);
	bool knows_rx2 = s->up.rx2_freq_hz == region_wished_rx2_freq(region, s->up.rx2_freq_hz) &&
	                 s->up.rx2_dr == region->settings.rx2_dr;

	if (radio.rx1_freq_hz)
		rx1.params.freq_hz = radio.rx1_freq_hz;
	return put_in_order(region, has_rx1 ? &rx1 : NULL, has_rx2 ? &rx2 : NULL, knows_rx2, out);
}

int windows_of_join(const struct device *d, const struct region *region, uint32_t freq_hz, int channel, int dr,
                    struct window out[WINDOWS_MAX])
{
	struct window rx1 = {.number = 1, .delay_us = JOIN_ACCEPT_DELAY1_S * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = JOIN_ACCEPT_DELAY2_S * 1000000u};
	struct tx_params params[2];
	bool has_rx1 = !region_join_windows(region, d->profile->revision, freq_hz, channel, dr, params);
	bool is_short = region_params(region, d->profile->revision)->boot_downlink_dwell;

	rx1.params = params[0];
	rx2.params = params[1];
	has_rx1 = has_rx1 && window_fill(region, d, is_short, &rx1);
	return put_in_order(region, has_rx1 ? &rx1 : NULL, window_fill(region, d, is_short, &rx2) ? &rx2 : NULL, true, out);
}

size_t windows_widest_item(const struct window *windows, int n)
{
	uint8_t widest = 0;

	for (int i = 0; i < n; i++)
		if (windows[i].max_m > widest)
			widest = windows[i].max_m;
	return widest > FHDR_AND_PORT_LEN ? widest - FHDR_AND_PORT_LEN : 0;
}

bool window_carries(const struct window *w, size_t phy_len)
{
	return phy_len <= w->max_m + (size_t)MHDR_AND_MIC_LEN &&
	       (!w->max_air_us || radio_airtime_us(w->radio, phy_len, false) <= w->max_air_us);
}

void window_place(struct network *n, const struct region *region, const struct window *w, const struct reception *r,
                  size_t phy_len, enum downlink_rank rank, struct place *out)
{
	*out = (struct place){
		.region = region,
		.freq_hz = w->params.freq_hz,
		.air_us = radio_airtime_us(w->radio, phy_len, false),
		.start_us = uplink_end_us(n, r) + w->delay_us,
		.rank = rank,
	};
}

void window_option(const struct window *w, const struct reception *r, const struct place *place,
                   struct transmit_option *out)
{
	*out = (struct transmit_option){
		.gateway_id = r->rx.gateway_id,
		.window = w->number,
		.dr = w->params.dr,
		.place = *place,
		.tx = {
			.timing = TX_DELAY,
			.delay_us = w->delay_us,
			.emit_mono_us = place->start_us,
			.freq_hz = w->params.freq_hz,
			.radio = *w->radio,
			.power_dbm = region_downlink_power(place->region, w->params.freq_hz),
			.board = r->rx.board,
			.antenna = r->rx.antenna,
			.context_len = r->rx.context_len,
		},
	};
	memcpy(out->tx.context, r->rx.context, r->rx.context_len);
}
