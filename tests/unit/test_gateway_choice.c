#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "network/gateway_choice.h"

#define MS INT64_C(1000)
#define S UINT64_C(1000000)
#define PREFER 10 /* gateway_prefer_min_margin */

/* A gateway with nothing against it. */
static struct gateway_candidate gateway(uint8_t id, int margin_db10)
{
	return (struct gateway_candidate){
		.gateway_id = {{0, 0x16, 0xc0, 0, 0, 0, 0, id}}, .margin_db10 = margin_db10, .rssi_dbm = -90,
		.spare_us = 500 * MS, .air_us = 50000, .calendar = CALENDAR_FREE,
		.room = {.limited = true, .allowed_us = 36 * S, .left_us = 36 * S},
	};
}

static size_t best_of(const struct gateway_candidate *list, size_t n)
{
	uint16_t order[8];

	return gateway_rank(list, n, GATEWAY_GOOD, PREFER, order) ? order[0] : SIZE_MAX;
}

static void a_gateway_that_cannot_is_told_why(void **state)
{
	struct gateway_candidate c[7];
	static const enum gateway_verdict verdicts[7] = {
		GATEWAY_GOOD, GATEWAY_YIELDS, GATEWAY_BUSY, GATEWAY_BUSY, GATEWAY_DUTY_CYCLE, GATEWAY_TOO_LATE, GATEWAY_FORBIDDEN};
	static const char *const words[7] = {
		"free", "busy with application data for 120 ms", "busy with a join accept for 70 ms", "busy with",
		"duty cycle: 50 ms needed, 49 of 36000 ms left of this hour", "12 ms too late", "no band"};
	char text[100];

	(void)state;
	for (uint8_t i = 0; i < 7; i++)
		c[i] = gateway(i, 100);
	c[1].calendar = CALENDAR_YIELDS;
	c[1].in_the_way = (struct reservation){.rank = RANK_APPLICATION, .air_us = 120000};
	c[2].calendar = CALENDAR_BUSY;
	c[2].in_the_way = (struct reservation){.rank = RANK_JOIN_ACCEPT, .air_us = 70000};
	c[3].calendar = CALENDAR_FULL;
	c[4].room.left_us = 49999;
	c[5].spare_us = -12 * MS;
	c[6].forbidden = true;
	for (int i = 0; i < 7; i++) {
		assert_int_equal(gateway_judge(&c[i]), verdicts[i]);
		gateway_refusal_text(&c[i], text, sizeof(text));
		assert_non_null(strstr(text, words[i]));
	}
}

static void no_duty_cycle_no_limit(void **state)
{
	struct gateway_candidate c = gateway(1, 100);

	(void)state;
	c.room = (struct air_room){.limited = false};
	assert_int_equal(gateway_judge(&c), GATEWAY_GOOD);
}

static void all_else_equal_the_margin_decides(void **state)
{
	struct gateway_candidate c[] = {gateway(1, 60), gateway(2, 180), gateway(3, -20)};

	(void)state;
	assert_int_equal(best_of(c, 3), 1);
}

static void a_better_record_wins_over_more_snr(void **state)
{
	struct gateway_candidate c[] = {gateway(1, 165), gateway(2, 95)};
	char why[CHOICE_TEXT_SIZE];

	(void)state;
	assert_int_equal(best_of(c, 2), 0);
	c[0].refused_percent = 33; /* one refusal and nothing else */
	assert_int_equal(best_of(c, 2), 1);
	gateway_explain(c, 2, 1, why);
	assert_string_equal(why, "0016c00000000002 margin 9.5 dB; not 0016c00000000001 margin 16.5 dB, refused 33 %");
	/* but a link that would not carry it is no choice either */
	c[1].margin_db10 = -30;
	assert_int_equal(best_of(c, 2), 0);
}

