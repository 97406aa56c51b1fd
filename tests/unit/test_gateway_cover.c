/* The gateways of a multicast group: all members reached, by as few as can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "network/gateway_cover.h"

/* Members as text: "ab bc c", a gateway a letter. Expected: letters. */
static void assert_cover(const char *text, size_t n_gateways, const char *want)
{
	struct cover_member members[32] = {0};
	uint16_t out[32];
	size_t n = 1, n_out;

	for (const char *c = text; *c; c++) {
		if (*c == ' ')
			n++;
		else if (*c != '-')
			members[n - 1].gateways[members[n - 1].n++] = (uint16_t)(*c - 'a');
	}
	assert_int_equal(gateway_cover(members, n, n_gateways, out, &n_out), LS_OK);
	assert_int_equal(n_out, strlen(want));
	for (size_t i = 0; i < n_out; i++)
		assert_int_equal(out[i], want[i] - 'a');
}

static void smallest_sets_are_found(void **state)
{
	(void)state;
	assert_cover("a", 1, "a");
	assert_cover("ab bc", 3, "b");
	assert_cover("ab bc cd", 4, "ac");
	assert_cover("a b c", 3, "abc");
	assert_cover("-", 3, "");
	assert_cover("- b -", 3, "b");
	/* Greedy would take c, which reaches four, and then need a and b as well. */
	assert_cover("ac ac a bc bc b", 3, "ab");
}

static void many_gateways_are_covered_without_superfluous_ones(void **state)
{
	(void)state;
	assert_cover("ab bc cd", 20, "bc"); /* b reaches two, then c the last */
	assert_cover("ac ac a bc bc b", 20, "ab"); /* c was taken first, and became superfluous */
	assert_cover("t - t", 20, "t");
}

/* Random groups: everyone who was heard is reached, nobody of the chosen could stay away; small ones against all subsets. */
static void random_groups_are_covered(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct cover_member members[40] = {0};
		size_t n_gateways = round % 2 ? 6 : 30, n_out;
		uint16_t out[30];
		unsigned best = 30;

		for (int i = 0; i < 40; i++) {
			members[i].n = (uint8_t)(rand_r(&seed) % 4);
			for (unsigned k = 0; k < members[i].n; k++)
				members[i].gateways[k] = (uint16_t)(rand_r(&seed) % n_gateways);
		}
		assert_int_equal(gateway_cover(members, 40, n_gateways, out, &n_out), LS_OK);
		for (int without = -1; without < (int)n_out; without++) {
			bool all = true;

			for (int i = 0; i < 40; i++) {
				bool reached = !members[i].n;

				for (size_t g = 0; g < n_out; g++)
					for (unsigned k = 0; k < members[i].n; k++)
						reached |= (int)g != without && members[i].gateways[k] == out[g];
				all &= reached;
			}
			assert_int_equal(all, without < 0);
		}
		if (n_gateways > COVER_EXACT_MAX)
			continue;
		for (unsigned set = 0; set < 1u << n_gateways; set++) {
			bool all = true;

			for (int i = 0; i < 40; i++) {
				bool reached = !members[i].n;

				for (unsigned k = 0; k < members[i].n; k++)
					reached |= set >> members[i].gateways[k] & 1;
				all &= reached;
			}
			if (all && (unsigned)__builtin_popcount(set) < best)
				best = (unsigned)__builtin_popcount(set);
		}
		assert_int_equal(n_out, best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_sets_are_found),
		cmocka_unit_test(many_gateways_are_covered_without_superfluous_ones),
		cmocka_unit_test(random_groups_are_covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
