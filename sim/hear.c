/* hear.c - downlinks: which device and which window they are for, and what the gateway says to that. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "sim_state.h"
#include "txpk.h"

#define AFTER_JOIN_US 100000
#define TOO_LATE_US 42500              /* SX1302 forwarder: start 1.5, margin 1, JIT 40 ms */

/* What is known of a downlink before a device hears it. */
struct arrival {
	struct gateway *gateway;
	struct txpk txpk;
	struct downlink down;
	uint64_t now_us;
};

char *sim_gateway_name(const struct gateway *g, char buf[40])
{
	snprintf(buf, 40, "gateway %016" PRIx64, g->id);
	return buf;
}

static void wrong_for_device(struct sim *sim, uint32_t i, const struct gateway *g, const char *why)
{
	char name[FLEET_NAME_SIZE], subject[120];

	snprintf(subject, sizeof(subject), "downlink to %s (%016" PRIx64 ") through gateway %016" PRIx64, fleet_name(i, name),
	         sim->fleet.first_dev_eui + i, g->id);
	report_wrong(&sim->report, subject, "%s", why);
}

/* The transmission of device i (WHEEL_NONE: any join request) whose window begins at start_us. */
static struct transmission *find_window(struct sim *sim, uint32_t i, bool is_join, uint64_t start_us, int *window)
{
	for (*window = 1; *window <= 2; (*window)++) {
		const struct device *d = is_join ? NULL : &sim->fleet.devices[i];
		uint64_t delay = is_join ? (*window == 1 ? JOIN_ACCEPT_DELAY1_US : JOIN_ACCEPT_DELAY2_US)
		                         : device_window_delay(d, false, *window);
		struct transmission *tx = air_find(&sim->air, start_us - delay);

		if (tx && tx->is_join == is_join && (is_join || tx->device == i))
			return tx;
	}
	return NULL;
}

/*
 * Highest power a downlink may have at a frequency: the band's, or the region's. A gateway is bound by what holds today,
 * however old the device is.
 */
static double power_limit_dbm(const struct region_table *t, uint32_t freq_hz)
{
	for (unsigned i = 0; i < t->n_eirp_ranges; i++) {
		if (freq_hz >= t->eirp_ranges[i].min_hz && freq_hz <= t->eirp_ranges[i].max_hz)
			return t->eirp_ranges[i].gateway_dbm;
	}
	for (unsigned i = 0; i < t->n_duty_bands; i++) {
		if (freq_hz >= t->duty_bands[i].min_hz && freq_hz <= t->duty_bands[i].max_hz && t->duty_bands[i].max_eirp_dbm > 0)
			return t->duty_bands[i].max_eirp_dbm;
	}
	return t->params[REG_PARAMS__COUNT - 1]->tx_powers->max_eirp_dbm;
}

/* The gateway's part, for device i: is there time left, may it send so strong? */
static bool gateway_takes(struct sim *sim, struct arrival *a, uint32_t i, const uint8_t token[2])
{
	int64_t left_us = (int64_t)(a->down.start_us - a->now_us);
	double limit = power_limit_dbm(sim->profile.region, a->txpk.freq_hz);
	char name[FLEET_NAME_SIZE], why[WHY_SIZE];

	if (left_us <= TOO_LATE_US && a->txpk.timing != TXPK_IMMEDIATE) {
		gateway_send_tx_ack(a->gateway, token, "TOO_LATE");
		sim->report.too_late++;
		if (!sim->report.is_quiet)
			report_event(&sim->report, fleet_name(i, name), "downlink too late, %.1f ms before its window",
			             (double)left_us / 1000);
		return false;
	}
	gateway_send_tx_ack(a->gateway, token, NULL);
	histogram_add(&sim->report.ahead, (uint64_t)left_us);
	if (a->txpk.power_dbm > limit) {
		snprintf(why, sizeof(why), "power %d dBm at %" PRIu32 " Hz, at most %.2f", a->txpk.power_dbm, a->txpk.freq_hz,
		         limit);
		wrong_for_device(sim, i, a->gateway, why);
		return false;
	}
	return true;
}

