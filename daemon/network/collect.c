#include "network/collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * Under load entries come and go by the thousand, so the memory of those that left is kept for others: of entries
 * with a PHYPayload of usual length, and of the first array of receptions an entry needs.
 */
#define SHORT_PHY 64
#define FIRST_CAP 4
#define SPARE_MAX 4096 /* of each */

struct spare_array {
	struct spare_array *next;
};

/* Closed entries stay in one of three queues, so that each is in order of time without a heap. */
static const uint64_t tail_us[3] = {2000000, 6000000, 16000000};

static uint64_t entry_hash(const void *entry, const void *arg)
{
	(void)arg;
	return ((const struct collected *)entry)->hash;
}

struct octets {
	const uint8_t *data;
	size_t len;
};

static bool same_octets(const void *entry, const void *key)
{
	const struct collected *e = entry;
	const struct octets *o = key;

	return e->phy_len == o->len && !memcmp(e->phy, o->data, o->len);
}

void collect_init(struct collect *c, uint64_t window_us)
{
	*c = (struct collect){.key = siphash_key_random(), .window_us = window_us};
	ptr_table_init(&c->table, entry_hash, NULL);
	c->open_end = &c->open;
	for (int i = 0; i < 3; i++)
		c->tail_end[i] = &c->tail[i];
}

/* An array for cap receptions. */
static struct reception *take_array(struct collect *c, unsigned cap)
{
	struct spare_array *spare = c->spare_arrays;

	if (cap != FIRST_CAP || !spare)
		return malloc(cap * sizeof(struct reception));
	c->spare_arrays = spare->next;
	c->n_spare_arrays--;
	return (struct reception *)spare;
}

static void give_array(struct collect *c, struct reception *array, unsigned cap)
{
	struct spare_array *spare = (struct spare_array *)array;

	if (cap != FIRST_CAP || c->n_spare_arrays == SPARE_MAX) {
		free(array);
		return;
	}
	spare->next = c->spare_arrays;
	c->spare_arrays = spare;
	c->n_spare_arrays++;
}

/* An entry with room for phy_len octets; what it holds is not set. */
static struct collected *take_entry(struct collect *c, size_t phy_len)
{
	struct collected *e = c->spare;

	if (phy_len > SHORT_PHY)
		return malloc(sizeof(*e) + phy_len);
	if (!e)
		return malloc(sizeof(*e) + SHORT_PHY);
	c->spare = e->next;
	c->n_spare--;
	return e;
}

/* Like the last collected_unref(), but the memory serves again. */
static void recycle(struct collect *c, struct collected *e)
{
	if (e->receptions != &e->inline_one)
		give_array(c, e->receptions, e->cap);
	if (e->phy_len > SHORT_PHY || c->n_spare == SPARE_MAX) {
		free(e);
		return;
	}
	e->next = c->spare;
	c->spare = e;
	c->n_spare++;
}

void collected_ref(struct collected *e)
{
	e->refs++;
}

void collected_unref(struct collected *e)
{
	if (--e->refs)
		return;
	if (e->receptions != &e->inline_one)
		free(e->receptions);
	free(e);
}

static void forget(struct collect *c, struct collected *e)
{
	if (e->in_table) {
		ptr_table_remove(&c->table, e);
		e->in_table = false;
	}
}

static struct collected *pop(struct collected **head, struct collected ***end)
{
	struct collected *e = *head;

	*head = e->next;
	if (!*head)
		*end = head;
	e->next = NULL;
	return e;
}

static void push(struct collected ***end, struct collected *e)
{
	e->next = NULL;
	**end = e;
	*end = &e->next;
}

static void drop_tails(struct collect *c, uint64_t now_mono_us)
{
	for (int i = 0; i < 3; i++)
		while (c->tail[i] && c->tail[i]->expires_mono_us <= now_mono_us) {
			struct collected *e = pop(&c->tail[i], &c->tail_end[i]);

			forget(c, e);
			c->n--;
			if (e->refs == 1)
				recycle(c, e);
			else
				collected_unref(e);
		}
}

void collect_fini(struct collect *c)
{
	struct collected **spare_end;

	drop_tails(c, UINT64_MAX);
	while (c->open) {
		struct collected *e = pop(&c->open, &c->open_end);

		collected_unref(e);
	}
	while (c->spare)
		free(pop(&c->spare, &spare_end));
	while (c->spare_arrays) {
		struct spare_array *next = c->spare_arrays->next;

		free(c->spare_arrays);
		c->spare_arrays = next;
	}
	ptr_table_fini(&c->table);
}

static void set_reception(struct reception *r, const struct rx_frame *frame)
{
	r->rx = frame->rx;
	r->gateway = NULL;
	r->freq_hz = frame->freq_hz;
	r->radio = frame->radio;
}

/* The same antenna at the same gateway time: one reception told twice. */
static bool same_reception(const struct reception *r, const struct rx_frame *frame)
{
	return eui64_equal(r->rx.gateway_id, frame->rx.gateway_id) && r->rx.antenna == frame->rx.antenna &&
	       r->rx.board == frame->rx.board && r->rx.context_len && r->rx.context_len == frame->rx.context_len &&
	       !memcmp(r->rx.context, frame->rx.context, r->rx.context_len) && r->freq_hz == frame->freq_hz;
}

/*
 * A second report of the same gateway antenna with another frequency or time inside one window is a mirror
 * image of the first (SX1301): the stronger one stays.
 */
static struct reception *mirror_of(struct collected *e, const struct rx_frame *frame)
{
	for (unsigned i = 0; i < e->n; i++) {
		struct reception *r = &e->receptions[i];

		if (eui64_equal(r->rx.gateway_id, frame->rx.gateway_id) && r->rx.antenna == frame->rx.antenna &&
		    r->rx.board == frame->rx.board)
			return r;
	}
	return NULL;
}

