/*
 * protocol.h - the control protocol: JSON-RPC 2.0, one object per line, over a Unix stream socket.
 *
 *   -> {"jsonrpc":"2.0","id":1,"method":"device.show","params":{"dev_eui":"0004a30b001c0530"}}
 *   <- {"jsonrpc":"2.0","id":1,"result":{...}}
 *   <- {"jsonrpc":"2.0","id":1,"error":{"code":-32003,"message":"no device ...","data":
 *        {"name":"notfound","exit":3,"field":"dev_eui","row":null,"why":"...","hint":"lsctl ...","request":17}}}
 *      (of a wrong filter also "column": the character, from 1, where it is wrong)
 *
 * The answer to a method that wrote has "change":N beside its result: the number `undo` takes. With "dry_run":true
 * among the parameters nothing is written, and the result is {"dry_run":true,"objects":N,"diff":[...]}.
 *
 * Writes between "bulk.begin" and "bulk.commit" are checked as they come, and done together by the commit, in one
 * transaction; their answers come just before its own.
 *
 * A stream method (event.tail, frame.tail) answers {"result":{"subscription":N}} and then sends
 * notifications {"jsonrpc":"2.0","method":"stream","params":{"subscription":N,"item":{...}}} until
 * {"method":"cancel","params":{"id":<id of the request>}} or the end of the connection. An item is the
 * object itself with its `cursor`; a hole in the log is {"kind":"gap","lost":14,"cursor":...}. A stream that
 * ends by itself (count reached) sends {"method":"stream","params":{"subscription":N,"end":true}}.
 *
 * The first request should be "hello" ({"client":"lsctl 0.1.0"}): protocol number, server version,
 * role, schema hash. Lines longer than CONTROL_LINE_MAX end the connection.
 */
#ifndef LS_CONTROL_PROTOCOL_H
#define LS_CONTROL_PROTOCOL_H

#include <jansson.h>
#include <stddef.h>

#define CONTROL_PROTOCOL 1
#define CONTROL_LINE_MAX (1024 * 1024)
#define CONTROL_DEPTH_MAX 16

/* JSON-RPC codes of protocol faults; errors of methods are -32000 - exit code. */
#define RPC_PARSE_ERROR (-32700)
#define RPC_INVALID_REQUEST (-32600)
#define RPC_UNKNOWN_METHOD (-32601)
#define RPC_INVALID_PARAMS (-32602)

/*
 * Build the error member: code from ls_error (exit code and name follow from it). message, field, why
 * and hint are text of people; NULL leaves a key out. New reference.
 */
json_t *rpc_error(int ls_error, const char *message, const char *field, const char *why, const char *hint);

/* Nesting depth of brackets in a line (strings skipped), to refuse deep bombs before parsing. */
size_t json_depth(const char *line, size_t len);

/*
 * Default socket path: $LSCTL_SOCKET is not looked at here. Order: $XDG_RUNTIME_DIR/loraserver/control.sock
 * if it exists (or for_listen and not root), then /run/loraserver/control.sock. Returns buf.
 */
char *control_default_socket(char *buf, size_t size, int for_listen);

#endif
