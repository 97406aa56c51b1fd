/* device_join.c - joins and rejoins (TS001-1.0.4 section 6, TS001-1.1 section 6). */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "device_part.h"
#include "lorawan/dev_addr.h"

#define JOIN_ACCEPT_SHORT 17
#define JOIN_ACCEPT_LONG 33

static void put_eui_le(uint8_t *out, struct eui64 eui)
{
	struct eui64 le = eui64_reverse(eui);

	memcpy(out, le.be, 8);
}

/* 1.1 has a key of its own for everything but AppSKey. */
static const struct ls_key *root_of(const struct device_profile *p, const struct device_roots *roots)
{
	return p->rules->is_1_1 ? &roots->nwk_key : &roots->app_key;
}

void device_write_join_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                               const struct device_roots *roots, struct prng *prng, struct uplink *out)
{
	uint8_t dr = device_join_data_rate(p, d);
	struct device_pick pick = device_pick_join_channel(p, dr, prng);

	out->phy[0] = M_TYPE_JOIN_REQUEST << 5;
	put_eui_le(out->phy + 1, p->join_eui);
	put_eui_le(out->phy + 9, roots->dev_eui);
	out->phy[17] = (uint8_t)d->dev_nonce;
	out->phy[18] = (uint8_t)(d->dev_nonce >> 8);
	lw_mic_join_request(c, root_of(p, roots), out->phy, 19, out->phy + 19);
	out->len = 23;
	out->power_down_db = 0;
	out->tx = (struct transmission){.freq_hz = pick.freq_hz, .channel = pick.channel, .dr = dr, .is_join = true,
	                                .join_type = JOIN_REQ_TYPE_JOIN};
}

bool device_wants_rejoin(const struct device *d)
{
	const struct device_mac *m = d->mac;

	return d->is_1_1 && (m->rejoins_left || (m->ups_to_rejoin && m->ups_since_rejoin >= m->ups_to_rejoin));
}

void device_write_rejoin_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                                 const struct device_roots *roots, struct prng *prng, struct uplink *out)
{
	struct device_mac *m = d->mac;
	bool forced = m->rejoins_left > 0;
	uint8_t dr = forced && device_has_uplink_rate(p, m->rejoin_dr) ? m->rejoin_dr : device_data_rate(p, d);
	struct device_pick pick = device_pick_channel(p, d, dr, prng);
	struct phy_rejoin_request r = {.type = forced ? m->rejoin_type : 0, .net_id = p->net_id, .join_eui = p->join_eui,
	                               .dev_eui = roots->dev_eui, .rj_count = m->rj_count_0++};

	if (forced)
		m->rejoins_left--;
	else
		m->ups_since_rejoin = 0;
	out->len = phy_write_rejoin_request(&r, out->phy);
	lw_mic_join_request(c, &d->s_nwk_s_int_key, out->phy, out->len, out->phy + out->len);
	out->len += 4;
	out->power_down_db = 0;
	out->tx = (struct transmission){.freq_hz = pick.freq_hz, .channel = pick.channel, .dr = dr, .f_cnt = r.rj_count,
	                                .is_join = true, .join_type = r.type};
}

/* A rejoin is answered where the session listens, or where the region begins: the text leaves it open. */
static int check_accept_window(const struct device_profile *p, const struct device *d, const struct transmission *tx,
                               int window, const struct downlink *down, struct heard *out)
{
	struct device_rx join = device_join_rx(p, tx, window), session;
	struct heard quiet = {.window = window};

	if (tx->join_type != JOIN_REQ_TYPE_JOIN) {
		session = device_rx(p, d, tx, window);
		if (!device_check_rx(p, &session, window, down, &quiet))
			return LS_OK;
	}
	return device_check_rx(p, &join, window, down, out);
}

/* Decrypt, check the MIC and split. */
static int open_accept(const struct device_profile *p, struct lw_crypto *c, const struct device_roots *roots,
                       const struct lw_join_answered *answered, const struct downlink *down, struct phy_join_accept *a,
                       struct heard *out)
{
	bool is_rejoin = answered->join_req_type != JOIN_REQ_TYPE_JOIN;
	const struct ls_key *root = root_of(p, roots);
	struct ls_key js_enc_key, js_int_key;
	uint8_t plain[32], mic[4];

	lw_derive_js_keys(c, &roots->nwk_key, roots->dev_eui, &js_enc_key, &js_int_key);
	if (lw_join_accept_decrypt(c, is_rejoin ? &js_enc_key : root, down->phy, down->len, plain))
		return device_wrong(out, "join accept cannot be decrypted");
	if (phy_parse_join_accept_body(plain, down->len - 5, a))
		return device_wrong(out, "join accept cannot be read");
	if (a->opt_neg && p->rules->is_1_1)
		lw_mic_join_accept_11(c, &js_int_key, answered, plain, down->len - 5, mic);
	else
		lw_mic_join_accept_10(c, root, plain, down->len - 5, mic);
	if (memcmp(mic, plain + down->len - 5, 4))
		return device_wrong(out, "MIC of the join accept does not fit the %s", p->rules->is_1_1 ? "NwkKey" : "AppKey");
	if (a->opt_neg && !p->rules->is_1_1)
		return device_wrong(out, "OptNeg is set for a 1.0 device");
	if (is_rejoin && !a->opt_neg)
		return device_wrong(out, "OptNeg is not set in the answer to a rejoin request");
	return LS_OK;
}

