/*
 * mac_state.h - all that the network server remembers of a session's MAC layer: what the device has acknowledged, what it was
 * asked and has not answered, and what it refused. What the server wishes is not here: it follows from configuration, profile,
 * device and ADR each time (mac_wish.h), so that the three can never be mistaken for each other.
 *
 * A session keeps it encoded (some 60 to 200 octets); decisions decode it, change a copy and encode it again, so that a commit
 * which fails leaves the old one. It begins anew with each activation. The receive windows, the class, and what 1.1 learned of FOpts
 * and rejoins are not in it: they stand in the session itself, where every frame reads them.
 *
 * Pure and without allocation. Frequencies in Hz; `f_cnt` is the full uplink counter, the clock of all waiting here.
 */
#ifndef LS_NETWORK_MAC_STATE_H
#define LS_NETWORK_MAC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/ch_mask.h"
#include "lorawan/mac.h"
#include "lorawan/region.h"

#define MAC_CHANNELS_MAX 16
#define MAC_UNKNOWN 0xff       /* of a value nobody has told yet */
#define MAC_PENDING_MAX 64     /* octets of open requests */
#define MAC_MANUAL_MAX 48      /* octets of commands an operator queued */
#define MAC_REFUSALS_MAX 24
#define MAC_ADR_MAX 128        /* octets of what ADR remembers (adr.h) */

/* An uplink channel of a dynamic plan as the device has it; freq_hz 0: not defined. */
struct mac_channel {
	uint32_t freq_hz, rx1_freq_hz; /* the latter differs after a DlChannelReq */
	uint8_t min_dr, max_dr;
};

/* What can be wished, acknowledged or refused by itself. A channel is MAC_ITEM_CHANNEL + its index. */
enum mac_item {
	MAC_ITEM_CH_MASK, MAC_ITEM_DR, MAC_ITEM_TX_POWER, MAC_ITEM_NB_TRANS,
	MAC_ITEM_DUTY_CYCLE, MAC_ITEM_RX_PARAM, MAC_ITEM_RX_TIMING, MAC_ITEM_TX_PARAM,
	MAC_ITEM_ADR_PARAM, MAC_ITEM_REJOIN_PARAM, MAC_ITEM_PING_SLOT, MAC_ITEM_BEACON_FREQ, MAC_ITEM_DEV_STATUS,
	MAC_ITEM_LINK_ADR,                       /* the command as such: it was not answered */
	MAC_ITEM_CHANNEL = 0x20,
	MAC_ITEM_DL_CHANNEL = 0x30,
};

#define MAC_NO_ANSWER 0xff /* in place of a status */

/* A value the device refused, or did not answer to. It is not asked for again before `until_f_cnt`. */
struct mac_refusal {
	uint8_t item;          /* enum mac_item */
	uint8_t status;        /* the octet of the answer, or MAC_NO_ANSWER */
	uint8_t count;         /* times in a row */
	uint32_t value;        /* as the wish packs it (mac_wish.h) */
	uint32_t until_f_cnt;  /* UINT32_MAX: only when the wish is another */
};

struct mac_state {
	/* Acknowledged, or known from the activation. */
	uint8_t dr;                    /* of the last uplink or accepted LinkADRReq; MAC_UNKNOWN before the first uplink */
	uint8_t tx_power;              /* index */
	uint8_t nb_trans;
	struct ch_mask mask;           /* enabled uplink channels */
	struct mac_channel channels[MAC_CHANNELS_MAX]; /* dynamic plans */
	uint8_t max_dcycle;
	uint8_t tx_param;              /* octet of TxParamSetupReq, MAC_UNKNOWN: none was answered */
	uint8_t adr_limit_exp, adr_delay_exp;
	uint8_t rejoin_max_time_n, rejoin_max_count_n; /* MAC_UNKNOWN: none was answered */
	bool rejoin_time_ok;           /* the device can count time */
	uint8_t ping_slot_periodicity; /* as the device told, MAC_UNKNOWN: it has not */
	uint8_t ping_slot_dr;          /* MAC_UNKNOWN: the region's */
	uint32_t ping_slot_freq_hz;    /* 0: the region's, hopping where it hops */
	uint32_t beacon_freq_hz;       /* 0: the region's */

