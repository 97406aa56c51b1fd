/* diff.h - what a change does, as lines: + ~ - and the fields before and after. */
#ifndef LSCTL_DIFF_H
#define LSCTL_DIFF_H

#include "cli.h"

/* Print the `diff` of a change or of a dry run on stdout. */
void diff_print(const struct cli *c, const json_t *diff);

#endif
