/* prng.h - splitmix64: the chance of a run, all from its --seed. Not for secrets. */
#ifndef LS_SIM_PRNG_H
#define LS_SIM_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t prng_next(struct prng *p)
{
	uint64_t z = p->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0 .. n-1; 0 for n = 0. */
static inline uint64_t prng_below(struct prng *p, uint64_t n)
{
	return n ? (uint64_t)(((unsigned __int128)prng_next(p) * n) >> 64) : 0;
}

#endif
