/*
 * detail.c - one object for people: `key  value` lines, nested objects as groups under a heading.
 * Fields of the registry come first and in its order; what the daemon sends beyond it follows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe_text.h"
#include "output.h"
#include "terminal.h"

#define KEY_WIDTH_MAX 28
#define INDENT 2

static void put_safe_line(const char *text, size_t len)
{
	size_t cap = len * 8 + 8;
	char *safe = malloc(cap);

	if (safe) {
		safe_text(text, len, safe, cap);
		fputs(safe, stdout);
	}
	free(safe);
	putchar('\n');
}

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
	put_safe_line(out->cell.data ? out->cell.data : "", out->cell.len);
}

/* A group is a nested object that is no single value (tags are). */
static bool is_group(const struct field *f, const json_t *value)
{
	return !f && json_is_object(value) && json_object_size(value) > 0;
}

static bool is_list_of_objects(const struct field *f, const json_t *value)
{
	return !f && json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static size_t key_width(const json_t *object)
{
	const char *key;
	json_t *value;
	size_t width = 0;

	json_object_foreach((json_t *)object, key, value) {
		size_t n = strlen(key);

		if (!is_group(NULL, value) && n > width && n <= KEY_WIDTH_MAX)
			width = n;
	}
	return width;
}

static void put_group(struct output *out, const json_t *object, int indent)
{
	const char *key;
	json_t *value;
	size_t width = key_width(object);

	json_object_foreach((json_t *)object, key, value)
		if (!is_group(NULL, value) && !is_list_of_objects(NULL, value)) {
			struct field time = {.type = FT_TIME};
			size_t n = strlen(key);
			bool is_time = n > 3 && strcmp(key + n - 3, "_at") == 0;

			put_key(out->cli, indent, key, width);
			put_value(out, is_time ? &time : NULL, value);
		}
	json_object_foreach((json_t *)object, key, value) {
		const json_t *element;
		size_t i;

		if (is_group(NULL, value)) {
			put_key(out->cli, indent, key, 0);
			putchar('\n');
			put_group(out, value, indent + INDENT);
		} else if (is_list_of_objects(NULL, value)) {
			put_key(out->cli, indent, key, 0);
			putchar('\n');
			json_array_foreach(value, i, element) {
				if (i > 0)
					putchar('\n');
				put_group(out, element, indent + INDENT);
			}
		}
	}
}

static void put_entity(struct output *out, const json_t *object)
{
	size_t width = 0;
	const char *key;
	json_t *value;

	for (size_t i = 0; i < out->columns.n; i++)
		if (strlen(out->columns.at[i].path) > width)
			width = strlen(out->columns.at[i].path);
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];
		const json_t *there = column_value(column, object);

		if (!there && !out->columns.chosen)
			continue; /* the daemon left it out: it says nothing about it */
		put_key(out->cli, 0, column->path, width);
		put_value(out, column->f, there);
	}
	if (out->columns.chosen)
		return;
	json_object_foreach((json_t *)object, key, value)
		if (!entity_field(out->entity, key)) {
			put_key(out->cli, 0, key, width);
			put_value(out, NULL, value);
		}
}

void detail_print(struct output *out, const json_t *object)
{
	if (out->entity || out->columns.chosen)
		put_entity(out, object);
	else
		put_group(out, object, 0);
}

static void detail_row(struct output *out, json_t *item)
{
	if (out->n_rows > 0)
		putchar('\n');
	detail_print(out, item);
}

const struct output_form output_detail = {.name = "detail", .all_fields = true, .row = detail_row};
