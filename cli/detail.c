/*
 * detail.c - one object for people: `key  value` lines, nested objects as groups under a heading, lists of them as tables.
 * Fields of the registry come first and in its order; what the daemon sends beyond it follows.
 */
#include <stdio.h>
#include <string.h>

#include "base/safe_text.h"
#include "detail_table.h"
#include "output.h"
#include "terminal.h"

#define KEY_WIDTH_MAX 28
#define INDENT 2

static void put_key(const struct cli *c, int indent, const char *key, size_t width)
{
	char safe[160];

	safe_text(key, strlen(key), safe, sizeof(safe));
	printf("%*s%s%s%s", indent, "", role_on(c->out_color, ROLE_DIM), safe, role_off(c->out_color, ROLE_DIM));
	for (size_t w = safe_text_width(safe); w < width + 2; w++)
		putchar(' ');
}

static void put_value(struct output *out, const struct field *f, const json_t *value)
{
	text_buf_reset(&out->cell);
	cell_put(out->cli, f, value, true, &out->cell);
	put_line(stdout, true, out->cell.data ? out->cell.data : "", out->cell.len);
}

/* Several lines under its key: a nested object (tags are one value), or a list of them. */
static bool is_group(const struct field *f, const json_t *value)
{
	if (f && f->type != FT_JSON)
		return false;
	return (json_is_object(value) && json_object_size(value) > 0) ||
	       (json_is_array(value) && json_is_object(json_array_get(value, 0)));
}

static void widen(size_t *width, const char *key)
{
	size_t n = strlen(key);

	if (n > *width && n <= KEY_WIDTH_MAX)
		*width = n;
}

/* The width of the keys that have one value; those of `beyond` (NULL: none) are not looked at. */
static size_t key_width(const json_t *object, const struct entity *beyond)
{
	const char *key;
	json_t *value;
	size_t width = 0;

	json_object_foreach((json_t *)object, key, value)
		if (!entity_field(beyond, key) && !is_group(NULL, value))
			widen(&width, key);
	return width;
}

static void put_scalars(struct output *out, const json_t *object, const struct entity *beyond, int indent, size_t width)
{
	static const struct field time = {.type = FT_TIME};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		size_t n = strlen(key);
		bool is_time = n > 3 && strcmp(key + n - 3, "_at") == 0;

		if (entity_field(beyond, key) || is_group(NULL, value))
			continue;
		put_key(out->cli, indent, key, width);
		put_value(out, is_time ? &time : NULL, value);
	}
}

static void put_group(struct output *out, const char *key, const json_t *value, int indent);

static void put_groups(struct output *out, const json_t *object, const struct entity *beyond, int indent)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		if (!entity_field(beyond, key) && is_group(NULL, value))
			put_group(out, key, value, indent);
}

static void put_object(struct output *out, const json_t *object, int indent)
{
	put_scalars(out, object, NULL, indent, key_width(object, NULL));
	put_groups(out, object, NULL, indent);
}

static void put_group(struct output *out, const char *key, const json_t *value, int indent)
{
	const json_t *element;
	size_t i;

	put_key(out->cli, indent, key, 0);
	putchar('\n');
	if (json_is_object(value)) {
		put_object(out, value, indent + INDENT);
		return;
	}
	if (detail_table(out, value, indent + INDENT))
		return;
	json_array_foreach(value, i, element) {
		if (i > 0)
			putchar('\n');
		put_object(out, element, indent + INDENT);
	}
}

/* First all that has one value, then the groups: what follows a group would seem to belong to it. */
static void put_entity(struct output *out, const json_t *object)
{
	size_t width = out->columns.chosen ? 0 : key_width(object, out->entity);

	for (size_t i = 0; i < out->columns.n; i++)
		if (!is_group(out->columns.at[i].f, column_value(&out->columns.at[i], object)))
			widen(&width, out->columns.at[i].path);
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];
		const json_t *there = column_value(column, object);

		if (is_group(column->f, there) || (!there && !out->columns.chosen))
			continue; /* absent: the daemon says nothing about it */
		put_key(out->cli, 0, column->path, width);
		put_value(out, column->f, there);
	}
	if (!out->columns.chosen)
		put_scalars(out, object, out->entity, 0, width);
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];
		const json_t *there = column_value(column, object);

		if (is_group(column->f, there))
			put_group(out, column->path, there, 0);
	}
	if (!out->columns.chosen)
		put_groups(out, object, out->entity, 0);
}

void detail_print(struct output *out, const json_t *object)
{
	if (out->entity || out->columns.chosen)
		put_entity(out, object);
	else
		put_object(out, object, 0);
}

static void detail_row(struct output *out, json_t *item)
{
	if (out->n_rows > 0)
		putchar('\n');
	detail_print(out, item);
}

const struct output_form output_detail = {.name = "detail", .for_people = true, .all_fields = true, .row = detail_row};
