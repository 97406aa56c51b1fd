/*
 * log_stream.c - history and live tails of the event log and the frame ring.
 *
 * A subscription has a place in its log, `next_seq`. While it is live, rows are appended to its connection
 * as they are published: the item is composed once for all of them. When its connection is slow (its
 * output is over OUTPUT_FULL) it falls behind, and is fed from the log by the reader thread, a chunk whenever
 * there is room, until it has caught up; so nothing is lost and little memory used, however slow the
 * reader. Only rows pruned before they were read become a gap.
 *
 *   start --(no place asked for)--> live <--(reached `published`)-- feeding <--(place, since, last)-- start
 *                                    \------(output full)------------->
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/internal.h"

#define CHUNK_ROWS 256

struct feed;

struct subscription {
	struct subscription *next, **link; /* of control.subscriptions */
	struct connection *conn;           /* NULL: over, `feed` is the last to look */
	json_t *request_id;
	uint64_t number;
	enum store_log log;
	struct log_filter filter;
	uint64_t next_seq;                 /* 0: from since_us, or the oldest */
	int64_t since_us;
	uint64_t last;                     /* of the first chunk: only the last so many */
	int64_t left;                      /* items to send, negative: no end */
	bool live;
	struct feed *feed;                 /* a chunk is being read */
};

/* A chunk of stored rows as items, made on the reader thread. */
struct feed {
	struct store_query query;
	struct subscription *sub;
	struct log_read read;
	struct log_filter filter;
	uint64_t epoch, published;         /* when it was asked for: all below is visible to the reader */
	uint64_t last_seq;
	int64_t n_rows;
	struct text_buf items;             /* one a line */
};

/* --- notifications --- */

static void put_head(struct text_buf *out, const struct subscription *sub)
{
	text_puts(out, "{\"jsonrpc\":\"2.0\",\"method\":\"stream\",\"params\":{\"subscription\":");
	text_put_u64(out, sub->number);
}

static void sub_free(struct subscription *sub)
{
	json_decref(sub->request_id);
	free(sub);
}

static void sub_end(struct subscription *sub)
{
	sub->conn->n_subscriptions--;
	*sub->link = sub->next;
	if (sub->next)
		sub->next->link = sub->link;
	sub->conn = NULL;
	if (!sub->feed)
		sub_free(sub);
}

/* One item and, when it was the last one asked for, the end. False: the subscription is gone. */
static bool send_item(struct subscription *sub, const char *item, size_t len, bool counts)
{
	struct connection *conn = sub->conn;
	struct text_buf *out = connection_out(conn);

	put_head(out, sub);
	text_puts(out, ",\"item\":");
	text_put(out, item, len);
	text_puts(out, "}}\n");
	if (counts && sub->left > 0 && --sub->left == 0) {
		put_head(out, sub);
		text_puts(out, ",\"end\":true}}\n");
		sub_end(sub);
		connection_wrote(conn);
		return false;
	}
	connection_wrote(conn); /* may close it, and end the subscription */
	return !conn->closing;
}

static bool send_gap(struct subscription *sub, int64_t lost, uint64_t before_seq)
{
	struct control *c = sub->conn->control;
	struct text_buf item;
	bool ok;

	text_buf_init(&item);
	log_item_put_gap(&item, lost, c->epoch, before_seq ? before_seq - 1 : 0);
	ok = send_item(sub, item.data ? item.data : "null", item.data ? item.len : 4, false);
	text_buf_fini(&item);
	return ok;
}

/* --- live --- */

static bool is_in_scope(const struct fleet *f, const struct log_filter *filter, const struct log_row *row)
{
	const struct device *d;

	if (!filter->has_tenant && !filter->has_application)
		return true;
	d = row->has_dev_eui ? fleet_device(f, row->dev_eui) : NULL;
	if (!d || (filter->has_application && !uuid_equal(d->application->id, filter->application_id)))
		return false;
	return !filter->has_tenant || uuid_equal(d->application->tenant->id, filter->tenant_id);
}

