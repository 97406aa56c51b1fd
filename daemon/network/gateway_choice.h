/*
 * gateway_choice.h - which gateway carries a downlink.
 *
 * A candidate is a gateway that heard the device (this uplink for class A, its recent ones for class B and C), seen with
 * one way to send: a window or time, a frequency, a data rate. First it is judged: can it do it at all? Those that can
 * are ranked by tenths of dB, starting from the link margin above the floor of the downlink's rate. What lies above
 * the margin the region asks for (gateway_prefer_min_margin) counts a quarter. Off go a bad delivery record, a budget
 * that runs out, little time before the window, and the share of the last hour in which it was deaf because it sent.
 *
 * Pure and deterministic: equal candidates are told apart by margin, RSSI and gateway id.
 */
#ifndef LS_NETWORK_GATEWAY_CHOICE_H
#define LS_NETWORK_GATEWAY_CHOICE_H

#include "base/eui.h"
#include "network/air_budget.h"
#include "network/calendar.h"

struct gateway_candidate {
	struct eui64 gateway_id;
	int margin_db10;                /* may be negative; see link_margin_db10() */
	int16_t rssi_dbm;
	unsigned refused_percent;       /* of its recent downlinks */
	unsigned deaf_permille;         /* of the last hour */
	int64_t spare_us;               /* octets would be there so long before they must; negative: too late */
	bool forbidden;                 /* the frequency lies in no band the region allows */
	uint32_t air_us;
	struct air_room room;
	enum calendar_answer calendar;
	struct reservation in_the_way;  /* unless it is free */
};

enum gateway_verdict {
	GATEWAY_GOOD,
	GATEWAY_YIELDS,      /* good, if something of lower rank is displaced */
	GATEWAY_BUSY,        /* its calendar is */
	GATEWAY_DUTY_CYCLE,  /* its budget does not suffice */
	GATEWAY_FORBIDDEN,   /* frequency */
	GATEWAY_TOO_LATE,
};

enum gateway_verdict gateway_judge(const struct gateway_candidate *c);

/* Tenths of dB; more is better. Says nothing about the verdict. */
int gateway_score(const struct gateway_candidate *c, int prefer_min_margin_db);

/*
 * Indexes of the candidates with this verdict, the best first; how many. `order` has room for n.
 */
size_t gateway_rank(const struct gateway_candidate *list, size_t n, enum gateway_verdict verdict,
                    int prefer_min_margin_db, uint16_t *order);

/* One line: the chosen one's figures, and those of the one that had the most margin if that was another. */
#define CHOICE_TEXT_SIZE 200
void gateway_explain(const struct gateway_candidate *list, size_t n, size_t chosen, char out[CHOICE_TEXT_SIZE]);

/* Why it can not: "band 868.0-868.6 MHz: 36.0 of 36.0 s sent in the last hour", "busy with a join accept ...". */
void gateway_refusal_text(const struct gateway_candidate *c, char *out, size_t size);

/*
 * Margin of the downlink, from what the gateway heard of the device: SNR at the downlink's bandwidth less the floor of
 * its rate. Without an SNR (FSK) it is taken from the RSSI over thermal noise. 0 for rates without a floor.
 */
int link_margin_db10(const struct radio *up, bool has_snr, int snr_db10, int rssi_dbm, const struct radio *down);

/* What a wider receiver loses to noise: 10 log10(down / up), in tenths of dB. */
int bandwidth_db10(uint32_t up_hz, uint32_t down_hz);

#endif
