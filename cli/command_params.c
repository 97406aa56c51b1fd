/* command_params.c - flags, words and global flags become the parameters of a method; see command.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "base/clock.h"
#include "command.h"
#include "error.h"
#include "secrets.h"

static bool add_param(void *arg, const struct field *f, bool required)
{
	struct params_list *list = arg;

	if (list->n < PARAMS_MAX)
		list->at[list->n++] = (struct param){*f, required};
	return true;
}

void params_of(const struct method *m, struct params_list *out)
{
	out->n = 0;
	method_each_param(m, add_param, out);
}

const struct param *param_named(const struct params_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i].f.name, name) == 0)
			return &list->at[i];
	return NULL;
}

static bool is_dashed_name(const char *flag, const char *name)
{
	for (; *flag && *name; flag++, name++)
		if (*flag != *name && !(*flag == '-' && *name == '_'))
			return false;
	return *flag == *name;
}

/* What is written as a word has no flag: two ways to name a target could name two. */
static bool is_flag(const struct param *p)
{
	return !(p->f.flags & FF_POSITIONAL);
}

static const struct param *param_of_flag(const struct params_list *list, const char *flag)
{
	char buf[FIELD_FLAG_SIZE];

	for (size_t i = 0; i < list->n; i++)
		if (is_flag(&list->at[i]) && strcmp(field_flag(&list->at[i].f, buf), flag) == 0)
			return &list->at[i];
	for (size_t i = 0; i < list->n; i++)
		if (is_flag(&list->at[i]) && is_dashed_name(flag, list->at[i].f.name))
			return &list->at[i];
	return NULL;
}

static int unknown_flag(struct cli *c, const struct params_list *list, const struct flag_use *use)
{
	char names[PARAMS_MAX][FIELD_FLAG_SIZE];
	const char *candidates[PARAMS_MAX + 64];
	size_t n = 0;
	char hint[METHOD_NAME_SIZE + 16], with_dashes[FIELD_FLAG_SIZE + 8];
	char *line = NULL;

	for (size_t i = 0; i < list->n; i++)
		if (is_flag(&list->at[i]))
			candidates[n++] = field_flag(&list->at[i].f, names[i]);
	for (size_t i = 0; i < n_global_flags && i < 64; i++)
		candidates[n++] = global_flags[i].name;
	/* A flag that other commands have is spelt right: it is only not for this one. */
	const char *near = args_is_method_flag(use->name) ? NULL : nearest_word(use->name, candidates, n);

	snprintf(hint, sizeof(hint), "lsctl %s -h", c->method->words);
	for (int i = 1; near && i <= use->at && i < c->argc; i++) {
		const char *arg = c->argv[i];

		if (strncmp(arg, "--", 2) == 0 && is_dashed_name(use->name, arg + 2)) {
			snprintf(with_dashes, sizeof(with_dashes), "--%s", near);
			line = command_line(c, i, with_dashes, NULL);
			break;
		}
	}
	if (near && !line)
		snprintf(hint, sizeof(hint), "--%s", near);
	int code = fail(c, LS_EUSAGE, NULL, line ? line : hint, "no flag --%s for %s", use->name, c->method->words);

	free(line);
	return code;
}

static int whole_number(struct cli *c, const char *flag, const char *text, int64_t min, const char *hint, int64_t *out)
{
	char *end;

	errno = 0;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end || errno || n < min)
		return fail(c, LS_EUSAGE, NULL, hint, "--%s: a whole number of %lld or more is needed", flag,
		            (long long)min);
	*out = n;
	return 0;
}

/* "1h" is an hour ago, or from now on where times lie ahead; RFC 3339 stays what it is. */
static int time_value(struct cli *c, const struct field *f, const struct flag_use *use, json_t **value)
{
	bool ahead = f->flags & FF_AHEAD;
	int64_t away_us = 0, us;
	char buf[CLOCK_TEXT_SIZE];

	if (clock_parse(use->value, strlen(use->value), &us) == LS_OK) {
		*value = json_string(use->value);
		return 0;
	}
	if (strcmp(use->value, "now") != 0 && duration_parse(use->value, &away_us) != LS_OK) {
		bool alone = strcmp(c->argv[use->at], use->value) == 0; /* not --flag=word */
		char *line = alone ? command_line(c, use->at, "1h", NULL) : NULL;
		int code = fail(c, LS_EUSAGE,
		                ahead ? "a time is now, how long from now (1h 30m 7d), or 2025-03-04T10:15:31Z"
		                      : "a time is now, how long ago (1h 30m 7d), or 2025-03-04T10:15:31Z",
		                line ? line : "1h", "--%s: '%s' is not a time", use->name, use->value);

		free(line);
		return code;
	}
	clock_format(ahead ? c->now_us + away_us : c->now_us - away_us, buf);
	*value = json_string(buf);
	return 0;
}

