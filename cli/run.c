/* run.c - one-shot commands: lists, single objects, and changes. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "diff.h"
#include "error.h"
#include "output.h"
#include "terminal.h"

#define PAGE_ROWS 500         /* per call, when more are wanted */
#define TERMINAL_ROWS 100     /* without -n and --all */

/* --- lists --- */

static enum form list_form(const struct cli *c)
{
	if (output_form_asked(c) != FORM_DEFAULT)
		return output_form_asked(c);
	if (!c->out_tty)
		return FORM_TSV;
	/* A row of the log is a sentence more than a row of a table. */
	bool log = c->method->entity == E_EVENT || c->method->entity == E_FRAME;

	return log && !c->opt.fields ? FORM_LINES : FORM_TABLE;
}

/* Rows that were asked for; -1 for all there are. */
static int64_t rows_wanted(const struct cli *c)
{
	if (c->opt.all)
		return -1;
	if (c->opt.limit >= 0)
		return c->opt.limit;
	return c->out_tty ? TERMINAL_ROWS : -1;
}

static int list_pages(struct cli *c, struct output *out, json_t *params)
{
	int64_t wanted = rows_wanted(c);

	for (;;) {
		int64_t left = wanted < 0 ? PAGE_ROWS : wanted - (int64_t)out->n_rows;
		json_t *result, *item;
		size_t i;

		json_object_set_new(params, "limit", json_integer(left < PAGE_ROWS ? left : PAGE_ROWS));
		int code = daemon_call(c, c->method, json_copy(params), &result);

		if (code)
			return code;
		json_t *items = json_object_get(result, "items"), *cursor = json_object_get(result, "next_cursor");
		json_t *total = json_object_get(result, "total");

		if (json_is_integer(total))
			out->total = json_integer_value(total);
		json_array_foreach(items, i, item) {
			if (wanted >= 0 && (int64_t)out->n_rows >= wanted)
				break;
			output_row(out, item);
		}
		out->more = json_is_string(cursor) && json_array_size(items) > 0;
		bool more = out->more && (wanted < 0 || (int64_t)out->n_rows < wanted);

		if (more)
			json_object_set(params, "cursor", cursor);
		json_decref(result);
		if (!more)
			return 0;
	}
}

int run_list(struct cli *c, json_t *params)
{
	struct output out;
	int code = output_open(&out, c, method_entity(c->method), list_form(c));

	if (code) {
		json_decref(params);
		return code;
	}
	code = daemon_connect(c);
	if (!code) {
		output_begin(&out);
		code = list_pages(c, &out, params);
		/* After an error only what is complete without an end is left as it is. */
		if (!code)
			output_end(&out);
		else
			flush_stdout();
	}
	if (!code && c->opt.fail_empty && out.n_rows == 0)
		code = EXIT_NO;
	output_close(&out);
	json_decref(params);
	return code;
}

/* --- one object --- */

static enum form object_form(const struct cli *c)
{
	if (output_form_asked(c) != FORM_DEFAULT)
		return output_form_asked(c);
	return c->method->id == M_DESCRIBE ? FORM_JSON : FORM_DETAIL;
}

/* Print a result that is one object, or several (the sessions of a device). */
static void print_result(struct output *out, json_t *result)
{
	json_t *items = json_object_get(result, "items"), *item;
	size_t i;

	if (!items && out->form == &output_json) {
		output_json_object(out->cli, &out->columns, result);
		flush_stdout();
		return;
	}
	output_begin(out);
	if (items) {
		json_array_foreach(items, i, item)
			output_row(out, item);
	} else {
		output_row(out, result);
	}
	output_end(out);
}

int run_show(struct cli *c, json_t *params)
{
	const struct entity *e = method_entity(c->method);
	struct output out;
	json_t *result = NULL;
	int code = output_open(&out, c, e, object_form(c));

	if (!code)
		code = daemon_connect(c);
	if (!code)
		code = daemon_call(c, c->method, json_incref(params), &result);
	if (!code)
		print_result(&out, result);
	output_close(&out);
	json_decref(result);
	json_decref(params);
	return code;
}

/* --- changes --- */

static const char *verb_of(const struct method *m)
{
	const char *blank = strrchr(m->words, ' ');

	return blank ? blank + 1 : m->words;
}

static const char *past_of(const char *verb)
{
	static const struct {
		const char *verb, *past;
	} words[] = {
		{"create", "created"},     {"set", "changed"},           {"delete", "deleted"}, {"push", "queued"},
		{"activate", "activated"}, {"deactivate", "deactivated"}, {"flush", "flushed"},
		{"add", "added"},          {"remove", "removed"},        {"undo", "undone"},
		{"restore", "restored"},   {"purge", "purged"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].verb, verb) == 0)
			return words[i].past;
	return "done:";
}

/* "device 0004a30b001c0530 (pump)" from an object, or from what the command line named. */
static void describe_target(const struct cli *c, const json_t *object, const json_t *params, char *buf, size_t size)
{
	const struct entity *e = method_entity(c->method);
	const struct field *id = entity_id_field(e);
	const char *verb = verb_of(c->method);
	const char *value = json_string_value(json_object_get(object, id->name));
	const char *name = json_string_value(json_object_get(object, "name"));

	if (!name)
		name = json_string_value(json_object_get(params, "name"));
	if (!value && c->first_id < c->n_words) {
		value = json_string_value(json_object_get(params, id->name));
		if (!value)
			value = c->words[c->first_id].text;
	}
	snprintf(buf, size, "%.*s %s", (int)(verb - c->method->words - 1), c->method->words, value ? value : "");
	size_t n = strlen(buf);

	if (name && n < size && (!value || strcmp(name, value) != 0))
		snprintf(buf + n, size - n, " (%s)", name);
}

