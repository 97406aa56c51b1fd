/*
 * output_csv.c - csv for spreadsheets (RFC 4180, CRLF left out as every reader takes LF) and tsv for
 * pipelines.
 *
 * A spreadsheet runs text that begins with = + - @ or a TAB as a formula; such text gets a leading
 * apostrophe unless --raw. Numbers are left alone: -33.8 is a latitude.
 */
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "terminal.h"

static void put(struct output *out, const char *text, size_t len)
{
	put_text(stdout, out->cli->out_tty, text, len);
}

static void put_csv(struct output *out, const char *text, size_t len, bool is_text)
{
	bool guard = is_text && !out->cli->opt.raw && len > 0 && strchr("=+-@\t\r", text[0]);
	char special[] = {'"', '\r', '\n', out->cli->opt.sep, '\0'};
	bool quote = false;

	for (size_t i = 0; i < len && !quote; i++)
		quote = text[i] == '\0' || strchr(special, text[i]);
	if (len > 0 && (text[0] == ' ' || text[len - 1] == ' '))
		quote = true; /* some readers trim */
	if (quote)
		putchar('"');
	if (guard)
		putchar('\'');
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		while (i + n < len && text[i + n] != '"')
			n++;
		put(out, text + i, n);
		i += n;
		if (i < len) {
			fputs("\"\"", stdout);
			i++;
		}
	}
	if (quote)
		putchar('"');
}

static void csv_begin(struct output *out)
{
	if (out->cli->opt.bom)
		fputs("\xef\xbb\xbf", stdout);
	if (out->cli->opt.header == NO)
		return;
	for (size_t i = 0; i < out->columns.n; i++) {
		if (i > 0)
			putchar(out->cli->opt.sep);
		put_csv(out, out->columns.at[i].path, strlen(out->columns.at[i].path), true);
	}
	putchar('\n');
}

static void csv_row(struct output *out, json_t *item)
{
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];

		text_buf_reset(&out->cell);
		bool is_text = cell_put(out->cli, column->f, column_value(column, item), false, &out->cell);

		if (i > 0)
			putchar(out->cli->opt.sep);
		put_csv(out, out->cell.len ? out->cell.data : "", out->cell.len, is_text);
	}
	putchar('\n');
}

const struct output_form output_csv = {.name = "csv", .begin = csv_begin, .row = csv_row};

/* --- tsv --- */

static void put_tsv(struct output *out, const char *text, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		const char *escape = text[i] == '\t' ? "\\t" : text[i] == '\n' ? "\\n" : text[i] == '\\' ? "\\\\" : NULL;

		if (!escape)
			continue;
		put(out, text + start, i - start);
		fputs(escape, stdout);
		start = i + 1;
	}
	put(out, text + start, len - start);
}

static void tsv_begin(struct output *out)
{
	if (out->cli->opt.header != YES)
		return;
	for (size_t i = 0; i < out->columns.n; i++)
		printf("%s%s", i ? "\t" : "", out->columns.at[i].path);
	putchar('\n');
}

static void tsv_row(struct output *out, json_t *item)
{
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];

		text_buf_reset(&out->cell);
		cell_put(out->cli, column->f, column_value(column, item), false, &out->cell);
		if (i > 0)
			putchar('\t');
		if (out->cell.len > 0)
			put_tsv(out, out->cell.data, out->cell.len);
	}
	putchar('\n');
}

const struct output_form output_tsv = {.name = "tsv", .begin = tsv_begin, .row = tsv_row};
