/* Runs tests/data/vectors.json: LoRaWAN 1.1; keys of multicast; relay and fragments. */
#include "tests/unit/test_vectors.h"

#include "lorawan/data_block_mic.h"
#include "lorawan/frag_code.h"
#include "lorawan/multicast_keys.h"
#include "lorawan/relay_forward.h"
#include "lorawan/relay_keys.h"

static void check_join_accept_mic_11(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key js_int_key = key_of(in, "js_int_key");
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
	struct lw_join_answered answered = {
		.join_req_type = (uint8_t)test_data_int(in, "join_req_type"),
		.join_eui = eui_of(in, "join_eui"),
		.dev_nonce = (uint16_t)test_data_int(in, "dev_nonce"),
	};
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX], mic[4];
	size_t len;

	a.has_cf_list = test_data_octets(in, "cflist", a.cf_list, sizeof(a.cf_list)) > 0;
	len = phy_write_join_accept_body(&a, body);
	assert_octets(want, "body", body, len);
	lw_mic_join_accept_11(crypto, &js_int_key, &answered, body, len, mic);
	assert_octets(want, "mic", mic, 4);
	(*done)++;
}

static void check_session_key_derivation_11(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key nwk_key = key_of(in, "nwk_key"), app_key = key_of(in, "app_key");
	const struct {
		const char *name;
		const struct ls_key *root;
		enum lw_key_11 which;
	} keys[] = {
		{"f_nwk_s_int_key", &nwk_key, LW_F_NWK_S_INT_KEY},
		{"s_nwk_s_int_key", &nwk_key, LW_S_NWK_S_INT_KEY},
		{"nwk_s_enc_key", &nwk_key, LW_NWK_S_ENC_KEY},
		{"app_s_key", &app_key, LW_APP_S_KEY},
	};
	struct lw_join_answered answered = {
		.join_eui = eui_of(in, "join_eui"), .dev_nonce = (uint16_t)test_data_int(in, "dev_nonce")};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct ls_key key;

		lw_derive_key_11(crypto, keys[i].root, keys[i].which, (uint32_t)test_data_int(in, "join_nonce"),
				 &answered, &key);
		assert_octets(want, keys[i].name, key.b, sizeof(key.b));
	}
	(*done)++;
}

static void check_js_key_derivation(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key nwk_key = key_of(in, "nwk_key"), js_enc_key, js_int_key;

	lw_derive_js_keys(crypto, &nwk_key, eui_of(in, "dev_eui"), &js_enc_key, &js_int_key);
	assert_octets(want, "js_enc_key", js_enc_key.b, 16);
	assert_octets(want, "js_int_key", js_int_key.b, 16);
	(*done)++;
}

static void check_fopts_encrypt_11(const json_t *in, const json_t *want, unsigned *done)
{
	static const char *const counters[] = {
		[F_OPTS_F_CNT_UP] = "FCntUp", [F_OPTS_N_F_CNT_DOWN] = "NFCntDown", [F_OPTS_A_F_CNT_DOWN] = "AFCntDown"};
	static const char *const forms[] = {[F_OPTS_ERRATUM] = "erratum", [F_OPTS_ORIGINAL] = "pre_erratum"};
	struct ls_key key = key_of(in, "nwk_s_enc_key");
	unsigned counter = 0, form = 0;
	uint8_t buf[15], plain[15];
	size_t len = test_data_octets(in, "plain", buf, sizeof(buf));

	while (strcmp(counters[counter], test_data_text(in, "counter")) != 0)
		assert_true(++counter < 3);
	while (strcmp(forms[form], test_data_text(in, "variant")) != 0)
		assert_true(++form < 2);
	assert_int_equal(direction_of(in), counter == F_OPTS_F_CNT_UP ? LW_UP : LW_DOWN);
	memcpy(plain, buf, len);
	for (int back = 0; back < 2; back++) {
		lw_f_opts_crypt(crypto, &key, (enum lw_f_opts_form)form, (enum lw_f_opts_counter)counter,
				test_data_hex_number(in, "dev_addr"), (uint32_t)test_data_int(in, "f_cnt"), buf, len);
		if (!back)
			assert_octets(want, "cipher", buf, len);
	}
	assert_memory_equal(buf, plain, len);
	(*done)++;
}

