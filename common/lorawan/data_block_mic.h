/* data_block_mic.h - integrity of a fragmented data block (TS004-2.0, frames.md 11.6). */
#ifndef LS_LORAWAN_DATA_BLOCK_MIC_H
#define LS_LORAWAN_DATA_BLOCK_MIC_H

#include "lorawan/crypto.h"

/* From GenAppKey (1.0.x) or AppKey (1.1). */
void data_block_derive_int_key(struct lw_crypto *c, const struct ls_key *root, struct ls_key *data_block_int_key);

/* The fragmentation session that carries the block. */
struct data_block_session {
	uint16_t session_cnt;
	uint8_t frag_index;
	uint32_t descriptor;
};

/* MIC of the whole block, without the padding of its last fragment. */
void data_block_mic(struct lw_crypto *c, const struct ls_key *data_block_int_key, const struct data_block_session *session,
                    const uint8_t *data, size_t len, uint8_t mic[4]);

#endif
