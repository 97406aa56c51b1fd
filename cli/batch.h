/* batch.h - many commands over one connection, one a line; their results as JSON, one a line. */
#ifndef LSCTL_BATCH_H
#define LSCTL_BATCH_H

#include "cli.h"

/* lsctl batch [FILE|-] [--atomic | --keep-going] */
int run_batch(struct cli *c);
void help_batch(void);

#endif
