/*
 * mac_show.h - the MAC parameters of a device in words: what the server wishes, what the device acknowledged, what it refused and
 * what it has been asked. Pure.
 */
#ifndef LS_NETWORK_MAC_SHOW_H
#define LS_NETWORK_MAC_SHOW_H

#include <stddef.h>

#include "network/mac_goal.h"

#define MAC_SHOW_TEXT 420
#define MAC_SHOW_NAME 24

struct mac_show_row {
	char item[MAC_SHOW_NAME];
	char wish[MAC_SHOW_TEXT];         /* "" none: it is left as it is */
	char acknowledged[MAC_SHOW_TEXT]; /* "" the device has told or acknowledged nothing */
	char refused[MAC_SHOW_TEXT];      /* "" nothing */
	char asked[MAC_SHOW_TEXT];        /* the open request; "" none */
};

#define MAC_SHOW_ROWS_MAX 64

/* Rows written to out (room for MAC_SHOW_ROWS_MAX). Also one for each command that waits to be sent by hand. */
size_t mac_show(const struct mac_env *env, const struct mac_state *s, const struct mac_rx *rx, const struct mac_goal *goal,
                struct mac_show_row *out);

#endif
