/* drop_reason.h - why a frame was dropped: the closed list of drop_reason.def. */
#ifndef LS_NETWORK_DROP_REASON_H
#define LS_NETWORK_DROP_REASON_H

enum drop_reason {
	DROP_NONE,
#define DROP(symbol, name, words, hint) DROP_##symbol,
#include "network/drop_reason.def"
#undef DROP
	DROP__COUNT
};

const char *drop_reason_name(enum drop_reason reason);  /* "mic_mismatch"; NULL for DROP_NONE */
const char *drop_reason_words(enum drop_reason reason); /* a sentence */
const char *drop_reason_hint(enum drop_reason reason);  /* what to do next */

#endif
