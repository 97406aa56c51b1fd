/* EU868. */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{868100000, 0, 5},
	{868300000, 0, 5},
	{868500000, 0, 5},
};

/* The usual choice of networks, not part of the regional text. */
static const uint32_t extra_channels_hint_hz[5] = {867100000, 867300000, 867500000, 867700000, 867900000};

static const struct duty_band duty_bands[] = {
	{863000000, 865000000, 0.001, 16.15},
	{865000000, 868000000, 0.01, 16.15},
	{868000000, 868600000, 0.01, 16.15},
	{868700000, 869200000, 0.001, 16.15},
	{869400000, 869650000, 0.1, 29.15},
	{869700000, 870000000, 0.01, 16.15},
};

static const struct wor_channel wor_channels[] = {{865100000, 865300000, 3}, {865500000, 865900000, 3}};

#define LR_FHSS_RATES \
	[8] = UP(LR_FHSS_1_3(137)), [9] = UP(LR_FHSS_2_3(137)), [10] = UP(LR_FHSS_1_3(336)), [11] = UP(LR_FHSS_2_3(336))

static const struct data_rate rates[REGION_DR_MAX] = {DR0_TO_5_BOTH, DR6_7_BOTH, LR_FHSS_RATES};
static const struct data_rate rates_1_0_5[REGION_DR_MAX] = {
	DR0_TO_5_BOTH,
	DR6_7_BOTH,
	LR_FHSS_RATES,
	[12] = BOTH(LORA(6, 125)),
	[13] = BOTH(LORA(5, 125)),
};

#define M 59, 59, 59, 123, 250, 250, 250, 250, 58, 123, 58, 123
#define M_REPEATER 59, 59, 59, 123, 230, 230, 230, 230, 58, 123, 58, 123

static const struct payload_limits limits = {{{{M}, {M_REPEATER}}}};
static const struct payload_limits limits_1_0_5 = {{{{M, 250, 250}, {M_REPEATER, 230, 230}}}};

#define RX1_ROWS \
	{0, 0, 0, 0, 0, 0, -1, -1}, \
	{1, 0, 0, 0, 0, 0, -1, -1}, \
	{2, 1, 0, 0, 0, 0, -1, -1}, \
	{3, 2, 1, 0, 0, 0, -1, -1}, \
	{4, 3, 2, 1, 0, 0, -1, -1}, \
	{5, 4, 3, 2, 1, 0, -1, -1}, \
	{6, 5, 4, 3, 2, 1, -1, -1}, \
	{7, 6, 5, 4, 3, 2, -1, -1}, \
	{1, 0, 0, 0, 0, 0, -1, -1}, \
	{2, 1, 0, 0, 0, 0, -1, -1}, \
	{1, 0, 0, 0, 0, 0, -1, -1}, \
	{2, 1, 0, 0, 0, 0, -1, -1}

static const struct rx1_rates rx1 = {.n_offsets = 6, .dr = {RX1_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1}};
static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 6,
	.dr = {RX1_ROWS, {12, 5, 4, 3, 2, 1, -1, -1}, {13, 12, 5, 4, 3, 2, -1, -1}, NO_RX1, NO_RX1},
};

static const struct tx_powers powers_1_0_1 = {20, 6, {0, -6, -9, -12, -15, -18}};
static const struct tx_powers powers_1_0_2 = {16, 6, {0, -2, -4, -6, -8, -10}};
static const struct tx_powers powers = {16, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

#define PARAMS(rates_, limits_, rx1_, powers_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.tx_powers = &powers_, .join_dr_mask = 0x003f, .ch_mask_cntl = shared_cntl_dynamic, .cf_list_type = 0, \
		.max_adr_dr = 5, .beacon_dr = 3, .ping_slot_dr = 3, \
	}

static const struct region_params params_1_0_1 = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers_1_0_1);
static const struct region_params params_1_0_2 = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers_1_0_2);
static const struct region_params before_lr_fhss = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers);
static const struct region_params params = PARAMS(rates, limits, rx1, powers);
static const struct region_params params_1_0_5 = PARAMS(rates_1_0_5, limits_1_0_5, rx1_1_0_5, powers);

const struct region_table region_eu868 = {
	.name = "EU868",
	.config_id = "eu868",
	.source = "RP002-1.0.4",
	.freq_min_hz = 863000000,
	.freq_max_hz = 870000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1] = &params_1_0_1,
		[REG_PARAMS_RP001_1_0_2] = &params_1_0_2,
		[REG_PARAMS_RP001_1_0_2_B ... REG_PARAMS_RP002_1_0_1] = &before_lr_fhss,
		[REG_PARAMS_RP002_1_0_2 ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.extra_channels_hint_hz = extra_channels_hint_hz,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 869525000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(869525000),
	.ping_slot = ONE_CHANNEL(869525000),
	.beacon_layout = BEACON_17,
	.duty_bands = duty_bands,
	.n_duty_bands = COUNT_OF(duty_bands),
	.forbids_unlisted = true,
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
