/* schema.c - see schema.h. */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "terminal.h"

static void put(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, json_string(text));
}

static void put_choices(json_t *o, const char *list)
{
	json_t *words = json_array();

	while (*list) {
		size_t n = strcspn(list, " ");

		json_array_append_new(words, json_stringn(list, n));
		list += n;
		list += strspn(list, " ");
	}
	json_object_set_new(o, "enum", words);
}

static void put_type(json_t *o, const struct field *f)
{
	/* What the daemon leaves out or does not know yet is null. */
	bool nullable = !(f->flags & (FF_REQUIRED | FF_ID));
	const char *type = "string";

	switch (f->type) {
	case FT_EUI: put(o, "pattern", "^[0-9a-f]{16}$"); break;
	case FT_DEV_ADDR: put(o, "pattern", "^[0-9a-f]{8}$"); break;
	case FT_KEY: break; /* masked unless shown */
	case FT_UUID: put(o, "format", "uuid"); break;
	case FT_TIME: put(o, "format", "date-time"); break;
	case FT_HEX: put(o, "pattern", "^([0-9a-f]{2})*$"); break;
	case FT_INT: type = "integer"; break;
	case FT_REAL: type = "number"; break;
	case FT_BOOL: type = "boolean"; break;
	case FT_TAGS:
		type = "object";
		json_object_set_new(o, "additionalProperties", json_pack("{s:s}", "type", "string"));
		break;
	case FT_ENUM:
		if (!nullable)
			put_choices(o, f->choices);
		break;
	case FT_JSON: return;
	case FT_TEXT:
	case FT_REF: break;
	}
	if ((f->type == FT_INT || f->type == FT_REAL) && (f->min || f->max)) {
		json_object_set_new(o, "minimum", json_integer(f->min));
		if (f->max != INT64_MAX)
			json_object_set_new(o, "maximum", json_integer(f->max));
	}
	json_object_set_new(o, "type", nullable ? json_pack("[s, s]", type, "null") : json_string(type));
}

static json_t *entity_schema(const struct entity *e)
{
	json_t *properties = json_object(), *required = json_array();

	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];
		json_t *o = json_pack("{s:s}", "description", f->help);

		put_type(o, f);
		if (f->flags & FF_READONLY)
			json_object_set_new(o, "readOnly", json_true());
		if (f->preset)
			json_object_set_new(o, "default", json_loads(f->preset, JSON_DECODE_ANY, NULL));
		if (f->flags & (FF_ID | FF_REQUIRED))
			json_array_append_new(required, json_string(f->name));
		json_object_set_new(properties, f->name, o);
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "title", e->name, "description", e->help, "type", "object",
	                 "properties", properties, "required", required);
}

int schema_print(struct cli *c)
{
	const char *noun = c->n_words > 1 ? c->words[1].text : NULL;
	json_t *schema;

	if (noun) {
		const struct entity *e = entity_find(noun);

		if (!e) {
			const char *names[E__COUNT];

			for (size_t i = 0; i < model_n_entities; i++)
				names[i] = model_entities[i].name;
			const char *near = nearest_word(noun, names, model_n_entities);
			char *line = near ? command_line(c, c->words[1].at, near, NULL) : NULL;
			int code = fail(c, LS_EUSAGE, NULL, line ? line : "lsctl schema", "no noun '%s'", noun);

			free(line);
			return code;
		}
		schema = entity_schema(e);
	} else {
		json_t *defs = json_object();

		for (size_t i = 0; i < model_n_entities; i++)
			json_object_set_new(defs, model_entities[i].name, entity_schema(&model_entities[i]));
		schema = json_pack("{s:o}", "$defs", defs);
	}
	json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	char *text = json_dumps(schema, JSON_INDENT(2));

	puts(text ? text : "");
	free(text);
	json_decref(schema);
	flush_stdout();
	return 0;
}