void stream_publish(struct control *c, enum store_log log, const struct log_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct log_row *row = &rows[i];
		struct subscription *sub, *next;

		text_buf_reset(&c->item);
		for (sub = c->subscriptions; sub; sub = next) {
			next = sub->next;
			if (!sub->live || sub->log != log || row->seq < sub->next_seq)
				continue;
			if (connection_waiting(sub->conn) > OUTPUT_FULL) {
				sub->live = false; /* next_seq says where to go on */
				continue;
			}
			sub->next_seq = row->seq + 1;
			if (!log_filter_match(&sub->filter, row) || !is_in_scope(&c->srv->fleet, &sub->filter, row))
				continue;
			if (!c->item.len)
				log_item_put(&c->item, log, c->epoch, row);
			if (c->item.bad) {
				sub->next_seq = row->seq;
				sub->live = false;
			} else if (!send_item(sub, c->item.data, c->item.len, true)) {
				next = c->subscriptions; /* others may have ended with it; who has the row is passed over */
			}
		}
		if (row->seq >= c->published[log])
			c->published[log] = row->seq + 1;
	}
}

/* --- from the log --- */

static void add_row(void *arg, const struct log_row *row)
{
	struct feed *feed = arg;

	log_item_put(&feed->items, feed->read.log, feed->epoch, row);
	text_putc(&feed->items, '\n');
	feed->last_seq = row->seq;
	feed->n_rows++;
}

static int run_feed(struct store_db *db, struct store_query *query)
{
	struct feed *feed = query->arg;
	int rc = store_log_read(db, &feed->read);

	return rc ? rc : feed->items.bad ? LS_ENOMEM : LS_OK;
}

static void feed_init(struct feed *feed, const struct control *c, enum store_log log, const struct log_filter *filter)
{
	text_buf_init(&feed->items);
	feed->filter = *filter;
	feed->epoch = c->epoch;
	feed->published = c->published[log];
	feed->read.log = log;
	feed->read.fn = add_row;
	feed->read.arg = feed;
	log_filter_apply(&feed->filter, &feed->read);
	feed->query.arg = feed;
	feed->query.run = run_feed;
}

static void feed_free(struct feed *feed)
{
	text_buf_fini(&feed->items);
	free(feed);
}

static void feed_done(struct store_query *query);

static void start_feed(struct subscription *sub)
{
	struct control *c = sub->conn->control;
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return; /* tried again when the connection has sent something */
	feed_init(feed, c, sub->log, &sub->filter);
	feed->sub = sub;
	feed->read.from_seq = sub->next_seq;
	feed->read.since_us = sub->next_seq ? 0 : sub->since_us;
	feed->read.last = sub->last;
	feed->read.limit = sub->last ? (int64_t)sub->last : CHUNK_ROWS;
	if (!sub->next_seq && !sub->since_us)
		feed->read.from_seq = 1;
	feed->query.done = feed_done;
	sub->feed = feed;
	store_read(c->srv->store, &feed->query);
}

/* Rows were pruned that it had not seen. */
static bool report_gap(struct subscription *sub, const struct feed *feed)
{
	uint64_t first = feed->read.first_stored_seq;

	if (!sub->next_seq || sub->last || first <= sub->next_seq)
		return true;
	return send_gap(sub, (int64_t)(first - sub->next_seq), first);
}

static bool send_chunk(struct subscription *sub, const struct feed *feed)
{
	const char *p = feed->items.data, *end = p + feed->items.len;

	while (p && p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		if (!send_item(sub, p, (size_t)(newline - p), true))
			return false;
		p = newline + 1;
	}
	return true;
}

static void feed_done(struct store_query *query)
{
	struct feed *feed = query->arg;
	struct subscription *sub = feed->sub;
	uint64_t reached = feed->n_rows ? feed->last_seq + 1 : 0;
	bool full = feed->n_rows >= feed->read.limit && !feed->read.last;
	struct control *c;

	sub->feed = NULL;
	if (!sub->conn) { /* it ended meanwhile */
		sub_free(sub);
		feed_free(feed);
		return;
	}
	c = sub->conn->control;
	if (!query->rc && report_gap(sub, feed) && send_chunk(sub, feed)) {
		/* A chunk that is not full has seen all that was published when it was asked for. */
		if (!full && reached < feed->published)
			reached = feed->published;
		if (reached > sub->next_seq)
			sub->next_seq = reached;
		sub->last = 0;
		if (!sub->next_seq)
			sub->next_seq = 1;
		sub->live = sub->next_seq >= c->published[sub->log];
		if (!sub->live && connection_waiting(sub->conn) <= OUTPUT_FULL)
			start_feed(sub);
	}
	feed_free(feed);
}

void stream_resume(struct connection *conn)
{
	struct subscription *next;

	if (!conn->n_subscriptions || connection_waiting(conn) > OUTPUT_FULL / 4)
		return;
	for (struct subscription *sub = conn->control->subscriptions; sub; sub = next) {
		next = sub->next;
		if (sub->conn == conn && !sub->live && !sub->feed)
			start_feed(sub);
	}
}

