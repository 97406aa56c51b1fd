/*
 * device.h - the device's side of LoRaWAN, all versions, classes A, B and C: what it sends, and whether a downlink
 * is one that a device with open eyes would take (TS001-1.0.4 and 1.1, sections 4 to 6; RP002).
 *
 * Written apart from the server's decisions, so that an error in one shows in the other; shared
 * are only the pure codecs (AES and MIC rules, frame and command layout, region tables). Nothing here does
 * input or output, keeps a clock or allocates.
 *
 *   device.c           sessions, and data uplinks
 *   device_channels.c  channels, masks, data rates and where windows are
 *   device_join.c      join and rejoin requests, and their accepts
 *   device_hear.c      data downlinks
 *   device_mac.c       MAC commands of a downlink, and what is answered
 *   device_mac_up.c    MAC commands of an uplink
 *   device_ping.c      ping slots of class B
 */
#ifndef LS_SIM_DEVICE_H
#define LS_SIM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "air.h"
#include "base/eui.h"
#include "base/key.h"
#include "lorawan/ch_mask.h"
#include "lorawan/crypto.h"
#include "lorawan/mac.h"
#include "lorawan/phy.h"
#include "lorawan/region.h"
#include "prng.h"

#define JOIN_ACCEPT_DELAY1_US 5000000
#define JOIN_ACCEPT_DELAY2_US 6000000
#define RX2_AFTER_RX1_US 1000000
#define DEVICE_CHANNELS 16 /* of a dynamic plan */

enum device_class { DEVICE_CLASS_A, DEVICE_CLASS_B, DEVICE_CLASS_C };

/* What all devices of a run have in common. */
struct device_profile {
	const struct region_table *region;
	const struct region_params *params;    /* of the revision that belongs to the version */
	const struct mac_version_rules *rules;
	enum mac_version version;
	enum device_class device_class;
	enum lw_f_opts_form f_opts_form;       /* 1.1 */
	struct ch_mask sub_band_mask;          /* fixed plans: channels before any CFList */
	uint8_t data_rate;                     /* until ADR changes it */
	bool has_adr;
	uint64_t refused;                      /* bit per CID: such requests are answered with a no */
	uint64_t asked;                        /* bit per CID: requests in every uplink */
	uint8_t ping_periodicity;
	struct eui64 join_eui;
	uint8_t f_port;
	size_t payload_size;
	bool has_net_id;  /* join accepts must carry net_id */
	uint32_t net_id;
};

/* Keys a device is made with; nwk_key is that of 1.1. */
struct device_roots {
	struct eui64 dev_eui;
	struct ls_key app_key, nwk_key;
};

enum device_state { DEVICE_IDLE, DEVICE_JOINING, DEVICE_JOINED, DEVICE_FAILED };

struct device_channel {
	uint32_t up_hz;         /* 0: not defined, or one of the region's default channels */
	uint32_t down_hz;       /* RX1, 0: the same */
	uint8_t min_dr, max_dr;
};

#define DEVICE_ANSWERS_MAX 48 /* octets; more than one uplink carries, to notice that */

/*
 * What MAC commands changed in a session, and what the next uplink has to carry. All zero is the state after an
 * activation, so the memory of devices that are never told anything is never touched.
 */
struct device_mac {
	struct device_channel channels[DEVICE_CHANNELS]; /* dynamic plans */
	struct ch_mask mask;           /* channels switched on, when has_mask */
	uint32_t rx2_freq_hz;          /* 0: as activated */
	uint32_t ping_freq_hz;         /* 0: the region's */
	uint64_t was_asked;            /* by the last uplink */
	uint16_t adr_ack_cnt;
	uint16_t rj_count_0, rj_count_1; /* of the next rejoin request of type 0 or 2, and of type 1 */
	uint16_t ups_to_rejoin;        /* RejoinParamSetupReq, 0: none */
	uint16_t ups_since_rejoin;
	uint8_t answers[DEVICE_ANSWERS_MAX], sticky[DEVICE_ANSWERS_MAX];
	uint8_t n_answers, n_sticky;   /* octets */
	uint8_t f_opts[MAC_F_OPTS_MAX], n_f_opts; /* of the last uplink, plain, for its repeats */
	uint8_t dr_plus_1;             /* 0: the profile's */
	uint8_t tx_power;
	uint8_t nb_trans;              /* 0 is 1 */
	uint8_t max_dcycle;
	uint8_t eirp_index_plus_1;
	uint8_t ping_dr_plus_1;
	uint8_t join_channel_plus_1;   /* plans with common join channels: the one the session came by */
	uint8_t adr_limit_exp_plus_1, adr_delay_exp_plus_1;
	uint8_t rejoin_type, rejoin_dr, rejoins_left; /* ForceRejoinReq */
	bool has_mask : 1;
	bool has_dwell : 1, up_dwell : 1, down_dwell : 1; /* TxParamSetupReq came, and said */
	bool is_confirmed_minor : 1;   /* RekeyConf or ResetConf came */
	bool is_mode_confirmed : 1;    /* DeviceModeConf came */
	bool is_ping_confirmed : 1;    /* PingSlotInfoAns came */
	bool was_class_b : 1, was_adr_ack_req : 1; /* bits of the last uplink */
};

