/* adr_plan.h - the data rates and powers of EU868 (RP002-1.0.4) for tests of ADR, written down here once more. */
#ifndef LS_TEST_ADR_PLAN_H
#define LS_TEST_ADR_PLAN_H

#include "network/adr.h"

#define MAX_ADR_DR 5

#define PLAN_LORA(sf_, khz) {.uplink = true, .downlink = true, \
	.radio = {.modulation = MOD_LORA, .sf = sf_, .code_rate = CR_4_5, .bandwidth_hz = (khz) * 1000}}
#define PLAN_LR_FHSS(cr, khz) {.uplink = true, \
	.radio = {.modulation = MOD_LR_FHSS, .code_rate = cr, .bandwidth_hz = (khz) * 1000}}

static const struct data_rate plan_rates[REGION_DR_MAX] = {
	PLAN_LORA(12, 125), PLAN_LORA(11, 125), PLAN_LORA(10, 125), PLAN_LORA(9, 125), PLAN_LORA(8, 125), PLAN_LORA(7, 125),
	PLAN_LORA(7, 250),
	{.uplink = true, .downlink = true, .radio = {.modulation = MOD_FSK, .bit_rate = 50000}},
	PLAN_LR_FHSS(CR_2_6, 137), PLAN_LR_FHSS(CR_4_6, 137), PLAN_LR_FHSS(CR_2_6, 336), PLAN_LR_FHSS(CR_4_6, 336),
};

static const int8_t plan_powers[] = {0, -2, -4, -6, -8, -10, -12, -14};

static const struct adr_plan plan = {.data_rates = plan_rates, .tx_power_offset_db = plan_powers, .n_tx_powers = 8};

#endif
