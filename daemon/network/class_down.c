/*
 * class_down.c - downlinks of class B and C: the timer, the commit and the hand-over; class_schedule.c decides.
 *
 * A device has a timer while something waits for it that an uplink need not come for. It looks again whenever
 * something changed: an item was queued, an uplink was answered, a downlink was settled. Nothing is promised ahead:
 * frame and counter are made when they can leave, so a class A answer that comes first takes item and counter. A frame
 * for a ping slot is made less than RX1's shortest delay (1 s) before it, so no later answer, with a higher counter, is
 * on air before it.
 */
#include <stdlib.h>
#include <string.h>

#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"
#include "network/class_place.h"
#include "network/class_schedule.h"
#include "network/downlink.h"
#include "network/log_text.h"
#include "network/mac_session.h"
#include "network/mac_state.h"
#include "network/windows.h"

#define NO_PATH_RETRY_US 5000000  /* a gateway may come back */
#define FAILED_PAUSE_US 2000000   /* a gateway refused: not at once again, each try costs a counter */
#define FAILED_DOUBLINGS_MAX 8    /* so the longest pause is eight minutes and a half */
#define START_US 3000000          /* gateways need to say where they are */
#define AFTER_AIR_US 100000       /* a device needs to listen again */
#define RX_OPEN_US 200000         /* our estimate of a receive window is that much off */
#define WRITE_RETRY_US 2000       /* a control write on the device is under way */

_Static_assert(LEAD_MAX_US + CLASS_B_MARGIN_US < 1000000, "no answer overtakes a frame that waits for its ping slot");

struct class_timer {
	struct due due;
	struct class_timer *next, **link;
	struct eui64 dev_eui;
	int64_t quiet_until_wall_us;
	uint8_t failures;          /* downlinks refused by all gateways, in a row */
	bool reported;             /* that it cannot be reached was said, and holds */
};

static void timer_free(struct network *n, struct class_timer *t)
{
	struct device *d = fleet_device(n->fleet, t->dev_eui);

	if (d && d->class_timer == t)
		d->class_timer = NULL;
	due_cancel(&n->due, &t->due);
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	free(t);
}

void class_forget(struct network *n, struct device *d)
{
	if (d->class_timer)
		timer_free(n, d->class_timer);
}

void class_free_all(struct network *n)
{
	while (n->class_timers)
		timer_free(n, n->class_timers);
}

/* ---- where and when ------------------------------------------------------------------------- */

/* What the device told of its ping slots, or its profile. */
struct ping {
	struct ping_slots slots;
	uint32_t freq_hz;          /* 0: the region's */
	int dr;                    /* -1: the region's */
};

static struct ping ping_of(const struct device *d, const struct session *s)
{
	const struct profile *p = d->profile;
	struct ping out = {.slots = {s->dev_addr, p->ping_slot_periodicity}, .dr = -1};
	struct mac_state mac;

	mac_state_init(&mac, s->region, NULL);
	if (s->mac)
		mac_state_decode(&mac, s->mac, s->mac_len);
	if (mac.ping_slot_periodicity != MAC_UNKNOWN)
		out.slots.periodicity = mac.ping_slot_periodicity;
	if (mac.ping_slot_freq_hz)
		out.freq_hz = mac.ping_slot_freq_hz;
	if (mac.ping_slot_dr != MAC_UNKNOWN)
		out.dr = mac.ping_slot_dr;
	return out;
}

/* What the device has not acknowledged is as the regional text says, whatever the configuration wishes. */
static struct tx_params class_b_params(const struct session *s, const struct ping *ping, uint64_t slot_gps_us)
{
	const struct class_b_channels *channels = &s->region->table->ping_slot;
	uint64_t hop = class_b_hop(slot_gps_us, s->dev_addr);
	int group = region_join_group(s->region, s->up.rx2_freq_hz);
	struct tx_params params = {
		.freq_hz = channels->base_hz + channels->step_hz * (uint32_t)(hop % channels->count) +
		           channels->group_step_hz * (group > 0 ? (uint32_t)group : 0),
		.dr = region_params(s->region, s->device->profile->revision)->ping_slot_dr,
	};

	if (ping->freq_hz)
		params.freq_hz = ping->freq_hz;
	if (ping->dr >= 0)
		params.dr = (uint8_t)ping->dr;
	return params;
}

/* RX1 of the last uplink goes first; in class B RX2 as well, since only class C listens in RX2 anyway. */
static int64_t windows_end_us(const struct session *s, enum device_class by)
{
	int64_t windows_us = s->up.rx1_delay_s * INT64_C(1000000) + RX_OPEN_US;

	if (by != CLASS_C)
		windows_us += RX2_AFTER_RX1_US;
	return s->up.last_seen_us + windows_us;
}

/* ---- one look ------------------------------------------------------------------------------- */

static void look_again(struct network *n, struct class_timer *t, int64_t in_us)
{
	/* Wall time may be set, timers run evenly: none waits longer than an hour. */
	const int64_t longest_us = INT64_C(3600000000);

	if (in_us < 0)
		in_us = 0;
	if (due_set(&n->due, &t->due, clock_mono_us() + (uint64_t)(in_us < longest_us ? in_us : longest_us)))
		timer_free(n, t);
}

