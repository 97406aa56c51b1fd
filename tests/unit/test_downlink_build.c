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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
