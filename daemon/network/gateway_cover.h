/*
 * gateway_cover.h - few gateways that together reach every device of a group.
 *
 * Each member names the gateways that heard it lately. The smallest set is searched for exactly while the gateways are
 * COVER_EXACT_MAX or fewer. With more (the problem is NP-hard) the gateway that reaches most of those still missing is
 * taken again and again, then what became superfluous is left out; that is at most ln(members) + 1 times the best.
 * Among equals the lower number wins, so the result depends on nothing but the input.
 *
 * Pure, but for scratch memory.
 */
#ifndef LS_NETWORK_GATEWAY_COVER_H
#define LS_NETWORK_GATEWAY_COVER_H

#include <stddef.h>
#include <stdint.h>

#include "network/heard.h"

#define COVER_EXACT_MAX 12

struct cover_member {
	uint8_t n;                   /* 0: nobody heard it; it cannot be covered and does not count */
	uint16_t gateways[HEARD_MAX]; /* numbers below n_gateways */
};

/* Writes the numbers of the chosen gateways, rising, into out[n_gateways]. LS_ENOMEM. */
int gateway_cover(const struct cover_member *members, size_t n_members, size_t n_gateways, uint16_t *out, size_t *n_out);

#endif
