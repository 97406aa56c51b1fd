#include "network/log_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lorawan/gps_time.h"

/* A gateway's clock is believed while it is this near to ours. */
#define GW_TIME_DRIFT_MAX_US 30000000

#define LITERAL(t, s) text_put(t, s, sizeof(s) - 1)

static void put_eui(struct text_buf *t, struct eui64 eui)
{
	text_putc(t, '"');
	text_put_hex(t, eui.be, sizeof(eui.be));
	text_putc(t, '"');
}

static void put_addr(struct text_buf *t, uint32_t dev_addr)
{
	uint8_t be[4] = {(uint8_t)(dev_addr >> 24), (uint8_t)(dev_addr >> 16), (uint8_t)(dev_addr >> 8),
	                 (uint8_t)dev_addr};

	text_putc(t, '"');
	text_put_hex(t, be, sizeof(be));
	text_putc(t, '"');
}

static void put_uuid(struct text_buf *t, struct uuid id)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(id, text);
	text_putc(t, '"');
	text_put(t, text, UUID_TEXT_SIZE - 1);
	text_putc(t, '"');
}

static void put_text(struct text_buf *t, const char *s)
{
	text_put_json(t, s, strlen(s));
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

static void put_time_z(struct text_buf *t, int64_t time_us)
{
	char text[CLOCK_TEXT_SIZE];

	text_putc(t, '"');
	text_put(t, text, clock_format(time_us, text));
	text_putc(t, '"');
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
	LITERAL(t, ",\"deviceClassEnabled\":\"CLASS_A\",\"tags\":");
	put_tags(t, d);
	text_putc(t, '}');
}

static const char *const code_rate_names[] = {
	[CR_UNDEFINED] = "CR_UNDEFINED", [CR_4_5] = "CR_4_5", [CR_4_6] = "CR_4_6", [CR_4_7] = "CR_4_7",
	[CR_4_8] = "CR_4_8", [CR_3_8] = "CR_3_8", [CR_2_6] = "CR_2_6", [CR_1_4] = "CR_1_4", [CR_1_6] = "CR_1_6",
	[CR_5_6] = "CR_5_6", [CR_LI_4_5] = "CR_LI_4_5", [CR_LI_4_6] = "CR_LI_4_6", [CR_LI_4_8] = "CR_LI_4_8",
};

/* gw.Modulation; polarization inversion is a matter of downlinks. */
static void put_modulation(struct text_buf *t, const struct radio *radio, bool down)
{
	switch (radio->modulation) {
	case MOD_LORA:
		LITERAL(t, "{\"lora\":{\"bandwidth\":");
		text_put_u64(t, radio->bandwidth_hz);
		LITERAL(t, ",\"spreadingFactor\":");
		text_put_u64(t, radio->sf);
		if (radio->code_rate != CR_UNDEFINED) {
			LITERAL(t, ",\"codeRate\":\"");
			text_puts(t, code_rate_names[radio->code_rate]);
			text_putc(t, '"');
		}
		if (down)
			LITERAL(t, ",\"polarizationInversion\":true,\"noCrc\":true");
		LITERAL(t, "}}");
		break;
	case MOD_FSK:
		LITERAL(t, "{\"fsk\":{");
		if (down) {
			LITERAL(t, "\"frequencyDeviation\":");
			text_put_u64(t, radio->bit_rate / 2);
			text_putc(t, ',');
		}
		LITERAL(t, "\"datarate\":");
		text_put_u64(t, radio->bit_rate);
		LITERAL(t, "}}");
		break;
	case MOD_LR_FHSS:
		LITERAL(t, "{\"lrFhss\":{\"operatingChannelWidth\":");
		text_put_u64(t, radio->bandwidth_hz);
		LITERAL(t, ",\"codeRate\":\"");
		text_puts(t, code_rate_names[radio->code_rate]);
		text_putc(t, '"');
		if (radio->grid_steps) {
			LITERAL(t, ",\"gridSteps\":");
			text_put_u64(t, radio->grid_steps);
		}
		LITERAL(t, "}}");
		break;
	}
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
static void put_duration_us(struct text_buf *t, uint64_t us)
{
	unsigned fraction = (unsigned)(us % 1000000);

	text_putc(t, '"');
	text_put_u64(t, us / 1000000);
	if (fraction % 1000 == 0 && fraction)
		text_printf(t, ".%03u", fraction / 1000);
	else if (fraction)
		text_printf(t, ".%06u", fraction);
	LITERAL(t, "s\"");
}

static void put_rx_info(struct text_buf *t, const struct fleet *f, const struct reception *r)
{
	const struct rx_info *rx = &r->rx;
	const struct gateway *g = fleet_gateway(f, rx->gateway_id);

	LITERAL(t, "{\"gatewayId\":");
	put_eui(t, rx->gateway_id);
	put_non_zero(t, "\"uplinkId\":", rx->uplink_id);
	if (rx->gw_time_us) {
		LITERAL(t, ",\"gwTime\":");
		put_time(t, rx->gw_time_us);
	}
	LITERAL(t, ",\"nsTime\":");
	put_time(t, rx->recv_wall_us);
	if (rx->gps_us) {
		LITERAL(t, ",\"timeSinceGpsEpoch\":");
		put_duration_us(t, rx->gps_us);
		if (rx->fine_time_ns >= 0)
			text_printf(t, ",\"fineTimeSinceGpsEpoch\":\"%llu.%09ds\"",
			            (unsigned long long)(rx->gps_us / 1000000), rx->fine_time_ns);
	}
	if (rx->rssi_dbm) {
		LITERAL(t, ",\"rssi\":");
		text_put_i64(t, rx->rssi_dbm);
	}
	if (rx->has_snr && rx->snr_db10) {
		LITERAL(t, ",\"snr\":");
		text_put_fixed(t, rx->snr_db10, 1);
	}
	put_non_zero(t, "\"channel\":", rx->channel);
	put_non_zero(t, "\"rfChain\":", rx->rf_chain);
	put_non_zero(t, "\"board\":", rx->board);
	put_non_zero(t, "\"antenna\":", rx->antenna);
	if (g && g->has_location)
		text_printf(t, ",\"location\":{\"latitude\":%.10g,\"longitude\":%.10g,\"altitude\":%.10g,\"source\":\"CONFIG\"}",
		            g->latitude, g->longitude, g->altitude_m);
	if (rx->context_len) {
		LITERAL(t, ",\"context\":\"");
		text_put_base64(t, rx->context, rx->context_len);
		text_putc(t, '"');
	}
	LITERAL(t, ",\"crcStatus\":\"CRC_OK\"}");
}

void text_up_event(struct text_buf *t, const struct fleet *f, const struct device *d, const struct phy_data *phy,
                   const struct collected *e, const struct uplink_outcome *o, struct uuid deduplication_id)
{
	const struct reception *best = collected_best(e);
	bool first = true;

	LITERAL(t, "{\"deduplicationId\":");
	put_uuid(t, deduplication_id);
	LITERAL(t, ",\"time\":");
	put_time(t, uplink_time_us(e));
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
		if (!reception_serves(f, &e->receptions[i], d))
			continue;
		if (!first)
			text_putc(t, ',');
		first = false;
		put_rx_info(t, f, &e->receptions[i]);
	}
	LITERAL(t, "],\"txInfo\":{\"frequency\":");
	text_put_u64(t, best->freq_hz);
	LITERAL(t, ",\"modulation\":");
	put_modulation(t, &best->radio, false);
	LITERAL(t, "},\"regionConfigId\":\"");
	text_puts(t, o->session->region->table->config_id);
	LITERAL(t, "\"}");
}

void text_join_event(struct text_buf *t, const struct device *d, const struct collected *e, uint32_t dev_addr,
                     struct uuid deduplication_id)
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
	text_puts(t, d->profile->region->table->config_id);
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
	LITERAL(t, ",\"timing\":{\"delay\":{\"delay\":");
	put_duration_us(t, tx->delay_us);
	LITERAL(t, "}}");
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

/* ---- frames -------------------------------------------------------------------------------- */

static void put_radio(struct text_buf *t, const struct radio *radio)
{
	LITERAL(t, ",\"modulation\":");
	put_modulation(t, radio, false);
}

static void put_drop(struct text_buf *t, enum drop_reason reason, const char *detail)
{
	if (!reason) {
		LITERAL(t, ",\"drop_reason\":null}");
		return;
	}
	LITERAL(t, ",\"drop_reason\":");
	put_text(t, drop_reason_name(reason));
	LITERAL(t, ",\"drop_words\":");
	put_text(t, drop_reason_words(reason));
	if (detail && detail[0]) {
		LITERAL(t, ",\"drop_detail\":");
		put_text(t, detail);
	}
	LITERAL(t, ",\"hint\":");
	put_text(t, drop_reason_hint(reason));
	text_putc(t, '}');
}

static void put_optional(struct text_buf *t, const char *key, bool has, uint64_t value)
{
	text_puts(t, key);
	if (has)
		text_put_u64(t, value);
	else
		LITERAL(t, "null");
}

void text_frame_up(struct text_buf *t, const struct frame_up *u, int64_t time_us)
{
	const struct reception *r = u->receptions;

	LITERAL(t, "{\"time\":");
	put_time_z(t, time_us);
	LITERAL(t, ",\"direction\":\"up\",\"gateways\":[");
	for (unsigned i = 0; i < u->n_receptions; i++) {
		if (i)
			text_putc(t, ',');
		put_eui(t, r[i].rx.gateway_id);
	}
	LITERAL(t, "],\"m_type\":");
	if (u->m_type >= 0)
		put_text(t, m_type_name((enum m_type)u->m_type));
	else
		LITERAL(t, "null");
	LITERAL(t, ",\"dev_addr\":");
	if (u->has_dev_addr)
		put_addr(t, u->dev_addr);
	else
		LITERAL(t, "null");
	LITERAL(t, ",\"dev_eui\":");
	if (u->device)
		put_eui(t, u->device->dev_eui);
	else if (u->has_dev_eui)
		put_eui(t, u->dev_eui);
	else
		LITERAL(t, "null");
	put_optional(t, ",\"f_cnt\":", u->has_f_cnt, u->f_cnt);
	put_optional(t, ",\"f_port\":", u->f_port >= 0, (uint64_t)(u->f_port >= 0 ? u->f_port : 0));
	LITERAL(t, ",\"freq_hz\":");
	text_put_u64(t, r[0].freq_hz);
	put_optional(t, ",\"dr\":", u->dr >= 0, (uint64_t)(u->dr >= 0 ? u->dr : 0));
	put_radio(t, &r[0].radio);
	LITERAL(t, ",\"receivers\":[");
	for (unsigned i = 0; i < u->n_receptions; i++) {
		if (i)
			text_putc(t, ',');
		LITERAL(t, "{\"gateway_id\":");
		put_eui(t, r[i].rx.gateway_id);
		LITERAL(t, ",\"rssi_dbm\":");
		text_put_i64(t, r[i].rx.rssi_dbm);
		if (r[i].rx.has_snr) {
			LITERAL(t, ",\"snr_db\":");
			text_put_fixed(t, r[i].rx.snr_db10, 1);
		}
		text_putc(t, '}');
	}
	LITERAL(t, "],\"phy_payload\":\"");
	text_put_hex(t, u->e->phy, u->e->phy_len);
	text_putc(t, '"');
	put_drop(t, u->reason, u->detail);
}

void text_frame_down(struct text_buf *t, const struct frame_down *f, int64_t time_us)
{
	LITERAL(t, "{\"time\":");
	put_time_z(t, time_us);
	LITERAL(t, ",\"direction\":\"down\",\"gateways\":[");
	put_eui(t, f->gateway_id);
	LITERAL(t, "],\"m_type\":");
	put_text(t, m_type_name((enum m_type)f->m_type));
	LITERAL(t, ",\"dev_addr\":");
	put_addr(t, f->dev_addr);
	LITERAL(t, ",\"dev_eui\":");
	put_eui(t, f->device->dev_eui);
	put_optional(t, ",\"f_cnt\":", f->has_f_cnt, f->f_cnt);
	put_optional(t, ",\"f_port\":", f->f_port >= 0, (uint64_t)(f->f_port >= 0 ? f->f_port : 0));
	put_optional(t, ",\"freq_hz\":", f->tx, f->tx ? f->tx->freq_hz : 0);
	put_optional(t, ",\"dr\":", f->dr >= 0, (uint64_t)(f->dr >= 0 ? f->dr : 0));
	if (f->tx) {
		put_radio(t, &f->tx->radio);
		LITERAL(t, ",\"power_dbm\":");
		text_put_i64(t, f->tx->power_dbm);
	}
	put_optional(t, ",\"window\":", f->window > 0, (uint64_t)f->window);
	LITERAL(t, ",\"phy_payload\":\"");
	text_put_hex(t, f->phy, f->phy_len);
	text_putc(t, '"');
	put_drop(t, f->reason, f->detail);
}
