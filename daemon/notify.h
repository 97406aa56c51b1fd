/* notify.h - what systemd is told, and the sockets it hands over (sd_notify(3), sd_listen_fds(3)). */
#ifndef LS_NOTIFY_H
#define LS_NOTIFY_H

/* Send "READY=1" and the like to $NOTIFY_SOCKET; nothing happens without it. */
void notify_systemd(const char *state);

/*
 * Take the listening Unix stream socket among the descriptors systemd passed ($LISTEN_FDS, for this process
 * only), or -1. Called once: the variables are removed, other descriptors are closed.
 */
int notify_take_listen_fd(void);

#endif
