/*
 * command_line.c - a request as the person would have typed it, for the "try:" of a refusal: words before flags,
 * nothing that is the default anyway, no secrets.
 */
#include <stdio.h>
#include <string.h>

#include "base/word_list.h"
#include "control/internal.h"

struct command {
	const struct request *request;
	const char *param, *word; /* what this parameter should be */
	bool positional;          /* the pass: words before flags */
	char *buf;
	size_t size;
};

static void put_word(struct command *c, const char *word)
{
	char quoted[300];

	if (*word && word[strcspn(word, " \t'\"\\$&|;<>()*?#`!")] == '\0')
		snprintf(quoted, sizeof(quoted), "%s", word);
	else
		snprintf(quoted, sizeof(quoted), "'%s'", word);
	word_list_add(c->buf, c->size, " ", quoted);
}

static void put_flag(struct command *c, const struct field *f, const char *prefix)
{
	char name[FIELD_FLAG_SIZE], flag[FIELD_FLAG_SIZE + 8];

	if (strcmp(f->name, "tenant_id") == 0)
		snprintf(flag, sizeof(flag), "-t");
	else if (strcmp(f->name, "application_id") == 0)
		snprintf(flag, sizeof(flag), "-a");
	else
		snprintf(flag, sizeof(flag), "--%s%s", prefix, field_flag(f, name));
	word_list_add(c->buf, c->size, " ", flag);
}

static void put_tags(struct command *c, const struct field *f, const json_t *tags)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)tags, key, value) {
		char tag[300];

		snprintf(tag, sizeof(tag), "%s=%s", key, json_string_value(value) ? json_string_value(value) : "");
		put_flag(c, f, "");
		put_word(c, tag);
	}
}

static bool is_preset(const struct field *f, const json_t *value)
{
	json_t *preset = f->preset ? json_loads(f->preset, JSON_DECODE_ANY, NULL) : NULL;
	bool same = preset && json_equal(preset, value);

	json_decref(preset);
	return same;
}

static bool put_param(void *arg, const struct field *f, bool required)
{
	struct command *c = arg;
	const json_t *value = json_object_get(c->request->params, f->name);
	bool is_new = strcmp(f->name, c->param) == 0;
	const char *text = is_new ? c->word : json_string_value(value);
	char number[40];

	(void)required;
	if (((f->flags & FF_POSITIONAL) != 0) != c->positional || (!is_new && (!value || is_preset(f, value))))
		return true;
	if (f->flags & FF_SECRET) {
		put_flag(c, f, "");
		word_list_add(c->buf, c->size, " ", "@FILE");
	} else if (json_is_boolean(value)) {
		put_flag(c, f, json_is_true(value) ? "" : "no-");
	} else if (json_is_object(value)) {
		put_tags(c, f, value);
	} else if (text || json_is_number(value)) {
		if (json_is_integer(value))
			snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		else
			snprintf(number, sizeof(number), "%g", json_number_value(value));
		if (!c->positional)
			put_flag(c, f, "");
		put_word(c, text ? text : number);
	}
	return true;
}

void command_line(const struct request *r, const char *param, const char *word, char *buf, size_t size)
{
	struct command c = {.request = r, .param = param, .word = word, .buf = buf, .size = size};

	snprintf(buf, size, "lsctl %s", r->method->words);
	c.positional = true;
	method_each_param(r->method, put_param, &c);
	c.positional = false;
	method_each_param(r->method, put_param, &c);
}
