/*
 * client.c - blocking client of the control socket.
 *
 * The socket is non-blocking and every wait goes through poll(), so that a time limit holds for
 * a server that accepts and then says nothing. Received octets gather in one buffer; a line is
 * handed out in place and dropped at the next read. Lines that arrive while a call waits for its
 * own answer are kept in `backlog` and come out of control_client_next() in order.
 */
#include "control/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/safe_text.h"
#include "control/protocol.h"

#define READ_SIZE (64 * 1024)
#define ANSWER_MAX ((size_t)256 * 1024 * 1024) /* what a client is willing to hold */
#define ANSWER_DEPTH_MAX 64

struct control_client {
	int fd;
	int last_id;
	bool trace;
	char *buf; /* buf[start..end) was received and not yet handed out */
	size_t start, end, cap;
	size_t scanned; /* no newline in buf[start..scanned) */
	json_t *backlog; /* array of lines as strings */
	char *borrowed;  /* the backlog line handed out last */
	json_t *hello;
	uint64_t change;
};

/* --- waiting --- */

static uint64_t deadline_after(int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX : clock_mono_us() + (uint64_t)timeout_ms * 1000;
}

/* The inverse: -1 for never. */
static int milliseconds_left(uint64_t deadline)
{
	uint64_t now = clock_mono_us();

	if (deadline == UINT64_MAX)
		return -1;
	return now >= deadline ? 0 : (int)((deadline - now + 999) / 1000);
}

/* LS_OK when ready; LS_ETIMEOUT when the time is up or a signal came. */
static int wait_ready(struct control_client *c, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = c->fd, .events = events};
	int n = poll(&p, 1, milliseconds_left(deadline));

	if (n > 0)
		return LS_OK;
	if (n == 0 || errno == EINTR)
		return LS_ETIMEOUT;
	return LS_EUNREACHABLE;
}

/* --- tracing --- */

/*
 * The line with the value of every member whose name ends in "_key" replaced; caller frees.
 * Works on text, because a trace must also show lines that are not JSON.
 */
static char *hide_secrets(const char *line, size_t len)
{
	static const char tail[] = "_key\"";
	char *out = malloc(len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len;) {
		out[n++] = line[i++];
		if (n < sizeof(tail) - 1 || memcmp(out + n - (sizeof(tail) - 1), tail, sizeof(tail) - 1) != 0)
			continue;
		size_t k = i;

		while (k < len && (line[k] == ':' || line[k] == ' '))
			k++;
		if (k == i || k >= len || line[k] != '"')
			continue;
		while (i <= k)
			out[n++] = line[i++];
		size_t stop = i;

		while (stop < len && line[stop] != '"')
			stop += line[stop] == '\\' ? 2 : 1;
		if (stop > len)
			stop = len;
		for (size_t dots = 0; dots < 3 && i + dots < stop; dots++)
			out[n++] = '.';
		i = stop;
	}
	out[n] = '\0';
	return out;
}

static void trace(const struct control_client *c, const char *mark, const char *line, size_t len)
{
	if (!c->trace)
		return;
	char *hidden = hide_secrets(line, len);

	if (!hidden)
		return;
	size_t hidden_len = strlen(hidden);

	if (isatty(STDERR_FILENO) && !safe_text_is_clean(hidden, hidden_len)) {
		size_t cap = hidden_len * 8 + 16;
		char *safe = malloc(cap);

		if (safe) {
			safe_text(hidden, hidden_len, safe, cap);
			free(hidden);
			hidden = safe;
		}
	}
	fprintf(stderr, "%s %s\n", mark, hidden);
	free(hidden);
}

/* --- sending --- */

static int send_all(struct control_client *c, const char *data, size_t len, uint64_t deadline)
{
	while (len > 0) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			int rc = wait_ready(c, POLLOUT, deadline);

			if (rc == LS_ETIMEOUT && clock_mono_us() < deadline)
				continue; /* a signal */
			if (rc)
				return rc;
		} else if (n < 0 && errno != EINTR) {
			return LS_EUNREACHABLE;
		}
	}
	return LS_OK;
}

static int send_request(struct control_client *c, const char *method, json_t *params, int *id, uint64_t deadline)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", ++c->last_id, "method", method,
	                            "params", params ? params : json_object());
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int rc = LS_ENOMEM;

	if (line) {
		size_t len = strlen(line);

		trace(c, "->", line, len);
		line[len] = '\n'; /* takes the place of the NUL */
		rc = send_all(c, line, len + 1, deadline);
		explicit_bzero(line, len + 1); /* it may hold a key */
		free(line);
	}
	json_decref(request);
	*id = c->last_id;
	return rc;
}

