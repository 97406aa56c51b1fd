/*
 * checkpoint.c - moving pages from the WAL into the database file.
 *
 * The maintenance thread does it a little at a time (PASSIVE: nobody waits for it) each 100 ms while there are
 * commits, and sleeps when there are none. Under steady load there is always a page that it has not
 * moved, so the WAL never starts over by itself; past 32 MB the store thread moves the rest and makes it
 * (RESTART). Commits stand still meanwhile, so the rest has to be small: the store thread waits for the end of a
 * passive pass, and the maintenance thread syncs what it moved (SQLite would leave that to whoever catches up).
 * A reader in the way makes a RESTART fail; it is tried again 8 MB later.
 */
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/state.h"

#define PAUSE_US 100000
#define RETRY_BYTES (8 << 20)
#define URGENT_BYTES (WAL_LIMIT_BYTES + (16 << 20)) /* no more waiting for a good moment */
#define FRESH_US 10000                               /* a pass ended so shortly ago has left little */
#define RESTART_WAIT_MS 100
#define WAL_FRAME_BYTES (4096 + 24) /* a page and its header */

static int on_commit(void *arg, sqlite3 *sqlite, const char *database, int pages)
{
	struct store *st = arg;

	(void)sqlite;
	(void)database;
	st->wal_bytes = (int64_t)pages * WAL_FRAME_BYTES;
	return SQLITE_OK;
}

void checkpoint_watch(struct store *st)
{
	sqlite3_wal_hook(st->writer->sqlite, on_commit, st);
}

void checkpoint_if_long(struct store *st)
{
	bool urgent = st->wal_bytes > URGENT_BYTES;

	if (st->wal_bytes < WAL_LIMIT_BYTES || st->wal_bytes < st->wal_retry_bytes)
		return;
	if (!urgent && (int64_t)clock_mono_us() - atomic_load(&st->pass_ended_us) > FRESH_US)
		return;
	/* What the maintenance thread moves just now need not be moved again: let it end. */
	if (urgent)
		pthread_mutex_lock(&st->checkpointing);
	else if (pthread_mutex_trylock(&st->checkpointing))
		return;
	sqlite3_busy_timeout(st->writer->sqlite, RESTART_WAIT_MS);
	int rc = sqlite3_wal_checkpoint_v2(st->writer->sqlite, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);

	sqlite3_busy_timeout(st->writer->sqlite, DB_BUSY_MS);
	pthread_mutex_unlock(&st->checkpointing);
	if (rc == SQLITE_OK) {
		st->wal_retry_bytes = 0;
		st->wal_bytes = 0;
		return;
	}
	st->wal_retry_bytes = st->wal_bytes + RETRY_BYTES;
	if ((rc & 0xff) != SQLITE_BUSY)
		store_log_text(st, LOG_WARNING, "store: checkpoint: %s", sqlite3_errmsg(st->writer->sqlite));
}

/* Under lock: rest, then wait for commits; false when the store closes. */
static bool wait_for_pages(struct store *st, int64_t rest_until_us)
{
	struct timespec at = {.tv_sec = rest_until_us / 1000000, .tv_nsec = rest_until_us % 1000000 * 1000};

	while (!st->stop && (int64_t)clock_mono_us() < rest_until_us)
		pthread_cond_timedwait(&st->maintenance_work, &st->lock, &at);
	while (!st->stop && !st->pages_to_move)
		pthread_cond_wait(&st->maintenance_work, &st->lock);
	return !st->stop;
}

/* Bring the pages that were moved to the disk; a failure shows again, and is reported, where the WAL restarts. */
static void sync_database(sqlite3 *sqlite)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file && file->pMethods)
		file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

void *maintenance_main(void *arg)
{
	struct store *st = arg;
	int64_t rest_until_us = 0;
	bool failed = false;

	/* Nice and not SCHED_IDLE: while it holds the checkpoint lock, the store thread may wait for it. */
	setpriority(PRIO_PROCESS, 0, 10);
	for (;;) {
		pthread_mutex_lock(&st->lock);
		bool go_on = wait_for_pages(st, rest_until_us);

		st->pages_to_move = false;
		pthread_mutex_unlock(&st->lock);
		if (!go_on)
			return NULL;
		pthread_mutex_lock(&st->checkpointing);
		int rc = sqlite3_wal_checkpoint_v2(st->checkpointer->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

		sync_database(st->checkpointer->sqlite);
		atomic_store(&st->pass_ended_us, (int64_t)clock_mono_us());
		pthread_mutex_unlock(&st->checkpointing);
		if (rc && (rc & 0xff) != SQLITE_BUSY && !failed) {
			failed = true;
			store_log_text(st, LOG_WARNING, "store: checkpoint: %s", sqlite3_errmsg(st->checkpointer->sqlite));
		} else if (!rc) {
			failed = false;
		}
		rest_until_us = (int64_t)clock_mono_us() + PAUSE_US;
	}
}
