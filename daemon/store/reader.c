/* reader.c - the reader thread: one query after the other, each on one state of the database. */
#include "base/error.h"
#include "store/state.h"

static void run_query(struct store_db *db, struct store_query *q)
{
	db->conflict_field[0] = '\0';
	q->rc = db_run(db, ST_BEGIN_READ);
	if (!q->rc)
		q->rc = q->run(db, q);
	if (!sqlite3_get_autocommit(db->sqlite))
		db_run(db, ST_COMMIT);
}

void *reader_main(void *arg)
{
	struct store *st = arg;

	for (;;) {
		pthread_mutex_lock(&st->lock);
		while (!st->asked.first && !st->stop)
			pthread_cond_wait(&st->query_work, &st->lock);
		struct store_query *q = st->asked.first;

		if (q) {
			st->asked.first = q->next;
			if (!q->next)
				st->asked.end = &st->asked.first;
		}
		pthread_mutex_unlock(&st->lock);
		if (!q)
			return NULL;
		run_query(st->reader, q);

		pthread_mutex_lock(&st->lock);
		q->next = NULL;
		*st->answered.end = q;
		st->answered.end = &q->next;
		pthread_cond_signal(&st->something_done);
		pthread_mutex_unlock(&st->lock);
		uv_async_send(&st->wake);
	}
}
