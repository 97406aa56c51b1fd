/*
 * settings.h - what holds when neither flag nor environment says it: the context saved by `use`, then the config file.
 *
 * The context ($XDG_STATE_HOME/lsctl/context, else ~/.local/state/lsctl/context) belongs to a person at a terminal: it
 * is ignored when neither stdin nor stdout is one, so that a cron job says all it means. The config file
 * ($XDG_CONFIG_HOME/lsctl/config, else ~/.config/lsctl/config) has lines `key = value`, # begins a comment; its keys are
 * those of config_keys[] in settings.c.
 */
#ifndef LSCTL_SETTINGS_H
#define LSCTL_SETTINGS_H

#include "cli.h"

/* Fill what flags and environment left open. Returns 0, or an exit code after saying what is wrong. */
int settings_load(struct cli *c);
void settings_free(struct cli *c);

void help_use(void);
/* lsctl use [tenant|app|device X] [..]: change the saved context, or show it. Returns the exit code. */
int run_use(struct cli *c);

#endif
