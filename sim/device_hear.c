/* device_hear.c - data downlinks of all classes (TS001-1.0.4 section 4, TS001-1.1 section 4). */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "device_part.h"

#define APPLICATION_PORT_MAX 223

/* Which of its two counters a 1.1 downlink has (1.0.x: there is one). */
static bool uses_a_f_cnt(const struct device *d, const struct phy_data *f)
{
	return d->is_1_1 && f->f_port > 0;
}

static uint32_t least_f_cnt(const struct device *d, const struct phy_data *f)
{
	return uses_a_f_cnt(d, f) ? d->a_f_cnt_down : d->f_cnt_down;
}

/* acked: the uplink whose confirmation an ACK would be. */
static bool mic_fits(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy,
                     uint32_t f_cnt, uint32_t acked)
{
	uint8_t mic[4];

	if (d->is_1_1)
		lw_mic_down_11(c, &d->s_nwk_s_int_key, d->dev_addr, f_cnt, f->ack ? (uint16_t)acked : 0, phy, f->msg_len, mic);
	else
		lw_mic_data(c, &d->f_nwk_s_int_key, LW_DOWN, d->dev_addr, f_cnt, phy, f->msg_len, mic);
	return !memcmp(mic, f->mic, 4);
}

/* The smallest counter at or over `least` with these low 16 bits; false past the last one. */
static bool next_counter(uint32_t least, uint16_t f_cnt_16, uint32_t *out)
{
	uint64_t full = (uint64_t)least + (uint16_t)(f_cnt_16 - (uint16_t)least);

	*out = (uint32_t)full;
	return full <= UINT32_MAX;
}

bool device_knows_mic(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy)
{
	uint32_t full, least = least_f_cnt(d, f), acked = d->f_cnt_up - 1;

	if (next_counter(least, f->f_cnt, &full) && mic_fits(d, c, f, phy, full, acked))
		return true;
	return least > f->f_cnt && mic_fits(d, c, f, phy, full - 65536, acked);
}

/* Counter and MIC; *full is the counter. */
static int check_mic(const struct device_profile *p, struct lw_crypto *c, const struct device *d, const struct phy_data *f,
                     const struct downlink *down, uint32_t acked, uint32_t *full, struct heard *out)
{
	const char *name = !d->is_1_1 ? "FCnt" : uses_a_f_cnt(d, f) ? "AFCntDown" : "NFCntDown";
	uint32_t least = least_f_cnt(d, f);

	if (!next_counter(least, f->f_cnt, full) || !mic_fits(d, c, f, down->phy, *full, acked)) {
		if (least > f->f_cnt && mic_fits(d, c, f, down->phy, *full - 65536, acked))
			return device_wrong(out, "%s %" PRIu32 " was used before, the next is %" PRIu32 " or more", name,
			                    *full - 65536, least);
		return device_wrong(out, "MIC does not fit (FCnt %u on air, the next %s is %" PRIu32 ")", f->f_cnt, name, least);
	}
	if (p->rules->max_f_cnt_gap && *full - least >= p->rules->max_f_cnt_gap)
		return device_wrong(out, "FCnt %" PRIu32 " is over MAX_FCNT_GAP from %" PRIu32, *full, least);
	return LS_OK;
}

/* Frequency, data rate and, for classes B and C, whether the device listens like that at all. */
static int check_window(const struct device_profile *p, struct lw_crypto *c, const struct device *d,
                        const struct transmission *tx, int window, const struct downlink *down, uint8_t *dr,
                        struct heard *out)
{
	struct device_rx rx;

	if (window > WINDOW_RX2 && !d->has_sent)
		return device_wrong(out, "%s downlink before the first uplink of the session", device_window_name(window));
	if (window == WINDOW_PING)
		return device_check_ping(p, c, d, down, out, dr);
	rx = device_rx(p, d, tx, window);
	if (device_check_rx(p, &rx, window, down, out))
		return LS_EINVAL;
	*dr = (uint8_t)rx.dr;
	return LS_OK;
}

