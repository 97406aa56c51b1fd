/*
 * filter.h - the filter language: one text, read once into a small tree, asked of stored and of live rows.
 *
 *   filter     = term { "or" term }          term = factor { "and" factor }
 *   factor     = "not" factor | "(" filter ")" | condition
 *   condition  = FIELD ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) VALUE
 *              | FIELD "~" REGEX             POSIX extended, found anywhere, letters of one case
 *              | FIELD "=*" GLOB             * any text, ? one character, the whole value
 *              | FIELD [ "not" ] "in" "(" VALUE { "," VALUE } ")"
 *              | "has" FIELD
 *              | FIELD                       of type bool: is true
 *              | WORD                        in name, EUI or DevAddr, cases alike
 *
 * A word ends at a blank or at one of ( ) , ' " = ! < > ~; a value with these stands in quotes, of which two stand for
 * one inside. FIELD is a name of the registry, a synonym of it, or `tag.KEY`. A reference (`app = meters`) takes an id
 * or a name.
 *
 * There are two truth values: a row without a value matches no comparison with it, and `not` is the exact opposite; so
 * `a != 1` is `not a = 1`, and true of a row without a. `a = null` is `not has a`. Empty text is no value. Of a
 * field with many values (the gateways of a frame) one is enough; `!=` then says that none is.
 *
 * The tree is what a filter is; store/filter_sql.h makes SQL of it, filter_match() asks a row in memory. Pure: what
 * the time is and who has which name are passed in. Bounded in length, depth, conditions and values; a regular
 * expression too (filter_text.h).
 */
#ifndef LS_MODEL_FILTER_H
#define LS_MODEL_FILTER_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

#define FILTER_TEXT_MAX 4096 /* octets */
#define FILTER_DEPTH_MAX 32  /* of parentheses and `not` */
#define FILTER_NODES_MAX 128
#define FILTER_VALUES_MAX 100 /* in all */
#define FILTER_TAG_KEY_SIZE 65

enum filter_op {
	FILTER_AND, FILTER_OR, FILTER_NOT,              /* left, right */
	FILTER_HAS,                                     /* field */
	FILTER_EQ, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE, /* field, value; `!=` is NOT over EQ */
	FILTER_IN,                                      /* field, value: an array */
	FILTER_REGEX, FILTER_GLOB,                      /* field, value: the pattern */
	FILTER_SEARCH,                                  /* value: what to look for; digits when it may be of an EUI */
};

struct filter_node {
	enum filter_op op;
	int left, right;                    /* places in nodes; NOT has left only */
	const struct field *field;
	char tag[FILTER_TAG_KEY_SIZE];      /* field is of type tags: the key, "" for the object */
	json_t *value;                      /* canonical, owned */
	char digits[17];                    /* SEARCH: the word without separators, "" when no hex digits */
	regex_t regex;                      /* REGEX */
};

struct filter {
	const struct entity *entity;
	struct filter_node nodes[FILTER_NODES_MAX];
	int n;
	int root;                           /* -1: matches all */
	int n_values;
};

/* What is wrong, for people. column counts characters from 1, 0: not known; hint may be empty. */
struct filter_error {
	size_t column;
	char why[256], hint[160];
};

/* What the reader has to know besides the text. All borrowed. */
struct filter_context {
	const struct entity *entity;
	int64_t now_us;                     /* wall; what `now` is */
	/*
	 * The ids, as an array of canonical text, of what is called so; NULL or an empty array: nothing is. Without it
	 * a reference takes a name where the entity has a field for it (application_id: application_name).
	 */
	json_t *(*resolve)(void *arg, const struct entity *target, const char *name);
	void *arg;
};

/*
 * Read a text; NULL or blank matches all. On LS_OK *out is to be freed with filter_free(); else it is NULL and *error
 * says where and why: LS_EUSAGE, LS_ENOMEM. A filter is not changed afterwards: any thread may ask it.
 */
int filter_parse(const struct filter_context *ctx, const char *text, struct filter **out, struct filter_error *error);
void filter_free(struct filter *f); /* NULL is fine */

/* True when lists and streams may ask for the field: it is stored or found in the row, and no secret. */
bool filter_field_is_known(const struct field *f);
bool filter_field_is_searched(const struct field *f); /* a bare word looks there: names, EUIs, DevAddr */

/*
 * The value of a field in a row, new reference: canonical as field_check() has it, null or NULL when it has none, an array
 * when it has many. Of a field of type tags the whole object.
 */
typedef json_t *filter_get(void *row, const struct field *f);

/* For a row that is an object of canonical values by the names of the fields. */
json_t *filter_get_member(void *row, const struct field *f);

bool filter_match(const struct filter *f, filter_get *get, void *row);

/* One condition on one value, without `not`: what every form of asking rests on. null and "" match nothing. */
bool filter_test(const struct filter_node *node, const json_t *value);
/* The same for patterns and searches, on text in canonical form. */
bool filter_test_text(const struct filter_node *node, const char *text);

#endif
