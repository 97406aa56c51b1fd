/* line_reader.c - one buffer; lines are handed out in place, the rest moves to the front when room is needed. */
#include "control/line_reader.h"

#include <stdlib.h>
#include <string.h>

#include "control/protocol.h"

void line_reader_fini(struct line_reader *r)
{
	if (r->buf)
		explicit_bzero(r->buf, r->cap);
	free(r->buf);
	*r = (struct line_reader){0};
}

/* Not realloc(): the old copy must be wiped. */
static bool move_to(struct line_reader *r, size_t cap)
{
	char *buf = malloc(cap);

	if (!buf)
		return false;
	if (r->buf) {
		memcpy(buf, r->buf + r->start, r->end - r->start);
		explicit_bzero(r->buf, r->cap);
		free(r->buf);
	}
	r->buf = buf;
	r->cap = cap;
	return true;
}

char *line_reader_space(struct line_reader *r, size_t want, size_t *room)
{
	size_t held = r->end - r->start;
	size_t cap = r->cap ? r->cap : want;

	while (cap < held + want)
		cap *= 2;
	/* A long line made the buffer grow; it shrinks again once it is empty. */
	if (held == 0 && r->cap > 8 * want)
		line_reader_fini(r);
	if (!r->buf || cap > r->cap) {
		if (!move_to(r, held ? cap : want))
			return NULL;
	} else if (r->start > 0) {
		memmove(r->buf, r->buf + r->start, held);
		explicit_bzero(r->buf + held, r->end - held);
	}
	r->scanned -= r->start;
	r->start = 0;
	r->end = held;
	*room = r->cap - r->end;
	return r->buf + r->end;
}

void line_reader_filled(struct line_reader *r, size_t n)
{
	r->end += n;
}

bool line_reader_next(struct line_reader *r, char **line, size_t *len, bool *too_long)
{
	char *newline = r->end > r->scanned ? memchr(r->buf + r->scanned, '\n', r->end - r->scanned) : NULL;
	size_t n;

	*too_long = (newline ? (size_t)(newline - r->buf) : r->end) - r->start > CONTROL_LINE_MAX;
	if (!newline) {
		r->scanned = r->end;
		return false;
	}
	*line = r->buf + r->start;
	n = (size_t)(newline - *line);
	r->start += n + 1;
	r->scanned = r->start;
	if (n > 0 && (*line)[n - 1] == '\r')
		n--;
	*len = n;
	return true;
}

bool line_reader_rest(struct line_reader *r, char **line, size_t *len)
{
	if (r->end == r->start)
		return false;
	*line = r->buf + r->start;
	*len = r->end - r->start;
	r->start = r->scanned = r->end;
	return true;
}

size_t line_reader_waiting(const struct line_reader *r)
{
	return r->end - r->start;
}
