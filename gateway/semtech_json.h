/*
 * semtech_json.h - the JSON of the Semtech UDP protocol, both ways; no socket, no state.
 *
 * The protocol's own keys (tmst, datr, lsnr ...) stay in here. What is read was written by a
 * stranger: values are range-checked, text is never trusted to end. Reading is lenient where
 * forwarders are known to differ: unknown keys and optional values of a wrong type are passed over,
 * decimals serve as integers, keys come in any order, the last of two equal keys counts.
 */
#ifndef LS_GATEWAY_SEMTECH_JSON_H
#define LS_GATEWAY_SEMTECH_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/gateway.h"

/* Frequencies that a claim or a downlink may name; the regions are narrower. */
#define SEMTECH_FREQ_MIN_HZ 100000000
#define SEMTECH_FREQ_MAX_HZ 3000000000

#define SEMTECH_DATAGRAM_OUT_MAX 999 /* a forwarder reads into 1000 octets */
#define SEMTECH_ENTRIES_MAX 256      /* rxpk entries taken from one datagram; forwarders batch up to 255 */
#define SEMTECH_SIGNALS_MAX 8        /* rsig elements (antennas) taken from one entry */

/* Receives what a PUSH_DATA holds, during semtech_read_push(). */
struct semtech_push {
	void *arg;
	/* One call per antenna that heard the frame. Borrowed; the callee may fill in rx.uplink_id. */
	void (*on_frame)(void *arg, struct rx_frame *frame);
	void (*on_stats)(void *arg, const struct gateway_stats *stats);
};

/*
 * Read the body of a PUSH_DATA. `base` gives what the text does not: gateway, arrival times.
 * Entries are handed over as they are read; one that makes no sense is left out and counted in
 * *bad_entries, the others are delivered. LS_EFORMAT: the text is not JSON (too deep counts as
 * that); what stood before the fault has been delivered. An empty body is LS_OK.
 *
 * An entry is good with: modu, datr fitting it, freq 100 MHz..3 GHz, data of 1..255 octets, size
 * equal to that if given, tmst in 32 bits if given. Without tmst context_len is 0.
 */
int semtech_read_push(const char *json, size_t len, const struct rx_info *base, const struct semtech_push *push,
                      unsigned *bad_entries);

/*
 * Read the body of a TX_ACK into status, warned, warn_value and text of *ack; the rest of it is
 * left alone. No body, no error in it, "NONE" and "" mean TX_OK. LS_EFORMAT: not JSON.
 */
int semtech_read_tx_ack(const char *json, size_t len, struct tx_ack *ack);

/*
 * Write a PULL_RESP datagram (4 octets of header and the txpk object) into buf, at most `cap`
 * and SEMTECH_DATAGRAM_OUT_MAX octets. `version` is the gateway's.
 *
 * LS_EINVAL: the protocol cannot say it (LR-FHSS, a delay without the context of an uplink, a
 * data rate or frequency out of range, empty payload). LS_ELONG: does not fit.
 */
int semtech_write_pull_resp(uint8_t version, const uint8_t token[2], const uint8_t *phy, size_t phy_len,
                            const struct tx_option *option, uint8_t *buf, size_t cap, size_t *len);

#endif
