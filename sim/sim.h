/*
 * sim.h - one run: gateways, devices and their timers on a libuv loop.
 *
 * Life: handshake (PULL_DATA until every gateway has its PULL_ACK), then sending, then draining
 * (all is sent, the last receive windows are still open), then the end. With --rate the joins
 * come first and the plan of uplinks begins when the last device has joined or given up.
 */
#ifndef LS_SIM_SIM_H
#define LS_SIM_SIM_H

#include "options.h"

/* Runs to its end and prints the summary; returns the exit code. `o` is borrowed. */
int sim_run(const struct options *o);

#endif
