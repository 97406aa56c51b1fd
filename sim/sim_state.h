/*
 * sim_state.h - struct sim, all that changes in a run, and what its parts call of each other:
 *
 *   sim.c    options to profile and fleet, sockets and signals, the timer and the phases
 *   send.c   frames to the gateways, and when a device sends
 *   rate.c   when a device sends with --rate
 *   hear.c   downlinks: whose they are, when they came, what the device says of them
 */
#ifndef LS_SIM_SIM_STATE_H
#define LS_SIM_SIM_STATE_H

#include <uv.h>

#include "air.h"
#include "base/clock.h"
#include "device.h"
#include "fleet.h"
#include "gateway.h"
#include "options.h"
#include "report.h"
#include "wheel.h"

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

static inline bool sends_by_rate(const struct sim *sim)
{
	return sim->o->rate > 0;
}

static inline bool has_end(const struct sim *sim)
{
	return sim->o->count || sim->o->duration_us != OPTION_UNSET || sim->o->join_only || sends_by_rate(sim);
}

/* ---- sim.c ---- */

/* One turn: all that is due is sent, then the phase is looked at. */
void sim_turn(struct sim *sim);

/* Close every handle; the loop ends by itself when they are closed. */
void sim_end(struct sim *sim);

/* ---- send.c ---- */

uint64_t sim_mono_ns(void);
uint64_t sim_gps_us(uint64_t mono_us); /* by the clock of this machine */

/* What was built leaves now. */
void sim_flush(struct sim *sim);

/* No data uplink is to be sent any more. */
bool sim_data_is_over(const struct sim *sim, uint64_t now_us);

/* A new data uplink; returns when it left. */
uint64_t sim_send_uplink(struct sim *sim, uint32_t i);

/* Set the timer of a device that sent: when to repeat the uplink; else when the next one is due. */
void sim_schedule(struct sim *sim, uint32_t i);

/* The timer of a device. */
void sim_on_wheel(void *arg, uint32_t i);

/* ---- rate.c ---- */

/* Send what the plan of --rate has for now; when its next uplink is due. */
void sim_run_rate(struct sim *sim);
uint64_t sim_rate_due_us(const struct sim *sim);

/* ---- hear.c ---- */

/* struct gateway_events */
void sim_on_pull_resp(void *arg, struct gateway *g, const uint8_t token[2], const char *json, size_t len);
void sim_on_wrong_datagram(void *arg, struct gateway *g, const char *why);

char *sim_gateway_name(const struct gateway *g, char buf[40]);

#endif
