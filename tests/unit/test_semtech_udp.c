/*
 * The Semtech UDP protocol with real sockets on loopback and a uv loop; what depends on the passing
 * of minutes runs on semtech_protocol.h with a clock of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "gateway/gateway.h"
#include "gateway/semtech_json.h"
#include "gateway/semtech_protocol.h"

#define KNOWN {{0xaa, 0x55, 0x5a, 0, 0, 0, 0, 1}}
static const struct eui64 known = KNOWN;
static const struct eui64 stranger = {{9, 9, 9, 9, 9, 9, 9, 9}};

#define RXPK                                                                                               \
	"{\"rxpk\":[{\"tmst\":4294967295,\"freq\":868.1,\"stat\":1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\","   \
	"\"codr\":\"4/5\",\"rssi\":-50,\"lsnr\":5,\"size\":3,\"data\":\"AQID\"}],\"stat\":{\"rxnb\":1}}"

struct fixture {
	uv_loop_t loop;
	uv_timer_t guard;
	struct gateway_link *link;
	/* What the sink saw. */
	unsigned frames, stats, acks, paths, unknowns, changes, conflicts;
	bool last_known, close_on_frame;
	struct rx_frame frame;
	struct tx_ack ack;
	char addr[80];
};

static bool sink_is_known(void *arg, struct eui64 id)
{
	(void)arg;
	return eui64_equal(id, known) || id.be[0] == 0xbb;
}

static void sink_on_uplink(void *arg, const struct rx_frame *frame, bool is_known)
{
	struct fixture *f = arg;

	f->frames++;
	f->frame = *frame;
	f->last_known = is_known;
	if (f->close_on_frame)
		gateway_semtech_udp.close(f->link);
}

static void sink_on_stats(void *arg, const struct gateway_stats *stats, bool is_known)
{
	struct fixture *f = arg;

	assert_int_equal(stats->rx_nb, 1);
	f->stats++;
	f->last_known = is_known;
}

static void sink_on_tx_ack(void *arg, const struct tx_ack *ack)
{
	struct fixture *f = arg;

	f->acks++;
	f->ack = *ack;
}

static void sink_on_path(void *arg, struct eui64 id, const char *addr, bool changed, bool conflict)
{
	struct fixture *f = arg;

	(void)id;
	f->paths++;
	f->changes += changed;
	f->conflicts += conflict;
	snprintf(f->addr, sizeof(f->addr), "%s", addr);
}

static void sink_on_unknown(void *arg, struct eui64 id, const char *addr)
{
	struct fixture *f = arg;

	assert_true(eui64_equal(id, stranger));
	f->unknowns++;
	snprintf(f->addr, sizeof(f->addr), "%s", addr);
}

static void sink_on_log(void *arg, int priority, const char *text)
{
	(void)arg;
	(void)priority;
	fail_msg("%s", text);
}

static struct gateway_sink make_sink(struct fixture *f)
{
	return (struct gateway_sink){
		.arg = f, .is_known = sink_is_known, .on_uplink = sink_on_uplink, .on_stats = sink_on_stats,
		.on_tx_ack = sink_on_tx_ack, .on_path = sink_on_path, .on_unknown = sink_on_unknown, .on_log = sink_on_log,
	};
}

static void open_link(struct fixture *f, const char *bind_text)
{
	struct semtech_udp_options options = {.bind = bind_text, .rcvbuf = 262144, .v1_lead_us = 100000};
	struct gateway_sink sink = make_sink(f);
	char err[128] = "";
	int granted = 0;

	memset(f, 0, sizeof(*f));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	uv_timer_init(&f->loop, &f->guard);
	if (semtech_udp_open(&f->loop, &options, &sink, &f->link, &granted, err, sizeof(err)))
		fail_msg("%s", err);
	assert_true(granted > 0);
}