static bool stronger(int snr_a, int rssi_a, int snr_b, int rssi_b)
{
	return snr_a != snr_b ? snr_a > snr_b : rssi_a > rssi_b;
}

/* Put a reception at place `at`, making room; false when there is none. */
static bool append(struct collect *c, struct collected *e, unsigned at, const struct rx_frame *frame)
{
	if (at == COLLECT_COPIES_MAX)
		return false;
	if (at == e->cap) {
		uint16_t cap = e->cap * FIRST_CAP; /* 4, 16, 64 */
		struct reception *more = take_array(c, cap);

		if (!more)
			return false;
		memcpy(more, e->receptions, at * sizeof(*more));
		if (e->receptions != &e->inline_one)
			give_array(c, e->receptions, e->cap);
		e->receptions = more;
		e->cap = cap;
	}
	set_reception(&e->receptions[at], frame);
	return true;
}

static enum collect_result add_copy(struct collect *c, struct collected *e, const struct rx_frame *frame)
{
	struct reception *mirror;

	for (unsigned i = 0; i < e->n; i++)
		if (same_reception(&e->receptions[i], frame))
			return COLLECT_DUPLICATE;
	mirror = mirror_of(e, frame);
	if (mirror) {
		if (stronger(frame->rx.snr_db10, frame->rx.rssi_dbm, mirror->rx.snr_db10, mirror->rx.rssi_dbm))
			set_reception(mirror, frame);
		return COLLECT_DUPLICATE;
	}
	if (!append(c, e, e->n, frame))
		return COLLECT_FULL;
	e->n++;
	return COLLECT_COPY;
}

/* Its stay has ended, though nobody has come by to remove it. */
static bool is_over(const struct collected *e, uint64_t now_mono_us)
{
	return e->expires_mono_us && e->expires_mono_us <= now_mono_us;
}

/* Late: a gateway that had not reported it, or the very same reception again, soon after the first copy. */
static bool is_late_copy(const struct collected *e, const struct rx_frame *frame)
{
	bool reported = false;

	for (unsigned i = 0; i < e->n + e->n_late; i++) {
		if (same_reception(&e->receptions[i], frame))
			return true;
		if (eui64_equal(e->receptions[i].rx.gateway_id, frame->rx.gateway_id))
			reported = true;
	}
	return !reported && frame->rx.recv_mono_us < e->late_until_mono_us;
}

enum collect_result collect_add(struct collect *c, const struct rx_frame *frame, struct collected **late)
{
	struct octets key = {frame->phy, frame->phy_len};
	uint64_t hash = siphash(&c->key, frame->phy, frame->phy_len);
	struct collected *e = ptr_table_find(&c->table, hash, same_octets, &key);
	bool again = e != NULL;

	if (e && !e->closed)
		return add_copy(c, e, frame);
	if (e && !is_over(e, frame->rx.recv_mono_us) && is_late_copy(e, frame)) {
		/* Remembered, so that the next report of this gateway is a repeat. */
		if (append(c, e, e->n + e->n_late, frame))
			e->n_late++;
		*late = e;
		return COLLECT_LATE;
	}
	if (c->n >= COLLECT_ENTRIES_MAX)
		return COLLECT_FULL;
	if (e)
		forget(c, e);
	e = take_entry(c, frame->phy_len);
	if (!e)
		return COLLECT_FULL;
	memset(e, 0, offsetof(struct collected, inline_one));
	e->hash = hash;
	e->first_mono_us = frame->rx.recv_mono_us;
	e->first_wall_us = frame->rx.recv_wall_us;
	e->late_until_mono_us = UINT64_MAX;
	e->receptions = &e->inline_one;
	e->n = e->cap = 1;
	e->refs = 1;
	e->again = again;
	e->phy_len = (uint8_t)frame->phy_len;
	memcpy(e->phy, frame->phy, frame->phy_len);
	set_reception(&e->inline_one, frame);
	if (ptr_table_add(&c->table, e)) {
		free(e);
		return COLLECT_FULL;
	}
	e->in_table = true;
	push(&c->open_end, e);
	c->n++;
	return COLLECT_NEW;
}

uint64_t collect_next_mono_us(const struct collect *c)
{
	uint64_t next = c->open ? c->open->first_mono_us + c->window_us : UINT64_MAX;

	for (int i = 0; i < 3; i++)
		if (c->tail[i] && c->tail[i]->expires_mono_us < next)
			next = c->tail[i]->expires_mono_us;
	return next;
}

struct collected *collect_take(struct collect *c, uint64_t now_mono_us, bool force)
{
	struct collected *list = NULL, **end = &list;

	drop_tails(c, now_mono_us);
	while (c->open && (force || c->open->first_mono_us + c->window_us <= now_mono_us)) {
		struct collected *e = pop(&c->open, &c->open_end);

		e->closed = true;
		push(&end, e);
	}
	return list;
}

void collect_done(struct collect *c, struct collected *e, uint64_t late_us)
{
	int i = 0;

	e->late_until_mono_us = e->first_mono_us + late_us;
	while (i < 2 && tail_us[i] < late_us)
		i++;
	e->expires_mono_us = e->first_mono_us + tail_us[i];
	push(&c->tail_end[i], e);
}

const struct reception *collected_best(const struct collected *e, bool (*usable)(const struct reception *, const void *),
                                       const void *arg)
{
	const struct reception *best = NULL;

	for (unsigned i = 0; i < e->n; i++) {
		const struct reception *r = &e->receptions[i];

		if ((!best || stronger(r->rx.snr_db10, r->rx.rssi_dbm, best->rx.snr_db10, best->rx.rssi_dbm)) &&
		    usable(r, arg))
			best = r;
	}
	return best;
}