/* "site=paris" sets, "site-" removes (only at set). */
static int add_tag(struct cli *c, json_t *params, const struct field *f, const char *flag, const char *text)
{
	json_t *tags = json_object_get(params, f->name);
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	bool removes = !equals && len > 1 && text[len - 1] == '-' && c->method->shape == SHAPE_SET;

	if (!equals && !removes)
		return fail(c, LS_EUSAGE, NULL, c->method->shape == SHAPE_SET ? "--tag site=paris, or --tag site- to remove"
		                                                              : "--tag site=paris",
		            "--%s %s: key=value is needed", flag, text);
	if (!tags) {
		tags = json_object();
		json_object_set_new(params, f->name, tags);
	}
	char *key = strndup(text, removes ? len - 1 : len);

	if (key && json_object_get(tags, key)) {
		int code = fail(c, LS_EUSAGE, "a tag has one value", NULL, "--%s %s is given more than once", flag, key);

		free(key);
		return code;
	}
	json_t *value = removes ? json_null() : json_string(equals + 1);

	if (!key || !value || json_object_set_new(tags, key, value) < 0) {
		free(key);
		return fail_field(c, LS_EFORMAT, f->name, "it is not UTF-8", NULL, "--%s: not text", flag);
	}
	free(key);
	return 0;
}

static int add_unset(struct cli *c, json_t *params, const struct field *f, const char *text)
{
	const struct entity *e = method_entity(c->method);
	const char *names[PARAMS_MAX];
	const char *found = NULL;
	char buf[FIELD_FLAG_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < e->n_fields && n < PARAMS_MAX; i++) {
		const struct field *field = &e->fields[i];

		if (!field_is_mutable(field))
			continue;
		names[n++] = field->name;
		if (is_dashed_name(text, field->name) || strcmp(field_flag(field, buf), text) == 0)
			found = field->name;
	}
	if (!found) {
		const char *near = nearest_word(text, names, n);
		char hint[96];

		snprintf(hint, sizeof(hint), "--unset %s", near ? near : "FIELD");
		return fail_field(c, LS_EUSAGE, f->name, NULL, hint, "--unset %s: not a field of %s that can be cleared",
		                  text, e->name);
	}
	json_t *list = json_object_get(params, f->name);

	if (!list) {
		list = json_array();
		json_object_set_new(params, f->name, list);
	}
	json_array_append_new(list, json_string(found));
	return 0;
}

static int bad_utf8(struct cli *c, const struct field *f, const char *flag)
{
	return fail_field(c, LS_EFORMAT, f->name, "it is not UTF-8", NULL, "--%s: not text", flag);
}

/* One value, from flag or positional, checked here so that a mistake needs no daemon. */
static int add_value(struct cli *c, json_t *params, const struct field *f, const char *flag, json_t *value)
{
	char why[256], hint[256], label[FIELD_FLAG_SIZE + 4];
	json_t *clean = NULL;

	if (!value)
		return bad_utf8(c, f, flag);
	int rc = field_check(f, value, &clean, why, sizeof(why), hint, sizeof(hint));

	json_decref(value);
	if (rc) {
		snprintf(label, sizeof(label), "%s%s", f->flags & FF_POSITIONAL ? "" : "--",
		         f->flags & FF_POSITIONAL ? f->name : flag);
		return fail_field(c, rc, f->name, NULL, hint[0] ? hint : NULL, "%s: %s", label, why);
	}
	json_object_set_new(params, f->name, clean);
	return 0;
}

static int add_flag(struct cli *c, const struct params_list *list, json_t *params, const struct flag_use *use)
{
	const struct param *p = param_of_flag(list, use->name);
	json_t *value = NULL;

	const struct field *f = &p->f;

	if (f->type == FT_BOOL) {
		if (use->negated && use->value)
			return fail(c, LS_EUSAGE, NULL, NULL, "--no-%s takes no value", use->name);
		value = use->value ? json_string(use->value) : json_boolean(!use->negated);
		return add_value(c, params, f, use->name, value);
	}
	if (use->negated)
		return fail(c, LS_EUSAGE, NULL, NULL, "--%s has no --no- form", use->name);
	if (!use->value)
		return fail(c, LS_EUSAGE, NULL, NULL, "--%s needs a value", use->name);
	switch (f->type) {
	case FT_TAGS:
		return add_tag(c, params, f, use->name, use->value);
	case FT_KEY: {
		int code = secret_read(c, use->name, use->value, &value);

		if (code)
			return code;
		break;
	}
	case FT_TIME: {
		int code = time_value(c, f, use, &value);

		if (code)
			return code;
		break;
	}
	case FT_INT:
		/* What steers a list or a stream is no data: a mistake there is one of usage. */
		if (c->method->shape == SHAPE_LIST || c->method->shape == SHAPE_STREAM) {
			int64_t n;
			int code = whole_number(c, use->name, use->value, f->min, NULL, &n);

			if (code)
				return code;
		}
		value = json_string(use->value);
		break;
	default:
		if (f->flags & FF_MANY)
			return add_unset(c, params, f, use->value);
		value = json_string(use->value);
	}
	return add_value(c, params, f, use->name, value);
}

