#include "network/mac_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "network/mac_request.h"

struct show {
	const struct mac_env *env;
	const struct mac_state *s;
	struct mac_show_row *rows;
	size_t n;
};

static struct mac_show_row *add(struct show *v, const char *item)
{
	struct mac_show_row *row = &v->rows[v->n < MAC_SHOW_ROWS_MAX ? v->n++ : v->n - 1]; /* there are never so many items */

	memset(row, 0, sizeof(*row));
	snprintf(row->item, sizeof(row->item), "%s", item);
	return row;
}

__attribute__((format(printf, 2, 3))) static void append(char text[MAC_SHOW_TEXT], const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, MAC_SHOW_TEXT - len, fmt, args);
	va_end(args);
}

/* ---- refused and asked ----------------------------------------------------------------------- */

/* The value a refusal is about, as the command that carried it would say. */
static void put_value(const struct show *v, const struct mac_refusal *r, char text[MAC_SHOW_TEXT])
{
	uint32_t freq_hz = (r->value & 0xffffff) * v->env->region->table->freq_step_hz;

	switch (r->item) {
	case MAC_ITEM_LINK_ADR:
	case MAC_ITEM_DEV_STATUS:
	case MAC_ITEM_CH_MASK:
		break;
	case MAC_ITEM_RX_PARAM:
		append(text, "offset %u, DR%u, %u Hz: ", r->value >> 4 & 7, r->value & 15,
		       (r->value >> 8) * v->env->region->table->freq_step_hz);
		break;
	case MAC_ITEM_PING_SLOT:
		append(text, "%u Hz, DR%u: ", freq_hz, r->value >> 24 & 15);
		break;
	case MAC_ITEM_BEACON_FREQ:
		append(text, "%u Hz: ", freq_hz);
		break;
	default:
		if (r->item >= MAC_ITEM_CHANNEL)
			append(text, "%u Hz: ", freq_hz);
		else
			append(text, "%u: ", r->value);
	}
}

static void put_refusals(const struct show *v, uint8_t item, char text[MAC_SHOW_TEXT])
{
	for (unsigned i = 0; i < v->s->n_refusals; i++) {
		const struct mac_refusal *r = &v->s->refusals[i];

		if (r->item != item)
			continue;
		append(text, "%s", *text ? "; " : "");
		put_value(v, r, text);
		if (r->status == MAC_NO_ANSWER)
			append(text, "not answered");
		else
			append(text, "refused");
		if (r->count > 1)
			append(text, " %u times", r->count);
		if (r->until_f_cnt == UINT32_MAX)
			append(text, ", not asked again");
		else
			append(text, ", not before uplink %" PRIu32, r->until_f_cnt);
	}
}

/* Commands of a list about this item, as they are written. */
static void put_commands(const uint8_t *list, size_t len, int item, char text[MAC_SHOW_TEXT])
{
	struct mac_iter it;
	struct mac_command c;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &c)) {
		const struct mac_request_row *row = mac_request_row(c.cid);
		struct mac_message m;
		char words[MAC_TEXT_SIZE];

		if (item >= 0 && (!row || mac_request_item(row, c.payload) != item))
			continue;
		mac_decode(&c, &m);
		append(text, "%s%s", *text ? "; " : "", mac_message_text(&m, words, sizeof(words)));
	}
}

static struct mac_show_row *add_item(struct show *v, const char *name, uint8_t item)
{
	struct mac_show_row *row = add(v, name);

	put_refusals(v, item, row->refused);
	put_commands(v->s->pending, v->s->pending_len, item, row->asked);
	return row;
}

/* ---- the items ------------------------------------------------------------------------------- */

static void put_known(char text[MAC_SHOW_TEXT], const char *unit, unsigned value)
{
	if (value != MAC_UNKNOWN)
		append(text, "%s%u", unit, value);
}

static void put_mask(char text[MAC_SHOW_TEXT], const struct ch_mask *mask)
{
	uint64_t words[2];
	char list[CHANNEL_LIST_SIZE];

	ch_mask_words(mask, words);
	append(text, "%s", channel_list_format(words, list));
}

static void show_link(struct show *v, const struct mac_goal *g)
{
	const struct mac_state *s = v->s;
	struct mac_show_row *row;

	row = add(v, "data_rate");
	put_known(row->wish, "DR", g->dr);
	put_known(row->acknowledged, "DR", s->dr);
	put_refusals(v, MAC_ITEM_DR, row->refused);
	row = add(v, "tx_power");
	put_known(row->wish, "", g->tx_power);
	put_known(row->acknowledged, "", s->tx_power);
	put_refusals(v, MAC_ITEM_TX_POWER, row->refused);
	row = add(v, "nb_trans");
	put_known(row->wish, "", g->nb_trans);
	put_known(row->acknowledged, "", s->nb_trans);
	row = add(v, "channels");
	put_mask(row->wish, &g->mask);
	put_mask(row->acknowledged, &s->mask);
	put_refusals(v, MAC_ITEM_CH_MASK, row->refused);
	put_refusals(v, MAC_ITEM_LINK_ADR, row->refused);
	put_commands(s->pending, s->pending_len, MAC_ITEM_LINK_ADR, row->asked);
	if (s->link_unsure)
		append(row->asked, "%sthe device may have stepped back: will be asked again", *row->asked ? "; " : "");
}