static void close_link(struct fixture *f)
{
	gateway_semtech_udp.close(f->link);
	uv_close((uv_handle_t *)&f->guard, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	open_link(f, "127.0.0.1:0");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	close_link(*state);
	free(*state);
	return 0;
}

/* A gateway's socket: its own port on 127.0.0.1 or another loopback address, connected to the server. */
static int client_from(const struct fixture *f, const char *host)
{
	struct sockaddr_in local = {.sin_family = AF_INET}, server = {.sin_family = AF_INET};
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	inet_pton(AF_INET, host, &local.sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
	server.sin_port = htons(semtech_udp_port(f->link));
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&server, sizeof(server)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static size_t make_packet(uint8_t *buf, uint8_t version, const uint8_t token[2], uint8_t id, struct eui64 gateway,
                          const char *json)
{
	buf[0] = version;
	memcpy(buf + 1, token, 2);
	buf[3] = id;
	memcpy(buf + 4, gateway.be, 8);
	memcpy(buf + 12, json, strlen(json));
	return 12 + strlen(json);
}

static void send_packet(int fd, uint8_t version, const uint8_t token[2], uint8_t id, struct eui64 gateway, const char *json)
{
	uint8_t buf[2048];
	size_t len = make_packet(buf, version, token, id, gateway, json);

	assert_int_equal(send(fd, buf, len, 0), (ssize_t)len);
}

static void on_guard(uv_timer_t *t)
{
	(void)t;
}

/* Run the loop until *counter reaches `want`; fails after 5 s. */
static void run_until(struct fixture *f, const uint64_t *counter, uint64_t want)
{
	uint64_t deadline = clock_mono_us() + 5000000;

	uv_timer_start(&f->guard, on_guard, 20, 20);
	while (*counter < want) {
		assert_true(clock_mono_us() < deadline);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	uv_timer_stop(&f->guard);
}

static const struct gateway_counters *counters(struct fixture *f)
{
	return gateway_semtech_udp.counters(f->link);
}

/* Send, let the server read it, return. */
static void exchange(struct fixture *f, int fd, uint8_t version, uint8_t id, struct eui64 gateway, const char *json)
{
	const uint8_t token[2] = {0x12, 0xfe};
	uint64_t before = counters(f)->datagrams;

	send_packet(fd, version, token, id, gateway, json);
	run_until(f, &counters(f)->datagrams, before + 1);
}

static void expect_ack(int fd, uint8_t version, uint8_t id)
{
	const uint8_t want[4] = {version, 0x12, 0xfe, id};
	uint8_t buf[16];

	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4);
	assert_memory_equal(buf, want, 4);
}

static void expect_silence(int fd)
{
	uint8_t buf[16];

	assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
}

static void pull(struct fixture *f, int fd, uint8_t version, struct eui64 gateway)
{
	exchange(f, fd, version, 2, gateway, "");
	expect_ack(fd, version, 4);
}

static const struct tx_option immediate = {
	.timing = TX_IMMEDIATE, .freq_hz = 869525000, .power_dbm = 27,
	.radio = {.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 125000, .code_rate = CR_4_5},
};

static const uint8_t phy[] = {0x60, 1, 2, 3, 4, 0, 0, 0, 9, 9, 9, 9};

static int send_downlink(struct fixture *f, struct eui64 gateway, uint32_t downlink_id, const struct tx_option *o)
{
	return gateway_semtech_udp.send(f->link, gateway, downlink_id, phy, sizeof(phy), o);
}

/* Receive a PULL_RESP; its token goes to `token`, its text, with NUL, to json (1000 octets). */
static void expect_pull_resp(int fd, uint8_t version, uint8_t token[2], char *json)
{
	uint8_t buf[1000];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	assert_true(n > 4);
	assert_int_equal(buf[0], version);
	assert_int_equal(buf[3], 3);
	memcpy(token, buf + 1, 2);
	memcpy(json, buf + 4, (size_t)n - 4);
	json[n - 4] = 0;
}

static void acknowledges_and_delivers(void **state)
{
	struct fixture *f = *state;
	const uint8_t context[] = {0xff, 0xff, 0xff, 0xff};
	int fd = client_from(f, "127.0.0.1");
	uint64_t start = clock_mono_us();

	for (uint8_t version = 1; version <= 2; version++) {
		exchange(f, fd, version, 0, known, RXPK);
		expect_ack(fd, version, 1);
		assert_int_equal(f->frames, version);
		assert_int_equal(f->stats, version);
		assert_true(f->last_known);
		pull(f, fd, version, known);
		assert_int_equal(f->paths, version);
	}
	assert_memory_equal(f->frame.rx.context, context, 4);
	assert_true(f->frame.rx.recv_mono_us >= start && f->frame.rx.recv_mono_us <= clock_mono_us());
	assert_true(llabs(f->frame.rx.recv_wall_us - clock_wall_us()) < 10000000);
	assert_memory_equal(f->addr, "127.0.0.1:", 10);
	assert_int_equal(f->changes, 0);
	assert_int_equal(counters(f)->acks_sent, 4);
	assert_int_equal(counters(f)->frames, 2);
	assert_int_equal(counters(f)->malformed, 0);
	assert_int_equal(counters(f)->kernel_drops, 0);
	close(fd);
}

static void acknowledges_what_it_cannot_read(void **state)
{
	struct fixture *f = *state;
	int fd = client_from(f, "127.0.0.1");

	exchange(f, fd, 2, 0, known, "{\"rxpk\":");
	expect_ack(fd, 2, 1);
	assert_int_equal(counters(f)->malformed, 1);
	exchange(f, fd, 2, 0, known, "{\"rxpk\":[{\"a\":1}]}");
	expect_ack(fd, 2, 1);
	assert_int_equal(counters(f)->malformed, 1);
	assert_int_equal(counters(f)->bad_entries, 1);
	exchange(f, fd, 2, 0, known, "");
	expect_ack(fd, 2, 1);
	assert_int_equal(counters(f)->malformed, 1);
	assert_int_equal(f->frames, 0);
	close(fd);
}

static void ignores_what_is_no_packet(void **state)
{
	struct fixture *f = *state;
	static const uint8_t ids[] = {1, 3, 4, 6, 255};
	const uint8_t token[2] = {0};
	uint8_t buf[12];
	int fd = client_from(f, "127.0.0.1");
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(ids); i++, n++)
		send_packet(fd, 2, token, ids[i], known, "");
	send_packet(fd, 0, token, 0, known, ""), n++;
	send_packet(fd, 3, token, 2, known, ""), n++;
	make_packet(buf, 2, token, 2, known, "");
	for (size_t len = 0; len < 12; len++, n++)
		assert_int_equal(send(fd, buf, len, 0), (ssize_t)len);
	run_until(f, &counters(f)->datagrams, n);
	assert_int_equal(counters(f)->malformed, n);
	assert_int_equal(counters(f)->acks_sent, 0);
	assert_int_equal(f->paths + f->unknowns, 0);
	expect_silence(fd);
	close(fd);
}

static void reports_unknown_gateways(void **state)
{
	struct fixture *f = *state;
	int fd = client_from(f, "127.0.0.1");
	bool confirms;

	exchange(f, fd, 2, 0, stranger, RXPK);
	expect_ack(fd, 2, 1);
	assert_int_equal(f->unknowns, 1);
	assert_int_equal(f->frames, 1);
	assert_false(f->last_known);
	pull(f, fd, 2, stranger);
	assert_int_equal(f->unknowns, 2);
	assert_int_equal(f->paths, 0);
	exchange(f, fd, 2, 5, stranger, "");
	assert_int_equal(f->unknowns, 3);
	assert_false(gateway_semtech_udp.has_path(f->link, stranger, &confirms));
	assert_int_equal(send_downlink(f, stranger, 1, &immediate), LS_ENOTFOUND);
	assert_int_equal(counters(f)->unknown_gateways, 3);
	close(fd);
}

static void delivers_downlinks_and_answers(void **state)
{
	struct fixture *f = *state;
	int up = client_from(f, "127.0.0.1"), down = client_from(f, "127.0.0.1"), other = client_from(f, "127.0.0.2");
	struct tx_option o = immediate;
	uint8_t first[2], second[2];
	char json[1000];
	bool confirms = false;

	assert_int_equal(send_downlink(f, known, 1, &o), LS_ENOTFOUND);
	exchange(f, up, 2, 0, known, RXPK);
	expect_ack(up, 2, 1);
	assert_false(gateway_semtech_udp.has_path(f->link, known, &confirms));
	pull(f, down, 2, known);
	assert_true(gateway_semtech_udp.has_path(f->link, known, &confirms));
	assert_true(confirms);

	o.timing = TX_DELAY;
	o.delay_us = 1000000;
	o.context_len = f->frame.rx.context_len;
	memcpy(o.context, f->frame.rx.context, 16);
	assert_int_equal(send_downlink(f, known, 77, &o), LS_OK);
	expect_pull_resp(down, 2, first, json);
	assert_non_null(strstr(json, "\"tmst\":999999,"));
	assert_int_equal(send_downlink(f, known, 78, &immediate), LS_OK);
	expect_pull_resp(down, 2, second, json);
	assert_non_null(strstr(json, "\"imme\":true"));
	assert_memory_not_equal(first, second, 2);
	expect_silence(up);

	/* Another host may not answer; the gateway's other socket may. */
	send_packet(other, 2, first, 5, known, "{\"txpk_ack\":{\"error\":\"TOO_LATE\"}}");
	run_until(f, &counters(f)->tx_acks_foreign, 1);
	assert_int_equal(f->acks, 0);
	assert_int_equal(counters(f)->malformed, 1);
	send_packet(up, 2, second, 5, known, "");
	run_until(f, &counters(f)->tx_acks, 1);
	assert_int_equal(f->ack.downlink_id, 78);
	assert_int_equal(f->ack.status, TX_OK);
	assert_false(f->ack.warned);
	assert_true(f->ack.round_trip_us < 5000000);
	assert_true(eui64_equal(f->ack.gateway_id, known));
	send_packet(down, 2, first, 5, known, "{\"txpk_ack\":{\"warn\":\"TX_POWER\",\"value\":14}}");
	run_until(f, &counters(f)->tx_acks, 2);
	assert_int_equal(f->ack.downlink_id, 77);
	assert_int_equal(f->ack.status, TX_OK);
	assert_true(f->ack.warned);
	assert_float_equal(f->ack.warn_value, 14, 1e-9);
	/* A token counts once. */
	send_packet(down, 2, first, 5, known, "");
	run_until(f, &counters(f)->tx_acks_stray, 1);
	assert_int_equal(f->acks, 2);
	expect_silence(down);

	o.context_len = 0;
	assert_int_equal(send_downlink(f, known, 79, &o), LS_EINVAL);
	assert_int_equal(counters(f)->downlinks_sent, 2);
	assert_int_equal(counters(f)->send_errors, 1);
	close(up);
	close(down);
	close(other);
}

static void tells_every_tx_ack_error(void **state)
{
	static const struct {
		const char *json;
		enum tx_status status;
	} rows[] = {
		{"{\"txpk_ack\":{\"error\":\"NONE\"}}", TX_OK},
		{"{}", TX_OK},
		{"\n", TX_OK}, /* one stray octet */
		{"{\"txpk_ack\":{\"error\":\"TOO_LATE\"}}", TX_TOO_LATE},
		{"{\"txpk_ack\":{\"error\":\"TOO_EARLY\"}}", TX_TOO_EARLY},
		{"{\"txpk_ack\":{\"error\":\"COLLISION_PACKET\"}}", TX_COLLISION_PACKET},
		{"{\"txpk_ack\":{\"error\":\"COLLISION_BEACON\"}}", TX_COLLISION_BEACON},
		{"{\"txpk_ack\":{\"error\":\"TX_FREQ\"}}", TX_FREQ},
		{"{\"txpk_ack\":{\"error\":\"TX_POWER\"}}", TX_POWER},
		{"{\"txpk_ack\":{\"error\":\"GPS_UNLOCKED\"}}", TX_GPS_UNLOCKED},
		{"{\"txpk_ack\":{\"error\":\"QUEUE_FULL\"}}", TX_QUEUE_FULL},
		{"{\"txpk_ack\":{\"error\":\"INTERNAL_ERROR\"}}", TX_INTERNAL_ERROR},
		{"{\"txpk_ack\":{\"error\":\"DUTY_CYCLE_OVERFLOW\"}}", TX_DUTY_CYCLE_OVERFLOW},
		{"{\"txpk_ack\":{\"error\":\"UNKNOWN\"}}", TX_UNKNOWN},
		{"{\"txpk_ack\":{\"error\":\"IGNORED\"}}", TX_UNKNOWN},
		{"{\"txpk_ack\":{\"error\":\"something new\"}}", TX_UNKNOWN},
	};
	struct fixture *f = *state;
	int fd = client_from(f, "127.0.0.1");
	uint8_t token[2];
	char json[1000];

	pull(f, fd, 2, known);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(send_downlink(f, known, 1000 + i, &immediate), LS_OK);
		expect_pull_resp(fd, 2, token, json);
		send_packet(fd, 2, token, 5, known, rows[i].json);
		run_until(f, &counters(f)->tx_acks, i + 1);
		assert_int_equal(f->ack.downlink_id, 1000 + i);
		assert_int_equal(f->ack.status, rows[i].status);
	}
	/* Unreadable: no verdict, and the token stays good. */
	assert_int_equal(send_downlink(f, known, 5, &immediate), LS_OK);
	expect_pull_resp(fd, 2, token, json);
	send_packet(fd, 2, token, 5, known, "{\"txpk_ack\":{\"error\":\"TOO");
	run_until(f, &counters(f)->malformed, 1);
	send_packet(fd, 2, token, 5, known, "");
	run_until(f, &counters(f)->tx_acks, sizeof(rows) / sizeof(rows[0]) + 1);
	assert_int_equal(f->ack.downlink_id, 5);
	close(fd);
}

static void newest_address_wins(void **state)
{
	struct fixture *f = *state;
	int first = client_from(f, "127.0.0.1"), second = client_from(f, "127.0.0.2");
	uint8_t token[2];
	char json[1000];

	pull(f, first, 2, known);
	pull(f, first, 2, known);
	assert_int_equal(f->changes, 0);
	pull(f, second, 2, known);
	assert_int_equal(f->changes, 1);
	assert_int_equal(f->conflicts, 1);
	assert_memory_equal(f->addr, "127.0.0.2:", 10);
	assert_int_equal(send_downlink(f, known, 1, &immediate), LS_OK);
	expect_pull_resp(second, 2, token, json);
	expect_silence(first);
	/* Uplinks from elsewhere leave the path alone. */
	exchange(f, first, 2, 0, known, RXPK);
	expect_ack(first, 2, 1);
	assert_int_equal(send_downlink(f, known, 2, &immediate), LS_OK);
	expect_pull_resp(second, 2, token, json);
	assert_int_equal(counters(f)->address_changes, 1);
	close(first);
	close(second);
}

static void holds_back_for_version_1(void **state)
{
	struct fixture *f = *state;
	int fd = client_from(f, "127.0.0.1");
	struct tx_option o = immediate;
	uint64_t start = clock_mono_us(), sent;
	uint8_t token[2];
	char json[1000];
	bool confirms = true;

	pull(f, fd, 1, known);
	assert_true(gateway_semtech_udp.has_path(f->link, known, &confirms));
	assert_false(confirms);
	o.emit_mono_us = start + 300000;
	o.power_dbm = 2;
	assert_int_equal(send_downlink(f, known, 2, &o), LS_OK);
	o.emit_mono_us = start + 200000; /* earlier, though asked for later */
	o.power_dbm = 1;
	assert_int_equal(send_downlink(f, known, 1, &o), LS_OK);
	expect_silence(fd);
	run_until(f, &counters(f)->downlinks_sent, 1);
	sent = clock_mono_us() - start;
	assert_true(sent >= 100000);
	expect_pull_resp(fd, 1, token, json);
	assert_non_null(strstr(json, "\"powe\":1,"));
	run_until(f, &counters(f)->downlinks_sent, 2);
	assert_true(clock_mono_us() - start >= 200000);
	expect_pull_resp(fd, 1, token, json);
	assert_non_null(strstr(json, "\"powe\":2,"));
	/* Due already: at once. */
	o.emit_mono_us = clock_mono_us() + 50000;
	assert_int_equal(send_downlink(f, known, 3, &o), LS_OK);
	run_until(f, &counters(f)->downlinks_sent, 3);
	expect_pull_resp(fd, 1, token, json);
	assert_int_equal(f->acks, 3); /* each told once its bytes had left, not when it was taken */
	/* Left over at close: freed. */
	o.emit_mono_us = clock_mono_us() + 60000000;
	assert_int_equal(send_downlink(f, known, 4, &o), LS_OK);
	close(fd);
}

static void speaks_ip6(void **state)
{
	struct fixture f;
	struct sockaddr_in6 server = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct timeval limit = {.tv_sec = 5};
	uint8_t token[2];
	char json[1000];
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), fd4;

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&server, sizeof(server)))
		skip();
	open_link(&f, "[::]:0");
	server.sin6_port = htons(semtech_udp_port(f.link));
	assert_int_equal(connect(fd, (struct sockaddr *)&server, sizeof(server)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	pull(&f, fd, 2, known);
	assert_memory_equal(f.addr, "[::1]:", 6);
	assert_int_equal(send_downlink(&f, known, 1, &immediate), LS_OK);
	expect_pull_resp(fd, 2, token, json);
	send_packet(fd, 2, token, 5, known, "");
	run_until(&f, &counters(&f)->tx_acks, 1);
	/* The same socket serves IPv4, printed as such. */
	fd4 = client_from(&f, "127.0.0.1");
	pull(&f, fd4, 2, known);
	assert_memory_equal(f.addr, "127.0.0.1:", 10);
	assert_int_equal(f.conflicts, 1);
	close(fd4);
	close(fd);
	close_link(&f);
}

static void drains_a_flood_in_turns(void **state)
{
	struct fixture *f = *state;
	const uint8_t token[2] = {0x12, 0xfe};
	int fd = client_from(f, "127.0.0.1");

	for (int i = 0; i < 100; i++)
		send_packet(fd, 2, token, 0, known, RXPK);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(f->frames > 0 && f->frames < 100);
	run_until(f, &counters(f)->datagrams, 100);
	assert_int_equal(f->frames, 100);
	assert_int_equal(counters(f)->acks_sent, 100);
	close(fd);
}

static void counts_kernel_drops(void **state)
{
	struct fixture f;
	struct semtech_udp_options options = {.bind = "127.0.0.1:0", .rcvbuf = 1};
	struct gateway_sink sink = make_sink(&f);
	const uint8_t token[2] = {0};
	char err[128];
	int granted, fd;

	(void)state;
	memset(&f, 0, sizeof(f));
	assert_int_equal(uv_loop_init(&f.loop), 0);
	uv_timer_init(&f.loop, &f.guard);
	assert_int_equal(semtech_udp_open(&f.loop, &options, &sink, &f.link, &granted, err, sizeof(err)), LS_OK);
	fd = client_from(&f, "127.0.0.1");
	for (int i = 0; i < 1000; i++)
		send_packet(fd, 2, token, 0, known, RXPK);
	assert_true(counters(&f)->kernel_drops > 0);
	assert_true(counters(&f)->kernel_drops < 1000);
	close(fd);
	close_link(&f);
}

static void takes_the_largest_datagram(void **state)
{
	struct fixture *f = *state;
	static uint8_t buf[65507];
	const uint8_t token[2] = {0x12, 0xfe};
	int fd = client_from(f, "127.0.0.1");
	size_t len = make_packet(buf, 2, token, 0, known, "{\"a\":");

	memset(buf + len, '[', sizeof(buf) - len);
	assert_int_equal(send(fd, buf, sizeof(buf), 0), (ssize_t)sizeof(buf));
	run_until(f, &counters(f)->datagrams, 1);
	expect_ack(fd, 2, 1);
	assert_int_equal(counters(f)->malformed, 1);
	memset(buf + 12, ' ', sizeof(buf) - 12);
	memcpy(buf + sizeof(buf) - strlen(RXPK), RXPK, strlen(RXPK));
	assert_int_equal(send(fd, buf, sizeof(buf), 0), (ssize_t)sizeof(buf));
	run_until(f, &counters(f)->datagrams, 2);
	assert_int_equal(f->frames, 1);
	close(fd);
}

static void may_be_closed_by_the_sink(void **state)
{
	struct fixture f;
	const uint8_t token[2] = {0};
	int fd;

	(void)state;
	open_link(&f, "127.0.0.1:0");
	f.close_on_frame = true;
	fd = client_from(&f, "127.0.0.1");
	send_packet(fd, 2, token, 0, known, RXPK);
	send_packet(fd, 2, token, 0, known, RXPK);
	while (!f.frames)
		uv_run(&f.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&f.guard, NULL);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(f.frames, 1);
	assert_int_equal(uv_loop_close(&f.loop), 0);
	close(fd);
}

static void refuses_bad_addresses(void **state)
{
	static const char *const wrong[] = {"", ":", "1700", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x",
	                                    "127.0.0.1:-1", "::1:1700", "[::1]", "[::1:1700", "[127.0.0.1]:1700", ":1700",
	                                    "localhost:1700", "127.0.0.1:17 00", "[]:1700", "256.0.0.1:1700"};
	struct semtech_udp_options options = {0};
	struct fixture *f = *state;
	struct gateway_sink sink = make_sink(f);
	struct gateway_link *link;
	char err[128], taken[32];
	int granted;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		options.bind = wrong[i];
		if (semtech_udp_open(&f->loop, &options, &sink, &link, &granted, err, sizeof(err)) != LS_EFORMAT)
			fail_msg("accepted '%s'", wrong[i]);
		assert_non_null(strstr(err, wrong[i]));
	}
	options.bind = NULL;
	assert_int_equal(semtech_udp_open(&f->loop, &options, &sink, &link, &granted, err, sizeof(err)), LS_EFORMAT);
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", semtech_udp_port(f->link));
	options.bind = taken;
	assert_int_equal(semtech_udp_open(&f->loop, &options, &sink, &link, &granted, err, sizeof(err)), LS_EIO);
	assert_non_null(strstr(err, "in use"));
}

