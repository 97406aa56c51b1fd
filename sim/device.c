#include "device.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "device_part.h"
#include "payload.h"

#define FHDR_SIZE 7
#define FPORT_SIZE 1

/* Octets of MACPayload that a device always has room for besides FOpts. */
#define NOT_F_OPTS (FHDR_SIZE + FPORT_SIZE)

int device_wrong(struct heard *out, const char *fmt, ...)
{
	va_list ap;

	if (!out->why[0]) {
		va_start(ap, fmt);
		vsnprintf(out->why, sizeof(out->why), fmt, ap);
		va_end(ap);
	}
	return LS_EINVAL;
}

const char *device_window_name(int window)
{
	static const char *const names[WINDOW__END] = {
		[WINDOW_RX1] = "RX1", [WINDOW_RX2] = "RX2", [WINDOW_RXC] = "RXC", [WINDOW_PING] = "ping slot"};

	return window > 0 && window < WINDOW__END ? names[window] : "window";
}

/* ---- sessions ---- */

static void reset_mac(struct device *d)
{
	static const struct device_mac zero;
	struct device_mac *m = d->mac;
	uint16_t rj_count_1 = m->rj_count_1; /* lasts as long as the keys it is used with */

	/* Compared first: memory that was never written is not to be. */
	if (memcmp(m, &zero, sizeof(zero)))
		*m = (struct device_mac){.rj_count_1 = rj_count_1};
}

void device_activate(const struct device_profile *p, struct device *d, const struct device_session *s)
{
	d->f_nwk_s_int_key = s->f_nwk_s_int_key;
	d->s_nwk_s_int_key = s->s_nwk_s_int_key;
	d->nwk_s_enc_key = s->nwk_s_enc_key;
	d->app_s_key = s->app_s_key;
	d->dev_addr = s->dev_addr;
	d->is_1_1 = s->is_1_1;
	d->is_abp = s->is_abp;
	d->f_cnt_up = s->f_cnt_up;
	d->f_cnt_down = d->a_f_cnt_down = 0;
	d->rx1_delay_s = 1;
	d->rx1_dr_offset = 0;
	d->rx2_dr = p->region->rx2_dr;
	d->has_sent = d->ack_due = d->ack_sent = d->is_confirmed = d->is_pending = false;
	d->tries = 0;
	d->state = DEVICE_JOINED;
	reset_mac(d);
}

/* ---- data uplinks ---- */

uint8_t device_data_rate(const struct device_profile *p, const struct device *d)
{
	return d->mac->dr_plus_1 ? d->mac->dr_plus_1 - 1 : p->data_rate;
}

unsigned device_transmissions_max(const struct device_profile *p, const struct device *d, bool confirmed)
{
	unsigned nb_trans = d->mac->nb_trans ? d->mac->nb_trans : 1;
	unsigned own = confirmed ? p->rules->confirmed_transmissions_max : 0;

	return own ? own : nb_trans;
}

/* Octets of MACPayload an uplink may have now. */
static unsigned room(const struct device_profile *p, const struct device *d)
{
	return p->params->up_limits->m[device_up_dwell(p, d)][0][device_data_rate(p, d)];
}

static void write_mic(struct lw_crypto *c, const struct device *d, uint32_t f_cnt, const struct uplink *u, uint8_t mic[4])
{
	struct lw_up_tx tx = {.dr = u->tx.dr, .channel = u->tx.channel, .conf_f_cnt = d->ack_sent ? d->conf_f_cnt : 0};
	uint8_t whole[4];

	lw_mic_data(c, &d->f_nwk_s_int_key, LW_UP, d->dev_addr, f_cnt, u->phy, u->len, whole);
	memcpy(mic, whole, 4);
	if (!d->is_1_1)
		return;
	lw_mic_up_11(c, &d->s_nwk_s_int_key, d->dev_addr, f_cnt, tx, u->phy, u->len, mic);
	memcpy(mic + 2, whole, 2);
}

struct up_bits {
	bool confirmed, adr, adr_ack_req, class_b;
};

