/*
 * output_table.c - a table that fits the terminal.
 *
 * Rows are kept until the end, because a column is as wide as its widest cell. When the sum is wider than the
 * terminal, free text shrinks first (to its floor), then columns are left out, the least wanted first;
 * ids, addresses and keys are never cut. `wide` skips both and may exceed the width.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe_text.h"
#include "base/utf8.h"
#include "output.h"
#include "stream_line.h"
#include "terminal.h"

#define GAP 2
#define TEXT_MIN 8

static void table_begin(struct output *out)
{
	out->kept = json_array();
}

static void table_row(struct output *out, json_t *item)
{
	json_array_append(out->kept, item);
}

/* Text of a cell made safe; valid until the next call. */
static const char *cell_text(struct output *out, const struct column *column, const json_t *item, char **safe,
                             size_t *cap)
{
	text_buf_reset(&out->cell);
	cell_put(out->cli, column->f, column_value(column, item), true, &out->cell);
	if (out->cell.len == 0)
		return "";
	size_t need = out->cell.len * 8 + 8;

	if (need > *cap) {
		char *grown = realloc(*safe, need);

		if (!grown)
			return "";
		*safe = grown;
		*cap = need;
	}
	safe_text(out->cell.data, out->cell.len, *safe, *cap);
	return *safe;
}

static bool is_number(const struct field *f)
{
	return f && (f->type == FT_INT || f->type == FT_REAL);
}

static bool may_shrink(const struct field *f)
{
	return !f || f->type == FT_TEXT || f->type == FT_TAGS || f->type == FT_HEX || f->type == FT_JSON;
}

/*
 * How a field looks in a table that must be narrow. Headers are those of people (csv has the registry's names);
 * `keep` tells what is left out first; free text shrinks to `floor`.
 */
struct looks {
	const char *name, *header; /* NULL: the field's name */
	int keep;
	size_t floor;
};

#define KEEP_NUMBER 2
#define KEEP_OTHER 3
#define KEEP_ALWAYS 9

static struct looks looks_of(const struct field *f)
{
	static const struct looks known[] = {
		{"name", NULL, KEEP_ALWAYS, 16},
		{"application_name", "APPLICATION", KEEP_OTHER, TEXT_MIN},
		{"profile_name", "PROFILE", KEEP_OTHER, TEXT_MIN},
		{"tenant_name", "TENANT", KEEP_OTHER, TEXT_MIN},
		{"last_seen_at", "SEEN", KEEP_OTHER, 0},
		{"joined_at", "JOINED", KEEP_OTHER, 0},
		{"f_cnt_up", "UP", KEEP_NUMBER, 0},
		{"f_cnt_down", "DOWN", KEEP_NUMBER, 0},
		{"f_cnt", "FCNT", KEEP_OTHER, 0},
		{"f_port", "PORT", KEEP_OTHER + 1, 0},
		{"dr", "DR", KEEP_OTHER + 1, 0},
		{"direction", "DIR", KEEP_OTHER + 1, 0},
		{"m_type", "TYPE", 1, TEXT_MIN},
		{"drop_reason", NULL, KEEP_ALWAYS, 18},
	};
	bool number = is_number(f);

	for (size_t i = 0; f && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, f->name) == 0)
			return known[i];
	return (struct looks){NULL, NULL, number ? KEEP_NUMBER : f && (f->flags & FF_ID) ? KEEP_ALWAYS + 1 : KEEP_OTHER,
	                      TEXT_MIN};
}

static void header_text(const struct column *column, char buf[64])
{
	const char *header = looks_of(column->f).header;

	snprintf(buf, 64, "%s", header ? header : column->path);
	for (char *p = buf; *p; p++)
		*p = *p == '_' ? ' ' : (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
}

static void put_cell(const char *text, size_t width, bool right, bool last)
{
	size_t used = safe_text_width(text);

	if (used > width) {
		size_t filled;
		size_t n = cut_at(text, width - 1, &filled);

		fwrite(text, 1, n, stdout);
		fputs("…", stdout);
		for (size_t i = filled + 1; i < width && !last; i++)
			putchar(' '); /* half of a wide character */
		return;
	}
	if (right)
		for (size_t i = used; i < width; i++)
			putchar(' ');
	fputs(text, stdout);
	if (!right && !last)
		for (size_t i = used; i < width; i++)
			putchar(' ');
}

static size_t total_width(const size_t *width, size_t n)
{
	size_t sum = n > 0 ? (n - 1) * GAP : 0;

	for (size_t i = 0; i < n; i++)
		sum += width[i];
	return sum;
}

/* From their natural widths, narrow the widest free text until all fits in `columns`; false when it cannot. */
static bool shrink_to(const struct column *at, const size_t *natural, size_t *width, size_t n, size_t columns)
{
	memcpy(width, natural, n * sizeof(width[0]));
	while (total_width(width, n) > columns) {
		size_t widest = n;

		for (size_t i = 0; i < n; i++)
			if (may_shrink(at[i].f) && width[i] > looks_of(at[i].f).floor && (widest == n || width[i] > width[widest]))
				widest = i;
		if (widest == n)
			return false;
		width[widest]--;
	}
	return true;
}

/* The column to leave out: the one kept least, of equal ones the rightmost. */
static size_t least_wanted(const struct column *at, size_t n)
{
	size_t least = n - 1;

	for (size_t i = n - 1; i-- > 0;)
		if (looks_of(at[i].f).keep < looks_of(at[least].f).keep)
			least = i;
	return least;
}

static void put_grouped(FILE *to, json_int_t n)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			fputc(',', to);
		fputc(digits[i], to);
	}
}

