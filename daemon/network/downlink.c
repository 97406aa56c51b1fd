#include "network/downlink.h"

#include <string.h>

#include "base/error.h"
#include "network/session_crypto.h"
#include "network/session_start.h"

#define FHDR_LEN 7 /* without FOpts */
#define MIC_LEN 4

/* Which counter a frame uses: in 1.1 application data have their own (frames.md 7). */
static uint32_t *counter_of(const struct session *s, struct session_down_row *down, bool is_application)
{
	return s->is_1_1 && is_application ? &down->a_f_cnt_down : &down->f_cnt_down;
}

/* A counter of 16 bits begins again, as its device does; it may stand higher after a restore. */
static uint32_t within(const struct session *s, uint32_t f_cnt)
{
	return device_counts_16_bit(s->device) ? f_cnt & 0xffff : f_cnt;
}

/* Encrypt the parts of the frame where they stand, write it, and put the MIC behind it. */
static int seal(struct lw_crypto *crypto, const struct session *s, struct phy_data *f, uint8_t *f_opts, uint8_t *payload,
                struct downlink_outcome *out)
{
	int rc;

	session_down_f_opts_crypt(crypto, s, f->f_port > 0, out->f_cnt_down, f_opts, f->f_opts_len);
	session_payload_crypt(crypto, s, LW_DOWN, f->f_port, out->f_cnt_down, payload, f->frm_payload_len);
	rc = phy_write_data(f, out->phy, sizeof(out->phy), &out->phy_len);
	if (rc)
		return rc;
	session_down_mic(crypto, s, out->f_cnt_down, s->up.f_cnt_up - 1, out->phy, out->phy_len, out->phy + out->phy_len);
	out->phy_len += MIC_LEN;
	return LS_OK;
}

void downlink_build(struct lw_crypto *crypto, const struct downlink_input *in, struct downlink_outcome *out)
{
	const struct session *s = in->session;
	bool more, waits;
	const struct queue_item *item = device_queue_next(in->queue, in->now_wall_us, &more);
	size_t header = FHDR_LEN + in->f_opts_len + 1; /* with FPort */
	uint8_t f_opts[15], payload[PHY_MAX];
	struct phy_data f = {
		.m_type = M_TYPE_UNCONFIRMED_DOWN,
		.dev_addr = s->dev_addr,
		.ack = in->ack,
		.f_opts = f_opts,
		.f_opts_len = (uint8_t)in->f_opts_len,
		.f_port = -1,
		.frm_payload = payload,
	};
	uint32_t *counter;

	out->send = out->exhausted = false;
	out->item = out->too_long = NULL;
	out->phy_len = 0;
	out->down = s->down;
	waits = item || more;
	if (!in->may_take_item || in->port_0_len)
		item = NULL;
	out->item_max = in->max_payload_m > header ? in->max_payload_m - header : 0;
	if (item && item->data_len > out->item_max) {
		out->too_long = item;
		item = NULL;
	}
	counter = counter_of(s, &out->down, item != NULL);
	out->f_cnt_down = within(s, *counter);
	if (!item && !in->must_send && !in->f_opts_len && !in->port_0_len)
		return;
	/* The counter never wraps: at its end the session takes no downlink any more. */
	out->exhausted = out->f_cnt_down == UINT32_MAX;
	if (out->exhausted)
		return;
	f.f_cnt = (uint16_t)out->f_cnt_down;
	if (in->f_opts_len)
		memcpy(f_opts, in->f_opts, in->f_opts_len);
	if (item) {
		f.m_type = item->confirmed ? M_TYPE_CONFIRMED_DOWN : M_TYPE_UNCONFIRMED_DOWN;
		f.f_port = item->f_port;
		f.f_pending = more;
		memcpy(payload, item->data, item->data_len);
		f.frm_payload_len = item->data_len;
	} else {
		f.f_pending = waits;
		if (in->port_0_len) {
			f.f_port = 0;
			memcpy(payload, in->port_0, in->port_0_len);
			f.frm_payload_len = in->port_0_len;
		}
	}
	if (seal(crypto, s, &f, f_opts, payload, out))
		return;
	if (f.m_type == M_TYPE_CONFIRMED_DOWN) {
		out->down.has_conf = true;
		out->down.conf_f_cnt_down = out->f_cnt_down;
	}
	*counter = within(s, out->f_cnt_down + 1);
	out->item = item;
	out->send = true;
}
