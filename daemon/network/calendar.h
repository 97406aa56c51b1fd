/*
 * calendar.h - what one gateway will send, and when.
 *
 * A concentrator sends one packet at a time, whatever the channel, and hears nothing meanwhile. So all its
 * downlinks, of every class and join accepts too, stand in one list of reservations sorted by their start; two of
 * them never overlap, and between the end of one and the start of the next lies the time the forwarder needs to
 * load the radio.
 *
 * Reservations have a rank. One that has not left yet (`fixed` is false) gives way to a higher rank: it is taken
 * out, and its owner finds it gone (calendar_find()) when its own time comes and looks for another place. What
 * has left cannot be called back and gives way to nothing.
 *
 * Pure: times are microseconds of the monotonic clock and come from the caller. Memory is bounded.
 */
#ifndef LS_NETWORK_CALENDAR_H
#define LS_NETWORK_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Between two transmissions. The reference forwarder (jitqueue.c) refuses a packet that starts less than
 * 1.5 + 40 + 1 ms after the end of another; the rest is for what our estimate of its clock is off.
 */
#define CALENDAR_GUARD_US 50000u
#define CALENDAR_MAX 512u /* reservations a gateway; the list grows to that */

/* Who goes first: later ones displace earlier ones. */
enum downlink_rank {
	RANK_APPLICATION, /* a queued item, unicast or multicast */
	RANK_MAC,         /* MAC commands of the network */
	RANK_ACK,         /* acknowledgements and answers the device asked for */
	RANK_JOIN_ACCEPT,
	RANK__COUNT
};

const char *downlink_rank_name(enum downlink_rank rank); /* "join accept", in words */

struct reservation {
	uint64_t start_us;
	uint32_t air_us;
	uint32_t id;          /* of the downlink */
	uint8_t rank;
	bool fixed;
};

struct calendar {
	struct reservation *list; /* [n], by start */
	uint16_t n, cap;
};

enum calendar_answer {
	CALENDAR_FREE,
	CALENDAR_YIELDS,  /* only what would give way to this rank is in the way */
	CALENDAR_BUSY,
	CALENDAR_FULL,    /* out of places */
};

void calendar_fini(struct calendar *c); /* {0} is an empty one */

/* May it be placed there? *in_the_way (may be NULL) receives the first obstacle; unchanged when free. */
enum calendar_answer calendar_look(const struct calendar *c, uint64_t start_us, uint32_t air_us, enum downlink_rank rank,
                                   struct reservation *in_the_way);

/*
 * Place it, taking out what gives way. `id` must not be in the list. LS_OK, LS_ECONFLICT when it is busy, LS_EFULL,
 * LS_ENOMEM; then nothing changed.
 */
int calendar_reserve(struct calendar *c, const struct reservation *r);

/* Earliest start within [earliest_us, latest_us] that is free (nothing is displaced); false: none. */
bool calendar_first_free(const struct calendar *c, uint64_t earliest_us, uint64_t latest_us, uint32_t air_us,
                         uint64_t *start_us);

/* NULL when it was displaced, released or is long over. */
struct reservation *calendar_find(const struct calendar *c, uint32_t id);
bool calendar_release(struct calendar *c, uint32_t id);
void calendar_expire(struct calendar *c, uint64_t now_us); /* drop what has ended */

#endif
