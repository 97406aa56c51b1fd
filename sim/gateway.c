#include "gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "prng.h"
#include "txpk.h"

#define PROTOCOL_VERSION 2
#define PUSH_DATA 0x00
#define PUSH_ACK 0x01
#define PULL_DATA 0x02
#define PULL_RESP 0x03
#define PULL_ACK 0x04
#define TX_ACK 0x05

#define HEADER_SIZE 12 /* version, token (2), id, gateway (8) */
#define RECEIVE_BATCH 64
#define RECEIVE_SIZE 2048
#define SOCKET_BUFFER (4 << 20)

/* ---- opening ---- */

static int resolve(const char *server, struct addrinfo **out)
{
	char host[256];
	const char *colon = strrchr(server, ':');
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	size_t len;
	int rc;

	if (!colon || colon == server || !colon[1] || (size_t)(colon - server) >= sizeof(host)) {
		fprintf(stderr, "lssim: --server: \"%s\" is not HOST:PORT\ntry: --server 127.0.0.1:1700\n", server);
		return LS_EINVAL;
	}
	len = (size_t)(colon - server);
	if (server[0] == '[' && server[len - 1] == ']') {
		server++;
		len -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)len, server);
	rc = getaddrinfo(host, colon + 1, &hints, out);
	if (rc) {
		fprintf(stderr, "lssim: --server: %s: %s\ntry: --server 127.0.0.1:1700\n", host, gai_strerror(rc));
		return LS_EINVAL;
	}
	return LS_OK;
}

/* A connected socket: the kernel filters strangers and tells of a closed port. */
static int open_socket(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = SOCKET_BUFFER;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void raise_file_limit(uint32_t sockets)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < sockets + 64) {
		limit.rlim_cur = limit.rlim_max < sockets + 64 ? limit.rlim_max : sockets + 64;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events);

static int open_gateway(struct gateways *s, struct gateway *g, const struct addrinfo *ai, bool two_sockets)
{
	g->push_fd = g->pull_fd = open_socket(ai);
	if (g->push_fd < 0)
		return LS_EIO;
	if (uv_poll_init(s->loop, &g->poll[0], g->push_fd))
		return LS_EIO;
	g->poll[0].data = g;
	uv_poll_start(&g->poll[0], UV_READABLE, on_readable);
	if (!two_sockets)
		return LS_OK;
	g->pull_fd = open_socket(ai);
	if (g->pull_fd < 0)
		return LS_EIO;
	if (uv_poll_init(s->loop, &g->poll[1], g->pull_fd))
		return LS_EIO;
	g->poll[1].data = g;
	uv_poll_start(&g->poll[1], UV_READABLE, on_readable);
	return LS_OK;
}

int gateways_open(struct gateways *s, uv_loop_t *loop, const struct gateways_setup *setup,
                  const struct gateway_events *events)
{
	bool two_sockets = setup->n <= GATEWAYS_TWO_SOCKETS;
	struct prng prng = {setup->seed ^ 0x6a7e};
	struct addrinfo *ai = NULL;
	int rc;

	*s = (struct gateways){.loop = loop, .events = *events};
	rc = resolve(setup->server, &ai);
	if (rc)
		return rc;
	raise_file_limit(setup->n * (two_sockets ? 2 : 1));
	s->all = calloc(setup->n, sizeof(*s->all));
	s->receive_buffers = malloc((size_t)RECEIVE_BATCH * RECEIVE_SIZE);
	rc = s->all && s->receive_buffers ? LS_OK : LS_ENOMEM;
	for (; !rc && s->n < setup->n; s->n++) {
		struct gateway *g = &s->all[s->n];

		*g = (struct gateway){.set = s, .id = setup->first_id + s->n, .push_fd = -1, .pull_fd = -1};
		g->clock_offset = (uint32_t)prng_next(&prng);
		g->token = (uint16_t)prng_next(&prng);
		g->rssi_dbm = (int16_t)(lround(setup->rssi) - 3 * (s->n % 20));
		g->snr_db10 = (int16_t)(lround(setup->snr * 10) - 5 * (s->n % 20));
		rc = open_gateway(s, g, ai, two_sockets);
	}
	freeaddrinfo(ai);
	if (rc)
		fprintf(stderr, "lssim: cannot open the sockets of gateway %" PRIu32 ": %s\n"
		                "try: fewer --gateways, or a higher `ulimit -n`\n", s->n, strerror(errno));
	return rc;
}

static void on_closed(uv_handle_t *handle)
{
	struct gateway *g = handle->data;

	close(handle == (uv_handle_t *)&g->poll[0] ? g->push_fd : g->pull_fd);
}

