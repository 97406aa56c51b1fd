/*
 * answer.c - when and where a class A answer is made.
 *
 * After an uplink is committed the application gets downlink_data_delay to push something. Then the
 * answer is built at min(event + delay + RX1 delay - 1 s, window - lead), its counter is committed, and only
 * then the octets leave. The lead is what the way to the gateway needs: its learned one-way time, the commit's
 * p99 and 50 ms; 300 ms until learned. If RX1 can no longer be met RX2 is chosen at once; if that is too late
 * too, the item stays and the drop says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/gps_time.h"
#include "lorawan/mac.h"
#include "network/downlink.h"
#include "network/internal.h"
#include "network/join.h"
#include "network/log_text.h"

#define LEAD_MARGIN_US 50000
#define LEAD_MAX_US 500000   /* beyond that the fault is elsewhere, and RX2 would be chosen for nothing */
#define GPS_DRIFT_MAX_US 30000000
#define LEAD_UNLEARNED_US 300000
#define WINDOWS_MAX 2
#define FHDR_AND_PORT_LEN 8
#define COMMIT_P99_AGE_US 1000000 /* the store's figure is looked up so often */

struct answer {
	struct due due;
	struct answer *next, **link;
	struct answer_wish wish;
};

/* One receive window, as it can be used now. */
struct window {
	int number;
	struct tx_params params;
	uint32_t delay_us;        /* after the uplink */
	uint64_t mono_us;         /* our estimate of its time */
};

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

/* Our clock's time of the end of the uplink: the arrival less the way. */
static uint64_t uplink_end_us(struct network *n, const struct reception *r)
{
	const struct gateway *g = fleet_gateway(n->fleet, r->rx.gateway_id);

	return r->rx.recv_mono_us - (uint64_t)(g ? g->one_way_us : 0);
}

struct path_for {
	struct network *network;
	const struct device *device;
	const struct reception *strongest;
};

static bool is_path(const struct reception *r, const void *arg)
{
	const struct path_for *p = arg;
	const struct reception *s = p->strongest;
	bool confirms;

	/* Copies that disagree with the strongest one about frequency or rate are no way back, nor is one without its
	 * context (a forwarder that gave no tmst): nothing can be timed after it. */
	return r->rx.context_len && r->freq_hz == s->freq_hz && r->radio.modulation == s->radio.modulation &&
	       r->radio.sf == s->radio.sf && r->radio.bandwidth_hz == s->radio.bandwidth_hz &&
	       reception_serves(r, p->device) &&
	       p->network->out.has_path(p->network->out.arg, r->rx.gateway_id, &confirms);
}

const struct reception *answer_path(struct network *n, const struct collected *e, const struct device *d,
                                    const struct region *region)
{
	struct path_for p = {.network = n, .device = d};

	receptions_resolve(n->fleet, e);
	p.strongest = reception_best(e, d, region);
	return p.strongest ? collected_best(e, is_path, &p) : NULL;
}

static void set_option(const struct region *region, const struct reception *r, const struct window *w,
                       struct tx_option *o)
{
	*o = (struct tx_option){
		.timing = TX_DELAY,
		.delay_us = w->delay_us,
		.emit_mono_us = w->mono_us,
		.freq_hz = w->params.freq_hz,
		.radio = region->table->data_rates[w->params.dr].radio,
		.power_dbm = region_downlink_power(region, w->params.freq_hz),
		.board = r->rx.board,
		.antenna = r->rx.antenna,
		.context_len = r->rx.context_len,
	};
	memcpy(o->context, r->rx.context, r->rx.context_len);
}

static void add_option(struct transmit *t, const struct region *region, const struct reception *r,
                       const struct window *w)
{
	set_option(region, r, w, &t->options[t->n_options]);
	t->windows[t->n_options] = w->number;
	t->drs[t->n_options] = w->params.dr;
	t->window_mono_us[t->n_options] = w->mono_us;
	t->n_options++;
}

