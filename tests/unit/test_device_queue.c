/* test_device_queue.c - which queued downlink goes next, and what becomes of one that was not acknowledged. */
#include "network_bench.h"

#define NOW INT64_C(1700000000000000)

static struct queue_item *push(struct bench *b, uint8_t first, int64_t not_before_us, int64_t expires_us)
{
	struct queue_row row = {.queue_item_id = {{first}}, .f_port = first, .not_before_us = not_before_us, .expires_us = expires_us};
	struct queue_item *item = device_queue_add(b->device, &row);

	assert_non_null(item);
	return item;
}

static void assert_next(const struct bench *b, int64_t now_us, int f_port, bool want_more)
{
	bool more;
	const struct queue_item *item = device_queue_next(b->device->queue, now_us, &more);

	assert_int_equal(item ? item->f_port : 0, f_port);
	assert_int_equal(more, want_more);
}

static void oldest_item_goes_first(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	assert_next(&b, NOW, 0, false);
	push(&b, 1, 0, 0);
	assert_next(&b, NOW, 1, false);
	push(&b, 2, 0, 0);
	assert_next(&b, NOW, 1, true);
	bench_close(&b);
}

static void item_whose_time_has_not_come_lets_others_pass(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	push(&b, 3, NOW + 9, 0);
	assert_true(device_queue_next_time(b.device->queue, NOW) == NOW + 9);
	device_queue_clear(b.device);
	push(&b, 1, NOW + 1, 0);
	assert_next(&b, NOW, 0, false);
	assert_true(device_queue_next_time(b.device->queue, NOW) == NOW + 1);
	assert_true(device_queue_next_time(b.device->queue, NOW + 1) == 0);
	assert_next(&b, NOW + 1, 1, false);
	push(&b, 2, 0, 0);
	assert_next(&b, NOW, 2, false);
	assert_next(&b, NOW + 1, 1, true);
	bench_close(&b);
}

static void item_whose_time_is_over_is_passed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	push(&b, 1, 0, NOW);
	push(&b, 2, 0, 0);
	assert_next(&b, NOW - 1, 1, true);
	assert_next(&b, NOW, 2, false);
	bench_close(&b);
}

static void nothing_goes_while_another_is_open(void **state)
{
	static const enum queue_state open[] = {QUEUE_IN_FLIGHT, QUEUE_SENT};
	struct queue_item *first;
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	first = push(&b, 1, 0, 0);
	for (size_t i = 0; i < 2; i++) {
		first->state = open[i];
		assert_next(&b, NOW, 0, false);
	}
	push(&b, 2, 0, 0);
	assert_next(&b, NOW, 0, true);
	bench_close(&b);
}

static void item_is_sent_once_and_as_often_again_as_it_has_retries(void **state)
{
	struct queue_item *item;
	struct bench b;

	(void)state;
	bench_open(&b, "1.0.3");
	item = push(&b, 1, 0, NOW);
	item->attempts = 1;
	assert_false(queue_item_may_retry(item, 0));
	item->retries = 2;
	assert_true(queue_item_may_retry(item, 0));
	assert_false(queue_item_may_retry(item, NOW));
	item->attempts = 2;
	assert_true(queue_item_may_retry(item, 0));
	item->attempts = 3;
	assert_false(queue_item_may_retry(item, 0));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_item_goes_first),
		cmocka_unit_test(item_whose_time_has_not_come_lets_others_pass),
		cmocka_unit_test(item_whose_time_is_over_is_passed),
		cmocka_unit_test(nothing_goes_while_another_is_open),
		cmocka_unit_test(item_is_sent_once_and_as_often_again_as_it_has_retries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
