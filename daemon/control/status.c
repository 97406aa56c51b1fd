/* status.c - what the server says about itself: hello, describe, status; and cancel. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "control/internal.h"

#define SERVER_NAME "loraserverd " LS_VERSION

int do_HELLO(struct server *srv, struct request *r)
{
	/* A later hello cannot take it back: who hands the connection on relies on that. */
	r->conn->read_only |= request_flag(r, "read_only");
	request_answer(r, json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:I, s:I}", "protocol", CONTROL_PROTOCOL, "server", SERVER_NAME,
	                            "version", LS_VERSION, "role", right_name(r->conn->right),
	                            "read_only", (int)r->conn->read_only, "schema_hash", model_schema_hash(),
	                            "epoch", (json_int_t)srv->control->epoch, "pid", (json_int_t)getpid()));
	return LS_OK;
}

/* Members of the list whose `member` is (or, for methods, begins with) the noun. */
static json_t *only(const json_t *list, const char *member, const char *noun)
{
	json_t *out = json_array(), *row;
	size_t len = strlen(noun), i;

	json_array_foreach((json_t *)list, i, row) {
		const char *text = json_string_value(json_object_get(row, member));

		if (text && strncmp(text, noun, len) == 0 && (!text[len] || text[len] == ' ' || text[len] == '.'))
			json_array_append(out, row);
	}
	return out;
}

int do_DESCRIBE(struct server *srv, struct request *r)
{
	struct control *c = srv->control;
	const char *noun = request_text(r, "noun"), *near;
	const struct entity *e = noun ? entity_find(noun) : NULL;
	const char *names[E__COUNT];
	json_t *schema;

	if (!c->schema)
		c->schema = model_describe();
	if (!c->schema)
		return LS_ENOMEM;
	if (!noun) {
		request_answer(r, json_incref(c->schema));
		return LS_OK;
	}
	if (!e) {
		for (size_t i = 0; i < model_n_entities; i++)
			names[i] = model_entities[i].name;
		near = nearest_word(noun, names, model_n_entities);
		return request_refuse(r, LS_ENOTFOUND, "noun", NULL, near, "no entity '%s'", noun);
	}
	schema = json_copy(c->schema);
	json_object_set_new(schema, "entities", only(json_object_get(schema, "entities"), "name", e->name));
	json_object_set_new(schema, "methods", only(json_object_get(schema, "methods"), "name", e->name));
	request_answer(r, schema);
	return LS_OK;
}

/* Ends a stream, or a request that has not begun; what is under way at the store is not called back. */
int do_CANCEL(struct server *srv, struct request *r)
{
	struct connection *conn = r->conn;
	const json_t *id = json_object_get(r->params, "id");
	bool found = stream_cancel(conn, id);

	(void)srv;
	for (struct request **at = &conn->queue; *at && !found; at = &(*at)->next) {
		struct request *waiting = *at;

		if (!waiting->id || !json_equal(waiting->id, id))
			continue;
		*at = waiting->next;
		if (conn->queue_end == &waiting->next)
			conn->queue_end = at;
		conn->n_queued--;
		request_refuse(waiting, LS_EUSAGE, NULL, NULL, NULL, "cancelled");
		request_fail(waiting, LS_EUSAGE);
		found = true;
		break;
	}
	request_answer(r, json_pack("{s:b}", "cancelled", (int)found));
	return LS_OK;
}

/* --- status --- */

