/*
 * transmit.c - downlinks at gateways.
 *
 * A downlink has up to four options, the same octets in another window or through another gateway. The first goes to
 * its gateway; an error in the TX_ACK sends the next that is still reachable and has a place on air. A good TX_ACK, a
 * protocol without one, or silence for 2 s count as sent. Only then the queue item leaves the queue (or, confirmed, waits for
 * the device's acknowledgement); when nothing was sent it goes back to waiting and will take a new counter.
 *
 * The frame's row is written when all this is known, so it tells the window and gateway that really carried it, the
 * margin in time, and what other gateways said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/error.h"
#include "network/internal.h"
#include "network/log_text.h"
#include "network/mac_session.h"

#define TX_ACK_TIMEOUT_US 2000000
#define ONE_WAY_MAX_US 500000 /* a slower way misses every window: no use in learning it */

static uint64_t hash_id(uint32_t id)
{
	return id * 0x9e3779b97f4a7c15u >> 16;
}

static uint64_t entry_hash(const void *entry, const void *arg)
{
	(void)arg;
	return hash_id(((const struct transmit *)entry)->id);
}

static bool equal_id(const void *entry, const void *key)
{
	return ((const struct transmit *)entry)->id == *(const uint32_t *)key;
}

void transmit_init(struct network *n)
{
	ptr_table_init(&n->transmits, entry_hash, NULL);
}

struct transmit *transmit_new(struct network *n, const struct device *d)
{
	struct transmit *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = network_downlink_id(n);
	t->dev_eui = d->dev_eui;
	t->f_port = -1;
	return t;
}

/* ---- the place on air ----------------------------------------------------------------------- */

static struct gateway *gateway_of(struct network *n, const struct transmit *t)
{
	return t->at < t->n_options ? fleet_gateway(n->fleet, t->options[t->at].gateway_id) : NULL;
}

bool transmit_place(struct network *n, struct transmit *t)
{
	struct gateway *g = gateway_of(n, t);

	t->is_placed = g && !gateway_air_reserve(g, &t->options[t->at].place, t->id, clock_mono_us());
	return t->is_placed;
}

static void leave_place(struct network *n, struct transmit *t)
{
	struct gateway *g = t->is_placed ? gateway_of(n, t) : NULL;

	if (g)
		gateway_air_release(g, &t->options[t->at].place, t->id);
	t->is_placed = false;
}

void transmit_discard(struct network *n, struct transmit *t)
{
	leave_place(n, t);
	free(t);
}

static void transmit_end(struct network *n, struct transmit *t)
{
	if (!t->was_sent)
		leave_place(n, t);
	due_cancel(&n->due, &t->due);
	ptr_table_remove(&n->transmits, t);
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	free(t);
}

void transmit_free_all(struct network *n)
{
	while (n->transmit_list)
		transmit_end(n, n->transmit_list);
	ptr_table_fini(&n->transmits);
}

void transmit_row(struct commit *c, const struct transmit *t, const struct device *d, enum drop_reason reason)
{
	const struct transmit_option *o = &t->options[t->at < t->n_options ? t->at : t->n_options - 1];
	struct frame_down row = {
		.device = d, .gateway_id = o->gateway_id, .dev_addr = t->dev_addr, .f_cnt = t->f_cnt_down,
		.has_f_cnt = !t->is_join, .f_port = t->f_port, .dr = o->dr, .m_type = t->m_type,
		.tx = &o->tx, .window = o->window,
		.device_class = o->window == WINDOW_PING_SLOT ? 'B' : o->window == WINDOW_CLASS_C ? 'C' : 0, .phy = t->phy, .phy_len = t->phy_len,
		.was_sent = t->was_sent, .margin_ms = t->margin_ms, .round_trip_us = t->round_trip_us,
		.choice = t->why, .refusals = t->refusals, .reason = reason, .detail = t->refusals,
	};
	int64_t time_us = t->was_sent ? t->sent_wall_us : clock_wall_us();

	text_frame_down(commit_row_begin(c), &row, time_us);
	commit_row_end(c, LOG_FRAME, "down", time_us, d ? &t->dev_eui : NULL, &t->dev_addr, drop_reason_name(reason));
}

