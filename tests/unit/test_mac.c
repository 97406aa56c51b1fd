#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
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
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		const struct mac_command_row *row = mac_row((enum mac_id)id);
		uint8_t list[64] = {row->cid};

		for (size_t n = 1; n <= 1u + row->len; n++) {
			struct mac_iter it;
			struct mac_command cmd;

			mac_iter_init(&it, row->dir, list, n);
			assert_int_equal(mac_iter_next(&it, &cmd), n == 1u + row->len);
			assert_int_equal(it.stopped, n != 1u + row->len);
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
	int known = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mac_command_row *up = mac_command_row(rows[i].cid, LW_UP);
		const struct mac_command_row *down = mac_command_row(rows[i].cid, LW_DOWN);

		assert_int_equal(up ? up->len : -1, rows[i].up);
		assert_int_equal(down ? down->len : -1, rows[i].down);
		known += (up != NULL) + (down != NULL);
	}
	assert_int_equal(known, MAC_ID__COUNT);
}

/* Fields lie within the payload, and no two share a bit. */
static void fields_do_not_overlap(void **state)
{
	(void)state;
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		const struct mac_command_row *row = mac_row((enum mac_id)id);
		uint8_t taken[64] = {0};

		assert_true(mac_command_n_fields(row) <= MAC_FIELDS_MAX);
		assert_true(1u + row->len <= MAC_COMMAND_MAX);
		for (unsigned n = 0; n < mac_command_n_fields(row); n++) {
			const struct mac_field *f = mac_command_field(row, n);
			unsigned bits = f->kind == MAC_OCTETS ? 8u * f->octets : f->bits;

			assert_true(f->first + f->octets <= row->len);
			assert_true(f->bit + bits <= 8u * f->octets);
			for (unsigned b = f->bit; b < f->bit + bits; b++) {
				uint8_t mask = (uint8_t)(1u << b % 8);

				assert_false(taken[f->first + b / 8] & mask);
				taken[f->first + b / 8] |= mask;
			}
		}
	}
}

static uint64_t pseudo_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 20;
}

static void fill(struct mac_message *m, int which, uint64_t *seed)
{
	for (unsigned n = 0; n < mac_command_n_fields(m->row); n++) {
		const struct mac_field *f = mac_command_field(m->row, n);
		int64_t min, max;

		if (f->kind == MAC_OCTETS || f->kind == MAC_OCTETS_REVERSED) {
			m->n_octets = f->octets ? f->octets : (uint8_t)(pseudo_random(seed) % 17);
			for (unsigned i = 0; i < m->n_octets; i++)
				m->octets[i] = (uint8_t)pseudo_random(seed);
			continue;
		}
		mac_field_range(f, &min, &max);
		m->values[n] = which == 0 ? min : which == 1 ? max : min + (int64_t)(pseudo_random(seed) % (uint64_t)(max - min + 1));
		if (f->kind == MAC_FREQUENCY)
			m->values[n] -= m->values[n] % 200;
		if (f->kind == MAC_FREQUENCY && m->values[n] >= 1200000000 && m->values[n] < 2400000000)
			m->values[n] = 2400000000; /* no number on air means these */
	}
}

static void every_command_survives_a_round_trip(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		for (int which = 0; which < 50; which++) {
			struct mac_message m, back;
			uint8_t out[MAC_COMMAND_MAX];
			struct mac_command cmd;
			struct mac_iter it;
			size_t len;

			mac_message_init(&m, (enum mac_id)id);
			fill(&m, which, &seed);
			assert_int_equal(mac_encode(&m, out, sizeof(out), &len, NULL), LS_OK);
			mac_iter_init(&it, m.row->dir, out, len);
			assert_true(mac_iter_next(&it, &cmd));
			assert_ptr_equal(it.at, it.end);
			assert_ptr_equal(cmd.row, m.row);
			mac_decode(&cmd, &back);
			assert_memory_equal(back.values, m.values, sizeof(m.values));
			assert_int_equal(back.n_octets, m.n_octets);
			assert_memory_equal(back.octets, m.octets, sizeof(m.octets));
			for (size_t room = 0; room < len; room++)
				assert_int_equal(mac_encode(&m, out, room, &(size_t){0}, NULL), LS_ESHORT);
		}
	}
}

