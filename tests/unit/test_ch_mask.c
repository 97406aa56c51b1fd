#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/ch_mask.h"

static void channels_are_written_and_read_as_ranges(void **state)
{
	static const char *const texts[] = {"", "0", "0-1", "8-15,65", "0,2,4-6,95"};
	struct ch_mask m;
	char text[CH_MASK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(ch_mask_parse(texts[i], &m), LS_OK);
		assert_string_equal(ch_mask_text(&m, text, sizeof(text)), texts[i]);
	}
	assert_int_equal(ch_mask_parse(" 1 , 0 ", &m), LS_OK);
	assert_string_equal(ch_mask_text(&m, text, sizeof(text)), "0-1");
	for (unsigned c = 0; c < CH_MASK_CHANNELS; c++)
		ch_mask_put(&m, c, c % 2 == 0);
	assert_int_equal(ch_mask_count(&m), 48);
	assert_true(strlen(ch_mask_text(&m, text, sizeof(text))) + 1 < sizeof(text));
	ch_mask_text(&m, text, 5);
	assert_true(strlen(text) < 5);
}

static void what_is_no_list_of_channels_is_refused(void **state)
{
	static const char *const bad[] = {"a", "1,", ",1", "1-", "-1", "1 2", "1--2"};
	struct ch_mask m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ch_mask_parse(bad[i], &m), LS_EFORMAT);
	assert_int_equal(ch_mask_parse("96", &m), LS_ERANGE);
	assert_int_equal(ch_mask_parse("5-4", &m), LS_ERANGE);
	assert_int_equal(ch_mask_parse("99999999999999999999", &m), LS_ERANGE);
}

static void reserved_ch_mask_cntl_changes_nothing(void **state)
{
	struct ch_mask defined = {{7}}, m = {{5}};

	(void)state;
	assert_int_equal(ch_mask_apply(&ch_mask_dynamic16, &defined, 1, 0xffff, &m), LS_ETYPE);
	assert_int_equal(m.block[0], 5);
	assert_int_equal(ch_mask_apply(&ch_mask_fixed72_older, &defined, 5, 1, &m), LS_ETYPE);
	assert_int_equal(ch_mask_apply(&ch_mask_fixed72, &defined, 5, 1, &m), LS_OK);
	assert_int_equal(m.block[0], 0xff);
	assert_int_equal(m.block[4], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channels_are_written_and_read_as_ranges),
		cmocka_unit_test(what_is_no_list_of_channels_is_refused),
		cmocka_unit_test(reserved_ch_mask_cntl_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
