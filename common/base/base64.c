#include "base/base64.h"

#include <stdbool.h>

#include "base/error.h"

static const char alphabet[64] = {
	'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
	'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
	'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
	'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

/* Value of each character of both alphabets, -1 of all others; sixteen to a row, from character 0 on. */
static const int8_t values[256] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

/* All upper bits are set for a character of neither alphabet, so that they show in a sum of shifted values. */
static inline uint32_t value(unsigned char c)
{
	return (uint32_t)values[c];
}

size_t base64_encode(const void *data, size_t len, char *out)
{
	const uint8_t *b = data;
	char *o = out;
	size_t i = 0;

	for (; i + 3 <= len; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16 | (uint32_t)b[i + 1] << 8 | b[i + 2];

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = alphabet[v >> 6 & 63];
		*o++ = alphabet[v & 63];
	}
	if (i < len) {
		uint32_t v = (uint32_t)b[i] << 16 | (i + 1 < len ? (uint32_t)b[i + 1] << 8 : 0);

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
		*o++ = '=';
	}
	*o = '\0';
	return (size_t)(o - out);
}

static bool are_all_known(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[s[i]] < 0)
			return false;
	return true;
}

int base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = text_len, bytes, rest, i = 0;
	uint8_t *o = out;

	/* Padding is only ever one or two signs that complete a group of four. */
	if (n && s[n - 1] == '=') {
		if (n % 4)
			return LS_EFORMAT;
		n--;
		if (s[n - 1] == '=')
			n--;
	}
	rest = n % 4;
	if (rest == 1)
		return LS_EFORMAT;
	bytes = n / 4 * 3 + (rest ? rest - 1 : 0);
	/* Text that does not fit is still read to its end: long garbage is called garbage, not long. */
	if (bytes > cap)
		return are_all_known(s, n) ? LS_ELONG : LS_EFORMAT;

	for (; i + 4 <= n; i += 4, o += 3) {
		uint32_t v = value(s[i]) << 18 | value(s[i + 1]) << 12 | value(s[i + 2]) << 6 | value(s[i + 3]);

		if (v >> 24)
			return LS_EFORMAT;
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	if (rest) {
		uint32_t v = value(s[i]) << 18 | value(s[i + 1]) << 12 | (rest == 3 ? value(s[i + 2]) << 6 : 0);

		if (v >> 24)
			return LS_EFORMAT;
		o[0] = (uint8_t)(v >> 16);
		if (rest == 3)
			o[1] = (uint8_t)(v >> 8);
	}
	*len = bytes;
	return LS_OK;
}
