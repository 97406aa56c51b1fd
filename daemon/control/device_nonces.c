/* device_nonces.c - what protects a device from replays, where an operator has to let go of it: DevNonces and counters. */
#include <string.h>

#include "base/error.h"
#include "control/internal.h"
#include "log.h"

#define DEVICE (&model_entities[E_DEVICE])

static size_t count_nonces(const struct device *d)
{
	size_t n = 0;

	for (const struct nonce_set *set = d->nonces; set; set = set->next)
		n += set->n;
	return n;
}

int do_DEVICE_NONCES_SHOW(struct server *srv, struct request *r)
{
	const struct device *d = request_device(srv, r);
	int highest = d ? device_nonce_highest(d, d->join_eui) : -1;
	char dev_eui[EUI64_TEXT_SIZE], join_eui[EUI64_TEXT_SIZE];

	if (!d)
		return LS_ENOTFOUND;
	request_answer(r, json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "dev_eui", eui64_format(d->dev_eui, dev_eui), "join_eui",
	                            eui64_format(d->join_eui, join_eui), "join_nonce", (json_int_t)d->join_nonce, "dev_nonces",
	                            (json_int_t)count_nonces(d), "highest_dev_nonce",
	                            highest < 0 ? json_null() : json_integer(highest), "rj_count1",
	                            d->rj_count1 < 0 ? json_null() : json_integer(d->rj_count1)));
	return LS_OK;
}

static int apply_flush(struct server *srv, struct write *w)
{
	struct eui64 dev_eui;
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);

	if (d) {
		device_nonces_clear(d);
		d->rj_count1 = -1;
	}
	return LS_OK;
}

int do_DEVICE_NONCES_FLUSH(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct write *w = d ? device_write_begin(srv, r, DEVICE, 0) : NULL;
	int rc;

	if (!w)
		return d ? crud_submit(srv, r, NULL) : LS_ENOTFOUND;
	rc = store_batch_nonces_flush(w->batch, d->dev_eui);
	if (rc) {
		write_free(w);
		return rc;
	}
	write_hold_device(srv, w, d);
	w->apply = apply_flush;
	w->result = json_pack("{s:I}", "dropped", (json_int_t)count_nonces(d));
	log_dev(LOG_NOTICE, d->dev_eui, "'%s' by uid %lu: %zu DevNonces", r->method->words, (unsigned long)r->conn->peer.uid,
	        count_nonces(d));
	return write_submit(srv, w);
}

/* --- counters --- */

struct accepted_counter {
	uint32_t dev_addr;
	struct session_up_row up;
};

static int apply_counter(struct server *srv, struct write *w)
{
	const struct accepted_counter *own = w->own;
	struct eui64 dev_eui;
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);
	struct session *s = d ? device_session_of(d, own->dev_addr) : NULL;

	if (d)
		d->has_refused = false;
	if (s)
		s->up.f_cnt_up = own->up.f_cnt_up;
	return LS_OK;
}

int do_DEVICE_COUNTER_ACCEPT(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct session *s = d && d->has_refused ? device_session_of(d, d->refused_dev_addr) : NULL;
	struct accepted_counter *own;
	struct write *w;
	int rc;

	if (!d)
		return LS_ENOTFOUND;
	if (!s)
		return request_refuse(r, LS_ENOTFOUND, "dev_eui", "a counter is remembered until the daemon ends",
		                      "lsctl frame list -w drop_reason=f_cnt_gap",
		                      "no uplink counter of device %s was refused as too far ahead", request_text(r, "dev_eui"));
	w = device_write_begin(srv, r, DEVICE, sizeof(*own));
	if (!w)
		return crud_submit(srv, r, NULL);
	own = w->own;
	own->dev_addr = s->dev_addr;
	own->up = s->up;
	/* The next expected one, so that a repetition of the refused frame itself is taken too. */
	own->up.f_cnt_up = d->refused_f_cnt;
	write_hold_device(srv, w, d);
	rc = store_batch_session_up(w->batch, d->dev_eui, s->slot, &own->up, NULL, 0);
	if (rc) {
		write_abandon(srv, w);
		return rc;
	}
	w->apply = apply_counter;
	w->result = json_pack("{s:s, s:I}", "dev_eui", w->id, "f_cnt_up", (json_int_t)own->up.f_cnt_up);
	log_dev(LOG_NOTICE, d->dev_eui, "'%s' by uid %lu: next expected uplink counter %lu instead of %lu", r->method->words,
	        (unsigned long)r->conn->peer.uid, (unsigned long)own->up.f_cnt_up, (unsigned long)s->up.f_cnt_up);
	return write_submit(srv, w);
}
