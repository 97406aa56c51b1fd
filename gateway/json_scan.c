#include "gateway/json_scan.h"

#include <string.h>

#include "base/error.h"
#include "gateway/json_scan_quick.h"

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

/* Step over blanks; the octet found, 0 at the end (NUL is not JSON either, so callers need not tell them apart). */
static inline char peek(const char **at, const char *end)
{
	const char *p = *at;
	char c = 0;

	while (p < end && (unsigned char)(c = *p) <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t'))
		p++;
	*at = p;
	return p < end ? c : 0;
}

void scan_init(struct json_scan *s, const char *text, size_t len)
{
	*s = (struct json_scan){.at = text, .end = text + len};
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

/* p follows the opening quote. Returns the place after the closing one, NULL on a fault. */
static const char *read_text(const char *p, const char *end, struct scan_text *out)
{
	out->p = p;
	out->escaped = false;
	for (p = find_special(p, end); p < end && *p == '\\'; p = find_special(p, end)) {
		size_t n = escape_length(p, end);

		if (!n)
			return NULL;
		out->escaped = true;
		p += n;
	}
	if (p == end || *p != '"')
		return NULL;
	out->len = (size_t)(p - out->p);
	return p + 1;
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

/* What is neither number nor string nor container. Returns the end of the word, NULL when it is none. */
static const char *read_word(const char *p, const char *end, enum scan_type *type)
{
	static const struct {
		const char *text;
		enum scan_type type;
	} words[] = {
		{"null", SCAN_NULL}, {"true", SCAN_TRUE}, {"false", SCAN_FALSE},   {"nan", SCAN_NULL},       {"NaN", SCAN_NULL},
		{"-nan", SCAN_NULL}, {"inf", SCAN_NULL},  {"-inf", SCAN_NULL}, {"Infinity", SCAN_NULL}, {"-Infinity", SCAN_NULL},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].text);

		if ((size_t)(end - p) >= len && memcmp(p, words[i].text, len) == 0) {
			*type = words[i].type;
			return p + len;
		}
	}
	return NULL;
}

static const char *enter(struct json_scan *s, const char *p, struct scan_value *out)
{
	if (s->depth == SCAN_DEPTH_MAX)
		return NULL;
	out->type = *p == '{' ? SCAN_OBJECT : SCAN_ARRAY;
	out->depth = ++s->depth;
	if (out->type == SCAN_OBJECT)
		s->objects |= 1u << s->depth;
	else
		s->objects &= ~(1u << s->depth);
	s->fresh = true;
	return p + 1;
}

/* p points to the closing bracket. */
static bool leave(struct json_scan *s, const char *p)
{
	s->depth--;
	s->fresh = false;
	s->at = p + 1;
	return false;
}

static __attribute__((noinline)) bool read_value(struct json_scan *s, const char *p, struct scan_value *out)
{
	const char *start;
	char c = peek(&p, s->end);

	start = p;
	s->fresh = false;
	if (c == '"') {
		out->type = SCAN_STRING;
		p = read_text(p + 1, s->end, &out->text);
	} else if (c == '{' || c == '[') {
		p = enter(s, p, out);
	} else {
		out->type = SCAN_NUMBER;
		p = read_number(start, s->end, &out->number);
		if (!p)
			p = read_word(start, s->end, &out->type);
	}
	if (!p) {
		out->type = SCAN_NONE;
		return fail(s);
	}
	s->at = p;
	return true;
}

void scan_read(struct json_scan *s, struct scan_value *out)
{
	read_value(s, s->at, out);
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

static __attribute__((noinline)) bool read_member(struct json_scan *s, uint64_t *key, struct scan_value *value)
{
	const char *p = s->at, *end = s->end;
	struct scan_text text;
	char c = peek(&p, end);

	if (c == '}')
		return leave(s, p);
	if (!s->fresh) {
		if (c != ',')
			return fail(s);
		p++;
		c = peek(&p, end);
	}
	p = c == '"' ? read_text(p + 1, end, &text) : NULL;
	if (!p || peek(&p, end) != ':')
		return fail(s);
	*key = key_word(&text);
	return read_value(s, p + 1, value);
}

bool scan_next_member(struct json_scan *s, uint64_t *key, struct scan_value *value)
{
	const char *p;

	if (scan_quick_member(s, key, value))
		return true;
	p = quick_head(s, key);
	if (!p || (*p != '{' && *p != '['))
		return read_member(s, key, value);
	return read_value(s, p, value);
}

bool scan_next_element(struct json_scan *s, struct scan_value *value)
{
	const char *p = s->at;
	char c = peek(&p, s->end);

	if (c == ']')
		return leave(s, p);
	if (!s->fresh) {
		if (c != ',')
			return fail(s);
		p++;
	}
	s->at = p;
	scan_read(s, value); /* refuses a ']' after a comma */
	return !s->bad;
}

void scan_close_container(struct json_scan *s, uint8_t depth)
{
	struct scan_value inner;
	uint64_t key;

	/* What is opened inside raises the depth and is walked by the same loop. */
	while (!s->bad && s->depth >= depth) {
		if (s->objects & 1u << s->depth)
			scan_next_member(s, &key, &inner);
		else
			scan_next_element(s, &inner);
	}
}

bool scan_at_end(struct json_scan *s)
{
	while (peek(&s->at, s->end) == 0 && s->at < s->end)
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
