/* Runs tests/data/vectors.json: what all versions share, and 1.0.x. */
#include "tests/unit/test_vectors.h"

#include <math.h>

#include "base/clock.h"
#include "lorawan/airtime.h"
#include "lorawan/dev_addr.h"
#include "lorawan/f_cnt.h"
#include "lorawan/gps_time.h"
#include "lorawan/region.h"

static void check_aes_cmac(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	uint8_t msg[256], mac[16];
	size_t len = test_data_octets(in, "msg", msg, sizeof(msg));

	lw_cmac(crypto, &key, msg, len, mac);
	assert_octets(want, "mac", mac, sizeof(mac));
	(*done)++;
}

static void check_fctrl(const json_t *in, const json_t *want, unsigned *done)
{
	bool is_up = direction_of(in) == LW_UP;
	uint8_t buf[32] = {0};
	struct phy_data f = {
		.m_type = is_up ? M_TYPE_UNCONFIRMED_UP : M_TYPE_UNCONFIRMED_DOWN,
		.adr = test_data_int(in, "adr"),
		.ack = test_data_int(in, "ack"),
		.f_opts_len = (uint8_t)test_data_int(in, "f_opts_len"),
	}, back;
	uint8_t octet;

	if (is_up) {
		f.adr_ack_req = test_data_int(in, "adr_ack_req");
		f.class_b = test_data_int(in, "class_b");
	} else {
		f.f_pending = test_data_int(in, "f_pending");
	}
	octet = phy_f_ctrl(&f);
	assert_octets(want, "octet", &octet, 1);

	buf[0] = (uint8_t)(f.m_type << 5);
	buf[5] = octet;
	assert_int_equal(phy_parse_data(buf, 12u + f.f_opts_len, &back), LS_OK);
	assert_true(back.adr == f.adr && back.ack == f.ack && back.adr_ack_req == f.adr_ack_req);
	assert_true(back.class_b == f.class_b && back.f_pending == f.f_pending);
	assert_int_equal(back.f_opts_len, f.f_opts_len);
	(*done)++;
}

static void check_join_request_mic(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	struct phy_join_request j;
	uint8_t phy[32], msg[32], mic[4];
	size_t len = test_data_octets(want, "phy", phy, sizeof(phy));

	assert_int_equal(phy_parse_join_request(phy, len, &j), LS_OK);
	assert_true(eui64_equal(j.join_eui, eui_of(in, "join_eui")));
	assert_true(eui64_equal(j.dev_eui, eui_of(in, "dev_eui")));
	assert_int_equal(j.dev_nonce, test_data_int(in, "dev_nonce"));
	lw_mic_join_request(crypto, &key, msg, test_data_octets(want, "msg", msg, sizeof(msg)), mic);
	assert_octets(want, "mic", mic, 4);
	assert_memory_equal(j.mic, mic, 4);
	(*done)++;
}

static void check_join_accept_mic_10(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	json_int_t dl_settings = test_data_int(in, "dl_settings");
	struct phy_join_accept a = {
		.join_nonce = (uint32_t)test_data_int(in, "join_nonce"),
		.net_id = test_data_hex_number(in, "net_id"),
		.dev_addr = test_data_hex_number(in, "dev_addr"),
		.opt_neg = dl_settings & 0x80,
		.rx1_dr_offset = dl_settings >> 4 & 7,
		.rx2_dr = dl_settings & 15,
		.rx_delay = (uint8_t)test_data_int(in, "rx_delay"),
	};
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX], mic[4];
	size_t len;

	a.has_cf_list = test_data_octets(in, "cflist", a.cf_list, sizeof(a.cf_list)) > 0;
	len = phy_write_join_accept_body(&a, body);
	assert_octets(want, "body", body, len);
	lw_mic_join_accept_10(crypto, &key, body, len, mic);
	assert_octets(want, "mic", mic, 4);
	(*done)++;
}

