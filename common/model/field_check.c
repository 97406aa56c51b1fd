/*
 * field_check.c - one value against one field: type, range, canonical form.
 *
 * The sentences are for whoever typed the value: "31 hex digits, 32 needed". A key is never repeated
 * in them, and what spreadsheets and other servers do to EUIs and keys is named.
 */
#include "model/field_check.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/eui.h"
#include "base/hex.h"
#include "base/key.h"
#include "base/safe_text.h"
#include "base/uuid.h"
#include "model/model.h"

#define HEX_MAX 4096 /* octets, where a field sets no limit */
#define TEXT_MAX 4096

struct report {
	char *why;
	size_t why_size;
	char *hint;
	size_t hint_size;
};

static int refuse(const struct report *r, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int refuse(const struct report *r, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->why_size)
		vsnprintf(r->why, r->why_size, fmt, ap);
	va_end(ap);
	return code;
}

static void advise(const struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void advise(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (r->hint_size)
		vsnprintf(r->hint, r->hint_size, fmt, ap);
	va_end(ap);
}

static const char *json_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_TRUE:
	case JSON_FALSE: return "true or false";
	case JSON_NULL: return "null";
	}
	return "?";
}

/* --- EUIs, addresses, keys: hex digits of a fixed number --- */

struct digits {
	size_t hex;     /* hex digits */
	bool all_decimal;
	char other;     /* first character that has no place there, or 0 */
};

static struct digits count_digits(const char *text)
{
	struct digits d = {.all_decimal = true};

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		if (isxdigit((unsigned char)*text)) {
			d.hex++;
			if (!isdigit((unsigned char)*text))
				d.all_decimal = false;
		} else if (!strchr(" -:.", *text) && !d.other) {
			d.other = *text;
		}
	}
	return d;
}

/* "7.0E+15", "7,01E+15": what a spreadsheet makes of digits. */
static bool is_spreadsheet_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0)
		return false;
	text += n;
	if (*text == '.' || *text == ',')
		text += 1 + strspn(text + 1, "0123456789");
	if (*text != 'E' && *text != 'e')
		return false;
	text++;
	if (*text != '+')
		return false;
	return isdigit((unsigned char)text[1]);
}

/* Octets that `text` would be as base64, 0 when it does not look so. */
static size_t base64_octets(const char *text, uint8_t *out, size_t cap)
{
	size_t len = 0;

	if (strlen(text) < 11 || base64_decode(text, strlen(text), out, cap, &len) != LS_OK)
		return 0;
	return len;
}

/* Say why `text` is not `needed` hex digits. */
static int refuse_digits(const struct report *r, const char *text, size_t needed, bool secret)
{
	struct digits d = count_digits(text);
	uint8_t octets[16];

	if (is_spreadsheet_number(text)) {
		advise(r, "format the column as text in the spreadsheet and export it again");
		return refuse(r, LS_EFORMAT, "a number mangled by a spreadsheet, %zu hex digits needed", needed);
	}
	if (d.other && base64_octets(text, octets, sizeof(octets)) == needed / 2) {
		char hex[33];

		if (secret)
			advise(r, "base64 -d < FILE | xxd -p > HEXFILE");
		else
			advise(r, "%s", hex_encode(octets, needed / 2, hex));
		explicit_bzero(octets, sizeof(octets));
		return refuse(r, LS_EFORMAT, "looks like base64, %zu hex digits needed", needed);
	}
	if (d.other && secret)
		return refuse(r, LS_EFORMAT, "a character that is not a hex digit, %zu hex digits needed", needed);
	if (d.other && isprint((unsigned char)d.other))
		return refuse(r, LS_EFORMAT, "'%c' is not a hex digit, %zu hex digits needed", d.other, needed);
	if (d.other)
		return refuse(r, LS_EFORMAT, "not hex digits, %zu needed", needed);
	if (d.all_decimal && d.hex == needed - 1)
		advise(r, "did a spreadsheet drop a leading zero?");
	return refuse(r, d.hex < needed ? LS_ESHORT : LS_ELONG, "%zu hex digits, %zu needed", d.hex, needed);
}

bool eui_is_damaged(const char *text, char *why, size_t why_size, char *hint, size_t hint_size)
{
	const struct report r = {why, why_size, hint, hint_size};
	struct eui64 eui;
	uint8_t octets[16];
	size_t hex = 0, other = 0;

	why[0] = hint[0] = '\0';
	if (eui64_parse(text, &eui) == LS_OK)
		return false;
	for (const char *p = text; *p; p++) {
		hex += isxdigit((unsigned char)*p) != 0;
		other += !isxdigit((unsigned char)*p) && !strchr(" -:.", *p);
	}
	/* A name may be base64 by chance: only with a character that names hardly have. */
	if (!is_spreadsheet_number(text) && !(hex >= 12 && other <= 2 && hex + other >= 14 && hex + other <= 18) &&
	    !(strpbrk(text, "=+/") && base64_octets(text, octets, sizeof(octets)) == 8))
		return false;
	refuse_digits(&r, text, 16, false);
	return true;
}

