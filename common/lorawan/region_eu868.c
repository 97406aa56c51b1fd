/* EU868, RP002-1.0.4. */
#include "lorawan/region.h"

#define LORA(sf_, khz) {.modulation = MOD_LORA, .sf = sf_, .code_rate = CR_4_5, .bandwidth_hz = (khz) * 1000}
#define LR_FHSS(cr, khz) {.modulation = MOD_LR_FHSS, .code_rate = cr, .bandwidth_hz = (khz) * 1000}
#define BOTH(...) {.uplink = true, .downlink = true, .radio = __VA_ARGS__}
#define UP(...) {.uplink = true, .radio = __VA_ARGS__}

static const struct channel default_channels[] = {
	{868100000, 0, 5},
	{868300000, 0, 5},
	{868500000, 0, 5},
};

/* The usual choice of networks, not part of the regional text. */
static const uint32_t extra_channels_hint_hz[5] = {867100000, 867300000, 867500000, 867700000, 867900000};

/* A frequency in none of them is not allowed. */
static const struct duty_band duty_bands[] = {
	{863000000, 865000000, 0.001, 16.15},
	{865000000, 868000000, 0.01, 16.15},
	{868000000, 868600000, 0.01, 16.15},
	{868700000, 869200000, 0.001, 16.15},
	{869400000, 869650000, 0.1, 29.15},
	{869700000, 870000000, 0.01, 16.15},
};

const struct region_table region_eu868 = {
	.name = "EU868",
	.config_id = "eu868",
	.is_fixed_plan = false,
	.freq_min_hz = 863000000,
	.freq_max_hz = 870000000,
	.freq_step_hz = 100,

	.data_rates = {
		[0] = BOTH(LORA(12, 125)),
		[1] = BOTH(LORA(11, 125)),
		[2] = BOTH(LORA(10, 125)),
		[3] = BOTH(LORA(9, 125)),
		[4] = BOTH(LORA(8, 125)),
		[5] = BOTH(LORA(7, 125)),
		[6] = BOTH(LORA(7, 250)),
		[7] = BOTH({.modulation = MOD_FSK, .bit_rate = 50000}),
		/* Coding rates 1/3 and 2/3 by their other names. */
		[8] = UP(LR_FHSS(CR_2_6, 137)),
		[9] = UP(LR_FHSS(CR_4_6, 137)),
		[10] = UP(LR_FHSS(CR_2_6, 336)),
		[11] = UP(LR_FHSS(CR_4_6, 336)),
	},
	.max_payload_m = {59, 59, 59, 123, 250, 250, 250, 250, 58, 123, 58, 123},
	.max_payload_m_repeater = {59, 59, 59, 123, 230, 230, 230, 230, 58, 123, 58, 123},

	.default_channels = default_channels,
	.n_default_channels = sizeof(default_channels) / sizeof(default_channels[0]),
	.max_channels = 16,
	.extra_channels_hint_hz = extra_channels_hint_hz,

	.join_dr_mask = 0x003f,
	.n_rx1_offsets = 6,
	.rx1_dr = {
		{0, 0, 0, 0, 0, 0, -1, -1},
		{1, 0, 0, 0, 0, 0, -1, -1},
		{2, 1, 0, 0, 0, 0, -1, -1},
		{3, 2, 1, 0, 0, 0, -1, -1},
		{4, 3, 2, 1, 0, 0, -1, -1},
		{5, 4, 3, 2, 1, 0, -1, -1},
		{6, 5, 4, 3, 2, 1, -1, -1},
		{7, 6, 5, 4, 3, 2, -1, -1},
		{1, 0, 0, 0, 0, 0, -1, -1},
		{2, 1, 0, 0, 0, 0, -1, -1},
		{1, 0, 0, 0, 0, 0, -1, -1},
		{2, 1, 0, 0, 0, 0, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
		{-1, -1, -1, -1, -1, -1, -1, -1},
	},
	.rx1_same_frequency = true,
	.rx2_freq_hz = 869525000,
	.rx2_dr = 0,

	.max_eirp_dbm = 16,
	.n_tx_powers = 8,
	.tx_power_offset_db = {0, -2, -4, -6, -8, -10, -12, -14},
	.cf_list_type = 0,
	.max_adr_dr = 5,

	.duty_bands = duty_bands,
	.n_duty_bands = sizeof(duty_bands) / sizeof(duty_bands[0]),
};
