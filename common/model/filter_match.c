/* filter_match.c - asking a filter of a row in memory. */
#include <string.h>

#include "model/filter.h"
#include "model/filter_text.h"

bool filter_field_is_searched(const struct field *f)
{
	const struct entity *target = f->type == FT_REF ? entity_find(f->choices) : NULL;

	if (!filter_field_is_known(f))
		return false;
	return f->type == FT_EUI || f->type == FT_DEV_ADDR || (target && entity_id_field(target)->type == FT_EUI) ||
	       strcmp(f->name, "name") == 0 || strcmp(f->name, "device_name") == 0;
}

static bool is_value(const json_t *v)
{
	return v && !json_is_null(v) && !(json_is_string(v) && !json_string_length(v)) &&
	       !(json_is_object(v) && !json_object_size(v)) && !(json_is_array(v) && !json_array_size(v));
}

/* Below, equal, above: -1, 0, 1; 2 when they have no order. Canonical text sorts as what it stands for. */
static int compare(const json_t *a, const json_t *b)
{
	if (json_is_string(a) && json_is_string(b)) {
		int c = strcmp(json_string_value(a), json_string_value(b));

		return c < 0 ? -1 : c > 0;
	}
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t x = json_integer_value(a), y = json_integer_value(b);

		return x < y ? -1 : x > y;
	}
	if (json_is_number(a) && json_is_number(b)) {
		double x = json_number_value(a), y = json_number_value(b);

		return x < y ? -1 : x > y;
	}
	if (json_is_boolean(a) && json_is_boolean(b))
		return json_is_true(a) == json_is_true(b) ? 0 : 2;
	return 2;
}

static bool is_in(const json_t *values, const json_t *value)
{
	size_t i;
	const json_t *one;

	json_array_foreach(values, i, one)
		if (compare(value, one) == 0)
			return true;
	return false;
}

bool filter_test_text(const struct filter_node *node, const char *text)
{
	if (!*text)
		return false;
	switch (node->op) {
	case FILTER_REGEX: return regex_finds(&node->regex, text);
	case FILTER_GLOB: return glob_matches(json_string_value(node->value), text);
	case FILTER_SEARCH:
		return text_contains(text, json_string_value(node->value)) ||
		       (node->digits[0] && text_contains(text, node->digits));
	default: return false;
	}
}

bool filter_test(const struct filter_node *node, const json_t *value)
{
	const char *text = json_string_value(value);
	int c = node->value && node->op < FILTER_IN ? compare(value, node->value) : 2;

	if (!is_value(value))
		return false;
	switch (node->op) {
	case FILTER_HAS: return true;
	case FILTER_EQ: return c == 0;
	case FILTER_LT: return c == -1;
	case FILTER_LE: return c == -1 || c == 0;
	case FILTER_GT: return c == 1;
	case FILTER_GE: return c == 1 || c == 0;
	case FILTER_IN: return is_in(node->value, value);
	default: return text && filter_test_text(node, text);
	}
}

/* One of them is enough. */
static bool any_passes(const struct filter_node *node, const json_t *value)
{
	size_t i;
	const json_t *one;

	if (!json_is_array(value))
		return filter_test(node, value);
	json_array_foreach(value, i, one)
		if (filter_test(node, one))
			return true;
	return false;
}

static bool passes(const struct filter_node *node, const struct field *f, filter_get *get, void *row)
{
	json_t *value = get(row, f);
	bool yes = any_passes(node, node->tag[0] ? json_object_get(value, node->tag) : value);

	json_decref(value);
	return yes;
}

static bool search(const struct filter *f, const struct filter_node *node, filter_get *get, void *row)
{
	for (size_t i = 0; i < f->entity->n_fields; i++)
		if (filter_field_is_searched(&f->entity->fields[i]) && passes(node, &f->entity->fields[i], get, row))
			return true;
	return false;
}

/* As deep as the text was nested, or as many as one chain has conditions. */
static bool ask(const struct filter *f, int at, filter_get *get, void *row)
{
	const struct filter_node *node = &f->nodes[at];

	switch (node->op) {
	case FILTER_AND: return ask(f, node->left, get, row) && ask(f, node->right, get, row);
	case FILTER_OR: return ask(f, node->left, get, row) || ask(f, node->right, get, row);
	case FILTER_NOT: return !ask(f, node->left, get, row);
	case FILTER_SEARCH: return search(f, node, get, row);
	default: return passes(node, node->field, get, row);
	}
}

bool filter_match(const struct filter *f, filter_get *get, void *row)
{
	return f->root < 0 || ask(f, f->root, get, row);
}

json_t *filter_get_member(void *row, const struct field *f)
{
	return json_incref(json_object_get(row, f->name));
}
