/* help.h - help from the registry: examples first, 24 lines at most. */
#ifndef LSCTL_HELP_H
#define LSCTL_HELP_H

#include <stdio.h>

#include "cli.h"

void help_overview(FILE *to);
void help_method(const struct method *m);
/* Commands of a noun; false when there is no such noun. */
bool help_noun(const char *noun);
/* `lsctl help [TOPIC|NOUN [VERB]]`; returns the exit code. */
int help_topic(struct cli *c);
/* -F without a value: the fields with type and help. */
void help_fields(const struct entity *e);

#endif
