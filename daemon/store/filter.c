/* filter.c - reading "field=value and field=value" and "-last_seen_at,name". */
#include "store/filter.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/eui.h"
#include "base/uuid.h"
#include "store/column.h"

#define WORD_SIZE 64
#define VALUE_SIZE 1024

struct report {
	char *why, *hint;
	size_t why_size, hint_size;
};

static int refuse(const struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(const struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, r->why_size, fmt, ap);
	va_end(ap);
	return LS_EUSAGE;
}

/* Secrets are neither: an order or a match would tell them bit by bit. */
static bool may_ask_for(const struct field *f)
{
	return f->column && !(f->flags & FF_SECRET) && f->type != FT_TAGS && f->type != FT_JSON;
}

static const struct field *find_field(const struct entity *e, const char *name, const struct report *r)
{
	const struct field *f = entity_field(e, name);
	const char *names[128];
	size_t n = 0;

	if (f && may_ask_for(f))
		return f;
	for (size_t i = 0; i < e->n_fields && n < 128; i++)
		if (may_ask_for(&e->fields[i]))
			names[n++] = e->fields[i].name;
	const char *near = f ? NULL : nearest_word(name, names, n);

	if (near)
		snprintf(r->hint, r->hint_size, "%s", near);
	if (f)
		refuse(r, "%s cannot be used in a filter or sort", name);
	else
		refuse(r, "%s has no field '%s'", e->name, name);
	return NULL;
}

/* A reference is matched by its id; names have fields of their own. */
static int check_id(const struct entity *e, const struct field *f, const json_t *value, const struct report *r)
{
	enum field_type type = column_type(f);
	const char *text = json_string_value(value);
	struct eui64 eui;
	struct uuid id;
	char name[WORD_SIZE];
	size_t stem = strlen(f->name) > 3 ? strlen(f->name) - 3 : 0;

	if (f->type != FT_REF || !text)
		return LS_OK;
	if (type == FT_UUID ? uuid_parse(text, &id) == LS_OK : eui64_parse(text, &eui) == LS_OK)
		return LS_OK;
	snprintf(name, sizeof(name), "%.*s_name", (int)stem, f->name);
	if (entity_field(e, name))
		snprintf(r->hint, r->hint_size, "%s='%s'", name, text);
	return refuse(r, "%s needs the id of a %s", f->name, f->choices);
}

static int add_condition(const struct entity *e, const struct field *f, json_t *value, struct list_request *q,
                         const struct report *r)
{
	json_t *canonical = NULL;
	char why[160];
	int rc = LS_OK;

	if (q->n_conditions == CONDITIONS_MAX)
		return refuse(r, "at most %d conditions", CONDITIONS_MAX);
	if (json_is_null(value))
		canonical = json_null();
	else
		rc = field_check(f, value, &canonical, why, sizeof(why), r->hint, r->hint_size);
	if (rc == LS_ENOMEM)
		return rc;
	if (rc)
		return refuse(r, "%s: %s", f->name, why);
	rc = check_id(e, f, canonical, r);
	if (rc) {
		json_decref(canonical);
		return rc;
	}
	q->conditions[q->n_conditions].field = f;
	q->conditions[q->n_conditions++].value = canonical;
	return LS_OK;
}

/* --- reading --- */

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

/* Returns what follows the value, NULL when a quote is not closed or it is too long. */
static const char *read_value(const char *p, char value[VALUE_SIZE], bool *quoted)
{
	char quote = *p == '\'' || *p == '"' ? *p : '\0';
	size_t n = 0;

	*quoted = quote != '\0';
	if (quote)
		p++;
	for (;; p++) {
		if (quote ? *p == quote && p[1] != quote : !*p || isspace((unsigned char)*p))
			break;
		if (!*p || n + 1 >= VALUE_SIZE)
			return NULL;
		if (quote && *p == quote)
			p++;
		value[n++] = *p;
	}
	value[n] = '\0';
	return quote ? p + 1 : p;
}

