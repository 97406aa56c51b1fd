/*
 * class_schedule.h - when a device of class B or C gets what waits for it.
 *
 * A device of class C listens in its RX2 parameters whenever it does not send, one of class B in its ping slots too.
 * In both, the windows after an uplink go first: while an answer is ahead nothing else leaves, and what is due goes into
 * it. A class B downlink is built, and takes its counter, only shortly before its slot, so an uplink that comes
 * earlier finds the item still waiting and a counter that was not used.
 *
 * Until the first valid uplink of a new session nothing leaves by class B or C, in neither session: which one the
 * device has is not known before.
 *
 * Pure: device, queue and time in; what to do, or when to look again, out. class_down.c carries it out.
 */
#ifndef LS_NETWORK_CLASS_SCHEDULE_H
#define LS_NETWORK_CLASS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lorawan/crypto.h"
#include "network/fleet.h"

/* A class B device without an uplink for so long has lost its beacon for certain (2 h, TS001 class B). */
#define CLASS_B_LOST_US (INT64_C(7200) * 1000000)
/* Between the last moment to hand over a class B downlink and what is planned for: commits and timers are late. */
#define CLASS_B_MARGIN_US 200000

/* Class at the start of a session: 1.0.x devices cannot say it, so their profile does. */
enum device_class class_at_start(const struct profile *p, bool is_1_1);

/*
 * After an uplink with or without the ClassB bit. Before 1.1 the profile tells class A from C; in 1.1 it is DeviceModeInd,
 * which the MAC engine reads after this: class_as_told().
 */
enum device_class class_after_uplink(const struct profile *p, bool is_1_1, enum device_class before, bool class_b_bit);

/*
 * What class_after_uplink() found, and the last DeviceModeInd of the session (as on air; CLASS_TOLD_NOTHING: none came). The
 * ClassB bit goes before it. A device of 1.0.x that says it, though its version has no such command, is believed as well:
 * it was answered, and listens so.
 */
#define CLASS_TOLD_NOTHING 0xff
enum device_class class_as_told(const struct profile *p, enum device_class now, uint8_t told);

/* The class a device is served in at this time: what it said, if its profile and version have it and it is not lost. */
enum device_class class_served(const struct profile *p, const struct session_up_row *up, int64_t now_wall_us);

/* Ping slots of a device or a multicast group. */
struct ping_slots {
	uint32_t dev_addr;
	int periodicity;             /* -1: not known yet */
};

/*
 * The first slot for which octets that leave now, after lead_us, are in time; 0 when there is none (periodicity
 * unknown). Beacon time, see class_b.h.
 */
uint64_t class_b_slot_after(struct lw_crypto *crypto, const struct ping_slots *slots, uint64_t now_gps_us,
                            int64_t lead_us);

enum class_step {
	CLASS_IDLE,         /* nothing to do until something changes */
	CLASS_WAIT,         /* look again at at_wall_us */
	CLASS_SEND,         /* now: build the item and hand it over */
	CLASS_ACK_TIMEOUT,  /* the acknowledgement of item did not come */
};

struct class_input {
	const struct device *device;
	int64_t now_wall_us;
	bool answer_ahead;           /* the answer to an uplink is being made */
	int64_t quiet_until_wall_us; /* RX1 of the last uplink, a transmission under way, a pause after a failure */
	int64_t lead_us;             /* what the slowest way to a gateway needs */
	struct ping_slots slots;
};

struct class_plan {
	enum class_step step;
	enum device_class by;        /* CLASS_SEND: B or C */
	int64_t at_wall_us;          /* CLASS_WAIT */
	uint64_t slot_gps_us;        /* CLASS_SEND by class B */
	struct queue_item *item;     /* CLASS_SEND, CLASS_ACK_TIMEOUT */
	const char *why;             /* CLASS_IDLE, CLASS_WAIT: in words */
};

void class_decide(struct lw_crypto *crypto, const struct class_input *in, struct class_plan *out);

#endif
