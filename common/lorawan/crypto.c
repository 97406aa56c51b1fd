/*
 * Two libgcrypt handles are opened once and re-keyed for every call: opening one costs more
 * than the CMAC of a frame. Both keep the last key in the library's memory until the next
 * setkey or the close, which wipes it.
 *
 * Once the handles are open no call can fail: keys have the right length, buffers are whole
 * blocks. A failure would be our own bug, hence the asserts.
 */
#include "lorawan/crypto.h"

#include <assert.h>
#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

#define BLOCK 16

struct lw_crypto {
	gcry_cipher_hd_t ecb;
	gcry_mac_hd_t cmac;
};

static int init_libgcrypt(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return LS_OK;
	if (!gcry_check_version("1.8.0"))
		return LS_EBUG;
	/* No locked memory: session keys lie in our own structs by the hundred thousand anyway. */
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return LS_OK;
}

int lw_crypto_open(struct lw_crypto **out)
{
	struct lw_crypto *c;
	int rc = init_libgcrypt();

	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c)
		return LS_ENOMEM;
	if (gcry_cipher_open(&c->ecb, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0) ||
	    gcry_mac_open(&c->cmac, GCRY_MAC_CMAC_AES, 0, NULL)) {
		lw_crypto_close(c);
		return LS_EBUG;
	}
	*out = c;
	return LS_OK;
}

void lw_crypto_close(struct lw_crypto *c)
{
	if (!c)
		return;
	gcry_mac_close(c->cmac); /* NULL is fine for both */
	gcry_cipher_close(c->ecb);
	free(c);
}

static void must(gcry_error_t e)
{
	assert(e == 0);
	(void)e;
}

static void ecb_set_key(struct lw_crypto *c, const struct ls_key *key)
{
	must(gcry_cipher_setkey(c->ecb, key->b, sizeof(key->b)));
}

void lw_aes_encrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t in[16], uint8_t out[16])
{
	ecb_set_key(c, key);
	must(gcry_cipher_encrypt(c->ecb, out, BLOCK, in, BLOCK));
}

void lw_aes_decrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t in[16], uint8_t out[16])
{
	ecb_set_key(c, key);
	must(gcry_cipher_decrypt(c->ecb, out, BLOCK, in, BLOCK));
}

void lw_cmac_of_two(struct lw_crypto *c, const struct ls_key *key, const uint8_t *head, size_t head_len,
		    const uint8_t *msg, size_t len, uint8_t mac[16])
{
	size_t mac_len = BLOCK;

	must(gcry_mac_setkey(c->cmac, key->b, sizeof(key->b)));
	must(gcry_mac_reset(c->cmac));
	if (head_len)
		must(gcry_mac_write(c->cmac, head, head_len));
	if (len)
		must(gcry_mac_write(c->cmac, msg, len));
	must(gcry_mac_read(c->cmac, mac, &mac_len));
}

void lw_cmac(struct lw_crypto *c, const struct ls_key *key, const uint8_t *msg, size_t len, uint8_t mac[16])
{
	lw_cmac_of_two(c, key, NULL, 0, msg, len, mac);
}

/*
 * What B0 of the MIC and A_i of the payload cipher have in common (frames.md 4 and 6):
 *
 *   first (1) | 00 00 00 00 | Dir (1) | DevAddr (4) | FCnt (4) | 00 | last (1)
 */
static void frame_block(uint8_t block[BLOCK], uint8_t first, enum lw_direction dir, uint32_t dev_addr,
			uint32_t f_cnt, uint8_t last)
{
	memset(block, 0, BLOCK);
	block[0] = first;
	block[5] = (uint8_t)dir;
	put_le32(block + 6, dev_addr);
	put_le32(block + 10, f_cnt);
	block[15] = last;
}

void lw_mic_data(struct lw_crypto *c, const struct ls_key *nwk_s_key, enum lw_direction dir, uint32_t dev_addr,
		 uint32_t f_cnt, const uint8_t *msg, size_t len, uint8_t mic[4])
{
	uint8_t b0[BLOCK], mac[BLOCK];

	frame_block(b0, 0x49, dir, dev_addr, f_cnt, (uint8_t)len);
	lw_cmac_of_two(c, nwk_s_key, b0, sizeof(b0), msg, len, mac);
	memcpy(mic, mac, 4);
}

