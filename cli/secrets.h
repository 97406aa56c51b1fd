/* secrets.h - keys on their way in: from a file, from stdin, from a prompt, or (with a warning) from argv. */
#ifndef LSCTL_SECRETS_H
#define LSCTL_SECRETS_H

#include "cli.h"

/* True when `arg` is a flag that takes a key ("--app-key", "--app-key=..."). */
bool is_key_flag(const char *arg);
/* True when `value` is the key itself, not @FILE or -. */
bool is_plain_key(const char *value);

/*
 * The text of a key given as `value` of --flag, blanks at the ends removed; new reference. A plain one is
 * wiped from argv. Returns 0, or the exit code after saying what is wrong.
 */
int secret_read(const struct cli *c, const char *flag, char *value, json_t **out);

#endif
