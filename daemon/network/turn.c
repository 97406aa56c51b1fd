/*
 * turn.c - a batch of frames from closed window to commit.
 *
 * Frames whose window ends in the same turn of the loop are decided together and committed together: under
 * load batches grow and the cost per frame falls; at rest a batch is one frame. Drops change no state, so their rows
 * go into a lazy commit that causes no sync of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/error.h"
#include "network/internal.h"
#include "network/join.h"
#include "network/log_text.h"
#include "network/session_load.h"

#define DROP_EVENTS_PER_SECOND 10
#define LATE_UNKNOWN_US 2000000 /* how long copies of frames of nobody here are late ones */

struct turn_item {
	struct turn_item *next;
	struct collected *e;
	enum m_type m_type;
	struct phy_data data;              /* data frames; points into e */
	struct phy_join_request join;      /* join requests */
};

/* What happens after the commit. */
struct effect {
	bool is_join;
	struct answer_wish wish;           /* of data frames; of joins: dev_eui, dev_addr, e, dr, channel */
	uint8_t phy[33];                   /* join accept */
	uint8_t phy_len;
};

struct turn {
	struct commit *c, *lazy;
	struct effect *effects;
	size_t n_effects, cap_effects;
};

/* ---- rows ----------------------------------------------------------------------------------- */

static void add_frame_row(struct commit *c, struct frame_up *row)
{
	const struct eui64 *dev_eui = row->device ? &row->device->dev_eui : row->has_dev_eui ? &row->dev_eui : NULL;
	int64_t now = row->receptions[0].rx.recv_wall_us;

	text_frame_up(commit_row_begin(c), row, now);
	commit_row_end(c, LOG_FRAME, "up", now, dev_eui, row->has_dev_addr ? &row->dev_addr : NULL,
	               drop_reason_name(row->reason));
}

static struct commit *lazy_commit(struct network *n, struct turn *t)
{
	if (!t->lazy)
		t->lazy = commit_new(n);
	return t->lazy;
}

/* A drop: counted always, a row while the reason has not had its share of this second. */
static bool drop_row(struct network *n, struct turn *t, struct frame_up *row)
{
	if (!network_may_log_drop(n, row->reason, row->e->first_wall_us) || !lazy_commit(n, t))
		return false;
	add_frame_row(t->lazy, row);
	return true;
}

static struct frame_up row_of(const struct turn_item *item)
{
	struct frame_up row = {
		.e = item->e, .receptions = item->e->receptions, .n_receptions = item->e->n,
		.m_type = item->m_type, .f_port = -1, .dr = -1,
	};

	if (item->m_type == M_TYPE_JOIN_REQUEST) {
		row.dev_eui = item->join.dev_eui;
		row.has_dev_eui = true;
	} else if (item->data.msg_len) {
		row.dev_addr = item->data.dev_addr;
		row.has_dev_addr = true;
		row.f_cnt = item->data.f_cnt;
		row.has_f_cnt = true;
		row.f_port = item->data.f_port;
	}
	return row;
}

/*
 * A log event as ChirpStack sends it, for applications that watch them: level, code and the context keys beside
 * deduplication_id are its own. They rest on no state, so like the drop's row they cause no sync: a stranger who
 * replays frames must not be able to keep the disk busy.
 */
static void drop_event(struct network *n, struct commit *c, const struct device *d, const struct collected *e,
                       enum drop_reason reason, const char *detail, const char *level, const char *code,
                       const struct text_pair *more, size_t n_more)
{
	struct text_pair context[4];
	char id[UUID_TEXT_SIZE], description[2 * DETAIL_SIZE];

	if (n->drop_events.second != e->first_wall_us / 1000000)
		n->drop_events = (struct drop_limit){.second = e->first_wall_us / 1000000};
	if (n->drop_events.n++ >= DROP_EVENTS_PER_SECOND)
		return;
	context[0] = (struct text_pair){"deduplication_id", uuid_format(network_uuid(n), id)};
	for (size_t i = 0; i < n_more; i++)
		context[1 + i] = more[i];
	snprintf(description, sizeof(description), "%s%s%s", drop_reason_words(reason), detail[0] ? ": " : "", detail);
	text_log_event(commit_row_begin(c), d, e->first_wall_us, level, code, description, context, 1 + n_more);
	commit_row_end(c, LOG_EVENT, "log", e->first_wall_us, &d->dev_eui, NULL, NULL);
}

/* ---- foreign traffic ------------------------------------------------------------------------ */

