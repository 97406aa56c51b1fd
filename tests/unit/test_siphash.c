#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/siphash.h"

/* Key 00..0f, messages 00, 00 01, ... as in the paper and its reference vectors. */
static void vectors_of_the_authors_hold(void **state)
{
	static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t msg[15];

	(void)state;
	for (unsigned i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)i;
	assert_true(siphash(&key, msg, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash(&key, msg, 1) == UINT64_C(0x74f839c593dc67fd));
	assert_true(siphash(&key, msg, 8) == UINT64_C(0x93f5f5799a932462));
	assert_true(siphash(&key, msg, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void random_keys_differ(void **state)
{
	struct siphash_key a = siphash_key_random(), b = siphash_key_random();

	(void)state;
	assert_true(a.k0 != b.k0 || a.k1 != b.k1);
	assert_true(siphash(&a, "same", 4) != siphash(&b, "same", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_authors_hold),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
