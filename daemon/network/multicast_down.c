/*
 * multicast_down.c - the downlinks of multicast groups.
 *
 * A group sends one item at a time: unconfirmed, no MAC commands, the group's own address, keys and counter. The counter
 * is committed before the first octet leaves; every gateway then sends the same frame, so a device that hears two of
 * them takes one. The gateways are those given by hand, else the smallest set that reaches all members where they were
 * heard last (gateway_cover.h).
 *
 *   class B              all gateways in the same ping slot of the group's address
 *   class C, gps_time    all gateways at one moment of GPS time
 *   class C, delay       one gateway after another, the next when the one before is off the air
 *
 * When all gateways have settled the item leaves the queue if one of them took it; if none did it is tried again
 * under a new counter, TRIES_MAX times.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/error.h"
#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"
#include "lorawan/phy.h"
#include "network/class_place.h"
#include "network/class_schedule.h"
#include "network/log_multicast.h"
#include "network/log_text.h"
#include "network/multicast_gateways.h"

#define TRIES_MAX 3
#define AHEAD_US 1000000       /* class C by GPS time: so long after the lead */
#define AFTER_AIR_US 500000    /* between two gateways, and two items */
#define PATIENCE_US 60000000   /* one gateway after another: for those that are busy */
#define START_US 3000000       /* gateways need to say where they are */
#define RETRY_US 5000000       /* no gateway, or none took it */

/* Made with the first item of a group, and kept while it has any. */
struct multicast_send {
	struct due due;
	struct multicast_send *next, **link;
	struct uuid group_id;
	uint64_t quiet_until_us;
	bool reported;             /* that it cannot be sent was said, and holds */
	struct multicast_reach reach; /* as it was said last */
	uint8_t tries;

	/* of the item under way */
	bool active, committing;
	struct uuid item_id;
	struct class_downlink dl;
	struct eui64 gateways[MULTICAST_GATEWAYS_MAX];
	unsigned n_gateways, at;   /* at: the next to send */
	unsigned waiting;          /* not settled yet */
	uint64_t patient_until_us; /* busy gateways are waited for until then */
	struct eui64 sent_by[MULTICAST_GATEWAYS_MAX];
	unsigned n_sent;
	uint32_t f_cnt_down;
	uint8_t f_port, phy_len;
	uint8_t phy[PHY_MAX];
};

/* While its commit is on the way that still refers to it, and frees it. */
static void send_free(struct network *n, struct multicast_send *s)
{
	struct multicast_group *g = fleet_multicast(n->fleet, s->group_id);

	if (g && g->send == s)
		g->send = NULL;
	due_cancel(&n->due, &s->due);
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	if (!s->committing)
		free(s);
}

void network_forget_multicast(struct network *n, struct multicast_group *g)
{
	if (!g->send)
		return;
	for (struct transmit *t = n->transmit_list; t; t = t->next)
		if (t->settled_arg == g->send)
			t->settled_arg = NULL; /* nobody is told any more */
	send_free(n, g->send);
}

void multicast_free_all(struct network *n)
{
	while (n->multicast_sends)
		send_free(n, n->multicast_sends);
}

static void look_at(struct network *n, struct multicast_send *s, uint64_t at_mono_us)
{
	if (due_set(&n->due, &s->due, at_mono_us))
		send_free(n, s);
}

static void say(struct network *n, const struct multicast_group *g, struct multicast_send *s, const char *text)
{
	if (!s->reported)
		n->out.log(n->out.arg, LOG_WARNING, g->name, text);
	s->reported = true;
}

/* Members that may miss what is sent, each time their number changes. */
static void say_reach(struct network *n, const struct multicast_group *g, struct multicast_send *s,
                      const struct multicast_reach *reach)
{
	char text[160];

	if (reach->unreached && reach->unreached != s->reach.unreached) {
		snprintf(text, sizeof(text), "multicast downlink: %zu of %zu devices were heard by none of its gateways, and may miss it",
		         reach->unreached, g->devices.n);
		n->out.log(n->out.arg, LOG_WARNING, g->name, text);
	}
	if (reach->left_out && !s->reach.left_out) {
		snprintf(text, sizeof(text), "multicast downlink: %d gateways at most are used, others are left out",
		         MULTICAST_GATEWAYS_MAX);
		n->out.log(n->out.arg, LOG_WARNING, g->name, text);
	}
	s->reach = *reach;
}

