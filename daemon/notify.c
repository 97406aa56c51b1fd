/*
 * notify.c - the part of systemd's protocol a daemon needs, without its library (systemd calls the
 * protocol the stable interface): one datagram of KEY=VALUE lines to the socket in $NOTIFY_SOCKET, and
 * inherited descriptors from 3 on.
 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

void notify_systemd(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || (path[0] != '/' && path[0] != '@') || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* abstract */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
	           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_srv(LOG_WARNING, "systemd could not be told '%s': %s", state, strerror(errno));
	close(fd);
}

static int socket_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

int notify_take_listen_fd(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int n = count ? atoi(count) : 0, found = -1;

	if (!pid || atol(pid) != (long)getpid())
		n = 0;
	for (int fd = 3; fd < 3 + n && fd < 64; fd++) {
		if (found < 0 && socket_option(fd, SO_DOMAIN) == AF_UNIX && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
		    socket_option(fd, SO_ACCEPTCONN) == 1) {
			fcntl(fd, F_SETFD, FD_CLOEXEC);
			found = fd;
		} else {
			log_srv(LOG_WARNING, "descriptor %d from systemd is not a listening Unix stream socket, closed", fd);
			close(fd);
		}
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return found;
}
