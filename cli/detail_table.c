#include "detail_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe_text.h"
#include "terminal.h"

#define GAP 2
#define TABLE_COLUMNS_MAX 16

struct heading {
	const char *key;         /* borrowed from an object of the list */
	size_t width;
	bool is_number;          /* in every row */
};

struct table {
	struct output *out;
	struct heading at[TABLE_COLUMNS_MAX];
	size_t n;
	char *safe;              /* the last cell */
	size_t cap;
};

static const char *cell(struct table *t, const json_t *value)
{
	struct text_buf *raw = &t->out->cell;
	size_t need;

	text_buf_reset(raw);
	cell_put(t->out->cli, NULL, value, true, raw);
	need = raw->len * 8 + 8;
	if (need > t->cap) {
		char *grown = realloc(t->safe, need);

		if (!grown)
			return "";
		t->safe = grown;
		t->cap = need;
	}
	safe_text(raw->data ? raw->data : "", raw->len, t->safe, t->cap);
	return t->safe;
}

static struct heading *heading_of(struct table *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->at[i].key, key) == 0)
			return &t->at[i];
	if (t->n == TABLE_COLUMNS_MAX)
		return NULL;
	t->at[t->n] = (struct heading){.key = key, .width = strlen(key), .is_number = true};
	return &t->at[t->n++];
}

/* Every key of every object is a column, in the order they come. */
static bool measure(struct table *t, const json_t *list)
{
	json_t *object, *value;
	const char *key;
	size_t i;

	json_array_foreach(list, i, object) {
		json_object_foreach(object, key, value) {
			struct heading *h = heading_of(t, key);
			size_t width;

			if (!h || json_is_object(value) || json_is_object(json_array_get(value, 0)))
				return false;
			width = safe_text_width(cell(t, value));
			if (width > h->width)
				h->width = width;
			h->is_number &= json_is_number(value);
		}
	}
	return true;
}

static size_t line_width(const struct table *t, int indent)
{
	size_t sum = (size_t)indent;

	for (size_t i = 0; i < t->n; i++)
		sum += t->at[i].width + (i ? GAP : 0);
	return sum;
}

static void put(const struct table *t, size_t i, const char *text)
{
	const struct heading *h = &t->at[i];
	size_t used = safe_text_width(text), pad = h->width > used ? h->width - used : 0;
	bool is_last = i + 1 == t->n;

	printf("%*s%s%*s", h->is_number ? (int)pad : 0, "", text, h->is_number || is_last ? 0 : (int)pad, "");
	if (!is_last)
		printf("%*s", GAP, "");
}

static void put_headings(const struct table *t, int indent)
{
	const struct cli *c = t->out->cli;
	char text[80];

	printf("%*s%s", indent, "", role_on(c->out_color, ROLE_DIM));
	for (size_t i = 0; i < t->n; i++) {
		safe_text(t->at[i].key, strlen(t->at[i].key), text, sizeof(text));
		for (char *p = text; *p; p++)
			*p = *p == '_' ? ' ' : *p;
		put(t, i, text);
	}
	printf("%s\n", role_off(c->out_color, ROLE_DIM));
}

bool detail_table(struct output *out, const json_t *list, int indent)
{
	struct table t = {.out = out};
	const json_t *object;
	bool fits = json_array_size(list) > 1 && measure(&t, list) && line_width(&t, indent) <= (size_t)out->cli->columns;
	size_t i;

	if (fits) {
		put_headings(&t, indent);
		json_array_foreach(list, i, object) {
			printf("%*s", indent, "");
			for (size_t k = 0; k < t.n; k++) {
				const json_t *value = json_object_get(object, t.at[k].key);

				put(&t, k, value ? cell(&t, value) : "-");
			}
			putchar('\n');
		}
	}
	free(t.safe);
	return fits;
}
