/*
 * follow.h - memory follows a change of many objects at once: their records are read in the transaction that made
 * it, and put into the fleet when it is committed.
 */
#ifndef LS_CONTROL_FOLLOW_H
#define LS_CONTROL_FOLLOW_H

#include "server.h"
#include "store/store.h"

struct follow {
	size_t n;
	struct follow_object *objects;
	struct fleet_reload *reload; /* sessions, nonces and queues of devices */
};

/* [store] What is there now of the objects of info. LS_OK, or why it could not be read: then nothing is changed. */
int follow_read(struct follow *f, struct store_db *db, const struct change_info *info);
/* On the loop, after the commit. A failure is a bug or no memory. */
int follow_apply(struct follow *f, struct server *srv);
void follow_fini(struct follow *f);

#endif
