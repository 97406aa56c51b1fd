/* run.h - call the daemon for c->method and print what it answers. Each returns the exit code. */
#ifndef LSCTL_RUN_H
#define LSCTL_RUN_H

#include "cli.h"

/* Connect to the daemon (c->client); 0 or an exit code after saying why not. */
int daemon_connect(struct cli *c);
/* One call; 0 or an exit code after saying what the daemon refused. params is stolen. */
int daemon_call(struct cli *c, const struct method *m, json_t *params, json_t **result);
/* What to say when the connection ends or goes silent: rc is what the client library returned. */
int daemon_lost(const struct cli *c, int rc);

int run_list(struct cli *c, json_t *params);   /* params is stolen by all of them */
int run_show(struct cli *c, json_t *params);
int run_action(struct cli *c, json_t *params); /* create, set, delete, push ... */
int run_stream(struct cli *c, json_t *params);

#endif
