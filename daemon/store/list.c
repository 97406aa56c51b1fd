/*
 * list.c - one page of records: filter, sort, keyset.
 *
 * A cursor holds the sort values and the key of the last row of the page before, so that the next page begins
 * behind it whatever was added or deleted meanwhile; no rows are skipped by counting. It also carries the
 * total, which is counted once per list. Values too long for a cursor are left out, and looked up by the key.
 * No value sorts before any other (and, reversed, behind).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/siphash.h"
#include "base/text_buf.h"
#include "store/column.h"
#include "store/db.h"
#include "store/filter_sql.h"
#include "store/list_request.h"
#include "store/store.h"

#define COUNT_MAX 1000000
#define LIMIT_PRESET 100
#define LIMIT_MAX 10000
#define MANY 10000 /* matching rows; more are rather walked in their order than sorted */
#define CURSOR_OCTETS 189 /* 252 characters of base64 */
#define REST_FIRST (CONDITIONS_MAX + SORT_MAX + 2) /* number of the first parameter of the rest */

struct page {
	const struct entity *e;
	struct list_request request;
	struct filter_sql rest; /* of the filter; its parameters lie behind all others */
	json_t *after; /* array of the values of request.sort, or NULL on the first page */
	uint32_t check; /* of what was asked: a cursor of another list is refused */
	int64_t total; /* -1 not counted yet */
};

static bool is_listed(const struct field *f)
{
	return f->column && !(f->flags & FF_SECRET);
}

static bool has_value(const struct field *f)
{
	return f->flags & (FF_REQUIRED | FF_ID);
}

/* --- cursors --- */

static uint32_t check_of(const struct entity *e, const struct record_list *l)
{
	static const struct siphash_key key = {0x637572736f72, 1}; /* no secret: only to notice a mistake */
	struct text_buf text;
	char *scope = l->scope ? json_dumps(l->scope, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	text_buf_init(&text);
	text_printf(&text, "%s\n%s\n%s\n%s", e->name, l->filter ? l->filter : "", l->sort ? l->sort : "",
	            scope ? scope : "");
	uint32_t check = text.bad ? 0 : (uint32_t)siphash(&key, text.data, text.len);

	text_buf_fini(&text);
	free(scope);
	return check;
}

static bool is_unique_key(const struct entity *e, const struct field *f)
{
	return f == entity_id_field(e) || f == entity_field(e, "slot");
}

/* The cursor behind `item`; with all values when `whole`, else only with its key. False: it does not fit. */
static bool write_cursor(const struct page *p, const json_t *item, bool whole, char out[256])
{
	json_t *values = json_array();
	bool fits = false;
	char encoded[BASE64_SIZE(CURSOR_OCTETS)];

	json_array_append_new(values, json_integer(p->check));
	json_array_append_new(values, json_integer(p->total));
	for (size_t i = 0; i < p->request.n_sort; i++) {
		const struct field *f = p->request.sort[i].field;

		if (whole || is_unique_key(p->e, f))
			json_array_append(values, json_object_get(item, f->name));
	}
	char *text = json_dumps(values, JSON_COMPACT);

	json_decref(values);
	if (text && strlen(text) <= CURSOR_OCTETS) {
		base64_encode(text, strlen(text), encoded);
		encoded[strcspn(encoded, "=")] = '\0';
		for (char *c = encoded; *c; c++)
			*c = *c == '+' ? '-' : *c == '/' ? '_' : *c; /* for shells and links */
		snprintf(out, 256, "%s", encoded);
		fits = true;
	}
	free(text);
	return fits;
}

/* Complete a cursor that has only the key of its row. */
static int look_up_values(struct store_db *db, struct page *p, struct record_list *l)
{
	const struct list_request *q = &p->request;
	struct text_buf sql;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	size_t n = 0;
	int rc;

	text_buf_init(&sql);
	text_puts(&sql, "SELECT ");
	for (size_t i = 0; i < q->n_sort; i++)
		text_printf(&sql, "%s%s", i ? ", " : "", q->sort[i].field->column);
	text_printf(&sql, " FROM %s WHERE ", p->e->view);
	for (size_t i = 0; i < q->n_sort; i++)
		if (is_unique_key(p->e, q->sort[i].field)) {
			text_printf(&sql, "%s%s = ?%zu", n ? " AND " : "", q->sort[i].field->column, n + 1);
			n++;
		}
	rc = sql.bad ? LS_ENOMEM : LS_OK;
	if (!rc)
		stmt = db_prepare(db, sql.data, &rc);
	text_buf_fini(&sql);
	n = 0;
	for (size_t i = 0; i < q->n_sort && !rc; i++)
		if (is_unique_key(p->e, q->sort[i].field)) {
			rc = column_bind(stmt, (int)n + 1, q->sort[i].field, json_array_get(p->after, n));
			n++;
		}
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc)
		return rc;
	if (!row) {
		snprintf(l->why, sizeof(l->why), "the row where the last page ended is gone: begin again without a cursor");
		return LS_EUSAGE;
	}
	json_array_clear(p->after);
	for (size_t i = 0; i < q->n_sort; i++)
		json_array_append_new(p->after, column_json(stmt, (int)i, q->sort[i].field));
	sqlite3_reset(stmt);
	return LS_OK;
}

