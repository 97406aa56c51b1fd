#include "base/safe_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

#define UNIT_MAX 8 /* "\u202e" and NUL, or a character of four octets */

/* Characters that would steer a terminal or turn the reading order. */
static bool is_harmful(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return true;
	return c == 0x061c ||                  /* Arabic letter mark */
	       c == 0x200e || c == 0x200f ||   /* left-to-right, right-to-left mark */
	       c == 0x2028 || c == 0x2029 ||   /* line, paragraph separator */
	       (c >= 0x202a && c <= 0x202e) || /* embeddings and overrides */
	       (c >= 0x2066 && c <= 0x2069) || /* isolates */
	       c == 0xfeff;                    /* invisible byte order mark */
}

/* Escape what stands at text into unit; returns the octets read, *unit_len the octets written. */
static size_t make_unit(const char *text, size_t len, char unit[UNIT_MAX], size_t *unit_len)
{
	uint32_t c = 0;
	size_t n = utf8_decode(text, len, &c);

	if (n == 0) {
		*unit_len = (size_t)snprintf(unit, UNIT_MAX, "\\x%02x", (unsigned char)text[0]);
		return 1;
	}
	if (c == '\\' || c == '\n' || c == '\t' || c == '\r') {
		unit[0] = '\\';
		unit[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : '\\';
		*unit_len = 2;
	} else if (is_harmful(c)) {
		*unit_len = (size_t)snprintf(unit, UNIT_MAX, c < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)(c & 0xffff));
	} else {
		memcpy(unit, text, n);
		*unit_len = n;
	}
	return n;
}

size_t safe_text(const char *text, size_t len, char *out, size_t cap)
{
	size_t at = 0, written = 0, cut = 0;

	assert(cap >= 8);
	while (at < len) {
		unsigned char c = (unsigned char)text[at];
		char unit[UNIT_MAX];
		size_t unit_len = 1;

		if (c >= 0x20 && c < 0x7f && c != '\\') {
			unit[0] = text[at++];
		} else {
			at += make_unit(text + at, len - at, unit, &unit_len);
		}
		if (written + unit_len + 1 > cap) {
			memcpy(out + cut, "...", 4);
			return cut + 3;
		}
		memcpy(out + written, unit, unit_len);
		written += unit_len;
		/* The latest place where the dots still fit. */
		if (written + 4 <= cap)
			cut = written;
	}
	out[written] = '\0';
	return written;
}

bool safe_text_is_clean(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		uint32_t c;
		size_t n = utf8_decode(text + at, len - at, &c);

		if (n == 0 || is_harmful(c))
			return false;
		at += n;
	}
	return true;
}

size_t safe_text_width(const char *text)
{
	size_t len = strlen(text), at = 0, width = 0;

	while (at < len) {
		uint32_t c;
		size_t n = utf8_decode(text + at, len - at, &c);
		int columns = n ? wcwidth((wchar_t)c) : 1;

		width += columns < 0 ? 1 : (size_t)columns;
		at += n ? n : 1;
	}
	return width;
}
