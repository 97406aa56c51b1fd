/*
 * region_table.h - the columns of a region: constants of the regional parameters (RP002-1.0.4 and, where
 * they differ, older and newer texts). One file region_<name>.c per region fills them in.
 *
 * struct region_table holds what a region always has, struct region_params what the revisions of the text
 * changed; a region has a pointer to the params of every revision, and revisions that are equal share one.
 * No region name stands in an `if`: what differs is a column here. Frequencies in Hz, powers in dBm EIRP.
 */
#ifndef LS_LORAWAN_REGION_TABLE_H
#define LS_LORAWAN_REGION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region_revision.h"

enum modulation { MOD_LORA, MOD_FSK, MOD_LR_FHSS };

/* Coding rates as the air and ChirpStack name them. */
enum code_rate { CR_UNDEFINED, CR_4_5, CR_4_6, CR_4_7, CR_4_8, CR_3_8, CR_2_6, CR_1_4, CR_1_6, CR_5_6,
                 CR_LI_4_5, CR_LI_4_6, CR_LI_4_8 };

struct radio {
	enum modulation modulation;
	uint8_t sf;             /* LoRa 5..12 */
	enum code_rate code_rate;
	uint32_t bandwidth_hz;  /* LoRa; LR-FHSS: operating channel width */
	uint32_t bit_rate;      /* FSK; LR-FHSS: of the payload, 162 or 325, not compared */
	uint8_t grid_steps;     /* LR-FHSS hopping grid ("hpw"), 0 unknown; not compared */
};

struct data_rate {
	bool uplink, downlink;  /* both false: not used by the region */
	struct radio radio;
};

#define REGION_DR_MAX 16
#define REGION_CHANNELS_MAX 96
#define REGION_CNTL_MAX 8

struct channel {
	uint32_t freq_hz;       /* 0: not defined */
	uint8_t min_dr, max_dr;
};

/* A run of uplink or downlink channels at even steps (fixed plans). */
struct channel_run {
	uint8_t first_index, count;
	uint32_t base_hz, step_hz;
	uint8_t min_dr, max_dr;
};

/* Largest MACPayload (M) in octets, 0 unusable: [0 no dwell limit, 1 of 400 ms][0, 1 repeater compatible][DR]. */
struct payload_limits {
	uint8_t m[2][2][REGION_DR_MAX];
};

struct rx1_rates {
	uint8_t n_offsets;
	int8_t dr[REGION_DR_MAX][8];   /* [uplink DR][RX1DROffset], -1 not defined */
};

struct tx_powers {
	double max_eirp_dbm;           /* of a device at index 0 */
	uint8_t n;                     /* indices 0..n-1 exist, the others up to 14 are RFU */
	int8_t offset_db[16];
};

/*
 * What one ChMaskCntl does, in this order: a whole range of channels is switched, then bit i of ChMask, for
 * i < mask_count, switches mask_span channels from mask_first + i * mask_span, and channel wide_first + i if
 * wide_first is not 0. Bits from mask_count on are RFU and sent as 0.
 */
struct ch_mask_cntl {
	bool is_defined;               /* false: RFU, the device refuses the command */
	uint8_t all_first, all_count;  /* count 0: none */
	bool all_on;
	uint8_t mask_first, mask_count, mask_span;
	uint8_t wide_first;
};

struct duty_band {
	uint32_t min_hz, max_hz;
	double duty_cycle;
	double max_eirp_dbm;           /* 0: the region's */
};

/* Power limits by frequency that are no duty-cycle bands. */
struct eirp_range {
	uint32_t min_hz, max_hz;
	double device_dbm, gateway_dbm;
};

/*
 * Beacon or ping slot channels: frequency = base + step * (x mod count) + group_step * group, where x is
 * floor(beacon_time / 128) for beacons, DevAddr + that for ping slots, and group is the position of the common
 * join channel the device joined on (0 where there are none).
 */
struct class_b_channels {
	uint32_t base_hz, step_hz;
	uint8_t count;                 /* 1: no hopping */
	uint32_t group_step_hz;
};

/* Octets of a beacon: rfu1, time 4, param, CRC 2 | gateway-specific 7, rfu2, CRC 2. No header, no PHY CRC. */
struct beacon_layout {
	uint8_t rfu1_len, param_len, rfu2_len, frame_len;
};

struct common_join_channel {
	uint8_t index;                 /* number in the text, over all plans of the region */
	uint32_t uplink_hz, rx1_hz, rx2_hz;
};