static void count_foreign(struct network *n, uint32_t net_id, bool is_join, int64_t now_us)
{
	size_t i = 0;

	if (is_join)
		n->counters.foreign_joins++;
	else
		n->counters.foreign_data++;
	while (i < n->n_foreign && n->foreign[i].net_id != net_id)
		i++;
	if (i == n->n_foreign) {
		if (n->n_foreign == FOREIGN_MAX)
			return;
		n->foreign[n->n_foreign++] = (struct foreign){.net_id = net_id};
	}
	if (is_join)
		n->foreign[i].join_requests++;
	else
		n->foreign[i].data_frames++;
	n->foreign[i].last_us = now_us;
}

/* ---- effects -------------------------------------------------------------------------------- */

static struct effect *add_effect(struct turn *t, struct collected *e)
{
	if (t->n_effects == t->cap_effects) {
		size_t cap = t->cap_effects ? t->cap_effects * 2 : 8;
		struct effect *more = realloc(t->effects, cap * sizeof(*more));

		if (!more)
			return NULL;
		t->effects = more;
		t->cap_effects = cap;
	}
	t->effects[t->n_effects] = (struct effect){.wish.e = e};
	collected_ref(e);
	return &t->effects[t->n_effects++];
}

/*
 * Frames whose commit failed. The disk that refused them would refuse their rows too, so the rows wait, bounded, for
 * the next commit that succeeds.
 */
#define STORE_FAILED_ROWS_MAX 200

static void mark_store_failed(struct network *n, const struct turn *t)
{
	for (size_t i = 0; i < t->n_effects; i++) {
		struct collected *e = t->effects[i].wish.e;
		struct frame_up row = {
			.e = e, .receptions = e->receptions, .n_receptions = e->n, .m_type = e->phy[0] >> 5,
			.dev_eui = t->effects[i].wish.dev_eui, .has_dev_eui = true, .f_port = -1, .dr = -1,
			.reason = DROP_STORE_FAILED,
		};

		n->counters.drops[DROP_STORE_FAILED]++;
		if (!n->store_failed)
			n->store_failed = commit_new(n);
		if (n->store_failed && n->store_failed->rows[LOG_FRAME].n < STORE_FAILED_ROWS_MAX)
			add_frame_row(n->store_failed, &row);
	}
}

static void on_turn_committed(struct commit *c, int rc)
{
	struct network *n = c->network;
	struct turn *t = c->arg;

	if (rc) {
		mark_store_failed(n, t);
	} else if (n->store_failed && t->n_effects) {
		commit_submit(n->store_failed, true);
		n->store_failed = NULL;
	}
	for (size_t i = 0; i < t->n_effects; i++) {
		struct effect *f = &t->effects[i];

		if (!rc && f->is_join)
			answer_send_join_accept(n, f->wish.dev_eui, f->wish.dev_addr, f->wish.e, f->wish.dr,
			                        f->wish.channel, f->phy, f->phy_len);
		else if (!rc && !n->draining)
			answer_schedule(n, &f->wish);
		collected_unref(f->wish.e);
	}
	free(t->effects);
	free(t);
}

/* ---- data frames ---------------------------------------------------------------------------- */

/* The device's answer to a confirmed downlink: acknowledged, or not by the next new uplink. */
static void settle_confirmed(struct network *n, struct turn *t, struct device *d, const struct phy_data *phy,
                             const struct collected *e, struct uuid deduplication_id)
{
	struct queue_item *item = d->queue;

	while (item && (!item->confirmed || item->state == QUEUE_WAITING))
		item = item->next;
	/* On its way still: without an ACK this uplink says nothing about it. */
	if (!item || (!phy->ack && item->state == QUEUE_IN_FLIGHT))
		return;
	text_ack_event(commit_row_begin(t->c), d, uplink_time_us(e), &deduplication_id, item, phy->ack);
	commit_row_end(t->c, LOG_EVENT, "ack", e->first_wall_us, &d->dev_eui, NULL, NULL);
	transmit_item_done(n, item->id);
	store_batch_queue_delete(t->c->batch, item->id);
	device_queue_remove(d, item->id);
}

/* The first frame of a new session ends the old one; what waited for an acknowledgement there is sent again. */
static void promote_session(struct network *n, struct turn *t, struct device *d)
{
	store_batch_session_promote(t->c->batch, d->dev_eui);
	fleet_session_promote(n->fleet, d);
	for (struct queue_item *item = d->queue; item; item = item->next) {
		if (item->state == QUEUE_WAITING)
			continue;
		transmit_item_done(n, item->id);
		item->state = QUEUE_WAITING;
		store_batch_queue_state(t->c->batch, item->id, QUEUE_WAITING, item->f_cnt_down);
	}
}

