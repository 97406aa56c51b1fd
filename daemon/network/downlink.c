#include "network/downlink.h"

#include <string.h>

#include "base/error.h"

#define FHDR_LEN 7 /* without FOpts */

void downlink_build(struct lw_crypto *crypto, const struct downlink_input *in, struct downlink_outcome *out)
{
	const struct session *s = in->session;
	bool more, waits;
	const struct queue_item *item = device_queue_next(in->queue, in->now_wall_us, &more);
	size_t header = FHDR_LEN + in->f_opts_len + 1; /* with FPort */
	struct phy_data f = {
		.m_type = M_TYPE_UNCONFIRMED_DOWN,
		.dev_addr = s->dev_addr,
		.ack = in->ack,
		.f_cnt = (uint16_t)s->down.f_cnt_down,
		.f_opts = in->f_opts,
		.f_opts_len = (uint8_t)in->f_opts_len,
		.f_port = -1,
	};
	uint8_t payload[PHY_MAX], mic[4];

	out->send = false;
	out->item = out->too_long = NULL;
	out->phy_len = 0;
	out->f_cnt_down = s->down.f_cnt_down;
	waits = item || more;
	if (!in->may_take_item)
		item = NULL;
	out->item_max = in->max_payload_m > header ? in->max_payload_m - header : 0;
	if (item && item->data_len > out->item_max) {
		out->too_long = item;
		item = NULL;
	}
	/* The counter never wraps: at its end the session takes no downlink any more. */
	if ((!item && !in->must_send) || s->down.f_cnt_down == UINT32_MAX)
		return;
	if (item) {
		f.m_type = item->confirmed ? M_TYPE_CONFIRMED_DOWN : M_TYPE_UNCONFIRMED_DOWN;
		f.f_port = item->f_port;
		f.f_pending = more;
		memcpy(payload, item->data, item->data_len);
		lw_frm_payload_crypt(crypto, &s->keys.app_s_key, LW_DOWN, s->dev_addr, s->down.f_cnt_down, payload,
		                     item->data_len);
		f.frm_payload = payload;
		f.frm_payload_len = item->data_len;
	} else {
		f.f_pending = waits;
	}
	if (phy_write_data(&f, out->phy, sizeof(out->phy), &out->phy_len))
		return;
	lw_mic_data(crypto, &s->keys.f_nwk_s_int_key, LW_DOWN, s->dev_addr, s->down.f_cnt_down, out->phy, out->phy_len, mic);
	memcpy(out->phy + out->phy_len, mic, sizeof(mic));
	out->phy_len += sizeof(mic);
	out->item = item;
	out->send = true;
}
