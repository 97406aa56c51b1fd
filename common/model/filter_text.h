/* filter_text.h - patterns on text: regular expression, glob and search, each within bounds of time and memory. */
#ifndef LS_MODEL_FILTER_TEXT_H
#define LS_MODEL_FILTER_TEXT_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#define REGEX_MAX 128     /* octets of a pattern */
#define REGEX_REPEATS_MAX 64 /* product of what {n} and {m,n} say: each is a copy of what it repeats */
#define REGEX_SUBJECT_MAX 1024 /* octets of a text looked at; what is behind is not seen */

/*
 * Compile; regfree() is the caller's on LS_OK. LS_EFORMAT with a sentence: not a POSIX extended regular expression, or
 * one that may take long (back references, many repetitions). On failure nothing is to be freed.
 */
int regex_compile(const char *pattern, regex_t *out, char *why, size_t why_size);
bool regex_finds(const regex_t *regex, const char *text);

/* The whole text; time is bounded by the product of the lengths. */
bool glob_matches(const char *pattern, const char *text);

/* `word` in lower case; ASCII letters of the text are taken in either case. */
bool text_contains(const char *text, const char *word);

#endif
