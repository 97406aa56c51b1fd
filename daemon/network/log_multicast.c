#include "network/log_multicast.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* Seldom: written at leisure, unlike log_text.c. */
void text_multicast_txack_event(struct text_buf *t, const struct multicast_txack *ack, int64_t time_us)
{
	const struct multicast_group *g = ack->group;
	const struct application *a = g->application;
	char ids[4][UUID_TEXT_SIZE], time[CLOCK_TEXT_SIZE], mc_addr[9];
	json_t *gateways = json_array(), *event;
	char *text;

	clock_format_chirpstack(time_us, time);
	snprintf(mc_addr, sizeof(mc_addr), "%08x", g->mc_addr);
	for (size_t i = 0; i < ack->n_gateways; i++) {
		char id[EUI64_TEXT_SIZE];

		json_array_append_new(gateways, json_string(eui64_format(ack->gateways[i], id)));
	}
	event = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}, s:s, s:I, s:o, s:I}", "time", time,
	                  "multicastGroupInfo", "tenantId", uuid_format(a->tenant->id, ids[0]), "tenantName", a->tenant->name,
	                  "applicationId", uuid_format(a->id, ids[1]), "applicationName", a->name, "multicastGroupId",
	                  uuid_format(g->id, ids[2]), "multicastGroupName", g->name, "mcAddr", mc_addr, "queueItemId",
	                  uuid_format(ack->queue_item_id, ids[3]), "fCntDown", (json_int_t)ack->f_cnt_down, "gatewayIds",
	                  gateways, "frequency", (json_int_t)ack->freq_hz);
	text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	if (text)
		text_puts(t, text);
	else
		t->bad = true;
	free(text);
	json_decref(event);
}