static int refuse_number_for_text(const struct report *r, const json_t *value, size_t needed)
{
	advise(r, "put it in quotes: a number loses leading zeros and letters");
	return refuse(r, LS_ETYPE, "%s, text of %zu hex digits needed", json_kind(value), needed);
}

static int check_eui(const struct report *r, const struct field *f, const char *text, json_t **out)
{
	struct eui64 eui;
	char buf[EUI64_TEXT_SIZE];

	if (eui64_parse(text, &eui) != LS_OK)
		return refuse_digits(r, text, 16, false);
	if ((f->flags & FF_ID) && (eui64_is_zero(eui) || eui64_to_u64(eui) == UINT64_MAX))
		return refuse(r, LS_EINVAL, "%s is nobody's EUI; it is on the label, or in its configuration",
		              eui64_format(eui, buf));
	*out = json_string(eui64_format(eui, buf));
	return LS_OK;
}

static int check_dev_addr(const struct report *r, const char *text, json_t **out)
{
	uint32_t dev_addr;
	char buf[DEV_ADDR_TEXT_SIZE];

	if (dev_addr_parse(text, &dev_addr) != LS_OK)
		return refuse_digits(r, text, 8, false);
	*out = json_string(dev_addr_format(dev_addr, buf));
	return LS_OK;
}

static int check_key(const struct report *r, const char *text, json_t **out)
{
	struct ls_key key;
	char buf[KEY_TEXT_SIZE];

	if (key_parse(text, &key) != LS_OK)
		return refuse_digits(r, text, 32, true);
	*out = json_string(key_reveal(&key, buf));
	explicit_bzero(buf, sizeof(buf));
	key_wipe(&key);
	return LS_OK;
}

static int check_uuid(const struct report *r, const char *text, json_t **out)
{
	struct uuid id;
	char buf[UUID_TEXT_SIZE];

	if (uuid_parse(text, &id) != LS_OK)
		return refuse(r, LS_EFORMAT, "not a UUID (8-4-4-4-12 hex digits)");
	*out = json_string(uuid_format(id, buf));
	return LS_OK;
}

static int check_hex(const struct report *r, const struct field *f, const char *text, json_t **out)
{
	size_t max = f->max > 0 ? (size_t)f->max : HEX_MAX;
	size_t n = 0, cap = strlen(text) + 1;
	char *digits = malloc(cap);
	uint8_t *octets = malloc(cap);
	size_t len = 0;
	int rc = LS_OK;

	if (!digits || !octets) {
		rc = LS_ENOMEM;
		goto out;
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (const char *p = text; *p; p++) {
		if (strchr(" -:", *p))
			continue;
		if (!isxdigit((unsigned char)*p)) {
			rc = isprint((unsigned char)*p) ? refuse(r, LS_EFORMAT, "'%c' is not a hex digit", *p)
			                                : refuse(r, LS_EFORMAT, "not hex digits");
			goto out;
		}
		digits[n++] = (char)tolower((unsigned char)*p);
	}
	digits[n] = '\0';
	if (n % 2) {
		rc = refuse(r, LS_EFORMAT, "odd number of hex digits: %zu", n);
		goto out;
	}
	rc = hex_decode(digits, n, octets, cap, &len);
	if (rc) {
		rc = refuse(r, rc, "not hex digits");
		goto out;
	}
	if (len > max) {
		rc = refuse(r, LS_ELONG, "%zu octets, at most %zu", len, max);
		goto out;
	}
	if ((int64_t)len < f->min) {
		rc = refuse(r, LS_ESHORT, "%zu octets, at least %lld", len, (long long)f->min);
		goto out;
	}
	*out = json_string(digits);
out:
	free(digits);
	free(octets);
	return rc;
}

/* --- text and numbers --- */

static size_t characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static int check_text(const struct report *r, const char *text, size_t len, size_t min, size_t max, json_t **out)
{
	if (!safe_text_is_clean(text, len))
		return refuse(r, LS_EFORMAT, "control characters, direction marks and broken UTF-8 are not allowed");
	size_t n = characters(text, len);

	if (n < min)
		return n == 0 ? refuse(r, LS_ESHORT, "must not be empty")
		              : refuse(r, LS_ESHORT, "%zu characters, at least %zu", n, min);
	if (n > max)
		return refuse(r, LS_ELONG, "%zu characters, at most %zu", n, max);
	*out = json_stringn(text, len);
	return *out ? LS_OK : LS_EFORMAT;
}

static int check_ref(const struct report *r, const struct field *f, const char *text, size_t len, json_t **out)
{
	const struct entity *target = f->choices ? entity_find(f->choices) : NULL;
	const struct field *id = target ? entity_id_field(target) : NULL;
	struct eui64 eui;
	struct uuid uuid;
	char buf[UUID_TEXT_SIZE];

	/* An EUI needs its 16 digits; any other text is a name, which the daemon knows or not. */
	if (id && id->type == FT_EUI && eui64_parse(text, &eui) == LS_OK) {
		*out = json_string(eui64_format(eui, buf));
		return LS_OK;
	}
	if (id && id->type == FT_UUID && uuid_parse(text, &uuid) == LS_OK) {
		*out = json_string(uuid_format(uuid, buf));
		return LS_OK;
	}
	return check_text(r, text, len, 1, 128, out);
}

static bool has_range(const struct field *f)
{
	return f->min != 0 || f->max != 0;
}

static int check_int(const struct report *r, const struct field *f, const json_t *value, json_t **out)
{
	long long n;

	if (json_is_integer(value)) {
		n = json_integer_value(value);
	} else if (json_is_real(value)) {
		double d = json_real_value(value);

		if (d != floor(d) || fabs(d) > 9007199254740992.0)
			return refuse(r, LS_ETYPE, "a whole number is needed");
		n = (long long)d;
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);
		char *end;

		errno = 0;
		n = strtoll(text, &end, 10);
		if (end == text || *end || isspace((unsigned char)text[0]))
			return refuse(r, LS_ETYPE, "a whole number is needed");
		if (errno == ERANGE)
			return refuse(r, LS_ERANGE, "out of range");
	} else {
		return refuse(r, LS_ETYPE, "%s, a whole number is needed", json_kind(value));
	}
	if (has_range(f) && (n < f->min || n > f->max)) {
		if (f->max == INT64_MAX)
			return refuse(r, LS_ERANGE, "%lld is out of range, at least %lld", n, (long long)f->min);
		return refuse(r, LS_ERANGE, "%lld is out of range %lld to %lld", n, (long long)f->min,
		              (long long)f->max);
	}
	*out = json_integer(n);
	return LS_OK;
}