static void report(struct network *n, struct class_timer *t, const struct device *d, const struct session *s,
                   enum drop_reason reason, const char *detail)
{
	int64_t now = clock_wall_us();
	struct frame_down row = {
		.device = d, .dev_addr = s->dev_addr, .f_port = -1, .dr = -1, .m_type = M_TYPE_UNCONFIRMED_DOWN,
		.device_class = class_served(d->profile, &s->up, now) == CLASS_B ? 'B' : 'C',
		.reason = reason, .detail = detail,
	};
	struct commit *c;

	if (t->reported)
		return;
	t->reported = true;
	if (!network_may_log_drop(n, reason, now) || !(c = commit_new(n)))
		return;
	text_frame_down(commit_row_begin(c), &row, now);
	commit_row_end(c, LOG_FRAME, "down", now, &d->dev_eui, &s->dev_addr, drop_reason_name(reason));
	commit_submit(c, true);
}

static void on_committed(struct commit *c, int rc)
{
	struct network *n = c->network;
	struct transmit *t = c->arg;
	struct device *d = rc ? fleet_device(n->fleet, t->dev_eui) : NULL;

	if (rc)
		transmit_discard(n, t);
	else
		transmit_start(n, t);
	if (d && d->class_timer) /* the disk refused: it waits again, and is tried when that may be over */
		look_again(n, d->class_timer, NO_PATH_RETRY_US);
}

static void commit_frame(struct network *n, struct device *d, struct session *s, const struct downlink_outcome *built,
                         const struct transmit_option *option, const char *why)
{
	struct queue_item *item = (struct queue_item *)built->item;
	struct transmit *t = transmit_new(n, d);
	struct commit *c = t ? commit_new(n) : NULL;

	if (!c) {
		free(t);
		look_again(n, d->class_timer, NO_PATH_RETRY_US);
		return;
	}
	t->options[0] = *option;
	t->n_options = 1;
	strncpy(t->why, why, sizeof(t->why) - 1);
	t->dev_addr = s->dev_addr;
	t->f_cnt_down = built->f_cnt_down;
	t->phy_len = (uint8_t)built->phy_len;
	memcpy(t->phy, built->phy, built->phy_len);
	t->m_type = built->phy[0] >> 5;
	t->has_item = true;
	t->queue_item_id = item->id;
	t->confirmed = item->confirmed;
	t->f_port = item->f_port;
	transmit_place(n, t); /* found free a moment ago; if memory is out, transmit_start() finds that out */
	s->down = built->down;
	store_batch_session_down(c->batch, d->dev_eui, s->slot, &s->down, s->up.up_answered, NULL, 0);
	item->state = QUEUE_IN_FLIGHT;
	item->f_cnt_down = built->f_cnt_down;
	item->has_f_cnt_down = true;
	store_batch_queue_state(c->batch, item->id, QUEUE_IN_FLIGHT, built->f_cnt_down);
	commit_touch(c, d->dev_eui);
	c->done = on_committed;
	c->arg = t;
	commit_submit(c, false);
}

/* Into the slot or at once. The item stays where it does not go, and takes no counter. */
static void send_due(struct network *n, struct class_timer *t, struct device *d, const struct class_plan *plan,
                 const struct ping *ping)
{
	struct session *s = d->sessions[SLOT_CURRENT];
	uint64_t emit_gps_us = plan->slot_gps_us + CLASS_B_BEACON_DELAY_US, free_at_us = 0;
	struct class_downlink dl = {.region = s->region, .tenant = d->application->tenant, .window = WINDOW_CLASS_C};
	struct window window = {.params = {s->up.rx2_freq_hz, s->up.rx2_dr}};
	struct downlink_input in = {.session = s, .queue = d->queue, .may_take_item = true, .now_wall_us = clock_wall_us()};
	struct transmit_option option;
	struct downlink_outcome built;
	enum drop_reason reason = DROP_NO_GATEWAY_PATH;
	char why[CHOICE_TEXT_SIZE] = "", detail[DETAIL_SIZE] = "";

	if (plan->by == CLASS_B) {
		dl.window = WINDOW_PING_SLOT;
		window.params = class_b_params(s, ping, plan->slot_gps_us);
		dl.gps_us = emit_gps_us;
		dl.start_mono_us = clock_mono_us() + (emit_gps_us - gps_us_from_wall_us(in.now_wall_us));
	}
	if (!window_fill(s->region, d, mac_session_radio(s, window.params.freq_hz, -1).has_dwell, &window)) {
		report(n, t, d, s, DROP_WRONG_REGION, "the region of its revision has no such downlink data rate");
		return;
	}
	in.max_payload_m = window.max_m;
	dl.params = window.params;
	dl.radio = window.radio;
	downlink_build(n->crypto, &in, &built);
	if (!built.send || !window_carries(&window, built.phy_len)) {
		/* At the end of the counter, or longer than this rate carries: RX1 of an uplink may carry more. */
		report(n, t, d, s, built.exhausted ? DROP_F_CNT_EXHAUSTED : DROP_PAYLOAD_TOO_LONG, "it waits for an uplink");
		return;
	}
	dl.phy_len = built.phy_len;
	switch (class_place(n, d, &dl, &option, why, &reason, detail, &free_at_us)) {
	case CLASS_PLACED:
		t->reported = false;
		commit_frame(n, d, s, &built, &option, why);
		return;
	case CLASS_NO_GPS:
		report(n, t, d, s, reason, "no gateway that heard it has GPS time: it is served as class A");
		break;
	case CLASS_NO_PATH:
		report(n, t, d, s, reason, d->heard && d->heard->n ? "" : "no gateway heard it since it is of this class");
		break;
	case CLASS_NO_PLACE:
		report(n, t, d, s, reason, detail);
		look_again(n, t, (int64_t)(free_at_us - clock_mono_us()));
		return;
	}
	look_again(n, t, NO_PATH_RETRY_US);
}

