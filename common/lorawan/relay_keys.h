/* relay_keys.h - keys between a device and its relay (TS011 section 7, frames.md 11.5). */
#ifndef LS_LORAWAN_RELAY_KEYS_H
#define LS_LORAWAN_RELAY_KEYS_H

#include "lorawan/crypto.h"

/* From NwkSKey (1.0.x) or NwkSEncKey (1.1) of the device; only this one is sent to the relay. */
void relay_derive_root_wor_s_key(struct lw_crypto *c, const struct ls_key *nwk_s_key, struct ls_key *root_wor_s_key);

void relay_derive_wor_keys(struct lw_crypto *c, const struct ls_key *root_wor_s_key, uint32_t dev_addr,
                           struct ls_key *wor_s_int_key, struct ls_key *wor_s_enc_key);

#endif
