/*
 * dispatch.c - from a line to a handler, and from its outcome to an answer.
 *
 * The table of handlers comes from methods.def: a row without its handler does not link. Rights are
 * tested in request_begin() and nowhere else; so are parameters and references.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "control/bulk.h"
#include "control/internal.h"
#include "lorawan/version.h"
#include "log.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))

static control_handler *const handlers[M__COUNT] = {
#define METHOD(id, words, entity, shape, right, params, result, help) [M_##id] = do_##id,
#include "model/methods.def"
#undef METHOD
};

enum request_kind request_kind(const struct method *m)
{
	switch (m->id) {
	case M_HELLO:
	case M_DESCRIBE:
	case M_CANCEL:
	case M_STATUS:
		return KIND_FREE;
	case M_BULK_BEGIN:
	case M_BULK_COMMIT:
	case M_DEVICE_ACTIVATE:
	case M_QUEUE_PUSH:
	case M_MULTICAST_DEVICE_ADD:
	case M_MULTICAST_GATEWAY_ADD:
	case M_MULTICAST_QUEUE_PUSH:
		return KIND_WRITE;
	case M_DEVICE_DEACTIVATE:
	case M_QUEUE_FLUSH:
	case M_MULTICAST_DEVICE_REMOVE:
	case M_MULTICAST_GATEWAY_REMOVE:
	case M_MULTICAST_QUEUE_FLUSH:
		return KIND_LONE;
	default:
		break;
	}
	switch (m->shape) {
	case SHAPE_CREATE:
	case SHAPE_SET:
		return KIND_WRITE;
	case SHAPE_SHOW:
	case SHAPE_STREAM:
		return KIND_READ;
	default:
		return KIND_LONE; /* deletes; lists, whose answers are long: one at a time */
	}
}

/* --- answers --- */

static int put_chunk(const char *data, size_t len, void *arg)
{
	text_put(arg, data, len);
	return 0;
}

static void put_dump(struct text_buf *out, const json_t *value)
{
	if (!value || json_dump_callback(value, put_chunk, out, DUMP_FLAGS) < 0)
		text_puts(out, "null");
}

static struct text_buf *open_answer(struct connection *conn, const json_t *id)
{
	struct text_buf *out = connection_out(conn);