/* Sent: the item leaves the queue, or waits for the device. */
static void settle_sent(struct network *n, struct transmit *t)
{
	struct device *d = fleet_device(n->fleet, t->dev_eui);
	struct queue_item *item = d && t->has_item ? device_queue_find(d, t->queue_item_id) : NULL;
	struct commit *c;
	int64_t now = clock_wall_us();

	n->counters.downlinks_ok++;
	if (t->settled) {
		t->settled(n, t, DROP_NONE);
		return;
	}
	c = d ? commit_new(n) : NULL;
	if (!c)
		return; /* the item stays in flight and is sent again after a restart: better twice than never */
	transmit_row(c, t, d, DROP_NONE);
	class_settled(n, d, t, true);
	if (!item) {
		commit_submit(c, true); /* rests on nothing: it may ride along with the next */
		return;
	}
	text_txack_event(commit_row_begin(c), d, now, t->id, item->id, t->f_cnt_down, t->options[t->at].gateway_id,
	                 &t->options[t->at].tx);
	commit_row_end(c, LOG_EVENT, "txack", now, &t->dev_eui, NULL, NULL);
	if (t->confirmed) {
		store_batch_queue_state(c->batch, item->id, QUEUE_SENT, t->f_cnt_down);
		item->state = QUEUE_SENT;
		item->sent_us = now;
		if (item->attempts < UINT8_MAX)
			store_batch_queue_attempts(c->batch, item->id, ++item->attempts);
	} else {
		store_batch_queue_delete(c->batch, item->id);
		device_queue_remove(d, item->id);
	}
	commit_touch(c, t->dev_eui);
	commit_submit(c, false);
}

/* Nothing was transmitted for that uplink after all: its repeat is served like the first. */
static void unanswer(struct commit *c, const struct transmit *t, const struct device *d)
{
	struct session *s = t->is_join ? NULL : device_session_of(d, t->dev_addr);

	if (!s || s->up.f_cnt_up != t->f_cnt_up)
		return;
	s->up.up_answered = false;
	if (s->region && mac_session_unsent(s))
		store_batch_session_down(c->batch, d->dev_eui, s->slot, &s->down, false, s->mac, s->mac_len);
	else
		store_batch_session_unanswer(c->batch, d->dev_eui, s->slot);
	commit_touch(c, d->dev_eui);
}

/* Nothing went on air: say so, and keep the item. */
static void settle_failed(struct network *n, struct transmit *t, enum drop_reason reason)
{
	struct device *d = fleet_device(n->fleet, t->dev_eui);
	struct queue_item *item = d && t->has_item ? device_queue_find(d, t->queue_item_id) : NULL;
	int64_t now = clock_wall_us();
	struct commit *c;

	n->counters.drops[reason]++;
	if (reason == DROP_DOWNLINK_TOO_LATE)
		n->counters.downlinks_too_late++;
	else
		n->counters.downlinks_failed++;
	if (t->settled) {
		t->settled(n, t, reason);
		return;
	}
	c = d ? commit_new(n) : NULL;
	if (!c)
		return;
	class_settled(n, d, t, false);
	transmit_row(c, t, d, reason);
	unanswer(c, t, d);
	if (item) {
		/* ChirpStack's form: the gateway's last word, no context. */
		text_log_event(commit_row_begin(c), d, now, "ERROR", "DOWNLINK_GATEWAY",
		               t->last_refusal ? t->last_refusal : drop_reason_words(reason), NULL, 0);
		commit_row_end(c, LOG_EVENT, "log", now, &t->dev_eui, NULL, NULL);
		store_batch_queue_state(c->batch, item->id, QUEUE_WAITING, t->f_cnt_down);
		item->state = QUEUE_WAITING;
		commit_touch(c, t->dev_eui);
	}
	commit_submit(c, false);
}

