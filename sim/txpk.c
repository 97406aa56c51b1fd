#include "txpk.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

/* The first error stays; later reads give harmless values. */
struct reader {
	json_t *txpk;
	char *why;
	size_t cap;
	bool bad;
};

static void fail(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->bad)
		return;
	r->bad = true;
	va_start(ap, fmt);
	vsnprintf(r->why, r->cap, fmt, ap);
	va_end(ap);
}

static int64_t get_int(struct reader *r, const char *key, int64_t min, int64_t max)
{
	json_t *v = json_object_get(r->txpk, key);

	if (!json_is_integer(v)) {
		fail(r, "txpk.%s is %s", key, v ? "not an integer" : "missing");
		return min;
	}
	if (json_integer_value(v) < min || json_integer_value(v) > max) {
		fail(r, "txpk.%s is %lld", key, (long long)json_integer_value(v));
		return min;
	}
	return json_integer_value(v);
}

static const char *get_text(struct reader *r, const char *key)
{
	json_t *v = json_object_get(r->txpk, key);

	if (!json_is_string(v))
		fail(r, "txpk.%s is %s", key, v ? "not a string" : "missing");
	return json_is_string(v) ? json_string_value(v) : "";
}

static void check_bool(struct reader *r, const char *key, bool want)
{
	json_t *v = json_object_get(r->txpk, key);

	if (v && !json_is_boolean(v))
		fail(r, "txpk.%s is not true or false", key);
	else if ((v ? json_is_true(v) : false) != want)
		fail(r, "txpk.%s is %s, LoRaWAN needs %s", key, want ? "not true" : "true", want ? "true" : "false");
}

/* A forwarder looks at imme, then tmst, then tmms. */
static void get_timing(struct reader *r, struct txpk *out)
{
	json_t *imme = json_object_get(r->txpk, "imme");

	if (imme && !json_is_boolean(imme))
		fail(r, "txpk.imme is not true or false");
	out->timing = json_is_true(imme)                            ? TXPK_IMMEDIATE
	              : json_object_get(r->txpk, "tmst")            ? TXPK_TMST
	              : json_is_integer(json_object_get(r->txpk, "tmms")) ? TXPK_GPS
	                                                            : TXPK_TMST;
	if (out->timing == TXPK_TMST)
		out->tmst = (uint32_t)get_int(r, "tmst", 0, UINT32_MAX);
	if (out->timing == TXPK_GPS)
		out->gps_ms = (uint64_t)get_int(r, "tmms", 0, INT64_MAX / 1000);
}

static uint32_t get_freq_hz(struct reader *r)
{
	json_t *v = json_object_get(r->txpk, "freq");
	double hz = json_is_number(v) ? json_number_value(v) * 1e6 : -1;

	if (!(hz >= 1e6 && hz < 4e9)) {
		fail(r, "txpk.freq is %s", v ? "not a frequency in MHz" : "missing");
		return 0;
	}
	return (uint32_t)llround(hz);
}

static void get_lora(struct reader *r, struct radio *radio)
{
	const char *datr = get_text(r, "datr"), *codr = get_text(r, "codr");
	unsigned sf = 0, bw = 0;
	int end = 0;
	json_t *prea = json_object_get(r->txpk, "prea");

	if (sscanf(datr, "SF%2uBW%4u%n", &sf, &bw, &end) != 2 || datr[end] || sf < 5 || sf > 12)
		fail(r, "txpk.datr \"%.20s\" is not SF5..12 and BW", datr);
	if (strcmp(codr, "4/5") && strcmp(codr, "4/8LI"))
		fail(r, "txpk.codr is \"%.20s\", LoRaWAN uses 4/5, at 2.4 GHz 4/8LI", codr);
	if (prea && (!json_is_integer(prea) || json_integer_value(prea) != 8))
		fail(r, "txpk.prea is not 8");
	check_bool(r, "nhdr", false);
	*radio = (struct radio){
	        .modulation = MOD_LORA, .sf = (uint8_t)sf, .bandwidth_hz = bw == 812 ? 812500 : bw * 1000,
	        .code_rate = strcmp(codr, "4/5") ? CR_LI_4_8 : CR_4_5};
}

static void get_radio(struct reader *r, struct radio *radio)
{
	const char *modu = get_text(r, "modu");

	if (!strcmp(modu, "LORA")) {
		get_lora(r, radio);
	} else if (!strcmp(modu, "FSK")) {
		*radio = (struct radio){.modulation = MOD_FSK, .bit_rate = (uint32_t)get_int(r, "datr", 500, 250000)};
		get_int(r, "fdev", 1000, 250000);
	} else {
		fail(r, "txpk.modu is \"%.20s\"", modu);
	}
}

static void get_data(struct reader *r, struct txpk *out)
{
	size_t size = (size_t)get_int(r, "size", 1, PHY_MAX);
	const char *data = get_text(r, "data");

	if (r->bad)
		return;
	if (base64_decode(data, strlen(data), out->phy, sizeof(out->phy), &out->len))
		fail(r, "txpk.data is not base64 of at most 255 octets");
	else if (out->len != size)
		fail(r, "txpk.size is %zu, data has %zu octets", size, out->len);
}

int txpk_parse(const char *json, size_t len, struct txpk *out, char *why, size_t cap)
{
	json_error_t error;
	json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	struct reader r = {.txpk = json_object_get(root, "txpk"), .why = why, .cap = cap};

	if (!root)
		fail(&r, "PULL_RESP is not JSON: %s", error.text);
	else if (!json_is_object(r.txpk))
		fail(&r, "PULL_RESP has no txpk object");
	if (!r.bad) {
		get_timing(&r, out);
		out->freq_hz = get_freq_hz(&r);
		get_int(&r, "rfch", 0, 0);
		out->power_dbm = (int)get_int(&r, "powe", -20, 36);
		get_radio(&r, &out->radio);
		if (out->radio.modulation == MOD_LORA)
			check_bool(&r, "ipol", true);
		get_data(&r, out);
	}
	json_decref(root);
	return r.bad ? LS_EFORMAT : LS_OK;
}
