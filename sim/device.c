#include "device.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/dev_addr.h"
#include "lorawan/mac.h"
#include "payload.h"

#define JOIN_ACCEPT_SHORT 17
#define JOIN_ACCEPT_LONG 33
#define APPLICATION_PORT_MAX 223

/* ---- channels ---- */

struct pick {
	uint32_t freq_hz;
	uint8_t channel;
};

static bool mask_has(const uint16_t *mask, unsigned channel)
{
	return mask[channel / 16] >> (channel % 16) & 1;
}

/* Channels of a fixed plan in `mask` that take data rate dr (any dr when -1). */
static size_t list_fixed(const struct region_params *params, const uint16_t *mask, int dr, struct pick *out)
{
	size_t n = 0;

	for (unsigned r = 0; r < params->n_uplink_runs; r++) {
		const struct channel_run *run = &params->uplink_runs[r];

		if (dr >= 0 && (dr < run->min_dr || dr > run->max_dr))
			continue;
		for (unsigned i = 0; i < run->count; i++) {
			unsigned channel = run->first_index + i;

			if (channel < 16 * CHANNEL_MASKS && mask_has(mask, channel))
				out[n++] = (struct pick){run->base_hz + i * run->step_hz, (uint8_t)channel};
		}
	}
	return n;
}

/* Default channels and those of a CFList (NULL: none), which take DR0 to DR5 by definition. */
static size_t list_dynamic(const struct region_table *t, const uint32_t extra_hz[5], int dr, struct pick *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < t->n_default_channels; i++) {
		const struct channel *ch = &t->default_channels[i];

		if (dr < 0 || (dr >= ch->min_dr && dr <= ch->max_dr))
			out[n++] = (struct pick){ch->freq_hz, (uint8_t)i};
	}
	for (unsigned i = 0; extra_hz && i < 5; i++) {
		if (extra_hz[i] && dr <= 5)
			out[n++] = (struct pick){extra_hz[i], (uint8_t)(t->n_default_channels + i)};
	}
	return n;
}

static struct pick pick_channel(const struct device_profile *p, const struct device *d, bool is_join, int dr,
                                struct prng *prng)
{
	const struct region_table *t = p->region;
	struct pick all[16 * CHANNEL_MASKS];
	size_t n;

	if (t->is_fixed_plan) {
		n = list_fixed(p->params, is_join ? p->sub_band_mask : d->mask, dr, all);
		/* A mask without a channel for this rate: a tester asked for it, so send where the rate is legal. */
		if (!n)
			n = list_fixed(p->params, p->sub_band_mask, dr, all);
		if (!n)
			n = list_fixed(p->params, p->sub_band_mask, -1, all);
	} else {
		n = list_dynamic(t, is_join ? NULL : d->extra_hz, dr, all);
		/* EU868 DR6 to DR11 need channels that only NewChannelReq can give: any channel will do. */
		if (!n)
			n = list_dynamic(t, d->extra_hz, -1, all);
	}
	return all[prng_below(prng, n)];
}

/* Dynamic plans join at the data rate of the run; fixed plans take their join rates in turn. */
static uint8_t join_data_rate(const struct device_profile *p, const struct device *d)
{
	uint16_t mask = p->params->join_dr_mask;
	unsigned n = (unsigned)__builtin_popcount(mask), skip;
	uint8_t dr = 0;

	if (!p->region->is_fixed_plan) {
		if (mask >> p->data_rate & 1)
			return p->data_rate;
		skip = n - 1;
	} else {
		skip = n ? d->tries % n : 0;
	}
	for (; dr < REGION_DR_MAX; dr++) {
		if ((mask >> dr & 1) && !skip--)
			return dr;
	}
	return 0;
}

/* Channels a device has before a CFList. */
static void reset_channels(const struct device_profile *p, struct device *d)
{
	if (p->region->is_fixed_plan)
		memcpy(d->mask, p->sub_band_mask, sizeof(d->mask));
	else
		memset(d->extra_hz, 0, sizeof(d->extra_hz));
}

/* ---- sending ---- */

