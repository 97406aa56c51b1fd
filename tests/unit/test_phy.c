#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/error.h"
#include "lorawan/phy.h"

static size_t write_frame(const struct phy_data *f, uint8_t buf[PHY_MAX])
{
	size_t len = 0;

	assert_int_equal(phy_write_data(f, buf, PHY_MAX, &len), LS_OK);
	memcpy(buf + len, "MIC!", 4);
	return len + 4;
}

/* Parse from a heap block of exactly len octets, so that a sanitizer sees any octet read beyond. */
static int parse_exact(const uint8_t *buf, size_t len, struct phy_data *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, buf, len);
	rc = phy_parse_data(copy, len, out);
	free(copy);
	return rc;
}

static void data_frame_survives_writing_and_parsing(void **state)
{
	const struct phy_data f = {
		.m_type = M_TYPE_CONFIRMED_UP, .dev_addr = 0x01020304, .adr = true, .adr_ack_req = true, .ack = true,
		.class_b = true, .f_cnt = 0xabcd, .f_opts_len = 3, .f_opts = (const uint8_t *)"\x06\x73\x07",
		.f_port = 10, .frm_payload = (const uint8_t *)"hello", .frm_payload_len = 5,
	};
	uint8_t buf[PHY_MAX];
	size_t len = write_frame(&f, buf);
	struct phy_data back;

	(void)state;
	assert_int_equal(len, 1 + 7 + 3 + 1 + 5 + 4);
	assert_memory_equal(buf, "\x80\x04\x03\x02\x01\xf3\xcd\xab\x06\x73\x07\x0ahelloMIC!", len);
	assert_int_equal(phy_parse_data(buf, len, &back), LS_OK);
	assert_int_equal(back.m_type, f.m_type);
	assert_int_equal(back.dev_addr, f.dev_addr);
	assert_true(back.adr && back.adr_ack_req && back.ack && back.class_b && !back.f_pending);
	assert_int_equal(back.f_cnt, f.f_cnt);
	assert_int_equal(back.f_opts_len, 3);
	assert_memory_equal(back.f_opts, f.f_opts, 3);
	assert_int_equal(back.f_port, 10);
	assert_int_equal(back.frm_payload_len, 5);
	assert_memory_equal(back.frm_payload, "hello", 5);
	assert_int_equal(back.msg_len, len - 4);
	assert_memory_equal(back.mic, "MIC!", 4);
}

static void direction_decides_what_bit_4_and_bit_6_mean(void **state)
{
	uint8_t buf[12] = {0x60, 1, 2, 3, 4, 0x50, 0, 0, 9, 9, 9, 9};
	struct phy_data f;

	(void)state;
	assert_int_equal(phy_parse_data(buf, sizeof(buf), &f), LS_OK);
	assert_true(f.f_pending && !f.class_b && !f.adr_ack_req);
	assert_int_equal(phy_f_ctrl(&f), 0x10);
	buf[0] = 0x40;
	assert_int_equal(phy_parse_data(buf, sizeof(buf), &f), LS_OK);
	assert_true(!f.f_pending && f.class_b && f.adr_ack_req);
	assert_int_equal(phy_f_ctrl(&f), 0x50);
}

static void frame_without_f_port_has_minus_1(void **state)
{
	static const uint8_t buf[] = {0x40, 1, 2, 3, 4, 0x02, 0, 0, 0x02, 0x0d, 9, 9, 9, 9};
	struct phy_data f;

	(void)state;
	assert_int_equal(phy_parse_data(buf, sizeof(buf), &f), LS_OK);
	assert_int_equal(f.f_port, -1);
	assert_int_equal(f.frm_payload_len, 0);
	assert_int_equal(f.f_opts_len, 2);
}

static void f_port_with_empty_payload_is_legal(void **state)
{
	static const uint8_t buf[] = {0x40, 1, 2, 3, 4, 0x00, 0, 0, 7, 9, 9, 9, 9};
	struct phy_data f;

	(void)state;
	assert_int_equal(phy_parse_data(buf, sizeof(buf), &f), LS_OK);
	assert_int_equal(f.f_port, 7);
	assert_int_equal(f.frm_payload_len, 0);
}

static void fopts_with_f_port_0_is_refused(void **state)
{
	static const uint8_t buf[] = {0x40, 1, 2, 3, 4, 0x01, 0, 0, 0x02, 0, 0x0d, 9, 9, 9, 9};
	const struct phy_data f = {
		.m_type = M_TYPE_UNCONFIRMED_DOWN, .f_opts_len = 1, .f_opts = (const uint8_t *)"\x06", .f_port = 0,
	};
	uint8_t out[PHY_MAX];
	struct phy_data parsed;
	size_t len;

	(void)state;
	assert_int_equal(phy_parse_data(buf, sizeof(buf), &parsed), LS_EFORMAT);
	assert_int_equal(phy_write_data(&f, out, sizeof(out), &len), LS_EINVAL);
}

