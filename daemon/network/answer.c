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

#include "network/downlink.h"
#include "network/log_text.h"
#include "network/mac_answer.h"
#include "network/windows.h"

struct answer {
	struct due due;
	struct answer *next, **link;
	struct answer_wish wish;
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

	in->queue = d->queue;
	in->may_take_item = may_take_item;
	in->now_wall_us = clock_wall_us();
	for (;;) {
		for (int i = 0; i < n_windows; i++) {
			in->max_payload_m = window_max_m(s, windows[i].params.dr);
			downlink_build(n->crypto, in, out);
			if (!out->too_long)
				return i;
		}
		if (out->too_long->data_len <= widest)
			break;
		drop_too_long(n, c, d, out->too_long, widest);
		in->queue = d->queue;
	}
	in->max_payload_m = window_max_m(s, windows[0].params.dr);
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

void answer_report_unsent(struct network *n, const struct device *d, const struct answer_wish *w,
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
	struct transmit *t = transmit_new(n, d, r->rx.gateway_id);
	int64_t now = clock_wall_us();
	struct frame_down row;

	if (!t) {
		commit_submit(c, false);
		return;
	}
	windows_add_option(t, s->region, r, &windows[chosen]);
	/* RX2 carries the same octets, if its rate can. */
	if (chosen + 1 < n_windows &&
	    built->phy_len - 5 <= window_max_m(s, windows[chosen + 1].params.dr))
		windows_add_option(t, s->region, r, &windows[chosen + 1]);
	t->dev_addr = s->dev_addr;
	t->f_cnt_down = built->f_cnt_down;
	t->f_cnt_up = s->up.f_cnt_up;
	t->phy_len = (uint8_t)built->phy_len;
	memcpy(t->phy, built->phy, built->phy_len);
	t->m_type = built->phy[0] >> 5;

	s->down = built->down;
	s->up.up_answered = true;
	store_batch_session_down(c->batch, d->dev_eui, s->slot, &s->down, true, NULL, 0);
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
	r = answer_path(n, w->e, d, s->region, &w->e->receptions[w->best]);
	if (!r) {
		answer_report_unsent(n, d, w, DROP_NO_GATEWAY_PATH);
		return;
	}
	n_windows = windows_open(n, w, s, r, windows);
	if (!n_windows) {
		answer_report_unsent(n, d, w, DROP_DOWNLINK_TOO_LATE);
		return;
	}
	c = commit_new(n);
	if (!c)
		return;
	queue_expire(n, c, d, clock_wall_us());
	in.f_opts_len = mac_answers(w, d, s->region, f_opts);
	chosen = build_for_windows(n, c, &in, d, windows, n_windows, windows_widest_item(s, w, r), w->may_take_item, &built);
	if (built.send)
		commit_answer(n, c, d, s, r, windows, n_windows, chosen, &built);
	else
		commit_submit(c, false);
	if (!built.send && built.exhausted)
		answer_report_unsent(n, d, w, DROP_F_CNT_EXHAUSTED);
	else if (!built.send && built.too_long)
		answer_report_unsent(n, d, w, DROP_DOWNLINK_TOO_LATE);
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
	at = clock_mono_us() + (uint64_t)n->options.downlink_data_delay_us + (s->up.rx1_delay_s - 1u) * 1000000u;
	/* Most uplinks want nothing: for them the first gateway's way is near enough. */
	r = wish->must_send || d->queue ? answer_path(n, wish->e, d, s->region, &wish->e->receptions[wish->best]) : NULL;
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