static void check_join_accept_encrypt(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX], mic[4], phy[33];
	size_t len = test_data_octets(in, "body", body, sizeof(body));

	assert_int_equal(test_data_octets(in, "mic", mic, sizeof(mic)), 4);
	len = lw_join_accept_encrypt(crypto, &key, body, len, mic, phy);
	assert_octets(want, "phy", phy, len);
	(*done)++;
}

static void check_join_accept_decrypt(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	const json_t *fields = test_data_get(want, "parsed");
	uint8_t phy[33], plain[32];
	size_t len = test_data_octets(in, "phy", phy, sizeof(phy));
	struct phy_join_accept a;

	assert_int_equal(lw_join_accept_decrypt(crypto, &key, phy, len, plain), LS_OK);
	assert_octets(want, "plain", plain, len - 1);
	assert_int_equal(phy_parse_join_accept_body(plain, len - 5, &a), LS_OK);
	assert_int_equal(a.join_nonce, test_data_int(fields, "join_nonce"));
	assert_int_equal(a.net_id, test_data_hex_number(fields, "net_id"));
	assert_int_equal(a.dev_addr, test_data_hex_number(fields, "dev_addr"));
	assert_int_equal(a.opt_neg, test_data_int(fields, "opt_neg"));
	assert_int_equal(a.rx1_dr_offset, test_data_int(fields, "rx1_dr_offset"));
	assert_int_equal(a.rx2_dr, test_data_int(fields, "rx2_data_rate"));
	assert_int_equal(a.rx_delay, test_data_int(fields, "rx_delay"));
	assert_octets(fields, "cflist", a.cf_list, a.has_cf_list ? 16 : 0);
	assert_octets(fields, "mic", plain + (len - 5), 4);
	(*done)++;
}

static void check_cflist_type0(const json_t *in, const json_t *want, unsigned *done)
{
	const json_t *list = test_data_get(in, "frequencies_hz");
	uint32_t freq_hz[5] = {0};
	uint8_t out[16];

	assert_in_range(json_array_size(list), 1, 5);
	for (size_t i = 0; i < json_array_size(list); i++)
		freq_hz[i] = (uint32_t)json_integer_value(json_array_get(list, i));
	cf_list_type0(freq_hz, 100, out);
	assert_octets(want, "bytes", out, sizeof(out));
	(*done)++;
}

static void check_cflist_type1(const json_t *in, const json_t *want, unsigned *done)
{
	const json_t *list = test_data_get(in, "channels");
	uint16_t ch_mask[6] = {0};
	uint8_t out[16];

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_int_t ch = json_integer_value(json_array_get(list, i));

		assert_in_range(ch, 0, 95);
		ch_mask[ch / 16] |= (uint16_t)(1u << ch % 16);
	}
	cf_list_type1(ch_mask, 6, out);
	assert_octets(want, "bytes", out, sizeof(out));
	(*done)++;
}

static void check_session_key_derivation_10(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key app_key = key_of(in, "app_key"), nwk_s_key, app_s_key;

	lw_derive_keys_10(crypto, &app_key, (uint32_t)test_data_int(in, "join_nonce"),
			  test_data_hex_number(in, "net_id"), (uint16_t)test_data_int(in, "dev_nonce"), &nwk_s_key,
			  &app_s_key);
	assert_octets(want, "nwk_s_key", nwk_s_key.b, 16);
	assert_octets(want, "app_s_key", app_s_key.b, 16);
	(*done)++;
}

static void check_frmpayload_encrypt(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	uint8_t buf[256];
	size_t len = test_data_octets(in, "plain", buf, sizeof(buf));

	lw_frm_payload_crypt(crypto, &key, direction_of(in), test_data_hex_number(in, "dev_addr"),
			     (uint32_t)test_data_int(in, "f_cnt"), buf, len);
	assert_octets(want, "cipher", buf, len);
	(*done)++;
}

