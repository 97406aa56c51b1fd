/*
 * payload.h - what lssim puts in FRMPayload, so that loss and latency can be counted where the
 * events come out.
 *
 *   octets   0..3                      4..11                       12..
 *          +-------------------------+---------------------------+------------------+
 *          | sequence number, 32 bit | send time, ns, 64 bit     | fill: a5 a5 a5.. |
 *          +-------------------------+---------------------------+------------------+
 *
 * Both numbers are most significant octet first. The sequence number counts the data uplinks of
 * one run over all devices, from 0 without a gap: a missing number is a lost uplink. A repeat of
 * a confirmed uplink is the same frame, so it carries the same number and time. The send time is
 * CLOCK_MONOTONIC of this machine when the frame was built, just before it left. A payload
 * shorter than 12 octets (--payload-size) is cut: from 4 octets on the number is whole, from 12
 * on the time too.
 */
#ifndef LS_SIM_PAYLOAD_H
#define LS_SIM_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_SEQ_SIZE 4
#define PAYLOAD_FULL_SIZE 12
#define PAYLOAD_FILL 0xa5

static inline void payload_write(uint8_t *out, size_t size, uint32_t seq, uint64_t sent_ns)
{
	size_t i;

	for (i = 0; i < size && i < PAYLOAD_SEQ_SIZE; i++)
		out[i] = (uint8_t)(seq >> (24 - 8 * i));
	for (; i < size && i < PAYLOAD_FULL_SIZE; i++)
		out[i] = (uint8_t)(sent_ns >> (56 - 8 * (i - PAYLOAD_SEQ_SIZE)));
	for (; i < size; i++)
		out[i] = PAYLOAD_FILL;
}

#endif
