/* schema.h - the tables, and the way from any older set of them to the newest. */
#ifndef LS_STORE_SCHEMA_H
#define LS_STORE_SCHEMA_H

#include <stddef.h>

#include "store/db.h"

/* Steps by number: steps[0] makes version 1 of an empty file. Each is a list of SQL texts that ends with NULL. */
extern const char *const *const schema_steps[];
extern const size_t schema_n_steps;

/*
 * Bring the database to version n: each step in one transaction, foreign keys off around it and checked
 * inside (rebuilding a parent table must not delete its children). Before the first step of a database that
 * holds something a copy is written to <path>.before-v<n>.
 * LS_EVERSION: it is newer. LS_EFORMAT: not a database of ours. err receives a sentence.
 */
int schema_migrate(struct store_db *db, const char *path, const char *const *const *steps, size_t n, char *err,
                   size_t err_size);

#endif
