/* args.h - the command line: words, global flags, and flags that wait for their method. */
#ifndef LSCTL_ARGS_H
#define LSCTL_ARGS_H

#include "cli.h"

struct global_flag {
	char letter;         /* 0: none */
	const char *name;
	const char *value;   /* word for the value in help; NULL: takes none */
	const char *help;
};

extern const struct global_flag global_flags[];
extern const size_t n_global_flags;

/* Fill words, flags and opt from argc/argv and the environment. Returns 0 or an exit code. */
int args_parse(struct cli *c);

/* True when some command has that flag (without dashes): then it is no misspelling of another. */
bool args_is_method_flag(const char *name);
/* Say that a flag of one value has several; returns the exit code. */
int fail_repeated(const struct cli *c, const char *flag);

#endif
