/*
 * text_buf.h - a growing text buffer with a sticky error, for writers on the hot path.
 *
 * When memory is out the buffer becomes `bad` and stays so; writers need not test each
 * step, callers test once at the end.
 */
#ifndef LS_BASE_TEXT_BUF_H
#define LS_BASE_TEXT_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_buf {
	char *data; /* NUL-terminated when not bad and not empty */
	size_t len;
	size_t cap;
	bool bad;
};

void text_buf_init(struct text_buf *t);  /* no allocation */
void text_buf_fini(struct text_buf *t);
void text_buf_reset(struct text_buf *t); /* empty, memory kept */

void text_put(struct text_buf *t, const char *s, size_t len);
void text_puts(struct text_buf *t, const char *s);
void text_putc(struct text_buf *t, char c);
void text_put_u64(struct text_buf *t, uint64_t v);
void text_put_i64(struct text_buf *t, int64_t v);
void text_put_hex(struct text_buf *t, const void *data, size_t len);
void text_put_base64(struct text_buf *t, const void *data, size_t len);

/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, controls are escaped. */
void text_put_json(struct text_buf *t, const char *s, size_t len);

/* value / 10^decimals with the zeros at the end removed, but ".0" kept: 105,1 -> 10.5; 100,1 -> 10.0 */
void text_put_fixed(struct text_buf *t, int64_t value, unsigned decimals);

void text_printf(struct text_buf *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
