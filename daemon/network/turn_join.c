/* turn_join.c - join and rejoin requests in a turn: the decision applied to memory, the commit and the answer. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "network/log_text.h"
#include "network/rejoin.h"
#include "network/turn.h"

#define DEV_ADDR_TRIES 16

static unsigned sharers(const struct fleet *f, uint32_t dev_addr)
{
	unsigned count = 0;

	for (const struct session *s = fleet_sessions(f, dev_addr); s; s = s->next_same_addr)
		count++;
	return count;
}

/* Of some random addresses the one that fewest sessions have: while there is room, a free one. The MIC tells the others apart. */
static uint32_t free_dev_addr(struct network *n)
{
	const struct dev_addr_blocks *from = &n->options.dev_addrs;
	uint32_t best = 0;
	unsigned fewest = UINT_MAX;

	for (int i = 0; i < DEV_ADDR_TRIES && fewest; i++) {
		uint32_t dev_addr;
		uint64_t random;
		unsigned count;

		n->out.random(n->out.arg, &random, sizeof(random));
		dev_addr = dev_addr_in_blocks(from->blocks, from->n, random);
		count = sharers(n->fleet, dev_addr);
		if (count < fewest) {
			fewest = count;
			best = dev_addr;
		}
	}
	return best;
}

static void flush_queue(struct turn *t, struct device *d)
{
	while (d->queue) {
		struct uuid id = d->queue->id;

		store_batch_queue_delete(t->c->batch, id);
		device_queue_remove(d, id);
	}
}

/* Everything that follows from an accept, whatever asked for it: the session, the event, the row and the answer. */
static void apply_accept(struct network *n, struct turn *t, struct turn_item *item, struct device *d,
                         const struct join_accept *accept, uint32_t join_nonce, int dr, int channel)
{
	struct frame_up row = turn_row_of(item);
	struct effect *f = turn_add_effect(t, item->e);
	uint32_t dev_addr = accept->session.dev_addr;

	if (!f) {
		t->c->bad = true;
		return;
	}
	n->counters.joins++;
	store_batch_session_put(t->c->batch, &accept->session);
	commit_touch(t->c, d->dev_eui);
	d->join_nonce = join_nonce;
	if (!fleet_session_put(n->fleet, d, &accept->session))
		t->c->bad = true;
	if (d->profile->flush_queue_on_join)
		flush_queue(t, d);
	text_join_event(commit_row_begin(t->c), d, item->e, dev_addr, accept->session.region,
	                network_uuid(n));
	commit_row_end(t->c, LOG_EVENT, "join", item->e->first_wall_us, &d->dev_eui, NULL, NULL);
	row.device = d;
	row.dr = dr;
	row.has_dev_addr = true;
	row.dev_addr = dev_addr;
	turn_frame_row(t->c, &row);
	f->is_join = true;
	f->wish.dev_eui = d->dev_eui;
	f->wish.dev_addr = dev_addr;
	f->wish.dr = dr;
	f->wish.channel = channel;
	f->phy_len = (uint8_t)accept->phy_len;
	memcpy(f->phy, accept->phy, accept->phy_len);
}

static void drop_join(struct network *n, struct turn *t, struct turn_item *item, struct device *d,
                      struct join_outcome *o)
{
	struct frame_up row = turn_row_of(item);

	if (o->reason == DROP_UNKNOWN_DEV_EUI)
		turn_count_foreign(n, 0, true, item->e->first_wall_us);
	row.device = d;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	if (!turn_drop_row(n, t, &row) || !d)
		return;
	if (o->reason == DROP_MIC_MISMATCH) {
		turn_drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "UPLINK_MIC", NULL, 0);
	} else if (o->reason == DROP_DEV_NONCE_USED) {
		char join_eui[EUI64_TEXT_SIZE], dev_nonce[16];
		struct text_pair more[] = {
			{"join_eui", eui64_format(item->join.join_eui, join_eui)}, {"dev_nonce", dev_nonce}};

		snprintf(dev_nonce, sizeof(dev_nonce), "%u", item->join.dev_nonce);
		turn_drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "OTAA", more, 2);
	}
}

