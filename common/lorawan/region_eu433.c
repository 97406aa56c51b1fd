/* EU433: beacon and ping slot at 434.665 MHz; 1 % duty cycle, as LoRaWAN asks (the legal limit is 10 %). */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{433175000, 0, 5},
	{433375000, 0, 5},
	{433575000, 0, 5},
};

static const struct duty_band duty_bands[] = {
	{433175000, 434665000, 0.01, 12.15},
};

static const struct tx_powers powers_1_0_1 = {10, 6, {0, -3, -6, -9, -12, -15}};
static const struct tx_powers powers = {12.15, 6, {0, -2, -4, -6, -8, -10}};

#define PARAMS(rates_, limits_, rx1_, powers_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.tx_powers = &powers_, .join_dr_mask = 0x003f, .ch_mask_cntl = shared_cntl_dynamic, .cf_list_type = 0, \
		.max_adr_dr = 5, .beacon_dr = 3, .ping_slot_dr = 3, \
	}

static const struct region_params params_1_0_1 = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers_1_0_1);
static const struct region_params params = PARAMS(shared_rates_0_7, shared_limits_0_7, shared_rx1_0_7, powers);
static const struct region_params params_1_0_5 =
	PARAMS(shared_rates_0_7_sf5, shared_limits_0_7_sf5, shared_rx1_0_7_sf5, powers);

const struct region_table region_eu433 = {
	.name = "EU433",
	.config_id = "eu433",
	.source = "RP002-1.0.4",
	.freq_min_hz = 433050000,
	.freq_max_hz = 434790000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1] = &params_1_0_1,
		[REG_PARAMS_RP001_1_0_2 ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 434665000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(434665000),
	.ping_slot = ONE_CHANNEL(434665000),
	.beacon_layout = BEACON_17,
	.duty_bands = duty_bands,
	.n_duty_bands = COUNT_OF(duty_bands),
	.lora_sync_word = 0x34,
};