static struct delivery_record *record_of(struct network *n, const struct transmit *t)
{
	struct gateway *g = gateway_of(n, t);

	return g && g->air ? &g->air->record : NULL;
}

static void on_silence(struct due *due, void *arg)
{
	struct network *n = arg;
	struct transmit *t = (struct transmit *)due;
	struct delivery_record *record = record_of(n, t);

	if (record)
		delivery_silent(record);
	settle_sent(n, t);
	transmit_end(n, t);
}

/* what: static text */
static void refusal(struct transmit *t, const char *what)
{
	static const char *const windows[] = {
		[WINDOW_AT_ONCE] = "at once", [WINDOW_RX1] = "RX1", [WINDOW_RX2] = "RX2", [WINDOW_PING_SLOT] = "ping slot", [WINDOW_CLASS_C] = "class C"};
	size_t len = strlen(t->refusals);

	t->last_refusal = what;
	snprintf(t->refusals + len, sizeof(t->refusals) - len, "%s%s: %s", len ? ", " : "", windows[t->options[t->at].window],
	         what);
}

/* Is there (still) a place on air for options[at]? Says why not. */
static const char *take_place(struct network *n, struct transmit *t)
{
	static const char *const words[] = {
		[GATEWAY_GOOD] = "out of memory", [GATEWAY_YIELDS] = "out of memory", [GATEWAY_BUSY] = "gateway busy",
		[GATEWAY_DUTY_CYCLE] = "duty cycle exhausted", [GATEWAY_FORBIDDEN] = "frequency not allowed",
		[GATEWAY_TOO_LATE] = "too late",
	};
	const struct transmit_option *o = &t->options[t->at];
	struct gateway *g = gateway_of(n, t);
	struct gateway_candidate c = {0};
	enum gateway_verdict verdict;

	if (!g)
		return "no such gateway";
	if (t->is_placed)
		return gateway_air_holds(g, t->id) ? NULL : "displaced by a downlink of higher rank";
	gateway_air_look(g, &o->place, clock_mono_us(), &c);
	verdict = gateway_judge(&c);
	if (verdict > GATEWAY_YIELDS)
		return words[verdict];
	return transmit_place(n, t) ? NULL : words[verdict];
}

static void note_sent(struct network *n, struct transmit *t)
{
	const struct transmit_option *o = &t->options[t->at];
	struct gateway *g = gateway_of(n, t);
	uint64_t now = clock_mono_us();

	n->counters.downlinks_sent++;
	t->was_sent = true;
	t->sent_wall_us = clock_wall_us();
	t->margin_ms = (int32_t)(((int64_t)(o->place.start_us - now) - (g ? g->one_way_us : 0)) / 1000);
	if (!g)
		return;
	gateway_air_fix(g, t->id);
	if (g->air)
		g->air->record.last_margin_ms = t->margin_ms;
}

/* After this downlink left: how long to wait for its TX_ACK. */
static uint64_t silence_us(struct network *n, const struct transmit *t)
{
	const struct transmit_option *o = &t->options[t->at];
	uint64_t now = clock_mono_us();
	bool confirms = false;

	/* Without a queue in the gateway the octets are held back here until just before the window. */
	if (n->out.has_path(n->out.arg, o->gateway_id, &confirms) && !confirms && o->place.start_us > now)
		now = o->place.start_us;
	return now + TX_ACK_TIMEOUT_US;
}

/* Hand options[at] to its gateway; NULL or why not. */
static const char *send_option(struct network *n, struct transmit *t)
{
	const struct transmit_option *o = &t->options[t->at];
	const char *why;
	int rc;

	/* The first option was chosen a moment ago, before the commit: the gateway has the last word on it. */
	if (t->at > 0 && clock_mono_us() + answer_lead_us(n, o->gateway_id) > o->place.start_us)
		return "too late";
	why = take_place(n, t);
	if (why)
		return why;
	rc = n->out.send(n->out.arg, o->gateway_id, t->id, t->phy, t->phy_len, &o->tx);
	if (rc)
		return rc == LS_ENOTFOUND ? "no path to the gateway" : ls_strerror(rc);
	note_sent(n, t);
	return NULL;
}