/* The same without a socket: a pretended network and clock. */
struct dry {
	struct fixture seen;
	struct semtech *s;
	struct semtech_time now;
	union semtech_addr to;
	uint8_t sent[1000];
	size_t sent_len;
	unsigned n_sent;
	uint64_t wake_us;
	bool refuse;
};

static int dry_transmit(void *arg, const union semtech_addr *to, const uint8_t *data, size_t len)
{
	struct dry *d = arg;

	if (d->refuse)
		return LS_EIO;
	d->n_sent++;
	d->to = *to;
	memcpy(d->sent, data, len);
	d->sent_len = len;
	return LS_OK;
}

static void dry_wake(void *arg, uint64_t mono_us)
{
	((struct dry *)arg)->wake_us = mono_us;
}

static int dry_setup(void **state)
{
	struct dry *d = calloc(1, sizeof(*d));
	struct semtech_io io = {.arg = d, .transmit = dry_transmit, .wake = dry_wake};
	struct gateway_sink sink = make_sink(&d->seen);

	d->now = (struct semtech_time){.mono_us = 1000000000, .wall_us = INT64_C(1741083331204117)};
	d->s = semtech_new(&sink, &io, 500000, (const uint8_t *)"0123456789abcdef");
	assert_non_null(d->s);
	*state = d;
	return 0;
}

