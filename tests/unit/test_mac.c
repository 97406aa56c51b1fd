#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lorawan/mac.h"

static void list_stops_at_an_unknown_command_and_keeps_what_came_before(void **state)
{
	static const uint8_t list[] = {0x02, 0x06, 0xff, 0x1e, 0x7f, 0x02};
	struct mac_iter it;
	struct mac_command cmd;

	(void)state;
	mac_iter_init(&it, LW_UP, list, sizeof(list));
	assert_true(mac_iter_next(&it, &cmd));
	assert_int_equal(cmd.cid, 0x02);
	assert_int_equal(cmd.len, 0);
	assert_true(mac_iter_next(&it, &cmd));
	assert_string_equal(cmd.name, "DevStatusAns");
	assert_int_equal(cmd.len, 2);
	assert_ptr_equal(cmd.payload, list + 2);
	assert_false(mac_iter_next(&it, &cmd));
	assert_true(it.stopped);
	assert_false(mac_iter_next(&it, &cmd));
}

static void command_of_the_other_direction_stops_the_list(void **state)
{
	static const uint8_t force_rejoin[] = {0x0e, 0, 0}, notify[] = {0x46, 0, 0, 0, 0, 0, 0};
	struct mac_iter it;
	struct mac_command cmd;

	(void)state;
	mac_iter_init(&it, LW_UP, force_rejoin, sizeof(force_rejoin));
	assert_false(mac_iter_next(&it, &cmd));
	assert_true(it.stopped);
	mac_iter_init(&it, LW_DOWN, notify, sizeof(notify));
	assert_false(mac_iter_next(&it, &cmd));
	assert_true(it.stopped);
}

static void empty_list_ends_without_being_stopped(void **state)
{
	struct mac_iter it;
	struct mac_command cmd;

	(void)state;
	mac_iter_init(&it, LW_UP, NULL, 0);
	assert_false(mac_iter_next(&it, &cmd));
	assert_false(it.stopped);
}

static void truncated_command_stops_at_every_length(void **state)
{
	(void)state;
	for (unsigned cid = 0; cid < 256; cid++) {
		const struct mac_command_row *row = mac_command_row((uint8_t)cid);

		for (int dir = LW_UP; row && dir <= LW_DOWN; dir++) {
			size_t len = dir == LW_UP ? row->len_up : row->len_down;
			uint8_t list[64] = {(uint8_t)cid};

			if (!(dir == LW_UP ? row->name_up : row->name_down))
				continue;
			for (size_t n = 1; n <= 1 + len; n++) {
				struct mac_iter it;
				struct mac_command cmd;

				mac_iter_init(&it, (enum lw_direction)dir, list, n);
				assert_int_equal(mac_iter_next(&it, &cmd), n == 1 + len);
				assert_int_equal(it.stopped, n != 1 + len);
			}
		}
	}
}

/* mac-commands.md sections 2 and 6, written down a second time on purpose; -1: not sent. */
static void table_has_every_command_with_its_lengths(void **state)
{
	static const struct {
		uint8_t cid;
		int up, down;
	} rows[] = {
		{0x01, 1, 1}, {0x02, 0, 2}, {0x03, 1, 4}, {0x04, 0, 1}, {0x05, 1, 4}, {0x06, 2, 0}, {0x07, 1, 5}, {0x08, 0, 1},
		{0x09, 0, 1}, {0x0a, 1, 4}, {0x0b, 1, 1}, {0x0c, 0, 1}, {0x0d, 0, 5}, {0x0e, -1, 2}, {0x0f, 1, 1},
		{0x10, 1, 0}, {0x11, 1, 4}, {0x12, 0, 3}, {0x13, 1, 3}, {0x20, 1, 1}, {0x40, 1, 5}, {0x41, 1, 6}, {0x42, 1, 2},
		{0x43, 0, 26}, {0x44, 5, 1}, {0x45, 0, 5}, {0x46, 6, -1},
	};
	unsigned known = 0;

	(void)state;
	for (unsigned cid = 0; cid < 256; cid++)
		known += mac_command_row((uint8_t)cid) != NULL;
	assert_int_equal(known, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mac_command_row *row = mac_command_row(rows[i].cid);

		assert_non_null(row);
		assert_int_equal(row->name_up ? row->len_up : -1, rows[i].up);
		assert_int_equal(row->name_down ? row->len_down : -1, rows[i].down);
	}
}

static void filter_list_req_is_as_long_as_it_says(void **state)
{
	uint8_t list[] = {0x42, 0xa3, 0x01, 1, 2, 3, 0x06};
	struct mac_iter it;
	struct mac_command cmd;

	(void)state;
	mac_iter_init(&it, LW_DOWN, list, sizeof(list));
	assert_true(mac_iter_next(&it, &cmd));
	assert_int_equal(cmd.len, 5);
	assert_true(mac_iter_next(&it, &cmd));
	assert_int_equal(cmd.cid, 0x06);
	assert_false(mac_iter_next(&it, &cmd));
	assert_false(it.stopped);
	mac_iter_init(&it, LW_DOWN, list, 5);
	assert_false(mac_iter_next(&it, &cmd));
	assert_true(it.stopped);
}

static void link_check_ans_never_uses_the_reserved_margin(void **state)
{
	uint8_t out[3];

	(void)state;
	assert_int_equal(mac_write_link_check_ans(out, 255, 255), 3);
	assert_memory_equal(out, "\x02\xfe\xff", 3);
	mac_write_link_check_ans(out, 0, 1);
	assert_memory_equal(out, "\x02\x00\x01", 3);
}

static void device_time_ans_counts_256ths_of_a_second(void **state)
{
	uint8_t out[6];

	(void)state;
	assert_int_equal(mac_write_device_time_ans(out, UINT64_C(1139322288500000)), 6);
	assert_memory_equal(out, "\x0d\xb0\xad\xe8\x43\x80", 6);
	mac_write_device_time_ans(out, UINT64_C(1999999));
	assert_memory_equal(out, "\x0d\x01\x00\x00\x00\xff", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_stops_at_an_unknown_command_and_keeps_what_came_before),
		cmocka_unit_test(command_of_the_other_direction_stops_the_list),
		cmocka_unit_test(empty_list_ends_without_being_stopped),
		cmocka_unit_test(truncated_command_stops_at_every_length),
		cmocka_unit_test(table_has_every_command_with_its_lengths),
		cmocka_unit_test(filter_list_req_is_as_long_as_it_says),
		cmocka_unit_test(link_check_ans_never_uses_the_reserved_margin),
		cmocka_unit_test(device_time_ans_counts_256ths_of_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
