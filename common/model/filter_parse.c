/*
 * filter_parse.c - a filter as a tree.
 *
 * By descent, a function for each rule of filter.h. Each returns the place of its node, or -1 when the error is
 * written. Nodes lie in one array, so that a filter is freed by walking it, however far reading came.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "model/filter.h"
#include "model/filter_lex.h"
#include "model/filter_text.h"
#include "model/filter_value.h"

#define GLOB_MAX 128
#define DIGITS_MAX 16

struct parser {
	const struct filter_context *ctx;
	struct filter *f;
	struct filter_lexer lx;
	struct filter_error *error;
	int depth;
	int rc;
};

static int refuse(struct parser *p, const char *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int refuse(struct parser *p, const char *at, const char *hint, const char *fmt, ...)
{
	va_list ap;

	p->rc = LS_EUSAGE;
	if (p->lx.token == TOKEN_BAD)
		return -1; /* the lexer has said it */
	p->error->column = filter_column(&p->lx, at);
	va_start(ap, fmt);
	vsnprintf(p->error->why, sizeof(p->error->why), fmt, ap);
	va_end(ap);
	snprintf(p->error->hint, sizeof(p->error->hint), "%s", hint ? hint : "");
	return -1;
}

static int add_node(struct parser *p, enum filter_op op, int left, int right)
{
	struct filter *f = p->f;

	if (f->n == FILTER_NODES_MAX)
		return refuse(p, p->lx.start, NULL, "too many conditions, at most some %d", FILTER_NODES_MAX / 2);
	f->nodes[f->n] = (struct filter_node){.op = op, .left = left, .right = right};
	return f->n++;
}

/* --- fields --- */

bool filter_field_is_known(const struct field *f)
{
	return (f->column || (f->flags & FF_FILTER)) && !(f->flags & FF_SECRET) && f->type != FT_JSON;
}

static bool is_synonym(const struct field *f, const char *name)
{
	size_t len = strlen(name);

	if (f->cli && strcmp(f->cli, name) == 0)
		return true;
	for (const char *s = f->synonyms; s && *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (n == len && memcmp(s, name, n) == 0)
			return true;
		s += n;
	}
	return false;
}

/* By its name, else by a synonym; '-' is '_', cases alike. */
static const struct field *look_up(const struct entity *e, const char *word)
{
	char name[64];
	size_t n = 0;

	if (strlen(word) >= sizeof(name))
		return NULL;
	for (; word[n]; n++)
		name[n] = word[n] == '-' ? '_' : (char)tolower((unsigned char)word[n]);
	name[n] = '\0';
	const struct field *f = entity_field(e, name);

	for (size_t i = 0; !f && i < e->n_fields; i++)
		if (filter_field_is_known(&e->fields[i]) && is_synonym(&e->fields[i], name))
			f = &e->fields[i];
	return f;
}

static const struct field *tags_field(const struct entity *e)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (e->fields[i].type == FT_TAGS && filter_field_is_known(&e->fields[i]))
			return &e->fields[i];
	return NULL;
}

/* "site" of "tag.site", NULL when it is no tag. */
static const char *tag_key(const char *word)
{
	if (strncasecmp(word, "tag.", 4) == 0)
		return word + 4;
	return strncasecmp(word, "tags.", 5) == 0 ? word + 5 : NULL;
}

static int refuse_field(struct parser *p, const struct field *f, const char *word, const char *at)
{
	const struct entity *e = p->ctx->entity;
	const char *names[128];
	size_t n = 0;

	if (f)
		return refuse(p, at, NULL, "%s cannot be used in a filter", word);
	for (size_t i = 0; i < e->n_fields && n < 128; i++)
		if (filter_field_is_known(&e->fields[i]))
			names[n++] = e->fields[i].name;
	return refuse(p, at, nearest_word(word, names, n), "%s has no field '%.40s'", e->name, word);
}

