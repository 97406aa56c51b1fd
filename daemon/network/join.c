#include "network/join.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define JOIN_NONCE_MAX 0xffffff

static enum drop_reason check_device(const struct join_input *in, struct join_outcome *out)
{
	const struct device *d = in->device;
	char ours[EUI64_TEXT_SIZE], theirs[EUI64_TEXT_SIZE];

	if (!d)
		return DROP_UNKNOWN_DEV_EUI;
	if (!d->enabled)
		return DROP_DEVICE_DISABLED;
	if (!d->profile->supports_otaa)
		return DROP_OTAA_NOT_ALLOWED;
	if (!eui64_equal(d->join_eui, in->request->join_eui)) {
		snprintf(out->detail, sizeof(out->detail), "JoinEUI %s in the request, %s registered",
		         eui64_format(in->request->join_eui, theirs), eui64_format(d->join_eui, ours));
		return DROP_JOIN_EUI_MISMATCH;
	}
	if (!d->has_app_key)
		return DROP_NO_KEY;
	return DROP_NONE;
}

static enum drop_reason check_mic(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out)
{
	uint8_t mic[4];

	lw_mic_join_request(crypto, &in->device->app_key, in->e->phy, in->e->phy_len - 4u, mic);
	if (!memcmp(mic, in->request->mic, sizeof(mic)))
		return DROP_NONE;
	snprintf(out->detail, sizeof(out->detail), "DevNonce %u; a damaged frame, or another AppKey than the device's",
	         in->request->dev_nonce);
	return DROP_MIC_MISMATCH;
}

/* 1.0.4 counts its DevNonce, older versions draw it: one must rise, the others must not come twice. */
static enum drop_reason check_nonce(const struct join_input *in, struct join_outcome *out)
{
	const struct device *d = in->device;
	uint16_t dev_nonce = in->request->dev_nonce;
	int highest = device_nonce_highest(d, d->join_eui);

	if (mac_version_rules(d->profile->mac_version)->dev_nonce_is_counter && dev_nonce <= highest) {
		snprintf(out->detail, sizeof(out->detail), "DevNonce %u, must be greater than %d", dev_nonce, highest);
		return DROP_DEV_NONCE_USED;
	}
	if (device_nonce_used(d, d->join_eui, dev_nonce)) {
		snprintf(out->detail, sizeof(out->detail), "DevNonce %u was used before", dev_nonce);
		return DROP_DEV_NONCE_USED;
	}
	return DROP_NONE;
}

static enum drop_reason check_radio(const struct join_input *in, struct join_outcome *out)
{
	const struct region *r = in->device->profile->region;
	const struct reception *best = r ? reception_best(in->e, in->device, r) : NULL;
	struct tx_params windows[2];

	if (!r) {
		snprintf(out->detail, sizeof(out->detail), "region %s of the profile is not enabled",
		         in->device->profile->region_name);
		return DROP_WRONG_REGION;
	}
	if (best) {
		out->dr = region_uplink_dr(r, in->device->profile->revision, &best->radio);
		out->channel = region_uplink_channel(r, in->device->profile->revision, best->freq_hz, out->dr);
	}
	if (!best || region_join_windows(r, in->device->profile->revision, best->freq_hz, out->channel, out->dr, windows)) {
		snprintf(out->detail, sizeof(out->detail), "%u Hz, region %s", in->e->receptions[0].freq_hz, r->name);
		return DROP_WRONG_REGION;
	}
	return DROP_NONE;
}

static void build_accept(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out)
{
	const struct device *d = in->device;
	const struct region *r = d->profile->region;
	const struct region_settings *settings = &r->settings;
	struct phy_join_accept accept = {
		.join_nonce = out->join_nonce,
		.net_id = in->net_id,
		.dev_addr = in->dev_addr,
		.rx1_dr_offset = settings->rx1_dr_offset,
		.rx2_dr = settings->rx2_dr,
		.rx_delay = settings->rx1_delay_s,
	};
	struct session_row *s = &out->session;
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX], mic[4];
	size_t len;

	accept.has_cf_list = region_cf_list(r, d->profile->mac_version, d->profile->revision, accept.cf_list);
	len = phy_write_join_accept_body(&accept, body);
	lw_mic_join_accept_10(crypto, &d->app_key, body, len, mic);
	out->phy_len = lw_join_accept_encrypt(crypto, &d->app_key, body, len, mic, out->phy);

	*s = (struct session_row){
		.dev_eui = d->dev_eui,
		.slot = SLOT_PENDING,
		.dev_addr = in->dev_addr,
		.joined_us = in->e->first_wall_us,
		.up = {
			.dr = (uint8_t)out->dr,
			.last_seen_us = in->e->first_wall_us,
			.rx1_delay_s = settings->rx1_delay_s,
			.rx1_dr_offset = settings->rx1_dr_offset,
			.rx2_dr = settings->rx2_dr,
			.rx2_freq_hz = region_rx2_default(r).freq_hz,
		},
	};
	memcpy(s->region, r->name, sizeof(s->region));
	lw_derive_keys_10(crypto, &d->app_key, out->join_nonce, in->net_id, in->request->dev_nonce,
	                  &s->keys.f_nwk_s_int_key, &s->keys.app_s_key);
	s->keys.s_nwk_s_int_key = s->keys.nwk_s_enc_key = s->keys.f_nwk_s_int_key;
}

void join_decide(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out)
{
	memset(out, 0, sizeof(*out));
	out->dr = out->channel = -1;
	receptions_resolve(in->fleet, in->e);
	out->reason = check_device(in, out);
	if (!out->reason)
		out->reason = check_mic(crypto, in, out);
	if (!out->reason)
		out->reason = check_nonce(in, out);
	if (!out->reason)
		out->reason = check_radio(in, out);
	if (!out->reason && !in->answerable)
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
	if (!out->reason && in->device->join_nonce >= JOIN_NONCE_MAX) {
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
		snprintf(out->detail, sizeof(out->detail), "JoinNonce is at its end; give the device a new root key");
	}
	if (out->reason)
		return;
	out->join_nonce = in->device->join_nonce + 1;
	build_accept(crypto, in, out);
}
