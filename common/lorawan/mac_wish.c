#include "lorawan/mac_wish.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define CHANNELS 128

const struct mac_wish mac_wish_none = {
	.rx1_delay_s = MAC_WISH_NONE,
	.rx1_dr_offset = MAC_WISH_NONE,
	.rx2_dr = MAC_WISH_NONE,
	.max_duty_cycle = MAC_WISH_NONE,
	.dr = MAC_WISH_NONE,
	.tx_power = MAC_WISH_NONE,
	.nb_trans = MAC_WISH_NONE,
};

static int8_t first_set(int8_t own, int8_t common)
{
	return own != MAC_WISH_NONE ? own : common;
}

struct mac_wish mac_wish_merge(const struct mac_wish *common, const struct mac_wish *own)
{
	const struct mac_wish *channels = own->has_channels ? own : common;

	return (struct mac_wish){
		.rx1_delay_s = first_set(own->rx1_delay_s, common->rx1_delay_s),
		.rx1_dr_offset = first_set(own->rx1_dr_offset, common->rx1_dr_offset),
		.rx2_dr = first_set(own->rx2_dr, common->rx2_dr),
		.max_duty_cycle = first_set(own->max_duty_cycle, common->max_duty_cycle),
		.dr = first_set(own->dr, common->dr),
		.tx_power = first_set(own->tx_power, common->tx_power),
		.nb_trans = first_set(own->nb_trans, common->nb_trans),
		.rx2_freq_hz = own->rx2_freq_hz ? own->rx2_freq_hz : common->rx2_freq_hz,
		.has_channels = channels->has_channels,
		.channels = {channels->channels[0], channels->channels[1]},
	};
}

static bool has_no_number(const struct mac_wish *w)
{
	return w->rx1_delay_s == MAC_WISH_NONE && w->rx1_dr_offset == MAC_WISH_NONE && w->rx2_dr == MAC_WISH_NONE &&
	       w->max_duty_cycle == MAC_WISH_NONE && w->dr == MAC_WISH_NONE && w->tx_power == MAC_WISH_NONE &&
	       w->nb_trans == MAC_WISH_NONE;
}

bool mac_wish_is_none(const struct mac_wish *w)
{
	return has_no_number(w) && !w->has_channels && !w->rx2_freq_hz;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* A number of up to three digits below CHANNELS; NULL when there is none. */
static const char *read_number(const char *s, unsigned *out)
{
	unsigned n = 0, digits = 0;

	for (s = skip_blanks(s); *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
		n = n * 10 + (unsigned)(*s - '0');
	if (!digits || n >= CHANNELS)
		return NULL;
	*out = n;
	return skip_blanks(s);
}

int channel_list_parse(const char *text, uint64_t mask[2])
{
	uint64_t made[2] = {0, 0};
	const char *s = text;

	for (;;) {
		unsigned first, last;

		s = read_number(s, &first);
		if (!s)
			return LS_EFORMAT;
		last = first;
		if (*s == '-')
			s = read_number(s + 1, &last);
		if (!s || last < first)
			return LS_EFORMAT;
		for (unsigned i = first; i <= last; i++)
			made[i / 64] |= UINT64_C(1) << i % 64;
		if (!*s)
			break;
		if (*s++ != ',')
			return LS_EFORMAT;
	}
	memcpy(mask, made, sizeof(made));
	return LS_OK;
}

static bool has(const uint64_t mask[2], unsigned channel)
{
	return channel < CHANNELS && mask[channel / 64] >> channel % 64 & 1;
}

char *channel_list_format(const uint64_t mask[2], char buf[CHANNEL_LIST_SIZE])
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned first = 0; first < CHANNELS && len < CHANNEL_LIST_SIZE; first++) {
		unsigned last = first;

		if (!has(mask, first))
			continue;
		while (has(mask, last + 1))
			last++;
		len += (size_t)snprintf(buf + len, CHANNEL_LIST_SIZE - len, last > first ? "%s%u-%u" : "%s%u", len ? "," : "", first,
		                        last);
		first = last;
	}
	return buf;
}
