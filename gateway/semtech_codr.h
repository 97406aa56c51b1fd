/* semtech_codr.h - the protocol's words for coding rates; forwarders have several for some. */
#ifndef LS_GATEWAY_SEMTECH_CODR_H
#define LS_GATEWAY_SEMTECH_CODR_H

#include <stddef.h>

#include "lorawan/region.h"

/* CR_UNDEFINED for a word nobody uses. text need not end in NUL. */
enum code_rate semtech_codr_read(const char *text, size_t len);

/* The word to write; "4/5" for CR_UNDEFINED, NULL when the protocol has none. */
const char *semtech_codr_text(enum code_rate code_rate);

#endif