static int read_cursor(struct store_db *db, struct page *p, struct record_list *l)
{
	uint8_t text[256];
	size_t len = 0, keys = 0;
	json_t *values = NULL;

	if (base64_decode(l->cursor, strlen(l->cursor), text, sizeof(text), &len) == LS_OK)
		values = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_integer(json_array_get(values, 0)) || !json_is_integer(json_array_get(values, 1)) ||
	    json_integer_value(json_array_get(values, 0)) != p->check) {
		json_decref(values);
		snprintf(l->why, sizeof(l->why), "this cursor does not belong to this list");
		return LS_EUSAGE;
	}
	p->total = json_integer_value(json_array_get(values, 1));
	json_array_remove(values, 0);
	json_array_remove(values, 0);
	p->after = values;
	for (size_t i = 0; i < p->request.n_sort; i++)
		keys += is_unique_key(p->e, p->request.sort[i].field);
	if (json_array_size(values) == p->request.n_sort)
		return LS_OK;
	if (json_array_size(values) == keys)
		return look_up_values(db, p, l);
	snprintf(l->why, sizeof(l->why), "this cursor does not belong to this list");
	return LS_EUSAGE;
}

/* --- the statement --- */

/*
 * The devices of a large tenant: SQLite would find them all by the index of the joined table and
 * sort them; "+" keeps it from that, so it walks the index of the sort order until the page is full.
 */
static bool is_hidden(void *arg, const struct field *f)
{
	const struct page *p = arg;

	return p->total > MANY && (p->request.sort[0].field->flags & (FF_INDEXED | FF_ID)) && !column_is_stored(f);
}

/* What no index serves. Begins anew: a filter is written into each statement once. */
static void put_rest(struct page *p, const char *before, struct text_buf *sql)
{
	const struct list_request *q = &p->request;

	filter_sql_fini(&p->rest);
	p->rest = (struct filter_sql){.filter = q->filter, .first = REST_FIRST, .hide = is_hidden, .arg = p};
	for (size_t i = 0; i < q->n_rest; i++) {
		text_puts(sql, i ? " AND " : before);
		filter_sql_put(&p->rest, q->rest[i], sql);
	}
}