/* --- subscribing --- */

void stream_end_all(struct connection *conn)
{
	struct subscription *next;

	for (struct subscription *sub = conn->control->subscriptions; sub && conn->n_subscriptions; sub = next) {
		next = sub->next;
		if (sub->conn == conn)
			sub_end(sub);
	}
}

static struct subscription *find(const struct connection *conn, const json_t *request_id)
{
	for (struct subscription *sub = conn->n_subscriptions ? conn->control->subscriptions : NULL; sub; sub = sub->next)
		if (sub->conn == conn && json_equal(sub->request_id, request_id))
			return sub;
	return NULL;
}

bool stream_has(const struct connection *conn, const json_t *request_id)
{
	return find(conn, request_id) != NULL;
}

bool stream_cancel(struct connection *conn, const json_t *request_id)
{
	struct subscription *sub = find(conn, request_id);

	if (sub)
		sub_end(sub);
	return sub != NULL;
}

const struct subscription *stream_next(const struct subscription *sub)
{
	return sub->next;
}

static int parse_filter(struct request *r, enum store_log log, struct log_filter *filter)
{
	const char *tenant = request_text(r, "tenant_id"), *application = request_text(r, "application_id");
	char why[160], hint[160];

	if (log_filter_parse(log, request_text(r, "filter"), filter, why, hint))
		return request_refuse(r, LS_EUSAGE, "filter", NULL, hint, "%s", why);
	filter->has_tenant = tenant && uuid_parse(tenant, &filter->tenant_id) == LS_OK;
	filter->has_application = application && uuid_parse(application, &filter->application_id) == LS_OK;
	return LS_OK;
}

static int parse_time(struct request *r, const char *param, int64_t *us)
{
	const char *text = request_text(r, param);

	*us = 0;
	if (!text || clock_parse(text, strlen(text), us) == LS_OK)
		return LS_OK;
	return request_refuse(r, LS_EFORMAT, param, NULL, NULL, "%s: not a time", param);
}

/* A place in the log; *other_epoch when the log was restored since. */
static int parse_cursor(struct request *r, enum store_log log, uint64_t *next_seq, bool *other_epoch)
{
	const struct control *c = r->conn->control;
	const char *text = request_text(r, "cursor");
	struct store_figures figures;
	char newest[CURSOR_TEXT_SIZE], hint[120];
	uint64_t epoch, seq, end;

	*next_seq = 0;
	*other_epoch = false;
	if (!text)
		return LS_OK;
	if (cursor_parse(text, &epoch, &seq))
		return request_refuse(r, LS_EINVAL, "cursor", NULL, NULL, "not a cursor: %.60s", text);
	*other_epoch = epoch != c->epoch;
	*next_seq = *other_epoch ? 1 : seq + 1;
	if (*other_epoch)
		return LS_OK;
	/* A seq that was never given away; those of rows under way, or lost with a failed commit, were. */
	store_figures(c->srv->store, &figures);
	end = log == LOG_EVENT ? figures.event_next_seq : figures.frame_next_seq;
	if (seq < end)
		return LS_OK;
	snprintf(hint, sizeof(hint), "the newest is %s", cursor_format(c->epoch, end ? end - 1 : 0, newest));
	return request_refuse(r, LS_ERANGE, "cursor", NULL, hint, "cursor %.60s is ahead of the log", text);
}

static int tail(struct server *srv, struct request *r, enum store_log log)
{
	struct control *c = srv->control;
	struct connection *conn = r->conn;
	struct subscription *sub;
	struct log_filter filter;
	uint64_t next_seq;
	int64_t since_us;
	bool other_epoch;
	char text[64];
	int rc = parse_filter(r, log, &filter);

	if (!rc)
		rc = parse_time(r, "since", &since_us);
	if (!rc)
		rc = parse_cursor(r, log, &next_seq, &other_epoch);
	if (rc)
		return rc;
	if (!r->id)
		return request_refuse(r, LS_EUSAGE, NULL, NULL, NULL, "a stream needs a request id");
	if (conn->n_subscriptions >= SUBSCRIPTIONS_MAX)
		return request_refuse(r, LS_ECONFLICT, NULL, NULL, NULL, "%d streams of this connection are open already",
		                      SUBSCRIPTIONS_MAX);
	sub = calloc(1, sizeof(*sub));
	if (!sub)
		return LS_ENOMEM;
	sub->conn = conn;
	sub->request_id = json_incref(r->id);
	sub->number = ++c->last_subscription;
	sub->log = log;
	sub->filter = filter;
	sub->next_seq = next_seq;
	sub->since_us = since_us;
	sub->last = (uint64_t)request_int(r, "last", 0);
	sub->left = request_int(r, "count", -1);
	if (!next_seq && !since_us && !sub->last) {
		sub->next_seq = c->published[log];
		sub->live = true;
	}
	sub->next = c->subscriptions;
	sub->link = &c->subscriptions;
	if (sub->next)
		sub->next->link = &sub->next;
	c->subscriptions = sub;
	conn->n_subscriptions++;
	snprintf(text, sizeof(text), "{\"subscription\":%llu}", (unsigned long long)sub->number);
	request_answer_text(r, text, strlen(text));
	if (conn->closing)
		return LS_OK;
	if (other_epoch && !send_gap(sub, -1, 1))
		return LS_OK;
	if (!sub->live)
		start_feed(sub);
	return LS_OK;
}

