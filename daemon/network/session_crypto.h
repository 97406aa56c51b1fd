/*
 * session_crypto.h - what the keys of a session do with its frames. 1.0.x and 1.1 behind one face: which key, which
 * counter and which form is decided here by the session. Pure.
 */
#ifndef LS_NETWORK_SESSION_CRYPTO_H
#define LS_NETWORK_SESSION_CRYPTO_H

#include "lorawan/crypto.h"
#include "network/fleet.h"

/*
 * Does the MIC of an uplink fit this counter? phy points to the whole frame, f is it split. In 1.1 only its last two
 * octets are compared: the first two hang on the transmission, session_up_tx_fits().
 */
bool session_up_mic_fits(struct lw_crypto *c, const struct session *s, const uint8_t *phy, const struct phy_data *f,
                         uint32_t f_cnt);

/* 1.1: the first two octets of the MIC, for one data rate, channel and acknowledged counter. */
bool session_up_tx_fits(struct lw_crypto *c, const struct session *s, const uint8_t *phy, const struct phy_data *f,
                        uint32_t f_cnt, struct lw_up_tx tx);

/* FRMPayload both ways, in place, by its FPort. f_cnt is the counter of the frame. */
void session_payload_crypt(struct lw_crypto *c, const struct session *s, enum lw_direction dir, int f_port,
                           uint32_t f_cnt, uint8_t *buf, size_t len);

/* FOpts of an uplink, in place, in the form asked for; nothing to do before 1.1. */
void session_up_f_opts_crypt(struct lw_crypto *c, const struct session *s, enum lw_f_opts_form form, uint32_t f_cnt,
                             uint8_t *buf, size_t len);

/* FOpts of a downlink, in place, in the device's form. has_app_port: FPort is there and not 0. */
void session_down_f_opts_crypt(struct lw_crypto *c, const struct session *s, bool has_app_port, uint32_t f_cnt,
                               uint8_t *buf, size_t len);

/* MIC of a downlink; conf_f_cnt is the counter of the confirmed uplink that its ACK bit acknowledges. */
void session_down_mic(struct lw_crypto *c, const struct session *s, uint32_t f_cnt, uint32_t conf_f_cnt,
                      const uint8_t *msg, size_t len, uint8_t mic[4]);

#endif
