/* filter_sql.c - a filter as SQL. */
#include "store/filter_sql.h"

#include <string.h>

#include "base/error.h"
#include "base/eui.h"
#include "base/hex.h"
#include "base/uuid.h"
#include "store/column.h"
#include "store/db.h"

#define POINTER_KIND "filter" /* of sqlite3_bind_pointer(): its receiver asks for the same */
#define HEX_SHOWN 512         /* octets of a BLOB that are looked at */

static const struct field tag_value = {.name = "tag", .type = FT_TEXT};

/* --- parameters --- */

static int bind_value(struct filter_sql *s, const struct field *f, json_t *value)
{
	if (s->n < FILTER_BINDINGS_MAX)
		s->bindings[s->n] = (struct filter_binding){.field = f, .value = json_incref(value)};
	return s->first + s->n++;
}

static int bind_pattern(struct filter_sql *s, const struct filter_node *node)
{
	if (s->n < FILTER_BINDINGS_MAX)
		s->bindings[s->n] = (struct filter_binding){.node = node};
	return s->first + s->n++;
}

int filter_sql_bind(const struct filter_sql *s, sqlite3_stmt *stmt)
{
	int rc = s->n > FILTER_BINDINGS_MAX ? LS_EBUG : LS_OK;

	for (int i = 0; i < s->n && !rc; i++) {
		const struct filter_binding *b = &s->bindings[i];

		if (b->node)
			rc = db_error(sqlite3_bind_pointer(stmt, s->first + i, (void *)b->node, POINTER_KIND, NULL));
		else
			rc = column_bind(stmt, s->first + i, b->field, b->value);
	}
	return rc;
}

void filter_sql_fini(struct filter_sql *s)
{
	for (int i = 0; i < s->n && i < FILTER_BINDINGS_MAX; i++)
		json_decref(s->bindings[i].value);
	s->n = 0;
}

/* --- conditions --- */

/* The key has only letters that need no quoting (filter_parse.c). */
static void put_column(const struct filter_sql *s, const struct filter_node *node, const struct field *f, struct text_buf *sql)
{
	bool hidden = s->hide && s->hide(s->arg, f);

	if (node->tag[0])
		text_printf(sql, "json_extract(%s, '$.\"%s\"')", f->column, node->tag);
	else
		text_printf(sql, "%s%s", hidden ? "+" : "", f->column);
}

static bool is_text(const struct filter_node *node)
{
	enum field_type type = node->tag[0] ? FT_TEXT : column_type(node->field);

	return type == FT_TEXT || type == FT_ENUM;
}

static void put_has(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	const char *empty = node->field->type == FT_TAGS && !node->tag[0] ? "'{}'" : is_text(node) ? "''" : NULL;

	put_column(s, node, node->field, sql);
	text_puts(sql, inverted ? " IS NULL" : " IS NOT NULL");
	if (!empty)
		return;
	text_puts(sql, inverted ? " OR " : " AND ");
	put_column(s, node, node->field, sql);
	text_printf(sql, " %s %s", inverted ? "=" : "<>", empty);
}

static void put_equal(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	put_column(s, node, node->field, sql);
	text_printf(sql, " %s ?%d", inverted ? "IS NOT" : "=",
	            bind_value(s, node->tag[0] ? &tag_value : node->field, node->value));
}

static void put_order(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	static const char *const signs[] = {
		[FILTER_LT] = "<", [FILTER_LE] = "<=", [FILTER_GT] = ">", [FILTER_GE] = ">=",
	};
	static const char *const opposites[] = {
		[FILTER_LT] = ">=", [FILTER_LE] = ">", [FILTER_GT] = "<=", [FILTER_GE] = "<",
	};

	put_column(s, node, node->field, sql);
	text_printf(sql, " %s ?%d", inverted ? opposites[node->op] : signs[node->op],
	            bind_value(s, node->tag[0] ? &tag_value : node->field, node->value));
	if (inverted) {
		text_puts(sql, " OR ");
		put_column(s, node, node->field, sql);
		text_puts(sql, " IS NULL");
	}
	if (is_text(node)) { /* empty text is no value */
		text_puts(sql, inverted ? " OR " : " AND ");
		put_column(s, node, node->field, sql);
		text_puts(sql, inverted ? " = ''" : " <> ''");
	}
}

static void put_in(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	size_t i;
	json_t *value;

	put_column(s, node, node->field, sql);
	text_puts(sql, inverted ? " NOT IN (" : " IN (");
	json_array_foreach(node->value, i, value)
		text_printf(sql, "%s?%d", i ? ", " : "", bind_value(s, node->tag[0] ? &tag_value : node->field, value));
	text_putc(sql, ')');
	if (inverted) {
		text_puts(sql, " OR ");
		put_column(s, node, node->field, sql);
		text_puts(sql, " IS NULL");
	}
}