/* Parameters are numbered: conditions first, then the values of `after`, the limit, the rest. Nulls are not bound. */
static void put_conditions(struct page *p, struct text_buf *sql)
{
	const struct list_request *q = &p->request;

	for (size_t i = 0; i < q->n_conditions; i++) {
		text_printf(sql, "%s%s%s ", i ? " AND " : " WHERE ", is_hidden(p, q->conditions[i].field) ? "+" : "",
		            q->conditions[i].field->column);
		if (json_is_null(q->conditions[i].value))
			text_puts(sql, "IS NULL");
		else
			text_printf(sql, "= ?%zu", i + 1);
	}
	put_rest(p, q->n_conditions ? " AND " : " WHERE ", sql);
}

/* (a behind A or (a = A and (b behind B or ...))) */
static void put_behind(const struct page *p, size_t i, struct text_buf *sql)
{
	const struct list_request *q = &p->request;
	const struct sort_key *k = &q->sort[i];
	const char *column = k->field->column;
	size_t param = q->n_conditions + i + 1;
	bool null = json_is_null(json_array_get(p->after, i));

	text_putc(sql, '(');
	if (null)
		text_printf(sql, "%s%s", k->descending ? "0" : column, k->descending ? "" : " IS NOT NULL");
	else if (k->descending && !has_value(k->field))
		text_printf(sql, "(%s < ?%zu OR %s IS NULL)", column, param, column);
	else
		text_printf(sql, "%s %c ?%zu", column, k->descending ? '<' : '>', param);
	if (i + 1 < q->n_sort) {
		if (null)
			text_printf(sql, " OR (%s IS NULL AND ", column);
		else
			text_printf(sql, " OR (%s = ?%zu AND ", column, param);
		put_behind(p, i + 1, sql);
		text_putc(sql, ')');
	}
	text_putc(sql, ')');
}

static void put_order(const struct page *p, struct text_buf *sql)
{
	for (size_t i = 0; i < p->request.n_sort; i++)
		text_printf(sql, "%s%s%s", i ? ", " : " ORDER BY ", p->request.sort[i].field->column,
		            p->request.sort[i].descending ? " DESC" : "");
}

/* Conditions, place, order and limit of the page. */
static void put_tail(struct page *p, struct text_buf *sql)
{
	const struct list_request *q = &p->request;

	put_conditions(p, sql);
	if (p->after) {
		const struct sort_key *first = &q->sort[0];

		text_puts(sql, q->n_conditions + q->n_rest ? " AND " : " WHERE ");
		/* Says the same once more in a form that lets an index begin at the right place. */
		if (has_value(first->field) && !json_is_null(json_array_get(p->after, 0)))
			text_printf(sql, "%s %s ?%zu AND ", first->field->column, first->descending ? "<=" : ">=",
			            q->n_conditions + 1);
		put_behind(p, 0, sql);
	}
	put_order(p, sql);
	text_printf(sql, " LIMIT ?%zu", q->n_conditions + q->n_sort + 1);
}

static void put_page(struct page *p, struct text_buf *sql)
{
	const char *id = entity_id_field(p->e)->column;
	int n = 0;

	text_puts(sql, "SELECT ");
	for (size_t i = 0; i < p->e->n_fields; i++)
		if (is_listed(&p->e->fields[i]))
			text_printf(sql, "%s%s", n++ ? ", " : "", p->e->fields[i].column);
	text_printf(sql, " FROM %s", p->e->view);
	if (!entity_is_plain(p->e)) {
		put_tail(p, sql);
		return;
	}
	/* Find the rows first, with no more joins than filter and sort need, then what is shown of them. */
	text_printf(sql, " WHERE %s IN (SELECT %s FROM %s", id, id, p->e->view);
	put_tail(p, sql);
	text_putc(sql, ')');
	put_order(p, sql);
}

