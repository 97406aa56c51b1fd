/*
 * connection.c - one client: octets in, requests in their order, octets out.
 *
 * Input is read into one buffer; when much waits there, reading pauses, so the kernel makes the client wait.
 * Requests are parsed and begun in slices that server.c hands out. Output gathers in one of two buffers while
 * the other is being written; it leaves once per turn of the loop.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "control/bulk.h"
#include "control/internal.h"
#include "log.h"

#define READ_SIZE ((size_t)64 * 1024)
#define SLICE 32                         /* requests begun in one */
#define KEEP_SIZE ((size_t)256 * 1024)   /* output buffers larger than this are given back */

/* --- life --- */

void connection_unref(struct connection *conn)
{
	if (--conn->refs)
		return;
	line_reader_fini(&conn->input);
	text_buf_fini(&conn->out[0]);
	text_buf_fini(&conn->out[1]);
	free(conn);
}

static void on_closed(uv_handle_t *handle)
{
	struct connection *conn = handle->data;
	struct control *c = conn->control;

	connection_unref(conn);
	control_connection_gone(c);
}

void connection_close(struct connection *conn)
{
	struct control *c = conn->control;
	struct request *r;

	if (conn->closing)
		return;
	conn->closing = true;
	if (conn->bulk)
		bulk_give_up(conn, "the connection closed");
	stream_end_all(conn);
	while ((r = conn->queue)) {
		conn->queue = r->next;
		request_drop(r);
	}
	conn->queue_end = &conn->queue;
	conn->n_queued = 0;
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	if (conn->is_dirty) {
		for (struct connection **at = &c->dirty; *at; at = &(*at)->next_dirty) {
			if (*at == conn) {
				*at = conn->next_dirty;
				break;
			}
		}
		conn->is_dirty = false;
	}
	uv_close((uv_handle_t *)&conn->pipe, on_closed);
}

/* --- input --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *conn = handle->data;
	size_t room;
	char *space = line_reader_space(&conn->input, READ_SIZE, &room);

	(void)suggested;
	*buf = uv_buf_init(space, space ? (unsigned)room : 0);
}

static void pause_reading(struct connection *conn)
{
	if (conn->reading)
		uv_read_stop((uv_stream_t *)&conn->pipe);
	conn->reading = false;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *conn = stream->data;

	(void)buf;
	if (n == 0)
		return;
	if (n == UV_EOF) {
		/* A client that only closed its sending side still wants its answers. */
		struct pollfd p = {.fd = -1};

		conn->eof = true;
		pause_reading(conn);
		uv_fileno((uv_handle_t *)stream, &p.fd);
		if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR))) {
			connection_close(conn);
			return;
		}
	} else if (n < 0) {
		connection_close(conn);
		return;
	} else {
		line_reader_filled(&conn->input, (size_t)n);
		if (line_reader_waiting(&conn->input) >= INPUT_MAX)
			pause_reading(conn);
	}
	connection_schedule(conn);
}

static void resume_reading(struct connection *conn)
{
	if (conn->reading || conn->eof || conn->ending || conn->closing || conn->control->stopping)
		return;
	/* A line may be longer than what usually waits. */
	if (line_reader_waiting(&conn->input) < INPUT_MAX || (!conn->queue && !conn->in_flight))
		conn->reading = uv_read_start((uv_stream_t *)&conn->pipe, on_alloc, on_read) == 0;
}

/* --- requests --- */

static bool may_begin(const struct connection *conn, const struct request *r)
{
	if (conn->in_flight >= (conn->bulk ? BULK_MAX + IN_FLIGHT_MAX : IN_FLIGHT_MAX) || connection_waiting(conn) > OUTPUT_FULL)
		return false;
	if (r->kind == KIND_FREE)
		return true;
	if (conn->lone || (r->parked && conn->writes))
		return false;
	switch (r->kind) {
	case KIND_READ:
		return conn->writes == 0;
	case KIND_WRITE:
		return conn->reads == 0;
	default:
		return conn->reads == 0 && conn->writes == 0;
	}
}

static bool begin_first(struct connection *conn)
{
	struct request *r = conn->queue;

	if (r && conn->bulk && r->kind == KIND_LONE && method_writes(r->method))
		r->kind = KIND_WRITE; /* it is only collected */
	if (!r || !may_begin(conn, r))
		return false;
	conn->queue = r->next;
	if (!conn->queue)
		conn->queue_end = &conn->queue;
	conn->n_queued--;
	r->next = NULL;
	if (request_begin(r))
		return true;
	r->next = conn->queue;
	if (!conn->queue)
		conn->queue_end = &r->next;
	conn->queue = r;
	conn->n_queued++;
	return false;
}