/* The same for a class A window: was this uplink answered before? */
static bool gateway_answers(struct sim *sim, struct arrival *a, struct transmission *tx, const uint8_t token[2])
{
	if (!gateway_takes(sim, a, tx->device, token))
		return false;
	histogram_add(tx->is_join ? &sim->report.join_delay : &sim->report.downlink_delay, a->now_us - tx->end_us);
	if (tx->is_answered) {
		wrong_for_device(sim, tx->device, a->gateway, "second downlink for one uplink");
		return false;
	}
	tx->is_answered = true;
	return true;
}

static void after_join(struct sim *sim, uint32_t i, const struct arrival *a, const struct heard *heard)
{
	struct device *d = &sim->fleet.devices[i];
	char name[FLEET_NAME_SIZE];

	sim->joined++;
	sim->report.joins_accepted++;
	sim->report.joins_heard[heard->window - 1]++;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "join accepted DevAddr %08" PRIx32, d->dev_addr);
	if (sends_by_rate(sim) || sim->o->join_only)
		wheel_cancel(&sim->wheel, i);
	else
		wheel_set(&sim->wheel, i, a->down.start_us + AFTER_JOIN_US +
		                              (sim->fleet.n > 1 ? prng_below(&sim->prng, (uint64_t)sim->o->interval_us) : 0));
	sim_turn(sim);
}

/* What a device without --net-id puts into its rejoin requests, and what all accepts must agree in. */
static void note_net_id(struct sim *sim, uint32_t i, const struct arrival *a, uint32_t net_id)
{
	char why[WHY_SIZE];

	if (!sim->has_seen_net_id) {
		sim->has_seen_net_id = true;
		sim->seen_net_id = sim->profile.net_id = net_id;
	} else if (sim->seen_net_id != net_id) {
		snprintf(why, sizeof(why), "NetID %06" PRIx32 ", earlier devices got %06" PRIx32, net_id, sim->seen_net_id);
		wrong_for_device(sim, i, a->gateway, why);
	}
}

static void after_rejoin(struct sim *sim, uint32_t i)
{
	char name[FLEET_NAME_SIZE];

	sim->report.rejoins_accepted++;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "rejoin accepted DevAddr %08" PRIx32, sim->fleet.devices[i].dev_addr);
}

static void take_join_accept(struct sim *sim, struct arrival *a, const uint8_t token[2])
{
	struct heard heard = {.window = 0};
	struct transmission *tx;
	struct device_roots roots;
	char subject[40];
	bool is_rejoin;
	int window;

	tx = find_window(sim, WHEEL_NONE, true, a->down.start_us, &window);
	if (!tx) {
		gateway_send_tx_ack(a->gateway, token, NULL);
		report_wrong(&sim->report, sim_gateway_name(a->gateway, subject),
		             "join accept at tmst %" PRIu32 " is 5 s or 6 s after no join request", a->txpk.tmst);
		return;
	}
	if (!gateway_answers(sim, a, tx, token))
		return;
	is_rejoin = tx->join_type != JOIN_REQ_TYPE_JOIN;
	fleet_roots(&sim->fleet, sim->crypto, tx->device, &roots);
	if (is_rejoin)
		fleet_index_remove(&sim->fleet, tx->device);
	if (device_hear_join_accept(&sim->profile, sim->crypto, &sim->fleet.devices[tx->device], &roots, tx, window, &a->down,
	                            &heard)) {
		if (is_rejoin)
			fleet_index_add(&sim->fleet, tx->device);
		wrong_for_device(sim, tx->device, a->gateway, heard.why);
		return;
	}
	fleet_index_add(&sim->fleet, tx->device);
	note_net_id(sim, tx->device, a, heard.net_id);
	if (is_rejoin)
		after_rejoin(sim, tx->device);
	else
		after_join(sim, tx->device, a, &heard);
}

