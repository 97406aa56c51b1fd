#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "air.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hex.h"
#include "device.h"
#include "fleet.h"
#include "gateway.h"
#include "report.h"
#include "txpk.h"
#include "wheel.h"

#define HANDSHAKE_TRIES 5              /* one each second */
#define JOIN_TRIES_MAX 6
#define JOIN_RETRY_MIN_US 7000000      /* after RX2 of the request */
#define ACK_TIMEOUT_MIN_US 1000000     /* 1 to 3 s after RX2 */
#define ACK_TIMEOUT_SPREAD_US 2000000
#define WINDOW_LENGTH_US 200000        /* until a device is sure that nothing comes */
#define AFTER_JOIN_US 100000
#define RATE_STEP_US 200               /* the plan of --rate is looked at this often */
#define RX2_END_S 2.2                  /* RX1 delay 1 s, RX2 a second later */
#define RATE_BURST 1024                /* uplinks before the loop may read again */
#define TOO_LATE_US 42500              /* SX1302 forwarder: start 1.5, margin 1, JIT 40 ms */
#define AIR_HORIZON_US 10000000        /* 7 s of windows and what comes late */
#define HOUSEKEEPING_MS 100

enum phase { PHASE_HANDSHAKE, PHASE_SENDING, PHASE_DRAINING, PHASE_ENDED };

struct sim {
	const struct options *o;
	uv_loop_t loop;
	uv_timer_t second, housekeeping;
	uv_signal_t sigint, sigterm;
	uv_poll_t timer_poll;
	int timer_fd;
	enum phase phase;
	int exit_code;
	unsigned handshake_tries;

	struct device_profile profile;
	struct lw_crypto *crypto;
	struct prng prng, nonce_prng;
	struct fleet fleet;
	struct gateways gateways;
	struct wheel wheel;
	struct air air;
	struct report report;

	uint64_t joined, failed;
	uint64_t pending;           /* confirmed uplinks with repeats to come */
	uint64_t data_stop_us;      /* --duration */
	uint64_t windows_end_us;    /* last window of all transmissions, plus its length */
	uint64_t rate_planned;      /* uplinks of the plan sent so far */
	uint64_t rate_start_us;     /* 0: not begun */
	uint32_t rate_device, rate_stride;
	bool has_seen_net_id;
	uint32_t seen_net_id;
	bool refused_said;

	struct heard_frame batch[GATEWAY_BATCH];
	unsigned batch_len;
	uint64_t housekeeping_step;
};

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- frames to the gateways ---- */

static void flush_batch(struct sim *sim)
{
	if (sim->batch_len)
		gateways_push(&sim->gateways, sim->batch, sim->batch_len);
	sim->batch_len = 0;
}

static const char *code_rate_text(enum code_rate cr)
{
	switch (cr) {
	case CR_2_6:
		return "2/6";
	case CR_4_6:
		return "4/6";
	default:
		return "4/5";
	}
}

/* "modu", "datr" and what goes with them. */
static int put_radio(char *out, size_t cap, const struct radio *r)
{
	switch (r->modulation) {
	case MOD_FSK:
		return snprintf(out, cap, "\"modu\":\"FSK\",\"datr\":%" PRIu32, r->bit_rate);
	case MOD_LR_FHSS:
		return snprintf(out, cap, "\"modu\":\"LR-FHSS\",\"datr\":\"M0CW%" PRIu32 "\",\"codr\":\"%s\",\"hpw\":%d",
		                r->bandwidth_hz / 1000, code_rate_text(r->code_rate), r->bandwidth_hz > 1000000 ? 52 : 8);
	default:
		return snprintf(out, cap, "\"modu\":\"LORA\",\"datr\":\"SF%uBW%" PRIu32 "\",\"codr\":\"4/5\"", r->sf,
		                r->bandwidth_hz / 1000);
	}
}

