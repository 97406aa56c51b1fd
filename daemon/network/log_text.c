#include "network/log_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lorawan/gps_time.h"
#include "network/log_part.h"

/* A gateway's clock is believed while it is this near to ours. */
#define GW_TIME_DRIFT_MAX_US 30000000

static void put_uuid(struct text_buf *t, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(id, text);
	text_putc(t, '"');
	text_put(t, text, UUID_TEXT_SIZE - 1);
	text_putc(t, '"');
}

static void put_bool(struct text_buf *t, bool b)
{
	text_puts(t, b ? "true" : "false");
}

static void put_time(struct text_buf *t, int64_t time_us)
{
	char text[CLOCK_TEXT_SIZE];

	text_putc(t, '"');
	text_put(t, text, clock_format_chirpstack(time_us, text));
	text_putc(t, '"');
}

/*
 * The times of one row are mostly of one second, and the date of a second is what costs: its text is kept here
 * while the row is written. Starts as {0}.
 */
struct time_text {
	int64_t second;
	char date[CLOCK_TEXT_SIZE]; /* "2025-03-04T10:15:31..."; empty at first */
};

#define DATE_LEN 19
#define YEAR_10000_US (INT64_C(253402300800) * 1000000)

/* As put_time() writes it. Times before 1970 or of five-digit years, which no clock gives, are left to clock.c. */
static char *at_time(char *p, struct time_text *cache, int64_t time_us)
{
	int64_t second = time_us / 1000000;
	unsigned fraction = (unsigned)(time_us % 1000000);

	*p++ = '"';
	if (time_us < 0 || time_us >= YEAR_10000_US) {
		p += clock_format_chirpstack(time_us, p);
		*p++ = '"';
		return p;
	}
	if (!cache->date[0] || cache->second != second) {
		clock_format(time_us, cache->date);
		cache->second = second;
	}
	p = text_at(p, cache->date, DATE_LEN);
	if (fraction) {
		*p++ = '.';
		p = fraction % 1000 ? text_at_digits(p, fraction, 6) : text_at_digits(p, fraction / 1000, 3);
	}
	return TEXT_AT_LITERAL(p, "+00:00\"");
}

static void put_time_cached(struct text_buf *t, struct time_text *cache, int64_t time_us)
{
	char *p = text_buf_reserve(t, CLOCK_TEXT_SIZE + 2);

	if (p)
		text_buf_end(t, at_time(p, cache, time_us));
}

int64_t uplink_time_us(const struct collected *e)
{
	for (unsigned i = 0; i < e->n; i++)
		if (e->receptions[i].rx.gps_us)
			return wall_us_from_gps_us(e->receptions[i].rx.gps_us);
	for (unsigned i = 0; i < e->n; i++) {
		const struct rx_info *rx = &e->receptions[i].rx;

		if (rx->gw_time_us && llabs(rx->gw_time_us - rx->recv_wall_us) < GW_TIME_DRIFT_MAX_US)
			return rx->gw_time_us;
	}
	return e->first_wall_us;
}

/* Later ones win: application, profile, device. Most have none, few have one, so merging is rare. */
static void put_tags(struct text_buf *t, const struct device *d)
{
	const char *texts[] = {d->application->tags, d->profile->tags, d->tags};
	const char *only = NULL;
	json_t *merged;
	char *text;
	int n = 0;

	for (int i = 0; i < 3; i++)
		if (texts[i]) {
			only = texts[i];
			n++;
		}
	if (n <= 1) {
		text_puts(t, only ? only : "{}");
		return;
	}
	merged = json_object();
	for (int i = 0; i < 3; i++) {
		json_t *one = texts[i] ? json_loads(texts[i], 0, NULL) : NULL;

		json_object_update(merged, one);
		json_decref(one);
	}
	text = json_dumps(merged, JSON_COMPACT);
	text_puts(t, text ? text : "{}");
	free(text);
	json_decref(merged);
}

