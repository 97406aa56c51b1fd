/* bulk.h - a verb with many ids: words, "-" or @FILE with one a line, or -w FILTER; done as one. */
#ifndef LSCTL_BULK_H
#define LSCTL_BULK_H

#include "cli.h"

/* True when c->method names its target by one word, and several or a source of them are given. */
bool bulk_is_meant(const struct cli *c);
int run_bulk(struct cli *c);

#endif
