/*
 * glue.c - the rooms introduced to each other: what a gateway protocol reports goes to the network,
 * what the network sends goes to the protocol, what it publishes goes to the control streams.
 */
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/control.h"
#include "log.h"
#include "server.h"

/* --- gateways to network --- */

static bool sink_is_known(void *arg, struct eui64 gateway_id)
{
	struct server *srv = arg;

	return network_on_gateway_seen(srv->network, gateway_id);
}

static void sink_on_uplink(void *arg, const struct rx_frame *frame, bool is_known)
{
	struct server *srv = arg;

	network_on_uplink(srv->network, frame, is_known);
}

/* That the gateway was heard is noted already; its figures are not kept yet. */
static void sink_on_stats(void *arg, const struct gateway_stats *stats, bool is_known)
{
	(void)arg, (void)stats, (void)is_known;
}

static void sink_on_tx_ack(void *arg, const struct tx_ack *ack)
{
	struct server *srv = arg;

	if (ack->status != TX_OK || ack->warned)
		log_gw(LOG_INFO, ack->gateway_id, "downlink %u: %s%s (%s)", (unsigned)ack->downlink_id,
		       tx_status_name(ack->status), ack->warned ? ", with a warning" : "", ack->text);
	network_on_tx_ack(srv->network, ack);
}

static void sink_on_path(void *arg, struct eui64 gateway_id, const char *addr, bool changed, bool conflict)
{
	struct server *srv = arg;

	if (conflict) {
		srv->address_conflicts++;
		log_gw(LOG_WARNING, gateway_id,
		       "address_conflict: now at %s, and another address was heard less than 10 s ago", addr);
	} else if (changed) {
		log_gw(LOG_NOTICE, gateway_id, "downlinks go to %s", addr);
	}
}

static void sink_on_unknown(void *arg, struct eui64 gateway_id, const char *addr)
{
	struct server *srv = arg;

	fleet_note_unknown_gateway(&srv->fleet, gateway_id, addr, clock_wall_us());
}

static void sink_on_log(void *arg, int priority, const char *text)
{
	(void)arg;
	log_text(priority, "semtech_udp", text);
}

void glue_gateway_sink(struct server *srv, struct gateway_sink *sink)
{
	*sink = (struct gateway_sink){
		.arg = srv,
		.is_known = sink_is_known,
		.on_uplink = sink_on_uplink,
		.on_stats = sink_on_stats,
		.on_tx_ack = sink_on_tx_ack,
		.on_path = sink_on_path,
		.on_unknown = sink_on_unknown,
		.on_log = sink_on_log,
	};
}

/* --- network to gateways, control and log --- */

static void out_publish(void *arg, enum store_log log, const struct log_row *rows, size_t n)
{
	struct server *srv = arg;

	if (srv->control)
		control_publish(srv->control, log, rows, n);
}

static int out_send(void *arg, struct eui64 gateway_id, uint32_t downlink_id, const uint8_t *phy, size_t phy_len,
                    const struct tx_option *option)
{
	struct server *srv = arg;

	if (!srv->udp)
		return LS_ENOTFOUND;
	return gateway_semtech_udp.send(srv->udp, gateway_id, downlink_id, phy, phy_len, option);
}

static bool out_has_path(void *arg, struct eui64 gateway_id, bool *confirms)
{
	struct server *srv = arg;

	return srv->udp && gateway_semtech_udp.has_path(srv->udp, gateway_id, confirms);
}

static void out_log(void *arg, int priority, const char *subject, const char *text)
{
	(void)arg;
	log_text(priority, subject, text);
}

static void out_random(void *arg, void *out, size_t len)
{
	char *p = out;

	(void)arg;
	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n > 0) { /* it fails only when a signal interrupts the wait at boot */
			p += n;
			len -= (size_t)n;
		}
	}
}

void glue_network_out(struct server *srv, struct network_out *out)
{
	*out = (struct network_out){
		.arg = srv,
		.publish = out_publish,
		.send = out_send,
		.has_path = out_has_path,
		.log = out_log,
		.random = out_random,
	};
}

void glue_store_log(void *arg, int priority, const char *text)
{
	(void)arg;
	log_text(priority, "store", text);
}