/* --- global flags that are parameters --- */

static bool has_param(const struct params_list *list, const char *name)
{
	const struct param *p = param_named(list, name);

	return p && is_flag(p);
}

static int add_scope(struct cli *c, const struct params_list *list, json_t *params, const char *name, const char *flag,
                     const char *value, bool given)
{
	const struct param *p = param_named(list, name);

	if (!value)
		return 0;
	if (!has_param(list, name)) {
		if (given)
			return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --%s", c->method->words, flag);
		return 0;
	}
	/* LSCTL_APP says where to look, never where a device is to be moved. */
	const struct entity *e = method_entity(c->method);
	const struct field *own = entity_field(e, name);

	if (!given && c->method->shape == SHAPE_SET && own && field_is_mutable(own))
		return 0;
	return add_value(c, params, &p->f, flag, json_string(value));
}

static int check_sort(struct cli *c)
{
	const struct entity *e = method_entity(c->method);
	const char *names[PARAMS_MAX];
	char word[64], hint[96];
	size_t n = 0;

	for (size_t i = 0; e && i < e->n_fields && n < PARAMS_MAX; i++)
		names[n++] = e->fields[i].name;
	for (const char *p = c->opt.sort; *p;) {
		size_t len = strcspn(p, ",");
		size_t skip = *p == '-' || *p == '+';

		snprintf(word, sizeof(word), "%.*s", (int)(len - skip), p + skip);
		if (!entity_field(e, word)) {
			const char *near = nearest_word(word, names, n);

			if (near)
				snprintf(hint, sizeof(hint), "--sort %s%s", *p == '-' ? "-" : "", near);
			else
				snprintf(hint, sizeof(hint), "lsctl %s -F", c->method->words);
			return fail(c, LS_EUSAGE, NULL, hint, "--sort: no field '%s' in %s", word, e ? e->name : "");
		}
		p += len;
		p += *p == ',';
	}
	return 0;
}

static int add_globals(struct cli *c, const struct params_list *list, json_t *params)
{
	struct options *o = &c->opt;
	int code = add_scope(c, list, params, "tenant_id", "tenant", o->tenant, o->tenant_flag);

	if (!code)
		code = add_scope(c, list, params, "application_id", "app", o->app, o->app_flag);
	if (code)
		return code;
	if (o->where) {
		if (!has_param(list, "filter"))
			return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --where", c->method->words);
		code = add_value(c, params, &param_named(list, "filter")->f, "where", json_string(o->where));
		if (code)
			return code;
	}
	if (o->sort) {
		if (!has_param(list, "sort"))
			return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --sort", c->method->words);
		code = check_sort(c);
		if (code)
			return code;
		json_object_set_new(params, "sort", json_string(o->sort));
	}
	if (o->limit_text) {
		bool stream = c->method->shape == SHAPE_STREAM;

		if (c->method->shape != SHAPE_LIST && !stream)
			return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --limit", c->method->words);
		code = whole_number(c, "limit", o->limit_text, stream ? 0 : 1,
		                    strcmp(o->limit_text, "0") == 0 ? "--all" : NULL, &o->limit);
		if (!code && stream)
			code = add_value(c, params, &param_named(list, "last")->f, "last", json_integer(o->limit));
		if (code)
			return code;
	}
	if (c->method->shape != SHAPE_STREAM && (o->for_ms >= 0 || o->cursor_file))
		return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --%s", c->method->words,
		            o->for_ms >= 0 ? "for" : "cursor-file");
	if (o->all && has_param(list, "all"))
		json_object_set_new(params, "all", json_true());
	if (o->show_secrets && has_param(list, "show_secrets"))
		json_object_set_new(params, "show_secrets", json_true());
	return 0;
}

/* --- what is missing --- */

static const char *placeholder(const struct field *f)
{
	switch (f->type) {
	case FT_KEY: return "@FILE";
	case FT_INT: return "N";
	case FT_HEX: return "HEX";
	case FT_EUI: return "EUI";
	case FT_DEV_ADDR: return "DEVADDR";
	case FT_REF: return "NAME";
	default: return strcmp(f->name, "name") == 0 ? "NAME" : "VALUE";
	}
}

