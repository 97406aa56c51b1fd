#include "lorawan/relay_keys.h"

#include "lorawan/octets.h"

void relay_derive_root_wor_s_key(struct lw_crypto *c, const struct ls_key *nwk_s_key, struct ls_key *root_wor_s_key)
{
	const uint8_t block[16] = {0x01};

	lw_aes_encrypt(c, nwk_s_key, block, root_wor_s_key->b);
}

void relay_derive_wor_keys(struct lw_crypto *c, const struct ls_key *root_wor_s_key, uint32_t dev_addr,
			   struct ls_key *wor_s_int_key, struct ls_key *wor_s_enc_key)
{
	uint8_t block[16] = {0x01};

	put_le32(block + 1, dev_addr);
	lw_aes_encrypt(c, root_wor_s_key, block, wor_s_int_key->b);
	block[0] = 0x02;
	lw_aes_encrypt(c, root_wor_s_key, block, wor_s_enc_key->b);
}