/* The texts that begin as the pattern does, as a range: what an index can serve. Nothing when it begins with a * or ?. */
static void put_range(struct filter_sql *s, const struct filter_node *node, struct text_buf *sql)
{
	const char *pattern = json_string_value(node->value);
	size_t n = strcspn(pattern, "*?");
	json_t *low, *high;
	char end[256];

	if (node->tag[0] || column_type(node->field) != FT_TEXT || n == 0 || n >= sizeof(end))
		return;
	/* The end is the beginning with its last letter one on; only of ASCII, where that is a letter too. */
	memcpy(end, pattern, n);
	end[n] = '\0';
	if ((unsigned char)end[n - 1] >= 0x7e)
		return;
	end[n - 1]++;
	low = json_stringn(pattern, n);
	high = json_string(end);
	put_column(s, node, node->field, sql);
	text_printf(sql, " >= ?%d AND ", bind_value(s, node->field, low));
	put_column(s, node, node->field, sql);
	text_printf(sql, " < ?%d AND ", bind_value(s, node->field, high));
	json_decref(low);
	json_decref(high);
}

static void put_test(struct filter_sql *s, const struct filter_node *node, const struct field *f, int parameter,
                     struct text_buf *sql)
{
	text_printf(sql, "filter_test(?%d, ", parameter);
	put_column(s, node, f, sql);
	text_printf(sql, ", %d)", node->tag[0] ? FT_TEXT : (int)column_type(f));
}

static void put_pattern(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	if (node->op == FILTER_GLOB && !inverted)
		put_range(s, node, sql);
	text_puts(sql, inverted ? "NOT " : "");
	put_test(s, node, node->field, bind_pattern(s, node), sql);
}

static void put_search(struct filter_sql *s, const struct filter_node *node, bool inverted, struct text_buf *sql)
{
	const struct entity *e = s->filter->entity;
	int parameter = bind_pattern(s, node);
	bool first = true;

	text_puts(sql, inverted ? "NOT (" : "(");
	for (size_t i = 0; i < e->n_fields; i++) {
		if (!filter_field_is_searched(&e->fields[i]) || !e->fields[i].column)
			continue;
		text_puts(sql, first ? "" : " OR ");
		put_test(s, node, &e->fields[i], parameter, sql);
		first = false;
	}
	text_puts(sql, first ? "0)" : ")");
}

static void put_node(struct filter_sql *s, int at, bool inverted, struct text_buf *sql)
{
	const struct filter_node *node = &s->filter->nodes[at];

	if (node->op == FILTER_NOT) {
		put_node(s, node->left, !inverted, sql);
		return;
	}
	text_putc(sql, '(');
	switch (node->op) {
	case FILTER_AND:
	case FILTER_OR:
		put_node(s, node->left, inverted, sql);
		text_puts(sql, (node->op == FILTER_AND) != inverted ? " AND " : " OR ");
		put_node(s, node->right, inverted, sql);
		break;
	case FILTER_HAS: put_has(s, node, inverted, sql); break;
	case FILTER_EQ: put_equal(s, node, inverted, sql); break;
	case FILTER_IN: put_in(s, node, inverted, sql); break;
	case FILTER_REGEX:
	case FILTER_GLOB: put_pattern(s, node, inverted, sql); break;
	case FILTER_SEARCH: put_search(s, node, inverted, sql); break;
	default: put_order(s, node, inverted, sql); break;
	}
	text_putc(sql, ')');
}

void filter_sql_put(struct filter_sql *s, int node, struct text_buf *sql)
{
	put_node(s, node, false, sql);
}

/* --- the function --- */

/* The value as canonical text, NULL when it has none. */
static const char *text_of(sqlite3_value *value, enum field_type type, char buf[2 * HEX_SHOWN + 1])
{
	struct eui64 eui;
	struct uuid id;
	int len;

	if (sqlite3_value_type(value) == SQLITE_NULL)
		return NULL;
	if (type == FT_DEV_ADDR)
		return dev_addr_format((uint32_t)sqlite3_value_int64(value), buf);
	if (type != FT_EUI && type != FT_UUID && type != FT_HEX)
		return (const char *)sqlite3_value_text(value);
	const void *blob = sqlite3_value_blob(value);

	len = sqlite3_value_bytes(value);
	if (type == FT_EUI && blob && len == (int)sizeof(eui.be)) {
		memcpy(eui.be, blob, sizeof(eui.be));
		return eui64_format(eui, buf);
	}
	if (type == FT_UUID && blob && len == (int)sizeof(id.b)) {
		memcpy(id.b, blob, sizeof(id.b));
		return uuid_format(id, buf);
	}
	return blob ? hex_encode(blob, len < HEX_SHOWN ? (size_t)len : HEX_SHOWN, buf) : "";
}

static void test(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct filter_node *node = sqlite3_value_pointer(values[0], POINTER_KIND);
	char buf[2 * HEX_SHOWN + 1];
	const char *text;

	(void)n;
	text = node ? text_of(values[1], (enum field_type)sqlite3_value_int(values[2]), buf) : NULL;
	sqlite3_result_int(context, text && filter_test_text(node, text));
}

int filter_sql_register(sqlite3 *sqlite)
{
	return sqlite3_create_function_v2(sqlite, "filter_test", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, test, NULL, NULL, NULL);
}