static struct transmit *transmit_new(struct network *n, const struct device *d, const struct reception *r)
{
	struct transmit *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = n->next_downlink_id++;
	t->dev_eui = d->dev_eui;
	t->gateway_id = r->rx.gateway_id;
	t->f_port = -1;
	return t;
}

/* ---- MAC answers ---------------------------------------------------------------------------- */

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

static size_t put_mac_answers(const struct answer_wish *w, const struct device *d,
                              const struct region *region, uint8_t out[15])
{
	size_t len = 0;

	if (w->mac.link_check)
		len += put_link_check(w, d, region, out);
	if (w->mac.device_time)
		len += put_device_time(w, d, out + len);
	return len;
}

/* ---- data answers --------------------------------------------------------------------------- */

/* The windows that can still be met through this reception, nearest first. */
static int open_windows(struct network *n, const struct answer_wish *w, const struct session *s,
                        const struct reception *r, struct window out[WINDOWS_MAX])
{
	uint64_t end = uplink_end_us(n, r), at = clock_mono_us() + answer_lead_us(n, r->rx.gateway_id);
	struct window rx1 = {.number = 1, .delay_us = s->rx1_delay_s * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = (s->rx1_delay_s + 1u) * 1000000u,
	                     .params = {s->rx2_freq_hz, s->rx2_dr}};
	int count = 0;

	rx1.mono_us = end + rx1.delay_us;
	rx2.mono_us = end + rx2.delay_us;
	if (at <= rx1.mono_us &&
	    !region_rx1(s->region, r->freq_hz, w->channel, w->dr, s->rx1_dr_offset, &rx1.params))
		out[count++] = rx1;
	if (at <= rx2.mono_us)
		out[count++] = rx2;
	return count;
}

/* An item that fits no frame of the windows there are: removed, and the application is told. */
static void drop_too_long(struct network *n, struct commit *c, struct device *d, const struct queue_item *item,
                          size_t max)
{
	char id[UUID_TEXT_SIZE], max_text[24], size_text[24];
	struct text_pair context[] = {
		{"max_payload_size", max_text},
		{"item_size", size_text},
		{"queue_item_id", uuid_format(item->id, id)},
	};
	int64_t now = clock_wall_us();

	snprintf(max_text, sizeof(max_text), "%zu", max);
	snprintf(size_text, sizeof(size_text), "%u", item->data_len);
	text_log_event(commit_row_begin(c), d, now, "ERROR", "DOWNLINK_PAYLOAD_SIZE",
	               "queue item dropped, payload too long for the data rate", context, 3);
	commit_row_end(c, LOG_EVENT, "log", now, &d->dev_eui, NULL, NULL);
	n->counters.drops[DROP_PAYLOAD_TOO_LONG]++;
	store_batch_queue_delete(c->batch, item->id);
	commit_touch(c, d->dev_eui);
	device_queue_remove(d, item->id);
}

/* Octets an item may have at best: in RX1 or RX2 of this uplink, were both open and the header bare. */
static size_t widest_item(const struct session *s, const struct answer_wish *w, const struct reception *r)
{
	struct tx_params rx1;
	uint8_t m = region_max_payload_m(s->region, s->rx2_dr), m1 = 0;

	if (!region_rx1(s->region, r->freq_hz, w->channel, w->dr, s->rx1_dr_offset, &rx1))
		m1 = region_max_payload_m(s->region, rx1.dr);
	if (m1 > m)
		m = m1;
	return m > FHDR_AND_PORT_LEN ? m - FHDR_AND_PORT_LEN : 0;
}

/*
 * Build for the first window whose rate carries what waits. An item that even the wider window could not carry with
 * nothing else is dropped; one that only does not fit now (RX1 missed, or MAC answers in the way) stays, with
 * FPending set in what goes without it.
 */
