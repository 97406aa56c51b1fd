/* join_answer.c - the way of a committed join accept into its window. */
#include <stdio.h>
#include <string.h>

#include "network/answer_plan.h"
#include "network/region_choice.h"

#define JOIN_ACCEPT_LEN 17
#define JOIN_ACCEPT_LEN_CF_LIST 33

bool answer_can_join(struct network *n, const struct device *d, const struct collected *e, bool *with_cf_list,
                     char detail[DETAIL_SIZE])
{
	const struct region *region;
	struct answer_plan plan;
	int dr, channel;

	detail[0] = 0;
	*with_cf_list = false;
	receptions_resolve(n->fleet, e);
	region = region_choice_join(n->fleet, d, e);
	if (!region || !answer_plan_init(&plan, n, e, d, region, NULL))
		return false;
	dr = region_uplink_dr(region, d->profile->revision, &plan.paths[0]->radio);
	channel = region_uplink_channel(region, d->profile->revision, plan.paths[0]->freq_hz, dr);
	plan.n_windows = windows_of_join(d, region, plan.paths[0]->freq_hz, channel, dr, plan.windows);
	*with_cf_list = answer_plan_any(&plan, JOIN_ACCEPT_LEN_CF_LIST, RANK_JOIN_ACCEPT);
	if (*with_cf_list || answer_plan_any(&plan, JOIN_ACCEPT_LEN, RANK_JOIN_ACCEPT))
		return true;
	snprintf(detail, DETAIL_SIZE, "%s", plan.detail);
	return false;
}

void answer_send_join_accept(struct network *n, struct eui64 dev_eui, uint32_t dev_addr, struct collected *e,
                             int dr, int channel, const uint8_t *phy, size_t phy_len)
{
	struct device *d = fleet_device(n->fleet, dev_eui);
	const struct session *s = d ? d->sessions[SLOT_PENDING] : NULL;
	const struct region *region = s ? s->region : NULL;
	struct answer_wish wish = {.dev_addr = dev_addr, .e = e};
	struct answer_plan plan;
	struct transmit *t;

	if (!d)
		return;
	if (!region || !answer_plan_init(&plan, n, e, d, region, NULL)) {
		answer_report_unsent(n, d, &wish, DROP_NO_GATEWAY_PATH, "");
		return;
	}
	plan.n_windows = windows_of_join(d, region, plan.paths[0]->freq_hz, channel, dr, plan.windows);
	if (!answer_plan_any(&plan, phy_len, RANK_JOIN_ACCEPT)) {
		answer_report_unsent(n, d, &wish, plan.reason, plan.detail);
		return;
	}
	t = transmit_new(n, d);
	if (!t)
		return;
	t->is_join = true;
	t->dev_addr = dev_addr;
	t->m_type = M_TYPE_JOIN_ACCEPT;
	t->phy_len = (uint8_t)phy_len;
	memcpy(t->phy, phy, phy_len);
	answer_plan_give(&plan, t);
	transmit_start(n, t);
}