static int check_accept(const struct device_profile *p, const struct device *d, const struct phy_join_accept *a,
                        struct heard *out)
{
	struct dev_addr_prefix block = dev_addr_prefix_of_net_id(a->net_id);

	if (a->join_nonce <= d->join_nonce)
		return device_wrong(out, "JoinNonce %" PRIu32 " is not over the last one, %" PRIu32, a->join_nonce, d->join_nonce);
	if (p->has_net_id && a->net_id != p->net_id)
		return device_wrong(out, "NetID %06" PRIx32 ", expected %06" PRIx32, a->net_id, p->net_id);
	if (!dev_addr_is_in_block(a->dev_addr, block))
		return device_wrong(out, "DevAddr %08" PRIx32 " is not of NetID %06" PRIx32, a->dev_addr, a->net_id);
	if (a->rx1_dr_offset >= p->params->rx1->n_offsets)
		return device_wrong(out, "RX1DROffset %u does not exist in the region", a->rx1_dr_offset);
	if (!device_has_downlink_rate(p, a->rx2_dr))
		return device_wrong(out, "RX2 data rate %u does not exist in the region", a->rx2_dr);
	if (a->rx_delay > 15)
		return device_wrong(out, "RxDelay %u s", a->rx_delay);
	return LS_OK;
}

static void derive(struct lw_crypto *c, const struct device_roots *roots, const struct device_profile *p,
                   const struct lw_join_answered *answered, const struct phy_join_accept *a, struct device_session *s)
{
	if (!s->is_1_1) {
		lw_derive_keys_10(c, root_of(p, roots), a->join_nonce, a->net_id, answered->dev_nonce, &s->f_nwk_s_int_key,
		                  &s->app_s_key);
		s->s_nwk_s_int_key = s->nwk_s_enc_key = s->f_nwk_s_int_key;
		return;
	}
	lw_derive_key_11(c, &roots->nwk_key, LW_F_NWK_S_INT_KEY, a->join_nonce, answered, &s->f_nwk_s_int_key);
	lw_derive_key_11(c, &roots->nwk_key, LW_S_NWK_S_INT_KEY, a->join_nonce, answered, &s->s_nwk_s_int_key);
	lw_derive_key_11(c, &roots->nwk_key, LW_NWK_S_ENC_KEY, a->join_nonce, answered, &s->nwk_s_enc_key);
	lw_derive_key_11(c, &roots->app_key, LW_APP_S_KEY, a->join_nonce, answered, &s->app_s_key);
}

int device_hear_join_accept(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                            const struct device_roots *roots, const struct transmission *tx, int window,
                            const struct downlink *down, struct heard *out)
{
	bool is_rejoin = tx->join_type != JOIN_REQ_TYPE_JOIN;
	struct lw_join_answered answered = {.join_req_type = tx->join_type, .join_eui = p->join_eui,
	                                    .dev_nonce = is_rejoin ? (uint16_t)tx->f_cnt : d->dev_nonce};
	struct device_session s = {.is_1_1 = false};
	struct device_mac mac = {.rj_count_1 = d->mac->rj_count_1}; /* of the new session */
	struct device next = *d;
	struct phy_join_accept a;
	int rc;

	out->window = window;
	rc = check_accept_window(p, d, tx, window, down, out);
	if (rc)
		return rc;
	if (d->state == DEVICE_JOINED && !is_rejoin)
		return device_wrong(out, "join accept for a device that has joined and not asked again");
	if (down->len != JOIN_ACCEPT_SHORT && down->len != JOIN_ACCEPT_LONG)
		return device_wrong(out, "join accept of %zu octets, 17 or 33 are right", down->len);
	if (down->phy[0] != M_TYPE_JOIN_ACCEPT << 5)
		return device_wrong(out, "join accept begins with %02x", down->phy[0]);
	rc = open_accept(p, c, roots, &answered, down, &a, out);
	if (!rc)
		rc = check_accept(p, d, &a, out);
	if (rc)
		return rc;

	s.dev_addr = a.dev_addr;
	s.is_1_1 = a.opt_neg;
	derive(c, roots, p, &answered, &a, &s);
	next.mac = &mac;
	device_activate(p, &next, &s);
	next.join_nonce = a.join_nonce;
	next.rx1_delay_s = a.rx_delay ? a.rx_delay : 1;
	next.rx1_dr_offset = a.rx1_dr_offset;
	next.rx2_dr = a.rx2_dr;
	if (p->region->n_join_channels && !is_rejoin)
		mac.join_channel_plus_1 = (uint8_t)(tx->channel + 1);
	if (is_rejoin)
		mac.join_channel_plus_1 = d->mac->join_channel_plus_1;
	if (a.has_cf_list) {
		rc = device_take_cf_list(p, &next, a.cf_list, out);
		if (rc)
			return rc;
	}
	out->net_id = a.net_id;
	next.mac = d->mac;
	*next.mac = mac;
	*d = next;
	return LS_OK;
}
