/* ISM2400: 2.4 GHz. No plan of the LoRa Alliance, but Semtech's proposal as network servers and device stacks share it. */
#include "lorawan/region_shared.h"

#define LORA_LI(sf_) {.modulation = MOD_LORA, .sf = sf_, .code_rate = CR_LI_4_8, .bandwidth_hz = 812500}

static const struct channel default_channels[] = {
	{2403000000, 0, 7},
	{2425000000, 0, 7},
	{2479000000, 0, 7},
};

static const struct wor_channel wor_channels[] = {{2423000000, 2477000000, 3}};

static const struct data_rate rates[REGION_DR_MAX] = {
	[0] = BOTH(LORA_LI(12)),
	[1] = BOTH(LORA_LI(11)),
	[2] = BOTH(LORA_LI(10)),
	[3] = BOTH(LORA_LI(9)),
	[4] = BOTH(LORA_LI(8)),
	[5] = BOTH(LORA_LI(7)),
	[6] = BOTH(LORA_LI(6)),
	[7] = BOTH(LORA_LI(5)),
};

/* Sources say 228, 248 and 250 for DR2 to DR7: a frame of 248 + 5 octets is what the chips' 253 payload octets take. */
static const struct payload_limits limits = {{{
	{59, 123, 248, 248, 248, 248, 248, 248},
	{59, 123, 228, 228, 228, 228, 228, 228},
}}};

static const struct tx_powers powers = {10, 8, {0, -2, -4, -6, -8, -10, -12, -14}};

static const struct region_params params = {
	.up_rates = rates,
	.down_rates = rates,
	.up_limits = &limits,
	.down_limits = &limits,
	.rx1 = &shared_rx1_0_7,
	.tx_powers = &powers,
	.join_dr_mask = 0x00ff,
	.ch_mask_cntl = shared_cntl_dynamic,
	.cf_list_type = 0,
	.max_adr_dr = 7,
	.beacon_dr = 3,
	.ping_slot_dr = 3,
	.has_tx_param_setup = true,
};

const struct region_table region_ism2400 = {
	.name = "ISM2400",
	.config_id = "ism2400",
	.source = "RP002-1.0.4 (2.4 GHz text from the Semtech 2.4 GHz proposal as used by the sources)",
	.since = REG_PARAMS_RP002_1_0_4, /* in none of the texts; those who use it go by this one */
	.freq_min_hz = 2400000000,
	.freq_max_hz = 2480000000,
	.freq_step_hz = 200,
	.params = {[0 ... REG_PARAMS__COUNT - 1] = &params},
	.default_channels = default_channels,
	.n_default_channels = COUNT_OF(default_channels),
	.max_channels = 16,
	.cf_list_max_dr = 5,
	.rx1_same_frequency = true,
	.rx2_freq_hz = 2423000000,
	.rx2_dr = 0,
	.has_new_channel = true,
	.has_dl_channel = true,
	.beacon = ONE_CHANNEL(2424000000),
	.ping_slot = ONE_CHANNEL(2424000000),
	.beacon_layout = BEACON_17,
	.lora_sync_word = 0x21,
	.wor_channels = wor_channels,
	.n_wor_channels = COUNT_OF(wor_channels),
};
