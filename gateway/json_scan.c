#include "gateway/json_scan.h"

#include <string.h>

#include "base/error.h"

#define DIGITS_LIMIT 100000000000000000 /* one more decimal digit still makes less than 10^18 */
#define EXPONENT_LIMIT 9999

static const int64_t power_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
	1000000000000000000,
};

static bool fail(struct json_scan *s)
{
	s->bad = true;
	s->at = s->end;
	return false;
}

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* The next octet that is no blank, 0 at the end (NUL is not JSON either, so callers need not tell them apart). */
static inline char peek(struct json_scan *s)
{
	for (; s->at < s->end; s->at++) {
		char c = *s->at;

		if ((unsigned char)c > ' ')
			return c;
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return c;
	}
	return 0;
}

void scan_init(struct json_scan *s, const char *text, size_t len)
{
	*s = (struct json_scan){.at = text, .end = text + len};
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)
#define HAS_WORD_SCAN (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/*
 * Eight octets at once: 0 when none is a quote, a backslash or a control character, else a mask
 * whose lowest bit is the high bit of the first of those. Bits above it may be false.
 */
static inline uint64_t special_octets(uint64_t w)
{
	uint64_t quote = w ^ ONES * '"', backslash = w ^ ONES * '\\';

	return (((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((w - ONES * 0x20) & ~w)) & HIGHS;
}

/* First quote, backslash or control character at or after p, or end. */
static inline const char *find_special(const char *p, const char *end)
{
	while (HAS_WORD_SCAN && end - p >= 8) {
		uint64_t w, hit;

		memcpy(&w, p, sizeof(w));
		hit = special_octets(w);
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the escape at p, which points to its backslash; 0 when it is none. */
static size_t escape_length(const char *p, const char *end)
{
	if (end - p < 2)
		return 0;
	if (p[1] && strchr("\"\\/bfnrt", p[1]))
		return 2;
	if (p[1] != 'u' || end - p < 6)
		return 0;
	for (int i = 2; i < 6; i++)
		if (hex_digit(p[i]) < 0)
			return 0;
	return 6;
}

/* At the opening quote. */
static bool read_text(struct json_scan *s, struct scan_text *out)
{
	const char *p = s->at + 1;

	out->p = p;
	out->escaped = false;
	for (;;) {
		size_t n;

		p = find_special(p, s->end);
		if (p == s->end)
			return fail(s);
		if (*p == '"')
			break;
		n = *p == '\\' ? escape_length(p, s->end) : 0;
		if (!n)
			return fail(s);
		out->escaped = true;
		p += n;
	}
	out->len = (size_t)(p - out->p);
	s->at = p + 1;
	return true;
}

/* Returns the end of the number, NULL when there is none at p. */
static const char *read_number(const char *p, const char *end, struct scan_number *out)
{
	bool negative = p < end && *p == '-';
	const char *first;
	int64_t digits = 0;
	int32_t exp10 = 0;

	p += negative;
	for (first = p; p < end && is_digit(*p); p++) {
		if (digits < DIGITS_LIMIT)
			digits = digits * 10 + (*p - '0');
		else
			exp10++;
	}
	if (p == first || (*first == '0' && p - first > 1))
		return NULL;
	if (p < end && *p == '.') {
		for (first = ++p; p < end && is_digit(*p); p++) {
			if (digits >= DIGITS_LIMIT)
				continue;
			digits = digits * 10 + (*p - '0');
			exp10--;
		}
		if (p == first)
			return NULL;
	}
	if (p < end && (*p | 0x20) == 'e') {
		int32_t exponent = 0;
		bool minus;

		p++;
		minus = p < end && *p == '-';
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (p == end || !is_digit(*p))
			return NULL;
		for (; p < end && is_digit(*p); p++)
			if (exponent < EXPONENT_LIMIT)
				exponent = exponent * 10 + (*p - '0');
		exp10 += minus ? -exponent : exponent;
	}
	out->digits = negative ? -digits : digits;
	out->exp10 = exp10;
	return p;
}

static bool take_word(struct json_scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

static enum scan_type read_word(struct json_scan *s)
{
	if (take_word(s, "true"))
		return SCAN_TRUE;
	if (take_word(s, "false"))
		return SCAN_FALSE;
	if (take_word(s, "null") || take_word(s, "nan") || take_word(s, "NaN") || take_word(s, "-nan") ||
	    take_word(s, "Infinity") || take_word(s, "-Infinity") || take_word(s, "inf") || take_word(s, "-inf"))
		return SCAN_NULL;
	fail(s);
	return SCAN_NONE;
}

static bool enter(struct json_scan *s, bool object)
{
	if (s->depth == SCAN_DEPTH_MAX)
		return fail(s);
	s->depth++;
	if (object)
		s->objects |= 1u << s->depth;
	else
		s->objects &= ~(1u << s->depth);
	s->fresh = true;
	s->at++;
	return true;
}

static bool leave(struct json_scan *s)
{
	s->depth--;
	s->fresh = false;
	s->at++;
	return false;
}

void scan_read(struct json_scan *s, struct scan_value *out)
{
	const char *p;
	char c = peek(s);

	out->type = SCAN_NONE;
	switch (c) {
	case '"':
		if (read_text(s, &out->text))
			out->type = SCAN_STRING;
		return;
	case '{':
	case '[':
		if (!enter(s, c == '{'))
			return;
		out->type = c == '{' ? SCAN_OBJECT : SCAN_ARRAY;
		out->depth = s->depth;
		return;
	default:
		p = s->bad ? NULL : read_number(s->at, s->end, &out->number);
		if (!p) {
			out->type = read_word(s);
			return;
		}
		out->type = SCAN_NUMBER;
		s->at = p;
	}
}

static uint64_t key_word(const struct scan_text *key)
{
	unsigned char octets[8];
	const unsigned char *p = (const unsigned char *)key->p;
	size_t len = key->len;
	uint64_t w = 0;

	if (key->escaped) {
		if (scan_text_copy(key, (char *)octets, sizeof(octets), &len) || memchr(octets, 0, len))
			return 0;
		p = octets;
	}
	if (len > 8)
		return 0;
	while (len-- > 0)
		w = w << 8 | p[len];
	return w;
}

/* A key that is long, escaped or near the end of the text. */
static __attribute__((noinline)) bool read_odd_key(struct json_scan *s, uint64_t *out)
{
	struct scan_text text;

	if (!read_text(s, &text))
		return false;
	*out = key_word(&text);
	return true;
}

/* At the opening quote. */
static inline bool read_key(struct json_scan *s, uint64_t *out)
{
	/* Nearly always the key and its quote are in the next eight octets. */
	if (HAS_WORD_SCAN && s->end - s->at > 8) {
		uint64_t w, hit;
		int at;

		memcpy(&w, s->at + 1, sizeof(w));
		hit = special_octets(w);
		at = hit ? __builtin_ctzll(hit) - 7 : 0; /* bit at which the special octet starts */
		if (hit && (w >> at & 0xff) == '"') {
			*out = w & ((UINT64_C(1) << at) - 1);
			s->at += 2 + at / 8;
			return true;
		}
	}
	return read_odd_key(s, out);
}

bool scan_next_member(struct json_scan *s, uint64_t *key)
{
	char c = peek(s);

	if (c == '}')
		return leave(s);
	if (!s->fresh) {
		if (c != ',')
			return fail(s);
		s->at++;
		c = peek(s);
	}
	s->fresh = false;
	if (c != '"' || !read_key(s, key) || peek(s) != ':')
		return fail(s);
	s->at++;
	return true;
}

bool scan_next_element(struct json_scan *s)
{
	char c = peek(s);

	if (c == ']')
		return leave(s);
	if (!s->fresh) {
		if (c != ',')
			return fail(s);
		s->at++;
		c = peek(s);
	}
	s->fresh = false;
	return c ? true : fail(s); /* a ']' here follows a comma: scan_read() will refuse it */
}

void scan_close_container(struct json_scan *s, uint8_t depth)
{
	struct scan_value inner;
	uint64_t key;

	/* What is opened inside raises the depth and is walked by the same loop. */
	while (!s->bad && s->depth >= depth) {
		if (s->objects & 1u << s->depth ? scan_next_member(s, &key) : scan_next_element(s))
			scan_read(s, &inner);
	}
}

bool scan_at_end(struct json_scan *s)
{
	while (s->at < s->end && peek(s) == 0 && s->at < s->end)
		s->at++;
	return s->at == s->end;
}

static size_t put_utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)hex_digit(p[i]);
	return v;
}

/* Resolve the escape at p (checked by read_text); returns the octets it takes in the text. */
static size_t resolve_escape(const char *p, const char *end, uint32_t *out)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, p[1]);
	uint32_t c, low;

	if (p[1] != 'u') {
		*out = (uint32_t)(letter ? meanings[letter - letters] : p[1]);
		return 2;
	}
	c = hex4(p + 2);
	*out = c >= 0xd800 && c < 0xe000 ? 0xfffd : c;
	if (c < 0xd800 || c >= 0xdc00 || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 6;
	low = hex4(p + 8);
	if (low < 0xdc00 || low >= 0xe000)
		return 6;
	*out = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

int scan_text_copy(const struct scan_text *text, char *out, size_t cap, size_t *len)
{
	const char *p = text->p, *end = text->p + text->len;
	size_t used = 0;

	while (p < end) {
		char utf8[4] = {*p};
		size_t n = 1, taken = 1;
		uint32_t c;

		if (*p == '\\') {
			taken = resolve_escape(p, end, &c);
			n = put_utf8(c, utf8);
		}
		if (n > cap - used)
			return LS_ELONG;
		memcpy(out + used, utf8, n);
		used += n;
		p += taken;
	}
	*len = used;
	return LS_OK;
}

int scan_text_number(const struct scan_text *text, struct scan_number *out)
{
	const char *end = text->p + text->len;

	return read_number(text->p, end, out) == end ? LS_OK : LS_EFORMAT;
}

int64_t scan_number_fixed(const struct scan_number *n, unsigned decimals)
{
	int64_t v = n->digits, unit;
	int32_t e = n->exp10 + (int32_t)decimals;

	if (e >= 0) {
		for (; e > 0 && v; e--)
			if (__builtin_mul_overflow(v, 10, &v))
				return n->digits < 0 ? INT64_MIN : INT64_MAX;
		return v;
	}
	if (e < -18)
		return 0;
	unit = power_of_ten[-e];
	return (v < 0 ? v - unit / 2 : v + unit / 2) / unit;
}
