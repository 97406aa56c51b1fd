/*
 * ptr_table.h - a hash table of pointers with open addressing: 8 octets a slot, for indexes over
 * structs that carry their own key (100,000 devices want no 56-octet handle each).
 *
 * The table does not own what it points to. Hash and equality come from the caller; equal entries
 * (same key) are not allowed.
 */
#ifndef LS_BASE_PTR_TABLE_H
#define LS_BASE_PTR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ptr_table {
	void **slots; /* NULL empty, PTR_TABLE_GONE deleted */
	size_t cap;   /* power of two, 0 at first */
	size_t used;  /* entries */
	size_t gone;  /* deleted marks */
	uint64_t (*hash)(const void *entry, const void *arg);
	const void *arg;
};

void ptr_table_init(struct ptr_table *t, uint64_t (*hash)(const void *entry, const void *arg), const void *arg);
void ptr_table_fini(struct ptr_table *t);

/* First entry with this hash for which equal() holds, or NULL. */
void *ptr_table_find(const struct ptr_table *t, uint64_t hash, bool (*equal)(const void *entry, const void *key),
                     const void *key);
int ptr_table_add(struct ptr_table *t, void *entry); /* LS_ENOMEM */
bool ptr_table_remove(struct ptr_table *t, const void *entry);

/* Walk: start with *at = 0; NULL at the end. Entries must not be added meanwhile. */
void *ptr_table_next(const struct ptr_table *t, size_t *at);

#endif
