/* conf_read.c - see conf.h. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/word_list.h"
#include "model/conf.h"

#define KEYS_MAX 128 /* names compared for a suggestion */

struct reader {
	const struct entity *entity; /* NULL before the first heading */
	json_t *id;                  /* string */
	json_t *values;
	size_t heading_line, line;
	struct conf_error *error;
};

/* What a line is made of: borrowed from the text, blanks at the ends removed. */
struct piece {
	const char *at;
	size_t len;
};

static int refuse(struct reader *r, int code, const char *field, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static int refuse(struct reader *r, int code, const char *field, const char *hint, const char *fmt, ...)
{
	struct conf_error *e = r->error;
	va_list ap;

	e->code = code;
	e->line = r->line;
	e->field = field;
	snprintf(e->hint, sizeof(e->hint), "%s", hint ? hint : "");
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return code;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(const char *at, size_t len)
{
	while (len > 0 && is_blank(at[0]))
		at++, len--;
	while (len > 0 && is_blank(at[len - 1]))
		len--;
	return (struct piece){at, len};
}

/* A quoted piece by the rules of JSON, any other as it is; NULL after saying what is wrong. */
static json_t *text_of(struct reader *r, struct piece p, const char *what)
{
	json_error_t e;
	json_t *value = p.len > 0 && p.at[0] == '"' ? json_loadb(p.at, p.len, JSON_DECODE_ANY, &e)
	                                            : json_stringn(p.at, p.len);

	if (!json_is_string(value)) {
		json_decref(value);
		value = NULL;
		if (p.len > 0 && p.at[0] == '"')
			refuse(r, LS_EFORMAT, NULL, "end it with \"; inside, write \\\" \\\\ \\n", "%s: the quotes do not end as a JSON string", what);
		else
			refuse(r, LS_EFORMAT, NULL, NULL, "%s: not UTF-8 text", what);
	}
	return value;
}

/* --- headings --- */

static int unknown_noun(struct reader *r, const char *noun)
{
	const char *names[E__COUNT], *near;
	char hint[64], all[200] = "";
	size_t n = 0;

	for (size_t i = 0; i < model_n_entities; i++)
		if (conf_has_form(&model_entities[i])) {
			names[n++] = model_entities[i].name;
			word_list_add(all, sizeof(all), " ", model_entities[i].name);
		}
	near = nearest_word(noun, names, n);
	snprintf(hint, sizeof(hint), "[%s ...]", near ? near : "device");
	return refuse(r, LS_EFORMAT, NULL, hint, "no kind of object '%s'; there are %s", noun, all);
}

static int read_heading(struct reader *r, struct piece p)
{
	char noun[64];

	if (p.at[p.len - 1] != ']')
		return refuse(r, LS_EFORMAT, NULL, "[device 0004a30b001c0530]", "the heading has no ] at its end");
	p = trim(p.at + 1, p.len - 2);
	size_t n = 0;

	while (n < p.len && !is_blank(p.at[n]))
		n++;
	snprintf(noun, sizeof(noun), "%.*s", n < sizeof(noun) ? (int)n : 0, p.at);
	const struct entity *e = entity_find(noun);

	if (!e || !conf_has_form(e))
		return unknown_noun(r, noun);
	struct piece id = trim(p.at + n, p.len - n);

	if (id.len == 0)
		return refuse(r, LS_EFORMAT, NULL, NULL, "[%s]: which one? its id or name is missing", noun);
	json_t *text = text_of(r, id, noun);

	if (!text)
		return LS_EFORMAT;
	r->entity = e;
	r->id = text;
	r->values = json_object();
	r->heading_line = r->line;
	return r->values ? LS_OK : LS_ENOMEM;
}

/* --- keys --- */

static bool is_among(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; p && *p;) {
		size_t len = strcspn(p, " ");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		p += strspn(p, " ");
	}
	return false;
}

static void underscored(char *text)
{
	for (; *text; text++)
		if (*text == '-')
			*text = '_';
}

/* By name, by flag, by synonym; a reference also by what it points to. */
static const struct field *field_of_key(const struct entity *e, const char *key)
{
	char flag[FIELD_FLAG_SIZE];
	const struct field *f = entity_field(e, key);

	for (size_t i = 0; i < e->n_fields && !f; i++) {
		const struct field *x = &e->fields[i];

		field_flag(x, flag);
		underscored(flag);
		if (strcmp(flag, key) == 0 || is_among(x->synonyms, key) ||
		    (x->type == FT_REF && strcmp(x->choices, key) == 0))
			f = x;
	}
	return f;
}

/* Of a device the tenant is no value, but says where its application is looked up. */
static bool is_scope(const struct field *f)
{
	return f->type == FT_REF && (strcmp(f->name, "tenant_id") == 0 || strcmp(f->name, "application_id") == 0);
}

static int unknown_key(struct reader *r, const char *key)
{
	const char *names[KEYS_MAX], *near;
	size_t n = 0;

	for (size_t i = 0; i < r->entity->n_fields && n < KEYS_MAX; i++)
		if (field_is_writable(&r->entity->fields[i]))
			names[n++] = r->entity->fields[i].name;
	near = nearest_word(key, names, n);
	return refuse(r, LS_EFORMAT, NULL, near, "no field '%s' in %s", key, r->entity->name);
}

static int add_tag(struct reader *r, const struct field *f, struct piece key, struct piece value)
{
	json_t *tags = json_object_get(r->values, f->name), *name = text_of(r, key, "tag");
	json_t *text = value.len == 0 ? json_null() : text_of(r, value, f->name);
	int rc = name && text ? LS_OK : LS_EFORMAT;

	if (!tags) {
		tags = json_object();
		json_object_set_new(r->values, f->name, tags);
	}
	if (!rc && json_string_length(name) == 0)
		rc = refuse(r, LS_EFORMAT, f->name, "tag.site = paris", "a tag needs a name");
	else if (!rc && json_object_get(tags, json_string_value(name)))
		rc = refuse(r, LS_EFORMAT, f->name, NULL, "tag %s is given twice", json_string_value(name));
	else if (!rc && json_object_set(tags, json_string_value(name), text) < 0)
		rc = LS_ENOMEM;
	json_decref(name);
	json_decref(text);
	return rc;
}

static int add_value(struct reader *r, const struct field *f, struct piece p)
{
	char why[200], hint[200];
	json_t *clean = NULL;

	if (json_object_get(r->values, f->name))
		return refuse(r, LS_EFORMAT, f->name, NULL, "%s is given twice", f->name);
	if (p.len == 0) {
		json_object_set_new(r->values, f->name, json_null());
		return LS_OK;
	}
	json_t *text = text_of(r, p, f->name);

	if (!text)
		return LS_EFORMAT;
	int rc = field_check(f, text, &clean, why, sizeof(why), hint, sizeof(hint));

	json_decref(text);
	if (rc)
		return refuse(r, rc, f->name, hint, "%s: %s", f->name, why);
	json_object_set_new(r->values, f->name, clean);
	return LS_OK;
}

static int read_pair(struct reader *r, struct piece p)
{
	char key[FIELD_FLAG_SIZE];
	const char *dot = memchr(p.at, '.', p.len), *equals = memchr(p.at, '=', p.len);

	/* The key of a tag may be quoted, and then hold an equals sign. */
	if (dot && dot + 1 < p.at + p.len && dot[1] == '"' && (!equals || dot < equals)) {
		const char *q = dot + 2, *end = p.at + p.len;

		while (q < end && *q != '"')
			q += *q == '\\' && q + 1 < end ? 2 : 1;
		equals = memchr(q, '=', (size_t)(end - q));
	}
	if (!equals)
		return refuse(r, LS_EFORMAT, NULL, "key = value", "a line is [noun id], key = value, or a # comment");
	if (!r->entity)
		return refuse(r, LS_EFORMAT, NULL, "[device 0004a30b001c0530]", "a value before the first heading");
	struct piece left = trim(p.at, (size_t)(equals - p.at)), value = trim(equals + 1, (size_t)(p.at + p.len - equals - 1));
	size_t n = dot && dot < equals ? (size_t)(dot - left.at) : left.len;

	snprintf(key, sizeof(key), "%.*s", n < sizeof(key) ? (int)n : (int)sizeof(key) - 1, left.at);
	for (char *c = key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	underscored(key);
	const struct field *f = field_of_key(r->entity, key);

	if (!f || (n < left.len) != (f->type == FT_TAGS))
		return unknown_key(r, f && f->type == FT_TAGS ? "tag" : key);
	if (f->type == FT_TAGS)
		return add_tag(r, f, trim(left.at + n + 1, left.len - n - 1), value);
	if (!field_is_writable(f) && !is_scope(f))
		return refuse(r, LS_EFORMAT, f->name, NULL, "%s is made by the daemon and cannot be set", f->name);
	return add_value(r, f, value);
}

/* --- the whole --- */

static int end_section(struct reader *r, int (*fn)(void *arg, const struct conf_section *section), void *arg)
{
	int rc = LS_OK;

	if (r->entity) {
		struct conf_section s = {r->entity, json_string_value(r->id), r->heading_line, r->values};

		rc = fn(arg, &s);
	}
	json_decref(r->id);
	json_decref(r->values);
	r->id = r->values = NULL;
	r->entity = NULL;
	return rc;
}

int conf_read(const char *text, size_t len, int (*fn)(void *arg, const struct conf_section *section), void *arg,
              struct conf_error *error)
{
	struct reader r = {.error = error};
	const char *end = text + len;
	int rc = LS_OK;

	*error = (struct conf_error){0};
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end && !rc) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = newline ? (size_t)(newline - text) : (size_t)(end - text);
		struct piece p = trim(text, n);

		r.line++;
		text += n + (newline ? 1 : 0);
		if (p.len == 0 || p.at[0] == '#' || p.at[0] == ';')
			continue;
		if (p.at[0] == '[') {
			rc = end_section(&r, fn, arg);
			if (!rc)
				rc = read_heading(&r, p);
		} else {
			rc = read_pair(&r, p);
		}
	}
	if (!rc)
		rc = end_section(&r, fn, arg);
	json_decref(r.id);
	json_decref(r.values);
	if (rc && !error->code)
		refuse(&r, rc, NULL, NULL, "%s", ls_strerror(rc));
	return rc;
}
