/*
 * semtech_protocol.h - the Semtech UDP protocol (GWMP, versions 1 and 2) without socket and clock:
 * datagrams and times go in, datagrams and calls of the gateway sink come out.
 *
 *   octet 0    1..2    3    4..11     12..
 *   version    token   id   gateway   JSON     PUSH_DATA 0, PULL_DATA 2, TX_ACK 5 (from the gateway)
 *   version    token   id                      PUSH_ACK 1, PULL_ACK 4
 *   version    token   id   JSON               PULL_RESP 3
 *
 * semtech_udp.c drives it from a socket, the fuzzer and tests from memory.
 */
#ifndef LS_GATEWAY_SEMTECH_PROTOCOL_H
#define LS_GATEWAY_SEMTECH_PROTOCOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/gateway.h"

#define SEMTECH_PATH_LIFE_US UINT64_C(90000000)      /* some gateways send a PULL_DATA each 30 s */
#define SEMTECH_CONFLICT_US UINT64_C(10000000)
#define SEMTECH_TX_ACK_LIFE_US UINT64_C(60000000)
#define SEMTECH_GATEWAYS_MAX (1u << 17)
#define SEMTECH_PENDING_MAX 4096 /* unanswered downlinks a gateway; the table grows to that */
#define SEMTECH_HELD_MAX 1024  /* downlinks held back for v1 gateways, all together */

union semtech_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

#define SEMTECH_ADDR_TEXT_SIZE 72

/* "192.0.2.1:1700" (also for an IPv4 address mapped into IPv6), "[2001:db8::1]:1700". Returns buf. */
char *semtech_addr_format(const union semtech_addr *addr, char buf[SEMTECH_ADDR_TEXT_SIZE]);

struct semtech_time {
	uint64_t mono_us;
	int64_t wall_us;
};

struct semtech_io {
	void *arg;
	/* Send at once or not at all; LS_EIO when the socket refused. */
	int (*transmit)(void *arg, const union semtech_addr *to, const uint8_t *data, size_t len);
	/* Call semtech_release() at this time; replaces the time asked for before. */
	void (*wake)(void *arg, uint64_t mono_us);
};

struct semtech;

/* `sink` and `io` are copied. `seed` keys the hash tables and the tokens. NULL when memory is out. */
struct semtech *semtech_new(const struct gateway_sink *sink, const struct semtech_io *io, uint32_t v1_lead_us,
                            const uint8_t seed[16]);
void semtech_free(struct semtech *s); /* drops what is held back */

/* One datagram, borrowed. `from` is IPv4 or IPv6. */
void semtech_receive(struct semtech *s, const union semtech_addr *from, const uint8_t *data, size_t len,
                     const struct semtech_time *now);

/* As gateway_protocol.send and has_path. */
int semtech_send(struct semtech *s, uint64_t now_us, struct eui64 gateway_id, uint32_t downlink_id,
                 const uint8_t *phy, size_t phy_len, const struct tx_option *option);
bool semtech_has_path(const struct semtech *s, uint64_t now_us, struct eui64 gateway_id, bool *confirms);

/* Send what was held back and is due. */
void semtech_release(struct semtech *s, uint64_t now_us);

/* For the owner of the socket to add what it alone sees (kernel_drops, truncated datagrams). */
struct gateway_counters *semtech_counters(struct semtech *s);

#endif