static void check_data_mic(const json_t *in, const json_t *want, enum lw_direction dir)
{
	struct ls_key key = key_of(in, "nwk_s_key");
	uint8_t phy[PHY_MAX];
	size_t len = test_data_octets(in, "msg", phy, sizeof(phy) - 4);

	lw_mic_data(crypto, &key, dir, test_data_hex_number(in, "dev_addr"), (uint32_t)test_data_int(in, "f_cnt"), phy,
		    len, phy + len);
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);
}

static void check_data_up_mic_10(const json_t *in, const json_t *want, unsigned *done)
{
	check_data_mic(in, want, LW_UP);
	(*done)++;
}

static void check_data_down_mic_10(const json_t *in, const json_t *want, unsigned *done)
{
	check_data_mic(in, want, LW_DOWN);
	(*done)++;
}

/* From the clear text to the frame on air, and back. */
static void check_data_frame_10(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key nwk_s_key = key_of(in, "nwk_s_key"), app_s_key = key_of(in, "app_s_key");
	const json_t *f_port = test_data_get(in, "f_port");
	uint32_t f_cnt = (uint32_t)test_data_int(in, "f_cnt");
	uint8_t f_opts[15], plain[256], payload[256], phy[PHY_MAX];
	uint32_t flags = test_data_hex_number(in, "f_ctrl_flags");
	struct phy_data f = {
		.m_type = m_type_of(test_data_text(in, "m_type")),
		.dev_addr = test_data_hex_number(in, "dev_addr"),
		.adr = flags & 0x80,
		.ack = flags & 0x20,
		.f_cnt = (uint16_t)f_cnt,
		.f_opts = f_opts,
		.f_port = json_is_null(f_port) ? -1 : (int)json_integer_value(f_port),
		.frm_payload = payload,
	}, back;
	enum lw_direction dir = f.m_type == M_TYPE_UNCONFIRMED_UP || f.m_type == M_TYPE_CONFIRMED_UP ? LW_UP : LW_DOWN;
	/* FPort 0 and the relay port 226 belong to the network. */
	const struct ls_key *key = f.f_port == 0 || f.f_port == 226 ? &nwk_s_key : &app_s_key;
	size_t len, plain_len = test_data_octets(in, "frm_payload", plain, sizeof(plain));

	f.adr_ack_req = dir == LW_UP && flags & 0x40;
	f.class_b = dir == LW_UP && flags & 0x10;
	f.f_pending = dir == LW_DOWN && flags & 0x10;
	f.f_opts_len = (uint8_t)test_data_octets(in, "f_opts", f_opts, sizeof(f_opts));
	memcpy(payload, plain, plain_len);
	f.frm_payload_len = plain_len;
	lw_frm_payload_crypt(crypto, key, dir, f.dev_addr, f_cnt, payload, plain_len);
	assert_int_equal(phy_write_data(&f, phy, sizeof(phy), &len), LS_OK);
	assert_octets(want, "msg", phy, len);
	lw_mic_data(crypto, &nwk_s_key, dir, f.dev_addr, f_cnt, phy, len, phy + len);
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);

	assert_int_equal(phy_parse_data(phy, len + 4, &back), LS_OK);
	assert_int_equal(back.m_type, f.m_type);
	assert_int_equal(back.dev_addr, f.dev_addr);
	assert_int_equal(phy_f_ctrl(&back), flags | f.f_opts_len);
	assert_int_equal(back.f_cnt, f_cnt & 0xffff);
	assert_int_equal(back.f_port, f.f_port);
	assert_int_equal(back.f_opts_len, f.f_opts_len);
	assert_memory_equal(back.f_opts, f_opts, f.f_opts_len);
	assert_int_equal(back.frm_payload_len, plain_len);
	memcpy(payload, back.frm_payload, plain_len);
	lw_frm_payload_crypt(crypto, key, dir, f.dev_addr, f_cnt, payload, plain_len);
	assert_memory_equal(payload, plain, plain_len);
	(*done)++;
}