/* ---- how it is sent ------------------------------------------------------------------------- */

static struct tx_params params_of(const struct multicast_group *g, uint64_t slot_gps_us)
{
	struct tx_params params = {g->freq_hz, g->dr};

	if (!g->freq_hz && g->group_class == CLASS_C)
		params.freq_hz = region_rx2_default(g->region).freq_hz;
	else if (!g->freq_hz)
		params.freq_hz = region_ping_slot_freq(g->region, class_b_hop(slot_gps_us, g->mc_addr), 0);
	return params;
}

static uint64_t longest_lead_us(struct network *n, const struct multicast_send *s)
{
	uint64_t longest = 0;

	for (unsigned i = 0; i < s->n_gateways; i++) {
		uint64_t lead = answer_lead_us(n, s->gateways[i]);

		if (lead > longest)
			longest = lead;
	}
	return longest;
}

/* ---- the frame ------------------------------------------------------------------------------ */

static bool build(struct network *n, const struct multicast_group *g, const struct multicast_item *item,
                  struct multicast_send *s)
{
	uint8_t payload[UINT8_MAX];
	struct phy_data f = {
		.m_type = M_TYPE_UNCONFIRMED_DOWN,
		.dev_addr = g->mc_addr,
		.f_cnt = (uint16_t)g->f_cnt_down,
		.f_port = item->f_port,
		.frm_payload = payload,
		.frm_payload_len = item->data_len,
	};
	size_t len;

	memcpy(payload, item->data, item->data_len);
	lw_frm_payload_crypt(n->crypto, &g->mc_app_s_key, LW_DOWN, g->mc_addr, g->f_cnt_down, payload, item->data_len);
	if (phy_write_data(&f, s->phy, sizeof(s->phy), &len))
		return false;
	lw_mic_data(n->crypto, &g->mc_nwk_s_key, LW_DOWN, g->mc_addr, g->f_cnt_down, s->phy, len, s->phy + len);
	s->phy_len = (uint8_t)(len + 4);
	s->dl.phy_len = s->phy_len;
	s->f_cnt_down = g->f_cnt_down;
	s->f_port = item->f_port;
	s->item_id = item->id;
	return true;
}

/* ---- the item is done ----------------------------------------------------------------------- */

static void txack_row(struct commit *c, const struct multicast_group *g, const struct multicast_send *s, int64_t now_us)
{
	struct multicast_txack ack = {
		.group = g, .queue_item_id = s->item_id, .f_cnt_down = s->f_cnt_down, .gateways = s->sent_by,
		.n_gateways = s->n_sent, .freq_hz = s->dl.params.freq_hz,
	};

	text_multicast_txack_event(commit_row_begin(c), &ack, now_us);
	commit_row_end(c, LOG_EVENT, "txack", now_us, NULL, &g->mc_addr, NULL);
}

static void finish(struct network *n, struct multicast_send *s)
{
	struct multicast_group *g = fleet_multicast(n->fleet, s->group_id);
	struct multicast_item *item = g ? multicast_queue_find(g, s->item_id) : NULL;
	struct commit *c = item ? commit_new(n) : NULL;
	int64_t now = clock_wall_us();
	bool gives_up = !s->n_sent && ++s->tries >= TRIES_MAX;

	s->active = false;
	if (!g)
		return;
	if (!c) { /* flushed under way, or memory is out: what waits behind it was not looked at meanwhile */
		if (item)
			item->in_flight = false;
		look_at(n, s, clock_mono_us() + (item ? RETRY_US : 0));
		return;
	}
	if (s->n_sent)
		txack_row(c, g, s, now);
	if (s->n_sent || gives_up) {
		store_batch_multicast_item_delete(c->batch, item->id);
		multicast_queue_remove(g, s->item_id);
		s->tries = 0;
	} else {
		item->in_flight = false;
		store_batch_multicast_item_state(c->batch, item->id, false, s->f_cnt_down);
		s->quiet_until_us = clock_mono_us() + RETRY_US;
	}
	if (gives_up)
		n->out.log(n->out.arg, LOG_WARNING, g->name, "multicast downlink dropped: no gateway took it");
	commit_submit(c, false);
	look_at(n, s, clock_mono_us());
}

