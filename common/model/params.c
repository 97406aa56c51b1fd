/*
 * params.c - the parameters a method takes: its own, those of its shape, and the scope of names.
 * One walk serves the argument check here, lsctl's flags and help, and describe.
 */
#include <string.h>

#include "base/error.h"
#include "control/protocol.h"
#include "model/field_check.h"
#include "model/model.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define FILTER_FIELD                                                                                 \
	{"filter", FT_TEXT, 0, 0, 4096, NULL, NULL, NULL, "where", NULL, 0,                          \
	 "Only those that match: lsctl help filters"}
#define CURSOR_FIELD(text) {"cursor", FT_TEXT, 0, 1, 256, NULL, NULL, NULL, NULL, NULL, 0, text}

/* name, type, flags, min, max, choices, preset, column, cli, synonyms, width, help */
static const struct field list_params[] = {
	FILTER_FIELD,
	{"sort", FT_TEXT, 0, 1, 256, NULL, NULL, NULL, NULL, NULL, 0, "Fields to sort by, - before one reverses it"},
	{"limit", FT_INT, 0, 1, 10000, NULL, "100", NULL, NULL, NULL, 0, "How many at most"},
	CURSOR_FIELD("Where the last page ended"),
};

static const struct field *const list_limit = &list_params[2]; /* all that a table in memory needs */

static const struct field stream_params[] = {
	FILTER_FIELD,
	{"since", FT_TIME, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, "First the stored ones from this time on"},
	CURSOR_FIELD("First the stored ones after this cursor"),
	{"last", FT_INT, 0, 0, 10000, NULL, NULL, NULL, NULL, NULL, 0, "First so many stored ones"},
	{"count", FT_INT, 0, 1, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 0, "End after so many"},
};

static const struct field unset_param = {
	"unset", FT_TEXT, FF_MANY, 1, 64, NULL, NULL, NULL, NULL, NULL, 0, "Clear this field (repeatable)"};

/* Of every method that changes something. */
static const struct field write_params[] = {
	{"dry_run", FT_BOOL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 0, "Check all, change nothing, say what would change"},
	{"if_version", FT_INT, 0, 0, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 0, "Only if it has this version still"},
	{"expect", FT_INT, 0, 0, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 0, "Only if exactly so many objects are affected"},
	{"confirm", FT_TEXT, 0, 1, 128, NULL, NULL, NULL, NULL, NULL, 0, "Name of what is affected, typed again"},
	{"reason", FT_TEXT, 0, 1, 500, NULL, NULL, NULL, NULL, NULL, 0, "Why, kept in the history"},
};

bool method_writes(const struct method *m)
{
	return m->right >= RIGHT_OPERATE;
}

static const struct field tenant_scope = {
	"tenant_id", FT_REF, 0, 0, 0, "tenant", NULL, NULL, "tenant", NULL, 0, "Tenant in which names are looked up"};
static const struct field application_scope = {
	"application_id", FT_REF, 0, 0, 0, "application", NULL, NULL, "app", NULL, 0,
	"Application in which names are looked up"};
static const struct field tenant_filter = {
	"tenant_id", FT_REF, 0, 0, 0, "tenant", NULL, NULL, "tenant", NULL, 0, "Only those of this tenant"};
static const struct field application_filter = {
	"application_id", FT_REF, 0, 0, 0, "application", NULL, NULL, "app", NULL, 0, "Only those of this application"};

struct walk {
	bool (*fn)(void *arg, const struct field *f, bool required);
	void *arg;
	bool go_on;
	bool has_tenant, has_application;     /* already passed under that name */
	bool needs_tenant, needs_application; /* some reference is looked up in one */
};

static void pass(struct walk *w, const struct field *f, bool required)
{
	if (!w->go_on)
		return;
	if (strcmp(f->name, "tenant_id") == 0)
		w->has_tenant = true;
	if (strcmp(f->name, "application_id") == 0)
		w->has_application = true;
	if (f->type == FT_REF) {
		const struct entity *target = entity_find(f->choices);

		w->needs_tenant |= entity_field(target, "tenant_id") != NULL && strcmp(f->choices, "tenant") != 0;
		w->needs_application |= entity_field(target, "application_id") != NULL &&
		                        strcmp(f->choices, "application") != 0;
	}
	w->go_on = w->fn(w->arg, f, required);
}

/* The id of an existing row: a reference, so its name does too. */
static void pass_id(struct walk *w, const struct entity *e)
{
	struct field id = *entity_id_field(e);

	if (id.type != FT_REF) {
		id.type = FT_REF;
		id.choices = e->name;
	}
	id.flags = FF_POSITIONAL | FF_REQUIRED;
	pass(w, &id, true);
}

