/*
 * uplink_tx.c - the transmission behind an uplink. 1.1 puts data rate, channel and the acknowledged counter into the MIC;
 * the server knows the first from the radio, the second by the frequency, where channels may overlap, and the third from what
 * it sent last.
 */
#include <string.h>

#include "network/mac_session.h"
#include "network/session_crypto.h"
#include "network/uplink_parts.h"

#define RADIOS_MAX 4          /* copies that disagree about the transmission: more are not looked at */
#define CONF_F_CNTS_MAX 4

unsigned uplink_nb_trans(const struct session *s)
{
	struct mac_state state;
	struct mac_iter it;
	struct mac_command command;
	unsigned nb_trans;

	mac_session_state(s, &state);
	nb_trans = state.nb_trans;
	mac_iter_init(&it, LW_DOWN, state.pending, state.pending_len);
	while (mac_iter_next(&it, &command))
		if (command.cid == MAC_CID_LINK_ADR && (command.payload[3] & 15) > nb_trans)
			nb_trans = command.payload[3] & 15;
	return nb_trans ? nb_trans : 1;
}

/*
 * Channels an uplink on this frequency may have been sent on, best guess first. A frequency the server knows nothing of may
 * be any channel of a dynamic plan: the answer to a NewChannelReq may have been lost.
 */
static unsigned channel_candidates(const struct session *s, uint32_t freq_hz, int dr, uint8_t out[MAC_CHANNELS_MAX + 1])
{
	int first = region_uplink_channel(s->region, s->device->profile->revision, freq_hz, dr);
	struct mac_state state;
	unsigned n = 0, known;

	if (first >= 0)
		out[n++] = (uint8_t)first;
	if (s->region->table->is_fixed_plan)
		return n;
	mac_session_state(s, &state);
	for (unsigned i = 0; i < MAC_CHANNELS_MAX; i++) {
		uint32_t f = state.channels[i].freq_hz;

		if (f && (f > freq_hz ? f - freq_hz : freq_hz - f) <= 1000 && (int)i != first)
			out[n++] = (uint8_t)i;
	}
	known = n;
	for (unsigned i = 0; i < MAC_CHANNELS_MAX && !known; i++)
		out[n++] = (uint8_t)i;
	return n;
}

/*
 * Counters the ACK bit may acknowledge: the last confirmed downlink, or one shortly before. Another may have followed, and
 * been lost, after the first transmission of this uplink; in class C both may be on air at the same time.
 */
static unsigned conf_candidates(const struct session *s, const struct phy_data *phy, uint16_t out[CONF_F_CNTS_MAX])
{
	unsigned n = phy->ack ? CONF_F_CNTS_MAX : 1;

	for (unsigned i = 0; i < n; i++)
		out[i] = s->down.has_conf ? (uint16_t)(s->down.conf_f_cnt_down - i) : 0;
	return n;
}

/* Does the frame's MIC fit a transmission with this frequency and data rate? */
static bool fits_radio(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                       const struct collected *e, const struct f_cnt_guess *guess, uint32_t freq_hz, int dr, int *channel)
{
	uint8_t channels[MAC_CHANNELS_MAX + 1];
	uint16_t confs[CONF_F_CNTS_MAX];
	unsigned n_channels = channel_candidates(s, freq_hz, dr, channels);
	unsigned n_confs = conf_candidates(s, phy, confs);

	for (unsigned i = 0; i < n_channels; i++)
		for (unsigned j = 0; j < n_confs; j++) {
			struct lw_up_tx tx = {(uint8_t)dr, channels[i], confs[j]};

			if (session_up_tx_fits(crypto, s, e->phy, phy, guess->full, tx)) {
				*channel = channels[i];
				return true;
			}
		}
	return false;
}

static bool find_tx_11(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                       const struct collected *e, const struct f_cnt_guess *guess, struct uplink_outcome *out)
{
	const struct reception *tried[RADIOS_MAX];
	unsigned n_tried = 0;

	/* The strongest first, then each that tells of something else. */
	for (int i = -1; i < (int)e->n && n_tried < RADIOS_MAX; i++) {
		const struct reception *r = i < 0 ? out->best : &e->receptions[i];
		bool is_new = true;
		int dr;

		for (unsigned j = 0; j < n_tried; j++)
			is_new &= !reception_agrees(r, tried[j]);
		if (is_new)
			r = reception_best_like(e, s->device, s->region, r);
		if (!is_new || !r)
			continue;
		tried[n_tried++] = r;
		dr = region_uplink_dr(s->region, s->device->profile->revision, &r->radio);
		if (fits_radio(crypto, s, phy, e, guess, r->freq_hz, dr, &out->channel)) {
			out->best = r;
			out->dr = dr;
			return true;
		}
	}
	return false;
}

bool uplink_find_tx(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                    const struct collected *e, const struct f_cnt_guess *guess, struct uplink_outcome *out)
{
	if (s->is_1_1)
		return find_tx_11(crypto, s, phy, e, guess, out);
	out->dr = region_uplink_dr(s->region, s->device->profile->revision, &out->best->radio);
	out->channel = region_uplink_channel(s->region, s->device->profile->revision, out->best->freq_hz, out->dr);
	return true;
}
