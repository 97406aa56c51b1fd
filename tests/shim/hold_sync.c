/*
 * hold_sync.c - LD_PRELOAD: a disk that takes its time, for tests of what may leave before a commit is on it.
 *
 *   LS_HOLD_SYNC_FILE   while this file exists, fdatasync() and fsync() of a write-ahead log (a file whose name ends
 *                       in "-wal") do not return
 *   LS_HOLD_SYNC_COUNT  one octet is added to this file for each such call: "b" when it begins, "e" when it ends
 *
 * The octets are appended with one write() each, so a reader needs no lock. The real call is made after the
 * hold: what is on the disk then is what the caller believes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd);
int fsync(int fd);

static bool is_wal(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n >= 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}

static void note(char what)
{
	const char *path = getenv("LS_HOLD_SYNC_COUNT");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	if (write(fd, &what, 1) != 1)
		abort(); /* a test that cannot count proves nothing */
	close(fd);
}

static void hold(void)
{
	const struct timespec step = {.tv_nsec = 1000000};
	const char *path = getenv("LS_HOLD_SYNC_FILE");

	while (path && access(path, F_OK) == 0)
		nanosleep(&step, NULL);
}

static int held(int fd, const char *name)
{
	int (*real)(int);
	void *symbol = dlsym(RTLD_NEXT, name);
	bool wal = is_wal(fd);
	int rc, saved;

	memcpy(&real, &symbol, sizeof(real)); /* ISO C has no cast from object to function pointer */
	if (!real)
		abort();
	if (wal) {
		note('b');
		hold();
	}
	rc = real(fd);
	saved = errno;
	if (wal)
		note('e');
	errno = saved;
	return rc;
}

int fdatasync(int fd)
{
	return held(fd, "fdatasync");
}

int fsync(int fd)
{
	return held(fd, "fsync");
}