/* A field to change is always a flag: the id is the only word. */
static void pass_change(struct walk *w, const struct field *f)
{
	struct field flag = *f;

	flag.flags &= ~(unsigned)(FF_POSITIONAL | FF_REQUIRED);
	if (field_is_mutable(f))
		pass(w, &flag, false);
}

/* True when rows of e belong to another entity by that field; a tenant's own tenant_id is its id. */
static bool refers_by(const struct entity *e, const char *name)
{
	const struct field *f = entity_field(e, name);

	return f && f->type == FT_REF;
}

static bool is_required(const struct field *f)
{
	bool is_tenant = f->type == FT_REF && strcmp(f->choices, "tenant") == 0;

	return (f->flags & FF_REQUIRED) && !is_tenant;
}

void method_each_param(const struct method *m, bool (*fn)(void *arg, const struct field *f, bool required), void *arg)
{
	const struct entity *e = method_entity(m);
	struct walk w = {.fn = fn, .arg = arg, .go_on = true};

	for (size_t i = 0; i < m->n_params; i++)
		pass(&w, &m->params[i], m->params[i].flags & FF_REQUIRED);

	switch (m->shape) {
	case SHAPE_OWN:
		break;
	case SHAPE_CREATE:
		for (size_t i = 0; i < e->n_fields; i++)
			if (field_is_writable(&e->fields[i]))
				pass(&w, &e->fields[i], is_required(&e->fields[i]));
		break;
	case SHAPE_SET:
		pass_id(&w, e);
		for (size_t i = 0; i < e->n_fields; i++)
			pass_change(&w, &e->fields[i]);
		pass(&w, &unset_param, false);
		break;
	case SHAPE_SHOW:
	case SHAPE_DELETE:
	case SHAPE_ACT:
		pass_id(&w, e);
		break;
	case SHAPE_LIST:
		for (size_t i = 0; i < COUNT(list_params); i++)
			if (e->view || &list_params[i] == list_limit)
				pass(&w, &list_params[i], false);
		if (refers_by(e, "tenant_id") && !w.has_tenant)
			pass(&w, &tenant_filter, false);
		if (refers_by(e, "application_id") && !w.has_application)
			pass(&w, &application_filter, false);
		break;
	case SHAPE_STREAM:
		for (size_t i = 0; i < COUNT(stream_params); i++)
			pass(&w, &stream_params[i], false);
		break;
	}
	for (size_t i = 0; i < COUNT(write_params) && method_writes(m); i++)
		pass(&w, &write_params[i], false);
	if (w.needs_tenant && !w.has_tenant)
		pass(&w, &tenant_scope, false);
	if (w.needs_application && !w.has_application)
		pass(&w, &application_scope, false);
}

/* --- the argument check --- */

struct check {
	const struct method *m;
	const json_t *params;
	json_t *out;
	json_t *unset;  /* names, as an array */
	size_t n_taken; /* members of params that are parameters */
	json_t *error;  /* the first one */
};

static void refuse(struct check *c, int code, const struct field *f, const char *why, const char *hint)
{
	char message[320];

	snprintf(message, sizeof(message), "%s: %s", f->name, why);
	c->error = rpc_error(code, message, f->name, NULL, hint && *hint ? hint : NULL);
}

static void check_unset_name(struct check *c, const struct field *param, const json_t *name)
{
	const struct entity *e = method_entity(c->m);
	const char *text = json_string_value(name);
	const struct field *f = text ? entity_field(e, text) : NULL;
	char why[160];

	if (!f || !field_is_mutable(f)) {
		const char *names[64];
		size_t n = 0;

		for (size_t i = 0; i < e->n_fields && n < COUNT(names); i++)
			if (field_is_mutable(&e->fields[i]) && !(e->fields[i].flags & FF_REQUIRED))
				names[n++] = e->fields[i].name;
		const char *near = text ? nearest_word(text, names, n) : NULL;

		snprintf(why, sizeof(why), "not a field that can be cleared");
		refuse(c, LS_EUSAGE, param, why, near);
	} else if (f->flags & FF_REQUIRED) {
		snprintf(why, sizeof(why), "%s must have a value", f->name);
		refuse(c, LS_EINVAL, param, why, NULL);
	} else if (json_is_object(c->params) && json_object_get(c->params, text) &&
	           !json_is_null(json_object_get(c->params, text))) {
		snprintf(why, sizeof(why), "%s is also given a value", f->name);
		refuse(c, LS_EUSAGE, param, why, NULL);
	} else {
		size_t i;
		const json_t *known;

		json_array_foreach(c->unset, i, known)
			if (json_equal(known, name))
				return;
		json_array_append_new(c->unset, json_string(text));
	}
}

