/* column.c - a field's value between JSON and its column. */
#include "store/column.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/key.h"
#include "store/db.h"

enum field_type column_type(const struct field *f)
{
	const struct entity *target = f->type == FT_REF && f->choices ? entity_find(f->choices) : NULL;

	return target ? entity_id_field(target)->type : f->type;
}

bool column_is_stored(const struct field *f)
{
	return f->column && !(f->flags & FF_VIEW);
}

bool entity_is_plain(const struct entity *e)
{
	bool writable = false;

	for (size_t i = 0; i < e->n_fields; i++)
		writable |= field_is_writable(&e->fields[i]) && column_is_stored(&e->fields[i]);
	return writable && e->table;
}

static int bind_octets(sqlite3_stmt *stmt, int at, const void *data, size_t len)
{
	return db_error(sqlite3_bind_blob(stmt, at, data, (int)len, SQLITE_TRANSIENT));
}

static int bind_hex(sqlite3_stmt *stmt, int at, const char *text)
{
	size_t cap = strlen(text) / 2 + 1, len = 0;
	uint8_t *octets = malloc(cap);

	if (!octets)
		return LS_ENOMEM;
	int rc = hex_decode(text, strlen(text), octets, cap, &len);

	if (rc) {
		free(octets);
		return LS_EINVAL;
	}
	return db_error(sqlite3_bind_blob(stmt, at, octets, (int)len, free));
}

static int bind_text_form(sqlite3_stmt *stmt, int at, enum field_type type, const char *text)
{
	struct eui64 eui;
	struct uuid id;
	struct ls_key key;
	uint32_t dev_addr;
	int64_t time_us;
	int rc;

	switch (type) {
	case FT_EUI:
		rc = eui64_parse(text, &eui);
		return rc ? LS_EINVAL : bind_octets(stmt, at, eui.be, sizeof(eui.be));
	case FT_UUID:
		rc = uuid_parse(text, &id);
		return rc ? LS_EINVAL : bind_octets(stmt, at, id.b, sizeof(id.b));
	case FT_DEV_ADDR:
		rc = dev_addr_parse(text, &dev_addr);
		return rc ? LS_EINVAL : db_error(sqlite3_bind_int64(stmt, at, dev_addr));
	case FT_KEY:
		rc = key_parse(text, &key);
		if (!rc)
			rc = bind_octets(stmt, at, key.b, sizeof(key.b));
		key_wipe(&key);
		return rc ? LS_EINVAL : LS_OK;
	case FT_TIME:
		rc = clock_parse(text, strlen(text), &time_us);
		return rc ? LS_EINVAL : db_error(sqlite3_bind_int64(stmt, at, time_us));
	case FT_HEX:
		return bind_hex(stmt, at, text);
	case FT_TEXT:
	case FT_ENUM:
		return db_error(sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC));
	default:
		return LS_EINVAL;
	}
}

static int bind_json(sqlite3_stmt *stmt, int at, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	return text ? db_error(sqlite3_bind_text(stmt, at, text, -1, free)) : LS_ENOMEM;
}

int column_bind(sqlite3_stmt *stmt, int at, const struct field *f, const json_t *value)
{
	enum field_type type = column_type(f);

	if (!value || json_is_null(value))
		return db_error(sqlite3_bind_null(stmt, at));
	if (json_is_string(value))
		return bind_text_form(stmt, at, type, json_string_value(value));
	if (type == FT_INT && json_is_integer(value))
		return db_error(sqlite3_bind_int64(stmt, at, json_integer_value(value)));
	if (type == FT_REAL && json_is_number(value))
		return db_error(sqlite3_bind_double(stmt, at, json_number_value(value)));
	if (type == FT_BOOL && json_is_boolean(value))
		return db_error(sqlite3_bind_int(stmt, at, json_is_true(value)));
	if (type == FT_TAGS && json_is_object(value))
		return bind_json(stmt, at, value);
	return LS_EINVAL;
}

static json_t *hex_json(const void *data, size_t len)
{
	char *text = malloc(2 * len + 1);

	if (!text)
		return NULL;
	json_t *out = json_string(hex_encode(data, len, text));

	free(text);
	return out;
}

static json_t *key_json(sqlite3_value *v)
{
	struct ls_key key = {{0}};
	char text[KEY_TEXT_SIZE];
	const void *blob = sqlite3_value_blob(v);

	if (!blob || sqlite3_value_bytes(v) != (int)sizeof(key.b))
		return json_null();
	memcpy(key.b, blob, sizeof(key.b));
	json_t *out = json_string(key_reveal(&key, text));

	key_wipe(&key);
	explicit_bzero(text, sizeof(text));
	return out;
}

static json_t *tags_json(const char *text)
{
	json_t *tags = text ? json_loads(text, 0, NULL) : NULL;

	return tags ? tags : json_object();
}

static json_t *any_json(const char *text)
{
	json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return value ? value : json_null();
}

/* Zeros unless it has that many octets. */
static void octets_of(sqlite3_value *v, void *out, size_t size)
{
	const void *blob = sqlite3_value_blob(v);

	memset(out, 0, size);
	if (blob && sqlite3_value_bytes(v) == (int)size)
		memcpy(out, blob, size);
}

json_t *column_value_json(sqlite3_value *v, const struct field *f)
{
	char text[64]; /* the longest is a time */
	struct eui64 eui;
	struct uuid id;

	if (sqlite3_value_type(v) == SQLITE_NULL)
		return json_null();
	switch (column_type(f)) {
	case FT_EUI:
		octets_of(v, eui.be, sizeof(eui.be));
		return json_string(eui64_format(eui, text));
	case FT_UUID:
		octets_of(v, id.b, sizeof(id.b));
		return json_string(uuid_format(id, text));
	case FT_DEV_ADDR:
		return json_string(dev_addr_format((uint32_t)sqlite3_value_int64(v), text));
	case FT_KEY:
		return key_json(v);
	case FT_INT:
		return json_integer(sqlite3_value_int64(v));
	case FT_REAL:
		return json_real(sqlite3_value_double(v));
	case FT_BOOL:
		return json_boolean(sqlite3_value_int(v));
	case FT_TIME:
		clock_format(sqlite3_value_int64(v), text);
		return json_string(text);
	case FT_HEX:
		return hex_json(sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
	case FT_TAGS:
		return tags_json((const char *)sqlite3_value_text(v));
	case FT_JSON:
		return any_json((const char *)sqlite3_value_text(v));
	default:
		return json_string((const char *)sqlite3_value_text(v));
	}
}

json_t *column_json(sqlite3_stmt *stmt, int at, const struct field *f)
{
	return column_value_json(sqlite3_column_value(stmt, at), f);
}
