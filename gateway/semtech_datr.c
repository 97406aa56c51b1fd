#include "gateway/semtech_datr.h"

#include "base/error.h"
#include "gateway/semtech_codr.h"
#include "gateway/semtech_text.h"

static __attribute__((noinline)) bool take_long_decimal(struct scan_text *t, unsigned decimals, int64_t *out)
{
	struct scan_text digits = {.p = t->p};
	struct scan_number n;

	while (digits.len < t->len && ((t->p[digits.len] >= '0' && t->p[digits.len] <= '9') || t->p[digits.len] == '.'))
		digits.len++;
	if (!digits.len || scan_text_number(&digits, &n))
		return false;
	*out = scan_number_fixed(&n, decimals);
	t->p += digits.len;
	t->len -= digits.len;
	return true;
}

/* Digits, and a fraction if there is one, from the front of *t; `unit` is 10^decimals. */
static inline bool take_decimal(struct scan_text *t, unsigned decimals, int64_t unit, int64_t *out)
{
	const char *end = t->p + t->len, *p = t->p;
	int64_t v = 0;
	unsigned digit;

	for (; p < end && p - t->p < 9 && (digit = (unsigned)*p - '0') <= 9; p++)
		v = v * 10 + digit;
	/* A few digits are all there is mostly. */
	if (p == t->p || p - t->p == 9 || *t->p == '0' || (p < end && *p == '.'))
		return take_long_decimal(t, decimals, out);
	*out = v * unit;
	t->p = p;
	t->len = (size_t)(end - p);
	return true;
}

static inline bool take_prefix(struct scan_text *t, const char *prefix)
{
	size_t len = strlen(prefix);

	if (t->len < len || !semtech_same_word(t->p, prefix, len))
		return false;
	t->p += len;
	t->len -= len;
	return true;
}

/* "SF7BW125" */
static bool read_lora(const struct scan_value *datr, struct radio *out)
{
	char buf[24];
	struct scan_text t = semtech_plain(datr, buf, sizeof(buf));
	int64_t sf, bandwidth_hz;

	if (!take_prefix(&t, "SF") || !take_decimal(&t, 0, 1, &sf) || sf < 5 || sf > 12)
		return false;
	if (!take_prefix(&t, "BW") || !take_decimal(&t, 3, 1000, &bandwidth_hz) || t.len)
		return false;
	if (bandwidth_hz < 5000 || bandwidth_hz > 2000000)
		return false;
	/* 2.4 GHz: 812.5 kHz is written BW812, and BW800 by some. */
	if (bandwidth_hz == 800000 || bandwidth_hz == 812000)
		bandwidth_hz = 812500;
	out->modulation = MOD_LORA;
	out->sf = (uint8_t)sf;
	out->bandwidth_hz = (uint32_t)bandwidth_hz;
	return true;
}

/* 50000, or "50000" from some vendors */
static bool read_fsk(const struct scan_value *datr, struct radio *out)
{
	char buf[24];
	struct scan_text t = semtech_plain(datr, buf, sizeof(buf));
	struct scan_number n;
	int64_t bit_rate;

	if (datr->type == SCAN_NUMBER)
		n = datr->number;
	else if (scan_text_number(&t, &n))
		return false;
	bit_rate = scan_number_fixed(&n, 0);
	if (bit_rate < 1 || bit_rate > 1000000)
		return false;
	out->modulation = MOD_FSK;
	out->bit_rate = (uint32_t)bit_rate;
	return true;
}

/* "M0CW137" */
static bool read_lr_fhss(const struct scan_value *datr, struct radio *out)
{
	char buf[24];
	struct scan_text t = semtech_plain(datr, buf, sizeof(buf));
	int64_t width_hz;

	if (!take_prefix(&t, "M0CW") || !take_decimal(&t, 3, 1000, &width_hz) || t.len)
		return false;
	if (width_hz < 1000 || width_hz > 10000000)
		return false;
	out->modulation = MOD_LR_FHSS;
	out->bandwidth_hz = (uint32_t)width_hz;
	return true;
}

static enum code_rate read_code_rate(const struct scan_value *codr)
{
	char buf[24];
	struct scan_text t = semtech_plain(codr, buf, sizeof(buf));

	return semtech_codr_read(t.p, t.len);
}

int semtech_datr_read(const struct scan_value *modu, const struct scan_value *datr, const struct scan_value *codr,
                      uint8_t grid_steps, struct radio *out)
{
	char buf[24];
	struct scan_text word = semtech_plain(modu, buf, sizeof(buf));
	bool good;

	*out = (struct radio){0};
	if (semtech_text_is(word, "FSK"))
		return read_fsk(datr, out) ? LS_OK : LS_EFORMAT; /* a codr is meaningless here, though some write it */
	out->code_rate = read_code_rate(codr);
	if (semtech_text_is(word, "LORA"))
		return read_lora(datr, out) ? LS_OK : LS_EFORMAT;
	out->grid_steps = grid_steps;
	good = semtech_text_is(word, "LR-FHSS") && read_lr_fhss(datr, out);
	return good ? LS_OK : LS_EFORMAT;
}