static int check_missing(struct cli *c, const struct params_list *list, const json_t *params)
{
	char missing[512] = "", more[512] = "", buf[FIELD_FLAG_SIZE];
	size_t n = 0, m = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct field *f = &list->at[i].f;

		if (!list->at[i].required || json_object_get(params, f->name))
			continue;
		if (f->flags & FF_POSITIONAL) {
			n += (size_t)snprintf(missing + n, sizeof(missing) - n, "%s%s", n ? ", " : "", f->name);
			m += (size_t)snprintf(more + m, sizeof(more) - m, "%s%s", m ? " " : "",
			                      f->type == FT_EUI ? "EUI" : "NAME");
			continue;
		}
		n += (size_t)snprintf(missing + n, sizeof(missing) - n, "%s--%s", n ? ", " : "", field_flag(f, buf));
		m += (size_t)snprintf(more + m, sizeof(more) - m, "%s--%s ", m ? " " : "", buf);
		if (f->type == FT_ENUM && f->choices)
			m += (size_t)snprintf(more + m, sizeof(more) - m, "%.*s", (int)strcspn(f->choices, " "), f->choices);
		else
			m += (size_t)snprintf(more + m, sizeof(more) - m, "%s", placeholder(f));
	}
	if (n == 0)
		return 0;
	char *line = command_line(c, 0, NULL, more);
	int code = fail(c, LS_EUSAGE, NULL, line, "%s needs %s", c->method->words, missing);

	free(line);
	return code;
}

/* A push: the payload is given in one way. */
static int check_payload(struct cli *c, const json_t *params)
{
	int given = 0;

	given += json_object_get(params, "data") != NULL;
	given += json_object_get(params, "data_base64") != NULL;
	given += json_object_get(params, "data_text") != NULL;
	if (given == 1)
		return 0;
	if (given > 1)
		return fail(c, LS_EUSAGE, NULL, NULL, "only one of --hex, --base64 and --text can be given");
	char *line = command_line(c, 0, NULL, "--hex 01ff");
	int code = fail(c, LS_EUSAGE, NULL, line, "%s needs one of --hex, --base64 and --text", c->method->words);

	free(line);
	return code;
}

/* More than an id and a scope. */
static bool changes_something(const struct cli *c, const json_t *params)
{
	const struct entity *e = method_entity(c->method);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)params, key, value) {
		const struct field *f = entity_field(e, key);

		if (strcmp(key, "unset") == 0 || (f && field_is_mutable(f)))
			return true;
	}
	return false;
}

static int check_repeated(struct cli *c, const struct params_list *list, size_t at)
{
	const struct param *p = param_of_flag(list, c->flags[at].name);

	if (p->f.type == FT_TAGS || (p->f.flags & FF_MANY))
		return 0;
	for (size_t i = 0; i < at; i++)
		if (param_of_flag(list, c->flags[i].name) == p)
			return fail_repeated(c, c->flags[at].name);
	return 0;
}

int command_params(struct cli *c, json_t **out)
{
	struct params_list list;
	json_t *params = json_object();
	size_t next = c->first_id;
	int code = 0;

	*out = NULL;
	params_of(c->method, &list);
	/* A misspelt flag first: the word after it only looks like one too many. */
	for (size_t i = 0; i < c->n_flags && !code; i++)
		if (!param_of_flag(&list, c->flags[i].name))
			code = unknown_flag(c, &list, &c->flags[i]);
	for (size_t i = 0; i < c->n_flags && !code; i++)
		code = check_repeated(c, &list, i);
	for (size_t i = 0; i < list.n && !code && next < c->n_words; i++)
		if (list.at[i].f.flags & FF_POSITIONAL)
			code = add_value(c, params, &list.at[i].f, list.at[i].f.name, json_string(c->words[next++].text));
	if (!code && next < c->n_words)
		code = fail(c, LS_EUSAGE, NULL, NULL, "%s: '%s' is one word too many", c->method->words,
		            c->words[next].text);
	for (size_t i = 0; i < c->n_flags && !code; i++)
		code = add_flag(c, &list, params, &c->flags[i]);
	if (!code)
		code = add_globals(c, &list, params);
	if (!code)
		code = check_missing(c, &list, params);
	if (!code && method_pushes(c->method))
		code = check_payload(c, params);
	if (!code && c->method->shape == SHAPE_SET && !changes_something(c, params))
		code = fail(c, LS_EUSAGE, NULL, NULL, "%s: nothing to change", c->method->words);
	if (code) {
		json_decref(params);
		return code;
	}
	*out = params;
	return 0;
}
