/* model.c - finding rows of the registry. */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

/* True when `word` is one of the blank-separated words of `list`. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, word, n) == 0)
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

const struct entity *entity_find(const char *word)
{
	for (size_t i = 0; i < model_n_entities; i++)
		if (strcmp(model_entities[i].name, word) == 0)
			return &model_entities[i];
	for (size_t i = 0; i < model_n_entities; i++)
		if (*word && list_has(model_entities[i].synonyms, word))
			return &model_entities[i];
	return NULL;
}

const struct field *entity_field(const struct entity *e, const char *name)
{
	for (size_t i = 0; e && i < e->n_fields; i++)
		if (strcmp(e->fields[i].name, name) == 0)
			return &e->fields[i];
	return NULL;
}

static const struct field *first_with(const struct entity *e, unsigned flag)
{
	for (size_t i = 0; e && i < e->n_fields; i++)
		if (e->fields[i].flags & flag)
			return &e->fields[i];
	return NULL;
}

const struct field *entity_id_field(const struct entity *e)
{
	return first_with(e, FF_ID);
}

const struct field *entity_parent_field(const struct entity *e)
{
	return first_with(e, FF_PARENT);
}

char *method_name(const struct method *m, char buf[METHOD_NAME_SIZE])
{
	snprintf(buf, METHOD_NAME_SIZE, "%s", m->words);
	for (char *p = buf; *p; p++)
		if (*p == ' ')
			*p = '.';
	return buf;
}

const struct method *method_find(const char *wire_name)
{
	for (size_t i = 0; i < M__COUNT; i++) {
		const char *a = model_methods[i].words, *b = wire_name;

		while (*a && (*a == *b || (*a == ' ' && *b == '.')))
			a++, b++;
		if (*a == *b)
			return &model_methods[i];
	}
	return NULL;
}

const struct entity *method_entity(const struct method *m)
{
	return m->entity == E_NONE ? NULL : &model_entities[m->entity];
}

bool field_is_writable(const struct field *f)
{
	return !(f->flags & (FF_READONLY | FF_GENERATED | FF_VIEW));
}

bool field_is_mutable(const struct field *f)
{
	return field_is_writable(f) && !(f->flags & (FF_IMMUTABLE | FF_ID));
}

char *field_flag(const struct field *f, char buf[FIELD_FLAG_SIZE])
{
	snprintf(buf, FIELD_FLAG_SIZE, "%s", f->cli ? f->cli : f->name);
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = '-';
	return buf;
}

const char *field_type_name(enum field_type type)
{
	static const char *const names[] = {
		[FT_TEXT] = "text", [FT_UUID] = "uuid", [FT_EUI] = "eui",   [FT_DEV_ADDR] = "dev_addr",
		[FT_KEY] = "key",   [FT_INT] = "int",   [FT_REAL] = "real", [FT_BOOL] = "bool",
		[FT_ENUM] = "enum", [FT_TIME] = "time", [FT_HEX] = "hex",   [FT_TAGS] = "tags",
		[FT_REF] = "ref",   [FT_JSON] = "json",
	};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}
