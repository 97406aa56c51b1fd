/*
 * CN470. RP001 has one plan of 96 channels up and 48 down. RP002 has four in its place, chosen by the common join
 * channel a device was heard on; here each plan is a table of its own, and a configuration names the one its
 * gateways listen to. A plan keeps its cells whatever revision the profile of a device names.
 */
#include "lorawan/region_shared.h"

/* --- RP001 --- */

static const struct channel_run up_rp001[] = {
	{.first_index = 0, .count = 96, .base_hz = 470300000, .step_hz = 200000, .min_dr = 0, .max_dr = 5},
};
static const struct channel_run down_rp001[] = {
	{.first_index = 0, .count = 48, .base_hz = 500300000, .step_hz = 200000, .min_dr = 0, .max_dr = 5},
};

static const struct data_rate rates_rp001[REGION_DR_MAX] = {DR0_TO_5_BOTH};

static const struct payload_limits limits_rp001 = {{{{59, 59, 59, 123, 250, 250}, {59, 59, 59, 123, 230, 230}}}};

/* Dwell time is inferred: the limits of DR1 to DR3 are the longest frames under 1 s. */
static const struct payload_limits limits_rp002 = {{{
	{0, 31, 94, 192, 250, 250, 250, 250},
	{0, 31, 94, 192, 230, 230, 230, 230},
}}};

#define MASK_16(first) {.is_defined = true, .mask_first = (first), .mask_count = 16, .mask_span = 1}
#define ALL(count, on) {.is_defined = true, .all_count = (count), .all_on = (on)}

static const struct ch_mask_cntl cntl_96[REGION_CNTL_MAX] = {
	MASK_16(0), MASK_16(16), MASK_16(32), MASK_16(48), MASK_16(64), MASK_16(80), ALL(96, true),
};
static const struct ch_mask_cntl cntl_64[REGION_CNTL_MAX] = {
	[0] = MASK_16(0),
	[1] = MASK_16(16),
	[2] = MASK_16(32),
	[3] = MASK_16(48),
	[6] = ALL(64, true),
	[7] = ALL(64, false),
};
static const struct ch_mask_cntl cntl_48[REGION_CNTL_MAX] = {
	[0] = MASK_16(0),
	[1] = MASK_16(16),
	[2] = MASK_16(32),
	[3] = ALL(48, true),
	[4] = ALL(48, false),
};

