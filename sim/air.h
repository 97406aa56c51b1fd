/*
 * air.h - what was sent lately: one entry per transmission, found again by its time when a
 * downlink names one of its receive windows.
 *
 * Times are microseconds of CLOCK_MONOTONIC and unique (an entry that would fall on the same
 * microsecond is moved to the next one), so a time names one transmission. The entries stand
 * in a growing ring in order of time; those older than the horizon are forgotten.
 */
#ifndef LS_SIM_AIR_H
#define LS_SIM_AIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transmission {
	uint64_t end_us;   /* end of the transmission: the receive windows count from here */
	uint32_t device;   /* index in the fleet */
	uint32_t freq_hz;
	uint32_t f_cnt;    /* data */
	uint8_t channel;
	uint8_t dr;
	bool is_join;       /* or rejoin: */
	uint8_t join_type;  /* JOIN_REQ_TYPE_JOIN, or the type of a rejoin request */
	uint64_t asked;     /* data: MAC requests in it, a bit per CID */
	bool is_confirmed;
	bool is_answered;  /* a downlink for it was taken by a gateway */
};

struct air {
	struct transmission *ring;
	size_t cap;        /* power of two */
	size_t head, len;
	uint64_t last_us;
	uint64_t horizon_us;
};

void air_init(struct air *a, uint64_t horizon_us);
void air_fini(struct air *a);

/* Gives *t its end_us (now_us or a little later) and keeps a copy. LS_ENOMEM. */
int air_add(struct air *a, uint64_t now_us, struct transmission *t);

/* The transmission that ended at exactly that time, or NULL. Valid until the next air_add(). */
struct transmission *air_find(struct air *a, uint64_t end_us);

#endif
