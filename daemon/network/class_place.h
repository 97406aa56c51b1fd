/*
 * class_place.h - which gateways carry a downlink that answers no uplink: class B, class C, multicast.
 *
 * Judged and ranked as for answers (gateway_choice.h), from what was heard of the device lately.
 */
#ifndef LS_NETWORK_CLASS_PLACE_H
#define LS_NETWORK_CLASS_PLACE_H

#include "network/internal.h"

/* What is to be sent, and when. */
struct class_downlink {
	const struct region *region;
	const struct tenant *tenant; /* whose private gateways may serve */
	struct tx_params params;
	const struct radio *radio;   /* of params.dr */
	int window;                  /* WINDOW_CLASS_C, ... */
	size_t phy_len;
	uint64_t gps_us;             /* 0: at once; else at this moment of GPS time */
	uint64_t start_mono_us;      /* of gps_us by our clock */
};

/* Told GPS time so lately that its receiver will have it now as well. */
#define GATEWAY_GPS_AGE_US (INT64_C(6) * 3600 * 1000000)
bool gateway_has_gps(const struct gateway *g, int64_t now_wall_us);

/* May it send for the tenant in this region, and can it be reached? */
bool class_gateway_serves(struct network *n, const struct gateway *g, const struct class_downlink *dl);

/* One way to send it, through g; the place is not taken yet. */
void class_option(struct network *n, const struct gateway *g, const struct class_downlink *dl, struct transmit_option *out);

enum class_refusal { CLASS_PLACED, CLASS_NO_PATH, CLASS_NO_GPS, CLASS_NO_PLACE };

/*
 * The best gateway of a device into option. CLASS_NO_PLACE: detail says why, and *free_at_us when to try again (by our
 * clock).
 */
enum class_refusal class_place(struct network *n, const struct device *d, const struct class_downlink *dl,
                               struct transmit_option *option, char why[CHOICE_TEXT_SIZE], enum drop_reason *reason,
                               char detail[DETAIL_SIZE], uint64_t *free_at_us);

/* The longest lead of the gateways that heard the device and have a path. */
uint64_t class_lead_us(struct network *n, const struct device *d);

#endif