static void check_fcnt_reconstruct(const json_t *in, const json_t *want, unsigned *done)
{
	uint32_t next = (uint32_t)test_data_int(in, "next_expected");
	const json_t *full = test_data_get(want, "full");
	struct f_cnt_guess g = f_cnt_reconstruct(next, next > 0, (uint16_t)test_data_int(in, "f_cnt_16"));

	assert_int_equal(g.is_repeat, test_data_bool(want, "retransmission"));
	assert_int_equal(g.is_exhausted, test_data_bool(want, "counter_exhausted"));
	assert_int_equal(g.gap, test_data_int(want, "gap"));
	if (!json_is_null(full))
		assert_int_equal(g.full, json_integer_value(full));
	/* Absent when no frame was accepted yet: then there is no gap to test. */
	if (json_object_get(want, "accept_max_fcnt_gap_16384"))
		assert_int_equal(!g.is_exhausted && g.gap < MAX_F_CNT_GAP,
				 test_data_bool(want, "accept_max_fcnt_gap_16384"));
	(*done)++;
}

static void check_devaddr_prefix(const json_t *in, const json_t *want, unsigned *done)
{
	struct dev_addr_prefix block = dev_addr_prefix_of_net_id(test_data_hex_number(in, "net_id"));
	uint32_t net_id = 0;

	assert_int_equal(block.prefix, test_data_hex_number(want, "prefix"));
	assert_int_equal(block.prefix_len, test_data_int(want, "prefix_len"));
	assert_true(dev_addr_net_id(block.prefix, &net_id));
	assert_int_equal(net_id >> 21, test_data_int(want, "net_id_type"));
	assert_int_equal(net_id & 0x1fffff, test_data_int(want, "nwk_id"));
	(*done)++;
}

static void check_lora_airtime(const json_t *in, const json_t *want, unsigned *done)
{
	const char *coding_rate = test_data_text(in, "coding_rate");
	struct lora_airtime_params p = {
		.payload_len = (size_t)test_data_int(in, "payload_len"),
		.sf = (uint8_t)test_data_int(in, "sf"),
		.bandwidth_hz = (uint32_t)test_data_int(in, "bandwidth_hz"),
		.code_rate = (uint8_t)(coding_rate[2] - '4'),
		.preamble = (unsigned)test_data_int(in, "preamble"),
		.explicit_header = test_data_bool(in, "explicit_header"),
		.crc = test_data_bool(in, "crc"),
		.ldro = test_data_bool(in, "ldro"),
	};

	assert_memory_equal(coding_rate, "4/", 2);
	assert_int_equal(lora_payload_symbols(&p), test_data_int(want, "payload_symbols"));
	assert_int_equal(lora_airtime_us(&p), lround(json_number_value(test_data_get(want, "time_us"))));
	(*done)++;
}

static void check_gps_time(const json_t *in, const json_t *want, unsigned *done)
{
	const char *utc = test_data_text(in, "utc");
	uint64_t gps_us;
	int64_t wall_us = 0;

	assert_int_equal(clock_parse(utc, strlen(utc), &wall_us), LS_OK);
	gps_us = gps_us_from_wall_us(wall_us);
	assert_true(gps_us == (uint64_t)test_data_int(want, "gps_seconds") * 1000000);
	assert_true(wall_us_from_gps_us(gps_us) == wall_us);
	assert_true(gps_us_from_wall_us(wall_us + 123456) == gps_us + 123456);
	(*done)++;
}

