#include "network/session_start.h"

/* Before 1.1 a device cannot say that it is of class C: its profile does. */
static uint8_t class_of(const struct profile *p)
{
	return p->supports_class_c && !mac_version_rules(p->mac_version)->is_1_1 ? CLASS_C : CLASS_A;
}

void session_start_abp(const struct profile *p, const struct region *region, struct session_up_row *up)
{
	struct tx_params rx2 = region_rx2_default(region);

	up->rx1_delay_s = p->abp_rx1_delay_s > 0 ? (uint8_t)p->abp_rx1_delay_s : 1;
	up->rx1_dr_offset = p->abp_rx1_dr_offset > 0 ? (uint8_t)p->abp_rx1_dr_offset : 0;
	up->rx2_dr = p->abp_rx2_dr >= 0 ? (uint8_t)p->abp_rx2_dr : rx2.dr;
	up->rx2_freq_hz = p->abp_rx2_freq_hz ? p->abp_rx2_freq_hz : rx2.freq_hz;
	up->device_class = class_of(p);
}

void session_start_otaa(const struct device *d, const struct region *region, struct session_up_row *up)
{
	struct mac_wish wish = d->wish ? mac_wish_merge(&d->profile->wish, d->wish) : d->profile->wish;
	const struct region_settings *settings = &region->settings;

	up->rx1_delay_s = wish.rx1_delay_s > 0 ? (uint8_t)wish.rx1_delay_s : settings->rx1_delay_s;
	up->rx1_dr_offset = settings->rx1_dr_offset;
	if (wish.rx1_dr_offset >= 0 && wish.rx1_dr_offset < region_params(region, d->profile->revision)->rx1->n_offsets)
		up->rx1_dr_offset = (uint8_t)wish.rx1_dr_offset;
	up->rx2_dr = settings->rx2_dr;
	if (wish.rx2_dr >= 0 && region_downlink_radio(region, d->profile->revision, wish.rx2_dr))
		up->rx2_dr = (uint8_t)wish.rx2_dr;
	up->device_class = class_of(d->profile);
}

/* Half the way around: with 16 bits what is farther ahead lies behind. */
#define MAX_GAP_16_BIT 0x8000u

uint32_t device_max_f_cnt_gap(const struct device *d)
{
	int64_t own = d->profile->max_fcnt_gap;
	uint32_t gap = own >= 0 ? (uint32_t)own : mac_version_rules(d->profile->mac_version)->max_f_cnt_gap;

	if (device_counts_16_bit(d) && (!gap || gap > MAX_GAP_16_BIT))
		return MAX_GAP_16_BIT;
	return gap;
}
