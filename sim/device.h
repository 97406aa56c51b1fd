/*
 * device.h - the device's side of LoRaWAN 1.0.x, class A: what it sends, and whether a downlink
 * is one that a device with open eyes would take (TS001-1.0.4 sections 4 to 6).
 *
 * Written apart from the server's decisions, so that an error in one shows in the other; shared
 * are only the pure codecs (AES and MIC rules, frame layout, region tables). Nothing here does
 * input or output, keeps a clock or allocates.
 */
#ifndef LS_SIM_DEVICE_H
#define LS_SIM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "air.h"
#include "base/eui.h"
#include "base/key.h"
#include "lorawan/crypto.h"
#include "lorawan/phy.h"
#include "lorawan/region.h"
#include "prng.h"

#define JOIN_ACCEPT_DELAY1_US 5000000
#define JOIN_ACCEPT_DELAY2_US 6000000
#define RX2_AFTER_RX1_US 1000000
#define CONFIRMED_TRIES_MAX 8
#define CHANNEL_MASKS 5 /* ChMask0-4: 72 channels */

/* What all devices of a run have in common. */
struct device_profile {
	const struct region_table *region;
	const struct region_params *params;    /* of the revision that belongs to the version */
	const struct mac_version_rules *rules;
	uint16_t sub_band_mask[CHANNEL_MASKS]; /* fixed plans: channels before any CFList */
	uint8_t data_rate;
	struct eui64 join_eui;
	uint8_t f_port;
	size_t payload_size;
	bool has_net_id;  /* join accepts must carry net_id */
	uint32_t net_id;
};

enum device_state { DEVICE_IDLE, DEVICE_JOINING, DEVICE_JOINED, DEVICE_FAILED };

struct device {
	struct ls_key nwk_s_key, app_s_key;
	uint64_t due_us;        /* wheel.h */
	uint64_t period_us;     /* when the next new uplink is due by the interval */
	uint64_t last_end_us;   /* end of the last transmission, 0 none */
	uint64_t payload_ns;    /* of the last data uplink, for its repeats */
	uint32_t payload_seq;
	uint32_t wheel_next, wheel_prev;
	uint32_t addr_next;     /* fleet.h: devices of one DevAddr slot */
	uint32_t dev_addr;
	uint32_t f_cnt_up;      /* next */
	uint32_t f_cnt_down;    /* least that is new */
	uint32_t join_nonce;    /* last accepted, 0 none */
	union {
		uint32_t extra_hz[5];           /* dynamic plans: CFList channels */
		uint16_t mask[CHANNEL_MASKS];   /* fixed plans */
	};
	uint16_t dev_nonce;     /* next, or the one in the last request while joining */
	uint8_t state;
	uint8_t tries;          /* of this join, or of this confirmed uplink */
	uint8_t rx1_delay_s, rx1_dr_offset, rx2_dr;
	bool ack_due : 1;       /* a confirmed downlink waits for its acknowledgement */
	bool ack_sent : 1;      /* the last uplink carried one: its repeats do too */
	bool is_pending : 1;    /* last uplink was confirmed and has no acknowledgement yet */
};

struct uplink {
	uint8_t phy[PHY_MAX];
	size_t len;
	struct transmission tx; /* end_us is left to the sender */
};

/* A downlink as a gateway is asked to send it. */
struct downlink {
	const uint8_t *phy;
	size_t len;
	uint64_t start_us;
	uint32_t freq_hz;
	struct radio radio;
};

#define WHY_SIZE 240

/* What a device understood of a downlink. */
struct heard {
	int window;             /* 1 or 2 */
	uint32_t f_cnt;
	int f_port;             /* -1 none */
	bool is_confirmed, has_ack;
	bool has_mac_requests;  /* commands this device does not know: left unanswered */
	uint8_t payload[PHY_MAX];
	size_t payload_len;
	uint32_t net_id;        /* join accept */
	char why[WHY_SIZE];     /* when wrong: one clause without a full stop */
};

/* A device with its session in place (ABP). */
void device_activate(const struct device_profile *p, struct device *d, uint32_t dev_addr,
                     const struct ls_key *nwk_s_key, const struct ls_key *app_s_key, uint32_t f_cnt_up);

/* A join request with d->dev_nonce, on a join channel; d->tries alternates the rates of fixed plans. */
void device_write_join_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                               struct eui64 dev_eui, const struct ls_key *app_key, struct prng *prng,
                               struct uplink *out);

/* The next data uplink; carries an acknowledgement when one is due. Advances FCntUp. */
void device_write_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, bool confirmed,
                         uint32_t seq, uint64_t now_ns, struct prng *prng, struct uplink *out);

/* The last (confirmed) data uplink once more: same octets, perhaps another channel. */
void device_repeat_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, struct prng *prng,
                          struct uplink *out);

/* Microseconds from the end of a transmission to its window 1 or 2. */
uint64_t device_window_delay(const struct device *d, bool is_join, int window);

/*
 * A join accept in a window of join request `tx`. On LS_OK the device has its new session;
 * LS_EINVAL: wrong, out->why says how, and the device is as before.
 */
int device_hear_join_accept(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                            const struct ls_key *app_key, const struct transmission *tx, int window,
                            const struct downlink *down, struct heard *out);

/* Does the MIC of this data downlink fit the device, whatever the counter's high half? For shared DevAddrs. */
bool device_knows_mic(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy);

/* A data downlink in a window of data uplink `tx`. Return values as above. */
int device_hear_data(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                     const struct transmission *tx, int window, const struct downlink *down, struct heard *out);

#endif