static int dry_teardown(void **state)
{
	struct dry *d = *state;

	semtech_free(d->s);
	free(d);
	return 0;
}

static union semtech_addr dry_addr(const char *host, uint16_t port)
{
	union semtech_addr a = {.in = {.sin_family = AF_INET, .sin_port = htons(port)}};

	inet_pton(AF_INET, host, &a.in.sin_addr);
	return a;
}

static void dry_receive(struct dry *d, const char *host, uint8_t version, const uint8_t token[2], uint8_t id,
                        struct eui64 gateway, const char *json)
{
	union semtech_addr from = dry_addr(host, 4000);
	uint8_t buf[2048];

	semtech_receive(d->s, &from, buf, make_packet(buf, version, token, id, gateway, json), &d->now);
}

static void dry_pull(struct dry *d, const char *host, uint8_t version, struct eui64 gateway)
{
	dry_receive(d, host, version, (const uint8_t *)"ab", 2, gateway, "");
}

static int dry_send(struct dry *d, uint32_t downlink_id, const struct tx_option *o)
{
	return semtech_send(d->s, d->now.mono_us, known, downlink_id, phy, sizeof(phy), o);
}

static void path_expires(void **state)
{
	struct dry *d = *state;
	bool confirms;

	dry_pull(d, "192.0.2.1", 2, known);
	d->now.mono_us += 90000000;
	assert_true(semtech_has_path(d->s, d->now.mono_us, known, &confirms));
	d->now.mono_us += 1;
	assert_false(semtech_has_path(d->s, d->now.mono_us, known, &confirms));
	assert_int_equal(dry_send(d, 1, &immediate), LS_ENOTFOUND);
	/* Back from another address: a change, but nobody to conflict with. */
	dry_pull(d, "192.0.2.2", 1, known);
	assert_int_equal(d->seen.changes, 1);
	assert_int_equal(d->seen.conflicts, 0);
	assert_string_equal(d->seen.addr, "192.0.2.2:4000");
	assert_true(semtech_has_path(d->s, d->now.mono_us, known, &confirms));
	assert_false(confirms);
}

