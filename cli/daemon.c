/* daemon.c - the connection to the daemon, and how its absence is told. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "control/protocol.h"
#include "error.h"
#include "run.h"
#include "terminal.h"

int daemon_connect(struct cli *c)
{
	char default_path[256], why[256], reason[512];
	const char *path = c->opt.socket;

	if (!path)
		path = control_default_socket(default_path, sizeof(default_path), 0);
	int rc = control_client_open(path, c->opt.timeout_ms, &c->client, why, sizeof(why));

	if (rc == LS_OK) {
		control_client_trace(c->client, c->opt.trace);
		if (c->opt.verbose) {
			const json_t *hello = control_client_hello(c->client);
			const char *version = json_string_value(json_object_get(hello, "version"));

			fprintf(stderr, "loraserverd %s answers on ", version ? version : "?");
			put_text(stderr, true, path, strlen(path));
			fputc('\n', stderr);
		}
		return 0;
	}
	if (rc == LS_EVERSION)
		return fail(c, rc, why, NULL, "the daemon on %s speaks another version", path);
	if (rc == LS_EPERM)
		return fail(c, rc, why, NULL, "not permitted");
	if (rc != LS_EUNREACHABLE)
		return fail(c, rc, NULL, NULL, "%s", ls_strerror(rc));

	const char *hint = "systemctl start loraserverd";

	if (strcmp(why, "no such file") == 0) {
		snprintf(reason, sizeof(reason), "there is no %s", path);
	} else if (strcmp(why, "connection refused") == 0) {
		snprintf(reason, sizeof(reason), "nothing listens on %s", path);
	} else if (strcmp(why, "permission denied") == 0) {
		snprintf(reason, sizeof(reason), "this user may not open %s", path);
		hint = NULL;
	} else {
		snprintf(reason, sizeof(reason), "%s", path);
	}
	return fail(c, rc, reason, hint, "no daemon on the control socket (%s)", why);
}

int daemon_lost(const struct cli *c, int rc)
{
	char timeout[CLOCK_TEXT_SIZE];

	switch (rc) {
	case LS_EUNREACHABLE:
		return fail(c, rc, NULL, "lsctl status", "lost the daemon: it closed the connection");
	case LS_ETIMEOUT:
		duration_format((int64_t)c->opt.timeout_ms * 1000, timeout);
		return fail(c, rc, "the daemon may still carry it out", NULL, "no answer within %s", timeout);
	case LS_EFORMAT:
		return fail(c, LS_EVERSION, NULL, NULL, "the daemon's answer is not of this protocol");
	default:
		return fail(c, rc, NULL, NULL, "%s", ls_strerror(rc));
	}
}

int daemon_call(struct cli *c, const struct method *m, json_t *params, json_t **result)
{
	char name[METHOD_NAME_SIZE];
	json_t *error = NULL;
	int rc = control_client_call(c->client, method_name(m, name), params, c->opt.timeout_ms, result, &error);
	int code = 0;

	if (error)
		code = fail_answer(c, error);
	else if (rc)
		code = daemon_lost(c, rc);
	json_decref(error);
	return code;
}
