/*
 * test_adr_simulation.c - ADR over time, on a thousand devices: they arrive, they stay, and they do not ask for ever.
 *
 * The channel: path loss by the logarithm of the distance, shadowing that belongs to the place, a slow drift (doors,
 * weather), Rayleigh fading of every transmission, and collisions. The device has the back-off of the standard
 * (ADR_ACK_LIMIT, ADR_ACK_DELAY). All seeds are fixed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adr_plan.h"

#define DEVICES 1000
#define SETTLE 1000            /* uplinks a device may take to arrive */
#define UPLINKS 10000
#define MARGIN_DB 10
#define COLLISIONS 0.02
#define DOWNLINK_LOSS 0.05
#define DRIFT_DB 1.5           /* standard deviation of the drift, and how much of it is left at the next uplink */
#define DRIFT_KEPT 0.98
#define ADR_ACK_LIMIT 64
#define ADR_ACK_DELAY 32
#define RAYLEIGH_BEST_OF_20_DB 5.4

static uint64_t seed;

static uint32_t random32(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 32);
}

static double uniform(void)
{
	return (random32() + 0.5) / 4294967296.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Below this SNR (in 125 kHz, whatever the modulation) nothing is heard. */
static double floor_db(uint8_t dr)
{
	const struct radio *radio = &plan.data_rates[dr].radio;
	int db10;

	if (radio->modulation == MOD_LR_FHSS)
		return radio->code_rate == CR_2_6 ? -25 : -22;
	assert_int_equal(radio_required_snr_db10(radio, &db10), 0);
	return db10 / 10.0;
}

/* ---- one device and the server's view of it ---------------------------------------------------- */

/* What a server remembers of LinkADRAns, as simple as can be. */
struct refusals {
	uint8_t max_tx_power;
	uint16_t drs;
	bool all;                /* rate and power stayed as they are, and it was refused: nothing helps */
};

struct sim_device {
	double snr_db;           /* mean at full power */
	double drift_db;
	struct adr_setting now;
	uint32_t f_cnt;
	unsigned ack_cnt;        /* uplinks since a downlink */
	uint8_t refuses;         /* bits of LinkADRAns it never sets: 1 mask, 2 data rate, 4 power */
	struct adr_state state;
	struct refusals refused;
	unsigned answers, changes, sent, heard;
};

static void put_down(struct sim_device *d, double max_km)
{
	double km = 0.05 + max_km * sqrt(uniform());

	memset(d, 0, sizeof(*d));
	d->snr_db = 14 - (128.95 + 23.2 * log10(km) + 6 * normal()) + 117;
	d->now.nb_trans = 1;
	d->refused.max_tx_power = (uint8_t)(plan.n_tx_powers - 1);
}

/* One transmission: is it heard, and at what SNR. LR-FHSS spreads over so many frequencies that it does not fade. */
static bool transmit(struct sim_device *d, double *snr_db)
{
	bool fades = plan.data_rates[d->now.dr].radio.modulation == MOD_LORA;

	*snr_db = d->snr_db + d->drift_db + plan.tx_power_offset_db[d->now.tx_power] +
	          (fades ? 10 * log10(-log(uniform())) : normal());
	return *snr_db >= floor_db(d->now.dr) && uniform() >= COLLISIONS;
}

static void back_off(struct sim_device *d)
{
	if (d->ack_cnt < ADR_ACK_LIMIT + ADR_ACK_DELAY || d->ack_cnt % ADR_ACK_DELAY != 0)
		return;
	if (d->now.tx_power > 0)
		d->now.tx_power = 0;
	else if (d->now.dr > 0)
		d->now.dr--;
}

/* LinkADRReq, LinkADRAns, and what each side makes of it. */
static void link_adr(struct sim_device *d, const struct adr_setting *wish)
{
	struct refusals *r = &d->refused;
	bool told = false;

	d->answers++;
	if (!d->refuses) {
		d->now = *wish;
		d->changes++;
		return;
	}
	if ((d->refuses & 2) && wish->dr != d->now.dr) {
		r->drs |= (uint16_t)(1u << wish->dr);
		told = true;
	}
	if ((d->refuses & 4) && wish->tx_power != d->now.tx_power) {
		r->max_tx_power = (uint8_t)(wish->tx_power ? wish->tx_power - 1 : 0);
		told = true;
	}
	r->all |= !told;
}

static void server_hears(struct sim_device *d, const struct adr_algorithm *algorithm, double snr_db)
{
	struct adr_uplink u = {.f_cnt = d->f_cnt, .used = d->now, .adr = true, .snr_db10 = (int)lround(snr_db * 10),
	                       .rssi_dbm = (int)lround(snr_db - 117), .gateways = 1};
	struct adr_input in = {.plan = &plan, .state = &d->state, .now = d->now, .installation_margin_db = MARGIN_DB};
	struct adr_setting wish;
	bool asks;

	adr_note(&d->state, &plan, &u);
	adr_limits_init(&in.limits, &plan, MAX_ADR_DR);
	in.limits.dr_mask &= (uint16_t)~d->refused.drs;
	in.limits.max_tx_power = d->refused.max_tx_power;
	algorithm->decide(&in, &wish);
	asks = !d->refused.all && memcmp(&wish, &d->now, sizeof(wish)) != 0;
	if ((!asks && d->ack_cnt < ADR_ACK_LIMIT) || uniform() < DOWNLINK_LOSS)
		return;
	d->ack_cnt = 0;
	if (asks)
		link_adr(d, &wish);
}

static void uplink(struct sim_device *d, const struct adr_algorithm *algorithm)
{
	double snr_db;

	d->drift_db = DRIFT_KEPT * d->drift_db + DRIFT_DB * sqrt(1 - DRIFT_KEPT * DRIFT_KEPT) * normal();
	d->sent++;
	d->ack_cnt++;
	back_off(d);
	for (unsigned i = 0; i < d->now.nb_trans; i++) {
		if (!transmit(d, &snr_db))
			continue;
		d->heard++;
		server_hears(d, algorithm, snr_db);
		break;
	}
	d->f_cnt++;
}

/* ---- a city of them ------------------------------------------------------------------------------- */

struct census {
	unsigned near_best, sent, heard, changes, most_changes;
};

/* Steps of data rate and power from the slowest rate at full power. */
static int steps(const struct adr_setting *s)
{
	return s->dr + s->tx_power;
}

/* For a link known for ever: the fastest rate, then the least power, that keeps the installation margin. */
static struct adr_setting best_setting(const struct sim_device *d)
{
	struct adr_setting best = {.nb_trans = 1};
	double snr_db = d->snr_db + RAYLEIGH_BEST_OF_20_DB - MARGIN_DB;

	while (best.dr < 5 && snr_db >= floor_db(best.dr + 1))
		best.dr++;
	while (best.dr == 5 && best.tx_power < 7 && snr_db + plan.tx_power_offset_db[best.tx_power + 1] >= floor_db(5))
		best.tx_power++;
	return best;
}

/* Devices up to max_km away whose mean SNR is min_snr_db or more; what they do after SETTLE uplinks. */
static void run_city(const struct adr_algorithm *algorithm, unsigned devices, double max_km, double min_snr_db,
                     struct census *c)
{
	struct sim_device d;

	memset(c, 0, sizeof(*c));
	seed = 20161;
	for (unsigned i = 0; i < devices; i++) {
		struct adr_setting best;

		do
			put_down(&d, max_km);
		while (d.snr_db < min_snr_db);
		best = best_setting(&d);
		for (unsigned n = 0; n < SETTLE; n++)
			uplink(&d, algorithm);
		c->near_best += abs(steps(&d.now) - steps(&best)) <= 1;
		d.changes = d.sent = d.heard = 0;
		for (unsigned n = SETTLE; n < UPLINKS; n++)
			uplink(&d, algorithm);
		c->sent += d.sent;
		c->heard += d.heard;
		c->changes += d.changes;
		if (d.changes > c->most_changes)
			c->most_changes = d.changes;
	}
	print_message("# %s: %u devices, %.2f %% delivered, %.2f changes each, most %u\n", algorithm->name, devices,
	              100.0 * c->heard / c->sent, (double)c->changes / devices, c->most_changes);
}

static void devices_arrive_near_the_best_setting_deliver_and_do_not_flap(void **state)
{
	struct census c;

	(void)state;
	run_city(&adr_default, DEVICES, 5, floor_db(0) + MARGIN_DB - RAYLEIGH_BEST_OF_20_DB, &c);
	assert_true(c.near_best >= DEVICES * 90 / 100);
	assert_true(c.heard >= c.sent / 100 * 95);
	assert_true(c.changes <= DEVICES * 10u);
	assert_true(c.most_changes <= 20);
}

static void devices_with_both_modulations_do_not_flap_between_them(void **state)
{
	struct census c;

	(void)state;
	run_city(&adr_lora_lr_fhss, DEVICES / 4, 8, -20, &c);
	assert_true(c.heard >= c.sent / 100 * 90);
	assert_true(c.changes <= DEVICES / 4 * 10u);
	assert_true(c.most_changes <= 20);
}

static void refusing_device_is_not_asked_for_ever(void **state)
{
	(void)state;
	for (uint8_t refuses = 1; refuses < 8; refuses++) {
		for (unsigned i = 0; i < 10; i++) {
			struct sim_device d;

			seed = 1000u * refuses + i;
			put_down(&d, 3);
			d.refuses = refuses;
			for (unsigned n = 0; n < UPLINKS; n++)
				uplink(&d, &adr_default);
			/* At most every rate and every power once, and once in vain. */
			assert_true(d.answers <= 6u + plan.n_tx_powers + 1u);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_arrive_near_the_best_setting_deliver_and_do_not_flap),
		cmocka_unit_test(devices_with_both_modulations_do_not_flap_between_them),
		cmocka_unit_test(refusing_device_is_not_asked_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
