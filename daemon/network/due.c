#include "network/due.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

static void put(struct due_list *l, size_t place, struct due *d)
{
	l->heap[place] = d;
	d->place = place;
}

static void sift(struct due_list *l, struct due *d)
{
	size_t i = d->place;

	while (i > 1 && l->heap[i / 2]->at_mono_us > d->at_mono_us) {
		put(l, i, l->heap[i / 2]);
		i /= 2;
	}
	for (;;) {
		size_t child = i * 2;

		if (child > l->n)
			break;
		if (child < l->n && l->heap[child + 1]->at_mono_us < l->heap[child]->at_mono_us)
			child++;
		if (l->heap[child]->at_mono_us >= d->at_mono_us)
			break;
		put(l, i, l->heap[child]);
		i = child;
	}
	put(l, i, d);
}

static void remove_from_heap(struct due_list *l, struct due *d)
{
	struct due *last = l->heap[l->n--];
	size_t place = d->place;

	d->place = 0;
	if (last == d)
		return;
	put(l, place, last);
	sift(l, last);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct due_list *l)
{
	uint64_t now, at, ms;

	if (!l->n) {
		uv_timer_stop(&l->timer);
		l->armed_for = UINT64_MAX;
		return;
	}
	at = l->heap[1]->at_mono_us;
	if (at == l->armed_for)
		return;
	now = clock_mono_us();
	ms = at > now ? (at - now + 999) / 1000 : 0;
	uv_update_time(l->timer.loop);
	uv_timer_start(&l->timer, on_timer, ms, 0);
	l->armed_for = at;
}

static void on_timer(uv_timer_t *timer)
{
	struct due_list *l = (struct due_list *)((char *)timer - offsetof(struct due_list, timer));
	uint64_t now = clock_mono_us();

	l->armed_for = UINT64_MAX;
	while (l->n && l->heap[1]->at_mono_us <= now) {
		struct due *d = l->heap[1];

		remove_from_heap(l, d);
		d->fire(d, l->arg);
	}
	arm(l);
}

int due_list_init(struct due_list *l, uv_loop_t *loop, void *arg)
{
	*l = (struct due_list){.arg = arg, .armed_for = UINT64_MAX};
	return uv_timer_init(loop, &l->timer) ? LS_EBUG : LS_OK;
}

void due_list_fini(struct due_list *l)
{
	for (size_t i = 1; i <= l->n; i++)
		l->heap[i]->place = 0;
	l->n = 0;
	free(l->heap);
	l->heap = NULL;
	l->cap = 0;
	uv_timer_stop(&l->timer);
}

int due_set(struct due_list *l, struct due *d, uint64_t at_mono_us)
{
	d->at_mono_us = at_mono_us;
	if (!d->place) {
		if (l->n + 1 >= l->cap) {
			size_t cap = l->cap ? l->cap * 2 : 64;
			struct due **more = realloc(l->heap, cap * sizeof(struct due *));

			if (!more)
				return LS_ENOMEM;
			l->heap = more;
			l->cap = cap;
		}
		put(l, ++l->n, d);
	}
	sift(l, d);
	arm(l);
	return LS_OK;
}

void due_cancel(struct due_list *l, struct due *d)
{
	if (!d->place)
		return;
	remove_from_heap(l, d);
	arm(l);
}
