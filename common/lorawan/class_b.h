/*
 * class_b.h - the timing of class B: beacons, ping slots, what they say and where they hop (TS001-1.0.4 and 1.1,
 * class B; the drafts before 1.0.3 are another scheme and not here).
 *
 *   beaconTime                                                  next beaconTime
 *   |<- 1.5 ms ->| beacon ... |<------- 4096 slots of 30 ms ------->| guard   |
 *                |<- 2120 ms ->|          122 880 ms                 | 3000 ms |
 *
 * Times are microseconds since the GPS epoch, leap seconds left in. A beacon period is 128 s and starts at a
 * multiple of it, the beaconTime. Slot times are counted from beaconTime here, as published vectors do; the standard
 * counts from the transmission start of the beacon, which is TBeaconDelay later. So what is sent in a slot is sent at
 * the slot's time + CLASS_B_BEACON_DELAY_US: devices that hold the beacon's time field for its start are 1.5 ms early,
 * which is less than two symbols of SF7 and well within a preamble.
 */
#ifndef LS_LORAWAN_CLASS_B_H
#define LS_LORAWAN_CLASS_B_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/crypto.h"

#define CLASS_B_BEACON_PERIOD_US 128000000u
#define CLASS_B_BEACON_DELAY_US 1500u      /* TBeaconDelay */
#define CLASS_B_BEACON_RESERVED_US 2120000u
#define CLASS_B_BEACON_GUARD_US 3000000u
#define CLASS_B_SLOT_US 30000u
#define CLASS_B_SLOTS 4096u
#define CLASS_B_PERIODICITY_MAX 7          /* PingSlotInfoReq, bits 2:0 */

/* beaconTime of the period gps_us lies in. */
uint64_t class_b_beacon_us(uint64_t gps_us);

/* The beacon's time field: seconds modulo 2^32. */
uint32_t class_b_beacon_time(uint64_t gps_us);

/* Of a periodicity 0..7: slots a device listens in per beacon period, and slots between two of them. */
unsigned class_b_ping_nb(unsigned periodicity);
unsigned class_b_ping_period(unsigned periodicity);

/* Number of the first slot of a device or multicast group in the period of this beacon time. */
unsigned class_b_ping_offset(struct lw_crypto *crypto, uint32_t beacon_time, uint32_t dev_addr, unsigned periodicity);

/*
 * Start of the first slot at or after gps_us, which may lie in a later period. Counted from beaconTime; what is
 * sent in it starts CLASS_B_BEACON_DELAY_US later.
 */
uint64_t class_b_next_slot_us(struct lw_crypto *crypto, uint64_t gps_us, uint32_t dev_addr, unsigned periodicity);

/*
 * What hopping is counted by, per beacon period: a channel is this modulo the number of channels. Beacons have no
 * address (0).
 */
uint64_t class_b_hop(uint64_t gps_us, uint32_t dev_addr);

/*
 * BeaconTimingAns (deprecated; 1.0.x): whole slots of 30 ms from the end of the downlink that carries it to the
 * start of the next beacon, and the channel of that beacon among n_channels.
 */
struct beacon_timing {
	uint16_t delay;
	uint8_t channel;
};
struct beacon_timing class_b_beacon_timing(uint64_t downlink_end_gps_us, unsigned n_channels);

/* ---- beacon frames -------------------------------------------------------------------------- */

#define BEACON_MAX 23
#define BEACON_INFO_LEN 6

/*
 * | RFU1 | Param | Time 4 | CRC 2 | InfoDesc 1 | Info 6 | RFU2 | CRC 2 |
 *
 * all little endian; the first CRC covers what stands before it, the second what stands between the two.
 */
struct beacon_lens {
	uint8_t rfu1, param, rfu2; /* octets; param is 0 or 1 */
};

struct beacon {
	uint32_t time;           /* GPS seconds modulo 2^32 */
	uint8_t prec;            /* Param, 1.0.4: precision of the clock is 10^(-6 + prec) s, 0..3 */
	uint8_t info_desc;       /* 0, 1, 2: position of an antenna in info; 128..255 of the network */
	uint8_t info[BEACON_INFO_LEN];
};

/* Octets of the frame, at most BEACON_MAX; 0 when the lengths make it longer. */
size_t beacon_len(const struct beacon_lens *lens);

/* Returns the length, 0 when the lengths make it longer than BEACON_MAX. */
size_t beacon_write(const struct beacon_lens *lens, const struct beacon *b, uint8_t out[BEACON_MAX]);

/* LS_ESHORT when the length is not the layout's; LS_EFORMAT when either CRC is wrong. */
int beacon_parse(const struct beacon_lens *lens, const uint8_t *buf, size_t len, struct beacon *out);

/* Position: 24 bits, signed; 2^23 are 90 degrees of latitude, 180 of longitude. */
void beacon_set_position(struct beacon *b, int32_t latitude_raw, int32_t longitude_raw);
void beacon_position(const struct beacon *b, int32_t *latitude_raw, int32_t *longitude_raw);

/* Polynomial 1021, start 0, nothing reflected (XMODEM). */
uint16_t beacon_crc(const uint8_t *buf, size_t len);

#endif
