/*
 * output.h - rows out, in the form that -o names.
 *
 * Each form is one file with one struct output_form. A run is begin, then row for each object, then end;
 * rows may come page by page, and every form but the tables writes them as they come.
 */
#ifndef LSCTL_OUTPUT_H
#define LSCTL_OUTPUT_H

#include "columns.h"

#define FORMAT_PLACES_MAX 64
#define FORMAT_FUNCTIONS_MAX 4

/* A template of --format: text, then maybe a field. */
struct format {
	size_t n;
	struct placeholder {
		const char *literal; /* borrowed from the template */
		size_t literal_len;
		bool has_field;
		size_t column;       /* index among the columns */
		char align;          /* '<' '>' '^', or 0 */
		size_t width;
		unsigned char functions[FORMAT_FUNCTIONS_MAX];
		size_t n_functions;
	} at[FORMAT_PLACES_MAX];
};

struct output {
	const struct cli *cli;
	const struct entity *entity;     /* NULL: objects of no entity */
	const struct output_form *form;
	struct columns columns;
	struct format format;            /* of --format */
	struct text_buf cell;
	size_t n_rows;
	json_int_t total;                /* rows that match in the daemon; -1 unknown */
	bool more;                       /* the daemon has rows after the last one */
	size_t hidden;                   /* columns left out for want of width */
	json_t *kept;                    /* tables: rows until their widths are known */
};

struct output_form {
	const char *name;
	bool for_people;                 /* a pager may show it */
	bool all_fields;                 /* without -F every field, not the default columns */
	void (*begin)(struct output *out);
	void (*row)(struct output *out, json_t *item); /* item borrowed */
	void (*end)(struct output *out);
};

extern const struct output_form output_table, output_wide, output_detail, output_json, output_jsonl, output_csv,
	output_tsv, output_id, output_value, output_lines, output_conf, output_pcap, output_format;

const struct output_form *output_form_of(enum form form);

/* The form that -g, --format or -o ask for; FORM_DEFAULT: none does. */
enum form output_form_asked(const struct cli *c);
/* Read the template; its fields become the columns. 0, or an exit code after saying what is wrong. */
int format_compile(const struct cli *c, const struct entity *e, struct columns *columns, struct format *out);

/* Choose columns for the form. Returns 0 or an exit code after saying what is wrong. */
int output_open(struct output *out, const struct cli *c, const struct entity *e, enum form form);
void output_begin(struct output *out);
void output_row(struct output *out, json_t *item);
void output_end(struct output *out); /* flushes stdout */
void output_close(struct output *out);

/* A single object as JSON on several lines, or what -F leaves of it. */
void output_json_object(const struct cli *c, const struct columns *columns, const json_t *object);
/* detail.c: one object as `key  value` lines; nested objects as groups. */
void detail_print(struct output *out, const json_t *object);

#endif
