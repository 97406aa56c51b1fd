/*
 * model.h - the registry: every entity, field and control method, once.
 *
 * The rows live in entities.c, methods.def and methods.c. From them come the daemon's
 * argument check, SQL of plain create/show/list/set/delete, lsctl's commands, flags, columns,
 * CSV headers and help, `describe`, and the manual. To add a field: one row and a migration. To add
 * a method: one row, one handler, one test.
 *
 * All of it is constant data; lookups never allocate.
 */
#ifndef LS_MODEL_MODEL_H
#define LS_MODEL_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entities.h"

enum field_type {
	FT_TEXT,      /* UTF-8 without controls, min..max characters */
	FT_UUID,      /* lower-case text */
	FT_EUI,       /* 16 hex digits */
	FT_DEV_ADDR,  /* 8 hex digits */
	FT_KEY,       /* 32 hex digits; always FF_SECRET */
	FT_INT,       /* min..max */
	FT_REAL,
	FT_BOOL,
	FT_ENUM,      /* one of `choices`, separated by blanks */
	FT_TIME,      /* RFC 3339 UTC with microseconds; stored as integer microseconds */
	FT_HEX,       /* octets as hex text, min..max octets; stored as BLOB */
	FT_TAGS,      /* JSON object string -> string; stored as JSON text */
	FT_REF,       /* another entity: its id, or its exact name where a parameter; stored as its id */
	FT_JSON,      /* any JSON value (results only) */
};

enum field_flag {
	FF_ID = 1 << 0,        /* the entity's key */
	FF_REQUIRED = 1 << 1,  /* at create */
	FF_IMMUTABLE = 1 << 2, /* not changed by set */
	FF_SECRET = 1 << 3,    /* masked unless asked for with the right to */
	FF_INDEXED = 1 << 4,
	FF_COLUMN = 1 << 5,    /* shown in tables by default */
	FF_READONLY = 1 << 6,  /* made by the daemon, never a parameter */
	FF_GENERATED = 1 << 7, /* an id the daemon makes at create */
	FF_PARENT = 1 << 8,    /* names are unique within this reference */
	FF_VIEW = 1 << 9,      /* only in the view, not in the table */
	FF_POSITIONAL = 1 << 10, /* parameters: written without a flag */
	FF_MANY = 1 << 11,     /* parameters: may be given several times (array) */
	FF_NO_EUI = 1 << 12,   /* text: 16 hex digits are refused, they would be read as an EUI */
	FF_FILTER = 1 << 14,   /* filters may ask for it though it has no column: it is found in the row itself */
	FF_AHEAD = 1 << 13,    /* times: a person who writes a duration means one from now on, not ago */
};

struct field {
	const char *name;      /* registry name = JSON key = CSV header = filter name */
	enum field_type type;
	unsigned flags;
	int64_t min, max;
	const char *choices;   /* FT_ENUM: "a b c"; FT_REF: entity name */
	const char *preset;    /* default as JSON text ("true", "\"\""), or NULL for null */
	const char *column;    /* column in table and view; NULL: not stored */
	const char *cli;       /* flag name without dashes when it differs ("app" for application_id) */
	const char *synonyms;  /* other headers an import accepts, separated by blanks */
	int width;             /* of the table column */
	const char *help;
};

struct entity {
	const char *name;      /* "device" */
	const char *synonyms;  /* words lsctl takes for it: "devices dev" */
	const char *table;     /* SQL table of plain writes */
	const char *view;      /* SQL view of reads: every field with a column */
	const struct field *fields;
	size_t n_fields;
	const char *default_sort; /* "name" or "-created_at" */
	const char *help;
};

enum right { RIGHT_NONE, RIGHT_READ, RIGHT_OPERATE, RIGHT_ADMIN };

enum method_shape {
	SHAPE_OWN,      /* parameters only from params rows */
	SHAPE_CREATE,   /* + all writable fields */
	SHAPE_SHOW,     /* + the id */
	SHAPE_LIST,     /* + filter, sort, limit, cursor; only limit where the entity is in memory only */
	SHAPE_SET,      /* + the id and all mutable fields, `unset` */
	SHAPE_DELETE,   /* + the id */
	SHAPE_ACT,      /* + the id: does something to it that is neither set nor delete */
	SHAPE_STREAM,   /* subscription: filter, since, last, cursor */
};

