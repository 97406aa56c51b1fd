/* peer.h - who is at the other end of a control connection, and which right follows. */
#ifndef LS_CONTROL_PEER_H
#define LS_CONTROL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "model/model.h"

struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	gid_t groups[64]; /* supplementary, of SO_PEERGROUPS */
	size_t n_groups;
};

/* Ask the kernel (SO_PEERCRED, SO_PEERGROUPS). LS_EIO. */
int peer_of_socket(int fd, struct peer *out);

/* Root, the daemon's own user and members of the admin group administer; admin_gid < 0: no such group. */
enum right peer_right(const struct peer *p, uid_t own_uid, long admin_gid);

const char *right_name(enum right right); /* "none" "read" "operate" "admin" */

#endif
