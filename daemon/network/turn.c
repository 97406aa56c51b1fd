/*
 * turn.c - a batch of frames from closed window to commit.
 *
 * Frames whose window ends in the same turn of the loop are decided together and committed together: under
 * load batches grow and the cost per frame falls; at rest a batch is one frame. Drops change no state, so their rows
 * go into a lazy commit that causes no sync of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "network/log_text.h"
#include "network/session_load.h"
#include "network/turn.h"

/* ---- effects -------------------------------------------------------------------------------- */

struct effect *turn_add_effect(struct turn *t, struct collected *e)
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
			turn_frame_row(n->store_failed, &row);
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

/* ---- from window to decision ---------------------------------------------------------------- */

const struct eui64 *turn_dev_eui(const struct turn_item *item)
{
	switch (item->m_type) {
	case M_TYPE_JOIN_REQUEST:
		return &item->join.dev_eui;
	case M_TYPE_REJOIN_REQUEST:
		return &item->rejoin.dev_eui;
	default:
		return NULL;
	}
}

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
	case M_TYPE_REJOIN_REQUEST:
		return phy_parse_rejoin_request(e->phy, e->phy_len, &item->rejoin) ? DROP_MALFORMED : DROP_NONE;
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
	case M_TYPE_PROPRIETARY:
		return DROP_NONE;
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
	struct frame_up row = turn_row_of(item);

	row.reason = reason;
	if (reason == DROP_MALFORMED)
		row.has_dev_eui = false;
	turn_drop_row(n, t, &row);
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

	if (turn_dev_eui(item)) {
		d = fleet_device(n->fleet, *turn_dev_eui(item));
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
			turn_decide_join(n, t, item);
		else if (item->m_type == M_TYPE_REJOIN_REQUEST)
			turn_decide_rejoin(n, t, item);
		else if (item->m_type == M_TYPE_PROPRIETARY)
			turn_proprietary(n, t, item);
		else
			turn_decide_data(n, t, item);
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
	row = turn_row_of(&item);
	row.reason = reason;
	if (!turn_dev_eui(&item)) {
		const struct session *s = item.data.msg_len ? fleet_sessions(n->fleet, item.data.dev_addr) : NULL;

		if (known && s && !s->next_same_addr)
			row.device = s->device;
	}
	turn_frame_row(c, &row);
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
