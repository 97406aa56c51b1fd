/* device_mac_up.c - MAC commands of an uplink: handshakes, answers owed, questions; and the ADR back-off. */
#include <string.h>

#include "device_part.h"

#define ADR_ACK_LIMIT_EXP 6
#define ADR_ACK_DELAY_EXP 5
#define CLASS_C_MODE 2
#define MINOR 1

struct composing {
	struct device_mac *m;
	unsigned most;
	uint64_t asked;
	bool full; /* whole commands from the end are left out, so nothing follows one that did not fit */
};

static void put(struct composing *w, const uint8_t *octets, size_t len)
{
	if (w->full || w->m->n_f_opts + len > w->most) {
		w->full = true;
		return;
	}
	memcpy(w->m->f_opts + w->m->n_f_opts, octets, len);
	w->m->n_f_opts = (uint8_t)(w->m->n_f_opts + len);
}

/* A command with one field, or none. */
static void ask(struct composing *w, enum mac_id id, uint8_t value)
{
	uint8_t octets[2] = {mac_row(id)->cid, value}, before = w->m->n_f_opts;

	put(w, octets, 1u + mac_row(id)->len);
	if (w->m->n_f_opts > before)
		w->asked |= UINT64_C(1) << octets[0];
}

static void put_list(struct composing *w, const uint8_t *list, size_t len)
{
	struct mac_command command;
	struct mac_iter it;

	mac_iter_init(&it, LW_UP, list, len);
	while (mac_iter_next(&it, &command))
		put(w, command.payload - 1, 1u + command.len);
}

static bool asks(const struct device_profile *p, uint8_t cid)
{
	return p->asked >> cid & 1;
}

uint64_t device_mac_compose(const struct device_profile *p, struct device *d, unsigned most)
{
	struct device_mac *m = d->mac;
	struct composing w = {.m = m, .most = most < MAC_F_OPTS_MAX ? most : MAC_F_OPTS_MAX};

	if (m->n_f_opts)
		m->n_f_opts = 0;
	if (d->is_1_1 && !m->is_confirmed_minor)
		ask(&w, d->is_abp ? MAC_RESET_IND : MAC_REKEY_IND, MINOR);
	if (p->device_class == DEVICE_CLASS_C && d->is_1_1 && !m->is_mode_confirmed)
		ask(&w, MAC_DEVICE_MODE_IND, CLASS_C_MODE);
	put_list(&w, m->sticky, m->n_sticky);
	put_list(&w, m->answers, m->n_answers);
	if (p->device_class == DEVICE_CLASS_B && !m->is_ping_confirmed)
		ask(&w, MAC_PING_SLOT_INFO_REQ, p->ping_periodicity);
	if (asks(p, MAC_CID_LINK_CHECK))
		ask(&w, MAC_LINK_CHECK_REQ, 0);
	if (asks(p, MAC_CID_DEVICE_TIME))
		ask(&w, MAC_DEVICE_TIME_REQ, 0);
	if (asks(p, MAC_CID_BEACON_TIMING))
		ask(&w, MAC_BEACON_TIMING_REQ, 0);
	if (m->n_answers)
		m->n_answers = 0;
	if (m->ups_to_rejoin)
		m->ups_since_rejoin++;
	return w.asked;
}

/* The next step towards being heard: full power, a slower rate, all channels; false when there is none left. */
static bool step_back(const struct device_profile *p, struct device *d, bool really)
{
	int dr = device_data_rate(p, d) - 1;
	struct ch_mask enabled;

	if (d->mac->tx_power) {
		if (really)
			d->mac->tx_power = 0;
		return true;
	}
	device_enabled_channels(p, d, &enabled);
	if (device_has_uplink_rate(p, dr)) {
		if (really)
			d->mac->dr_plus_1 = (uint8_t)(dr + 1);
		return true;
	}
	if (!d->mac->has_mask)
		return false;
	if (really) {
		d->mac->has_mask = false;
		d->mac->nb_trans = 1;
	}
	return true;
}

bool device_adr_count(const struct device_profile *p, struct device *d)
{
	struct device_mac *m = d->mac;
	unsigned limit = 1u << (m->adr_limit_exp_plus_1 ? m->adr_limit_exp_plus_1 - 1u : ADR_ACK_LIMIT_EXP);
	unsigned delay = 1u << (m->adr_delay_exp_plus_1 ? m->adr_delay_exp_plus_1 - 1u : ADR_ACK_DELAY_EXP);

	if (m->adr_ack_cnt < UINT16_MAX)
		m->adr_ack_cnt++;
	if (m->adr_ack_cnt <= limit)
		return false;
	if ((m->adr_ack_cnt - limit) % delay == 0)
		step_back(p, d, true);
	return step_back(p, d, false);
}
