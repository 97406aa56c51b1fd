/*
 * json_scan_quick.h - the quick way of scan_next_member(), inline for the loop that reads most of what arrives.
 *
 * It knows members as forwarders write them: no blanks, a key of up to seven octets, a text without
 * escapes or a short number without exponent. Whatever looks otherwise, faults too, is left to
 * scan_next_member(), which knows every form and tries this way first.
 */
#ifndef LS_GATEWAY_JSON_SCAN_QUICK_H
#define LS_GATEWAY_JSON_SCAN_QUICK_H

#include <string.h>

#include "gateway/json_scan.h"

#define DIGITS_MAX 18
#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)
#define HAS_WORD_SCAN (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/*
 * Eight octets at once: 0 when none is a quote, a backslash or a control character, else a mask
 * whose lowest bit is the high bit of the first of those. Bits above it may be false.
 *
 * The high bit of x - limit is set when an octet x < 0x80 is below the limit. Flipping bit 1 puts the
 * quote (0x22) at 0x20, next to the control characters, and a blank (0x20) out of the way.
 */
static inline uint64_t special_octets(uint64_t w)
{
	uint64_t quote_or_control = (w ^ ONES * 0x02) - ONES * 0x21;
	uint64_t backslash = (w ^ ONES * '\\') - ONES;

	return (quote_or_control | backslash) & ~w & HIGHS;
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

/* Longest head with the first octet of its value: ,"seven77":1 */
#define QUICK_HEAD 12

static inline bool is_pair(const char *p, char first, char second)
{
	uint16_t got, want;
	const char pair[2] = {first, second};

	memcpy(&got, p, sizeof(got));
	memcpy(&want, pair, sizeof(want));
	return got == want;
}

/* Returns the value's first octet, NULL when the head looks otherwise. */
static inline const char *quick_head(const struct json_scan *s, uint64_t *key)
{
	const char *p = s->at;
	uint64_t w, hit;
	unsigned at;

	if (!HAS_WORD_SCAN || s->end - p < QUICK_HEAD)
		return NULL;
	p += !s->fresh;
	if (*p != '"' || (!s->fresh && p[-1] != ','))
		return NULL;
	memcpy(&w, ++p, sizeof(w));
	hit = special_octets(w);
	if (!hit)
		return NULL;
	at = (unsigned)__builtin_ctzll(hit) & 56; /* bit at which the special octet starts */
	p += at / 8;
	if (!is_pair(p, '"', ':'))
		return NULL;
	*key = w & ((UINT64_C(1) << at) - 1);
	return p + 2;
}

/* Digits, appended to *digits. */
static inline const char *quick_digits(const char *p, const char *end, uint64_t *digits)
{
	uint64_t v = *digits;
	unsigned digit;

	for (; p < end && (digit = (unsigned)*p - '0') <= 9; p++)
		v = v * 10 + digit;
	*digits = v;
	return p;
}

/* Returns the end of the number, NULL when it is long, has an exponent, ends the text or is none. */
static inline const char *quick_number(const char *p, const char *end, struct scan_number *out)
{
	bool negative = *p == '-';
	const char *first = p + negative, *point;
	uint64_t digits = 0; /* overflows only with more than DIGITS_MAX of them */

	point = p = quick_digits(first, end, &digits);
	if (p == first || p == end || (*first == '0' && p - first > 1))
		return NULL;
	if (*p == '.') {
		p = quick_digits(++point, end, &digits);
		if (p == point || p == end)
			return NULL;
	}
	if (p - first > DIGITS_MAX || (*p | 0x20) == 'e')
		return NULL;
	out->digits = negative ? -(int64_t)digits : (int64_t)digits;
	out->exp10 = (int32_t)(point - p);
	return p;
}

/* Read the next member if it has the usual form; false, and nothing read, if it has not. */
static inline bool scan_quick_member(struct json_scan *s, uint64_t *key, struct scan_value *value)
{
	const char *p = quick_head(s, key);

	if (!p)
		return false;
	if (*p == '"') {
		const char *start = p + 1;

		p = find_special(start, s->end);
		if (p == s->end || *p != '"')
			return false;
		value->type = SCAN_STRING;
		value->text = (struct scan_text){.p = start, .len = (size_t)(p - start)};
		p++;
	} else {
		p = quick_number(p, s->end, &value->number);
		if (!p)
			return false;
		value->type = SCAN_NUMBER;
	}
	s->at = p;
	s->fresh = false;
	return true;
}

#endif
