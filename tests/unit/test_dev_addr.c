#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
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
			uint32_t a = dev_addr_in_blocks(&block, 1, random == 2 ? UINT64_MAX : random * UINT64_C(0x5555555555555555));

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
	assert_true(dev_addr_in_blocks(&block, 1, 0) == 0x26000000);
	assert_true(dev_addr_in_blocks(&block, 1, UINT64_MAX) == 0x27ffffff);
}

static void every_address_of_several_blocks_is_as_likely(void **state)
{
	/* 4, 8 and 1 addresses: 13 in all. */
	static const struct dev_addr_prefix blocks[] = {{0x26000004, 30}, {0x01000008, 29}, {0x5a000001, 32}};
	unsigned hits[3] = {0};

	(void)state;
	for (uint64_t random = 0; random < 13 * 100; random++) {
		uint32_t a = dev_addr_in_blocks(blocks, 3, random);

		for (int i = 0; i < 3; i++)
			hits[i] += dev_addr_is_in_block(a, blocks[i]);
	}
	assert_int_equal(hits[0], 400);
	assert_int_equal(hits[1], 800);
	assert_int_equal(hits[2], 100);
}

static void a_block_of_everything_gives_every_address(void **state)
{
	static const struct dev_addr_prefix all = {0, 0};

	(void)state;
	assert_true(dev_addr_in_blocks(&all, 1, UINT64_C(0xffffffff12345678)) == 0x12345678);
	assert_true(dev_addr_is_in_block(UINT32_MAX, all));
}

static void a_prefix_reads_back_as_it_is_written(void **state)
{
	static const char *const good[] = {"00000000/0", "26000000/7", "26012300/24", "fe000001/32"};
	static const char *const bad[] = {"", "26000000", "26000000/", "26000000/33", "26000000/-1", "2600000/7", "260000000/7",
					  "26000000/7 ", " 26000000/7", "0x260000/7", "26000000/+7", "26000000/007", "26-00-00-00/7"};
	struct dev_addr_prefix block;
	char text[DEV_ADDR_PREFIX_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(dev_addr_prefix_parse(good[i], &block), LS_OK);
		assert_string_equal(dev_addr_prefix_format(block, text), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dev_addr_prefix_parse(bad[i], &block), LS_EFORMAT);
	assert_int_equal(dev_addr_prefix_parse("26000001/7", &block), LS_EINVAL);
	assert_int_equal(dev_addr_prefix_parse("00000001/0", &block), LS_EINVAL);
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
		cmocka_unit_test(every_address_of_several_blocks_is_as_likely),
		cmocka_unit_test(a_block_of_everything_gives_every_address),
		cmocka_unit_test(a_prefix_reads_back_as_it_is_written),
		cmocka_unit_test(reserved_prefix_belongs_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
