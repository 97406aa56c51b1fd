/* uplink_parts.h - what the files of the uplink decision share: uplink.c, uplink_tx.c, uplink_open.c. */
#ifndef LS_NETWORK_UPLINK_PARTS_H
#define LS_NETWORK_UPLINK_PARTS_H

#include "lorawan/f_cnt.h"
#include "network/uplink.h"

/*
 * Which transmission it was: sets data rate and channel, and in 1.1, where they are part of the MIC, out->best to the
 * strongest reception of those whose frequency and rate fit. False: in 1.1 none fits.
 */
bool uplink_find_tx(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                    const struct collected *e, const struct f_cnt_guess *guess, struct uplink_outcome *out);

/* How often the device may send one counter where NbTrans decides: as acknowledged, or as asked for and perhaps heard. */
unsigned uplink_nb_trans(const struct session *s);

/*
 * Decrypt FOpts and payload: commands and data of *out, and the requests found. Returns the form of FOpts as it is
 * known after this frame (enum f_opts_known).
 */
uint8_t uplink_open(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                    struct uplink_outcome *out);

#endif
