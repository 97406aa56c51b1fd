/*
 * collect.h - copies of one transmission become one frame.
 *
 * A frame heard by ten gateways arrives ten times. The first copy opens a window (200 ms, measured from
 * it); copies with the same PHYPayload octets join it, whatever frequency or time their gateway claims.
 * When the window closes the frame is handed on once, with all receptions.
 *
 * Afterwards the entry stays for RxDelay + 1 s: a copy from a gateway that had not reported it (or
 * the same reception once more) is then a late copy, recorded and never answered. The same octets later, or
 * from the same gateway with another timestamp, are a new transmission.
 *
 * Memory is bounded: entries, copies per entry and octets. What does not fit is counted and dropped.
 */
#ifndef LS_NETWORK_COLLECT_H
#define LS_NETWORK_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ptr_table.h"
#include "base/siphash.h"
#include "gateway/gateway.h"

#define COLLECT_COPIES_MAX 64
#define COLLECT_ENTRIES_MAX 400000

/* One copy: what a gateway said. */
struct gateway;

struct reception {
	struct rx_info rx;
	const struct gateway *gateway; /* valid within one decision only: receptions_resolve() */
	uint32_t freq_hz;
	struct radio radio;
};

struct collected {
	struct collected *next;      /* in the FIFO it waits in */
	uint64_t hash;
	uint64_t first_mono_us;
	int64_t first_wall_us;
	uint64_t late_until_mono_us; /* set when it is decided; copies before are late ones */
	uint64_t expires_mono_us;
	struct reception *receptions; /* [n], the first is `inline_one` while n is 1 */
	uint16_t n, cap;
	uint16_t n_late;             /* behind the n: reported after the window, no way back */
	uint16_t refs;               /* table and users */
	bool closed, in_table;
	bool again;                  /* the same octets were here before: surely no late copy */
	uint8_t phy_len;
	struct reception inline_one;
	uint8_t phy[];
};

enum collect_result {
	COLLECT_NEW,       /* opened a window */
	COLLECT_COPY,      /* joined one */
	COLLECT_DUPLICATE, /* the very same reception again: ignored */
	COLLECT_LATE,      /* after the window: *late points to the entry */
	COLLECT_FULL,      /* no room */
};

struct collect {
	struct siphash_key key;
	struct ptr_table table;
	struct collected *open, **open_end;      /* windows by their end */
	struct collected *tail[3], **tail_end[3]; /* closed entries by how long they stay */
	uint64_t window_us;
	size_t n;
	struct collected *spare;                  /* memory to be used again */
	struct spare_array *spare_arrays;
	size_t n_spare, n_spare_arrays;
};

void collect_init(struct collect *c, uint64_t window_us);
void collect_fini(struct collect *c);

enum collect_result collect_add(struct collect *c, const struct rx_frame *frame, struct collected **late);

/* Earliest time something closes or leaves; UINT64_MAX when empty. */
uint64_t collect_next_mono_us(const struct collect *c);

/* Take the entries whose window has ended (all when force), oldest first, linked by `next`; also drops old tails. */
struct collected *collect_take(struct collect *c, uint64_t now_mono_us, bool force);

/* Say how long after the first copy others are late ones, then give the entry back. */
void collect_done(struct collect *c, struct collected *e, uint64_t late_us);

void collected_ref(struct collected *e);
void collected_unref(struct collected *e);

/*
 * The strongest reception (SNR, then RSSI) among those for which usable() holds, NULL when there is none. What a
 * gateway claims is judged one by one: a stranger's claim must not decide over a frame that others heard.
 */
const struct reception *collected_best(const struct collected *e, bool (*usable)(const struct reception *, const void *),
                                       const void *arg);

#endif
