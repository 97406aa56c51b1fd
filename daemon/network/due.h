/* due.h - things that are due at a time: a binary heap under one libuv timer. */
#ifndef LS_NETWORK_DUE_H
#define LS_NETWORK_DUE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Embedded in what waits. */
struct due {
	uint64_t at_mono_us;
	size_t place; /* in the heap, from 1; 0 when not waiting */
	void (*fire)(struct due *d, void *arg);
};

struct due_list {
	struct due **heap; /* [1..n] */
	size_t n, cap;
	uv_timer_t timer;
	uint64_t armed_for;
	void *arg;         /* handed to fire() */
};

int due_list_init(struct due_list *l, uv_loop_t *loop, void *arg);
void due_list_fini(struct due_list *l); /* nothing fires any more; the owner closes `timer` */

/* Wait (or wait anew) until at_mono_us. LS_ENOMEM. */
int due_set(struct due_list *l, struct due *d, uint64_t at_mono_us);
void due_cancel(struct due_list *l, struct due *d);

#endif
