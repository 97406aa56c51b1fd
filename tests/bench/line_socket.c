#include "line_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUF_SIZE ((size_t)4 << 20) /* longer than any line (CONTROL_LINE_MAX) */
#define READ_MAX ((size_t)512 << 10) /* so that the time of arrival is right for all of it */

int line_socket_open(struct line_socket *s, const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int size = 4 << 20;

	*s = (struct line_socket){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .cap = BUF_SIZE};
	s->buf = malloc(s->cap);
	if (!s->buf || s->fd < 0 || strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "%s: no socket\n", path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (connect(s->fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

void line_socket_close(struct line_socket *s)
{
	close(s->fd);
	free(s->buf);
}

char *line_socket_next(struct line_socket *s, size_t *len)
{
	char *line = s->buf + s->begin;
	char *newline = memchr(line, '\n', s->end - s->begin);

	if (!newline)
		return NULL;
	*newline = '\0';
	s->begin = (size_t)(newline - s->buf) + 1;
	if (len)
		*len = (size_t)(newline - line);
	return line;
}

long line_socket_fill(struct line_socket *s)
{
	size_t room;
	ssize_t n;

	if (s->begin) {
		memmove(s->buf, s->buf + s->begin, s->end - s->begin);
		s->end -= s->begin;
		s->begin = 0;
	}
	room = s->cap - s->end;
	n = read(s->fd, s->buf + s->end, room < READ_MAX ? room : READ_MAX);
	if (n > 0)
		s->end += (size_t)n;
	return (long)n;
}

char *line_socket_wait(struct line_socket *s, int timeout_ms, size_t *len)
{
	char *line;

	while (!(line = line_socket_next(s, len))) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};

		if (poll(&p, 1, timeout_ms) <= 0 || line_socket_fill(s) <= 0)
			return NULL;
	}
	return line;
}

bool line_socket_send(struct line_socket *s, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(s->fd, data, len);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}