/* The field `word` names, into the node; false: the error is written. */
static bool take_field(struct parser *p, struct filter_node *node, const char *word, const char *at)
{
	const char *key = tag_key(word);

	node->field = key ? tags_field(p->ctx->entity) : look_up(p->ctx->entity, word);
	if (!node->field || !filter_field_is_known(node->field))
		return refuse_field(p, node->field, word, at) >= 0;
	if (!key)
		return true;
	if (!*key || strlen(key) >= sizeof(node->tag) ||
	    key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")])
		return refuse(p, at, NULL, "a tag is written tag.KEY, and a key has A-Z a-z 0-9 _ . -") >= 0;
	snprintf(node->tag, sizeof(node->tag), "%s", key);
	return true;
}

/* --- conditions --- */

static bool is_value(const struct parser *p)
{
	return p->lx.token == TOKEN_WORD || p->lx.token == TOKEN_QUOTED;
}

static bool is_text_form(const struct filter_node *node)
{
	enum field_type t = node->field->type;

	return node->tag[0] || (t != FT_INT && t != FT_REAL && t != FT_BOOL && t != FT_TIME && t != FT_TAGS);
}

static bool fits(struct parser *p, const struct filter_node *node, enum filter_token sign, const char *at)
{
	if (node->field->type == FT_TAGS && !node->tag[0])
		return refuse(p, at, "tag.site = paris", "%s are asked one by one", node->field->name) >= 0;
	if (sign == TOKEN_REGEX || sign == TOKEN_GLOB) {
		if (!is_text_form(node))
			return refuse(p, at, NULL, "%s is no text: = != < <= > >= and in", node->field->name) >= 0;
	} else if (node->field->type == FT_BOOL && sign != TOKEN_EQ && sign != TOKEN_NE) {
		return refuse(p, at, NULL, "%s is true or false: = and !=", node->field->name) >= 0;
	}
	return true;
}

/* One value behind an operator or within in (...); appended to *values. */
static bool take_value(struct parser *p, struct filter_node *node, json_t *values)
{
	const char *at = p->lx.start;

	if (!is_value(p))
		return refuse(p, at, NULL, "a value is needed here; one with blanks or signs stands in quotes") >= 0;
	int rc = filter_value(p->ctx, &node->field, node->tag[0] != '\0', p->lx.word, values, p->error);

	if (rc) {
		p->rc = rc;
		p->error->column = filter_column(&p->lx, at);
		return false;
	}
	if (p->f->n_values + (int)json_array_size(values) > FILTER_VALUES_MAX)
		return refuse(p, at, NULL, "more than %d values", FILTER_VALUES_MAX) >= 0;
	filter_next(&p->lx);
	return true;
}

/* The node for values that were read: one is compared, several are looked through. Takes them. */
static void set_values(struct parser *p, struct filter_node *node, json_t *values)
{
	p->f->n_values += (int)json_array_size(values);
	if (node->op == FILTER_EQ && json_array_size(values) > 1)
		node->op = FILTER_IN;
	if (node->op == FILTER_IN) {
		node->value = values;
		return;
	}
	node->value = json_incref(json_array_get(values, 0));
	json_decref(values);
}

static int negate(struct parser *p, int node)
{
	return node < 0 ? -1 : add_node(p, FILTER_NOT, node, -1);
}

static int read_pattern(struct parser *p, int at_node, bool is_regex)
{
	struct filter_node *node = &p->f->nodes[at_node];
	const char *at = p->lx.start;
	char why[200];

	if (!is_value(p))
		return refuse(p, at, NULL, "a pattern is needed here; one with blanks or signs stands in quotes");
	if (!is_regex && strlen(p->lx.word) > GLOB_MAX)
		return refuse(p, at, NULL, "a pattern has at most %d characters", GLOB_MAX);
	if (!is_regex)
		node->op = FILTER_GLOB;
	else if (regex_compile(p->lx.word, &node->regex, why, sizeof(why)) == LS_OK)
		node->op = FILTER_REGEX;
	else
		return refuse(p, at, NULL, "%s", why);
	node->value = json_string(p->lx.word);
	if (!node->value)
		return refuse(p, at, NULL, "the pattern is not UTF-8");
	p->f->n_values++;
	filter_next(&p->lx);
	return at_node;
}

static int read_in(struct parser *p, int at_node)
{
	struct filter_node *node = &p->f->nodes[at_node];
	const char *at = p->lx.start;
	json_t *values;

	if (p->lx.token != TOKEN_OPEN)
		return refuse(p, at, NULL, "'in' is followed by values in parentheses: in (a, b)");
	values = json_array();
	do {
		const struct field *field = node->field;

		filter_next(&p->lx);
		at = p->lx.start;
		if (p->lx.token == TOKEN_QUOTED && !p->lx.word[0]) {
			json_decref(values);
			return refuse(p, at, NULL, "empty text is no value: not has %s", field->name);
		}
		if (!take_value(p, node, values)) {
			json_decref(values);
			return -1;
		}
		if (field != node->field && json_array_size(values) > 1) {
			json_decref(values);
			return refuse(p, at, NULL, "ids and names do not go together in one 'in'");
		}
	} while (p->lx.token == TOKEN_COMMA);
	if (p->lx.token != TOKEN_CLOSE) {
		json_decref(values);
		return refuse(p, p->lx.start, NULL, "',' or ')' is needed between values");
	}
	filter_next(&p->lx);
	node->op = FILTER_IN;
	set_values(p, node, values);
	return at_node;
}

static int read_comparison(struct parser *p, int at_node, enum filter_token sign)
{
	static const enum filter_op ops[] = {
		[TOKEN_EQ] = FILTER_EQ, [TOKEN_NE] = FILTER_EQ, [TOKEN_LT] = FILTER_LT, [TOKEN_LE] = FILTER_LE,
		[TOKEN_GT] = FILTER_GT, [TOKEN_GE] = FILTER_GE,
	};
	struct filter_node *node = &p->f->nodes[at_node];
	json_t *values;

	bool is_empty = p->lx.token == TOKEN_QUOTED && !p->lx.word[0] && is_text_form(node);

	if (filter_is_word(&p->lx, "null") || (is_empty && (sign == TOKEN_EQ || sign == TOKEN_NE))) {
		if (sign != TOKEN_EQ && sign != TOKEN_NE)
			return refuse(p, p->lx.start, NULL, "null is neither less nor more: = and !=");
		filter_next(&p->lx);
		node->op = FILTER_HAS;
		return sign == TOKEN_EQ ? negate(p, at_node) : at_node;
	}
	node->op = ops[sign];
	values = json_array();
	if (!take_value(p, node, values)) {
		json_decref(values);
		return -1;
	}
	if (node->op != FILTER_EQ && json_array_size(values) > 1) {
		json_decref(values);
		return refuse(p, p->lx.start, NULL, "several are called so: = and != only");
	}
	set_values(p, node, values);
	return sign == TOKEN_NE ? negate(p, at_node) : at_node;
}

static int read_has(struct parser *p)
{
	int node = add_node(p, FILTER_HAS, -1, -1);

	if (node < 0 || !take_field(p, &p->f->nodes[node], p->lx.word, p->lx.start))
		return -1;
	filter_next(&p->lx);
	return node;
}

/* --- search --- */

static bool is_searched(const struct entity *e)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (filter_field_is_searched(&e->fields[i]))
			return true;
	return false;
}

