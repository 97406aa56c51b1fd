/*
 * multicast_gateways.h - the gateways a downlink of a multicast group goes through: those given by hand, else few that
 * together reach every member by a gateway that heard it lately (gateway_cover.h).
 */
#ifndef LS_NETWORK_MULTICAST_GATEWAYS_H
#define LS_NETWORK_MULTICAST_GATEWAYS_H

#include "network/class_place.h"
#include "network/fleet_multicast.h"

#define MULTICAST_GATEWAYS_MAX 64 /* those beyond are left out */

/* What became of the members when gateways were chosen. */
struct multicast_reach {
	size_t unreached; /* members that no chosen gateway heard lately: they may miss the downlink */
	bool left_out;    /* there were gateways beyond MULTICAST_GATEWAYS_MAX */
};

/*
 * Of those that can be reached now, serve the group's tenant and region and, with by_gps, have GPS time. How many; 0
 * when there is none, or nobody heard any member.
 */
unsigned multicast_gateways(struct network *n, const struct multicast_group *g, const struct class_downlink *dl,
                            bool by_gps, struct eui64 out[MULTICAST_GATEWAYS_MAX], struct multicast_reach *reach);

#endif