static void put_mic_up_11(const json_t *in, uint32_t dev_addr, uint32_t f_cnt, uint8_t *phy, size_t len)
{
	struct ls_key f_nwk_s_int_key = key_of(in, "f_nwk_s_int_key"), s_nwk_s_int_key = key_of(in, "s_nwk_s_int_key");
	struct lw_up_tx tx = {
		.dr = (uint8_t)test_data_int(in, "tx_dr"),
		.channel = (uint8_t)test_data_int(in, "tx_ch"),
		.conf_f_cnt = (uint16_t)test_data_int(in, "conf_f_cnt"),
	};
	uint8_t mic[4];

	lw_mic_up_11(crypto, &s_nwk_s_int_key, dev_addr, f_cnt, tx, phy, len, phy + len);
	lw_mic_data(crypto, &f_nwk_s_int_key, LW_UP, dev_addr, f_cnt, phy, len, mic);
	memcpy(phy + len + 2, mic, 2);
}

static void check_data_up_mic_11(const json_t *in, const json_t *want, unsigned *done)
{
	uint8_t phy[PHY_MAX];
	size_t len = test_data_octets(in, "msg", phy, sizeof(phy) - 4);

	put_mic_up_11(in, test_data_hex_number(in, "dev_addr"), (uint32_t)test_data_int(in, "f_cnt"), phy, len);
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);
	(*done)++;
}

static void check_data_down_mic_11(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "s_nwk_s_int_key");
	uint8_t phy[PHY_MAX];
	size_t len = test_data_octets(in, "msg", phy, sizeof(phy) - 4);

	lw_mic_down_11(crypto, &key, test_data_hex_number(in, "dev_addr"), (uint32_t)test_data_int(in, "f_cnt"),
		       (uint16_t)test_data_int(in, "conf_f_cnt"), phy, len, phy + len);
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);
	(*done)++;
}

static enum lw_f_opts_counter counter_of(enum lw_direction dir, int f_port)
{
	if (dir == LW_UP)
		return F_OPTS_F_CNT_UP;
	return f_port > 0 ? F_OPTS_A_F_CNT_DOWN : F_OPTS_N_F_CNT_DOWN;
}

/* From the clear text to the frame on air. */
static void check_data_frame_11(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key nwk_s_enc_key = key_of(in, "nwk_s_enc_key"), app_s_key = key_of(in, "app_s_key");
	const json_t *f_port = test_data_get(in, "f_port");
	uint32_t f_cnt = (uint32_t)test_data_int(in, "f_cnt"), flags = test_data_hex_number(in, "f_ctrl_flags");
	uint8_t f_opts[15], payload[PHY_MAX], phy[PHY_MAX];
	struct phy_data f = {
		.m_type = m_type_of(test_data_text(in, "m_type")),
		.dev_addr = test_data_hex_number(in, "dev_addr"),
		.adr = flags & 0x80,
		.ack = flags & 0x20,
		.f_cnt = (uint16_t)f_cnt,
		.f_opts = f_opts,
		.f_port = json_is_null(f_port) ? -1 : (int)json_integer_value(f_port),
		.frm_payload = payload,
	};
	enum lw_direction dir = f.m_type == M_TYPE_UNCONFIRMED_UP || f.m_type == M_TYPE_CONFIRMED_UP ? LW_UP : LW_DOWN;
	size_t len;

	f.adr_ack_req = dir == LW_UP && flags & 0x40;
	f.class_b = dir == LW_UP && flags & 0x10;
	f.f_pending = dir == LW_DOWN && flags & 0x10;
	f.f_opts_len = (uint8_t)test_data_octets(in, "f_opts", f_opts, sizeof(f_opts));
	f.frm_payload_len = test_data_octets(in, "frm_payload", payload, sizeof(payload));
	lw_f_opts_crypt(crypto, &nwk_s_enc_key, F_OPTS_ERRATUM, counter_of(dir, f.f_port), f.dev_addr, f_cnt, f_opts,
			f.f_opts_len);
	lw_frm_payload_crypt(crypto, f.f_port == 0 || f.f_port == 226 ? &nwk_s_enc_key : &app_s_key, dir, f.dev_addr, f_cnt,
			     payload, f.frm_payload_len);
	assert_int_equal(phy_write_data(&f, phy, sizeof(phy) - 4, &len), LS_OK);
	assert_octets(want, "msg", phy, len);
	if (dir == LW_UP) {
		put_mic_up_11(in, f.dev_addr, f_cnt, phy, len);
	} else {
		struct ls_key s_nwk_s_int_key = key_of(in, "s_nwk_s_int_key");

		lw_mic_down_11(crypto, &s_nwk_s_int_key, f.dev_addr, f_cnt, (uint16_t)test_data_int(in, "conf_f_cnt"), phy,
			       len, phy + len);
	}
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);
	(*done)++;
}

