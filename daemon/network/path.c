/* path.c - through which gateway a device is answered. */
#include "network/internal.h"

struct path_for {
	struct network *network;
	const struct device *device;
	const struct reception *strongest;
};

static bool is_path(const struct reception *r, const void *arg)
{
	const struct path_for *p = arg;
	const struct reception *s = p->strongest;
	bool confirms;

	/* Copies that disagree with the strongest one about frequency or rate are no way back, nor is one without its
	 * context (a forwarder that gave no tmst): nothing can be timed after it. */
	return r->rx.context_len && reception_agrees(r, s) && reception_serves(r, p->device) &&
	       p->network->out.has_path(p->network->out.arg, r->rx.gateway_id, &confirms);
}

const struct reception *answer_path(struct network *n, const struct collected *e, const struct device *d,
                                    const struct region *region, const struct reception *best)
{
	struct path_for p = {.network = n, .device = d};

	receptions_resolve(n->fleet, e);
	p.strongest = best ? best : reception_best(e, d, region);
	return p.strongest ? collected_best(e, is_path, &p) : NULL;
}
