#include "base/base64.h"

#include <stdbool.h>

#include "base/error.h"

static const char alphabet[64] = {
	'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
	'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
	'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
	'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

/* Value + 1 of each character of both alphabets, so that 0 means "not in either". */
static const uint8_t value_plus_1[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
	['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
	['-'] = 63, ['_'] = 64,
};

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
		if (!value_plus_1[s[i]])
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
		unsigned a = value_plus_1[s[i]], b = value_plus_1[s[i + 1]];
		unsigned c = value_plus_1[s[i + 2]], d = value_plus_1[s[i + 3]];
		uint32_t v;

		if (!a || !b || !c || !d)
			return LS_EFORMAT;
		v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	if (rest) {
		unsigned a = value_plus_1[s[i]], b = value_plus_1[s[i + 1]];
		unsigned c = rest == 3 ? value_plus_1[s[i + 2]] : 1;

		if (!a || !b || !c)
			return LS_EFORMAT;
		o[0] = (uint8_t)((a - 1) << 2 | (b - 1) >> 4);
		if (rest == 3)
			o[1] = (uint8_t)((b - 1) << 4 | (c - 1) >> 2);
	}
	*len = bytes;
	return LS_OK;
}
