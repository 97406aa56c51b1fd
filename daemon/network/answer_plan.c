#include "network/answer_plan.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_A_WINDOW 2 /* gateways that may carry it, one after the other */

/* One window seen through every gateway. */
struct window_view {
	struct gateway_candidate list[COLLECT_COPIES_MAX];
	struct place places[COLLECT_COPIES_MAX];
};

static void look(const struct answer_plan *p, int window, size_t phy_len, enum downlink_rank rank,
                 struct window_view *out)
{
	const struct window *w = &p->windows[window];
	uint64_t now = clock_mono_us();

	for (unsigned i = 0; i < p->n_paths; i++) {
		const struct reception *r = p->paths[i];
		struct gateway_candidate *c = &out->list[i];

		*c = (struct gateway_candidate){.rssi_dbm = r->rx.rssi_dbm};
		window_place(p->network, p->region, w, r, phy_len, rank, &out->places[i]);
		gateway_air_look(r->gateway, &out->places[i], now, c);
		c->spare_us = (int64_t)(out->places[i].start_us - now) - (int64_t)answer_lead_us(p->network, r->rx.gateway_id);
		c->margin_db10 = link_margin_db10(&r->radio, r->rx.has_snr, r->rx.snr_db10, r->rx.rssi_dbm, w->radio);
	}
}

static int prefer_margin_db(const struct answer_plan *p)
{
	return p->region->settings.gateway_prefer_min_margin_db;
}

bool answer_plan_init(struct answer_plan *p, struct network *n, const struct collected *e, const struct device *d,
                      const struct region *region, const struct reception *best)
{
	p->network = n;
	p->region = region;
	p->n_windows = 0;
	p->n_options = 0;
	p->reason = DROP_NONE;
	p->why[0] = p->detail[0] = 0;
	p->n_paths = answer_paths(n, e, d, region, best, p->paths);
	return p->n_paths > 0;
}

static void add_options(struct answer_plan *p, int window, const struct window_view *v, const uint16_t *order, size_t n)
{
	for (size_t i = 0; i < n && i < OPTIONS_A_WINDOW && p->n_options < TRANSMIT_OPTIONS_MAX; i++)
		window_option(&p->windows[window], p->paths[order[i]], &v->places[order[i]],
		              &p->options[p->n_options++]);
}

/* After a refusal: the same octets in the windows behind, if their rate carries them. */
static void add_fallbacks(struct answer_plan *p, int window, size_t phy_len, enum downlink_rank rank)
{
	struct window_view v;
	uint16_t order[COLLECT_COPIES_MAX];

	for (int i = window + 1; i < p->n_windows; i++) {
		if (!window_carries(&p->windows[i], phy_len))
			continue;
		look(p, i, phy_len, rank, &v);
		add_options(p, i, &v, order,
		            gateway_rank(v.list, p->n_paths, GATEWAY_GOOD, prefer_margin_db(p), order));
	}
}

/* The drop reason is that of the gateway that came nearest. */
static void note_refusal(struct answer_plan *p, int window, const struct window_view *v)
{
	static const enum drop_reason reasons[] = {
		[GATEWAY_GOOD] = DROP_DOWNLINK_FAILED,
		[GATEWAY_YIELDS] = DROP_CALENDAR_BUSY,
		[GATEWAY_BUSY] = DROP_CALENDAR_BUSY,
		[GATEWAY_DUTY_CYCLE] = DROP_DUTY_CYCLE_EXHAUSTED,
		[GATEWAY_FORBIDDEN] = DROP_FREQUENCY_FORBIDDEN,
		[GATEWAY_TOO_LATE] = DROP_DOWNLINK_TOO_LATE,
	};
	size_t len = strlen(p->detail);
	unsigned nearest = 0;
	char text[80], id[EUI64_TEXT_SIZE];

	for (unsigned i = 1; i < p->n_paths; i++)
		if (gateway_judge(&v->list[i]) < gateway_judge(&v->list[nearest]))
			nearest = i;
	gateway_refusal_text(&v->list[nearest], text, sizeof(text));
	/* What is merely late says nothing beside a better reason. */
	if (p->reason == DROP_NONE || p->reason == DROP_DOWNLINK_TOO_LATE)
		p->reason = reasons[gateway_judge(&v->list[nearest])];
	snprintf(p->detail + len, sizeof(p->detail) - len, "%sRX%d %s: %s", len ? "; " : "", p->windows[window].number,
	         eui64_format(v->list[nearest].gateway_id, id), text);
}

/* Also a bare acknowledgement can be too long where dwell time is limited. */
static void note_too_long(struct answer_plan *p, int window, size_t phy_len)
{
	size_t len = strlen(p->detail);

	if (p->reason == DROP_NONE || p->reason == DROP_DOWNLINK_TOO_LATE)
		p->reason = DROP_PAYLOAD_TOO_LONG;
	snprintf(p->detail + len, sizeof(p->detail) - len, "%sRX%d: DR%u does not carry %zu octets", len ? "; " : "",
	         p->windows[window].number, p->windows[window].params.dr, phy_len);
}

bool answer_plan_window(struct answer_plan *p, int window, size_t phy_len, enum downlink_rank rank, bool may_displace)
{
	struct window_view v;
	uint16_t order[COLLECT_COPIES_MAX];
	char choice[CHOICE_TEXT_SIZE];
	size_t n;

	if (!window_carries(&p->windows[window], phy_len)) {
		if (!may_displace)
			note_too_long(p, window, phy_len);
		return false;
	}
	look(p, window, phy_len, rank, &v);
	n = gateway_rank(v.list, p->n_paths, GATEWAY_GOOD, prefer_margin_db(p), order);
	if (!n && may_displace)
		n = gateway_rank(v.list, p->n_paths, GATEWAY_YIELDS, prefer_margin_db(p), order);
	if (!n) {
		if (!may_displace)
			note_refusal(p, window, &v);
		return false;
	}
	p->n_options = 0;
	add_options(p, window, &v, order, n);
	gateway_explain(v.list, p->n_paths, order[0], choice);
	snprintf(p->why, sizeof(p->why), "%s%s%s", choice, p->detail[0] ? "; " : "", p->detail);
	add_fallbacks(p, window, phy_len, rank);
	p->reason = DROP_NONE;
	return true;
}

bool answer_plan_any(struct answer_plan *p, size_t phy_len, enum downlink_rank rank)
{
	p->reason = DROP_NONE;
	p->detail[0] = 0;
	for (int displace = 0; displace < 2; displace++)
		for (int i = 0; i < p->n_windows; i++)
			if (answer_plan_window(p, i, phy_len, rank, displace))
				return true;
	return false;
}

void answer_plan_give(const struct answer_plan *p, struct transmit *t)
{
	t->n_options = p->n_options;
	memcpy(t->options, p->options, p->n_options * sizeof(t->options[0]));
	memcpy(t->why, p->why, sizeof(t->why));
}
