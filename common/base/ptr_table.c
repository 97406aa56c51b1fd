#include "base/ptr_table.h"

#include <stdlib.h>

#include "base/error.h"

static char gone_mark;
#define GONE ((void *)&gone_mark)

void ptr_table_init(struct ptr_table *t, uint64_t (*hash)(const void *, const void *), const void *arg)
{
	*t = (struct ptr_table){.hash = hash, .arg = arg};
}

void ptr_table_fini(struct ptr_table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->cap = t->used = t->gone = 0;
}

static void place(struct ptr_table *t, void *entry)
{
	size_t i = t->hash(entry, t->arg) & (t->cap - 1);

	while (t->slots[i] && t->slots[i] != GONE)
		i = (i + 1) & (t->cap - 1);
	if (t->slots[i] == GONE)
		t->gone--;
	t->slots[i] = entry;
	t->used++;
}

/* Grow at 3/4 full; marks of deleted entries count, and disappear here. */
static int make_room(struct ptr_table *t)
{
	struct ptr_table old = *t;
	size_t cap = t->cap ? t->cap : 16;

	if ((t->used + t->gone + 1) * 4 <= t->cap * 3)
		return LS_OK;
	while ((t->used + 1) * 2 > cap)
		cap *= 2;
	t->slots = calloc(cap, sizeof(*t->slots));
	if (!t->slots) {
		*t = old;
		return LS_ENOMEM;
	}
	t->cap = cap;
	t->used = t->gone = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i] && old.slots[i] != GONE)
			place(t, old.slots[i]);
	free(old.slots);
	return LS_OK;
}

void *ptr_table_find(const struct ptr_table *t, uint64_t hash, bool (*equal)(const void *, const void *),
                     const void *key)
{
	if (!t->cap)
		return NULL;
	for (size_t i = hash & (t->cap - 1); t->slots[i]; i = (i + 1) & (t->cap - 1))
		if (t->slots[i] != GONE && equal(t->slots[i], key))
			return t->slots[i];
	return NULL;
}

int ptr_table_add(struct ptr_table *t, void *entry)
{
	int rc = make_room(t);

	if (rc)
		return rc;
	place(t, entry);
	return LS_OK;
}

bool ptr_table_remove(struct ptr_table *t, const void *entry)
{
	if (!t->cap)
		return false;
	for (size_t i = t->hash(entry, t->arg) & (t->cap - 1); t->slots[i]; i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i] != entry)
			continue;
		t->slots[i] = GONE;
		t->used--;
		t->gone++;
		return true;
	}
	return false;
}

void *ptr_table_next(const struct ptr_table *t, size_t *at)
{
	while (*at < t->cap) {
		void *entry = t->slots[(*at)++];

		if (entry && entry != GONE)
			return entry;
	}
	return NULL;
}
