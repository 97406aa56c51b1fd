/*
 * region_choice.h - which region configuration speaks: a session belongs to the one it joined in; a join request
 * goes to the one whose gateways heard it.
 */
#ifndef LS_NETWORK_REGION_CHOICE_H
#define LS_NETWORK_REGION_CHOICE_H

#include "network/collect.h"
#include "network/fleet.h"

/* Does a profile let its devices into this configuration: its region, and its region_config if it names one? */
bool region_choice_fits(const struct profile *p, const struct region *r);

/* A gateway may name a region or a configuration; then it speaks for no other. */
bool region_choice_may_hear(const struct gateway *g, const struct region *r);

/*
 * The configuration that answers a join request of this device: of those its profile fits, the first (in the order
 * of the file) in which a gateway heard it on a channel that is in use there; else the first whose band has the
 * frequency. NULL when none heard it. Receptions resolved before.
 */
const struct region *region_choice_join(const struct fleet *f, const struct device *d, const struct collected *e);

#endif
