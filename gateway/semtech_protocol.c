/*
 * A gateway has a `peer` here from its first PULL_DATA on, provided it is registered. The peer holds
 * the path (address, version, time of the last PULL_DATA) and the downlinks that still wait for
 * their TX_ACK: a ring of the last 32, made with the first downlink. Uplinks need no peer at all.
 *
 * GWMP has no authentication. What can be done without it: only registered gateways get a path;
 * tokens are not predictable; a TX_ACK counts only if it comes from the path's host, though from
 * any port, since some forwarders answer from another socket.
 *
 * A version 1 gateway has one transmit slot and no queue, so its PULL_RESP waits here in a list
 * sorted by time until shortly before the emission, and goes to the path as it is then.
 */
#include "gateway/semtech_protocol.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/ptr_table.h"
#include "base/siphash.h"
#include "gateway/semtech_json.h"

#define HEADER_LEN 12
#define SWEEP_PERIOD_US UINT64_C(10000000)

enum packet_id { PUSH_DATA = 0, PUSH_ACK = 1, PULL_DATA = 2, PULL_RESP = 3, PULL_ACK = 4, TX_ACK = 5 };

#define PENDING_FIRST 32
#define PENDING_WAITS_US UINT64_C(2000000) /* whoever waits for a TX_ACK gives up by then */

struct pending {
	uint64_t sent_us; /* 0: free */
	uint32_t downlink_id;
	uint8_t token[2];
};

struct peer {
	struct eui64 gateway_id;
	union semtech_addr addr;
	uint64_t pulled_us;
	uint8_t version;
	uint16_t next_pending, n_pending;
	struct pending *pending; /* [n_pending], the oldest is overwritten when the table may not grow */
};

struct held {
	struct held *next;
	uint64_t due_us;
	struct eui64 gateway_id;
	uint32_t downlink_id;
	size_t len;
	uint8_t data[];
};

struct semtech {
	struct gateway_sink sink;
	struct semtech_io io;
	struct gateway_counters counters;
	struct siphash_key key;
	struct ptr_table peers;
	uint64_t swept_us;
	uint64_t token_count;
	uint64_t uplink_state;
	uint32_t v1_lead_us;
	struct held *held; /* sorted by due_us */
	size_t n_held;
};

static uint64_t peer_hash(const void *entry, const void *arg)
{
	const struct peer *p = entry;
	const struct semtech *s = arg;

	return siphash(&s->key, p->gateway_id.be, sizeof(p->gateway_id.be));
}

static bool peer_is(const void *entry, const void *gateway_id)
{
	return memcmp(((const struct peer *)entry)->gateway_id.be, gateway_id, 8) == 0;
}

static struct peer *peer_find(const struct semtech *s, struct eui64 gateway_id)
{
	return ptr_table_find(&s->peers, siphash(&s->key, gateway_id.be, sizeof(gateway_id.be)), peer_is,
	                      gateway_id.be);
}

static void peer_delete(struct semtech *s, struct peer *p)
{
	ptr_table_remove(&s->peers, p);
	free(p->pending);
	free(p);
}

static bool peer_is_reachable(const struct peer *p, uint64_t now_us)
{
	return p && now_us - p->pulled_us <= SEMTECH_PATH_LIFE_US;
}

/* The table is full: let go of gateways that went silent. Rarely, for it walks all of them. */
static void sweep(struct semtech *s, uint64_t now_us)
{
	struct peer *p;
	size_t at = 0;

	if (s->swept_us && now_us - s->swept_us < SWEEP_PERIOD_US)
		return;
	s->swept_us = now_us;
	while ((p = ptr_table_next(&s->peers, &at)))
		if (!peer_is_reachable(p, now_us))
			peer_delete(s, p);
}

static struct peer *peer_add(struct semtech *s, struct eui64 gateway_id, uint64_t now_us)
{
	struct peer *p;

