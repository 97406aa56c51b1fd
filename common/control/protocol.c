/* protocol.c - what both ends of the control protocol share: error members, depth, socket path. */
#include "control/protocol.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

json_t *rpc_error(int ls_error, const char *message, const char *field, const char *why, const char *hint)
{
	int exit_code = ls_error_exit(ls_error);
	json_t *data = json_pack("{s:s, s:i}", "name", ls_error_name(ls_error), "exit", exit_code);

	put_text(data, "field", field);
	put_text(data, "why", why);
	put_text(data, "hint", hint);
	return json_pack("{s:i, s:s, s:o}", "code", -32000 - exit_code, "message",
	                 message ? message : ls_strerror(ls_error), "data", data);
}

size_t json_depth(const char *line, size_t len)
{
	size_t depth = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > deepest)
				deepest = depth;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return deepest;
}

char *control_default_socket(char *buf, size_t size, int for_listen)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (dir && dir[0] == '/') {
		int n = snprintf(buf, size, "%s/loraserver/control.sock", dir);
		bool fits = n > 0 && (size_t)n < size;

		if (fits && ((for_listen && geteuid() != 0) || access(buf, F_OK) == 0))
			return buf;
	}
	snprintf(buf, size, "/run/loraserver/control.sock");
	return buf;
}
