/*
 * error.h - the one form in which lsctl says that something went wrong (ux.md section 10):
 * what, then why, then what to type. With a JSON output the same as one object.
 */
#ifndef LSCTL_ERROR_H
#define LSCTL_ERROR_H

#include "cli.h"

/* Print and return the exit code of ls_error. why and hint may be NULL. */
int fail(const struct cli *c, int ls_error, const char *why, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The same with the registry name of the field at fault. */
int fail_field(const struct cli *c, int ls_error, const char *field, const char *why, const char *hint,
               const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Print the error member of an answer; returns its exit code. */
int fail_answer(const struct cli *c, const json_t *error);

void warn(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The command line as typed, quoted for a shell, keys replaced by @FILE: with argv[at] replaced by
 * `word` (at > 0) and `more` appended (may be NULL). Caller frees.
 */
char *command_line(const struct cli *c, int at, const char *word, const char *more);

#endif