static void put_device_info(struct text_buf *t, const struct device *d)
{
	const struct application *a = d->application;
	const struct session *s = d->sessions[SLOT_CURRENT];

	LITERAL(t, "\"deviceInfo\":{\"tenantId\":");
	put_uuid(t, a->tenant->id);
	LITERAL(t, ",\"tenantName\":");
	put_text(t, a->tenant->name);
	LITERAL(t, ",\"applicationId\":");
	put_uuid(t, a->id);
	LITERAL(t, ",\"applicationName\":");
	put_text(t, a->name);
	LITERAL(t, ",\"deviceProfileId\":");
	put_uuid(t, d->profile->id);
	LITERAL(t, ",\"deviceProfileName\":");
	put_text(t, d->profile->name);
	LITERAL(t, ",\"deviceName\":");
	put_text(t, d->name);
	LITERAL(t, ",\"devEui\":");
	put_eui(t, d->dev_eui);
	LITERAL(t, ",\"deviceClassEnabled\":\"CLASS_");
	text_putc(t, (char)('A' + (s ? s->up.device_class : CLASS_A)));
	LITERAL(t, "\",\"tags\":");
	put_tags(t, d);
	text_putc(t, '}');
}

static void put_non_zero(struct text_buf *t, const char *key, uint64_t value)
{
	if (!value)
		return;
	text_putc(t, ',');
	text_puts(t, key);
	text_put_u64(t, value);
}

/* google.protobuf.Duration as JSON, from microseconds: always enough decimals to be exact. */
static char *at_duration_us(char *p, uint64_t us)
{
	unsigned fraction = (unsigned)(us % 1000000);

	*p++ = '"';
	p = text_at_u64(p, us / 1000000);
	if (fraction) {
		*p++ = '.';
		p = fraction % 1000 ? text_at_digits(p, fraction, 6) : text_at_digits(p, fraction / 1000, 3);
	}
	return TEXT_AT_LITERAL(p, "s\"");
}

static void put_duration_us(struct text_buf *t, uint64_t us)
{
	char *p = text_buf_reserve(t, 2 * TEXT_U64_MAX);

	if (p)
		text_buf_end(t, at_duration_us(p, us));
}

/* A double of a nested message: left out when 0, ".0" when whole. */
static void put_double(struct text_buf *t, const char *key, double value)
{
	if (value != 0)
		text_printf(t, floor(value) == value ? "\"%s\":%.1f," : "\"%s\":%.10g,", key, value);
}

static void put_location(struct text_buf *t, const struct gateway *g)
{
	LITERAL(t, ",\"location\":{");
	put_double(t, "latitude", g->latitude);
	put_double(t, "longitude", g->longitude);
	put_double(t, "altitude", g->altitude_m);
	LITERAL(t, "\"source\":\"CONFIG\"}");
}

static char *at_non_zero(char *p, const char *key, size_t key_len, uint64_t value)
{
	return value ? text_at_u64(text_at(p, key, key_len), value) : p;
}
#define AT_NON_ZERO(p, key, value) at_non_zero(p, key, sizeof(key) - 1, value)

/*
 * Room for a reception without location and context: 210 octets of names, an EUI, two times, two durations of
 * 31 octets at most and 8 small numbers.
 */
#define RX_INFO_MAX 512

static void put_rx_info(struct text_buf *t, const struct reception *r, struct time_text *date)
{
	const struct rx_info *rx = &r->rx;
	const struct gateway *g = r->gateway;
	char *p = text_buf_reserve(t, RX_INFO_MAX);

	if (!p)
		return;
	p = TEXT_AT_LITERAL(p, "{\"gatewayId\":");
	p = at_eui(p, rx->gateway_id);
	p = AT_NON_ZERO(p, ",\"uplinkId\":", rx->uplink_id);
	if (rx->gw_time_us) {
		p = TEXT_AT_LITERAL(p, ",\"gwTime\":");
		p = at_time(p, date, rx->gw_time_us);
	}
	p = TEXT_AT_LITERAL(p, ",\"nsTime\":");
	p = at_time(p, date, rx->recv_wall_us);
	if (rx->gps_us) {
		p = TEXT_AT_LITERAL(p, ",\"timeSinceGpsEpoch\":");
		p = at_duration_us(p, rx->gps_us);
		if (rx->fine_time_ns >= 0) {
			p = TEXT_AT_LITERAL(p, ",\"fineTimeSinceGpsEpoch\":\"");
			p = text_at_u64(p, rx->gps_us / 1000000);
			*p++ = '.';
			p = text_at_digits(p, (uint64_t)rx->fine_time_ns, 9);
			p = TEXT_AT_LITERAL(p, "s\"");
		}
	}
	if (rx->rssi_dbm) {
		p = TEXT_AT_LITERAL(p, ",\"rssi\":");
		p = text_at_i64(p, rx->rssi_dbm);
	}
	if (rx->has_snr && rx->snr_db10) {
		p = TEXT_AT_LITERAL(p, ",\"snr\":");
		p = at_tenths(p, rx->snr_db10);
	}
	p = AT_NON_ZERO(p, ",\"channel\":", rx->channel);
	p = AT_NON_ZERO(p, ",\"rfChain\":", rx->rf_chain);
	p = AT_NON_ZERO(p, ",\"board\":", rx->board);
	p = AT_NON_ZERO(p, ",\"antenna\":", rx->antenna);
	text_buf_end(t, p);
	if (g && g->has_location)
		put_location(t, g);
	if (rx->context_len) {
		LITERAL(t, ",\"context\":\"");
		text_put_base64(t, rx->context, rx->context_len);
		text_putc(t, '"');
	}
	LITERAL(t, ",\"crcStatus\":\"CRC_OK\"}");
}