static void apply_uplink(struct network *n, struct turn *t, struct turn_item *item, struct uplink_outcome *o)
{
	struct session *s = o->session;
	struct device *d = s->device;
	struct frame_up row = row_of(item);
	struct effect *f;

	if (s->slot == SLOT_PENDING)
		promote_session(n, t, d);
	if (o->kind == UPLINK_NEW) {
		struct uuid id = network_uuid(n);

		n->counters.uplinks++;
		text_up_event(commit_row_begin(t->c), d, &item->data, item->e, o, id);
		commit_row_end(t->c, LOG_EVENT, "up", item->e->first_wall_us, &d->dev_eui, NULL, NULL);
		settle_confirmed(n, t, d, &item->data, item->e, id);
	} else {
		n->counters.repeats++;
		n->counters.drops[o->reason]++;
	}
	row.device = d;
	row.f_cnt = o->f_cnt;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	add_frame_row(t->c, &row);
	s->up = o->up;
	store_batch_session_up(t->c->batch, d->dev_eui, s->slot, &s->up, NULL, 0);
	commit_touch(t->c, d->dev_eui);

	f = add_effect(t, item->e);
	if (!f)
		return;
	f->wish.dev_eui = d->dev_eui;
	f->wish.dev_addr = s->dev_addr;
	f->wish.dr = o->dr;
	f->wish.channel = o->channel;
	f->wish.ack = item->data.m_type == M_TYPE_CONFIRMED_UP;
	f->wish.must_send = o->must_answer;
	f->wish.may_take_item = o->may_take_item;
	f->wish.mac = o->mac;
}

static void drop_uplink(struct network *n, struct turn *t, struct turn_item *item, struct uplink_outcome *o)
{
	struct frame_up row = row_of(item);
	uint32_t net_id;

	if (o->reason == DROP_UNKNOWN_DEV_ADDR && dev_addr_net_id(item->data.dev_addr, &net_id))
		count_foreign(n, net_id, false, item->e->first_wall_us);
	if (o->session)
		row.device = o->session->device;
	if (o->has_f_cnt)
		row.f_cnt = o->f_cnt;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	if (!drop_row(n, t, &row))
		return;
	if (o->reason == DROP_F_CNT_REPLAYED) {
		char f_cnt_up[16];
		struct text_pair more = {"f_cnt_up", f_cnt_up};

		snprintf(f_cnt_up, sizeof(f_cnt_up), "%u", o->f_cnt);
		drop_event(n, t->lazy, row.device, item->e, o->reason, o->detail, "WARNING", "UPLINK_F_CNT_RESET", &more, 1);
	}
}

static void decide_data(struct network *n, struct turn *t, struct turn_item *item)
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

/* ---- join requests -------------------------------------------------------------------------- */

static uint32_t free_dev_addr(struct network *n)
{
	uint32_t dev_addr = 0;
	uint64_t random;

	/* Few devices: the first try is free. A full block shares addresses, which the MIC tells apart. */
	for (int i = 0; i < 16; i++) {
		n->out.random(n->out.arg, &random, sizeof(random));
		dev_addr = dev_addr_in_blocks(&n->dev_addrs, 1, random);
		if (!fleet_sessions(n->fleet, dev_addr))
			break;
	}
	return dev_addr;
}

static void flush_queue(struct turn *t, struct device *d)
{
	while (d->queue) {
		struct uuid id = d->queue->id;

		store_batch_queue_delete(t->c->batch, id);
		device_queue_remove(d, id);
	}
}

static void apply_join(struct network *n, struct turn *t, struct turn_item *item, struct device *d,
                       struct join_outcome *o)
{
	struct frame_up row = row_of(item);
	struct effect *f = add_effect(t, item->e);

	if (!f)
		return;
	n->counters.joins++;
	store_batch_join(t->c->batch, d->dev_eui, d->join_eui, item->join.dev_nonce, o->join_nonce);
	store_batch_session_put(t->c->batch, &o->session);
	commit_touch(t->c, d->dev_eui);
	d->join_nonce = o->join_nonce;
	if (device_nonce_add(d, d->join_eui, item->join.dev_nonce) || !fleet_session_put(n->fleet, d, &o->session))
		t->c->bad = true;
	if (d->profile->flush_queue_on_join)
		flush_queue(t, d);
	text_join_event(commit_row_begin(t->c), d, item->e, o->session.dev_addr, network_uuid(n));
	commit_row_end(t->c, LOG_EVENT, "join", item->e->first_wall_us, &d->dev_eui, NULL, NULL);
	row.device = d;
	row.dr = o->dr;
	row.has_dev_addr = true;
	row.dev_addr = o->session.dev_addr;
	add_frame_row(t->c, &row);
	f->is_join = true;
	f->wish.dev_eui = d->dev_eui;
	f->wish.dev_addr = o->session.dev_addr;
	f->wish.dr = o->dr;
	f->wish.channel = o->channel;
	f->phy_len = (uint8_t)o->phy_len;
	memcpy(f->phy, o->phy, o->phy_len);
}