static void check_rx1_parameters(const json_t *in, const json_t *want, unsigned *done)
{
	const char *name = test_data_text(in, "region");
	/* Group 1 is called AS923 here. */
	const struct region_table *table = region_table_find(strcmp(name, "AS923_1") == 0 ? "AS923" : name);
	uint32_t freq_hz = (uint32_t)test_data_int(in, "uplink_frequency_hz");
	int channel = (int)test_data_int(in, "uplink_channel"), dr = (int)test_data_int(in, "uplink_data_rate");
	const enum reg_params_revision rev = REG_PARAMS_RP002_1_0_4;
	struct region_settings s;
	struct region r;
	struct tx_params tx;
	const char *why;

	assert_non_null(table);
	region_settings_default(table, &s);
	assert_int_equal(region_init(&r, table, &s, &why), LS_OK);
	assert_int_equal(region_uplink_channel(&r, rev, freq_hz, dr), channel);
	assert_int_equal(region_rx1(&r, rev, freq_hz, channel, dr, (uint8_t)test_data_int(in, "rx1_dr_offset"),
	                            test_data_int(in, "downlink_dwell_time") != 0, &tx), LS_OK);
	assert_int_equal(tx.freq_hz, test_data_int(want, "rx1_frequency_hz"));
	assert_int_equal(tx.dr, test_data_int(want, "rx1_data_rate"));
	(*done)++;
}

#define KINDS(K) \
	K(aes_cmac) \
	K(fctrl) \
	K(join_request_mic) \
	K(join_accept_mic_10) \
	K(data_up_mic_10) \
	K(data_down_mic_10) \
	K(data_frame_10) \
	K(session_key_derivation_10) \
	K(join_accept_encrypt) \
	K(join_accept_decrypt) \
	K(cflist_type0) \
	K(cflist_type1) \
	K(frmpayload_encrypt) \
	K(fcnt_reconstruct) \
	K(devaddr_prefix) \
	K(lora_airtime) \
	K(gps_time) \
	K(rx1_parameters)

VECTOR_TESTS(KINDS)

/* Kinds that other test programs read, by the program. */
static const char *const elsewhere[][2] = {
	{"join_accept_mic_11", "test_vectors_11"},
	{"session_key_derivation_11", "test_vectors_11"},
	{"js_key_derivation", "test_vectors_11"},
	{"fopts_encrypt_11", "test_vectors_11"},
	{"data_up_mic_11", "test_vectors_11"},
	{"data_down_mic_11", "test_vectors_11"},
	{"data_frame_11", "test_vectors_11"},
	{"rejoin_mic", "test_vectors_11"},
	{"multicast_keys", "test_vectors_11"},
	{"root_wor_s_key", "test_vectors_11"},
	{"wor_session_keys", "test_vectors_11"},
	{"data_block_mic", "test_vectors_11"},
	{"mac_command", "test_vectors_mac"},
	{"mac_sequence", "test_vectors_mac"},
	{"linkadr_channel_mask", "test_vectors_mac"},
	{"crc16", "test_class_b"},
	{"beacon_frame", "test_class_b"},
	{"ping_offset", "test_class_b"},
	{"ping_slot_next", "test_class_b"},
	{"ping_slot_schedule", "test_class_b"},
	{"class_b_worked_example", "test_class_b"},
	{"adr_step", "test_adr"},
	{"adr_nb_trans", "test_adr"},
	{"relay_forward_uplink", "test_vectors_11"},
	{"frag_encode", "test_vectors_11"},
	{"applayer_command", "test_app_package"},
};

static bool is_read(const char *kind)
{
#define K(name) if (strcmp(kind, #name) == 0) return true;
	KINDS(K)
#undef K
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(kind, elsewhere[i][0]) == 0)
			return true;
	return false;
}

static void no_kind_is_forgotten(void **state)
{
	json_t *v;
	size_t i;

	(void)state;
	json_array_foreach(test_data_get(vectors_file, "vectors"), i, v)
		if (!is_read(test_data_text(v, "kind")))
			fail_msg("nothing reads vectors of kind %s", test_data_text(v, "kind"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define K(kind) cmocka_unit_test(kind##_vectors_hold),
		KINDS(K)
#undef K
		cmocka_unit_test(no_kind_is_forgotten),
	};

	return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
