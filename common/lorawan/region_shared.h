/* region_shared.h - cells that several regions have in common; for the files region_<name>.c alone. */
#ifndef LS_LORAWAN_REGION_SHARED_H
#define LS_LORAWAN_REGION_SHARED_H

#include "lorawan/region_table.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#define LORA(sf_, khz) {.modulation = MOD_LORA, .sf = sf_, .code_rate = CR_4_5, .bandwidth_hz = (khz) * 1000}
#define FSK_50 {.modulation = MOD_FSK, .bit_rate = 50000}
/* Coding rates 1/3 and 2/3 by their other names. */
#define LR_FHSS_1_3(khz) \
	{.modulation = MOD_LR_FHSS, .code_rate = CR_2_6, .bandwidth_hz = (khz) * 1000, .bit_rate = 162}
#define LR_FHSS_2_3(khz) \
	{.modulation = MOD_LR_FHSS, .code_rate = CR_4_6, .bandwidth_hz = (khz) * 1000, .bit_rate = 325}
#define BOTH(...) {.uplink = true, .downlink = true, .radio = __VA_ARGS__}
#define UP(...) {.uplink = true, .radio = __VA_ARGS__}
#define DOWN(...) {.downlink = true, .radio = __VA_ARGS__}

/* SF12 to SF7 at 125 kHz, up and down. */
#define DR0_TO_5_BOTH \
	[0] = BOTH(LORA(12, 125)), [1] = BOTH(LORA(11, 125)), [2] = BOTH(LORA(10, 125)), [3] = BOTH(LORA(9, 125)), \
	[4] = BOTH(LORA(8, 125)), [5] = BOTH(LORA(7, 125))
#define DR6_7_BOTH [6] = BOTH(LORA(7, 250)), [7] = BOTH(FSK_50)

/* A row of the RX1 matrix for a data rate nobody sends at. */
#define NO_RX1 {-1, -1, -1, -1, -1, -1, -1, -1}

/* Frequencies that do not hop. */
#define ONE_CHANNEL(hz) {.base_hz = (hz), .count = 1}

/* SF12 to SF7 at 125 kHz, SF7 at 250 kHz, FSK; from RP002-1.0.5 on also SF6 and SF5 (DR12, DR13). */
extern const struct data_rate shared_rates_0_7[REGION_DR_MAX], shared_rates_0_7_sf5[REGION_DR_MAX];
extern const struct payload_limits shared_limits_0_7, shared_limits_0_7_sf5;
extern const struct rx1_rates shared_rx1_0_7, shared_rx1_0_7_sf5;
extern const struct rx1_rates shared_rx1_0_5;

/* Channels 0-15 and "all of them". */
extern const struct ch_mask_cntl shared_cntl_dynamic[REGION_CNTL_MAX];
/* 64 channels and 8 wide ones; with and without ChMaskCntl 5. */
extern const struct ch_mask_cntl shared_cntl_72[REGION_CNTL_MAX], shared_cntl_72_old[REGION_CNTL_MAX];

/* Beacon of 17 octets, as of most regions. */
#define BEACON_17 {.rfu1_len = 1, .param_len = 1, .rfu2_len = 0, .frame_len = 17}

/* MaxEIRP 30 dBm with 11 and with 15 indices. */
extern const struct tx_powers shared_powers_30_to_10, shared_powers_30_to_14;

#endif
