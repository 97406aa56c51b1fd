/* What a class B or C device gets, and when; and the gateways that heard it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lorawan/class_b.h"
#include "lorawan/gps_time.h"
#include "network/class_schedule.h"

#define S INT64_C(1000000)
/* 2016-02-12T14:24:31Z, the worked example: slots of 26011bda with periodicity 4 lie at ..240 + 8.990 + k * 15.360 s */
#define NOW_US (INT64_C(1455287071) * S)
#define NOW_GPS_US (UINT64_C(1139322288) * 1000000)
#define DEV_ADDR 0x26011bda

static struct lw_crypto *crypto;

/* A device with one item in its queue, in a session that had an uplink 10 s ago. */
struct bench {
	struct profile profile;
	struct device device;
	struct session session;
	struct region region;
	struct class_input in;
	struct class_plan plan;
	struct queue_item item; /* last: its payload would follow */
};

static void bench_init(struct bench *b, enum device_class said)
{
	memset(b, 0, sizeof(*b));
	b->profile.mac_version = MAC_VERSION_1_0_4;
	b->profile.supports_class_b = b->profile.supports_class_c = true;
	b->profile.class_b_timeout_s = 30;
	b->profile.class_c_timeout_s = 8;
	b->device.profile = &b->profile;
	b->device.enabled = true;
	b->device.queue = &b->item;
	b->device.sessions[SLOT_CURRENT] = &b->session;
	b->session.region = &b->region;
	b->session.device = &b->device;
	b->session.up.device_class = (uint8_t)said;
	b->session.up.has_up = true;
	b->session.up.last_seen_us = NOW_US - 10 * S;
	b->in.device = &b->device;
	b->in.now_wall_us = NOW_US;
	b->in.lead_us = 300000;
	b->in.slots = (struct ping_slots){.dev_addr = DEV_ADDR, .periodicity = 4};
}

static enum class_step decide(struct bench *b)
{
	class_decide(crypto, &b->in, &b->plan);
	return b->plan.step;
}

static void class_c_is_served_at_once(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	assert_int_equal(decide(&b), CLASS_SEND);
	assert_int_equal(b.plan.by, CLASS_C);
	assert_ptr_equal(b.plan.item, &b.item);
}

static void class_a_waits_for_its_uplink(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_A);
	assert_int_equal(decide(&b), CLASS_IDLE);
	bench_init(&b, CLASS_C);
	b.profile.supports_class_c = false;
	assert_int_equal(decide(&b), CLASS_IDLE);
}

static void nothing_leaves_before_the_first_uplink_of_a_session(void **state)
{
	struct session pending = {0};
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	b.session.up.has_up = false;
	assert_int_equal(decide(&b), CLASS_IDLE);
	bench_init(&b, CLASS_C);
	b.device.sessions[SLOT_PENDING] = &pending;
	assert_int_equal(decide(&b), CLASS_IDLE);
	bench_init(&b, CLASS_B);
	b.device.sessions[SLOT_PENDING] = &pending;
	assert_int_equal(decide(&b), CLASS_IDLE);
	bench_init(&b, CLASS_C);
	b.device.sessions[SLOT_CURRENT] = NULL;
	b.device.sessions[SLOT_PENDING] = &pending;
	assert_int_equal(decide(&b), CLASS_IDLE);
}

static void what_is_due_goes_into_the_windows_ahead(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	b.in.answer_ahead = true;
	assert_int_equal(decide(&b), CLASS_IDLE);
	b.in.answer_ahead = false;
	b.in.quiet_until_wall_us = NOW_US + S / 2;
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.at_wall_us == NOW_US + S / 2);
}

static void an_item_waits_for_its_time(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	b.item.not_before_us = NOW_US + 60 * S;
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.at_wall_us == NOW_US + 60 * S);
	b.in.now_wall_us = NOW_US + 60 * S;
	assert_int_equal(decide(&b), CLASS_SEND);
}

static void items_that_wait_or_are_over_let_the_next_pass(void **state)
{
	struct queue_item second = {0};
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	b.item.next = &second;
	b.item.not_before_us = NOW_US + 60 * S;
	assert_int_equal(decide(&b), CLASS_SEND);
	assert_ptr_equal(b.plan.item, &second);
	b.item.not_before_us = 0;
	b.item.expires_us = NOW_US;
	assert_int_equal(decide(&b), CLASS_SEND);
	assert_ptr_equal(b.plan.item, &second);
	b.item.next = NULL;
	assert_int_equal(decide(&b), CLASS_IDLE);
}

