/*
 * windows.h - the receive windows of a class A answer: when they open by our clock, how long before that the octets
 * must leave, and what the gateway is told.
 */
#ifndef LS_NETWORK_WINDOWS_H
#define LS_NETWORK_WINDOWS_H

#include "network/internal.h"

#define WINDOWS_MAX 2

/* One receive window, as it can be used now. */
struct window {
	int number;
	struct tx_params params;
	const struct radio *radio; /* of params.dr */
	uint32_t delay_us;        /* after the uplink */
	uint64_t mono_us;         /* our estimate of its time */
};

/* Our clock's time of the end of the uplink: the arrival less the way. */
uint64_t uplink_end_us(struct network *n, const struct reception *r);

/* The windows of this answer that can still be met through this reception, nearest first; how many. */
int windows_open(struct network *n, const struct answer_wish *w, const struct session *s, const struct reception *r,
                 struct window out[WINDOWS_MAX]);

/* Those of a join accept. */
int windows_open_join(struct network *n, const struct device *d, const struct region *region,
                      const struct reception *r, int dr, int channel, struct window out[WINDOWS_MAX]);

/* Octets of MACPayload a data rate carries to this device, 0 when it cannot be used. */
uint8_t window_max_m(const struct session *s, uint8_t dr);

/* Octets an item may have at best: in RX1 or RX2 of this uplink, were both open and the header bare. */
size_t windows_widest_item(const struct session *s, const struct answer_wish *w, const struct reception *r);

/* One more way to send this downlink: in this window, through the gateway of this reception. */
void windows_add_option(struct transmit *t, const struct region *region, const struct reception *r,
                        const struct window *w);

#endif