static int check_real(const struct report *r, const struct field *f, const json_t *value, json_t **out)
{
	double d;

	if (json_is_number(value)) {
		d = json_number_value(value);
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);
		char *end;

		/* strtod() also takes hex and "inf"; those are no numbers people mean here. */
		d = strtod(text, &end);
		if (end == text || *end || text[strspn(text, "+-.0123456789eE")])
			return refuse(r, LS_ETYPE, "a number is needed");
	} else {
		return refuse(r, LS_ETYPE, "%s, a number is needed", json_kind(value));
	}
	if (!isfinite(d))
		return refuse(r, LS_ERANGE, "out of range");
	if (has_range(f) && (d < (double)f->min || d > (double)f->max))
		return refuse(r, LS_ERANGE, "%g is out of range %lld to %lld", d, (long long)f->min,
		              (long long)f->max);
	*out = json_real(d);
	return LS_OK;
}

static int check_bool(const struct report *r, const json_t *value, json_t **out)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	if (json_is_boolean(value)) {
		*out = json_boolean(json_is_true(value));
		return LS_OK;
	}
	for (size_t i = 0; json_is_string(value) && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(json_string_value(value), yes[i]) == 0)
			*out = json_true();
		if (strcasecmp(json_string_value(value), no[i]) == 0)
			*out = json_false();
		if (*out)
			return LS_OK;
	}
	return refuse(r, LS_ETYPE, "true or false is needed");
}

/* '-' and '_' are the same in a choice: AS923-2 is written AS923_2 here. */
static bool same_choice(const char *text, const char *choice, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int a = tolower((unsigned char)text[i]), b = tolower((unsigned char)choice[i]);

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b))
			return false;
	}
	return text[len] == '\0';
}

static int check_enum(const struct report *r, const struct field *f, const json_t *value, json_t **out)
{
	const char *text = json_string_value(value);
	char words[512], shown[64];
	const char *choice[64];
	size_t n = 0;

	if (!text)
		return refuse(r, LS_ETYPE, "%s, one of %s is needed", json_kind(value), f->choices);
	for (const char *p = f->choices; *p;) {
		size_t len = strcspn(p, " ");

		if (same_choice(text, p, len)) {
			*out = json_stringn(p, len);
			return LS_OK;
		}
		p += len;
		p += strspn(p, " ");
	}
	snprintf(words, sizeof(words), "%s", f->choices);
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word && n < 64; word = strtok_r(NULL, " ", &rest))
		choice[n++] = word;
	const char *near = nearest_word(text, choice, n);

	if (near)
		advise(r, "%s", near);
	safe_text(text, strlen(text), shown, sizeof(shown));
	return refuse(r, LS_EFORMAT, "'%s' is not one of %s", shown, f->choices);
}

