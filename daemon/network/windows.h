/*
 * windows.h - the receive windows of an uplink: which there are, which comes first, and what the gateway is told.
 */
#ifndef LS_NETWORK_WINDOWS_H
#define LS_NETWORK_WINDOWS_H

#include "network/gateway_air.h"
#include "network/internal.h"

#define WINDOWS_MAX 2

struct window {
	int number;               /* RX1, RX2 */
	struct tx_params params;
	const struct radio *radio;
	uint32_t delay_us;        /* after the uplink */
	uint8_t max_m;            /* MACPayload octets it carries, dwell time regarded */
	uint32_t max_air_us;      /* what dwell time allows on air, 0: no limit */
};

/* Our clock's time of the end of the uplink: the arrival less the way. */
uint64_t uplink_end_us(struct network *n, const struct reception *r);

/*
 * The windows of this answer in the order they are to be tried; how many. The device must have confirmed its RX2
 * before the region's wishes about RX2 count. `freq_hz` is that of the uplink.
 */
int windows_of_answer(const struct answer_wish *w, const struct session *s, uint32_t freq_hz, struct window out[WINDOWS_MAX]);
int windows_of_join(const struct device *d, const struct region *region, uint32_t freq_hz, int channel, int dr,
                    struct window out[WINDOWS_MAX]);

/*
 * Set radio, max_m and max_air_us of a window of this device from its params. is_short: it keeps the dwell time of
 * downlinks, as it was told or by its boot value. False: its data rate is none of the revision of the device.
 */
bool window_fill(const struct region *region, const struct device *d, bool is_short, struct window *w);

/* Octets an item may have at best in one of these windows, were the header bare. */
size_t windows_widest_item(const struct window *windows, int n);

/* Does a frame of this length fit its rate, and the time a transmission may take? */
bool window_carries(const struct window *w, size_t phy_len);

/* Where a frame of this length would be on air, answering this reception in this window. */
void window_place(struct network *n, const struct region *region, const struct window *w, const struct reception *r,
                  size_t phy_len, enum downlink_rank rank, struct place *out);

/* As the gateway is told. */
void window_option(const struct window *w, const struct reception *r, const struct place *place,
                   struct transmit_option *out);

#endif
