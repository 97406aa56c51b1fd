#include "network/rejoin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What differs by type. */
static const struct rejoin_type {
	bool of_session;  /* MIC, counter and NetID are those of the session in use; else of the device and its JoinEUI */
	bool keeps_radio;
} types[] = {
	[0] = {.of_session = true},
	[1] = {.of_session = false},
	[2] = {.of_session = true, .keeps_radio = true},
};

static const struct session *session_in_use(const struct device *d)
{
	const struct session *s = d->sessions[SLOT_CURRENT];

	return s && s->is_1_1 && s->region ? s : NULL;
}

static enum drop_reason check_device(const struct rejoin_input *in, const struct rejoin_type *type,
                                     struct rejoin_outcome *out)
{
	const struct device *d = in->device;
	char ours[EUI64_TEXT_SIZE], theirs[EUI64_TEXT_SIZE];

	if (!d)
		return DROP_UNKNOWN_DEV_EUI;
	if (!d->enabled)
		return DROP_DEVICE_DISABLED;
	if (!mac_version_rules(d->profile->mac_version)->is_1_1) {
		snprintf(out->detail, sizeof(out->detail), "rejoin request, but the profile is LoRaWAN %s",
		         mac_version_rules(d->profile->mac_version)->name);
		return DROP_UNSUPPORTED_TYPE;
	}
	if (!d->profile->supports_otaa)
		return DROP_OTAA_NOT_ALLOWED;
	if (!join_has_keys(d))
		return DROP_NO_KEY;
	if (type->of_session && in->request->net_id != in->net_id) {
		snprintf(out->detail, sizeof(out->detail), "NetID %06" PRIx32 " in the request, ours is %06" PRIx32,
		         in->request->net_id, in->net_id);
		return DROP_WRONG_NET_ID;
	}
	if (!type->of_session && !eui64_equal(d->join_eui, in->request->join_eui)) {
		snprintf(out->detail, sizeof(out->detail), "JoinEUI %s in the request, %s registered",
		         eui64_format(in->request->join_eui, theirs), eui64_format(d->join_eui, ours));
		return DROP_JOIN_EUI_MISMATCH;
	}
	if (type->of_session && !session_in_use(d)) {
		snprintf(out->detail, sizeof(out->detail), "type %u, but no session of 1.1 is in use", in->request->type);
		return DROP_NO_SESSION;
	}
	return DROP_NONE;
}

static bool mic_fits(struct lw_crypto *crypto, const struct rejoin_input *in, const struct ls_key *key)
{
	uint8_t mic[4];

	lw_mic_join_request(crypto, key, in->e->phy, in->request->msg_len, mic);
	return !memcmp(mic, in->request->mic, sizeof(mic));
}

static enum drop_reason check_mic(struct lw_crypto *crypto, const struct rejoin_input *in, const struct rejoin_type *type,
                                  struct rejoin_outcome *out)
{
	const struct device *d = in->device;
	const struct session *pending = d->sessions[SLOT_PENDING], *replaced = d->sessions[SLOT_REPLACED];
	struct ls_key js_enc_key, js_int_key;
	bool fits;

	if (!type->of_session) {
		lw_derive_js_keys(crypto, &d->nwk_key, d->dev_eui, &js_enc_key, &js_int_key);
		fits = mic_fits(crypto, in, &js_int_key);
		key_wipe(&js_enc_key);
		key_wipe(&js_int_key);
	} else {
		fits = mic_fits(crypto, in, &session_in_use(d)->keys.s_nwk_s_int_key);
	}
	if (fits)
		return DROP_NONE;
	/* A new accept would replace the session the device is in and has not confirmed. */
	if (type->of_session && pending && pending->is_1_1 && mic_fits(crypto, in, &pending->keys.s_nwk_s_int_key)) {
		snprintf(out->detail, sizeof(out->detail), "type %u in a session that no RekeyInd has confirmed", in->request->type);
		return DROP_NO_REKEY_IND;
	}
	/* The request that was answered with the session in use, replayed or late: no key is wrong. */
	if (type->of_session && replaced && replaced->is_1_1 && mic_fits(crypto, in, &replaced->keys.s_nwk_s_int_key)) {
		snprintf(out->detail, sizeof(out->detail), "type %u in a session that is no longer in use", in->request->type);
		return DROP_OLD_SESSION;
	}
	snprintf(out->detail, sizeof(out->detail), "rejoin type %u; a damaged frame, or another key than the device's",
	         in->request->type);
	return DROP_MIC_MISMATCH;
}

/* RJcount rises and never wraps. */
static enum drop_reason check_counter(const struct rejoin_input *in, const struct rejoin_type *type,
                                      struct rejoin_outcome *out)
{
	uint32_t lowest = type->of_session ? session_in_use(in->device)->next_rj_count0
	                                   : (uint32_t)(in->device->rj_count1 + 1);

	if (in->request->rj_count >= lowest)
		return DROP_NONE;
	snprintf(out->detail, sizeof(out->detail), "RJcount%d %u, must be greater than %" PRIu32, !type->of_session,
	         in->request->rj_count, lowest - 1);
	return DROP_RJ_COUNT_USED;
}

void rejoin_decide(struct lw_crypto *crypto, const struct rejoin_input *in, struct rejoin_outcome *out)
{
	const struct rejoin_type *type = &types[in->request->type];
	const struct device *d = in->device;
	struct join_radio radio = {.dr = -1, .channel = -1};

	memset(out, 0, sizeof(*out));
	receptions_resolve(in->fleet, in->e);
	out->reason = check_device(in, type, out);
	if (!out->reason)
		out->reason = check_mic(crypto, in, type, out);
	if (!out->reason)
		out->reason = check_counter(in, type, out);
	if (!out->reason)
		out->reason = join_check_radio(in->fleet, in->e, d, &radio, out->detail);
	out->dr = radio.dr;
	out->channel = radio.channel;
	if (!out->reason && !in->answerable)
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
	if (out->reason)
		return;
	out->join_nonce = join_next_nonce(d, out->detail);
	if (!out->join_nonce) {
		out->reason = DROP_JOIN_NOT_ANSWERABLE;
		return;
	}
	join_accept_build(crypto, &(struct join_accept_input){
		.device = d,
		.answered = {in->request->type, d->join_eui, in->request->rj_count},
		.join_nonce = out->join_nonce,
		.net_id = in->net_id,
		.dev_addr = in->dev_addr,
		.now_us = in->e->first_wall_us,
		.region = radio.region,
		.dr = radio.dr,
		.rx2_freq_hz = radio.rx2_freq_hz,
		.with_cf_list = in->with_cf_list,
		.keep = type->keeps_radio ? session_in_use(d) : NULL,
	}, &out->accept);
}
