/* config_value.c - the types of option: text to value, with a sentence for each way to be wrong. */
#include "config_value.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "log.h"
#include "lorawan/dev_addr.h"
#include "model/model.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct report {
	char *why, *hint;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct report *r, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, CONFIG_WHY_SIZE, fmt, ap);
	va_end(ap);
	return code;
}

__attribute__((format(printf, 2, 3))) static void suggest(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->hint, CONFIG_HINT_SIZE, fmt, ap);
	va_end(ap);
}

static int put_text(char **place, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return LS_ENOMEM;
	free(*place);
	*place = copy;
	return LS_OK;
}

static int parse_int(const char *text, int64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return LS_EFORMAT;
	errno = 0;
	*v = strtoll(text, &end, 10);
	return *end ? LS_EFORMAT : errno ? LS_ERANGE : LS_OK;
}

static int int_value(const struct config_option *o, const char *text, int64_t *v, struct report *r)
{
	if (parse_int(text, v) == LS_EFORMAT)
		return refuse(r, LS_EFORMAT, "a whole number is needed");
	if (*v < o->min || *v > o->max || errno == ERANGE)
		return refuse(r, LS_ERANGE, "%" PRId64 " to %" PRId64 " is allowed", o->min, o->max);
	return LS_OK;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int duration_value(const struct config_option *o, const char *text, int64_t min, int64_t max, int64_t *v,
                          struct report *r)
{
	char low[CLOCK_TEXT_SIZE], high[CLOCK_TEXT_SIZE];
	int rc = duration_parse(text, v);

	if (rc == LS_EFORMAT && is_number(text)) {
		suggest(r, "%s = %s%s", o->name, text, max < 3600 * INT64_C(1000000) && strlen(text) > 1 ? "ms" : "s");
		return refuse(r, rc, "the unit is missing (ms, s, m, h, d)");
	}
	if (rc == LS_EFORMAT)
		return refuse(r, rc, "not a duration; one is written 200ms, 1s, 15m, 24h or 30d");
	if (rc || *v < min || *v > max)
		return refuse(r, LS_ERANGE, "%s to %s is allowed", duration_format(min, low), duration_format(max, high));
	return LS_OK;
}

static const struct {
	const char *name;
	unsigned shift;
} size_units[] = {{"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

static void size_text(int64_t v, char buf[32])
{
	size_t unit = 0;

	while (unit + 1 < COUNT(size_units) && v && (v & ((INT64_C(1) << size_units[unit + 1].shift) - 1)) == 0)
		unit++;
	snprintf(buf, 32, "%" PRId64 "%s", v >> size_units[unit].shift, size_units[unit].name);
}

static int size_value(const struct config_option *o, const char *text, int64_t *v, struct report *r)
{
	size_t digits = strspn(text, "0123456789"), unit;
	char number[24], low[32], high[32];

	if (digits == 0 || digits >= sizeof(number))
		return refuse(r, LS_EFORMAT, "not a size; one is written 64KiB, 8MiB or 1GiB");
	memcpy(number, text, digits);
	number[digits] = '\0';
	text += digits + strspn(text + digits, " ");
	for (unit = 0; unit < COUNT(size_units); unit++)
		if (strcmp(size_units[unit].name, text) == 0)
			break;
	if (unit == COUNT(size_units)) {
		size_t meant;

		for (meant = 1; meant < COUNT(size_units); meant++)
			if (*text && tolower((unsigned char)*text) == tolower((unsigned char)size_units[meant].name[0]))
				break;
		suggest(r, "%s = %s%s", o->name, number, size_units[meant < COUNT(size_units) ? meant : 2].name);
		if (!*text)
			return refuse(r, LS_EFORMAT, "the unit is missing (B, KiB, MiB, GiB, TiB)");
		return refuse(r, LS_EFORMAT, "unknown unit '%.20s' (B, KiB, MiB, GiB, TiB)", text);
	}
	if (parse_int(number, v) || __builtin_mul_overflow(*v, INT64_C(1) << size_units[unit].shift, v) || *v < o->min ||
	    *v > o->max) {
		size_text(o->min, low);
		size_text(o->max, high);
		return refuse(r, LS_ERANGE, "%s to %s is allowed", low, high);
	}
	return LS_OK;
}

static int bool_value(const char *text, bool *v, struct report *r)
{
	static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < COUNT(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*v = strcasecmp(text, yes[i]) == 0;
			return LS_OK;
		}
	}
	return refuse(r, LS_EFORMAT, "true or false is needed");
}

static int level_value(const struct config_option *o, const char *text, int64_t *v, struct report *r)
{
	static const char *const words[] = {"debug", "info", "notice", "warning", "error"};
	const char *near;
	int level;

	if (log_level_parse(text, &level) == LS_OK) {
		*v = level;
		return LS_OK;
	}
	near = nearest_word(text, words, COUNT(words));
	if (near)
		suggest(r, "%s = %s", o->name, near);
	return refuse(r, LS_EFORMAT, "one of debug, info, notice, warning, error is needed");
}

static int net_id_value(const char *text, int64_t *v, struct report *r)
{
	if (strncasecmp(text, "0x", 2) == 0)
		text += 2;
	if (strlen(text) != 6 || text[strspn(text, "0123456789abcdefABCDEF")])
		return refuse(r, LS_EFORMAT, "a NetID has 6 hex digits");
	*v = strtoll(text, NULL, 16);
	return LS_OK;
}

/* One more prefix, which must not share addresses with those before: they would be given twice as often. */
static int add_prefix(const char *word, struct dev_addr_blocks *out, struct report *r)
{
	struct dev_addr_prefix block;
	int rc = dev_addr_prefix_parse(word, &block);

	if (rc == LS_EINVAL)
		return refuse(r, LS_EINVAL, "%s: bits below the prefix must be 0", word);
	if (rc)
		return refuse(r, LS_EFORMAT, "%s: 8 hex digits, a slash and 0 to 32 are needed, as in 26000000/20", word);
	if (out->n == DEV_ADDR_BLOCKS_MAX)
		return refuse(r, LS_ELONG, "more than %d prefixes", DEV_ADDR_BLOCKS_MAX);
	for (size_t i = 0; i < out->n; i++)
		if (dev_addr_is_in_block(block.prefix, out->blocks[i]) || dev_addr_is_in_block(out->blocks[i].prefix, block))
			return refuse(r, LS_EINVAL, "%s overlaps with another prefix", word);
	out->blocks[out->n++] = block;
	return LS_OK;
}

static int prefixes_value(const char *text, struct dev_addr_blocks *out, struct report *r)
{
	char words[512], *rest = NULL;

	if (strlen(text) >= sizeof(words))
		return refuse(r, LS_ELONG, "more than %d prefixes", DEV_ADDR_BLOCKS_MAX);
	snprintf(words, sizeof(words), "%s", text);
	out->n = 0;
	for (char *word = strtok_r(words, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
		int rc = add_prefix(word, out, r);

		if (rc)
			return rc;
	}
	return LS_OK;
}

static int address_value(const struct config_option *o, const char *text, struct report *r)
{
	const char *colon = strrchr(text, ':');
	const char *end = text[0] == '[' ? strchr(text, ']') : colon;
	int64_t port;

	if (is_number(text))
		suggest(r, "%s = 127.0.0.1:%s", o->name, text);
	else if (!colon && !strpbrk(text, "[] "))
		suggest(r, "%s = %s:1700", o->name, text);
	if (!colon || !end || end == text || (text[0] == '[' && end + 1 != colon) ||
	    (text[0] != '[' && memchr(text, ':', (size_t)(colon - text))))
		return refuse(r, LS_EFORMAT, "an address with its port is needed: 127.0.0.1:1700 or [::1]:1700");
	if (parse_int(colon + 1, &port) || port < 0 || port > 65535)
		return refuse(r, LS_ERANGE, "the port must be 0 to 65535");
	return LS_OK;
}

static int group_value(const char *text, struct report *r)
{
	if (*text && !getgrnam(text)) /* before the first thread */
		return refuse(r, LS_EINVAL, "this system has no group '%.60s'", text);
	return LS_OK;
}

static int power_value(const struct config_option *o, const char *text, int8_t *v, struct report *r)
{
	int64_t dbm;

	if (strcmp(text, "auto") == 0) {
		*v = -1;
		return LS_OK;
	}
	if (parse_int(text, &dbm) || dbm < o->min || dbm > o->max)
		return refuse(r, LS_ERANGE, "%" PRId64 " to %" PRId64 " dBm, or auto", o->min, o->max);
	*v = (int8_t)dbm;
	return LS_OK;
}

/* Cut the next item of a list at commas and blanks; NULL at the end. */
static char *next_item(char **rest)
{
	char *item;

	do {
		item = strsep(rest, ", \t");
	} while (item && !*item);
	return item;
}

static int channels_value(const struct region_table *table, const char *text, uint64_t mask[2], struct report *r)
{
	char *copy = strdup(text), *rest = copy, *item;
	unsigned n = table->max_channels;
	uint64_t bits[2] = {0, 0};
	int rc = copy ? LS_OK : LS_ENOMEM;

	while (!rc && (item = next_item(&rest))) {
		char *dash = strchr(item, '-');
		int64_t first, last;

		if (dash)
			*dash++ = '\0';
		if (parse_int(item, &first) || parse_int(dash ? dash : item, &last) || first > last)
			rc = refuse(r, LS_EFORMAT, "not a list of channels; one is written 8-15,65");
		else if (first < 0 || last >= n)
			rc = refuse(r, LS_ERANGE, "%s has channels 0 to %u", table->name, n - 1);
		else
			for (int64_t i = first; i <= last; i++)
				bits[i / 64] |= UINT64_C(1) << i % 64;
	}
	free(copy);
	if (!rc && !bits[0] && !bits[1])
		rc = refuse(r, LS_EFORMAT, "no channel is left");
	if (!rc)
		memcpy(mask, bits, sizeof(bits));
	return rc;
}

/* "867100000", "867100000Hz", "867.1", "867.1MHz" */
static int frequency_parse(const char *text, uint32_t *freq_hz)
{
	char *end;
	double v;

	if (!isdigit((unsigned char)*text))
		return LS_EFORMAT;
	v = strtod(text, &end);
	if (strcasecmp(end, "MHz") == 0 || (!*end && v < 100000))
		v *= 1e6;
	else if (*end && strcasecmp(end, "Hz") != 0)
		return LS_EFORMAT;
	if (!(v >= 1e6 && v <= 4e9))
		return LS_ERANGE;
	*freq_hz = (uint32_t)(v + 0.5);
	return LS_OK;
}

/* What list[n] repeats, or NULL. */
static const char *channel_twin(const struct region_table *table, const struct channel *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].freq_hz == list[n].freq_hz)
			return "given twice";
	for (size_t i = 0; i < table->n_default_channels; i++)
		if (table->default_channels[i].freq_hz == list[n].freq_hz)
			return "one of the default channels, which are always there";
	return NULL;
}

static bool is_uplink_dr(const struct region_table *table, int64_t dr)
{
	return dr >= 0 && dr < REGION_DR_MAX && table->params[REG_PARAMS__COUNT - 1]->up_rates[dr].uplink;
}

/* "0-5" or "3" behind a frequency; without it what a CFList means. */
static int rates_value(const struct region_table *table, char *text, struct channel *ch, struct report *r)
{
	char *dash = text ? strchr(text, '-') : NULL;
	int64_t min, max;

	ch->min_dr = table->cf_list_min_dr;
	ch->max_dr = table->cf_list_max_dr;
	if (!text)
		return LS_OK;
	if (dash)
		*dash++ = '\0';
	if (parse_int(text, &min) || parse_int(dash ? dash : text, &max) || min > max)
		return refuse(r, LS_EFORMAT, "not a range of data rates; one is written 867.1:0-5");
	if (!is_uplink_dr(table, min) || !is_uplink_dr(table, max))
		return refuse(r, LS_ERANGE, "%s has no uplink data rate %" PRId64, table->name, is_uplink_dr(table, min) ? max : min);
	ch->min_dr = (uint8_t)min;
	ch->max_dr = (uint8_t)max;
	return LS_OK;
}

static int check_band(const struct region_table *table, const char *text, uint32_t freq_hz, struct report *r)
{
	if (freq_hz < table->freq_min_hz || freq_hz > table->freq_max_hz)
		return refuse(r, LS_ERANGE, "%.20s is outside %s (%.1f to %.1f MHz)", text, table->name, table->freq_min_hz / 1e6,
		              table->freq_max_hz / 1e6);
	if (freq_hz % table->freq_step_hz)
		return refuse(r, LS_ERANGE, "%.20s cannot be told to devices, the steps are %u Hz", text,
		              (unsigned)table->freq_step_hz);
	return LS_OK;
}

static int extra_channel(const struct region_table *table, char *item, struct channel *list, size_t n, struct report *r)
{
	char *colon = strchr(item, ':');
	const char *twin;
	int rc;

	if (colon)
		*colon++ = '\0';
	if (frequency_parse(item, &list[n].freq_hz))
		return refuse(r, LS_EFORMAT, "'%.20s' is not a frequency; one is written 867.1 or 867100000", item);
	rc = check_band(table, item, list[n].freq_hz, r);
	if (rc)
		return rc;
	twin = channel_twin(table, list, n);
	if (twin)
		return refuse(r, LS_ERANGE, "%.20s is %s", item, twin);
	return rates_value(table, colon, &list[n], r);
}

static int extra_channels_value(const struct region_table *table, const char *text, struct region_settings *s,
                                struct report *r)
{
	char *copy = strdup(text), *rest = copy, *item;
	struct channel list[COUNT(s->extra_channels)];
	uint8_t n = 0;
	int rc = copy ? LS_OK : LS_ENOMEM;

	if (strcmp(text, "none") == 0)
		rest = NULL;
	while (!rc && (item = next_item(&rest))) {
		if (n == COUNT(list))
			rc = refuse(r, LS_ERANGE, "at most %zu channels", COUNT(list));
		else
			rc = extra_channel(table, item, list, n, r);
		n += !rc;
	}
	free(copy);
	if (!rc && n == 0 && strcmp(text, "none") != 0)
		rc = refuse(r, LS_EFORMAT, "a list of frequencies, or none, is needed");
	if (!rc) {
		memcpy(s->extra_channels, list, n * sizeof(list[0]));
		s->n_extra_channels = n;
	}
	return rc;
}

static int frequency_value(const struct config_option *o, const struct region_table *table, const char *text,
                           uint32_t *freq_hz, struct report *r)
{
	bool may_be_auto = o->preset && strcmp(o->preset, "auto") == 0;
	uint32_t v = 0;
	int rc;

	if (may_be_auto && strcmp(text, "auto") == 0) {
		*freq_hz = 0;
		return LS_OK;
	}
	if (frequency_parse(text, &v))
		return refuse(r, LS_EFORMAT, "not a frequency; one is written 867.1 or 867100000%s", may_be_auto ? ", or auto" : "");
	rc = check_band(table, text, v, r);
	if (!rc)
		*freq_hz = v;
	return rc;
}

static int rx_window_value(const struct config_option *o, const char *text, enum rx_window *v, struct report *r)
{
	static const char *const words[] = {"both", "rx1", "rx2"}, *const numbers[] = {"0", "1", "2"};
	const char *near;

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcasecmp(text, words[i]) == 0 || strcmp(text, numbers[i]) == 0) {
			*v = (enum rx_window)i;
			return LS_OK;
		}
	}
	near = nearest_word(text, words, COUNT(words));
	if (near)
		suggest(r, "%s = %s", o->name, near);
	return refuse(r, LS_EFORMAT, "one of both, rx1, rx2 is needed");
}

