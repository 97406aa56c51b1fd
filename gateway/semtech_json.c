/*
 * Reading is one pass over the text. An entry's simple values are converted as they come; those
 * that need one another (modu tells what datr means) are remembered as slices of the text and put
 * together at the entry's closing brace, when the frame is handed over.
 */
#include "gateway/semtech_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "gateway/json_scan_quick.h"
#include "gateway/semtech_datr.h"
#include "gateway/semtech_text.h"
#include "lorawan/gps_time.h"

#define RSSI_MIN_DBM (-200)
#define RSSI_MAX_DBM 50
#define SNR_LIMIT_DB10 500
#define TMMS_MAX 10000000000000 /* year 2296 */
#define STAT_COUNT_MAX INT64_C(1000000000000)

/* What one antenna says: the entry itself, or an element of its rsig. */
struct signal {
	uint8_t channel, antenna;
	bool has_rssi, has_snr, has_freq_offset;
	int16_t rssi_dbm, snr_db10;
	int32_t freq_offset_hz, fine_time_ns;
};

struct entry {
	bool bad;
	bool has_tmst, has_size;
	uint32_t tmst;
	uint32_t freq_hz;
	int64_t size;
	int64_t gw_time_us;
	uint64_t gps_us;
	enum crc_status crc;
	uint8_t rf_chain, board, grid_steps;
	struct scan_value modu, datr, codr;
	size_t phy_len;
	struct signal top;
	size_t n_signals;
};

struct reader {
	struct json_scan scan;
	const struct rx_info *base;
	const struct semtech_push *push;
	unsigned n_entries, bad_entries;
	uint8_t phy[PHY_MAX];
	struct signal signals[SEMTECH_SIGNALS_MAX];
};