static void start_next(struct network *n, struct multicast_send *s);

static void on_settled(struct network *n, struct transmit *t, enum drop_reason reason)
{
	struct multicast_send *s = t->settled_arg;
	struct commit *c = commit_new(n);
	const struct place *p = &t->options[0].place;

	if (c) {
		transmit_row(c, t, NULL, reason);
		commit_submit(c, true);
	}
	if (!s)
		return;
	if (!reason)
		s->sent_by[s->n_sent++] = t->options[0].gateway_id;
	if (p->start_us + p->air_us + AFTER_AIR_US > s->quiet_until_us && !reason)
		s->quiet_until_us = p->start_us + p->air_us + AFTER_AIR_US;
	if (!--s->waiting && s->at == s->n_gateways)
		finish(n, s);
	else if (s->at < s->n_gateways)
		look_at(n, s, s->quiet_until_us);
}

/* When this gateway could send the frame, by our clock; 0: at the time it is meant for. */
static uint64_t busy_until(struct network *n, struct eui64 gateway_id, const struct multicast_send *s)
{
	const struct gateway *gateway = fleet_gateway(n->fleet, gateway_id);
	struct gateway_candidate c = {0};
	struct transmit_option option;
	uint64_t now = clock_mono_us();

	if (!gateway)
		return 0;
	class_option(n, gateway, &s->dl, &option);
	gateway_air_look(gateway, &option.place, now, &c);
	switch (gateway_judge(&c)) {
	case GATEWAY_BUSY:
		return c.in_the_way.start_us + c.in_the_way.air_us + CALENDAR_GUARD_US;
	case GATEWAY_DUTY_CYCLE:
		return now + RETRY_US;
	default:
		return 0;
	}
}

/* Before the counter is used: can all that send first do so? Else a later look is set. */
static bool are_free(struct network *n, const struct multicast_group *g, struct multicast_send *s)
{
	unsigned first = s->dl.gps_us ? s->n_gateways : 1;
	uint64_t latest = 0;

	for (unsigned i = 0; i < first; i++) {
		uint64_t until = busy_until(n, s->gateways[i], s);

		if (until > latest)
			latest = until;
	}
	if (!latest)
		return true;
	if (latest > clock_mono_us() + RETRY_US / 2)
		say(n, g, s, "multicast downlink waits: its gateways are busy, or their duty cycle is used up");
	look_at(n, s, latest);
	return false;
}

/* Through gateway `at`; a gateway that left meanwhile counts as one that refused. */
static void start_one(struct network *n, struct multicast_send *s)
{
	struct gateway *gateway = fleet_gateway(n->fleet, s->gateways[s->at++]);
	struct transmit *t = gateway ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return;
	t->id = network_downlink_id(n);
	t->settled = on_settled;
	t->settled_arg = s;
	class_option(n, gateway, &s->dl, &t->options[0]);
	t->n_options = 1;
	t->dev_addr = fleet_multicast(n->fleet, s->group_id)->mc_addr;
	t->f_cnt_down = s->f_cnt_down;
	t->f_port = s->f_port;
	t->m_type = M_TYPE_UNCONFIRMED_DOWN;
	t->phy_len = s->phy_len;
	memcpy(t->phy, s->phy, s->phy_len);
	s->waiting++;
	transmit_start(n, t);
}

