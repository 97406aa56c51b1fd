/*
 * load_devices.c - registers the fleet that lssim --devices-out wrote: device.create for all, then device.activate
 * for those with a session, as pipelined control calls.
 *
 *   load_devices SOCKET FLEET TENANT APPLICATION PROFILE [WINDOW]
 *
 * At most WINDOW (2,000) calls are under way. Prints "create COUNT CALLS/S" and "activate COUNT CALLS/S"; the first
 * refusals are said on stderr and make it fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text_buf.h"
#include "line_socket.h"

#define SEND_AT (64 * 1024)
#define REFUSALS_SAID 5
#define ANSWER_MS 20000

struct loader {
	struct line_socket socket;
	struct text_buf out;
	size_t sent; /* octets of out */
	unsigned long window, under_way, calls, refused;
};

struct fleet_line {
	json_t *device;  /* parameters of create */
	json_t *session; /* of activate, or NULL */
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void take_answers(struct loader *l)
{
	char *line;

	while ((line = line_socket_next(&l->socket, NULL))) {
		l->under_way--;
		if (!strstr(line, "\"error\":{"))
			continue;
		if (l->refused++ < REFUSALS_SAID)
			fprintf(stderr, "load_devices: %s\n", line);
	}
}

/* Send and receive until at most `left` calls are under way and all is sent. */
static int work(struct loader *l, unsigned long left)
{
	while (l->sent < l->out.len || l->under_way > left) {
		struct pollfd p = {.fd = l->socket.fd, .events = POLLIN};

		if (l->sent < l->out.len)
			p.events |= POLLOUT;
		if (poll(&p, 1, ANSWER_MS) <= 0) {
			fprintf(stderr, "load_devices: no answer for %d s\n", ANSWER_MS / 1000);
			return -1;
		}
		if (p.revents & POLLOUT) {
			ssize_t n = write(l->socket.fd, l->out.data + l->sent, l->out.len - l->sent);

			if (n < 0 && errno != EAGAIN)
				return -1;
			l->sent += n > 0 ? (size_t)n : 0;
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			if (line_socket_fill(&l->socket) == 0) {
				fputs("load_devices: the daemon closed the connection\n", stderr);
				return -1;
			}
			take_answers(l);
		}
	}
	text_buf_reset(&l->out);
	l->sent = 0;
	return 0;
}

static int call(struct loader *l, const char *method, const json_t *params)
{
	char *text = json_dumps(params, JSON_COMPACT);

	if (!text)
		return -1;
	text_printf(&l->out, "{\"jsonrpc\":\"2.0\",\"id\":%lu,\"method\":\"%s\",\"params\":", ++l->calls, method);
	text_puts(&l->out, text);
	text_puts(&l->out, "}\n");
	free(text);
	l->under_way++;
	if (l->out.len < SEND_AT && l->under_way < l->window)
		return 0;
	return work(l, l->window / 2);
}

static int read_fleet(const char *path, char **owner, struct fleet_line **lines, size_t *n)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, room = 0;

	if (!f)
		return -1;
	while (getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, 0, NULL), *session = NULL;

		if (*n == room) {
			room = room ? room * 2 : 1024;
			*lines = realloc(*lines, room * sizeof(**lines));
		}
		if (!o || !*lines) {
			fclose(f);
			return -1;
		}
		if (json_object_get(o, "dev_addr")) {
			static const char *const moved[] = {"dev_addr", "nwk_s_key", "app_s_key", "f_cnt_up"};

			session = json_pack("{s:O}", "dev_eui", json_object_get(o, "dev_eui"));
			for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
				json_object_set(session, moved[i], json_object_get(o, moved[i]));
				json_object_del(o, moved[i]);
			}
		}
		json_object_set_new(o, "tenant_id", json_string(owner[0]));
		json_object_set_new(o, "application_id", json_string(owner[1]));
		json_object_set_new(o, "profile_id", json_string(owner[2]));
		(*lines)[(*n)++] = (struct fleet_line){.device = o, .session = session};
	}
	free(line);
	fclose(f);
	return 0;
}

static int load(struct loader *l, const char *what, const struct fleet_line *lines, size_t n)
{
	const int activates = !strcmp(what, "activate");
	unsigned long before = l->calls;
	double start = now_s();

	for (size_t i = 0; i < n; i++) {
		const json_t *params = activates ? lines[i].session : lines[i].device;

		if (params && call(l, activates ? "device.activate" : "device.create", params))
			return -1;
	}
	if (work(l, 0))
		return -1;
	printf("%s %lu %.0f\n", what, l->calls - before, (double)(l->calls - before) / (now_s() - start));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct loader l = {.window = 2000};
	struct fleet_line *lines = NULL;
	size_t n = 0;
	int rc;

	if (argc < 6) {
		fputs("usage: load_devices SOCKET FLEET TENANT APPLICATION PROFILE [WINDOW]\n", stderr);
		return 2;
	}
	if (argc > 6)
		l.window = strtoul(argv[6], NULL, 10);
	if (read_fleet(argv[2], argv + 3, &lines, &n)) {
		fprintf(stderr, "load_devices: %s: not read\n", argv[2]);
		return 1;
	}
	text_buf_init(&l.out);
	if (line_socket_open(&l.socket, argv[1]))
		return 1;
	fcntl(l.socket.fd, F_SETFL, O_NONBLOCK);
	rc = load(&l, "create", lines, n);
	if (!rc)
		rc = load(&l, "activate", lines, n);
	if (l.refused)
		fprintf(stderr, "load_devices: %lu calls were refused\n", l.refused);
	line_socket_close(&l.socket);
	text_buf_fini(&l.out);
	for (size_t i = 0; i < n; i++) {
		json_decref(lines[i].device);
		json_decref(lines[i].session);
	}
	free(lines);
	return rc || l.refused ? 1 : 0;
}
