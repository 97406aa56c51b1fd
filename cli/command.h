/* command.h - from words and flags to a row of the registry and its parameters. */
#ifndef LSCTL_COMMAND_H
#define LSCTL_COMMAND_H

#include "cli.h"

/* The fixed word for a synonym of a verb ("ls" -> "list"), or the word itself. */
const char *verb_canonical(const char *word);
/* The fixed word for a noun ("gw" -> "gateway"), or the word itself. */
const char *noun_canonical(const char *word);
/* True when some command begins with this word. */
bool noun_exists(const char *noun);
/* Commands people do not type: they belong to the protocol. */
bool method_is_hidden(const struct method *m);
/* It destroys what cannot be had back: a question on a terminal, --yes in a script. */
bool method_asks_first(const struct method *m);
/* It takes a payload, in one of several ways, and makes an item with an id. */
bool method_pushes(const struct method *m);

/*
 * Find the method that the first words name; sets c->method and c->first_id. Returns 0, or an
 * exit code after saying what is near. With `quietly` nothing is printed.
 */
int command_find(struct cli *c, bool quietly);

/* A parameter of c->method, copied, with what the command line says about it. */
struct param {
	struct field f;
	bool required;
};
#define PARAMS_MAX 96
struct params_list {
	struct param at[PARAMS_MAX];
	size_t n;
};
void params_of(const struct method *m, struct params_list *out);
const struct param *param_named(const struct params_list *list, const char *name);

/* Build and check the parameters for c->method. Returns 0, or an exit code after saying why. */
int command_params(struct cli *c, json_t **params);

#endif
