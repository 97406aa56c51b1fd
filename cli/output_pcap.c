/*
 * output_pcap.c - frames as a capture file that Wireshark dissects: classic pcap, one LoRaTap header
 * (version 0, link type 270) before each PHYPayload.
 *
 * LoRaTap tells of one receiver only; it is the one that heard the frame best. A downlink has none: its RSSI and SNR
 * are 0 as raw values. FSK and LR-FHSS have no place in that version; such frames have spreading factor 0.
 * Times are microseconds, all numbers of the file itself in the order of this machine, as the format allows; those of
 * LoRaTap in network order.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "output.h"

#define LINK_TYPE_LORATAP 270
#define LORATAP_SIZE 15
#define SYNC_WORD_LORAWAN 0x34
#define FRAME_MAX 255

static void put_u32(uint32_t value)
{
	fwrite(&value, sizeof(value), 1, stdout);
}

static void put_u16(uint16_t value)
{
	fwrite(&value, sizeof(value), 1, stdout);
}

static void pcap_begin(struct output *out)
{
	(void)out;
	put_u32(0xa1b2c3d4); /* microseconds */
	put_u16(2);
	put_u16(4);
	put_u32(0); /* UTC */
	put_u32(0);
	put_u32(65535);
	put_u32(LINK_TYPE_LORATAP);
	fflush(stdout); /* a reader of a live capture shows itself ready */
}

static uint8_t clamp_u8(double value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

/*
 * RSSI in dB above -139 dBm, SNR in quarters of a dB. LoRaTap's text wants quarters for an RSSI under the
 * noise floor too, but Wireshark reads whole ones, and it is Wireshark that people look with.
 */
static void put_signal(const json_t *receivers, uint8_t *header)
{
	const json_t *receiver, *best = NULL;
	size_t i;

	json_array_foreach((json_t *)receivers, i, receiver)
		if (!best || json_number_value(json_object_get(receiver, "snr_db")) >
		                 json_number_value(json_object_get(best, "snr_db")))
			best = receiver;
	if (!best)
		return;
	double rssi = json_number_value(json_object_get(best, "rssi_dbm"));
	double snr = json_number_value(json_object_get(best, "snr_db"));
	double quarters = snr * 4 < -128 ? -128 : snr * 4 > 127 ? 127 : snr * 4;

	header[10] = clamp_u8(rssi + 139);
	header[13] = (uint8_t)(int8_t)quarters;
}

static void make_header(const json_t *frame, uint8_t header[LORATAP_SIZE])
{
	const json_t *lora = json_object_get(json_object_get(frame, "modulation"), "lora");
	uint32_t freq_hz = (uint32_t)json_integer_value(json_object_get(frame, "freq_hz"));
	json_int_t bandwidth_hz = json_integer_value(json_object_get(lora, "bandwidth"));

	memset(header, 0, LORATAP_SIZE);
	header[3] = LORATAP_SIZE;
	header[4] = (uint8_t)(freq_hz >> 24);
	header[5] = (uint8_t)(freq_hz >> 16);
	header[6] = (uint8_t)(freq_hz >> 8);
	header[7] = (uint8_t)freq_hz;
	header[8] = (uint8_t)(bandwidth_hz / 125000);
	header[9] = (uint8_t)json_integer_value(json_object_get(lora, "spreadingFactor"));
	put_signal(json_object_get(frame, "receivers"), header);
	header[14] = SYNC_WORD_LORAWAN;
}

static void pcap_row(struct output *out, json_t *frame)
{
	const char *hex = json_string_value(json_object_get(frame, "phy_payload"));
	const char *time = json_string_value(json_object_get(frame, "time"));
	uint8_t header[LORATAP_SIZE], octets[FRAME_MAX];
	size_t len = 0;
	int64_t time_us = 0;

	(void)out;
	/* A row without a frame: a gap, or a frame whose octets are unknown. */
	if (!hex || !time || clock_parse(time, strlen(time), &time_us) != LS_OK ||
	    hex_decode(hex, strlen(hex), octets, sizeof(octets), &len) != LS_OK || len == 0)
		return;
	make_header(frame, header);
	put_u32((uint32_t)(time_us / 1000000));
	put_u32((uint32_t)(time_us % 1000000));
	put_u32((uint32_t)(LORATAP_SIZE + len));
	put_u32((uint32_t)(LORATAP_SIZE + len));
	fwrite(header, sizeof(header), 1, stdout);
	fwrite(octets, len, 1, stdout);
}

const struct output_form output_pcap = {.name = "pcap", .begin = pcap_begin, .row = pcap_row};
