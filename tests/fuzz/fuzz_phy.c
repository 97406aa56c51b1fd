/*
 * libFuzzer entry for everything a stranger can send as a PHYPayload: splitting, MAC commands, and the decisions over
 * data frames, join and rejoin requests in a small fleet.
 *
 * Link with the daemon without its main(), built with clang -fsanitize=fuzzer,address,undefined.
 *
 *   version (1)  low two bits: LoRaWAN 1.0.0, 1.0.2, 1.0.3 or 1.0.4; bits 2..3: counter of the session is 0, 10,
 *                65,530 or the last there is; bit 4: 1.1 instead; bit 5: put a right
 *                MIC on the frame, so that what follows it is reached; bit 6: FSK; bit 7: all of it a list of MAC commands
 *   skew (1)     bits 0..3: how far the counter of a right MIC is above the expected one; bit 4: one less, a repeat
 *   frame        the octets on air
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/crypto.h"
#include "lorawan/mac.h"
#include "lorawan/phy.h"
#include "network/collect.h"
#include "network/downlink.h"
#include "network/fleet.h"
#include "network/rejoin.h"
#include "network/uplink.h"

#define TENANT "11111111-1111-4111-8111-111111111111"
#define APPLICATION "22222222-2222-4222-8222-222222222222"
#define PROFILE "33333333-3333-4333-8333-333333333333"
#define DEV_ADDR 0x01020304
#define DEV_EUI UINT64_C(0x0004a30b001c0530)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct lw_crypto *crypto;
	struct region region;
	struct fleet fleet;
	struct device *device;
	struct session *session;
};

/* Our own promises, broken only by a bug of ours. */
static void require(bool ok)
{
	if (!ok)
		abort();
}

static void apply(struct fleet *f, int (*how)(struct fleet *, const json_t *), const char *text)
{
	json_t *record = json_loads(text, 0, NULL);

	require(record && how(f, record) == LS_OK);
	json_decref(record);
}

static void open_world(struct world *w, const char *mac_version)
{
	struct session_row row = {.dev_addr = DEV_ADDR, .region = "EU868", .up = {.rx1_delay_s = 1, .rx2_freq_hz = 869525000}};
	struct region_settings settings;
	const char *why = NULL;
	char text[512];

	require(lw_crypto_open(&w->crypto) == LS_OK);
	region_settings_default(&region_eu868, &settings);
	require(region_init(&w->region, &region_eu868, &settings, &why) == LS_OK);
	require(fleet_init(&w->fleet, &w->region, 1) == LS_OK);
	apply(&w->fleet, fleet_apply_tenant, "{\"tenant_id\":\"" TENANT "\",\"name\":\"acme\",\"tags\":{}}");
	apply(&w->fleet, fleet_apply_application,
	      "{\"application_id\":\"" APPLICATION "\",\"tenant_id\":\"" TENANT "\",\"name\":\"meters\",\"tags\":{}}");
	snprintf(text, sizeof(text),
	         "{\"profile_id\":\"" PROFILE "\",\"tenant_id\":\"" TENANT "\",\"name\":\"basic\",\"region\":\"EU868\","
	         "\"mac_version\":\"%s\",\"supports_otaa\":true,\"flush_queue_on_join\":false,\"tags\":{}}", mac_version);
	apply(&w->fleet, fleet_apply_profile, text);
	apply(&w->fleet, fleet_apply_gateway,
	      "{\"gateway_id\":\"0016c001f153a14c\",\"tenant_id\":\"" TENANT "\",\"name\":\"roof-01\",\"is_private\":false}");
	apply(&w->fleet, fleet_apply_device,
	      "{\"dev_eui\":\"0004a30b001c0530\",\"join_eui\":\"0000000000000000\",\"application_id\":\"" APPLICATION "\","
	      "\"profile_id\":\"" PROFILE "\",\"name\":\"pump\",\"enabled\":true,\"tags\":{},"
	      "\"app_key\":\"00112233445566778899aabbccddeeff\"}");
	w->device = fleet_device(&w->fleet, eui64_from_u64(DEV_EUI));
	require(w->device);
	memset(row.keys.f_nwk_s_int_key.b, 0x11, sizeof(struct ls_key));
	row.is_1_1 = mac_version_rules(w->device->profile->mac_version)->is_1_1;
	w->device->has_nwk_key = row.is_1_1;
	row.keys.s_nwk_s_int_key = row.keys.nwk_s_enc_key = row.keys.f_nwk_s_int_key;
	memset(row.keys.app_s_key.b, 0x22, sizeof(struct ls_key));
	row.dev_eui = w->device->dev_eui;
	w->session = fleet_session_put(&w->fleet, w->device, &row);
	require(w->session);
}

