/* Class B against the vectors: ping slots, beacons, the worked example of the text. */
#include "test_data.h"

#include <string.h>

#include "base/clock.h"
#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"

static json_t *file;
static struct lw_crypto *crypto;

typedef void (*check_fn)(const json_t *in, const json_t *want);

/* Every vector of a kind; there must be at least this many. */
static void run_kind(const char *kind, check_fn check, unsigned at_least)
{
	const json_t *list = test_data_get(file, "vectors"), *v;
	unsigned n = 0;
	size_t i;

	json_array_foreach(list, i, v) {
		if (strcmp(test_data_text(v, "kind"), kind))
			continue;
		print_message("  %s\n", test_data_text(v, "name"));
		check(test_data_get(v, "inputs"), test_data_get(v, "expected"));
		n++;
	}
	assert_true(n >= at_least);
}

static unsigned periodicity_of(const json_t *in)
{
	json_int_t nb = test_data_int(in, "ping_nb");

	for (unsigned p = 0; p <= CLASS_B_PERIODICITY_MAX; p++)
		if (class_b_ping_nb(p) == nb)
			return p;
	fail_msg("no periodicity has %d slots", (int)nb);
	return 0;
}

static void check_ping_offset(const json_t *in, const json_t *want)
{
	uint64_t beacon_s = (uint64_t)test_data_int(in, "beacon_time");
	unsigned p = periodicity_of(in);

	assert_int_equal(class_b_ping_period(p), test_data_int(want, "ping_period"));
	assert_int_equal(class_b_ping_offset(crypto, (uint32_t)beacon_s, test_data_hex_number(in, "dev_addr"), p),
			 test_data_int(want, "ping_offset"));
}

static void check_ping_slot_next(const json_t *in, const json_t *want)
{
	uint64_t after_us = (uint64_t)test_data_int(in, "after_ms") * 1000;

	assert_int_equal(class_b_next_slot_us(crypto, after_us, test_data_hex_number(in, "dev_addr"),
					      periodicity_of(in)),
			 (uint64_t)test_data_int(want, "slot_start_ms") * 1000);
}

/* Walks the period slot by slot: each is found from the instant it starts, and from just after the one before. */
static void check_slots(const json_t *slots, uint64_t beacon_us, uint32_t dev_addr, unsigned p)
{
	uint64_t at_us = beacon_us;

	assert_int_equal(json_array_size(slots), class_b_ping_nb(p));
	for (size_t i = 0; i < json_array_size(slots); i++) {
		uint64_t slot_us = (uint64_t)json_integer_value(json_array_get(slots, i)) * 1000;

		assert_int_equal(class_b_next_slot_us(crypto, at_us, dev_addr, p), slot_us);
		assert_int_equal(class_b_next_slot_us(crypto, slot_us, dev_addr, p), slot_us);
		at_us = slot_us + 1;
	}
	assert_true(class_b_next_slot_us(crypto, at_us, dev_addr, p) >= beacon_us + CLASS_B_BEACON_PERIOD_US);
}

static void check_ping_slot_schedule(const json_t *in, const json_t *want)
{
	uint64_t gps_us = (uint64_t)test_data_int(in, "gps_ms") * 1000, beacon_us = class_b_beacon_us(gps_us);
	uint32_t dev_addr = test_data_hex_number(in, "dev_addr");
	unsigned p = periodicity_of(in);

	assert_int_equal(class_b_beacon_time(gps_us), test_data_int(want, "beacon_time"));
	assert_int_equal(beacon_us + CLASS_B_BEACON_DELAY_US, test_data_int(want, "beacon_tx_start_us"));
	assert_int_equal(beacon_us + CLASS_B_BEACON_RESERVED_US, test_data_int(want, "window_start_ms") * 1000);
	assert_int_equal(beacon_us + CLASS_B_BEACON_PERIOD_US - CLASS_B_BEACON_GUARD_US,
			 test_data_int(want, "guard_start_ms") * 1000);
	assert_int_equal(class_b_ping_period(p), test_data_int(want, "ping_period"));
	assert_int_equal(class_b_ping_offset(crypto, class_b_beacon_time(gps_us), dev_addr, p),
			 test_data_int(want, "ping_offset"));
	check_slots(test_data_get(want, "slot_ms"), beacon_us, dev_addr, p);
}

static void check_crc16(const json_t *in, const json_t *want)
{
	uint8_t data[64];
	size_t len = test_data_octets(in, "data", data, sizeof(data));

	assert_int_equal(beacon_crc(data, len), test_data_hex_number(want, "crc_value"));
}

static struct beacon beacon_of(const json_t *in)
{
	struct beacon b = {.info_desc = (uint8_t)test_data_int(in, "info_desc")};

	if (json_object_get(in, "prec"))
		b.prec = (uint8_t)test_data_int(in, "prec");
	if (json_object_get(in, "info"))
		assert_int_equal(test_data_octets(in, "info", b.info, sizeof(b.info)), BEACON_INFO_LEN);
	else
		beacon_set_position(&b, (int32_t)test_data_int(in, "latitude_raw"),
				    (int32_t)test_data_int(in, "longitude_raw"));
	return b;
}