static int bind_page(const struct page *p, sqlite3_stmt *stmt, int64_t limit)
{
	const struct list_request *q = &p->request;
	int rc = LS_OK;

	for (size_t i = 0; i < q->n_conditions && !rc; i++)
		if (!json_is_null(q->conditions[i].value))
			rc = column_bind(stmt, (int)i + 1, q->conditions[i].field, q->conditions[i].value);
	for (size_t i = 0; p->after && i < q->n_sort && !rc; i++)
		if (!json_is_null(json_array_get(p->after, i)))
			rc = column_bind(stmt, (int)(q->n_conditions + i) + 1, q->sort[i].field, json_array_get(p->after, i));
	if (limit)
		sqlite3_bind_int64(stmt, (int)(q->n_conditions + q->n_sort) + 1, limit);
	return rc ? rc : filter_sql_bind(&p->rest, stmt);
}

/*
 * Count without the view where possible, which touches a row of each join: a condition on a stored column is
 * asked of the table, one on a column that the parent stores (the tenant of a device's application)
 * of the parents. False: only the view can tell.
 */
static bool put_count_condition(const struct entity *e, const struct field *f, const char *test, struct text_buf *sql)
{
	const struct field *parent = entity_parent_field(e);
	const struct entity *owner = parent && parent->type == FT_REF ? entity_find(parent->choices) : NULL;
	const struct field *theirs = owner ? entity_field(owner, f->name) : NULL;

	if (column_is_stored(f)) {
		text_printf(sql, "%s %s", f->column, test);
		return true;
	}
	if (!theirs || !column_is_stored(theirs) || !entity_is_plain(owner) || !column_is_stored(parent))
		return false;
	text_printf(sql, "%s IN (SELECT %s FROM %s WHERE %s %s)", parent->column, entity_id_field(owner)->column,
	            owner->table, theirs->column, test);
	return true;
}

/* The rest names columns of the table itself only. */
static bool rest_is_stored(const struct list_request *q, int at)
{
	const struct filter_node *node = &q->filter->nodes[at];

	switch (node->op) {
	case FILTER_AND:
	case FILTER_OR: return rest_is_stored(q, node->left) && rest_is_stored(q, node->right);
	case FILTER_NOT: return rest_is_stored(q, node->left);
	case FILTER_SEARCH: return false;
	default: return column_is_stored(node->field);
	}
}

static void put_count(struct page *p, struct text_buf *sql)
{
	const struct list_request *q = &p->request;
	bool alone = entity_is_plain(p->e);
	char test[32];

	for (size_t i = 0; i < q->n_rest && alone; i++)
		alone = rest_is_stored(q, q->rest[i]);
	if (alone && !q->n_conditions && !q->n_rest) {
		text_printf(sql, "SELECT count(*) FROM %s", p->e->table);
		return;
	}
	text_printf(sql, "SELECT count(*) FROM (SELECT 1 FROM %s", p->e->table);
	for (size_t i = 0; i < q->n_conditions && alone; i++) {
		if (json_is_null(q->conditions[i].value))
			snprintf(test, sizeof(test), "IS NULL");
		else
			snprintf(test, sizeof(test), "= ?%zu", i + 1);
		text_puts(sql, i ? " AND " : " WHERE ");
		alone = put_count_condition(p->e, q->conditions[i].field, test, sql);
	}
	if (alone) {
		put_rest(p, q->n_conditions ? " AND " : " WHERE ", sql);
	} else {
		text_buf_reset(sql);
		text_printf(sql, "SELECT count(*) FROM (SELECT 1 FROM %s", p->e->view);
		put_conditions(p, sql);
	}
	text_printf(sql, " LIMIT %d)", COUNT_MAX);
}

static int count(struct store_db *db, struct page *p)
{
	struct text_buf sql;
	sqlite3_stmt *stmt = NULL;
	json_t *after = p->after;
	bool row;
	int rc;

	text_buf_init(&sql);
	put_count(p, &sql);
	rc = sql.bad ? LS_ENOMEM : LS_OK;
	if (!rc)
		stmt = db_prepare(db, sql.data, &rc);
	text_buf_fini(&sql);
	p->after = NULL;
	if (!rc)
		rc = bind_page(p, stmt, 0);
	p->after = after;
	if (!rc)
		rc = db_row(stmt, &row);
	if (rc)
		return rc;
	p->total = row ? sqlite3_column_int64(stmt, 0) : 0;
	if (p->total > COUNT_MAX)
		p->total = COUNT_MAX;
	sqlite3_reset(stmt);
	return LS_OK;
}

