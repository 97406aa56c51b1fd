/*
 * client.h - a blocking client of the control socket, for lsctl and tests. (lstui will drive the
 * same framing from its own loop.)
 */
#ifndef LS_CONTROL_CLIENT_H
#define LS_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct control_client;

/*
 * Connect and say hello, both within timeout_ms (< 0 waits for ever). read_only: the server refuses every change
 * on this connection. With the reason in why (size why_size):
 * LS_EUNREACHABLE; LS_EPERM when the socket may not be opened ("permission denied") or the server refuses
 * this user; LS_ETIMEOUT when it is there and silent; LS_EVERSION when it speaks another protocol.
 */
int control_client_open(const char *path, bool read_only, int timeout_ms, struct control_client **out, char *why,
                        size_t why_size);
void control_client_close(struct control_client *c); /* NULL is fine */

const json_t *control_client_hello(const struct control_client *c); /* borrowed */

/* Print every line sent and received on stderr (--trace); secrets are replaced. */
void control_client_trace(struct control_client *c, bool on);

/*
 * One call. LS_OK: *result new reference. LS_EUNREACHABLE connection lost, LS_ETIMEOUT; any other
 * code: the server refused, *error is its error member (new reference).
 */
int control_client_call(struct control_client *c, const char *method, json_t *params /* stolen */,
                        int timeout_ms, json_t **result, json_t **error);

/* The number of the change that the last call made, for `undo`; 0: none. */
uint64_t control_client_change(const struct control_client *c);

/* Pipelining: send without waiting; then take answers and notifications in order of arrival. */
int control_client_send(struct control_client *c, const char *method, json_t *params /* stolen */, int *id);
/* *line is a whole message (new reference). LS_ETIMEOUT when nothing came in timeout_ms. */
int control_client_next(struct control_client *c, int timeout_ms, json_t **message);
/* The same as raw text without newline, borrowed until the next call: for fast tails. */
int control_client_next_raw(struct control_client *c, int timeout_ms, const char **line, size_t *len);

#endif
