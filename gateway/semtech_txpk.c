/* semtech_txpk.c - the txpk object of a PULL_RESP. */
#include "gateway/semtech_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "gateway/semtech_codr.h"
#include "lorawan/gps_time.h"

/* Text into a fixed buffer; `bad` once it did not fit. */
struct writer {
	char *at, *end;
	bool bad;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *fmt, ...)
{
	size_t room = (size_t)(w->end - w->at);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->at, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		w->bad = true;
		w->end = w->at;
		return;
	}
	w->at += n;
}

static int write_timing(struct writer *w, uint8_t version, const struct tx_option *o)
{
	char time[CLOCK_TEXT_SIZE];
	uint32_t tmst;

	switch (o->timing) {
	case TX_IMMEDIATE:
		put(w, "\"imme\":true");
		return LS_OK;
	case TX_DELAY:
		if (o->context_len != 4)
			return LS_EINVAL;
		tmst = (uint32_t)o->context[0] << 24 | (uint32_t)o->context[1] << 16 | (uint32_t)o->context[2] << 8 |
		       o->context[3];
		/* The gateway's counter wraps at 2^32, and so does this. */
		put(w, "\"imme\":false,\"tmst\":%u", tmst + o->delay_us);
		return LS_OK;
	case TX_GPS:
		if (version >= 2) {
			put(w, "\"imme\":false,\"tmms\":%llu", (unsigned long long)(o->gps_us / 1000));
			return LS_OK;
		}
		clock_format(wall_us_from_gps_us(o->gps_us), time);
		put(w, "\"imme\":false,\"time\":\"%s\"", time);
		return LS_OK;
	}
	return LS_EINVAL;
}

static int write_radio(struct writer *w, const struct radio *radio)
{
	const char *codr = semtech_codr_text(radio->code_rate);

	switch (radio->modulation) {
	case MOD_LORA:
		if (radio->sf < 5 || radio->sf > 12 || radio->bandwidth_hz < 1000 || !codr)
			return LS_EINVAL;
		put(w, ",\"modu\":\"LORA\",\"datr\":\"SF%uBW%u\",\"codr\":\"%s\"", radio->sf,
		    radio->bandwidth_hz / 1000, codr);
		return LS_OK;
	case MOD_FSK:
		if (!radio->bit_rate)
			return LS_EINVAL;
		put(w, ",\"modu\":\"FSK\",\"datr\":%u,\"fdev\":%u", radio->bit_rate, radio->bit_rate / 2);
		return LS_OK;
	case MOD_LR_FHSS:
		break; /* an uplink modulation */
	}
	return LS_EINVAL;
}

int semtech_write_pull_resp(uint8_t version, const uint8_t token[2], const uint8_t *phy, size_t phy_len,
                            const struct tx_option *option, uint8_t *buf, size_t cap, size_t *len)
{
	char data[BASE64_SIZE(PHY_MAX)];
	struct writer w;
	int rc;

	if (!phy_len || phy_len > PHY_MAX || option->freq_hz < SEMTECH_FREQ_MIN_HZ || option->freq_hz > SEMTECH_FREQ_MAX_HZ)
		return LS_EINVAL;
	if (cap > SEMTECH_DATAGRAM_OUT_MAX)
		cap = SEMTECH_DATAGRAM_OUT_MAX;
	if (cap < 4)
		return LS_ELONG;
	buf[0] = version;
	buf[1] = token[0];
	buf[2] = token[1];
	buf[3] = 0x03;
	w = (struct writer){.at = (char *)buf + 4, .end = (char *)buf + cap};

	put(&w, "{\"txpk\":{");
	rc = write_timing(&w, version, option);
	if (rc)
		return rc;
	put(&w, ",\"rfch\":0,\"powe\":%d,\"ant\":%u,\"brd\":%u,\"freq\":%u.%06u", option->power_dbm, option->antenna,
	    option->board, option->freq_hz / 1000000, option->freq_hz % 1000000);
	rc = write_radio(&w, &option->radio);
	if (rc)
		return rc;
	base64_encode(phy, phy_len, data);
	/* LoRaWAN downlinks are inverted and carry no payload CRC (TS001 section 3.2). */
	put(&w, ",\"ipol\":true,\"ncrc\":true,\"size\":%zu,\"data\":\"%s\"}}", phy_len, data);
	if (w.bad)
		return LS_ELONG;
	*len = (size_t)(w.at - (char *)buf);
	return LS_OK;
}
