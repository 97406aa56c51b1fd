#include "network/uplink.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/f_cnt.h"
#include "network/region_choice.h"
#include "network/session_crypto.h"
#include "network/session_start.h"
#include "network/uplink_parts.h"

/*
 * What tells late copies from repeats after a restart, keyed so that nobody can aim at it: the upper half is of
 * the octets without their MIC, the lower half of the gateway heard best.
 */
static uint64_t up_hash(const struct session *s, const struct collected *e, size_t msg_len, struct eui64 gateway_id)
{
	struct siphash_key key;

	memcpy(&key, s->keys.f_nwk_s_int_key.b, sizeof(key));
	return (siphash(&key, e->phy, msg_len) & ~(uint64_t)UINT32_MAX) |
	       (uint32_t)siphash(&key, gateway_id.be, sizeof(gateway_id.be));
}

/* The same octets through another gateway. */
static bool is_other_gateways_copy(uint64_t last, uint64_t now)
{
	return last >> 32 == now >> 32 && (uint32_t)last != (uint32_t)now;
}

/* The newest counter at or below the last accepted one with these low 16 bits; false when there is none. */
static bool older_counter(const struct session *s, uint16_t f_cnt_16, uint32_t *older)
{
	uint32_t last = s->up.f_cnt_up - 1;
	uint32_t guess = (last & 0xffff0000u) | f_cnt_16;

	if (!s->up.has_up)
		return false;
	if (guess > last) {
		if (guess < 0x10000)
			return false;
		guess -= 0x10000;
	}
	*older = guess;
	return true;
}

/* How much a failed candidate explains: with several sessions on one DevAddr the best explanation is told. */
static int weight(enum drop_reason reason)
{
	switch (reason) {
	case DROP_DEVICE_DISABLED:
	case DROP_OLD_SESSION:
	case DROP_NO_REKEY_IND:
		return 6;
	case DROP_F_CNT_REPLAYED:
		return 5;
	case DROP_F_CNT_GAP:
		return 4;
	case DROP_F_CNT_EXHAUSTED:
		return 3;
	case DROP_WRONG_REGION:
	case DROP_PRIVATE_GATEWAY:
		return 2;
	default:
		return 1;
	}
}

static void refuse(struct uplink_outcome *out, const struct session *s, enum drop_reason reason)
{
	out->reason = reason;
	out->session = (struct session *)s;
}

static void refuse_counter(struct uplink_outcome *out, const struct session *s, enum drop_reason reason, uint32_t f_cnt)
{
	refuse(out, s, reason);
	out->f_cnt = f_cnt;
	out->has_f_cnt = true;
}

/* One candidate whose MIC did not fit the expected counter: say why as well as it can be known. */
static void explain_refusal(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                            const struct collected *e, const struct f_cnt_guess *guess, bool tried,
                            uint32_t max_gap, struct uplink_outcome *out)
{
	bool fits = !tried && session_up_mic_fits(crypto, s, e->phy, phy, guess->full);
	/* With 16 bits the same number lies ahead and behind; it is what it is nearer to. */
	bool is_behind = fits && device_counts_16_bit(s->device) && guess->gap >= 0x8000;
	uint32_t older = guess->full;

	if (is_behind || (older_counter(s, phy->f_cnt, &older) && session_up_mic_fits(crypto, s, e->phy, phy, older))) {
		refuse_counter(out, s, DROP_F_CNT_REPLAYED, older);
		snprintf(out->detail, sizeof(out->detail), "counter %u, last accepted %u", older, s->up.f_cnt_up - 1);
	} else if (fits) {
		refuse_counter(out, s, DROP_F_CNT_GAP, guess->full);
		snprintf(out->detail, sizeof(out->detail), "counter %u is %u ahead of the next expected %u, limit %u",
		         guess->full, guess->gap, s->up.f_cnt_up, max_gap);
	} else {
		refuse(out, s, DROP_MIC_MISMATCH);
		snprintf(out->detail, sizeof(out->detail), "counter %u tried, next expected %u", guess->full,
		         s->up.f_cnt_up);
	}
}

/*
 * A device in relaxed mode that begins again sends 0, or 1 when that was lost. Nothing but these two is tried, so a
 * replayed frame of the last round never moves the upper half of the counter.
 */
static bool begins_again(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                         const struct collected *e)
{
	return device_is_relaxed(s->device) && s->up.has_up && phy->f_cnt <= 1 &&
	       session_up_mic_fits(crypto, s, e->phy, phy, phy->f_cnt);
}