static bool take_line(struct connection *conn)
{
	bool too_long;
	char *line;
	size_t len;

	if (conn->n_queued >= QUEUED_MAX || conn->ending || conn->control->stopping)
		return false;
	if (line_reader_next(&conn->input, &line, &len, &too_long) && !too_long) {
		request_take_line(conn, line, len);
		return true;
	}
	if (!too_long && conn->eof && line_reader_rest(&conn->input, &line, &len)) { /* the last one lacks its newline */
		request_take_line(conn, line, len);
		return true;
	}
	if (too_long) {
		json_t *error = rpc_error(LS_ELONG, "the line is too long", NULL, NULL, NULL);
		struct text_buf *out = connection_out(conn);
		char *text = json_dumps(error, JSON_COMPACT);

		text_puts(out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":");
		text_puts(out, text ? text : "null");
		text_puts(out, "}\n");
		connection_wrote(conn);
		free(text);
		json_decref(error);
		conn->ending = true;
		pause_reading(conn);
	}
	return false;
}

void connection_work(struct connection *conn)
{
	unsigned done = 0;

	conn->refs++;
	while (!conn->closing && done < SLICE) {
		if (begin_first(conn))
			done++;
		else if (!take_line(conn))
			break;
	}
	if (!conn->closing && done == SLICE)
		connection_schedule(conn);
	resume_reading(conn);
	connection_end_if_idle(conn);
	connection_unref(conn);
}

void connection_end_if_idle(struct connection *conn)
{
	if (conn->closing || conn->writing || connection_waiting(conn) || conn->in_flight)
		return;
	if (conn->ending || (conn->eof && !conn->queue && !conn->n_subscriptions && !conn->in_work))
		connection_close(conn);
}

/* --- output --- */

size_t connection_waiting(const struct connection *conn)
{
	return conn->out[0].len + conn->out[1].len;
}

struct text_buf *connection_out(struct connection *conn)
{
	return &conn->out[conn->filling];
}

void connection_wrote(struct connection *conn)
{
	struct text_buf *out = connection_out(conn);

	if (conn->closing) {
		text_buf_reset(out);
		return;
	}
	if (out->bad || connection_waiting(conn) > OUTPUT_MAX) {
		log_srv(LOG_WARNING, "control client (pid %ld, uid %lu) does not read its answers, cut off",
		        (long)conn->peer.pid, (unsigned long)conn->peer.uid);
		conn->control->cut_off++;
		connection_close(conn);
		return;
	}
	control_set_dirty(conn->control, conn);
}

static void on_written(uv_write_t *write, int status)
{
	struct connection *conn = write->data;
	struct text_buf *written = &conn->out[!conn->filling];

	conn->writing = false;
	if (written->cap > KEEP_SIZE)
		text_buf_fini(written);
	text_buf_reset(written);
	if (conn->closing)
		return;
	if (status < 0) {
		connection_close(conn);
		return;
	}
	connection_flush(conn);
	stream_resume(conn);
	connection_schedule(conn);
}

void connection_flush(struct connection *conn)
{
	struct text_buf *out = connection_out(conn);
	uv_buf_t buf;

	if (conn->closing || conn->writing || out->len == 0)
		return;
	buf = uv_buf_init(out->data, (unsigned)out->len);
	conn->filling = !conn->filling;
	conn->write.data = conn;
	conn->writing = true;
	if (uv_write(&conn->write, (uv_stream_t *)&conn->pipe, &buf, 1, on_written)) {
		conn->writing = false;
		connection_close(conn);
	}
}

/* --- accepting --- */

static const char *refusal(const struct control *c, uid_t uid)
{
	unsigned of_uid = 0;

	if (c->n_connections > CONNECTIONS_MAX)
		return "too many control connections";
	for (const struct connection *conn = c->connections; conn; conn = conn->next)
		of_uid += conn->peer.uid == uid;
	return of_uid > CONNECTIONS_PER_UID_MAX ? "too many control connections of this user" : NULL;
}

void connection_accept(struct control *c)
{
	struct connection *conn = calloc(1, sizeof(*conn));
	const char *refused;
	int fd = -1;

	if (!conn)
		return; /* libuv keeps the client until the next one comes */
	conn->control = c;
	conn->refs = 1;
	conn->queue_end = &conn->queue;
	uv_pipe_init(&c->srv->loop, &conn->pipe, 0);
	conn->pipe.data = conn;
	c->n_connections++;
	conn->next = c->connections;
	conn->link = &c->connections;
	if (conn->next)
		conn->next->link = &conn->next;
	c->connections = conn;
	if (uv_accept((uv_stream_t *)&c->listener, (uv_stream_t *)&conn->pipe) ||
	    uv_fileno((uv_handle_t *)&conn->pipe, &fd) || peer_of_socket(fd, &conn->peer)) {
		connection_close(conn);
		return;
	}
	conn->right = peer_right(&conn->peer, geteuid(), c->admin_gid);
	snprintf(conn->who, sizeof(conn->who), "uid:%lu", (unsigned long)conn->peer.uid);
	refused = refusal(c, conn->peer.uid);
	if (refused) {
		c->refused++;
		text_printf(connection_out(conn),
		            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32008,\"message\":\"%s\","
		            "\"data\":{\"name\":\"perm\",\"exit\":8}}}\n", refused);
		conn->ending = true;
		connection_wrote(conn);
		return;
	}
	log_srv(LOG_DEBUG, "control client: pid %ld, uid %lu, %s", (long)conn->peer.pid, (unsigned long)conn->peer.uid,
	        right_name(conn->right));
	resume_reading(conn);
}
