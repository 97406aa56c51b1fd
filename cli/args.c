/*
 * args.c - split argv. Flags may stand anywhere, even before the verb they belong to; whether an
 * unknown flag takes a value is then asked of the whole registry (a name means the same everywhere, a test
 * sees to that).
 */
#include "args.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/word_list.h"
#include "error.h"

enum global_id {
	G_TENANT, G_APP, G_SOCKET, G_OUTPUT, G_FIELDS, G_GET, G_WHERE, G_SORT, G_LIMIT, G_ALL, G_HEADER, G_TIME,
	G_COLOR, G_QUIET, G_VERBOSE, G_YES, G_FAIL_EMPTY, G_KEEP_GOING, G_ATOMIC, G_NO_INPUT, G_SHOW_SECRETS, G_READ_ONLY,
	G_TIMEOUT, G_TRACE,
	G_FORMAT, G_PAGER,
	G_RAW, G_SEP, G_BOM, G_FOR, G_CURSOR_FILE, G_HELP, G_VERSION, G__COUNT
};

const struct global_flag global_flags[] = {
	[G_TENANT] = {'t', "tenant", "NAME", "tenant (LSCTL_TENANT)"},
	[G_APP] = {'a', "app", "NAME", "application (LSCTL_APP)"},
	[G_SOCKET] = {'s', "socket", "PATH", "control socket (LSCTL_SOCKET)"},
	[G_OUTPUT] = {'o', "output", "FORM", "table wide detail conf json jsonl csv tsv id value pcap"},
	[G_FIELDS] = {'F', "fields", "A,B", "these fields; +a adds, -b drops; alone it lists them"},
	[G_GET] = {'g', "get", "A,B", "bare values, TAB between"},
	[G_WHERE] = {'w', "where", "FILTER", "only what matches: lsctl help filters"},
	[G_SORT] = {0, "sort", "A,-B", "sort by fields, - reverses"},
	[G_LIMIT] = {'n', "limit", "N", "at most N rows; tail: first N stored ones"},
	[G_ALL] = {0, "all", NULL, "no limit"},
	[G_HEADER] = {0, "header", NULL, "with names of columns (--no-header)"},
	[G_FORMAT] = {0, "format", "TEXT", "a line from '{name:>12} {data|hex}'; lsctl help output"},
	[G_TIME] = {0, "time", "FORM", "rel local utc unix"},
	[G_COLOR] = {0, "color", "WHEN", "auto always never (--no-color)"},
	[G_PAGER] = {0, "pager", NULL, "what is taller than the terminal in a pager (--no-pager)"},
	[G_QUIET] = {'q', "quiet", NULL, "no sentences, no warnings"},
	[G_VERBOSE] = {'v', "verbose", NULL, "say which daemon answered"},
	[G_YES] = {'y', "yes", NULL, "do not ask"},
	[G_FAIL_EMPTY] = {0, "fail-empty", NULL, "exit 1 when the list is empty"},
	[G_KEEP_GOING] = {0, "keep-going", NULL, "many objects: do what can be done"},
	[G_ATOMIC] = {0, "atomic", NULL, "batch: all commands or none"},
	[G_NO_INPUT] = {0, "no-input", NULL, "never ask on the terminal"},
	[G_SHOW_SECRETS] = {0, "show-secrets", NULL, "keys in full"},
	[G_READ_ONLY] = {0, "read-only", NULL, "the daemon refuses every change (LSCTL_READONLY)"},
	[G_TIMEOUT] = {0, "timeout", "30s", "wait no longer for an answer"},
	[G_TRACE] = {0, "trace", NULL, "protocol on stderr"},
	[G_RAW] = {0, "raw", NULL, "csv: no guard against formulas"},
	[G_SEP] = {0, "sep", "C", "csv: separator"},
	[G_BOM] = {0, "bom", NULL, "csv: byte order mark first"},
	[G_FOR] = {0, "for", "30s", "tail: end after this time"},
	[G_CURSOR_FILE] = {0, "cursor-file", "F", "tail: go on after the last line printed"},
	[G_HELP] = {'h', "help", NULL, "help for the words before it"},
	[G_VERSION] = {0, "version", NULL, "version of lsctl"},
};
const size_t n_global_flags = G__COUNT;
_Static_assert(G__COUNT <= 64, "cli.given has a bit for each");

