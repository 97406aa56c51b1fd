#include "network/commit.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/error.h"
#include "network/internal.h"

struct commit *commit_new(struct network *n)
{
	struct commit *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->batch = store_batch_new();
	if (!c->batch) {
		free(c);
		return NULL;
	}
	c->network = n;
	text_buf_init(&c->text);
	return c;
}

static void commit_free(struct commit *c)
{
	text_buf_fini(&c->text);
	free(c->rows[LOG_EVENT].rows);
	free(c->rows[LOG_FRAME].rows);
	free(c->touched);
	free(c);
}

struct text_buf *commit_row_begin(struct commit *c)
{
	c->row_at = c->text.len;
	return &c->text;
}

void commit_row_end(struct commit *c, enum store_log log, const char *kind, int64_t time_us,
                    const struct eui64 *dev_eui, const uint32_t *dev_addr, const char *drop_reason)
{
	struct commit_rows *r = &c->rows[log];

	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 8;
		struct log_row *more = realloc(r->rows, cap * sizeof(*more));

		if (!more) {
			c->bad = true;
			return;
		}
		r->rows = more;
		r->cap = cap;
	}
	r->rows[r->n++] = (struct log_row){
		.time_us = time_us,
		.kind = kind,
		.dev_eui = dev_eui ? *dev_eui : (struct eui64){{0}},
		.has_dev_eui = dev_eui != NULL,
		.dev_addr = dev_addr ? *dev_addr : 0,
		.has_dev_addr = dev_addr != NULL,
		.drop_reason = drop_reason,
		.seq = c->row_at, /* the text may still move: the place now, the pointer at submit */
		.body_len = c->text.len - c->row_at,
	};
}

void commit_touch(struct commit *c, struct eui64 dev_eui)
{
	if (c->n_touched == c->cap_touched) {
		size_t cap = c->cap_touched ? c->cap_touched * 2 : 8;
		struct eui64 *more = realloc(c->touched, cap * sizeof(*more));

		if (!more) {
			c->bad = true;
			return;
		}
		c->touched = more;
		c->cap_touched = cap;
	}
	c->touched[c->n_touched++] = dev_eui;
}

/* Memory moved ahead of the disk, and the disk did not follow: memory goes back. */
static void reload(struct commit *c)
{
	struct network *n = c->network;

	if (c->n_touched && fleet_reload_devices(n->fleet, n->store, c->touched, c->n_touched))
		n->out.log(n->out.arg, LOG_ERR, "store", "sessions could not be reloaded after a failed commit");
	for (size_t i = 0; i < c->n_touched; i++) {
		struct device *d = fleet_device(n->fleet, c->touched[i]);

		if (d)
			queue_watch(n, d);
	}
}

static void finish(struct commit *c, int rc)
{
	struct network *n = c->network;

	if (rc && n->sealed) {
		/* The end: memory is about to go, the disk is right as it is. */
	} else if (rc) {
		reload(c);
	} else {
		for (int log = LOG_EVENT; log <= LOG_FRAME; log++)
			if (c->rows[log].n)
				n->out.publish(n->out.arg, (enum store_log)log, c->rows[log].rows, c->rows[log].n);
	}
	if (c->done)
		c->done(c, rc);
	commit_free(c);
}

void commit_discard(struct commit *c)
{
	store_batch_free(c->batch);
	c->rows[LOG_EVENT].n = c->rows[LOG_FRAME].n = 0;
	finish(c, LS_OK);
}

static void on_batch_done(struct store_batch *b)
{
	struct commit *c = b->arg;
	int rc = b->rc;

	store_batch_free(b);
	finish(c, rc);
}

void commit_submit(struct commit *c, bool lazy)
{
	struct network *n = c->network;

	for (int log = LOG_EVENT; log <= LOG_FRAME && !c->bad && !c->text.bad; log++)
		for (size_t i = 0; i < c->rows[log].n; i++) {
			struct log_row *row = &c->rows[log].rows[i];

			row->body = c->text.data + row->seq;
			if (store_batch_log(n->store, c->batch, (enum store_log)log, row))
				c->bad = true;
		}
	if (c->bad || c->text.bad || c->batch->bad || n->sealed) {
		store_batch_free(c->batch);
		finish(c, n->sealed ? LS_EUNREACHABLE : LS_ENOMEM);
		return;
	}
	c->batch->lazy = lazy;
	c->batch->arg = c;
	c->batch->done = on_batch_done;
	store_submit(n->store, c->batch);
}
