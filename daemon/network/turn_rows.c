/* turn_rows.c - what a turn writes about its frames: frame rows, log events of drops, counters of foreign networks. */
#include <stdio.h>

#include "network/turn.h"

#define DROP_EVENTS_PER_SECOND 10

void turn_frame_row(struct commit *c, struct frame_up *row)
{
	const struct eui64 *dev_eui = row->device ? &row->device->dev_eui : row->has_dev_eui ? &row->dev_eui : NULL;
	int64_t now = row->receptions[0].rx.recv_wall_us;

	text_frame_up(commit_row_begin(c), row, now);
	commit_row_end(c, LOG_FRAME, "up", now, dev_eui, row->has_dev_addr ? &row->dev_addr : NULL,
	               drop_reason_name(row->reason));
}

bool turn_lazy(struct network *n, struct turn *t)
{
	if (!t->lazy)
		t->lazy = commit_new(n);
	return t->lazy != NULL;
}

bool turn_drop_row(struct network *n, struct turn *t, struct frame_up *row)
{
	if (!network_may_log_drop(n, row->reason, row->e->first_wall_us) || !turn_lazy(n, t))
		return false;
	turn_frame_row(t->lazy, row);
	return true;
}

struct frame_up turn_row_of(const struct turn_item *item)
{
	struct frame_up row = {
		.e = item->e, .receptions = item->e->receptions, .n_receptions = item->e->n,
		.m_type = item->m_type, .f_port = -1, .dr = -1,
	};

	if (turn_dev_eui(item)) {
		row.dev_eui = *turn_dev_eui(item);
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

void turn_drop_event(struct network *n, struct commit *c, const struct device *d, const struct collected *e,
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

void turn_count_foreign(struct network *n, uint32_t net_id, bool is_join, int64_t now_us)
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
