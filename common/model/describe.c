/* describe.c - the registry as JSON, and its hash, so that clients see at hello whether theirs is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "model/model.h"

static json_t *words_of(const char *list)
{
	json_t *words = json_array();

	while (list && *list) {
		size_t n = strcspn(list, " ");

		json_array_append_new(words, json_stringn(list, n));
		list += n;
		list += strspn(list, " ");
	}
	return words;
}

static void put_flag(json_t *o, const struct field *f, unsigned flag, const char *name)
{
	if (f->flags & flag)
		json_object_set_new(o, name, json_true());
}

static json_t *describe_field(const struct field *f)
{
	char buf[FIELD_FLAG_SIZE];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "name", f->name, "type", field_type_name(f->type), "help",
	                      f->help, "flag", field_flag(f, buf));

	if (f->type == FT_REF)
		json_object_set_new(o, "entity", json_string(f->choices));
	if (f->type == FT_ENUM)
		json_object_set_new(o, "choices", words_of(f->choices));
	if (f->min || f->max) {
		json_object_set_new(o, "min", json_integer(f->min));
		if (f->max != INT64_MAX)
			json_object_set_new(o, "max", json_integer(f->max));
	}
	if (f->preset)
		json_object_set_new(o, "default", json_loads(f->preset, JSON_DECODE_ANY, NULL));
	if (f->synonyms && *f->synonyms)
		json_object_set_new(o, "synonyms", words_of(f->synonyms));
	put_flag(o, f, FF_ID, "id");
	put_flag(o, f, FF_REQUIRED, "required");
	put_flag(o, f, FF_IMMUTABLE, "immutable");
	put_flag(o, f, FF_SECRET, "secret");
	put_flag(o, f, FF_COLUMN, "column");
	put_flag(o, f, FF_READONLY, "readonly");
	put_flag(o, f, FF_MANY, "many");
	put_flag(o, f, FF_POSITIONAL, "positional");
	return o;
}

static json_t *describe_entity(const struct entity *e)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < e->n_fields; i++)
		json_array_append_new(fields, describe_field(&e->fields[i]));
	return json_pack("{s:s, s:s, s:o, s:s, s:o}", "name", e->name, "help", e->help, "synonyms",
	                 words_of(e->synonyms), "sort", e->default_sort, "fields", fields);
}

static bool add_param(void *arg, const struct field *f, bool required)
{
	json_t *param = describe_field(f);

	if (required)
		json_object_set_new(param, "required", json_true());
	else
		json_object_del(param, "required");
	json_array_append_new(arg, param);
	return true;
}

static json_t *describe_method(const struct method *m)
{
	static const char *const rights[] = {"none", "read", "operate", "admin"};
	static const char *const shapes[] = {"own", "create", "show", "list", "set", "delete", "act", "stream"};
	char buf[METHOD_NAME_SIZE];
	json_t *params = json_array();

	method_each_param(m, add_param, params);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "name", method_name(m, buf), "words", m->words,
	                      "help", m->help, "result", m->result, "right", rights[m->right], "shape", shapes[m->shape], "params", params);

	if (method_entity(m))
		json_object_set_new(o, "entity", json_string(method_entity(m)->name));
	return o;
}

json_t *model_describe(void)
{
	json_t *entities = json_array(), *methods = json_array();

	for (size_t i = 0; i < model_n_entities; i++)
		json_array_append_new(entities, describe_entity(&model_entities[i]));
	for (size_t i = 0; i < M__COUNT; i++)
		json_array_append_new(methods, describe_method(&model_methods[i]));
	return json_pack("{s:o, s:o}", "entities", entities, "methods", methods);
}

const char *model_schema_hash(void)
{
	static const struct siphash_key key = {0x6c6f726177616e21, 0x736368656d612d31}; /* fixed: same in every process */
	static char text[17];

	if (!text[0]) {
		json_t *schema = model_describe();
		char *dump = json_dumps(schema, JSON_COMPACT | JSON_SORT_KEYS);

		if (dump)
			snprintf(text, sizeof(text), "%016llx", (unsigned long long)siphash(&key, dump, strlen(dump)));
		free(dump);
		json_decref(schema);
	}
	return text;
}
