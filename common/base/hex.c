#include "base/hex.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

#define ROW(h) h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h "b" h "c" h "d" h "e" h "f"
const char hex_pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
                         ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

/* Value of a digit, -1 for any other character. */
static int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *hex_encode(const void *data, size_t len, char *out)
{
	const uint8_t *b = data;
	size_t i = 0;

	for (; i + 4 <= len; i += 4)
		hex_at_4(out + 2 * i, b + i);
	for (; i < len; i++)
		memcpy(out + 2 * i, hex_pairs + 2 * b[i], 2);
	out[2 * len] = '\0';
	return out;
}

int hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len)
{
	size_t n = text_len / 2;

	if (text_len % 2)
		return LS_EFORMAT;
	for (size_t i = 0; i < n; i++) {
		int hi = value_of(text[2 * i]), lo = value_of(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return LS_EFORMAT;
		if (i < cap)
			out[i] = (uint8_t)(hi << 4 | lo);
	}
	/* Told last, so that long garbage is called garbage and not long. */
	if (n > cap)
		return LS_ELONG;
	*len = n;
	return LS_OK;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int hex_parse_exact(const char *text, const char *separators, uint8_t *out, size_t n)
{
	uint8_t read[16] = {0};
	size_t count = 0;
	const char *p = text;
	int rc = LS_OK;

	assert(n <= sizeof(read));
	if (strchr(separators, ' '))
		while (is_blank(*p))
			p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (; *p; p++) {
		int v = value_of(*p);

		if (v >= 0) {
			if (count < 2 * n)
				read[count / 2] = (uint8_t)(read[count / 2] << 4 | v);
			count++;
		} else if (!strchr(separators, *p) ||
			   (!is_blank(*p) && (count == 0 || value_of(p[1]) < 0))) {
			rc = LS_EFORMAT;
			goto out;
		}
	}
	if (count != 2 * n)
		rc = count < 2 * n ? LS_ESHORT : LS_ELONG;
	else
		memcpy(out, read, n);
out:
	explicit_bzero(read, sizeof(read)); /* it may be a key */
	return rc;
}