/* `show` with the same id and scope, so that the question names the object and not what was typed. */
static int look_at_target(struct cli *c, const json_t *params, json_t **object)
{
	const char *verb = verb_of(c->method);
	char name[METHOD_NAME_SIZE], words[METHOD_NAME_SIZE];
	size_t len = (size_t)(verb - c->method->words);

	*object = NULL;
	snprintf(words, sizeof(words), "%.*sshow", (int)len, c->method->words);
	for (char *p = words; *p; p++)
		if (*p == ' ')
			*p = '.';
	snprintf(name, sizeof(name), "%s", words);
	const struct method *show = method_find(name);

	return show ? daemon_call(c, show, json_copy((json_t *)params), object) : 0;
}

static int confirm(struct cli *c, const json_t *params, json_t **object)
{
	char target[256], question[300];

	if (c->opt.yes)
		return 0;
	int code = look_at_target(c, params, object);

	if (code)
		return code;
	describe_target(c, *object, params, target, sizeof(target));
	snprintf(question, sizeof(question), "%s %s?", verb_of(c->method), target);
	return ask(question) ? 0 : EXIT_DECLINED;
}

static int refuse_without_yes(struct cli *c)
{
	char *line = command_line(c, 0, NULL, "--yes");
	int code = fail(c, LS_EUSAGE, "there is no terminal to ask on", line, "%s needs --yes", c->method->words);

	free(line);
	return code;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* "undone: change 17, device set 0004a30b001c0530 (pump)" */
static void report_undone(const struct cli *c, const json_t *result)
{
	const char *name = text_of(result, "name");
	char line[700];

	if (!c->out_tty)
		return;
	snprintf(line, sizeof(line), "%s: change %lld, %s %s%s%s%s", past_of(verb_of(c->method)),
	         (long long)json_integer_value(json_object_get(result, "change_id")), text_of(result, "method"),
	         text_of(result, "object_id"), *name ? " (" : "", name, *name ? ")" : "");
	put_line(stdout, true, line, strlen(line));
}

/* create and push print the id for scripts; everything else is silent there. */
static void report(struct cli *c, const json_t *result, const json_t *target_object, const json_t *params)
{
	const struct field *id = entity_id_field(method_entity(c->method));
	const char *value = json_string_value(json_object_get(result, id->name));
	bool makes = c->method->shape == SHAPE_CREATE || method_pushes(c->method);
	char target[512];

	if (c->opt.quiet)
		return;
	if (c->method->entity == E_CHANGE || c->method->entity == E_TRASH) {
		report_undone(c, result);
		return;
	}
	if (!c->out_tty) {
		if (makes && value)
			put_line(stdout, c->out_tty, value, strlen(value));
		return;
	}
	if (method_pushes(c->method))
		snprintf(target, sizeof(target), "%s for %s", value ? value : "", c->words[c->first_id].text);
	else if (c->method->id == M_QUEUE_FLUSH || c->method->id == M_MULTICAST_QUEUE_FLUSH)
		snprintf(target, sizeof(target), "the queue of %s", c->words[c->first_id].text);
	else
		describe_target(c, value ? result : target_object, params, target, sizeof(target));
	char line[600];

	snprintf(line, sizeof(line), "%s %s", past_of(verb_of(c->method)), target);
	put_line(stdout, true, line, strlen(line));
}

/* How to take it back, for whoever sees it happen. */
static void tell_undo(const struct cli *c)
{
	uint64_t change = control_client_change(c->client);

	if (change && c->out_tty && c->err_tty && !c->opt.quiet && c->method->id != M_TRASH_PURGE)
		fprintf(stderr, "%sundo: lsctl undo %llu%s\n", role_on(c->err_color, ROLE_DIM), (unsigned long long)change,
		        role_off(c->err_color, ROLE_DIM));
}

/* What is tried only destroys nothing. */
static bool asks_first(const struct cli *c, const json_t *params)
{
	return method_asks_first(c->method) && !json_is_true(json_object_get(params, "dry_run")) &&
	       !json_object_get(params, "confirm") && !json_object_get(params, "expect");
}

int run_action(struct cli *c, json_t *params)
{
	bool prints = output_form_asked(c) != FORM_DEFAULT || c->opt.fields;
	bool can_ask = c->in_tty && c->err_tty && !c->opt.no_input;
	struct output out;
	json_t *result = NULL, *object = NULL;
	int code = output_open(&out, c, method_entity(c->method), object_form(c));

	if (!code && asks_first(c, params) && !c->opt.yes && !can_ask)
		code = refuse_without_yes(c);
	if (!code)
		code = daemon_connect(c);
	if (!code && asks_first(c, params))
		code = confirm(c, params, &object);
	if (!code)
		code = daemon_call(c, c->method, json_incref(params), &result);
	bool tried = json_is_true(json_object_get(result, "dry_run"));

	if (!code && tried && (c->opt.form == FORM_JSON || c->opt.form == FORM_JSONL))
		output_json_object(out.cli, &out.columns, result);
	else if (!code && tried)
		diff_print(c, json_object_get(result, "diff"));
	else if (!code && prints && json_is_object(result))
		print_result(&out, result);
	else if (!code)
		report(c, result, object, params);
	if (!code && !tried)
		tell_undo(c);
	flush_stdout();
	output_close(&out);
	json_decref(object);
	json_decref(result);
	json_decref(params);
	return code;
}
