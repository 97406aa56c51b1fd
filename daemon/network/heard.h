/*
 * heard.h - the gateways that heard a device last. Class B and C downlinks and multicast have no uplink to answer, so
 * this is what they are sent by.
 *
 * Those of the newest uplink stand first, the strongest before the others; then what is left of earlier ones. Kept
 * only for devices that need it, at most HEARD_MAX, and written to the store when which gateways they are changes: how
 * strong they were is then that of the change.
 */
#ifndef LS_NETWORK_HEARD_H
#define LS_NETWORK_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/eui.h"

#define HEARD_MAX 8
#define HEARD_NO_SNR INT16_MIN

struct heard_gateway {
	struct eui64 gateway_id;
	int16_t rssi_dbm;
	int16_t snr_db10;            /* at 125 kHz; HEARD_NO_SNR: none (FSK) */
};

struct heard {
	uint8_t n;
	struct heard_gateway list[HEARD_MAX];
};

/* An uplink was heard by these (any order, each once). True when there are others now than before, in whatever order. */
bool heard_take(struct heard *h, const struct heard_gateway *fresh, size_t n);

/* Forget a gateway. */
void heard_remove(struct heard *h, struct eui64 gateway_id);

/* For the store; at most HEARD_OCTETS. */
#define HEARD_OCTETS (HEARD_MAX * 12)
size_t heard_write(const struct heard *h, uint8_t out[HEARD_OCTETS]);
void heard_read(struct heard *h, const uint8_t *buf, size_t len); /* what does not fit is left out */

#endif
