#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lorawan/dev_addr.h"

static void address_of_a_block_belongs_to_its_net_id(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 8; type++) {
		/* All NwkID bits that the type carries, 6 to 17. */
		static const uint8_t bits[] = {6, 6, 9, 11, 12, 13, 15, 17};
		uint32_t want = type << 21 | (0x2aaaa & ((1u << bits[type]) - 1)), got = 0;
		struct dev_addr_prefix block = dev_addr_prefix_of_net_id(want);

		for (uint32_t random = 0; random < 3; random++) {
			uint32_t a = dev_addr_in_block(block, random == 2 ? UINT32_MAX : random * 0x55555555);

			assert_true(a >> (32 - block.prefix_len) == block.prefix >> (32 - block.prefix_len));
			assert_true(dev_addr_net_id(a, &got));
			assert_int_equal(got, want);
		}
	}
}

static void random_fills_all_bits_below_the_prefix(void **state)
{
	struct dev_addr_prefix block = dev_addr_prefix_of_net_id(0x000013);

	(void)state;
	assert_true(dev_addr_in_block(block, 0) == 0x26000000);
	assert_true(dev_addr_in_block(block, UINT32_MAX) == 0x27ffffff);
}

static void reserved_prefix_belongs_to_nobody(void **state)
{
	uint32_t net_id = 5;

	(void)state;
	assert_false(dev_addr_net_id(UINT32_MAX, &net_id));
	assert_false(dev_addr_net_id(0xff000000, &net_id));
	assert_int_equal(net_id, 5);
	assert_true(dev_addr_net_id(0xfe000000, &net_id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_of_a_block_belongs_to_its_net_id),
		cmocka_unit_test(random_fills_all_bits_below_the_prefix),
		cmocka_unit_test(reserved_prefix_belongs_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
