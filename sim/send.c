/* send.c - what leaves the devices: frames to the gateways, and each device's timer. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "lorawan/airtime.h"
#include "lorawan/gps_time.h"
#include "sim_state.h"

#define JOIN_TRIES_MAX 6
#define JOIN_RETRY_MIN_US 7000000      /* after RX2 of the request */
#define ACK_TIMEOUT_MIN_US 1000000     /* 1 to 3 s after RX2 */
#define ACK_TIMEOUT_SPREAD_US 2000000
#define WINDOW_LENGTH_US 200000        /* until a device is sure that nothing comes */

uint64_t sim_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- frames to the gateways ---- */

void sim_flush(struct sim *sim)
{
	if (sim->batch_len)
		gateways_push(&sim->gateways, sim->batch, sim->batch_len);
	sim->batch_len = 0;
}

uint64_t sim_gps_us(uint64_t mono_us)
{
	return gps_us_from_wall_us(clock_wall_us() - (int64_t)(clock_mono_us() - mono_us));
}

static const char *code_rate_text(enum code_rate cr)
{
	switch (cr) {
	case CR_2_6:
		return "2/6";
	case CR_4_6:
		return "4/6";
	case CR_LI_4_8:
		return "4/8LI";
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
		return snprintf(out, cap, "\"modu\":\"LORA\",\"datr\":\"SF%uBW%" PRIu32 "\",\"codr\":\"%s\"", r->sf,
		                r->bandwidth_hz / 1000, code_rate_text(r->code_rate));
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
	f->text[len++] = '"';
	/* Only gateways that know GPS time can be asked to send in ping slots. */
	if (sim->profile.device_class == DEVICE_CLASS_B)
		len += (size_t)snprintf(f->text + len, cap - len, ",\"tmms\":%" PRIu64, sim_gps_us(u->tx.end_us) / 1000);
	memcpy(f->text + len, "}]}", 3);
	f->text_len = len + 3;
	f->down_db = u->power_down_db;
	f->end_us = u->tx.end_us;
	f->has_snr = radio->modulation != MOD_FSK;
	if (sim->batch_len == GATEWAY_BATCH)
		sim_flush(sim);
}

/* A frame of device i leaves. */
static void transmit(struct sim *sim, uint32_t i, struct uplink *u)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t windows_end;

	u->tx.device = i;
	if (air_add(&sim->air, clock_mono_us(), &u->tx)) {
		fputs("lssim: out of memory\n", stderr);
		sim->exit_code = 1;
		sim_end(sim);
		return;
	}
	d->last_end_us = u->tx.end_us;
	windows_end = u->tx.end_us + device_window_delay(d, u->tx.is_join, 2) + WINDOW_LENGTH_US;
	if (windows_end > sim->windows_end_us)
		sim->windows_end_us = windows_end;
	add_to_batch(sim, u);
}

/* ---- devices ---- */

/* No data uplink is to be sent any more. */
bool sim_data_is_over(const struct sim *sim, uint64_t now_us)
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

void sim_schedule(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t end = windows_end(d);

	if (d->is_pending && !d->is_confirmed)
		wheel_set(&sim->wheel, i, end);
	else if (d->is_pending)
		wheel_set(&sim->wheel, i, end + ACK_TIMEOUT_MIN_US + prng_below(&sim->prng, ACK_TIMEOUT_SPREAD_US));
	else
		wheel_set(&sim->wheel, i, d->period_us > end ? d->period_us : end);
}

static void send_join_request(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	uint64_t retry_us = (uint64_t)sim->o->interval_us;
	char name[FLEET_NAME_SIZE];
	struct device_roots roots;
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
	fleet_roots(&sim->fleet, sim->crypto, i, &roots);
	device_write_join_request(&sim->profile, sim->crypto, d, &roots, &sim->prng, &u);
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

static void send_rejoin_request(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	char name[FLEET_NAME_SIZE];
	struct device_roots roots;
	struct uplink u;

	fleet_roots(&sim->fleet, sim->crypto, i, &roots);
	device_write_rejoin_request(&sim->profile, sim->crypto, d, &roots, &sim->prng, &u);
	transmit(sim, i, &u);
	sim->report.rejoin_requests++;
	if (!sim->report.is_quiet)
		report_event(&sim->report, fleet_name(i, name), "rejoin-request type %u RJcount %" PRIu32, u.tx.join_type, u.tx.f_cnt);
	wheel_set(&sim->wheel, i, u.tx.end_us + JOIN_RETRY_MIN_US);
}

/* DutyCycleReq: after each transmission a device is silent until its share of time is kept. */
static uint64_t silent_until_us(const struct sim *sim, const struct device *d, const struct uplink *u)
{
	const struct radio *radio = &sim->profile.params->up_rates[u->tx.dr].radio;

	if (!d->mac->max_dcycle)
		return 0;
	return u->tx.end_us + ((uint64_t)radio_airtime_us(radio, u->len, true) << d->mac->max_dcycle);
}

/* A new data uplink; returns when it left. */
uint64_t sim_send_uplink(struct sim *sim, uint32_t i)
{
	struct device *d = &sim->fleet.devices[i];
	bool confirmed = sim->o->confirmed && prng_below(&sim->prng, 100) < sim->o->confirmed;
	uint64_t seq = sim->report.uplinks++;
	char name[FLEET_NAME_SIZE];
	struct uplink u;

	device_write_uplink(&sim->profile, sim->crypto, d, confirmed, (uint32_t)seq, sim_mono_ns(), &sim->prng, &u);
	transmit(sim, i, &u);
	sim->report.data_ended_us = u.tx.end_us;
	sim->report.mac_asked += (uint64_t)__builtin_popcountll(u.tx.asked);
	if (silent_until_us(sim, d, &u) > d->period_us)
		d->period_us = silent_until_us(sim, d, &u);
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
	unsigned tries_max = device_transmissions_max(&sim->profile, d, d->is_confirmed);

	if (d->is_pending) {
		if (d->tries < tries_max) {
			repeat_uplink(sim, i, tries_max);
			sim_schedule(sim, i);
			return;
		}
		d->is_pending = false;
		sim->pending--;
		sim->report.unacknowledged += d->is_confirmed;
	}
	if (sim_data_is_over(sim, now_us))
		return;
	if (device_wants_rejoin(d)) {
		send_rejoin_request(sim, i);
		return;
	}
	d->period_us = now_us + jittered(sim, (uint64_t)sim->o->interval_us);
	sim_send_uplink(sim, i);
	sim->pending += d->is_pending;
	sim_schedule(sim, i);
}

void sim_on_wheel(void *arg, uint32_t i)
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