static void one_confirmed_item_is_open_at_a_time(void **state)
{
	struct queue_item second = {0};
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_C);
	b.item.next = &second;
	b.item.confirmed = true;
	b.item.state = QUEUE_SENT;
	b.item.sent_us = NOW_US - 3 * S;
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.at_wall_us == NOW_US + 5 * S);
	b.in.now_wall_us = NOW_US + 5 * S;
	assert_int_equal(decide(&b), CLASS_ACK_TIMEOUT);
	assert_ptr_equal(b.plan.item, &b.item);
	b.item.state = QUEUE_IN_FLIGHT;
	assert_int_equal(decide(&b), CLASS_IDLE);

	bench_init(&b, CLASS_B); /* its own time-out */
	b.item.confirmed = true;
	b.item.state = QUEUE_SENT;
	b.item.sent_us = NOW_US - 3 * S;
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.at_wall_us == NOW_US + 27 * S);
}

/* The next slot after the instant of the example is at ..295.070, 7.07 s ahead. */
static void class_b_waits_until_shortly_before_its_slot(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_B);
	assert_true(gps_us_from_wall_us(NOW_US) == NOW_GPS_US);
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.at_wall_us == NOW_US + 7070000 - 300000 - CLASS_B_MARGIN_US);
	b.in.now_wall_us = b.plan.at_wall_us;
	assert_int_equal(decide(&b), CLASS_SEND);
	assert_int_equal(b.plan.by, CLASS_B);
	assert_true(b.plan.slot_gps_us == UINT64_C(1139322295070000));
	/* The timer fired late: still in time, then the slot after it. */
	b.in.now_wall_us += CLASS_B_MARGIN_US;
	assert_int_equal(decide(&b), CLASS_SEND);
	assert_true(b.plan.slot_gps_us == UINT64_C(1139322295070000));
	b.in.now_wall_us += 1;
	assert_int_equal(decide(&b), CLASS_WAIT);
	assert_true(b.plan.slot_gps_us == UINT64_C(1139322310430000));
}

static void class_b_without_known_slots_is_served_as_a(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_B);
	b.in.slots.periodicity = -1;
	assert_int_equal(decide(&b), CLASS_IDLE);
	assert_non_null(strstr(b.plan.why, "ping slots"));
}

static void a_lost_class_b_device_is_served_as_a(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, CLASS_B);
	b.session.up.last_seen_us = NOW_US - CLASS_B_LOST_US + 1;
	assert_int_equal(class_served(&b.profile, &b.session.up, NOW_US), CLASS_B);
	b.session.up.last_seen_us--;
	assert_int_equal(class_served(&b.profile, &b.session.up, NOW_US), CLASS_A);
	assert_int_equal(decide(&b), CLASS_IDLE);
}

static void class_follows_what_device_and_profile_say(void **state)
{
	static const struct {
		enum mac_version v;
		bool b, c, is_1_1;
		enum device_class before;
		bool bit;
		enum device_class after;
	} rows[] = {
		{MAC_VERSION_1_0_4, true, false, false, CLASS_A, true, CLASS_B},
		{MAC_VERSION_1_0_4, true, false, false, CLASS_B, false, CLASS_A},
		{MAC_VERSION_1_0_4, true, true, false, CLASS_B, false, CLASS_C},
		{MAC_VERSION_1_0_4, true, true, false, CLASS_C, true, CLASS_B},
		{MAC_VERSION_1_0_3, true, false, false, CLASS_A, true, CLASS_B},
		{MAC_VERSION_1_0_2, true, false, false, CLASS_A, true, CLASS_A},  /* class B of the drafts */
		{MAC_VERSION_1_0_4, false, false, false, CLASS_A, true, CLASS_A}, /* the bit was RFU to this profile */
		{MAC_VERSION_1_0_4, false, true, false, CLASS_A, false, CLASS_C}, /* the profile was changed meanwhile */
		{MAC_VERSION_1_0_4, false, false, false, CLASS_C, false, CLASS_A},
		{MAC_VERSION_1_1_0, false, true, true, CLASS_A, false, CLASS_A},  /* it has DeviceModeInd */
		{MAC_VERSION_1_1_0, false, true, true, CLASS_C, false, CLASS_C},
		{MAC_VERSION_1_1_0, true, true, true, CLASS_B, false, CLASS_A},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = {.mac_version = rows[i].v, .supports_class_b = rows[i].b, .supports_class_c = rows[i].c};

		assert_int_equal(class_after_uplink(&p, rows[i].is_1_1, rows[i].before, rows[i].bit), rows[i].after);
		assert_int_equal(class_at_start(&p, rows[i].is_1_1), rows[i].c && !rows[i].is_1_1 ? CLASS_C : CLASS_A);
	}
}

