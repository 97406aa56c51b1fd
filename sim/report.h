/*
 * report.h - what a run tells: a line per event on stdout, a line per wrong thing on stderr, and
 * the counts and times at its end, as text or as one JSON object.
 */
#ifndef LS_SIM_REPORT_H
#define LS_SIM_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

struct report {
	bool is_quiet;
	uint64_t started_us, ended_us;   /* monotonic: from the first frame to the last window */
	uint64_t data_started_us, data_ended_us;

	uint64_t uplinks;                /* data uplinks with a new counter */
	uint64_t repeats;
	uint64_t join_requests, joins_accepted, joins_failed;
	uint64_t data_heard[4], joins_heard[2]; /* right ones, by window: RX1, RX2, class C, ping slots */
	uint64_t rejoin_requests, rejoins_accepted;
	uint64_t acks_heard, unacknowledged, confirmed_heard;
	uint64_t mac_requests, mac_refused; /* of the server; commands */
	uint64_t mac_asked, mac_answers;    /* of the devices, and what came back */
	uint64_t too_late;               /* refused with TOO_LATE */
	uint64_t wrong;

	/* From the gateways, at the end. */
	uint64_t datagrams, pushes, push_acks, not_sent, refused;

	struct histogram lateness;       /* of the generator against its plan */
	struct histogram join_delay;     /* join request sent to accept at the gateway */
	struct histogram downlink_delay; /* uplink sent to its downlink at the gateway */
	struct histogram ahead;          /* downlink at the gateway to its transmission */
};

/* "12:04:29.530 <subject> <text>" unless quiet. */
void report_event(const struct report *r, const char *subject, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Counts a wrong thing; says it on stderr, the first 20 times. */
void report_wrong(struct report *r, const char *subject, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void report_summary(const struct report *r);
void report_summary_json(const struct report *r);

/* 0, or 1 when something was wrong or a device could not join. */
int report_exit_code(const struct report *r);

#endif
