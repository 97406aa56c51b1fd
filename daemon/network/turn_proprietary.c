/* turn_proprietary.c - proprietary frames: what came up becomes an event, what goes down leaves at once. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/airtime.h"
#include "network/proprietary.h"
#include "network/turn.h"

/*
 * Anybody can send them, so they rest on nothing and cause no sync of their own, as drops do; and there is an end to how
 * many are taken in a second.
 */
#define PROPRIETARY_PER_SECOND 100

void turn_proprietary(struct network *n, struct turn *t, struct turn_item *item)
{
	struct frame_up row = turn_row_of(item);
	struct collected *e = item->e;
	int64_t second = e->first_wall_us / 1000000;

	receptions_resolve(n->fleet, e);
	if (n->proprietary.second != second)
		n->proprietary = (struct drop_limit){.second = second};
	if (n->proprietary.n++ >= PROPRIETARY_PER_SECOND) {
		row.reason = DROP_OVERLOAD;
		turn_drop_row(n, t, &row);
	} else if (turn_lazy(n, t)) {
		turn_frame_row(t->lazy, &row);
		text_proprietary_event(commit_row_begin(t->lazy), e, network_uuid(n));
		commit_row_end(t->lazy, LOG_EVENT, "proprietary", e->first_wall_us, NULL, NULL, NULL);
	}
	collect_done(&n->collect, e, LATE_UNKNOWN_US);
}

/* ---- down ----------------------------------------------------------------------------------- */

static void on_settled(struct network *n, struct transmit *t, enum drop_reason reason)
{
	struct commit *c = commit_new(n);

	if (!c)
		return;
	transmit_row(c, t, NULL, reason);
	commit_submit(c, true);
}

int network_send_proprietary(struct network *n, const struct proprietary_downlink *p, uint32_t *downlink_id)
{
	const struct gateway *g = fleet_gateway(n->fleet, p->gateway_id);
	struct transmit *t;
	bool confirms;

	if (!g || !n->out.has_path(n->out.arg, g->id, &confirms))
		return LS_ENOTFOUND;
	t = calloc(1, sizeof(*t));
	if (!t)
		return LS_ENOMEM;
	t->id = *downlink_id = network_downlink_id(n);
	t->settled = on_settled;
	t->is_join = true; /* no counter */
	t->f_port = -1;
	t->m_type = M_TYPE_PROPRIETARY;
	t->n_options = 1;
	t->options[0] = (struct transmit_option){
		.gateway_id = g->id,
		.window = WINDOW_AT_ONCE,
		.dr = p->dr,
		.place = {
			.region = p->region, .freq_hz = p->freq_hz, .air_us = radio_airtime_us(&p->radio, p->phy_len, false),
			.start_us = clock_mono_us() + answer_lead_us(n, g->id), .rank = RANK_APPLICATION,
		},
		.tx = {.timing = TX_IMMEDIATE, .freq_hz = p->freq_hz, .radio = p->radio, .power_dbm = p->power_dbm},
	};
	t->phy_len = (uint8_t)p->phy_len;
	memcpy(t->phy, p->phy, p->phy_len);
	transmit_start(n, t);
	return LS_OK;
}
