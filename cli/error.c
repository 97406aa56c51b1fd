/* error.c - see error.h. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_buf.h"
#include "pager.h"
#include "secrets.h"
#include "terminal.h"

struct trouble {
	const char *code;
	int exit_code;
	const char *message, *why, *hint, *field;
	const json_t *row, *request;
};

static bool wants_json(const struct cli *c)
{
	return c->opt.form == FORM_JSON || c->opt.form == FORM_JSONL;
}

static void say(const char *label, const char *text)
{
	fputs(label, stderr);
	put_line(stderr, true, text, strlen(text)); /* always safe: one line is one line */
}

static int text_or_null(json_t *o, const char *key, const char *text)
{
	return json_object_set_new(o, key, text ? json_string(text) : json_null());
}

static void print_json(const struct cli *c, const struct trouble *t)
{
	json_t *o = json_pack("{s:s, s:i}", "code", t->code, "exit", t->exit_code);

	text_or_null(o, "message", t->message);
	text_or_null(o, "field", t->field);
	json_object_set_new(o, "row", t->row ? json_deep_copy(t->row) : json_null());
	text_or_null(o, "why", t->why);
	text_or_null(o, "hint", t->hint);
	json_object_set_new(o, "request", t->request ? json_deep_copy(t->request) : json_null());

	char *line = json_dumps(o, JSON_COMPACT);

	if (line)
		put_json_text(stderr, c->err_tty, line, strlen(line));
	fputc('\n', stderr);
	free(line);
	json_decref(o);
}

static int print(const struct cli *c, const struct trouble *t)
{
	pager_end(); /* what came before the error is seen before it */
	fflush(stdout);
	if (wants_json(c)) {
		print_json(c, t);
		return t->exit_code;
	}
	fprintf(stderr, "%slsctl:%s ", role_on(c->err_color, ROLE_ERROR), role_off(c->err_color, ROLE_ERROR));
	say("", t->message);
	if (t->why && *t->why)
		say("  why: ", t->why);
	if (t->hint && *t->hint)
		say("  try: ", t->hint);
	if (t->exit_code == 12 && t->request && !json_is_null(t->request)) {
		char *request = json_dumps(t->request, JSON_ENCODE_ANY);

		say("  request: ", request ? request : "?");
		free(request);
	}
	return t->exit_code;
}

static int fail_va(const struct cli *c, int ls_error, const char *field, const char *why, const char *hint,
                   const char *fmt, va_list ap) __attribute__((format(printf, 6, 0)));
static int fail_va(const struct cli *c, int ls_error, const char *field, const char *why, const char *hint,
                   const char *fmt, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, ap);
	struct trouble t = {.code = ls_error_name(ls_error), .exit_code = ls_error_exit(ls_error),
	                    .message = line, .why = why, .hint = hint, .field = field};

	return print(c, &t);
}

int fail(const struct cli *c, int ls_error, const char *why, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int code = fail_va(c, ls_error, NULL, why, hint, fmt, ap);

	va_end(ap);
	return code;
}

int fail_field(const struct cli *c, int ls_error, const char *field, const char *why, const char *hint,
               const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int code = fail_va(c, ls_error, field, why, hint, fmt, ap);

	va_end(ap);
	return code;
}

int fail_answer(const struct cli *c, const json_t *error)
{
	const json_t *data = json_object_get(error, "data");
	const json_t *exit_code = json_object_get(data, "exit");
	json_int_t code = json_integer_value(json_object_get(error, "code"));
	struct trouble t = {
		.code = json_string_value(json_object_get(data, "name")),
		.message = json_string_value(json_object_get(error, "message")),
		.why = json_string_value(json_object_get(data, "why")),
		.hint = json_string_value(json_object_get(data, "hint")),
		.field = json_string_value(json_object_get(data, "field")),
		.row = json_object_get(data, "row"),
		.request = json_object_get(data, "request"),
	};

	if (json_is_integer(exit_code))
		t.exit_code = (int)json_integer_value(exit_code);
	else if (code <= -32001 && code >= -32020)
		t.exit_code = (int)(-32000 - code);
	else if (code == -32601) /* a method this program knows and the daemon does not: another version */
		t.exit_code = ls_error_exit(LS_EVERSION);
	else
		t.exit_code = ls_error_exit(LS_EBUG);
	if (t.exit_code <= 0 || t.exit_code > 255)
		t.exit_code = ls_error_exit(LS_EBUG);
	if (!t.code)
		t.code = t.exit_code == 9 ? "version" : "bug";
	if (!t.message)
		t.message = "the daemon refused without saying why";
	return print(c, &t);
}

void warn(const struct cli *c, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (c->opt.quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (wants_json(c)) {
		json_t *o = json_pack("{s:s}", "warning", line);
		char *text = json_dumps(o, JSON_COMPACT);

		fprintf(stderr, "%s\n", text ? text : "{}");
		free(text);
		json_decref(o);
		return;
	}
	fprintf(stderr, "%swarning:%s ", role_on(c->err_color, ROLE_WARN), role_off(c->err_color, ROLE_WARN));
	say("", line);
}

/* --- the command line again --- */

static void put_quoted(struct text_buf *t, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_+=:,./-";

	if (*word && word[strspn(word, plain)] == '\0') {
		text_puts(t, word);
		return;
	}
	text_putc(t, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			text_puts(t, "'\\''");
		else
			text_putc(t, *word);
	}
	text_putc(t, '\'');
}

char *command_line(const struct cli *c, int at, const char *word, const char *more)
{
	struct text_buf t;

	text_buf_init(&t);
	text_puts(&t, "lsctl");
	for (int i = 1; i < c->argc; i++) {
		const char *arg = c->argv[i];
		const char *value = strchr(arg, '=');

		text_putc(&t, ' ');
		if (i == at) {
			text_puts(&t, word);
		} else if (i > 1 && is_key_flag(c->argv[i - 1]) && !strchr(c->argv[i - 1], '=') && is_plain_key(arg)) {
			text_puts(&t, "@FILE");
		} else if (value && is_key_flag(arg) && is_plain_key(value + 1)) {
			text_put(&t, arg, (size_t)(value - arg) + 1);
			text_puts(&t, "@FILE");
		} else {
			put_quoted(&t, arg);
		}
	}
	if (more) {
		text_putc(&t, ' ');
		text_puts(&t, more);
	}
	return t.bad ? NULL : t.data; /* the caller's now */
}