	/* Last DevStatusAns. */
	bool has_status;
	uint8_t battery;
	int8_t margin_db;
	int64_t status_us;             /* wall, when it came */
	int64_t status_asked_us;       /* wall, when it was last asked, or the first uplink came; 0: its clock has not begun */

	/* Open requests, octets as they were sent; all of them belong to one downlink. */
	uint8_t pending[MAC_PENDING_MAX];
	uint8_t pending_len;
	uint8_t pending_late;          /* uplinks that had no room for the answer */
	uint32_t pending_f_cnt;        /* uplink that downlink answered */

	/*
	 * Commands queued by an operator, oldest first, to be sent as they are. The first octets of them may be in the last
	 * downlink: those go when the next uplink shows that it is over, and stay if it never left.
	 */
	uint8_t manual[MAC_MANUAL_MAX];
	uint8_t manual_len, manual_sent;

	struct mac_refusal refusals[MAC_REFUSALS_MAX];
	uint8_t n_refusals;

	/* Downlinks that carried nothing but requests. */
	uint32_t mac_only_from_f_cnt;  /* the next may answer this uplink */
	uint8_t mac_only_streak;       /* in a row without an answer that changed anything */

	/* The device may have stepped back by itself: what is acknowledged of LinkADRReq is asked again whatever it is. */
	bool link_unsure;
	bool in_back_off;              /* it asks (ADRACKReq), since this uplink: */
	uint32_t back_off_f_cnt;

	uint16_t ignored_answers;      /* without a request; stops at 65535 */
	uint8_t told_class;            /* of the last DeviceModeInd, as on air; MAC_UNKNOWN: none came */

	uint8_t adr[MAC_ADR_MAX];      /* adr_state_encode() */
	uint8_t adr_len;
};

/*
 * A device that has just been activated in this region. cf_list: the 16 octets its join accept carried, or NULL. With ABP the
 * factory channels of the profile are added by mac_state_add_channel().
 */
void mac_state_init(struct mac_state *s, const struct region *region, const uint8_t *cf_list);

/* Define and enable a channel of a dynamic plan. */
void mac_state_add_channel(struct mac_state *s, unsigned index, uint32_t freq_hz, uint8_t min_dr, uint8_t max_dr);

/* Channels that are defined: those of the state in a dynamic plan, all of a fixed one. */
struct ch_mask mac_state_defined(const struct mac_state *s, const struct region *region);

/* Data rates of one channel, a bit each; none when it is not defined. */
uint16_t mac_state_channel_drs(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                               unsigned channel);

/* Data rates that some channel of the mask has. */
uint16_t mac_state_dr_mask(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                           const struct ch_mask *mask);

/* Index of the channel an uplink came on, -1 when the device should not have it; fixed plans ask the region. */
int mac_state_channel(const struct mac_state *s, const struct region *region, enum reg_params_revision rev,
                      uint32_t freq_hz, int dr);

/* The last downlink is over: what an operator queued and it carried waits no longer. */
void mac_state_drop_sent(struct mac_state *s);

/* A new session that keeps the radio parameters (rejoin type 2): what hangs on the old counter is forgotten. */
void mac_state_restart_counters(struct mac_state *s);

/* Octets written, at most MAC_STATE_OCTETS_MAX. */
#define MAC_STATE_OCTETS_MAX 896
size_t mac_state_encode(const struct mac_state *s, uint8_t out[MAC_STATE_OCTETS_MAX]);

/*
 * *s must have been begun with mac_state_init(). LS_EVERSION: made by another version of this program, LS_EFORMAT, LS_ESHORT:
 * damaged; *s is then as it was, so the device counts as just activated.
 */
int mac_state_decode(struct mac_state *s, const uint8_t *blob, size_t len);

#endif
