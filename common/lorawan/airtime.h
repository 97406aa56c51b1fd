/* airtime.h - time on air in microseconds. */
#ifndef LS_LORAWAN_AIRTIME_H
#define LS_LORAWAN_AIRTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region.h"

struct lora_airtime_params {
	size_t payload_len;
	uint8_t sf;
	uint32_t bandwidth_hz;
	uint8_t code_rate;       /* 1..4 for 4/5..4/8 */
	unsigned preamble;       /* symbols, without the 4.25 (2.25 + sync) ones */
	bool explicit_header, crc, ldro;
};

uint32_t lora_payload_symbols(const struct lora_airtime_params *p);
uint32_t lora_airtime_us(const struct lora_airtime_params *p); /* rounded to the nearest us */

/*
 * Time on air of a LoRaWAN frame of phy_len octets; `crc` is for LoRa, whose downlinks carry no
 * PHY CRC. The others always carry theirs. 0 for radios that are not valid.
 */
uint32_t radio_airtime_us(const struct radio *radio, size_t phy_len, bool crc);

#endif
