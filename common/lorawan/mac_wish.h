/*
 * mac_wish.h - the MAC parameters an operator wishes a device to have. A profile has one for all its devices, a
 * device may have its own beside it; what neither names is left to the region's configuration and to ADR.
 */
#ifndef LS_LORAWAN_MAC_WISH_H
#define LS_LORAWAN_MAC_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAC_WISH_NONE (-1)

struct mac_wish {
	int8_t rx1_delay_s;          /* 1..15; every int8_t: MAC_WISH_NONE when not set */
	int8_t rx1_dr_offset;        /* 0..7 */
	int8_t rx2_dr;               /* 0..15 */
	int8_t max_duty_cycle;       /* MaxDCycle, 0..15 */
	int8_t dr;                   /* fixed data rate, instead of ADR's */
	int8_t tx_power;             /* fixed TXPower index */
	int8_t nb_trans;             /* 1..15 */
	bool has_channels;
	uint32_t rx2_freq_hz;        /* 0: not set */
	uint64_t channels[2];        /* channel mask by index */
};

extern const struct mac_wish mac_wish_none;

bool mac_wish_is_none(const struct mac_wish *w);

/* What `own` names, and of `common` what it does not. */
struct mac_wish mac_wish_merge(const struct mac_wish *common, const struct mac_wish *own);

/*
 * Channel numbers as people write them, "8-15,65" (blanks are fine), to a mask of the channels 0..127. LS_EFORMAT; mask is
 * unchanged then. An empty text is no list.
 */
int channel_list_parse(const char *text, uint64_t mask[2]);

/* The other way: "8-15,65"; "" when no bit is set. Cut to size. */
#define CHANNEL_LIST_SIZE 400
char *channel_list_format(const uint64_t mask[2], char buf[CHANNEL_LIST_SIZE]);

#endif
