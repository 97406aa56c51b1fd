/*
 * bulk.c - see bulk.h. All writes go to the daemon between "bulk begin" and "bulk commit": it checks every one before the
 * first is done. What was refused is named with its id; with --keep-going the others are done, and the exit code is 7.
 */
#include "bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "diff.h"
#include "error.h"
#include "run.h"
#include "terminal.h"

#define EXIT_PARTLY 7
#define LINE_SIZE 4096
#define IDS_MAX 10000 /* the daemon takes no more as one */

struct ids {
	char **at;
	int *request; /* id of its request */
	size_t n, cap;
};

/* One word names what it is about, and there is no other. */
static bool takes_one_id(const struct method *m)
{
	struct params_list list;
	size_t n = 0, refs = 0;

	params_of(m, &list);
	for (size_t i = 0; i < list.n; i++) {
		n += (list.at[i].f.flags & FF_POSITIONAL) != 0;
		refs += (list.at[i].f.flags & FF_POSITIONAL) && list.at[i].f.type == FT_REF;
	}
	return n == 1 && refs == 1;
}

bool bulk_is_meant(const struct cli *c)
{
	const char *first = c->first_id < c->n_words ? c->words[c->first_id].text : "";

	if (!method_writes(c->method) || c->method->shape == SHAPE_CREATE || !takes_one_id(c->method))
		return false;
	return c->n_words > c->first_id + 1 || strcmp(first, "-") == 0 || *first == '@' || c->opt.where;
}

/* --- the ids --- */

static int add_id(struct cli *c, struct ids *ids, const char *text, size_t len)
{
	if (ids->n >= IDS_MAX)
		return fail(c, LS_ELONG, NULL, NULL, "more than %d objects in one command", IDS_MAX);
	if (ids->n == ids->cap) {
		size_t cap = ids->cap ? ids->cap * 2 : 64;
		char **at = realloc(ids->at, cap * sizeof(*at));
		int *request = at ? realloc(ids->request, cap * sizeof(*request)) : NULL;

		if (at)
			ids->at = at;
		if (!request)
			return fail(c, LS_ENOMEM, NULL, NULL, "out of memory");
		ids->request = request;
		ids->cap = cap;
	}
	ids->at[ids->n] = strndup(text, len);
	return ids->at[ids->n++] ? 0 : fail(c, LS_ENOMEM, NULL, NULL, "out of memory");
}

/* One a line, its first TAB field; empty lines and comments are none. */
static int read_ids(struct cli *c, struct ids *ids, const char *path)
{
	FILE *in = *path ? fopen(path, "re") : stdin;
	char line[LINE_SIZE];
	int code = 0;

	if (!in)
		return fail(c, LS_EUSAGE, NULL, NULL, "%s: %m", path);
	while (!code && fgets(line, sizeof(line), in)) {
		size_t len = strcspn(line, "\t\r\n");

		while (len > 0 && line[len - 1] == ' ')
			len--;
		if (len > 0 && line[0] != '#')
			code = add_id(c, ids, line, len);
	}
	if (in != stdin)
		fclose(in);
	return code;
}

/* Those that match the filter; the list of the same noun runs it, in the daemon. */
static int find_ids(struct cli *c, struct ids *ids)
{
	const struct entity *e = method_entity(c->method);
	char name[METHOD_NAME_SIZE];
	json_t *params = json_pack("{s:s, s:i}", "filter", c->opt.where, "limit", 1000), *result, *item;
	const struct method *list;
	size_t i;
	int code = 0;
	bool more = true;

	snprintf(name, sizeof(name), "%s.list", e->name);
	list = method_find(name);
	if (!list) {
		json_decref(params);
		return fail(c, LS_EUSAGE, NULL, NULL, "%s takes no --where", c->method->words);
	}
	if (c->opt.tenant)
		json_object_set_new(params, "tenant_id", json_string(c->opt.tenant));
	if (c->opt.app && c->method->entity == E_DEVICE)
		json_object_set_new(params, "application_id", json_string(c->opt.app));
	while (!code && more) {
		code = daemon_call(c, list, json_copy(params), &result);
		if (code)
			break;
		json_array_foreach(json_object_get(result, "items"), i, item) {
			const char *id = json_string_value(json_object_get(item, entity_id_field(e)->name));

			if (!code && id)
				code = add_id(c, ids, id, strlen(id));
		}
		more = json_is_string(json_object_get(result, "next_cursor"));
		json_object_set(params, "cursor", json_object_get(result, "next_cursor"));
		json_decref(result);
	}
	json_decref(params);
	return code;
}

static int gather(struct cli *c, struct ids *ids)
{
	int code = 0;

	for (size_t i = c->first_id; i < c->n_words && !code; i++) {
		const char *word = c->words[i].text;

		if (strcmp(word, "-") == 0 && c->in_tty)
			code = fail(c, LS_EUSAGE, "ids are read from a pipe", NULL, "stdin is a terminal");
		else if (strcmp(word, "-") == 0 || *word == '@')
			code = read_ids(c, ids, word + 1);
		else
			code = add_id(c, ids, word, strlen(word));
	}
	if (!code && c->opt.where && ids->n)
		code = fail(c, LS_EUSAGE, NULL, NULL, "either ids or --where");
	else if (!code && c->opt.where)
		code = find_ids(c, ids);
	return code;
}

static void ids_fini(struct ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->at[i]);
	free(ids->at);
	free(ids->request);
}

