/* base64.h - RFC 4648. Encodes the standard alphabet with padding; decodes both alphabets. */
#ifndef LS_BASE_BASE64_H
#define LS_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* Write BASE64_SIZE(len) octets (with NUL); returns the number of characters without NUL. */
size_t base64_encode(const void *data, size_t len, char *out);

/*
 * Decode text (standard or URL-safe alphabet, padding optional but correct if present).
 * LS_EFORMAT: other characters or impossible length; LS_ELONG: more than cap octets.
 */
int base64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap, size_t *len);

#endif
