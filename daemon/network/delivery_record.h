/*
 * delivery_record.h - how well a gateway did with the downlinks it was given: its TX_ACKs, the recent ones most.
 *
 * A refusal weighs half as much ten minutes later, so a gateway that was passed over gets another chance.
 * Pure: times are microseconds of the monotonic clock.
 */
#ifndef LS_NETWORK_DELIVERY_RECORD_H
#define LS_NETWORK_DELIVERY_RECORD_H

#include <stdint.h>

#include "gateway/gateway.h"

struct delivery_record {
	uint64_t weighed_at_us;
	uint32_t recent, recent_refused; /* downlinks in 1/256, fading */
	uint32_t accepted, silent;       /* since the start; silent: no TX_ACK came */
	uint32_t refused[TX__COUNT];     /* since the start, by reason */
	int32_t last_margin_ms;          /* of the newest downlink: what was left before the window */
	uint8_t last_refusal;            /* enum tx_status, TX_OK: none */
};

void delivery_accepted(struct delivery_record *r, uint64_t now_us);
void delivery_refused(struct delivery_record *r, enum tx_status status, uint64_t now_us);
void delivery_silent(struct delivery_record *r);

/* Percent of the recent downlinks it refused, one in a few weighing less than many in many; 0 when unknown. */
unsigned delivery_refused_percent(const struct delivery_record *r, uint64_t now_us);
uint64_t delivery_refused_total(const struct delivery_record *r);

#endif
