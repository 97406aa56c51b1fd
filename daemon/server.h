/*
 * server.h - struct server: everything of the daemon that changes.
 *
 * main.c fills it in the order of the members and empties it in the reverse order. All of it belongs to
 * the loop thread; other rooms receive it, or the part they need.
 */
#ifndef LS_SERVER_H
#define LS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "config.h"
#include "gateway/gateway.h"
#include "network/fleet.h"
#include "network/network.h"
#include "store/store.h"

struct control;
struct socket_file;

struct server {
	struct config config;
	int64_t started_us;            /* wall */
	uint64_t started_mono_us;

	struct socket_file *socket_file; /* the control socket's name, bound before there are threads */
	uv_loop_t loop;
	struct store *store;
	struct region regions[CONFIG_REGIONS_MAX]; /* enabled ones */
	size_t n_regions;
	struct gateway_link *udp;      /* NULL once gateways are not read any more */
	int rcvbuf_granted;
	struct fleet fleet;
	struct network *network;
	struct control *control;

	uv_signal_t on_sigint, on_sigterm, on_sighup;
	uv_timer_t trim;
	bool stopping;
	uint64_t address_conflicts;    /* gateways heard from two addresses within 10 s */
};

/* glue.c: the fields of these name functions there; arg is the server. */
void glue_gateway_sink(struct server *srv, struct gateway_sink *sink);
void glue_network_out(struct server *srv, struct network_out *out);
/* struct store_options.log; any thread. */
void glue_store_log(void *arg, int priority, const char *text);

#endif