void text_up_event(struct text_buf *t, const struct device *d, const struct phy_data *phy,
                   const struct collected *e, const struct uplink_outcome *o, struct uuid deduplication_id)
{
	const struct reception *best = o->best;
	struct time_text date = {0};
	bool first = true;

	LITERAL(t, "{\"deduplicationId\":");
	put_uuid(t, deduplication_id);
	LITERAL(t, ",\"time\":");
	put_time_cached(t, &date, uplink_time_us(e));
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"devAddr\":");
	put_addr(t, phy->dev_addr);
	LITERAL(t, ",\"adr\":");
	put_bool(t, phy->adr);
	LITERAL(t, ",\"dr\":");
	text_put_u64(t, (uint64_t)o->dr);
	LITERAL(t, ",\"fCnt\":");
	text_put_u64(t, o->f_cnt);
	LITERAL(t, ",\"fPort\":");
	text_put_u64(t, phy->f_port > 0 ? (uint64_t)phy->f_port : 0);
	LITERAL(t, ",\"confirmed\":");
	put_bool(t, phy->m_type == M_TYPE_CONFIRMED_UP);
	LITERAL(t, ",\"data\":\"");
	text_put_base64(t, o->data, o->data_len);
	LITERAL(t, "\",\"rxInfo\":[");
	for (unsigned i = 0; i < e->n; i++) {
		if (!reception_serves(&e->receptions[i], d))
			continue;
		if (!first)
			text_putc(t, ',');
		first = false;
		put_rx_info(t, &e->receptions[i], &date);
	}
	LITERAL(t, "],\"txInfo\":{\"frequency\":");
	text_put_u64(t, best->freq_hz);
	LITERAL(t, ",\"modulation\":");
	put_modulation(t, &best->radio, false);
	LITERAL(t, "},\"regionConfigId\":\"");
	text_puts(t, o->session->region->name);
	LITERAL(t, "\"}");
}

void text_proprietary_event(struct text_buf *t, const struct collected *e, struct uuid deduplication_id)
{
	struct time_text date = {0};

	LITERAL(t, "{\"deduplicationId\":");
	put_uuid(t, deduplication_id);
	LITERAL(t, ",\"time\":");
	put_time_cached(t, &date, uplink_time_us(e));
	LITERAL(t, ",\"phyPayload\":\"");
	text_put_base64(t, e->phy, e->phy_len);
	LITERAL(t, "\",\"rxInfo\":[");
	for (unsigned i = 0; i < e->n; i++) {
		if (i)
			text_putc(t, ',');
		put_rx_info(t, &e->receptions[i], &date);
	}
	LITERAL(t, "],\"txInfo\":{\"frequency\":");
	text_put_u64(t, e->receptions[0].freq_hz);
	LITERAL(t, ",\"modulation\":");
	put_modulation(t, &e->receptions[0].radio, false);
	LITERAL(t, "}}");
}

void text_join_event(struct text_buf *t, const struct device *d, const struct collected *e, uint32_t dev_addr,
                     const char *region, struct uuid deduplication_id)
{
	LITERAL(t, "{\"deduplicationId\":");
	put_uuid(t, deduplication_id);
	LITERAL(t, ",\"time\":");
	put_time(t, uplink_time_us(e));
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"devAddr\":");
	put_addr(t, dev_addr);
	LITERAL(t, ",\"regionConfigId\":\"");
	text_puts(t, region);
	LITERAL(t, "\"}");
}

