/* filter_value.c - times, units, references and everything else to the right of an operator. */
#include "model/filter_value.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/eui.h"
#include "base/uuid.h"

static int refuse(struct filter_error *e, const char *hint, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int refuse(struct filter_error *e, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, ap);
	va_end(ap);
	snprintf(e->hint, sizeof(e->hint), "%s", hint ? hint : "");
	return LS_EUSAGE;
}

/* --- times --- */

#define DATE_LEN 10   /* 2026-01-05 */
#define MINUTE_LEN 16 /* 2026-01-05T10:15 */

/* A date alone or with a time, UTC where it names no zone, as clock_parse() wants it. */
static int parse_date(const char *text, int64_t *us)
{
	char full[64];
	size_t len = strlen(text);

	if (len == DATE_LEN) {
		snprintf(full, sizeof(full), "%sT00:00:00Z", text);
		return clock_parse(full, strlen(full), us);
	}
	if (len < MINUTE_LEN || len > 40 || !strchr("Tt ", text[DATE_LEN]))
		return LS_EFORMAT;
	bool has_seconds = text[MINUTE_LEN] == ':';
	bool has_zone = strpbrk(text + DATE_LEN + 1, "Zz+-") != NULL;

	snprintf(full, sizeof(full), "%.*sT%.5s%s%s%s", DATE_LEN, text, text + DATE_LEN + 1, has_seconds ? "" : ":00",
	         text + MINUTE_LEN, has_zone ? "" : "Z");
	return clock_parse(full, strlen(full), us);
}

static int parse_time(const char *text, int64_t now_us, int64_t *us)
{
	int64_t span;

	if (strncasecmp(text, "now", 3) != 0)
		return parse_date(text, us);
	*us = now_us;
	if (!text[3])
		return LS_OK;
	if ((text[3] != '-' && text[3] != '+') || duration_parse(text + 4, &span))
		return LS_EFORMAT;
	return __builtin_add_overflow(now_us, text[3] == '-' ? -span : span, us) ? LS_ERANGE : LS_OK;
}

static int time_value(const struct filter_context *ctx, const char *text, json_t **out, struct filter_error *e)
{
	char buf[CLOCK_TEXT_SIZE], hint[64];
	int64_t us, span;

	if (parse_time(text, ctx->now_us, &us)) {
		bool is_span = duration_parse(text, &span) == LS_OK;

		snprintf(hint, sizeof(hint), "now-%.40s", text);
		return refuse(e, is_span ? hint : NULL, is_span ? "%.40s is a duration, a moment is needed"
		              : "'%.40s' is no time: 2026-01-05, 2026-01-05T10:15:00Z, now-24h", text);
	}
	clock_format(us, buf);
	*out = json_string(buf);
	return LS_OK;
}

/* --- numbers with units --- */

/* In `field` of a name with that end, how many of it are one of the unit. Longer ends first. */
static const struct {
	const char *end, *unit;
	double factor;
} units[] = {
	{"_hz", "Hz", 1},         {"_hz", "kHz", 1e3},         {"_hz", "MHz", 1e6},           {"_hz", "GHz", 1e9},
	{"_bytes", "B", 1},       {"_bytes", "k", 1e3},        {"_bytes", "M", 1e6},          {"_bytes", "G", 1e9},
	{"_bytes", "kB", 1e3},    {"_bytes", "MB", 1e6},       {"_bytes", "GB", 1e9},         {"_bytes", "KiB", 1024},
	{"_bytes", "MiB", 1 << 20}, {"_bytes", "GiB", 1 << 30}, {"_dbm", "dBm", 1},           {"_db", "dB", 1},
	{"_pct", "%", 1},         {"_m", "m", 1},              {"_m", "km", 1e3},
};

