/* settings.c - see settings.h. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "command.h"
#include "error.h"
#include "run.h"
#include "terminal.h"

#define PATH_SIZE 1024
#define LINE_SIZE 1200

static const char *const context_keys[CONTEXT__COUNT] = {"tenant", "app", "device"};

/* --- files of key = value --- */

/* "" when there is no home to look in. */
static void path_of(const char *variable, const char *below_home, const char *name, char buf[PATH_SIZE])
{
	const char *base = getenv(variable), *home = getenv("HOME");

	buf[0] = '\0';
	if (base && base[0] == '/')
		snprintf(buf, PATH_SIZE, "%s/lsctl/%s", base, name);
	else if (home && home[0] == '/')
		snprintf(buf, PATH_SIZE, "%s/%s/lsctl/%s", home, below_home, name);
}

static char *trimmed(char *text)
{
	text += strspn(text, " \t");
	for (size_t n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/* Call fn for each pair; a missing file has none. */
static int each_pair(struct cli *c, const char *path, int (*fn)(struct cli *c, const char *where, char *key, char *value))
{
	FILE *f = *path ? fopen(path, "re") : NULL;
	char line[LINE_SIZE], where[PATH_SIZE + 16];
	int code = 0;

	for (unsigned n = 1; f && !code && fgets(line, sizeof(line), f); n++) {
		char *key = trimmed(line), *equals = strchr(key, '=');

		if (!*key || *key == '#')
			continue;
		snprintf(where, sizeof(where), "%s:%u", path, n);
		if (!equals) {
			code = fail(c, LS_EUSAGE, NULL, "key = value", "%s: a line without =", where);
			break;
		}
		*equals = '\0';
		code = fn(c, where, trimmed(key), trimmed(equals + 1));
	}
	if (f)
		fclose(f);
	return code;
}

/* --- config file --- */

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static const struct config_key {
	const char *key;
	size_t at;                     /* of the text in struct options */
	const char *variables[2];      /* of the environment that come first */
} config_keys[CONFIG_KEYS] = {
	{"socket", offsetof(struct options, socket), {0}},
	{"tenant", offsetof(struct options, tenant), {0}},
	{"app", offsetof(struct options, app), {0}},
	{"pager", offsetof(struct options, settings_pager), {0}},
	{"color", offsetof(struct options, color), {"NO_COLOR", "CLICOLOR_FORCE"}},
};

static int take_config(struct cli *c, const char *where, char *key, char *value)
{
	const char *names[sizeof(config_keys) / sizeof(config_keys[0])];

	for (size_t i = 0; i < sizeof(config_keys) / sizeof(config_keys[0]); i++) {
		const struct config_key *k = &config_keys[i];
		const char **text = (const char **)((char *)&c->opt + k->at);

		names[i] = k->key;
		if (strcmp(k->key, key) != 0)
			continue;
		if (strcmp(key, "color") == 0 && strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 &&
		    strcmp(value, "never") != 0)
			return fail(c, LS_EUSAGE, "one of auto always never", NULL, "%s: color: no '%s'", where, value);
		if (*text || (k->variables[0] && (is_set(k->variables[0]) || is_set(k->variables[1]))))
			return 0;
		*text = c->configured[i] = strdup(value);
		return 0;
	}
	return fail(c, LS_EUSAGE, "keys are socket tenant app pager color",
	            nearest_word(key, names, sizeof(names) / sizeof(names[0])), "%s: no key '%s'", where, key);
}

/* --- context --- */

static int take_context(struct cli *c, const char *where, char *key, char *value)
{
	(void)where;
	for (size_t i = 0; i < CONTEXT__COUNT; i++)
		if (strcmp(context_keys[i], key) == 0)
			snprintf(c->context[i], sizeof(c->context[i]), "%s", value);
	return 0;
}

static void apply_context(struct cli *c)
{
	struct options *o = &c->opt;
	char *tenant = c->context[CONTEXT_TENANT], *app = c->context[CONTEXT_APP], *device = c->context[CONTEXT_DEVICE];

	/* Within another tenant the saved application is none. */
	if (o->tenant && strcmp(o->tenant, tenant) != 0)
		app[0] = device[0] = '\0';
	if (o->app && strcmp(o->app, app) != 0)
		device[0] = '\0';
	if (!o->tenant && *tenant)
		o->tenant = tenant;
	if (!o->app && *app)
		o->app = app;
}

int settings_load(struct cli *c)
{
	char path[PATH_SIZE];
	bool uses = c->n_words > 0 && strcmp(c->words[0].text, "use") == 0;
	int code = 0;

	if (c->in_tty || c->out_tty || uses) {
		path_of("XDG_STATE_HOME", ".local/state", "context", path);
		code = each_pair(c, path, take_context);
		if (!code)
			apply_context(c);
	}
	if (!code) {
		path_of("XDG_CONFIG_HOME", ".config", "config", path);
		code = each_pair(c, path, take_config);
	}
	return code;
}

void settings_free(struct cli *c)
{
	for (size_t i = 0; i < sizeof(c->configured) / sizeof(c->configured[0]); i++)
		free(c->configured[i]);
}

/* --- use --- */

static int show_context(const struct cli *c)
{
	if (c->opt.form == FORM_JSON || c->opt.form == FORM_JSONL) {
		json_t *o = json_object();

		for (size_t i = 0; i < CONTEXT__COUNT; i++)
			json_object_set_new(o, context_keys[i], c->context[i][0] ? json_string(c->context[i]) : json_null());
		char *text = json_dumps(o, JSON_COMPACT);

		puts(text ? text : "{}");
		free(text);
		json_decref(o);
		return 0;
	}
	for (size_t i = 0; i < CONTEXT__COUNT; i++)
		if (c->context[i][0]) {
			printf("%-7s ", context_keys[i]);
			put_line(stdout, c->out_tty, c->context[i], strlen(c->context[i]));
		}
	if (!c->context[0][0] && !c->opt.quiet)
		fprintf(stderr, "no context; lsctl use tenant NAME sets one\n");
	return 0;
}

static int make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		int rc = mkdir(path, 0700);

		*p = '/';
		if (rc < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int save_context(const struct cli *c)
{
	char path[PATH_SIZE], fresh[PATH_SIZE + 8];
	FILE *f = NULL;

	path_of("XDG_STATE_HOME", ".local/state", "context", path);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	mode_t before = umask(077);

	if (*path && make_folders(path) == 0)
		f = fopen(fresh, "we");
	umask(before);
	for (size_t i = 0; f && i < CONTEXT__COUNT; i++)
		if (c->context[i][0])
			fprintf(f, "%s = %s\n", context_keys[i], c->context[i]);
	if (!f || fclose(f) != 0 || rename(fresh, path) < 0)
		return fail(c, LS_EUSAGE, *path ? strerror(errno) : "HOME is not set", NULL, "cannot save the context in %s",
		            *path ? path : "the home directory");
	return 0;
}

static void keep_name(struct cli *c, size_t at, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(c->context[at], sizeof(c->context[at]), "%s", text && !strpbrk(text, "\r\n") ? text : "");
}

/* The object must be there; it brings what it belongs to. */
static int enter(struct cli *c, size_t what, const char *name)
{
	static const char *const methods[CONTEXT__COUNT] = {"tenant.show", "application.show", "device.show"};
	const struct method *m = method_find(methods[what]);
	json_t *params = json_object(), *object = NULL;
	int code = daemon_connect(c);

	json_object_set_new(params, entity_id_field(method_entity(m))->name, json_string(name));
	if (what != CONTEXT_TENANT && c->opt.tenant)
		json_object_set_new(params, "tenant_id", json_string(c->opt.tenant));
	if (what == CONTEXT_DEVICE && c->opt.app)
		json_object_set_new(params, "application_id", json_string(c->opt.app));
	if (!code)
		code = daemon_call(c, m, json_incref(params), &object);
	if (!code) {
		keep_name(c, CONTEXT_TENANT, object, what == CONTEXT_TENANT ? "name" : "tenant_name");
		keep_name(c, CONTEXT_APP, object, what == CONTEXT_APP ? "name" : "application_name");
		keep_name(c, CONTEXT_DEVICE, object, "dev_eui");
	}
	json_decref(object);
	json_decref(params);
	return code;
}

static int leave(struct cli *c)
{
	for (size_t i = CONTEXT__COUNT; i-- > 0;)
		if (c->context[i][0]) {
			c->context[i][0] = '\0';
			return 0;
		}
	return fail(c, LS_EUSAGE, "there is no context", NULL, "use ..: nothing to leave");
}

void help_use(void)
{
	fputs("  lsctl use tenant acme\n"
	      "  lsctl use app meters\n"
	      "  lsctl use ..\n\n"
	      "usage: lsctl use [tenant|app|device NAME | ..]\n"
	      "Saves what -t and -a are when they are not given; .. leaves the innermost, alone it\n"
	      "shows what is saved. It counts only when stdin or stdout is a terminal.\n", stdout);
}

int run_use(struct cli *c)
{
	static const char *const nouns[CONTEXT__COUNT] = {"tenant", "application", "device"};
	const char *noun = c->n_words > 1 ? noun_canonical(c->words[1].text) : NULL;
	size_t what = 0;
	int code;

	if (!noun)
		return show_context(c);
	if (c->n_words == 2 && strcmp(noun, "..") == 0) {
		code = leave(c);
	} else {
		while (what < CONTEXT__COUNT && strcmp(nouns[what], noun) != 0)
			what++;
		if (what == CONTEXT__COUNT || c->n_words != 3)
			return fail(c, LS_EUSAGE, NULL, "lsctl use tenant acme", "use takes tenant, app or device and its name, or ..");
		code = enter(c, what, c->words[2].text);
	}
	if (!code)
		code = save_context(c);
	return code ? code : c->out_tty && !c->opt.quiet ? show_context(c) : 0;
}