static void enough_margin_makes_the_budget_decide(void **state)
{
	struct gateway_candidate c[] = {gateway(1, 180), gateway(2, 130)};

	(void)state;
	assert_int_equal(best_of(c, 2), 0);
	c[0].room.used_us = 24 * S; /* two thirds */
	assert_int_equal(best_of(c, 2), 1);
	c[0].room = c[1].room;
	c[0].deaf_permille = 30;    /* it sends much, so it hears less */
	assert_int_equal(best_of(c, 2), 1);
	c[0].deaf_permille = 0;
	c[0].spare_us = 20 * MS;    /* its way is long */
	assert_int_equal(best_of(c, 2), 1);
	/* Below what is asked for, margin counts in full. */
	c[1].margin_db10 = 20;
	assert_int_equal(best_of(c, 2), 0);
}

static void equal_candidates_are_ranked_the_same_in_any_order(void **state)
{
	struct gateway_candidate a = gateway(1, 100), b = gateway(2, 100), louder = gateway(9, 100);
	struct gateway_candidate c[][3] = {{a, b, louder}, {louder, b, a}, {b, louder, a}};
	uint16_t order[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 3; k++)
			if (c[i][k].gateway_id.be[7] == 9)
				c[i][k].rssi_dbm = -80;
		assert_int_equal(gateway_rank(c[i], 3, GATEWAY_GOOD, PREFER, order), 3);
		assert_int_equal(c[i][order[0]].gateway_id.be[7], 9);
		assert_int_equal(c[i][order[1]].gateway_id.be[7], 1);
		assert_int_equal(c[i][order[2]].gateway_id.be[7], 2);
	}
}

static void only_those_of_a_verdict_are_ranked(void **state)
{
	struct gateway_candidate c[] = {gateway(1, 100), gateway(2, 120), gateway(3, 110)};
	char why[CHOICE_TEXT_SIZE];
	uint16_t order[3];

	(void)state;
	c[1].calendar = CALENDAR_BUSY;
	c[2].calendar = CALENDAR_YIELDS;
	assert_int_equal(gateway_rank(c, 3, GATEWAY_GOOD, PREFER, order), 1);
	assert_int_equal(order[0], 0);
	gateway_explain(c, 3, 0, why);
	assert_non_null(strstr(why, "not 0016c00000000002 margin 12.0 dB, busy"));
	assert_int_equal(gateway_rank(c, 3, GATEWAY_YIELDS, PREFER, order), 1);
	assert_int_equal(order[0], 2);
}

static void margin_is_that_of_the_downlink_s_rate(void **state)
{
	static const struct radio sf7 = {.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000};
	static const struct radio sf12 = {.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 125000};
	static const struct radio sf10_500 = {.modulation = MOD_LORA, .sf = 10, .bandwidth_hz = 500000};
	static const struct radio sf7_250 = {.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 250000};
	static const struct radio sf12_812 = {.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 812000};
	static const struct radio fsk = {.modulation = MOD_FSK, .bit_rate = 50000};

	(void)state;
	assert_int_equal(link_margin_db10(&sf7, true, 20, -90, &sf7), 95);      /* 2 dB over -7.5 */
	assert_int_equal(link_margin_db10(&sf7, true, 20, -90, &sf12), 220);    /* over -20 */
	assert_int_equal(link_margin_db10(&sf7, true, 20, -90, &sf10_500), 110);/* four times the noise: 2 - 6 + 15 */
	assert_int_equal(link_margin_db10(&sf7_250, true, 20, -90, &sf7), 125); /* half of it */
	assert_int_equal(link_margin_db10(&sf12_812, true, -100, -100, &sf12_812), 100);
	assert_int_equal(link_margin_db10(&fsk, false, 0, -112, &sf7), 125);    /* 5 dB over the noise */
	assert_int_equal(link_margin_db10(&fsk, false, 0, -40, &sf7), 175);     /* no more than a receiver would tell */
	assert_int_equal(link_margin_db10(&sf7, true, 20, -90, &fsk), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_that_cannot_is_told_why),
		cmocka_unit_test(no_duty_cycle_no_limit),
		cmocka_unit_test(all_else_equal_the_margin_decides),
		cmocka_unit_test(a_better_record_wins_over_more_snr),
		cmocka_unit_test(enough_margin_makes_the_budget_decide),
		cmocka_unit_test(equal_candidates_are_ranked_the_same_in_any_order),
		cmocka_unit_test(only_those_of_a_verdict_are_ranked),
		cmocka_unit_test(margin_is_that_of_the_downlink_s_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
