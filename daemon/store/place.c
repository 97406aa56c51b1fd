/* place.c - the files of the database. */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int place_lock(const char *path, int *out, char *err, size_t err_size)
{
	const char *slash = strrchr(path, '/');
	char name[4096], pid[24] = "";
	int n = snprintf(name, sizeof(name), "%.*slock", slash ? (int)(slash + 1 - path) : 0, path);

	*out = -1;
	if (n < 0 || (size_t)n >= sizeof(name))
		return LS_ELONG;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		snprintf(err, err_size, "%s: %m", name);
		return errno == EACCES ? LS_EPERM : LS_EFULL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int rc = errno == EWOULDBLOCK ? LS_ECONFLICT : LS_EIO;
		ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

		if (rc == LS_ECONFLICT)
			snprintf(err, err_size, "%s is in use by another daemon (process %ld)", name,
			         len > 0 ? strtol(pid, NULL, 10) : 0L);
		else
			snprintf(err, err_size, "%s: %m", name);
		close(fd);
		return rc;
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	/* The number is for people, the lock is what counts: a full disk does not matter here. */
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
		errno = 0;
	*out = fd;
	return LS_OK;
}

static int check_mode(const char *name, char *err, size_t err_size)
{
	struct stat st;

	if (stat(name, &st)) {
		if (errno == ENOENT)
			return LS_OK;
		snprintf(err, err_size, "%s: %m", name);
		return LS_EPERM;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, err_size, "%s is not a regular file", name);
		return LS_EPERM;
	}
	if (st.st_mode & 077) {
		snprintf(err, err_size, "%s holds keys and others may read or change it (mode %04o): chmod 600 %s", name,
		         (unsigned)st.st_mode & 07777, name);
		return LS_EPERM;
	}
	return LS_OK;
}

int place_prepare(const char *path, char *err, size_t err_size)
{
	static const char *const companions[] = {"", "-wal", "-shm"};
	char name[4096];
	int rc = LS_OK;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST) {
		snprintf(err, err_size, "%s: %m", path);
		return errno == EACCES ? LS_EPERM : LS_EFULL;
	}
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; !rc && i < sizeof(companions) / sizeof(companions[0]); i++) {
		int n = snprintf(name, sizeof(name), "%s%s", path, companions[i]);

		rc = n < 0 || (size_t)n >= sizeof(name) ? LS_ELONG : check_mode(name, err, err_size);
	}
	return rc;
}
