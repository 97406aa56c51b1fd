/* IN865. DR6 is not used: what would be answered at it is answered at DR5. */
#include "lorawan/region_shared.h"

static const struct channel default_channels[] = {
	{865062500, 0, 5},
	{865402500, 0, 5},
	{865985000, 0, 5},
};

static const struct wor_channel wor_channels[] = {{866000000, 866200000, 3}, {866700000, 866900000, 3}};

static const struct data_rate rates[REGION_DR_MAX] = {DR0_TO_5_BOTH, [7] = BOTH(FSK_50)};
static const struct data_rate rates_1_0_5[REGION_DR_MAX] = {
	DR0_TO_5_BOTH,
	[7] = BOTH(FSK_50),
	[12] = BOTH(LORA(6, 125)),
	[13] = BOTH(LORA(5, 125)),
};

#define M 59, 59, 59, 123, 250, 250, 0, 250
#define M_REPEATER 59, 59, 59, 123, 230, 230, 0, 230

static const struct payload_limits limits = {{{{M}, {M_REPEATER}}}};
static const struct payload_limits limits_1_0_5 = {{{
	{M, 0, 0, 0, 0, 250, 250},
	{M_REPEATER, 0, 0, 0, 0, 230, 230},
}}};

#define RX1_0_TO_4 \
	{0, 0, 0, 0, 0, 0, 1, 2}, \
	{1, 0, 0, 0, 0, 0, 2, 3}, \
	{2, 1, 0, 0, 0, 0, 3, 4}, \
	{3, 2, 1, 0, 0, 0, 4, 5}, \
	{4, 3, 2, 1, 0, 0, 5, 5}

/* Results above DR5 were DR5. */
static const struct rx1_rates rx1_rp001 = {
	.n_offsets = 8,
	.dr = {
		RX1_0_TO_4,
		{5, 4, 3, 2, 1, 0, 5, 5},
		NO_RX1,
		{5, 5, 5, 4, 3, 2, 5, 5},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

static const struct rx1_rates rx1 = {
	.n_offsets = 8,
	.dr = {
		RX1_0_TO_4,
		{5, 4, 3, 2, 1, 0, 5, 7},
		NO_RX1,
		{7, 5, 5, 4, 3, 2, 7, 7},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 8,
	.dr = {
		RX1_0_TO_4,
		{5, 4, 3, 2, 1, 0, 5, 7},
		NO_RX1,
		{7, 5, 5, 4, 3, 2, 7, 7},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1,
		{12, 5, 4, 3, 2, 1, 13, 13},
		{13, 12, 5, 4, 3, 2, 13, 13},
		NO_RX1, NO_RX1,
	},
};

#define PARAMS(rates_, limits_, rx1_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.tx_powers = &shared_powers_30_to_10, .join_dr_mask = 0x003f, .ch_mask_cntl = shared_cntl_dynamic, \
		.cf_list_type = 0, .max_adr_dr = 5, .beacon_dr = 4, .ping_slot_dr = 4, \
	}

static const struct region_params params_rp001 = PARAMS(rates, limits, rx1_rp001);
static const struct region_params params = PARAMS(rates, limits, rx1);
static const struct region_params params_1_0_5 = PARAMS(rates_1_0_5, limits_1_0_5, rx1_1_0_5);

const struct region_table region_in865 = {
	.name = "IN865",
	.config_id = "in865",
	.source = "RP002-1.0.4",
	.since = REG_PARAMS_RP001_1_0_2_B,
	.freq_min_hz = 865000000,
	.freq_max_hz = 867000000,
	.freq_step_hz = 100,
	.params = {
		[REG_PARAMS_1_0_1 ... REG_PARAMS_RP001_1_1_B] = &params_rp001,
		[REG_PARAMS_RP002_1_0_0 ... REG_PARAMS_RP002_1_0_4] = &params,
		[REG_PARAMS_RP002_1_0_5] = &params_1_0_5,
	},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 866550000,
	.rx2_dr = 2,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(866550000),
	.ping_slot = ONE_CHANNEL(866550000),
	.beacon_layout = {.rfu1_len = 0, .param_len = 1, .rfu2_len = 3, .frame_len = 19},
	.lora_sync_word = 0x34,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
