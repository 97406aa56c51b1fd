/* list_request.c - scope, filter and "-last_seen_at,name" of a list. */
#include "store/list_request.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define WORD_SIZE 64

static int refuse(struct filter_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct filter_error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, ap);
	va_end(ap);
	return LS_EUSAGE;
}

/* Secrets are no order: it would tell them bit by bit. */
static bool may_sort_by(const struct field *f)
{
	return filter_field_is_known(f) && f->column && f->type != FT_TAGS;
}

static const struct field *find_field(const struct entity *e, const char *name, struct filter_error *error)
{
	const struct field *f = entity_field(e, name);
	const char *names[128];
	size_t n = 0;

	if (f && may_sort_by(f))
		return f;
	for (size_t i = 0; i < e->n_fields && n < 128; i++)
		if (may_sort_by(&e->fields[i]))
			names[n++] = e->fields[i].name;
	const char *near = f ? NULL : nearest_word(name, names, n);

	if (near)
		snprintf(error->hint, sizeof(error->hint), "%s", near);
	if (f)
		refuse(error, "%s cannot be used in a filter or sort", name);
	else
		refuse(error, "%s has no field '%s'", e->name, name);
	return NULL;
}

/* --- conditions --- */

static bool add_condition(struct list_request *r, const struct field *f, json_t *value)
{
	if (r->n_conditions == CONDITIONS_MAX)
		return false;
	r->conditions[r->n_conditions].field = f;
	r->conditions[r->n_conditions++].value = json_incref(value);
	return true;
}

/* The terms of the outermost chain of `and`. */
static void split(struct list_request *r, int at)
{
	const struct filter *f = r->filter;
	const struct filter_node *node = &f->nodes[at];

	if (node->op == FILTER_AND) {
		split(r, node->left);
		split(r, node->right);
	} else if (node->op != FILTER_EQ || node->tag[0] || !add_condition(r, node->field, node->value)) {
		r->rest[r->n_rest++] = at;
	}
}

int list_request_filter(struct list_request *r, const struct entity *e, const char *text, int64_t now_us,
                        struct filter_error *error)
{
	const struct filter_context ctx = {.entity = e, .now_us = now_us};
	int rc = filter_parse(&ctx, text, &r->filter, error);

	if (!rc && r->filter->root >= 0)
		split(r, r->filter->root);
	return rc;
}

int list_request_scope(struct list_request *r, const struct entity *e, const json_t *scope, struct filter_error *error)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)scope, name, value) {
		const struct field *f = find_field(e, name, error);
		json_t *canonical = NULL;
		char why[160];
		int rc = f ? LS_OK : LS_EUSAGE;

		if (!rc && json_is_null(value))
			canonical = json_null();
		else if (!rc)
			rc = field_check(f, value, &canonical, why, sizeof(why), error->hint, sizeof(error->hint));
		if (f && rc && rc != LS_ENOMEM)
			rc = refuse(error, "%s: %s", name, why);
		if (!rc && !add_condition(r, f, canonical))
			rc = refuse(error, "at most %d conditions", CONDITIONS_MAX);
		json_decref(canonical);
		if (rc)
			return rc;
	}
	return LS_OK;
}

/* --- order --- */

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* A word of letters, digits, '_' and '.'; returns what follows, NULL when there is none or it is too long. */
static const char *read_word(const char *p, char word[WORD_SIZE])
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '.')
		n++;
	if (n == 0 || n >= WORD_SIZE)
		return NULL;
	memcpy(word, p, n);
	word[n] = '\0';
	return p + n;
}

static void add_key(struct list_request *r, const struct field *f, bool descending)
{
	for (size_t i = 0; i < r->n_sort; i++)
		if (r->sort[i].field == f)
			return;
	r->sort[r->n_sort++] = (struct sort_key){f, descending};
}

int list_request_sort(struct list_request *r, const struct entity *e, const char *text, struct filter_error *error)
{
	const struct field *id = entity_id_field(e), *slot = entity_field(e, "slot");
	char word[WORD_SIZE];
	const char *p = skip_blanks(text && *text ? text : e->default_sort);

	while (*p) {
		bool descending = *p == '-';
		const char *end = read_word(p + (descending || *p == '+'), word);
		const struct field *f = end ? find_field(e, word, error) : NULL;

		if (!end)
			return refuse(error, "a sort is field,field with - before one to reverse it");
		if (!f)
			return LS_EUSAGE;
		if (r->n_sort == SORT_MAX - 2)
			return refuse(error, "at most %d fields to sort by", SORT_MAX - 2);
		add_key(r, f, descending);
		p = skip_blanks(end);
		if (*p && *p != ',')
			return refuse(error, "',' is needed between the fields to sort by");
		if (*p)
			p = skip_blanks(p + 1);
	}
	/* What makes a row unique comes last, in the direction of the key before: one index serves both. */
	bool descending = r->n_sort && r->sort[r->n_sort - 1].descending;

	add_key(r, id, descending);
	if (slot)
		add_key(r, slot, descending);
	return LS_OK;
}

void list_request_fini(struct list_request *r)
{
	for (size_t i = 0; i < r->n_conditions; i++)
		json_decref(r->conditions[i].value);
	filter_free(r->filter);
}