/* What the header says beside counter and address. */
static int check_header(const struct phy_data *f, const struct transmission *tx, int window, struct heard *out)
{
	if (f->f_port > APPLICATION_PORT_MAX)
		return device_wrong(out, "FPort %d is not an application's", f->f_port);
	if (f->ack && (!tx || !tx->is_confirmed))
		return device_wrong(out, "ACK for an uplink that was not confirmed (FCnt %" PRIu32 ")", tx ? tx->f_cnt : 0);
	if (window <= WINDOW_RX2 && tx->is_confirmed && !f->ack)
		return device_wrong(out, "no ACK in the answer to confirmed uplink FCnt %" PRIu32, tx->f_cnt);
	return LS_OK;
}

static int follow_commands(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                           const struct transmission *tx, int window, const struct downlink *down,
                           const struct phy_data *f, struct heard *out)
{
	uint8_t f_opts[MAC_F_OPTS_MAX];

	if (window <= WINDOW_RX2)
		device_mac_class_a(d);
	if (f->f_port == 0)
		return device_mac_hear(p, d, tx, down, out->payload, out->payload_len, out);
	if (!f->f_opts_len)
		return LS_OK;
	memcpy(f_opts, f->f_opts, f->f_opts_len);
	if (d->is_1_1)
		lw_f_opts_crypt(c, &d->nwk_s_enc_key, p->f_opts_form,
		                uses_a_f_cnt(d, f) ? F_OPTS_A_F_CNT_DOWN : F_OPTS_N_F_CNT_DOWN, d->dev_addr, out->f_cnt, f_opts,
		                f->f_opts_len);
	return device_mac_hear(p, d, tx, down, f_opts, f->f_opts_len, out);
}

static void take_payload(struct lw_crypto *c, const struct device *d, const struct phy_data *f, uint32_t full,
                         struct heard *out)
{
	out->f_cnt = full;
	out->f_port = f->f_port;
	out->is_confirmed = f->m_type == M_TYPE_CONFIRMED_DOWN;
	out->has_ack = f->ack;
	out->payload_len = f->frm_payload_len;
	if (f->frm_payload_len)
		memcpy(out->payload, f->frm_payload, f->frm_payload_len);
	lw_frm_payload_crypt(c, f->f_port == 0 ? &d->nwk_s_enc_key : &d->app_s_key, LW_DOWN, d->dev_addr, full, out->payload,
	                     out->payload_len);
}

int device_hear_data(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                     const struct transmission *tx, int window, const struct downlink *down, struct heard *out)
{
	struct phy_data f;
	size_t macpayload = down->len - 5;
	uint32_t full, acked = tx ? tx->f_cnt : d->f_cnt_up - 1;
	uint8_t dr = 0, most;
	int rc;

	out->window = window;
	if (phy_parse_data(down->phy, down->len, &f))
		return device_wrong(out, "frame cannot be read");
	if (down->phy[0] & 0x1f)
		return device_wrong(out, "MHDR %02x has reserved bits or a Major that is not 0", down->phy[0]);
	rc = check_window(p, c, d, tx, window, down, &dr, out);
	if (rc)
		return rc;
	most = p->params->down_limits->m[device_down_dwell(p, d)][0][dr];
	if (macpayload > most)
		return device_wrong(out, "MACPayload of %zu octets, DR%u carries %u", macpayload, dr, most);
	rc = check_mic(p, c, d, &f, down, acked, &full, out);
	if (rc)
		return rc;
	*(uses_a_f_cnt(d, &f) ? &d->a_f_cnt_down : &d->f_cnt_down) = full + 1;
	d->mac->adr_ack_cnt = 0;
	rc = check_header(&f, tx, window, out);
	if (rc)
		return rc;
	take_payload(c, d, &f, full, out);
	rc = follow_commands(p, c, d, tx, window, down, &f, out);

	if (!tx || tx->f_cnt == d->f_cnt_up - 1)
		d->is_pending &= d->is_confirmed ? !f.ack : window > WINDOW_RX2;
	if (out->is_confirmed) {
		d->ack_due = true;
		d->conf_f_cnt = (uint16_t)full;
	}
	return rc;
}
