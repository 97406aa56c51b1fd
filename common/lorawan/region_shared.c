#include "lorawan/region_shared.h"

const struct data_rate shared_rates_0_7[REGION_DR_MAX] = {DR0_TO_5_BOTH, DR6_7_BOTH};

const struct data_rate shared_rates_0_7_sf5[REGION_DR_MAX] = {
	DR0_TO_5_BOTH,
	DR6_7_BOTH,
	[12] = BOTH(LORA(6, 125)),
	[13] = BOTH(LORA(5, 125)),
};

#define M_0_7 59, 59, 59, 123, 250, 250, 250, 250
#define M_0_7_REPEATER 59, 59, 59, 123, 230, 230, 230, 230

const struct payload_limits shared_limits_0_7 = {{{{M_0_7}, {M_0_7_REPEATER}}}};

const struct payload_limits shared_limits_0_7_sf5 = {{{
	{M_0_7, 0, 0, 0, 0, 250, 250},
	{M_0_7_REPEATER, 0, 0, 0, 0, 230, 230},
}}};

#define RX1_0_TO_5 \
	{0, 0, 0, 0, 0, 0, -1, -1}, \
	{1, 0, 0, 0, 0, 0, -1, -1}, \
	{2, 1, 0, 0, 0, 0, -1, -1}, \
	{3, 2, 1, 0, 0, 0, -1, -1}, \
	{4, 3, 2, 1, 0, 0, -1, -1}, \
	{5, 4, 3, 2, 1, 0, -1, -1}
#define RX1_6_7 \
	{6, 5, 4, 3, 2, 1, -1, -1}, \
	{7, 6, 5, 4, 3, 2, -1, -1}

const struct rx1_rates shared_rx1_0_5 = {
	.n_offsets = 6,
	.dr = {
		RX1_0_TO_5, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

const struct rx1_rates shared_rx1_0_7 = {
	.n_offsets = 6,
	.dr = {
		RX1_0_TO_5, RX1_6_7, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
	},
};

const struct rx1_rates shared_rx1_0_7_sf5 = {
	.n_offsets = 6,
	.dr = {
		RX1_0_TO_5, RX1_6_7, NO_RX1, NO_RX1, NO_RX1, NO_RX1,
		{12, 5, 4, 3, 2, 1, -1, -1},
		{13, 12, 5, 4, 3, 2, -1, -1},
		NO_RX1, NO_RX1,
	},
};

#define MASK_16(first) {.is_defined = true, .mask_first = (first), .mask_count = 16, .mask_span = 1}
#define MASK_WIDE .mask_first = 64, .mask_count = 8, .mask_span = 1

const struct ch_mask_cntl shared_cntl_dynamic[REGION_CNTL_MAX] = {
	[0] = MASK_16(0),
	[6] = {.is_defined = true, .all_count = 16, .all_on = true},
};

#define CNTL_72 \
	[0] = MASK_16(0), \
	[1] = MASK_16(16), \
	[2] = MASK_16(32), \
	[3] = MASK_16(48), \
	[4] = {.is_defined = true, MASK_WIDE}, \
	[6] = {.is_defined = true, .all_count = 64, .all_on = true, MASK_WIDE}, \
	[7] = {.is_defined = true, .all_count = 64, .all_on = false, MASK_WIDE}

const struct ch_mask_cntl shared_cntl_72[REGION_CNTL_MAX] = {
	CNTL_72,
	/* Bit b is a bank: channels 8b to 8b + 7 and 64 + b. */
	[5] = {.is_defined = true, .mask_first = 0, .mask_count = 8, .mask_span = 8, .wide_first = 64},
};

const struct ch_mask_cntl shared_cntl_72_old[REGION_CNTL_MAX] = {CNTL_72};

#define OFFSETS_0_TO_10 0, -2, -4, -6, -8, -10, -12, -14, -16, -18, -20

const struct tx_powers shared_powers_30_to_10 = {30, 11, {OFFSETS_0_TO_10}};
const struct tx_powers shared_powers_30_to_14 = {30, 15, {OFFSETS_0_TO_10, -22, -24, -26, -28}};