static const struct {
	const char *end;
	int64_t us;
} spans[] = {{"_us", 1}, {"_ms", 1000}, {"_s", 1000000}};

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* The number as text without its unit; false when there is none that fits the field. */
static bool strip_unit(const struct field *f, const char *text, char out[64])
{
	int64_t span;
	char *end;

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (ends_with(f->name, spans[i].end) && duration_parse(text, &span) == LS_OK && span % spans[i].us == 0) {
			snprintf(out, 64, "%lld", (long long)(span / spans[i].us));
			return true;
		}
	double number = strtod(text, &end);

	if (end == text || !*end || text[strspn(text, "+-.0123456789eEkKMGHhzBidmb%")])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ends_with(f->name, units[i].end) && strcasecmp(end, units[i].unit) == 0) {
			number *= units[i].factor;
			if (fabs(number) > 9e15)
				return false;
			/* 868.1 MHz is a whole number of Hz, whatever binary fractions say */
			snprintf(out, 64, f->type == FT_INT && fabs(number - round(number)) < 1e-3 ? "%.0f" : "%.12g", number);
			return true;
		}
	return false;
}

/* --- references --- */

static bool is_id(const struct entity *target, const char *text)
{
	struct eui64 eui;
	struct uuid id;

	return entity_id_field(target)->type == FT_UUID ? uuid_parse(text, &id) == LS_OK : eui64_parse(text, &eui) == LS_OK;
}

/* application_id: application_name */
static const struct field *name_of_reference(const struct entity *e, const struct field *f)
{
	char name[64];
	size_t stem = strlen(f->name) > 3 ? strlen(f->name) - 3 : 0;

	snprintf(name, sizeof(name), "%.*s_name", (int)(stem < 40 ? stem : 40), f->name);
	return entity_field(e, name);
}

static int reference_by_name(const struct filter_context *ctx, const struct field **field, const struct entity *target,
                             const char *text, json_t *values, struct filter_error *e)
{
	const struct field *name = name_of_reference(ctx->entity, *field);
	json_t *ids, *id;
	size_t i;

	if (name && filter_field_is_known(name)) {
		*field = name;
		return json_array_append_new(values, json_string(text)) ? LS_ENOMEM : LS_OK;
	}
	if (!ctx->resolve)
		return refuse(e, NULL, "%s needs the id of a %s", (*field)->name, target->name);
	ids = ctx->resolve(ctx->arg, target, text);
	if (!json_array_size(ids)) {
		json_decref(ids);
		return refuse(e, NULL, "no %s is called '%.60s'", target->name, text);
	}
	json_array_foreach(ids, i, id)
		json_array_append(values, id);
	json_decref(ids);
	return LS_OK;
}

/* --- values --- */

/* Ranges and lengths are for what is stored; asking for more is no mistake. */
static int checked_value(const struct field *f, const char *text, json_t *values, struct filter_error *e)
{
	struct field any = *f;
	json_t *given = json_string(text), *canonical = NULL;
	char number[64], why[160] = "";
	int rc;

	any.min = any.max = 0;
	any.flags &= ~(unsigned)(FF_ID | FF_NO_EUI);
	if (given && (f->type == FT_INT || f->type == FT_REAL) && strip_unit(f, text, number)) {
		json_decref(given);
		given = json_string(number);
	}
	if (!given)
		return refuse(e, NULL, "the value of %s is not UTF-8", f->name);
	rc = field_check(&any, given, &canonical, why, sizeof(why), e->hint, sizeof(e->hint));
	json_decref(given);
	if (rc == LS_ENOMEM)
		return rc;
	if (rc) {
		snprintf(e->why, sizeof(e->why), "%s: %s", f->name, why);
		return LS_EUSAGE;
	}
	return json_array_append_new(values, canonical) ? LS_ENOMEM : LS_OK;
}

int filter_value(const struct filter_context *ctx, const struct field **field, bool is_tag, const char *text, json_t *values,
                 struct filter_error *error)
{
	const struct field *f = *field;
	const struct entity *target = f->type == FT_REF ? entity_find(f->choices) : NULL;
	json_t *value = NULL;
	int rc;

	error->hint[0] = '\0';
	if (is_tag) {
		value = json_string(text);
		if (!value)
			return refuse(error, NULL, "the value of a tag is not UTF-8");
		return json_array_append_new(values, value) ? LS_ENOMEM : LS_OK;
	}
	if (f->type == FT_TIME) {
		rc = time_value(ctx, text, &value, error);
		return rc ? rc : json_array_append_new(values, value) ? LS_ENOMEM : LS_OK;
	}
	if (target && !is_id(target, text))
		return reference_by_name(ctx, field, target, text, values, error);
	return checked_value(f, text, values, error);
}