/* Find the counter that the frame has in this session. False: *out holds the refusal. */
static bool find_counter(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                         const struct collected *e, struct f_cnt_guess *guess, struct uplink_outcome *out)
{
	uint32_t max_gap = device_max_f_cnt_gap(s->device);
	bool plausible;

	if (device_counts_16_bit(s->device))
		*guess = f_cnt_reconstruct_16((uint16_t)s->up.f_cnt_up, s->up.has_up, phy->f_cnt);
	else
		*guess = f_cnt_reconstruct(s->up.f_cnt_up, s->up.has_up, phy->f_cnt);
	/* The gap counts from the last accepted counter; without one any counter may come (ABP). */
	plausible = !guess->is_exhausted &&
	            (guess->is_repeat || !max_gap || !s->up.has_up || guess->gap + 1 <= max_gap);
	if (plausible && session_up_mic_fits(crypto, s, e->phy, phy, guess->full)) {
		out->f_cnt = guess->full;
	} else if (begins_again(crypto, s, phy, e)) {
		*guess = (struct f_cnt_guess){.full = phy->f_cnt};
		out->restarts_counters = true;
		out->f_cnt = guess->full;
	} else if (guess->is_exhausted) {
		refuse(out, s, DROP_F_CNT_EXHAUSTED);
		snprintf(out->detail, sizeof(out->detail), "next expected %u", s->up.f_cnt_up);
		return false;
	} else {
		explain_refusal(crypto, s, phy, e, guess, plausible, max_gap, out);
		return false;
	}
	out->has_f_cnt = true;
	return true;
}

/* Nobody whose word counts heard it. */
static void refuse_receptions(const struct session *s, const struct collected *e, struct uplink_outcome *out)
{
	bool served = false;

	for (unsigned i = 0; i < e->n; i++)
		served |= reception_serves(&e->receptions[i], s->device);
	refuse(out, s, served ? DROP_WRONG_REGION : DROP_PRIVATE_GATEWAY);
	if (served)
		snprintf(out->detail, sizeof(out->detail), "%u Hz, session in %s", e->receptions[0].freq_hz,
		         s->region ? s->region->name : "a region that is not enabled");
}

/* True when this session is the frame's; else *out holds the refusal. */
static bool try_session(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                        const struct collected *e, struct f_cnt_guess *guess, struct uplink_outcome *out)
{
	out->restarts_counters = false;
	if (!find_counter(crypto, s, phy, e, guess, out))
		return false;
	if (s->slot == SLOT_REPLACED) {
		refuse(out, s, DROP_OLD_SESSION);
		snprintf(out->detail, sizeof(out->detail), "counter %u of a session that is no longer in use",
		         guess->full);
		return false;
	}
	if (!s->device->enabled) {
		refuse(out, s, DROP_DEVICE_DISABLED);
		return false;
	}
	out->best = s->region ? reception_best(e, s->device, s->region) : NULL;
	if (!out->best) {
		refuse_receptions(s, e, out);
		return false;
	}
	if (!uplink_find_tx(crypto, s, phy, e, guess, out)) {
		refuse(out, s, DROP_MIC_MISMATCH);
		snprintf(out->detail, sizeof(out->detail), "counter %u, but neither data rate and channel nor the "
		         "acknowledged counter %u", guess->full, s->down.conf_f_cnt_down);
		return false;
	}
	return true;
}

static void accept_new(const struct session *s, const struct phy_data *phy, const struct collected *e,
                       struct uplink_outcome *out)
{
	out->kind = UPLINK_NEW;
	out->reason = DROP_NONE;
	out->detail[0] = '\0';
	out->may_take_item = true;
	out->up = s->up;
	out->up.f_cnt_up = out->f_cnt + 1;
	if (device_counts_16_bit(s->device))
		out->up.f_cnt_up &= 0xffff;
	out->up.has_up = true;
	out->up.up_hash = up_hash(s, e, phy->msg_len, out->best->rx.gateway_id);
	out->up.up_first_us = e->first_wall_us;
	out->up.up_transmissions = 1;
	out->up.up_answered = false;
	out->up.dr = (uint8_t)out->dr;
	out->up.last_seen_us = e->first_wall_us;
}

/* The same counter again: one event only, never a queue item unless nothing was transmitted for it. */
static void accept_repeat(const struct session *s, const struct phy_data *phy, const struct collected *e,
                          struct uplink_outcome *out)
{
	const struct mac_version_rules *rules = mac_version_rules(s->device->profile->mac_version);
	bool confirmed = phy->m_type == M_TYPE_CONFIRMED_UP;
	unsigned limit = confirmed ? rules->confirmed_transmissions_max : rules->unconfirmed_transmissions_max;
	int64_t since_us = e->first_wall_us - s->up.up_first_us;

