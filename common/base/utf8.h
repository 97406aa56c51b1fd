/* utf8.h - one character of UTF-8 at a time, for text that may be anything. */
#ifndef LS_BASE_UTF8_H
#define LS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Decode the character at the start of text[0..len), len > 0. Returns its octets (1..4), or 0
 * when they are not UTF-8: stray, truncated or overlong octets, surrogates, above U+10FFFF.
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *character);

#endif