void device_activate(const struct device_profile *p, struct device *d, uint32_t dev_addr,
                     const struct ls_key *nwk_s_key, const struct ls_key *app_s_key, uint32_t f_cnt_up)
{
	d->nwk_s_key = *nwk_s_key;
	d->app_s_key = *app_s_key;
	d->dev_addr = dev_addr;
	d->f_cnt_up = f_cnt_up;
	d->f_cnt_down = 0;
	d->rx1_delay_s = 1;
	d->rx1_dr_offset = 0;
	d->rx2_dr = p->region->rx2_dr;
	d->ack_due = d->ack_sent = d->is_pending = false;
	d->tries = 0;
	d->state = DEVICE_JOINED;
	reset_channels(p, d);
}

static void put_eui_le(uint8_t *out, struct eui64 eui)
{
	struct eui64 le = eui64_reverse(eui);

	memcpy(out, le.be, 8);
}

void device_write_join_request(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                               struct eui64 dev_eui, const struct ls_key *app_key, struct prng *prng,
                               struct uplink *out)
{
	uint8_t dr = join_data_rate(p, d);
	struct pick pick = pick_channel(p, d, true, dr, prng);

	out->phy[0] = M_TYPE_JOIN_REQUEST << 5;
	put_eui_le(out->phy + 1, p->join_eui);
	put_eui_le(out->phy + 9, dev_eui);
	out->phy[17] = (uint8_t)d->dev_nonce;
	out->phy[18] = (uint8_t)(d->dev_nonce >> 8);
	lw_mic_join_request(c, app_key, out->phy, 19, out->phy + 19);
	out->len = 23;
	out->tx = (struct transmission){.freq_hz = pick.freq_hz, .channel = pick.channel, .dr = dr, .is_join = true};
}

/* The frame of counter f_cnt with what the device remembers of its payload. */
static void write_data(const struct device_profile *p, struct lw_crypto *c, const struct device *d, uint32_t f_cnt,
                       bool confirmed, struct prng *prng, struct uplink *out)
{
	struct pick pick = pick_channel(p, d, false, p->data_rate, prng);
	uint8_t payload[PHY_MAX];
	struct phy_data f = {
	        .m_type = confirmed ? M_TYPE_CONFIRMED_UP : M_TYPE_UNCONFIRMED_UP,
	        .dev_addr = d->dev_addr,
	        .ack = d->ack_sent,
	        .f_cnt = (uint16_t)f_cnt,
	        .f_port = p->f_port,
	        .frm_payload = payload,
	        .frm_payload_len = p->payload_size,
	};

	payload_write(payload, p->payload_size, d->payload_seq, d->payload_ns);
	lw_frm_payload_crypt(c, &d->app_s_key, LW_UP, d->dev_addr, f_cnt, payload, p->payload_size);
	/* Cannot fail: options.c limits the payload to what the data rate carries. */
	if (phy_write_data(&f, out->phy, sizeof(out->phy), &out->len))
		out->len = 0;
	lw_mic_data(c, &d->nwk_s_key, LW_UP, d->dev_addr, f_cnt, out->phy, out->len, out->phy + out->len);
	out->len += 4;
	out->tx = (struct transmission){.freq_hz = pick.freq_hz,
	                                .f_cnt = f_cnt,
	                                .channel = pick.channel,
	                                .dr = p->data_rate,
	                                .is_confirmed = confirmed};
}

void device_write_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, bool confirmed,
                         uint32_t seq, uint64_t now_ns, struct prng *prng, struct uplink *out)
{
	uint32_t f_cnt = d->f_cnt_up++;

	d->ack_sent = d->ack_due;
	d->ack_due = false;
	d->is_pending = confirmed;
	d->tries = 1;
	d->payload_seq = seq;
	d->payload_ns = now_ns;
	write_data(p, c, d, f_cnt, confirmed, prng, out);
}

void device_repeat_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, struct prng *prng,
                          struct uplink *out)
{
	d->tries++;
	write_data(p, c, d, d->f_cnt_up - 1, true, prng, out);
}

/* ---- receiving ---- */

uint64_t device_window_delay(const struct device *d, bool is_join, int window)
{
	uint64_t rx1 = is_join ? JOIN_ACCEPT_DELAY1_US : (uint64_t)d->rx1_delay_s * 1000000;

	return window == 1 ? rx1 : rx1 + RX2_AFTER_RX1_US;
}

static int wrong(struct heard *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct heard *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
	return LS_EINVAL;
}

