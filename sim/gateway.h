/*
 * gateway.h - gateways as the server sees them: Semtech UDP, version 2 (semtech-udp.md).
 *
 * Like a packet forwarder each gateway has a socket for PUSH and one for PULL; from
 * GATEWAYS_TWO_SOCKETS on one serves for both. Frames of a batch are sent with one sendmmsg()
 * per gateway. The concentrator counter (tmst) of a gateway is the monotonic clock plus an
 * offset of its own, so no two gateways agree on it.
 */
#ifndef LS_SIM_GATEWAY_H
#define LS_SIM_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define GATEWAYS_TWO_SOCKETS 100
#define GATEWAY_BATCH 64
#define KEEPALIVE_US 5000000
#define STAT_US 30000000

struct gateways;

struct gateway {
	struct gateways *set;
	uint64_t id;
	uint32_t clock_offset;
	int push_fd, pull_fd;        /* the same number with one socket */
	uint16_t token;              /* of the next PUSH_DATA or PULL_DATA */
	uint64_t tokens;             /* used so far */
	bool is_connected;           /* a PULL_ACK came */
	int16_t rssi_dbm;
	int16_t snr_db10;
	uint64_t pushes, push_acks;
	uint64_t downlinks;
	uint64_t frames, stat_acks, stat_pushes, stat_frames, stat_downlinks; /* at the last stat */
	uv_poll_t poll[2];
};

/* Upward calls. `json` is valid during the call only. */
struct gateway_events {
	void (*connected)(void *arg, struct gateway *g);
	void (*pull_resp)(void *arg, struct gateway *g, const uint8_t token[2], const char *json, size_t len);
	void (*wrong)(void *arg, struct gateway *g, const char *why); /* a datagram no server should send */
	void *arg;
};

struct gateways {
	struct gateway *all;
	uint32_t n, n_connected;
	uv_loop_t *loop;
	struct gateway_events events;
	uint64_t datagrams, push_acks, not_sent, refused;
	char *receive_buffers;
};

struct gateways_setup {
	const char *server;          /* HOST:PORT, [V6]:PORT */
	uint32_t n;
	uint64_t first_id, seed;
	double rssi, snr;
};

/* Opens all sockets. LS_EINVAL: server not understood; LS_EIO: with errno. A message is printed. */
int gateways_open(struct gateways *s, uv_loop_t *loop, const struct gateways_setup *setup,
                  const struct gateway_events *events);
void gateways_close(struct gateways *s); /* stops polling; run the loop once more, then gateways_free() */
void gateways_free(struct gateways *s);

void gateway_send_pull_data(struct gateway *g);
void gateway_send_stat(struct gateway *g);

/* error NULL: accepted. */
void gateway_send_tx_ack(struct gateway *g, const uint8_t token[2], const char *error);

/*
 * A frame as all gateways hear it: `text` is the part of the rxpk that is the same for all, up
 * to the end of the datagram.
 */
struct heard_frame {
	uint64_t end_us;
	bool has_snr;
	uint8_t down_db;     /* weaker than at full power */
	size_t text_len;
	char text[600];
};

/* One PUSH_DATA per frame from every gateway; n at most GATEWAY_BATCH. */
void gateways_push(struct gateways *s, const struct heard_frame *frames, unsigned n);

/* tmst of a gateway to the monotonic clock, nearest to now_us. */
uint64_t gateway_time_us(const struct gateway *g, uint32_t tmst, uint64_t now_us);

#endif
