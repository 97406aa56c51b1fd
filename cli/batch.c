/*
 * batch.c - see batch.h.
 *
 * Without a flag each command waits for the one before, and the first that fails ends the batch with its code. With
 * --keep-going they are sent ahead of their answers. With --atomic the daemon collects them (bulk.begin): all are done or none.
 */
#include "batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "command.h"
#include "error.h"
#include "run.h"
#include "terminal.h"

#define EXIT_PARTLY 7
#define LINE_SIZE 65536
#define ARGS_MAX 256
#define AHEAD_MAX 128 /* sent without their answers: what is little enough to fit into the socket */

struct batch {
	struct cli *cli;
	FILE *in;
	int *line_of;    /* by id of the request, from first_request on */
	int first_request;
	size_t n_sent, n_answered, cap;
	size_t n_failed;
	int code;        /* of the first that failed */
	bool only_last;  /* wait for each */
	bool dry_run;
};

/* Words as a shell splits them: blanks, '...', "...", \x; # begins a comment. False when a quote is left open. */
static bool split(char *text, char **argv, int *argc)
{
	char *from = text, *to = text;

	*argc = 1;
	argv[0] = (char *)"lsctl";
	for (;;) {
		while (*from == ' ' || *from == '\t')
			from++;
		if (!*from || *from == '#' || *argc == ARGS_MAX)
			return !*from || *from == '#';
		argv[(*argc)++] = to;
		for (char quote = 0; *from && (quote || (*from != ' ' && *from != '\t')); from++) {
			if (quote ? *from == quote : *from == '\'' || *from == '"')
				quote = quote ? 0 : *from;
			else if (*from == '\\' && quote != '\'' && from[1])
				*to++ = *++from;
			else
				*to++ = *from;
			if (quote && !from[1])
				return false;
		}
		if (*from)
			from++;
		*to++ = '\0';
	}
}

static void print_result(struct batch *b, int line, int code, const json_t *result, const json_t *error, json_int_t change)
{
	json_t *row = json_pack("{s:i, s:i}", "line", line, "exit", code);
	char *text;

	if (result)
		json_object_set(row, "result", (json_t *)result);
	if (error)
		json_object_set_new(row, "error", json_copy(json_object_get(error, "message")));
	if (change)
		json_object_set_new(row, "change", json_integer(change));
	text = json_dumps(row, JSON_COMPACT);
	if (text && !(b->cli->opt.quiet && !code))
		put_json_text(stdout, b->cli->out_tty, text, strlen(text));
	if (text && !(b->cli->opt.quiet && !code))
		putchar('\n');
	free(text);
	json_decref(row);
	if (code && !b->n_failed++)
		b->code = code;
}

static int code_of(const json_t *error)
{
	json_t *code = json_object_get(json_object_get(error, "data"), "exit");

	return json_is_integer(code) ? (int)json_integer_value(code) : ls_error_exit(LS_EBUG);
}

/* The next answer; 0, or an exit code when the daemon is lost. *commit: it is that of the whole. */
static int take_answer(struct batch *b, int commit_id, bool *commit)
{
	json_t *message;
	int rc = control_client_next(b->cli->client, b->cli->opt.timeout_ms, &message);

	if (rc)
		return daemon_lost(b->cli, rc);
	int id = (int)json_integer_value(json_object_get(message, "id"));
	const json_t *error = json_object_get(message, "error");

	if (id == commit_id) {
		*commit = true;
		if (error)
			b->code = fail_answer(b->cli, error);
	} else if (id >= b->first_request && (size_t)(id - b->first_request) < b->n_sent) {
		b->n_answered++;
		print_result(b, b->line_of[id - b->first_request], error ? code_of(error) : 0, json_object_get(message, "result"),
		             error, json_integer_value(json_object_get(message, "change")));
	}
	json_decref(message);
	return 0;
}

static int send_request(struct batch *b, const struct method *m, json_t *params /* taken */, int line)
{
	char name[METHOD_NAME_SIZE];
	int id, rc;

	if (b->n_sent == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		int *more = realloc(b->line_of, cap * sizeof(*more));

		if (!more) {
			json_decref(params);
			return fail(b->cli, LS_ENOMEM, NULL, NULL, "out of memory");
		}
		b->line_of = more;
		b->cap = cap;
	}
	rc = control_client_send(b->cli->client, method_name(m, name), params, &id);
	if (rc)
		return daemon_lost(b->cli, rc);
	if (!b->n_sent)
		b->first_request = id;
	b->line_of[b->n_sent++] = line;
	return 0;
}

/* A line as the command it is: 0 and its parameters, or the exit code after saying what is wrong. */
static int parse_line(struct cli *sub, json_t **params)
{
	int code = args_parse(sub);

	if (!code)
		code = command_find(sub, false);
	if (!code && (sub->method->shape == SHAPE_STREAM || sub->opt.help))
		code = fail(sub, LS_EUSAGE, NULL, NULL, "'%s' has no place in a batch", sub->method->words);
	if (!code)
		code = command_params(sub, params);
	if (!code && method_asks_first(sub->method) && !sub->opt.yes && !json_object_get(*params, "confirm") &&
	    !json_object_get(*params, "expect") && !json_object_get(*params, "dry_run")) {
		json_decref(*params);
		*params = NULL;
		code = fail(sub, LS_EUSAGE, "nobody is asked in a batch", NULL, "%s needs --yes", sub->method->words);
	}
	return code;
}

