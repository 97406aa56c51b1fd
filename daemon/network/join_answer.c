/* join_answer.c - the way of a committed join accept into its window. */
#include <stdlib.h>
#include <string.h>

#include "network/log_text.h"
#include "network/windows.h"

void answer_send_join_accept(struct network *n, struct eui64 dev_eui, uint32_t dev_addr, struct collected *e,
                             int dr, int channel, const uint8_t *phy, size_t phy_len)
{
	struct device *d = fleet_device(n->fleet, dev_eui);
	const struct region *region = d ? d->profile->region : NULL;
	const struct reception *r = region ? answer_path(n, e, d, region, NULL) : NULL;
	struct answer_wish wish = {.dev_addr = dev_addr, .e = e};
	struct window windows[WINDOWS_MAX];
	struct transmit *t;
	struct commit *c;
	struct frame_down row;
	int64_t now = clock_wall_us();
	int n_windows;

	if (!r) {
		if (d)
			answer_report_unsent(n, d, &wish, DROP_NO_GATEWAY_PATH);
		return;
	}
	n_windows = windows_open_join(n, d, region, r, dr, channel, windows);
	if (!n_windows) {
		answer_report_unsent(n, d, &wish, DROP_DOWNLINK_TOO_LATE);
		return;
	}
	t = transmit_new(n, d, r->rx.gateway_id);
	if (!t)
		return;
	t->is_join = true;
	t->dev_addr = dev_addr;
	t->m_type = M_TYPE_JOIN_ACCEPT;
	t->phy_len = (uint8_t)phy_len;
	memcpy(t->phy, phy, phy_len);
	for (int i = 0; i < n_windows; i++)
		windows_add_option(t, region, r, &windows[i]);
	/* Its frame row rests on the commit that already happened; it may ride along with the next. */
	c = commit_new(n);
	if (c) {
		row = (struct frame_down){
			.device = d, .gateway_id = t->gateway_id, .dev_addr = dev_addr, .f_port = -1,
			.dr = t->drs[0], .m_type = t->m_type, .tx = &t->options[0], .window = t->windows[0],
			.phy = t->phy, .phy_len = t->phy_len,
		};
		text_frame_down(commit_row_begin(c), &row, now);
		commit_row_end(c, LOG_FRAME, "down", now, &dev_eui, &dev_addr, NULL);
		commit_submit(c, true);
	}
	transmit_start(n, t);
}
