/* AS923 in its four groups, which differ in frequencies only. */
#include "lorawan/region_shared.h"

#define M_DWELL 0, 0, 19, 61, 133, 250, 250, 250
#define M_DWELL_REPEATER 0, 0, 19, 61, 133, 230, 230, 230
#define M(dr2) 59, 59, dr2, 123, 250, 250, 250, 250
#define M_REPEATER(dr2) 59, 59, dr2, 123, 230, 230, 230, 230

static const struct payload_limits limits_old = {{{{M(59)}, {M_REPEATER(59)}}, {{M_DWELL}, {M_DWELL_REPEATER}}}};
static const struct payload_limits limits = {{{{M(123)}, {M_REPEATER(123)}}, {{M_DWELL}, {M_DWELL_REPEATER}}}};
static const struct payload_limits limits_1_0_5 = {{
	{{M(123), 0, 0, 0, 0, 250, 250}, {M_REPEATER(123), 0, 0, 0, 0, 230, 230}},
	{{M_DWELL, 0, 0, 0, 0, 250, 250}, {M_DWELL_REPEATER, 0, 0, 0, 0, 230, 230}},
}};

/* Results above DR5 were DR5 before RP002. */
static const struct rx1_rates rx1_rp001 = {
	.n_offsets = 8,
	.dr = {
		{0, 0, 0, 0, 0, 0, 1, 2},
		{1, 0, 0, 0, 0, 0, 2, 3},
		{2, 1, 0, 0, 0, 0, 3, 4},
		{3, 2, 1, 0, 0, 0, 4, 5},
		{4, 3, 2, 1, 0, 0, 5, 5},
		{5, 4, 3, 2, 1, 0, 5, 5},
		{5, 5, 4, 3, 2, 1, 5, 5},
		{5, 5, 5, 4, 3, 2, 5, 5},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

static const struct rx1_rates rx1_dwell_rp001 = {
	.n_offsets = 8,
	.dr = {
		{2, 2, 2, 2, 2, 2, 2, 2},
		{2, 2, 2, 2, 2, 2, 2, 3},
		{2, 2, 2, 2, 2, 2, 3, 4},
		{3, 2, 2, 2, 2, 2, 4, 5},
		{4, 3, 2, 2, 2, 2, 5, 5},
		{5, 4, 3, 2, 2, 2, 5, 5},
		{5, 5, 4, 3, 2, 2, 5, 5},
		{5, 5, 5, 4, 3, 2, 5, 5},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

#define RX1_ROWS \
	{0, 0, 0, 0, 0, 0, 1, 2}, \
	{1, 0, 0, 0, 0, 0, 2, 3}, \
	{2, 1, 0, 0, 0, 0, 3, 4}, \
	{3, 2, 1, 0, 0, 0, 4, 5}, \
	{4, 3, 2, 1, 0, 0, 5, 6}, \
	{5, 4, 3, 2, 1, 0, 6, 7}, \
	{6, 5, 4, 3, 2, 1, 7, 7}, \
	{7, 6, 5, 4, 3, 2, 7, 7}

#define RX1_DWELL_ROWS \
	{2, 2, 2, 2, 2, 2, 2, 2}, \
	{2, 2, 2, 2, 2, 2, 2, 3}, \
	{2, 2, 2, 2, 2, 2, 3, 4}, \
	{3, 2, 2, 2, 2, 2, 4, 5}, \
	{4, 3, 2, 2, 2, 2, 5, 6}, \
	{5, 4, 3, 2, 2, 2, 6, 7}, \
	{6, 5, 4, 3, 2, 2, 7, 7}, \
	{7, 6, 5, 4, 3, 2, 7, 7}

static const struct rx1_rates rx1 = {
	.n_offsets = 8,
	.dr = {RX1_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1},
};

static const struct rx1_rates rx1_dwell = {
	.n_offsets = 8,
	.dr = {RX1_DWELL_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1},
};

static const struct rx1_rates rx1_1_0_5 = {
	.n_offsets = 8,
	.dr = {
		RX1_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
		{12, 5, 4, 3, 2, 1, 13, 13},
		{13, 12, 5, 4, 3, 2, 13, 13},
		NO_RX1, NO_RX1,
	},
};

static const struct rx1_rates rx1_dwell_1_0_5 = {
	.n_offsets = 8,
	.dr = {
		RX1_DWELL_ROWS, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
		{12, 5, 4, 3, 2, 2, 13, 13},
		{13, 12, 5, 4, 3, 2, 13, 13},
		NO_RX1, NO_RX1,
	},
};

static const struct tx_powers powers_1_0_2 = {14, 6, {0, -2, -4, -6, -8, -10}};
static const struct tx_powers powers = {16, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

#define PARAMS(rates_, limits_, rx1_, rx1_dwell_, powers_, boot_downlink_dwell_) \
	{ \
		.up_rates = rates_, .down_rates = rates_, .up_limits = &limits_, .down_limits = &limits_, .rx1 = &rx1_, \
		.rx1_dwell = &rx1_dwell_, .tx_powers = &powers_, .join_dr_mask = 0x003c, .ch_mask_cntl = shared_cntl_dynamic, \
		.cf_list_type = 0, .max_adr_dr = 5, .beacon_dr = 3, .ping_slot_dr = 3, .has_tx_param_setup = true, \
		.boot_uplink_dwell = true, .boot_downlink_dwell = boot_downlink_dwell_, \
	}

static const struct region_params params_1_0_2 =
	PARAMS(shared_rates_0_7, limits_old, rx1_rp001, rx1_dwell_rp001, powers_1_0_2, true);
static const struct region_params params_1_0_2_b =
	PARAMS(shared_rates_0_7, limits_old, rx1_rp001, rx1_dwell_rp001, powers, true);
static const struct region_params params_rp001 =
	PARAMS(shared_rates_0_7, limits_old, rx1_rp001, rx1_dwell_rp001, powers, false);
static const struct region_params params_rp002_1_0_0 =
	PARAMS(shared_rates_0_7, limits_old, rx1, rx1_dwell, powers, false);
static const struct region_params params = PARAMS(shared_rates_0_7, limits, rx1, rx1_dwell, powers, false);
static const struct region_params params_1_0_5 =
	PARAMS(shared_rates_0_7_sf5, limits_1_0_5, rx1_1_0_5, rx1_dwell_1_0_5, powers, false);

/* Frequencies of group 1 shifted. */
#define GROUP(name_, config_id_, since_, shift_hz, min_hz, max_hz, bands, channels, wor) \
	{ \
		.name = name_, .config_id = config_id_, .source = "RP002-1.0.4", .since = since_, .freq_min_hz = min_hz, \
		.freq_max_hz = max_hz, .freq_step_hz = 100, \
		.params = { \
			[REG_PARAMS_1_0_1 ... REG_PARAMS_RP001_1_0_2] = &params_1_0_2, \
			[REG_PARAMS_RP001_1_0_2_B] = &params_1_0_2_b, \
			[REG_PARAMS_RP001_1_0_3_A ... REG_PARAMS_RP001_1_1_B] = &params_rp001, \
			[REG_PARAMS_RP002_1_0_0] = &params_rp002_1_0_0, \
			[REG_PARAMS_RP002_1_0_1 ... REG_PARAMS_RP002_1_0_4] = &params, \
			[REG_PARAMS_RP002_1_0_5] = &params_1_0_5, \
		}, \
		.default_channels = channels, .n_default_channels = COUNT_OF(channels), .max_channels = 16, .cf_list_max_dr = 5, \
		.rx1_same_frequency = true, .rx2_freq_hz = 923200000 + (shift_hz), .rx2_dr = 2, .has_new_channel = true, \
		.has_dl_channel = true, .beacon = ONE_CHANNEL(923400000 + (shift_hz)), \
		.ping_slot = ONE_CHANNEL(923400000 + (shift_hz)), .beacon_layout = BEACON_17, .duty_bands = bands, \
		.n_duty_bands = COUNT_OF(bands), .dwell = {.up_ms = 400, .down_ms = 400, .is_switched = true}, \
		.lora_sync_word = 0x34, .wor_channels = wor, .n_wor_channels = COUNT_OF(wor), \
	}

#define CHANNELS(shift_hz) {{923200000 + (shift_hz), 0, 5}, {923400000 + (shift_hz), 0, 5}}
#define WOR(shift_hz) {{923600000 + (shift_hz), 923800000 + (shift_hz), 3}}

static const struct channel channels_1[] = CHANNELS(0), channels_2[] = CHANNELS(-1800000),
	channels_3[] = CHANNELS(-6600000), channels_4[] = CHANNELS(-5900000);
static const struct wor_channel wor_1[] = WOR(0), wor_2[] = WOR(-1800000), wor_3[] = WOR(-6600000), wor_4[] = WOR(-5900000);

/* What one source records for the default channels; other frequencies have no listed limit. */
static const struct duty_band bands_1[] = {{923000000, 923500000, 0.01, 16}};
static const struct duty_band bands_2[] = {{921400000, 922000000, 0.01, 16}};
static const struct duty_band bands_3[] = {{916500000, 917000000, 0.01, 16}};
static const struct duty_band bands_4[] = {{917300000, 917500000, 0.01, 16}};

const struct region_table region_as923 =
	GROUP("AS923", "as923", REG_PARAMS_RP001_1_0_2, 0, 915000000, 928000000, bands_1, channels_1, wor_1);
const struct region_table region_as923_2 =
	GROUP("AS923_2", "as923_2", REG_PARAMS_RP002_1_0_1, -1800000, 920000000, 923000000, bands_2, channels_2, wor_2);
const struct region_table region_as923_3 =
	GROUP("AS923_3", "as923_3", REG_PARAMS_RP002_1_0_1, -6600000, 915000000, 921000000, bands_3, channels_3, wor_3);
const struct region_table region_as923_4 =
	GROUP("AS923_4", "as923_4", REG_PARAMS_RP002_1_0_3, -5900000, 917000000, 920000000, bands_4, channels_4, wor_4);