void gateways_close(struct gateways *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		for (int k = 0; k < 2; k++) {
			if (s->all[i].poll[k].data)
				uv_close((uv_handle_t *)&s->all[i].poll[k], on_closed);
		}
	}
}

void gateways_free(struct gateways *s)
{
	free(s->all);
	free(s->receive_buffers);
	s->all = NULL;
	s->receive_buffers = NULL;
}

/* ---- sending ---- */

/*
 * version | token | id | gateway EUI, most significant octet first
 */
static void put_header(uint8_t out[HEADER_SIZE], struct gateway *g, uint8_t id)
{
	out[0] = PROTOCOL_VERSION;
	out[1] = (uint8_t)(g->token >> 8);
	out[2] = (uint8_t)g->token;
	out[3] = id;
	for (int i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(g->id >> (56 - 8 * i));
	g->token++;
	g->tokens++;
}

/*
 * Send all n. A closed port shows as ECONNREFUSED of an earlier datagram: counted, tried again.
 * A full socket buffer is waited for shortly; what still does not fit is counted as not sent.
 */
static void send_all(struct gateways *s, int fd, struct mmsghdr *msgs, unsigned n)
{
	unsigned done = 0, stuck = 0;

	while (done < n && stuck < 8) {
		int sent = sendmmsg(fd, msgs + done, n - done, 0);

		if (sent > 0) {
			done += (unsigned)sent;
			continue;
		}
		stuck++;
		if (errno == ECONNREFUSED) {
			s->refused++;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			poll(&p, 1, 5);
		} else if (errno != EINTR) {
			break;
		}
	}
	s->datagrams += done;
	s->not_sent += n - done;
}

static void send_one(struct gateways *s, int fd, const void *data, size_t len)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct mmsghdr msg = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};

	send_all(s, fd, &msg, 1);
}

void gateway_send_pull_data(struct gateway *g)
{
	uint8_t datagram[HEADER_SIZE];

	put_header(datagram, g, PULL_DATA);
	send_one(g->set, g->pull_fd, datagram, sizeof(datagram));
}

void gateway_send_tx_ack(struct gateway *g, const uint8_t token[2], const char *error)
{
	uint8_t datagram[HEADER_SIZE + 80];
	size_t len = HEADER_SIZE;

	put_header(datagram, g, TX_ACK);
	g->token--; /* the server's token, none of ours */
	g->tokens--;
	memcpy(datagram + 1, token, 2);
	if (error)
		len += (size_t)snprintf((char *)datagram + len, sizeof(datagram) - len,
		                        "{\"txpk_ack\":{\"error\":\"%s\"}}", error);
	send_one(g->set, g->pull_fd, datagram, len);
}

void gateway_send_stat(struct gateway *g)
{
	uint8_t datagram[HEADER_SIZE + 400];
	uint64_t pushes = g->pushes - g->stat_pushes, acks = g->push_acks - g->stat_acks;
	uint64_t frames = g->frames - g->stat_frames, downlinks = g->downlinks - g->stat_downlinks;
	double ack_percent = pushes ? 100.0 * (double)(acks < pushes ? acks : pushes) / (double)pushes : 0.0;
	time_t now = time(NULL);
	struct tm tm;
	char when[40];
	size_t len = HEADER_SIZE;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S GMT", &tm);
	put_header(datagram, g, PUSH_DATA);
	len += (size_t)snprintf((char *)datagram + len, sizeof(datagram) - len,
	                        "{\"stat\":{\"time\":\"%s\",\"rxnb\":%" PRIu64 ",\"rxok\":%" PRIu64 ",\"rxfw\":%" PRIu64
	                        ",\"ackr\":%.1f,\"dwnb\":%" PRIu64 ",\"txnb\":%" PRIu64 ",\"temp\":23.4}}",
	                        when, frames, frames, frames, ack_percent, downlinks, downlinks);
	g->stat_pushes = g->pushes;
	g->stat_acks = g->push_acks;
	g->stat_frames = g->frames;
	g->stat_downlinks = g->downlinks;
	g->pushes++;
	send_one(g->set, g->push_fd, datagram, len);
}

/* Decimal digits of v; returns past the last. By hand: this runs for each frame and gateway. */
static char *put_u32(char *at, uint32_t v)
{
	char digits[10];
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*at++ = digits[--n];
	return at;
}

static char *put_int(char *at, int v)
{
	if (v < 0)
		*at++ = '-';
	return put_u32(at, (uint32_t)abs(v));
}

