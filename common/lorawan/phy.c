#include "lorawan/phy.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define MHDR_LEN 1
#define FHDR_MIN 7  /* DevAddr, FCtrl, FCnt */
#define F_OPTS_MAX 15
#define MIC_LEN 4
#define JOIN_REQUEST_LEN 23
#define JOIN_ACCEPT_BODY_MIN 12
#define CF_LIST_LEN 16

const char *m_type_name(enum m_type m_type)
{
	static const char *const names[] = {
		[M_TYPE_JOIN_REQUEST] = "JOIN_REQUEST",
		[M_TYPE_JOIN_ACCEPT] = "JOIN_ACCEPT",
		[M_TYPE_UNCONFIRMED_UP] = "UNCONFIRMED_DATA_UP",
		[M_TYPE_UNCONFIRMED_DOWN] = "UNCONFIRMED_DATA_DOWN",
		[M_TYPE_CONFIRMED_UP] = "CONFIRMED_DATA_UP",
		[M_TYPE_CONFIRMED_DOWN] = "CONFIRMED_DATA_DOWN",
		[M_TYPE_REJOIN_REQUEST] = "REJOIN_REQUEST",
		[M_TYPE_PROPRIETARY] = "PROPRIETARY",
	};

	return names[m_type & 7];
}

static bool is_data(enum m_type m_type)
{
	return m_type >= M_TYPE_UNCONFIRMED_UP && m_type <= M_TYPE_CONFIRMED_DOWN;
}

static bool is_up(enum m_type m_type)
{
	return m_type == M_TYPE_UNCONFIRMED_UP || m_type == M_TYPE_CONFIRMED_UP;
}

int phy_m_type(const uint8_t *buf, size_t len, enum m_type *out)
{
	if (len < MHDR_LEN)
		return LS_ESHORT;
	if (buf[0] & 3)
		return LS_EVERSION;
	*out = (enum m_type)(buf[0] >> 5);
	return LS_OK;
}

int phy_parse_data(const uint8_t *buf, size_t len, struct phy_data *out)
{
	const uint8_t *at, *end;
	enum m_type m_type;
	uint8_t f_ctrl;
	int rc = phy_m_type(buf, len, &m_type);

	if (rc)
		return rc;
	if (!is_data(m_type))
		return LS_ETYPE;
	if (len < MHDR_LEN + FHDR_MIN + MIC_LEN)
		return LS_ESHORT;
	if (len > PHY_MAX)
		return LS_ELONG;

	at = buf + MHDR_LEN + FHDR_MIN;
	end = buf + len - MIC_LEN;
	f_ctrl = buf[5];
	*out = (struct phy_data){
		.m_type = m_type,
		.dev_addr = get_le32(buf + 1),
		.adr = f_ctrl & 0x80,
		.adr_ack_req = is_up(m_type) && f_ctrl & 0x40,
		.ack = f_ctrl & 0x20,
		.class_b = is_up(m_type) && f_ctrl & 0x10,
		.f_pending = !is_up(m_type) && f_ctrl & 0x10,
		.f_cnt = get_le16(buf + 6),
		.f_opts_len = f_ctrl & 0x0f,
		.f_opts = at,
		.f_port = -1,
		.msg_len = len - MIC_LEN,
	};
	if (out->f_opts_len > end - at)
		return LS_ESHORT;
	at += out->f_opts_len;
	if (at < end)
		out->f_port = *at++;
	out->frm_payload = at;
	out->frm_payload_len = (size_t)(end - at);
	memcpy(out->mic, end, MIC_LEN);
	if (out->f_opts_len && out->f_port == 0)
		return LS_EFORMAT;
	return LS_OK;
}

static struct eui64 eui_from_air(const uint8_t le[8])
{
	struct eui64 eui;

	memcpy(eui.be, le, sizeof(eui.be));
	return eui64_reverse(eui);
}

int phy_parse_join_request(const uint8_t *buf, size_t len, struct phy_join_request *out)
{
	enum m_type m_type;
	int rc = phy_m_type(buf, len, &m_type);

	if (rc)
		return rc;
	if (m_type != M_TYPE_JOIN_REQUEST)
		return LS_ETYPE;
	if (len != JOIN_REQUEST_LEN)
		return len < JOIN_REQUEST_LEN ? LS_ESHORT : LS_ELONG;
	out->join_eui = eui_from_air(buf + 1);
	out->dev_eui = eui_from_air(buf + 9);
	out->dev_nonce = get_le16(buf + 17);
	memcpy(out->mic, buf + 19, MIC_LEN);
	return LS_OK;
}

#define REJOIN_TYPE_JOIN_EUI 1 /* the type that names its JoinEUI; the others name their NetID */

/* Octets from MHDR to RJcount. */
static size_t rejoin_msg_len(uint8_t type)
{
	return MHDR_LEN + 1 + (type == REJOIN_TYPE_JOIN_EUI ? 8 : 3) + 8 + 2;
}

int phy_parse_rejoin_request(const uint8_t *buf, size_t len, struct phy_rejoin_request *out)
{
	enum m_type m_type;
	size_t msg_len;
	int rc = phy_m_type(buf, len, &m_type);

	if (rc)
		return rc;
	if (m_type != M_TYPE_REJOIN_REQUEST)
		return LS_ETYPE;
	if (len < MHDR_LEN + 1)
		return LS_ESHORT;
	if (buf[1] > 2)
		return LS_EFORMAT;
	msg_len = rejoin_msg_len(buf[1]);
	if (len != msg_len + MIC_LEN)
		return len < msg_len + MIC_LEN ? LS_ESHORT : LS_ELONG;
	*out = (struct phy_rejoin_request){
		.type = buf[1],
		.dev_eui = eui_from_air(buf + msg_len - 10),
		.rj_count = get_le16(buf + msg_len - 2),
		.msg_len = msg_len,
	};
	if (out->type == REJOIN_TYPE_JOIN_EUI)
		out->join_eui = eui_from_air(buf + 2);
	else
		out->net_id = get_le24(buf + 2);
	memcpy(out->mic, buf + msg_len, MIC_LEN);
	return LS_OK;
}

