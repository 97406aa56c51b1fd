/*
 * wal_buffer.c - see wal_buffer.h.
 *
 * A log file is our struct with SQLite's own file object behind it; every other file is SQLite's alone. The buffer
 * is one run of octets without a hole; a write that does not continue it, and any call that would see the file,
 * writes it first. When that fails the octets are dropped and the call fails: the transaction they belong to is then
 * rolled back, and its frames are written anew by the next one.
 */
#include "store/wal_buffer.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE ((size_t)120 * 1024) /* SQLite writes 128 KiB - 1 at a time at most */
#define VFS_NAME "loraserver"

struct wal_file {
	sqlite3_file base;
	bool buffered;
	sqlite3_int64 start; /* place in the file of data[0] */
	size_t len;
	uint8_t *data;       /* BUFFER_SIZE octets; NULL until the first buffered write */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sqlite3_vfs *system_vfs; /* SQLite's default */
static sqlite3_vfs own_vfs;
static bool registered;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct wal_file *)file + 1);
}

static int write_out(struct wal_file *w)
{
	sqlite3_file *real = real_of(&w->base);
	size_t len = w->len;

	w->len = 0;
	return len ? real->pMethods->xWrite(real, w->data, (int)len, w->start) : SQLITE_OK;
}

static int wal_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	struct wal_file *w = (struct wal_file *)file;
	sqlite3_file *real = real_of(file);
	int rc = SQLITE_OK;

	if (w->buffered && !w->data)
		w->data = malloc(BUFFER_SIZE);
	if (!w->buffered || !w->data || n < 0 || (size_t)n > BUFFER_SIZE) {
		rc = write_out(w);
		return rc == SQLITE_OK ? real->pMethods->xWrite(real, data, n, at) : rc;
	}
	if (at != w->start + (sqlite3_int64)w->len || (size_t)n > BUFFER_SIZE - w->len)
		rc = write_out(w);
	if (rc != SQLITE_OK)
		return rc;
	if (w->len == 0)
		w->start = at;
	memcpy(w->data + w->len, data, (size_t)n);
	w->len += (size_t)n;
	return SQLITE_OK;
}

static int wal_close(sqlite3_file *file)
{
	struct wal_file *w = (struct wal_file *)file;
	int rc = write_out(w);
	int closed = real_of(file)->pMethods->xClose(real_of(file));

	free(w->data);
	w->data = NULL;
	return rc != SQLITE_OK ? rc : closed;
}

static int wal_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	int rc = write_out((struct wal_file *)file);

	return rc == SQLITE_OK ? real_of(file)->pMethods->xRead(real_of(file), out, n, at) : rc;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = write_out((struct wal_file *)file);

	return rc == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : rc;
}

static int wal_sync(sqlite3_file *file, int flags)
{
	int rc = write_out((struct wal_file *)file);

	return rc == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : rc;
}

static int wal_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = write_out((struct wal_file *)file);

	return rc == SQLITE_OK ? real_of(file)->pMethods->xFileSize(real_of(file), size) : rc;
}

static int wal_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int wal_check_lock(sqlite3_file *file, int *held)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int wal_control(sqlite3_file *file, int op, void *arg)
{
	int rc = write_out((struct wal_file *)file);

	return rc == SQLITE_OK ? real_of(file)->pMethods->xFileControl(real_of(file), op, arg) : rc;
}

static int wal_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int wal_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1, /* shared memory and mapping belong to the database file */
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_file_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_check_lock,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	struct wal_file *w = (struct wal_file *)file;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
	memset(w, 0, sizeof(*w));
	int rc = system_vfs->xOpen(system_vfs, name, real_of(file), flags, out_flags);

	/* Methods are set even by an open that failed, if it wants xClose() to be called. */
	w->base.pMethods = real_of(file)->pMethods ? &wal_methods : NULL;
	return rc;
}

static void register_once(void)
{
	system_vfs = sqlite3_vfs_find(NULL);
	if (!system_vfs)
		return;
	own_vfs = *system_vfs; /* its other methods look at what is copied here only */
	own_vfs.pNext = NULL;
	own_vfs.zName = VFS_NAME;
	own_vfs.szOsFile = (int)sizeof(struct wal_file) + system_vfs->szOsFile;
	own_vfs.xOpen = open_file;
	registered = sqlite3_vfs_register(&own_vfs, 0) == SQLITE_OK;
}

const char *wal_buffer_vfs(void)
{
	pthread_once(&once, register_once);
	return registered ? VFS_NAME : NULL;
}

int wal_buffer_set(sqlite3 *sqlite, bool on)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
	    file->pMethods != &wal_methods)
		return SQLITE_OK; /* no log yet, or not ours: nothing is buffered */
	((struct wal_file *)file)->buffered = on;
	return write_out((struct wal_file *)file);
}
