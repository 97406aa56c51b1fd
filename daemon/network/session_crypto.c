#include "network/session_crypto.h"

#include <string.h>

#define F_PORT_RELAY 226 /* the network's, like 0 */

bool session_up_mic_fits(struct lw_crypto *c, const struct session *s, const uint8_t *phy, const struct phy_data *f,
                         uint32_t f_cnt)
{
	uint8_t mic[4];

	lw_mic_data(c, &s->keys.f_nwk_s_int_key, LW_UP, s->dev_addr, f_cnt, phy, f->msg_len, mic);
	if (s->is_1_1)
		return !memcmp(mic, f->mic + 2, 2);
	return !memcmp(mic, f->mic, 4);
}

bool session_up_tx_fits(struct lw_crypto *c, const struct session *s, const uint8_t *phy, const struct phy_data *f,
                        uint32_t f_cnt, struct lw_up_tx tx)
{
	uint8_t half[2];

	lw_mic_up_11(c, &s->keys.s_nwk_s_int_key, s->dev_addr, f_cnt, tx, phy, f->msg_len, half);
	return !memcmp(half, f->mic, 2);
}

void session_payload_crypt(struct lw_crypto *c, const struct session *s, enum lw_direction dir, int f_port,
                           uint32_t f_cnt, uint8_t *buf, size_t len)
{
	bool is_network = f_port == 0 || f_port == F_PORT_RELAY;

	lw_frm_payload_crypt(c, is_network ? &s->keys.nwk_s_enc_key : &s->keys.app_s_key, dir, s->dev_addr, f_cnt, buf, len);
}

void session_up_f_opts_crypt(struct lw_crypto *c, const struct session *s, enum lw_f_opts_form form, uint32_t f_cnt,
                             uint8_t *buf, size_t len)
{
	if (s->is_1_1 && len)
		lw_f_opts_crypt(c, &s->keys.nwk_s_enc_key, form, F_OPTS_F_CNT_UP, s->dev_addr, f_cnt, buf, len);
}

void session_down_f_opts_crypt(struct lw_crypto *c, const struct session *s, bool has_app_port, uint32_t f_cnt,
                               uint8_t *buf, size_t len)
{
	enum lw_f_opts_form form = s->up.f_opts_form == F_OPTS_KNOWN_ORIGINAL ? F_OPTS_ORIGINAL : F_OPTS_ERRATUM;

	if (s->is_1_1 && len)
		lw_f_opts_crypt(c, &s->keys.nwk_s_enc_key, form, has_app_port ? F_OPTS_A_F_CNT_DOWN : F_OPTS_N_F_CNT_DOWN,
		                s->dev_addr, f_cnt, buf, len);
}

void session_down_mic(struct lw_crypto *c, const struct session *s, uint32_t f_cnt, uint32_t conf_f_cnt,
                      const uint8_t *msg, size_t len, uint8_t mic[4])
{
	if (s->is_1_1)
		lw_mic_down_11(c, &s->keys.s_nwk_s_int_key, s->dev_addr, f_cnt, (uint16_t)conf_f_cnt, msg, len, mic);
	else
		lw_mic_data(c, &s->keys.f_nwk_s_int_key, LW_DOWN, s->dev_addr, f_cnt, msg, len, mic);
}
