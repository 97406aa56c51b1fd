#include "network/multicast_gateways.h"

#include <stdlib.h>

#include "network/gateway_cover.h"

static bool is_usable(struct network *n, struct eui64 id, const struct class_downlink *dl, bool by_gps)
{
	const struct gateway *gateway = fleet_gateway(n->fleet, id);

	return gateway && class_gateway_serves(n, gateway, dl) && (!by_gps || gateway_has_gps(gateway, clock_wall_us()));
}

/* Number of this gateway among the candidates, added when it is new; -1 when there is no room. */
static int number_of(struct eui64 *candidates, size_t *count, struct eui64 id)
{
	for (size_t i = 0; i < *count; i++)
		if (eui64_equal(candidates[i], id))
			return (int)i;
	if (*count == MULTICAST_GATEWAYS_MAX)
		return -1;
	candidates[*count] = id;
	return (int)(*count)++;
}

static bool is_heard_by(const struct device *d, const struct eui64 *gateways, unsigned n)
{
	for (unsigned k = 0; d && d->heard && k < d->heard->n; k++)
		for (unsigned i = 0; i < n; i++)
			if (eui64_equal(d->heard->list[k].gateway_id, gateways[i]))
				return true;
	return false;
}

static size_t count_unreached(struct network *n, const struct multicast_group *g, const struct eui64 *gateways, unsigned count)
{
	size_t unreached = 0;

	for (size_t i = 0; i < g->devices.n; i++)
		unreached += !is_heard_by(fleet_device(n->fleet, g->devices.list[i]), gateways, count);
	return unreached;
}

static unsigned choose_covering(struct network *n, const struct multicast_group *g, const struct class_downlink *dl,
                                bool by_gps, struct eui64 *out, bool *left_out)
{
	struct cover_member *members = calloc(g->devices.n + 1, sizeof(*members));
	struct eui64 candidates[MULTICAST_GATEWAYS_MAX];
	uint16_t chosen[MULTICAST_GATEWAYS_MAX];
	size_t count = 0, n_chosen = 0;

	for (size_t i = 0; members && i < g->devices.n; i++) {
		const struct device *d = fleet_device(n->fleet, g->devices.list[i]);

		for (unsigned k = 0; d && d->heard && k < d->heard->n; k++) {
			struct eui64 id = d->heard->list[k].gateway_id;

			if (!is_usable(n, id, dl, by_gps))
				continue;
			int number = number_of(candidates, &count, id);

			if (number >= 0)
				members[i].gateways[members[i].n++] = (uint16_t)number;
			else
				*left_out = true;
		}
	}
	if (members && gateway_cover(members, g->devices.n, count, chosen, &n_chosen))
		n_chosen = 0;
	for (size_t i = 0; i < n_chosen; i++)
		out[i] = candidates[chosen[i]];
	free(members);
	return (unsigned)n_chosen;
}

unsigned multicast_gateways(struct network *n, const struct multicast_group *g, const struct class_downlink *dl,
                            bool by_gps, struct eui64 out[MULTICAST_GATEWAYS_MAX], struct multicast_reach *reach)
{
	unsigned count = 0;

	*reach = (struct multicast_reach){0};
	if (!g->gateways.n)
		count = choose_covering(n, g, dl, by_gps, out, &reach->left_out);
	for (size_t i = 0; i < g->gateways.n; i++)
		if (is_usable(n, g->gateways.list[i], dl, by_gps)) {
			if (count < MULTICAST_GATEWAYS_MAX)
				out[count++] = g->gateways.list[i];
			else
				reach->left_out = true;
		}
	reach->unreached = count_unreached(n, g, out, count);
	return count;
}