static int or_off_value(const struct config_option *o, const char *text, int8_t *v, struct report *r)
{
	int64_t n;

	if (strcmp(text, "off") == 0) {
		*v = -1;
		return LS_OK;
	}
	if (parse_int(text, &n) || n < o->min || n > o->max)
		return refuse(r, LS_ERANGE, "%" PRId64 " to %" PRId64 ", or off", o->min, o->max);
	*v = (int8_t)n;
	return LS_OK;
}

/* Octets of a value where it lies: those of the types regions have. */
static size_t size_of(enum option_type type)
{
	switch (type) {
	case OPTION_BOOL:
	case OPTION_DWELL:
		return sizeof(bool);
	case OPTION_FREQUENCY:
		return sizeof(uint32_t);
	case OPTION_RX_WINDOW:
		return sizeof(enum rx_window);
	case OPTION_CHANNELS:
		return sizeof(((struct region_settings *)NULL)->uplink_mask);
	default:
		return 1; /* numbers in an octet */
	}
}

bool config_region_is_same(const struct config_option *o, const struct region_settings *a, const struct region_settings *b)
{
	bool is_same = true;

	if (o->type != OPTION_EXTRA_CHANNELS)
		return memcmp((const char *)a + o->offset, (const char *)b + o->offset, size_of(o->type)) == 0;
	for (unsigned i = 0; i < a->n_extra_channels && i < b->n_extra_channels; i++)
		is_same &= a->extra_channels[i].freq_hz == b->extra_channels[i].freq_hz &&
		           a->extra_channels[i].min_dr == b->extra_channels[i].min_dr &&
		           a->extra_channels[i].max_dr == b->extra_channels[i].max_dr;
	return is_same && a->n_extra_channels == b->n_extra_channels;
}