static char *put_text(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

/* The part of a rxpk that differs between gateways. */
static size_t put_own_part(char *out, const struct gateway *g, const struct heard_frame *f)
{
	char *at = put_text(out, "{\"rxpk\":[{\"jver\":1,\"tmst\":");
	int snr_db10 = g->snr_db10 - 10 * f->down_db;

	at = put_u32(at, (uint32_t)f->end_us + g->clock_offset);
	at = put_text(at, ",\"rssi\":");
	at = put_int(at, g->rssi_dbm - f->down_db);
	if (f->has_snr) {
		at = put_text(at, snr_db10 < 0 ? ",\"lsnr\":-" : ",\"lsnr\":");
		at = put_u32(at, (uint32_t)abs(snr_db10) / 10);
		*at++ = '.';
		at = put_u32(at, (uint32_t)abs(snr_db10) % 10);
	}
	return (size_t)(at - out);
}

void gateways_push(struct gateways *s, const struct heard_frame *frames, unsigned n)
{
	uint8_t own[GATEWAY_BATCH][HEADER_SIZE + 100];
	struct iovec iov[GATEWAY_BATCH][2];
	struct mmsghdr msgs[GATEWAY_BATCH];

	for (uint32_t i = 0; i < s->n; i++) {
		struct gateway *g = &s->all[i];

		for (unsigned k = 0; k < n; k++) {
			put_header(own[k], g, PUSH_DATA);
			iov[k][0].iov_base = own[k];
			iov[k][0].iov_len = HEADER_SIZE + put_own_part((char *)own[k] + HEADER_SIZE, g, &frames[k]);
			iov[k][1].iov_base = (void *)(uintptr_t)frames[k].text;
			iov[k][1].iov_len = frames[k].text_len;
			msgs[k] = (struct mmsghdr){.msg_hdr = {.msg_iov = iov[k], .msg_iovlen = 2}};
		}
		g->pushes += n;
		g->frames += n;
		send_all(s, g->push_fd, msgs, n);
	}
}

/* ---- receiving ---- */

uint64_t gateway_time_us(const struct gateway *g, uint32_t tmst, uint64_t now_us)
{
	int32_t ahead = (int32_t)(tmst - ((uint32_t)now_us + g->clock_offset));

	return now_us + (uint64_t)(int64_t)ahead;
}

static void take_datagram(struct gateway *g, const uint8_t *buf, size_t len, bool is_cut)
{
	struct gateways *s = g->set;
	char why[80];
	uint16_t age;

	if (len < 4 || buf[0] != PROTOCOL_VERSION) {
		snprintf(why, sizeof(why), "datagram of %zu octets is not of protocol version 2", len);
		s->events.wrong(s->events.arg, g, why);
		return;
	}
	age = (uint16_t)(g->token - 1 - (buf[1] << 8 | buf[2]));
	switch (buf[3]) {
	case PUSH_ACK:
		if (len != 4 || age >= g->tokens) {
			s->events.wrong(s->events.arg, g, len == 4 ? "PUSH_ACK with a token never sent" : "PUSH_ACK is not 4 octets");
			return;
		}
		g->push_acks++;
		s->push_acks++;
		return;
	case PULL_ACK:
		if (len != 4) {
			s->events.wrong(s->events.arg, g, "PULL_ACK is not 4 octets");
		} else if (!g->is_connected) {
			g->is_connected = true;
			s->n_connected++;
			s->events.connected(s->events.arg, g);
		}
		return;
	case PULL_RESP:
		g->downlinks++;
		if (len > PULL_RESP_MAX || is_cut)
			s->events.wrong(s->events.arg, g, "PULL_RESP is over 999 octets, forwarders would cut it");
		else
			s->events.pull_resp(s->events.arg, g, buf + 1, (const char *)buf + 4, len - 4);
		return;
	default:
		snprintf(why, sizeof(why), "datagram of unknown kind %02x", buf[3]);
		s->events.wrong(s->events.arg, g, why);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct gateway *g = poll->data;
	struct gateways *s = g->set;
	int fd = poll == &g->poll[0] ? g->push_fd : g->pull_fd;
	struct mmsghdr msgs[RECEIVE_BATCH];
	struct iovec iov[RECEIVE_BATCH];
	int n;

	(void)events;
	(void)status; /* UV_EBADF and the like cannot be helped here; errors of the socket show in recvmmsg() */
	for (unsigned i = 0; i < RECEIVE_BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = s->receive_buffers + (size_t)i * RECEIVE_SIZE, .iov_len = RECEIVE_SIZE};
		msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1}};
	}
	n = recvmmsg(fd, msgs, RECEIVE_BATCH, 0, NULL);
	if (n < 0) {
		if (errno == ECONNREFUSED)
			s->refused++;
		return;
	}
	for (int i = 0; i < n; i++)
		take_datagram(g, iov[i].iov_base, msgs[i].msg_len, msgs[i].msg_hdr.msg_flags & MSG_TRUNC);
}
