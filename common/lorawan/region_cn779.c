/* CN779. The last text that has it is RP002-1.0.3. */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{779500000, 0, 5},
	{779700000, 0, 5},
	{779900000, 0, 5},
};

static const struct duty_band duty_bands[] = {
	{779000000, 787000000, 0.01, 12.15},
};

static const uint32_t old_join_channels_hz[] = {780500000, 780700000, 780900000};

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

const struct region_table region_cn779 = {
	.name = "CN779",
	.config_id = "cn779",
	.source = "RP002-1.0.3",
	.freq_min_hz = 779000000,
	.freq_max_hz = 787000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1] = &params_1_0_1,
		[REG_PARAMS_RP001_1_0_2 ... REG_PARAMS_RP002_1_0_5] = &params,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.old_join_channels_hz = old_join_channels_hz,
	.n_old_join_channels = COUNT_OF(old_join_channels_hz),
	.rx1_same_frequency = true,
	.rx2_freq_hz = 786000000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(785000000),
	.ping_slot = ONE_CHANNEL(785000000),
	.beacon_layout = BEACON_17,
	.duty_bands = duty_bands,
	.n_duty_bands = COUNT_OF(duty_bands),
	.lora_sync_word = 0x34,
};
