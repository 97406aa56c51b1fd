/* device_queue.c - the downlinks queued for a device, oldest first. */
#include <stdlib.h>
#include <string.h>

#include "network/fleet.h"

struct queue_item *device_queue_add(struct device *d, const struct queue_row *row)
{
	struct queue_item *item = calloc(1, sizeof(*item) + row->data_len), **end = &d->queue;

	if (!item)
		return NULL;
	item->id = row->queue_item_id;
	item->state = row->state;
	item->confirmed = row->confirmed;
	item->has_f_cnt_down = row->has_f_cnt_down;
	item->f_port = row->f_port;
	item->data_len = (uint8_t)row->data_len;
	item->f_cnt_down = row->f_cnt_down;
	item->created_us = row->created_us;
	item->expires_us = row->expires_us;
	item->not_before_us = row->not_before_us;
	item->retries = row->retries;
	item->attempts = row->attempts;
	if (row->data_len)
		memcpy(item->data, row->data, row->data_len);
	while (*end)
		end = &(*end)->next;
	*end = item;
	return item;
}

struct queue_item *device_queue_find(const struct device *d, struct uuid id)
{
	struct queue_item *item = d->queue;

	while (item && !uuid_equal(item->id, id))
		item = item->next;
	return item;
}

bool queue_item_is_expired(const struct queue_item *item, int64_t now_wall_us)
{
	return item->expires_us && now_wall_us >= item->expires_us;
}

bool queue_item_may_retry(const struct queue_item *item, int64_t now_wall_us)
{
	return item->attempts <= item->retries && !queue_item_is_expired(item, now_wall_us);
}

const struct queue_item *device_queue_next(const struct queue_item *queue, int64_t now_wall_us, bool *more)
{
	const struct queue_item *first = NULL;
	bool blocked = false;
	unsigned ready = 0;

	for (const struct queue_item *item = queue; item; item = item->next) {
		if (item->state != QUEUE_WAITING) {
			blocked = true;
		} else if (item->not_before_us <= now_wall_us && !queue_item_is_expired(item, now_wall_us)) {
			ready++;
			if (!first)
				first = item;
		}
	}
	*more = ready > (blocked ? 0 : 1);
	return blocked ? NULL : first;
}

int64_t device_queue_next_time(const struct queue_item *queue, int64_t now_wall_us)
{
	int64_t least = 0;

	for (const struct queue_item *item = queue; item; item = item->next) {
		if (item->state == QUEUE_WAITING && item->not_before_us > now_wall_us && (!least || item->not_before_us < least))
			least = item->not_before_us;
	}
	return least;
}

void device_queue_remove(struct device *d, struct uuid id)
{
	for (struct queue_item **at = &d->queue; *at; at = &(*at)->next)
		if (uuid_equal((*at)->id, id)) {
			struct queue_item *item = *at;

			*at = item->next;
			free(item);
			return;
		}
}

void device_queue_clear(struct device *d)
{
	while (d->queue) {
		struct queue_item *item = d->queue;

		d->queue = item->next;
		free(item);
	}
}
