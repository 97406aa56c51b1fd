/* US915. Payload limits of the uplink rates have the 400 ms of dwell time in them. */
#include "lorawan/region_shared.h"

static const struct channel_run uplink_runs[] = {
	{.first_index = 0, .count = 64, .base_hz = 902300000, .step_hz = 200000, .min_dr = 0, .max_dr = 3},
	{.first_index = 64, .count = 8, .base_hz = 903000000, .step_hz = 1600000, .min_dr = 4, .max_dr = 6},
};

static const struct channel_run downlink_runs[] = {
	{.first_index = 0, .count = 8, .base_hz = 923300000, .step_hz = 600000, .min_dr = 8, .max_dr = 13},
};

static const struct wor_channel wor_channels[] = {{916700000, 918300000, 10}, {919900000, 921500000, 10}};

#define UP_RATES \
	[0] = UP(LORA(10, 125)), [1] = UP(LORA(9, 125)), [2] = UP(LORA(8, 125)), [3] = UP(LORA(7, 125)), \
	[4] = UP(LORA(8, 500))
#define UP_LR_FHSS [5] = UP(LR_FHSS_1_3(1523)), [6] = UP(LR_FHSS_2_3(1523))
#define DOWN_RATES \
	[8] = DOWN(LORA(12, 500)), [9] = DOWN(LORA(11, 500)), [10] = DOWN(LORA(10, 500)), [11] = DOWN(LORA(9, 500)), \
	[12] = DOWN(LORA(8, 500)), [13] = DOWN(LORA(7, 500))

static const struct data_rate rates_old[REGION_DR_MAX] = {UP_RATES, DOWN_RATES};
static const struct data_rate rates[REGION_DR_MAX] = {UP_RATES, UP_LR_FHSS, DOWN_RATES};
/* DR0 and DR8 mean one rate up and another down. */
static const struct data_rate up_rates_1_0_5[REGION_DR_MAX] = {
	UP_RATES,
	UP_LR_FHSS,
	[7] = UP(LORA(6, 125)),
	[8] = UP(LORA(5, 125)),
};
static const struct data_rate down_rates_1_0_5[REGION_DR_MAX] = {
	[0] = DOWN(LORA(5, 500)),
	DOWN_RATES,
	[14] = DOWN(LORA(6, 500)),
};

static const struct payload_limits limits_1_0_1 = {{{
	{19, 61, 134, 250, 250, 0, 0, 0, 61, 137, 250, 250, 250, 250},
	{19, 61, 134, 230, 230, 0, 0, 0, 41, 117, 230, 230, 230, 230},
}}};
static const struct payload_limits limits_old = {{{
	{19, 61, 133, 250, 250, 0, 0, 0, 61, 137, 250, 250, 250, 250},
	{19, 61, 133, 230, 230, 0, 0, 0, 41, 117, 230, 230, 230, 230},
}}};
static const struct payload_limits limits = {{{
	{19, 61, 133, 250, 250, 58, 133, 0, 61, 137, 250, 250, 250, 250},
	{19, 61, 133, 230, 230, 58, 133, 0, 61, 137, 230, 230, 230, 230},
}}};
static const struct payload_limits up_limits_1_0_5 = {{{
	{19, 61, 133, 250, 250, 58, 133, 250, 250},
	{19, 61, 133, 230, 230, 58, 133, 230, 230},
}}};
static const struct payload_limits down_limits_1_0_5 = {{{
	{250, 0, 0, 0, 0, 0, 0, 0, 61, 137, 250, 250, 250, 250, 250},
	{230, 0, 0, 0, 0, 0, 0, 0, 61, 137, 230, 230, 230, 230, 230},
}}};

#define RX1_ROWS \
	{10, 9, 8, 8, -1, -1, -1, -1}, \
	{11, 10, 9, 8, -1, -1, -1, -1}, \
	{12, 11, 10, 9, -1, -1, -1, -1}, \
	{13, 12, 11, 10, -1, -1, -1, -1}, \
	{13, 13, 12, 11, -1, -1, -1, -1}
