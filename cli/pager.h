/*
 * pager.h - what is taller than the terminal is shown by a pager (LSCTL_PAGER, PAGER, else less -FIRX; "" and
 * --no-pager: none). Only text for people on a terminal, never a stream.
 *
 * Between begin and end stdout is kept in memory. A run has one stdout, so the state is one, too.
 */
#ifndef LSCTL_PAGER_H
#define LSCTL_PAGER_H

#include "cli.h"

/* Keep stdout from here on, unless it is no terminal or no pager is wanted. Rows of a wide text are not folded. */
void pager_begin(const struct cli *c, bool wide);
/* Show what was kept; waits for the pager. Nothing happens without a begin. */
void pager_end(void);

#endif