static void start_next(struct network *n, struct multicast_send *s)
{
	uint64_t until = s->at && !s->dl.gps_us ? busy_until(n, s->gateways[s->at], s) : 0;

	if (until && clock_mono_us() < s->patient_until_us) {
		look_at(n, s, until);
		return;
	}
	/* Each may settle at once, and the last one to settle finishes: one is held open until all have begun. */
	s->waiting++;
	do {
		start_one(n, s);
	} while (s->at < s->n_gateways && s->dl.gps_us);
	if (!--s->waiting && s->at == s->n_gateways)
		finish(n, s);
	else if (!s->waiting)
		look_at(n, s, clock_mono_us()); /* that one refused: the next */
}

/* ---- one look ------------------------------------------------------------------------------- */

static void on_committed(struct commit *c, int rc)
{
	struct network *n = c->network;
	struct multicast_send *s = c->arg;
	struct multicast_group *g = fleet_multicast(n->fleet, s->group_id);
	struct multicast_item *item = g ? multicast_queue_find(g, s->item_id) : NULL;

	s->committing = false;
	if (!g || g->send != s) { /* deleted meanwhile */
		free(s);
		return;
	}
	if (rc) {
		s->active = false;
		if (item)
			item->in_flight = false;
		look_at(n, s, clock_mono_us() + RETRY_US);
		return;
	}
	start_next(n, s);
}

/* What is over its time leaves, and frees no counter. */
static void drop_expired(struct network *n, struct multicast_group *g, int64_t now_us)
{
	struct commit *c = NULL;

	for (struct multicast_item *item = g->queue, *next; item; item = next) {
		next = item->next;
		if (!item->expires_us || item->expires_us > now_us)
			continue;
		if (!c && !(c = commit_new(n)))
			return;
		n->out.log(n->out.arg, LOG_NOTICE, g->name, "multicast downlink dropped: its time is over");
		store_batch_multicast_item_delete(c->batch, item->id);
		multicast_queue_remove(g, item->id);
	}
	if (c)
		commit_submit(c, false);
}

/* When the frame goes on air; false: not yet, and a later look is set. */
static bool set_time(struct network *n, const struct multicast_group *g, struct multicast_send *s)
{
	uint64_t now_gps_us = gps_us_from_wall_us(clock_wall_us()), now = clock_mono_us(), lead_us = longest_lead_us(n, s);
	struct ping_slots slots = {g->mc_addr, g->ping_slot_periodicity};
	uint64_t slot_us, ahead_us;

	s->dl.gps_us = 0;
	if (g->group_class == CLASS_C && !g->gps_time)
		return true;
	if (g->group_class == CLASS_C) {
		/* Whole milliseconds: packet forwarders are told no finer time. */
		s->dl.gps_us = (now_gps_us + lead_us + AHEAD_US) / 1000 * 1000;
		s->dl.start_mono_us = now + (s->dl.gps_us - now_gps_us);
		return true;
	}
	slot_us = class_b_slot_after(n->crypto, &slots, now_gps_us, (int64_t)lead_us);
	if (!slot_us) {
		say(n, g, s, "multicast group without ping slot periodicity: nothing is sent");
		return false;
	}
	ahead_us = slot_us - now_gps_us;
	if (ahead_us > lead_us + CLASS_B_MARGIN_US) {
		look_at(n, s, now + ahead_us - lead_us - CLASS_B_MARGIN_US);
		return false;
	}
	s->dl.gps_us = slot_us + CLASS_B_BEACON_DELAY_US;
	s->dl.start_mono_us = now + (s->dl.gps_us - now_gps_us);
	s->dl.params = params_of(g, slot_us);
	return true;
}

static void commit_item(struct network *n, struct multicast_group *g, struct multicast_item *item,
                        struct multicast_send *s)
{
	struct commit *c = commit_new(n);