static void every_truncation_of_a_data_frame_is_safe(void **state)
{
	const struct phy_data f = {
		.m_type = M_TYPE_UNCONFIRMED_UP, .dev_addr = 1, .f_opts_len = 15,
		.f_opts = (const uint8_t *)"\x02\x0d\x02\x0d\x02\x0d\x02\x0d\x02\x0d\x02\x0d\x02\x0d\x02",
		.f_port = 1, .frm_payload = (const uint8_t *)"0123456789", .frm_payload_len = 10,
	};
	uint8_t buf[PHY_MAX];
	size_t len = write_frame(&f, buf);
	struct phy_data out;

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		int rc = parse_exact(buf, n, &out);

		/* With FOptsLen 15 nothing below MHDR, FHDR of 22 and MIC is a frame. */
		assert_int_equal(rc, n < 1 + 22 + 4 ? LS_ESHORT : LS_OK);
		if (rc == LS_OK) {
			assert_int_equal(out.f_port, n == 1 + 22 + 4 ? -1 : 1);
			assert_int_equal(out.frm_payload_len, n < len - 10 ? 0 : n - (len - 10));
		}
	}
	/* Every FOptsLen at every length: it is refused exactly when it reaches into the MIC. */
	for (unsigned f_opts_len = 0; f_opts_len < 16; f_opts_len++) {
		buf[5] = (uint8_t)f_opts_len;
		memset(buf + 8, 1, 40);
		for (size_t n = 0; n < 40; n++)
			assert_int_equal(parse_exact(buf, n, &out), n < 12 + f_opts_len ? LS_ESHORT : LS_OK);
	}
}

static void other_frame_types_and_versions_are_not_data(void **state)
{
	uint8_t buf[32] = {0};
	struct phy_data f;
	enum m_type m_type;

	(void)state;
	for (unsigned mhdr = 0; mhdr < 256; mhdr++) {
		unsigned type = mhdr >> 5;
		int want = mhdr & 3 ? LS_EVERSION : type >= 2 && type <= 5 ? LS_OK : LS_ETYPE;

		buf[0] = (uint8_t)mhdr;
		assert_int_equal(phy_parse_data(buf, sizeof(buf), &f), want);
		assert_int_equal(phy_m_type(buf, 1, &m_type), mhdr & 3 ? LS_EVERSION : LS_OK);
		if (!(mhdr & 3))
			assert_int_equal(m_type, type);
	}
	assert_int_equal(phy_m_type(buf, 0, &m_type), LS_ESHORT);
}

static void frame_longer_than_the_radio_can_carry_is_refused(void **state)
{
	uint8_t buf[PHY_MAX + 1] = {0x40};
	struct phy_data f;

	(void)state;
	assert_int_equal(phy_parse_data(buf, PHY_MAX, &f), LS_OK);
	assert_int_equal(f.msg_len, 251);
	assert_int_equal(phy_parse_data(buf, PHY_MAX + 1, &f), LS_ELONG);
}

static void writer_refuses_what_cannot_be_a_frame(void **state)
{
	uint8_t payload[300] = {0}, buf[PHY_MAX];
	struct phy_data f = {.m_type = M_TYPE_UNCONFIRMED_DOWN, .f_port = -1, .frm_payload = payload, .frm_payload_len = 1};
	size_t len;

	(void)state;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_EINVAL);
	f.f_port = 256;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_EINVAL);
	f.f_port = 1;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_OK);
	assert_int_equal(phy_write_data(&f, buf, 13, &len), LS_ELONG);
	assert_int_equal(phy_write_data(&f, buf, 14, &len), LS_OK);
	assert_int_equal(len, 10);
	f.frm_payload_len = 242;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_OK);
	assert_int_equal(len, 251);
	f.frm_payload_len = 243;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_ELONG);
	f.frm_payload_len = 300;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_ELONG);
	f.frm_payload_len = 0;
	f.f_opts_len = 16;
	f.f_opts = payload;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_EINVAL);
	f.f_opts_len = 0;
	f.m_type = M_TYPE_JOIN_ACCEPT;
	assert_int_equal(phy_write_data(&f, buf, sizeof(buf), &len), LS_EINVAL);
}

static void join_request_is_exactly_23_octets(void **state)
{
	static const uint8_t frame[24] = {0x00, 0x04, 0x03, 0x02, 0x01, 0x04, 0x03, 0x02, 0x01, 0x05, 0x04, 0x03,
					  0x02, 0x05, 0x04, 0x03, 0x02, 0x2d, 0x10, 0x6a, 0x99, 0x0e, 0x12};
	struct phy_join_request j;

	(void)state;
	assert_int_equal(phy_parse_join_request(frame, 23, &j), LS_OK);
	assert_true(eui64_to_u64(j.join_eui) == UINT64_C(0x0102030401020304));
	assert_true(eui64_to_u64(j.dev_eui) == UINT64_C(0x0203040502030405));
	assert_int_equal(j.dev_nonce, 4141);
	assert_memory_equal(j.mic, "\x6a\x99\x0e\x12", 4);
	for (size_t n = 0; n < 23; n++)
		assert_int_equal(phy_parse_join_request(frame, n, &j), LS_ESHORT);
	assert_int_equal(phy_parse_join_request(frame, 24, &j), LS_ELONG);
	assert_int_equal(phy_parse_join_request((const uint8_t *)"\x40", 1, &j), LS_ETYPE);
	assert_int_equal(phy_parse_join_request((const uint8_t *)"\x01", 1, &j), LS_EVERSION);
}

