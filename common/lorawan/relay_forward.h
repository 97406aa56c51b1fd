/*
 * relay_forward.h - ForwardUplinkReq, what a relay sends on FPort 226 (TS011-1.0.0, mac-commands.md section 6):
 *
 *   metadata (3, LE: 17:16 WOR channel, 15:9 RSSI, 8:4 SNR, 3:0 data rate) | frequency (3) | PHYPayload of the device
 */
#ifndef LS_LORAWAN_RELAY_FORWARD_H
#define LS_LORAWAN_RELAY_FORWARD_H

#include <stddef.h>
#include <stdint.h>

struct relay_forward {
	uint8_t dr;
	int8_t snr_db;          /* -20..11 */
	int16_t rssi_dbm;       /* -15..-142 */
	uint8_t wor_channel;    /* 0 default, 1 second */
	uint32_t freq_hz;
	const uint8_t *phy;     /* borrowed */
	size_t phy_len;
};

/* LS_ESHORT without a PHYPayload. *out points into buf. */
int relay_forward_parse(const uint8_t *buf, size_t len, struct relay_forward *out);

/* Octets written; LS_ERANGE when a value does not fit, LS_ELONG when out is too small (both negative). */
int relay_forward_write(const struct relay_forward *f, uint8_t *out, size_t cap);

#endif
