/* KR920. */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{922100000, 0, 5},
	{922300000, 0, 5},
	{922500000, 0, 5},
};

static const struct eirp_range eirp_ranges[] = {
	{920900000, 921900000, 10, 23},
	{922100000, 923300000, 14, 23},
};

static const struct wor_channel wor_channels[] = {{922700000, 922900000, 3}, {923100000, 923300000, 3}};

static const struct data_rate rates[REGION_DR_MAX] = {DR0_TO_5_BOTH};
static const struct data_rate rates_1_0_5[REGION_DR_MAX] = {
	DR0_TO_5_BOTH,
	[12] = UP(LORA(6, 125)),
	[13] = UP(LORA(5, 125)),
};

#define M 59, 59, 59, 123, 250, 250
#define M_REPEATER 59, 59, 59, 123, 230, 230

static const struct payload_limits limits = {{{{M}, {M_REPEATER}}}};
static const struct payload_limits limits_1_0_5 = {{{
	{M, 0, 0, 0, 0, 0, 0, 250, 250},
	{M_REPEATER, 0, 0, 0, 0, 0, 0, 230, 230},
}}};

/* SF6 and SF5 are uplink rates only: what would be answered at them is answered at DR5. */
static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 6,
	.dr = {
		{0, 0, 0, 0, 0, 0, -1, -1},
		{1, 0, 0, 0, 0, 0, -1, -1},
		{2, 1, 0, 0, 0, 0, -1, -1},
		{3, 2, 1, 0, 0, 0, -1, -1},
		{4, 3, 2, 1, 0, 0, -1, -1},
		{5, 4, 3, 2, 1, 0, -1, -1},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
		{5, 5, 4, 3, 2, 1, -1, -1},
		{5, 5, 5, 4, 3, 2, -1, -1},
		NO_RX1, NO_RX1,
	},
};

static const struct tx_powers powers_1_0_2 = {20, 7, {0, -6, -10, -12, -15, -18, -20}};
static const struct tx_powers powers = {14, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

#define PARAMS(rates_, limits_, rx1_, powers_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.tx_powers = &powers_, .join_dr_mask = 0x003f, .ch_mask_cntl = shared_cntl_dynamic, .cf_list_type = 0, \
		.max_adr_dr = 5, .beacon_dr = 3, .ping_slot_dr = 3, \
	}

static const struct region_params params_1_0_2 = PARAMS(rates, limits, shared_rx1_0_5, powers_1_0_2);
static const struct region_params params = PARAMS(rates, limits, shared_rx1_0_5, powers);
static const struct region_params params_1_0_5 = PARAMS(rates_1_0_5, limits_1_0_5, rx1_1_0_5, powers);

const struct region_table region_kr920 = {
	.name = "KR920",
	.config_id = "kr920",
	.source = "RP002-1.0.4",
	.since = REG_PARAMS_RP001_1_0_2,
	.freq_min_hz = 920900000,
	.freq_max_hz = 923300000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1 ... REG_PARAMS_RP001_1_0_2] = &params_1_0_2,
		[REG_PARAMS_RP001_1_0_2_B ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 921900000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(923100000),
	.ping_slot = ONE_CHANNEL(923100000),
	.beacon_layout = BEACON_17,
	.eirp_ranges = eirp_ranges,
	.n_eirp_ranges = COUNT_OF(eirp_ranges),
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
