/*
 * uplink.h - what a data frame means: a new uplink, a repeat, or a drop with its reason.
 *
 * Pure: a function of candidate sessions, frame and time. It changes nothing; the caller applies the
 * outcome to memory and puts it into the commit.
 */
#ifndef LS_NETWORK_UPLINK_H
#define LS_NETWORK_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"
#include "lorawan/phy.h"
#include "network/collect.h"
#include "network/drop_reason.h"
#include "network/fleet.h"

#define DETAIL_SIZE 160

enum uplink_kind { UPLINK_DROP, UPLINK_NEW, UPLINK_REPEAT };

/* Requests of the device found in its MAC commands. */
struct mac_requests {
	bool link_check, device_time;
	bool rekey, reset;               /* RekeyInd of a device that joined, ResetInd of one that did not (1.1) */
};

struct uplink_outcome {
	enum uplink_kind kind;
	enum drop_reason reason;         /* of a drop; DROP_REPEAT for repeats */
	char detail[DETAIL_SIZE];        /* the values compared */
	struct session *session;         /* of the device; also for drops that name one device */
	uint32_t f_cnt;                  /* full counter */
	bool has_f_cnt;
	const struct reception *best;    /* speaks for the frame; NULL in drops before it was looked for */
	int dr;                          /* uplink data rate in the session's region, -1 unknown */
	int channel;                     /* -1 not one of the region's */
	bool must_answer;                /* an acknowledgement, an ADR or a MAC request waits */
	bool may_take_item;              /* a queued downlink may go with the answer */
	bool restarts_counters;          /* an ABP device in relaxed mode began again at 0 or 1 */
	struct mac_requests mac;
	struct session_up_row up;        /* the session after it */
	uint8_t data[PHY_MAX];           /* decrypted FRMPayload of an application port */
	size_t data_len;
	uint8_t commands[PHY_MAX];       /* its MAC commands in clear, from FOpts or port 0; of repeats too */
	size_t commands_len;
};

/*
 * The sessions with this DevAddr are the candidates. `e` gives octets, receptions and first time; phy is
 * e->phy split. Sessions of disabled devices count as known but refuse.
 */
void uplink_decide(struct lw_crypto *crypto, const struct fleet *f, const struct phy_data *phy,
                   const struct collected *e, struct uplink_outcome *out);

/*
 * Look up the gateway of every reception, once for all that follows in this turn of the loop. Gateways may go or change
 * between two turns, so each decision begins with it.
 */
void receptions_resolve(const struct fleet *f, const struct collected *e);

/* Is this reception usable for the device: a private gateway serves only its own tenant. Resolved before. */
bool reception_serves(const struct reception *r, const struct device *d);

/*
 * The reception that speaks for the frame: the strongest of those that serve the device and whose claims are
 * possible in the region. NULL when there is none. Resolved before.
 */
const struct reception *reception_best(const struct collected *e, const struct device *d, const struct region *region);

/* The same among those that agree with `like`. */
const struct reception *reception_best_like(const struct collected *e, const struct device *d,
                                            const struct region *region, const struct reception *like);

/* Do two copies tell of the same transmission: one frequency, one data rate? */
bool reception_agrees(const struct reception *a, const struct reception *b);

/* Copies may come until the device could send again: RxDelay and the second to RX2. */
#define RX2_AFTER_RX1_US 1000000u

#endif
