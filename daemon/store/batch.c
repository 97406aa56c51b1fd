/*
 * batch.c - the arena of a batch and its list of operations.
 *
 * The arena is a list of chunks, the newest first. The first one is allocated together with the batch,
 * and holds what one uplink needs, so that an uplink costs one malloc().
 */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_CHUNK 3072
#define CHUNK 16384
#define ALIGN 16

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(ALIGN) unsigned char data[];
};

struct batch_start {
	struct batch batch;
	struct chunk chunk; /* its data follows */
};

struct store_batch *store_batch_new(void)
{
	struct batch_start *start = malloc(sizeof(*start) + FIRST_CHUNK);

	if (!start)
		return NULL;
	memset(&start->batch, 0, sizeof(start->batch));
	start->chunk.next = NULL;
	start->chunk.used = 0;
	start->chunk.size = FIRST_CHUNK;
	start->batch.pub.arena = &start->chunk;
	start->batch.pub.ops_end = &start->batch.pub.ops;
	return &start->batch.pub;
}

void store_batch_free(struct store_batch *b)
{
	struct batch_start *start = (struct batch_start *)b;

	if (!b)
		return;
	for (struct chunk *c = b->arena, *next; c != &start->chunk; c = next) {
		next = c->next;
		free(c);
	}
	free(start);
}

static void *take(struct store_batch *b, size_t size)
{
	struct chunk *c = b->arena;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > c->size - c->used) {
		size_t room = size > CHUNK ? size : CHUNK;

		c = malloc(sizeof(*c) + room);
		if (!c) {
			b->bad = true;
			return NULL;
		}
		c->next = b->arena;
		c->used = 0;
		c->size = room;
		b->arena = c;
	}
	void *p = c->data + c->used;

	c->used += size;
	return p;
}

void *store_batch_alloc(struct store_batch *b, size_t size)
{
	void *p = size > SIZE_MAX / 2 ? NULL : take(b, size);

	return p ? memset(p, 0, size) : NULL;
}

void *batch_copy(struct store_batch *b, const void *data, size_t len)
{
	char *p = take(b, len + 1);

	if (!p)
		return NULL;
	if (len)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

struct store_op *batch_add(struct store_batch *b, int (*run)(struct store_db *db, const struct store_op *op))
{
	struct store_op *op = take(b, sizeof(*op));

	if (!op)
		return NULL;
	op->next = NULL;
	op->run = run;
	*b->ops_end = op;
	b->ops_end = &op->next;
	return op;
}
