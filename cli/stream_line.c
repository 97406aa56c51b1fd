/* stream_line.c - see stream_line.h. */
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

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* Text from outside, made safe. */
static void put(const char *before, const char *text)
{
	char safe[1024];

	safe_text(text, strlen(text), safe, sizeof(safe));
	printf("%s%s", before, safe);
}

static void put_number(const char *before, const json_t *o, const char *key, const char *unit)
{
	const json_t *n = json_object_get(o, key);

	if (json_is_integer(n))
		printf("%s%lld%s", before, (long long)json_integer_value(n), unit);
	else if (json_is_real(n))
		printf("%s%.1f%s", before, json_real_value(n), unit);
}

static void put_when(const struct cli *c, const json_t *item)
{
	const char *text = text_of(item, "time");
	struct text_buf t;
	char buf[16];
	int64_t us;

	if (c->opt.time != TIME_FORM_DEFAULT) {
		struct field f = {.type = FT_TIME};

		text_buf_init(&t);
		cell_put(c, &f, json_object_get(item, "time"), true, &t);
		put("", t.data ? t.data : "-");
		text_buf_fini(&t);
		return;
	}
	if (clock_parse(text, strlen(text), &us) != LS_OK) {
		printf("%-12s", "-");
		return;
	}
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(buf, sizeof(buf), "%H:%M:%S", &tm);
	printf("%s.%03d", buf, (int)(us / 1000 % 1000));
}

static void put_word(const struct cli *c, enum role role, const char *word, int width)
{
	char safe[64];

	safe_text(word, strlen(word), safe, sizeof(safe));
	printf("  %s%-*s%s", role_on(c->out_color, role), width, safe, role_off(c->out_color, role));
}

static void put_payload(const char *base64)
{
	uint8_t octets[PAYLOAD_MAX];
	char hex[2 * PAYLOAD_MAX + 1];
	size_t len;

	if (*base64 && base64_decode(base64, strlen(base64), octets, sizeof(octets), &len) == LS_OK && len > 0)
		printf("  %s", hex_encode(octets, len, hex));
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

static void put_up(const json_t *item)
{
	const json_t *rx_info = json_object_get(item, "rxInfo");
	const json_t *rx = strongest(rx_info);

	put_number("  cnt ", item, "fCnt", "");
	put_number("  port ", item, "fPort", "");
	put_number("  DR", item, "dr", "");
	put_number("  ", rx, "rssi", " dBm");
	put_number("  ", rx, "snr", " dB");
	if (rx)
		printf("  %zu gw", json_array_size(rx_info));
	if (json_is_true(json_object_get(item, "confirmed")))
		printf("  confirmed");
	put_payload(text_of(item, "data"));
}

static void put_event(const struct cli *c, const json_t *item, const char *kind)
{
	const json_t *device = json_object_get(item, "deviceInfo");
	bool bad = strcmp(kind, "log") == 0;

	put_word(c, bad ? ROLE_WARN : strcmp(kind, "join") == 0 ? ROLE_OK : ROLE_KEY, kind, 6);
	put("  ", text_of(device, "devEui"));
	put("  ", text_of(device, "deviceName"));
	if (strcmp(kind, "up") == 0) {
		put_up(item);
	} else if (strcmp(kind, "join") == 0) {
		put("  joined as ", text_of(item, "devAddr"));
	} else if (strcmp(kind, "ack") == 0) {
		printf(json_is_true(json_object_get(item, "acknowledged")) ? "  acknowledged" : "  not acknowledged");
		put_number("  cnt ", item, "fCntDown", "");
	} else if (strcmp(kind, "txack") == 0) {
		put("  sent by ", text_of(item, "gatewayId"));
		put_number("  cnt ", item, "fCntDown", "");
	} else if (strcmp(kind, "log") == 0) {
		put("  ", text_of(item, "level"));
		put(" ", text_of(item, "code"));
		put(": ", text_of(item, "description"));
	} else if (strcmp(kind, "status") == 0) {
		put_number("  battery ", item, "batteryLevel", " %");
		put_number("  margin ", item, "margin", " dB");
	}
	putchar('\n');
}

static void put_frame(const struct cli *c, const json_t *item)
{
	const char *reason = text_of(item, "drop_reason");
	const json_t *gateways = json_object_get(item, "gateways");

	put_word(c, ROLE_KEY, text_of(item, "direction"), 4);
	put_word(c, ROLE_PLAIN, text_of(item, "m_type"), 21);
	put_word(c, ROLE_PLAIN, *text_of(item, "dev_addr") ? text_of(item, "dev_addr") : "-", 8);
	put_word(c, ROLE_PLAIN, *text_of(item, "dev_eui") ? text_of(item, "dev_eui") : "-", 16);
	put_number("  cnt ", item, "f_cnt", "");
	put_number("  port ", item, "f_port", "");
	put_number("  DR", item, "dr", "");
	if (json_is_array(gateways))
		printf("  %zu gw", json_array_size(gateways));
	if (*reason) {
		printf("  %s", role_on(c->out_color, ROLE_WARN));
		put("dropped: ", reason);
		if (*text_of(item, "drop_detail"))
			put(" (", text_of(item, "drop_detail"));
		if (*text_of(item, "drop_detail"))
			putchar(')');
		printf("%s", role_off(c->out_color, ROLE_WARN));
	}
	putchar('\n');
}

void stream_line_print(const struct cli *c, const json_t *item)
{
	const char *kind = text_of(item, "kind");

	if (strcmp(kind, "gap") == 0) {
		printf("%s", role_on(c->out_color, ROLE_WARN));
		put_number("-- ", item, "lost", " lost --");
		printf("%s\n", role_off(c->out_color, ROLE_WARN));
		return;
	}
	put_when(c, item);
	if (json_object_get(item, "direction"))
		put_frame(c, item);
	else
		put_event(c, item, kind);
}
