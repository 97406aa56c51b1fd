/*
 * bulk.h - many writes of one connection as one: between "bulk begin" and "bulk commit" its writes are checked and collected,
 * not done. The commit does all of them in one transaction or none; with keep_going those that can be done. Answers
 * to the writes come with the commit, in their order; a refusal by a check comes at once.
 *
 * Frames of the devices that are to be written wait meanwhile, so a bulk that is not committed in time is given up.
 */
#ifndef LS_CONTROL_BULK_H
#define LS_CONTROL_BULK_H

#include "control/internal.h"

#define BULK_MAX 10000                  /* writes in one */
#define BULK_SECONDS 10                 /* from begin to commit */

/* May this request be collected? Refused when not, or when there are too many. */
int bulk_check(struct request *r);
/* Instead of the store: takes w. */
void bulk_add(struct bulk *b, struct write *w);
/* A write was refused before it could be collected. */
void bulk_note_refusal(struct bulk *b, int code);
/* The connection closes, or it took too long: nothing is done. */
void bulk_give_up(struct connection *conn, const char *why);
bool bulk_is_late(const struct bulk *b);

#endif
