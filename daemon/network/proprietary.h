/*
 * proprietary.h - frames of type 7, whose content LoRaWAN leaves to others. Up they are an event that belongs to no
 * device; down they leave through a gateway an operator names.
 */
#ifndef LS_NETWORK_PROPRIETARY_H
#define LS_NETWORK_PROPRIETARY_H

#include "network/network.h"

struct proprietary_downlink {
	struct eui64 gateway_id;
	const struct region *region; /* whose duty cycle it is */
	struct radio radio;
	int dr;                      /* -1: the radio is no data rate of the region */
	uint32_t freq_hz;
	int8_t power_dbm;
	const uint8_t *phy;          /* MHDR included */
	size_t phy_len;              /* 1..PHY_MAX */
};

/*
 * Send at once; what became of it is a frame row. LS_ENOTFOUND: no such gateway or no path to it, LS_ENOMEM. Refusals by
 * the calendar and by the gateway come later, as the row's drop reason.
 */
int network_send_proprietary(struct network *n, const struct proprietary_downlink *p, uint32_t *downlink_id);

#endif
