/*
 * commit.h - one unit of commit of the network server: store operations, log rows to publish once they are
 * on disk, and the devices to bring back if they are not.
 *
 * Life: commit_new, add operations to `batch` and rows by commit_row_begin/commit_row_end, then
 * commit_submit. When the store has decided, rows are published (or touched devices reloaded) and done() runs;
 * after it everything is freed.
 */
#ifndef LS_NETWORK_COMMIT_H
#define LS_NETWORK_COMMIT_H

#include "base/text_buf.h"
#include "store/store.h"

struct network;
struct device;

struct commit_rows {
	struct log_row *rows; /* body is an offset into text until submitted */
	size_t n, cap;
};

struct commit {
	struct network *network;
	struct store_batch *batch;
	struct text_buf text;
	size_t row_at;
	struct commit_rows rows[2]; /* by enum store_log */
	struct eui64 *touched;
	size_t n_touched, cap_touched;
	bool bad;                   /* memory ran out on the way: the commit is refused whole */
	void (*done)(struct commit *c, int rc); /* may be NULL */
	void *arg;
};

struct commit *commit_new(struct network *n); /* NULL when memory is out */

/* Write one JSON object into the returned buffer, then end it. */
struct text_buf *commit_row_begin(struct commit *c);
/* kind: static text; drop_reason: static text or NULL; dev_addr NULL: none; d NULL: no device. */
void commit_row_end(struct commit *c, enum store_log log, const char *kind, int64_t time_us,
                    const struct eui64 *dev_eui, const uint32_t *dev_addr, const char *drop_reason);

/* Remember that memory of this device already holds what the batch says. */
void commit_touch(struct commit *c, struct eui64 dev_eui);

/* Not to be written after all: done() runs at once with LS_OK, nothing is published, c is freed. */
void commit_discard(struct commit *c);

/* Lazy ones ride along and cause no sync of their own. Owns c from here on. */
void commit_submit(struct commit *c, bool lazy);

#endif
