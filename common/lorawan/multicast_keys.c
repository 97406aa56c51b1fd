#include "lorawan/multicast_keys.h"

#include "lorawan/octets.h"

/* AES(key, first | value (4 LE) | 11 zero octets): the form of every rule here. */
static void derive(struct lw_crypto *c, const struct ls_key *key, uint8_t first, uint32_t value, struct ls_key *out)
{
	uint8_t block[16] = {first};

	put_le32(block + 1, value);
	lw_aes_encrypt(c, key, block, out->b);
}

void mc_derive_root_key_10(struct lw_crypto *c, const struct ls_key *gen_app_key, struct ls_key *mc_root_key)
{
	derive(c, gen_app_key, 0x00, 0, mc_root_key);
}

void mc_derive_root_key_11(struct lw_crypto *c, const struct ls_key *app_key, struct ls_key *mc_root_key)
{
	derive(c, app_key, 0x20, 0, mc_root_key);
}

void mc_derive_ke_key(struct lw_crypto *c, const struct ls_key *mc_root_key, struct ls_key *mc_ke_key)
{
	derive(c, mc_root_key, 0x00, 0, mc_ke_key);
}

void mc_key_encrypt(struct lw_crypto *c, const struct ls_key *mc_ke_key, const struct ls_key *mc_key, uint8_t out[16])
{
	lw_aes_decrypt(c, mc_ke_key, mc_key->b, out);
}

void mc_derive_app_s_key(struct lw_crypto *c, const struct ls_key *mc_key, uint32_t mc_addr, struct ls_key *out)
{
	derive(c, mc_key, 0x01, mc_addr, out);
}

void mc_derive_net_s_key(struct lw_crypto *c, const struct ls_key *mc_key, uint32_t mc_addr, struct ls_key *out)
{
	derive(c, mc_key, 0x02, mc_addr, out);
}
