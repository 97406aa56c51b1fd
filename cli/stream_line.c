/*
 * stream_line.c - see stream_line.h.
 *
 * A terminal breaks a line that is too long in the middle of a word, so there it is cut to the width; what tells most
 * comes first. In a file the line is whole.
 */
#include "stream_line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/safe_text.h"
#include "columns.h"
#include "terminal.h"

#define PAYLOAD_MAX 256

struct line {
	const struct cli *c;
	size_t room; /* columns left; one more is kept for the sign that something was cut */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* Text from outside is made safe, and cut. */
static void put(struct line *l, const char *text)
{
	char safe[1024];
	size_t filled;

	if (l->room == 0)
		return;
	safe_text(text, strlen(text), safe, sizeof(safe));
	size_t n = cut_at(safe, l->room, &filled);

	fwrite(safe, 1, n, stdout);
	l->room -= filled;
	if (safe[n]) {
		fputs("…", stdout);
		l->room = 0;
	}
}

static void put_with(struct line *l, const char *before, const char *text)
{
	put(l, before);
	put(l, text);
}

static void put_number(struct line *l, const char *before, const json_t *o, const char *key, const char *unit)
{
	const json_t *n = json_object_get(o, key);
	char text[96];

	if (json_is_integer(n))
		snprintf(text, sizeof(text), "%s%lld%s", before, (long long)json_integer_value(n), unit);
	else if (json_is_real(n))
		snprintf(text, sizeof(text), "%s%.1f%s", before, json_real_value(n), unit);
	else
		return;
	put(l, text);
}

static void put_colored(struct line *l, enum role role, const char *text)
{
	fputs(role_on(l->c->out_color, role), stdout);
	put(l, text);
	fputs(role_off(l->c->out_color, role), stdout);
}

/* A word in a column of its own; nothing is "-". */
static void put_word(struct line *l, enum role role, const char *word, int width)
{
	char padded[64];

	snprintf(padded, sizeof(padded), "%-*s", width, *word ? word : "-");
	put(l, "  ");
	put_colored(l, role, padded);
}

static void put_when(struct line *l, const json_t *item)
{
	const char *text = text_of(item, "time");
	char buf[16], clock[24];
	int64_t us;

	if (l->c->opt.time != TIME_FORM_DEFAULT) {
		struct text_buf t;

		text_buf_init(&t);
		time_put(l->c, text, strlen(text), true, &t);
		put(l, t.data ? t.data : "-");
		text_buf_fini(&t);
		return;
	}
	if (clock_parse(text, strlen(text), &us) != LS_OK) {
		put(l, "-           ");
		return;
	}
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(buf, sizeof(buf), "%H:%M:%S", &tm);
	snprintf(clock, sizeof(clock), "%s.%03d", buf, (int)(us / 1000 % 1000));
	put(l, clock);
}

static void put_count(struct line *l, const json_t *list)
{
	char text[32];

	snprintf(text, sizeof(text), "  %zu gw", json_array_size(list));
	if (json_is_array(list))
		put(l, text);
}

static void put_payload(struct line *l, const char *base64)
{
	uint8_t octets[PAYLOAD_MAX];
	char hex[2 * PAYLOAD_MAX + 1];
	size_t len;

	if (*base64 && base64_decode(base64, strlen(base64), octets, sizeof(octets), &len) == LS_OK && len > 0)
		put_with(l, "  ", hex_encode(octets, len, hex));
}

/* The receiver that heard it best. */
static const json_t *strongest(const json_t *rx_info)
{
	const json_t *best = NULL, *rx;
	size_t i;

	json_array_foreach(rx_info, i, rx)
		if (!best || json_number_value(json_object_get(rx, "rssi")) >
		                     json_number_value(json_object_get(best, "rssi")))
			best = rx;
	return best;
}

static void put_up(struct line *l, const json_t *item)
{
	const json_t *rx_info = json_object_get(item, "rxInfo");
	const json_t *rx = strongest(rx_info);

	put_number(l, "  cnt ", item, "fCnt", "");
	put_number(l, "  port ", item, "fPort", "");
	if (json_is_true(json_object_get(item, "confirmed")))
		put(l, "  confirmed");
	put_payload(l, text_of(item, "data"));
	put_number(l, "  DR", item, "dr", "");
	put_number(l, "  ", rx, "rssi", " dBm");
	put_number(l, "  ", rx, "snr", " dB");
	put_count(l, rx_info);
}

static void put_event(struct line *l, const json_t *item, const char *kind)
{
	const json_t *device = json_object_get(item, "deviceInfo");
	bool bad = strcmp(kind, "log") == 0;

	put_word(l, bad ? ROLE_WARN : strcmp(kind, "join") == 0 ? ROLE_OK : ROLE_KEY, kind, 6);
	put_with(l, "  ", text_of(device, "devEui"));
	put_with(l, "  ", text_of(device, "deviceName"));
	if (strcmp(kind, "up") == 0) {
		put_up(l, item);
	} else if (strcmp(kind, "join") == 0) {
		put_with(l, "  joined as ", text_of(item, "devAddr"));
	} else if (strcmp(kind, "ack") == 0) {
		put(l, json_is_true(json_object_get(item, "acknowledged")) ? "  acknowledged" : "  not acknowledged");
		put_number(l, "  cnt ", item, "fCntDown", "");
	} else if (strcmp(kind, "txack") == 0) {
		put_with(l, "  sent by ", text_of(item, "gatewayId"));
		put_number(l, "  cnt ", item, "fCntDown", "");
	} else if (strcmp(kind, "log") == 0) {
		put_with(l, "  ", text_of(item, "level"));
		put_with(l, " ", text_of(item, "code"));
		put_with(l, ": ", text_of(item, "description"));
	} else if (strcmp(kind, "proprietary") == 0) {
		put_payload(l, text_of(item, "phyPayload"));
		put_number(l, "  ", strongest(json_object_get(item, "rxInfo")), "rssi", " dBm");
		put_count(l, json_object_get(item, "rxInfo"));
	} else if (strcmp(kind, "status") == 0) {
		put_number(l, "  battery ", item, "batteryLevel", " %");
		put_number(l, "  margin ", item, "margin", " dB");
	}
}

/* The direction stands beside it, so one word is enough. */
static const char *short_type(const char *m_type)
{
	static const struct {
		const char *m_type, *word;
	} words[] = {
		{"JOIN_REQUEST", "join"},          {"JOIN_ACCEPT", "accept"},
		{"UNCONFIRMED_DATA_UP", "data"},   {"UNCONFIRMED_DATA_DOWN", "data"},
		{"CONFIRMED_DATA_UP", "conf"},     {"CONFIRMED_DATA_DOWN", "conf"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].m_type, m_type) == 0)
			return words[i].word;
	return m_type;
}