static int run_line(struct batch *b, char *text, int line)
{
	char *argv[ARGS_MAX + 1];
	struct cli *sub = calloc(1, sizeof(*sub));
	json_t *params = NULL;
	bool commit = false;
	int code;

	if (!sub)
		return fail(b->cli, LS_ENOMEM, NULL, NULL, "out of memory");
	sub->now_us = b->cli->now_us;
	sub->argv = argv;
	if (!split(text, argv, &sub->argc))
		code = fail(b->cli, LS_EUSAGE, NULL, NULL, "line %d: a quote is left open, or too many words", line);
	else
		code = sub->argc > 1 ? parse_line(sub, &params) : 0;
	if (code)
		print_result(b, line, code, NULL, NULL, 0);
	code = 0;
	if (params && b->dry_run && method_writes(sub->method))
		json_object_set_new(params, "dry_run", json_true());
	if (params)
		code = send_request(b, sub->method, params, line);
	while (!code && b->n_sent > b->n_answered && (b->only_last || (!b->cli->opt.atomic && b->n_sent - b->n_answered > AHEAD_MAX)))
		code = take_answer(b, -1, &commit);
	free(sub->opt.where);
	for (size_t i = 0; i < sub->n_flags; i++)
		free((char *)sub->flags[i].name);
	free(sub);
	return code;
}

static int run_lines(struct batch *b)
{
	char *text = malloc(LINE_SIZE);
	int code = text ? 0 : fail(b->cli, LS_ENOMEM, NULL, NULL, "out of memory");
	bool goes_on = b->cli->opt.keep_going || b->cli->opt.atomic;

	for (int line = 1; !code && (goes_on || !b->n_failed) && fgets(text, LINE_SIZE, b->in); line++) {
		text[strcspn(text, "\r\n")] = '\0';
		code = run_line(b, text, line);
	}
	if (text)
		explicit_bzero(text, LINE_SIZE); /* it may hold a key */
	free(text);
	return code;
}

/* What could not even be sent stands against the whole. */
static int commit(struct batch *b)
{
	int id, rc, code = 0;
	bool done = false;

	if (b->n_failed)
		return fail(b->cli, LS_EUSAGE, NULL, NULL, "%zu lines are no commands: nothing was written", b->n_failed);
	rc = control_client_send(b->cli->client, "bulk.commit", json_pack("{s:b}", "dry_run", b->dry_run), &id);
	if (rc)
		return daemon_lost(b->cli, rc);
	while (!code && !done)
		code = take_answer(b, id, &done);
	return code;
}

/* Of its own it has --dry-run; everything else stands in the lines. */
static int take_flags(struct cli *c, bool *dry_run)
{
	for (size_t i = 0; i < c->n_flags; i++) {
		if (strcmp(c->flags[i].name, "dry-run") != 0 || c->flags[i].negated)
			return fail(c, LS_EUSAGE, NULL, NULL, "no flag --%s for batch", c->flags[i].name);
		*dry_run = true;
	}
	return 0;
}

static int open_input(struct cli *c, FILE **in)
{
	const char *path = c->n_words > 1 ? c->words[1].text : "-";

	*in = stdin;
	if (c->n_words > 2)
		return fail(c, LS_EUSAGE, NULL, NULL, "batch: '%s' is one word too many", c->words[2].text);
	if (c->opt.atomic && c->opt.keep_going)
		return fail(c, LS_EUSAGE, NULL, NULL, "either --atomic or --keep-going");
	if (strcmp(path, "-") == 0 && c->in_tty)
		return fail(c, LS_EUSAGE, NULL, "lsctl batch FILE", "batch reads commands from a pipe or a file");
	if (strcmp(path, "-") != 0 && !(*in = fopen(path, "re")))
		return fail(c, LS_EUSAGE, NULL, NULL, "%s: %m", path);
	return 0;
}

int run_batch(struct cli *c)
{
	struct batch b = {.cli = c, .only_last = !c->opt.atomic && !c->opt.keep_going};
	json_t *result = NULL;
	bool unused = false;
	int code = take_flags(c, &b.dry_run);

	if (!code)
		code = open_input(c, &b.in);
	if (code)
		return code;
	code = daemon_connect(c);
	if (!code && c->opt.atomic)
		code = daemon_call(c, method_find("bulk.begin"), json_pack("{s:b}", "separate", 1), &result);
	json_decref(result);
	if (!code)
		code = run_lines(&b);
	if (!code && c->opt.atomic)
		code = commit(&b);
	while (!code && !c->opt.atomic && b.n_answered < b.n_sent)
		code = take_answer(&b, -1, &unused);
	if (b.in != stdin)
		fclose(b.in);
	free(b.line_of);
	flush_stdout();
	if (code || !b.code)
		return code;
	return c->opt.keep_going ? EXIT_PARTLY : b.code;
}

void help_batch(void)
{
	fputs("  lsctl batch commands.txt --keep-going\n"
	      "  sed 's/^/device show /' ids | lsctl batch -\n"
	      "\nusage: lsctl batch [FILE|-] [flags]\n"
	      "Runs commands, one a line without the word lsctl, over one connection; # begins a\n"
	      "comment. Prints an object for each: line, exit, and result or error.\n"
	      "  --atomic                 All are done, in one transaction, or none\n"
	      "  --keep-going             Do not stop at the first that fails; then exit 7\n"
	      "  --dry-run                Only say what would change\n"
	      "  -q, --quiet              Only what failed\n",
	      stdout);
}