static void footer(const struct output *out)
{
	const struct cli *c = out->cli;

	if (c->opt.quiet || !c->out_tty)
		return;
	fputs(role_on(c->out_color, ROLE_DIM), stdout);
	put_grouped(stdout, (json_int_t)out->n_rows);
	if (out->total >= 0) {
		fputs(" of ", stdout);
		put_grouped(stdout, out->total);
	} else {
		fputs(out->more ? " shown, more with --all" : " shown", stdout);
	}
	printf("%s\n", role_off(c->out_color, ROLE_DIM));
}

static void print_table(struct output *out, bool fit)
{
	const struct cli *c = out->cli;
	size_t natural[COLUMNS_MAX], width[COLUMNS_MAX], n = out->columns.n, i, hidden = 0;
	struct column *at = out->columns.at;
	char header[64], *safe = NULL;
	size_t cap = 0;
	json_t *item;

	for (size_t k = 0; k < n; k++) {
		header_text(&at[k], header);
		natural[k] = strlen(header);
		json_array_foreach(out->kept, i, item) {
			size_t w = safe_text_width(cell_text(out, &at[k], item, &safe, &cap));

			if (w > natural[k])
				natural[k] = w;
		}
	}
	memcpy(width, natural, n * sizeof(width[0]));
	while (fit && !shrink_to(at, natural, width, n, (size_t)c->columns) && n > 1) {
		size_t gone = least_wanted(at, n);

		n--;
		memmove(&at[gone], &at[gone + 1], (n - gone) * sizeof(at[0]));
		memmove(&natural[gone], &natural[gone + 1], (n - gone) * sizeof(natural[0]));
		hidden++;
	}
	if (c->opt.header != NO) {
		fputs(role_on(c->out_color, ROLE_KEY), stdout);
		for (size_t k = 0; k < n; k++) {
			header_text(&at[k], header);
			put_cell(header, width[k], is_number(at[k].f), k + 1 == n);
			if (k + 1 < n)
				fputs("  ", stdout);
		}
		printf("%s\n", role_off(c->out_color, ROLE_KEY));
	}
	json_array_foreach(out->kept, i, item) {
		for (size_t k = 0; k < n; k++) {
			put_cell(cell_text(out, &at[k], item, &safe, &cap), width[k],
			         is_number(at[k].f), k + 1 == n);
			if (k + 1 < n)
				fputs("  ", stdout);
		}
		putchar('\n');
	}
	footer(out);
	free(safe);
	out->hidden = hidden;
}

static void nothing(const struct output *out)
{
	if (out->cli->out_tty && !out->cli->opt.quiet)
		fprintf(stderr, "nothing found\n");
}

static void table_end(struct output *out)
{
	if (out->n_rows == 0)
		nothing(out);
	else
		print_table(out, true);
}

static void wide_end(struct output *out)
{
	if (out->n_rows == 0)
		nothing(out);
	else
		print_table(out, false);
}

const struct output_form output_table = {
	.name = "table", .for_people = true, .begin = table_begin, .row = table_row, .end = table_end};
const struct output_form output_wide = {
	.name = "wide", .for_people = true, .all_fields = true, .begin = table_begin, .row = table_row, .end = wide_end};

/* --- lines: events and frames as tail shows them --- */

static void lines_row(struct output *out, json_t *item)
{
	stream_line_print(out->cli, item);
}

static void lines_end(struct output *out)
{
	if (out->n_rows == 0)
		nothing(out);
	else
		footer(out);
}

const struct output_form output_lines = {.name = "lines", .for_people = true, .row = lines_row, .end = lines_end};
