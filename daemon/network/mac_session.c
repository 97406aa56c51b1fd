#include "network/mac_session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "network/mac_adr.h"
#include "network/session_start.h"

#define FHDR_LEN 7          /* without FOpts */
#define FHDR_AND_PORT_LEN 8

void mac_session_env(const struct session *s, struct mac_env *env)
{
	const struct profile *p = s->device->profile;

	*env = (struct mac_env){
		.region = s->region, .version = p->mac_version, .revision = p->revision, .is_1_1 = s->is_1_1,
		.is_otaa = !device_is_abp(s->device),
	};
}

/* ---- state ----------------------------------------------------------------------------------- */

/* The data rates of channels without a word of their own: those of the plan's first one. */
static void add_factory_channels(const struct profile *p, const struct region *r, struct mac_state *s)
{
	const struct channel *like = r->table->default_channels;
	unsigned index = r->table->n_default_channels;
	const char *at = p->abp_channels;

	while (at && *at && !r->table->is_fixed_plan && index < MAC_CHANNELS_MAX) {
		char *end;
		unsigned long freq_hz = strtoul(at, &end, 10);

		if (end == at)
			return;
		if (region_has_frequency(r, (uint32_t)freq_hz))
			mac_state_add_channel(s, index++, (uint32_t)freq_hz, like->min_dr, like->max_dr);
		for (at = end; *at && !isdigit((unsigned char)*at); at++)
			;
	}
}

static void activated(const struct session *s, struct mac_state *out)
{
	const struct profile *p = s->device->profile;
	uint8_t cf_list[16];

	if (device_is_abp(s->device)) {
		mac_state_init(out, s->region, NULL);
		add_factory_channels(p, s->region, out);
	} else {
		bool has = region_cf_list(s->region, p->mac_version, p->revision, cf_list);

		mac_state_init(out, s->region, has ? cf_list : NULL);
	}
}

void mac_session_state(const struct session *s, struct mac_state *out)
{
	if (s->mac) {
		mac_state_init(out, s->region, NULL);
		if (!mac_state_decode(out, s->mac, s->mac_len))
			return;
	}
	activated(s, out); /* also when it is damaged */
}

int mac_session_keep(struct session *s, const struct mac_state *state)
{
	uint8_t blob[MAC_STATE_OCTETS_MAX];
	size_t len = mac_state_encode(state, blob);
	uint8_t *kept = len == s->mac_len ? s->mac : malloc(len);

	if (!kept)
		return LS_ENOMEM;
	memcpy(kept, blob, len);
	if (kept != s->mac)
		free(s->mac);
	s->mac = kept;
	s->mac_len = (uint16_t)len;
	return LS_OK;
}

struct mac_downlink_radio mac_session_radio(const struct session *s, uint32_t uplink_freq_hz, int dr)
{
	struct mac_downlink_radio radio = {0};
	struct mac_env env;
	struct mac_state state;
	int channel;

	mac_session_env(s, &env);
	mac_session_state(s, &state);
	radio.has_dwell = (state.tx_param == MAC_UNKNOWN ? mac_boot_tx_param(&env) : state.tx_param) >> 5 & 1;
	channel = s->region->table->is_fixed_plan ? -1 : mac_state_channel(&state, s->region, env.revision, uplink_freq_hz, dr);
	if (channel >= 0 && state.channels[channel].rx1_freq_hz != state.channels[channel].freq_hz)
		radio.rx1_freq_hz = state.channels[channel].rx1_freq_hz;
	return radio;
}

static bool uplink_dwell(const struct mac_env *env, const struct mac_state *state)
{
	return (state->tx_param == MAC_UNKNOWN ? mac_boot_tx_param(env) : state->tx_param) >> 4 & 1;
}

size_t mac_session_answer_room(const struct session *s, const struct mac_env *env, const struct mac_state *state)
{
	uint8_t m = region_max_uplink_m(s->region, env->revision, s->up.dr, uplink_dwell(env, state));
	size_t room = m > FHDR_AND_PORT_LEN ? (size_t)m - FHDR_AND_PORT_LEN : 0;

	return room < MAC_F_OPTS_MAX ? room : MAC_F_OPTS_MAX;
}

/* ---- goal ------------------------------------------------------------------------------------ */

void mac_session_goal(const struct session *s, const struct mac_env *env, const struct mac_state *state,
                      struct mac_goal *out)
{
	const struct device *d = s->device;
	const struct profile *p = d->profile;
	struct mac_wish wish = d->wish ? mac_wish_merge(&p->wish, d->wish) : p->wish;
	struct mac_profile mac_profile = {
		.dev_status_interval_s = p->dev_status_interval_s, .supports_class_b = p->supports_class_b,
		.ping_slot_dr = p->ping_slot_dr, .ping_slot_freq_hz = p->ping_slot_freq_hz,
		.rejoin_max_time_n = p->rejoin_max_time_n, .rejoin_max_count_n = p->rejoin_max_count_n,
	};
	struct mac_adr_profile adr = {
		.algorithm = p->adr_algorithm, .min_dr = p->adr_min_dr, .max_dr = p->adr_max_dr,
		.min_tx_power = p->adr_min_tx_power, .max_tx_power = p->adr_max_tx_power,
	};