static void eui_to_air(struct eui64 eui, uint8_t le[8])
{
	eui = eui64_reverse(eui);
	memcpy(le, eui.be, sizeof(eui.be));
}

size_t phy_write_rejoin_request(const struct phy_rejoin_request *r, uint8_t out[PHY_REJOIN_MSG_MAX])
{
	size_t msg_len = rejoin_msg_len(r->type);

	out[0] = M_TYPE_REJOIN_REQUEST << 5;
	out[1] = r->type;
	if (r->type == REJOIN_TYPE_JOIN_EUI)
		eui_to_air(r->join_eui, out + 2);
	else
		put_le24(out + 2, r->net_id);
	eui_to_air(r->dev_eui, out + msg_len - 10);
	put_le16(out + msg_len - 2, r->rj_count);
	return msg_len;
}

uint8_t phy_f_ctrl(const struct phy_data *f)
{
	bool bit_6 = is_up(f->m_type) && f->adr_ack_req;
	bool bit_4 = is_up(f->m_type) ? f->class_b : f->f_pending;

	return (uint8_t)(f->adr << 7 | bit_6 << 6 | f->ack << 5 | bit_4 << 4 | (f->f_opts_len & 0x0f));
}

int phy_write_data(const struct phy_data *f, uint8_t *buf, size_t cap, size_t *len)
{
	size_t n = MHDR_LEN + FHDR_MIN + (size_t)f->f_opts_len;
	uint8_t *at = buf;

	if (!is_data(f->m_type) || f->f_opts_len > F_OPTS_MAX)
		return LS_EINVAL;
	if (f->f_port < -1 || f->f_port > 255 || (f->f_opts_len && f->f_port == 0))
		return LS_EINVAL;
	if (f->f_port < 0 && f->frm_payload_len)
		return LS_EINVAL;
	if (f->frm_payload_len > PHY_MAX)
		return LS_ELONG;
	if (f->f_port >= 0)
		n += 1 + f->frm_payload_len;
	if (n > PHY_MAX - MIC_LEN || n + MIC_LEN > cap)
		return LS_ELONG;

	*at++ = (uint8_t)(f->m_type << 5);
	put_le32(at, f->dev_addr);
	at += 4;
	*at++ = phy_f_ctrl(f);
	put_le16(at, f->f_cnt);
	at += 2;
	if (f->f_opts_len)
		memcpy(at, f->f_opts, f->f_opts_len);
	at += f->f_opts_len;
	if (f->f_port >= 0)
		*at++ = (uint8_t)f->f_port;
	/* memmove: the caller may have prepared the payload in its place in buf. */
	if (f->frm_payload_len)
		memmove(at, f->frm_payload, f->frm_payload_len);
	*len = n;
	return LS_OK;
}

size_t phy_write_join_accept_body(const struct phy_join_accept *a, uint8_t out[PHY_JOIN_ACCEPT_BODY_MAX])
{
	put_le24(out, a->join_nonce);
	put_le24(out + 3, a->net_id);
	put_le32(out + 6, a->dev_addr);
	out[10] = (uint8_t)(a->opt_neg << 7 | (a->rx1_dr_offset & 7) << 4 | (a->rx2_dr & 15));
	out[11] = a->rx_delay & 15;
	if (!a->has_cf_list)
		return JOIN_ACCEPT_BODY_MIN;
	memcpy(out + JOIN_ACCEPT_BODY_MIN, a->cf_list, CF_LIST_LEN);
	return PHY_JOIN_ACCEPT_BODY_MAX;
}

int phy_parse_join_accept_body(const uint8_t *body, size_t len, struct phy_join_accept *out)
{
	if (len != JOIN_ACCEPT_BODY_MIN && len != PHY_JOIN_ACCEPT_BODY_MAX)
		return LS_ESHORT;
	*out = (struct phy_join_accept){
		.join_nonce = get_le24(body),
		.net_id = get_le24(body + 3),
		.dev_addr = get_le32(body + 6),
		.opt_neg = body[10] & 0x80,
		.rx1_dr_offset = body[10] >> 4 & 7,
		.rx2_dr = body[10] & 15,
		.rx_delay = body[11] & 15,
		.has_cf_list = len == PHY_JOIN_ACCEPT_BODY_MAX,
	};
	if (out->has_cf_list)
		memcpy(out->cf_list, body + JOIN_ACCEPT_BODY_MIN, CF_LIST_LEN);
	return LS_OK;
}

void cf_list_type0(const uint32_t freq_hz[5], uint32_t freq_step_hz, uint8_t out[16])
{
	for (int i = 0; i < 5; i++)
		put_le24(out + 3 * i, freq_hz[i] / freq_step_hz);
	out[15] = 0;
}

void cf_list_type1(const uint16_t *ch_mask, size_t n_masks, uint8_t out[16])
{
	memset(out, 0, CF_LIST_LEN);
	for (size_t i = 0; i < n_masks && i < 7; i++)
		put_le16(out + 2 * i, ch_mask[i]);
	out[15] = 1;
}
