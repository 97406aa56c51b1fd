/*
 * count_events.c - the application of the benchmark: subscribes to event.tail over the control socket and
 * finds in every uplink what lssim put there (sim/payload.h): sequence number and send time.
 *
 *   count_events SOCKET COUNT IDLE_MS WARMUP_MS WINDOW_US CPU
 *
 * Says "ready" when subscribed. Ends when COUNT different uplinks came, when none came for IDLE_MS after the
 * first one, or on SIGTERM; then prints one JSON object. Latency is arrival here minus send time minus the collection
 * window. The send time is taken by lssim when the frame is built, not when its plan wanted it, so a late generator
 * is not counted as a slow server. Uplinks sent in the first WARMUP_MS are counted for loss only.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "line_socket.h"

#define NOT_SEEN INT32_MIN
#define DATA_KEY ",\"data\":\""
#define PAYLOAD_CHARS 16 /* base64 of the 12 octets that count */

struct tally {
	int32_t *late_us; /* by sequence number */
	uint64_t *sent_ns;
	size_t count;
	uint64_t events, uplinks, distinct, duplicates, strange, gaps, bytes;
	uint64_t first_sent_ns, last_sent_ns, first_ns, last_ns;
};

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t big_endian(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* The key stands at nearly the same place in every line: look there first. */
static const char *find_data(const char *line, size_t len)
{
	static size_t hint;
	const size_t key_len = sizeof(DATA_KEY) - 1;
	size_t from = hint > 32 && hint < len ? hint - 32 : 0;
	const char *at = memmem(line + from, len - from, DATA_KEY, key_len);

	if (!at && from)
		at = memmem(line, len, DATA_KEY, key_len);
	if (!at)
		return NULL;
	hint = (size_t)(at - line);
	at += key_len;
	return (size_t)(line + len - at) > PAYLOAD_CHARS ? at : NULL;
}

static void take_line(struct tally *t, const char *line, size_t len, uint64_t now_ns, int64_t window_us)
{
	const char *data = find_data(line, len);
	uint8_t payload[12];
	uint64_t seq, sent_ns;
	size_t n;

	t->events++;
	if (!data) {
		if (memmem(line, len, "\"kind\":\"gap\"", 12))
			t->gaps++;
		else
			t->strange++;
		return;
	}
	if (base64_decode(data, PAYLOAD_CHARS, payload, sizeof(payload), &n) || n != sizeof(payload)) {
		t->strange++;
		return;
	}
	t->uplinks++;
	seq = big_endian(payload, 4);
	sent_ns = big_endian(payload + 4, 8);
	if (seq >= t->count) {
		t->strange++;
		return;
	}
	if (t->sent_ns[seq]) {
		t->duplicates++;
		return;
	}
	t->sent_ns[seq] = sent_ns;
	t->late_us[seq] = (int32_t)(((int64_t)now_ns - (int64_t)sent_ns) / 1000 - window_us);
	t->distinct++;
	if (!t->first_ns) {
		t->first_ns = now_ns;
		t->first_sent_ns = sent_ns;
	}
	t->last_ns = now_ns;
	if (sent_ns > t->last_sent_ns)
		t->last_sent_ns = sent_ns;
}

static int compare(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int32_t percentile(const int32_t *sorted, size_t n, double percent)
{
	return n ? sorted[(size_t)((double)(n - 1) * percent / 100)] : 0;
}

/* Median lateness of the last twentieth: what a queue that only grows looks like. */
static int32_t late_at_end(const struct tally *t, int32_t *scratch)
{
	size_t n = 0;

	for (size_t i = t->count - t->count / 20; i < t->count; i++)
		if (t->sent_ns[i])
			scratch[n++] = t->late_us[i];
	qsort(scratch, n, sizeof(scratch[0]), compare);
	return percentile(scratch, n, 50);
}

static int report(const struct tally *t, uint64_t warmup_ns)
{
	int32_t *sorted = malloc((t->count + 1) * sizeof(*sorted));
	double sending_s = (double)(t->last_sent_ns - t->first_sent_ns) / 1e9;
	size_t n = 0;
	int32_t end_us;

	if (!sorted)
		return 1;
	end_us = late_at_end(t, sorted);
	for (size_t i = 0; i < t->count; i++)
		if (t->sent_ns[i] && t->sent_ns[i] >= t->first_sent_ns + warmup_ns)
			sorted[n++] = t->late_us[i];
	qsort(sorted, n, sizeof(sorted[0]), compare);
	printf("{\"uplinks\":%llu,\"distinct\":%llu,\"duplicates\":%llu,\"lost\":%llu,\"strange\":%llu,\"gaps\":%llu,"
	       "\"sending_s\":%.3f,\"receiving_s\":%.3f,\"bytes_per_event\":%.0f,\"measured\":%zu,\"min_us\":%d,\"p50_us\":%d,"
	       "\"p99_us\":%d,\"p999_us\":%d,\"max_us\":%d,\"end_us\":%d}\n",
	       (unsigned long long)t->uplinks, (unsigned long long)t->distinct, (unsigned long long)t->duplicates,
	       (unsigned long long)(t->count - t->distinct), (unsigned long long)t->strange, (unsigned long long)t->gaps,
	       sending_s, (double)(t->last_ns - t->first_ns) / 1e9,
	       t->events ? (double)t->bytes / (double)t->events : 0, n, percentile(sorted, n, 0),
	       percentile(sorted, n, 50), percentile(sorted, n, 99), percentile(sorted, n, 99.9),
	       percentile(sorted, n, 100), end_us);
	free(sorted);
	return 0;
}

static bool subscribe(struct line_socket *s)
{
	static const char hello[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"client\":\"bench\"}}\n"
	                            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"event.tail\",\"params\":{\"filter\":\"kind=up\"}}\n";
	char *line;

	if (!line_socket_send(s, hello, sizeof(hello) - 1))
		return false;
	while ((line = line_socket_wait(s, 10000, NULL)))
		if (strstr(line, "\"subscription\":"))
			return true;
		else if (strstr(line, "\"error\""))
			break;
	fprintf(stderr, "count_events: not subscribed: %s\n", line ? line : "no answer");
	return false;
}

int main(int argc, char **argv)
{
	struct tally t = {0};
	struct line_socket s;
	cpu_set_t set;

	if (argc < 6) {
		fputs("usage: count_events SOCKET COUNT IDLE_MS WARMUP_MS WINDOW_US [CPU]\n", stderr);
		return 2;
	}
	t.count = strtoul(argv[2], NULL, 10);
	t.late_us = calloc(t.count + 1, sizeof(*t.late_us));
	t.sent_ns = calloc(t.count + 1, sizeof(*t.sent_ns));
	if (argc > 6 && atoi(argv[6]) >= 0) {
		CPU_ZERO(&set);
		CPU_SET(atoi(argv[6]), &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	/* No SA_RESTART: poll() shall return. */
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_end}, NULL);
	if (!t.late_us || !t.sent_ns || line_socket_open(&s, argv[1]))
		return 1;
	if (!subscribe(&s))
		return 1;
	puts("ready");
	fflush(stdout);
	while (!ended && t.distinct < t.count) {
		struct pollfd p = {.fd = s.fd, .events = POLLIN};
		int idle_ms = t.first_ns ? atoi(argv[3]) : -1;
		uint64_t now_ns;
		char *line;
		size_t len;
		long n;

		if (poll(&p, 1, idle_ms) <= 0)
			break;
		n = line_socket_fill(&s);
		if (n <= 0)
			break;
		now_ns = mono_ns();
		t.bytes += (uint64_t)n;
		while ((line = line_socket_next(&s, &len)))
			take_line(&t, line, len, now_ns, atoll(argv[5]));
	}
	line_socket_close(&s);
	return report(&t, strtoull(argv[4], NULL, 10) * 1000000);
}
