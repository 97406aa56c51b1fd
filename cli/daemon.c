/* daemon.c - the connection to the daemon, and how its absence is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/protocol.h"
#include "error.h"
#include "run.h"
#include "terminal.h"

#define ROUND_TRIP_MS 100

/* The time for one answer. Before a stream begins its own end counts too, but leaves time for a round trip. */
static int answer_ms(const struct cli *c)
{
	int64_t for_ms = c->opt.for_ms;

	if (for_ms < 0 || for_ms > c->opt.timeout_ms)
		return c->opt.timeout_ms;
	return for_ms > ROUND_TRIP_MS ? (int)for_ms : ROUND_TRIP_MS;
}

static int no_answer(const struct cli *c, const char *why, const char *hint)
{
	char timeout[CLOCK_TEXT_SIZE];

	duration_format((int64_t)answer_ms(c) * 1000, timeout);
	return fail(c, LS_ETIMEOUT, why, hint, "no answer within %s", timeout);
}

static int may_not_open(const struct cli *c, const char *path)
{
	char *line = command_line(c, 0, NULL, NULL), hint[1024];

	snprintf(hint, sizeof(hint), "sudo %s", line ? line : "lsctl");
	free(line);
	return fail(c, LS_EPERM,
	            "your user may not open it: root, the daemon's user and members of [server] admin_group may", hint,
	            "permission denied on the control socket %s", path);
}

int daemon_connect(struct cli *c)
{
	char default_path[256], why[256], reason[512];
	const char *path = c->opt.socket;

	if (!path)
		path = control_default_socket(default_path, sizeof(default_path), 0);
	int rc = control_client_open(path, c->opt.read_only, answer_ms(c), &c->client, why, sizeof(why));

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
	if (rc == LS_ETIMEOUT)
		return no_answer(c, "the daemon is there and silent: stopped, or very busy", "systemctl status loraserverd");
	if (rc == LS_EPERM && strcmp(why, "permission denied") == 0)
		return may_not_open(c, path);
	if (rc == LS_EPERM)
		return fail(c, rc, why, NULL, "not permitted");
	if (rc != LS_EUNREACHABLE)
		return fail(c, rc, NULL, NULL, "%s", ls_strerror(rc));

	const char *hint = "systemctl start loraserverd";

	if (strcmp(why, "no such file") == 0) {
		snprintf(reason, sizeof(reason), "there is no %s", path);
	} else if (strcmp(why, "connection refused") == 0) {
		snprintf(reason, sizeof(reason), "nothing listens on %s", path);
	} else {
		snprintf(reason, sizeof(reason), "%s", path);
	}
	return fail(c, rc, reason, hint, "no daemon on the control socket (%s)", why);
}

int daemon_lost(const struct cli *c, int rc)
{
	switch (rc) {
	case LS_EUNREACHABLE:
		return fail(c, rc, NULL, "lsctl status", "lost the daemon: it closed the connection");
	case LS_ETIMEOUT:
		return no_answer(c, "the daemon may still carry it out", NULL);
	case LS_EFORMAT:
		return fail(c, LS_EVERSION, NULL, NULL, "the daemon's answer is not of this protocol");
	default:
		return fail(c, rc, NULL, NULL, "%s", ls_strerror(rc));
	}
}

/*
 * The daemon writes only to what is named in full, and says what an abbreviation stands for. Who sits at a terminal
 * sees that before it is used; a script is told. True: the parameter is the full id now, ask again.
 */
static bool spelt_out(const struct cli *c, const struct method *m, const json_t *error, json_t *params)
{
	const json_t *data = json_object_get(error, "data");
	const char *field = json_string_value(json_object_get(data, "field"));
	const char *id = json_string_value(json_object_get(data, "id"));
	const struct entity *e = method_entity(m);

	if (!field || !id || !c->in_tty || !c->err_tty || c->opt.no_input)
		return false;
	fprintf(stderr, "%s%s ", role_on(c->err_color, ROLE_DIM), e ? e->name : "object");
	put_text(stderr, true, id, strlen(id));
	fprintf(stderr, "%s\n", role_off(c->err_color, ROLE_DIM));
	return json_object_set_new(params, field, json_string(id)) == 0;
}

int daemon_call(struct cli *c, const struct method *m, json_t *params, json_t **result)
{
	char name[METHOD_NAME_SIZE];
	json_t *error = NULL;
	int rc = control_client_call(c->client, method_name(m, name), json_incref(params), answer_ms(c), result, &error);
	int code = 0;

	if (error && spelt_out(c, m, error, params)) {
		json_decref(error);
		error = NULL;
		rc = control_client_call(c->client, method_name(m, name), json_incref(params), answer_ms(c), result, &error);
	}
	json_decref(params);
	if (error)
		code = fail_answer(c, error);
	else if (rc)
		code = daemon_lost(c, rc);
	json_decref(error);
	return code;
}