static void put(json_t *o, const char *key, uint64_t v)
{
	json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *counts(const struct server *srv)
{
	const struct fleet *f = &srv->fleet;
	json_t *o = json_object();

	put(o, "tenants", f->tenants.used);
	put(o, "applications", f->applications.used);
	put(o, "profiles", f->profiles.used);
	put(o, "gateways", f->gateways.used);
	put(o, "devices", f->devices.used);
	put(o, "unknown_gateways", f->n_unknown);
	return o;
}

static json_t *gateway_counters_json(const struct server *srv)
{
	json_t *o = json_object();

	json_object_set_new(o, "bind", json_string(srv->config.bind));
	if (srv->udp) {
		const struct gateway_counters *c = gateway_semtech_udp.counters(srv->udp);

		put(o, "port", semtech_udp_port(srv->udp));
		put(o, "datagrams", c->datagrams);
		put(o, "malformed", c->malformed);
		put(o, "frames", c->frames);
		put(o, "bad_entries", c->bad_entries);
		put(o, "acks_sent", c->acks_sent);
		put(o, "send_errors", c->send_errors);
		put(o, "kernel_drops", c->kernel_drops);
		put(o, "unknown_gateways", c->unknown_gateways);
		put(o, "downlinks_sent", c->downlinks_sent);
		put(o, "tx_acks", c->tx_acks);
		put(o, "tx_acks_stray", c->tx_acks_stray);
		put(o, "tx_acks_foreign", c->tx_acks_foreign);
		put(o, "address_changes", c->address_changes);
	}
	put(o, "address_conflicts", srv->address_conflicts);
	json_object_set_new(o, "rcvbuf_bytes", json_integer(srv->rcvbuf_granted));
	return o;
}

static json_t *drops_json(const struct network_counters *c)
{
	json_t *o = json_object();

	for (int i = 1; i < DROP__COUNT; i++)
		if (c->drops[i])
			put(o, drop_reason_name((enum drop_reason)i), c->drops[i]);
	return o;
}

static json_t *network_json(const struct network_counters *c)
{
	json_t *o = json_object();

	put(o, "frames_in", c->frames_in);
	put(o, "copies", c->copies);
	put(o, "late_copies", c->late_copies);
	put(o, "uplinks", c->uplinks);
	put(o, "joins", c->joins);
	put(o, "repeats", c->repeats);
	put(o, "downlinks_sent", c->downlinks_sent);
	put(o, "downlinks_ok", c->downlinks_ok);
	put(o, "downlinks_failed", c->downlinks_failed);
	put(o, "downlinks_too_late", c->downlinks_too_late);
	put(o, "foreign_data", c->foreign_data);
	put(o, "foreign_joins", c->foreign_joins);
	put(o, "collect_full", c->collect_full);
	put(o, "parked", c->parked);
	put(o, "mac_refused", c->mac_refused);
	put(o, "mac_unanswered", c->mac_unanswered);
	put(o, "mac_ignored", c->mac_ignored);
	json_object_set_new(o, "drops", drops_json(c));
	return o;
}

static json_t *store_json(const struct store_figures *s)
{
	json_t *o = json_object();

	put(o, "commits", s->commits);
	put(o, "batches", s->batches);
	put(o, "failed_commits", s->failed_commits);
	put(o, "waiting_batches", s->waiting_batches);
	put(o, "commit_p50_us", (uint64_t)s->commit_p50_us);
	put(o, "commit_p99_us", (uint64_t)s->commit_p99_us);
	put(o, "wal_bytes", (uint64_t)s->wal_bytes);
	put(o, "file_bytes", (uint64_t)s->file_bytes);
	put(o, "event_first_seq", s->event_first_seq);
	put(o, "event_next_seq", s->event_next_seq);
	put(o, "frame_first_seq", s->frame_first_seq);
	put(o, "frame_next_seq", s->frame_next_seq);
	put(o, "epoch", s->epoch);
	return o;
}

static json_t *control_json(const struct control *c)
{
	json_t *o = json_object();
	unsigned n = 0;

	for (const struct subscription *s = c->subscriptions; s; s = stream_next(s))
		n++;
	put(o, "connections", c->n_connections);
	put(o, "streams", n);
	put(o, "requests", c->last_request);
	put(o, "refused_connections", c->refused);
	put(o, "cut_off_connections", c->cut_off);
	return o;
}

int do_STATUS(struct server *srv, struct request *r)
{
	bool degraded = store_is_degraded(srv->store);
	struct store_figures figures;
	json_t *o = json_object(), *regions = json_array();
	char net_id[8];

	store_figures(srv->store, &figures);
	for (size_t i = 0; i < srv->n_regions; i++)
		json_array_append_new(regions, json_string(srv->regions[i].name));
	snprintf(net_id, sizeof(net_id), "%06x", (unsigned)srv->config.net_id & 0xffffffu);
	json_object_set_new(o, "state", json_string(degraded ? "degraded" : "ok"));
	json_object_set_new(o, "degraded", json_boolean(degraded));
	json_object_set_new(o, "version", json_string(LS_VERSION));
	json_object_set_new(o, "pid", json_integer((json_int_t)getpid()));
	json_object_set_new(o, "started_at", time_json(srv->started_us));
	put(o, "uptime_s", (clock_mono_us() - srv->started_mono_us) / 1000000);
	json_object_set_new(o, "data_dir", json_string(srv->config.data_dir));
	json_object_set_new(o, "socket", json_string(srv->config.socket));
	json_object_set_new(o, "net_id", json_string(net_id));
	json_object_set_new(o, "regions", regions);
	json_object_set_new(o, "counts", counts(srv));
	json_object_set_new(o, "semtech_udp", gateway_counters_json(srv));
	json_object_set_new(o, "network", network_json(network_counters(srv->network)));
	json_object_set_new(o, "store", store_json(&figures));
	json_object_set_new(o, "control", control_json(srv->control));
	request_answer(r, o);
	return LS_OK;
}
