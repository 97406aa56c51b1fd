/*
 * region.h - the region contract: a table of constants per region (region_table.h, files region_<name>.c)
 * and a `struct region`, that table with an operator's settings applied: one configuration. There can be several
 * configurations of one region at once, told apart by name.
 *
 * What the revisions of the regional parameters changed is asked with the revision of the device (region_params()).
 * Nothing in this header allocates. Frequencies in Hz, powers in dBm EIRP.
 */
#ifndef LS_LORAWAN_REGION_H
#define LS_LORAWAN_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region_table.h"
#include "lorawan/version.h"

#define REGION_NAME_SIZE 32       /* of a configuration, with its NUL */
#define REGION_EXTRA_CHANNELS_MAX 13
#define REGION_CF_LIST_CHANNELS 5

/* Which windows downlinks use. */
enum rx_window { RX_WINDOW_BOTH, RX_WINDOW_RX1, RX_WINDOW_RX2 };

/* What an operator may change; region_settings_default() fills in the region's own values. */
struct region_settings {
	bool enabled;
	/* told to devices that join, or by MAC commands */
	uint8_t rx1_delay_s;       /* 1..15 */
	uint8_t rx1_dr_offset;
	uint8_t rx2_dr;
	uint32_t rx2_freq_hz;
	bool uplink_dwell, downlink_dwell; /* 400 ms, where the region has the switch */
	int8_t uplink_max_eirp_dbm;        /* -1: the region's */
	int8_t rejoin_max_time_n, rejoin_max_count_n; /* 0..15; -1: devices are not asked */
	uint32_t ping_slot_freq_hz;        /* 0: the region's, which may hop */
	uint8_t ping_slot_dr;
	uint32_t beacon_freq_hz;           /* 0: the region's */
	struct channel extra_channels[REGION_EXTRA_CHANNELS_MAX]; /* dynamic plans: after the default ones */
	uint8_t n_extra_channels;
	uint64_t uplink_mask[2];   /* fixed plans: channels in use, all set by default */

	/* what the server itself does */
	int8_t downlink_tx_power_dbm; /* -1: the limit of the frequency */
	bool repeater_compatible;
	enum rx_window rx_window;
	uint8_t rx2_prefer_on_rx1_dr_lt;   /* RX2 first when RX1 would be slower than this DR; 0: never */
	bool rx2_prefer_on_link_budget;    /* RX2 first when its power and rate reach further */
	uint8_t gateway_prefer_min_margin_db;
	uint8_t installation_margin_db;    /* of ADR */
	bool adr_disabled;
	uint8_t min_dr, max_dr;            /* of ADR */
};

struct region {
	const struct region_table *table;
	char name[REGION_NAME_SIZE];                  /* of the configuration: "eu868", "us-2" */
	struct region_settings settings;
	struct channel channels[REGION_CHANNELS_MAX]; /* uplink channels by index */
	uint8_t n_channels;
};

void region_settings_default(const struct region_table *table, struct region_settings *out);

/*
 * Combine table and settings under the name of a plain configuration ("eu868"); r->name may be changed after.
 * LS_ERANGE when a setting does not exist in the region (data rate, offset, frequency, channel index); *why then
 * points to a static sentence naming it.
 *
 * The extra channels a CFList can carry come first, in their order, then the others: so channels[] has the indices
 * of a device that joined.
 */
int region_init(struct region *r, const struct region_table *table, const struct region_settings *s,
                const char **why);

/* The cells of one revision. Never NULL. */
static inline const struct region_params *region_params(const struct region *r, enum reg_params_revision rev)
{
	return r->table->params[rev];
}

/* Of a data rate in one direction; NULL when the region does not have it. */
const struct radio *region_uplink_radio(const struct region *r, enum reg_params_revision rev, int dr);
const struct radio *region_downlink_radio(const struct region *r, enum reg_params_revision rev, int dr);

/*
 * Data rate with this modulation in the uplink direction, or -1. Coding rate matters for LR-FHSS only. A number the
 * revision leaves unused has the meaning the newest gives it, here and in the functions that take an uplink's rate:
 * profiles are often older than what their devices do.
 */
int region_uplink_dr(const struct region *r, enum reg_params_revision rev, const struct radio *radio);

/*
 * Channel index for an uplink frequency and data rate, or -1. Exact match, then within 1 kHz.
 * Fixed plans find it among the channels of that data rate, whether in uplink_mask or not;
 * dynamic plans do not look at the data rate (a device may hold a wider range than we gave it).
 */
