/* Frame rows of downlinks, read back for the budget: written by the daemon's own hand, and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network/air_replay.h"
#include "network/log_text.h"

static const uint8_t phy[12] = {0x60};

static struct frame_down row_of(struct device *d, const struct tx_option *tx)
{
	return (struct frame_down){
		.device = d, .gateway_id = {{0, 0x16, 0xc0, 1, 2, 3, 4, 5}}, .dev_addr = 1, .has_f_cnt = true, .f_port = -1,
		.m_type = M_TYPE_UNCONFIRMED_DOWN, .tx = tx, .window = 1, .was_sent = true, .margin_ms = -3,
		.phy = phy, .phy_len = sizeof(phy),
	};
}

static void rows_are_read_back(void **state)
{
	static const struct {
		struct radio radio;
		uint32_t freq_hz, air_us;
	} rows[] = {
		/* 12 octets without CRC: at SF7 12.25 + 28 symbols of 1.024 ms, at SF12 12.25 + 18 of 32.768 ms */
		{{.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000, .code_rate = CR_4_5}, 868100000, 41216},
		{{.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 125000, .code_rate = CR_4_5}, 869525000, 991232},
		/* 23 octets of 8 bits at 50 kbit/s */
		{{.modulation = MOD_FSK, .bit_rate = 50000}, 868800000, 3680},
	};
	struct device d = {.dev_eui = {{1}}};
	struct air_sent sent;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tx_option tx = {.freq_hz = rows[i].freq_hz, .radio = rows[i].radio};
		struct frame_down row = row_of(&d, &tx);
		struct text_buf t;

		text_buf_init(&t);
		text_frame_down(&t, &row, 1700000000000000);
		assert_true(air_replay_read(t.data, t.len, &sent));
		assert_memory_equal(&sent.gateway_id, &row.gateway_id, sizeof(sent.gateway_id));
		assert_int_equal(sent.freq_hz, rows[i].freq_hz);
		assert_int_equal(sent.air_us, rows[i].air_us);
		text_buf_fini(&t);
	}
}

static void what_never_left_does_not_count(void **state)
{
	struct tx_option tx = {.freq_hz = 868100000,
	                       .radio = {.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000, .code_rate = CR_4_5}};
	struct device d = {.dev_eui = {{1}}};
	struct air_sent sent;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct frame_down row = row_of(&d, &tx);
		struct text_buf t;

		if (i == 0)
			row.reason = DROP_DOWNLINK_FAILED;
		else if (i == 1)
			row.was_sent = false;
		else
			row.tx = NULL;
		text_buf_init(&t);
		text_frame_down(&t, &row, 1700000000000000);
		assert_false(air_replay_read(t.data, t.len, &sent));
		text_buf_fini(&t);
	}
}

static void broken_rows_are_nothing(void **state)
{
	static const char bad_radio[] =
		"{\"gateways\":[\"0016c00102030405\"],\"freq_hz\":868100000,\"margin_ms\":1,\"drop_reason\":null,\"phy_payload\":\"00\","
		"\"modulation\":{\"lora\":{\"spreadingFactor\":99,\"bandwidth\":0}}}";
	static const char *const rows[] = {"", "{", "[]", "null", "{}", "{\"gateways\":[\"x\"]}", bad_radio};
	struct air_sent sent;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(air_replay_read(rows[i], strlen(rows[i]), &sent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_read_back),
		cmocka_unit_test(what_never_left_does_not_count),
		cmocka_unit_test(broken_rows_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