/* Try options from t->at on; ends t when it is settled. */
static void send_next(struct network *n, struct transmit *t)
{
	for (; t->at < t->n_options; t->at++) {
		const char *why = send_option(n, t);

		if (why) {
			refusal(t, why);
			leave_place(n, t);
			continue;
		}
		if (due_set(&n->due, &t->due, silence_us(n, t))) {
			settle_sent(n, t); /* out of memory: what left counts as sent */
			transmit_end(n, t);
		}
		return;
	}
	t->was_sent = false;
	settle_failed(n, t, DROP_DOWNLINK_FAILED);
	transmit_end(n, t);
}

void transmit_start(struct network *n, struct transmit *t)
{
	t->due.fire = on_silence;
	t->next = n->transmit_list;
	t->link = &n->transmit_list;
	if (t->next)
		t->next->link = &t->next;
	n->transmit_list = t;
	if (ptr_table_add(&n->transmits, t)) {
		settle_failed(n, t, DROP_DOWNLINK_FAILED);
		transmit_end(n, t);
		return;
	}
	send_next(n, t);
}

static void learn_round_trip(struct network *n, const struct tx_ack *ack)
{
	struct gateway *g = fleet_gateway(n->fleet, ack->gateway_id);
	int32_t one_way = ack->round_trip_us / 2 < ONE_WAY_MAX_US ? (int32_t)(ack->round_trip_us / 2) : ONE_WAY_MAX_US;

	if (!g)
		return;
	/* Slow answers are learned faster than fast ones; a single odd one does not rule. */
	if (!ack->round_trip_us)
		return; /* not the gateway's own word */
	if (!g->one_way_us)
		g->one_way_us = one_way > 0 ? one_way : 1;
	else
		g->one_way_us += (one_way - g->one_way_us) / (one_way > g->one_way_us ? 2 : 8);
}

void transmit_on_ack(struct network *n, const struct tx_ack *ack)
{
	struct transmit *t = ptr_table_find(&n->transmits, hash_id(ack->downlink_id), equal_id, &ack->downlink_id);
	struct delivery_record *record;

	/* An answer to what is settled long ago tells nothing about the way. */
	if (!t || !eui64_equal(t->options[t->at].gateway_id, ack->gateway_id))
		return;
	learn_round_trip(n, ack);
	t->round_trip_us = ack->round_trip_us;
	record = record_of(n, t);
	if (ack->status == TX_OK) {
		if (record)
			delivery_accepted(record, clock_mono_us());
		settle_sent(n, t);
		transmit_end(n, t);
		return;
	}
	due_cancel(&n->due, &t->due);
	if (ack->status == TX_GPS_UNLOCKED && gateway_of(n, t))
		gateway_of(n, t)->gps_seen_us = 0; /* until it tells GPS time again */
	if (record)
		delivery_refused(record, ack->status, clock_mono_us());
	refusal(t, tx_status_name(ack->status));
	leave_place(n, t);
	t->was_sent = false;
	t->at++;
	send_next(n, t);
}

void transmit_item_done(struct network *n, struct uuid queue_item_id)
{
	for (struct transmit *t = n->transmit_list; t; t = t->next)
		if (t->has_item && uuid_equal(t->queue_item_id, queue_item_id))
			t->has_item = false;
}

void transmit_forget(struct network *n, struct eui64 dev_eui)
{
	struct transmit *t = n->transmit_list, *next;

	for (; t; t = next) {
		next = t->next;
		if (eui64_equal(t->dev_eui, dev_eui))
			transmit_end(n, t);
	}
}
