/* turn.h - what the files of a turn share: turn.c, turn_rows.c, turn_data.c, turn_join.c. */
#ifndef LS_NETWORK_TURN_H
#define LS_NETWORK_TURN_H

#include "network/internal.h"
#include "network/log_text.h"

#define LATE_UNKNOWN_US 2000000 /* how long copies of frames of nobody here are late ones */

struct turn_item {
	struct turn_item *next;
	struct collected *e;
	enum m_type m_type;
	struct phy_data data;              /* data frames; points into e */
	struct phy_join_request join;      /* join requests */
	struct phy_rejoin_request rejoin;  /* rejoin requests */
};

/* What happens after the commit. */
struct effect {
	bool is_join;
	struct answer_wish wish;           /* of data frames; of joins: dev_eui, dev_addr, e, dr, channel */
	uint8_t phy[33];                   /* join accept */
	uint8_t phy_len;
};

struct turn {
	struct commit *c, *lazy;
	struct effect *effects;
	size_t n_effects, cap_effects;
};

/* An effect for this frame, empty but for wish.e; NULL when memory is out. */
struct effect *turn_add_effect(struct turn *t, struct collected *e);

/* Decide over one frame, into the commits of the turn. */
void turn_decide_data(struct network *n, struct turn *t, struct turn_item *item);
void turn_decide_join(struct network *n, struct turn *t, struct turn_item *item);
void turn_decide_rejoin(struct network *n, struct turn *t, struct turn_item *item);
void turn_proprietary(struct network *n, struct turn *t, struct turn_item *item);

/* The DevEUI a frame names in clear, NULL when it names none. */
const struct eui64 *turn_dev_eui(const struct turn_item *item);

/* ---- turn_rows.c ---------------------------------------------------------------------------- */

/* The commit of what rests on nothing, made at the first need; false: out of memory. */
bool turn_lazy(struct network *n, struct turn *t);

/* The frame row of an item, as far as the frame itself tells. */
struct frame_up turn_row_of(const struct turn_item *item);

void turn_frame_row(struct commit *c, struct frame_up *row);

/* A drop: counted always, a row while the reason has not had its share of this second; false without one. */
bool turn_drop_row(struct network *n, struct turn *t, struct frame_up *row);

/*
 * A log event as ChirpStack sends it, for applications that watch them: level, code and the context keys beside
 * deduplication_id are its own. They rest on no state, so like the drop's row they cause no sync: a stranger who
 * replays frames must not be able to keep the disk busy.
 */
void turn_drop_event(struct network *n, struct commit *c, const struct device *d, const struct collected *e,
                     enum drop_reason reason, const char *detail, const char *level, const char *code,
                     const struct text_pair *more, size_t n_more);

void turn_count_foreign(struct network *n, uint32_t net_id, bool is_join, int64_t now_us);

#endif
