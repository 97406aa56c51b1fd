/* peer.c - the peer's credentials, as the kernel noted them at connect(). */
#include "control/peer.h"

#include <sys/socket.h>

#include "base/error.h"

int peer_of_socket(int fd, struct peer *out)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	*out = (struct peer){0};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return LS_EIO;
	out->pid = cred.pid;
	out->uid = cred.uid;
	out->gid = cred.gid;
	len = sizeof(out->groups);
	/* More groups than fit count as none: rights are not guessed. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, out->groups, &len) == 0)
		out->n_groups = len / sizeof(out->groups[0]);
	return LS_OK;
}

enum right peer_right(const struct peer *p, uid_t own_uid, long admin_gid)
{
	if (p->uid == 0 || p->uid == own_uid)
		return RIGHT_ADMIN;
	if (admin_gid < 0)
		return RIGHT_NONE;
	if (p->gid == (gid_t)admin_gid)
		return RIGHT_ADMIN;
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i] == (gid_t)admin_gid)
			return RIGHT_ADMIN;
	return RIGHT_NONE;
}

const char *right_name(enum right right)
{
	static const char *const names[] = {
		[RIGHT_NONE] = "none", [RIGHT_READ] = "read", [RIGHT_OPERATE] = "operate", [RIGHT_ADMIN] = "admin"};

	return names[right];
}