struct wor_channel {
	uint32_t freq_hz, ack_freq_hz;
	uint8_t dr;
};

/* The transmission time a device or gateway may not exceed, 0: no limit. */
struct dwell_times {
	uint16_t up_ms, up_125khz_ms, down_ms;
	bool is_switched;              /* in force only while TxParamSetupReq (or the boot value) says so */
};

#define CF_LIST_NONE (-1)

struct region_params {
	/* [REGION_DR_MAX]; one array unless a number means one rate up and another down */
	const struct data_rate *up_rates, *down_rates;
	const struct payload_limits *up_limits, *down_limits;
	const struct rx1_rates *rx1;
	const struct rx1_rates *rx1_dwell;     /* while downlink dwell time is limited; NULL: the same */
	const struct tx_powers *tx_powers;
	const struct channel_run *uplink_runs; /* fixed plans, else NULL */
	uint8_t n_uplink_runs;
	uint16_t join_dr_mask;                 /* data rates a join request may use */
	const struct ch_mask_cntl *ch_mask_cntl; /* [REGION_CNTL_MAX] */
	int8_t cf_list_type;                   /* 0, 1 or CF_LIST_NONE */
	uint8_t max_adr_dr;
	uint8_t beacon_dr, ping_slot_dr;
	bool has_tx_param_setup;
	bool boot_uplink_dwell, boot_downlink_dwell; /* before any TxParamSetupReq */
};

struct region_table {
	const char *name;       /* "EU868" as in events and commands */
	const char *plan;       /* "RP001", "20A" where a region has several channel plans, else NULL */
	const char *config_id;  /* name of its plain configuration, ChirpStack's regionConfigId: "eu868" */
	const char *source;     /* the text its cells are from */
	enum reg_params_revision since;        /* first text that has the region; older params are those of the first */
	bool is_fixed_plan;
	uint32_t freq_min_hz, freq_max_hz, freq_step_hz; /* step: of the frequency fields of MAC commands and CFLists */

	const struct region_params *params[REG_PARAMS__COUNT];

	const struct channel *default_channels;        /* dynamic plans */
	uint8_t n_default_channels;
	uint8_t max_channels;                          /* 16, or all of a fixed plan */
	uint8_t cf_list_min_dr, cf_list_max_dr;        /* what a device gives the channels of a CFList of type 0 */
	const uint32_t *extra_channels_hint_hz;        /* five usual CFList channels, or NULL */
	const uint32_t *old_join_channels_hz;          /* extra join channels of early texts, or NULL */
	uint8_t n_old_join_channels;
	const struct channel_run *downlink_runs;       /* fixed plans */
	uint8_t n_downlink_runs;
	const struct common_join_channel *join_channels; /* NULL: any uplink channel */
	uint8_t n_join_channels;

	bool rx1_same_frequency;                       /* else downlink run 0: channel index mod count */
	uint32_t rx2_freq_hz;
	uint8_t rx2_dr;
	bool has_new_channel, has_dl_channel;          /* NewChannelReq, DlChannelReq */

	struct class_b_channels beacon, ping_slot;
	struct beacon_layout beacon_layout;

	const struct duty_band *duty_bands;
	uint8_t n_duty_bands;
	bool forbids_unlisted;                         /* a frequency in no band is not allowed at all */
	const struct eirp_range *eirp_ranges;
	uint8_t n_eirp_ranges;
	struct dwell_times dwell;
	uint8_t lora_sync_word;
	const struct wor_channel *wor_channels;        /* relays */
	uint8_t n_wor_channels;
};

extern const struct region_table region_eu868, region_us915, region_cn779, region_eu433, region_au915,
	region_cn470_rp001, region_cn470_20a, region_cn470_20b, region_cn470_26a, region_cn470_26b, region_as923,
	region_as923_2, region_as923_3, region_as923_4, region_kr920, region_in865, region_ru864, region_ism2400;

/* All tables, NULL at the end. The plans of one region stand together; the first is its default. */
extern const struct region_table *const region_tables[];

/*
 * By name, "EU868" or, with a channel plan, "CN470_20A" ("CN470" is its first plan); "-" and "_" and case do not
 * matter. NULL when unknown.
 */
const struct region_table *region_table_find(const char *name);

bool region_table_has_frequency(const struct region_table *table, uint32_t freq_hz);

/* MaxEIRP in whole dBm (floor). */
int8_t region_table_max_eirp_dbm(const struct region_table *table);

/* EIRP of TxParamSetupReq by its index. */
extern const uint8_t tx_param_setup_eirp_dbm[16];

#endif
