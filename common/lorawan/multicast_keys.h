/*
 * multicast_keys.h - keys of multicast groups (TS005 section 4, frames.md 11.4):
 *
 *   GenAppKey (1.0.x) or AppKey (1.1) -> McRootKey -> McKEKey, under which McKey travels to a device
 *   McKey -> McAppSKey, McNetSKey of the group
 */
#ifndef LS_LORAWAN_MULTICAST_KEYS_H
#define LS_LORAWAN_MULTICAST_KEYS_H

#include "lorawan/crypto.h"

void mc_derive_root_key_10(struct lw_crypto *c, const struct ls_key *gen_app_key, struct ls_key *mc_root_key);
void mc_derive_root_key_11(struct lw_crypto *c, const struct ls_key *app_key, struct ls_key *mc_root_key);
void mc_derive_ke_key(struct lw_crypto *c, const struct ls_key *mc_root_key, struct ls_key *mc_ke_key);

/* McKey as it is sent to a device; the device's own operation is lw_aes_encrypt(). */
void mc_key_encrypt(struct lw_crypto *c, const struct ls_key *mc_ke_key, const struct ls_key *mc_key, uint8_t out[16]);

void mc_derive_app_s_key(struct lw_crypto *c, const struct ls_key *mc_key, uint32_t mc_addr, struct ls_key *out);
void mc_derive_net_s_key(struct lw_crypto *c, const struct ls_key *mc_key, uint32_t mc_addr, struct ls_key *out);

#endif
