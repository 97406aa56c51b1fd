/*
 * writer.c - the store thread: takes every batch that waits, commits them together, hands them back.
 *
 * A group of plain batches runs without savepoints. If an operation of it fails (a row is gone), the transaction
 * is rolled back and runs once more with a savepoint around each batch, so that only that batch fails. A group
 * with control writes has savepoints from the start, because run() must not run twice. Reservations
 * of seqs stay outside savepoints: a failing batch must not take away the block that others count on.
 * Groups without savepoints also prune the logs (prune.c); if that fails the group is committed without it.
 */
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/change.h"
#include "store/state.h"

#define LAZY_US 1000000
#define CHANGES_BETWEEN_PRUNING 64 /* groups with changes */

void batch_list_init(struct batch_list *l)
{
	l->first = NULL;
	l->end = &l->first;
	l->n = 0;
}

void batch_list_add(struct batch_list *l, struct store_batch *b)
{
	b->next = NULL;
	*l->end = b;
	l->end = &b->next;
	l->n++;
}

void batch_list_move(struct batch_list *to, struct batch_list *from)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	to->n += from->n;
	batch_list_init(from);
}

static int reserve_seqs(struct store_db *db, const struct batch *b)
{
	int rc = LS_OK;

	for (int log = 0; !rc && log < N_LOGS; log++)
		if (b->added[log].reserve)
			rc = db_meta_put(db, log_limit_key[log], (int64_t)b->added[log].reserve);
	return rc;
}

static int run_ops(struct store_db *db, struct store_batch *b)
{
	int rc = LS_OK;

	for (const struct store_op *op = b->ops; op && !rc; op = op->next)
		rc = op->run(db, op);
	return !rc && b->run ? b->run(db, b) : rc;
}

/* The same with its row in the journal. */
static int run_change(struct store_db *db, struct store_batch *b)
{
	struct change_recording *rec;
	int rc = change_begin(db, b->change, &rec);

	if (rc)
		return rc;
	rc = run_ops(db, b);
	if (!rc)
		return change_end(db, rec);
	change_abandon(rec);
	return rc;
}

int store_batch_within(struct store_db *db, struct store_batch *b)
{
	int rc = db_run(db, ST_PART);

	if (rc)
		return LS_EIO;
	db->conflict_field[0] = '\0';
	rc = b->change ? run_change(db, b) : run_ops(db, b);
	if (db_is_fatal(db, rc))
		return rc;
	if ((rc || (b->change && b->change->dry_run)) && db_run(db, ST_PART_UNDO))
		return LS_EIO;
	return db_run(db, ST_PART_END) ? LS_EIO : rc;
}

static int run_batch(struct store_db *db, struct store_batch *b, bool savepoint)
{
	int rc = reserve_seqs(db, (struct batch *)b);

	if (!rc && savepoint)
		rc = db_run(db, ST_SAVEPOINT);
	if (rc)
		return LS_EIO; /* neither can fail by what is in the batch */
	db->conflict_field[0] = '\0';
	rc = b->change ? run_change(db, b) : run_ops(db, b);
	if (!savepoint || db_is_fatal(db, rc))
		return rc;
	if ((rc || b->try_only || (b->change && b->change->dry_run)) && db_run(db, ST_SAVEPOINT_UNDO))
		return LS_EIO;
	return db_run(db, ST_SAVEPOINT_END) ? LS_EIO : rc;
}

/* What a transaction did to the logs besides adding to them. */
struct pruning {
	struct log_state after[N_LOGS];
	int rc;
};

/* The whole transaction, with pruning unless that is NULL; the rc of each batch is set. On failure nothing of it stays. */
static int run_group(struct store *st, struct batch_list *group, bool savepoints, struct pruning *pruning)
{
	struct store_db *db = st->writer;
	bool changes = false;
	int rc = db_run(db, ST_BEGIN);

	for (struct store_batch *b = group->first; b && !rc; b = b->next) {
		changes |= b->change != NULL;
		b->rc = run_batch(db, b, savepoints);
		if (b->rc && (!savepoints || db_is_fatal(db, b->rc)))
			rc = b->rc;
	}
	if (!rc && pruning)
		rc = pruning->rc = prune_within_commit(st, pruning->after);
	else if (!rc && changes && ++db->unpruned % CHANGES_BETWEEN_PRUNING == 1)
		rc = change_prune(db, &st->options, clock_wall_us());
	if (!rc)
		rc = db_run(db, ST_COMMIT);
	if (rc && !sqlite3_get_autocommit(db->sqlite))
		db_run(db, ST_ROLLBACK);
	return rc;
}

static void count_rows(struct store *st, const struct batch_list *group)
{
	for (const struct store_batch *b = group->first; b; b = b->next) {
		for (int log = 0; log < N_LOGS && b->rc == LS_OK; log++) {
			const struct log_addition *a = &((const struct batch *)b)->added[log];
			struct log_state *s = &st->logs[log];

			if (!a->rows)
				continue;
			if (!s->first_seq) {
				s->first_seq = a->first_seq;
				s->first_us = a->first_us;
			}
			s->last_seq = a->last_seq;
			s->rows += a->rows;
			s->bytes += a->bytes;
			s->unsaved += a->rows;
			s->unchecked += a->rows;
		}
	}
}