static const struct tx_powers powers_1_0_1 = {17, 8, {0, -1, -3, -5, -7, -10, -12, -15}};
static const struct tx_powers powers = {19.15, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

#define RP001_PARAMS(powers_, cf_list_type_) \
	{ \
		.up_rates = rates_rp001, .down_rates = rates_rp001, .up_limits = &limits_rp001, .down_limits = &limits_rp001, \
		.rx1 = &shared_rx1_0_5, .tx_powers = &powers_, .uplink_runs = up_rp001, .n_uplink_runs = COUNT_OF(up_rp001), \
		.join_dr_mask = 0x003f, .ch_mask_cntl = cntl_96, .cf_list_type = cf_list_type_, .max_adr_dr = 5, \
		.beacon_dr = 2, .ping_slot_dr = 2, \
	}

static const struct region_params rp001_1_0_1 = RP001_PARAMS(powers_1_0_1, CF_LIST_NONE);
static const struct region_params rp001_1_0_2 = RP001_PARAMS(powers, CF_LIST_NONE);
static const struct region_params rp001 = RP001_PARAMS(powers, 1);

#define CN470 .name = "CN470", .is_fixed_plan = true, .freq_min_hz = 470000000, .freq_max_hz = 510000000, \
	.freq_step_hz = 100, .beacon_layout = {.rfu1_len = 2, .param_len = 1, .rfu2_len = 1, .frame_len = 19}, \
	.lora_sync_word = 0x34

const struct region_table region_cn470_rp001 = {
	CN470,
	.plan = "RP001",
	.config_id = "cn470",
	.source = "RP001-1.1-revB (LoRaWAN 1.0.x / 1.1 era)",
	.params = {
		[REG_PARAMS_1_0_1] = &rp001_1_0_1,
		[REG_PARAMS_RP001_1_0_2 ... REG_PARAMS_RP001_1_0_2_B] = &rp001_1_0_2,
		[REG_PARAMS_RP001_1_0_3_A ... REG_PARAMS_RP002_1_0_5] = &rp001,
	},
	.max_channels = 96,
	.downlink_runs = down_rp001,
	.n_downlink_runs = COUNT_OF(down_rp001),
	.rx2_freq_hz = 505300000,
	.rx2_dr = 0,
	.beacon = {.base_hz = 508300000, .step_hz = 200000, .count = 8},
	.ping_slot = {.base_hz = 508300000, .step_hz = 200000, .count = 8},
};

/* --- RP002 --- */

#define RUN(first, n, base) {.first_index = first, .count = n, .base_hz = base, .step_hz = 200000, .min_dr = 1, .max_dr = 5}

static const struct channel_run up_20a[] = {RUN(0, 32, 470300000), RUN(32, 32, 503500000)};
static const struct channel_run down_20a[] = {RUN(0, 64, 483900000)};
static const struct channel_run both_20b[] = {RUN(0, 32, 476900000), RUN(32, 32, 496900000)};
static const struct channel_run up_26a[] = {RUN(0, 48, 470300000)};
static const struct channel_run down_26a[] = {RUN(0, 24, 490100000)};
static const struct channel_run up_26b[] = {RUN(0, 48, 480300000)};
static const struct channel_run down_26b[] = {RUN(0, 24, 500100000)};

static const struct common_join_channel join_20a[] = {
	{0, 470900000, 484500000, 485300000},
	{1, 472500000, 486100000, 486900000},
	{2, 474100000, 487700000, 488500000},
	{3, 475700000, 489300000, 490100000},
	{4, 504100000, 490900000, 491700000},
	{5, 505700000, 492500000, 493300000},
	{6, 507300000, 494100000, 494900000},
	{7, 508900000, 495700000, 496500000},
};
static const struct common_join_channel join_20b[] = {
	{8, 479900000, 479900000, 478300000},
	{9, 499900000, 499900000, 498300000},
};
static const struct common_join_channel join_26a[] = {
	{10, 470300000, 492500000, 492500000},
	{11, 472300000, 492500000, 492500000},
	{12, 474300000, 492500000, 492500000},
	{13, 476300000, 492500000, 492500000},
	{14, 478300000, 492500000, 492500000},
};
static const struct common_join_channel join_26b[] = {
	{15, 480300000, 502500000, 502500000},
	{16, 482300000, 502500000, 502500000},
	{17, 484300000, 502500000, 502500000},
	{18, 486300000, 502500000, 502500000},
	{19, 488300000, 502500000, 502500000},
};

static const struct data_rate rates_rp002[REGION_DR_MAX] = {
	[1] = BOTH(LORA(11, 125)),
	[2] = BOTH(LORA(10, 125)),
	[3] = BOTH(LORA(9, 125)),
	[4] = BOTH(LORA(8, 125)),
	[5] = BOTH(LORA(7, 125)),
	[6] = BOTH(LORA(7, 500)),
	[7] = BOTH(FSK_50),
};

static const struct rx1_rates rx1_rp002 = {
	.n_offsets = 6,
	.dr = {
		NO_RX1,
		{1, 1, 1, 1, 1, 1, -1, -1},
		{2, 1, 1, 1, 1, 1, -1, -1},
		{3, 2, 1, 1, 1, 1, -1, -1},
		{4, 3, 2, 1, 1, 1, -1, -1},
		{5, 4, 3, 2, 1, 1, -1, -1},
		{6, 5, 4, 3, 2, 1, -1, -1},
		{7, 6, 5, 4, 3, 2, -1, -1},
		NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

#define RP002_PARAMS(runs, cntl) \
	{ \
		.up_rates = rates_rp002, .down_rates = rates_rp002, .up_limits = &limits_rp002, .down_limits = &limits_rp002, \
		.rx1 = &rx1_rp002, .tx_powers = &powers, .uplink_runs = runs, .n_uplink_runs = COUNT_OF(runs), \
		.join_dr_mask = 0x003e, .ch_mask_cntl = cntl, .cf_list_type = 1, .max_adr_dr = 5, .beacon_dr = 2, \
		.ping_slot_dr = 2, \
	}

static const struct region_params params_20a = RP002_PARAMS(up_20a, cntl_64);
static const struct region_params params_20b = RP002_PARAMS(both_20b, cntl_64);
static const struct region_params params_26a = RP002_PARAMS(up_26a, cntl_48);
static const struct region_params params_26b = RP002_PARAMS(up_26b, cntl_48);

/* Not tied to one of the four plans. */
static const struct wor_channel wor_channels[] = {{472100000, 485300000, 3}, {494900000, 505500000, 3}};

#define RP002_PLAN(plan_, id, n, params_, down, joins) \
	CN470, .plan = plan_, .config_id = id, .source = "RP002-1.0.4", .since = REG_PARAMS_RP002_1_0_0, \
	.params = {[0 ... REG_PARAMS__COUNT - 1] = &params_}, .max_channels = n, .downlink_runs = down, \
	.n_downlink_runs = COUNT_OF(down), .join_channels = joins, .n_join_channels = COUNT_OF(joins), \
	.dwell = {.up_ms = 1000}, .wor_channels = wor_channels, .n_wor_channels = COUNT_OF(wor_channels)

const struct region_table region_cn470_20a = {
	RP002_PLAN("20A", "cn470_20a", 64, params_20a, down_20a, join_20a),
	.rx2_freq_hz = 486900000, /* of ABP devices; after a join that of the join channel */
	.rx2_dr = 1,
	/* Eight downlink channels for each join channel. */
	.beacon = {.base_hz = 483900000, .step_hz = 200000, .count = 8, .group_step_hz = 1600000},
	.ping_slot = {.base_hz = 483900000, .step_hz = 200000, .count = 8, .group_step_hz = 1600000},
};

const struct region_table region_cn470_20b = {
	RP002_PLAN("20B", "cn470_20b", 64, params_20b, both_20b, join_20b),
	.rx1_same_frequency = true,
	.rx2_freq_hz = 498300000,
	.rx2_dr = 1,
	/* Downlink channel 23 or 55; one of 32 channels. */
	.beacon = {.base_hz = 481500000, .count = 1, .group_step_hz = 20000000},
	.ping_slot = {.base_hz = 476900000, .step_hz = 200000, .count = 32, .group_step_hz = 20000000},
};

const struct region_table region_cn470_26a = {
	RP002_PLAN("26A", "cn470_26a", 48, params_26a, down_26a, join_26a),
	.rx2_freq_hz = 492500000,
	.rx2_dr = 1,
	.beacon = ONE_CHANNEL(494900000),
	.ping_slot = ONE_CHANNEL(494900000),
};

const struct region_table region_cn470_26b = {
	RP002_PLAN("26B", "cn470_26b", 48, params_26b, down_26b, join_26b),
	.rx2_freq_hz = 502500000,
	.rx2_dr = 1,
	.beacon = ONE_CHANNEL(504900000),
	.ping_slot = ONE_CHANNEL(504900000),
};
