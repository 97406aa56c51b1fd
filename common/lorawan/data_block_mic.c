#include "lorawan/data_block_mic.h"

#include <string.h>

#include "lorawan/octets.h"

void data_block_derive_int_key(struct lw_crypto *c, const struct ls_key *root, struct ls_key *data_block_int_key)
{
	const uint8_t block[16] = {0x30};

	lw_aes_encrypt(c, root, block, data_block_int_key->b);
}

void data_block_mic(struct lw_crypto *c, const struct ls_key *data_block_int_key, const struct data_block_session *session,
		    const uint8_t *data, size_t len, uint8_t mic[4])
{
	uint8_t b0[16] = {0x49}, mac[16];

	put_le16(b0 + 1, session->session_cnt);
	b0[3] = session->frag_index;
	put_le32(b0 + 4, session->descriptor);
	put_le32(b0 + 12, (uint32_t)len);
	lw_cmac_of_two(c, data_block_int_key, b0, sizeof(b0), data, len, mac);
	memcpy(mic, mac, 4);
}
