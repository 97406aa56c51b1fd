/*
 * server.c - the listening socket, and who works when.
 *
 * Connections with something to do stand in a list; a turn of the loop gives them slices until 2 ms are
 * used, then frames and timers have their turn. What was written meanwhile leaves just before the loop waits.
 */
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/bulk.h"
#include "control/internal.h"
#include "control/socket_file.h"
#include "log.h"

#define TURN_US 2000
#define SWEEP_MS 1000

/* --- turns --- */

void connection_schedule(struct connection *conn)
{
	struct control *c = conn->control;

	if (conn->in_work || conn->closing)
		return;
	if (c->closing) { /* there are no more turns, and what waits for one would never be freed */
		connection_end_if_idle(conn);
		return;
	}
	conn->in_work = true;
	conn->refs++;
	conn->next_work = NULL;
	*c->work_end = conn;
	c->work_end = &conn->next_work;
}

static struct connection *take_work(struct control *c)
{
	struct connection *conn = c->work;

	if (!conn)
		return NULL;
	c->work = conn->next_work;
	if (!c->work)
		c->work_end = &c->work;
	conn->in_work = false;
	return conn;
}

static void on_turn(uv_idle_t *idle)
{
	struct control *c = idle->data;
	uint64_t end = clock_mono_us() + TURN_US;
	struct connection *conn;

	while ((conn = take_work(c))) {
		connection_work(conn);
		connection_unref(conn);
		if (clock_mono_us() >= end)
			break;
	}
	if (!c->work)
		uv_idle_stop(idle);
}

void control_set_dirty(struct control *c, struct connection *conn)
{
	if (conn->is_dirty)
		return;
	conn->is_dirty = true;
	conn->next_dirty = c->dirty;
	c->dirty = conn;
}

static void flush_all(struct control *c)
{
	struct connection *conn;

	while ((conn = c->dirty)) {
		c->dirty = conn->next_dirty;
		conn->is_dirty = false;
		connection_flush(conn);
	}
}

/* Just before the loop waits: send, and do not wait when there is work. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct control *c = prepare->data;

	flush_all(c);
	if (c->work && !c->closing)
		uv_idle_start(&c->turn, on_turn);
}

/* Clients that closed their sending side and have only streams left: are they still there? */
static void on_sweep(uv_timer_t *timer)
{
	struct control *c = timer->data;
	struct connection *next;

	for (struct connection *conn = c->connections; conn; conn = next) {
		struct pollfd p = {.fd = -1};

		next = conn->next;
		if (conn->bulk && bulk_is_late(conn->bulk))
			bulk_give_up(conn, "it was not committed in time");
		if (c->closing) {
			connection_close(conn); /* it had its second */
		} else if (conn->eof && uv_fileno((uv_handle_t *)&conn->pipe, &p.fd) == 0 && poll(&p, 1, 0) > 0 &&
		           (p.revents & (POLLHUP | POLLERR))) {
			connection_close(conn);
		}
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *c = listener->data;

	if (status < 0)
		log_srv(LOG_WARNING, "control socket: %s", uv_strerror(status));
	else
		connection_accept(c);
}

/* --- life --- */

static long group_id(const char *name)
{
	const struct group *g = name && *name ? getgrnam(name) : NULL;

	return g ? (long)g->gr_gid : -1;
}

int control_open(struct server *srv, struct socket_file *file, struct control **out, char *err, size_t err_size)
{
	struct control *c = calloc(1, sizeof(*c));
	struct store_figures figures;
	int fd, rc;

	*out = NULL;
	if (!c) {
		snprintf(err, err_size, "out of memory");
		return LS_ENOMEM;
	}
	c->srv = srv;
	c->admin_gid = group_id(srv->config.admin_group);
	c->work_end = &c->work;
	store_figures(srv->store, &figures);
	c->epoch = figures.epoch;
	c->published[LOG_EVENT] = figures.event_next_seq;
	c->published[LOG_FRAME] = figures.frame_next_seq;

	uv_pipe_init(&srv->loop, &c->listener, 0);
	uv_idle_init(&srv->loop, &c->turn);
	uv_prepare_init(&srv->loop, &c->flush);
	uv_timer_init(&srv->loop, &c->sweep);
	c->listener.data = c->turn.data = c->flush.data = c->sweep.data = c;
	c->open_handles = 4;
	*out = c; /* from here on control_close() ends it, whatever happens */

	uv_prepare_start(&c->flush, on_prepare);
	uv_unref((uv_handle_t *)&c->flush);
	uv_timer_start(&c->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_unref((uv_handle_t *)&c->sweep);
	fd = socket_file_take_fd(file);
	rc = uv_pipe_open(&c->listener, fd);
	if (!rc)
		rc = uv_listen((uv_stream_t *)&c->listener, 128, on_connection);
	if (rc) {
		snprintf(err, err_size, "control socket: %s", uv_strerror(rc));
		return LS_EIO;
	}
	return LS_OK;
}

void control_stop(struct control *c)
{
	if (!c || c->stopping)
		return;
	c->stopping = true;
	if (!uv_is_closing((uv_handle_t *)&c->listener)) {
		c->open_handles--;
		uv_close((uv_handle_t *)&c->listener, NULL);
	}
	for (struct connection *conn = c->connections; conn; conn = conn->next)
		uv_read_stop((uv_stream_t *)&conn->pipe);
}

static void close_last_handles(struct control *c)
{
	uv_close((uv_handle_t *)&c->turn, NULL);
	uv_close((uv_handle_t *)&c->flush, NULL);
	uv_close((uv_handle_t *)&c->sweep, NULL);
	c->open_handles = 0;
}

void control_connection_gone(struct control *c)
{
	c->n_connections--;
	if (c->closing && c->n_connections == 0 && c->open_handles)
		close_last_handles(c);
}

void control_close(struct control *c)
{
	struct connection *conn, *next;

	if (!c || c->closing)
		return;
	control_stop(c);
	c->closing = true;
	while ((conn = take_work(c)))
		connection_unref(conn);
	uv_idle_stop(&c->turn);
	for (conn = c->connections; conn; conn = next) {
		struct request *r;

		next = conn->next;
		stream_end_all(conn);
		while ((r = conn->queue)) {
			conn->queue = r->next;
			request_drop(r);
		}
		conn->queue_end = &conn->queue;
		conn->ending = true;
	}
	flush_all(c);
	for (conn = c->connections; conn; conn = next) {
		next = conn->next;
		connection_end_if_idle(conn);
	}
	if (c->n_connections == 0) {
		close_last_handles(c);
	} else {
		uv_ref((uv_handle_t *)&c->sweep);
		uv_timer_start(&c->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	}
}

void control_free(struct control *c)
{
	if (!c)
		return;
	text_buf_fini(&c->item);
	json_decref(c->schema);
	free(c);
}

void control_publish(struct control *c, enum store_log log, const struct log_row *rows, size_t n)
{
	stream_publish(c, log, rows, n);
}