static void report_commands(struct sim *sim, uint32_t i, const struct heard *heard)
{
	char name[FLEET_NAME_SIZE];

	sim->report.mac_requests += heard->mac_requests;
	sim->report.mac_refused += heard->mac_refused;
	sim->report.mac_answers += heard->mac_answers;
	if (!sim->report.is_quiet && heard->commands[0])
		report_event(&sim->report, fleet_name(i, name), "mac %s", heard->commands);
}

static void after_downlink(struct sim *sim, uint32_t i, bool was_pending, const struct heard *heard)
{
	struct device *d = &sim->fleet.devices[i];
	char name[FLEET_NAME_SIZE], port[24] = "", hex[2 * PHY_MAX + 2] = "";

	sim->report.data_heard[heard->window - 1]++;
	sim->report.acks_heard += heard->has_ack;
	sim->report.confirmed_heard += heard->is_confirmed;
	if (!sim->report.is_quiet) {
		if (heard->f_port >= 0)
			snprintf(port, sizeof(port), " port %d", heard->f_port);
		if (heard->payload_len) {
			hex[0] = ' ';
			hex_encode(heard->payload, heard->payload_len, hex + 1);
		}
		report_event(&sim->report, fleet_name(i, name), "downlink ok %s FCnt %" PRIu32 "%s%s%s%s",
		             device_window_name(heard->window), heard->f_cnt, heard->has_ack ? " ack" : "", heard->is_confirmed ? " confirmed" : "", port, hex);
	}
	if (was_pending && !d->is_pending && !sends_by_rate(sim)) {
		sim->pending--;
		sim_schedule(sim, i);
		sim_turn(sim);
	}
}

/* Of the devices with this DevAddr the one whose MIC fits; else the only or first one. */
static uint32_t choose_device(struct sim *sim, const struct phy_data *f, const uint8_t *phy)
{
	uint32_t first = fleet_next_by_addr(&sim->fleet, f->dev_addr, WHEEL_NONE);

	if (first == WHEEL_NONE || fleet_next_by_addr(&sim->fleet, f->dev_addr, first) == WHEEL_NONE)
		return first;
	for (uint32_t i = first; i != WHEEL_NONE; i = fleet_next_by_addr(&sim->fleet, f->dev_addr, i)) {
		if (device_knows_mic(&sim->fleet.devices[i], sim->crypto, f, phy))
			return i;
	}
	return first;
}

/*
 * The window a data downlink is for; *window 0: none, *why says so. Returns the uplink it may answer: of classes B and C the
 * last one, NULL when that is long ago.
 */
static struct transmission *choose_window(struct sim *sim, uint32_t i, const struct arrival *a, int *window,
                                          char why[WHY_SIZE])
{
	const struct device *d = &sim->fleet.devices[i];
	enum device_class device_class = sim->profile.device_class;
	struct transmission *last;

	if (a->txpk.timing == TXPK_TMST) {
		struct transmission *tx = find_window(sim, i, false, a->down.start_us, window);

		if (tx)
			return tx;
	}
	*window = device_class == DEVICE_CLASS_C                                       ? WINDOW_RXC
	          : device_class == DEVICE_CLASS_B && a->txpk.timing == TXPK_GPS ? WINDOW_PING
	                                                                         : 0;
	if (a->txpk.timing == TXPK_TMST)
		snprintf(why, WHY_SIZE, "tmst %" PRIu32 " is %" PRId64 " us after its last uplink, no receive window", a->txpk.tmst,
		         (int64_t)(a->down.start_us - d->last_end_us));
	else
		snprintf(why, WHY_SIZE, "txpk.%s, and the device does not listen then",
		         a->txpk.timing == TXPK_GPS ? "tmms is set" : "imme is true");
	last = air_find(&sim->air, d->last_end_us);
	return last && !last->is_join ? last : NULL;
}

