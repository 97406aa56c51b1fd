/*
 * answer.c - when and where a class A answer is made.
 *
 * After an uplink is committed the application gets downlink_data_delay to push something. Then the
 * answer is built at min(event + delay + RX1 delay - 1 s, window - lead), its counter is committed, and only
 * then the octets leave. The lead is what the way to the gateway needs: its learned one-way time, the commit's
 * p99 and 50 ms; 300 ms until learned.
 *
 * Where it goes is answer_plan.c's affair: RX1, another gateway, RX2. When it is known early that something will go, its
 * place is pencilled into the calendar, so that downlinks of other classes go elsewhere. If no place is left the item
 * stays and the drop says why.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "network/answer_plan.h"
#include "network/downlink.h"
#include "network/log_text.h"
#include "network/mac_answer.h"

struct answer {
	struct due due;
	struct answer *next, **link;
	struct answer_wish wish;
	struct eui64 pencil_gateway_id;
	uint32_t pencil_id;        /* 0: none */
};

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

static enum downlink_rank rank_of(const struct downlink_input *in)
{
	if (in->ack || in->must_send)
		return RANK_ACK;
	return in->f_opts_len || in->port_0_len ? RANK_MAC : RANK_APPLICATION;
}

/*
 * Build for the first window whose rate carries what waits and where a gateway is free. *too_long is set when a window
 * was passed over because of its rate; with `without` the item is left out there, and FPending says so. False: no
 * place, or nothing to send (then plan->reason is DROP_NONE).
 */
static bool build_and_place(struct network *n, struct answer_plan *plan, struct downlink_input *in, bool without,
                            struct downlink_outcome *out, const struct queue_item **too_long)
{
	*too_long = NULL;
	plan->reason = DROP_NONE;
	plan->detail[0] = 0;
	for (int displace = 0; displace < 2; displace++)
		for (int i = 0; i < plan->n_windows; i++) {
			in->max_payload_m = plan->windows[i].max_m;
			downlink_build(n->crypto, in, out);
			if (out->too_long)
				*too_long = out->too_long;
			if (out->too_long && !without)
				continue;
			if (!out->send)
				return false;
			if (answer_plan_window(plan, i, out->phy_len, rank_of(in), displace))
				return true;
		}
	return false;
}

/*
 * An item that even the wider window could not carry with nothing else is dropped; one that only does not fit now (RX1
 * missed or busy, or MAC answers in the way) stays, and what there is beside it goes.
 */
static bool make_frame(struct network *n, struct commit *c, struct answer_plan *plan, struct downlink_input *in,
                       struct device *d, bool may_take_item, struct downlink_outcome *out)
{
	size_t widest = windows_widest_item(plan->windows, plan->n_windows);
	const struct queue_item *too_long;

	in->queue = d->queue;
	in->may_take_item = may_take_item;
	in->now_wall_us = clock_wall_us();
	for (;;) {
		if (build_and_place(n, plan, in, false, out, &too_long))
			return true;
		if (!too_long)
			return false;
		if (too_long->data_len <= widest)
			break;
		drop_too_long(n, c, d, too_long, widest);
		in->queue = d->queue;
	}
	return build_and_place(n, plan, in, true, out, &too_long);
}

static void on_down_committed(struct commit *c, int rc)
{
	struct transmit *t = c->arg;

	if (rc)
		transmit_discard(c->network, t);
	else
		transmit_start(c->network, t);
}