static void conflict_needs_ten_seconds(void **state)
{
	struct dry *d = *state;

	dry_pull(d, "192.0.2.1", 2, known);
	d->now.mono_us += 10000000;
	dry_pull(d, "192.0.2.2", 2, known);
	assert_int_equal(d->seen.changes, 1);
	assert_int_equal(d->seen.conflicts, 0);
	d->now.mono_us += 9999999;
	dry_pull(d, "192.0.2.1", 2, known);
	assert_int_equal(d->seen.changes, 2);
	assert_int_equal(d->seen.conflicts, 1);
}

static void tx_ack_expires(void **state)
{
	struct dry *d = *state;
	uint8_t token[2];

	dry_pull(d, "192.0.2.1", 2, known);
	assert_int_equal(dry_send(d, 1, &immediate), LS_OK);
	memcpy(token, d->sent + 1, 2);
	d->now.mono_us += 60000001;
	dry_receive(d, "192.0.2.1", 2, token, 5, known, "");
	assert_int_equal(d->seen.acks, 0);
	assert_int_equal(semtech_counters(d->s)->tx_acks_stray, 1);
	assert_int_equal(dry_send(d, 2, &immediate), LS_OK);
	memcpy(token, d->sent + 1, 2);
	d->now.mono_us += 60000000;
	dry_receive(d, "192.0.2.1", 2, token, 5, known, "");
	assert_int_equal(d->seen.acks, 1);
	assert_int_equal(d->seen.ack.round_trip_us, 60000000);
}