static int read_search(struct parser *p, const char *word, const char *at)
{
	int i = add_node(p, FILTER_SEARCH, -1, -1);
	char lower[FILTER_WORD_SIZE];
	size_t n = 0;

	if (i < 0)
		return -1;
	struct filter_node *node = &p->f->nodes[i];

	if (!*word)
		return refuse(p, at, NULL, "nothing to look for");
	if (!is_searched(p->ctx->entity))
		return refuse(p, at, NULL, "%s has neither name nor EUI to look '%.40s' up in", p->ctx->entity->name, word);
	for (; word[n]; n++)
		lower[n] = (char)tolower((unsigned char)word[n]);
	lower[n] = '\0';
	node->value = json_string(lower);
	if (!node->value)
		return refuse(p, at, NULL, "'%.40s' is not UTF-8", word);
	n = 0;
	for (const char *c = lower + (strncmp(lower, "0x", 2) == 0 ? 2 : 0); *c; c++) {
		if (strchr(" -:.", *c))
			continue;
		if (!isxdigit((unsigned char)*c) || n == DIGITS_MAX) {
			n = 0;
			break;
		}
		node->digits[n++] = *c;
	}
	node->digits[n] = '\0';
	p->f->n_values += 2;
	return i;
}

static bool is_sign(enum filter_token t)
{
	return t >= TOKEN_EQ && t <= TOKEN_GLOB;
}

/* A word that stands alone: a field that is true or false, or what is looked for. */
static int read_alone(struct parser *p, const char *word, const char *at)
{
	const struct field *f = tag_key(word) ? tags_field(p->ctx->entity) : look_up(p->ctx->entity, word);
	char hint[80];

	if (!f || !filter_field_is_known(f))
		return read_search(p, word, at);
	if (f->type != FT_BOOL) {
		snprintf(hint, sizeof(hint), "has %.70s", word);
		return refuse(p, at, hint, "an operator and a value are needed after %.60s", word);
	}
	int i = add_node(p, FILTER_EQ, -1, -1);

	if (i < 0)
		return -1;
	p->f->nodes[i].field = f;
	p->f->nodes[i].value = json_true();
	p->f->n_values++;
	return i;
}