	if (!c) {
		look_at(n, s, clock_mono_us() + RETRY_US);
		return;
	}
	g->f_cnt_down++;
	item->in_flight = true;
	item->f_cnt_down = s->f_cnt_down;
	s->active = true;
	s->reported = false;
	s->at = s->waiting = s->n_sent = 0;
	s->patient_until_us = clock_mono_us() + PATIENCE_US;
	store_batch_multicast_counter(c->batch, g->id, g->f_cnt_down);
	store_batch_multicast_item_state(c->batch, item->id, true, s->f_cnt_down);
	s->committing = true;
	c->done = on_committed;
	c->arg = s;
	commit_submit(c, false);
}

static void look(struct network *n, struct multicast_group *g, struct multicast_send *s)
{
	bool by_gps = g->group_class == CLASS_B || g->gps_time;
	struct multicast_reach reach;
	struct multicast_item *item;

	drop_expired(n, g, clock_wall_us());
	item = g->queue;
	if (!item) {
		send_free(n, s);
		return;
	}
	if (!g->region) {
		say(n, g, s, "multicast group of a region that is not enabled: nothing is sent");
		return;
	}
	if (!region_downlink_radio(g->region, MULTICAST_REVISION, g->dr)) {
		say(n, g, s, "the region of the multicast group has no such downlink data rate: nothing is sent");
		return;
	}
	if (g->f_cnt_down == UINT32_MAX) {
		say(n, g, s, "the counter of the multicast group is at its end: nothing is sent");
		return;
	}
	s->dl = (struct class_downlink){
		.region = g->region, .tenant = g->application->tenant, .params = params_of(g, 0),
		.radio = region_downlink_radio(g->region, MULTICAST_REVISION, g->dr),
		.window = g->group_class == CLASS_B ? WINDOW_PING_SLOT : WINDOW_CLASS_C,
	};
	s->n_gateways = multicast_gateways(n, g, &s->dl, by_gps, s->gateways, &reach);
	if (s->n_gateways)
		say_reach(n, g, s, &reach);
	if (!s->n_gateways) {
		say(n, g, s, by_gps ? "multicast downlink waits: no gateway of the group can be reached and has GPS time"
		                    : "multicast downlink waits: no gateway of the group can be reached");
		look_at(n, s, clock_mono_us() + RETRY_US);
		return;
	}
	if (!set_time(n, g, s))
		return;
	if (item->data_len > multicast_max_item(g->region, g->dr) || !build(n, g, item, s)) {
		n->out.log(n->out.arg, LOG_WARNING, g->name, "multicast downlink dropped: too long for the data rate of the group");
		item->expires_us = 1; /* by the next look */
		look_at(n, s, clock_mono_us());
		return;
	}
	if (are_free(n, g, s))
		commit_item(n, g, item, s);
}

static void on_due(struct due *due, void *arg)
{
	struct network *n = arg;
	struct multicast_send *s = (struct multicast_send *)due;
	struct multicast_group *g = fleet_multicast(n->fleet, s->group_id);
	uint64_t now = clock_mono_us();

	if (!g || g->send != s || n->draining)
		send_free(n, s);
	else if (s->quiet_until_us > now)
		look_at(n, s, s->quiet_until_us);
	else if (!s->active)
		look(n, g, s);
	else if (s->at < s->n_gateways)
		start_next(n, s);
}

void network_multicast_changed(struct network *n, struct multicast_group *g)
{
	struct multicast_send *s = g->send;

	if (n->draining || !g->queue || (s && s->active))
		return;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return;
		s->due.fire = on_due;
		s->group_id = g->id;
		s->next = n->multicast_sends;
		s->link = &n->multicast_sends;
		if (s->next)
			s->next->link = &s->next;
		n->multicast_sends = s;
		g->send = s;
	}
	look_at(n, s, clock_mono_us());
}

void multicast_kick_all(struct network *n)
{
	struct multicast_group *g;
	size_t at = 0;

	while ((g = ptr_table_next(&n->fleet->multicast_groups, &at))) {
		network_multicast_changed(n, g);
		if (g->send)
			g->send->quiet_until_us = clock_mono_us() + START_US;
	}
}
