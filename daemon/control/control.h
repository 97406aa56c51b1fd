/*
 * control.h - the control server as the rest of the daemon sees it: JSON-RPC over a Unix socket
 * (common/control/protocol.h is the contract on the wire).
 *
 * socket_file.c   the name in the file system: directory checks, lock, bind
 * server.c        accepting, turns of work, caps
 * connection.c    octets in and out, requests in their order
 * peer.c          who is at the other end, and what they may do
 * dispatch.c      the table of handlers; rights and arguments tested in one place
 * resolve.c       names and ids of tenants, devices ... to what they mean
 * command_line.c  a request as lsctl would have it, for hints
 * write.c         a change: store batch, commit, fleet, answer
 * undo.c          changes taken back; follow.c is how memory follows that
 * bulk.c          many writes of a connection as one; cascade.c a tenant or application with all it owns
 * history.c       the journal and the trash as lists
 * crud.c          plain create, show, list, set, delete
 * tenant.c application.c profile.c gateway.c device.c queue.c log_stream.c status.c   handlers
 *
 * A slow client fills its own bounded queue. Requests are worked on in turns of at most 2 ms, so that no client
 * keeps frames waiting.
 */
#ifndef LS_CONTROL_CONTROL_H
#define LS_CONTROL_CONTROL_H

#include <stddef.h>

#include "store/store.h"

struct control;
struct server;
struct socket_file;

/*
 * Make the socket at path, not yet listening. Refused when the directory can be written by others or
 * is a link, when something else has the name, or while another daemon holds it. listen_fd >= 0 is one inherited
 * from systemd: taken as it is. gid >= 0 is the group that may connect. LS_EPERM, LS_ECONFLICT,
 * LS_EINVAL, LS_EIO with a sentence in err. Changes the umask for a moment: call before there are threads.
 */
int socket_file_open(const char *path, int listen_fd, long gid, struct socket_file **out, char *err, size_t err_size);
void socket_file_close(struct socket_file *s); /* removes the name; NULL is fine */

/* Start to listen. The socket file stays with the caller. srv outlives the control server. */
int control_open(struct server *srv, struct socket_file *file, struct control **out, char *err, size_t err_size);

/* Take no more connections and requests; answers under way still leave. */
void control_stop(struct control *c);

/*
 * After control_stop() and store_close(): close every connection once its answers have left, at the latest after
 * a second; run the loop until it is empty, then control_free(). NULL is fine.
 */
void control_close(struct control *c);
void control_free(struct control *c);

/* Committed log rows, in order; borrowed for the call. Costs one copy a subscriber. */
void control_publish(struct control *c, enum store_log log, const struct log_row *rows, size_t n);

#endif