static void check_many(struct check *c, const struct field *f, const json_t *value)
{
	json_t *list = json_is_array(value) ? json_copy((json_t *)value) : json_pack("[O]", value);
	json_t *clean = json_array();
	char why[256], hint[256];
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		json_t *one = NULL;
		int rc = field_check(f, element, &one, why, sizeof(why), hint, sizeof(hint));

		if (rc)
			refuse(c, rc, f, why, hint);
		else if (f == &unset_param)
			check_unset_name(c, f, one);
		else
			json_array_append(clean, one);
		json_decref(one);
		if (c->error)
			break;
	}
	if (f != &unset_param && !c->error)
		json_object_set(c->out, f->name, clean);
	json_decref(clean);
	json_decref(list);
}

static void set_preset(struct check *c, const struct field *f)
{
	if (c->m->shape == SHAPE_CREATE && f->preset)
		json_object_set_new(c->out, f->name, json_loads(f->preset, JSON_DECODE_ANY, NULL));
}

static bool check_param(void *arg, const struct field *f, bool required)
{
	struct check *c = arg;
	const json_t *value = json_object_get(c->params, f->name);
	bool changes = c->m->shape == SHAPE_SET && !(f->flags & FF_POSITIONAL) && f != &unset_param &&
	               entity_field(method_entity(c->m), f->name);
	char why[256], hint[256];

	if (value)
		c->n_taken++;
	if (!value || json_is_null(value)) {
		if (required)
			refuse(c, LS_EUSAGE, f, "must be given", NULL);
		else if (value && changes) {
			json_t *name = json_string(f->name);

			check_unset_name(c, f, name);
			json_decref(name);
		} else {
			set_preset(c, f);
		}
	} else if (f->flags & FF_MANY) {
		check_many(c, f, value);
	} else {
		json_t *clean = NULL;
		int rc = f->type == FT_TAGS
		                 ? tags_check(value, changes, &clean, why, sizeof(why))
		                 : field_check(f, value, &clean, why, sizeof(why), hint, sizeof(hint));

		if (rc)
			refuse(c, rc, f, why, f->type == FT_TAGS ? NULL : hint);
		else
			json_object_set_new(c->out, f->name, clean);
	}
	return c->error == NULL;
}

struct names {
	const char *name[96];
	size_t n;
};

static bool collect_name(void *arg, const struct field *f, bool required)
{
	struct names *names = arg;

	(void)required;
	if (names->n < COUNT(names->name))
		names->name[names->n++] = f->name;
	return true;
}

static void refuse_unknown(struct check *c)
{
	struct names names = {.n = 0};
	const char *key;
	json_t *value;
	char message[200], buf[METHOD_NAME_SIZE];

	method_each_param(c->m, collect_name, &names);
	json_object_foreach((json_t *)c->params, key, value) {
		bool known = false;

		for (size_t i = 0; i < names.n; i++)
			known |= strcmp(names.name[i], key) == 0;
		if (known)
			continue;
		snprintf(message, sizeof(message), "%s has no parameter '%.64s'", method_name(c->m, buf), key);
		c->error = rpc_error(LS_EUSAGE, message, key, NULL, nearest_word(key, names.name, names.n));
		return;
	}
}

int method_check_params(const struct method *m, const json_t *params, json_t **out, json_t **error)
{
	struct check c = {.m = m, .params = params, .out = json_object(), .unset = json_array()};

	*out = *error = NULL;
	if (params && !json_is_object(params) && !json_is_null(params)) {
		c.error = rpc_error(LS_EUSAGE, "params must be an object", NULL, NULL, NULL);
	} else {
		method_each_param(m, check_param, &c);
		/* The misspelt name first: "must be given" would only puzzle whoever gave it. */
		if (!json_is_null(params) && json_object_size(params) > c.n_taken) {
			json_t *first = c.error;

			c.error = NULL;
			refuse_unknown(&c);
			if (c.error)
				json_decref(first);
			else
				c.error = first;
		}
	}
	if (!c.error && json_array_size(c.unset) > 0)
		json_object_set(c.out, "unset", c.unset);
	json_decref(c.unset);
	if (!c.error) {
		*out = c.out;
		return LS_OK;
	}
	json_decref(c.out);
	*error = c.error;
	json_t *exit_code = json_object_get(json_object_get(c.error, "data"), "exit");

	return json_integer_value(exit_code) == 2 ? LS_EUSAGE : LS_EINVAL;
}
