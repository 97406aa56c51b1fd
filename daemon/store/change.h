/*
 * change.h - the journal: what a write changed in the database, who asked for it, and how it is taken back.
 *
 * A write is recorded by SQLite itself (sqlite3session): its changeset holds every row of every table that changed,
 * cascades included, with the values before. It is stored with the change, in the same transaction, and applied backwards
 * to undo it; so an undo brings back keys and sessions, though no person ever reads them here. `diff` is what people see of
 * it: rows of the registry's entities, where a secret is only said to be "changed".
 *
 * Logs, counters of traffic and the journal itself are not recorded. All of it runs on the store thread, within the
 * savepoint of a batch; change_touched() on either connection.
 */
#ifndef LS_STORE_CHANGE_H
#define LS_STORE_CHANGE_H

#include "store/db.h"
#include "store/store.h"

struct change_recording; /* of one batch */

/* Begin to record, after the test of if_version: LS_ECONFLICT with c->why. */
int change_begin(struct store_db *db, struct store_change *c, struct change_recording **out);

/*
 * What was recorded, counted and described (c->objects, c->diff), and written into the journal (c->change_id) unless
 * nothing changed or it is a dry run. LS_ECONFLICT with c->why: it affects more than was said (section 9 of the
 * terminal's design: expect, confirm).
 */
int change_end(struct store_db *db, struct change_recording *rec);
void change_abandon(struct change_recording *rec); /* NULL is fine */

/* The journal within its limits: some rows at a time. */
int change_prune(struct store_db *db, const struct store_options *options, int64_t now_us);

/* ---- change_diff.c ---- */

/* Entity whose rows are counted and described for people; NULL: other tables. */
const struct entity *change_entity(const char *table);
/* The rows of a changeset for people, at most CHANGE_ROWS_MAX and counts of the rest; *objects is how many entities. */
#define CHANGE_ROWS_MAX 100
json_t *change_diff(struct store_db *db, const void *changes, int size, int64_t *objects);
/* Names of the columns of a table, in order; borrowed until the next statement of this connection. NULL: out of memory. */
sqlite3_stmt *change_columns(struct store_db *db, const char *table);

#endif
