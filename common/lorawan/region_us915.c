/* US915, RP002-1.0.4. */
#include "lorawan/region.h"

#define LORA(sf_, khz) {.modulation = MOD_LORA, .sf = sf_, .code_rate = CR_4_5, .bandwidth_hz = (khz) * 1000}
#define LR_FHSS(cr, khz) {.modulation = MOD_LR_FHSS, .code_rate = cr, .bandwidth_hz = (khz) * 1000}
#define UP(...) {.uplink = true, .radio = __VA_ARGS__}
#define DOWN(...) {.downlink = true, .radio = __VA_ARGS__}

static const struct channel_run uplink_runs[] = {
	{.first_index = 0, .count = 64, .base_hz = 902300000, .step_hz = 200000, .min_dr = 0, .max_dr = 3},
	{.first_index = 64, .count = 8, .base_hz = 903000000, .step_hz = 1600000, .min_dr = 4, .max_dr = 6},
};

static const struct channel_run downlink_runs[] = {
	{.first_index = 0, .count = 8, .base_hz = 923300000, .step_hz = 600000, .min_dr = 8, .max_dr = 13},
};

const struct region_table region_us915 = {
	.name = "US915",
	.config_id = "us915",
	.is_fixed_plan = true,
	.freq_min_hz = 902000000,
	.freq_max_hz = 928000000,
	.freq_step_hz = 100,

	.data_rates = {
		[0] = UP(LORA(10, 125)),
		[1] = UP(LORA(9, 125)),
		[2] = UP(LORA(8, 125)),
		[3] = UP(LORA(7, 125)),
		[4] = UP(LORA(8, 500)),
		/* Coding rates 1/3 and 2/3 by their other names. */
		[5] = UP(LR_FHSS(CR_2_6, 1523)),
		[6] = UP(LR_FHSS(CR_4_6, 1523)),
		[8] = DOWN(LORA(12, 500)),
		[9] = DOWN(LORA(11, 500)),
		[10] = DOWN(LORA(10, 500)),
		[11] = DOWN(LORA(9, 500)),
		[12] = DOWN(LORA(8, 500)),
		[13] = DOWN(LORA(7, 500)),
	},
	/* Those of the uplink rates have the 400 ms of dwell time in them. */
	.max_payload_m = {19, 61, 133, 250, 250, 58, 133, 0, 61, 137, 250, 250, 250, 250},
	.max_payload_m_repeater = {19, 61, 133, 230, 230, 58, 133, 0, 61, 137, 230, 230, 230, 230},

	.max_channels = 72,
	.uplink_runs = uplink_runs,
	.n_uplink_runs = sizeof(uplink_runs) / sizeof(uplink_runs[0]),
	.downlink_runs = downlink_runs,
	.n_downlink_runs = sizeof(downlink_runs) / sizeof(downlink_runs[0]),

	.join_dr_mask = 1 << 0 | 1 << 4,
	.n_rx1_offsets = 4,
	.rx1_dr = {
		{10, 9, 8, 8, -1, -1, -1, -1},
		{11, 10, 9, 8, -1, -1, -1, -1},
		{12, 11, 10, 9, -1, -1, -1, -1},
		{13, 12, 11, 10, -1, -1, -1, -1},
		{13, 13, 12, 11, -1, -1, -1, -1},
		{10, 9, 8, 8, -1, -1, -1, -1},
		{11, 10, 9, 8, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
	},
	.rx1_same_frequency = false,
	.rx2_freq_hz = 923300000,
	.rx2_dr = 8,

	.max_eirp_dbm = 30,
	.n_tx_powers = 15,
	.tx_power_offset_db = {0, -2, -4, -6, -8, -10, -12, -14, -16, -18, -20, -22, -24, -26, -28},
	.cf_list_type = 1,
	.max_adr_dr = 3,

	.dwell_up_125khz_ms = 400,
};