static json_t *read_item(const struct page *p, sqlite3_stmt *stmt)
{
	json_t *item = json_object();
	int n = 0;

	for (size_t i = 0; i < p->e->n_fields; i++)
		if (is_listed(&p->e->fields[i]))
			json_object_set_new(item, p->e->fields[i].name, column_json(stmt, n++, &p->e->fields[i]));
	return item;
}

static int read_page(struct store_db *db, struct page *p, struct record_list *l, int64_t limit)
{
	struct text_buf sql;
	sqlite3_stmt *stmt = NULL;
	bool row, more = false;
	int rc;

	text_buf_init(&sql);
	put_page(p, &sql);
	rc = sql.bad ? LS_ENOMEM : LS_OK;
	if (!rc)
		stmt = db_prepare(db, sql.data, &rc);
	text_buf_fini(&sql);
	if (!rc)
		rc = bind_page(p, stmt, limit + 1); /* one more, to know whether there is a next page */
	if (rc == LS_EINVAL) {
		snprintf(l->why, sizeof(l->why), "this cursor does not belong to this list");
		rc = LS_EUSAGE;
	}
	while (!rc && !(rc = db_row(stmt, &row)) && row) {
		more = (int64_t)json_array_size(l->items) == limit;
		if (more)
			break;
		if (json_array_append_new(l->items, read_item(p, stmt)))
			rc = LS_ENOMEM;
	}
	if (stmt) {
		sqlite3_reset(stmt);
		sqlite3_clear_bindings(stmt); /* they point into what is freed now */
	}
	if (!rc && more) {
		const json_t *last = json_array_get(l->items, json_array_size(l->items) - 1);

		if (!write_cursor(p, last, true, l->next_cursor) && !write_cursor(p, last, false, l->next_cursor))
			rc = LS_EBUG;
	}
	return rc;
}

static int read_request(const struct entity *e, struct record_list *l, struct list_request *q)
{
	struct filter_error error = {0};
	int rc = list_request_scope(q, e, l->scope, &error);

	if (!rc)
		rc = list_request_filter(q, e, l->filter, l->now_us ? l->now_us : clock_wall_us(), &error);
	if (!rc)
		rc = list_request_sort(q, e, l->sort, &error);
	snprintf(l->why, sizeof(l->why), "%s", error.why);
	snprintf(l->hint, sizeof(l->hint), "%s", error.hint);
	l->column = error.column;
	return rc;
}

int record_list(struct store_db *db, const struct entity *e, struct record_list *l)
{
	struct page p = {.e = e, .total = -1};
	const struct field *id = entity_id_field(e);
	int64_t limit = l->limit <= 0 ? LIMIT_PRESET : l->limit < LIMIT_MAX ? l->limit : LIMIT_MAX;
	int rc;

	l->items = NULL;
	l->next_cursor[0] = l->why[0] = l->hint[0] = '\0';
	l->total = 0;
	if (!e->view || !id || !id->column)
		return LS_EBUG; /* in memory only, or a log: read by store_log_read() */
	rc = read_request(e, l, &p.request);
	p.check = check_of(e, l);
	if (!rc && l->cursor && *l->cursor)
		rc = read_cursor(db, &p, l);
	if (!rc && p.total < 0)
		rc = count(db, &p);
	l->total = p.total;
	if (!rc) {
		l->items = json_array();
		rc = l->items ? read_page(db, &p, l, limit) : LS_ENOMEM;
	}
	if (rc) {
		json_decref(l->items);
		l->items = NULL;
	}
	json_decref(p.after);
	filter_sql_fini(&p.rest);
	list_request_fini(&p.request);
	return rc;
}