static int build_for_windows(struct network *n, struct commit *c, struct downlink_input *in, struct device *d,
                             const struct window *windows, int n_windows, size_t widest, bool may_take_item,
                             struct downlink_outcome *out)
{
	const struct session *s = in->session;

	in->queue = may_take_item ? d->queue : NULL;
	for (;;) {
		for (int i = 0; i < n_windows; i++) {
			in->max_payload_m = region_max_payload_m(s->region, windows[i].params.dr);
			downlink_build(n->crypto, in, out);
			if (!out->too_long)
				return i;
		}
		if (out->too_long->data_len <= widest)
			break;
		drop_too_long(n, c, d, out->too_long, widest);
		in->queue = d->queue;
	}
	in->max_payload_m = region_max_payload_m(s->region, windows[0].params.dr);
	downlink_build(n->crypto, in, out); /* without it */
	return 0;
}

static void on_down_committed(struct commit *c, int rc)
{
	struct transmit *t = c->arg;

	if (rc)
		free(t);
	else
		transmit_start(c->network, t);
}

/* An answer that was due and never became octets: no counter was used, nothing left. */
static void report_unsent(struct network *n, const struct device *d, const struct answer_wish *w,
                          enum drop_reason reason)
{
	int64_t now = clock_wall_us();
	struct frame_down row = {
		.device = d, .gateway_id = w->e->receptions[0].rx.gateway_id, .dev_addr = w->dev_addr,
		.f_port = -1, .dr = -1, .m_type = M_TYPE_UNCONFIRMED_DOWN, .reason = reason,
	};
	struct commit *c;

	if (reason == DROP_DOWNLINK_TOO_LATE)
		n->counters.downlinks_too_late++;
	if (!network_may_log_drop(n, reason, now))
		return;
	c = commit_new(n);
	if (!c)
		return;
	text_frame_down(commit_row_begin(c), &row, now);
	commit_row_end(c, LOG_FRAME, "down", now, &d->dev_eui, &w->dev_addr, drop_reason_name(reason));
	commit_submit(c, true);
}

static void commit_answer(struct network *n, struct commit *c, struct device *d, struct session *s,
                          const struct reception *r, const struct window *windows, int n_windows, int chosen,
                          const struct downlink_outcome *built)
{
	struct transmit *t = transmit_new(n, d, r);
	int64_t now = clock_wall_us();
	struct frame_down row;

	if (!t) {
		commit_submit(c, false);
		return;
	}
	add_option(t, s->region, r, &windows[chosen]);
	/* RX2 carries the same octets, if its rate can. */
	if (chosen + 1 < n_windows &&
	    built->phy_len - 5 <= region_max_payload_m(s->region, windows[chosen + 1].params.dr))
		add_option(t, s->region, r, &windows[chosen + 1]);
	t->dev_addr = s->dev_addr;
	t->f_cnt_down = built->f_cnt_down;
	t->f_cnt_up = s->up.f_cnt_up;
	t->phy_len = (uint8_t)built->phy_len;
	memcpy(t->phy, built->phy, built->phy_len);
	t->m_type = built->phy[0] >> 5;

	s->f_cnt_down = built->f_cnt_down + 1;
	s->up.up_answered = true;
	store_batch_session_down(c->batch, d->dev_eui, s->slot, s->f_cnt_down, true);
	if (built->item) {
		struct queue_item *item = (struct queue_item *)built->item;

		t->has_item = true;
		t->queue_item_id = item->id;
		t->confirmed = item->confirmed;
		t->f_port = item->f_port;
		item->state = QUEUE_IN_FLIGHT;
		item->f_cnt_down = built->f_cnt_down;
		item->has_f_cnt_down = true;
		store_batch_queue_state(c->batch, item->id, QUEUE_IN_FLIGHT, built->f_cnt_down);
	}
	row = (struct frame_down){
		.device = d, .gateway_id = t->gateway_id, .dev_addr = s->dev_addr, .f_cnt = t->f_cnt_down,
		.has_f_cnt = true, .f_port = t->f_port, .dr = t->drs[0], .m_type = t->m_type,
		.tx = &t->options[0], .window = t->windows[0], .phy = t->phy, .phy_len = t->phy_len,
	};
	text_frame_down(commit_row_begin(c), &row, now);
	commit_row_end(c, LOG_FRAME, "down", now, &d->dev_eui, &s->dev_addr, NULL);
	commit_touch(c, d->dev_eui);
	c->done = on_down_committed;
	c->arg = t;
	commit_submit(c, false);
}