static int check_time(const struct report *r, const json_t *value, json_t **out)
{
	const char *text = json_string_value(value);
	int64_t wall_us;
	char buf[CLOCK_TEXT_SIZE];

	if (!text)
		return refuse(r, LS_ETYPE, "%s, a time is needed", json_kind(value));
	int rc = clock_parse(text, json_string_length(value), &wall_us);

	if (rc) {
		advise(r, "2025-03-04T10:15:31Z");
		return refuse(r, rc, rc == LS_ERANGE ? "an impossible date" : "not a time of RFC 3339");
	}
	clock_format(wall_us, buf);
	*out = json_string(buf);
	return LS_OK;
}

/* --- tags --- */

static bool is_tag_key(const char *key)
{
	size_t len = strlen(key);

	return len >= 1 && len <= TAG_KEY_MAX &&
	       strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == len;
}

int tags_check(const json_t *value, bool removing, json_t **out, char *why, size_t why_size)
{
	struct report r = {why, why_size, NULL, 0};
	const char *key;
	json_t *text;
	int rc = LS_OK;

	*out = NULL;
	if (!json_is_object(value))
		return refuse(&r, LS_ETYPE, "%s, key=value pairs are needed", json_kind(value));
	if (json_object_size(value) > TAGS_MAX)
		return refuse(&r, LS_ELONG, "%zu tags, at most %d", json_object_size(value), TAGS_MAX);
	json_t *clean = json_object();

	json_object_foreach((json_t *)value, key, text) {
		json_t *copy = NULL;

		if (!is_tag_key(key)) {
			rc = refuse(&r, LS_EFORMAT, "a tag's key has 1 to %d of A-Z a-z 0-9 _ . -", TAG_KEY_MAX);
		} else if (json_is_null(text) && removing) {
			copy = json_null();
		} else if (!json_is_string(text)) {
			rc = refuse(&r, LS_ETYPE, "the value of %s must be text", key);
		} else if (!safe_text_is_clean(json_string_value(text), json_string_length(text))) {
			rc = refuse(&r, LS_EFORMAT, "the value of %s has control characters or broken UTF-8", key);
		} else if (characters(json_string_value(text), json_string_length(text)) > TAG_VALUE_MAX) {
			rc = refuse(&r, LS_ELONG, "the value of %s is longer than %d characters", key, TAG_VALUE_MAX);
		} else {
			copy = json_copy(text);
		}
		if (rc) {
			json_decref(clean);
			return rc;
		}
		json_object_set_new(clean, key, copy);
	}
	*out = clean;
	return LS_OK;
}

int field_check(const struct field *f, const json_t *value, json_t **out, char *why, size_t why_size, char *hint,
                size_t hint_size)
{
	struct report r = {why, why_size, hint, hint_size};
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	struct eui64 eui;

	*out = NULL;
	if (why_size)
		why[0] = '\0';
	if (hint_size)
		hint[0] = '\0';
	if (text && memchr(text, '\0', len))
		return refuse(&r, LS_EFORMAT, "must not contain NUL");

	switch (f->type) {
	case FT_TEXT:
		if (!text)
			break;
		if ((f->flags & FF_NO_EUI) && eui64_parse(text, &eui) == LS_OK)
			return refuse(&r, LS_EINVAL, "16 hex digits would be taken for an EUI, not for a name");
		return check_text(&r, text, len, f->min > 0 ? (size_t)f->min : 0,
		                  f->max > 0 ? (size_t)f->max : TEXT_MAX, out);
	case FT_REF:
		if (!text)
			break;
		return check_ref(&r, f, text, len, out);
	case FT_UUID:
		if (!text)
			break;
		return check_uuid(&r, text, out);
	case FT_EUI:
		return text ? check_eui(&r, f, text, out) : refuse_number_for_text(&r, value, 16);
	case FT_DEV_ADDR:
		return text ? check_dev_addr(&r, text, out) : refuse_number_for_text(&r, value, 8);
	case FT_KEY:
		return text ? check_key(&r, text, out) : refuse_number_for_text(&r, value, 32);
	case FT_HEX:
		if (!text)
			break;
		return check_hex(&r, f, text, out);
	case FT_INT:
		return check_int(&r, f, value, out);
	case FT_REAL:
		return check_real(&r, f, value, out);
	case FT_BOOL:
		return check_bool(&r, value, out);
	case FT_ENUM:
		return check_enum(&r, f, value, out);
	case FT_TIME:
		return check_time(&r, value, out);
	case FT_TAGS:
		return tags_check(value, false, out, why, why_size);
	case FT_JSON:
		*out = json_deep_copy(value);
		return LS_OK;
	}
	return refuse(&r, LS_ETYPE, "%s, text is needed", json_kind(value));
}
