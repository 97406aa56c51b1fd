/*
 * key.h - AES-128 keys, a type of its own so that no log, event or reply prints one by accident.
 */
#ifndef LS_BASE_KEY_H
#define LS_BASE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ls_key {
	uint8_t b[16];
};

#define KEY_TEXT_SIZE 33 /* 32 hex digits and NUL */

/*
 * Parse 32 hex digits of any case; blanks, '-', ':' and a leading "0x" are ignored.
 * LS_ESHORT, LS_ELONG: number of digits; LS_EFORMAT: another character.
 */
int key_parse(const char *text, struct ls_key *out);

/* The only way to make text of a key: for `device keys show --show-secrets` and the store. */
char *key_reveal(const struct ls_key *key, char buf[KEY_TEXT_SIZE]);

/* Dots and the last four digits, for people to tell keys apart: "••••1f2a" in UTF-8. */
#define KEY_MASK_SIZE 20
char *key_mask(const struct ls_key *key, char buf[KEY_MASK_SIZE]);

bool key_equal(const struct ls_key *a, const struct ls_key *b); /* constant time */
void key_wipe(struct ls_key *key);

#endif