/* Every list of commands ends, and no command leaves it. */
static void read_commands(const uint8_t *list, size_t len)
{
	for (int dir = 0; dir < 2; dir++) {
		struct mac_command command;
		struct mac_iter it;
		size_t used = 0;

		mac_iter_init(&it, dir ? LW_DOWN : LW_UP, list, len);
		while (mac_iter_next(&it, &command)) {
			struct mac_message m;
			char text[MAC_TEXT_SIZE];

			mac_decode(&command, &m);
			require(strlen(mac_message_text(&m, text, sizeof(text))) + 1 < sizeof(text));
			require(command.name && command.payload + command.len <= list + len);
			used += 1u + command.len;
			require(used <= len);
		}
		require(it.stopped || used == len);
	}
}

static struct collected *hear(const uint8_t *phy, size_t len, bool is_fsk)
{
	struct collected *e = calloc(1, sizeof(*e) + len);

	require(e);
	e->receptions = &e->inline_one;
	e->n = e->cap = 1;
	e->first_wall_us = 1000000000;
	e->phy_len = (uint8_t)len;
	memcpy(e->phy, phy, len);
	e->inline_one.freq_hz = 868100000;
	e->inline_one.radio = (struct radio){.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000, .code_rate = CR_4_5};
	if (is_fsk)
		e->inline_one.radio = (struct radio){.modulation = MOD_FSK, .bit_rate = 50000};
	e->inline_one.rx.gateway_id = eui64_from_u64(UINT64_C(0x0016c001f153a14c));
	return e;
}

/* What was accepted can be answered. */
static void answer(struct world *w, const struct uplink_outcome *o, const uint8_t *f_opts, size_t f_opts_len)
{
	static struct downlink_outcome down;
	const struct downlink_input in = {
		.session = w->session, .max_payload_m = 59, .ack = true, .f_opts = f_opts, .f_opts_len = f_opts_len > 15 ? 15 : f_opts_len,
		.must_send = o->must_answer,
	};

	downlink_build(w->crypto, &in, &down);
	require(!down.send || (down.phy_len >= 12 && down.phy_len <= PHY_MAX));
}

static void decide_data(struct world *w, const struct collected *e)
{
	static struct uplink_outcome o;
	struct phy_data phy;
	uint32_t before = w->session->up.f_cnt_up;

	if (phy_parse_data(e->phy, e->phy_len, &phy) != LS_OK)
		return;
	require(phy.msg_len + 4 == e->phy_len && phy.f_opts_len <= 15 && phy.frm_payload_len <= e->phy_len);
	require(phy.f_port >= 0 || phy.frm_payload_len == 0);
	read_commands(phy.f_opts, phy.f_opts_len);
	uplink_decide(w->crypto, &w->fleet, &phy, e, &o);
	require(w->session->up.f_cnt_up == before); /* it only decides */
	require(memchr(o.detail, 0, sizeof(o.detail)));
	require(o.commands_len <= sizeof(o.commands));
	switch (o.kind) {
	case UPLINK_DROP:
		require(o.reason != DROP_NONE);
		break;
	case UPLINK_NEW:
		require(o.session == w->session && o.has_f_cnt && (uint16_t)o.f_cnt == phy.f_cnt);
		require(o.f_cnt >= before && o.data_len <= phy.frm_payload_len);
		answer(w, &o, phy.f_opts, phy.f_opts_len);
		break;
	case UPLINK_REPEAT:
		require(o.session == w->session && o.has_f_cnt && o.f_cnt < before);
		answer(w, &o, phy.f_opts, phy.f_opts_len);
		break;
	}
}

static void decide_join(struct world *w, const struct collected *e)
{
	static struct join_outcome o;
	struct phy_join_request request;
	struct join_input in = {.request = &request, .e = e, .fleet = &w->fleet, .dev_addr = 0x00c0ffee, .answerable = true};

	if (phy_parse_join_request(e->phy, e->phy_len, &request) != LS_OK)
		return;
	in.device = fleet_device(&w->fleet, request.dev_eui);
	join_decide(w->crypto, &in, &o);
	require(memchr(o.detail, 0, sizeof(o.detail)));
	require(o.reason != DROP_NONE || (in.device == w->device && (o.accept.phy_len == 17 || o.accept.phy_len == 33)));
}

