#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WRONG_LINES_MAX 20

void report_event(const struct report *r, const char *subject, const char *fmt, ...)
{
	struct timespec now;
	struct tm tm;
	va_list ap;

	if (r->is_quiet)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	printf("%02d:%02d:%02d.%03ld %s ", tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, subject);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void report_wrong(struct report *r, const char *subject, const char *fmt, ...)
{
	va_list ap;

	r->wrong++;
	if (r->wrong > WRONG_LINES_MAX)
		return;
	fprintf(stderr, "lssim: wrong: %s: ", subject);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (r->wrong == WRONG_LINES_MAX)
		fputs("lssim: further wrong ones are only counted\n", stderr);
}

static double seconds(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? (double)(to_us - from_us) / 1e6 : 0;
}

static double data_rate(const struct report *r)
{
	double s = seconds(r->data_started_us, r->data_ended_us);

	return s > 0 ? (double)r->uplinks / s : 0;
}

static void print_times(const char *name, const struct histogram *h)
{
	if (h->count)
		printf("%s: p50 %.3f ms, p99 %.3f ms, max %.3f ms\n", name, (double)histogram_percentile(h, 50) / 1e3,
		       (double)histogram_percentile(h, 99) / 1e3, (double)h->max / 1e3);
}

void report_summary(const struct report *r)
{
	printf("sent: %" PRIu64 " uplinks in %.1f s", r->uplinks, seconds(r->started_us, r->ended_us));
	if (r->uplinks > 100)
		printf(" (%.0f/s)", data_rate(r));
	if (r->repeats)
		printf(", %" PRIu64 " repeats", r->repeats);
	printf("; %" PRIu64 " of %" PRIu64 " PUSH_DATA acknowledged\n", r->push_acks, r->pushes);
	if (r->join_requests)
		printf("joins: %" PRIu64 " requests, %" PRIu64 " accepted (RX1 %" PRIu64 ", RX2 %" PRIu64 "), %" PRIu64
		       " devices failed\n",
		       r->join_requests, r->joins_accepted, r->joins_heard[0], r->joins_heard[1], r->joins_failed);
	printf("downlinks: %" PRIu64 " in RX1, %" PRIu64 " in RX2, %" PRIu64 " too late, %" PRIu64 " wrong\n",
	       r->data_heard[0], r->data_heard[1], r->too_late, r->wrong);
	if (r->acks_heard || r->unacknowledged)
		printf("confirmed uplinks: %" PRIu64 " acknowledged, %" PRIu64 " given up\n", r->acks_heard,
		       r->unacknowledged);
	if (r->data_heard[2] || r->data_heard[3])
		printf("downlinks of class C: %" PRIu64 ", in ping slots: %" PRIu64 "\n", r->data_heard[2], r->data_heard[3]);
	if (r->rejoin_requests)
		printf("rejoins: %" PRIu64 " requests, %" PRIu64 " accepted\n", r->rejoin_requests, r->rejoins_accepted);
	if (r->mac_requests)
		printf("MAC requests of the server: %" PRIu64 ", refused %" PRIu64 "\n", r->mac_requests, r->mac_refused);
	if (r->mac_asked)
		printf("MAC requests of the devices: %" PRIu64 ", answered %" PRIu64 "\n", r->mac_asked, r->mac_answers);
	if (r->not_sent || r->refused)
		printf("datagrams not sent: %" PRIu64 ", refused by the host: %" PRIu64 "\n", r->not_sent, r->refused);
	print_times("lateness of the generator", &r->lateness);
	print_times("join accept after request", &r->join_delay);
	print_times("downlink after uplink", &r->downlink_delay);
}

static json_t *times_json(const struct histogram *h)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)h->count, "min", (json_int_t)h->min, "p50",
	                 (json_int_t)histogram_percentile(h, 50), "p99", (json_int_t)histogram_percentile(h, 99), "p999",
	                 (json_int_t)histogram_percentile(h, 99.9), "max", (json_int_t)h->max);
}

void report_summary_json(const struct report *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
	        {"uplinks", r->uplinks},
	        {"repeats", r->repeats},
	        {"join_requests", r->join_requests},
	        {"joins_accepted", r->joins_accepted},
	        {"joins_failed", r->joins_failed},
	        {"joins_rx1", r->joins_heard[0]},
	        {"joins_rx2", r->joins_heard[1]},
	        {"downlinks_rx1", r->data_heard[0]},
	        {"downlinks_rx2", r->data_heard[1]},
	        {"downlinks_confirmed", r->confirmed_heard},
	        {"too_late", r->too_late},
	        {"wrong", r->wrong},
	        {"uplinks_acknowledged", r->acks_heard},
	        {"uplinks_unacknowledged", r->unacknowledged},
	        {"downlinks_class_c", r->data_heard[2]},
	        {"downlinks_class_b", r->data_heard[3]},
	        {"rejoin_requests", r->rejoin_requests},
	        {"rejoins_accepted", r->rejoins_accepted},
	        {"mac_requests", r->mac_requests},
	        {"mac_refused", r->mac_refused},
	        {"mac_asked", r->mac_asked},
	        {"mac_answers", r->mac_answers},
	        {"push_data", r->pushes},
	        {"push_acks", r->push_acks},
	        {"datagrams", r->datagrams},
	        {"not_sent", r->not_sent},
	        {"refused", r->refused},
	};
	json_t *root = json_object();
	char *text;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_object_set_new(root, counts[i].name, json_integer((json_int_t)counts[i].value));
	json_object_set_new(root, "seconds", json_real(seconds(r->started_us, r->ended_us)));
	json_object_set_new(root, "data_seconds", json_real(seconds(r->data_started_us, r->data_ended_us)));
	json_object_set_new(root, "uplinks_per_second", json_real(data_rate(r)));
	json_object_set_new(root, "lateness_us", times_json(&r->lateness));
	json_object_set_new(root, "join_delay_us", times_json(&r->join_delay));
	json_object_set_new(root, "downlink_delay_us", times_json(&r->downlink_delay));
	json_object_set_new(root, "downlink_ahead_us", times_json(&r->ahead));
	text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
	puts(text ? text : "{}");
	free(text);
	json_decref(root);
}

int report_exit_code(const struct report *r)
{
	return r->wrong || r->joins_failed ? 1 : 0;
}
