/*
 * state.h - struct store: what the threads share, what each keeps for itself, and the threads' entries.
 *
 *   loop thread          store thread                    back on the loop
 *   store_submit() -> waiting -> one transaction -> finished -> deliver(): done()
 *   store_read()   -> asked   -> reader thread   -> answered -> deliver(): done()
 *
 * After a failed commit `failure` is set and the store thread rests until deliver() has taken notice: it fails
 * everything that waits by then too, since that was decided on state which is not on disk.
 */
#ifndef LS_STORE_STATE_H
#define LS_STORE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/batch.h"

#define SEQ_BLOCK 65536
#define COMMITS_KEPT 1024
#define WAL_LIMIT_BYTES (32 << 20)
#define ROW_OVERHEAD 40 /* octets of a log row besides its body, about */

struct batch_list {
	struct store_batch *first, **end;
	size_t n;
};

struct query_list {
	struct store_query *first, **end;
};

/* The store thread's view of a log; what it holds is counted, not asked for. */
struct log_state {
	uint64_t first_seq;  /* 0: empty */
	uint64_t last_seq;
	int64_t first_us;    /* time of the first row, about */
	uint64_t rows, bytes;
	uint64_t unsaved;    /* rows added since rows and bytes were last written to meta */
	uint64_t unchecked;  /* rows added since pruning was last considered */
	bool more;           /* the last slice did not end the pruning */
};

struct store {
	uv_loop_t *loop;
	uv_async_t wake;
	char *path;
	struct store_options options;
	int lock_fd;
	uint64_t epoch;

	/* loop thread only */
	struct {
		uint64_t next, limit;
	} seq[N_LOGS];
	size_t outstanding; /* batches and queries whose done() has not run */

	/* under lock */
	pthread_mutex_t lock;
	pthread_cond_t work, query_work, maintenance_work, something_done;
	struct batch_list waiting, finished;
	size_t waiting_urgent;        /* of `waiting`, not lazy */
	int64_t lazy_since_us;        /* mono, when the first lazy one came; 0 none */
	struct query_list asked, answered;
	int failure;                  /* of the last commit, until deliver() has heard of it */
	bool degraded;
	bool hurry, stop;             /* closing: lazy batches too; threads end */
	bool pages_to_move;           /* for the maintenance thread */
	uint64_t durable_limit[N_LOGS];
	uint64_t first_seq[N_LOGS];   /* 0: empty */
	uint64_t commits, batches, failed_commits;
	uint32_t commit_us[COMMITS_KEPT];
	uint32_t commit_at_s[COMMITS_KEPT]; /* monotonic: old samples say nothing of the disk now */

	/* store thread only, once it runs */
	struct store_db *writer;
	struct log_state logs[N_LOGS];
	int64_t pruned_at_us;         /* mono */
	int64_t wal_bytes, wal_retry_bytes;
	bool prune_failed;

	_Atomic int64_t pass_ended_us; /* mono: of the last passive checkpoint */
	pthread_mutex_t checkpointing; /* one checkpoint at a time */
	struct store_db *reader, *checkpointer;
	pthread_t store_thread, reader_thread, maintenance_thread;
	bool store_runs, reader_runs, maintenance_runs;
};

void batch_list_init(struct batch_list *l);
void batch_list_add(struct batch_list *l, struct store_batch *b);
void batch_list_move(struct batch_list *to, struct batch_list *from); /* to the end; from is empty then */

/* Entries of the threads; arg is the struct store. */
void *writer_main(void *arg);
void *reader_main(void *arg);
void *maintenance_main(void *arg);

/* Keep count of the WAL's length from now on. */
void checkpoint_watch(struct store *st);

/* [store] After a commit: RESTART when the WAL has grown too long. */
void checkpoint_if_long(struct store *st);

/* Count a log at start; remember how long it is (in a transaction of the caller). */
int log_count(struct store_db *db, enum store_log log, struct log_state *state);
int log_save_count(struct store_db *db, enum store_log log, const struct log_state *state);
extern const char *const log_limit_key[N_LOGS]; /* in meta */

/*
 * [store] Delete some rows of a log that is too long, in the open transaction. The states are then those in after[],
 * to be taken over when it has been committed; on an error it must be rolled back.
 */
int prune_within_commit(struct store *st, struct log_state after[N_LOGS]);

/* [store] True when a slice is due though commits do their part; even if commits have to wait for it. */
bool prune_is_due(const struct store *st);
bool prune_is_late(const struct store *st);

/* [store] Delete a slice of each log, in transactions of its own. */
void prune_slice(struct store *st);

void store_log_text(const struct store *st, int priority, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
