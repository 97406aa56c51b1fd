/*
 * safe_text.h - the one function that makes outside text harmless.
 *
 * Names, payload texts, gateway status and log lines come from strangers. Before they reach
 * a terminal or a log they pass here: C0 and C1 controls, DEL, invalid UTF-8, bidirectional
 * marks and line separators become visible escapes (\n \t \x1b \u202e ...), a backslash
 * becomes two. \xNN is an octet as it came (control or invalid), \uNNNN a character.
 */
#ifndef LS_BASE_SAFE_TEXT_H
#define LS_BASE_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Escape text[0..len) into out (cap octets with NUL). Text that does not fit is cut at a
 * character and ends in "...". Returns the length written without NUL; cap must be 8 or more.
 */
size_t safe_text(const char *text, size_t len, char *out, size_t cap);

/* True when text is valid UTF-8 and safe_text() would change nothing but backslashes. */
bool safe_text_is_clean(const char *text, size_t len);

/* Columns a terminal needs for text that passed safe_text() (wcwidth of the locale; 1 where it knows none). */
size_t safe_text_width(const char *text);

#endif
