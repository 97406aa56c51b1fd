/* stream_line.h - an event or a frame as one line for people. */
#ifndef LSCTL_STREAM_LINE_H
#define LSCTL_STREAM_LINE_H

#include "cli.h"

void stream_line_print(const struct cli *c, const json_t *item);

#endif