void text_ack_event(struct text_buf *t, const struct device *d, int64_t time_us, const struct uuid *deduplication_id,
                    const struct queue_item *item, bool acknowledged)
{
	LITERAL(t, "{\"deduplicationId\":");
	if (deduplication_id)
		put_uuid(t, *deduplication_id);
	else
		LITERAL(t, "\"\"");
	LITERAL(t, ",\"time\":");
	put_time(t, time_us);
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"queueItemId\":");
	put_uuid(t, item->id);
	LITERAL(t, ",\"acknowledged\":");
	put_bool(t, acknowledged);
	LITERAL(t, ",\"fCntDown\":");
	text_put_u64(t, item->f_cnt_down);
	text_putc(t, '}');
}

void text_status_event(struct text_buf *t, const struct device *d, int64_t time_us, struct uuid deduplication_id,
                       uint8_t battery, int8_t margin_db)
{
	bool known = battery >= 1 && battery <= 254;

	LITERAL(t, "{\"deduplicationId\":");
	put_uuid(t, deduplication_id);
	LITERAL(t, ",\"time\":");
	put_time(t, time_us);
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"margin\":");
	text_put_i64(t, margin_db);
	LITERAL(t, ",\"externalPowerSource\":");
	put_bool(t, battery == 0);
	LITERAL(t, ",\"batteryLevelUnavailable\":");
	put_bool(t, battery == 255);
	LITERAL(t, ",\"batteryLevel\":");
	text_put_fixed(t, known ? (battery * 1000000 + 127) / 254 : 0, 4);
	text_putc(t, '}');
}

static void put_timing(struct text_buf *t, const struct tx_option *tx)
{
	switch (tx->timing) {
	case TX_IMMEDIATE:
		LITERAL(t, ",\"timing\":{\"immediately\":{}}");
		return;
	case TX_DELAY:
		LITERAL(t, ",\"timing\":{\"delay\":{\"delay\":");
		put_duration_us(t, tx->delay_us);
		break;
	case TX_GPS:
		LITERAL(t, ",\"timing\":{\"gpsEpoch\":{\"timeSinceGpsEpoch\":");
		put_duration_us(t, tx->gps_us);
		break;
	}
	LITERAL(t, "}}");
}

void text_txack_event(struct text_buf *t, const struct device *d, int64_t time_us, uint32_t downlink_id,
                      struct uuid queue_item_id, uint32_t f_cnt_down, struct eui64 gateway_id,
                      const struct tx_option *tx)
{
	LITERAL(t, "{\"downlinkId\":");
	text_put_u64(t, downlink_id);
	LITERAL(t, ",\"time\":");
	put_time(t, time_us);
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"queueItemId\":");
	put_uuid(t, queue_item_id);
	LITERAL(t, ",\"fCntDown\":");
	text_put_u64(t, f_cnt_down);
	LITERAL(t, ",\"gatewayId\":");
	put_eui(t, gateway_id);
	LITERAL(t, ",\"txInfo\":{\"frequency\":");
	text_put_u64(t, tx->freq_hz);
	if (tx->power_dbm) {
		LITERAL(t, ",\"power\":");
		text_put_i64(t, tx->power_dbm);
	}
	LITERAL(t, ",\"modulation\":");
	put_modulation(t, &tx->radio, true);
	put_non_zero(t, "\"board\":", tx->board);
	put_non_zero(t, "\"antenna\":", tx->antenna);
	put_timing(t, tx);
	if (tx->context_len) {
		LITERAL(t, ",\"context\":\"");
		text_put_base64(t, tx->context, tx->context_len);
		text_putc(t, '"');
	}
	LITERAL(t, "}}");
}

void text_log_event(struct text_buf *t, const struct device *d, int64_t time_us, const char *level, const char *code,
                    const char *description, const struct text_pair *context, size_t n)
{
	LITERAL(t, "{\"time\":");
	put_time(t, time_us);
	text_putc(t, ',');
	put_device_info(t, d);
	LITERAL(t, ",\"level\":");
	put_text(t, level);
	LITERAL(t, ",\"code\":");
	put_text(t, code);
	LITERAL(t, ",\"description\":");
	put_text(t, description);
	LITERAL(t, ",\"context\":{");
	for (size_t i = 0; i < n; i++) {
		if (i)
			text_putc(t, ',');
		put_text(t, context[i].key);
		text_putc(t, ':');
		put_text(t, context[i].value);
	}
	LITERAL(t, "}}");
}
