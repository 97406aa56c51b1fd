/* turn_data.c - data frames in a turn: the decision applied to memory, the commit and the answer. */
#include <stdio.h>
#include <syslog.h>

#include "network/class_schedule.h"
#include "network/log_text.h"
#include "network/mac_session.h"
#include "network/turn.h"

/* The first frame of a new session ends the old one; what waited for an acknowledgement there is sent again. */
static void promote_session(struct network *n, struct turn *t, struct device *d)
{
	store_batch_session_promote(t->c->batch, d->dev_eui);
	fleet_session_promote(n->fleet, d);
	queue_on_new_session(n, t->c, d);
}

/* Below this a device that begins again still takes our counter for a step ahead (MAX_FCNT_GAP). */
#define F_CNT_DOWN_KEPT_BELOW 16384

/*
 * An ABP device in relaxed mode began again, and its downlink counter with it. Ours follows only where the device would
 * refuse it otherwise: the one exception from never using a counter twice, so it is on record.
 */
static void restart_counters(struct network *n, struct turn *t, struct session *s)
{
	struct device *d = s->device;
	char text[160], subject[EUI64_TEXT_SIZE];
	bool down = s->down.f_cnt_down >= F_CNT_DOWN_KEPT_BELOW;

	snprintf(text, sizeof(text), "uplink counter began again at %u (f_cnt_relaxed)%s", s->up.f_cnt_up - 1,
	         down ? "; the downlink counter begins again at 0" : "");
	n->out.log(n->out.arg, LOG_NOTICE, eui64_format(d->dev_eui, subject), text);
	if (!down)
		return;
	s->down.f_cnt_down = 0;
	store_batch_session_down(t->c->batch, d->dev_eui, s->slot, &s->down, s->up.up_answered, NULL, 0);
}

_Static_assert(CLASS_TOLD_NOTHING == MAC_UNKNOWN, "the MAC engine and the classes agree on what nothing is");

/* What its MAC commands say: parameters, class, the state of its battery. */
static void apply_mac(struct network *n, struct turn *t, const struct turn_item *item, const struct uplink_outcome *o,
                      struct mac_up_outcome *mac, bool *asks)
{
	struct session *s = o->session;
	struct device *d = s->device;

	mac_session_uplink(s, o, &item->data, item->e, mac, asks);
	n->counters.mac_ignored += mac->n_ignored;
	n->counters.mac_refused += mac->n_refused;
	n->counters.mac_unanswered += mac->n_unanswered;
	s->up.device_class = (uint8_t)class_as_told(d->profile, s->up.device_class, mac->told_class);
	if (!mac->has_status)
		return;
	text_status_event(commit_row_begin(t->c), d, uplink_time_us(item->e), network_uuid(n), mac->battery, mac->margin_db);
	commit_row_end(t->c, LOG_EVENT, "status", item->e->first_wall_us, &d->dev_eui, NULL, NULL);
}

static void apply_uplink(struct network *n, struct turn *t, struct turn_item *item, struct uplink_outcome *o)
{
	struct session *s = o->session;
	struct device *d = s->device;
	struct frame_up row = turn_row_of(item);
	struct mac_up_outcome mac;
	struct effect *f;
	bool asks;

	if (s->slot == SLOT_PENDING)
		promote_session(n, t, d);
	if (o->kind == UPLINK_NEW) {
		struct uuid id = network_uuid(n);

		n->counters.uplinks++;
		d->has_refused = false; /* it counts on from here: going back to what was refused would let frames in twice */
		text_up_event(commit_row_begin(t->c), d, &item->data, item->e, o, id);
		commit_row_end(t->c, LOG_EVENT, "up", item->e->first_wall_us, &d->dev_eui, NULL, NULL);
		queue_on_uplink(n, t->c, d, s, item->data.ack, item->e, id);
	} else {
		n->counters.repeats++;
		n->counters.drops[o->reason]++;
	}
	row.device = d;
	row.f_cnt = o->f_cnt;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	turn_frame_row(t->c, &row);
	s->up = o->up;
	s->up.device_class = (uint8_t)class_after_uplink(d->profile, s->is_1_1, s->up.device_class, item->data.class_b);
	if (o->restarts_counters)
		restart_counters(n, t, s);
	apply_mac(n, t, item, o, &mac, &asks);
	class_note_uplink(n, t->c, d, item->e);
	store_batch_session_up(t->c->batch, d->dev_eui, s->slot, &s->up, s->mac, s->mac_len);
	commit_touch(t->c, d->dev_eui);

	f = turn_add_effect(t, item->e);
	if (!f)
		return;
	f->wish.dev_eui = d->dev_eui;
	f->wish.dev_addr = s->dev_addr;
	f->wish.best = (uint16_t)(o->best - item->e->receptions);
	f->wish.dr = o->dr;
	f->wish.channel = o->channel;
	f->wish.ack = item->data.m_type == M_TYPE_CONFIRMED_UP;
	f->wish.must_send = o->must_answer || mac.owed.n;
	f->wish.may_take_item = o->may_take_item;
	f->wish.is_repeat = o->kind == UPLINK_REPEAT;
	f->wish.adr = item->data.adr;
	f->wish.asks = asks;
	f->wish.owed = mac.owed;
}

static void drop_uplink(struct network *n, struct turn *t, struct turn_item *item, struct uplink_outcome *o)
{
	struct frame_up row = turn_row_of(item);
	uint32_t net_id;

	if (o->reason == DROP_UNKNOWN_DEV_ADDR && dev_addr_net_id(item->data.dev_addr, &net_id))
		turn_count_foreign(n, net_id, false, item->e->first_wall_us);
	if (o->session)
		row.device = o->session->device;
	if (o->has_f_cnt)
		row.f_cnt = o->f_cnt;
	if (o->reason == DROP_F_CNT_GAP) {
		o->session->device->refused_f_cnt = o->f_cnt;
		o->session->device->refused_dev_addr = o->session->dev_addr;
		o->session->device->has_refused = true;
	}
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	if (!turn_drop_row(n, t, &row))
		return;
	if (o->reason == DROP_F_CNT_REPLAYED) {
		char f_cnt_up[16];
		struct text_pair more = {"f_cnt_up", f_cnt_up};

		snprintf(f_cnt_up, sizeof(f_cnt_up), "%u", o->f_cnt);
		turn_drop_event(n, t->lazy, row.device, item->e, o->reason, o->detail, "WARNING", "UPLINK_F_CNT_RESET", &more, 1);
	}
}

void turn_decide_data(struct network *n, struct turn *t, struct turn_item *item)
{
	struct uplink_outcome o;
	uint64_t late_us = LATE_UNKNOWN_US;

	uplink_decide(n->crypto, n->fleet, &item->data, item->e, &o);
	if (o.session)
		late_us = o.session->up.rx1_delay_s * 1000000u + RX2_AFTER_RX1_US;
	if (o.kind == UPLINK_DROP)
		drop_uplink(n, t, item, &o);
	else
		apply_uplink(n, t, item, &o);
	collect_done(&n->collect, item->e, late_us);
}
