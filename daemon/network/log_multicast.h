/* log_multicast.h - the event of a multicast downlink that was sent. No other system has it: it follows txack. */
#ifndef LS_NETWORK_LOG_MULTICAST_H
#define LS_NETWORK_LOG_MULTICAST_H

#include "base/text_buf.h"
#include "network/fleet_multicast.h"

struct multicast_txack {
	const struct multicast_group *group;
	struct uuid queue_item_id;
	uint32_t f_cnt_down, freq_hz;
	const struct eui64 *gateways;    /* that took it */
	size_t n_gateways;
};

void text_multicast_txack_event(struct text_buf *t, const struct multicast_txack *ack, int64_t time_us);

#endif
