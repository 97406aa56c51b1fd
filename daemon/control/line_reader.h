/*
 * line_reader.h - lines out of a stream of octets. What was handed out is wiped when it is
 * dropped, because requests carry keys.
 */
#ifndef LS_CONTROL_LINE_READER_H
#define LS_CONTROL_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader {
	char *buf;
	size_t cap;
	size_t start, end; /* received and not handed out: buf[start..end) */
	size_t scanned;    /* no newline in buf[start..scanned) */
};

void line_reader_fini(struct line_reader *r);

/* Room for at least `want` octets behind what is there; NULL when memory is out. *room is what there is. */
char *line_reader_space(struct line_reader *r, size_t want, size_t *room);
void line_reader_filled(struct line_reader *r, size_t n);

/*
 * The next line without its newline (and CR), borrowed until line_reader_space() is called. False: none is
 * complete. *too_long is set when what waits is longer than CONTROL_LINE_MAX.
 */
bool line_reader_next(struct line_reader *r, char **line, size_t *len, bool *too_long);

/* What waits, as the last line: nothing will follow. Borrowed likewise. False when there is nothing. */
bool line_reader_rest(struct line_reader *r, char **line, size_t *len);

/* Octets that wait, complete lines or not. */
size_t line_reader_waiting(const struct line_reader *r);

#endif
