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

static void radios_without_a_formula_take_no_time(void **state)
{
	const struct radio lr_fhss = {.modulation = MOD_LR_FHSS, .bandwidth_hz = 137000, .code_rate = CR_2_6};
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
		cmocka_unit_test(radios_without_a_formula_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