static void take_data(struct sim *sim, struct arrival *a, const uint8_t token[2])
{
	struct heard heard = {.window = 0};
	struct phy_data f;
	struct transmission *tx;
	struct device *d;
	char subject[40], why[WHY_SIZE];
	bool was_pending;
	uint32_t i;
	int window, rc;

	rc = phy_parse_data(a->down.phy, a->down.len, &f);
	i = rc ? WHEEL_NONE : choose_device(sim, &f, a->down.phy);
	if (i == WHEEL_NONE) {
		gateway_send_tx_ack(a->gateway, token, NULL);
		if (rc)
			report_wrong(&sim->report, sim_gateway_name(a->gateway, subject), "frame of %zu octets cannot be read (%s)",
			             a->down.len, ls_strerror(rc));
		else
			report_wrong(&sim->report, sim_gateway_name(a->gateway, subject), "DevAddr %08" PRIx32 " is of no device here",
			             f.dev_addr);
		return;
	}
	d = &sim->fleet.devices[i];
	tx = choose_window(sim, i, a, &window, why);
	if (!window) {
		gateway_send_tx_ack(a->gateway, token, NULL);
		wrong_for_device(sim, i, a->gateway, why);
		return;
	}
	if (window <= WINDOW_RX2 ? !gateway_answers(sim, a, tx, token) : !gateway_takes(sim, a, i, token))
		return;
	was_pending = d->is_pending;
	rc = device_hear_data(&sim->profile, sim->crypto, d, tx, window, &a->down, &heard);
	report_commands(sim, i, &heard);
	if (rc)
		wrong_for_device(sim, i, a->gateway, heard.why);
	else
		after_downlink(sim, i, was_pending, &heard);
}

/* When it would be on air, by the monotonic clock. */
static uint64_t start_us(const struct gateway *g, const struct txpk *txpk, uint64_t now_us)
{
	if (txpk->timing == TXPK_TMST)
		return gateway_time_us(g, txpk->tmst, now_us);
	return txpk->timing == TXPK_GPS ? now_us + (txpk->gps_ms * 1000 - sim_gps_us(now_us)) : now_us;
}

void sim_on_pull_resp(void *arg, struct gateway *g, const uint8_t token[2], const char *json, size_t len)
{
	struct sim *sim = arg;
	struct arrival a = {.gateway = g, .now_us = clock_mono_us()};
	char why[WHY_SIZE], subject[40];
	enum m_type m_type;

	/* A forwarder drops what it cannot read without a TX_ACK. */
	if (txpk_parse(json, len, &a.txpk, why, sizeof(why))) {
		report_wrong(&sim->report, sim_gateway_name(g, subject), "%s", why);
		return;
	}
	a.down = (struct downlink){.phy = a.txpk.phy,
	                           .len = a.txpk.len,
	                           .start_us = start_us(g, &a.txpk, a.now_us),
	                           .freq_hz = a.txpk.freq_hz,
	                           .radio = a.txpk.radio};
	a.down.gps_us = a.txpk.timing == TXPK_GPS ? a.txpk.gps_ms * 1000 : sim_gps_us(a.down.start_us);
	if (phy_m_type(a.down.phy, a.down.len, &m_type))
		m_type = M_TYPE_PROPRIETARY;
	switch (m_type) {
	case M_TYPE_JOIN_ACCEPT:
		take_join_accept(sim, &a, token);
		break;
	case M_TYPE_UNCONFIRMED_DOWN:
	case M_TYPE_CONFIRMED_DOWN:
		take_data(sim, &a, token);
		break;
	default:
		gateway_send_tx_ack(g, token, NULL);
		report_wrong(&sim->report, sim_gateway_name(g, subject), "frame that begins with %02x is not a downlink", a.down.phy[0]);
	}
}

void sim_on_wrong_datagram(void *arg, struct gateway *g, const char *why)
{
	struct sim *sim = arg;
	char subject[40];

	report_wrong(&sim->report, sim_gateway_name(g, subject), "%s", why);
}