static void look(struct network *n, struct class_timer *t, struct device *d)
{
	struct session *s = d->sessions[SLOT_CURRENT];
	int64_t now = clock_wall_us();
	struct class_input in = {
		.device = d, .now_wall_us = now, .answer_ahead = d->answer != NULL, .quiet_until_wall_us = t->quiet_until_wall_us,
		.lead_us = (int64_t)class_lead_us(n, d),
	};
	struct ping ping = {.slots.periodicity = -1, .dr = -1};
	struct class_plan plan;
	struct commit *c;

	if (s && s->region) {
		enum device_class by = class_served(d->profile, &s->up, now);
		int64_t windows_us = windows_end_us(s, by);

		if (by == CLASS_B)
			ping = ping_of(d, s);
		if (windows_us > in.quiet_until_wall_us)
			in.quiet_until_wall_us = windows_us;
	}
	in.slots = ping.slots;
	class_decide(n->crypto, &in, &plan);
	switch (plan.step) {
	case CLASS_IDLE:
		break;
	case CLASS_WAIT:
		look_again(n, t, plan.at_wall_us - now);
		break;
	case CLASS_SEND:
		send_due(n, t, d, &plan, &ping);
		break;
	case CLASS_ACK_TIMEOUT:
		c = commit_new(n);
		if (!c) {
			look_again(n, t, FAILED_PAUSE_US);
			break;
		}
		queue_ack_timeout(n, c, d, plan.item, now);
		commit_submit(c, false);
		look_again(n, t, 0);
		break;
	}
}

static void on_due(struct due *due, void *arg)
{
	struct network *n = arg;
	struct class_timer *t = (struct class_timer *)due;
	struct device *d = fleet_device(n->fleet, t->dev_eui);

	if (!d || d->class_timer != t || n->draining)
		timer_free(n, t);
	else if (d->writes || d->profile->writes)
		look_again(n, t, WRITE_RETRY_US);
	else
		look(n, t, d);
}

/* ---- what makes it look --------------------------------------------------------------------- */

static struct class_timer *timer_of(struct network *n, struct device *d)
{
	struct class_timer *t = d->class_timer;

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->due.fire = on_due;
	t->dev_eui = d->dev_eui;
	t->next = n->class_timers;
	t->link = &n->class_timers;
	if (t->next)
		t->next->link = &t->next;
	n->class_timers = t;
	d->class_timer = t;
	return t;
}

static bool is_class_a(const struct device *d)
{
	const struct session *s = d->sessions[SLOT_CURRENT];

	return !s || class_served(d->profile, &s->up, clock_wall_us()) == CLASS_A;
}

void class_kick(struct network *n, struct device *d)
{
	struct class_timer *t;

	if (n->draining || !d->queue || is_class_a(d))
		return;
	t = timer_of(n, d);
	if (t)
		look_again(n, t, 0);
}

void class_kick_all(struct network *n)
{
	struct device *d;
	size_t at = 0;

	while ((d = ptr_table_next(&n->fleet->devices, &at))) {
		struct class_timer *t = d->queue && !is_class_a(d) ? timer_of(n, d) : NULL;

		if (t)
			look_again(n, t, START_US);
	}
}

void class_settled(struct network *n, struct device *d, const struct transmit *t, bool sent)
{
	const struct place *p = &t->options[t->at < t->n_options ? t->at : t->n_options - 1].place;
	uint64_t now = clock_mono_us(), end = p->start_us + p->air_us + AFTER_AIR_US;
	struct class_timer *timer;

	if (is_class_a(d))
		return;
	timer = timer_of(n, d);
	if (!timer)
		return;
	if (sent)
		timer->failures = 0;
	else
		end = now + ((uint64_t)FAILED_PAUSE_US << timer->failures);
	if (!sent && timer->failures < FAILED_DOUBLINGS_MAX)
		timer->failures++;
	if (end > now && clock_wall_us() + (int64_t)(end - now) > timer->quiet_until_wall_us)
		timer->quiet_until_wall_us = clock_wall_us() + (int64_t)(end - now);
	class_kick(n, d);
}
