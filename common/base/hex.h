/* hex.h - octets as hexadecimal text. */
#ifndef LS_BASE_HEX_H
#define LS_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Write 2*len lower-case digits and NUL to out, which holds at least 2*len + 1; returns out. */
char *hex_encode(const void *data, size_t len, char *out);

extern const char hex_pairs[512 + 1]; /* the two digits of every octet */

/* The digits of four octets, without NUL; returns the place behind them. */
static inline char *hex_at_4(char *p, const uint8_t octets[4])
{
	memcpy(p, hex_pairs + 2 * octets[0], 2);
	memcpy(p + 2, hex_pairs + 2 * octets[1], 2);
	memcpy(p + 4, hex_pairs + 2 * octets[2], 2);
	memcpy(p + 6, hex_pairs + 2 * octets[3], 2);
	return p + 8;
}

/*
 * Decode text_len digits of any case into out (at most cap octets), count in *len.
 * LS_EFORMAT: odd number of digits or another character. LS_ELONG: more than cap octets.
 */
int hex_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len);

/*
 * Read exactly n octets the way people write them: any case, a leading "0x" and the characters
 * of `separators` between two digits ignored (blanks in that set: anywhere). out is written on
 * LS_OK only, n is 16 at most. LS_EFORMAT: another character; else LS_ESHORT, LS_ELONG: number
 * of digits.
 */
int hex_parse_exact(const char *text, const char *separators, uint8_t *out, size_t n);

#endif
