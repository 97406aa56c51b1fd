/*
 * line_socket.h - the control socket as the bench helpers use it: lines out, lines in, no JSON library, so that
 * the helper is never what is measured.
 */
#ifndef LS_BENCH_LINE_SOCKET_H
#define LS_BENCH_LINE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

struct line_socket {
	int fd;
	char *buf;
	size_t cap, begin, end; /* read, not yet taken: begin..end */
};

/* 0, or -1 with a message printed. */
int line_socket_open(struct line_socket *s, const char *path);
void line_socket_close(struct line_socket *s);

/* Next whole line that is here already (newline replaced by NUL, borrowed until the next fill), or NULL. */
char *line_socket_next(struct line_socket *s, size_t *len);

/* One read(): octets read, 0 at the end, -1 on error (EAGAIN when non-blocking). */
long line_socket_fill(struct line_socket *s);

/* Wait for the next line, at most timeout_ms; NULL when none came. */
char *line_socket_wait(struct line_socket *s, int timeout_ms, size_t *len);

/* All of it, blocking. */
bool line_socket_send(struct line_socket *s, const char *data, size_t len);

#endif