static bool radio_same(const struct radio *a, const struct radio *b)
{
	if (a->modulation != b->modulation)
		return false;
	return a->modulation == MOD_FSK ? a->bit_rate == b->bit_rate : a->sf == b->sf && a->bandwidth_hz == b->bandwidth_hz;
}

static const char *radio_text(const struct radio *r, char *buf, size_t size)
{
	if (r->modulation == MOD_FSK)
		snprintf(buf, size, "FSK %" PRIu32, r->bit_rate);
	else
		snprintf(buf, size, "SF%uBW%" PRIu32, r->sf, r->bandwidth_hz / 1000);
	return buf;
}

/* Frequency and data rate of the window (TS001 section 3.3, RP002 RX1 tables); *dr is that rate. */
static int check_window(const struct device_profile *p, const struct device *d, const struct transmission *tx,
                        int window, const struct downlink *down, struct heard *out, uint8_t *dr)
{
	const struct region_table *t = p->region;
	uint32_t freq_hz;
	char is[24], want[24];
	int want_dr;

	if (window == 1) {
		const struct channel_run *run = t->downlink_runs;

		want_dr = p->params->rx1->dr[tx->dr][tx->is_join ? 0 : d->rx1_dr_offset];
		freq_hz = t->rx1_same_frequency ? tx->freq_hz
		                                : run->base_hz + (uint32_t)(tx->channel % run->count) * run->step_hz;
	} else {
		want_dr = tx->is_join ? t->rx2_dr : d->rx2_dr;
		freq_hz = t->rx2_freq_hz;
	}
	if (want_dr < 0)
		return wrong(out, "the region gives no RX1 for an uplink at DR%u", tx->dr);
	if (down->freq_hz != freq_hz)
		return wrong(out, "RX%d frequency %" PRIu32 " Hz, expected %" PRIu32 " Hz", window, down->freq_hz, freq_hz);
	if (!radio_same(&down->radio, &p->params->down_rates[want_dr].radio))
		return wrong(out, "RX%d data rate %s, expected %s (DR%d)", window, radio_text(&down->radio, is, sizeof(is)),
		             radio_text(&p->params->down_rates[want_dr].radio, want, sizeof(want)), want_dr);
	*dr = (uint8_t)want_dr;
	return LS_OK;
}

static uint32_t rd_le24(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
}

/* The channels a CFList gives; *d is only changed when all of it is right. */
static int take_cf_list(const struct device_profile *p, struct device *d, const uint8_t cf[16], struct heard *out)
{
	const struct region_table *t = p->region;
	uint32_t hz[5];
	uint16_t mask[CHANNEL_MASKS];
	unsigned on = 0;

	if ((int8_t)cf[15] != p->params->cf_list_type)
		return wrong(out, "CFList type %u, the region has type %d", cf[15], p->params->cf_list_type);
	if (cf[15] == 0) {
		for (unsigned i = 0; i < 5; i++) {
			hz[i] = rd_le24(cf + 3 * i) * t->freq_step_hz;
			if (hz[i] && (hz[i] < t->freq_min_hz || hz[i] > t->freq_max_hz))
				return wrong(out, "CFList frequency %" PRIu32 " Hz is outside the band", hz[i]);
		}
		memcpy(d->extra_hz, hz, sizeof(hz));
		return LS_OK;
	}
	if (!p->rules->has_cf_list_type1)
		return wrong(out, "CFList type 1 for a device of version %s", p->rules->name);
	for (unsigned i = 0; i < CHANNEL_MASKS; i++) {
		mask[i] = (uint16_t)(cf[2 * i] | cf[2 * i + 1] << 8);
		on += (unsigned)__builtin_popcount(mask[i]);
	}
	if (!on)
		return wrong(out, "CFList leaves no channel on");
	for (unsigned i = 2 * CHANNEL_MASKS; i < 15; i++) {
		if (cf[i])
			return wrong(out, "CFList octet %u is %02x, reserved octets are 0", i, cf[i]);
	}
	if (mask[4] >> 8)
		return wrong(out, "CFList mask 4 has bits over channel 71");
	memcpy(d->mask, mask, sizeof(mask));
	return LS_OK;
}

