/*
 * store.c - opening and closing, and the loop thread's side: handing batches and queries over, running their
 * done() when they come back.
 */
#include "store/store.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/state.h"

/*
 * Page caches, KiB. They fill on use only. The writer's holds the session pages of 100,000 devices (20 MB), and the
 * pages of one large commit: what does not fit is written to the log early, read back and written again.
 */
#define WRITER_CACHE 32768
#define READER_CACHE 2048
#define CHECKPOINTER_CACHE 64

void store_log_text(const struct store *st, int priority, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!st->options.log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	st->options.log(st->options.log_arg, priority, text);
}

/* --- back on the loop --- */

static void account(struct store *st, bool begins)
{
	/* The loop lives while something is under way. */
	if (begins && st->outstanding++ == 0)
		uv_ref((uv_handle_t *)&st->wake);
	else if (!begins && --st->outstanding == 0)
		uv_unref((uv_handle_t *)&st->wake);
}

/* Under lock: everything that waits was decided on state that never reached the disk. */
static void fail_waiting(struct store *st)
{
	for (struct store_batch *b = st->waiting.first; b; b = b->next)
		b->rc = st->failure;
	batch_list_move(&st->finished, &st->waiting);
	st->waiting_urgent = 0;
	st->lazy_since_us = 0;
	/* Blocks of seqs that did not reach the disk are asked for again. */
	for (int log = 0; log < N_LOGS; log++)
		st->seq[log].limit = st->durable_limit[log];
	st->failure = LS_OK;
	pthread_cond_signal(&st->work);
}

static void deliver(struct store *st)
{
	struct batch_list batches;
	struct store_query *q;

	batch_list_init(&batches);
	pthread_mutex_lock(&st->lock);
	if (st->failure)
		fail_waiting(st);
	batch_list_move(&batches, &st->finished);
	q = st->answered.first;
	st->answered.first = NULL;
	st->answered.end = &st->answered.first;
	pthread_mutex_unlock(&st->lock);

	for (struct store_batch *b = batches.first, *next; b; b = next) {
		next = b->next;
		account(st, false);
		if (b->done)
			b->done(b);
		else
			store_batch_free(b);
	}
	for (struct store_query *next; q; q = next) {
		next = q->next;
		account(st, false);
		q->done(q);
	}
}

static void on_wake(uv_async_t *wake)
{
	deliver(wake->data);
}

void store_submit(struct store *st, struct store_batch *b)
{
	account(st, true);
	pthread_mutex_lock(&st->lock);
	batch_list_add(&st->waiting, b);
	if (!b->lazy)
		st->waiting_urgent++;
	else if (!st->lazy_since_us)
		st->lazy_since_us = (int64_t)clock_mono_us();
	pthread_cond_signal(&st->work);
	pthread_mutex_unlock(&st->lock);
}

void store_read(struct store *st, struct store_query *q)
{
	account(st, true);
	pthread_mutex_lock(&st->lock);
	q->next = NULL;
	*st->asked.end = q;
	st->asked.end = &q->next;
	pthread_cond_signal(&st->query_work);
	pthread_mutex_unlock(&st->lock);
}

/* --- figures --- */

bool store_is_degraded(const struct store *st)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&st->lock;

	pthread_mutex_lock(lock);
	bool degraded = st->degraded;

	pthread_mutex_unlock(lock);
	return degraded;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int64_t file_size(const char *path, const char *suffix)
{
	char name[4096];
	struct stat s;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &s) ? 0 : (int64_t)s.st_size;
}

/* Percentiles speak of the last minute: one slow commit must not rule a quiet network for days. */
#define FIGURES_AGE_S 60

