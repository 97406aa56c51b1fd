/* output.c - see output.h; and the two forms too small for a file: id and value. */
#include "output.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "pager.h"
#include "model/conf.h"
#include "terminal.h"

const struct output_form *output_form_of(enum form form)
{
	static const struct output_form *const forms[] = {
		[FORM_DEFAULT] = &output_detail, [FORM_TABLE] = &output_table, [FORM_WIDE] = &output_wide,
		[FORM_DETAIL] = &output_detail,  [FORM_JSON] = &output_json,   [FORM_JSONL] = &output_jsonl,
		[FORM_CSV] = &output_csv,        [FORM_TSV] = &output_tsv,     [FORM_ID] = &output_id,
		[FORM_VALUE] = &output_value,   [FORM_LINES] = &output_lines,
		[FORM_CONF] = &output_conf,      [FORM_FORMAT] = &output_format,
		[FORM_PCAP] = &output_pcap,
	};

	return forms[form];
}

enum form output_form_asked(const struct cli *c)
{
	return c->opt.get ? FORM_VALUE : c->opt.format ? FORM_FORMAT : c->opt.form;
}

int output_open(struct output *out, const struct cli *c, const struct entity *e, enum form form)
{
	*out = (struct output){.cli = c, .entity = e, .form = output_form_of(form), .total = -1};
	text_buf_init(&out->cell);
	if (form == FORM_VALUE && !c->opt.get && !c->opt.fields)
		return fail(c, LS_EUSAGE, NULL, "-g FIELD", "-o value needs to know which fields");
	if (form == FORM_PCAP && e != &model_entities[E_FRAME])
		return fail(c, LS_EUSAGE, NULL, "lsctl frame tail -o pcap | tshark -i -", "only frames can be captured as pcap");
	if (form == FORM_PCAP && c->out_tty)
		return fail(c, LS_EUSAGE, NULL, "... > frames.pcap, or ... | tshark -i -", "pcap is not for a terminal");
	if (form == FORM_ID && !entity_id_field(e))
		return fail(c, LS_EUSAGE, NULL, NULL, "%s has no id to print", c->method->words);
	if (form == FORM_CONF && !conf_has_form(e))
		return fail(c, LS_EUSAGE, "nothing of it can be set", "-o detail", "%s has no conf form", c->method->words);
	if (form == FORM_FORMAT)
		return format_compile(c, e, &out->columns, &out->format);
	int code = columns_choose(c, e, out->form->all_fields, &out->columns);

	if (code || e || out->columns.chosen)
		return code;
	/* No entity, no columns. */
	if (form == FORM_CSV || form == FORM_TSV)
		return fail(c, LS_EUSAGE, "it is one object, not rows of fields", "-o json, or -F with the fields wanted",
		            "%s has no columns for -o %s", c->method->words, out->form->name);
	if (form == FORM_TABLE || form == FORM_WIDE)
		out->form = &output_detail;
	return 0;
}

void output_begin(struct output *out)
{
	if (out->form->for_people)
		pager_begin(out->cli, out->form == &output_wide);
	if (out->form->begin)
		out->form->begin(out);
}

void output_row(struct output *out, json_t *item)
{
	out->form->row(out, item);
	out->n_rows++;
}

void output_end(struct output *out)
{
	if (out->form->end)
		out->form->end(out);
	pager_end();
	flush_stdout();
	if (out->hidden > 0 && !out->cli->opt.quiet)
		fprintf(stderr, "+%zu column%s hidden (-o wide)\n", out->hidden, out->hidden == 1 ? "" : "s");
}

void output_close(struct output *out)
{
	text_buf_fini(&out->cell);
	json_decref(out->kept);
}

/* --- id --- */

static void id_row(struct output *out, json_t *item)
{
	const char *id = json_string_value(json_object_get(item, entity_id_field(out->entity)->name));

	if (!id)
		return;
	put_line(stdout, out->cli->out_tty, id, strlen(id));
}

const struct output_form output_id = {.name = "id", .row = id_row};

/* --- value --- */

static void value_row(struct output *out, json_t *item)
{
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct column *column = &out->columns.at[i];

		text_buf_reset(&out->cell);
		cell_put(out->cli, column->f, column_value(column, item), false, &out->cell);
		if (i > 0)
			putchar('\t');
		if (out->cell.len > 0)
			put_text(stdout, out->cli->out_tty, out->cell.data, out->cell.len);
	}
	putchar('\n');
}

const struct output_form output_value = {.name = "value", .row = value_row};
