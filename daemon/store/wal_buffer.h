/*
 * wal_buffer.h - the write-ahead log in few large writes.
 *
 * SQLite writes each page of a commit as two: a header of 24 octets and the page. This layer below it (a VFS, see
 * sqlite.org/vfs.html) gathers them and writes them when the log is synced: a commit of a thousand pages costs some
 * tens of calls instead of two thousand. Nothing else is changed: what xSync() has returned for is on the disk.
 *
 * Readers of other connections look at frames only after the commit is published, which with synchronous=FULL
 * comes after the sync. Commits that do not sync are published without one, so they must not be buffered.
 */
#ifndef LS_STORE_WAL_BUFFER_H
#define LS_STORE_WAL_BUFFER_H

#include <sqlite3.h>
#include <stdbool.h>

/* The name of the VFS, registered at the first call (any thread); NULL: cannot be, use the default one. */
const char *wal_buffer_vfs(void);

/*
 * Buffer the log of this connection from now on, or write what waits and no longer do. Off at first. Outside a
 * transaction only. SQLITE_OK, or the error of the write.
 */
int wal_buffer_set(sqlite3 *sqlite, bool on);

#endif