void store_figures(const struct store *st, struct store_figures *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&st->lock;
	uint32_t took[COMMITS_KEPT], now_s = (uint32_t)(clock_mono_us() / 1000000);
	size_t n = 0;

	*out = (struct store_figures){.epoch = st->epoch};
	pthread_mutex_lock(lock);
	out->commits = st->commits;
	out->batches = st->batches;
	out->failed_commits = st->failed_commits;
	out->waiting_batches = st->waiting.n;
	out->event_first_seq = st->first_seq[LOG_EVENT];
	out->frame_first_seq = st->first_seq[LOG_FRAME];
	for (size_t i = 0; i < COMMITS_KEPT && i < st->commits; i++)
		if (now_s - st->commit_at_s[i] <= FIGURES_AGE_S)
			took[n++] = st->commit_us[i];
	pthread_mutex_unlock(lock);

	out->event_next_seq = st->seq[LOG_EVENT].next;
	out->frame_next_seq = st->seq[LOG_FRAME].next;
	if (!out->event_first_seq)
		out->event_first_seq = out->event_next_seq;
	if (!out->frame_first_seq)
		out->frame_first_seq = out->frame_next_seq;
	out->wal_bytes = file_size(st->path, "-wal");
	out->file_bytes = file_size(st->path, "");
	if (!n)
		return;
	qsort(took, n, sizeof(took[0]), compare_u32);
	out->commit_p50_us = took[n / 2];
	out->commit_p99_us = took[n - 1 - n / 100];
}

/* --- open --- */

static int read_meta(struct store *st)
{
	int64_t value = 0;
	int rc = db_meta_get(st->writer, "epoch", &value);

	st->epoch = (uint64_t)value;
	for (int log = 0; !rc && log < N_LOGS; log++) {
		rc = db_meta_get(st->writer, log_limit_key[log], &value);
		if (!rc)
			rc = log_count(st->writer, log, &st->logs[log]);
		/* A file from elsewhere may have rows beyond its limit. */
		if ((uint64_t)value <= st->logs[log].last_seq)
			value = (int64_t)st->logs[log].last_seq + 1;
		st->durable_limit[log] = st->seq[log].next = st->seq[log].limit = (uint64_t)value;
		st->first_seq[log] = st->logs[log].first_seq;
	}
	return rc;
}

static int open_connections(struct store *st, char *err, size_t err_size)
{
	int rc;

	/* No counters of memory (a lock per malloc()), journals of savepoints in memory. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
	rc = db_open(st->path, DB_WRITE, WRITER_CACHE, &st->writer, err, err_size);
	if (!rc)
		rc = schema_migrate(st->writer, st->path, schema_steps, schema_n_steps, err, err_size);
	if (rc)
		return rc;
	db_lock_down(st->writer);
	checkpoint_watch(st);
	rc = read_meta(st);
	if (!rc)
		rc = db_set_synced(st->writer, true); /* there is a log now, to be buffered */
	if (rc) {
		snprintf(err, err_size, "%s: %s", st->path, sqlite3_errmsg(st->writer->sqlite));
		return rc;
	}
	rc = db_open(st->path, DB_WRITE, CHECKPOINTER_CACHE, &st->checkpointer, err, err_size);
	if (!rc)
		rc = db_open(st->path, DB_READ, READER_CACHE, &st->reader, err, err_size);
	if (rc)
		return rc;
	db_lock_down(st->checkpointer);
	db_lock_down(st->reader);
	return LS_OK;
}

static int start_thread(pthread_t *thread, const char *name, void *(*entry)(void *), struct store *st, bool *runs)
{
	if (pthread_create(thread, NULL, entry, st))
		return LS_ENOMEM;
	pthread_setname_np(*thread, name);
	*runs = true;
	return LS_OK;
}

static int start_threads(struct store *st, char *err, size_t err_size)
{
	sigset_t all, before;

	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = start_thread(&st->store_thread, "store", writer_main, st, &st->store_runs);

	if (!rc)
		rc = start_thread(&st->reader_thread, "store-read", reader_main, st, &st->reader_runs);
	if (!rc)
		rc = start_thread(&st->maintenance_thread, "store-ckpt", maintenance_main, st, &st->maintenance_runs);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		snprintf(err, err_size, "cannot start the threads of the store");
	return rc;
}

