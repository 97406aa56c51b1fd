#include "network/windows.h"

#include <string.h>

#include "network/join_accept.h"

#define LEAD_MARGIN_US 50000
#define LEAD_MAX_US 500000   /* beyond that the fault is elsewhere, and RX2 would be chosen for nothing */
#define LEAD_UNLEARNED_US 300000
#define FHDR_AND_PORT_LEN 8
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

/* What the device takes its downlinks to be limited by. */
static bool has_downlink_dwell(const struct region *region, const struct device *d)
{
	return region_params(region, d->profile->revision)->boot_downlink_dwell;
}

static int rx1_of(const struct session *s, const struct answer_wish *w, const struct reception *r,
                  struct tx_params *out)
{
	const struct device *d = s->device;

	return region_rx1(s->region, d->profile->revision, r->freq_hz, w->channel, w->dr, s->up.rx1_dr_offset,
	                  has_downlink_dwell(s->region, d), out);
}

uint8_t window_max_m(const struct session *s, uint8_t dr)
{
	const struct device *d = s->device;

	return region_max_downlink_m(s->region, d->profile->revision, dr, has_downlink_dwell(s->region, d));
}

/* How many windows this is: none when its data rate is none of the revision of the device. */
static int open_window(const struct region *region, const struct device *d, const struct window *w, struct window *out)
{
	*out = *w;
	out->radio = region_downlink_radio(region, d->profile->revision, w->params.dr);
	return out->radio != NULL;
}

int windows_open(struct network *n, const struct answer_wish *w, const struct session *s, const struct reception *r,
                 struct window out[WINDOWS_MAX])
{
	uint64_t end = uplink_end_us(n, r), at = clock_mono_us() + answer_lead_us(n, r->rx.gateway_id);
	struct window rx1 = {.number = 1, .delay_us = s->up.rx1_delay_s * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = (s->up.rx1_delay_s + 1u) * 1000000u,
	                     .params = {s->up.rx2_freq_hz, s->up.rx2_dr}};
	int count = 0;

	rx1.mono_us = end + rx1.delay_us;
	rx2.mono_us = end + rx2.delay_us;
	if (at <= rx1.mono_us && !rx1_of(s, w, r, &rx1.params))
		count += open_window(s->region, s->device, &rx1, &out[count]);
	if (at <= rx2.mono_us)
		count += open_window(s->region, s->device, &rx2, &out[count]);
	return count;
}

int windows_open_join(struct network *n, const struct device *d, const struct region *region,
                      const struct reception *r, int dr, int channel, struct window out[WINDOWS_MAX])
{
	uint64_t end = uplink_end_us(n, r), at = clock_mono_us() + answer_lead_us(n, r->rx.gateway_id);
	struct window rx1 = {.number = 1, .delay_us = JOIN_ACCEPT_DELAY1_S * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = JOIN_ACCEPT_DELAY2_S * 1000000u};
	struct tx_params params[2];
	bool has_rx1 = !region_join_windows(region, d->profile->revision, r->freq_hz, channel, dr, params);
	int count = 0;

	rx1.params = params[0];
	rx2.params = params[1];

	rx1.mono_us = end + rx1.delay_us;
	rx2.mono_us = end + rx2.delay_us;
	if (at <= rx1.mono_us && has_rx1)
		count += open_window(region, d, &rx1, &out[count]);
	if (at <= rx2.mono_us)
		count += open_window(region, d, &rx2, &out[count]);
	return count;
}

size_t windows_widest_item(const struct session *s, const struct answer_wish *w, const struct reception *r)
{
	struct tx_params rx1;
	uint8_t m = window_max_m(s, s->up.rx2_dr), m1 = 0;

	if (!rx1_of(s, w, r, &rx1))
		m1 = window_max_m(s, rx1.dr);
	if (m1 > m)
		m = m1;
	return m > FHDR_AND_PORT_LEN ? m - FHDR_AND_PORT_LEN : 0;
}

static void set_option(const struct region *region, const struct reception *r, const struct window *w,
                       struct tx_option *o)
{
	*o = (struct tx_option){
		.timing = TX_DELAY,
		.delay_us = w->delay_us,
		.emit_mono_us = w->mono_us,
		.freq_hz = w->params.freq_hz,
		.radio = *w->radio,
		.power_dbm = region_downlink_power(region, w->params.freq_hz),
		.board = r->rx.board,
		.antenna = r->rx.antenna,
		.context_len = r->rx.context_len,
	};
	memcpy(o->context, r->rx.context, r->rx.context_len);
}

void windows_add_option(struct transmit *t, const struct region *region, const struct reception *r,
                        const struct window *w)
{
	set_option(region, r, w, &t->options[t->n_options]);
	t->windows[t->n_options] = w->number;
	t->drs[t->n_options] = w->params.dr;
	t->window_mono_us[t->n_options] = w->mono_us;
	t->n_options++;
}
