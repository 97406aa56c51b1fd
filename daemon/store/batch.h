/*
 * batch.h - what a batch holds: operations in an arena, freed whole. Each family of operations has its own file,
 * which fills `struct store_op` on the loop thread and carries it out on the store thread.
 */
#ifndef LS_STORE_BATCH_H
#define LS_STORE_BATCH_H

#include "store/db.h"
#include "store/store.h"

#define N_LOGS 2 /* LOG_EVENT, LOG_FRAME */

struct store_op {
	struct store_op *next;
	/* [store] LS_ENOTFOUND: the row it changes is gone; LS_ECONFLICT: a constraint. */
	int (*run)(struct store_db *db, const struct store_op *op);
	union {
		struct session_row session;
		struct {
			struct eui64 dev_eui;
			enum session_slot slot;
			struct session_up_row up;
			struct session_down_row down;
			const uint8_t *mac; /* in the arena; NULL: unchanged */
			size_t mac_len;
		} change;
		struct {
			struct eui64 dev_eui;
			bool has_next;
			struct ls_key next_key;
		} retire;
		struct {
			struct eui64 dev_eui, join_eui;
			uint16_t dev_nonce;
			uint32_t join_nonce;
		} join;
		struct {
			struct eui64 dev_eui;
			uint8_t type;
			uint16_t rj_count;
			uint32_t join_nonce;
		} rejoin;
		struct queue_row queue;
		struct {
			struct eui64 gateway_id;
			int64_t last_seen_us;
		} seen;
		struct multicast_row multicast;
		struct {
			int statement; /* enum statement */
			struct uuid multicast_id;
			struct eui64 eui;
		} multicast_link;
		struct {
			struct eui64 dev_eui;
			const uint8_t *octets; /* in the arena */
			size_t len;
		} heard;
		struct {
			uint32_t net_id;
			uint64_t data_frames, join_requests;
			int64_t last_us;
		} foreign;
		struct {
			enum store_log log;
			struct log_row row;
			size_t kind_len, drop_reason_len;
		} log;
	};
};

/* What a batch adds to one log. */
struct log_addition {
	uint64_t first_seq, last_seq;
	int64_t first_us;
	uint64_t rows, bytes;
	uint64_t reserve; /* new limit of its seqs, written before them; 0 none */
};

struct batch {
	struct store_batch pub; /* first */
	struct log_addition added[N_LOGS];
};

/* A new operation at the end of the batch; NULL when memory is out. The union is not cleared. */
struct store_op *batch_add(struct store_batch *b, int (*run)(struct store_db *db, const struct store_op *op));

/* A copy in the arena that lives as long as the batch, with a NUL behind it. */
void *batch_copy(struct store_batch *b, const void *data, size_t len);

#endif