	if (!limit)
		limit = uplink_nb_trans(s);
	out->session = (struct session *)s;
	out->up = s->up;
	/* The collection knows late copies by their gateway; after a restart only the octets and the time can tell. */
	if (!e->again && since_us >= 0 && since_us < s->up.rx1_delay_s * 1000000ll + RX2_AFTER_RX1_US &&
	    is_other_gateways_copy(s->up.up_hash, up_hash(s, e, phy->msg_len, out->best->rx.gateway_id))) {
		refuse(out, s, DROP_LATE_COPY);
		snprintf(out->detail, sizeof(out->detail), "%lld ms after the first copy", (long long)since_us / 1000);
		return;
	}
	if (out->up.up_transmissions < UINT8_MAX)
		out->up.up_transmissions++;
	out->reason = DROP_REPEAT;
	snprintf(out->detail, sizeof(out->detail), "counter %u, transmission %u", out->f_cnt,
	         out->up.up_transmissions);
	if (out->up.up_transmissions > limit) {
		refuse(out, s, DROP_TOO_MANY_REPEATS);
		return;
	}
	out->kind = UPLINK_REPEAT;
	out->may_take_item = !s->up.up_answered;
	out->up.last_seen_us = e->first_wall_us;
}

void uplink_decide(struct lw_crypto *crypto, const struct fleet *f, const struct phy_data *phy,
                   const struct collected *e, struct uplink_outcome *out)
{
	struct uplink_outcome failed = {.reason = DROP_UNKNOWN_DEV_ADDR, .dr = -1, .channel = -1};
	const struct session *s;
	struct f_cnt_guess guess;
	uint8_t f_opts_form;
	unsigned n = 0;

	memset(out, 0, offsetof(struct uplink_outcome, data));
	out->data_len = out->commands_len = 0;
	receptions_resolve(f, e);
	for (s = fleet_sessions(f, phy->dev_addr); s; s = s->next_same_addr) {
		out->dr = out->channel = -1;
		out->best = NULL;
		n++;
		if (try_session(crypto, s, phy, e, &guess, out))
			break;
		if (n == 1 || weight(out->reason) > weight(failed.reason))
			memcpy(&failed, out, offsetof(struct uplink_outcome, data));
	}
	if (!s) {
		memcpy(out, &failed, offsetof(struct uplink_outcome, data));
		out->kind = UPLINK_DROP;
		/* A MIC that fits none of several sessions names no device. */
		if (n > 1 && out->reason == DROP_MIC_MISMATCH)
			out->session = NULL;
		return;
	}
	out->session = (struct session *)s;
	f_opts_form = uplink_open(crypto, s, phy, out);
	/* A session of 1.1 begins with the frame that says RekeyInd: until then the old one stands. */
	if (s->slot == SLOT_PENDING && s->is_1_1 && !out->mac.rekey) {
		refuse(out, s, DROP_NO_REKEY_IND);
		snprintf(out->detail, sizeof(out->detail), "counter %u of the new session", out->f_cnt);
		return;
	}
	if (guess.is_repeat)
		accept_repeat(s, phy, e, out);
	else
		accept_new(s, phy, e, out);
	out->up.f_opts_form = f_opts_form;
	if (out->kind == UPLINK_NEW && out->mac.reset)
		session_start_abp(s->device->profile, s->region, &out->up);
	out->must_answer = out->kind != UPLINK_DROP &&
	                   (phy->m_type == M_TYPE_CONFIRMED_UP || phy->adr_ack_req || out->mac.link_check ||
	                    out->mac.device_time || out->mac.rekey || out->mac.reset);
}

void receptions_resolve(const struct fleet *f, const struct collected *e)
{
	for (unsigned i = 0; i < e->n; i++)
		e->receptions[i].gateway = fleet_gateway(f, e->receptions[i].rx.gateway_id);
}

bool reception_serves(const struct reception *r, const struct device *d)
{
	const struct gateway *g = r->gateway;

	return g && (!g->is_private || g->tenant == d->application->tenant);
}

struct usable_for {
	const struct device *device;
	const struct region *region;
	const struct reception *like; /* not NULL: of this frequency and data rate only */
};

/* A gateway that names its region speaks for that one only; the others are told by frequency and data rate. */
static bool is_usable(const struct reception *r, const void *arg)
{
	const struct usable_for *u = arg;

	return (!u->like || reception_agrees(r, u->like)) && reception_serves(r, u->device) &&
	       region_choice_may_hear(r->gateway, u->region) &&
	       region_has_frequency(u->region, r->freq_hz) &&
	       region_uplink_dr(u->region, u->device->profile->revision, &r->radio) >= 0;
}

bool reception_agrees(const struct reception *a, const struct reception *b)
{
	return a->freq_hz == b->freq_hz && a->radio.modulation == b->radio.modulation && a->radio.sf == b->radio.sf &&
	       a->radio.bandwidth_hz == b->radio.bandwidth_hz;
}

const struct reception *reception_best(const struct collected *e, const struct device *d, const struct region *region)
{
	struct usable_for u = {.device = d, .region = region};

	return collected_best(e, is_usable, &u);
}

const struct reception *reception_best_like(const struct collected *e, const struct device *d,
                                            const struct region *region, const struct reception *like)
{
	struct usable_for u = {d, region, like};

	return collected_best(e, is_usable, &u);
}
