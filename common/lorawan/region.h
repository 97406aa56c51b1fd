/*
 * region.h - the region contract: one table of constants per region (file region_<name>.c)
 * and a `struct region`, that table with an operator's settings applied.
 *
 * No region name stands in an `if`: what differs is a column here (RP002-1.0.4). Nothing in
 * this header allocates. Frequencies in Hz, powers in dBm EIRP.
 */
#ifndef LS_LORAWAN_REGION_H
#define LS_LORAWAN_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/version.h"

enum modulation { MOD_LORA, MOD_FSK, MOD_LR_FHSS };

/* Coding rates as the air and ChirpStack name them. */
enum code_rate { CR_UNDEFINED, CR_4_5, CR_4_6, CR_4_7, CR_4_8, CR_3_8, CR_2_6, CR_1_4, CR_1_6, CR_5_6,
                 CR_LI_4_5, CR_LI_4_6, CR_LI_4_8 };

struct radio {
	enum modulation modulation;
	uint8_t sf;             /* LoRa 5..12 */
	enum code_rate code_rate;
	uint32_t bandwidth_hz;  /* LoRa; LR-FHSS: operating channel width */
	uint32_t bit_rate;      /* FSK */
	uint8_t grid_steps;     /* LR-FHSS hopping grid ("hpw"), 0 unknown; not compared */
};

struct data_rate {
	bool uplink, downlink;  /* both false: not used by the region */
	struct radio radio;
};

#define REGION_DR_MAX 16
#define REGION_NAME_SIZE 32 /* of a region, or of a configuration of one */
#define REGION_CHANNELS_MAX 96

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

struct duty_band {
	uint32_t min_hz, max_hz;
	double duty_cycle;
	double max_eirp_dbm;
};

struct region_table {
	const char *name;       /* "EU868" as in events and commands */
	const char *config_id;  /* "eu868" as in ChirpStack's regionConfigId */
	bool is_fixed_plan;
	uint32_t freq_min_hz, freq_max_hz, freq_step_hz;

	struct data_rate data_rates[REGION_DR_MAX];
	uint8_t max_payload_m[REGION_DR_MAX];          /* MACPayload octets, no repeater; 0 unusable */
	uint8_t max_payload_m_repeater[REGION_DR_MAX];

	const struct channel *default_channels;        /* dynamic plans */
	uint8_t n_default_channels;
	uint8_t max_channels;                          /* 16, or all of a fixed plan */
	const struct channel_run *uplink_runs;         /* fixed plans */
	uint8_t n_uplink_runs;
	const struct channel_run *downlink_runs;
	uint8_t n_downlink_runs;
	const uint32_t *extra_channels_hint_hz;        /* five usual CFList channels, or NULL */

	uint16_t join_dr_mask;                         /* data rates a join request may use */
	uint8_t n_rx1_offsets;
	int8_t rx1_dr[REGION_DR_MAX][8];               /* [uplink DR][offset], -1 not defined */
	bool rx1_same_frequency;                       /* else downlink run: channel index mod count */
	uint32_t rx2_freq_hz;
	uint8_t rx2_dr;

	int8_t max_eirp_dbm;
	uint8_t n_tx_powers;
	int8_t tx_power_offset_db[16];
	uint8_t cf_list_type;                          /* 0 or 1 */
	uint8_t max_adr_dr;

	const struct duty_band *duty_bands;
	uint8_t n_duty_bands;
	uint16_t dwell_up_125khz_ms;                   /* 0: no limit */
};

extern const struct region_table region_eu868, region_us915;

/* All tables, NULL at the end. */
extern const struct region_table *const region_tables[];

/* By name, "EU868"; "-" and "_" and case do not matter. NULL when unknown. */
const struct region_table *region_table_find(const char *name);

/* What an operator may change; region_settings_default() fills in the region's own values. */
struct region_settings {
	bool enabled;
	uint8_t rx1_delay_s;       /* 1..15 */
	uint8_t rx1_dr_offset;
	uint8_t rx2_dr;
	int8_t downlink_tx_power_dbm; /* -1: the region's max_eirp of the frequency */
	bool repeater_compatible;
	uint32_t extra_channels_hz[13];  /* dynamic plans: after the default ones */
	uint8_t n_extra_channels;
	uint64_t uplink_mask[2];   /* fixed plans: channels in use, all set by default */
};

struct region {
	const struct region_table *table;
	struct region_settings settings;
	struct channel channels[REGION_CHANNELS_MAX]; /* uplink channels by index */
	uint8_t n_channels;
};

void region_settings_default(const struct region_table *table, struct region_settings *out);

/*
 * Combine table and settings. LS_ERANGE when a setting does not exist in the region (data rate,
 * offset, frequency, channel index); *why then points to a static sentence naming it.
 */
int region_init(struct region *r, const struct region_table *table, const struct region_settings *s,
                const char **why);

/* Data rate with this modulation in the uplink direction, or -1. Coding rate matters for LR-FHSS only. */
int region_uplink_dr(const struct region *r, const struct radio *radio);

/*
 * Channel index for an uplink frequency and data rate, or -1. Exact match, then within 1 kHz.
 * Fixed plans find it among the channels of that data rate, whether in uplink_mask or not;
 * dynamic plans do not look at the data rate (a device may hold a wider range than we gave it).
 */
int region_uplink_channel(const struct region *r, uint32_t freq_hz, int dr);

/* Does a frequency lie in the region's band? */
bool region_has_frequency(const struct region *r, uint32_t freq_hz);

struct tx_params {
	uint32_t freq_hz;
	uint8_t dr;
};

/*
 * RX1 of an uplink sent on freq_hz / channel at data rate dr. LS_ERANGE when the table gives none.
 * channel may be -1 on plans whose RX1 uses the uplink frequency; with a channel a frequency a
 * gateway reports some hundred Hz off becomes that of the channel.
 */
int region_rx1(const struct region *r, uint32_t freq_hz, int channel, int dr, uint8_t rx1_dr_offset,
               struct tx_params *out);

struct tx_params region_rx2_default(const struct region *r); /* the standard's RX2, used for joins */

/* Largest MACPayload (M) at a data rate, 0 when unusable. */
uint8_t region_max_payload_m(const struct region *r, int dr);

/* Power for a downlink at freq_hz: the setting, but never more than its band allows, as an integer (floor). */
int8_t region_downlink_power(const struct region *r, uint32_t freq_hz);

/* CFList for a join accept to a device of this version; false when none is to be sent. */
bool region_cf_list(const struct region *r, enum mac_version v, uint8_t out[16]);

/* SNR at the demodulation floor in tenths of dB (-75 for SF7 and so on). LS_ETYPE when not LoRa. */
int radio_required_snr_db10(const struct radio *radio, int *out);

#endif
