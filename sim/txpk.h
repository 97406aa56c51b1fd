/*
 * txpk.h - the JSON of a PULL_RESP as a packet forwarder reads it (semtech-udp.md section 8),
 * only stricter: what a forwarder would drop in silence is an error with a reason here.
 */
#ifndef LS_SIM_TXPK_H
#define LS_SIM_TXPK_H

#include <stddef.h>
#include <stdint.h>

#include "lorawan/phy.h"
#include "lorawan/region.h"

/* Largest datagram a reference forwarder receives whole. */
#define PULL_RESP_MAX 999

enum txpk_timing { TXPK_TMST, TXPK_IMMEDIATE, TXPK_GPS };

struct txpk {
	enum txpk_timing timing;
	uint32_t tmst;          /* TXPK_TMST */
	uint64_t gps_ms;        /* TXPK_GPS, "tmms" */
	uint32_t freq_hz;
	struct radio radio;
	int power_dbm;
	uint8_t phy[PHY_MAX];
	size_t len;
};

/* LS_OK, or LS_EFORMAT with a clause in why (cap octets). */
int txpk_parse(const char *json, size_t len, struct txpk *out, char *why, size_t cap);

#endif