static void show_rx(struct show *v, const struct mac_rx *rx, const struct mac_goal *g)
{
	struct mac_show_row *row = add_item(v, "rx1_delay_s", MAC_ITEM_RX_TIMING);

	put_known(row->wish, "", g->rx.rx1_delay_s);
	put_known(row->acknowledged, "", rx->rx1_delay_s);
	row = add_item(v, "rx_param", MAC_ITEM_RX_PARAM);
	append(row->wish, "offset %u, RX2 DR%u, %u Hz", g->rx.rx1_dr_offset, g->rx.rx2_dr, g->rx.rx2_freq_hz);
	append(row->acknowledged, "offset %u, RX2 DR%u, %u Hz", rx->rx1_dr_offset, rx->rx2_dr, rx->rx2_freq_hz);
}

static void put_channel(char text[MAC_SHOW_TEXT], uint32_t freq_hz, uint8_t min_dr, uint8_t max_dr)
{
	if (freq_hz)
		append(text, "%u Hz, DR%u-%u", freq_hz, min_dr, max_dr);
}

static void show_channels(struct show *v, const struct mac_goal *g)
{
	for (unsigned i = 0; i < MAC_CHANNELS_MAX; i++) {
		const struct mac_channel *want = &g->channels[i], *have = &v->s->channels[i];
		struct mac_show_row *row;
		char name[MAC_SHOW_NAME];

		if (!want->freq_hz && !have->freq_hz)
			continue;
		snprintf(name, sizeof(name), "channel_%u", i);
		row = add_item(v, name, (uint8_t)(MAC_ITEM_CHANNEL + i));
		put_channel(row->wish, want->freq_hz, want->min_dr, want->max_dr);
		put_channel(row->acknowledged, have->freq_hz, have->min_dr, have->max_dr);
		if (have->rx1_freq_hz != have->freq_hz)
			append(row->acknowledged, ", RX1 %u Hz", have->rx1_freq_hz);
		put_refusals(v, (uint8_t)(MAC_ITEM_DL_CHANNEL + i), row->refused);
		put_commands(v->s->pending, v->s->pending_len, MAC_ITEM_DL_CHANNEL + (int)i, row->asked);
	}
}

static void put_tx_param(char text[MAC_SHOW_TEXT], uint8_t octet)
{
	if (octet != MAC_UNKNOWN)
		append(text, "%u dBm, dwell up %s, down %s", tx_param_setup_eirp_dbm[octet & 15], octet & 0x10 ? "400 ms" : "free",
		       octet & 0x20 ? "400 ms" : "free");
}

static void show_others(struct show *v, const struct mac_goal *g)
{
	const struct mac_state *s = v->s;
	struct mac_show_row *row = add_item(v, "max_duty_cycle", MAC_ITEM_DUTY_CYCLE);

	put_known(row->wish, "", g->max_dcycle);
	put_known(row->acknowledged, "", s->max_dcycle);
	if (g->tx_param != MAC_UNKNOWN || s->tx_param != MAC_UNKNOWN) {
		row = add_item(v, "tx_param", MAC_ITEM_TX_PARAM);
		put_tx_param(row->wish, g->tx_param);
		put_tx_param(row->acknowledged, s->tx_param);
	}
	if (v->env->is_1_1) {
		row = add_item(v, "adr_param", MAC_ITEM_ADR_PARAM);
		append(row->acknowledged, "limit %u, delay %u uplinks", 1u << s->adr_limit_exp, 1u << s->adr_delay_exp);
		row = add_item(v, "rejoin_param", MAC_ITEM_REJOIN_PARAM);
		put_known(row->wish, "max_time_n ", g->rejoin_max_time_n);
		if (g->rejoin_max_count_n != MAC_UNKNOWN)
			append(row->wish, "%smax_count_n %u", *row->wish ? ", " : "", g->rejoin_max_count_n);
		if (s->rejoin_max_time_n != MAC_UNKNOWN)
			append(row->acknowledged, "max_time_n %u, max_count_n %u%s", s->rejoin_max_time_n, s->rejoin_max_count_n,
			       s->rejoin_time_ok ? "" : ", counts uplinks only");
	}
	if (s->ping_slot_periodicity != MAC_UNKNOWN || g->ping_slot_dr != MAC_UNKNOWN) {
		row = add(v, "ping_slot_periodicity");
		put_known(row->acknowledged, "", s->ping_slot_periodicity);
		row = add_item(v, "ping_slot", MAC_ITEM_PING_SLOT);
		if (g->ping_slot_dr != MAC_UNKNOWN)
			append(row->wish, "%u Hz, DR%u", g->ping_slot_freq_hz, g->ping_slot_dr);
		if (s->ping_slot_dr != MAC_UNKNOWN)
			append(row->acknowledged, "%u Hz, DR%u", s->ping_slot_freq_hz, s->ping_slot_dr);
		row = add_item(v, "beacon_freq_hz", MAC_ITEM_BEACON_FREQ);
		append(row->wish, "%u", g->beacon_freq_hz);
		append(row->acknowledged, "%u", s->beacon_freq_hz);
	}
	row = add_item(v, "status", MAC_ITEM_DEV_STATUS);
	if (g->dev_status_interval_s)
		append(row->wish, "every %u s", g->dev_status_interval_s);
	if (s->has_status)
		append(row->acknowledged, "battery %u of 254, margin %d dB", s->battery, s->margin_db);
}

size_t mac_show(const struct mac_env *env, const struct mac_state *s, const struct mac_rx *rx, const struct mac_goal *goal,
                struct mac_show_row *out)
{
	struct show v = {.env = env, .s = s, .rows = out};

	show_link(&v, goal);
	show_rx(&v, rx, goal);
	show_channels(&v, goal);
	show_others(&v, goal);
	if (s->manual_len > s->manual_sent)
		put_commands(s->manual + s->manual_sent, (size_t)(s->manual_len - s->manual_sent), -1, add(&v, "queued")->wish);
	return v.n;
}