/* The text of a command, taken apart at its blanks, makes the same command. */
static void every_command_can_be_typed_as_it_is_printed(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		struct mac_message m, typed = {0};
		char text[MAC_TEXT_SIZE], *word, *rest = text;

		mac_message_init(&m, (enum mac_id)id);
		fill(&m, 2, &seed);
		mac_message_text(&m, text, sizeof(text));
		assert_true(strlen(text) + 1 < sizeof(text));
		typed.row = mac_command_find(strtok_r(rest, " ", &rest), m.row->dir);
		assert_ptr_equal(typed.row, m.row);
		while ((word = strtok_r(NULL, " ", &rest))) {
			char *value = strchr(word, '=');

			*value++ = '\0';
			if (strcmp(value, "*") == 0) { /* a key is not shown */
				memcpy(typed.octets, m.octets, sizeof(m.octets));
				typed.n_octets = m.n_octets;
				continue;
			}
			assert_int_equal(mac_set_text(&typed, word, value), LS_OK);
		}
		assert_memory_equal(&typed, &m, sizeof(m));
	}
}

static void value_that_does_not_fit_is_refused_and_named(void **state)
{
	struct mac_message m;
	uint8_t out[MAC_COMMAND_MAX];
	size_t len;
	unsigned bad = 99;

	(void)state;
	mac_message_init(&m, MAC_LINK_ADR_REQ);
	mac_set(&m, LINK_ADR_REQ_NB_TRANS, 16);
	assert_int_equal(mac_encode(&m, out, sizeof(out), &len, &bad), LS_ERANGE);
	assert_string_equal(mac_command_field(m.row, bad)->name, "nb_trans");
	assert_int_equal(mac_set_text(&m, "nb_trans", "16"), LS_ERANGE);
	assert_int_equal(mac_set_text(&m, "nb_trans", "x"), LS_EFORMAT);
	assert_int_equal(mac_set_text(&m, "nb_trans", ""), LS_EFORMAT);
	assert_int_equal(mac_set_text(&m, "trans", "1"), LS_ENOTFOUND);
	mac_message_init(&m, MAC_NEW_CHANNEL_REQ);
	mac_set(&m, NEW_CHANNEL_REQ_FREQUENCY_HZ, 868100050); /* between two steps */
	assert_int_equal(mac_encode(&m, out, sizeof(out), &len, &bad), LS_ERANGE);
	mac_set(&m, NEW_CHANNEL_REQ_FREQUENCY_HZ, 1300000000); /* would be read as 2600 MHz */
	assert_int_equal(mac_encode(&m, out, sizeof(out), &len, &bad), LS_ERANGE);
	mac_message_init(&m, MAC_UPDATE_UPLINK_LIST_REQ);
	m.n_octets = 15;
	assert_int_equal(mac_encode(&m, out, sizeof(out), &len, &bad), LS_ERANGE);
}

static void commands_are_found_the_ways_people_write_them(void **state)
{
	(void)state;
	assert_ptr_equal(mac_command_find("link-adr", LW_DOWN), mac_row(MAC_LINK_ADR_REQ));
	assert_ptr_equal(mac_command_find("LinkADRReq", LW_DOWN), mac_row(MAC_LINK_ADR_REQ));
	assert_ptr_equal(mac_command_find("rx_param_setup_req", LW_DOWN), mac_row(MAC_RX_PARAM_SETUP_REQ));
	assert_ptr_equal(mac_command_find("force-rejoin", LW_DOWN), mac_row(MAC_FORCE_REJOIN_REQ));
	assert_null(mac_command_find("force-rejoin", LW_UP));
	assert_null(mac_command_find("link", LW_DOWN));
	assert_null(mac_command_find("", LW_DOWN));
}

static void key_in_a_command_is_not_printed(void **state)
{
	struct mac_message m;
	char text[MAC_TEXT_SIZE];

	(void)state;
	mac_message_init(&m, MAC_UPDATE_UPLINK_LIST_REQ);
	assert_int_equal(mac_set_text(&m, "root_wor_s_key", "00112233445566778899aabbccddeeff"), LS_OK);
	assert_null(strstr(mac_message_text(&m, text, sizeof(text)), "001122"));
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
		cmocka_unit_test(fields_do_not_overlap),
		cmocka_unit_test(every_command_survives_a_round_trip),
		cmocka_unit_test(every_command_can_be_typed_as_it_is_printed),
		cmocka_unit_test(value_that_does_not_fit_is_refused_and_named),
		cmocka_unit_test(commands_are_found_the_ways_people_write_them),
		cmocka_unit_test(key_in_a_command_is_not_printed),
		cmocka_unit_test(filter_list_req_is_as_long_as_it_says),
		cmocka_unit_test(link_check_ans_never_uses_the_reserved_margin),
		cmocka_unit_test(device_time_ans_counts_256ths_of_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