/* --- the calls --- */

/* What belongs to the whole goes with the commit; the rest is asked of each. */
static json_t *take_common(json_t *params)
{
	static const char *const names[] = {"dry_run", "expect", "confirm"};
	json_t *common = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(params, names[i]);

		if (value)
			json_object_set(common, names[i], value);
		json_object_del(params, names[i]);
	}
	return common;
}

static int check_answered(struct cli *c, const json_t *common, size_t n)
{
	bool counted = json_object_get(common, "expect") || json_is_true(json_object_get(common, "dry_run"));
	char question[160];

	if (c->opt.yes || counted || n == 0)
		return 0;
	if (!c->in_tty || !c->err_tty || c->opt.no_input) {
		char hint[64];

		snprintf(hint, sizeof(hint), "--expect %zu", n);
		return fail(c, LS_EUSAGE, "there is no terminal to ask on", hint, "%s of %zu objects needs --yes or --expect",
		            c->method->words, n);
	}
	snprintf(question, sizeof(question), "%s: %zu objects?", c->method->words, n);
	return ask(question) ? 0 : EXIT_DECLINED;
}

/* The parameters of one; the words stand for it alone meanwhile. */
static int params_for(struct cli *c, const char *id, json_t **params, json_t **common)
{
	size_t n_words = c->n_words;
	struct word word = c->words[c->first_id];
	char *where = c->opt.where;
	int code;

	c->words[c->first_id].text = id;
	c->n_words = c->first_id + 1;
	c->opt.where = NULL;
	code = command_params(c, params);
	c->words[c->first_id] = word;
	c->n_words = n_words;
	c->opt.where = where;
	if (!code) {
		json_decref(*common);
		*common = take_common(*params);
	}
	return code;
}

static int send_all(struct cli *c, struct ids *ids, json_t **common)
{
	char name[METHOD_NAME_SIZE];
	int code = 0;

	for (size_t i = 0; i < ids->n && !code; i++) {
		json_t *params;

		code = params_for(c, ids->at[i], &params, common);
		if (!code && i == 0)
			code = check_answered(c, *common, ids->n);
		if (code)
			break;
		int rc = control_client_send(c->client, method_name(c->method, name), params, &ids->request[i]);

		if (rc)
			code = daemon_lost(c, rc);
	}
	return code;
}

static const char *id_of_request(const struct ids *ids, json_int_t request)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->request[i] == request)
			return ids->at[i];
	return "";
}

/* One line each: what was refused, and of a dry run what would change. */
static void print_answer(struct cli *c, const struct ids *ids, const json_t *message, bool *seen_refusal)
{
	const char *id = id_of_request(ids, json_integer_value(json_object_get(message, "id")));
	const json_t *error = json_object_get(message, "error"), *result = json_object_get(message, "result");
	const char *text = json_string_value(json_object_get(error, "message"));

	if (error && strncmp(text ? text : "", "not done: ", 10) != 0) {
		char line[600];

		snprintf(line, sizeof(line), "%s: %s", id, text ? text : "refused");
		put_line(stderr, c->err_tty, line, strlen(line));
		*seen_refusal = true;
	}
	if (json_is_true(json_object_get(result, "dry_run")))
		diff_print(c, json_object_get(result, "diff"));
}

static int take_answers(struct cli *c, const struct ids *ids, int commit, json_t **result)
{
	bool seen = false;

	for (;;) {
		json_t *message;
		int rc = control_client_next(c->client, c->opt.timeout_ms, &message), code = 0;

		if (rc)
			return daemon_lost(c, rc);
		if (json_integer_value(json_object_get(message, "id")) != commit) {
			print_answer(c, ids, message, &seen);
			json_decref(message);
			continue;
		}
		if (json_object_get(message, "error"))
			code = fail_answer(c, json_object_get(message, "error"));
		else
			*result = json_incref(message);
		json_decref(message);
		return code;
	}
}

static int commit_all(struct cli *c, struct ids *ids, json_t *common /* taken */)
{
	json_t *answer = NULL;
	int commit, rc = control_client_send(c->client, "bulk.commit", common, &commit);
	int code = rc ? daemon_lost(c, rc) : take_answers(c, ids, commit, &answer);
	const json_t *result = json_object_get(answer, "result");
	long long failed = (long long)json_integer_value(json_object_get(result, "failed"));
	long long change = (long long)json_integer_value(json_object_get(answer, "change"));

	if (!code && c->out_tty && !c->opt.quiet && change)
		fprintf(stderr, "%lld done; undo: lsctl undo %lld\n", (long long)json_integer_value(json_object_get(result, "done")),
		        change);
	json_decref(answer);
	return !code && failed > 0 ? EXIT_PARTLY : code;
}

int run_bulk(struct cli *c)
{
	struct ids ids = {.n = 0};
	json_t *common = NULL, *result = NULL;
	int code = daemon_connect(c);

	if (!code)
		code = gather(c, &ids);
	if (!code && ids.n == 0) {
		ids_fini(&ids);
		return c->opt.fail_empty ? EXIT_NO : 0;
	}
	if (!code)
		code = daemon_call(c, method_find("bulk.begin"), json_pack("{s:b}", "keep_going", c->opt.keep_going), &result);
	json_decref(result);
	if (!code)
		code = send_all(c, &ids, &common);
	if (!code)
		code = commit_all(c, &ids, common);
	else
		json_decref(common);
	ids_fini(&ids);
	return code;
}
