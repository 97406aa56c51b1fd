/*
 * socket_file.c - the control socket's name in the file system.
 *
 * The directory must be private: not a link, owned by root or by us, not writable by others. Beside
 * the socket lies a lock file; whoever holds its lock owns the name and may replace a stale socket. The
 * lock file itself is never removed, since removing a file somebody waits to lock is a race.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "control/control.h"
#include "control/socket_file.h"
#include "log.h"

__attribute__((format(printf, 4, 5))) static int fail(int code, char *err, size_t err_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_size, fmt, ap);
	va_end(ap);
	return code;
}

/* Split path into directory and name; make the directory if its parent exists. */
static int open_directory(struct socket_file *s, long gid, char *err, size_t err_size)
{
	char *slash = strrchr(s->path, '/');
	struct stat st;
	bool made;
	int rc = LS_OK;

	s->name = slash + 1;
	*slash = '\0';
	made = mkdir(slash == s->path ? "/" : s->path, 0700) == 0;
	s->dir_fd = open(slash == s->path ? "/" : s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir_fd < 0 || fstat(s->dir_fd, &st) < 0) {
		if (errno == ELOOP || errno == ENOTDIR)
			rc = fail(LS_EPERM, err, err_size, "%s is a link or no directory; the control socket is not put there",
			          s->path);
		else
			rc = fail(LS_EIO, err, err_size, "the control socket's directory %s: %s", s->path, strerror(errno));
	} else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022)) {
		rc = fail(LS_EPERM, err, err_size,
		          "others can write to %s; the control socket needs a directory of its own (mode 0750 or 0700)", s->path);
	} else if (made && gid >= 0 && (fchown(s->dir_fd, (uid_t)-1, (gid_t)gid) < 0 || fchmod(s->dir_fd, 0750) < 0)) {
		log_srv(LOG_WARNING, "the admin group cannot be given %s: %s", s->path, strerror(errno));
	}
	*slash = '/';
	return rc;
}

static int take_lock(struct socket_file *s, char *err, size_t err_size)
{
	char name[NAME_MAX + 1];

	if (snprintf(name, sizeof(name), "%s.lock", s->name) >= (int)sizeof(name))
		return fail(LS_EINVAL, err, err_size, "%s: the name is too long", s->path);
	s->lock_fd = openat(s->dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return fail(LS_EIO, err, err_size, "%s.lock: %s", s->path, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return fail(LS_ECONFLICT, err, err_size, "another daemon listens on %s", s->path);
	return LS_OK;
}

/* Under the lock, so a socket with this name is left over from a daemon that died. */
static int remove_stale(struct socket_file *s, char *err, size_t err_size)
{
	struct stat st;

	if (fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? LS_OK : fail(LS_EIO, err, err_size, "%s: %s", s->path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(LS_EPERM, err, err_size, "%s exists and is not a socket; it is left alone", s->path);
	if (unlinkat(s->dir_fd, s->name, 0) < 0)
		return fail(LS_EIO, err, err_size, "%s: %s", s->path, strerror(errno));
	return LS_OK;
}

static int bind_name(struct socket_file *s, long gid, char *err, size_t err_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat by_path, by_dir;
	mode_t mask;
	int rc;

	if (strlen(s->path) >= sizeof(address.sun_path))
		return fail(LS_EINVAL, err, err_size, "%s: a socket's path may have %zu characters at most", s->path,
		            sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, s->path, strlen(s->path));
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return fail(LS_EIO, err, err_size, "no socket: %s", strerror(errno));
	mask = umask(0117);
	rc = bind(s->fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc < 0)
		return fail(LS_EIO, err, err_size, "%s: %s", s->path, strerror(errno));
	/* The path and the directory that was checked are the same place. */
	if (fstatat(s->dir_fd, s->name, &by_dir, AT_SYMLINK_NOFOLLOW) < 0 || lstat(s->path, &by_path) < 0 ||
	    by_dir.st_ino != by_path.st_ino || by_dir.st_dev != by_path.st_dev || !S_ISSOCK(by_dir.st_mode))
		return fail(LS_EPERM, err, err_size, "the directory of %s was exchanged meanwhile", s->path);
	s->bound = true;
	s->inode = by_dir.st_ino;
	if (gid >= 0 && fchownat(s->dir_fd, s->name, (uid_t)-1, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
		log_srv(LOG_WARNING, "the admin group cannot be given %s: %s", s->path, strerror(errno));
	return LS_OK;
}

int socket_file_open(const char *path, int listen_fd, long gid, struct socket_file **out, char *err, size_t err_size)
{
	struct socket_file *s = calloc(1, sizeof(*s));
	int rc = LS_OK;

	*out = NULL;
	if (!s || !(s->path = strdup(path))) {
		free(s);
		return fail(LS_ENOMEM, err, err_size, "out of memory");
	}
	s->dir_fd = s->lock_fd = s->fd = -1;
	if (listen_fd >= 0) {
		s->fd = listen_fd; /* systemd made the name and keeps it */
	} else if (path[0] != '/') {
		rc = fail(LS_EINVAL, err, err_size, "the control socket's path must begin with /: %s", path);
	} else {
		rc = open_directory(s, gid, err, err_size);
		if (!rc)
			rc = take_lock(s, err, err_size);
		if (!rc)
			rc = remove_stale(s, err, err_size);
		if (!rc)
			rc = bind_name(s, gid, err, err_size);
	}
	if (rc)
		socket_file_close(s);
	else
		*out = s;
	return rc;
}

int socket_file_take_fd(struct socket_file *s)
{
	int fd = s->fd;

	s->fd = -1;
	return fd;
}

void socket_file_close(struct socket_file *s)
{
	struct stat st;

	if (!s)
		return;
	if (s->bound && fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_ino == s->inode)
		unlinkat(s->dir_fd, s->name, 0);
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	free(s->path);
	free(s);
}