static int read_condition(const struct entity *e, const char **at, struct list_request *q, const struct report *r)
{
	char name[WORD_SIZE], value[VALUE_SIZE];
	bool quoted;
	const char *p = read_word(*at, name);

	if (!p)
		return refuse(r, "a filter is field=value, joined by 'and'");
	const struct field *f = find_field(e, name, r);

	if (!f)
		return LS_EUSAGE;
	p = skip_blanks(p);
	if (*p != '=')
		return refuse(r, "'=' is needed after %s: a filter is field=value, joined by 'and'", name);
	p = read_value(skip_blanks(p + 1), value, &quoted);
	if (!p)
		return refuse(r, "the value of %s is too long or its quote is not closed", name);
	if (!quoted && !value[0])
		return refuse(r, "a value is needed after %s=", name);
	*at = p;
	json_t *json = !quoted && strcmp(value, "null") == 0 ? json_null() : json_string(value);

	if (!json)
		return refuse(r, "the value of %s is not UTF-8", name);
	int rc = add_condition(e, f, json, q, r);

	json_decref(json);
	return rc;
}

int filter_parse(const struct entity *e, const char *text, struct list_request *q, char *why, size_t why_size,
                 char *hint, size_t hint_size)
{
	struct report r = {why, hint, why_size, hint_size};
	char word[WORD_SIZE];
	const char *p = skip_blanks(text ? text : "");

	while (*p) {
		int rc = read_condition(e, &p, q, &r);

		if (rc)
			return rc;
		p = skip_blanks(p);
		if (!*p)
			break;
		p = read_word(p, word);
		if (!p || strcasecmp(word, "and") != 0)
			return refuse(&r, "'and' is needed between two conditions; a value with blanks needs quotes");
		p = skip_blanks(p);
		if (!*p)
			return refuse(&r, "a condition is needed after 'and'");
	}
	return LS_OK;
}

int filter_scope(const struct entity *e, const json_t *scope, struct list_request *q, char *why, size_t why_size)
{
	char hint[8];
	struct report r = {why, hint, why_size, sizeof(hint)};
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)scope, name, value) {
		const struct field *f = find_field(e, name, &r);
		int rc = f ? add_condition(e, f, value, q, &r) : LS_EUSAGE;

		if (rc)
			return rc;
	}
	return LS_OK;
}

static bool add_key(struct list_request *q, const struct field *f, bool descending)
{
	for (size_t i = 0; i < q->n_sort; i++)
		if (q->sort[i].field == f)
			return false;
	q->sort[q->n_sort++] = (struct sort_key){f, descending};
	return true;
}

int sort_parse(const struct entity *e, const char *text, struct list_request *q, char *why, size_t why_size,
               char *hint, size_t hint_size)
{
	struct report r = {why, hint, why_size, hint_size};
	const struct field *id = entity_id_field(e), *slot = entity_field(e, "slot");
	char word[WORD_SIZE];
	const char *p = skip_blanks(text && *text ? text : e->default_sort);

	while (*p) {
		bool descending = *p == '-';
		const char *end = read_word(p + (descending || *p == '+'), word);
		const struct field *f = end ? find_field(e, word, &r) : NULL;

		if (!end)
			return refuse(&r, "a sort is field,field with - before one to reverse it");
		if (!f)
			return LS_EUSAGE;
		if (q->n_sort == SORT_MAX - 2)
			return refuse(&r, "at most %d fields to sort by", SORT_MAX - 2);
		add_key(q, f, descending);
		p = skip_blanks(end);
		if (*p && *p != ',')
			return refuse(&r, "',' is needed between the fields to sort by");
		if (*p)
			p = skip_blanks(p + 1);
	}
	/* What makes a row unique comes last, in the direction of the key before: one index serves both. */
	bool descending = q->n_sort && q->sort[q->n_sort - 1].descending;

	add_key(q, id, descending);
	if (slot)
		add_key(q, slot, descending);
	return LS_OK;
}

void list_request_fini(struct list_request *r)
{
	for (size_t i = 0; i < r->n_conditions; i++)
		json_decref(r->conditions[i].value);
}
