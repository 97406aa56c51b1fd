#include "network/join_accept.h"

#include <string.h>

#include "network/mac_session.h"
#include "network/session_start.h"

/* Session keys, and the octets on air. With OptNeg every key has its own root and rule (frames.md 10 and 11). */
static void seal_10(struct lw_crypto *crypto, const struct join_accept_input *in, const uint8_t *body, size_t len,
                    struct join_accept *out)
{
	const struct ls_key *root = &in->device->app_key;
	struct session_keys *keys = &out->session.keys;
	uint8_t mic[4];

	lw_mic_join_accept_10(crypto, root, body, len, mic);
	out->phy_len = lw_join_accept_encrypt(crypto, root, body, len, mic, out->phy);
	lw_derive_keys_10(crypto, root, in->join_nonce, in->net_id, in->answered.dev_nonce, &keys->f_nwk_s_int_key,
	                  &keys->app_s_key);
	keys->s_nwk_s_int_key = keys->nwk_s_enc_key = keys->f_nwk_s_int_key;
}

static void seal_11(struct lw_crypto *crypto, const struct join_accept_input *in, const uint8_t *body, size_t len,
                    struct join_accept *out)
{
	const struct device *d = in->device;
	const struct lw_join_answered *answered = &in->answered;
	struct session_keys *keys = &out->session.keys;
	struct ls_key js_enc_key, js_int_key;
	bool is_rejoin = answered->join_req_type != JOIN_REQ_TYPE_JOIN;
	uint8_t mic[4];

	lw_derive_js_keys(crypto, &d->nwk_key, d->dev_eui, &js_enc_key, &js_int_key);
	lw_mic_join_accept_11(crypto, &js_int_key, answered, body, len, mic);
	out->phy_len = lw_join_accept_encrypt(crypto, is_rejoin ? &js_enc_key : &d->nwk_key, body, len, mic, out->phy);
	lw_derive_key_11(crypto, &d->nwk_key, LW_F_NWK_S_INT_KEY, in->join_nonce, answered, &keys->f_nwk_s_int_key);
	lw_derive_key_11(crypto, &d->nwk_key, LW_S_NWK_S_INT_KEY, in->join_nonce, answered, &keys->s_nwk_s_int_key);
	lw_derive_key_11(crypto, &d->nwk_key, LW_NWK_S_ENC_KEY, in->join_nonce, answered, &keys->nwk_s_enc_key);
	lw_derive_key_11(crypto, &d->app_key, LW_APP_S_KEY, in->join_nonce, answered, &keys->app_s_key);
	key_wipe(&js_enc_key);
	key_wipe(&js_int_key);
}

static void keep_radio(const struct session *keep, struct join_accept *out)
{
	struct session_up_row *up = &out->session.up;
	struct mac_state state;

	up->rx1_delay_s = keep->up.rx1_delay_s;
	up->rx1_dr_offset = keep->up.rx1_dr_offset;
	up->rx2_dr = keep->up.rx2_dr;
	up->rx2_freq_hz = keep->up.rx2_freq_hz;
	up->device_class = keep->up.device_class;
	mac_session_state(keep, &state);
	mac_state_restart_counters(&state);
	out->session.mac_len = mac_state_encode(&state, out->mac);
	out->session.mac = out->mac;
}

/* The session's state says what the device knows: otherwise it would be taken for having got the CFList. */
static void add_cf_list(const struct join_accept_input *in, struct phy_join_accept *accept, struct join_accept *out)
{
	const struct profile *p = in->device->profile;
	struct mac_state state;

	accept->has_cf_list = region_cf_list(in->region, p->mac_version, p->revision, accept->cf_list);
	if (!accept->has_cf_list || in->with_cf_list)
		return;
	accept->has_cf_list = false;
	mac_state_init(&state, in->region, NULL);
	out->session.mac_len = mac_state_encode(&state, out->mac);
	out->session.mac = out->mac;
}

void join_accept_build(struct lw_crypto *crypto, const struct join_accept_input *in, struct join_accept *out)
{
	const struct device *d = in->device;
	const struct region *region = in->region;
	bool is_1_1 = mac_version_rules(d->profile->mac_version)->is_1_1;
	struct session_up_row *up = &out->session.up;
	struct phy_join_accept accept = {
		.join_nonce = in->join_nonce,
		.net_id = in->net_id,
		.dev_addr = in->dev_addr,
		.opt_neg = is_1_1,
	};
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX];
	size_t len;

	out->session = (struct session_row){
		.dev_eui = d->dev_eui,
		.slot = SLOT_PENDING,
		.dev_addr = in->dev_addr,
		.is_1_1 = is_1_1,
		.joined_us = in->now_us,
		.up = {.dr = (uint8_t)in->dr, .last_seen_us = in->now_us},
	};
	memcpy(out->session.region, region->name, sizeof(out->session.region));
	if (in->keep) {
		keep_radio(in->keep, out);
	} else {
		session_start_otaa(d, region, up);
		up->rx2_freq_hz = in->rx2_freq_hz;
		add_cf_list(in, &accept, out);
	}
	accept.rx1_dr_offset = up->rx1_dr_offset;
	accept.rx2_dr = up->rx2_dr;
	accept.rx_delay = up->rx1_delay_s;
	len = phy_write_join_accept_body(&accept, body);
	if (is_1_1)
		seal_11(crypto, in, body, len, out);
	else
		seal_10(crypto, in, body, len, out);
}
