/*
 * rate.c - the plan of --rate: uplink n of the run is due at start + n / rate, whatever came before (an open loop),
 * so a server that falls behind is not given time.
 */
#include <stdio.h>

#include "sim_state.h"

#define RX2_END_S 2.2                  /* RX1 delay 1 s, RX2 a second later */
#define RATE_BURST 1024                /* uplinks before the loop may read again */

uint64_t sim_rate_due_us(const struct sim *sim)
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

void sim_run_rate(struct sim *sim)
{
	uint64_t now_us = clock_mono_us();

	if (!sim->rate_start_us) {
		if (sim->joined + sim->failed < sim->fleet.n)
			return;
		begin_rate(sim, now_us);
	}
	for (unsigned k = 0; k < RATE_BURST && sim->phase == PHASE_SENDING; k++) {
		uint64_t due_us = sim_rate_due_us(sim);

		if (!(k % 16))
			now_us = clock_mono_us();
		if (due_us > now_us || sim_data_is_over(sim, due_us))
			break;
		sim->rate_planned++;
		histogram_add(&sim->report.lateness, sim_send_uplink(sim, next_rate_device(sim)) - due_us);
	}
}
