/* frame_text.c - rows of the frame ring. */
#include "base/clock.h"
#include "network/log_part.h"
#include "network/log_text.h"

static void put_time_z(struct text_buf *t, int64_t time_us)
{
	char text[CLOCK_TEXT_SIZE];

	text_putc(t, '"');
	text_put(t, text, clock_format(time_us, text));
	text_putc(t, '"');
}

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

#define RECEIVER_MAX 128 /* names, an EUI and two 16-bit numbers */

static void put_receiver(struct text_buf *t, const struct rx_info *rx)
{
	char *p = text_buf_reserve(t, RECEIVER_MAX);

	if (!p)
		return;
	p = TEXT_AT_LITERAL(p, "{\"gateway_id\":");
	p = at_eui(p, rx->gateway_id);
	p = TEXT_AT_LITERAL(p, ",\"rssi_dbm\":");
	p = text_at_i64(p, rx->rssi_dbm);
	if (rx->has_snr) {
		p = TEXT_AT_LITERAL(p, ",\"snr_db\":");
		p = at_tenths(p, rx->snr_db10);
	}
	*p++ = '}';
	text_buf_end(t, p);
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
		put_receiver(t, &r[i].rx);
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
	if (!eui64_equal(f->gateway_id, (struct eui64){{0}}))
		put_eui(t, f->gateway_id);
	LITERAL(t, "],\"m_type\":");
	put_text(t, m_type_name((enum m_type)f->m_type));
	LITERAL(t, ",\"dev_addr\":");
	put_addr(t, f->dev_addr);
	LITERAL(t, ",\"dev_eui\":");
	if (f->device)
		put_eui(t, f->device->dev_eui);
	else
		LITERAL(t, "null");
	put_optional(t, ",\"f_cnt\":", f->has_f_cnt, f->f_cnt);
	put_optional(t, ",\"f_port\":", f->f_port >= 0, (uint64_t)(f->f_port >= 0 ? f->f_port : 0));
	put_optional(t, ",\"freq_hz\":", f->tx, f->tx ? f->tx->freq_hz : 0);
	put_optional(t, ",\"dr\":", f->dr >= 0, (uint64_t)(f->dr >= 0 ? f->dr : 0));
	if (f->tx) {
		put_radio(t, &f->tx->radio);
		LITERAL(t, ",\"power_dbm\":");
		text_put_i64(t, f->tx->power_dbm);
	}
	put_optional(t, ",\"window\":", f->window == 1 || f->window == 2, (uint64_t)f->window);
	if (f->device_class) {
		LITERAL(t, ",\"class\":\"");
		text_putc(t, f->device_class);
		text_putc(t, '"');
	}
	LITERAL(t, ",\"margin_ms\":");
	if (f->was_sent)
		text_put_i64(t, f->margin_ms);
	else
		LITERAL(t, "null");
	put_optional(t, ",\"round_trip_ms\":", f->round_trip_us > 0, (f->round_trip_us + 500) / 1000);
	if (f->choice && f->choice[0]) {
		LITERAL(t, ",\"choice\":");
		put_text(t, f->choice);
	}
	if (!f->reason && f->refusals && f->refusals[0]) {
		LITERAL(t, ",\"refusals\":");
		put_text(t, f->refusals);
	}
	LITERAL(t, ",\"phy_payload\":\"");
	text_put_hex(t, f->phy, f->phy_len);
	text_putc(t, '"');
	put_drop(t, f->reason, f->detail);
}
