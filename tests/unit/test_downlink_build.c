/* test_downlink_build.c - the octets of class A answers, and which queued item goes. */
#include "network_bench.h"

#include "network/downlink.h"

static struct downlink_outcome built;
static struct phy_data frame;

static void push(struct bench *b, uint8_t first, size_t len, bool confirmed)
{
	uint8_t data[242] = {first};
	struct queue_row row = {
		.queue_item_id = {{first}}, .f_port = 10, .confirmed = confirmed, .data = data, .data_len = len};

	assert_non_null(device_queue_add(b->device, &row));
}

static bool build(struct bench *b, bool ack, bool must_send, size_t f_opts_len)
{
	static const uint8_t f_opts[15] = {0x02, 20, 1};
	struct downlink_input in = {
		.session = b->session, .queue = b->device->queue, .may_take_item = true, .max_payload_m = 59, .ack = ack,
		.must_send = must_send, .f_opts = f_opts, .f_opts_len = f_opts_len};

	downlink_build(b->crypto, &in, &built);
	if (built.send) {
		uint8_t mic[4];

		assert_int_equal(phy_parse_data(built.phy, built.phy_len, &frame), LS_OK);
		lw_mic_data(b->crypto, &b->session->keys.f_nwk_s_int_key, LW_DOWN, BENCH_DEV_ADDR, b->session->down.f_cnt_down,
		            built.phy, frame.msg_len, mic);
		assert_memory_equal(mic, frame.mic, 4);
		assert_int_equal(built.f_cnt_down, b->session->down.f_cnt_down);
	}
	return built.send;
}

static void nothing_to_say_sends_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_false(build(&b, false, false, 0));
	bench_close(&b);
}

static void bare_acknowledgement_has_no_port(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_true(build(&b, true, true, 0));
	assert_int_equal(built.phy_len, 12);
	assert_true(frame.ack);
	assert_int_equal(frame.f_port, -1);
	assert_false(frame.f_pending);
	bench_close(&b);
}

static void item_is_encrypted_under_the_full_counter(void **state)
{
	uint8_t data[4] = {7};
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.session->down.f_cnt_down = 0x12345;
	push(&b, 7, 4, true);
	assert_true(build(&b, false, false, 0));
	assert_int_equal(frame.m_type, M_TYPE_CONFIRMED_DOWN);
	assert_int_equal(frame.f_cnt, 0x2345);
	assert_int_equal(frame.f_port, 10);
	lw_frm_payload_crypt(b.crypto, &b.session->keys.app_s_key, LW_DOWN, BENCH_DEV_ADDR, 0x12345, data, 4);
	assert_memory_equal(frame.frm_payload, data, 4);
	bench_close(&b);
}

static void more_items_set_f_pending(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	push(&b, 1, 4, false);
	build(&b, false, false, 0);
	assert_false(frame.f_pending);
	push(&b, 2, 4, false);
	build(&b, false, false, 0);
	assert_true(frame.f_pending);
	assert_ptr_equal(built.item, b.device->queue);
	bench_close(&b);
}

static void item_waits_while_another_is_on_its_way(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	push(&b, 1, 4, true);
	push(&b, 2, 4, false);
	b.device->queue->state = QUEUE_SENT;
	assert_false(build(&b, false, false, 0));
	assert_true(build(&b, true, true, 0));
	assert_null(built.item);
	assert_true(frame.f_pending);
	bench_close(&b);
}

static void size_limit_counts_f_opts(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	push(&b, 1, 51, false);
	assert_true(build(&b, false, false, 0));
	assert_int_equal(built.phy_len, 59 + 5);
	assert_true(build(&b, false, true, 3));
	assert_null(built.item);
	assert_ptr_equal(built.too_long, b.device->queue);
	assert_int_equal(built.item_max, 48);
	assert_int_equal(frame.f_opts_len, 3);
	bench_close(&b);
}

static void exhausted_counter_sends_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	b.session->down.f_cnt_down = UINT32_MAX;
	assert_false(build(&b, true, true, 0));
	bench_close(&b);
}

static void open_11(struct bench *b)
{
	bench_open(b, "1.1.0");
	b->session->is_1_1 = true;
	memset(b->session->keys.s_nwk_s_int_key.b, 0x33, 16);
	memset(b->session->keys.nwk_s_enc_key.b, 0x44, 16);
	b->session->down.f_cnt_down = 5;
	b->session->down.a_f_cnt_down = 0x10007;
	b->session->up.has_up = true;
	b->session->up.f_cnt_up = 0x20003; /* the last uplink had 0x20002 */
}

static void check_11(struct bench *b, uint32_t f_cnt)
{
	uint8_t mic[4];

	assert_int_equal(phy_parse_data(built.phy, built.phy_len, &frame), LS_OK);
	assert_int_equal(built.f_cnt_down, f_cnt);
	assert_int_equal(frame.f_cnt, f_cnt & 0xffff);
	lw_mic_down_11(b->crypto, &b->session->keys.s_nwk_s_int_key, BENCH_DEV_ADDR, f_cnt, 2, built.phy, frame.msg_len, mic);
	assert_memory_equal(mic, frame.mic, 4);
}