static void add_to_batch(struct sim *sim, const struct uplink *u)
{
	struct heard_frame *f = &sim->batch[sim->batch_len++];
	const struct radio *radio = &sim->profile.params->up_rates[u->tx.dr].radio;
	size_t cap = sizeof(f->text), len;

	/* 600 octets hold it: at most 255 octets of frame are 340 of base64, the rest is under 200. */
	len = (size_t)snprintf(f->text, cap,
	                       ",\"chan\":%u,\"rfch\":%u,\"freq\":%" PRIu32 ".%06" PRIu32 ",\"mid\":8,\"stat\":1,",
	                       u->tx.channel % 8u, u->tx.channel % 8u > 3, u->tx.freq_hz / 1000000, u->tx.freq_hz % 1000000);
	len += (size_t)put_radio(f->text + len, cap - len, radio);
	len += (size_t)snprintf(f->text + len, cap - len, ",\"size\":%zu,\"data\":\"", u->len);
	len += base64_encode(u->phy, u->len, f->text + len);
	memcpy(f->text + len, "\"}]}", 4);
	f->text_len = len + 4;
	f->end_us = u->tx.end_us;
	f->has_snr = radio->modulation != MOD_FSK;
	if (sim->batch_len == GATEWAY_BATCH)
		flush_batch(sim);
}

static void end_run(struct sim *sim);

/* A frame of device i leaves. */
static void transmit(struct sim *sim, uint32_t i, struct uplink *u)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t windows_end;

	u->tx.device = i;
	if (air_add(&sim->air, clock_mono_us(), &u->tx)) {
		fputs("lssim: out of memory\n", stderr);
		sim->exit_code = 1;
		end_run(sim);
		return;
	}
	d->last_end_us = u->tx.end_us;
	windows_end = u->tx.end_us + device_window_delay(d, u->tx.is_join, 2) + WINDOW_LENGTH_US;
	if (windows_end > sim->windows_end_us)
		sim->windows_end_us = windows_end;
	add_to_batch(sim, u);
}

/* ---- devices ---- */

static bool sends_by_rate(const struct sim *sim)
{
	return sim->o->rate > 0;
}

static bool has_end(const struct sim *sim)
{
	return sim->o->count || sim->o->duration_us != OPTION_UNSET || sim->o->join_only || sends_by_rate(sim);
}

/* No data uplink is to be sent any more. */
static bool data_is_over(const struct sim *sim, uint64_t now_us)
{
	return (sim->o->count && sim->report.uplinks >= sim->o->count) ||
	       (sim->data_stop_us && now_us >= sim->data_stop_us) ||
	       (sim->o->join_only && sim->joined + sim->failed == sim->fleet.n) || sim->failed == sim->fleet.n;
}

/* The period and 5 % to both sides. */
static uint64_t jittered(struct sim *sim, uint64_t period_us)
{
	return period_us - period_us / 20 + prng_below(&sim->prng, period_us / 10 + 1);
}

static uint64_t windows_end(const struct device *d)
{
	return d->last_end_us ? d->last_end_us + device_window_delay(d, false, 2) + WINDOW_LENGTH_US : 0;
}

/* After a confirmed uplink: when to repeat it; else when the next one is due. */
static void schedule_after_uplink(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t end = windows_end(d);

	if (d->is_pending)
		wheel_set(&sim->wheel, i, end + ACK_TIMEOUT_MIN_US + prng_below(&sim->prng, ACK_TIMEOUT_SPREAD_US));
	else
		wheel_set(&sim->wheel, i, d->period_us > end ? d->period_us : end);
}

static void send_join_request(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t retry_us = (uint64_t)sim->o->interval_us;
	char name[FLEET_NAME_SIZE];
	struct ls_key app_key;
	struct uplink u;

	if (d->state == DEVICE_JOINING && d->tries >= JOIN_TRIES_MAX && has_end(sim)) {
		d->state = DEVICE_FAILED;
		sim->failed++;
		sim->report.joins_failed++;
		if (sim->report.joins_failed <= 5)
			fprintf(stderr,
			        "lssim: %s (%016" PRIx64 "): no join accept after %d tries\n"
			        "try: is it registered with this key (lssim --devices-out)? used DevNonces: --dev-nonce-start\n",
			        fleet_name(i, name), sim->fleet.first_dev_eui + i, JOIN_TRIES_MAX);
		return;
	}
	if (d->state == DEVICE_IDLE)
		d->tries = 0;
	if (sim->o->dev_nonce_random)
		d->dev_nonce = (uint16_t)prng_next(&sim->nonce_prng);
	else if (d->state == DEVICE_IDLE)
		d->dev_nonce = (uint16_t)sim->o->dev_nonce_start;
	else
		d->dev_nonce++;
	d->state = DEVICE_JOINING;
	fleet_app_key(&sim->fleet, sim->crypto, i, &app_key);
	device_write_join_request(&sim->profile, sim->crypto, d, fleet_dev_eui(&sim->fleet, i), &app_key, &sim->prng, &u);
	if (d->tries < UINT8_MAX)
		d->tries++;
	transmit(sim, i, &u);
	sim->report.join_requests++;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "join-request DevNonce %u", d->dev_nonce);
	if (retry_us < JOIN_RETRY_MIN_US)
		retry_us = JOIN_RETRY_MIN_US;
	wheel_set(&sim->wheel, i, d->last_end_us + retry_us + prng_below(&sim->prng, retry_us / 10));
}

