/* command.c - see command.h. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "error.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *word, *verb;
} verb_synonyms[] = {
	{"ls", "list"},  {"get", "show"},   {"info", "show"},  {"add", "create"},
	{"new", "create"}, {"update", "set"}, {"rm", "delete"}, {"del", "delete"},
};

/* Commands without a daemon; their handlers are in main.c. */
static const char *const local_words[] = {"batch", "help", "schema", "use", "version"};

const char *verb_canonical(const char *word)
{
	for (size_t i = 0; i < COUNT(verb_synonyms); i++)
		if (strcmp(verb_synonyms[i].word, word) == 0)
			return verb_synonyms[i].verb;
	return word;
}

bool method_is_hidden(const struct method *m)
{
	return m->id == M_HELLO || m->id == M_CANCEL || m->id == M_BULK_BEGIN || m->id == M_BULK_COMMIT;
}

static bool begins_with_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	return strncmp(words, word, n) == 0 && (words[n] == ' ' || words[n] == '\0');
}

bool method_asks_first(const struct method *m)
{
	return m->shape == SHAPE_DELETE || m->id == M_DEVICE_DEACTIVATE; /* both destroy keys */
}

bool method_pushes(const struct method *m)
{
	return m->id == M_QUEUE_PUSH || m->id == M_MULTICAST_QUEUE_PUSH;
}

bool noun_exists(const char *noun)
{
	for (size_t i = 0; i < M__COUNT; i++)
		if (!method_is_hidden(&model_methods[i]) && begins_with_word(model_methods[i].words, noun))
			return true;
	return false;
}

const char *noun_canonical(const char *word)
{
	if (noun_exists(word))
		return word;
	const struct entity *e = entity_find(word);

	return e && noun_exists(e->name) ? e->name : word;
}

static void add_candidate(const char **list, size_t *n, size_t cap, const char *word)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], word) == 0)
			return;
	if (*n < cap)
		list[(*n)++] = word;
}

/*
 * The words that may follow `prefix` ("" for the first), cut out of the registry into store; returns how
 * many.
 */
static size_t words_after(const char *prefix, const char **list, size_t cap, char store[][32])
{
	size_t n = 0, stored = 0, prefix_len = strlen(prefix);

	for (size_t i = 0; i < M__COUNT; i++) {
		const char *rest = model_methods[i].words;

		if (method_is_hidden(&model_methods[i]))
			continue;
		if (prefix_len > 0) {
			if (!begins_with_word(rest, prefix) || rest[prefix_len] == '\0')
				continue;
			rest += prefix_len + 1;
		}
		size_t len = strcspn(rest, " "), before = n;

		if (stored == cap)
			break;
		snprintf(store[stored], 32, "%.*s", (int)len, rest);
		add_candidate(list, &n, cap, store[stored]);
		stored += n > before;
	}
	return n;
}

static int unknown_word(struct cli *c, size_t depth, const char *prefix)
{
	char store[64][32];
	const char *list[80];
	size_t n = words_after(prefix, list, 64, store);
	char all[512];
	int len = 0;

	all[0] = '\0';
	for (size_t i = 0; i < n && len >= 0 && (size_t)len < sizeof(all); i++)
		len += snprintf(all + len, sizeof(all) - (size_t)len, "%s%s", i ? " " : "", list[i]);

	if (depth >= c->n_words) {
		char hint[96];

		snprintf(hint, sizeof(hint), "lsctl %s -h", prefix);
		char why[600];

		snprintf(why, sizeof(why), "one of %s", all);
		return fail(c, LS_EUSAGE, why, hint, "%s needs a verb", prefix);
	}
	const struct word *w = &c->words[depth];

	if (depth == 0)
		for (size_t i = 0; i < COUNT(local_words); i++)
			add_candidate(list, &n, COUNT(list), local_words[i]);
	const char *near = nearest_word(w->text, list, n);
	char *line = near ? command_line(c, w->at, near, NULL) : NULL;
	char hint[96], why[600];

	snprintf(hint, sizeof(hint), "lsctl %s%s-h", prefix, *prefix ? " " : "");
	snprintf(why, sizeof(why), "one of %s", all);
	int code = depth == 0 ? fail(c, LS_EUSAGE, near ? NULL : why, line ? line : hint, "no command '%s'", w->text)
	                      : fail(c, LS_EUSAGE, near ? NULL : why, line ? line : hint, "no verb '%s' for %s",
	                             w->text, prefix);

	free(line);
	return code;
}

/* What `words` is: a method (returned), the beginning of one (*inner), or nothing. */
static const struct method *look_up(const char *words, bool *inner)
{
	*inner = false;
	for (size_t i = 0; i < M__COUNT; i++) {
		const struct method *m = &model_methods[i];

		if (method_is_hidden(m))
			continue;
		if (strcmp(m->words, words) == 0)
			return m;
		*inner |= begins_with_word(m->words, words);
	}
	return NULL;
}

/* Append the next typed word to prefix, as it is or as its synonym; false when neither leads on. */
static bool go_deeper(struct cli *c, size_t depth, char prefix[METHOD_NAME_SIZE])
{
	if (depth >= c->n_words)
		return false;
	const char *typed = c->words[depth].text;
	const char *tries[] = {depth == 0 ? noun_canonical(typed) : typed, depth == 0 ? typed : verb_canonical(typed)};

	for (size_t i = 0; i < COUNT(tries); i++) {
		char next[METHOD_NAME_SIZE];
		bool inner;
		int n = snprintf(next, sizeof(next), "%s%s%s", prefix, depth ? " " : "", tries[i]);

		if (n < 0 || (size_t)n >= sizeof(next))
			continue;
		c->method = look_up(next, &inner);
		if (c->method || inner) {
			memcpy(prefix, next, sizeof(next));
			return true;
		}
	}
	return false;
}

int command_find(struct cli *c, bool quietly)
{
	char prefix[METHOD_NAME_SIZE] = "";

	for (size_t depth = 0;; depth++) {
		if (!go_deeper(c, depth, prefix))
			return quietly ? ls_error_exit(LS_EUSAGE) : unknown_word(c, depth, prefix);
		if (c->method) {
			c->first_id = depth + 1;
			return 0;
		}
	}
}