static void application_data_of_1_1_have_their_own_counter(void **state)
{
	uint8_t f_opts[3] = {0x02, 20, 1}, sent[3];
	struct downlink_input in = {.may_take_item = true, .max_payload_m = 59, .ack = true, .must_send = true, .f_opts = f_opts,
	                            .f_opts_len = 3};
	struct bench b;

	(void)state;
	open_11(&b);
	in.session = b.session;
	downlink_build(b.crypto, &in, &built);
	check_11(&b, 5);
	assert_int_equal(built.down.f_cnt_down, 6);
	assert_int_equal(built.down.a_f_cnt_down, 0x10007);
	assert_false(built.down.has_conf);
	memcpy(sent, frame.f_opts, 3);
	lw_f_opts_crypt(b.crypto, &b.session->keys.nwk_s_enc_key, F_OPTS_ERRATUM, F_OPTS_N_F_CNT_DOWN, BENCH_DEV_ADDR, 5, sent, 3);
	assert_memory_equal(sent, f_opts, 3);

	push(&b, 7, 4, true);
	in.queue = b.device->queue;
	downlink_build(b.crypto, &in, &built);
	check_11(&b, 0x10007);
	assert_int_equal(built.down.f_cnt_down, 5);
	assert_int_equal(built.down.a_f_cnt_down, 0x10008);
	assert_true(built.down.has_conf);
	assert_int_equal(built.down.conf_f_cnt_down, 0x10007);
	memcpy(sent, frame.f_opts, 3);
	lw_f_opts_crypt(b.crypto, &b.session->keys.nwk_s_enc_key, F_OPTS_ERRATUM, F_OPTS_A_F_CNT_DOWN, BENCH_DEV_ADDR, 0x10007,
	                sent, 3);
	assert_memory_equal(sent, f_opts, 3);
	bench_close(&b);
}

static void f_opts_go_in_the_form_the_device_showed(void **state)
{
	uint8_t f_opts[3] = {0x02, 20, 1}, sent[3];
	struct downlink_input in = {.max_payload_m = 59, .must_send = true, .f_opts = f_opts, .f_opts_len = 3};
	struct bench b;

	(void)state;
	open_11(&b);
	b.session->up.f_opts_form = F_OPTS_KNOWN_ORIGINAL;
	in.session = b.session;
	downlink_build(b.crypto, &in, &built);
	assert_int_equal(phy_parse_data(built.phy, built.phy_len, &frame), LS_OK);
	memcpy(sent, frame.f_opts, 3);
	lw_f_opts_crypt(b.crypto, &b.session->keys.nwk_s_enc_key, F_OPTS_ORIGINAL, F_OPTS_N_F_CNT_DOWN, BENCH_DEV_ADDR, 5, sent, 3);
	assert_memory_equal(sent, f_opts, 3);
	bench_close(&b);
}

static void many_commands_go_on_port_0_without_an_item(void **state)
{
	uint8_t commands[20] = {0x06}, sent[20];
	struct downlink_input in = {.may_take_item = true, .max_payload_m = 59, .port_0 = commands, .port_0_len = sizeof(commands)};
	struct bench b;

	(void)state;
	open_11(&b);
	push(&b, 7, 4, false);
	in.session = b.session;
	in.queue = b.device->queue;
	downlink_build(b.crypto, &in, &built);
	assert_true(built.send);
	check_11(&b, 5);
	assert_null(built.item);
	assert_int_equal(frame.f_port, 0);
	assert_true(frame.f_pending);
	memcpy(sent, frame.frm_payload, sizeof(sent));
	lw_frm_payload_crypt(b.crypto, &b.session->keys.nwk_s_enc_key, LW_DOWN, BENCH_DEV_ADDR, 5, sent, sizeof(sent));
	assert_memory_equal(sent, commands, sizeof(sent));
	bench_close(&b);
}

static void only_the_counter_that_is_needed_may_be_exhausted(void **state)
{
	struct downlink_input in = {.may_take_item = true, .max_payload_m = 59, .must_send = true};
	struct bench b;

	(void)state;
	open_11(&b);
	b.session->down.a_f_cnt_down = UINT32_MAX;
	in.session = b.session;
	downlink_build(b.crypto, &in, &built);
	assert_true(built.send && !built.exhausted);
	push(&b, 7, 4, false);
	in.queue = b.device->queue;
	downlink_build(b.crypto, &in, &built);
	assert_true(!built.send && built.exhausted);
	bench_close(&b);
}

static void counter_of_16_bits_begins_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.2");
	b.device->profile->f_cnt_16_bit = true;
	b.session->down.f_cnt_down = 65535;
	assert_true(build(&b, true, true, 0));
	assert_int_equal(built.down.f_cnt_down, 0);
	b.session->down.f_cnt_down = 65536 + 7; /* a restore goes ahead */
	{
		struct downlink_input in = {.session = b.session, .max_payload_m = 59, .must_send = true};

		downlink_build(b.crypto, &in, &built);
		assert_int_equal(built.f_cnt_down, 7);
		assert_int_equal(built.down.f_cnt_down, 8);
	}
	b.session->down.f_cnt_down = 65535;
	b.device->profile->f_cnt_16_bit = false;
	assert_true(build(&b, true, true, 0));
	assert_int_equal(built.down.f_cnt_down, 65536);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_say_sends_nothing),
		cmocka_unit_test(bare_acknowledgement_has_no_port),
		cmocka_unit_test(item_is_encrypted_under_the_full_counter),
		cmocka_unit_test(more_items_set_f_pending),
		cmocka_unit_test(item_waits_while_another_is_on_its_way),
		cmocka_unit_test(size_limit_counts_f_opts),
		cmocka_unit_test(exhausted_counter_sends_nothing),
		cmocka_unit_test(application_data_of_1_1_have_their_own_counter),
		cmocka_unit_test(f_opts_go_in_the_form_the_device_showed),
		cmocka_unit_test(many_commands_go_on_port_0_without_an_item),
		cmocka_unit_test(only_the_counter_that_is_needed_may_be_exhausted),
		cmocka_unit_test(counter_of_16_bits_begins_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
