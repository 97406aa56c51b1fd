/*
 * link_adr.h - the shortest LinkADRReq commands that bring a device from one set of channels to another, with a data rate, a
 * power and NbTrans (mac-commands.md, 03).
 *
 * From 1.0.2 on the commands of one downlink are a block: only their end counts, and the values of the last one. In 1.0.0 and
 * 1.0.1 the device executes one after the other, so each must be legal alone: after it some channel is on, and its data rate is
 * one that some enabled channel has.
 */
#ifndef LS_LORAWAN_LINK_ADR_H
#define LS_LORAWAN_LINK_ADR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/ch_mask.h"

/* What a request says. */
struct link_adr {
	uint8_t dr, tx_power, nb_trans;
	uint8_t ch_mask_cntl;
	uint16_t ch_mask;
};

/* The longest sequence: something for each block, and one before them. */
#define LINK_ADR_MAX (CH_MASK_BLOCKS + 1)
#define LINK_ADR_OCTETS 5 /* of one, its CID included */

struct link_adr_wish {
	const struct ch_mask_cntl *rows; /* the plan's (region_table.h) */
	struct ch_mask defined;     /* channels the device has */
	struct ch_mask now, wanted; /* enabled ones; `now` as the server believes */
	uint8_t dr, tx_power, nb_trans;
	bool each_alone;            /* no blocks: 1.0.0 and 1.0.1 */
	uint8_t dr_now;             /* for commands in between, when each stands alone */
	const uint16_t *channel_drs; /* CH_MASK_CHANNELS times: the data rates of each channel, a bit each */
};

/*
 * The commands, in order; when wanted is what is already there, one that changes no channel. When each stands alone the first
 * may be sent by itself: planning again from what it leaves gives the rest.
 *
 * LS_EINVAL: wanted is empty, names a channel that is not defined, or has no channel with that data rate.
 */
int link_adr_plan(const struct link_adr_wish *w, struct link_adr out[LINK_ADR_MAX], unsigned *n);

/* Data rates that some channel of the mask has. */
uint16_t link_adr_drs(const uint16_t *channel_drs, const struct ch_mask *mask);

/* CID and payload, LINK_ADR_OCTETS. Values are cut to their bits. */
void link_adr_write(const struct link_adr *req, uint8_t out[LINK_ADR_OCTETS]);
/* From the payload (4 octets). */
struct link_adr link_adr_read(const uint8_t payload[LINK_ADR_OCTETS - 1]);

#endif