/* A number, rounded to `decimals`, if it lies in min..max. */
static bool take_fixed(const struct scan_value *v, unsigned decimals, int64_t min, int64_t max, int64_t *out)
{
	int64_t n;

	if (v->type != SCAN_NUMBER)
		return false;
	n = scan_number_fixed(&v->number, decimals);
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

static void take_u8(const struct scan_value *v, uint8_t *out)
{
	int64_t n;

	if (take_fixed(v, 0, 0, UINT8_MAX, &n))
		*out = (uint8_t)n;
}

static bool take_clamped(const struct scan_value *v, unsigned decimals, int min, int max, int16_t *out)
{
	int64_t n;

	if (!take_fixed(v, decimals, INT64_MIN, INT64_MAX, &n))
		return false;
	*out = (int16_t)(n < min ? min : n > max ? max : n);
	return true;
}

static void take_rssi(const struct scan_value *v, struct signal *s)
{
	if (take_clamped(v, 0, RSSI_MIN_DBM, RSSI_MAX_DBM, &s->rssi_dbm))
		s->has_rssi = true;
}

static void take_snr(const struct scan_value *v, struct signal *s)
{
	if (take_clamped(v, 1, -SNR_LIMIT_DB10, SNR_LIMIT_DB10, &s->snr_db10))
		s->has_snr = true;
}

static void take_freq_offset(const struct scan_value *v, struct signal *s)
{
	int64_t n;

	s->has_freq_offset = take_fixed(v, 0, -10000000, 10000000, &n);
	if (s->has_freq_offset)
		s->freq_offset_hz = (int32_t)n;
}

static void take_fine_time(const struct scan_value *v, struct signal *s)
{
	int64_t n;

	s->fine_time_ns = take_fixed(v, 0, 0, 999999999, &n) ? (int32_t)n : -1;
}

static void take_data(struct reader *r, const struct scan_value *v, struct entry *e)
{
	char buf[BASE64_SIZE(PHY_MAX) + 8];
	struct scan_text t = semtech_plain(v, buf, sizeof(buf));

	e->phy_len = 0;
	if (!t.len || base64_decode(t.p, t.len, r->phy, sizeof(r->phy), &e->phy_len))
		e->bad = true;
}

static void read_signal(struct reader *r, const struct signal *top, struct signal *out)
{
	struct scan_value v;
	uint64_t key;

	*out = (struct signal){.antenna = top->antenna, .channel = top->channel, .fine_time_ns = -1};
	while (scan_next_member(&r->scan, &key, &v)) {
		switch (key) {
		case SCAN_KEY('a', 'n', 't'):
			take_u8(&v, &out->antenna);
			break;
		case SCAN_KEY('c', 'h', 'a', 'n'):
			take_u8(&v, &out->channel);
			break;
		case SCAN_KEY('r', 's', 's', 'i', 'c'):
			take_rssi(&v, out);
			break;
		case SCAN_KEY('r', 's', 's', 'i', 's'):
			if (!out->has_rssi)
				take_rssi(&v, out);
			break;
		case SCAN_KEY('l', 's', 'n', 'r'):
			take_snr(&v, out);
			break;
		case SCAN_KEY('f', 'o', 'f', 'f'):
			take_freq_offset(&v, out);
			break;
		case SCAN_KEY('f', 't', 'i', 'm', 'e'):
			take_fine_time(&v, out);
			break;
		default:
			break;
		}
		scan_close(&r->scan, &v);
	}
}

static void read_signals(struct reader *r, const struct scan_value *array, struct entry *e)
{
	struct scan_value v;

	e->n_signals = 0;
	if (array->type != SCAN_ARRAY)
		return;
	while (scan_next_element(&r->scan, &v)) {
		if (v.type == SCAN_OBJECT && e->n_signals < SEMTECH_SIGNALS_MAX) {
			struct signal *s = &r->signals[e->n_signals];

			read_signal(r, &e->top, s);
			if (s->has_rssi || s->has_snr) /* else this antenna heard nothing */
				e->n_signals++;
		}
		scan_close(&r->scan, &v);
	}
}

static void apply_signal(struct rx_info *rx, const struct signal *s, bool is_fsk)
{
	rx->channel = s->channel;
	rx->antenna = s->antenna;
	/* Who does not say how strong it was shall not be preferred for that. */
	rx->rssi_dbm = s->has_rssi ? s->rssi_dbm : RSSI_MIN_DBM;
	rx->has_snr = s->has_snr && !is_fsk;
	rx->snr_db10 = rx->has_snr ? s->snr_db10 : 0;
	rx->has_freq_offset = s->has_freq_offset;
	rx->freq_offset_hz = s->freq_offset_hz;
	rx->fine_time_ns = s->fine_time_ns;
}

/* Put the entry together and hand it over, once for each antenna. False: it makes no sense. */
static bool emit_entry(struct reader *r, const struct entry *e)
{
	struct rx_frame frame;
	struct rx_info *rx = &frame.rx;

	if (e->bad || !e->freq_hz || !e->phy_len || (e->has_size && e->size != (int64_t)e->phy_len))
		return false;
	if (semtech_datr_read(&e->modu, &e->datr, &e->codr, e->grid_steps, &frame.radio))
		return false;
	frame.phy = r->phy;
	frame.phy_len = e->phy_len;
	frame.freq_hz = e->freq_hz;
	frame.crc = e->crc;
	frame.rx = *r->base;
	rx->gw_time_us = e->gw_time_us;
	rx->gps_us = e->gps_us;
	rx->rf_chain = e->rf_chain;
	rx->board = e->board;
	rx->context_len = e->has_tmst ? 4 : 0;
	for (int i = 0; i < 4; i++)
		rx->context[i] = (uint8_t)(e->tmst >> (24 - 8 * i));

	if (!e->n_signals) {
		apply_signal(rx, &e->top, frame.radio.modulation == MOD_FSK);
		r->push->on_frame(r->push->arg, &frame);
	}
	for (size_t i = 0; i < e->n_signals; i++) {
		apply_signal(rx, &r->signals[i], frame.radio.modulation == MOD_FSK);
		r->push->on_frame(r->push->arg, &frame);
	}
	return true;
}

static void read_entry_value(struct reader *r, struct entry *e, uint64_t key, const struct scan_value *v)
{
	int64_t n;

	switch (key) {
	case SCAN_KEY('t', 'm', 's', 't'):
		e->has_tmst = take_fixed(v, 0, 0, UINT32_MAX, &n);
		if (e->has_tmst)
			e->tmst = (uint32_t)n;
		else
			e->bad = true;
		break;
	case SCAN_KEY('f', 'r', 'e', 'q'):
		if (take_fixed(v, 6, SEMTECH_FREQ_MIN_HZ, SEMTECH_FREQ_MAX_HZ, &n))
			e->freq_hz = (uint32_t)n;
		else
			e->bad = true;
		break;
	case SCAN_KEY('s', 'i', 'z', 'e'):
		e->has_size = take_fixed(v, 0, 1, PHY_MAX, &e->size);
		if (!e->has_size)
			e->bad = true;
		break;
	case SCAN_KEY('d', 'a', 't', 'a'):
		take_data(r, v, e);
		break;
	case SCAN_KEY('m', 'o', 'd', 'u'):
		e->modu = *v;
		break;
	case SCAN_KEY('d', 'a', 't', 'r'):
		e->datr = *v;
		break;
	case SCAN_KEY('c', 'o', 'd', 'r'):
		e->codr = *v;
		break;
	case SCAN_KEY('s', 't', 'a', 't'):
		if (take_fixed(v, 0, INT64_MIN, INT64_MAX, &n))
			e->crc = n > 0 ? CRC_OK : n < 0 ? CRC_BAD : CRC_NONE;
		break;
	case SCAN_KEY('r', 's', 's', 'i'):
		take_rssi(v, &e->top);
		break;
	case SCAN_KEY('l', 's', 'n', 'r'):
		take_snr(v, &e->top);
		break;
	case SCAN_KEY('f', 'o', 'f', 'f'):
		take_freq_offset(v, &e->top);
		break;
	case SCAN_KEY('f', 't', 'i', 'm', 'e'):
		take_fine_time(v, &e->top);
		break;
	case SCAN_KEY('c', 'h', 'a', 'n'):
		take_u8(v, &e->top.channel);
		break;
	case SCAN_KEY('a', 'n', 't'):
		take_u8(v, &e->top.antenna);
		break;
	case SCAN_KEY('r', 'f', 'c', 'h'):
		take_u8(v, &e->rf_chain);
		break;
	case SCAN_KEY('b', 'r', 'd'):
		take_u8(v, &e->board);
		break;
	case SCAN_KEY('h', 'p', 'w'):
		take_u8(v, &e->grid_steps);
		break;
	case SCAN_KEY('t', 'm', 'm', 's'):
		e->gps_us = take_fixed(v, 0, 0, TMMS_MAX, &n) ? (uint64_t)n * 1000 : 0;
		break;
	case SCAN_KEY('t', 'i', 'm', 'e'):
		/* Empty or in a form of its own: as if it were not there. */
		if (v->type != SCAN_STRING || v->text.escaped || clock_parse(v->text.p, v->text.len, &e->gw_time_us))
			e->gw_time_us = 0;
		break;
	case SCAN_KEY('r', 's', 'i', 'g'):
		read_signals(r, v, e);
		break;
	default:
		break;
	}
}

static void read_entry(struct reader *r)
{
	/* A forwarder that does not speak of the CRC filters by it; in the end the MIC decides. */
	struct entry e = {.crc = CRC_OK, .top = {.fine_time_ns = -1}};
	struct scan_value v;
	uint64_t key;

	while (scan_quick_member(&r->scan, &key, &v) || scan_next_member(&r->scan, &key, &v)) {
		read_entry_value(r, &e, key, &v);
		scan_close(&r->scan, &v);
	}
	if (r->scan.bad)
		return;
	if (!emit_entry(r, &e))
		r->bad_entries++;
}

static void read_entries(struct reader *r, const struct scan_value *array)
{
	struct scan_value v;

	if (array->type != SCAN_ARRAY) {
		r->bad_entries += array->type != SCAN_NULL && array->type != SCAN_NONE;
		return;
	}
	while (scan_next_element(&r->scan, &v)) {
		if (v.type == SCAN_OBJECT && r->n_entries < SEMTECH_ENTRIES_MAX) {
			r->n_entries++;
			read_entry(r);
		} else if (v.type != SCAN_NONE) {
			r->bad_entries++;
		}
		scan_close(&r->scan, &v);
	}
}

/* "2014-01-12 08:59:28 GMT" (or UTC), or RFC 3339. */
static int64_t read_stat_time(const struct scan_value *v)
{
	char buf[CLOCK_TEXT_SIZE];
	struct scan_text t = semtech_plain(v, buf, sizeof(buf));
	int64_t wall_us;

	if (!t.len || t.len >= sizeof(buf))
		return INT64_MIN;
	memmove(buf, t.p, t.len);
	if (t.len == 23 && (memcmp(buf + 19, " GMT", 4) == 0 || memcmp(buf + 19, " UTC", 4) == 0)) {
		buf[10] = 'T';
		buf[19] = 'Z';
		t.len = 20;
	}
	return clock_parse(buf, t.len, &wall_us) ? INT64_MIN : wall_us;
}

static int64_t read_stat_count(const struct scan_value *v)
{
	int64_t n;

	return take_fixed(v, 0, 0, STAT_COUNT_MAX, &n) ? n : INT64_MIN;
}

static double read_stat_number(const struct scan_value *v, double min, double max)
{
	int64_t n;
	double d;

	if (!take_fixed(v, 9, INT64_MIN, INT64_MAX, &n))
		return NAN;
	d = (double)n / 1e9;
	return d < min || d > max ? NAN : d;
}

static void read_stat(struct reader *r, const struct scan_value *object)
{
	struct gateway_stats s = {
		.gateway_id = r->base->gateway_id,
		.time_us = INT64_MIN,
		.rx_nb = INT64_MIN, .rx_ok = INT64_MIN, .rx_fw = INT64_MIN, .dw_nb = INT64_MIN, .tx_nb = INT64_MIN,
		.ack_percent = NAN, .latitude = NAN, .longitude = NAN, .altitude_m = NAN, .temperature_c = NAN,
	};
	struct scan_value v;
	uint64_t key;

	if (object->type != SCAN_OBJECT) {
		r->bad_entries += object->type != SCAN_NULL && object->type != SCAN_NONE;
		return;
	}
	while (scan_next_member(&r->scan, &key, &v)) {
		switch (key) {
		case SCAN_KEY('t', 'i', 'm', 'e'):
			s.time_us = read_stat_time(&v);
			break;
		case SCAN_KEY('l', 'a', 't', 'i'):
			s.latitude = read_stat_number(&v, -90, 90);
			break;
		case SCAN_KEY('l', 'o', 'n', 'g'):
			s.longitude = read_stat_number(&v, -180, 180);
			break;
		case SCAN_KEY('a', 'l', 't', 'i'):
			s.altitude_m = read_stat_number(&v, -20000, 1000000);
			break;
		case SCAN_KEY('r', 'x', 'n', 'b'):
			s.rx_nb = read_stat_count(&v);
			break;
		case SCAN_KEY('r', 'x', 'o', 'k'):
			s.rx_ok = read_stat_count(&v);
			break;
		case SCAN_KEY('r', 'x', 'f', 'w'):
			s.rx_fw = read_stat_count(&v);
			break;
		case SCAN_KEY('a', 'c', 'k', 'r'):
			s.ack_percent = read_stat_number(&v, 0, 1000);
			break;
		case SCAN_KEY('d', 'w', 'n', 'b'):
			s.dw_nb = read_stat_count(&v);
			break;
		case SCAN_KEY('t', 'x', 'n', 'b'):
			s.tx_nb = read_stat_count(&v);
			break;
		case SCAN_KEY('t', 'e', 'm', 'p'):
			s.temperature_c = read_stat_number(&v, -273.15, 1000);
			break;
		default:
			break;
		}
		scan_close(&r->scan, &v);
	}
	if (r->scan.bad)
		return;
	/* A receiver without a fix reports 0, 0, 0; half a position is none. */
	if (isnan(s.latitude) || isnan(s.longitude) ||
	    (s.latitude == 0 && s.longitude == 0 && (isnan(s.altitude_m) || s.altitude_m == 0)))
		s.latitude = s.longitude = s.altitude_m = NAN;
	r->push->on_stats(r->push->arg, &s);
}

int semtech_read_push(const char *json, size_t len, const struct rx_info *base, const struct semtech_push *push,
                      unsigned *bad_entries)
{
	struct reader r; /* its big arrays are written before they are read, so not cleared */
	struct scan_value root, v;
	uint64_t key;

	*bad_entries = 0;
	scan_init(&r.scan, json, len);
	if (scan_at_end(&r.scan))
		return LS_OK;
	r.base = base;
	r.push = push;
	r.n_entries = r.bad_entries = 0;
	scan_read(&r.scan, &root);
	if (root.type != SCAN_OBJECT)
		return LS_EFORMAT;
	while (scan_next_member(&r.scan, &key, &v)) {
		if (key == SCAN_KEY('r', 'x', 'p', 'k'))
			read_entries(&r, &v);
		else if (key == SCAN_KEY('s', 't', 'a', 't'))
			read_stat(&r, &v);
		scan_close(&r.scan, &v);
	}
	*bad_entries = r.bad_entries;
	return r.scan.bad || !scan_at_end(&r.scan) ? LS_EFORMAT : LS_OK;
}

static enum tx_status tx_status_from_text(struct scan_text t)
{
	if (!t.len || semtech_text_is(t, "NONE"))
		return TX_OK;
	for (int status = TX_OK; status < TX__COUNT; status++)
		if (semtech_text_is(t, tx_status_name((enum tx_status)status)))
			return (enum tx_status)status;
	return TX_UNKNOWN;
}

static double read_warn_value(const struct scan_value *v)
{
	struct scan_value n = {.type = SCAN_NUMBER};

	if (v->type != SCAN_STRING)
		return read_stat_number(v, -1e9, 1e9);
	return scan_text_number(&v->text, &n.number) ? NAN : read_stat_number(&n, -1e9, 1e9);
}

/* The gateway's own word, cut to what fits, without NUL inside. */
static void copy_word(struct scan_text t, char *out, size_t cap)
{
	size_t len = t.len < cap - 1 ? t.len : cap - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = t.p[i] ? t.p[i] : '?';
	out[len] = 0;
}

int semtech_read_tx_ack(const char *json, size_t len, struct tx_ack *ack)
{
	struct json_scan s;
	struct scan_value root, body, v;
	struct scan_text error = {.p = ""}, warn = {.p = ""};
	uint64_t key;
	char error_buf[64], warn_buf[64];
	double value = NAN;

	ack->status = TX_OK;
	ack->warned = false;
	ack->warn_value = NAN;
	ack->text[0] = 0;
	scan_init(&s, json, len);
	if (scan_at_end(&s))
		return LS_OK;
	scan_read(&s, &root);
	if (root.type != SCAN_OBJECT)
		return LS_EFORMAT;
	while (scan_next_member(&s, &key, &body)) {
		bool is_ack = key == SCAN_KEY('t', 'x', 'p', 'k', '_', 'a', 'c', 'k');

		while (is_ack && body.type == SCAN_OBJECT && scan_next_member(&s, &key, &v)) {
			switch (key) {
			case SCAN_KEY('e', 'r', 'r', 'o', 'r'):
				error = semtech_plain(&v, error_buf, sizeof(error_buf));
				break;
			case SCAN_KEY('w', 'a', 'r', 'n'):
				warn = semtech_plain(&v, warn_buf, sizeof(warn_buf));
				break;
			case SCAN_KEY('v', 'a', 'l', 'u', 'e'):
				value = read_warn_value(&v);
				break;
			default:
				break;
			}
			scan_close(&s, &v);
		}
		scan_close(&s, &body);
	}
	if (s.bad || !scan_at_end(&s))
		return LS_EFORMAT;
	ack->status = tx_status_from_text(error);
	ack->warned = warn.len > 0 && ack->status == TX_OK && !semtech_text_is(warn, "NONE");
	if (ack->warned)
		ack->warn_value = value;
	copy_word(ack->status == TX_OK && warn.len ? warn : error, ack->text, sizeof(ack->text));
	return LS_OK;
}
