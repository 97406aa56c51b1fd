/* mac_answer.h - the answers to MAC requests of an uplink that rest on its receptions. */
#ifndef LS_NETWORK_MAC_ANSWER_H
#define LS_NETWORK_MAC_ANSWER_H

#include "network/internal.h"

/* Writes LinkCheckAns, DeviceTimeAns, RekeyConf and ResetConf as asked for; the octets written. The receptions resolved before. */
size_t mac_answers(const struct answer_wish *w, const struct device *d, const struct region *region, uint8_t out[15]);

#endif
