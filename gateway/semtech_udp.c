/*
 * The socket of the Semtech UDP protocol. What the datagrams mean is semtech_protocol.c's affair.
 *
 * Reading is uv_poll and recvmmsg(2), 32 datagrams into buffers that hold the largest one; their
 * pages exist only once something long came. One such read a loop turn: poll is level-triggered,
 * so under load the rest of the loop still gets its turn. Both clocks are read once a batch.
 * Sending never waits: what the socket does not take at once is dropped and counted.
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "gateway/gateway.h"
#include "gateway/semtech_protocol.h"

#define BATCH 32
#define DATAGRAM_MAX 65536

struct gateway_link {
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	int open_handles;
	bool closing;
	bool read_failing; /* said so once */
	uint32_t drops_seen;
	struct gateway_sink sink;
	struct semtech *semtech;
	uint8_t *buffers; /* BATCH of DATAGRAM_MAX */
	union semtech_addr addrs[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

static int transmit(void *arg, const union semtech_addr *to, const uint8_t *data, size_t len)
{
	struct gateway_link *l = arg;
	socklen_t to_len = to->sa.sa_family == AF_INET ? sizeof(to->in) : sizeof(to->in6);
	ssize_t n;

	do
		n = sendto(l->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL, &to->sa, to_len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? LS_OK : LS_EIO;
}

static void on_timer(uv_timer_t *timer)
{
	struct gateway_link *l = timer->data;

	semtech_release(l->semtech, clock_mono_us());
}

static void wake(void *arg, uint64_t mono_us)
{
	struct gateway_link *l = arg;
	uint64_t now_us = clock_mono_us();

	if (l->closing)
		return;
	uv_timer_start(&l->timer, on_timer, mono_us > now_us ? (mono_us - now_us + 999) / 1000 : 0, 0);
}

static void read_batch(struct gateway_link *l)
{
	struct semtech_time now;
	int n;

	for (int i = 0; i < BATCH; i++)
		l->msgs[i].msg_hdr.msg_namelen = sizeof(l->addrs[i]);
	n = recvmmsg(l->fd, l->msgs, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || l->read_failing)
			return;
		l->read_failing = true;
		l->sink.on_log(l->sink.arg, LOG_ERR, strerror(errno));
		return;
	}
	l->read_failing = false;
	now.mono_us = clock_mono_us();
	now.wall_us = clock_wall_us();
	/* A sink may close us from inside. */
	for (int i = 0; i < n && !l->closing; i++) {
		if (l->msgs[i].msg_hdr.msg_flags & MSG_TRUNC) {
			semtech_counters(l->semtech)->datagrams++;
			semtech_counters(l->semtech)->malformed++;
			continue;
		}
		semtech_receive(l->semtech, &l->addrs[i], l->iov[i].iov_base, l->msgs[i].msg_len, &now);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct gateway_link *l = poll->data;

	if (events & UV_READABLE)
		read_batch(l);
	if (status < 0 && !l->closing) {
		/* libuv stops polling after an error of the socket; recvmmsg() takes the error off it. */
		read_batch(l);
		if (!l->closing)
			uv_poll_start(poll, UV_READABLE, on_poll);
	}
}

/* "127.0.0.1:1700", "[::1]:1700" */
static int parse_bind(const char *text, union semtech_addr *out)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char host[64], *end;
	size_t len;
	unsigned long port;
	bool is_ip6;
	int rc;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return LS_EFORMAT;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return LS_EFORMAT;
	len = (size_t)(colon - text);
	is_ip6 = len >= 2 && text[0] == '[' && colon[-1] == ']';
	if (is_ip6) {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return LS_EFORMAT;
	memcpy(host, text, len);
	host[len] = 0;
	memset(out, 0, sizeof(*out));
	rc = is_ip6 ? uv_ip6_addr(host, (int)port, &out->in6) : uv_ip4_addr(host, (int)port, &out->in);
	return rc ? LS_EFORMAT : LS_OK;
}

static int set_rcvbuf(int fd, int wanted)
{
	int granted = 0;
	socklen_t len = sizeof(granted);

	/* The first ignores net.core.rmem_max but needs CAP_NET_ADMIN. */
	if (wanted > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &len);
	return granted / 2; /* the kernel doubles what it is asked for, and tells the double */
}

static int open_socket(const union semtech_addr *addr)
{
	int family = addr->sa.sa_family, off = 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* No SO_REUSEADDR: it would let a second daemon share the port and take half the frames. */
	if (bind(fd, &addr->sa, family == AF_INET ? sizeof(addr->in) : sizeof(addr->in6))) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void link_free(struct gateway_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	semtech_free(l->semtech);
	free(l->buffers);
	free(l);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct gateway_link *l = handle->data;

	if (--l->open_handles == 0)
		link_free(l);
}

static void link_close(struct gateway_link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	uv_close((uv_handle_t *)&l->poll, on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

static struct gateway_link *link_new(const struct semtech_udp_options *options, const struct gateway_sink *sink)
{
	struct gateway_link *l = calloc(1, sizeof(*l));
	struct semtech_io io = {.arg = l, .transmit = transmit, .wake = wake};
	uint8_t seed[16];

	if (!l)
		return NULL;
	l->fd = -1;
	l->sink = *sink;
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		abort(); /* does not fail once the kernel is up */
	l->semtech = semtech_new(sink, &io, options->v1_lead_us, seed);
	l->buffers = malloc((size_t)BATCH * DATAGRAM_MAX);
	if (!l->semtech || !l->buffers) {
		link_free(l);
		return NULL;
	}
	for (int i = 0; i < BATCH; i++) {
		l->iov[i] = (struct iovec){.iov_base = l->buffers + (size_t)i * DATAGRAM_MAX, .iov_len = DATAGRAM_MAX};
		l->msgs[i].msg_hdr.msg_iov = &l->iov[i];
		l->msgs[i].msg_hdr.msg_iovlen = 1;
		l->msgs[i].msg_hdr.msg_name = &l->addrs[i];
	}
	return l;
}

int semtech_udp_open(uv_loop_t *loop, const struct semtech_udp_options *options,
                     const struct gateway_sink *sink, struct gateway_link **out,
                     int *rcvbuf_granted, char *err, size_t err_size)
{
	const char *text = options->bind ? options->bind : "";
	union semtech_addr addr;
	struct gateway_link *l;
	int rc = parse_bind(text, &addr);

	if (rc) {
		snprintf(err, err_size, "'%s' is not an address and port like 127.0.0.1:1700 or [::1]:1700", text);
		return rc;
	}
	l = link_new(options, sink);
	if (!l) {
		snprintf(err, err_size, "out of memory");
		return LS_ENOMEM;
	}
	l->fd = open_socket(&addr);
	if (l->fd < 0) {
		snprintf(err, err_size, "%s: %s", text, strerror(errno));
		goto fail;
	}
	*rcvbuf_granted = set_rcvbuf(l->fd, options->rcvbuf);
	l->poll.data = l->timer.data = l;
	rc = uv_poll_init(loop, &l->poll, l->fd);
	if (rc) {
		snprintf(err, err_size, "%s: %s", text, uv_strerror(rc));
		goto fail;
	}
	uv_timer_init(loop, &l->timer);
	l->open_handles = 2;
	rc = uv_poll_start(&l->poll, UV_READABLE, on_poll);
	if (rc) {
		snprintf(err, err_size, "%s: %s", text, uv_strerror(rc));
		link_close(l);
		return LS_EIO;
	}
	*out = l;
	return LS_OK;
fail:
	link_free(l);
	return LS_EIO;
}

uint16_t semtech_udp_port(const struct gateway_link *link)
{
	union semtech_addr addr = {0};
	socklen_t len = sizeof(addr);

	if (getsockname(link->fd, &addr.sa, &len))
		return 0;
	return ntohs(addr.sa.sa_family == AF_INET ? addr.in.sin_port : addr.in6.sin6_port);
}

static int link_send(struct gateway_link *l, struct eui64 gateway_id, uint32_t downlink_id, const uint8_t *phy,
                     size_t phy_len, const struct tx_option *option)
{
	return semtech_send(l->semtech, clock_mono_us(), gateway_id, downlink_id, phy, phy_len, option);
}

static bool link_has_path(struct gateway_link *l, struct eui64 gateway_id, bool *confirms)
{
	return semtech_has_path(l->semtech, clock_mono_us(), gateway_id, confirms);
}

static const struct gateway_counters *link_counters(struct gateway_link *l)
{
	struct gateway_counters *counters = semtech_counters(l->semtech);
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(mem);

	/* The number SO_RXQ_OVFL would attach to datagrams, without its cost on each of them. It wraps. */
	if (!getsockopt(l->fd, SOL_SOCKET, SO_MEMINFO, mem, &len) && len > SK_MEMINFO_DROPS * sizeof(mem[0])) {
		counters->kernel_drops += mem[SK_MEMINFO_DROPS] - l->drops_seen;
		l->drops_seen = mem[SK_MEMINFO_DROPS];
	}
	return counters;
}

const struct gateway_protocol gateway_semtech_udp = {
	.name = "semtech_udp",
	.send = link_send,
	.has_path = link_has_path,
	.counters = link_counters,
	.close = link_close,
};