int do_EVENT_TAIL(struct server *srv, struct request *r)
{
	return tail(srv, r, LOG_EVENT);
}

int do_FRAME_TAIL(struct server *srv, struct request *r)
{
	return tail(srv, r, LOG_FRAME);
}

/* --- history --- */

struct history {
	struct feed feed; /* first member: the query's arg is the feed */
	struct request *request;
	bool newest;      /* the newest ones were asked for: nothing follows */
};

static void history_done(struct store_query *query)
{
	struct feed *feed = query->arg;
	struct history *h = (struct history *)feed;
	struct request *r = h->request;
	struct text_buf out;
	char cursor[CURSOR_TEXT_SIZE];

	if (query->rc) {
		request_fail(r, query->rc);
		text_buf_fini(&feed->items);
		free(h);
		return;
	}
	/* The items stand one a line; in an array they are separated by commas. */
	if (feed->items.len)
		feed->items.data[--feed->items.len] = '\0';
	for (char *p = feed->items.data; p && (p = memchr(p, '\n', (size_t)(feed->items.data + feed->items.len - p))); p++)
		*p = ',';
	text_buf_init(&out);
	text_puts(&out, "{\"items\":[");
	text_put(&out, feed->items.data ? feed->items.data : "", feed->items.len);
	if (feed->n_rows >= feed->read.limit && !h->newest)
		text_printf(&out, "],\"next_cursor\":\"%s\"}", cursor_format(feed->epoch, feed->last_seq, cursor));
	else
		text_puts(&out, "],\"next_cursor\":null}");
	if (out.bad)
		request_fail(r, LS_ENOMEM);
	else
		request_answer_text(r, out.data, out.len);
	text_buf_fini(&out);
	text_buf_fini(&feed->items);
	free(h);
}

/* Newest last. With a cursor or `since` forward from there, else the newest ones. */
static int list(struct server *srv, struct request *r, enum store_log log)
{
	struct control *c = srv->control;
	const char *sort = request_text(r, "sort");
	struct log_filter filter;
	struct history *h;
	struct feed *feed;
	uint64_t next_seq;
	int64_t since_us, until_us;
	bool other_epoch;
	int rc = parse_filter(r, log, &filter);

	if (!rc)
		rc = parse_time(r, "since", &since_us);
	if (!rc)
		rc = parse_time(r, "until", &until_us);
	if (!rc)
		rc = parse_cursor(r, log, &next_seq, &other_epoch);
	if (rc)
		return rc;
	if (sort && strcmp(sort, "time") != 0)
		return request_refuse(r, LS_EUSAGE, "sort", NULL, NULL, "a log is listed in the order of time only");
	h = calloc(1, sizeof(*h));
	if (!h)
		return LS_ENOMEM;
	feed = &h->feed;
	feed_init(feed, c, log, &filter);
	feed->query.done = history_done;
	h->request = r;
	h->newest = !next_seq && !since_us;
	feed->read.from_seq = next_seq;
	feed->read.since_us = next_seq ? 0 : since_us;
	feed->read.until_us = until_us;
	feed->read.limit = request_int(r, "limit", 100);
	if (h->newest)
		feed->read.last = (uint64_t)feed->read.limit;
	store_read(srv->store, &feed->query);
	return LS_OK;
}

int do_EVENT_LIST(struct server *srv, struct request *r)
{
	return list(srv, r, LOG_EVENT);
}

int do_FRAME_LIST(struct server *srv, struct request *r)
{
	return list(srv, r, LOG_FRAME);
}
