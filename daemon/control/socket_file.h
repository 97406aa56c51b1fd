/* socket_file.h - inside the control room: the bound socket and what keeps its name. See control.h. */
#ifndef LS_CONTROL_SOCKET_FILE_H
#define LS_CONTROL_SOCKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct socket_file {
	char *path;
	const char *name; /* last component, in path */
	int dir_fd, lock_fd;
	int fd;           /* -1 once taken */
	bool bound;       /* the name is ours to remove */
	ino_t inode;
};

/* The socket, now the caller's. */
int socket_file_take_fd(struct socket_file *s);

#endif
