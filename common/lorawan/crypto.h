/*
 * crypto.h - AES-128 and AES-CMAC over libgcrypt, and the LoRaWAN rules made of them:
 * MICs, payload encryption, join accept, session keys (frames.md sections 4, 6, 9 to 11).
 *
 * A `struct lw_crypto` keeps two cipher handles and is not for two threads at once: each
 * thread opens its own. Functions that take one cannot fail once it is open.
 */
#ifndef LS_LORAWAN_CRYPTO_H
#define LS_LORAWAN_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "base/eui.h"
#include "base/key.h"
#include "lorawan/phy.h"

enum lw_direction { LW_UP = 0, LW_DOWN = 1 };

struct lw_crypto;

/* Initialises libgcrypt once per process (safe to call again, from one thread at a time). */
int lw_crypto_open(struct lw_crypto **out); /* LS_EBUG when libgcrypt refuses */
void lw_crypto_close(struct lw_crypto *c);  /* NULL is fine */

void lw_aes_encrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t in[16], uint8_t out[16]);
void lw_aes_decrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t in[16], uint8_t out[16]);
void lw_cmac(struct lw_crypto *c, const struct ls_key *key, const uint8_t *msg, size_t len, uint8_t mac[16]);

/* MIC of a 1.0.x data frame; msg = MHDR..FRMPayload (len <= 251), f_cnt the full 32-bit counter. */
void lw_mic_data(struct lw_crypto *c, const struct ls_key *nwk_s_key, enum lw_direction dir,
                 uint32_t dev_addr, uint32_t f_cnt, const uint8_t *msg, size_t len, uint8_t mic[4]);

/* MIC of a join request: msg = the 19 octets before it; key = AppKey (1.0.x). */
void lw_mic_join_request(struct lw_crypto *c, const struct ls_key *key, const uint8_t *msg,
                         size_t len, uint8_t mic[4]);

/* MIC of a join accept under the 1.0 rule: cmac(key, 20 | body). */
void lw_mic_join_accept_10(struct lw_crypto *c, const struct ls_key *app_key, const uint8_t *body,
                           size_t len, uint8_t mic[4]);

/*
 * The join accept on air: 0x20, then body and MIC "encrypted" by AES decryption block by
 * block. body_len is 12 or 28; phy receives 17 or 33 octets. Returns that number.
 */
size_t lw_join_accept_encrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *body,
                              size_t body_len, const uint8_t mic[4], uint8_t phy[33]);

/* The device's side: phy of 17 or 33 octets to body | mic (16 or 32 octets). LS_ESHORT otherwise. */
int lw_join_accept_decrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *phy,
                           size_t len, uint8_t plain[32]);

/* FRMPayload, both ways, in place: the key is AppSKey, or NwkSKey on FPort 0. */
void lw_frm_payload_crypt(struct lw_crypto *c, const struct ls_key *key, enum lw_direction dir,
                          uint32_t dev_addr, uint32_t f_cnt, uint8_t *buf, size_t len);

/* Session keys of 1.0.x (frames.md 11.1). join_nonce and net_id are 24-bit numbers. */
void lw_derive_keys_10(struct lw_crypto *c, const struct ls_key *app_key, uint32_t join_nonce,
                       uint32_t net_id, uint16_t dev_nonce, struct ls_key *nwk_s_key,
                       struct ls_key *app_s_key);

#endif
