#include "network/class_schedule.h"

#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"

enum device_class class_at_start(const struct profile *p, bool is_1_1)
{
	return p->supports_class_c && !is_1_1 ? CLASS_C : CLASS_A;
}

static bool may_be_class_b(const struct profile *p)
{
	return p->supports_class_b && mac_version_rules(p->mac_version)->has_class_b;
}

enum device_class class_after_uplink(const struct profile *p, bool is_1_1, enum device_class before, bool class_b_bit)
{
	if (class_b_bit && may_be_class_b(p))
		return CLASS_B;
	/* Not both at once: a device that leaves class B is what it was at the start. Before 1.1 the profile's word counts
	 * always, so a change of it takes effect without another join. */
	if (before == CLASS_B || !is_1_1)
		return class_at_start(p, is_1_1);
	return before;
}

#define TOLD_CLASS_C 2

enum device_class class_as_told(const struct profile *p, enum device_class now, uint8_t told)
{
	if (now == CLASS_B || told == CLASS_TOLD_NOTHING)
		return now;
	return told == TOLD_CLASS_C && p->supports_class_c ? CLASS_C : CLASS_A;
}

enum device_class class_served(const struct profile *p, const struct session_up_row *up, int64_t now_wall_us)
{
	switch (up->device_class) {
	case CLASS_B:
		return may_be_class_b(p) && now_wall_us - up->last_seen_us < CLASS_B_LOST_US ? CLASS_B : CLASS_A;
	case CLASS_C:
		return p->supports_class_c ? CLASS_C : CLASS_A;
	default:
		return CLASS_A;
	}
}

uint64_t class_b_slot_after(struct lw_crypto *crypto, const struct ping_slots *slots, uint64_t now_gps_us,
                            int64_t lead_us)
{
	if (slots->periodicity < 0 || slots->periodicity > CLASS_B_PERIODICITY_MAX || !now_gps_us)
		return 0;
	return class_b_next_slot_us(crypto, now_gps_us + (uint64_t)lead_us, slots->dev_addr, (unsigned)slots->periodicity);
}

static void idle(struct class_plan *out, const char *why)
{
	out->step = CLASS_IDLE;
	out->why = why;
}

static void wait_until(struct class_plan *out, int64_t at_wall_us, const char *why)
{
	out->step = CLASS_WAIT;
	out->at_wall_us = at_wall_us;
	out->why = why;
}

/* The item that is neither waiting nor done, or NULL: one at a time. */
static struct queue_item *open_item(const struct device *d)
{
	struct queue_item *item = d->queue;

	while (item && item->state == QUEUE_WAITING)
		item = item->next;
	return item;
}

static void decide_open(const struct class_input *in, struct queue_item *item, enum device_class by, struct class_plan *out)
{
	const struct profile *p = in->device->profile;
	int64_t timeout_us = (by == CLASS_B ? p->class_b_timeout_s : p->class_c_timeout_s) * INT64_C(1000000);

	if (item->state != QUEUE_SENT) {
		idle(out, "a downlink is under way");
	} else if (in->now_wall_us < item->sent_us + timeout_us) {
		wait_until(out, item->sent_us + timeout_us, "a confirmed downlink waits for its acknowledgement");
	} else {
		out->step = CLASS_ACK_TIMEOUT;
		out->item = item;
	}
}

static void decide_slot(struct lw_crypto *crypto, const struct class_input *in, struct class_plan *out)
{
	uint64_t now_gps_us = gps_us_from_wall_us(in->now_wall_us);
	int64_t lead_us = in->lead_us + CLASS_B_MARGIN_US, spare_us;

	out->slot_gps_us = class_b_slot_after(crypto, &in->slots, now_gps_us, in->lead_us);
	if (!out->slot_gps_us) {
		idle(out, "its ping slots are not known: no PingSlotInfoReq came, and its profile has no ping_slot_periodicity");
		return;
	}
	spare_us = (int64_t)(out->slot_gps_us - now_gps_us) - lead_us;
	if (spare_us > 0)
		wait_until(out, in->now_wall_us + spare_us, "for its ping slot");
	else
		out->step = CLASS_SEND;
}

/* No item may go now; one may later. */
static void decide_none(const struct class_input *in, struct class_plan *out)
{
	int64_t at_wall_us = device_queue_next_time(in->device->queue, in->now_wall_us);

	if (at_wall_us)
		wait_until(out, at_wall_us, "not before its time");
	else
		idle(out, "nothing to send");
}

void class_decide(struct lw_crypto *crypto, const struct class_input *in, struct class_plan *out)
{
	const struct device *d = in->device;
	const struct session *s = d->sessions[SLOT_CURRENT];
	struct queue_item *open;
	bool more;

	*out = (struct class_plan){.step = CLASS_IDLE};
	if (!d->queue || !s || !s->region || !d->enabled) {
		idle(out, "nothing to send");
		return;
	}
	out->by = class_served(d->profile, &s->up, in->now_wall_us);
	if (out->by == CLASS_A) {
		idle(out, "class A");
		return;
	}
	if (d->sessions[SLOT_PENDING] || !s->up.has_up) {
		idle(out, "no uplink in its new session yet");
		return;
	}
	open = open_item(d);
	if (open) {
		decide_open(in, open, out->by, out);
		return;
	}
	out->item = (struct queue_item *)device_queue_next(d->queue, in->now_wall_us, &more);
	if (!out->item) {
		decide_none(in, out);
		return;
	}
	if (in->answer_ahead)
		idle(out, "it goes with the answer to an uplink");
	else if (in->quiet_until_wall_us > in->now_wall_us)
		wait_until(out, in->quiet_until_wall_us, "receive windows or a transmission are ahead");
	else if (out->by == CLASS_B)
		decide_slot(crypto, in, out);
	else
		out->step = CLASS_SEND;
}