static void forgets_the_oldest_unanswered(void **state)
{
	struct dry *d = *state;
	uint8_t tokens[SEMTECH_PENDING_MAX + 1][2];

	dry_pull(d, "192.0.2.1", 2, known);
	for (uint32_t i = 0; i <= SEMTECH_PENDING_MAX; i++) {
		assert_int_equal(dry_send(d, i, &immediate), LS_OK);
		memcpy(tokens[i], d->sent + 1, 2);
		for (uint32_t k = 1; k <= i; k++)
			assert_true(k == i || memcmp(tokens[k], tokens[i], 2) != 0);
	}
	for (uint32_t i = SEMTECH_PENDING_MAX; i > 0; i--) {
		dry_receive(d, "192.0.2.1", 2, tokens[i], 5, known, "");
		assert_int_equal(d->seen.ack.downlink_id, i);
	}
	assert_int_equal(d->seen.acks, SEMTECH_PENDING_MAX);
}

static void tokens_belong_to_one_gateway(void **state)
{
	struct dry *d = *state;
	const struct eui64 other = {{0xbb}};
	uint8_t token[2];

	dry_pull(d, "192.0.2.1", 2, known);
	dry_pull(d, "192.0.2.1", 2, other);
	assert_int_equal(dry_send(d, 1, &immediate), LS_OK);
	memcpy(token, d->sent + 1, 2);
	dry_receive(d, "192.0.2.1", 2, token, 5, other, "");
	assert_int_equal(d->seen.acks, 0);
	dry_receive(d, "192.0.2.1", 2, token, 5, known, "");
	assert_int_equal(d->seen.acks, 1);
}