static void check_rejoin_mic(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key key = key_of(in, "key");
	struct phy_rejoin_request r = {
		.type = (uint8_t)test_data_int(in, "rejoin_type"),
		.dev_eui = eui_of(in, "dev_eui"),
		.rj_count = (uint16_t)test_data_int(in, "rj_count"),
	}, back;
	uint8_t phy[PHY_REJOIN_MSG_MAX + 4];
	size_t len;

	if (r.type == 1)
		r.join_eui = eui_of(in, "join_eui");
	else
		r.net_id = test_data_hex_number(in, "net_id");
	len = phy_write_rejoin_request(&r, phy);
	assert_octets(want, "msg", phy, len);
	lw_mic_join_request(crypto, &key, phy, len, phy + len);
	assert_octets(want, "mic", phy + len, 4);
	assert_octets(want, "phy", phy, len + 4);

	assert_int_equal(phy_parse_rejoin_request(phy, len + 4, &back), LS_OK);
	assert_int_equal(back.type, r.type);
	assert_int_equal(back.net_id, r.net_id);
	assert_true(eui64_equal(back.join_eui, r.join_eui) && eui64_equal(back.dev_eui, r.dev_eui));
	assert_int_equal(back.rj_count, r.rj_count);
	assert_int_equal(back.msg_len, len);
	assert_memory_equal(back.mic, phy + len, 4);
	(*done)++;
}

/* A vector gives some keys of the chain; a key of the chain that it does not give was made from one that it does. */
static bool take_key(const json_t *in, const char *name, struct ls_key *key)
{
	if (!json_object_get(in, name))
		return false;
	*key = key_of(in, name);
	return true;
}

static void check_multicast_keys(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key app_key, gen_app_key, root, ke, mc, out;
	bool has_root = take_key(in, "mc_root_key", &root), has_ke = take_key(in, "mc_ke_key", &ke);
	unsigned compared = 0;
	uint8_t sent[16];

	if (take_key(in, "gen_app_key", &gen_app_key)) {
		mc_derive_root_key_10(crypto, &gen_app_key, &root);
		has_root = true;
	} else if (take_key(in, "app_key", &app_key)) {
		mc_derive_root_key_11(crypto, &app_key, &root);
		has_root = true;
	}
	if (json_object_get(want, "mc_root_key")) {
		assert_octets(want, "mc_root_key", root.b, 16);
		compared++;
	}
	if (has_root) {
		mc_derive_ke_key(crypto, &root, &ke);
		has_ke = true;
	}
	if (json_object_get(want, "mc_ke_key")) {
		assert_octets(want, "mc_ke_key", ke.b, 16);
		compared++;
	}
	if (take_key(in, "mc_key", &mc) && has_ke) {
		mc_key_encrypt(crypto, &ke, &mc, sent);
		assert_octets(want, "mc_key_encrypted", sent, 16);
		lw_aes_encrypt(crypto, &ke, sent, out.b);
		assert_true(key_equal(&out, &mc));
		compared++;
	}
	if (json_object_get(in, "mc_addr")) {
		mc_derive_app_s_key(crypto, &mc, test_data_hex_number(in, "mc_addr"), &out);
		assert_octets(want, "mc_app_s_key", out.b, 16);
		mc_derive_net_s_key(crypto, &mc, test_data_hex_number(in, "mc_addr"), &out);
		assert_octets(want, "mc_net_s_key", out.b, 16);
		compared += 2;
	}
	assert_int_equal(compared, json_object_size(want));
	(*done)++;
}

static void check_root_wor_s_key(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key nwk_s_key = key_of(in, "nwk_s_key"), out;

	relay_derive_root_wor_s_key(crypto, &nwk_s_key, &out);
	assert_octets(want, "root_wor_s_key", out.b, 16);
	(*done)++;
}

static void check_wor_session_keys(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key root = key_of(in, "root_wor_s_key"), wor_s_int_key, wor_s_enc_key;

	relay_derive_wor_keys(crypto, &root, test_data_hex_number(in, "dev_addr"), &wor_s_int_key, &wor_s_enc_key);
	assert_octets(want, "wor_s_int_key", wor_s_int_key.b, 16);
	assert_octets(want, "wor_s_enc_key", wor_s_enc_key.b, 16);
	(*done)++;
}

