/*
 * output_format.c - --format: a line for each object, made from a template.
 *
 *   '{time} {name:>12} {rssi_dbm:>5} {data|hex}'
 *
 * {field}, {field:width}, {field:>width} (to the right), {field:^width} (to the middle), {field|function}, functions one
 * after another. {{ and }} stand for themselves, \t and \n for TAB and newline. A value wider than its width stays whole.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/safe_text.h"
#include "error.h"
#include "output.h"
#include "terminal.h"

#define WIDTH_MAX 400
#define PAYLOAD_MAX 4096

enum function { F_HEX, F_BASE64, F_REL, F_UNIX, F_JSON, F_UPPER, F__COUNT };

static const char *const function_names[F__COUNT] = {"hex", "base64", "rel", "unix", "json", "upper"};

/* --- the template --- */

static int bad_template(const struct cli *c, const char *at, const char *what)
{
	return fail(c, LS_EUSAGE, "a place is {field}, {field:>8} or {field|hex}; braces themselves are {{ and }}",
	            "--format '{dev_eui} {name:20}'", "--format, character %zu: %s", (size_t)(at - c->opt.format) + 1, what);
}

static int read_spec(const struct cli *c, const char *p, const char *end, struct placeholder *out)
{
	const char *begin = p;
	char *after;

	if (p < end && strchr("<>^", *p))
		out->align = *p++;
	long width = p < end && isdigit((unsigned char)*p) ? strtol(p, &after, 10) : -1;

	if (width < 0 || after != end || width > WIDTH_MAX)
		return bad_template(c, begin, "a width is a number up to 400, with < > or ^ before it");
	out->width = (size_t)width;
	return 0;
}

static int read_function(const struct cli *c, const char *p, size_t len, struct placeholder *out)
{
	char word[32], all[80] = "one of";

	for (int i = 0; i < F__COUNT; i++)
		if (strlen(function_names[i]) == len && memcmp(function_names[i], p, len) == 0) {
			if (out->n_functions == FORMAT_FUNCTIONS_MAX)
				return bad_template(c, p, "too many functions");
			out->functions[out->n_functions++] = (unsigned char)i;
			return 0;
		}
	snprintf(word, sizeof(word), "%.*s", len < sizeof(word) ? (int)len : 31, p);
	for (int i = 0; i < F__COUNT; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), " %s", function_names[i]);
	return fail(c, LS_EUSAGE, all, nearest_word(word, function_names, F__COUNT), "--format: no function '%s'", word);
}

/* What stands between { and }. */
static int read_place(const struct cli *c, const struct entity *e, const char *p, const char *end, struct columns *columns,
                      struct placeholder *out)
{
	const char *bar = memchr(p, '|', (size_t)(end - p));
	const char *colon = memchr(p, ':', (size_t)((bar ? bar : end) - p));
	const char *name_end = colon ? colon : bar ? bar : end;
	int code = 0;

	if (name_end == p)
		return bad_template(c, p, "the name of a field is missing");
	code = columns_add(c, e, p, (size_t)(name_end - p), "--format", columns, &out->column);
	if (!code && colon)
		code = read_spec(c, colon + 1, bar ? bar : end, out);
	while (!code && bar) {
		const char *next = memchr(bar + 1, '|', (size_t)(end - bar - 1));

		code = read_function(c, bar + 1, (size_t)((next ? next : end) - bar - 1), out);
		bar = next;
	}
	return code;
}

int format_compile(const struct cli *c, const struct entity *e, struct columns *columns, struct format *out)
{
	columns->n = 0;
	columns->chosen = true;
	for (const char *p = c->opt.format; *p;) {
		struct placeholder *place = &out->at[out->n];
		size_t len = strcspn(p, "{}");
		const char *end;

		if (out->n == FORMAT_PLACES_MAX)
			return bad_template(c, p, "too many places");
		*place = (struct placeholder){.literal = p, .literal_len = len};
		out->n++;
		p += len;
		if (!*p)
			return 0;
		if (p[0] == p[1]) { /* {{ and }}: the first belongs to the text */
			place->literal_len++;
			p += 2;
			continue;
		}
		end = *p == '{' ? strchr(p, '}') : NULL;
		if (!end)
			return bad_template(c, p, *p == '{' ? "{ without }" : "} without {");
		place->has_field = true;
		int code = read_place(c, e, p + 1, end, columns, place);

		if (code)
			return code;
		p = end + 1;
	}
	return 0;
}