	text_puts(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	put_dump(out, id);
	return out;
}

static void send_error(struct connection *conn, const json_t *id, const json_t *error)
{
	struct text_buf *out;

	if (conn->closing)
		return;
	out = open_answer(conn, id);
	text_puts(out, ",\"error\":");
	put_dump(out, error);
	text_puts(out, "}\n");
	connection_wrote(conn);
}

void request_drop(struct request *r)
{
	json_decref(r->id);
	json_decref(r->params);
	json_decref(r->error);
	free(r);
}

static void end(struct request *r)
{
	struct connection *conn = r->conn;

	if (r->begun) {
		conn->in_flight--;
		conn->reads -= r->kind == KIND_READ;
		conn->writes -= r->kind == KIND_WRITE;
		if (r->kind == KIND_LONE)
			conn->lone = false;
		if (!conn->closing)
			connection_schedule(conn);
		connection_unref(conn);
	}
	request_drop(r);
}

void request_answer_text(struct request *r, const char *json, size_t len)
{
	struct connection *conn = r->conn;

	if (r->id && !conn->closing) {
		struct text_buf *out = open_answer(conn, r->id);

		text_puts(out, ",\"result\":");
		text_put(out, json, len);
		text_puts(out, "}\n");
		connection_wrote(conn);
	}
	end(r);
}

void request_answer(struct request *r, json_t *result)
{
	request_answer_change(r, result, 0);
}

void request_answer_change(struct request *r, json_t *result, uint64_t change_id)
{
	struct connection *conn = r->conn;

	if (r->id && !conn->closing) {
		struct text_buf *out = open_answer(conn, r->id);

		text_puts(out, ",\"result\":");
		put_dump(out, result);
		if (change_id)
			text_printf(out, ",\"change\":%llu", (unsigned long long)change_id);
		text_puts(out, "}\n");
		connection_wrote(conn);
	}
	json_decref(result);
	end(r);
}

void request_fail(struct request *r, int code)
{
	if (!r->error)
		r->error = rpc_error(code, NULL, NULL, NULL, NULL);
	if (ls_error_exit(code) == 12) {
		json_t *data = json_object_get(r->error, "data");
		char name[METHOD_NAME_SIZE];

		json_object_set_new(data, "request", json_integer((json_int_t)r->number));
		log_srv(LOG_ERR, "request %llu (%s): %s", (unsigned long long)r->number, method_name(r->method, name),
		        json_string_value(json_object_get(r->error, "message")));
	}
	if (r->id)
		send_error(r->conn, r->id, r->error);
	end(r);
}

int request_refuse(struct request *r, int code, const char *field, const char *why, const char *hint, const char *fmt, ...)
{
	char message[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	json_decref(r->error);
	r->error = rpc_error(code, message, field, why, hint && *hint ? hint : NULL);
	return code;
}

int request_refuse_filter(struct request *r, int code, size_t column, const char *why, const char *hint)
{
	request_refuse(r, code, "filter", NULL, hint, "filter, column %zu: %s", column, why);
	json_object_set_new(json_object_get(r->error, "data"), "column", json_integer((json_int_t)column));
	return code;
}

/* --- parameters --- */

const char *request_text(const struct request *r, const char *param)
{
	return json_string_value(json_object_get(r->params, param));
}

bool request_flag(const struct request *r, const char *param)
{
	return json_is_true(json_object_get(r->params, param));
}

int64_t request_int(const struct request *r, const char *param, int64_t preset)
{
	const json_t *v = json_object_get(r->params, param);

	return json_is_integer(v) ? json_integer_value(v) : preset;
}

/* --- lines --- */

/* Faults of the protocol itself have JSON-RPC's own codes. */
static void send_fault(struct connection *conn, const json_t *id, int rpc_code, const char *hint, const char *message)
{
	json_t *error = rpc_error(LS_EUSAGE, message, NULL, NULL, hint);

	json_object_set_new(error, "code", json_integer(rpc_code));
	send_error(conn, id, error);
	json_decref(error);
}

static void unknown_method(struct connection *conn, const json_t *id, const char *name)
{
	char names[M__COUNT][METHOD_NAME_SIZE], message[160];
	const char *list[M__COUNT];

	for (int i = 0; i < M__COUNT; i++)
		list[i] = method_name(&model_methods[i], names[i]);
	snprintf(message, sizeof(message), "no method '%.80s'", name);
	send_fault(conn, id, RPC_UNKNOWN_METHOD, nearest_word(name, list, M__COUNT), message);
}

/* The members of a request; NULL with the fault sent. */
static const struct method *check_members(struct connection *conn, const json_t *line)
{
	const json_t *id = json_object_get(line, "id"), *params = json_object_get(line, "params");
	const char *version = json_string_value(json_object_get(line, "jsonrpc"));
	const char *name = json_string_value(json_object_get(line, "method"));
	const struct method *m;

	if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		send_fault(conn, NULL, RPC_INVALID_REQUEST, NULL, "id must be a number or text");
	else if (!name || (json_object_get(line, "jsonrpc") && (!version || strcmp(version, "2.0") != 0)))
		send_fault(conn, id, RPC_INVALID_REQUEST, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\"}",
		           "not a JSON-RPC 2.0 request");
	else if (params && !json_is_object(params) && !json_is_null(params))
		send_fault(conn, id, RPC_INVALID_PARAMS, NULL, "params must be an object");
	else if (!(m = method_find(name)))
		unknown_method(conn, id, name);
	else
		return m;
	return NULL;
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

void request_take_line(struct connection *conn, const char *line, size_t len)
{
	const struct method *m;
	json_error_t parse;
	struct request *r;
	json_t *object;
	char message[80];

	if (is_blank(line, len))
		return;
	if (json_depth(line, len) > CONTROL_DEPTH_MAX) {
		send_fault(conn, NULL, RPC_PARSE_ERROR, NULL, "nested too deeply");
		return;
	}
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &parse);
	if (!object) {
		const char *what = json_error_code(&parse) == json_error_duplicate_key ? "a key stands twice" : "not valid JSON";

		snprintf(message, sizeof(message), "%s, column %d", what, parse.column > 0 ? parse.column : 1);
		send_fault(conn, NULL, RPC_PARSE_ERROR, NULL, message);
		return;
	}
	if (!json_is_object(object)) {
		send_fault(conn, NULL, RPC_INVALID_REQUEST, NULL, "one request object a line is needed");
		goto out;
	}
	m = check_members(conn, object);
	if (!m)
		goto out;
	r = calloc(1, sizeof(*r));
	if (!r) {
		send_fault(conn, json_object_get(object, "id"), -32012, NULL, "out of memory");
		goto out;
	}
	r->conn = conn;
	r->method = m;
	r->kind = request_kind(m);
	r->number = ++conn->control->last_request;
	if (json_object_get(object, "id"))
		r->id = json_incref(json_object_get(object, "id"));
	r->params = json_incref(json_object_get(object, "params"));
	if (m->id == M_CANCEL) { /* does not wait behind what it ends */
		request_begin(r);
	} else {
		*conn->queue_end = r;
		conn->queue_end = &r->next;
		conn->n_queued++;
	}
out:
	json_decref(object);
}

/* --- beginning --- */

/* Its items are cancelled by that id: a second answer under it would be taken for the stream's. */
static int check_id(struct request *r)
{
	if (!r->id || json_is_null(r->id) || !stream_has(r->conn, r->id))
		return LS_OK;
	return request_refuse(r, LS_EUSAGE, NULL, "a stream of this connection has it until it ends or is cancelled", NULL,
	                      "the request id is in use");
}

static int check_right(struct request *r)
{
	const struct connection *conn = r->conn;

	if (conn->right >= r->method->right) {
		/* Keys need more than the right to read, but showing them changes nothing. */
		if (!conn->read_only || !method_writes(r->method) || r->method->shape == SHAPE_SHOW)
			return LS_OK;
		return request_refuse(r, LS_EPERM, NULL, "the connection is read-only, as its client asked (--read-only, LSCTL_READONLY)", NULL,
		                      "'%s' changes something", r->method->words);
	}
	char why[120];

	snprintf(why, sizeof(why), "user id %lu is neither root, the daemon's user nor in [server] admin_group",
	         (unsigned long)conn->peer.uid);
	return request_refuse(r, LS_EPERM, NULL, why, NULL, "'%s' needs the right '%s'", r->method->words,
	                      right_name(r->method->right));
}

/* A version has more names than the registry lists: "1.1" is "1.1.0", and 1.1.1 says what is the matter. */
static int name_mac_version(struct request *r)
{
	const char *text = json_string_value(json_object_get(r->params, "mac_version"));
	enum mac_version version;
	int rc = text && r->method->entity == E_PROFILE ? mac_version_parse(text, &version) : LS_EFORMAT;

	if (!rc && strcmp(text, mac_version_rules(version)->name) != 0)
		json_object_set_new(r->params, "mac_version", json_string(mac_version_rules(version)->name));
	if (rc != LS_EVERSION)
		return LS_OK;
	return request_refuse(r, LS_EINVAL, "mac_version", "this server speaks LoRaWAN 1.0.0 to 1.0.4 and 1.1.0", "--mac-version 1.1.0",
	                      "LoRaWAN %s is not supported", text);
}

static int check_params(struct server *srv, struct request *r)
{
	json_t *checked;
	int rc;

	if (!r->checked) {
		rc = name_mac_version(r);
		if (rc)
			return rc;
		rc = method_check_params(r->method, r->params, &checked, &r->error);
		if (rc)
			return rc;
		json_decref(r->params);
		r->params = checked;
		r->checked = true;
	}
	rc = resolve_references(srv, r);
	return rc ? rc : resolve_default_tenant(srv, r);
}

bool request_begin(struct request *r)
{
	struct connection *conn = r->conn;
	struct server *srv = conn->control->srv;
	int rc = check_id(r);

	if (!rc)
		rc = check_right(r);
	if (!rc)
		rc = check_params(srv, r);
	if (!rc && conn->bulk && r->method->id != M_BULK_COMMIT)
		rc = bulk_check(r);
	if (rc == REQUEST_PARKED && conn->writes && !conn->bulk) {
		r->parked = true;
		return false;
	}
	r->begun = true;
	conn->refs++;
	conn->in_flight++;
	conn->reads += r->kind == KIND_READ;
	conn->writes += r->kind == KIND_WRITE;
	if (r->kind == KIND_LONE)
		conn->lone = true;
	bool collected = conn->bulk && r->method->id != M_BULK_COMMIT;

	if (!rc)
		rc = handlers[r->method->id](srv, r);
	if (rc && collected)
		bulk_note_refusal(conn->bulk, rc);
	if (rc)
		request_fail(r, rc);
	return true;
}