int control_client_send(struct control_client *c, const char *method, json_t *params, int *id)
{
	return send_request(c, method, params, id, UINT64_MAX);
}

/* --- receiving --- */

static int fill(struct control_client *c, uint64_t deadline)
{
	if (c->start > 0 && (c->start == c->end || c->cap - c->end < READ_SIZE)) {
		memmove(c->buf, c->buf + c->start, c->end - c->start);
		c->end -= c->start;
		c->scanned -= c->start;
		c->start = 0;
	}
	if (c->cap - c->end < READ_SIZE) {
		size_t cap = c->cap ? c->cap * 2 : 2 * (size_t)READ_SIZE;
		char *grown = cap <= ANSWER_MAX ? realloc(c->buf, cap) : NULL;

		if (!grown)
			return LS_ENOMEM;
		c->buf = grown;
		c->cap = cap;
	}
	for (;;) {
		ssize_t n = recv(c->fd, c->buf + c->end, c->cap - c->end, 0);

		if (n > 0) {
			c->end += (size_t)n;
			return LS_OK;
		}
		if (n == 0)
			return LS_EUNREACHABLE;
		if (errno == EAGAIN) {
			int rc = wait_ready(c, POLLIN, deadline);

			if (rc)
				return rc;
		} else if (errno != EINTR) {
			return LS_EUNREACHABLE;
		}
	}
}

/* The next line from the socket, not the backlog. */
static int read_line(struct control_client *c, uint64_t deadline, const char **line, size_t *len)
{
	for (;;) {
		char *end = c->scanned < c->end ? memchr(c->buf + c->scanned, '\n', c->end - c->scanned) : NULL;

		if (end) {
			*line = c->buf + c->start;
			*len = (size_t)(end - *line);
			c->start = c->scanned = (size_t)(end - c->buf) + 1;
			trace(c, "<-", *line, *len);
			return LS_OK;
		}
		c->scanned = c->end;
		int rc = fill(c, deadline);

		if (rc)
			return rc;
	}
}

int control_client_next_raw(struct control_client *c, int timeout_ms, const char **line, size_t *len)
{
	json_t *kept = json_array_get(c->backlog, 0);

	if (!kept)
		return read_line(c, deadline_after(timeout_ms), line, len);
	free(c->borrowed);
	*len = json_string_length(kept);
	c->borrowed = strndup(json_string_value(kept), *len);
	json_array_remove(c->backlog, 0);
	*line = c->borrowed;
	return c->borrowed ? LS_OK : LS_ENOMEM;
}

static json_t *parse(const char *line, size_t len)
{
	if (json_depth(line, len) > ANSWER_DEPTH_MAX)
		return NULL;
	json_t *message = json_loadb(line, len, 0, NULL);

	if (message && !json_is_object(message)) {
		json_decref(message);
		return NULL;
	}
	return message;
}

int control_client_next(struct control_client *c, int timeout_ms, json_t **message)
{
	const char *line;
	size_t len;
	int rc = control_client_next_raw(c, timeout_ms, &line, &len);

	if (rc)
		return rc;
	*message = parse(line, len);
	return *message ? LS_OK : LS_EFORMAT;
}

static int code_of_name(const char *name)
{
	if (!name)
		return LS_EBUG;
#define E(symbol, text, exit_code, sentence) \
	if (strcmp(name, text) == 0)         \
		return symbol;
	LS_ERROR_LIST(E)
#undef E
	return LS_EBUG;
}

int control_client_call(struct control_client *c, const char *method, json_t *params, int timeout_ms,
                        json_t **result, json_t **error)
{
	uint64_t deadline = deadline_after(timeout_ms);
	int id;
	int rc = send_request(c, method, params, &id, deadline);

	*result = *error = NULL;
	c->change = 0;
	while (!rc) {
		const char *line;
		size_t len;

		rc = read_line(c, deadline, &line, &len);
		if (rc == LS_ETIMEOUT && clock_mono_us() < deadline) {
			rc = LS_OK; /* a signal */
			continue;
		}
		if (rc)
			return rc;
		json_t *message = parse(line, len);

		if (!message)
			return LS_EFORMAT;
		json_t *answers = json_object_get(message, "id");
		json_t *refusal = json_object_get(message, "error");
		/* A fault before the id was read is answered with a null id. */
		bool ours = json_is_integer(answers) ? json_integer_value(answers) == id
		                                     : json_is_null(answers) && refusal;

		if (!ours) {
			json_array_append_new(c->backlog, json_stringn_nocheck(line, len));
			json_decref(message);
			continue;
		}
		if (json_is_object(refusal)) {
			*error = json_incref(refusal);
			rc = code_of_name(json_string_value(json_object_get(json_object_get(refusal, "data"), "name")));
		} else {
			*result = json_object_get(message, "result");
			*result = *result ? json_incref(*result) : json_null();
			c->change = (uint64_t)json_integer_value(json_object_get(message, "change"));
		}
		json_decref(message);
		break;
	}
	return rc;
}