static void rejoin_request_is_as_long_as_its_type(void **state)
{
	static const uint8_t lengths[] = {19, 24, 19};
	uint8_t frame[25] = {0xc0};
	struct phy_rejoin_request r;

	(void)state;
	for (uint8_t type = 0; type <= 2; type++) {
		frame[1] = type;
		assert_int_equal(phy_parse_rejoin_request(frame, lengths[type], &r), LS_OK);
		for (size_t n = 0; n < lengths[type]; n++)
			assert_int_equal(phy_parse_rejoin_request(frame, n, &r), LS_ESHORT);
		assert_int_equal(phy_parse_rejoin_request(frame, lengths[type] + 1u, &r), LS_ELONG);
	}
	for (unsigned type = 3; type <= 255; type++) {
		frame[1] = (uint8_t)type;
		for (size_t n = 2; n <= sizeof(frame); n++)
			assert_int_equal(phy_parse_rejoin_request(frame, n, &r), LS_EFORMAT);
	}
	assert_int_equal(phy_parse_rejoin_request((const uint8_t *)"\x00", 1, &r), LS_ETYPE);
	assert_int_equal(phy_parse_rejoin_request((const uint8_t *)"\xc1", 1, &r), LS_EVERSION);
}

static void join_accept_body_goes_both_ways(void **state)
{
	struct phy_join_accept a = {
		.join_nonce = 0xff030201, .net_id = 0x090807, .dev_addr = 0x03040506, .rx1_dr_offset = 9, .rx2_dr = 18,
		.rx_delay = 19,
	};
	uint8_t body[PHY_JOIN_ACCEPT_BODY_MAX];
	struct phy_join_accept back;

	(void)state;
	assert_int_equal(phy_write_join_accept_body(&a, body), 12);
	assert_memory_equal(body, "\x01\x02\x03\x07\x08\x09\x06\x05\x04\x03\x12\x03", 12);
	a.has_cf_list = true;
	memset(a.cf_list, 0x5a, sizeof(a.cf_list));
	assert_int_equal(phy_write_join_accept_body(&a, body), 28);
	assert_int_equal(phy_parse_join_accept_body(body, 28, &back), LS_OK);
	assert_int_equal(back.join_nonce, 0x030201);
	assert_int_equal(back.rx1_dr_offset, 1);
	assert_int_equal(back.rx2_dr, 2);
	assert_int_equal(back.rx_delay, 3);
	assert_true(back.has_cf_list && !back.opt_neg);
	assert_memory_equal(back.cf_list, a.cf_list, 16);
	for (size_t n = 0; n <= 28; n++)
		assert_int_equal(phy_parse_join_accept_body(body, n, &back), n == 12 || n == 28 ? LS_OK : LS_ESHORT);
}

static void frame_types_have_chirpstacks_names(void **state)
{
	(void)state;
	assert_string_equal(m_type_name(M_TYPE_JOIN_REQUEST), "JOIN_REQUEST");
	assert_string_equal(m_type_name(M_TYPE_UNCONFIRMED_UP), "UNCONFIRMED_DATA_UP");
	assert_string_equal(m_type_name(M_TYPE_CONFIRMED_DOWN), "CONFIRMED_DATA_DOWN");
	assert_string_equal(m_type_name(M_TYPE_PROPRIETARY), "PROPRIETARY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_frame_survives_writing_and_parsing),
		cmocka_unit_test(direction_decides_what_bit_4_and_bit_6_mean),
		cmocka_unit_test(frame_without_f_port_has_minus_1),
		cmocka_unit_test(f_port_with_empty_payload_is_legal),
		cmocka_unit_test(fopts_with_f_port_0_is_refused),
		cmocka_unit_test(every_truncation_of_a_data_frame_is_safe),
		cmocka_unit_test(other_frame_types_and_versions_are_not_data),
		cmocka_unit_test(frame_longer_than_the_radio_can_carry_is_refused),
		cmocka_unit_test(writer_refuses_what_cannot_be_a_frame),
		cmocka_unit_test(join_request_is_exactly_23_octets),
		cmocka_unit_test(rejoin_request_is_as_long_as_its_type),
		cmocka_unit_test(join_accept_body_goes_both_ways),
		cmocka_unit_test(frame_types_have_chirpstacks_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
