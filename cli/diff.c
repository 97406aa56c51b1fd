/* diff.c - see diff.h. */
#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_buf.h"
#include "terminal.h"

static void put_value(struct text_buf *out, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		text_puts(out, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	text_puts(out, json_is_null(value) || !text ? "-" : text);
	free(text);
}

static void print(const struct cli *c, const struct text_buf *line)
{
	if (!line->bad)
		put_line(stdout, c->out_tty, line->data, line->len);
}

static void print_field(const struct cli *c, const char *sign, const char *name, const json_t *values)
{
	struct text_buf line;

	text_buf_init(&line);
	text_printf(&line, "    %s: ", name);
	if (!json_is_array(values)) {
		put_value(&line, values);
	} else if (*sign == '~') {
		put_value(&line, json_array_get(values, 0));
		text_puts(&line, " -> ");
		put_value(&line, json_array_get(values, 1));
	} else {
		put_value(&line, json_array_get(values, *sign == '+'));
	}
	print(c, &line);
	text_buf_fini(&line);
}

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static void print_row(const struct cli *c, const json_t *row)
{
	const char *sign = text_of(row, "op"), *name = text_of(row, "name"), *field;
	struct text_buf line;
	json_t *values;

	text_buf_init(&line);
	if (json_object_get(row, "rows_of"))
		text_printf(&line, "%s %lld of %s", sign, (long long)json_integer_value(json_object_get(row, "count")),
		            text_of(row, "rows_of"));
	else
		text_printf(&line, "%s %s %s", sign, text_of(row, "entity"), text_of(row, "id"));
	if (*name)
		text_printf(&line, " (%s)", name);
	print(c, &line);
	text_buf_fini(&line);
	/* What goes is told by its name; what comes or changes by its values. */
	if (*sign != '-')
		json_object_foreach(json_object_get(row, "fields"), field, values)
			print_field(c, sign, field, values);
}

void diff_print(const struct cli *c, const json_t *diff)
{
	const json_t *row;
	size_t i;

	json_array_foreach(diff, i, row)
		print_row(c, row);
}