static void check_data_block_mic(const json_t *in, const json_t *want, unsigned *done)
{
	struct ls_key root = key_of(in, "gen_app_key"), key;
	struct data_block_session session = {
		.session_cnt = (uint16_t)test_data_int(in, "session_cnt"),
		.frag_index = (uint8_t)test_data_int(in, "frag_index"),
		.descriptor = (uint32_t)test_data_int(in, "descriptor"),
	};
	uint8_t data[512], mic[4];
	size_t len = test_data_octets(in, "data_block", data, sizeof(data));

	data_block_derive_int_key(crypto, &root, &key);
	assert_octets(want, "data_block_int_key", key.b, 16);
	data_block_mic(crypto, &key, &session, data, len, mic);
	assert_octets(want, "mic", mic, 4);
	(*done)++;
}

static void check_relay_forward_uplink(const json_t *in, const json_t *want, unsigned *done)
{
	uint8_t phy[PHY_MAX], bytes[PHY_MAX];
	struct relay_forward f = {
		.dr = (uint8_t)test_data_int(in, "data_rate"),
		.snr_db = (int8_t)test_data_int(in, "snr"),
		.rssi_dbm = (int16_t)test_data_int(in, "rssi"),
		.wor_channel = (uint8_t)test_data_int(in, "wor_channel"),
		.freq_hz = (uint32_t)test_data_int(in, "frequency_hz"),
		.phy = phy,
		.phy_len = test_data_octets(in, "phy", phy, sizeof(phy)),
	}, back;
	int len = relay_forward_write(&f, bytes, sizeof(bytes));

	assert_true(len > 0);
	assert_octets(want, "bytes", bytes, (size_t)len);
	assert_int_equal(relay_forward_parse(bytes, (size_t)len, &back), LS_OK);
	assert_true(back.dr == f.dr && back.snr_db == f.snr_db && back.rssi_dbm == f.rssi_dbm);
	assert_true(back.wor_channel == f.wor_channel && back.freq_hz == f.freq_hz && back.phy_len == f.phy_len);
	assert_memory_equal(back.phy, phy, f.phy_len);
	for (size_t n = 0; n <= 6; n++)
		assert_int_equal(relay_forward_parse(bytes, n, &back), LS_ESHORT);
	assert_int_equal(relay_forward_write(&f, bytes, (size_t)len - 1), LS_ELONG);
	(*done)++;
}

static void check_frag_encode(const json_t *in, const json_t *want, unsigned *done)
{
	enum frag_version version = strcmp(test_data_text(in, "variant"), "v1") == 0 ? FRAG_V1 : FRAG_V2;
	const json_t *coded = test_data_get(want, "coded"), *rows = test_data_get(want, "matrix_rows");
	uint32_t nb_frag = (uint32_t)test_data_int(want, "nb_frag");
	size_t frag_size = (size_t)test_data_int(in, "frag_size");
	uint8_t data[1024] = {0}, out[256], octets[256];
	bool columns[256];
	size_t len;

	assert_true(nb_frag <= 256 && frag_size <= sizeof(out) && nb_frag * frag_size <= sizeof(data));
	assert_true(test_data_octets(in, "data", data, sizeof(data)) <= nb_frag * frag_size);
	assert_int_equal(json_array_size(coded), test_data_int(in, "redundancy"));
	for (size_t i = 0; i < json_array_size(coded); i++) {
		const char *text = json_string_value(json_array_get(coded, i)), *row = json_string_value(json_array_get(rows, i));

		frag_code_fragment(version, (uint32_t)i + 1, data, nb_frag, frag_size, columns, out);
		assert_int_equal(hex_decode(text, strlen(text), octets, sizeof(octets), &len), LS_OK);
		assert_int_equal(len, frag_size);
		assert_memory_equal(out, octets, len);
		for (uint32_t k = 0; k < nb_frag; k++)
			assert_int_equal(columns[k], row[k] == '1');
	}
	(*done)++;
}

#define KINDS(K) \
	K(join_accept_mic_11) \
	K(session_key_derivation_11) \
	K(js_key_derivation) \
	K(fopts_encrypt_11) \
	K(data_up_mic_11) \
	K(data_down_mic_11) \
	K(data_frame_11) \
	K(rejoin_mic) \
	K(multicast_keys) \
	K(root_wor_s_key) \
	K(wor_session_keys) \
	K(data_block_mic) \
	K(relay_forward_uplink) \
	K(frag_encode)

VECTOR_TESTS(KINDS)

int main(void)
{
	const struct CMUnitTest tests[] = {
#define K(kind) cmocka_unit_test(kind##_vectors_hold),
		KINDS(K)
#undef K
	};

	return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