int device_hear_join_accept(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                            const struct ls_key *app_key, const struct transmission *tx, int window,
                            const struct downlink *down, struct heard *out)
{
	uint8_t plain[32], mic[4], dr;
	struct phy_join_accept a;
	struct dev_addr_prefix block;
	struct ls_key nwk_s_key, app_s_key;
	struct device next = *d;
	uint32_t prefix_mask;
	int rc;

	out->window = window;
	rc = check_window(p, d, tx, window, down, out, &dr);
	if (rc)
		return rc;
	if (d->state == DEVICE_JOINED)
		return wrong(out, "join accept for a device that has joined and not asked again");
	if (down->len != JOIN_ACCEPT_SHORT && down->len != JOIN_ACCEPT_LONG)
		return wrong(out, "join accept of %zu octets, 17 or 33 are right", down->len);
	if (down->phy[0] != M_TYPE_JOIN_ACCEPT << 5)
		return wrong(out, "join accept begins with %02x", down->phy[0]);
	if (lw_join_accept_decrypt(c, app_key, down->phy, down->len, plain))
		return wrong(out, "join accept cannot be decrypted");
	lw_mic_join_accept_10(c, app_key, plain, down->len - 5, mic);
	if (memcmp(mic, plain + down->len - 5, 4))
		return wrong(out, "MIC of the join accept does not fit the AppKey");
	if (phy_parse_join_accept_body(plain, down->len - 5, &a))
		return wrong(out, "join accept cannot be read");
	if (a.join_nonce <= d->join_nonce)
		return wrong(out, "JoinNonce %" PRIu32 " is not over the last one, %" PRIu32, a.join_nonce, d->join_nonce);
	if (a.opt_neg)
		return wrong(out, "OptNeg is set for a 1.0 device");
	if (p->has_net_id && a.net_id != p->net_id)
		return wrong(out, "NetID %06" PRIx32 ", expected %06" PRIx32, a.net_id, p->net_id);
	block = dev_addr_prefix_of_net_id(a.net_id);
	prefix_mask = ~(uint32_t)0 << (32 - block.prefix_len);
	if ((a.dev_addr & prefix_mask) != block.prefix)
		return wrong(out, "DevAddr %08" PRIx32 " is not of NetID %06" PRIx32, a.dev_addr, a.net_id);
	if (a.rx1_dr_offset >= p->params->rx1->n_offsets)
		return wrong(out, "RX1DROffset %u does not exist in the region", a.rx1_dr_offset);
	if (a.rx2_dr >= REGION_DR_MAX || !p->params->down_rates[a.rx2_dr].downlink)
		return wrong(out, "RX2 data rate %u does not exist in the region", a.rx2_dr);
	if (a.rx_delay > 15)
		return wrong(out, "RxDelay %u s", a.rx_delay);

	lw_derive_keys_10(c, app_key, a.join_nonce, a.net_id, d->dev_nonce, &nwk_s_key, &app_s_key);
	device_activate(p, &next, a.dev_addr, &nwk_s_key, &app_s_key, 0);
	next.join_nonce = a.join_nonce;
	next.rx1_delay_s = a.rx_delay ? a.rx_delay : 1;
	next.rx1_dr_offset = a.rx1_dr_offset;
	next.rx2_dr = a.rx2_dr;
	if (a.has_cf_list) {
		rc = take_cf_list(p, &next, a.cf_list, out);
		if (rc)
			return rc;
	}
	out->net_id = a.net_id;
	*d = next;
	return LS_OK;
}

static bool mic_fits(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy,
                     uint32_t f_cnt)
{
	uint8_t mic[4];

	lw_mic_data(c, &d->nwk_s_key, LW_DOWN, d->dev_addr, f_cnt, phy, f->msg_len, mic);
	return !memcmp(mic, f->mic, 4);
}

/* The smallest counter at or over `least` with these low 16 bits; false past the last one. */
static bool next_counter(uint32_t least, uint16_t f_cnt_16, uint32_t *out)
{
	uint64_t full = (uint64_t)least + (uint16_t)(f_cnt_16 - (uint16_t)least);

	*out = (uint32_t)full;
	return full <= UINT32_MAX;
}