/* Written as expected; read back the same; refused with any one bit turned and at any other length. */
static void check_beacon(const struct beacon_lens *lens, const struct beacon *b, const char *frame)
{
	uint8_t want[64], out[BEACON_MAX];
	size_t len = 0, covered;
	struct beacon back;

	assert_int_equal(hex_decode(frame, strlen(frame), want, sizeof(want), &len), LS_OK);
	assert_int_equal(beacon_len(lens), len);
	assert_int_equal(beacon_write(lens, b, out), len);
	assert_memory_equal(out, want, len);
	assert_int_equal(beacon_parse(lens, out, len, &back), LS_OK);
	assert_int_equal(back.time, b->time);
	assert_int_equal(back.prec, b->prec);
	assert_int_equal(back.info_desc, b->info_desc);
	assert_memory_equal(back.info, b->info, BEACON_INFO_LEN);
	for (covered = 0; covered < len * 8; covered++) {
		out[covered / 8] ^= (uint8_t)(1 << covered % 8);
		assert_int_equal(beacon_parse(lens, out, len, &back), LS_EFORMAT);
		out[covered / 8] ^= (uint8_t)(1 << covered % 8);
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(beacon_parse(lens, out, n, &back), LS_ESHORT);
}

static void check_beacon_frame(const json_t *in, const json_t *want)
{
	/* rfu1_len of the file counts the Param octet that became part of it in 1.0.4. */
	struct beacon_lens lens = {
		.rfu1 = (uint8_t)(test_data_int(in, "rfu1_len") - 1), .param = 1,
		.rfu2 = (uint8_t)test_data_int(in, "rfu2_len"),
	};
	struct beacon b = beacon_of(in);
	int32_t latitude, longitude;

	b.time = (uint32_t)test_data_int(in, "time");
	check_beacon(&lens, &b, test_data_text(want, "frame"));
	assert_int_equal(beacon_len(&lens), test_data_int(want, "length"));
	if (json_object_get(in, "latitude_raw")) {
		beacon_position(&b, &latitude, &longitude);
		assert_int_equal(latitude, test_data_int(in, "latitude_raw"));
		assert_int_equal(longitude, test_data_int(in, "longitude_raw"));
	}
}

static uint64_t gps_us_of_utc(const char *utc)
{
	int64_t wall_us = 0;

	assert_int_equal(clock_parse(utc, strlen(utc), &wall_us), LS_OK);
	return gps_us_from_wall_us(wall_us);
}

static void check_class_b_worked_example(const json_t *in, const json_t *want)
{
	static const struct beacon_lens eu868 = {1, 1, 0};
	uint64_t gps_us = gps_us_of_utc(test_data_text(in, "utc")), beacon_us = class_b_beacon_us(gps_us);
	uint32_t dev_addr = test_data_hex_number(in, "dev_addr");
	unsigned p = (unsigned)test_data_int(in, "ping_slot_periodicity");
	const json_t *slots = test_data_get(want, "slot_start_ms_gps"), *utc = test_data_get(want, "slot_start_utc");
	struct beacon b = beacon_of(in);

	assert_int_equal(gps_us, (uint64_t)test_data_int(want, "gps_seconds") * 1000000);
	assert_int_equal(class_b_beacon_time(gps_us), test_data_int(want, "beacon_time"));
	assert_int_equal((gps_us - beacon_us) / 1000000, test_data_int(want, "seconds_into_period"));
	assert_int_equal(beacon_us + CLASS_B_BEACON_DELAY_US, test_data_int(want, "beacon_tx_start_us_gps"));
	b.time = class_b_beacon_time(gps_us);
	check_beacon(&eu868, &b, test_data_text(want, "beacon_frame"));
	assert_int_equal(class_b_ping_nb(p), test_data_int(want, "ping_nb"));
	assert_int_equal(class_b_ping_period(p), test_data_int(want, "ping_period_slots"));
	assert_int_equal(class_b_ping_period(p) * CLASS_B_SLOT_US, test_data_int(want, "ping_interval_ms") * 1000);
	assert_int_equal(class_b_ping_offset(crypto, b.time, dev_addr, p), test_data_int(want, "ping_offset"));
	check_slots(slots, beacon_us, dev_addr, p);
	for (size_t i = 0; i < json_array_size(utc); i++)
		assert_int_equal(gps_us_of_utc(json_string_value(json_array_get(utc, i))),
				 (uint64_t)json_integer_value(json_array_get(slots, i)) * 1000);
	assert_int_equal(class_b_next_slot_us(crypto, gps_us, dev_addr, p),
			 (uint64_t)test_data_int(want, "next_slot_after_utc") * 1000);
	assert_int_equal(beacon_us + CLASS_B_BEACON_PERIOD_US, (uint64_t)test_data_int(want, "next_beacon_time") * 1000000);
}

static void ping_offset_vectors_hold(void **state)
{
	(void)state;
	run_kind("ping_offset", check_ping_offset, 6);
}

static void ping_slot_next_vectors_hold(void **state)
{
	(void)state;
	run_kind("ping_slot_next", check_ping_slot_next, 6);
}

static void ping_slot_schedule_vectors_hold(void **state)
{
	(void)state;
	run_kind("ping_slot_schedule", check_ping_slot_schedule, 2);
}

static void crc16_vectors_hold(void **state)
{
	(void)state;
	run_kind("crc16", check_crc16, 5);
}

static void beacon_frame_vectors_hold(void **state)
{
	(void)state;
	run_kind("beacon_frame", check_beacon_frame, 7);
}

static void worked_example_holds(void **state)
{
	(void)state;
	run_kind("class_b_worked_example", check_class_b_worked_example, 1);
}

static void slots_stay_between_reserved_time_and_guard(void **state)
{
	(void)state;
	for (unsigned p = 0; p <= CLASS_B_PERIODICITY_MAX; p++) {
		uint64_t at_us = 1139322240000000, slot_us;

		for (unsigned i = 0; i < 3 * class_b_ping_nb(p); i++, at_us = slot_us + 1) {
			uint64_t in_period;

			slot_us = class_b_next_slot_us(crypto, at_us, 0x26011bda + i, p);
			in_period = slot_us - class_b_beacon_us(slot_us);
			assert_in_range(in_period, CLASS_B_BEACON_RESERVED_US,
					CLASS_B_BEACON_PERIOD_US - CLASS_B_BEACON_GUARD_US - CLASS_B_SLOT_US);
		}
	}
}

static void beacons_too_long_for_a_frame_are_refused(void **state)
{
	static const struct beacon_lens longest = {4, 1, 3}, too_long = {4, 1, 4};
	struct beacon b = {0};
	uint8_t out[BEACON_MAX];

	(void)state;
	assert_int_equal(beacon_len(&longest), BEACON_MAX);
	assert_int_equal(beacon_len(&too_long), 0);
	assert_int_equal(beacon_write(&too_long, &b, out), 0);
	assert_int_equal(beacon_parse(&too_long, out, 0, &b), LS_ESHORT);
}

/* RTime: the beacon starts between Delay * 30 ms and (Delay + 1) * 30 ms after the end of the answer. */
static void beacon_timing_names_the_next_beacon(void **state)
{
	const uint64_t beacon_us = 1139322240000000; /* 8900955 * 128 s */
	static const struct { uint32_t after_us; unsigned delay, channel; } rows[] = {
		{0, 0, 3},            /* before the beacon of this period has started */
		{1500, 0, 3},
		{1501, 4266, 4},      /* it has: (128 s - 1 us) / 30 ms, the next channel */
		{48000000, 2666, 4},
		{127971500, 1, 4},
		{127971501, 0, 4},
		{127999999, 0, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct beacon_timing t = class_b_beacon_timing(beacon_us + rows[i].after_us, 8);

		assert_int_equal(t.delay, rows[i].delay);
		assert_int_equal(t.channel, rows[i].channel);
		assert_int_equal(class_b_beacon_timing(beacon_us + rows[i].after_us, 1).channel, 0);
	}
	assert_int_equal(class_b_beacon_timing(beacon_us, 0).channel, 0);
}

/* US915: (DevAddr + floor(beacon_time / 128)) mod 8; the sum does not wrap at 32 bits. */
static void hopping_follows_address_and_period(void **state)
{
	const uint64_t beacon_us = 1139322240000000;

	(void)state;
	assert_int_equal(class_b_hop(beacon_us, 0), 8900955);
	assert_int_equal(class_b_hop(beacon_us + 127999999, 0) % 8, 3);
	assert_int_equal(class_b_hop(beacon_us + 128000000, 0) % 8, 4);
	assert_int_equal(class_b_hop(beacon_us, 0x26011bda) % 8, (0x26011bda + 8900955) % 8);
	assert_true(class_b_hop(beacon_us, 0xffffffff) == UINT64_C(0xffffffff) + 8900955);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ping_offset_vectors_hold),
		cmocka_unit_test(ping_slot_next_vectors_hold),
		cmocka_unit_test(ping_slot_schedule_vectors_hold),
		cmocka_unit_test(crc16_vectors_hold),
		cmocka_unit_test(beacon_frame_vectors_hold),
		cmocka_unit_test(worked_example_holds),
		cmocka_unit_test(slots_stay_between_reserved_time_and_guard),
		cmocka_unit_test(beacons_too_long_for_a_frame_are_refused),
		cmocka_unit_test(beacon_timing_names_the_next_beacon),
		cmocka_unit_test(hopping_follows_address_and_period),
	};
	int failed = 1;

	file = test_data_load("vectors.json");
	if (file && lw_crypto_open(&crypto) == LS_OK) {
		failed = cmocka_run_group_tests(tests, NULL, NULL);
		lw_crypto_close(crypto);
	}
	json_decref(file);
	return failed;
}