static void decide_rejoin(struct world *w, const struct collected *e)
{
	static struct rejoin_outcome o;
	struct phy_rejoin_request request;
	struct rejoin_input in = {.request = &request, .e = e, .fleet = &w->fleet, .dev_addr = 0x00c0ffee, .answerable = true};

	if (phy_parse_rejoin_request(e->phy, e->phy_len, &request) != LS_OK)
		return;
	require(request.type <= 2 && request.msg_len + 4 == e->phy_len);
	in.device = fleet_device(&w->fleet, request.dev_eui);
	rejoin_decide(w->crypto, &in, &o);
	require(memchr(o.detail, 0, sizeof(o.detail)));
	require(o.reason != DROP_NONE || (in.device == w->device && (o.accept.phy_len == 17 || o.accept.phy_len == 33)));
}

/* A right MIC where the fuzzer could never guess one; a join request gets the EUIs of the device too. */
static void sign(struct world *w, uint8_t *phy, size_t len, uint8_t skew, bool is_fsk)
{
	struct eui64 dev_eui = eui64_reverse(w->device->dev_eui);
	enum m_type m_type;
	struct phy_data f;

	if (phy_m_type(phy, len, &m_type) != LS_OK)
		return;
	if (m_type == M_TYPE_JOIN_REQUEST && len == 23) {
		memset(phy + 1, 0, 8);
		memcpy(phy + 9, dev_eui.be, 8);
		lw_mic_join_request(w->crypto, w->session->is_1_1 ? &w->device->nwk_key : &w->device->app_key, phy, 19, phy + 19);
	} else if (m_type == M_TYPE_REJOIN_REQUEST && (len == 19 || len == 24)) {
		struct ls_key js_enc_key, js_int_key;

		phy[1] = len == 24 ? 1 : phy[1] & 2;
		memset(phy + 2, 0, len == 24 ? 8 : 3); /* JoinEUI or NetID */
		memcpy(phy + len - 14, dev_eui.be, 8);
		lw_derive_js_keys(w->crypto, &w->device->nwk_key, w->device->dev_eui, &js_enc_key, &js_int_key);
		lw_mic_join_request(w->crypto, len == 24 ? &js_int_key : &w->session->keys.s_nwk_s_int_key, phy, len - 4, phy + len - 4);
	} else if (len >= 12) {
		uint32_t f_cnt = w->session->up.f_cnt_up + (skew & 15) - (skew >> 4 & 1);

		phy[1] = DEV_ADDR & 0xff;
		phy[2] = DEV_ADDR >> 8 & 0xff;
		phy[3] = DEV_ADDR >> 16 & 0xff;
		phy[4] = DEV_ADDR >> 24;
		phy[6] = (uint8_t)f_cnt;
		phy[7] = (uint8_t)(f_cnt >> 8);
		if (phy_parse_data(phy, len, &f) != LS_OK)
			return;
		lw_mic_data(w->crypto, &w->session->keys.f_nwk_s_int_key, LW_UP, DEV_ADDR, f_cnt, phy, len - 4, phy + len - 4);
		if (w->session->is_1_1) { /* as heard: DR5 or DR7 on channel 0, nothing acknowledged */
			memcpy(phy + len - 2, phy + len - 4, 2);
			lw_mic_up_11(w->crypto, &w->session->keys.s_nwk_s_int_key, DEV_ADDR, f_cnt,
			             (struct lw_up_tx){.dr = is_fsk ? 7 : 5}, phy, len - 4, phy + len - 4);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const versions[] = {"1.0.0", "1.0.2", "1.0.3", "1.0.4", "1.1.0"};
	static const uint32_t counters[] = {0, 10, 65530, UINT32_MAX};
	static struct world worlds[5];
	uint8_t phy[PHY_MAX], what;
	unsigned version;
	struct collected *e;
	struct world *w;

	if (size < 3 || size - 2 > PHY_MAX)
		return -1;
	what = data[0];
	version = what & 0x10 ? 4 : what & 3;
	w = &worlds[version];
	if (!w->crypto)
		open_world(w, versions[version]);
	if (what & 0x80) {
		read_commands(data + 2, size - 2);
		return 0;
	}
	w->session->up.has_up = (what & 0x0c) != 0;
	w->session->up.f_cnt_up = counters[what >> 2 & 3];
	size -= 2;
	memcpy(phy, data + 2, size);
	if (what & 0x20)
		sign(w, phy, size, data[1], what & 0x40);
	e = hear(phy, size, what & 0x40);
	decide_data(w, e);
	decide_join(w, e);
	decide_rejoin(w, e);
	free(e);
	return 0;
}
