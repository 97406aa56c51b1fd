/* detail_table.h - a list of small objects within one object for people, as a table where it fits. */
#ifndef LSCTL_DETAIL_TABLE_H
#define LSCTL_DETAIL_TABLE_H

#include "output.h"

/*
 * Print the list with one line for each object under a line of headings, `indent` columns in. False, and nothing
 * printed, when its objects hold objects themselves, or lines would be wider than the terminal.
 */
bool detail_table(struct output *out, const json_t *list, int indent);

#endif