/* The gateways' word on why there can be no answer, where the decision has none of its own. */
static void add_detail(enum drop_reason reason, const char *unanswerable, char detail[DETAIL_SIZE])
{
	if (reason == DROP_JOIN_NOT_ANSWERABLE && unanswerable[0])
		snprintf(detail, DETAIL_SIZE, "%s", unanswerable);
}

void turn_decide_join(struct network *n, struct turn *t, struct turn_item *item)
{
	struct device *d = fleet_device(n->fleet, item->join.dev_eui);
	char unanswerable[DETAIL_SIZE] = "";
	struct join_input in = {
		.request = &item->join, .e = item->e, .fleet = n->fleet, .device = d, .net_id = n->options.net_id,
		.dev_addr = free_dev_addr(n),
	};
	struct join_outcome o;

	in.answerable = d && answer_can_join(n, d, item->e, &in.with_cf_list, unanswerable);
	join_decide(n->crypto, &in, &o);
	add_detail(o.reason, unanswerable, o.detail);
	if (o.reason) {
		drop_join(n, t, item, d, &o);
	} else {
		store_batch_join(t->c->batch, d->dev_eui, d->join_eui, item->join.dev_nonce, o.join_nonce);
		if (device_nonce_add(d, d->join_eui, item->join.dev_nonce))
			t->c->bad = true;
		apply_accept(n, t, item, d, &o.accept, o.join_nonce, o.dr, o.channel);
	}
	explicit_bzero(&o.accept.session.keys, sizeof(o.accept.session.keys));
	collect_done(&n->collect, item->e, (JOIN_ACCEPT_DELAY2_S)*1000000u);
}

static void drop_rejoin(struct network *n, struct turn *t, struct turn_item *item, struct device *d,
                        struct rejoin_outcome *o)
{
	struct frame_up row = turn_row_of(item);
	char type[8];
	struct text_pair more = {"rejoin_type", type};

	if (o->reason == DROP_UNKNOWN_DEV_EUI)
		turn_count_foreign(n, item->rejoin.net_id, true, item->e->first_wall_us);
	row.device = d;
	row.dr = o->dr;
	row.reason = o->reason;
	row.detail = o->detail;
	if (!turn_drop_row(n, t, &row) || !d)
		return;
	snprintf(type, sizeof(type), "%u", item->rejoin.type);
	if (o->reason == DROP_MIC_MISMATCH)
		turn_drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "UPLINK_MIC", &more, 1);
	else if (o->reason == DROP_RJ_COUNT_USED)
		turn_drop_event(n, t->lazy, d, item->e, o->reason, o->detail, "ERROR", "OTAA", &more, 1);
}

void turn_decide_rejoin(struct network *n, struct turn *t, struct turn_item *item)
{
	const struct phy_rejoin_request *request = &item->rejoin;
	struct device *d = fleet_device(n->fleet, request->dev_eui);
	char unanswerable[DETAIL_SIZE] = "";
	struct rejoin_input in = {
		.request = request, .e = item->e, .fleet = n->fleet, .device = d, .net_id = n->options.net_id,
		.dev_addr = free_dev_addr(n),
	};
	struct rejoin_outcome o;

	in.answerable = d && answer_can_join(n, d, item->e, &in.with_cf_list, unanswerable);
	rejoin_decide(n->crypto, &in, &o);
	add_detail(o.reason, unanswerable, o.detail);
	if (o.reason) {
		drop_rejoin(n, t, item, d, &o);
	} else {
		store_batch_rejoin(t->c->batch, d->dev_eui, request->type, request->rj_count, o.join_nonce);
		if (request->type == 1)
			d->rj_count1 = request->rj_count;
		else
			d->sessions[SLOT_CURRENT]->next_rj_count0 = request->rj_count + 1u;
		apply_accept(n, t, item, d, &o.accept, o.join_nonce, o.dr, o.channel);
	}
	explicit_bzero(&o.accept.session.keys, sizeof(o.accept.session.keys));
	collect_done(&n->collect, item->e, (JOIN_ACCEPT_DELAY2_S)*1000000u);
}