	mac_goal_make(env, &mac_profile, &wish, out);
	if (!wish.rx2_freq_hz)
		out->rx.rx2_freq_hz = region_wished_rx2_freq(env->region, s->up.rx2_freq_hz);
	mac_adr_goal(env, &adr, state, s->up.f_cnt_up - 1, (uint32_t)eui64_to_u64(d->dev_eui), out);
}

bool mac_session_unsent(struct session *s)
{
	struct mac_state state;

	mac_session_state(s, &state);
	if ((!state.pending_len && !state.manual_sent) || state.pending_f_cnt != s->up.f_cnt_up - 1)
		return false;
	mac_downlink_unsent(&state);
	return !mac_session_keep(s, &state);
}

/* ---- an uplink ------------------------------------------------------------------------------- */

/* Octets of commands it could have carried more. */
static size_t room_left(const struct mac_env *env, const struct session *s, const struct mac_state *state,
                        const struct phy_data *phy, int dr)
{
	size_t used = FHDR_LEN + phy->f_opts_len + (phy->f_port >= 0 ? 1u + phy->frm_payload_len : 0u);
	size_t m = dr >= 0 ? region_max_uplink_m(s->region, env->revision, dr, uplink_dwell(env, state)) : 0;
	size_t room = m > used ? m - used : 0;

	if (phy->f_port != 0 && room > (size_t)(MAC_F_OPTS_MAX - phy->f_opts_len))
		room = (size_t)(MAC_F_OPTS_MAX - phy->f_opts_len);
	return room;
}

static bool would_ask(const struct mac_env *env, const struct session *s, const struct mac_state *state,
                      const struct phy_data *phy, const struct collected *e, bool goes_anyway)
{
	struct mac_state copy = *state;
	struct mac_goal goal;
	struct mac_down_outcome down;
	struct mac_down_input in = {
		.env = env, .goal = &goal, .f_cnt = s->up.f_cnt_up - 1, .adr = phy->adr, .room = MAC_DOWN_MAX,
		.rx = {s->up.rx1_delay_s, s->up.rx1_dr_offset, s->up.rx2_dr, s->up.rx2_freq_hz},
		.answer_room = mac_session_answer_room(s, env, state), .goes_anyway = goes_anyway, .now_us = e->first_wall_us,
	};

	if (state->pending_len)
		return false;
	mac_session_goal(s, env, state, &goal);
	mac_downlink(&in, &copy, &down);
	return down.len != 0;
}

void mac_session_uplink(struct session *s, const struct uplink_outcome *o, const struct phy_data *phy,
                        const struct collected *e, struct mac_up_outcome *out, bool *asks)
{
	struct session_up_row *up = &s->up;
	struct mac_env env;
	struct mac_state state;
	struct mac_rx rx = {up->rx1_delay_s, up->rx1_dr_offset, up->rx2_dr, up->rx2_freq_hz};
	struct mac_up_input in = {
		.env = &env, .f_cnt = o->f_cnt, .is_repeat = o->kind == UPLINK_REPEAT, .dr = o->dr, .adr = phy->adr,
		.adr_ack_req = phy->adr_ack_req, .freq_hz = o->best->freq_hz, .now_us = e->first_wall_us,
		.commands = o->commands, .len = o->commands_len,
	};
	struct mac_adr_uplink heard = {
		.f_cnt = o->f_cnt, .dr = o->dr, .adr = phy->adr, .snr_db10 = o->best->rx.snr_db10,
		.rssi_dbm = o->best->rx.rssi_dbm,
	};

	*asks = false;
	mac_session_env(s, &env);
	if (o->restarts_counters)
		activated(s, &state); /* it was switched off: nothing that was set holds */
	else
		mac_session_state(s, &state);
	in.room = room_left(&env, s, &state, phy, o->dr);
	mac_uplink(&in, &state, &rx, out);
	if (out->is_reset)
		add_factory_channels(s->device->profile, s->region, &state);
	up->rx1_delay_s = rx.rx1_delay_s;
	up->rx1_dr_offset = rx.rx1_dr_offset;
	up->rx2_dr = rx.rx2_dr;
	up->rx2_freq_hz = rx.rx2_freq_hz;
	if (o->kind != UPLINK_NEW)
		return;
	for (unsigned i = 0; i < e->n; i++)
		heard.gateways += reception_serves(&e->receptions[i], s->device);
	mac_adr_note(&env, &heard, &state);
	(void)mac_session_keep(s, &state); /* out of memory: what it answered is asked again */
	*asks = would_ask(&env, s, &state, phy, e, out->owed.n != 0 || o->must_answer);
}
