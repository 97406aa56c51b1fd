/* path.c - the gateways a device can be answered through. */
#include "network/internal.h"

struct path_for {
	struct network *network;
	const struct device *device;
	const struct reception *strongest;
};

static bool is_path(const struct reception *r, const struct path_for *p)
{
	const struct reception *s = p->strongest;
	bool confirms;

	/* Copies that disagree with the strongest one about frequency or rate are no way back, nor is one without its
	 * context (a forwarder that gave no tmst): nothing can be timed after it. */
	return r->gateway && r->rx.context_len && reception_agrees(r, s) && reception_serves(r, p->device) &&
	       p->network->out.has_path(p->network->out.arg, r->rx.gateway_id, &confirms);
}

static bool is_stronger(const struct reception *a, const struct reception *b)
{
	return a->rx.snr_db10 != b->rx.snr_db10 ? a->rx.snr_db10 > b->rx.snr_db10 : a->rx.rssi_dbm > b->rx.rssi_dbm;
}

unsigned answer_paths(struct network *n, const struct collected *e, const struct device *d, const struct region *region,
                      const struct reception *best, const struct reception *out[COLLECT_COPIES_MAX])
{
	struct path_for p = {.network = n, .device = d};
	unsigned count = 0;

	receptions_resolve(n->fleet, e);
	p.strongest = best ? best : reception_best(e, d, region);
	for (unsigned i = 0; p.strongest && i < e->n; i++) {
		const struct reception *r = &e->receptions[i];
		unsigned k = 0;

		if (!is_path(r, &p))
			continue;
		/* Of the antennas of one gateway the best. */
		while (k < count && !eui64_equal(out[k]->rx.gateway_id, r->rx.gateway_id))
			k++;
		if (k == count)
			out[count++] = r;
		else if (is_stronger(r, out[k]))
			out[k] = r;
	}
	return count;
}
