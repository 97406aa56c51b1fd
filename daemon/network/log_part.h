/* log_part.h - what the texts of events and frames are made of. Small and on the hot path, so they are inline. */
#ifndef LS_NETWORK_LOG_PART_H
#define LS_NETWORK_LOG_PART_H

#include <string.h>

#include "base/eui.h"
#include "base/hex.h"
#include "base/text_buf.h"
#include "lorawan/region.h"

#define LITERAL(t, s) TEXT_PUT_LITERAL(t, s)

/* Longest an EUI gets: 16 digits and quotes. */
#define EUI_TEXT_MAX 18

static inline char *at_eui(char *p, struct eui64 eui)
{
	*p++ = '"';
	p = hex_at_4(hex_at_4(p, eui.be), eui.be + 4);
	*p++ = '"';
	return p;
}

/* Tenths with their one decimal: 105 is 10.5. */
static inline char *at_tenths(char *p, int v)
{
	unsigned tenths = (unsigned)(v < 0 ? -v : v);

	if (v < 0)
		*p++ = '-';
	p = text_at_u64(p, tenths / 10);
	*p++ = '.';
	*p++ = (char)('0' + tenths % 10);
	return p;
}

static inline void put_eui(struct text_buf *t, struct eui64 eui)
{
	char *p = text_buf_reserve(t, EUI_TEXT_MAX);

	if (p)
		text_buf_end(t, at_eui(p, eui));
}

static inline void put_addr(struct text_buf *t, uint32_t dev_addr)
{
	uint8_t be[4] = {(uint8_t)(dev_addr >> 24), (uint8_t)(dev_addr >> 16), (uint8_t)(dev_addr >> 8),
	                 (uint8_t)dev_addr};

	text_putc(t, '"');
	text_put_hex(t, be, sizeof(be));
	text_putc(t, '"');
}

static inline void put_text(struct text_buf *t, const char *s)
{
	text_put_json(t, s, strlen(s));
}

/* gw.Modulation of ChirpStack; polarization inversion is a matter of downlinks. */
void put_modulation(struct text_buf *t, const struct radio *radio, bool down);

#endif
