#include "network/gateway_choice.h"

#include <stdio.h>
#include <string.h>

#define ABOVE_ENOUGH 4           /* margin above what is asked for is worth a quarter */
#define REFUSED_DB10 2           /* off for each percent refused */
#define BUDGET_FROM_PERCENT 50   /* a budget less used than that costs nothing */
#define BUDGET_DB10 2            /* off for each percent beyond */
#define SPARE_ENOUGH_MS 200
#define SPARE_MS_PER_DB10 4      /* off for what is missing of that */
#define NOISE_125KHZ_DBM (-117)  /* thermal noise of 125 kHz and 6 dB of the receiver */
#define SNR_HIGHEST_DB10 100     /* a LoRa demodulator tells no more */

enum gateway_verdict gateway_judge(const struct gateway_candidate *c)
{
	if (c->spare_us < 0)
		return GATEWAY_TOO_LATE;
	if (c->forbidden)
		return GATEWAY_FORBIDDEN;
	if (c->room.limited && c->room.left_us < c->air_us)
		return GATEWAY_DUTY_CYCLE;
	switch (c->calendar) {
	case CALENDAR_FREE:
		return GATEWAY_GOOD;
	case CALENDAR_YIELDS:
		return GATEWAY_YIELDS;
	case CALENDAR_BUSY:
	case CALENDAR_FULL:
		break;
	}
	return GATEWAY_BUSY;
}

static int used_percent(const struct air_room *room)
{
	return room->limited && room->allowed_us ? (int)(room->used_us * 100 / room->allowed_us) : 0;
}

int gateway_score(const struct gateway_candidate *c, int prefer_min_margin_db)
{
	int enough = prefer_min_margin_db * 10, score = c->margin_db10;
	int used = used_percent(&c->room);
	int spare_ms = c->spare_us > 1000000 ? 1000 : (int)(c->spare_us / 1000);

	if (score > enough)
		score = enough + (score - enough) / ABOVE_ENOUGH;
	score -= (int)c->refused_percent * REFUSED_DB10;
	if (used > BUDGET_FROM_PERCENT)
		score -= (used - BUDGET_FROM_PERCENT) * BUDGET_DB10;
	if (spare_ms < SPARE_ENOUGH_MS)
		score -= (SPARE_ENOUGH_MS - spare_ms) / SPARE_MS_PER_DB10;
	return score - (int)c->deaf_permille;
}

static bool is_better(const struct gateway_candidate *a, const struct gateway_candidate *b, int prefer_min_margin_db)
{
	int by = gateway_score(a, prefer_min_margin_db) - gateway_score(b, prefer_min_margin_db);

	if (!by)
		by = a->margin_db10 - b->margin_db10;
	if (!by)
		by = a->rssi_dbm - b->rssi_dbm;
	if (!by)
		by = memcmp(b->gateway_id.be, a->gateway_id.be, sizeof(a->gateway_id.be));
	return by > 0;
}

size_t gateway_rank(const struct gateway_candidate *list, size_t n, enum gateway_verdict verdict,
                    int prefer_min_margin_db, uint16_t *order)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = count;

		if (gateway_judge(&list[i]) != verdict)
			continue;
		for (; at > 0 && is_better(&list[i], &list[order[at - 1]], prefer_min_margin_db); at--)
			order[at] = order[at - 1];
		order[at] = (uint16_t)i;
		count++;
	}
	return count;
}

static int put_figures(const struct gateway_candidate *c, char *out, size_t size)
{
	char id[EUI64_TEXT_SIZE];
	int n = snprintf(out, size, "%s margin %s%d.%d dB", eui64_format(c->gateway_id, id), c->margin_db10 < 0 ? "-" : "",
	                 (c->margin_db10 < 0 ? -c->margin_db10 : c->margin_db10) / 10,
	                 (c->margin_db10 < 0 ? -c->margin_db10 : c->margin_db10) % 10);

	if (c->refused_percent && n < (int)size)
		n += snprintf(out + n, size - (size_t)n, ", refused %u %%", c->refused_percent);
	if (used_percent(&c->room) && n < (int)size)
		n += snprintf(out + n, size - (size_t)n, ", band used %d %%", used_percent(&c->room));
	return n < (int)size ? n : (int)size - 1;
}

