/* conf_write.c - see conf.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safe_text.h"
#include "model/conf.h"

bool conf_has_form(const struct entity *e)
{
	for (size_t i = 0; e && i < e->n_fields; i++)
		if (field_is_writable(&e->fields[i]) && !(e->fields[i].flags & FF_ID))
			return true;
	return false;
}

/* Also what would only mislead on a terminal: within quotes it can be escaped there. */
static bool has_control(const char *text)
{
	return !safe_text_is_clean(text, strlen(text));
}

static bool ends_blank(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && (text[0] == ' ' || text[n - 1] == ' ');
}

static void put_quoted(struct text_buf *t, const char *text)
{
	text_put_json(t, text, strlen(text));
}

static void put_value(struct text_buf *t, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text && (!*text || *text == '"' || ends_blank(text) || has_control(text))) {
		put_quoted(t, text);
	} else if (text) {
		text_puts(t, text);
	} else {
		char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

		text_puts(t, dump ? dump : "");
		free(dump);
	}
}

static bool is_plain_tag(const char *key)
{
	for (const char *p = key; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-./", *p))
			return false;
	return *key != '\0';
}

static void put_tags(struct text_buf *t, const struct field *f, const json_t *tags)
{
	char buf[FIELD_FLAG_SIZE];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)tags, key, value) {
		text_printf(t, "%s.", field_flag(f, buf));
		if (is_plain_tag(key))
			text_puts(t, key);
		else
			put_quoted(t, key);
		text_puts(t, " = ");
		put_value(t, value);
		text_putc(t, '\n');
	}
}

/* "application_id" is shown beside "application_name"; the name is what another server knows too. */
static const json_t *name_of_reference(const struct field *f, const json_t *object)
{
	char key[FIELD_FLAG_SIZE + 8];
	size_t n = strlen(f->name);

	if (n <= 3 || strcmp(f->name + n - 3, "_id") != 0)
		return NULL;
	snprintf(key, sizeof(key), "%.*s_name", (int)(n - 3), f->name);
	const json_t *name = json_object_get(object, key);

	return json_is_string(name) ? name : NULL;
}

static void put_reference(struct text_buf *t, const struct field *f, const json_t *object)
{
	const json_t *name = name_of_reference(f, object), *value = json_object_get(object, f->name);

	if (!name && !json_is_string(value))
		return;
	text_printf(t, "%s = ", name ? f->choices : f->name);
	put_value(t, name ? name : value);
	text_putc(t, '\n');
}

static void put_heading(struct text_buf *t, const struct entity *e, const json_t *object)
{
	const struct field *id = entity_id_field(e);
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *text = id ? json_string_value(json_object_get(object, id->name)) : NULL;

	if (name && (!id || id->type == FT_UUID))
		text = name;
	text_printf(t, "[%s ", e->name);
	if (!text || !*text || strchr(text, '"') || ends_blank(text) || has_control(text))
		put_quoted(t, text ? text : "");
	else
		text_puts(t, text);
	text_puts(t, "]\n");
}

static bool is_masked(const struct field *f, const json_t *value)
{
	const char *text = json_string_value(value);

	return f->type == FT_KEY && text && !isxdigit((unsigned char)text[0]);
}

void conf_write(struct text_buf *t, const struct entity *e, const json_t *object)
{
	const struct field *id = entity_id_field(e);
	bool by_name = id && id->type == FT_UUID && json_object_get(object, "name");

	put_heading(t, e, object);
	for (size_t i = 0; i < e->n_fields; i++) /* the parents first: they say where names are looked up */
		if (e->fields[i].type == FT_REF && !(e->fields[i].flags & FF_ID))
			put_reference(t, &e->fields[i], object);
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];
		const json_t *value = json_object_get(object, f->name);

		if (!field_is_writable(f) || (f->flags & FF_ID) || f->type == FT_REF || !value || json_is_null(value))
			continue;
		if (by_name && strcmp(f->name, "name") == 0)
			continue;
		if (f->type == FT_TAGS) {
			put_tags(t, f, value);
			continue;
		}
		text_printf(t, "%s%s = ", is_masked(f, value) ? "# " : "", f->name);
		put_value(t, value);
		text_putc(t, '\n');
	}
}