struct device {
	struct ls_key f_nwk_s_int_key, s_nwk_s_int_key, nwk_s_enc_key, app_s_key; /* 1.0.x: the first three are NwkSKey */
	struct device_mac *mac; /* of this device alone; fleet.h */
	uint64_t due_us;        /* wheel.h */
	uint64_t period_us;     /* when the next new uplink is due by the interval */
	uint64_t last_end_us;   /* end of the last transmission, 0 none */
	uint64_t payload_ns;    /* of the last data uplink, for its repeats */
	uint32_t payload_seq;
	uint32_t wheel_next, wheel_prev;
	uint32_t addr_next;     /* fleet.h: devices of one DevAddr slot */
	uint32_t dev_addr;
	uint32_t f_cnt_up;      /* next */
	uint32_t f_cnt_down;    /* least that is new; NFCntDown in 1.1 */
	uint32_t a_f_cnt_down;  /* 1.1 */
	uint32_t join_nonce;    /* last accepted, 0 none */
	uint16_t conf_f_cnt;    /* of the confirmed downlink that waits for its acknowledgement */
	uint16_t dev_nonce;     /* next, or the one in the last request while joining */
	uint8_t state;
	uint8_t tries;          /* of this join, or of this uplink */
	uint8_t rx1_delay_s, rx1_dr_offset, rx2_dr;
	bool is_1_1 : 1;        /* of the session: OptNeg */
	bool is_abp : 1;
	bool has_sent : 1;      /* an uplink in this session */
	bool ack_due : 1;       /* a confirmed downlink waits for its acknowledgement */
	bool ack_sent : 1;      /* the last uplink carried one: its repeats do too */
	bool is_confirmed : 1;  /* the last uplink was */
	bool is_pending : 1;    /* the last uplink may have to be repeated: no acknowledgement, or NbTrans says so */
};

struct uplink {
	uint8_t phy[PHY_MAX];
	size_t len;
	uint8_t power_down_db;  /* below full power */
	struct transmission tx; /* end_us is left to the sender */
};

/* A downlink as a gateway is asked to send it. */
struct downlink {
	const uint8_t *phy;
	size_t len;
	uint64_t start_us;
	uint64_t gps_us;        /* the same by GPS */
	uint32_t freq_hz;
	struct radio radio;
};

enum device_window { WINDOW_RX1 = 1, WINDOW_RX2, WINDOW_RXC, WINDOW_PING, WINDOW__END };

/* "RX1" ... "ping slot" */
const char *device_window_name(int window);

#define WHY_SIZE 240
#define COMMANDS_TEXT_SIZE 480

/* What a device understood of a downlink. */
struct heard {
	int window;             /* enum device_window */
	uint32_t f_cnt;
	int f_port;             /* -1 none */
	bool is_confirmed, has_ack;
	unsigned mac_requests, mac_refused, mac_answers; /* commands: of the server; those refused; answers to ours */
	char commands[COMMANDS_TEXT_SIZE]; /* all of them, for people */
	uint8_t payload[PHY_MAX];
	size_t payload_len;
	uint32_t net_id;        /* join accept */
	char why[WHY_SIZE];     /* when wrong: one clause without a full stop */
};

/* A device with its session in place (ABP). Keys are taken over; those of 1.0.x are NwkSKey three times. */
struct device_session {
	uint32_t dev_addr, f_cnt_up;
	bool is_1_1, is_abp;
	struct ls_key f_nwk_s_int_key, s_nwk_s_int_key, nwk_s_enc_key, app_s_key;
};
void device_activate(const struct device_profile *p, struct device *d, const struct device_session *s);

/* A join request with d->dev_nonce, on a join channel; d->tries alternates the rates of fixed plans. */
void device_write_join_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                               const struct device_roots *roots, struct prng *prng, struct uplink *out);

/* 1.1: is a rejoin request to be sent in place of the next data uplink? That request. */
bool device_wants_rejoin(const struct device *d);
void device_write_rejoin_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                                 const struct device_roots *roots, struct prng *prng, struct uplink *out);

/* The next data uplink; carries an acknowledgement when one is due, and MAC commands. Advances FCntUp. */
void device_write_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, bool confirmed,
                         uint32_t seq, uint64_t now_ns, struct prng *prng, struct uplink *out);

/* The last data uplink once more: same octets (but for the MIC of 1.1), perhaps another channel. */
void device_repeat_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, struct prng *prng,
                          struct uplink *out);

/* Most transmissions of one uplink counter: the scheme of a version for confirmed ones, or NbTrans. */
unsigned device_transmissions_max(const struct device_profile *p, const struct device *d, bool confirmed);

/* Data rate of the next uplink. */
uint8_t device_data_rate(const struct device_profile *p, const struct device *d);

/* Microseconds from the end of a transmission to its window 1 or 2. */
uint64_t device_window_delay(const struct device *d, bool is_join, int window);

/*
 * A join accept in a window of join or rejoin request `tx`. On LS_OK the device has its new session;
 * LS_EINVAL: wrong, out->why says how, and the device is as before.
 */
int device_hear_join_accept(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                            const struct device_roots *roots, const struct transmission *tx, int window,
                            const struct downlink *down, struct heard *out);

/* Does the MIC of this data downlink fit the device, whatever the counter's high half? For shared DevAddrs. */
bool device_knows_mic(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy);

/*
 * A data downlink in window 1 or 2 of data uplink `tx`, or in one of classes B and C: tx is then the last uplink, if one is
 * known (else NULL). Return values as above, but a wrong MAC command is reported and its neighbours are followed.
 */
int device_hear_data(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                     const struct transmission *tx, int window, const struct downlink *down, struct heard *out);

#endif