static void drop_join(struct network *n, struct turn *t, struct turn_item *item, struct device *d,
                      struct join_outcome *o)
{
	struct frame_up row = row_of(item);

	if (o->reason == DROP_UNKNOWN_DEV_EUI)
		count_foreign(n, 0, true, item->e->first_wall_us);
	row.device = d;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	if (!drop_row(n, t, &row) || !d)
		return;
	if (o->reason == DROP_MIC_MISMATCH) {
		drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "UPLINK_MIC", NULL, 0);
	} else if (o->reason == DROP_DEV_NONCE_USED) {
		char join_eui[EUI64_TEXT_SIZE], dev_nonce[16];
		struct text_pair more[] = {
			{"join_eui", eui64_format(item->join.join_eui, join_eui)}, {"dev_nonce", dev_nonce}};

		snprintf(dev_nonce, sizeof(dev_nonce), "%u", item->join.dev_nonce);
		drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "OTAA", more, 2);
	}
}

static void decide_join(struct network *n, struct turn *t, struct turn_item *item)
{
	struct device *d = fleet_device(n->fleet, item->join.dev_eui);
	struct join_input in = {
		.request = &item->join, .e = item->e, .fleet = n->fleet, .device = d, .net_id = n->options.net_id,
		.dev_addr = free_dev_addr(n), .answerable = d && d->profile->region && answer_path(n, item->e, d, d->profile->region) != NULL,
	};
	struct join_outcome o;

	join_decide(n->crypto, &in, &o);
	if (o.reason)
		drop_join(n, t, item, d, &o);
	else
		apply_join(n, t, item, d, &o);
	explicit_bzero(&o.session.keys, sizeof(o.session.keys));
	collect_done(&n->collect, item->e, (JOIN_ACCEPT_DELAY2_S)*1000000u);
}

/* ---- from window to decision ---------------------------------------------------------------- */

static void item_free(struct turn_item *item)
{
	collected_unref(item->e);
	free(item);
}

static void push(struct turn_item ***end, struct turn_item *item)
{
	item->next = NULL;
	**end = item;
	*end = &item->next;
}

/* Split a frame as far as its octets allow. A reason when it is nothing to be served. */
static enum drop_reason parse(struct turn_item *item)
{
	const struct collected *e = item->e;

	if (phy_m_type(e->phy, e->phy_len, &item->m_type))
		return DROP_MALFORMED;
	switch (item->m_type) {
	case M_TYPE_JOIN_REQUEST:
		return phy_parse_join_request(e->phy, e->phy_len, &item->join) ? DROP_MALFORMED : DROP_NONE;
	case M_TYPE_UNCONFIRMED_UP:
	case M_TYPE_CONFIRMED_UP:
		switch (phy_parse_data(e->phy, e->phy_len, &item->data)) {
		case LS_OK:
			return DROP_NONE;
		case LS_EFORMAT:
			return DROP_F_OPTS_INVALID;
		default:
			return DROP_MALFORMED;
		}
	case M_TYPE_JOIN_ACCEPT:
	case M_TYPE_UNCONFIRMED_DOWN:
	case M_TYPE_CONFIRMED_DOWN:
		return DROP_WRONG_DIRECTION;
	default:
		return DROP_UNSUPPORTED_TYPE;
	}
}

static void turn_end(struct turn *t)
{
	if (t->lazy)
		commit_submit(t->lazy, true);
	t->c->arg = t;
	t->c->done = on_turn_committed;
	if (t->c->batch->ops || t->c->rows[LOG_EVENT].n || t->c->rows[LOG_FRAME].n)
		commit_submit(t->c, false);
	else
		commit_discard(t->c); /* nothing but drops: no sync */
}

static struct turn *turn_begin(struct network *n)
{
	struct turn *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->c = commit_new(n);
	if (!t->c) {
		free(t);
		return NULL;
	}
	return t;
}

static void drop_unparsed(struct network *n, struct turn *t, struct turn_item *item, enum drop_reason reason)
{
	struct frame_up row = row_of(item);

	row.reason = reason;
	if (reason == DROP_MALFORMED && item->m_type == M_TYPE_JOIN_REQUEST)
		row.has_dev_eui = false;
	drop_row(n, t, &row);
	collect_done(&n->collect, item->e, LATE_UNKNOWN_US);
}