static void init_sync(struct store *st)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&st->lock, NULL);
	pthread_mutex_init(&st->checkpointing, NULL);
	pthread_cond_init(&st->work, &monotonic);
	pthread_cond_init(&st->query_work, &monotonic);
	pthread_cond_init(&st->maintenance_work, &monotonic);
	pthread_cond_init(&st->something_done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	batch_list_init(&st->waiting);
	batch_list_init(&st->finished);
	st->asked.end = &st->asked.first;
	st->answered.end = &st->answered.first;
}

static void stop_threads(struct store *st)
{
	pthread_mutex_lock(&st->lock);
	st->stop = true;
	pthread_cond_signal(&st->work);
	pthread_cond_signal(&st->query_work);
	pthread_cond_signal(&st->maintenance_work);
	pthread_mutex_unlock(&st->lock);
	if (st->store_runs)
		pthread_join(st->store_thread, NULL);
	if (st->reader_runs)
		pthread_join(st->reader_thread, NULL);
	if (st->maintenance_runs)
		pthread_join(st->maintenance_thread, NULL);
}

/* All but the async handle. */
static void fini(struct store *st)
{
	stop_threads(st);
	db_close(st->reader);
	db_close(st->checkpointer);
	db_close(st->writer); /* the last one: removes the WAL */
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	pthread_cond_destroy(&st->work);
	pthread_cond_destroy(&st->query_work);
	pthread_cond_destroy(&st->maintenance_work);
	pthread_cond_destroy(&st->something_done);
	pthread_mutex_destroy(&st->lock);
	pthread_mutex_destroy(&st->checkpointing);
	free(st->path);
}

int store_open(uv_loop_t *loop, const struct store_options *options, struct store **out, char *err, size_t err_size)
{
	struct store *st = calloc(1, sizeof(*st));
	int rc;

	*out = NULL;
	if (err_size)
		err[0] = '\0';
	if (!st)
		return LS_ENOMEM;
	st->loop = loop;
	st->options = *options;
	st->lock_fd = -1;
	init_sync(st);
	st->path = strdup(options->path);
	rc = st->path ? place_lock(st->path, &st->lock_fd, err, err_size) : LS_ENOMEM;
	if (!rc)
		rc = place_prepare(st->path, err, err_size);
	if (!rc)
		rc = open_connections(st, err, err_size);
	if (!rc)
		rc = start_threads(st, err, err_size);
	if (!rc && uv_async_init(loop, &st->wake, on_wake))
		rc = LS_ENOMEM;
	if (rc) {
		if (err_size && !err[0])
			snprintf(err, err_size, "%s: %s", options->path, ls_strerror(rc));
		fini(st);
		free(st);
		return rc;
	}
	st->wake.data = st;
	uv_unref((uv_handle_t *)&st->wake);
	*out = st;
	return LS_OK;
}

/* --- close --- */

static void drain(struct store *st)
{
	pthread_mutex_lock(&st->lock);
	st->hurry = true;
	pthread_cond_signal(&st->work);
	pthread_mutex_unlock(&st->lock);
	while (st->outstanding) {
		pthread_mutex_lock(&st->lock);
		while (!st->finished.first && !st->answered.first && !st->failure)
			pthread_cond_wait(&st->something_done, &st->lock);
		pthread_mutex_unlock(&st->lock);
		deliver(st);
	}
}

/* An orderly end wastes no seqs and counts no rows at the next start. */
static void save_places(struct store *st)
{
	struct store_db *db = st->writer;
	int rc = db_run(db, ST_BEGIN);

	for (int log = 0; !rc && log < N_LOGS; log++) {
		rc = log_save_count(db, log, &st->logs[log]);
		if (!rc)
			rc = db_meta_put(db, log_limit_key[log], (int64_t)st->seq[log].next);
	}
	if (!rc)
		rc = db_run(db, ST_COMMIT);
	if (rc && !sqlite3_get_autocommit(db->sqlite))
		db_run(db, ST_ROLLBACK);
	sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	drain(st);
	stop_threads(st);
	st->store_runs = st->reader_runs = st->maintenance_runs = false;
	save_places(st);
	fini(st);
	uv_close((uv_handle_t *)&st->wake, on_closed);
}
