#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lorawan/airtime.h"

static void low_data_rate_optimisation_is_on_from_16_ms_symbols(void **state)
{
	const struct radio sf12 = {.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 125000, .code_rate = CR_4_5};
	const struct radio sf7 = {.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000, .code_rate = CR_4_5};
	const struct radio sf9 = {.modulation = MOD_LORA, .sf = 9, .bandwidth_hz = 125000};

	(void)state;
	assert_int_equal(radio_airtime_us(&sf12, 64, true), 2793472);
	assert_int_equal(radio_airtime_us(&sf7, 51, true), 102656);
	assert_int_equal(radio_airtime_us(&sf9, 17, false), 164864);
}

static void fsk_counts_preamble_sync_length_and_crc(void **state)
{
	const struct radio fsk = {.modulation = MOD_FSK, .bit_rate = 50000};

	(void)state;
	assert_int_equal(radio_airtime_us(&fsk, 64, true), 12000);
	assert_int_equal(radio_airtime_us(&fsk, 64, false), 12000);
}

/*
 * Published as: 233.472 ms for each header, 3 at coding rate 1/3 and 2 at 2/3, and 102.4 ms for each begun fragment of
 * 2 or 4 octets, the payload being 3 octets longer (CRC and tail). The last fragment may end early.
 */
static void lr_fhss_counts_headers_and_fragments(void **state)
{
	static const struct {
		enum code_rate code_rate;
		unsigned headers, octets;
	} rates[] = {{CR_2_6, 3, 2}, {CR_4_6, 2, 4}};
	struct radio radio = {.modulation = MOD_LR_FHSS, .bandwidth_hz = 137000};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		radio.code_rate = rates[i].code_rate;
		for (unsigned len = 12; len <= 128; len++) {
			uint32_t fragments = (len + 3 + rates[i].octets - 1) / rates[i].octets;
			uint32_t most = rates[i].headers * 233472 + fragments * 102400;
			uint32_t us = radio_airtime_us(&radio, len, true);

			assert_in_range(us, most - 102400, most);
			assert_true(us > radio_airtime_us(&radio, len - 1, true));
		}
	}
	radio.code_rate = CR_2_6;
	assert_int_equal(radio_airtime_us(&radio, 63, true), 342 * 2048 + (1578 + 33 * 2) * 2048);
	radio.code_rate = CR_4_6;
	assert_int_equal(radio_airtime_us(&radio, 128, true), 228 * 2048 + (1569 + 33 * 2) * 2048);
}

static void radios_without_a_formula_take_no_time(void **state)
{
	const struct radio lr_fhss = {.modulation = MOD_LR_FHSS, .bandwidth_hz = 137000, .code_rate = CR_4_5};
	const struct radio fsk = {.modulation = MOD_FSK}, lora = {.modulation = MOD_LORA, .sf = 7};
	const struct radio sf13 = {.modulation = MOD_LORA, .sf = 13, .bandwidth_hz = 125000};

	(void)state;
	assert_int_equal(radio_airtime_us(&lr_fhss, 10, true), 0);
	assert_int_equal(radio_airtime_us(&fsk, 10, true), 0);
	assert_int_equal(radio_airtime_us(&lora, 10, true), 0);
	assert_int_equal(radio_airtime_us(&sf13, 10, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_data_rate_optimisation_is_on_from_16_ms_symbols),
		cmocka_unit_test(fsk_counts_preamble_sync_length_and_crc),
		cmocka_unit_test(lr_fhss_counts_headers_and_fragments),
		cmocka_unit_test(radios_without_a_formula_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