int region_uplink_channel(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int dr);

/* May an uplink at this data rate come on channel i, going by the table and the settings? */
bool region_channel_has_dr(const struct region *r, enum reg_params_revision rev, int channel, int dr);

/* Is this channel in use: in the mask of a fixed plan, any of a dynamic one? */
bool region_channel_is_enabled(const struct region *r, int channel);

/* Does a frequency lie in the region's band? */
bool region_has_frequency(const struct region *r, uint32_t freq_hz);

struct tx_params {
	uint32_t freq_hz;
	uint8_t dr;
};

/*
 * RX1 of an uplink sent on freq_hz / channel at data rate dr, for a device with this RX1DROffset and downlink dwell
 * limit (as it has acknowledged; at first region_params()->boot_downlink_dwell). LS_ERANGE when the table gives none.
 * channel may be -1 on plans whose RX1 uses the uplink frequency; with a channel a frequency a
 * gateway reports some hundred Hz off becomes that of the channel.
 */
int region_rx1(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int channel, int dr,
               uint8_t rx1_dr_offset, bool downlink_dwell, struct tx_params *out);

/*
 * Windows of the answer to a join request: windows[0] RX1, windows[1] RX2, which is also the RX2 frequency of the
 * session (plans with common join channels have one for each). LS_ERANGE when there is no RX1.
 */
int region_join_windows(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int channel, int dr,
                        struct tx_params windows[2]);

/* May a join request come on this frequency: a common join channel where there are such, else a channel in use? */
bool region_takes_join(const struct region *r, enum reg_params_revision rev, uint32_t freq_hz, int dr);

/*
 * Plans with common join channels give each its own RX2, so the RX2 of a session tells where the device joined: the
 * position of that channel among them, -1 where there are none or RX2 is another.
 */
int region_join_group(const struct region *r, uint32_t rx2_freq_hz);

/* RX2 frequency wished for a session: the setting, but where joins choose it, what the join chose. */
uint32_t region_wished_rx2_freq(const struct region *r, uint32_t rx2_freq_hz);

struct tx_params region_rx2_default(const struct region *r); /* the standard's RX2, used for joins and factory sessions */

/*
 * Largest MACPayload (M) at a data rate, 0 when unusable. A dwell limit is in force when the device has it set, and for
 * downlinks also when the configuration says so.
 */
uint8_t region_max_downlink_m(const struct region *r, enum reg_params_revision rev, int dr, bool downlink_dwell);
uint8_t region_max_uplink_m(const struct region *r, enum reg_params_revision rev, int dr, bool uplink_dwell);

/* Most octets of MACPayload any downlink rate of any revision carries. */
uint8_t region_longest_downlink_m(const struct region *r);

/* Power for a downlink at freq_hz: the setting, but never more than its band allows, as an integer (floor). */
int8_t region_downlink_power(const struct region *r, uint32_t freq_hz);

/* Band of a frequency; NULL when it lies in none, which forbids it where table->forbids_unlisted. */
const struct duty_band *region_duty_band(const struct region *r, uint32_t freq_hz);

/*
 * Beacon or ping slot frequency: hop is floor(beacon_time / 128 s), plus DevAddr for ping slots (class_b_hop());
 * group as of region_join_group(). The overrides of the configuration are in it.
 */
uint32_t region_beacon_freq(const struct region *r, uint64_t hop, unsigned group);
uint32_t region_ping_slot_freq(const struct region *r, uint64_t hop, unsigned group);

/* How many channels the beacon hops over; 1 when it does not. */
unsigned region_beacon_channels(const struct region *r);

/* CFList for a join accept to a device of this version and revision; false when none is to be sent. */
bool region_cf_list(const struct region *r, enum mac_version v, enum reg_params_revision rev, uint8_t out[16]);

/* Are the data rates of a channel those that a CFList means? */
bool region_fits_cf_list(const struct region_table *table, const struct channel *ch);

/* Can channel i be told by a CFList of type 0 (else it needs NewChannelReq)? Default channels: true, they are known. */
bool region_cf_list_has(const struct region *r, unsigned i);

/* SNR at the demodulation floor in tenths of dB (-75 for SF7 and so on). LS_ETYPE when not LoRa. */
int radio_required_snr_db10(const struct radio *radio, int *out);

#endif