static const char *verdict_words(enum gateway_verdict v)
{
	static const char *const words[] = {
		[GATEWAY_GOOD] = "", [GATEWAY_YIELDS] = ", busy", [GATEWAY_BUSY] = ", busy",
		[GATEWAY_DUTY_CYCLE] = ", duty cycle used up", [GATEWAY_FORBIDDEN] = ", frequency not allowed",
		[GATEWAY_TOO_LATE] = ", too late",
	};

	return words[v];
}

void gateway_explain(const struct gateway_candidate *list, size_t n, size_t chosen, char out[CHOICE_TEXT_SIZE])
{
	size_t strongest = chosen;
	int len = put_figures(&list[chosen], out, CHOICE_TEXT_SIZE);

	for (size_t i = 0; i < n; i++)
		if (list[i].margin_db10 > list[strongest].margin_db10)
			strongest = i;
	if (strongest == chosen)
		return;
	len += snprintf(out + len, (size_t)(CHOICE_TEXT_SIZE - len), "; not ");
	len += put_figures(&list[strongest], out + len, (size_t)(CHOICE_TEXT_SIZE - len));
	snprintf(out + len, (size_t)(CHOICE_TEXT_SIZE - len), "%s", verdict_words(gateway_judge(&list[strongest])));
}

void gateway_refusal_text(const struct gateway_candidate *c, char *out, size_t size)
{
	switch (gateway_judge(c)) {
	case GATEWAY_TOO_LATE:
		snprintf(out, size, "%lld ms too late", (long long)(-c->spare_us / 1000));
		return;
	case GATEWAY_FORBIDDEN:
		snprintf(out, size, "the frequency lies in no band of the region");
		return;
	case GATEWAY_DUTY_CYCLE:
		snprintf(out, size, "duty cycle: %llu ms needed, %llu of %llu ms left of this hour",
		         (unsigned long long)(c->air_us + 999) / 1000, (unsigned long long)c->room.left_us / 1000,
		         (unsigned long long)c->room.allowed_us / 1000);
		return;
	case GATEWAY_YIELDS:
	case GATEWAY_BUSY:
		snprintf(out, size, "busy with %s for %u ms", downlink_rank_name((enum downlink_rank)c->in_the_way.rank),
		         c->in_the_way.air_us / 1000);
		return;
	case GATEWAY_GOOD:
		break;
	}
	snprintf(out, size, "free");
}

/* All bandwidths there are lie close to powers of two of each other. */
int bandwidth_db10(uint32_t up_hz, uint32_t down_hz)
{
	int db10 = 0;

	for (; up_hz && down_hz >= up_hz + up_hz / 2; up_hz *= 2)
		db10 += 30;
	for (; down_hz && up_hz >= down_hz + down_hz / 2; down_hz *= 2)
		db10 -= 30;
	return db10;
}

int link_margin_db10(const struct radio *up, bool has_snr, int snr_db10, int rssi_dbm, const struct radio *down)
{
	uint32_t up_hz = has_snr && up->modulation == MOD_LORA ? up->bandwidth_hz : 125000;
	int floor_db10;

	if (radio_required_snr_db10(down, &floor_db10))
		return 0;
	if (!has_snr) {
		snr_db10 = (rssi_dbm - NOISE_125KHZ_DBM) * 10;
		if (snr_db10 > SNR_HIGHEST_DB10)
			snr_db10 = SNR_HIGHEST_DB10;
	}
	return snr_db10 - bandwidth_db10(up_hz, down->bandwidth_hz) - floor_db10;
}
