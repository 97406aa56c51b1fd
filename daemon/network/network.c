#include "network/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "network/air_replay.h"
#include "network/internal.h"
#include "network/session_load.h"

#define DROP_ROWS_PER_SECOND 100
#define LAZY_INTERVAL_MS 30000
#define GATEWAY_SEEN_STORED_US 60000000

bool network_may_log_drop(struct network *n, enum drop_reason reason, int64_t now_wall_us)
{
	struct drop_limit *limit = &n->limits[reason];
	int64_t second = now_wall_us / 1000000;

	n->counters.drops[reason]++;
	if (limit->second != second)
		*limit = (struct drop_limit){.second = second};
	return limit->n++ < DROP_ROWS_PER_SECOND;
}

struct uuid network_uuid(struct network *n)
{
	/* A call of the system for each is dearer than the rest of it. */
	if (!n->n_random) {
		n->out.random(n->out.arg, n->random, sizeof(n->random));
		n->n_random = RANDOM_KEPT;
	}
	return uuid_from_random(n->random[--n->n_random]);
}

uint32_t network_downlink_id(struct network *n)
{
	if (!n->next_downlink_id)
		n->next_downlink_id = 1;
	return n->next_downlink_id++;
}

/* ---- timers --------------------------------------------------------------------------------- */

static void on_collect_timer(uv_timer_t *timer);

static void arm_collect(struct network *n)
{
	uint64_t at = collect_next_mono_us(&n->collect), now;

	if (at >= n->collect_armed_for && n->collect_armed_for != UINT64_MAX)
		return; /* it fires earlier anyway and arms anew */
	n->collect_armed_for = at;
	if (at == UINT64_MAX) {
		uv_timer_stop(&n->collect_timer);
		return;
	}
	now = clock_mono_us();
	uv_update_time(n->loop);
	uv_timer_start(&n->collect_timer, on_collect_timer, at > now ? (at - now + 999) / 1000 : 0, 0);
}

static void on_collect_timer(uv_timer_t *timer)
{
	struct network *n = timer->data;

	n->collect_armed_for = UINT64_MAX;
	turn_take(n, false);
	arm_collect(n);
}

/* Counters of foreign networks and last_seen of gateways reach the disk when a commit passes by. */
static void write_lazy(struct network *n)
{
	struct store_batch *b = NULL;
	struct gateway *g;

	if (!n->n_foreign && !n->fleet->gateways.used)
		return;
	for (size_t i = 0; i < n->n_foreign; i++) {
		struct foreign *f = &n->foreign[i];

		if (!b && !(b = store_batch_new()))
			return;
		store_batch_foreign(b, f->net_id, f->data_frames, f->join_requests, f->last_us);
	}
	n->n_foreign = 0;
	for (size_t at = 0; (g = ptr_table_next(&n->fleet->gateways, &at));) {
		if (g->last_seen_us <= g->last_seen_stored_us)
			continue;
		if (!b && !(b = store_batch_new()))
			return;
		store_batch_gateway_seen(b, g->id, g->last_seen_us);
		g->last_seen_stored_us = g->last_seen_us;
	}
	if (!b)
		return;
	b->lazy = true;
	b->done = store_batch_free;
	store_submit(n->store, b);
}

static void on_lazy_timer(uv_timer_t *timer)
{
	write_lazy(timer->data);
}

/* ---- life ----------------------------------------------------------------------------------- */

int network_open(uv_loop_t *loop, struct fleet *fleet, struct store *store, const struct network_options *options,
                 const struct network_out *out, struct network **result)
{
	struct network *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return LS_ENOMEM;
	n->loop = loop;
	n->fleet = fleet;
	n->store = store;
	n->options = *options;
	n->out = *out;
	if (!n->options.dev_addrs.n)
		n->options.dev_addrs = (struct dev_addr_blocks){{dev_addr_prefix_of_net_id(options->net_id)}, 1};
	n->loading_end = &n->loading;
	n->parked_end = &n->parked;
	n->collect_armed_for = UINT64_MAX;
	rc = lw_crypto_open(&n->crypto);
	if (rc) {
		free(n);
		return rc;
	}
	out->random(out->arg, &n->next_downlink_id, sizeof(n->next_downlink_id));
	collect_init(&n->collect, (uint64_t)options->deduplication_delay_us);
	transmit_init(n);
	uv_timer_init(loop, &n->collect_timer);
	n->collect_timer.data = n;
	uv_timer_init(loop, &n->lazy_timer);
	n->lazy_timer.data = n;
	uv_timer_start(&n->lazy_timer, on_lazy_timer, LAZY_INTERVAL_MS, LAZY_INTERVAL_MS);
	session_load_init(n);
	due_list_init(&n->due, loop, n);
	queue_watch_all(n);
	air_replay_start(n);
	class_kick_all(n);
	multicast_kick_all(n);
	*result = n;
	return LS_OK;
}

