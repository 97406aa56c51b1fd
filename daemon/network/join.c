#include "network/join.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "network/region_choice.h"

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
	if (!join_has_keys(d))
		return DROP_NO_KEY;
	return DROP_NONE;
}

bool join_has_keys(const struct device *d)
{
	return d->has_app_key && (d->has_nwk_key || !mac_version_rules(d->profile->mac_version)->is_1_1);
}

static enum drop_reason check_mic(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out)
{
	const struct device *d = in->device;
	bool is_1_1 = mac_version_rules(d->profile->mac_version)->is_1_1;
	uint8_t mic[4];

	lw_mic_join_request(crypto, is_1_1 ? &d->nwk_key : &d->app_key, in->e->phy, in->e->phy_len - 4u, mic);
	if (!memcmp(mic, in->request->mic, sizeof(mic)))
		return DROP_NONE;
	snprintf(out->detail, sizeof(out->detail), "DevNonce %u; a damaged frame, or another %s than the device's",
	         in->request->dev_nonce, is_1_1 ? "NwkKey" : "AppKey");
	return DROP_MIC_MISMATCH;
}

/* How long after a join request the same one is an echo of it on another frequency, or late through a slow gateway. */
#define ECHO_US (JOIN_ACCEPT_DELAY2_S * 1000000ll)

/*
 * 1.0.4 and 1.1 count their DevNonce, older versions draw it: one must rise, the others must not come twice. A profile may
 * say otherwise. Without any check an echo still must not take the place of the session it has just been answered with.
 */
static enum drop_reason check_nonce(const struct join_input *in, struct join_outcome *out)
{
	const struct device *d = in->device;
	const struct session *pending = d->sessions[SLOT_PENDING];
	enum dev_nonce_check check = d->profile->dev_nonce_check;
	uint16_t dev_nonce = in->request->dev_nonce;
	int highest = device_nonce_highest(d, d->join_eui);
	bool is_counter = check == DEV_NONCE_VERSION && mac_version_rules(d->profile->mac_version)->dev_nonce_is_counter;

	if (is_counter && dev_nonce <= highest) {
		snprintf(out->detail, sizeof(out->detail), "DevNonce %u, must be greater than %d", dev_nonce, highest);
		return DROP_DEV_NONCE_USED;
	}
	if (!device_nonce_used(d, d->join_eui, dev_nonce))
		return DROP_NONE;
	if (check != DEV_NONCE_OFF || (pending && in->e->first_wall_us - pending->joined_us < ECHO_US)) {
		snprintf(out->detail, sizeof(out->detail), "DevNonce %u was used before%s", dev_nonce,
		         check == DEV_NONCE_OFF ? " and has just been answered"
		         : is_counter ? "" : "; the device will retry with another");
		return DROP_DEV_NONCE_USED;
	}
	return DROP_NONE;
}

enum drop_reason join_check_radio(const struct fleet *f, const struct collected *e, const struct device *d,
                                  struct join_radio *out, char detail[DETAIL_SIZE])
{
	const struct profile *p = d->profile;
	const struct region *r = region_choice_join(f, d, e);
	const struct reception *best = r ? reception_best(e, d, r) : NULL;
	struct tx_params windows[2];

	*out = (struct join_radio){.region = r, .dr = -1, .channel = -1};
	if (!p->region) {
		snprintf(detail, DETAIL_SIZE, "region %s of the profile is not enabled",
		         p->region_config ? p->region_config : p->region_name);
		return DROP_WRONG_REGION;
	}
	if (best) {
		out->dr = region_uplink_dr(r, p->revision, &best->radio);
		out->channel = region_uplink_channel(r, p->revision, best->freq_hz, out->dr);
	}
	if (!best || region_join_windows(r, p->revision, best->freq_hz, out->channel, out->dr, windows)) {
		snprintf(detail, DETAIL_SIZE, "%u Hz, region %s", e->receptions[0].freq_hz, r ? r->name : p->region_name);
		return DROP_WRONG_REGION;
	}
	out->rx2_freq_hz = windows[1].freq_hz;
	return DROP_NONE;
}

uint32_t join_next_nonce(const struct device *d, char detail[DETAIL_SIZE])
{
	if (d->join_nonce < JOIN_NONCE_MAX)
		return d->join_nonce + 1;
	snprintf(detail, DETAIL_SIZE, "JoinNonce is at its end; give the device a new root key");
	return 0;
}

void join_decide(struct lw_crypto *crypto, const struct join_input *in, struct join_outcome *out)
{
	struct join_radio radio = {.dr = -1, .channel = -1};

	memset(out, 0, sizeof(*out));
	receptions_resolve(in->fleet, in->e);
	out->reason = check_device(in, out);
	if (!out->reason)
		out->reason = check_mic(crypto, in, out);
	if (!out->reason)
		out->reason = check_nonce(in, out);
	if (!out->reason)
		out->reason = join_check_radio(in->fleet, in->e, in->device, &radio, out->detail);
	out->dr = radio.dr;
	out->channel = radio.channel;
	if (!out->reason && !in->answerable)
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
	if (out->reason)
		return;
	out->join_nonce = join_next_nonce(in->device, out->detail);
	if (!out->join_nonce) {
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
		return;
	}
	join_accept_build(crypto, &(struct join_accept_input){
		.device = in->device,
		.answered = {JOIN_REQ_TYPE_JOIN, in->request->join_eui, in->request->dev_nonce},
		.join_nonce = out->join_nonce,
		.net_id = in->net_id,
		.dev_addr = in->dev_addr,
		.now_us = in->e->first_wall_us,
		.region = radio.region,
		.dr = radio.dr,
		.rx2_freq_hz = radio.rx2_freq_hz,
		.with_cf_list = in->with_cf_list,
	}, &out->accept);
}