	if (s->peers.used >= SEMTECH_GATEWAYS_MAX)
		sweep(s, now_us);
	if (s->peers.used >= SEMTECH_GATEWAYS_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->gateway_id = gateway_id;
	if (ptr_table_add(&s->peers, p)) {
		free(p);
		return NULL;
	}
	return p;
}

struct semtech *semtech_new(const struct gateway_sink *sink, const struct semtech_io *io, uint32_t v1_lead_us,
                            const uint8_t seed[16])
{
	struct semtech *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sink = *sink;
	s->io = *io;
	s->v1_lead_us = v1_lead_us;
	memcpy(&s->key.k0, seed, 8);
	memcpy(&s->key.k1, seed + 8, 8);
	s->uplink_state = siphash(&s->key, "uplink_id", 9);
	ptr_table_init(&s->peers, peer_hash, s);
	return s;
}

void semtech_free(struct semtech *s)
{
	struct peer *p;
	struct held *h;
	size_t at = 0;

	if (!s)
		return;
	while ((p = ptr_table_next(&s->peers, &at))) {
		free(p->pending);
		free(p);
	}
	ptr_table_fini(&s->peers);
	while ((h = s->held)) {
		s->held = h->next;
		free(h);
	}
	free(s);
}

struct gateway_counters *semtech_counters(struct semtech *s)
{
	return &s->counters;
}

static bool same_host(const union semtech_addr *a, const union semtech_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

static bool same_addr(const union semtech_addr *a, const union semtech_addr *b)
{
	return same_host(a, b) && (a->sa.sa_family == AF_INET ? a->in.sin_port == b->in.sin_port
	                                                      : a->in6.sin6_port == b->in6.sin6_port);
}

char *semtech_addr_format(const union semtech_addr *addr, char buf[SEMTECH_ADDR_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN];
	const struct in6_addr *in6 = &addr->in6.sin6_addr;

	if (addr->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &addr->in.sin_addr, host, sizeof(host));
		snprintf(buf, SEMTECH_ADDR_TEXT_SIZE, "%s:%u", host, ntohs(addr->in.sin_port));
	} else if (IN6_IS_ADDR_V4MAPPED(in6)) {
		inet_ntop(AF_INET, &in6->s6_addr[12], host, sizeof(host));
		snprintf(buf, SEMTECH_ADDR_TEXT_SIZE, "%s:%u", host, ntohs(addr->in6.sin6_port));
	} else {
		inet_ntop(AF_INET6, in6, host, sizeof(host));
		snprintf(buf, SEMTECH_ADDR_TEXT_SIZE, "[%s]:%u", host, ntohs(addr->in6.sin6_port));
	}
	return buf;
}

/* The version and token octets go back as they came. */
static void acknowledge(struct semtech *s, const union semtech_addr *to, const uint8_t *datagram, enum packet_id id)
{
	uint8_t ack[4] = {datagram[0], datagram[1], datagram[2], (uint8_t)id};

	if (s->io.transmit(s->io.arg, to, ack, sizeof(ack)))
		s->counters.send_errors++;
	else
		s->counters.acks_sent++;
}

struct push_context {
	struct semtech *s;
	bool is_known;
};

static void deliver_frame(void *arg, struct rx_frame *frame)
{
	struct push_context *c = arg;
	uint64_t z = c->s->uplink_state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	frame->rx.uplink_id = (uint32_t)(z >> 32);
	c->s->counters.frames++;
	c->s->sink.on_uplink(c->s->sink.arg, frame, c->is_known);
}

static void deliver_stats(void *arg, const struct gateway_stats *stats)
{
	struct push_context *c = arg;

	c->s->sink.on_stats(c->s->sink.arg, stats, c->is_known);
}

static void receive_push(struct semtech *s, struct eui64 gateway_id, bool is_known, const char *json, size_t len,
                         const struct semtech_time *now)
{
	struct rx_info base = {.gateway_id = gateway_id, .recv_mono_us = now->mono_us, .recv_wall_us = now->wall_us};
	struct push_context context = {.s = s, .is_known = is_known};
	struct semtech_push push = {.arg = &context, .on_frame = deliver_frame, .on_stats = deliver_stats};
	unsigned bad_entries;

	if (semtech_read_push(json, len, &base, &push, &bad_entries))
		s->counters.malformed++;
	s->counters.bad_entries += bad_entries;
}

static void receive_pull(struct semtech *s, struct eui64 gateway_id, const union semtech_addr *from, uint8_t version,
                         uint64_t now_us)
{
	struct peer *p = peer_find(s, gateway_id);
	char addr[SEMTECH_ADDR_TEXT_SIZE];
	bool changed = p && !same_addr(&p->addr, from);
	bool conflict = changed && now_us - p->pulled_us < SEMTECH_CONFLICT_US;

	if (!p)
		p = peer_add(s, gateway_id, now_us);
	if (!p)
		return; /* no room or memory: as if it had not come */
	p->addr = *from;
	p->version = version;
	p->pulled_us = now_us;
	s->counters.address_changes += changed;
	s->sink.on_path(s->sink.arg, gateway_id, semtech_addr_format(from, addr), changed, conflict);
}

static struct pending *pending_find(const struct peer *p, const uint8_t token[2], uint64_t now_us)
{
	for (size_t i = 0; i < p->n_pending; i++) {
		struct pending *q = &p->pending[i];

		if (q->sent_us && now_us - q->sent_us <= SEMTECH_TX_ACK_LIFE_US && memcmp(q->token, token, 2) == 0)
			return q;
	}
	return NULL;
}

static void receive_tx_ack(struct semtech *s, struct eui64 gateway_id, const union semtech_addr *from,
                           const uint8_t *data, size_t len, uint64_t now_us)
{
	struct tx_ack ack = {.gateway_id = gateway_id, .warn_value = NAN};
	struct peer *p = peer_find(s, gateway_id);
	struct pending *q;
	uint64_t round_trip_us;

	if (p && !same_host(&p->addr, from)) {
		s->counters.malformed++;
		s->counters.tx_acks_foreign++;
		return;
	}
	q = p ? pending_find(p, data + 1, now_us) : NULL;
	if (!q) {
		s->counters.tx_acks_stray++;
		return;
	}
	/* 13 octets are a bare TX_ACK too: some forwarders append a stray one. */
	if (len >= 14 && semtech_read_tx_ack((const char *)data + HEADER_LEN, len - HEADER_LEN, &ack)) {
		s->counters.malformed++;
		return; /* it may mean anything; the downlink's own timeout decides */
	}
	round_trip_us = now_us - q->sent_us;
	ack.downlink_id = q->downlink_id;
	ack.round_trip_us = (uint32_t)round_trip_us; /* at most SEMTECH_TX_ACK_LIFE_US */
	q->sent_us = 0;
	s->counters.tx_acks++;
	s->sink.on_tx_ack(s->sink.arg, &ack);
}

void semtech_receive(struct semtech *s, const union semtech_addr *from, const uint8_t *data, size_t len,
                     const struct semtech_time *now)
{
	char addr[SEMTECH_ADDR_TEXT_SIZE];
	struct eui64 gateway_id;
	struct peer *p;
	bool is_known;

	s->counters.datagrams++;
	if (len < HEADER_LEN || data[0] < 1 || data[0] > 2 ||
	    (data[3] != PUSH_DATA && data[3] != PULL_DATA && data[3] != TX_ACK)) {
		s->counters.malformed++;
		return;
	}
	/* First the acknowledgement: the gateway waits 100 ms for it and learns nothing from a late one. */
	if (data[3] == PUSH_DATA)
		acknowledge(s, from, data, PUSH_ACK);
	else if (data[3] == PULL_DATA)
		acknowledge(s, from, data, PULL_ACK);

	memcpy(gateway_id.be, data + 4, sizeof(gateway_id.be));
	is_known = s->sink.is_known(s->sink.arg, gateway_id);
	if (!is_known) {
		s->counters.unknown_gateways++;
		s->sink.on_unknown(s->sink.arg, gateway_id, semtech_addr_format(from, addr));
	}
	if (data[3] == PUSH_DATA) {
		receive_push(s, gateway_id, is_known, (const char *)data + HEADER_LEN, len - HEADER_LEN, now);
	} else if (!is_known) {
		p = peer_find(s, gateway_id); /* it was registered once */
		if (p)
			peer_delete(s, p);
	} else if (data[3] == PULL_DATA) {
		receive_pull(s, gateway_id, from, data[0], now->mono_us);
	} else {
		receive_tx_ack(s, gateway_id, from, data, len, now->mono_us);
	}
}

/* A token none of the gateway's waiting downlinks has. */
static void make_token(struct semtech *s, const struct peer *p, uint64_t now_us, uint8_t token[2])
{
	do {
		uint64_t count = s->token_count++;
		uint64_t h = siphash(&s->key, &count, sizeof(count));

		memcpy(token, &h, 2);
	} while (pending_find(p, token, now_us));
}

/* A place for one more downlink: grows while the place that comes next still waits for its TX_ACK. */
static bool make_pending(struct peer *p, uint64_t now_us)
{
	const struct pending *next = p->n_pending ? &p->pending[p->next_pending] : NULL;
	size_t n = p->n_pending ? p->n_pending * 2u : PENDING_FIRST;
	struct pending *more;

	if (next && (!next->sent_us || now_us - next->sent_us > PENDING_WAITS_US || n > SEMTECH_PENDING_MAX))
		return true;
	more = realloc(p->pending, n * sizeof(*more));
	if (!more)
		return p->n_pending > 0;
	memset(more + p->n_pending, 0, (n - p->n_pending) * sizeof(*more));
	p->pending = more;
	p->next_pending = p->n_pending;
	p->n_pending = (uint16_t)n;
	return true;
}

static int transmit_downlink(struct semtech *s, const struct peer *p, const uint8_t *data, size_t len)
{
	int rc = s->io.transmit(s->io.arg, &p->addr, data, len);

	if (rc)
		s->counters.send_errors++;
	else
		s->counters.downlinks_sent++;
	return rc;
}

static int hold_back(struct semtech *s, struct eui64 gateway_id, uint32_t downlink_id, uint64_t due_us,
                     const uint8_t *data, size_t len)
{
	struct held **at = &s->held, *h;

	if (s->n_held == SEMTECH_HELD_MAX) {
		s->counters.send_errors++;
		return LS_EFULL;
	}
	h = malloc(sizeof(*h) + len);
	if (!h)
		return LS_ENOMEM;
	h->gateway_id = gateway_id;
	h->downlink_id = downlink_id;
	h->due_us = due_us;
	h->len = len;
	memcpy(h->data, data, len);
	while (*at && (*at)->due_us <= due_us)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	s->n_held++;
	if (s->held == h)
		s->io.wake(s->io.arg, due_us);
	return LS_OK;
}

void semtech_release(struct semtech *s, uint64_t now_us)
{
	struct held *h;

	while ((h = s->held) && h->due_us <= now_us) {
		struct peer *p = peer_find(s, h->gateway_id);
		struct tx_ack ack = {
			.gateway_id = h->gateway_id, .downlink_id = h->downlink_id, .status = TX_OK, .warn_value = NAN};

		s->held = h->next;
		s->n_held--;
		if (!peer_is_reachable(p, now_us)) {
			s->counters.send_errors++;
			ack.status = TX_INTERNAL_ERROR;
			snprintf(ack.text, sizeof(ack.text), "no path");
		} else if (transmit_downlink(s, p, h->data, h->len)) {
			ack.status = TX_INTERNAL_ERROR;
			snprintf(ack.text, sizeof(ack.text), "not sent");
		}
		free(h);
		/* In place of the TX_ACK that version 1 does not have. */
		s->sink.on_tx_ack(s->sink.arg, &ack);
	}
	if (s->held)
		s->io.wake(s->io.arg, s->held->due_us);
}

int semtech_send(struct semtech *s, uint64_t now_us, struct eui64 gateway_id, uint32_t downlink_id,
                 const uint8_t *phy, size_t phy_len, const struct tx_option *option)
{
	struct peer *p = peer_find(s, gateway_id);
	uint8_t data[SEMTECH_DATAGRAM_OUT_MAX], token[2] = {0, 0};
	size_t len;
	int rc;

	if (!peer_is_reachable(p, now_us))
		return LS_ENOTFOUND;
	if (p->version >= 2) {
		if (!make_pending(p, now_us))
			return LS_ENOMEM;
		make_token(s, p, now_us, token);
	}
	rc = semtech_write_pull_resp(p->version, token, phy, phy_len, option, data, sizeof(data), &len);
	if (rc) {
		s->counters.send_errors++;
		return rc;
	}
	if (p->version < 2) {
		uint64_t due_us = option->emit_mono_us > now_us + s->v1_lead_us ? option->emit_mono_us - s->v1_lead_us : now_us;

		return hold_back(s, gateway_id, downlink_id, due_us, data, len);
	}
	rc = transmit_downlink(s, p, data, len);
	if (rc)
		return rc;
	p->pending[p->next_pending] = (struct pending){.sent_us = now_us, .downlink_id = downlink_id};
	memcpy(p->pending[p->next_pending].token, token, sizeof(token));
	p->next_pending = (uint16_t)((p->next_pending + 1) % p->n_pending);
	return LS_OK;
}

bool semtech_has_path(const struct semtech *s, uint64_t now_us, struct eui64 gateway_id, bool *confirms)
{
	const struct peer *p = peer_find(s, gateway_id);

	if (!peer_is_reachable(p, now_us))
		return false;
	*confirms = p->version >= 2;
	return true;
}
