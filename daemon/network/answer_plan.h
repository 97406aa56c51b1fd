/*
 * answer_plan.h - which window of which gateway carries an answer.
 *
 * The windows are tried in their order; in each, the gateways that heard the uplink are judged and ranked
 * (gateway_choice.h). So a busy RX1 means another gateway, then RX2; only when nothing is free does something of lower
 * rank yield.
 */
#ifndef LS_NETWORK_ANSWER_PLAN_H
#define LS_NETWORK_ANSWER_PLAN_H

#include "network/windows.h"

struct answer_plan {
	/* given */
	struct network *network;
	const struct region *region;
	const struct reception *paths[COLLECT_COPIES_MAX]; /* one a gateway */
	unsigned n_paths;
	struct window windows[WINDOWS_MAX];
	int n_windows;

	/* found */
	struct transmit_option options[TRANSMIT_OPTIONS_MAX]; /* the first is the chosen one, the others come after a refusal */
	unsigned n_options;
	char why[TRANSMIT_WHY_SIZE];

	/* or not */
	enum drop_reason reason;
	char detail[DETAIL_SIZE];
};

/* Paths of an uplink of this device, best as in answer_paths(); the windows are the caller's. False: no gateway can transmit. */
bool answer_plan_init(struct answer_plan *p, struct network *n, const struct collected *e, const struct device *d,
                      const struct region *region, const struct reception *best);

/* A frame of this length into this window. False: reason and detail say why not. */
bool answer_plan_window(struct answer_plan *p, int window, size_t phy_len, enum downlink_rank rank, bool may_displace);

/*
 * Into any window whose rate carries it, the free ones first. For frames that are built already (join accepts), and to
 * pencil a place for one that is not.
 */
bool answer_plan_any(struct answer_plan *p, size_t phy_len, enum downlink_rank rank);

/* Hand what was found to a downlink. */
void answer_plan_give(const struct answer_plan *p, struct transmit *t);

#endif
