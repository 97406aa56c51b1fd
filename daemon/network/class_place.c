#include "network/class_place.h"

#include <stdio.h>

#include "lorawan/airtime.h"
#include "network/region_choice.h"

#define PREFER_MARGIN_DB(region) ((region)->settings.gateway_prefer_min_margin_db)
#define SPARE_IMMEDIATE_US 1000000 /* time is no question */
#define RETRY_US 500000

bool gateway_has_gps(const struct gateway *g, int64_t now_wall_us)
{
	return g->gps_seen_us && now_wall_us - g->gps_seen_us < GATEWAY_GPS_AGE_US;
}

bool class_gateway_serves(struct network *n, const struct gateway *g, const struct class_downlink *dl)
{
	bool confirms;

	return (!g->is_private || g->tenant == dl->tenant) && region_choice_may_hear(g, dl->region) &&
	       n->out.has_path(n->out.arg, g->id, &confirms);
}

/* What leaves now is on air after the commit and the way. */
static uint64_t start_of(struct network *n, const struct gateway *g, const struct class_downlink *dl)
{
	return dl->gps_us ? dl->start_mono_us : clock_mono_us() + answer_lead_us(n, g->id);
}

void class_option(struct network *n, const struct gateway *g, const struct class_downlink *dl, struct transmit_option *out)
{
	*out = (struct transmit_option){
		.gateway_id = g->id,
		.window = dl->window,
		.dr = dl->params.dr,
		.place = {
			.region = dl->region,
			.freq_hz = dl->params.freq_hz,
			.air_us = radio_airtime_us(dl->radio, dl->phy_len, false),
			.start_us = start_of(n, g, dl),
			.rank = RANK_APPLICATION,
		},
		.tx = {
			.timing = dl->gps_us ? TX_GPS : TX_IMMEDIATE,
			.gps_us = dl->gps_us,
			.emit_mono_us = dl->gps_us ? dl->start_mono_us : 0,
			.freq_hz = dl->params.freq_hz,
			.radio = *dl->radio,
			.power_dbm = region_downlink_power(dl->region, dl->params.freq_hz),
		},
	};
}

static struct gateway_candidate look(struct network *n, const struct gateway *g, const struct heard_gateway *h,
                                     const struct class_downlink *dl, struct transmit_option *option)
{
	static const struct radio heard_at = {.modulation = MOD_LORA, .sf = 7, .code_rate = CR_4_5, .bandwidth_hz = 125000};
	struct gateway_candidate c = {.rssi_dbm = h->rssi_dbm};
	uint64_t now = clock_mono_us();

	class_option(n, g, dl, option);
	gateway_air_look(g, &option->place, now, &c);
	c.spare_us = dl->gps_us ? (int64_t)(option->place.start_us - now) - (int64_t)answer_lead_us(n, g->id)
	                        : SPARE_IMMEDIATE_US;
	c.margin_db10 = link_margin_db10(&heard_at, h->snr_db10 != HEARD_NO_SNR, h->snr_db10, h->rssi_dbm, dl->radio);
	return c;
}

static void refused(const struct gateway_candidate *list, size_t count, enum drop_reason *reason,
                    char detail[DETAIL_SIZE], uint64_t *free_at_us)
{
	static const enum drop_reason reasons[] = {
		[GATEWAY_GOOD] = DROP_DOWNLINK_FAILED,          [GATEWAY_YIELDS] = DROP_CALENDAR_BUSY,
		[GATEWAY_BUSY] = DROP_CALENDAR_BUSY,            [GATEWAY_DUTY_CYCLE] = DROP_DUTY_CYCLE_EXHAUSTED,
		[GATEWAY_FORBIDDEN] = DROP_FREQUENCY_FORBIDDEN, [GATEWAY_TOO_LATE] = DROP_DOWNLINK_TOO_LATE,
	};
	size_t nearest = 0;

	*free_at_us = clock_mono_us() + RETRY_US;
	for (size_t i = 0; i < count; i++) {
		const struct reservation *r = &list[i].in_the_way;

		if (gateway_judge(&list[i]) < gateway_judge(&list[nearest]))
			nearest = i;
		if (gateway_judge(&list[i]) == GATEWAY_BUSY && r->start_us + r->air_us > *free_at_us)
			*free_at_us = r->start_us + r->air_us;
	}
	*reason = reasons[gateway_judge(&list[nearest])];
	gateway_refusal_text(&list[nearest], detail, DETAIL_SIZE);
}

enum class_refusal class_place(struct network *n, const struct device *d, const struct class_downlink *dl,
                               struct transmit_option *option, char why[CHOICE_TEXT_SIZE], enum drop_reason *reason,
                               char detail[DETAIL_SIZE], uint64_t *free_at_us)
{
	struct gateway_candidate list[HEARD_MAX];
	struct transmit_option options[HEARD_MAX];
	uint16_t order[HEARD_MAX];
	bool without_gps = false;
	size_t count = 0;

	for (unsigned i = 0; d->heard && i < d->heard->n; i++) {
		const struct heard_gateway *h = &d->heard->list[i];
		const struct gateway *g = fleet_gateway(n->fleet, h->gateway_id);

		if (!g || !class_gateway_serves(n, g, dl))
			continue;
		if (dl->gps_us && !gateway_has_gps(g, clock_wall_us())) {
			without_gps = true;
			continue;
		}
		list[count] = look(n, g, h, dl, &options[count]);
		count++;
	}
	if (!count)
		return without_gps ? CLASS_NO_GPS : CLASS_NO_PATH;
	if (!gateway_rank(list, count, GATEWAY_GOOD, PREFER_MARGIN_DB(dl->region), order) &&
	    !gateway_rank(list, count, GATEWAY_YIELDS, PREFER_MARGIN_DB(dl->region), order)) {
		refused(list, count, reason, detail, free_at_us);
		return CLASS_NO_PLACE;
	}
	*option = options[order[0]];
	gateway_explain(list, count, order[0], why);
	return CLASS_PLACED;
}

uint64_t class_lead_us(struct network *n, const struct device *d)
{
	uint64_t longest = 0;
	bool confirms;

	for (unsigned i = 0; d->heard && i < d->heard->n; i++) {
		struct eui64 id = d->heard->list[i].gateway_id;
		uint64_t lead = n->out.has_path(n->out.arg, id, &confirms) ? answer_lead_us(n, id) : 0;

		if (lead > longest)
			longest = lead;
	}
	return longest;
}
