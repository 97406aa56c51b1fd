#include "base/siphash.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

struct siphash_key siphash_key_random(void)
{
	struct siphash_key key;

	if (getentropy(&key, sizeof(key)))
		abort();
	return key;
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len)
{
	const uint8_t *b = data;
	struct state s = {
		key->k0 ^ 0x736f6d6570736575u,
		key->k1 ^ 0x646f72616e646f6du,
		key->k0 ^ 0x6c7967656e657261u,
		key->k1 ^ 0x7465646279746573u,
	};
	uint64_t m;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&m, b + i, sizeof(m));
		m = le64toh(m);
		s.v3 ^= m;
		sip_round(&s);
		sip_round(&s);
		s.v0 ^= m;
	}
	m = (uint64_t)len << 56;
	for (int shift = 0; i < len; i++, shift += 8)
		m |= (uint64_t)b[i] << shift;
	s.v3 ^= m;
	sip_round(&s);
	sip_round(&s);
	s.v0 ^= m;

	s.v2 ^= 0xff;
	for (int k = 0; k < 4; k++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
