#include "wheel.h"

#include <string.h>

static uint64_t tick_of(uint64_t us)
{
	return (us + 999) / 1000;
}

void wheel_init(struct wheel *w, struct device *devices, uint32_t n_devices, uint64_t now_us)
{
	w->devices = devices;
	w->tick = tick_of(now_us);
	memset(w->busy, 0, sizeof(w->busy));
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		w->slots[i] = WHEEL_NONE;
	for (uint32_t i = 0; i < n_devices; i++)
		devices[i].wheel_next = WHEEL_OFF;
}

void wheel_cancel(struct wheel *w, uint32_t device)
{
	struct device *d = &w->devices[device];
	unsigned slot = tick_of(d->due_us) % WHEEL_SLOTS;

	if (d->wheel_next == WHEEL_OFF)
		return;
	if (d->wheel_next != WHEEL_NONE)
		w->devices[d->wheel_next].wheel_prev = d->wheel_prev;
	if (d->wheel_prev != WHEEL_NONE)
		w->devices[d->wheel_prev].wheel_next = d->wheel_next;
	else
		w->slots[slot] = d->wheel_next;
	if (w->slots[slot] == WHEEL_NONE)
		w->busy[slot / 64] &= ~((uint64_t)1 << (slot % 64));
	d->wheel_next = WHEEL_OFF;
}

void wheel_set(struct wheel *w, uint32_t device, uint64_t due_us)
{
	struct device *d = &w->devices[device];
	unsigned slot;

	wheel_cancel(w, device);
	d->due_us = tick_of(due_us) < w->tick ? w->tick * 1000 : due_us;
	slot = tick_of(d->due_us) % WHEEL_SLOTS;
	d->wheel_prev = WHEEL_NONE;
	d->wheel_next = w->slots[slot];
	if (d->wheel_next != WHEEL_NONE)
		w->devices[d->wheel_next].wheel_prev = device;
	w->slots[slot] = device;
	w->busy[slot / 64] |= (uint64_t)1 << (slot % 64);
}

/* A device set from `fire` lands in a later tick, so the list in hand only ever shrinks. */
static void run_slot(struct wheel *w, unsigned slot, uint64_t now_us, void (*fire)(void *arg, uint32_t device),
                     void *arg)
{
	uint32_t next;

	for (uint32_t i = w->slots[slot]; i != WHEEL_NONE; i = next) {
		next = w->devices[i].wheel_next;
		if (w->devices[i].due_us > now_us)
			continue;
		wheel_cancel(w, i);
		fire(arg, i);
	}
}

void wheel_run(struct wheel *w, uint64_t now_us, void (*fire)(void *arg, uint32_t device), void *arg)
{
	uint64_t end = now_us / 1000 + 1; /* ticks below it lie in the past */
	uint64_t tick = w->tick;

	if (end <= tick)
		return;
	if (end - tick > WHEEL_SLOTS)
		tick = end - WHEEL_SLOTS;
	w->tick = end;
	for (; tick < end; tick++) {
		unsigned slot = tick % WHEEL_SLOTS;

		if (w->busy[slot / 64] >> (slot % 64) & 1)
			run_slot(w, slot, now_us, fire, arg);
	}
}

uint64_t wheel_next_us(const struct wheel *w)
{
	for (unsigned i = 0; i < WHEEL_SLOTS;) {
		unsigned slot = (w->tick + i) % WHEEL_SLOTS;
		uint64_t word = w->busy[slot / 64] >> (slot % 64);

		if (word)
			return (w->tick + i + (unsigned)__builtin_ctzll(word)) * 1000;
		i += 64 - slot % 64;
	}
	return WHEEL_NEVER;
}
