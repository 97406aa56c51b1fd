/*
 * queue_life.c - how an item leaves the queue of a device, other than by being sent.
 *
 *   waiting --(sent: transmit.c)--> confirmed: sent --(ACK)----------------------> gone, `ack` true
 *      ^                                         --(no ACK, tries are left)-----> waiting, in its place
 *      '------------------------------------------(no ACK, none left)-----------> gone, `ack` false
 *   waiting --(its time is over)--> gone: `log` EXPIRED, or `ack` false when it was sent before
 *
 * No ACK is the next uplink with a new counter and without it, or in class B and C the end of the time the profile gives.
 * An item that leaves frees no counter: the next frame takes the next one.
 */
#include <stdlib.h>

#include "network/internal.h"
#include "network/log_text.h"

/* What a device began to send before it had the downlink cannot acknowledge it: two frames at the slowest rate. */
#define BEGUN_BEFORE_US 4000000

static void remove_item(struct commit *c, struct device *d, const struct queue_item *item)
{
	store_batch_queue_delete(c->batch, item->id);
	commit_touch(c, d->dev_eui);
	device_queue_remove(d, item->id);
}

static void end_with_ack(struct network *n, struct commit *c, struct device *d, const struct queue_item *item,
                         int64_t time_us, const struct uuid *deduplication_id, bool acknowledged)
{
	text_ack_event(commit_row_begin(c), d, time_us, deduplication_id, item, acknowledged);
	commit_row_end(c, LOG_EVENT, "ack", time_us, &d->dev_eui, NULL, NULL);
	transmit_item_done(n, item->id);
	remove_item(c, d, item);
}

static void again_or_end(struct network *n, struct commit *c, struct device *d, struct queue_item *item, int64_t time_us,
                         int64_t now_us, const struct uuid *deduplication_id)
{
	if (!queue_item_may_retry(item, now_us)) {
		end_with_ack(n, c, d, item, time_us, deduplication_id, false);
		return;
	}
	item->state = QUEUE_WAITING;
	store_batch_queue_state(c->batch, item->id, QUEUE_WAITING, item->f_cnt_down);
	commit_touch(c, d->dev_eui);
}

/* An ACK may come for an item that waits to be sent again: it was late, not lost. */
static struct queue_item *awaiting(const struct device *d, bool ack)
{
	struct queue_item *item = d->queue;

	while (item && !(item->confirmed && (item->state != QUEUE_WAITING || (ack && item->attempts && item->sent_us))))
		item = item->next;
	return item;
}

void queue_on_uplink(struct network *n, struct commit *c, struct device *d, const struct session *s, bool ack,
                     const struct collected *e, struct uuid deduplication_id)
{
	struct queue_item *item = awaiting(d, ack);

	if (!item)
		return;
	if (ack) {
		end_with_ack(n, c, d, item, uplink_time_us(e), &deduplication_id, true);
		return;
	}
	/* On its way still: without an ACK this uplink says nothing about it. */
	if (item->state == QUEUE_IN_FLIGHT)
		return;
	if (s->up.device_class != CLASS_A && e->first_wall_us < item->sent_us + BEGUN_BEFORE_US)
		return;
	again_or_end(n, c, d, item, uplink_time_us(e), e->first_wall_us, &deduplication_id);
}

void queue_ack_timeout(struct network *n, struct commit *c, struct device *d, struct queue_item *item, int64_t now_us)
{
	again_or_end(n, c, d, item, now_us, now_us, NULL);
}

void queue_on_new_session(struct network *n, struct commit *c, struct device *d)
{
	for (struct queue_item *item = d->queue; item; item = item->next) {
		item->sent_us = 0;
		if (item->state == QUEUE_WAITING)
			continue;
		transmit_item_done(n, item->id);
		item->state = QUEUE_WAITING;
		store_batch_queue_state(c->batch, item->id, QUEUE_WAITING, item->f_cnt_down);
	}
}

static void expire(struct network *n, struct commit *c, struct device *d, const struct queue_item *item, int64_t now_us)
{
	char id[UUID_TEXT_SIZE];
	struct text_pair context = {"queue_item_id", uuid_format(item->id, id)};

	if (item->attempts && item->confirmed) {
		end_with_ack(n, c, d, item, now_us, NULL, false);
		return;
	}
	text_log_event(commit_row_begin(c), d, now_us, "ERROR", "EXPIRED", "queue item dropped, its time is over", &context, 1);
	commit_row_end(c, LOG_EVENT, "log", now_us, &d->dev_eui, NULL, NULL);
	remove_item(c, d, item);
}