bool network_has_waiting(const struct network *n)
{
	return n->parked != NULL;
}

void network_drain(struct network *n)
{
	turn_take(n, true);
	turn_unpark(n);
	/* Decide without another turn of the loop; their commits go out, their answers will not. */
	n->draining = true;
	turn_load_answered(n);
	write_lazy(n);
	n->sealed = true;
	uv_timer_stop(&n->collect_timer);
	uv_timer_stop(&n->lazy_timer);
}

static void on_closed(uv_handle_t *handle)
{
	struct network *n = handle->data;

	if (!--n->open_handles)
		free(n);
}

void network_close(struct network *n)
{
	uv_handle_t *handles[] = {
		(uv_handle_t *)&n->collect_timer,
		(uv_handle_t *)&n->lazy_timer,
		(uv_handle_t *)&n->load_idle,
		(uv_handle_t *)&n->due.timer,
	};

	answer_free_all(n);
	queue_watch_free_all(n);
	class_free_all(n);
	multicast_free_all(n);
	transmit_free_all(n);
	turn_free_all(n);
	if (n->store_failed)
		commit_discard(n->store_failed);
	collect_fini(&n->collect);
	due_list_fini(&n->due);
	lw_crypto_close(n->crypto);
	/* The handles live in n, which goes when the last of them is closed. */
	n->open_handles = sizeof(handles) / sizeof(handles[0]);
	for (unsigned i = 0; i < n->open_handles; i++) {
		handles[i]->data = n;
		uv_close(handles[i], on_closed);
	}
}

/* ---- frames in ------------------------------------------------------------------------------ */

void network_on_uplink(struct network *n, const struct rx_frame *frame, bool is_known)
{
	struct collected *late = NULL;

	if (n->draining)
		return;
	n->counters.frames_in++;
	if (!is_known) {
		turn_drop_alone(n, frame, DROP_UNKNOWN_GATEWAY);
		return;
	}
	if (frame->crc != CRC_OK) {
		turn_drop_alone(n, frame, DROP_BAD_CRC);
		return;
	}
	switch (collect_add(&n->collect, frame, &late)) {
	case COLLECT_NEW:
		arm_collect(n);
		break;
	case COLLECT_COPY:
	case COLLECT_DUPLICATE:
		n->counters.copies++;
		break;
	case COLLECT_LATE:
		turn_late_copy(n, late, frame);
		break;
	case COLLECT_FULL:
		n->counters.collect_full++;
		turn_drop_alone(n, frame, DROP_OVERLOAD);
		break;
	}
}

void network_on_tx_ack(struct network *n, const struct tx_ack *ack)
{
	transmit_on_ack(n, ack);
}

bool network_on_gateway_seen(struct network *n, struct eui64 gateway_id)
{
	struct gateway *g = fleet_gateway(n->fleet, gateway_id);

	if (g)
		g->last_seen_us = clock_wall_us();
	return g != NULL;
}

/* ---- control writes ------------------------------------------------------------------------- */

void network_device_write_begin(struct network *n, struct device *d)
{
	(void)n;
	d->writes++;
}

void network_device_write_end(struct network *n, struct device *d)
{
	if (!--d->writes)
		turn_unpark(n);
}

void network_profile_write_begin(struct network *n, struct profile *p)
{
	(void)n;
	p->writes++;
}

void network_profile_write_end(struct network *n, struct profile *p)
{
	if (!--p->writes)
		turn_unpark(n);
}

void network_forget_device(struct network *n, struct device *d)
{
	answer_forget(n, d);
	class_forget(n, d);
	transmit_forget(n, d->dev_eui);
	/* Nobody will report on them any more: they wait again, as they do after a restart. */
	for (struct queue_item *item = d->queue; item; item = item->next) {
		item->state = QUEUE_WAITING;
		item->sent_us = 0;
	}
}

const struct network_counters *network_counters(const struct network *n)
{
	return &n->counters;
}