/* Bit 5 of FCtrl, which both directions have. */
static uint16_t acknowledged(const uint8_t *msg, uint16_t conf_f_cnt)
{
	return msg[5] & 0x20 ? conf_f_cnt : 0;
}

/* B0 and B1 of 1.1 use the octets that 1.0.x leaves zero: ConfFCnt (2), TxDr (1), TxCh (1). */
void lw_mic_up_11(struct lw_crypto *c, const struct ls_key *s_nwk_s_int_key, uint32_t dev_addr, uint32_t f_cnt,
		  struct lw_up_tx tx, const uint8_t *msg, size_t len, uint8_t half[2])
{
	uint8_t b1[BLOCK], mac[BLOCK];

	frame_block(b1, 0x49, LW_UP, dev_addr, f_cnt, (uint8_t)len);
	put_le16(b1 + 1, acknowledged(msg, tx.conf_f_cnt));
	b1[3] = tx.dr;
	b1[4] = tx.channel;
	lw_cmac_of_two(c, s_nwk_s_int_key, b1, sizeof(b1), msg, len, mac);
	memcpy(half, mac, 2);
}

void lw_mic_down_11(struct lw_crypto *c, const struct ls_key *s_nwk_s_int_key, uint32_t dev_addr, uint32_t f_cnt,
		    uint16_t conf_f_cnt, const uint8_t *msg, size_t len, uint8_t mic[4])
{
	uint8_t b0[BLOCK], mac[BLOCK];

	frame_block(b0, 0x49, LW_DOWN, dev_addr, f_cnt, (uint8_t)len);
	put_le16(b0 + 1, acknowledged(msg, conf_f_cnt));
	lw_cmac_of_two(c, s_nwk_s_int_key, b0, sizeof(b0), msg, len, mac);
	memcpy(mic, mac, 4);
}

void lw_mic_join_request(struct lw_crypto *c, const struct ls_key *key, const uint8_t *msg, size_t len,
			 uint8_t mic[4])
{
	uint8_t mac[BLOCK];

	lw_cmac(c, key, msg, len, mac);
	memcpy(mic, mac, 4);
}

static const uint8_t join_accept_mhdr = M_TYPE_JOIN_ACCEPT << 5;

void lw_mic_join_accept_10(struct lw_crypto *c, const struct ls_key *key, const uint8_t *body, size_t len,
			   uint8_t mic[4])
{
	uint8_t mac[BLOCK];

	lw_cmac_of_two(c, key, &join_accept_mhdr, 1, body, len, mac);
	memcpy(mic, mac, 4);
}

static void put_eui(uint8_t *at, struct eui64 eui)
{
	struct eui64 le = eui64_reverse(eui);

	memcpy(at, le.be, sizeof(le.be));
}

void lw_mic_join_accept_11(struct lw_crypto *c, const struct ls_key *js_int_key, const struct lw_join_answered *answered,
			   const uint8_t *body, size_t len, uint8_t mic[4])
{
	uint8_t head[12] = {answered->join_req_type}, mac[BLOCK];

	put_eui(head + 1, answered->join_eui);
	put_le16(head + 9, answered->dev_nonce);
	head[11] = join_accept_mhdr;
	lw_cmac_of_two(c, js_int_key, head, sizeof(head), body, len, mac);
	memcpy(mic, mac, 4);
}

size_t lw_join_accept_encrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *body, size_t body_len,
			      const uint8_t mic[4], uint8_t phy[33])
{
	uint8_t plain[2 * BLOCK];
	size_t len = body_len + 4;

	assert(len == BLOCK || len == 2 * BLOCK);
	memcpy(plain, body, body_len);
	memcpy(plain + body_len, mic, 4);
	phy[0] = join_accept_mhdr;
	ecb_set_key(c, key);
	must(gcry_cipher_decrypt(c->ecb, phy + 1, len, plain, len));
	return 1 + len;
}