uint64_t control_client_change(const struct control_client *c)
{
	return c->change;
}

/* --- opening --- */

static void say(char *why, size_t why_size, const char *text)
{
	if (why_size)
		snprintf(why, why_size, "%s", text);
}

static int connect_path(struct control_client *c, const char *path, int timeout_ms, char *why, size_t why_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		say(why, why_size, "path too long");
		return LS_EUNREACHABLE;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		goto failed;
	if (timeout_ms >= 0) { /* bounds connect() while the backlog of the server is full */
		struct timeval t = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

		if (timeout_ms == 0)
			t.tv_usec = 1;
		setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	}
	while (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		if (errno != EINTR)
			goto failed;
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return LS_OK;
failed:
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		say(why, why_size, "no such file");
		break;
	case ECONNREFUSED:
	case ENOTSOCK:
	case EPROTOTYPE:
		say(why, why_size, "connection refused");
		break;
	case EACCES:
	case EPERM:
		say(why, why_size, "permission denied");
		return LS_EPERM;
	case EAGAIN:
		say(why, why_size, "no answer");
		return LS_ETIMEOUT;
	default:
		say(why, why_size, strerror(errno));
	}
	return LS_EUNREACHABLE;
}

static int say_hello(struct control_client *c, bool read_only, int timeout_ms, char *why, size_t why_size)
{
	json_t *error = NULL, *params = json_pack("{s:s}", "client", "lsctl " LS_VERSION);

	/* Only when asked for: a server that does not know the word refuses, and nothing is done unguarded. */
	if (read_only && json_object_set_new(params, "read_only", json_true()) < 0) {
		json_decref(params);
		return LS_ENOMEM;
	}
	int rc = control_client_call(c, "hello", params, timeout_ms, &c->hello, &error);

	if (rc == LS_EUNREACHABLE) {
		say(why, why_size, "connection closed");
	} else if (rc == LS_ETIMEOUT) {
		say(why, why_size, "no answer");
	} else if (rc == LS_EPERM) {
		say(why, why_size, json_string_value(json_object_get(error, "message")));
	} else if (rc) {
		say(why, why_size, "the answer is not of this protocol");
		rc = LS_EVERSION;
	} else if (json_integer_value(json_object_get(c->hello, "protocol")) != CONTROL_PROTOCOL) {
		char text[80];

		snprintf(text, sizeof(text), "it speaks protocol %lld, this program %d",
		         (long long)json_integer_value(json_object_get(c->hello, "protocol")), CONTROL_PROTOCOL);
		say(why, why_size, text);
		rc = LS_EVERSION;
	}
	json_decref(error);
	return rc;
}

int control_client_open(const char *path, bool read_only, int timeout_ms, struct control_client **out, char *why,
                        size_t why_size)
{
	struct control_client *c = calloc(1, sizeof(*c));
	uint64_t deadline = deadline_after(timeout_ms);
	int rc = LS_ENOMEM;

	*out = NULL;
	say(why, why_size, "");
	if (!c)
		return rc;
	c->fd = -1;
	c->backlog = json_array();
	if (!c->backlog)
		goto out;
	rc = connect_path(c, path, timeout_ms, why, why_size);
	if (rc)
		goto out;
	rc = say_hello(c, read_only, milliseconds_left(deadline), why, why_size);
	if (rc)
		goto out;
	*out = c;
	return LS_OK;
out:
	control_client_close(c);
	return rc;
}

void control_client_close(struct control_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->buf)
		explicit_bzero(c->buf, c->cap);
	free(c->buf);
	free(c->borrowed);
	json_decref(c->backlog);
	json_decref(c->hello);
	free(c);
}

const json_t *control_client_hello(const struct control_client *c)
{
	return c->hello;
}

void control_client_trace(struct control_client *c, bool on)
{
	c->trace = on;
}