/* A new data uplink; returns when it left. */
static uint64_t send_uplink(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	bool confirmed = sim->o->confirmed && prng_below(&sim->prng, 100) < sim->o->confirmed;
	uint64_t seq = sim->report.uplinks++;
	char name[FLEET_NAME_SIZE];
	struct uplink u;

	device_write_uplink(&sim->profile, sim->crypto, d, confirmed, (uint32_t)seq, mono_ns(), &sim->prng, &u);
	transmit(sim, i, &u);
	sim->report.data_ended_us = u.tx.end_us;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "uplink FCnt %" PRIu32 " port %u %zu bytes%s%s", u.tx.f_cnt,
		             sim->profile.f_port, sim->profile.payload_size, confirmed ? " confirmed" : "",
		             d->ack_sent ? " ack" : "");
	return u.tx.end_us;
}

static void repeat_uplink(struct sim *sim, uint32_t i, unsigned tries_max)
{
	struct device *d = &sim->fleet.devices[i];
	char name[FLEET_NAME_SIZE];
	struct uplink u;

	device_repeat_uplink(&sim->profile, sim->crypto, d, &sim->prng, &u);
	transmit(sim, i, &u);
	sim->report.repeats++;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "uplink FCnt %" PRIu32 " again, %u of %u", u.tx.f_cnt, d->tries,
		             tries_max);
}

/* The timer of a device that sends by interval. */
static void on_device_timer(struct sim *sim, uint32_t i, uint64_t now_us)
{
	struct device *d = &sim->fleet.devices[i];
	unsigned tries_max = sim->profile.rules->confirmed_transmissions_max;

	if (d->is_pending) {
		if (d->tries < tries_max) {
			repeat_uplink(sim, i, tries_max);
			schedule_after_uplink(sim, i);
			return;
		}
		d->is_pending = false;
		sim->pending--;
		sim->report.unacknowledged++;
	}
	if (data_is_over(sim, now_us))
		return;
	d->period_us = now_us + jittered(sim, (uint64_t)sim->o->interval_us);
	send_uplink(sim, i);
	sim->pending += d->is_pending;
	schedule_after_uplink(sim, i);
}

static void on_wheel(void *arg, uint32_t i)
{
	struct sim *sim = arg;
	struct device *d = &sim->fleet.devices[i];
	uint64_t now_us = clock_mono_us();

	if (!sends_by_rate(sim) && sim->phase == PHASE_SENDING)
		histogram_add(&sim->report.lateness, now_us > d->due_us ? now_us - d->due_us : 0);
	if (d->state == DEVICE_JOINED)
		on_device_timer(sim, i, now_us);
	else if (sim->phase == PHASE_SENDING)
		send_join_request(sim, i);
}

/* ---- the plan of --rate ---- */

static uint64_t rate_due_us(const struct sim *sim)
{
	return sim->rate_start_us + (uint64_t)((double)sim->rate_planned * 1e6 / sim->o->rate);
}

/*
 * Devices take turns in an order that jumps through the fleet: neighbours in memory and in the
 * server's tables must not come in a row, or caches flatter the result.
 */
static uint32_t next_rate_device(struct sim *sim)
{
	do {
		sim->rate_device = (uint32_t)(((uint64_t)sim->rate_device + sim->rate_stride) % sim->fleet.n);
	} while (sim->fleet.devices[sim->rate_device].state != DEVICE_JOINED);
	return sim->rate_device;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	return b ? gcd(b, a % b) : a;
}

static void begin_rate(struct sim *sim, uint64_t now_us)
{
	uint32_t n = sim->fleet.n;

	/* The last join accepts are heard in their windows, not before. */
	sim->rate_start_us = sim->windows_end_us > now_us ? sim->windows_end_us : now_us;
	sim->rate_stride = n > 2 ? (uint32_t)((double)n * 0.6180339887) : 1;
	while (gcd(sim->rate_stride, n) != 1)
		sim->rate_stride++;
	sim->report.data_started_us = sim->rate_start_us;
	if (sim->o->duration_us != OPTION_UNSET)
		sim->data_stop_us = sim->rate_start_us + (uint64_t)sim->o->duration_us;
	if (!sim->o->quiet && (double)n / sim->o->rate < RX2_END_S)
		fprintf(stderr, "lssim: note: each device sends every %.3f s, before its RX2 has passed\n"
		                "try: --devices %.0f or more\n", (double)n / sim->o->rate, RX2_END_S * sim->o->rate);
}