/* A downlink has one gateway; its octets were there so long before the window. */
static void put_sender(struct line *l, const json_t *item)
{
	const char *id = json_string_value(json_array_get(json_object_get(item, "gateways"), 0));

	put_number(l, "  RX", item, "window", "");
	if (id)
		put_with(l, "  by ", id);
	put_number(l, "  margin ", item, "margin_ms", " ms");
}

static void put_frame(struct line *l, const json_t *item)
{
	const char *reason = text_of(item, "drop_reason"), *detail = text_of(item, "drop_detail");

	put_word(l, ROLE_KEY, text_of(item, "direction"), 4);
	put_word(l, ROLE_PLAIN, short_type(text_of(item, "m_type")), 6);
	put_word(l, ROLE_PLAIN, text_of(item, "dev_addr"), 8);
	put_word(l, ROLE_PLAIN, text_of(item, "dev_eui"), 16);
	if (*reason) {
		put(l, "  drop ");
		put_colored(l, ROLE_WARN, reason);
	}
	put_number(l, "  cnt ", item, "f_cnt", "");
	put_number(l, "  port ", item, "f_port", "");
	put_number(l, "  DR", item, "dr", "");
	if (strcmp(text_of(item, "direction"), "down") == 0)
		put_sender(l, item);
	else
		put_count(l, json_object_get(item, "gateways"));
	if (*reason && *detail)
		put_with(l, "  ", detail);
}

void stream_line_print(const struct cli *c, const json_t *item)
{
	struct line l = {.c = c, .room = c->out_tty && c->columns > 1 ? (size_t)c->columns - 1 : SIZE_MAX};
	const char *kind = text_of(item, "kind");

	if (strcmp(kind, "gap") == 0) {
		fputs(role_on(c->out_color, ROLE_WARN), stdout);
		put_number(&l, "-- ", item, "lost", " lost --");
		fputs(role_off(c->out_color, ROLE_WARN), stdout);
	} else {
		put_when(&l, item);
		if (json_object_get(item, "direction"))
			put_frame(&l, item);
		else
			put_event(&l, item, kind);
	}
	putchar('\n');
}