static void make_answer(struct network *n, struct device *d, const struct answer_wish *w)
{
	struct session *s = device_session_of(d, w->dev_addr);
	const struct reception *r;
	struct window windows[WINDOWS_MAX];
	struct downlink_outcome built;
	uint8_t f_opts[15];
	struct downlink_input in = {.session = s, .ack = w->ack, .must_send = w->must_send, .f_opts = f_opts};
	struct commit *c;
	int n_windows, chosen;

	if (!s || !s->region || (!w->must_send && (!w->may_take_item || !d->queue)))
		return;
	r = answer_path(n, w->e, d, s->region);
	if (!r) {
		report_unsent(n, d, w, DROP_NO_GATEWAY_PATH);
		return;
	}
	n_windows = open_windows(n, w, s, r, windows);
	if (!n_windows) {
		report_unsent(n, d, w, DROP_DOWNLINK_TOO_LATE);
		return;
	}
	c = commit_new(n);
	if (!c)
		return;
	in.f_opts_len = put_mac_answers(w, d, s->region, f_opts);
	chosen = build_for_windows(n, c, &in, d, windows, n_windows, widest_item(s, w, r), w->may_take_item, &built);
	if (built.send)
		commit_answer(n, c, d, s, r, windows, n_windows, chosen, &built);
	else
		commit_submit(c, false);
	if (!built.send && s->f_cnt_down == UINT32_MAX)
		report_unsent(n, d, w, DROP_F_CNT_EXHAUSTED);
	else if (!built.send && built.too_long)
		report_unsent(n, d, w, DROP_DOWNLINK_TOO_LATE);
}

/* ---- life of an answer ---------------------------------------------------------------------- */

static void answer_free(struct network *n, struct answer *a)
{
	struct device *d = fleet_device(n->fleet, a->wish.dev_eui);

	if (d && d->answer == a)
		d->answer = NULL;
	due_cancel(&n->due, &a->due);
	*a->link = a->next;
	if (a->next)
		a->next->link = a->link;
	collected_unref(a->wish.e);
	free(a);
}

/* A control write on the device is under way: what it changes must be known before the answer is built. */
#define WRITE_RETRY_US 2000

static void on_due(struct due *due, void *arg)
{
	struct network *n = arg;
	struct answer *a = (struct answer *)due;
	struct device *d = fleet_device(n->fleet, a->wish.dev_eui);

	if (d && (d->writes || d->profile->writes) &&
	    !due_set(&n->due, &a->due, clock_mono_us() + WRITE_RETRY_US))
		return;
	if (d)
		make_answer(n, d, &a->wish);
	answer_free(n, a);
}