/* Under lock. */
static void note_success(struct store *st, const struct batch_list *group, int64_t took_us, bool synced)
{
	for (const struct store_batch *b = group->first; b; b = b->next)
		for (int log = 0; log < N_LOGS; log++)
			if (((const struct batch *)b)->added[log].reserve)
				st->durable_limit[log] = ((const struct batch *)b)->added[log].reserve;
	for (int log = 0; log < N_LOGS; log++)
		st->first_seq[log] = st->logs[log].first_seq;
	if (synced) {
		st->commit_at_s[st->commits % COMMITS_KEPT] = (uint32_t)(clock_mono_us() / 1000000);
		st->commit_us[st->commits++ % COMMITS_KEPT] = took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
		st->degraded = false; /* a small lazy write that still fits proves nothing */
	}
	st->batches += group->n;
	if (!st->pages_to_move)
		pthread_cond_signal(&st->maintenance_work);
	st->pages_to_move = true;
}

/* Try until it is committed or surely cannot be. */
static int try_group(struct store *st, struct batch_list *group, bool savepoints)
{
	struct pruning pruning = {.rc = LS_OK}, *with = savepoints || st->degraded ? NULL : &pruning;
	int rc = run_group(st, group, savepoints, with);

	if (rc && pruning.rc) {
		with = NULL;
		rc = run_group(st, group, savepoints, NULL);
	}
	if (rc && !savepoints && rc != LS_EIO && rc != LS_EFULL && rc != LS_ENOMEM) {
		with = NULL;
		rc = run_group(st, group, true, NULL); /* one of them is to blame: find out which */
	}
	if (rc)
		return rc;
	if (with)
		memcpy(st->logs, pruning.after, sizeof(st->logs));
	count_rows(st, group);
	return LS_OK;
}

static void commit_group(struct store *st, struct batch_list *group, bool synced, bool savepoints)
{
	struct store_db *db = st->writer;
	int64_t start_us = (int64_t)clock_mono_us();

	if (!synced)
		db_set_synced(db, false);
	int rc = try_group(st, group, savepoints);
	const char *why = rc ? sqlite3_errmsg(db->sqlite) : "";

	if (rc)
		for (struct store_batch *b = group->first; b; b = b->next)
			b->rc = rc;

	pthread_mutex_lock(&st->lock);
	bool was_degraded = st->degraded;

	if (rc) {
		st->failed_commits++;
		st->failure = rc;
		st->degraded = true;
	} else {
		note_success(st, group, (int64_t)clock_mono_us() - start_us, synced);
	}
	if (rc && !was_degraded)
		store_log_text(st, LOG_ERR, "store: commit failed, degraded until one succeeds: %s (%s)", why, ls_strerror(rc));
	if (!rc && was_degraded)
		store_log_text(st, LOG_NOTICE, "store: commits succeed again");
	batch_list_move(&st->finished, group);
	pthread_cond_signal(&st->something_done);
	pthread_mutex_unlock(&st->lock);
	uv_async_send(&st->wake);
	if (!synced)
		db_set_synced(db, true);
}

/* Under lock: is there a group to commit now? If not, *until_us says when lazy ones are due (0: no time set). */
static bool group_is_due(const struct store *st, int64_t *until_us)
{
	*until_us = 0;
	if (st->failure || !st->waiting.first)
		return false;
	if (st->waiting_urgent || st->hurry)
		return true;
	*until_us = st->lazy_since_us + LAZY_US;
	return (int64_t)clock_mono_us() >= *until_us;
}

static void wait_for_work(struct store *st, int64_t until_us)
{
	struct timespec at = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};

	if (until_us)
		pthread_cond_timedwait(&st->work, &st->lock, &at);
	else
		pthread_cond_wait(&st->work, &st->lock);
}

/* Under lock: wait for a group and take it, or take nothing because there is something to prune; false at the end. */
static bool take_group(struct store *st, struct batch_list *group, bool *synced)
{
	int64_t until_us;
	bool pruning = !st->degraded && prune_is_due(st);

	batch_list_init(group);
	while (!group_is_due(st, &until_us)) {
		if (st->stop)
			return false;
		if (pruning)
			return true;
		wait_for_work(st, until_us);
	}
	*synced = st->waiting_urgent > 0;
	batch_list_move(group, &st->waiting);
	st->waiting_urgent = 0;
	st->lazy_since_us = 0;
	return true;
}

static bool has_control_write(const struct batch_list *group)
{
	for (const struct store_batch *b = group->first; b; b = b->next)
		if (b->run)
			return true;
	return false;
}

void *writer_main(void *arg)
{
	struct store *st = arg;
	struct batch_list group;
	bool synced = true;

	for (;;) {
		pthread_mutex_lock(&st->lock);
		bool go_on = take_group(st, &group, &synced);

		pthread_mutex_unlock(&st->lock);
		if (!go_on)
			return NULL;
		bool has_batches = group.first != NULL;

		if (has_batches)
			commit_group(st, &group, synced, has_control_write(&group));
		if (!has_batches || (!st->degraded && prune_is_late(st)))
			prune_slice(st);
		checkpoint_if_long(st);
	}
}