void answer_report_unsent(struct network *n, const struct device *d, const struct answer_wish *w,
                          enum drop_reason reason, const char *detail)
{
	int64_t now = clock_wall_us();
	struct frame_down row = {
		.device = d, .gateway_id = w->e->receptions[0].rx.gateway_id, .dev_addr = w->dev_addr,
		.f_port = -1, .dr = -1, .m_type = M_TYPE_UNCONFIRMED_DOWN, .reason = reason, .detail = detail,
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
                          const struct answer_plan *plan, const struct downlink_outcome *built,
                          const struct mac_answer *mac)
{
	struct transmit *t = transmit_new(n, d);

	if (!t) {
		commit_submit(c, false);
		return;
	}
	answer_plan_give(plan, t);
	t->dev_addr = s->dev_addr;
	t->f_cnt_down = built->f_cnt_down;
	t->f_cnt_up = s->up.f_cnt_up;
	t->phy_len = (uint8_t)built->phy_len;
	memcpy(t->phy, built->phy, built->phy_len);
	t->m_type = built->phy[0] >> 5;
	transmit_place(n, t); /* found free a moment ago; if memory is out, transmit_start() finds that out */

	if (built->down.f_cnt_down < s->down.f_cnt_down) {
		char subject[EUI64_TEXT_SIZE];

		n->out.log(n->out.arg, LOG_NOTICE, eui64_format(d->dev_eui, subject),
		           "downlink counter of 16 bits begins again (f_cnt_16_bit)");
	}
	s->down = built->down;
	s->up.up_answered = true;
	/* Out of memory: the state says nothing was asked, so the answers will be ignored and it is asked again. */
	if (mac->has_requests)
		(void)mac_session_keep(s, &mac->state);
	store_batch_session_down(c->batch, d->dev_eui, s->slot, &s->down, true, s->mac, s->mac_len);
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
	commit_touch(c, d->dev_eui);
	c->done = on_down_committed;
	c->arg = t;
	commit_submit(c, false);
}

/* Its MAC commands: in FOpts, or as the payload when they are many and no item is due. */
static void add_mac_commands(const struct answer_wish *w, const struct device *d, const struct session *s,
                             const struct answer_plan *plan, struct downlink_input *in, struct mac_answer *mac)
{
	bool more, item = w->may_take_item && device_queue_next(d->queue, clock_wall_us(), &more);
	uint8_t m = UINT8_MAX;

	for (int i = 0; i < plan->n_windows; i++) {
		uint8_t m_i = plan->windows[i].max_m;

		m = m_i < m ? m_i : m;
	}
	mac_answer_make(w, s, m, w->must_send || item, !item, mac);
	if (mac->len <= MAC_F_OPTS_MAX) {
		in->f_opts = mac->octets;
		in->f_opts_len = mac->len;
	} else {
		in->port_0 = mac->octets;
		in->port_0_len = mac->len;
	}
}

static void make_answer(struct network *n, struct device *d, const struct answer_wish *w)
{
	struct session *s = device_session_of(d, w->dev_addr);
	struct answer_plan plan;
	struct downlink_outcome built;
	struct downlink_input in = {.session = s, .ack = w->ack, .must_send = w->must_send};
	struct mac_answer mac;
	struct commit *c;

	if (!s || !s->region || (!w->must_send && !w->asks && (!w->may_take_item || !d->queue)))
		return;
	if (!answer_plan_init(&plan, n, w->e, d, s->region, &w->e->receptions[w->best])) {
		answer_report_unsent(n, d, w, DROP_NO_GATEWAY_PATH, "");
		return;
	}
	c = commit_new(n);
	if (!c)
		return;
	queue_expire(n, c, d, clock_wall_us());
	plan.n_windows = windows_of_answer(w, s, plan.paths[0]->freq_hz, plan.windows);
	add_mac_commands(w, d, s, &plan, &in, &mac);
	if (make_frame(n, c, &plan, &in, d, w->may_take_item, &built)) {
		commit_answer(n, c, d, s, &plan, &built, &mac);
		return;
	}
	commit_submit(c, false); /* an item may have been dropped */
	if (built.exhausted)
		answer_report_unsent(n, d, w, DROP_F_CNT_EXHAUSTED, "");
	else if (plan.reason)
		answer_report_unsent(n, d, w, plan.reason, plan.detail);
	else if (built.too_long)
		answer_report_unsent(n, d, w, DROP_DOWNLINK_TOO_LATE, "");
}

/* ---- life of an answer ---------------------------------------------------------------------- */

static void erase_pencil(struct network *n, struct answer *a)
{
	struct gateway *g = a->pencil_id ? fleet_gateway(n->fleet, a->pencil_gateway_id) : NULL;

	if (g)
		gateway_air_erase(g, a->pencil_id);
	a->pencil_id = 0;
}

static void answer_free(struct network *n, struct answer *a)
{
	struct device *d = fleet_device(n->fleet, a->wish.dev_eui);

	if (d && d->answer == a)
		d->answer = NULL;
	erase_pencil(n, a);
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
	erase_pencil(n, a);
	if (d)
		make_answer(n, d, &a->wish);
	answer_free(n, a);
	if (d)
		class_kick(n, d); /* what did not go with it */
}

#define ANSWER_LEN_TYPICAL 20 /* header, MIC and some MAC answers */

/* Something will go: keep its place. NULL: no way, or nothing known to go. */
static const struct reception *pencil(struct network *n, struct answer *a, struct device *d, const struct session *s,
                                      struct answer_plan *plan)
{
	const struct answer_wish *w = &a->wish;
	const struct queue_item *item = w->may_take_item ? d->queue : NULL;
	enum downlink_rank rank = w->must_send ? RANK_ACK : w->asks ? RANK_MAC : RANK_APPLICATION;
	struct gateway *g;

	if ((!w->must_send && !w->asks && !item) || !answer_plan_init(plan, n, w->e, d, s->region, &w->e->receptions[w->best]))
		return NULL;
	plan->n_windows = windows_of_answer(w, s, plan->paths[0]->freq_hz, plan->windows);
	if (!answer_plan_any(plan, ANSWER_LEN_TYPICAL + (item ? item->data_len : 0u), rank) &&
	    !answer_plan_any(plan, ANSWER_LEN_TYPICAL, rank))
		return plan->paths[0];
	g = fleet_gateway(n->fleet, plan->options[0].gateway_id);
	a->pencil_id = network_downlink_id(n);
	a->pencil_gateway_id = plan->options[0].gateway_id;
	if (!g || gateway_air_pencil(g, &plan->options[0].place, a->pencil_id, clock_mono_us()))
		a->pencil_id = 0;
	for (unsigned i = 0; i < plan->n_paths; i++)
		if (eui64_equal(plan->paths[i]->rx.gateway_id, plan->options[0].gateway_id))
			return plan->paths[i];
	return plan->paths[0];
}

void answer_schedule(struct network *n, const struct answer_wish *wish)
{
	struct device *d = fleet_device(n->fleet, wish->dev_eui);
	struct session *s = d ? device_session_of(d, wish->dev_addr) : NULL;
	const struct reception *r;
	struct answer_plan plan;
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
	at = clock_mono_us() + (uint64_t)n->options.downlink_data_delay_us + (s->up.rx1_delay_s - 1u) * 1000000u;
	/* Most uplinks want nothing: for them the first gateway's way is near enough. */
	r = pencil(n, a, d, s, &plan);
	if (!r)
		r = &wish->e->receptions[0]; /* or no path now; there may be one when it is due */
	lead = answer_lead_us(n, r->rx.gateway_id);
	latest = uplink_end_us(n, r) + s->up.rx1_delay_s * 1000000u - lead;
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
