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
#include <string.h>

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
void text_put_u64(struct text_buf *t, uint64_t v);
void text_put_i64(struct text_buf *t, int64_t v);
void text_put_hex(struct text_buf *t, const void *data, size_t len);
void text_put_base64(struct text_buf *t, const void *data, size_t len);

/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, controls are escaped. */
void text_put_json(struct text_buf *t, const char *s, size_t len);

/* value / 10^decimals with the zeros at the end removed, but ".0" kept: 105,1 -> 10.5; 100,1 -> 10.0 */
void text_put_fixed(struct text_buf *t, int64_t value, unsigned decimals);

void text_printf(struct text_buf *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Writing without a test per step, for rows of bounded length: reserve room for the longest, write with the
 * text_at_*() below, each of which returns the place behind what it wrote, and end with text_buf_end().
 */
bool text_buf_grow(struct text_buf *t, size_t n); /* room for n octets and a NUL; false when bad */

/* Where n octets may be written; NULL when the buffer is bad. */
static inline char *text_buf_reserve(struct text_buf *t, size_t n)
{
	if (t->bad || (t->cap - t->len <= n && !text_buf_grow(t, n)))
		return NULL;
	return t->data + t->len;
}

static inline void text_buf_end(struct text_buf *t, char *end)
{
	t->len = (size_t)(end - t->data);
	*end = '\0';
}

#define TEXT_U64_MAX 20 /* longest text of a number, without sign */

char *text_at_u64(char *p, uint64_t v);
char *text_at_i64(char *p, int64_t v);
char *text_at_digits(char *p, uint64_t v, unsigned width); /* zeros in front */

static inline char *text_at(char *p, const char *s, size_t len)
{
	memcpy(p, s, len);
	return p + len;
}

/* The length of a literal is known to the compiler, which then needs no call to copy it. */
#define TEXT_AT_LITERAL(p, s) text_at(p, s, sizeof(s) - 1)

static inline void text_putc(struct text_buf *t, char c)
{
	char *p = text_buf_reserve(t, 1);

	if (!p)
		return;
	*p = c;
	text_buf_end(t, p + 1);
}

#define TEXT_PUT_LITERAL(t, s) do { \
		char *at_ = text_buf_reserve(t, sizeof(s) - 1); \
		if (at_) \
			text_buf_end(t, TEXT_AT_LITERAL(at_, s)); \
	} while (0)

#endif
