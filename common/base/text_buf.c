#include "base/text_buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"

#define FIRST_CAP 256

void text_buf_init(struct text_buf *t)
{
	*t = (struct text_buf){0};
}

void text_buf_fini(struct text_buf *t)
{
	free(t->data);
	*t = (struct text_buf){0};
}

void text_buf_reset(struct text_buf *t)
{
	t->len = 0;
	t->bad = false;
	if (t->data)
		t->data[0] = '\0';
}

bool text_buf_grow(struct text_buf *t, size_t n)
{
	size_t want = t->len + n + 1;
	size_t cap = t->cap ? t->cap : FIRST_CAP;
	char *data;

	if (want < n)
		goto bad;
	while (cap < want) {
		if (cap > SIZE_MAX / 2)
			goto bad;
		cap *= 2;
	}
	data = realloc(t->data, cap);
	if (!data)
		goto bad;
	t->data = data;
	t->cap = cap;
	return true;
bad:
	t->bad = true;
	return false;
}

/* Room for n octets and a NUL at data + len; false when the buffer is bad. */
static inline bool room(struct text_buf *t, size_t n)
{
	if (t->bad)
		return false;
	return t->cap - t->len > n || text_buf_grow(t, n);
}

void text_put(struct text_buf *t, const char *s, size_t len)
{
	if (!len || !room(t, len))
		return;
	memcpy(t->data + t->len, s, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_puts(struct text_buf *t, const char *s)
{
	text_put(t, s, strlen(s));
}

#define U64_DIGITS TEXT_U64_MAX

/* Digits of v at the end of buf; returns where they start. */
static char *digits_of(uint64_t v, char buf[U64_DIGITS])
{
	char *p = buf + U64_DIGITS;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return p;
}

/* Magnitude of v; unsigned, because that of INT64_MIN has no signed form. */
static uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* Both digits of 0 to 99. */
#define ROW(h) h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9"
static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7") ROW("8") ROW("9");

static unsigned width_of(uint64_t v)
{
	static const uint64_t power_of_ten[] = {
		0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
		1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
		100000000000000000, 1000000000000000000, 10000000000000000000u,
	};
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
	unsigned below = bits * 1233 >> 12; /* log10(2) of them: the digits or one too few */

	return below + (v >= power_of_ten[below]);
}

char *text_at_u64(char *p, uint64_t v)
{
	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	return text_at_digits(p, v, width_of(v));
}

char *text_at_i64(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return text_at_u64(p, magnitude(v));
}

char *text_at_digits(char *p, uint64_t v, unsigned width)
{
	unsigned i = width;

	for (; i >= 2; v /= 100) {
		i -= 2;
		memcpy(p + i, pairs + 2 * (v % 100), 2);
	}
	if (i)
		*p = (char)('0' + v % 10);
	return p + width;
}

void text_put_u64(struct text_buf *t, uint64_t v)
{
	char *p = text_buf_reserve(t, U64_DIGITS);

	if (p)
		text_buf_end(t, text_at_u64(p, v));
}

void text_put_i64(struct text_buf *t, int64_t v)
{
	char *p = text_buf_reserve(t, 1 + U64_DIGITS);

	if (p)
		text_buf_end(t, text_at_i64(p, v));
}

void text_put_hex(struct text_buf *t, const void *data, size_t len)
{
	if (len > SIZE_MAX / 4) {
		t->bad = true;
		return;
	}
	if (!len || !room(t, 2 * len))
		return;
	hex_encode(data, len, t->data + t->len);
	t->len += 2 * len;
}

void text_put_base64(struct text_buf *t, const void *data, size_t len)
{
	if (len > SIZE_MAX / 4) {
		t->bad = true;
		return;
	}
	if (!len || !room(t, BASE64_SIZE(len)))
		return;
	t->len += base64_encode(data, len, t->data + t->len);
}

/* One character below 0x20, a quote or a backslash. */
static void put_json_escape(struct text_buf *t, unsigned char c)
{
	static const char short_form[] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};

	text_putc(t, '\\');
	if (c < sizeof(short_form) && short_form[c]) {
		text_putc(t, short_form[c]);
		return;
	}
	text_put(t, "u00", 3);
	text_put_hex(t, &c, 1);
}

/* ASCII that stands for itself in a JSON string. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void text_put_json(struct text_buf *t, const char *s, size_t len)
{
	size_t at = 0, run = 0; /* s[run..at) is plain and not yet written */

	text_putc(t, '"');
	while (at < len && is_plain((unsigned char)s[at]))
		at++;
	while (at < len) {
		unsigned char c = (unsigned char)s[at];
		uint32_t character;
		size_t n = 1;

		if (c >= 0x80)
			n = utf8_decode(s + at, len - at, &character);
		if (n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			at += n;
			continue;
		}
		text_put(t, s + run, at - run);
		if (!n)
			text_put(t, "\xef\xbf\xbd", 3);
		else
			put_json_escape(t, c);
		run = ++at;
	}
	text_put(t, s + run, len - run);
	text_putc(t, '"');
}

void text_put_fixed(struct text_buf *t, int64_t value, unsigned decimals)
{
	char digits[U64_DIGITS];
	char *p = digits_of(magnitude(value), digits);
	size_t n = (size_t)(digits + U64_DIGITS - p);
	size_t whole = n > decimals ? n - decimals : 0;

	if (value < 0)
		text_putc(t, '-');
	if (whole)
		text_put(t, p, whole);
	else
		text_putc(t, '0');
	text_putc(t, '.');

	/* Zeros at the end go; zeros between the point and the first digit are not in p. */
	while (n > whole && p[n - 1] == '0')
		n--;
	if (n == whole) {
		text_putc(t, '0');
		return;
	}
	if (!whole)
		for (size_t i = (size_t)(digits + U64_DIGITS - p); i < decimals; i++)
			text_putc(t, '0');
	text_put(t, p + whole, n - whole);
}

void text_printf(struct text_buf *t, const char *fmt, ...)
{
	va_list args;
	int n;

	if (!room(t, 1))
		return;
	va_start(args, fmt);
	n = vsnprintf(t->data + t->len, t->cap - t->len, fmt, args);
	va_end(args);
	if (n > 0 && (size_t)n >= t->cap - t->len) {
		if (!room(t, (size_t)n)) {
			t->data[t->len] = '\0';
			return;
		}
		va_start(args, fmt);
		n = vsnprintf(t->data + t->len, t->cap - t->len, fmt, args);
		va_end(args);
	}
	if (n < 0) {
		t->data[t->len] = '\0';
		t->bad = true;
		return;
	}
	t->len += (size_t)n;
}
