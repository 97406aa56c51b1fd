#include "base/clock.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define US_PER_S 1000000
#define S_PER_DAY 86400

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z, the ends of four-digit years. */
#define WALL_US_MIN (-62167219200 * US_PER_S)
#define WALL_US_MAX (253402300800 * US_PER_S - 1)

int64_t clock_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

uint64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000;
}

struct civil {
	unsigned year, month, day;
};

/*
 * The calendar both ways, in years that begin on 1 March: then the leap day is the last of
 * its year and the months have the even pattern that (153 m + 2) / 5 describes. An "era" is
 * the 400 years (146097 days) after which the calendar repeats. Days count from 1970-01-01.
 */
static struct civil civil_from_days(int64_t days)
{
	int64_t z = days + 719468; /* days since 0000-03-01 */
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned day_of_era = (unsigned)(z - era * 146097);
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned m = (5 * day_of_year + 2) / 153; /* 0 is March */
	struct civil c;

	c.day = day_of_year - (153 * m + 2) / 5 + 1;
	c.month = m < 10 ? m + 3 : m - 9;
	c.year = (unsigned)((int64_t)year_of_era + era * 400 + (c.month <= 2));
	return c;
}

static int64_t days_from_civil(struct civil c)
{
	int64_t year = (int64_t)c.year - (c.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	unsigned year_of_era = (unsigned)(year - era * 400);
	unsigned m = c.month > 2 ? c.month - 3 : c.month + 9;
	unsigned day_of_year = (153 * m + 2) / 5 + c.day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + (int64_t)day_of_era - 719468;
}

/* `width` decimal digits with zeros in front; returns the place after them. */
static char *put_digits(char *p, unsigned v, unsigned width)
{
	for (unsigned i = width; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + width;
}

/* Date, time and as many decimals as asked for, without zone. */
static char *put_time(char *p, int64_t wall_us, unsigned decimals, unsigned fraction_us)
{
	int64_t s = (wall_us - (int64_t)fraction_us) / US_PER_S; /* exact */
	int64_t days = s / S_PER_DAY - (s % S_PER_DAY < 0);
	unsigned of_day = (unsigned)(s - days * S_PER_DAY);
	struct civil c = civil_from_days(days);

	p = put_digits(p, c.year, 4);
	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	p = put_digits(p, c.day, 2);
	*p++ = 'T';
	p = put_digits(p, of_day / 3600, 2);
	*p++ = ':';
	p = put_digits(p, of_day / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, of_day % 60, 2);
	if (decimals) {
		*p++ = '.';
		p = put_digits(p, decimals == 3 ? fraction_us / 1000 : fraction_us, decimals);
	}
	return p;
}

static int64_t clamp(int64_t wall_us)
{
	return wall_us < WALL_US_MIN ? WALL_US_MIN : wall_us > WALL_US_MAX ? WALL_US_MAX : wall_us;
}

static unsigned fraction_of(int64_t wall_us)
{
	int64_t f = wall_us % US_PER_S;

	return (unsigned)(f < 0 ? f + US_PER_S : f);
}

size_t clock_format(int64_t wall_us, char buf[CLOCK_TEXT_SIZE])
{
	int64_t t = clamp(wall_us);
	char *p = put_time(buf, t, 6, fraction_of(t));

	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - buf);
}

size_t clock_format_chirpstack(int64_t wall_us, char buf[CLOCK_TEXT_SIZE])
{
	int64_t t = clamp(wall_us);
	unsigned fraction_us = fraction_of(t);
	unsigned decimals = fraction_us == 0 ? 0 : fraction_us % 1000 == 0 ? 3 : 6;
	char *p = put_time(buf, t, decimals, fraction_us);

	memcpy(p, "+00:00", 7);
	return (size_t)(p + 6 - buf);
}

/* Reads through the text; `bad` sticks, so the parser tests once per part. */
struct reader {
	const char *at, *end;
	bool bad;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned rd_digits(struct reader *r, int width)
{
	unsigned v = 0;

	for (int i = 0; i < width; i++, r->at++) {
		if (r->at == r->end || !is_digit(*r->at)) {
			r->bad = true;
			return 0;
		}
		v = v * 10 + (unsigned)(*r->at - '0');
	}
	return v;
}

static char rd_char(struct reader *r)
{
	if (r->at == r->end) {
		r->bad = true;
		return '\0';
	}
	return *r->at++;
}

static void rd_expect(struct reader *r, char a, char b)
{
	char c = rd_char(r);

	if (c != a && c != b)
		r->bad = true;
}

/* Decimals after the point as microseconds; what is finer is cut. */
static unsigned rd_fraction_us(struct reader *r)
{
	unsigned us = 0, unit = US_PER_S / 10;

	if (r->at == r->end || !is_digit(*r->at))
		r->bad = true;
	for (; r->at < r->end && is_digit(*r->at); r->at++, unit /= 10)
		us += unit * (unsigned)(*r->at - '0');
	return us;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

int clock_parse(const char *text, size_t len, int64_t *wall_us)
{
	struct reader r = {text, text + len, false};
	struct civil c;
	unsigned hour, minute, second, fraction_us = 0;
	int64_t offset_s = 0, minutes_s;
	char zone;

	c.year = rd_digits(&r, 4);
	rd_expect(&r, '-', '-');
	c.month = rd_digits(&r, 2);
	rd_expect(&r, '-', '-');
	c.day = rd_digits(&r, 2);
	rd_expect(&r, 'T', 't');
	hour = rd_digits(&r, 2);
	rd_expect(&r, ':', ':');
	minute = rd_digits(&r, 2);
	rd_expect(&r, ':', ':');
	second = rd_digits(&r, 2);
	if (r.at < r.end && *r.at == '.') {
		r.at++;
		fraction_us = rd_fraction_us(&r);
	}
	zone = rd_char(&r);
	if (zone == '+' || zone == '-') {
		unsigned offset_hour = rd_digits(&r, 2), offset_minute;

		rd_expect(&r, ':', ':');
		offset_minute = rd_digits(&r, 2);
		if (offset_hour > 23 || offset_minute > 59)
			return r.bad ? LS_EFORMAT : LS_ERANGE;
		offset_s = (int64_t)(offset_hour * 3600 + offset_minute * 60);
		if (zone == '-')
			offset_s = -offset_s;
	} else if (zone != 'Z' && zone != 'z') {
		r.bad = true;
	}
	if (r.bad || r.at != r.end)
		return LS_EFORMAT;

	if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > days_in_month(c.year, c.month) || hour > 23 ||
	    minute > 59 || second > 60)
		return LS_ERANGE;
	minutes_s = days_from_civil(c) * S_PER_DAY + (int64_t)(hour * 3600 + minute * 60) - offset_s;
	/* A leap second, the last of a UTC day, becomes the first second of the next one. */
	if (second == 60 && ((minutes_s % S_PER_DAY) + S_PER_DAY) % S_PER_DAY != S_PER_DAY - 60)
		return LS_ERANGE;
	*wall_us = (minutes_s + (int64_t)second) * US_PER_S + (int64_t)fraction_us;
	return LS_OK;
}

static const struct {
	const char *name;
	int64_t us;
} units[] = {
	{"d", INT64_C(86400) * US_PER_S},
	{"h", INT64_C(3600) * US_PER_S},
	{"m", INT64_C(60) * US_PER_S},
	{"s", US_PER_S},
	{"ms", 1000},
	{"us", 1},
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

int duration_parse(const char *text, int64_t *duration_us)
{
	int64_t sum = 0;
	size_t next_unit = 0; /* units before it were used or passed */
	bool too_large = false;
	const char *p = text;

	if (!*p)
		return LS_EFORMAT;
	while (*p) {
		int64_t v = 0;
		size_t unit, name_len = 0;

		if (!is_digit(*p))
			return LS_EFORMAT;
		for (; is_digit(*p); p++)
			if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
				too_large = true;
		while (p[name_len] && !is_digit(p[name_len]))
			name_len++;
		for (unit = next_unit; unit < N_UNITS; unit++)
			if (strlen(units[unit].name) == name_len && strncmp(p, units[unit].name, name_len) == 0)
				break;
		if (unit == N_UNITS)
			return LS_EFORMAT;
		if (__builtin_mul_overflow(v, units[unit].us, &v) || __builtin_add_overflow(sum, v, &sum))
			too_large = true;
		p += name_len;
		next_unit = unit + 1;
	}
	if (too_large)
		return LS_ERANGE;
	*duration_us = sum;
	return LS_OK;
}

char *duration_format(int64_t duration_us, char buf[CLOCK_TEXT_SIZE])
{
	/* A negative one is shown with its sign, though it cannot be read back. */
	uint64_t rest = duration_us < 0 ? 0 - (uint64_t)duration_us : (uint64_t)duration_us;
	char *p = buf;

	if (duration_us < 0)
		*p++ = '-';
	if (duration_us == 0) {
		memcpy(buf, "0s", 3);
		return buf;
	}
	for (size_t i = 0; i < N_UNITS; i++) {
		uint64_t count = rest / (uint64_t)units[i].us;
		size_t name_len = strlen(units[i].name);
		unsigned width = 1;

		if (!count)
			continue;
		rest -= count * (uint64_t)units[i].us;
		for (uint64_t v = count; v >= 10; v /= 10)
			width++;
		p = put_digits(p, (unsigned)count, width); /* days of 2^63 us are 27 bits */
		memcpy(p, units[i].name, name_len);
		p += name_len;
	}
	*p = '\0';
	return buf;
}