void queue_expire(struct network *n, struct commit *c, struct device *d, int64_t now_us)
{
	for (struct queue_item *item = d->queue, *next; item; item = next) {
		next = item->next;
		/* What a gateway has, or a device may be acknowledging, is settled first. */
		if (item->state == QUEUE_WAITING && queue_item_is_expired(item, now_us))
			expire(n, c, d, item, now_us);
	}
}

/* ---- watching ----------------------------------------------------------------------------------- */

/*
 * One timer for each device with an item that can expire, so that it does not need an uplink to do so. Wall time may be set,
 * timers run evenly: none waits longer than an hour before it looks again.
 */
struct queue_watch {
	struct due due;
	struct queue_watch *next, **link;
	struct eui64 dev_eui;
};

#define WATCH_MAX_US INT64_C(3600000000)
#define WATCH_BUSY_US 1000000   /* an item on its way is over its time: look again */
#define WRITE_RETRY_US 2000     /* a control write on the device is under way */

static void watch_free(struct network *n, struct queue_watch *w)
{
	struct device *d = fleet_device(n->fleet, w->dev_eui);

	if (d && d->queue_watch == w)
		d->queue_watch = NULL;
	due_cancel(&n->due, &w->due);
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	free(w);
}

/* Microseconds until the first item of the queue expires; -1: none ever does. */
static int64_t until_expiry_us(const struct device *d, int64_t now_us)
{
	int64_t least = -1;

	for (const struct queue_item *item = d->queue; item; item = item->next) {
		int64_t us = item->expires_us - now_us;

		if (!item->expires_us)
			continue;
		if (us < 0)
			us = 0;
		if (item->state != QUEUE_WAITING && us < WATCH_BUSY_US)
			us = WATCH_BUSY_US;
		if (least < 0 || us < least)
			least = us;
	}
	return least < WATCH_MAX_US ? least : WATCH_MAX_US;
}

static void on_watch(struct due *due, void *arg)
{
	struct network *n = arg;
	struct queue_watch *w = (struct queue_watch *)due;
	struct device *d = fleet_device(n->fleet, w->dev_eui);
	int64_t now_us = clock_wall_us();
	struct commit *c;

	if (!d || d->queue_watch != w || n->draining) {
		watch_free(n, w);
		return;
	}
	if (d->writes || d->profile->writes) {
		if (due_set(&n->due, due, clock_mono_us() + WRITE_RETRY_US))
			watch_free(n, w);
		return;
	}
	if (until_expiry_us(d, now_us) == 0) {
		c = commit_new(n);
		if (c) {
			queue_expire(n, c, d, now_us);
			commit_submit(c, false);
		}
	}
	queue_watch(n, d);
}

static struct queue_watch *watch_new(struct network *n, struct device *d)
{
	struct queue_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->due.fire = on_watch;
	w->dev_eui = d->dev_eui;
	w->next = n->queue_watches;
	w->link = &n->queue_watches;
	if (w->next)
		w->next->link = &w->next;
	n->queue_watches = w;
	d->queue_watch = w;
	return w;
}

void queue_watch(struct network *n, struct device *d)
{
	int64_t us = until_expiry_us(d, clock_wall_us());
	struct queue_watch *w = d->queue_watch;

	if (us < 0) {
		if (w)
			watch_free(n, w);
		return;
	}
	/* Out of memory: it expires at its next chance to be sent. */
	if (!w)
		w = watch_new(n, d);
	if (w && due_set(&n->due, &w->due, clock_mono_us() + (uint64_t)us))
		watch_free(n, w);
}

void queue_watch_all(struct network *n)
{
	struct device *d;

	for (size_t at = 0; (d = ptr_table_next(&n->fleet->devices, &at));) {
		if (d->queue)
			queue_watch(n, d);
	}
}

void queue_watch_free_all(struct network *n)
{
	while (n->queue_watches)
		watch_free(n, n->queue_watches);
}

void network_queue_changed(struct network *n, struct device *d)
{
	queue_watch(n, d);
	class_kick(n, d);
}
