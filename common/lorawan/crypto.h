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
/* Of head | msg: the rules put a block or an octet before what is not theirs to copy. */
void lw_cmac_of_two(struct lw_crypto *c, const struct ls_key *key, const uint8_t *head, size_t head_len,
                    const uint8_t *msg, size_t len, uint8_t mac[16]);

/*
 * MIC of a data frame; msg = MHDR..FRMPayload as it is on air (len 8..251), f_cnt the full 32-bit counter. This is the
 * rule of 1.0.x in both directions and of every multicast frame. Its first two octets under FNwkSIntKey are the last
 * two of a 1.1 uplink.
 */
void lw_mic_data(struct lw_crypto *c, const struct ls_key *nwk_s_key, enum lw_direction dir,
                 uint32_t dev_addr, uint32_t f_cnt, const uint8_t *msg, size_t len, uint8_t mic[4]);

/*
 * 1.1: ConfFCnt is the counter of the confirmed frame that this one acknowledges (its low 16 bits); both functions take
 * it as 0 when the ACK bit in msg is not set.
 */
struct lw_up_tx {
	uint8_t dr, channel; /* TxDr, TxCh: of this transmission, so each repetition has another MIC */
	uint16_t conf_f_cnt;
};

/* First two octets of the MIC of a 1.1 uplink. */
void lw_mic_up_11(struct lw_crypto *c, const struct ls_key *s_nwk_s_int_key, uint32_t dev_addr, uint32_t f_cnt,
                  struct lw_up_tx tx, const uint8_t *msg, size_t len, uint8_t half[2]);

/* MIC of a 1.1 downlink; f_cnt is NFCntDown or AFCntDown. */
void lw_mic_down_11(struct lw_crypto *c, const struct ls_key *s_nwk_s_int_key, uint32_t dev_addr, uint32_t f_cnt,
                    uint16_t conf_f_cnt, const uint8_t *msg, size_t len, uint8_t mic[4]);

/*
 * MIC of a join or rejoin request: msg = all octets before it. The key is AppKey (1.0.x) or NwkKey (1.1) of a join
 * request, SNwkSIntKey of a rejoin request of type 0 or 2, JSIntKey of type 1.
 */
void lw_mic_join_request(struct lw_crypto *c, const struct ls_key *key, const uint8_t *msg,
                         size_t len, uint8_t mic[4]);

/* MIC of a join accept without OptNeg: cmac(key, 20 | body); AppKey (1.0.x) or NwkKey (1.1). */
void lw_mic_join_accept_10(struct lw_crypto *c, const struct ls_key *key, const uint8_t *body,
                           size_t len, uint8_t mic[4]);

/* What a 1.1 join accept answers: part of its MIC. */
#define JOIN_REQ_TYPE_JOIN 0xff /* else the rejoin type 0, 1, 2 */
struct lw_join_answered {
	uint8_t join_req_type;
	struct eui64 join_eui;
	uint16_t dev_nonce;  /* RJcount0 or RJcount1 of a rejoin */
};

/* MIC of a join accept with OptNeg: cmac(JSIntKey, JoinReqType | JoinEUI | DevNonce | 20 | body). */
void lw_mic_join_accept_11(struct lw_crypto *c, const struct ls_key *js_int_key, const struct lw_join_answered *answered,
                           const uint8_t *body, size_t len, uint8_t mic[4]);

/*
 * The join accept on air: 0x20, then body and MIC "encrypted" by AES decryption block by
 * block. body_len is 12 or 28; phy receives 17 or 33 octets. Returns that number. The key is AppKey (1.0.x), NwkKey
 * (1.1, after a join request) or JSEncKey (1.1, after a rejoin request).
 */
size_t lw_join_accept_encrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *body,
                              size_t body_len, const uint8_t mic[4], uint8_t phy[33]);

/* The device's side: phy of 17 or 33 octets to body | mic (16 or 32 octets). LS_ESHORT otherwise. */
int lw_join_accept_decrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *phy,
                           size_t len, uint8_t plain[32]);

/*
 * FRMPayload, both ways, in place: the key is AppSKey, on FPort 0 and 226 NwkSKey (1.0.x) or NwkSEncKey (1.1);
 * f_cnt is the counter of the frame, in 1.1 downlinks NFCntDown on FPort 0 and AFCntDown on others.
 */
void lw_frm_payload_crypt(struct lw_crypto *c, const struct ls_key *key, enum lw_direction dir,
                          uint32_t dev_addr, uint32_t f_cnt, uint8_t *buf, size_t len);

/*
 * FOpts of 1.1, both ways, in place (frames.md section 5). Two forms are in use: with the erratum, and as in the text of
 * 1.1.0. The MIC, made of the encrypted octets, does not tell them apart.
 */
enum lw_f_opts_form { F_OPTS_ERRATUM, F_OPTS_ORIGINAL };
enum lw_f_opts_counter { F_OPTS_F_CNT_UP, F_OPTS_N_F_CNT_DOWN, F_OPTS_A_F_CNT_DOWN };
void lw_f_opts_crypt(struct lw_crypto *c, const struct ls_key *nwk_s_enc_key, enum lw_f_opts_form form,
                     enum lw_f_opts_counter counter, uint32_t dev_addr, uint32_t f_cnt, uint8_t *buf, size_t len);

/*
 * Session keys of 1.0.x, and of a 1.1 device without OptNeg, whose root is then NwkKey (frames.md 11.1).
 * join_nonce and net_id are 24-bit numbers.
 */
void lw_derive_keys_10(struct lw_crypto *c, const struct ls_key *root, uint32_t join_nonce,
                       uint32_t net_id, uint16_t dev_nonce, struct ls_key *nwk_s_key,
                       struct ls_key *app_s_key);

/* A session key of 1.1 (frames.md 11.2). The root is AppKey for AppSKey, NwkKey for the others. */
enum lw_key_11 {
	LW_F_NWK_S_INT_KEY = 1,
	LW_APP_S_KEY = 2,
	LW_S_NWK_S_INT_KEY = 3,
	LW_NWK_S_ENC_KEY = 4,
};
void lw_derive_key_11(struct lw_crypto *c, const struct ls_key *root, enum lw_key_11 which, uint32_t join_nonce,
                      const struct lw_join_answered *answered, struct ls_key *out);

/* Keys of the join server that last as long as NwkKey (frames.md 11.3). */
void lw_derive_js_keys(struct lw_crypto *c, const struct ls_key *nwk_key, struct eui64 dev_eui,
                       struct ls_key *js_enc_key, struct ls_key *js_int_key);

#endif