static void run_rate(struct sim *sim)
{
	uint64_t now_us = clock_mono_us();

	if (!sim->rate_start_us) {
		if (sim->joined + sim->failed < sim->fleet.n)
			return;
		begin_rate(sim, now_us);
	}
	for (unsigned k = 0; k < RATE_BURST && sim->phase == PHASE_SENDING; k++) {
		uint64_t due_us = rate_due_us(sim);

		if (!(k % 16))
			now_us = clock_mono_us();
		if (due_us > now_us || data_is_over(sim, due_us))
			break;
		sim->rate_planned++;
		histogram_add(&sim->report.lateness, send_uplink(sim, next_rate_device(sim)) - due_us);
	}
}

/* ---- the clock of the run ---- */

static void arm_timer(struct sim *sim, uint64_t at_us)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_us / 1000000),
	                                       .tv_nsec = (long)(at_us % 1000000) * 1000}};

	timerfd_settime(sim->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void arm_next(struct sim *sim, uint64_t now_us)
{
	uint64_t next_us = wheel_next_us(&sim->wheel);

	if (sim->phase == PHASE_DRAINING && !sim->pending)
		next_us = sim->windows_end_us;
	if (sim->phase == PHASE_SENDING && sim->rate_start_us) {
		uint64_t due_us = rate_due_us(sim);

		if (sim->data_stop_us && due_us > sim->data_stop_us)
			due_us = sim->data_stop_us;
		if (due_us < now_us + RATE_STEP_US)
			due_us = now_us + RATE_STEP_US;
		next_us = due_us < next_us ? due_us : next_us;
	} else if (sim->phase == PHASE_SENDING && sim->data_stop_us && sim->data_stop_us < next_us) {
		next_us = sim->data_stop_us;
	}
	arm_timer(sim, next_us == WHEEL_NEVER ? 0 : next_us > now_us ? next_us : now_us + 1);
}

/* One turn: all that is due is sent, then the phase is looked at. */
static void turn(struct sim *sim)
{
	uint64_t now_us = clock_mono_us();

	if (sim->phase == PHASE_SENDING || sim->phase == PHASE_DRAINING)
		wheel_run(&sim->wheel, now_us, on_wheel, sim);
	if (sim->phase == PHASE_SENDING && sends_by_rate(sim) && sim->failed < sim->fleet.n)
		run_rate(sim);
	flush_batch(sim);

	now_us = clock_mono_us();
	if (sim->phase == PHASE_SENDING && data_is_over(sim, now_us))
		sim->phase = PHASE_DRAINING;
	if (sim->phase == PHASE_DRAINING && !sim->pending && now_us >= sim->windows_end_us)
		end_run(sim);
	if (sim->phase != PHASE_ENDED)
		arm_next(sim, now_us);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
	struct sim *sim = poll->data;
	uint64_t expirations;

	(void)status;
	(void)events;
	if (read(sim->timer_fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return;
	turn(sim);
}

/* ---- downlinks ---- */

/* What is known of a downlink before a device hears it. */
struct arrival {
	struct gateway *gateway;
	struct txpk txpk;
	struct downlink down;
	uint64_t now_us;
};

static char *gateway_name(const struct gateway *g, char buf[40])
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

/* Highest power a downlink may have at a frequency: the band's, or the region's. */
static double power_limit_dbm(const struct region_table *t, const struct region_params *params, uint32_t freq_hz)
{
	for (unsigned i = 0; i < t->n_eirp_ranges; i++) {
		if (freq_hz >= t->eirp_ranges[i].min_hz && freq_hz <= t->eirp_ranges[i].max_hz)
			return t->eirp_ranges[i].gateway_dbm;
	}
	for (unsigned i = 0; i < t->n_duty_bands; i++) {
		if (freq_hz >= t->duty_bands[i].min_hz && freq_hz <= t->duty_bands[i].max_hz && t->duty_bands[i].max_eirp_dbm > 0)
			return t->duty_bands[i].max_eirp_dbm;
	}
	return params->tx_powers->max_eirp_dbm;
}

/* The gateway's part: is there time left, may it send so strong, was this uplink answered before? */
static bool gateway_takes(struct sim *sim, struct arrival *a, struct transmission *tx, const uint8_t token[2])
{
	int64_t left_us = (int64_t)(a->down.start_us - a->now_us);
	double limit = power_limit_dbm(sim->profile.region, sim->profile.params, a->txpk.freq_hz);
	char name[FLEET_NAME_SIZE], why[WHY_SIZE];

	if (left_us <= TOO_LATE_US) {
		gateway_send_tx_ack(a->gateway, token, "TOO_LATE");
		sim->report.too_late++;
		if (!sim->report.is_quiet)
			report_event(&sim->report, fleet_name(tx->device, name), "downlink too late, %.1f ms before its window",
			             (double)left_us / 1000);
		return false;
	}
	gateway_send_tx_ack(a->gateway, token, NULL);
	histogram_add(&sim->report.ahead, (uint64_t)left_us);
	histogram_add(tx->is_join ? &sim->report.join_delay : &sim->report.downlink_delay, a->now_us - tx->end_us);
	if (a->txpk.power_dbm > limit) {
		snprintf(why, sizeof(why), "power %d dBm at %" PRIu32 " Hz, at most %.2f", a->txpk.power_dbm, a->txpk.freq_hz,
		         limit);
		wrong_for_device(sim, tx->device, a->gateway, why);
		return false;
	}
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

	fleet_index_add(&sim->fleet, i);
	sim->joined++;
	sim->report.joins_accepted++;
	sim->report.joins_heard[heard->window - 1]++;
	if (!sim->has_seen_net_id) {
		sim->has_seen_net_id = true;
		sim->seen_net_id = heard->net_id;
	} else if (sim->seen_net_id != heard->net_id) {
		char why[WHY_SIZE];

		snprintf(why, sizeof(why), "NetID %06" PRIx32 ", earlier devices got %06" PRIx32, heard->net_id,
		         sim->seen_net_id);
		wrong_for_device(sim, i, a->gateway, why);
	}
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "join accepted DevAddr %08" PRIx32, d->dev_addr);
	if (sends_by_rate(sim) || sim->o->join_only)
		wheel_cancel(&sim->wheel, i);
	else
		wheel_set(&sim->wheel, i, a->down.start_us + AFTER_JOIN_US +
		                              (sim->fleet.n > 1 ? prng_below(&sim->prng, (uint64_t)sim->o->interval_us) : 0));
	turn(sim);
}

static void take_join_accept(struct sim *sim, struct arrival *a, const uint8_t token[2])
{
	struct heard heard = {.window = 0};
	struct transmission *tx;
	struct ls_key app_key;
	char subject[40];
	int window;

	tx = find_window(sim, WHEEL_NONE, true, a->down.start_us, &window);
	if (!tx) {
		gateway_send_tx_ack(a->gateway, token, NULL);
		report_wrong(&sim->report, gateway_name(a->gateway, subject),
		             "join accept at tmst %" PRIu32 " is 5 s or 6 s after no join request", a->txpk.tmst);
		return;
	}
	if (!gateway_takes(sim, a, tx, token))
		return;
	fleet_app_key(&sim->fleet, sim->crypto, tx->device, &app_key);
	if (device_hear_join_accept(&sim->profile, sim->crypto, &sim->fleet.devices[tx->device], &app_key, tx, window,
	                            &a->down, &heard))
		wrong_for_device(sim, tx->device, a->gateway, heard.why);
	else
		after_join(sim, tx->device, a, &heard);
}

static void after_downlink(struct sim *sim, uint32_t i, bool was_pending, const struct heard *heard)
{
	struct device *d = &sim->fleet.devices[i];
	char name[FLEET_NAME_SIZE], port[24] = "", hex[2 * PHY_MAX + 2] = "";

	sim->report.data_heard[heard->window - 1]++;
	sim->report.acks_heard += heard->has_ack;
	sim->report.confirmed_heard += heard->is_confirmed;
	sim->report.mac_requests += heard->has_mac_requests;
	if (!sim->report.is_quiet) {
		if (heard->f_port >= 0)
			snprintf(port, sizeof(port), " port %d", heard->f_port);
		if (heard->payload_len) {
			hex[0] = ' ';
			hex_encode(heard->payload, heard->payload_len, hex + 1);
		}
		report_event(&sim->report, fleet_name(i, name), "downlink ok RX%d FCnt %" PRIu32 "%s%s%s%s", heard->window,
		             heard->f_cnt, heard->has_ack ? " ack" : "", heard->is_confirmed ? " confirmed" : "", port, hex);
	}
	if (was_pending && !d->is_pending && !sends_by_rate(sim)) {
		sim->pending--;
		schedule_after_uplink(sim, i);
		turn(sim);
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
			report_wrong(&sim->report, gateway_name(a->gateway, subject), "frame of %zu octets cannot be read (%s)",
			             a->down.len, ls_strerror(rc));
		else
			report_wrong(&sim->report, gateway_name(a->gateway, subject), "DevAddr %08" PRIx32 " is of no device here",
			             f.dev_addr);
		return;
	}
	d = &sim->fleet.devices[i];
	tx = find_window(sim, i, false, a->down.start_us, &window);
	if (!tx) {
		gateway_send_tx_ack(a->gateway, token, NULL);
		snprintf(why, sizeof(why), "tmst %" PRIu32 " is %" PRId64 " us after its last uplink, no receive window",
		         a->txpk.tmst, (int64_t)(a->down.start_us - d->last_end_us));
		wrong_for_device(sim, i, a->gateway, why);
		return;
	}
	if (!gateway_takes(sim, a, tx, token))
		return;
	was_pending = d->is_pending;
	if (device_hear_data(&sim->profile, sim->crypto, d, tx, window, &a->down, &heard))
		wrong_for_device(sim, i, a->gateway, heard.why);
	else
		after_downlink(sim, i, was_pending, &heard);
}

static void on_pull_resp(void *arg, struct gateway *g, const uint8_t token[2], const char *json, size_t len)
{
	struct sim *sim = arg;
	struct arrival a = {.gateway = g, .now_us = clock_mono_us()};
	char why[WHY_SIZE], subject[40];
	enum m_type m_type;

	/* A forwarder drops what it cannot read without a TX_ACK. */
	if (txpk_parse(json, len, &a.txpk, why, sizeof(why))) {
		report_wrong(&sim->report, gateway_name(g, subject), "%s", why);
		return;
	}
	a.down = (struct downlink){.phy = a.txpk.phy,
	                           .len = a.txpk.len,
	                           .start_us = gateway_time_us(g, a.txpk.tmst, a.now_us),
	                           .freq_hz = a.txpk.freq_hz,
	                           .radio = a.txpk.radio};
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
		report_wrong(&sim->report, gateway_name(g, subject), "frame that begins with %02x is not a downlink", a.down.phy[0]);
	}
}

static void on_wrong_datagram(void *arg, struct gateway *g, const char *why)
{
	struct sim *sim = arg;
	char subject[40];

	report_wrong(&sim->report, gateway_name(g, subject), "%s", why);
}

/* ---- beginning and end ---- */

static void start_devices(struct sim *sim)
{
	uint64_t now_us = clock_mono_us();
	uint64_t spread_us = (uint64_t)(sim->o->abp ? sim->o->interval_us : sim->o->join_spread_us);

	sim->phase = PHASE_SENDING;
	sim->report.started_us = sim->report.data_started_us = now_us;
	if (sim->o->duration_us != OPTION_UNSET && !sends_by_rate(sim))
		sim->data_stop_us = now_us + (uint64_t)sim->o->duration_us;
	wheel_init(&sim->wheel, sim->fleet.devices, sim->fleet.n, now_us);
	for (uint32_t i = 0; i < sim->fleet.n; i++) {
		if (sim->o->abp && sends_by_rate(sim))
			break;
		wheel_set(&sim->wheel, i, now_us + (i ? prng_below(&sim->prng, spread_us) : 0));
	}
	turn(sim);
}

static void on_connected(void *arg, struct gateway *g)
{
	struct sim *sim = arg;
	char subject[40];

	if (sim->phase != PHASE_HANDSHAKE)
		return;
	if (!sim->report.is_quiet && sim->gateways.n <= 10)
		report_event(&sim->report, gateway_name(g, subject), "connected to %s", sim->o->server);
	if (sim->gateways.n_connected == sim->gateways.n) {
		uv_timer_stop(&sim->second);
		start_devices(sim);
	}
}

static void on_handshake_timer(uv_timer_t *timer)
{
	struct sim *sim = timer->data;

	if (sim->handshake_tries++ == HANDSHAKE_TRIES) {
		fprintf(stderr,
		        "lssim: no PULL_ACK from %s in %d s (%" PRIu32 " of %" PRIu32 " gateways have one)%s\n"
		        "try: is loraserverd running, and is this its [semtech_udp] bind address? then --server HOST:PORT\n",
		        sim->o->server, HANDSHAKE_TRIES, sim->gateways.n_connected, sim->gateways.n,
		        sim->gateways.refused ? "; nothing listens there" : "");
		sim->exit_code = 1;
		end_run(sim);
		return;
	}
	for (uint32_t i = 0; i < sim->gateways.n; i++) {
		if (!sim->gateways.all[i].is_connected)
			gateway_send_pull_data(&sim->gateways.all[i]);
	}
}

/* Keepalive and statistics after their first period, each gateway in its own step so that they make no burst. */
static void on_housekeeping(uv_timer_t *timer)
{
	struct sim *sim = timer->data;
	const uint64_t pull_steps = KEEPALIVE_US / 1000 / HOUSEKEEPING_MS, stat_steps = STAT_US / 1000 / HOUSEKEEPING_MS;
	uint64_t step = ++sim->housekeeping_step;

	for (uint64_t i = step % pull_steps; step >= pull_steps && i < sim->gateways.n; i += pull_steps)
		gateway_send_pull_data(&sim->gateways.all[i]);
	for (uint64_t i = step % stat_steps; step >= stat_steps && i < sim->gateways.n; i += stat_steps)
		gateway_send_stat(&sim->gateways.all[i]);
	if (sim->gateways.refused && sim->phase != PHASE_HANDSHAKE && !sim->refused_said) {
		sim->refused_said = true;
		fprintf(stderr, "lssim: warning: %s refuses datagrams (server stopped?); sending goes on\n", sim->o->server);
	}
}

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	end_run(signal->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct sim *sim = handle->data;

	close(sim->timer_fd);
}

/* Close every handle; the loop ends by itself when they are closed. */
static void end_run(struct sim *sim)
{
	if (sim->phase == PHASE_ENDED)
		return;
	flush_batch(sim);
	sim->phase = PHASE_ENDED;
	sim->report.ended_us = clock_mono_us();
	uv_close((uv_handle_t *)&sim->second, NULL);
	uv_close((uv_handle_t *)&sim->housekeeping, NULL);
	uv_close((uv_handle_t *)&sim->sigint, NULL);
	uv_close((uv_handle_t *)&sim->sigterm, NULL);
	uv_close((uv_handle_t *)&sim->timer_poll, on_timer_closed);
	gateways_close(&sim->gateways);
}

static void collect_gateway_counts(struct sim *sim)
{
	struct report *r = &sim->report;

	r->datagrams = sim->gateways.datagrams;
	r->push_acks = sim->gateways.push_acks;
	r->not_sent = sim->gateways.not_sent;
	r->refused = sim->gateways.refused;
	for (uint32_t i = 0; i < sim->gateways.n; i++)
		r->pushes += sim->gateways.all[i].pushes;
}

static void make_profile(const struct options *o, struct device_profile *p)
{
	unsigned first = (unsigned)(o->sub_band - 1) * 8, wide = 64 + (unsigned)o->sub_band - 1;

	*p = (struct device_profile){.region = o->region,
	                             .params = o->region->params[reg_params_revision_default(o->mac_version)],
	                             .rules = mac_version_rules(o->mac_version),
	                             .data_rate = (uint8_t)o->data_rate,
	                             .join_eui = eui64_from_u64(o->join_eui),
	                             .f_port = (uint8_t)o->port,
	                             .payload_size = (size_t)o->payload_size,
	                             .has_net_id = o->net_id != OPTION_UNSET,
	                             .net_id = o->net_id != OPTION_UNSET ? (uint32_t)o->net_id : 0};
	p->sub_band_mask[first / 16] = (uint16_t)(0xffu << (first % 16));
	p->sub_band_mask[wide / 16] |= (uint16_t)(1u << (wide % 16));
}

static void activate_all(struct sim *sim)
{
	struct ls_key nwk_s_key, app_s_key;
	uint32_t dev_addr;

	for (uint32_t i = 0; i < sim->fleet.n; i++) {
		fleet_abp_session(&sim->fleet, sim->crypto, i, sim->profile.net_id, &dev_addr, &nwk_s_key, &app_s_key);
		device_activate(&sim->profile, &sim->fleet.devices[i], dev_addr, &nwk_s_key, &app_s_key,
		                (uint32_t)sim->o->f_cnt_start);
		fleet_index_add(&sim->fleet, i);
	}
	sim->joined = sim->fleet.n;
}

static int write_fleet(struct sim *sim)
{
	const struct fleet_export what = {.join_eui = sim->profile.join_eui,
	                                  .is_abp = sim->o->abp,
	                                  .net_id = sim->profile.net_id,
	                                  .f_cnt_up = (uint32_t)sim->o->f_cnt_start};

	if (!fleet_write(&sim->fleet, sim->crypto, &what, sim->o->devices_out))
		return 0;
	fprintf(stderr, "lssim: --devices-out: cannot write %s: %s\ntry: another folder\n", sim->o->devices_out,
	        strerror(errno));
	return 1;
}

/* Loop, timers and sockets, in the handshake. */
static int open_run(struct sim *sim)
{
	const struct gateways_setup setup = {.server = sim->o->server,
	                                     .n = (uint32_t)sim->o->gateways,
	                                     .first_id = sim->o->gateway_id,
	                                     .seed = sim->o->seed,
	                                     .rssi = sim->o->rssi,
	                                     .snr = sim->o->snr};
	const struct gateway_events events = {
	        .connected = on_connected, .pull_resp = on_pull_resp, .wrong = on_wrong_datagram, .arg = sim};

	sim->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (sim->timer_fd < 0 || uv_loop_init(&sim->loop)) {
		fprintf(stderr, "lssim: cannot make an event loop: %s\n", strerror(errno));
		return LS_EIO;
	}
	uv_timer_init(&sim->loop, &sim->second);
	uv_timer_init(&sim->loop, &sim->housekeeping);
	uv_signal_init(&sim->loop, &sim->sigint);
	uv_signal_init(&sim->loop, &sim->sigterm);
	uv_poll_init(&sim->loop, &sim->timer_poll, sim->timer_fd);
	sim->second.data = sim->housekeeping.data = sim->sigint.data = sim->sigterm.data = sim->timer_poll.data = sim;
	uv_signal_start(&sim->sigint, on_signal, SIGINT);
	uv_signal_start(&sim->sigterm, on_signal, SIGTERM);
	uv_poll_start(&sim->timer_poll, UV_READABLE, on_timer);
	if (gateways_open(&sim->gateways, &sim->loop, &setup, &events)) {
		sim->exit_code = 1;
		end_run(sim);
		return LS_OK; /* the loop still has to close what is open */
	}
	uv_timer_start(&sim->second, on_handshake_timer, 0, 1000);
	uv_timer_start(&sim->housekeeping, on_housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
	return LS_OK;
}

int sim_run(const struct options *o)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	int exit_code = 1;

	if (!sim || lw_crypto_open(&sim->crypto)) {
		fputs("lssim: out of memory\n", stderr);
		free(sim);
		return 1;
	}
	sim->o = o;
	sim->prng.state = o->seed;
	if (getrandom(&sim->nonce_prng.state, sizeof(sim->nonce_prng.state), 0) < 0)
		sim->nonce_prng.state = mono_ns();
	sim->report.is_quiet = o->quiet;
	make_profile(o, &sim->profile);
	air_init(&sim->air, AIR_HORIZON_US);
	if (fleet_init(&sim->fleet, (uint32_t)o->devices, o->dev_eui, o->seed, o->has_app_key ? &o->app_key : NULL)) {
		fputs("lssim: out of memory\ntry: fewer --devices\n", stderr);
		goto out;
	}
	if (o->devices_out) {
		exit_code = write_fleet(sim);
		goto out;
	}
	if (o->abp)
		activate_all(sim);
	if (open_run(sim))
		goto out;
	uv_run(&sim->loop, UV_RUN_DEFAULT);
	uv_loop_close(&sim->loop);
	collect_gateway_counts(sim);
	if (sim->report.started_us && o->json)
		report_summary_json(&sim->report);
	else if (sim->report.started_us)
		report_summary(&sim->report);
	exit_code = sim->exit_code ? sim->exit_code : report_exit_code(&sim->report);
out:
	gateways_free(&sim->gateways);
	air_fini(&sim->air);
	fleet_fini(&sim->fleet);
	lw_crypto_close(sim->crypto);
	free(sim);
	return exit_code;
}
