#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lorawan/f_cnt.h"

static void first_frame_of_a_session_is_never_a_repeat(void **state)
{
	struct f_cnt_guess g = f_cnt_reconstruct(0, false, 65535);

	(void)state;
	assert_false(g.is_repeat);
	assert_false(g.is_exhausted);
	assert_int_equal(g.full, 65535);
	assert_int_equal(g.gap, 65535);
}

static void frame_after_the_last_counter_is_exhausted_but_its_repeat_is_not(void **state)
{
	struct f_cnt_guess g = f_cnt_reconstruct(0, true, 65535);

	(void)state;
	assert_true(g.is_repeat);
	assert_true(g.full == UINT32_MAX);
	g = f_cnt_reconstruct(0, true, 0);
	assert_true(g.is_exhausted);
	assert_false(g.is_repeat);
	g = f_cnt_reconstruct(UINT32_MAX, true, 0);
	assert_true(g.is_exhausted);
}

static void low_half_of_the_candidate_is_always_the_one_on_air(void **state)
{
	static const uint32_t nexts[] = {0, 1, 2, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0xffff0000, 0xfffffffe};

	(void)state;
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		for (uint32_t f16 = 0; f16 < 65536; f16++) {
			struct f_cnt_guess g = f_cnt_reconstruct(nexts[i], nexts[i] > 0, (uint16_t)f16);

			if (g.is_exhausted)
				continue;
			assert_int_equal(g.full & 0xffff, f16);
			assert_true(g.is_repeat ? g.full == nexts[i] - 1 : g.full - nexts[i] == g.gap);
		}
	}
}

static void a_counter_of_16_bits_begins_again_at_0(void **state)
{
	struct f_cnt_guess g = f_cnt_reconstruct_16(65535, true, 65535);

	(void)state;
	assert_true(!g.is_repeat && g.full == 65535 && g.gap == 0);
	g = f_cnt_reconstruct_16(0, true, 65535); /* 65535 was the last one */
	assert_true(g.is_repeat && g.full == 65535 && !g.is_exhausted);
	g = f_cnt_reconstruct_16(0, true, 0);
	assert_true(!g.is_repeat && g.full == 0 && g.gap == 0 && !g.is_exhausted);
	g = f_cnt_reconstruct_16(65530, true, 4);
	assert_true(!g.is_repeat && g.full == 4 && g.gap == 10);
	g = f_cnt_reconstruct_16(10, true, 8); /* an old one is far ahead */
	assert_true(!g.is_repeat && g.full == 8 && g.gap == 65534);
	g = f_cnt_reconstruct_16(0, false, 65535);
	assert_true(!g.is_repeat && g.full == 65535 && g.gap == 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_frame_of_a_session_is_never_a_repeat),
		cmocka_unit_test(frame_after_the_last_counter_is_exhausted_but_its_repeat_is_not),
		cmocka_unit_test(low_half_of_the_candidate_is_always_the_one_on_air),
		cmocka_unit_test(a_counter_of_16_bits_begins_again_at_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
