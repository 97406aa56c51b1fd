/*
 * json_scan.h - reading JSON in one pass, in place: no tree, no allocation, no recursion.
 * (The prefix is scan_ because jansson owns json_.)
 *
 * The caller walks the text like this; whatever is not wanted is passed over by scan_close():
 *
 *	scan_init(&s, text, len);
 *	scan_read(&s, &root);
 *	if (root.type == SCAN_OBJECT)
 *		while (scan_next_member(&s, &key, &value)) {
 *			switch (key) {
 *			case SCAN_KEY('t', 'm', 's', 't'):
 *				...
 *			}
 *			scan_close(&s, &value);
 *		}
 *	if (s.bad) ...
 *
 * The error is sticky: after a fault `bad` is set and every loop ends, so it is tested once at the end. Nesting is limited to SCAN_DEPTH_MAX; the length by the caller.
 */
#ifndef LS_GATEWAY_JSON_SCAN_H
#define LS_GATEWAY_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_DEPTH_MAX 16

enum scan_type { SCAN_NONE, SCAN_OBJECT, SCAN_ARRAY, SCAN_STRING, SCAN_NUMBER, SCAN_TRUE, SCAN_FALSE, SCAN_NULL };

/* Between the quotes, as it stands in the text. Escapes were checked; scan_text_copy() resolves them. */
struct scan_text {
	const char *p;
	size_t len;
	bool escaped;
};

/* digits * 10^exp10; the first 18 significant digits are kept. */
struct scan_number {
	int64_t digits;
	int32_t exp10;
};

struct scan_value {
	enum scan_type type;
	union {
		uint8_t depth;             /* OBJECT, ARRAY: the level it opened */
		struct scan_text text;     /* STRING */
		struct scan_number number; /* NUMBER */
	};
};

struct json_scan {
	const char *at, *end;
	uint32_t objects;          /* one bit a level: object or array */
	uint8_t depth;
	bool fresh;                /* a container was just opened */
	bool bad;
};

/* `text` is borrowed for as long as the scan and the values taken from it are used. */
void scan_init(struct json_scan *s, const char *text, size_t len);

/*
 * Read the value that follows, SCAN_NONE on a fault. A scalar is consumed whole; an object or array
 * is entered, and its content is then walked with scan_next_member() or scan_next_element(), or left
 * to scan_close(). NaN and Infinity, which C and Python writers emit although JSON has no such
 * thing, read as null.
 */
void scan_read(struct json_scan *s, struct scan_value *out);

/*
 * Read the next member of the object entered last, its value as scan_read() does; false at the
 * object's end (and then it is left) or on a fault. The key comes as a word for switch statements:
 * up to eight octets, 0 for a longer or empty one.
 */
bool scan_next_member(struct json_scan *s, uint64_t *key, struct scan_value *value);

/* Such a word. */
#define SCAN_KEY(...) SCAN_KEY_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define SCAN_KEY_(a, b, c, d, e, f, g, h, ...)                                                       \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |            \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

/* Read the next element of the array entered last; false at its end (left) or on a fault. */
bool scan_next_element(struct json_scan *s, struct scan_value *value);

void scan_close_container(struct json_scan *s, uint8_t depth); /* for scan_close() */

/* Pass over what is left of a container; nothing to do for scalars and containers walked to the end. */
static inline void scan_close(struct json_scan *s, const struct scan_value *v)
{
	if (v->type == SCAN_OBJECT || v->type == SCAN_ARRAY)
		scan_close_container(s, v->depth);
}

/* True when only blanks and NUL octets are left. */
bool scan_at_end(struct json_scan *s);

/*
 * Resolve escapes into out (UTF-8, a lone surrogate becomes U+FFFD); *len without a NUL, none is
 * added. LS_ELONG when it does not fit.
 */
int scan_text_copy(const struct scan_text *text, char *out, size_t cap, size_t *len);

/* The number that is the whole of a text: "50000". LS_EFORMAT for anything else. */
int scan_text_number(const struct scan_text *text, struct scan_number *out);

/* value * 10^decimals, rounded to nearest, saturated at the ends of int64_t. */
int64_t scan_number_fixed(const struct scan_number *n, unsigned decimals);

#endif
