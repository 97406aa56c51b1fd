/* AU915. The texts before RP001-1.0.2 revision B have the uplink rates of US915. */
#include "lorawan/region_shared.h"

static const struct channel_run uplink_runs_old[] = {
	{.first_index = 0, .count = 64, .base_hz = 915200000, .step_hz = 200000, .min_dr = 0, .max_dr = 3},
	{.first_index = 64, .count = 8, .base_hz = 915900000, .step_hz = 1600000, .min_dr = 4, .max_dr = 4},
};

static const struct channel_run uplink_runs[] = {
	{.first_index = 0, .count = 64, .base_hz = 915200000, .step_hz = 200000, .min_dr = 0, .max_dr = 5},
	{.first_index = 64, .count = 8, .base_hz = 915900000, .step_hz = 1600000, .min_dr = 6, .max_dr = 7},
};

static const struct channel_run downlink_runs[] = {
	{.first_index = 0, .count = 8, .base_hz = 923300000, .step_hz = 600000, .min_dr = 8, .max_dr = 13},
};

static const struct wor_channel wor_channels[] = {{916700000, 918300000, 10}, {919900000, 921500000, 10}};

#define UP_RATES \
	[0] = UP(LORA(12, 125)), [1] = UP(LORA(11, 125)), [2] = UP(LORA(10, 125)), [3] = UP(LORA(9, 125)), \
	[4] = UP(LORA(8, 125)), [5] = UP(LORA(7, 125)), [6] = UP(LORA(8, 500))
#define UP_LR_FHSS [7] = UP(LR_FHSS_1_3(1523))
#define DOWN_RATES \
	[8] = DOWN(LORA(12, 500)), [9] = DOWN(LORA(11, 500)), [10] = DOWN(LORA(10, 500)), [11] = DOWN(LORA(9, 500)), \
	[12] = DOWN(LORA(8, 500)), [13] = DOWN(LORA(7, 500))

static const struct data_rate rates_1_0_1[REGION_DR_MAX] = {
	[0] = UP(LORA(10, 125)),
	[1] = UP(LORA(9, 125)),
	[2] = UP(LORA(8, 125)),
	[3] = UP(LORA(7, 125)),
	[4] = UP(LORA(8, 500)),
	DOWN_RATES,
};
static const struct data_rate rates_old[REGION_DR_MAX] = {UP_RATES, DOWN_RATES};
static const struct data_rate rates[REGION_DR_MAX] = {UP_RATES, UP_LR_FHSS, DOWN_RATES};
/* DR0, DR9 and DR10 mean one rate up and another down. */
static const struct data_rate up_rates_1_0_5[REGION_DR_MAX] = {
	UP_RATES,
	UP_LR_FHSS,
	[9] = UP(LORA(6, 125)),
	[10] = UP(LORA(5, 125)),
};
static const struct data_rate down_rates_1_0_5[REGION_DR_MAX] = {
	[0] = DOWN(LORA(5, 500)),
	DOWN_RATES,
	[14] = DOWN(LORA(6, 500)),
};

/* The limits of the oldest texts have 400 ms in them, whatever the setting. */
#define M_1_0_1 19, 61, 134, 250, 250, 0, 0, 0, 61, 137, 250, 250, 250, 250
#define M_1_0_1_REPEATER 19, 61, 134, 230, 230, 0, 0, 0, 41, 117, 230, 230, 230, 230

static const struct payload_limits limits_1_0_1 = {{
	{{M_1_0_1}, {M_1_0_1_REPEATER}},
	{{M_1_0_1}, {M_1_0_1_REPEATER}},
}};
static const struct payload_limits limits_old = {{
	{
		{59, 59, 59, 123, 250, 250, 250, 0, 61, 137, 250, 250, 250, 250},
		{59, 59, 59, 123, 230, 230, 230, 0, 41, 117, 230, 230, 230, 230},
	},
	{
		{0, 0, 19, 61, 133, 250, 250, 0, 61, 137, 250, 250, 250, 250},
		{0, 0, 19, 61, 133, 230, 230, 0, 41, 117, 230, 230, 230, 230},
	},
}};
static const struct payload_limits limits = {{
	{
		{59, 59, 59, 123, 250, 250, 250, 58, 61, 137, 250, 250, 250, 250},
		{59, 59, 59, 123, 230, 230, 230, 58, 61, 137, 230, 230, 230, 230},
	},
	{
		{0, 0, 19, 61, 133, 250, 250, 58, 61, 137, 250, 250, 250, 250},
		{0, 0, 19, 61, 133, 230, 230, 58, 61, 137, 230, 230, 230, 230},
	},
}};
static const struct payload_limits up_limits_1_0_5 = {{
	{
		{59, 59, 59, 123, 250, 250, 250, 58, 0, 250, 250},
		{59, 59, 59, 123, 230, 230, 230, 58, 0, 230, 230},
	},
	{
		{0, 0, 19, 61, 133, 250, 250, 58, 0, 250, 250},
		{0, 0, 19, 61, 133, 230, 230, 58, 0, 230, 230},
	},
}};

#define M_DOWN 250, 0, 0, 0, 0, 0, 0, 0, 61, 137, 250, 250, 250, 250, 250
#define M_DOWN_REPEATER 230, 0, 0, 0, 0, 0, 0, 0, 61, 137, 230, 230, 230, 230, 230

