/* RU864. */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{868900000, 0, 5},
	{869100000, 0, 5},
};

static const struct duty_band duty_bands[] = {
	{864000000, 865000000, 0.001, 0},
	{866000000, 868000000, 0.01, 0},
	{868700000, 869200000, 0.1, 0},
};

static const struct wor_channel wor_channels[] = {{866100000, 866300000, 3}, {866500000, 866900000, 3}};

static const struct tx_powers powers = {16, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

#define PARAMS(rates_, limits_, rx1_, powers_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.tx_powers = &powers_, .join_dr_mask = 0x003f, .ch_mask_cntl = shared_cntl_dynamic, .cf_list_type = 0, \
		.max_adr_dr = 5, .beacon_dr = 3, .ping_slot_dr = 3, \
	}

static const struct region_params params = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers);
static const struct region_params params_1_0_5 =
	PARAMS(shared_rates_0_7_sf5, shared_limits_0_7_sf5, shared_rx1_0_7_sf5, powers);

const struct region_table region_ru864 = {
	.name = "RU864",
	.config_id = "ru864",
	.source = "RP002-1.0.4",
	.since = REG_PARAMS_RP001_1_0_3_A,
	.freq_min_hz = 864000000,
	.freq_max_hz = 870000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1 ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 869100000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(869100000),
	.ping_slot = ONE_CHANNEL(868900000),
	.beacon_layout = BEACON_17,
	.duty_bands = duty_bands,
	.n_duty_bands = COUNT_OF(duty_bands),
	.forbids_unlisted = true,
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
