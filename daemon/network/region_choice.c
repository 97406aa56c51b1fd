#include "network/region_choice.h"

#include <string.h>

#include "network/uplink.h"

bool region_choice_fits(const struct profile *p, const struct region *r)
{
	return strcmp(p->region_name, r->table->name) == 0 && (!p->region_config || strcmp(p->region_config, r->name) == 0);
}

bool region_choice_may_hear(const struct gateway *g, const struct region *r)
{
	/* Names of regions are in capitals, those of configurations are not. */
	return !g->region_name[0] || strcmp(g->region_name, r->name) == 0 || strcmp(g->region_name, r->table->name) == 0;
}

const struct region *region_choice_join(const struct fleet *f, const struct device *d, const struct collected *e)
{
	const struct region *second = NULL;

	for (size_t i = 0; i < f->n_regions; i++) {
		const struct region *r = &f->regions[i];
		const struct reception *best;
		int dr;

		if (!region_choice_fits(d->profile, r))
			continue;
		best = reception_best(e, d, r);
		if (!best)
			continue;
		dr = region_uplink_dr(r, d->profile->revision, &best->radio);
		if (region_takes_join(r, d->profile->revision, best->freq_hz, dr))
			return r;
		if (!second)
			second = r;
	}
	return second;
}
