/* sim.c - a run from its options to its summary: fleet, sockets, signals, the timer and the phases. */
#include "sim.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.h"
#include "sim_state.h"

#define HANDSHAKE_TRIES 5              /* one each second */
#define RATE_STEP_US 200               /* the plan of --rate is looked at this often */
#define AIR_HORIZON_US 10000000        /* 7 s of windows and what comes late */
#define HOUSEKEEPING_MS 100

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
		uint64_t due_us = sim_rate_due_us(sim);

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
void sim_turn(struct sim *sim)
{
	uint64_t now_us = clock_mono_us();

	if (sim->phase == PHASE_SENDING || sim->phase == PHASE_DRAINING)
		wheel_run(&sim->wheel, now_us, sim_on_wheel, sim);
	if (sim->phase == PHASE_SENDING && sends_by_rate(sim) && sim->failed < sim->fleet.n)
		sim_run_rate(sim);
	sim_flush(sim);

	now_us = clock_mono_us();
	if (sim->phase == PHASE_SENDING && sim_data_is_over(sim, now_us))
		sim->phase = PHASE_DRAINING;
	if (sim->phase == PHASE_DRAINING && !sim->pending && now_us >= sim->windows_end_us)
		sim_end(sim);
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
	sim_turn(sim);
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
	sim_turn(sim);
}

static void on_connected(void *arg, struct gateway *g)
{
	struct sim *sim = arg;
	char subject[40];

	if (sim->phase != PHASE_HANDSHAKE)
		return;
	if (!sim->report.is_quiet && sim->gateways.n <= 10)
		report_event(&sim->report, sim_gateway_name(g, subject), "connected to %s", sim->o->server);
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
		sim_end(sim);
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
	sim_end(signal->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct sim *sim = handle->data;

	close(sim->timer_fd);
}

/* Close every handle; the loop ends by itself when they are closed. */
void sim_end(struct sim *sim)
{
	if (sim->phase == PHASE_ENDED)
		return;
	sim_flush(sim);
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

/* The channels of a sub-band and the wide one above it; all of a plan that is not made of them. */
static void make_sub_band(const struct options *o, const struct region_params *params, struct ch_mask *mask)
{
	bool has_wide = params->n_uplink_runs > 1;

	for (unsigned r = 0; r < params->n_uplink_runs; r++)
		for (unsigned i = 0; i < params->uplink_runs[r].count; i++)
			if (!has_wide || (r == 0 ? i / 8 == o->sub_band - 1 : i == o->sub_band - 1))
				ch_mask_put(mask, params->uplink_runs[r].first_index + i, true);
}

static void make_profile(const struct options *o, struct device_profile *p)
{
	*p = (struct device_profile){.region = o->region,
	                             .params = o->region->params[reg_params_revision_default(o->mac_version)],
	                             .rules = mac_version_rules(o->mac_version),
	                             .version = o->mac_version,
	                             .device_class = o->device_class,
	                             .f_opts_form = o->f_opts_original ? F_OPTS_ORIGINAL : F_OPTS_ERRATUM,
	                             .data_rate = (uint8_t)o->data_rate,
	                             .has_adr = o->adr,
	                             .refused = o->refuse,
	                             .asked = o->ask,
	                             .ping_periodicity = (uint8_t)o->ping_periodicity,
	                             .join_eui = eui64_from_u64(o->join_eui),
	                             .f_port = (uint8_t)o->port,
	                             .payload_size = (size_t)o->payload_size,
	                             .has_net_id = o->net_id != OPTION_UNSET,
	                             .net_id = o->net_id != OPTION_UNSET ? (uint32_t)o->net_id : 0};
	make_sub_band(o, p->params, &p->sub_band_mask);
}

static void activate_all(struct sim *sim)
{
	struct device_session s;

	for (uint32_t i = 0; i < sim->fleet.n; i++) {
		fleet_abp_session(&sim->fleet, sim->crypto, i, sim->profile.net_id, sim->profile.rules->is_1_1, &s);
		s.f_cnt_up = (uint32_t)sim->o->f_cnt_start;
		device_activate(&sim->profile, &sim->fleet.devices[i], &s);
		fleet_index_add(&sim->fleet, i);
	}
	sim->joined = sim->fleet.n;
}

static int write_fleet(struct sim *sim)
{
	const struct fleet_export what = {.join_eui = sim->profile.join_eui,
	                                  .is_abp = sim->o->abp,
	                                  .is_1_1 = sim->profile.rules->is_1_1,
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
	        .connected = on_connected, .pull_resp = sim_on_pull_resp, .wrong = sim_on_wrong_datagram, .arg = sim};

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
		sim_end(sim);
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
		sim->nonce_prng.state = sim_mono_ns();
	sim->report.is_quiet = o->quiet;
	make_profile(o, &sim->profile);
	air_init(&sim->air, AIR_HORIZON_US);
	if (fleet_init(&sim->fleet, (uint32_t)o->devices, o->dev_eui, o->seed, o->has_app_key ? &o->app_key : NULL,
	               o->has_nwk_key ? &o->nwk_key : NULL)) {
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