int config_value_parse(const struct config_option *o, const struct region_table *table, const char *text, void *base,
                       char why[CONFIG_WHY_SIZE], char hint[CONFIG_HINT_SIZE])
{
	void *place = (char *)base + o->offset;
	struct report r = {why, hint};
	int64_t v = 0;
	int rc;

	why[0] = hint[0] = '\0';
	switch (o->type) {
	case OPTION_TEXT:
		return put_text(place, text);
	case OPTION_PATH:
		if (*text && *text != '/')
			return refuse(&r, LS_EFORMAT, "the path must begin with /");
		if (o->max && (int64_t)strlen(text) > o->max)
			return refuse(&r, LS_ELONG, "the path is longer than %lld octets", (long long)o->max);
		return put_text(place, text);
	case OPTION_ADDRESS:
		rc = address_value(o, text, &r);
		return rc ? rc : put_text(place, text);
	case OPTION_GROUP:
		rc = group_value(text, &r);
		return rc ? rc : put_text(place, text);
	case OPTION_LEVEL:
		return level_value(o, text, place, &r);
	case OPTION_NET_ID:
		return net_id_value(text, place, &r);
	case OPTION_PREFIXES:
		return prefixes_value(text, place, &r);
	case OPTION_INT:
		rc = int_value(o, text, &v, &r);
		if (!rc)
			*(int64_t *)place = v;
		return rc;
	case OPTION_BOOL:
	case OPTION_DWELL:
		return bool_value(text, place, &r);
	case OPTION_DURATION:
		rc = duration_value(o, text, o->min, o->max, &v, &r);
		if (!rc)
			*(int64_t *)place = v;
		return rc;
	case OPTION_SIZE:
		rc = size_value(o, text, &v, &r);
		if (!rc)
			*(int64_t *)place = v;
		return rc;
	case OPTION_SECONDS:
		rc = duration_value(o, text, o->min * 1000000, o->max * 1000000, &v, &r);
		if (!rc && v % 1000000)
			rc = refuse(&r, LS_ERANGE, "whole seconds are needed");
		if (!rc)
			*(uint8_t *)place = (uint8_t)(v / 1000000);
		return rc;
	case OPTION_UINT8:
		rc = int_value(o, text, &v, &r);
		if (!rc)
			*(uint8_t *)place = (uint8_t)v;
		return rc;
	case OPTION_POWER:
		return power_value(o, text, place, &r);
	case OPTION_CHANNELS:
		return channels_value(table, text, place, &r);
	case OPTION_EXTRA_CHANNELS:
		return extra_channels_value(table, text, base, &r);
	case OPTION_FREQUENCY:
		return frequency_value(o, table, text, place, &r);
	case OPTION_RX_WINDOW:
		return rx_window_value(o, text, place, &r);
	case OPTION_OR_OFF:
		return or_off_value(o, text, place, &r);
	}
	return LS_EBUG;
}