static const struct payload_limits down_limits_1_0_5 = {{
	{{M_DOWN}, {M_DOWN_REPEATER}},
	{{M_DOWN}, {M_DOWN_REPEATER}},
}};

static const struct rx1_rates rx1_1_0_1 = {
	.n_offsets = 4,
	.dr = {
		{10, 9, 8, 8, -1, -1, -1, -1},
		{11, 10, 9, 8, -1, -1, -1, -1},
		{12, 11, 10, 9, -1, -1, -1, -1},
		{13, 12, 11, 10, -1, -1, -1, -1},
		{13, 13, 12, 11, -1, -1, -1, -1},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

#define RX1_ROWS \
	{8, 8, 8, 8, 8, 8, -1, -1}, \
	{9, 8, 8, 8, 8, 8, -1, -1}, \
	{10, 9, 8, 8, 8, 8, -1, -1}, \
	{11, 10, 9, 8, 8, 8, -1, -1}, \
	{12, 11, 10, 9, 8, 8, -1, -1}, \
	{13, 12, 11, 10, 9, 8, -1, -1}, \
	{13, 13, 12, 11, 10, 9, -1, -1}
#define RX1_LR_FHSS {9, 8, 8, 8, 8, 8, -1, -1}
#define NO_RX1_11_TO_15 NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1

static const struct rx1_rates rx1_old = {
	.n_offsets = 6,
	.dr = {RX1_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1_11_TO_15},
};
static const struct rx1_rates rx1 = {
	.n_offsets = 6,
	.dr = {RX1_ROWS, RX1_LR_FHSS, NO_RX1, NO_RX1, NO_RX1, NO_RX1_11_TO_15},
};
static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 6,
	.dr = {
		RX1_ROWS, RX1_LR_FHSS, NO_RX1,
		{14, 13, 12, 11, 10, 9, -1, -1},
		{0, 14, 13, 12, 11, 10, -1, -1},
		NO_RX1_11_TO_15,
	},
};

#define RUNS(runs) .uplink_runs = runs, .n_uplink_runs = COUNT_OF(runs)
#define RATES(up_, down_, up_limits_, down_limits_, rx1_) \
	.up_rates = up_, .down_rates = down_, .up_limits = &up_limits_, .down_limits = &down_limits_, .rx1 = &rx1_
#define MODERN(class_b_dr, powers_, has_tx_param_setup_) \
	RUNS(uplink_runs), .tx_powers = &powers_, .join_dr_mask = 1 << 2 | 1 << 6, .max_adr_dr = 5, \
	.beacon_dr = class_b_dr, .ping_slot_dr = class_b_dr, .has_tx_param_setup = has_tx_param_setup_, \
	.boot_uplink_dwell = has_tx_param_setup_
#define WITHOUT_CNTL_5 .ch_mask_cntl = shared_cntl_72_old, .cf_list_type = CF_LIST_NONE
#define WITH_CNTL_5 .ch_mask_cntl = shared_cntl_72, .cf_list_type = 1

static const struct region_params params_1_0_1 = {
	RATES(rates_1_0_1, rates_1_0_1, limits_1_0_1, limits_1_0_1, rx1_1_0_1),
	RUNS(uplink_runs_old),
	WITHOUT_CNTL_5,
	.tx_powers = &shared_powers_30_to_10,
	.join_dr_mask = 1 << 0 | 1 << 4,
	.max_adr_dr = 3,
	.beacon_dr = 10,
	.ping_slot_dr = 10,
};
static const struct region_params params_1_0_2_b = {
	RATES(rates_old, rates_old, limits_old, limits_old, rx1_old),
	MODERN(10, shared_powers_30_to_10, false),
	WITHOUT_CNTL_5,
};
static const struct region_params params_1_1_a = {
	RATES(rates_old, rates_old, limits_old, limits_old, rx1_old),
	MODERN(10, shared_powers_30_to_10, false),
	WITH_CNTL_5,
};
static const struct region_params before_lr_fhss = {
	RATES(rates_old, rates_old, limits_old, limits_old, rx1_old),
	MODERN(8, shared_powers_30_to_14, true),
	WITH_CNTL_5,
};
static const struct region_params params = {
	RATES(rates, rates, limits, limits, rx1),
	MODERN(8, shared_powers_30_to_14, true),
	WITH_CNTL_5,
};
static const struct region_params params_1_0_5 = {
	RATES(up_rates_1_0_5, down_rates_1_0_5, up_limits_1_0_5, down_limits_1_0_5, rx1_1_0_5),
	MODERN(8, shared_powers_30_to_14, true),
	WITH_CNTL_5,
};

const struct region_table region_au915 = {
	.name = "AU915",
	.config_id = "au915",
	.source = "RP002-1.0.4",
	.is_fixed_plan = true,
	.freq_min_hz = 915000000,
	.freq_max_hz = 928000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1 ... REG_PARAMS_RP001_1_0_2] = &params_1_0_1,
		[REG_PARAMS_RP001_1_0_2_B] = &params_1_0_2_b,
		[REG_PARAMS_RP001_1_0_3_A] = &before_lr_fhss,
		[REG_PARAMS_RP001_1_1_A] = &params_1_1_a,
		[REG_PARAMS_RP001_1_1_B ... REG_PARAMS_RP002_1_0_1] = &before_lr_fhss,
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
	.dwell = {.up_ms = 400, .is_switched = true},
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