/* The frame of counter f_cnt with what the device remembers of its payload. */
static void write_data(const struct device_profile *p, struct lw_crypto *c, const struct device *d, uint32_t f_cnt,
                       struct up_bits bits, struct prng *prng, struct uplink *out)
{
	uint8_t dr = device_data_rate(p, d);
	struct device_pick pick = device_pick_channel(p, d, dr, prng);
	unsigned most = room(p, d), used = NOT_F_OPTS + d->mac->n_f_opts;
	size_t size = p->payload_size;
	uint8_t payload[PHY_MAX], f_opts[MAC_F_OPTS_MAX];
	struct phy_data f = {
		.m_type = bits.confirmed ? M_TYPE_CONFIRMED_UP : M_TYPE_UNCONFIRMED_UP,
		.dev_addr = d->dev_addr,
		.adr = bits.adr,
		.adr_ack_req = bits.adr_ack_req,
		.class_b = bits.class_b,
		.ack = d->ack_sent,
		.f_cnt = (uint16_t)f_cnt,
		.f_opts = f_opts,
		.f_opts_len = d->mac->n_f_opts,
		.f_port = p->f_port,
		.frm_payload = payload,
	};

	/* MAC commands and a slower rate leave less room than the run asks for. */
	if (used + size > most)
		size = most > used ? most - used : 0;
	f.frm_payload_len = size;
	payload_write(payload, size, d->payload_seq, d->payload_ns);
	lw_frm_payload_crypt(c, &d->app_s_key, LW_UP, d->dev_addr, f_cnt, payload, size);
	memcpy(f_opts, d->mac->f_opts, sizeof(f_opts));
	if (d->is_1_1 && f.f_opts_len)
		lw_f_opts_crypt(c, &d->nwk_s_enc_key, p->f_opts_form, F_OPTS_F_CNT_UP, d->dev_addr, f_cnt, f_opts, f.f_opts_len);
	out->tx = (struct transmission){.freq_hz = pick.freq_hz, .f_cnt = f_cnt, .channel = pick.channel, .dr = dr,
	                                .is_confirmed = bits.confirmed};
	out->power_down_db = (uint8_t)-p->params->tx_powers->offset_db[d->mac->tx_power];
	/* Cannot fail: the parts were made to fit. */
	if (phy_write_data(&f, out->phy, sizeof(out->phy), &out->len))
		out->len = 0;
	write_mic(c, d, f_cnt, out, out->phy + out->len);
	out->len += 4;
}

static struct up_bits bits_of(const struct device_profile *p, const struct device *d, bool confirmed, bool adr_ack_req)
{
	return (struct up_bits){.confirmed = confirmed, .adr = p->has_adr, .adr_ack_req = adr_ack_req,
	                        .class_b = p->device_class == DEVICE_CLASS_B && d->mac->is_ping_confirmed};
}

void device_write_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, bool confirmed,
                         uint32_t seq, uint64_t now_ns, struct prng *prng, struct uplink *out)
{
	uint32_t f_cnt = d->f_cnt_up++;
	bool adr_ack_req = p->has_adr && device_adr_count(p, d);
	unsigned most = room(p, d);
	struct up_bits bits = bits_of(p, d, confirmed, adr_ack_req);
	uint64_t asked = device_mac_compose(p, d, most > NOT_F_OPTS ? most - NOT_F_OPTS : 0);

	d->ack_sent = d->ack_due;
	d->ack_due = false;
	d->is_confirmed = confirmed;
	d->tries = 1;
	d->is_pending = confirmed || device_transmissions_max(p, d, false) > 1;
	d->has_sent = true;
	d->payload_seq = seq;
	d->payload_ns = now_ns;
	if (bits.class_b != d->mac->was_class_b || bits.adr_ack_req != d->mac->was_adr_ack_req ||
	    asked != d->mac->was_asked) {
		d->mac->was_class_b = bits.class_b;
		d->mac->was_adr_ack_req = bits.adr_ack_req;
		d->mac->was_asked = asked;
	}
	write_data(p, c, d, f_cnt, bits, prng, out);
	out->tx.asked = asked;
}

void device_repeat_uplink(const struct device_profile *p, struct lw_crypto *c, struct device *d, struct prng *prng,
                          struct uplink *out)
{
	struct up_bits bits = bits_of(p, d, d->is_confirmed, false);

	bits.adr_ack_req = d->mac->was_adr_ack_req;
	bits.class_b = d->mac->was_class_b;
	d->tries++;
	write_data(p, c, d, d->f_cnt_up - 1, bits, prng, out);
	out->tx.asked = d->mac->was_asked;
}

uint64_t device_window_delay(const struct device *d, bool is_join, int window)
{
	uint64_t rx1 = is_join ? JOIN_ACCEPT_DELAY1_US : (uint64_t)d->rx1_delay_s * 1000000;

	return window == WINDOW_RX1 ? rx1 : rx1 + RX2_AFTER_RX1_US;
}