static void last_word_of_the_device_counts_whatever_its_version(void **state)
{
	struct profile with_c = {.mac_version = MAC_VERSION_1_0_3, .supports_class_c = true}, without = {.mac_version = MAC_VERSION_1_0_3};

	(void)state;
	assert_int_equal(class_as_told(&with_c, CLASS_C, CLASS_TOLD_NOTHING), CLASS_C);
	assert_int_equal(class_as_told(&with_c, CLASS_C, 0), CLASS_A);
	assert_int_equal(class_as_told(&with_c, CLASS_A, 2), CLASS_C);
	assert_int_equal(class_as_told(&without, CLASS_A, 2), CLASS_A);
	assert_int_equal(class_as_told(&with_c, CLASS_B, 2), CLASS_B); /* the bit is newer */
}

/* ---- heard ---------------------------------------------------------------------------------- */

static struct heard_gateway by(uint8_t id, int16_t snr_db10)
{
	struct heard_gateway g = {.rssi_dbm = -100, .snr_db10 = snr_db10};

	g.gateway_id.be[7] = id;
	return g;
}

static void assert_heard(const struct heard *h, const char *ids)
{
	assert_int_equal(h->n, strlen(ids));
	for (unsigned i = 0; i < h->n; i++)
		assert_int_equal(h->list[i].gateway_id.be[7], ids[i]);
}

static void the_newest_uplink_comes_first(void **state)
{
	struct heard_gateway first[] = {by('a', -50), by('b', 70), by('c', 10)}, second[] = {by('c', -90), by('d', -20)};
	struct heard_gateway none = by('e', HEARD_NO_SNR);
	struct heard h = {.n = 0}, back;
	uint8_t octets[HEARD_OCTETS];
	size_t len;

	(void)state;
	assert_true(heard_take(&h, first, 3));
	assert_heard(&h, "bca");
	assert_false(heard_take(&h, first, 3));
	assert_true(heard_take(&h, second, 2));
	assert_heard(&h, "dcba");
	assert_int_equal(h.list[1].snr_db10, -90);
	assert_true(heard_take(&h, &none, 1));
	assert_heard(&h, "edcba");

	len = heard_write(&h, octets);
	heard_read(&back, octets, len);
	assert_memory_equal(&back.list, &h.list, h.n * sizeof(h.list[0]));
	heard_read(&back, octets, len - 1);
	assert_heard(&back, "edcb");
	heard_remove(&back, h.list[1].gateway_id);
	assert_heard(&back, "ecb");
}

static void the_list_is_bounded_and_keeps_the_strongest(void **state)
{
	struct heard_gateway many[20];
	struct heard h = {.n = 0};

	(void)state;
	for (int i = 0; i < 20; i++)
		many[i] = by((uint8_t)('a' + i), (int16_t)(i * 7 % 20)); /* strength 0..19, shuffled */
	heard_take(&h, many, 20);
	assert_int_equal(h.n, HEARD_MAX);
	for (unsigned i = 0; i < h.n; i++)
		assert_int_equal(h.list[i].snr_db10, 19 - (int)i);
	heard_take(&h, many, 2); /* the strength of two earlier ones is new, six stay */
	assert_int_equal(h.n, HEARD_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_c_is_served_at_once),
		cmocka_unit_test(class_a_waits_for_its_uplink),
		cmocka_unit_test(nothing_leaves_before_the_first_uplink_of_a_session),
		cmocka_unit_test(what_is_due_goes_into_the_windows_ahead),
		cmocka_unit_test(an_item_waits_for_its_time),
		cmocka_unit_test(items_that_wait_or_are_over_let_the_next_pass),
		cmocka_unit_test(one_confirmed_item_is_open_at_a_time),
		cmocka_unit_test(class_b_waits_until_shortly_before_its_slot),
		cmocka_unit_test(class_b_without_known_slots_is_served_as_a),
		cmocka_unit_test(a_lost_class_b_device_is_served_as_a),
		cmocka_unit_test(class_follows_what_device_and_profile_say),
		cmocka_unit_test(last_word_of_the_device_counts_whatever_its_version),
		cmocka_unit_test(the_newest_uplink_comes_first),
		cmocka_unit_test(the_list_is_bounded_and_keeps_the_strongest),
	};
	int failed;

	if (lw_crypto_open(&crypto))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	lw_crypto_close(crypto);
	return failed;
}
