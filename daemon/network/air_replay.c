#include "network/air_replay.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/error.h"
#include "lorawan/airtime.h"
#include "network/internal.h"
#include "network/region_choice.h"

#define HOUR_US INT64_C(3600000000)

struct air_replay {
	struct store_query query;
	struct network *network;
	struct air_sent *list;
	size_t n, cap;
	bool bad;
};

static uint32_t number_of(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v > 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* Downlinks are LoRa or FSK, and what is no 4/5 does not occur among them. */
static struct radio radio_of(const json_t *modulation)
{
	const json_t *lora = json_object_get(modulation, "lora"), *fsk = json_object_get(modulation, "fsk");

	if (fsk)
		return (struct radio){.modulation = MOD_FSK, .bit_rate = number_of(fsk, "datarate")};
	return (struct radio){.modulation = MOD_LORA, .code_rate = CR_4_5, .sf = (uint8_t)number_of(lora, "spreadingFactor"),
	                      .bandwidth_hz = number_of(lora, "bandwidth")};
}

bool air_replay_read(const char *body, size_t len, struct air_sent *out)
{
	json_t *row = json_loadb(body, len, JSON_ALLOW_NUL, NULL);
	const char *id = json_string_value(json_array_get(json_object_get(row, "gateways"), 0));
	const char *phy = json_string_value(json_object_get(row, "phy_payload"));
	struct radio radio = radio_of(json_object_get(row, "modulation"));
	bool was_sent = json_is_null(json_object_get(row, "drop_reason")) && json_is_integer(json_object_get(row, "margin_ms"));

	out->freq_hz = number_of(row, "freq_hz");
	out->air_us = phy ? radio_airtime_us(&radio, strlen(phy) / 2, false) : 0;
	was_sent = was_sent && id && !eui64_parse(id, &out->gateway_id) && out->freq_hz && out->air_us;
	json_decref(row);
	return was_sent;
}

static void take_row(void *arg, const struct log_row *row)
{
	struct air_replay *a = arg;

	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 256;
		struct air_sent *more = realloc(a->list, cap * sizeof(*more));

		if (!more) {
			a->bad = true;
			return;
		}
		a->list = more;
		a->cap = cap;
	}
	if (!air_replay_read(row->body, row->body_len, &a->list[a->n]))
		return;
	a->list[a->n++].time_us = row->time_us;
}

static int read_hour(struct store_db *db, struct store_query *q)
{
	struct log_read read = {
		.log = LOG_FRAME, .since_us = clock_wall_us() - HOUR_US, .kind = "down", .fn = take_row, .arg = q->arg};

	return store_log_read(db, &read);
}

/* The region a gateway sent in: the first it serves whose band has the frequency. */
static const struct region *region_of(const struct fleet *f, const struct gateway *g, uint32_t freq_hz)
{
	for (size_t i = 0; i < f->n_regions; i++)
		if (region_choice_may_hear(g, &f->regions[i]) && region_has_frequency(&f->regions[i], freq_hz))
			return &f->regions[i];
	return NULL;
}

static void add(struct network *n, const struct air_sent *sent)
{
	struct gateway *g = fleet_gateway(n->fleet, sent->gateway_id);
	const struct region *region = g ? region_of(n->fleet, g, sent->freq_hz) : NULL;
	int64_t age_us = clock_wall_us() - sent->time_us;
	uint64_t now = clock_mono_us();
	struct place place = {.region = region, .freq_hz = sent->freq_hz, .air_us = sent->air_us};

	if (!region || age_us < 0)
		return;
	place.start_us = now > (uint64_t)age_us ? now - (uint64_t)age_us : 0; /* before this machine was up: counts longer */
	gateway_air_sent(g, &place);
}

static void on_read(struct store_query *q)
{
	struct air_replay *a = q->arg;
	struct network *n = a->network;

	for (size_t i = 0; i < a->n && !n->sealed; i++)
		add(n, &a->list[i]);
	if (q->rc || a->bad)
		n->out.log(n->out.arg, LOG_WARNING, "network", "what gateways sent in the last hour is not known");
	free(a->list);
	free(a);
}

void air_replay_start(struct network *n)
{
	struct air_replay *a = calloc(1, sizeof(*a));

	if (!a)
		return;
	a->network = n;
	a->query = (struct store_query){.run = read_hour, .done = on_read, .arg = a};
	store_read(n->store, &a->query);
}
