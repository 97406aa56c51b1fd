/* siphash.h - SipHash-2-4: keyed hash for tables whose keys strangers choose. */
#ifndef LS_BASE_SIPHASH_H
#define LS_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

struct siphash_key siphash_key_random(void);
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
