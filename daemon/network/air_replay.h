/*
 * air_replay.h - after a start: what the gateways sent in the last hour, from the frame ring, so that a restart is no
 * way around a duty cycle.
 *
 * The rows are read by the store's reader thread while the network runs already. What left so shortly before a crash that
 * its row was not on disk is not known, nor what the ring has dropped.
 */
#ifndef LS_NETWORK_AIR_REPLAY_H
#define LS_NETWORK_AIR_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/eui.h"

struct network;

struct air_sent {
	struct eui64 gateway_id;
	int64_t time_us;     /* wall */
	uint32_t freq_hz, air_us;
};

/* A frame row as text_frame_down() writes it. False: it never left, or is no such row. time_us is the caller's. */
bool air_replay_read(const char *body, size_t len, struct air_sent *out);

/* Ask for the rows; they are added when they come. */
void air_replay_start(struct network *n);

#endif