#define RX1_LR_FHSS \
	{10, 9, 8, 8, -1, -1, -1, -1}, \
	{11, 10, 9, 8, -1, -1, -1, -1}
#define NO_RX1_9_TO_15 NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1

static const struct rx1_rates rx1_old = {
	.n_offsets = 4,
	.dr = {RX1_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1_9_TO_15},
};
static const struct rx1_rates rx1 = {.n_offsets = 4, .dr = {RX1_ROWS, RX1_LR_FHSS, NO_RX1, NO_RX1, NO_RX1_9_TO_15}};
static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 4,
	.dr = {
		RX1_ROWS, RX1_LR_FHSS,
		{14, 13, 12, 11, -1, -1, -1, -1},
		{0, 14, 13, 12, -1, -1, -1, -1},
		NO_RX1_9_TO_15,
	},
};

#define PARAMS(up_rates_, down_rates_, up_limits_, down_limits_, rx1_, powers_, cntl_, cf_list_type_) \
	{ \
		.up_rates = up_rates_, .down_rates = down_rates_, .up_limits = &up_limits_, .down_limits = &down_limits_, \
		.rx1 = &rx1_, .tx_powers = &powers_, .uplink_runs = uplink_runs, .n_uplink_runs = COUNT_OF(uplink_runs), \
		.join_dr_mask = 1 << 0 | 1 << 4, .ch_mask_cntl = cntl_, .cf_list_type = cf_list_type_, .max_adr_dr = 3, \
		.beacon_dr = 8, .ping_slot_dr = 8, \
	}

static const struct region_params params_1_0_1 = PARAMS(rates_old, rates_old, limits_1_0_1, limits_1_0_1, rx1_old,
	shared_powers_30_to_10, shared_cntl_72_old, CF_LIST_NONE);
static const struct region_params params_1_0_2 = PARAMS(rates_old, rates_old, limits_old, limits_old, rx1_old,
	shared_powers_30_to_10, shared_cntl_72_old, CF_LIST_NONE);
static const struct region_params before_lr_fhss = PARAMS(rates_old, rates_old, limits_old, limits_old, rx1_old,
	shared_powers_30_to_14, shared_cntl_72, 1);
static const struct region_params params = PARAMS(rates, rates, limits, limits, rx1,
	shared_powers_30_to_14, shared_cntl_72, 1);
static const struct region_params params_1_0_5 = PARAMS(up_rates_1_0_5, down_rates_1_0_5, up_limits_1_0_5,
	down_limits_1_0_5, rx1_1_0_5, shared_powers_30_to_14, shared_cntl_72, 1);

const struct region_table region_us915 = {
	.name = "US915",
	.config_id = "us915",
	.source = "RP002-1.0.4",
	.is_fixed_plan = true,
	.freq_min_hz = 902000000,
	.freq_max_hz = 928000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1] = &params_1_0_1,
		[REG_PARAMS_RP001_1_0_2 ... REG_PARAMS_RP001_1_0_2_B] = &params_1_0_2,
		[REG_PARAMS_RP001_1_0_3_A ... REG_PARAMS_RP002_1_0_1] = &before_lr_fhss,
		[REG_PARAMS_RP002_1_0_2 ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.max_channels = 72,
	.downlink_runs = downlink_runs,
	.n_downlink_runs = COUNT_OF(downlink_runs),
	.rx2_freq_hz = 923300000,
	.rx2_dr = 8,
	.beacon = {.base_hz = 923300000, .step_hz = 600000, .count = 8},
	.ping_slot = {.base_hz = 923300000, .step_hz = 600000, .count = 8},
	.beacon_layout = {.rfu1_len = 4, .param_len = 1, .rfu2_len = 3, .frame_len = 23},
	.dwell = {.up_125khz_ms = 400},
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