void turn_take(struct network *n, bool force)
{
	struct collected *e = collect_take(&n->collect, clock_mono_us(), force), *next;
	struct turn *drops = NULL;
	bool any = false;

	for (; e; e = next) {
		struct turn_item *item = calloc(1, sizeof(*item));
		enum drop_reason reason;

		next = e->next;
		e->next = NULL;
		if (!item) {
			collect_done(&n->collect, e, LATE_UNKNOWN_US);
			continue;
		}
		item->e = e;
		collected_ref(e);
		reason = parse(item);
		if (!reason) {
			push(&n->loading_end, item);
			any = true;
			continue;
		}
		if (!drops)
			drops = turn_begin(n);
		if (drops)
			drop_unparsed(n, drops, item, reason);
		else
			collect_done(&n->collect, e, LATE_UNKNOWN_US);
		item_free(item);
	}
	if (drops)
		turn_end(drops);
	if (any)
		session_load(n);
}

/* Does a control write touch a device this frame may belong to? Then it waits. */
static bool must_wait(const struct network *n, const struct turn_item *item)
{
	const struct device *d;

	if (item->m_type == M_TYPE_JOIN_REQUEST) {
		d = fleet_device(n->fleet, item->join.dev_eui);
		return d && (d->writes || d->profile->writes);
	}
	for (const struct session *s = fleet_sessions(n->fleet, item->data.dev_addr); s; s = s->next_same_addr)
		if (s->device->writes || s->device->profile->writes)
			return true;
	return false;
}

void turn_load_answered(struct network *n)
{
	struct turn_item *item = n->loading, *next;
	struct turn *t = item ? turn_begin(n) : NULL;

	if (!t)
		return;
	n->loading = NULL;
	n->loading_end = &n->loading;
	for (; item; item = next) {
		next = item->next;
		if (must_wait(n, item)) {
			n->counters.parked++;
			push(&n->parked_end, item);
			continue;
		}
		if (item->m_type == M_TYPE_JOIN_REQUEST)
			decide_join(n, t, item);
		else
			decide_data(n, t, item);
		item_free(item);
	}
	turn_end(t);
}

void turn_unpark(struct network *n)
{
	if (!n->parked)
		return;
	*n->loading_end = n->parked;
	n->loading_end = n->parked_end;
	n->parked = NULL;
	n->parked_end = &n->parked;
	session_load(n);
}

void turn_free_all(struct network *n)
{
	struct turn_item *lists[] = {n->loading, n->parked};

	for (int i = 0; i < 2; i++)
		while (lists[i]) {
			struct turn_item *item = lists[i];

			lists[i] = item->next;
			collected_unref(item->e); /* the window's own reference */
			item_free(item);
		}
}

/* ---- drops that never reach a window -------------------------------------------------------- */

/* A collection of one reception, for the row only. */
static void drop_alone(struct network *n, const struct rx_frame *frame, const struct collected *known,
                       enum drop_reason reason)
{
	struct collected *e;
	struct turn_item item = {0};
	struct reception r = {.rx = frame->rx, .freq_hz = frame->freq_hz, .radio = frame->radio};
	struct frame_up row;
	struct commit *c;

	if (!network_may_log_drop(n, reason, frame->rx.recv_wall_us))
		return;
	e = calloc(1, sizeof(*e) + frame->phy_len);
	c = e ? commit_new(n) : NULL;
	if (!c) {
		free(e);
		return;
	}
	e->phy_len = (uint8_t)frame->phy_len;
	memcpy(e->phy, frame->phy, frame->phy_len);
	e->first_wall_us = frame->rx.recv_wall_us;
	e->receptions = &r;
	e->n = 1;
	item.e = e;
	item.m_type = M_TYPE_PROPRIETARY;
	parse(&item);
	row = row_of(&item);
	row.reason = reason;
	if (item.m_type != M_TYPE_JOIN_REQUEST) {
		const struct session *s = item.data.msg_len ? fleet_sessions(n->fleet, item.data.dev_addr) : NULL;

		if (known && s && !s->next_same_addr)
			row.device = s->device;
	}
	add_frame_row(c, &row);
	commit_submit(c, true);
	free(e);
}

void turn_late_copy(struct network *n, const struct collected *e, const struct rx_frame *frame)
{
	n->counters.late_copies++;
	drop_alone(n, frame, e, DROP_LATE_COPY);
}

void turn_drop_alone(struct network *n, const struct rx_frame *frame, enum drop_reason reason)
{
	drop_alone(n, frame, NULL, reason);
}
