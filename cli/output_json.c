/* output_json.c - json (one array, or one object) and jsonl (an object per line). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "output.h"
#include "terminal.h"

/* A value as it came, but times with Z as everywhere; new reference. */
static json_t *member(const struct column *column, const json_t *value)
{
	char buf[CLOCK_TEXT_SIZE];
	int64_t us;

	if (!value)
		return json_null();
	if (column->f && column->f->type == FT_TIME && json_is_string(value) &&
	    clock_parse(json_string_value(value), json_string_length(value), &us) == LS_OK) {
		clock_format(us, buf);
		return json_string(buf);
	}
	return json_incref((json_t *)value);
}

/* What -F leaves of an object, in its order; new reference. */
static json_t *chosen(const struct columns *columns, const json_t *item)
{
	if (!columns || !columns->chosen)
		return json_incref((json_t *)item);
	json_t *o = json_object();

	for (size_t i = 0; i < columns->n; i++) {
		const json_t *value = column_value(&columns->at[i], item);

		json_object_set_new(o, columns->at[i].path, member(&columns->at[i], value));
	}
	return o;
}

static void dump(const struct cli *c, const struct columns *columns, const json_t *item, size_t flags)
{
	json_t *o = chosen(columns, item);
	char *text = json_dumps(o, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	if (text)
		put_json_text(stdout, c->out_tty, text, strlen(text));
	free(text);
	json_decref(o);
}

void output_json_object(const struct cli *c, const struct columns *columns, const json_t *object)
{
	dump(c, columns, object, JSON_INDENT(2));
	putchar('\n');
}

static void json_row(struct output *out, json_t *item)
{
	fputs(out->n_rows == 0 ? "[\n  " : ",\n  ", stdout);
	dump(out->cli, &out->columns, item, JSON_COMPACT);
}

static void json_end(struct output *out)
{
	fputs(out->n_rows == 0 ? "[]\n" : "\n]\n", stdout);
}

const struct output_form output_json = {.name = "json", .row = json_row, .end = json_end};

static void jsonl_row(struct output *out, json_t *item)
{
	dump(out->cli, &out->columns, item, JSON_COMPACT);
	putchar('\n');
}

const struct output_form output_jsonl = {.name = "jsonl", .row = jsonl_row};
