/*
 * wheel.h - one timer per device: a wheel of millisecond slots, each a doubly linked list through
 * the devices themselves, so that 100,000 timers cost no memory of their own and setting or
 * removing one is constant work. A timer further ahead than one turn stays in its slot and is
 * passed over until its turn.
 */
#ifndef LS_SIM_WHEEL_H
#define LS_SIM_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

#define WHEEL_SLOTS 8192
#define WHEEL_NONE UINT32_MAX       /* end of a list */
#define WHEEL_OFF (UINT32_MAX - 1)  /* wheel_next of a device without a timer */
#define WHEEL_NEVER UINT64_MAX

struct wheel {
	struct device *devices;         /* borrowed */
	uint64_t tick;                  /* first millisecond not yet run */
	uint32_t slots[WHEEL_SLOTS];
	uint64_t busy[WHEEL_SLOTS / 64]; /* a bit per slot that has entries */
};

/* Puts every device in the state "no timer". */
void wheel_init(struct wheel *w, struct device *devices, uint32_t n_devices, uint64_t now_us);

/* Set or move the timer; it fires at due_us or up to a millisecond later. */
void wheel_set(struct wheel *w, uint32_t device, uint64_t due_us);
void wheel_cancel(struct wheel *w, uint32_t device);

/* Fire all that is due. `fire` may set the timer of the device it is called for. */
void wheel_run(struct wheel *w, uint64_t now_us, void (*fire)(void *arg, uint32_t device), void *arg);

/* When to call wheel_run() next: a slot with entries, WHEEL_NEVER when there are none. */
uint64_t wheel_next_us(const struct wheel *w);

#endif