/* --- values --- */

/* Octets of a payload: hex where the registry says so, else what events carry, base64. */
static bool octets_of(const struct field *f, const char *text, uint8_t buf[PAYLOAD_MAX], size_t *len)
{
	if (f && (f->type == FT_HEX || f->type == FT_EUI || f->type == FT_DEV_ADDR))
		return hex_decode(text, strlen(text), buf, PAYLOAD_MAX, len) == LS_OK;
	return base64_decode(text, strlen(text), buf, PAYLOAD_MAX, len) == LS_OK;
}

static void put_octets(const struct field *f, const char *text, bool hex, struct text_buf *t)
{
	uint8_t octets[PAYLOAD_MAX];
	size_t len;

	if (!octets_of(f, text, octets, &len))
		text_puts(t, text);
	else if (hex)
		text_put_hex(t, octets, len);
	else
		text_put_base64(t, octets, len);
}

static void put_json(const json_t *value, struct text_buf *t)
{
	char *dump = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : NULL;

	text_puts(t, dump ? dump : "null");
	free(dump);
}

static void put_chosen(const struct output *out, const struct placeholder *p, const json_t *value, struct text_buf *t)
{
	const struct column *column = &out->columns.at[p->column];
	const char *text = json_string_value(value);
	int shape = -1; /* the last function that reads the value itself */

	for (size_t i = 0; i < p->n_functions; i++)
		if (p->functions[i] != F_UPPER)
			shape = p->functions[i];
	if (shape == F_JSON) {
		put_json(value, t);
	} else if (text && (shape == F_REL || shape == F_UNIX)) {
		struct cli as = *out->cli;

		as.opt.time = shape == F_REL ? TIME_FORM_REL : TIME_FORM_UNIX;
		time_put(&as, text, strlen(text), true, t);
	} else if (text && (shape == F_HEX || shape == F_BASE64)) {
		put_octets(column->f, text, shape == F_HEX, t);
	} else {
		cell_put(out->cli, column->f, value, false, t);
	}
}

static void put_padded(const struct output *out, const struct placeholder *p, const struct text_buf *t)
{
	size_t used = t->len ? safe_text_width(t->data) : 0, room = p->width > used ? p->width - used : 0;
	size_t before = p->align == '>' ? room : p->align == '^' ? room / 2 : 0;

	for (size_t i = 0; i < before; i++)
		putchar(' ');
	if (t->len)
		put_text(stdout, out->cli->out_tty, t->data, t->len);
	for (size_t i = before; i < room; i++)
		putchar(' ');
}

static void put_literal(const struct placeholder *p)
{
	for (size_t i = 0; i < p->literal_len; i++) {
		const char *at = p->literal + i;
		bool escape = *at == '\\' && i + 1 < p->literal_len;

		if (escape && (at[1] == 't' || at[1] == 'n' || at[1] == '\\')) {
			putchar(at[1] == 't' ? '\t' : at[1] == 'n' ? '\n' : '\\');
			i++;
		} else {
			putchar(*at);
		}
	}
}

static void format_row(struct output *out, json_t *item)
{
	for (size_t i = 0; i < out->format.n; i++) {
		const struct placeholder *p = &out->format.at[i];

		put_literal(p);
		if (!p->has_field)
			continue;
		text_buf_reset(&out->cell);
		put_chosen(out, p, column_value(&out->columns.at[p->column], item), &out->cell);
		for (size_t k = 0; k < p->n_functions; k++)
			for (size_t n = 0; p->functions[k] == F_UPPER && n < out->cell.len; n++)
				out->cell.data[n] = (char)toupper((unsigned char)out->cell.data[n]);
		put_padded(out, p, &out->cell);
	}
	putchar('\n');
}

const struct output_form output_format = {.name = "format", .row = format_row};