int lw_join_accept_decrypt(struct lw_crypto *c, const struct ls_key *key, const uint8_t *phy, size_t len,
			   uint8_t plain[32])
{
	if (len != 1 + BLOCK && len != 1 + 2 * BLOCK)
		return LS_ESHORT;
	ecb_set_key(c, key);
	must(gcry_cipher_encrypt(c->ecb, plain, len - 1, phy + 1, len - 1));
	return LS_OK;
}

void lw_frm_payload_crypt(struct lw_crypto *c, const struct ls_key *key, enum lw_direction dir, uint32_t dev_addr,
			  uint32_t f_cnt, uint8_t *buf, size_t len)
{
	uint8_t stream[16 * BLOCK]; /* enough for any frame; a call for all of it is faster than one for each block */
	uint8_t i = 1;

	if (!len)
		return;
	ecb_set_key(c, key);
	while (len) {
		size_t n = len < sizeof(stream) ? len : sizeof(stream);
		size_t blocks = (n + BLOCK - 1) / BLOCK;

		for (size_t b = 0; b < blocks; b++)
			frame_block(stream + b * BLOCK, 0x01, dir, dev_addr, f_cnt, i++);
		must(gcry_cipher_encrypt(c->ecb, stream, blocks * BLOCK, NULL, 0));
		for (size_t k = 0; k < n; k++)
			buf[k] ^= stream[k];
		buf += n;
		len -= n;
	}
}

void lw_f_opts_crypt(struct lw_crypto *c, const struct ls_key *nwk_s_enc_key, enum lw_f_opts_form form,
		     enum lw_f_opts_counter counter, uint32_t dev_addr, uint32_t f_cnt, uint8_t *buf, size_t len)
{
	bool has_erratum = form == F_OPTS_ERRATUM;
	uint8_t block[BLOCK];

	assert(len <= BLOCK);
	frame_block(block, 0x01, counter == F_OPTS_F_CNT_UP ? LW_UP : LW_DOWN, dev_addr, f_cnt, has_erratum);
	if (has_erratum)
		block[4] = counter == F_OPTS_A_F_CNT_DOWN ? 2 : 1;
	lw_aes_encrypt(c, nwk_s_enc_key, block, block);
	for (size_t i = 0; i < len; i++)
		buf[i] ^= block[i];
}

void lw_derive_keys_10(struct lw_crypto *c, const struct ls_key *root, uint32_t join_nonce, uint32_t net_id,
		       uint16_t dev_nonce, struct ls_key *nwk_s_key, struct ls_key *app_s_key)
{
	uint8_t block[BLOCK] = {0x01};
	struct ls_key kept = *root; /* an output may be the same object */

	put_le24(block + 1, join_nonce);
	put_le24(block + 4, net_id);
	put_le16(block + 7, dev_nonce);
	lw_aes_encrypt(c, &kept, block, nwk_s_key->b);
	block[0] = 0x02;
	lw_aes_encrypt(c, &kept, block, app_s_key->b);
	key_wipe(&kept);
}

void lw_derive_key_11(struct lw_crypto *c, const struct ls_key *root, enum lw_key_11 which, uint32_t join_nonce,
		      const struct lw_join_answered *answered, struct ls_key *out)
{
	uint8_t block[BLOCK] = {(uint8_t)which};

	put_le24(block + 1, join_nonce);
	put_eui(block + 4, answered->join_eui);
	put_le16(block + 12, answered->dev_nonce);
	lw_aes_encrypt(c, root, block, out->b);
}

void lw_derive_js_keys(struct lw_crypto *c, const struct ls_key *nwk_key, struct eui64 dev_eui,
		       struct ls_key *js_enc_key, struct ls_key *js_int_key)
{
	uint8_t block[BLOCK] = {0x05};

	put_eui(block + 1, dev_eui);
	lw_aes_encrypt(c, nwk_key, block, js_enc_key->b);
	block[0] = 0x06;
	lw_aes_encrypt(c, nwk_key, block, js_int_key->b);
}