bool device_knows_mic(const struct device *d, struct lw_crypto *c, const struct phy_data *f, const uint8_t *phy)
{
	uint32_t full;

	if (next_counter(d->f_cnt_down, f->f_cnt, &full) && mic_fits(d, c, f, phy, full))
		return true;
	return d->f_cnt_down > f->f_cnt && mic_fits(d, c, f, phy, full - 65536);
}

/* MAC commands of a downlink. This device asks for nothing, so answers are wrong; requests are not known to it. */
static int check_mac_commands(const uint8_t *list, size_t len, struct heard *out)
{
	struct mac_iter it;
	struct mac_command cmd;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &cmd)) {
		if (cmd.cid == MAC_CID_LINK_CHECK || cmd.cid == MAC_CID_DEVICE_TIME)
			return wrong(out, "%s although the device asked for none", cmd.name);
		out->has_mac_requests = true;
	}
	if (it.stopped)
		return wrong(out, "MAC commands of %zu octets cannot be read to the end", len);
	return LS_OK;
}

int device_hear_data(const struct device_profile *p, struct lw_crypto *c, struct device *d,
                     const struct transmission *tx, int window, const struct downlink *down, struct heard *out)
{
	struct phy_data f;
	uint32_t full;
	uint8_t dr;
	size_t macpayload = down->len - 5;
	bool is_new;
	int rc;

	out->window = window;
	rc = phy_parse_data(down->phy, down->len, &f);
	if (rc)
		return wrong(out, "frame of %zu octets cannot be read (%s)", down->len, ls_strerror(rc));
	if (down->phy[0] & 0x1f)
		return wrong(out, "MHDR %02x has reserved bits or a Major that is not 0", down->phy[0]);
	rc = check_window(p, d, tx, window, down, out, &dr);
	if (rc)
		return rc;
	if (macpayload > p->params->down_limits->m[0][0][dr])
		return wrong(out, "MACPayload of %zu octets, DR%u carries %u", macpayload, dr, p->params->down_limits->m[0][0][dr]);

	is_new = next_counter(d->f_cnt_down, f.f_cnt, &full);
	if (!is_new || !mic_fits(d, c, &f, down->phy, full)) {
		if (d->f_cnt_down > f.f_cnt && mic_fits(d, c, &f, down->phy, full - 65536))
			return wrong(out, "FCnt %" PRIu32 " was used before, the next is %" PRIu32 " or more", full - 65536,
			             d->f_cnt_down);
		return wrong(out, "MIC does not fit (FCnt %u on air, the next is %" PRIu32 ")", f.f_cnt, d->f_cnt_down);
	}
	if (p->rules->max_f_cnt_gap && full - d->f_cnt_down >= p->rules->max_f_cnt_gap)
		return wrong(out, "FCnt %" PRIu32 " is over MAX_FCNT_GAP from %" PRIu32, full, d->f_cnt_down);
	d->f_cnt_down = full + 1;

	if (f.f_port > APPLICATION_PORT_MAX)
		return wrong(out, "FPort %d is not an application's", f.f_port);
	if (f.ack && !tx->is_confirmed)
		return wrong(out, "ACK for an uplink that was not confirmed (FCnt %" PRIu32 ")", tx->f_cnt);
	if (tx->is_confirmed && !f.ack)
		return wrong(out, "no ACK in the answer to confirmed uplink FCnt %" PRIu32, tx->f_cnt);

	out->f_cnt = full;
	out->f_port = f.f_port;
	out->is_confirmed = f.m_type == M_TYPE_CONFIRMED_DOWN;
	out->has_ack = f.ack;
	out->payload_len = f.frm_payload_len;
	if (f.frm_payload_len)
		memcpy(out->payload, f.frm_payload, f.frm_payload_len);
	lw_frm_payload_crypt(c, f.f_port == 0 ? &d->nwk_s_key : &d->app_s_key, LW_DOWN, d->dev_addr, full, out->payload,
	                     out->payload_len);
	rc = check_mac_commands(f.f_opts, f.f_opts_len, out);
	if (!rc && f.f_port == 0)
		rc = check_mac_commands(out->payload, out->payload_len, out);
	if (rc)
		return rc;

	if (f.ack && tx->f_cnt == d->f_cnt_up - 1)
		d->is_pending = false;
	if (out->is_confirmed)
		d->ack_due = true;
	return LS_OK;
}