enum method_id {
#define METHOD(id, words, entity, shape, right, params, result, help) M_##id,
#include "model/methods.def"
#undef METHOD
	M__COUNT
};

struct method {
	enum method_id id;
	const char *words;     /* "device keys show": lsctl's words; with dots, the name on the wire */
	int entity;            /* enum entity_id, or E_NONE */
	enum method_shape shape;
	enum right right;
	const char *result;    /* name of an entity, or the members in a few words */
	const char *help;
	const struct field *params; /* own parameters, besides those of the shape */
	size_t n_params;
};

extern const struct entity model_entities[];
extern const size_t model_n_entities;
extern const struct method model_methods[M__COUNT];

const struct entity *entity_find(const char *word);            /* name or synonym */
const struct field *entity_field(const struct entity *e, const char *name);
const struct field *entity_id_field(const struct entity *e);
const struct field *entity_parent_field(const struct entity *e); /* NULL when names are global */
const struct method *method_find(const char *wire_name);       /* "device.keys.show" */
const struct entity *method_entity(const struct method *m);    /* NULL for E_NONE */
#define METHOD_NAME_SIZE 64
char *method_name(const struct method *m, char buf[METHOD_NAME_SIZE]); /* words with dots */

/*
 * The full parameter list of a method: own parameters, then what its shape adds, then what scopes
 * the look-up of names: tenant_id and application_id, optional, where a parameter refers to an
 * entity that has such a field. Calls fn for each; `required` tells whether it must be given (a
 * tenant need not: the daemon implies the only visible one). The id of show, set and delete is
 * passed as FT_REF to the entity, so a name does too. *f may be made for the call: copy
 * what must outlive it (its texts are constant). Stops early when fn returns false.
 */
void method_each_param(const struct method *m,
                       bool (*fn)(void *arg, const struct field *f, bool required), void *arg);

/* True when it changes something: then it takes dry_run, if_version, expect, confirm and reason. */
bool method_writes(const struct method *m);

/* True when a create may give the field, a set may change it. */
bool field_is_writable(const struct field *f);
bool field_is_mutable(const struct field *f);
/* Flag of lsctl without its dashes: `cli`, else the name with '_' as '-'. */
#define FIELD_FLAG_SIZE 64
char *field_flag(const struct field *f, char buf[FIELD_FLAG_SIZE]);
const char *field_type_name(enum field_type type); /* "eui", "dev_addr" ... */

/* The word a person most likely meant: smallest edit distance; NULL when nothing is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t n);

/*
 * Check one JSON value against a field and bring it to canonical form (lower-case hex without
 * separators, RFC 3339, numbers from numeric text). New reference in *out. FT_REF values are only
 * checked to be text: resolving needs the daemon. On failure LS_E... and a sentence for people
 * in why, and for the `hint` in try (may stay empty). Neither repeats the value of an FT_KEY.
 */
int field_check(const struct field *f, const json_t *value, json_t **out, char *why, size_t why_size,
                char *hint, size_t hint_size);

/*
 * True when text is no EUI but was one, or was meant as one: mangled by a spreadsheet, base64, a digit too few or too
 * many, a slip of the finger. The sentence and the hint (may stay empty) are those of field_check().
 */
bool eui_is_damaged(const char *text, char *why, size_t why_size, char *hint, size_t hint_size);

/*
 * Check a whole params object for a method: unknown names, missing ones, types, ranges. On success
 * *out is a new object in canonical form with defaults of SHAPE_CREATE filled in. Null means not given;
 * for a SHAPE_SET it means `unset`, and arrives so in *out ("unset" is an array of field names, or
 * absent; inside tags a null removes that key and stays). On failure the
 * error object of the control protocol (code, message, field, hint) in *error, new reference.
 */
int method_check_params(const struct method *m, const json_t *params, json_t **out, json_t **error);

/* The schema that `describe` answers: entities, fields, methods. New reference. Its hash in hello. */
json_t *model_describe(void);
const char *model_schema_hash(void); /* 16 hex digits; computed once, thread-unsafe first call */

#endif
