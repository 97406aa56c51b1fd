/* uplink_open.c - what an uplink carries, in clear: MAC commands and application data. */
#include <string.h>

#include "lorawan/mac.h"
#include "network/session_crypto.h"
#include "network/session_start.h"
#include "network/uplink_parts.h"

static void read_requests(const struct session *s, struct uplink_outcome *out)
{
	struct mac_iter it;
	struct mac_command command;

	mac_iter_init(&it, LW_UP, out->commands, out->commands_len);
	while (mac_iter_next(&it, &command)) {
		switch (command.cid) {
		case MAC_CID_LINK_CHECK:
			out->mac.link_check = true;
			break;
		case MAC_CID_DEVICE_TIME:
			out->mac.device_time = true;
			break;
		case MAC_CID_REKEY:
			out->mac.rekey = s->is_1_1 && !device_is_abp(s->device);
			break;
		case MAC_CID_RESET:
			out->mac.reset = s->is_1_1 && device_is_abp(s->device);
			break;
		}
	}
}

/* Does this list read to its end, and does it hold the handshake that begins each session of 1.1? */
static bool reads_well(const uint8_t *list, size_t len, bool *has_handshake)
{
	struct mac_iter it;
	struct mac_command command;

	*has_handshake = false;
	mac_iter_init(&it, LW_UP, list, len);
	while (mac_iter_next(&it, &command))
		*has_handshake |= command.cid == MAC_CID_REKEY || command.cid == MAC_CID_RESET;
	return !it.stopped;
}

/*
 * FOpts in clear. While the form of a 1.1 device is not known both are tried: the one in which the handshake appears is
 * kept for the session; without a handshake the one that makes sense serves this frame.
 */
static uint8_t open_f_opts(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                           struct uplink_outcome *out)
{
	enum lw_f_opts_form form = s->up.f_opts_form == F_OPTS_KNOWN_ORIGINAL ? F_OPTS_ORIGINAL : F_OPTS_ERRATUM;
	size_t len = phy->f_opts_len;
	bool reads, has_handshake, other_has_handshake;
	uint8_t other[15];

	memcpy(out->commands, phy->f_opts, len);
	out->commands_len = len;
	session_up_f_opts_crypt(crypto, s, form, out->f_cnt, out->commands, len);
	if (!s->is_1_1 || s->up.f_opts_form != F_OPTS_UNKNOWN || !len)
		return s->up.f_opts_form;
	reads = reads_well(out->commands, len, &has_handshake);
	if (reads && has_handshake)
		return F_OPTS_KNOWN_ERRATUM;
	memcpy(other, phy->f_opts, len);
	session_up_f_opts_crypt(crypto, s, F_OPTS_ORIGINAL, out->f_cnt, other, len);
	if (!reads_well(other, len, &other_has_handshake) || (reads && !other_has_handshake))
		return F_OPTS_UNKNOWN;
	memcpy(out->commands, other, len);
	return other_has_handshake ? F_OPTS_KNOWN_ORIGINAL : F_OPTS_UNKNOWN;
}

uint8_t uplink_open(struct lw_crypto *crypto, const struct session *s, const struct phy_data *phy,
                    struct uplink_outcome *out)
{
	uint8_t *to = phy->f_port == 0 ? out->commands : out->data;
	uint8_t form = open_f_opts(crypto, s, phy, out);

	if (phy->frm_payload_len) {
		memcpy(to, phy->frm_payload, phy->frm_payload_len);
		session_payload_crypt(crypto, s, LW_UP, phy->f_port, out->f_cnt, to, phy->frm_payload_len);
		if (phy->f_port == 0)
			out->commands_len = phy->frm_payload_len;
		else
			out->data_len = phy->frm_payload_len;
	}
	read_requests(s, out);
	return form;
}
