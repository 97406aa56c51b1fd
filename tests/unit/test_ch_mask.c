#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/ch_mask.h"

static void masks_of_words_are_the_same_channels(void **state)
{
	struct ch_mask m;
	uint64_t words[2];

	(void)state;
	for (unsigned c = 0; c < CH_MASK_CHANNELS; c++) {
		uint64_t one[2] = {c < 64 ? UINT64_C(1) << c : 0, c >= 64 ? UINT64_C(1) << (c - 64) : 0};

		m = ch_mask_of_words(one);
		assert_true(ch_mask_has(&m, c));
		assert_int_equal(ch_mask_count(&m), 1);
		ch_mask_words(&m, words);
		assert_memory_equal(words, one, sizeof(one));
	}
	words[1] = UINT64_MAX; /* beyond the last channel there is none */
	m = ch_mask_of_words(words);
	assert_int_equal(ch_mask_count(&m), 32);
}

static void channels_of_a_mask_come_one_after_the_other(void **state)
{
	struct ch_mask m = {{0x8001, 0, 0x0010, 0, 0, 0x8000}}, none = {{0}};
	const unsigned channels[] = {0, 15, 36, 95, CH_MASK_CHANNELS};
	unsigned from = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		assert_int_equal(ch_mask_next(&m, from), channels[i]);
		from = channels[i] + 1;
	}
	assert_int_equal(ch_mask_next(&m, 1), 15);
	assert_int_equal(ch_mask_next(&none, 0), CH_MASK_CHANNELS);
}

static void reserved_ch_mask_cntl_changes_nothing(void **state)
{
	struct ch_mask defined = {{7}}, m = {{5}};

	(void)state;
	assert_int_equal(ch_mask_apply(region_eu868.params[REG_PARAMS_RP002_1_0_4]->ch_mask_cntl, &defined, 1, 0xffff, &m), LS_ETYPE);
	assert_int_equal(m.block[0], 5);
	assert_int_equal(ch_mask_apply(region_us915.params[REG_PARAMS_RP001_1_0_2_B]->ch_mask_cntl, &defined, 5, 1, &m), LS_ETYPE);
	assert_int_equal(ch_mask_apply(region_us915.params[REG_PARAMS_RP001_1_0_3_A]->ch_mask_cntl, &defined, 5, 1, &m), LS_OK);
	assert_int_equal(m.block[0], 0xff);
	assert_int_equal(m.block[4], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_of_words_are_the_same_channels),
		cmocka_unit_test(channels_of_a_mask_come_one_after_the_other),
		cmocka_unit_test(reserved_ch_mask_cntl_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