static int find_global(const char *name, char letter)
{
	for (int i = 0; i < G__COUNT; i++)
		if (name ? strcmp(global_flags[i].name, name) == 0
		         : letter && global_flags[i].letter == letter)
			return i;
	return -1;
}

/* --- arity of flags of methods --- */

struct arity {
	const char *name;
	bool found, takes_value;
};

static bool look_at_param(void *arg, const struct field *f, bool required)
{
	struct arity *a = arg;
	char buf[FIELD_FLAG_SIZE];

	(void)required;
	if (strcmp(field_flag(f, buf), a->name) != 0)
		return true;
	a->found = true;
	a->takes_value = f->type != FT_BOOL;
	return false;
}

static struct arity arity_of(const char *name)
{
	struct arity a = {.name = name};

	for (size_t i = 0; i < M__COUNT && !a.found; i++)
		method_each_param(&model_methods[i], look_at_param, &a);
	return a;
}

bool args_is_method_flag(const char *name)
{
	return arity_of(name).found;
}

/* --- values of global flags --- */

struct choice {
	const char *word;
	int value;
};

static const struct choice form_choices[] = {
	{"table", FORM_TABLE}, {"wide", FORM_WIDE}, {"detail", FORM_DETAIL}, {"json", FORM_JSON}, {"jsonl", FORM_JSONL},
	{"csv", FORM_CSV}, {"tsv", FORM_TSV}, {"id", FORM_ID}, {"value", FORM_VALUE},
	{"conf", FORM_CONF}, {"pcap", FORM_PCAP},
};
static const struct choice time_choices[] = {
	{"rel", TIME_FORM_REL}, {"local", TIME_FORM_LOCAL}, {"utc", TIME_FORM_UTC}, {"unix", TIME_FORM_UNIX},
};
static const struct choice color_choices[] = {{"auto", 0}, {"always", 1}, {"never", 2}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int choose(struct cli *c, const char *flag, const struct choice *choices, size_t n, const char *word, int at,
                  int *out)
{
	const char *words[16];
	char all[200] = "one of";

	for (size_t i = 0; i < n; i++) {
		if (strcmp(choices[i].word, word) == 0) {
			*out = choices[i].value;
			return 0;
		}
		words[i] = choices[i].word;
		word_list_add(all, sizeof(all), " ", words[i]);
	}
	const char *near = nearest_word(word, words, n);
	bool alone = strcmp(c->argv[at], word) == 0; /* not --flag=word */
	char *line = near && alone ? command_line(c, at, near, NULL) : NULL;
	int code = fail(c, LS_EUSAGE, all, line ? line : near, "--%s: no '%s'", flag, word);

	free(line);
	return code;
}

static int milliseconds(struct cli *c, const char *flag, const char *text, int64_t *out)
{
	int64_t us;

	if (duration_parse(text, &us) != LS_OK || us < 0 || us / 1000 > INT32_MAX)
		return fail(c, LS_EUSAGE, "a duration needs its unit: 500ms 30s 5m 1h30m 7d", NULL,
		            "--%s: '%s' is not a duration", flag, text);
	*out = us / 1000;
	return 0;
}

/* `or` binds less than the `and` that joins several -w. */
static bool needs_parentheses(const char *filter)
{
	for (const char *p = filter; (p = strcasestr(p, "or")); p++)
		if ((p == filter || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[2]))
			return true;
	return false;
}

/* Conditions of several -w hold together. */
static int add_where(struct cli *c, const char *value)
{
	struct options *o = &c->opt;
	const char *before = o->where ? o->where : "";
	bool first = !o->where, left = !first && needs_parentheses(before), right = !first && needs_parentheses(value);
	size_t size = strlen(before) + strlen(value) + sizeof("() and ()");
	char *joined = malloc(size);

	if (!joined)
		return fail(c, LS_ENOMEM, NULL, NULL, "out of memory");
	if (first)
		snprintf(joined, size, "%s", value);
	else
		snprintf(joined, size, "%s%s%s and %s%s%s", left ? "(" : "", before, left ? ")" : "", right ? "(" : "", value,
		         right ? ")" : "");
	free(o->where);
	o->where = joined;
	return 0;
}

int fail_repeated(const struct cli *c, const char *flag)
{
	return fail(c, LS_EUSAGE, "it has one value", NULL, "--%s is given more than once", flag);
}

static int set_global(struct cli *c, int id, const char *value, bool negated, int at)
{
	struct options *o = &c->opt;
	const char *name = global_flags[id].name;
	int64_t n = 0;
	int choice = 0, code = 0;

	if (negated && id != G_HEADER && id != G_COLOR && id != G_PAGER)
		return fail(c, LS_EUSAGE, NULL, NULL, "--%s has no --no- form", name);
	if (global_flags[id].value && id != G_WHERE && (c->given & UINT64_C(1) << id))
		return fail_repeated(c, name);
	c->given |= UINT64_C(1) << id;

	switch ((enum global_id)id) {
	case G_TENANT: o->tenant = value; o->tenant_flag = true; break;
	case G_APP: o->app = value; o->app_flag = true; break;
	case G_SOCKET: o->socket = value; break;
	case G_OUTPUT:
		code = choose(c, name, form_choices, COUNT(form_choices), value, at, &choice);
		if (!code)
			o->form = (enum form)choice;
		break;
	case G_FIELDS:
		o->fields = value;
		o->list_fields = !value;
		break;
	case G_GET: o->get = value; break;
	case G_WHERE: code = add_where(c, value); break;
	case G_SORT: o->sort = value; break;
	case G_LIMIT: o->limit_text = value; break;
	case G_ALL: o->all = true; break;
	case G_HEADER: o->header = negated ? NO : YES; break;
	case G_FORMAT: o->format = value; break;
	case G_TIME:
		code = choose(c, name, time_choices, COUNT(time_choices), value, at, &choice);
		if (!code)
			o->time = (enum time_form)choice;
		break;
	case G_COLOR:
		if (negated)
			value = "never";
		code = choose(c, name, color_choices, COUNT(color_choices), value, at, &choice);
		if (!code)
			o->color = color_choices[choice].word;
		break;
	case G_PAGER: o->pager = negated ? NO : YES; break;
	case G_QUIET: o->quiet = true; break;
	case G_VERBOSE: o->verbose = true; break;
	case G_YES: o->yes = true; break;
	case G_FAIL_EMPTY: o->fail_empty = true; break;
	case G_KEEP_GOING: o->keep_going = true; break;
	case G_ATOMIC: o->atomic = true; break;
	case G_NO_INPUT: o->no_input = true; break;
	case G_SHOW_SECRETS: o->show_secrets = true; break;
	case G_READ_ONLY: o->read_only = true; break;
	case G_TIMEOUT:
		code = milliseconds(c, name, value, &n);
		o->timeout_ms = (int)n;
		break;
	case G_TRACE: o->trace = true; break;
	case G_RAW: o->raw = true; break;
	case G_SEP:
		if (strlen(value) != 1 || strchr("\"\r\n", value[0]))
			return fail(c, LS_EUSAGE, NULL, NULL, "--sep: one character is needed");
		o->sep = value[0];
		break;
	case G_BOM: o->bom = true; break;
	case G_FOR: code = milliseconds(c, name, value, &o->for_ms); break;
	case G_CURSOR_FILE: o->cursor_file = value; break;
	case G_HELP: o->help = true; break;
	case G_VERSION: o->version = true; break;
	case G__COUNT: break;
	}
	return code;
}

/* --- splitting --- */

/* "--name", "--name=value", "--name value", "--no-name". *i is moved past what was used. */
static int take_long(struct cli *c, int *i)
{
	char *name = c->argv[*i] + 2;
	char *equals = strchr(name, '=');
	char *value = equals ? equals + 1 : NULL;
	char *copy = equals ? strndup(name, (size_t)(equals - name)) : strdup(name);
	bool negated = false;
	int at = *i;

	if (!copy)
		return fail(c, LS_ENOMEM, NULL, NULL, "out of memory");
	for (char *p = copy; *p; p++) /* --app_key is --app-key */
		if (*p == '_')
			*p = '-';
	int global = find_global(copy, 0);
	const char *bare = copy;

	if (global < 0 && strncmp(copy, "no-", 3) == 0) {
		negated = true;
		bare = copy + 3;
		global = find_global(bare, 0);
	}
	/* Unknown: the word after it counts as an id, and the message names the flag first. */
	bool takes = global >= 0 ? global_flags[global].value != NULL : arity_of(bare).takes_value;

	if (takes && !value && !negated) {
		if (*i + 1 < c->argc) {
			value = c->argv[++*i];
			at = *i;
		} else if (global != G_FIELDS) {
			int code = fail(c, LS_EUSAGE, NULL, NULL, "--%s needs a value", bare);

			free(copy);
			return code;
		}
	}
	if (global >= 0) {
		int code;

		if (!takes && value)
			code = fail(c, LS_EUSAGE, NULL, NULL, "--%s takes no value", bare);
		else
			code = set_global(c, global, value, negated, at);
		free(copy);
		return code;
	}
	if (c->n_flags == FLAGS_MAX) {
		free(copy);
		return fail(c, LS_EUSAGE, NULL, NULL, "too many flags");
	}
	if (negated)
		memmove(copy, copy + 3, strlen(copy + 3) + 1);
	c->flags[c->n_flags++] = (struct flag_use){.name = copy, .value = value, .negated = negated, .at = at};
	return 0;
}

/* "-t acme", "-tacme", "-qy". */
static int take_short(struct cli *c, int *i)
{
	char *p = c->argv[*i] + 1;

	for (; *p; p++) {
		int global = find_global(NULL, *p);
		char *value = NULL;
		int at = *i;

		if (global < 0)
			return fail(c, LS_EUSAGE, NULL, "lsctl help flags", "no flag -%c", *p);
		if (global_flags[global].value) {
			if (p[1])
				value = p[1] == '=' ? p + 2 : p + 1;
			else if (*i + 1 < c->argc)
				value = c->argv[at = ++*i];
			else if (global != G_FIELDS)
				return fail(c, LS_EUSAGE, NULL, NULL, "-%c needs a value", *p);
		}
		int code = set_global(c, global, value, false, at);

		if (code || global_flags[global].value)
			return code;
	}
	return 0;
}

/* The form is known before anything can go wrong, so that every error has it. */
static void look_for_form(struct cli *c)
{
	for (int i = 1; i < c->argc && strcmp(c->argv[i], "--") != 0; i++) {
		const char *arg = c->argv[i];
		const char *value = NULL;

		if (strcmp(arg, "-o") == 0 || strcmp(arg, "--output") == 0)
			value = i + 1 < c->argc ? c->argv[i + 1] : NULL;
		else if (strncmp(arg, "--output=", 9) == 0)
			value = arg + 9;
		else if (strncmp(arg, "-o", 2) == 0)
			value = arg + 2;
		if (value && strcmp(value, "json") == 0)
			c->opt.form = FORM_JSON;
		if (value && strcmp(value, "jsonl") == 0)
			c->opt.form = FORM_JSONL;
	}
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int args_parse(struct cli *c)
{
	bool only_words = false;

	c->opt = (struct options){.limit = -1, .header = UNSET, .pager = UNSET, .timeout_ms = 30000, .sep = ',', .for_ms = -1};
	c->opt.tenant = environment("LSCTL_TENANT");
	c->opt.app = environment("LSCTL_APP");
	c->opt.socket = environment("LSCTL_SOCKET");
	/* Whatever it says but 0: a guard is not lost by a misspelt yes. */
	c->opt.read_only = environment("LSCTL_READONLY") && strcmp(environment("LSCTL_READONLY"), "0") != 0;
	look_for_form(c);

	for (int i = 1; i < c->argc; i++) {
		char *arg = c->argv[i];
		int code = 0;

		if (only_words || arg[0] != '-' || arg[1] == '\0') {
			if (c->n_words == WORDS_MAX)
				return fail(c, LS_EUSAGE, NULL, NULL, "too many words");
			c->words[c->n_words++] = (struct word){arg, i};
		} else if (strcmp(arg, "--") == 0) {
			only_words = true;
		} else if (arg[1] == '-') {
			code = take_long(c, &i);
		} else {
			code = take_short(c, &i);
		}
		if (code)
			return code;
	}
	uint64_t other = UINT64_C(1) << G_OUTPUT | UINT64_C(1) << G_FIELDS | UINT64_C(1) << G_GET;

	if (c->opt.format && (c->given & other))
		return fail(c, LS_EUSAGE, "the template says which fields, and how", NULL, "--format goes without -o, -F and -g");
	return 0;
}