static void held_downlinks_follow_the_path(void **state)
{
	struct dry *d = *state;
	struct tx_option o = immediate;
	unsigned before;

	dry_pull(d, "192.0.2.1", 1, known);
	before = d->n_sent;
	o.emit_mono_us = d->now.mono_us + 5000000;
	assert_int_equal(dry_send(d, 1, &o), LS_OK);
	assert_int_equal(d->wake_us, d->now.mono_us + 4500000);
	o.emit_mono_us += 200000000;
	assert_int_equal(dry_send(d, 2, &o), LS_OK);
	assert_int_equal(d->wake_us, d->now.mono_us + 4500000);
	d->now.mono_us += 4499999;
	dry_pull(d, "192.0.2.9", 1, known);
	semtech_release(d->s, d->now.mono_us);
	assert_int_equal(d->n_sent, before + 1); /* the PULL_ACK */
	semtech_release(d->s, ++d->now.mono_us);
	assert_int_equal(d->n_sent, before + 2);
	assert_int_equal(d->sent[0], 1);
	assert_int_equal(d->sent[3], 3);
	assert_int_equal(d->to.in.sin_addr.s_addr, dry_addr("192.0.2.9", 0).in.sin_addr.s_addr);
	/* The second finds no path any more. */
	d->now.mono_us = d->wake_us;
	semtech_release(d->s, d->now.mono_us);
	assert_int_equal(d->n_sent, before + 2);
	assert_int_equal(semtech_counters(d->s)->send_errors, 1);
}