void answer_schedule(struct network *n, const struct answer_wish *wish)
{
	struct device *d = fleet_device(n->fleet, wish->dev_eui);
	struct session *s = d ? device_session_of(d, wish->dev_addr) : NULL;
	const struct reception *r;
	struct answer *a;
	uint64_t at, latest, lead;

	if (!s || !s->region)
		return;
	a = calloc(1, sizeof(*a));
	if (!a)
		return;
	answer_forget(n, d); /* the device has sent again: its older windows are gone */
	a->wish = *wish;
	collected_ref(a->wish.e);
	a->due.fire = on_due;
	a->next = n->answer_list;
	a->link = &n->answer_list;
	if (a->next)
		a->next->link = &a->next;
	n->answer_list = a;
	d->answer = a;
	at = clock_mono_us() + (uint64_t)n->options.downlink_data_delay_us + (s->rx1_delay_s - 1u) * 1000000u;
	/* Most uplinks want nothing: for them the first gateway's way is near enough. */
	r = wish->must_send || d->queue ? answer_path(n, wish->e, d, s->region) : NULL;
	if (!r)
		r = &wish->e->receptions[0]; /* or no path now; there may be one when it is due */
	lead = answer_lead_us(n, r->rx.gateway_id);
	latest = uplink_end_us(n, r) + s->rx1_delay_s * 1000000u - lead;
	if (at > latest)
		at = latest;
	if (due_set(&n->due, &a->due, at))
		answer_free(n, a);
}

void answer_forget(struct network *n, struct device *d)
{
	if (d->answer)
		answer_free(n, d->answer);
}

void answer_free_all(struct network *n)
{
	while (n->answer_list)
		answer_free(n, n->answer_list);
}

/* ---- join accepts --------------------------------------------------------------------------- */

void answer_send_join_accept(struct network *n, struct eui64 dev_eui, uint32_t dev_addr, struct collected *e,
                             int dr, int channel, const uint8_t *phy, size_t phy_len)
{
	struct device *d = fleet_device(n->fleet, dev_eui);
	const struct region *region = d ? d->profile->region : NULL;
	const struct reception *r = region ? answer_path(n, e, d, region) : NULL;
	struct window rx1 = {.number = 1, .delay_us = JOIN_ACCEPT_DELAY1_S * 1000000u};
	struct window rx2 = {.number = 2, .delay_us = JOIN_ACCEPT_DELAY2_S * 1000000u};
	uint64_t at, end;
	struct transmit *t;
	struct commit *c;
	struct frame_down row;
	int64_t now = clock_wall_us();

	if (!r) {
		struct answer_wish wish = {.dev_addr = dev_addr, .e = e};

		if (d)
			report_unsent(n, d, &wish, DROP_NO_GATEWAY_PATH);
		return;
	}
	t = transmit_new(n, d, r);
	if (!t)
		return;
	t->is_join = true;
	t->dev_addr = dev_addr;
	t->m_type = M_TYPE_JOIN_ACCEPT;
	t->phy_len = (uint8_t)phy_len;
	memcpy(t->phy, phy, phy_len);
	end = uplink_end_us(n, r);
	at = clock_mono_us() + answer_lead_us(n, r->rx.gateway_id);
	rx1.mono_us = end + rx1.delay_us;
	rx2.mono_us = end + rx2.delay_us;
	rx2.params = region_rx2_default(region);
	if (at <= rx1.mono_us && !region_rx1(region, r->freq_hz, channel, dr, 0, &rx1.params))
		add_option(t, region, r, &rx1);
	if (at <= rx2.mono_us)
		add_option(t, region, r, &rx2);
	if (!t->n_options) {
		struct answer_wish wish = {.dev_addr = dev_addr, .e = e};

		report_unsent(n, d, &wish, DROP_DOWNLINK_TOO_LATE);
		free(t);
		return;
	}
	/* Its frame row rests on the commit that already happened; it may ride along with the next. */
	c = commit_new(n);
	if (c) {
		row = (struct frame_down){
			.device = d, .gateway_id = t->gateway_id, .dev_addr = dev_addr, .f_port = -1,
			.dr = t->drs[0], .m_type = t->m_type, .tx = &t->options[0], .window = t->windows[0],
			.phy = t->phy, .phy_len = t->phy_len,
		};
		text_frame_down(commit_row_begin(c), &row, now);
		commit_row_end(c, LOG_FRAME, "down", now, &dev_eui, &dev_addr, NULL);
		commit_submit(c, true);
	}
	transmit_start(n, t);
}
