/* columns.c - see columns.h. */
#include "columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "error.h"

int columns_add(const struct cli *c, const struct entity *e, const char *word, size_t len, const char *flag,
                struct columns *out, size_t *index)
{
	struct column col = {0};
	char first[64];
	size_t i;

	snprintf(col.path, sizeof(col.path), "%.*s", (int)len, word);
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(col.path, "."), col.path);
	for (char *p = first; *p; p++) /* a field is also known by its flag's spelling */
		if (*p == '-')
			*p = '_';
	const struct field *f = entity_field(e, first);

	/* Lines of events and frames hold more than the registry's columns. */
	bool open = !e || e == &model_entities[E_EVENT] || e == &model_entities[E_FRAME];

	if (!f && !open) {
		const char *names[COLUMNS_MAX];
		char all[1024] = "fields are";
		size_t n = 0, used = strlen(all);

		for (i = 0; i < e->n_fields && n < COLUMNS_MAX; i++) {
			names[n++] = e->fields[i].name;
			used += (size_t)snprintf(all + used, sizeof(all) - used, " %s", e->fields[i].name);
			if (used >= sizeof(all))
				break;
		}
		return fail(c, LS_EUSAGE, all, nearest_word(first, names, n), "%s: no field '%s' in %s", flag, first,
		            e->name);
	}
	if (f && !strchr(col.path, '.')) {
		col.f = f;
		snprintf(col.path, sizeof(col.path), "%s", f->name);
	}
	for (i = 0; i < out->n; i++)
		if (strcmp(out->at[i].path, col.path) == 0) {
			*index = i;
			return 0;
		}
	if (out->n == COLUMNS_MAX)
		return fail(c, LS_EUSAGE, NULL, NULL, "%s: too many fields", flag);
	*index = out->n;
	out->at[out->n++] = col;
	return 0;
}

static void drop_column(struct columns *out, const char *word, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < out->n; i++)
		if (strlen(out->at[i].path) != len || memcmp(out->at[i].path, word, len) != 0)
			out->at[n++] = out->at[i];
	out->n = n;
}

int columns_choose(const struct cli *c, const struct entity *e, bool all, struct columns *out)
{
	const char *list = c->opt.get ? c->opt.get : c->opt.fields;
	const char *flag = c->opt.get ? "-g" : "-F";

	out->n = 0;
	out->chosen = list != NULL;
	if (!list || *list == '+' || *list == '-')
		for (size_t i = 0; e && i < e->n_fields && out->n < COLUMNS_MAX; i++)
			if (all || (e->fields[i].flags & FF_COLUMN)) {
				out->at[out->n].f = &e->fields[i];
				snprintf(out->at[out->n++].path, sizeof(out->at[0].path), "%s", e->fields[i].name);
			}
	for (const char *p = list; p && *p;) {
		size_t len = strcspn(p, ",");
		bool minus = *p == '-', signed_word = minus || *p == '+';
		int code = 0;

		if (len > signed_word) {
			/* A misspelt name is wrong in "-name" too, so it is looked up in both cases. */
			struct columns scratch = {.n = 0};
			size_t index;

			code = columns_add(c, e, p + signed_word, len - signed_word, flag, minus ? &scratch : out, &index);
			if (!code && minus)
				drop_column(out, scratch.at[0].path, strlen(scratch.at[0].path));
		}
		if (code)
			return code;
		p += len;
		p += *p == ',';
	}
	return 0;
}

const json_t *column_value(const struct column *column, const json_t *item)
{
	const json_t *value = json_object_get(item, column->path);
	const char *rest = column->path;

	if (value)
		return value;
	if (strcmp(rest, "dev_eui") == 0)
		return json_object_get(json_object_get(item, "deviceInfo"), "devEui");
	for (value = item; value && *rest;) {
		char key[64];
		size_t len = strcspn(rest, ".");

		/* A tag's own key may contain dots: the longest that fits wins. */
		const json_t *whole = json_object_get(value, rest);

		if (whole)
			return whole;
		snprintf(key, sizeof(key), "%.*s", (int)len, rest);
		value = json_object_get(value, key);
		rest += len;
		rest += *rest == '.';
	}
	return value == item ? NULL : value;
}

enum time_form time_form_of(const struct cli *c, bool human)
{
	if (c->opt.time != TIME_FORM_DEFAULT)
		return c->opt.time;
	return human && c->out_tty ? TIME_FORM_REL : TIME_FORM_DEFAULT;
}

static void put_relative(struct text_buf *t, int64_t now_us, int64_t then_us)
{
	int64_t s = (now_us - then_us) / 1000000;
	bool future = s < 0;

	if (future) {
		s = -s;
		text_puts(t, "in ");
	}
	if (s < 120)
		text_printf(t, "%llds", (long long)s);
	else if (s < 120 * 60)
		text_printf(t, "%lldm", (long long)s / 60);
	else if (s < 48 * 3600)
		text_printf(t, "%lldh", (long long)s / 3600);
	else
		text_printf(t, "%lldd", (long long)s / 86400);
	if (!future)
		text_puts(t, " ago");
}

void time_put(const struct cli *c, const char *text, size_t len, bool human, struct text_buf *t)
{
	enum time_form form = time_form_of(c, human);
	char buf[CLOCK_TEXT_SIZE];
	int64_t us;

	if (clock_parse(text, len, &us) != LS_OK) {
		text_put(t, text, len);
		return;
	}
	if (form == TIME_FORM_UTC || form == TIME_FORM_DEFAULT) {
		clock_format(us, buf);
		text_puts(t, buf);
	} else if (form == TIME_FORM_UNIX) {
		text_printf(t, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
	} else if (form == TIME_FORM_LOCAL) {
		time_t seconds = (time_t)(us / 1000000);
		struct tm tm;

		localtime_r(&seconds, &tm);
		strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
		text_puts(t, buf);
	} else {
		put_relative(t, c->now_us, us);
	}
}

static void put_dump(struct text_buf *t, const json_t *value)
{
	char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	text_puts(t, dump ? dump : "?");
	free(dump);
}

static void put_tags(struct text_buf *t, const json_t *tags)
{
	const char *key;
	json_t *value;
	bool first = true;

	json_object_foreach((json_t *)tags, key, value) {
		if (!first)
			text_putc(t, ' ');
		first = false;
		text_printf(t, "%s=%s", key, json_string_value(value) ? json_string_value(value) : "");
	}
	if (first)
		text_putc(t, '-');
}

bool cell_put(const struct cli *c, const struct field *f, const json_t *value, bool human, struct text_buf *t)
{
	if (!value || json_is_null(value)) {
		if (human)
			text_putc(t, '-');
		return false;
	}
	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		size_t len = json_string_length(value);

		if (f && f->type == FT_TIME)
			time_put(c, text, len, human, t);
		else if (human && len == 0)
			text_putc(t, '-');
		else
			text_put(t, text, len);
		return true;
	}
	if (json_is_boolean(value))
		text_puts(t, human ? (json_is_true(value) ? "yes" : "no") : (json_is_true(value) ? "true" : "false"));
	else if (human && json_is_object(value) && f && f->type == FT_TAGS)
		put_tags(t, value);
	else
		put_dump(t, value);
	return json_is_object(value) || json_is_array(value);
}