static void holds_back_no_more_than_its_share(void **state)
{
	struct dry *d = *state;
	struct tx_option o = immediate;

	dry_pull(d, "192.0.2.1", 1, known);
	o.emit_mono_us = d->now.mono_us + 5000000;
	for (uint32_t i = 0; i < SEMTECH_HELD_MAX; i++)
		assert_int_equal(dry_send(d, i, &o), LS_OK);
	assert_int_equal(dry_send(d, 9999, &o), LS_EFULL);
}

static void counts_a_refusing_socket(void **state)
{
	struct dry *d = *state;
	uint8_t token[2] = {0, 0};

	dry_pull(d, "192.0.2.1", 2, known);
	d->refuse = true;
	assert_int_equal(dry_send(d, 1, &immediate), LS_EIO);
	dry_pull(d, "192.0.2.1", 2, known);
	assert_int_equal(semtech_counters(d->s)->send_errors, 2);
	assert_int_equal(semtech_counters(d->s)->acks_sent, 1);
	/* A downlink that never left has no token. */
	for (unsigned i = 0; i < 65536; i++) {
		token[0] = (uint8_t)(i >> 8);
		token[1] = (uint8_t)i;
		dry_receive(d, "192.0.2.1", 2, token, 5, known, "");
	}
	assert_int_equal(d->seen.acks, 0);
}

static void survives_cut_datagrams(void **state)
{
	struct dry *d = *state;
	union semtech_addr from = dry_addr("192.0.2.1", 4000);
	uint8_t buf[1024];
	size_t full = make_packet(buf, 2, (const uint8_t *)"ab", 0, known, RXPK);

	for (size_t len = 0; len <= full; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, buf, len);
		semtech_receive(d->s, &from, copy, len, &d->now);
		free(copy);
	}
	assert_int_equal(semtech_counters(d->s)->datagrams, full + 1);
	assert_int_equal(semtech_counters(d->s)->malformed, full - 1); /* all but the bare header and the whole */
}

static void keeps_many_gateways(void **state)
{
	struct dry *d = *state;
	bool confirms;

	for (unsigned i = 0; i < 20000; i++) {
		struct eui64 id = {{0xbb, 0, 0, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

		dry_pull(d, "192.0.2.1", 2, id);
		assert_true(semtech_has_path(d->s, d->now.mono_us, id, &confirms));
	}
	assert_int_equal(d->seen.paths, 20000);
	assert_int_equal(d->seen.changes, 0);
}

#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define DRY(test) cmocka_unit_test_setup_teardown(test, dry_setup, dry_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOCKET(acknowledges_and_delivers),
		WITH_SOCKET(acknowledges_what_it_cannot_read),
		WITH_SOCKET(ignores_what_is_no_packet),
		WITH_SOCKET(reports_unknown_gateways),
		WITH_SOCKET(delivers_downlinks_and_answers),
		WITH_SOCKET(tells_every_tx_ack_error),
		WITH_SOCKET(newest_address_wins),
		WITH_SOCKET(holds_back_for_version_1),
		WITH_SOCKET(drains_a_flood_in_turns),
		WITH_SOCKET(takes_the_largest_datagram),
		WITH_SOCKET(refuses_bad_addresses),
		cmocka_unit_test(speaks_ip6),
		cmocka_unit_test(counts_kernel_drops),
		cmocka_unit_test(may_be_closed_by_the_sink),
		DRY(path_expires),
		DRY(conflict_needs_ten_seconds),
		DRY(tx_ack_expires),
		DRY(forgets_the_oldest_unanswered),
		DRY(tokens_belong_to_one_gateway),
		DRY(held_downlinks_follow_the_path),
		DRY(holds_back_no_more_than_its_share),
		DRY(counts_a_refusing_socket),
		DRY(survives_cut_datagrams),
		DRY(keeps_many_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