static int read_condition(struct parser *p)
{
	const char *at = p->lx.start;
	char word[FILTER_WORD_SIZE];
	bool quoted = p->lx.token == TOKEN_QUOTED, inverted = false;

	if (!is_value(p) || filter_is_word(&p->lx, "and") || filter_is_word(&p->lx, "or"))
		return refuse(p, at, NULL, "a condition is needed here, like field=value");
	memcpy(word, p->lx.word, sizeof(word));
	filter_next(&p->lx);
	if (quoted && !is_sign(p->lx.token))
		return read_search(p, word, at);
	if (strcasecmp(word, "has") == 0 && p->lx.token == TOKEN_WORD)
		return read_has(p);
	if (filter_is_word(&p->lx, "not")) {
		struct filter_lexer ahead = p->lx;
		struct filter_error unused;

		ahead.error = &unused;
		filter_next(&ahead);
		inverted = filter_is_word(&ahead, "in");
		if (inverted)
			filter_next(&p->lx);
	}
	bool is_in = filter_is_word(&p->lx, "in");
	enum filter_token sign = p->lx.token;

	if (!is_in && !is_sign(sign))
		return read_alone(p, word, at);
	int node = add_node(p, FILTER_HAS, -1, -1);

	if (node < 0 || !take_field(p, &p->f->nodes[node], word, at) ||
	    !fits(p, &p->f->nodes[node], is_in ? TOKEN_EQ : sign, p->lx.start))
		return -1;
	filter_next(&p->lx);
	if (is_in) {
		node = read_in(p, node);
		return inverted ? negate(p, node) : node;
	}
	if (sign == TOKEN_REGEX || sign == TOKEN_GLOB)
		return read_pattern(p, node, sign == TOKEN_REGEX);
	return read_comparison(p, node, sign);
}

/* --- and, or, not --- */

static int read_or(struct parser *p);

static int read_factor(struct parser *p)
{
	const char *at = p->lx.start;
	bool is_not = filter_is_word(&p->lx, "not");
	int node;

	if (!is_not && p->lx.token != TOKEN_OPEN)
		return read_condition(p);
	if (++p->depth > FILTER_DEPTH_MAX)
		return refuse(p, at, NULL, "nested too deep, at most %d", FILTER_DEPTH_MAX);
	filter_next(&p->lx);
	if (is_not) {
		node = negate(p, read_factor(p));
	} else {
		node = read_or(p);
		if (node >= 0 && p->lx.token != TOKEN_CLOSE)
			return refuse(p, p->lx.token == TOKEN_END ? at : p->lx.start, NULL,
			              p->lx.token == TOKEN_END ? "this parenthesis is not closed" : "'and', 'or' or ')' is needed here");
		if (node >= 0)
			filter_next(&p->lx);
	}
	p->depth--;
	return node;
}

static int read_chain(struct parser *p, const char *word, enum filter_op op, int (*read)(struct parser *p))
{
	int node = read(p);

	while (node >= 0 && filter_is_word(&p->lx, word)) {
		filter_next(&p->lx);
		int right = read(p);

		node = right < 0 ? -1 : add_node(p, op, node, right);
	}
	return node;
}

static int read_and(struct parser *p)
{
	return read_chain(p, "and", FILTER_AND, read_factor);
}

static int read_or(struct parser *p)
{
	return read_chain(p, "or", FILTER_OR, read_and);
}

/* What stands behind a whole filter. */
static int refuse_rest(struct parser *p)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {{"&&", "and"}, {"&", "and"}, {"||", "or"}, {"|", "or"}};

	for (size_t i = 0; p->lx.token == TOKEN_WORD && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(p->lx.word, words[i].theirs) == 0)
			return refuse(p, p->lx.start, words[i].ours, "'%s' is none of the words here", words[i].theirs);
	if (p->lx.token == TOKEN_CLOSE)
		return refuse(p, p->lx.start, NULL, "this parenthesis closes nothing");
	return refuse(p, p->lx.start, NULL,
	              "'and' or 'or' is needed between two conditions; a value with blanks or signs stands in quotes");
}

int filter_parse(const struct filter_context *ctx, const char *text, struct filter **out, struct filter_error *error)
{
	struct parser p = {.ctx = ctx, .error = error};

	*out = NULL;
	*error = (struct filter_error){0};
	p.f = calloc(1, sizeof(*p.f));
	if (!p.f)
		return LS_ENOMEM;
	p.f->entity = ctx->entity;
	p.f->root = -1;
	p.lx = (struct filter_lexer){.text = text ? text : "", .p = text ? text : "", .error = error};
	if (strlen(p.lx.text) > FILTER_TEXT_MAX) {
		refuse(&p, p.lx.text, NULL, "a filter has at most %d characters", FILTER_TEXT_MAX);
	} else if (filter_next(&p.lx) != TOKEN_END) {
		p.f->root = read_or(&p);
		if (p.f->root >= 0 && p.lx.token != TOKEN_END)
			p.f->root = refuse_rest(&p);
		if (p.f->root < 0 && !p.rc)
			p.rc = LS_EUSAGE; /* the lexer's */
	}
	if (p.rc) {
		filter_free(p.f);
		return p.rc;
	}
	*out = p.f;
	return LS_OK;
}

void filter_free(struct filter *f)
{
	for (int i = 0; f && i < f->n; i++) {
		json_decref(f->nodes[i].value);
		if (f->nodes[i].op == FILTER_REGEX)
			regfree(&f->nodes[i].regex);
	}
	free(f);
}
