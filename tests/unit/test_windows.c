/* Which windows an answer has, and in which order, by the settings of the region and what the device confirmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "network/windows.h"

struct setup {
	struct region region;
	struct profile profile;
	struct device device;
	struct session session;
	struct answer_wish wish;
};

static void set_up(struct setup *u, const struct region_table *table, void (*change)(struct region_settings *))
{
	struct region_settings settings;
	const char *why;

	memset(u, 0, sizeof(*u));
	region_settings_default(table, &settings);
	if (change)
		change(&settings);
	assert_int_equal(region_init(&u->region, table, &settings, &why), 0);
	u->profile.revision = REG_PARAMS_RP002_1_0_4;
	u->device.profile = &u->profile;
	u->session.device = &u->device;
	u->session.region = &u->region;
	u->session.up.rx1_delay_s = 1;
	u->session.up.rx2_freq_hz = settings.rx2_freq_hz;
	u->session.up.rx2_dr = settings.rx2_dr;
}

/* "12", "21", "1", "2": the order, for an uplink at this data rate on EU868's first channel. */
static const char *order_of(struct setup *u, int dr, char out[4])
{
	struct window w[WINDOWS_MAX];
	int n;

	u->wish.dr = dr;
	n = windows_of_answer(&u->wish, &u->session, 868100000, w);
	for (int i = 0; i < n; i++)
		out[i] = (char)('0' + w[i].number);
	out[n] = 0;
	return out;
}

static void only_rx1(struct region_settings *s)
{
	s->rx_window = RX_WINDOW_RX1;
}

static void only_rx2(struct region_settings *s)
{
	s->rx_window = RX_WINDOW_RX2;
}

static void rx2_below_dr3(struct region_settings *s)
{
	s->rx2_prefer_on_rx1_dr_lt = 3;
}

static void rx2_by_link_budget(struct region_settings *s)
{
	s->rx2_prefer_on_link_budget = true;
}

static void rx2_at_sf9(struct region_settings *s)
{
	s->rx2_dr = 3;
	rx2_by_link_budget(s);
}

static void rx2_at_low_power(struct region_settings *s)
{
	rx2_at_sf9(s);
	s->downlink_tx_power_dbm = 14;
}

static void the_region_s_wishes_count_once_the_device_has_its_rx2(void **state)
{
	static const struct {
		void (*change)(struct region_settings *);
		int dr;
		const char *with, *without; /* the device has confirmed the region's RX2, or not */
	} rows[] = {
		{NULL, 5, "12", "12"},
		{only_rx1, 5, "1", "1"},
		{only_rx2, 5, "2", "12"},
		{rx2_below_dr3, 2, "21", "12"},
		{rx2_below_dr3, 3, "12", "12"},
		/* SF12 at 29 dBm reaches further than any rate at 16 dBm */
		{rx2_by_link_budget, 5, "21", "12"},
		{rx2_by_link_budget, 0, "21", "12"},
		/* SF9 at 29 dBm against SF12 at 16 dBm: 13 dB against 7.5 dB; */
		{rx2_at_sf9, 0, "21", "12"},
		/* at one power the slower rate reaches further. */
		{rx2_at_low_power, 0, "12", "12"},
		{rx2_at_low_power, 2, "12", "12"},
		{rx2_at_low_power, 5, "21", "12"},
	};
	struct setup u;
	char text[4];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_up(&u, &region_eu868, rows[i].change);
		assert_string_equal(order_of(&u, rows[i].dr, text), rows[i].with);
		u.session.up.rx2_freq_hz = 869850000; /* it still has another */
		assert_string_equal(order_of(&u, rows[i].dr, text), rows[i].without);
	}
}

static void windows_are_those_the_session_has(void **state)
{
	struct setup u;
	struct window w[WINDOWS_MAX];

	(void)state;
	set_up(&u, &region_eu868, NULL);
	u.session.up.rx1_delay_s = 5;
	u.session.up.rx1_dr_offset = 2;
	u.session.up.rx2_dr = 3;
	u.wish.dr = 5;
	assert_int_equal(windows_of_answer(&u.wish, &u.session, 868300000, w), 2);
	assert_int_equal(w[0].delay_us, 5000000);
	assert_int_equal(w[0].params.dr, 3);
	assert_int_equal(w[0].params.freq_hz, 868300000);
	assert_int_equal(w[0].max_m, 123);
	assert_int_equal(w[1].delay_us, 6000000);
	assert_int_equal(w[1].params.dr, 3);
	assert_int_equal(w[1].params.freq_hz, 869525000);
	assert_int_equal(windows_widest_item(w, 2), 115);
	assert_true(window_carries(&w[0], 123 + 5));
	assert_false(window_carries(&w[0], 123 + 6));

	assert_int_equal(windows_of_join(&u.device, &u.region, 868300000, 1, 4, w), 2);
	assert_int_equal(w[0].delay_us, 5000000);
	assert_int_equal(w[0].params.dr, 4); /* no offset */
	assert_int_equal(w[1].delay_us, 6000000);
	assert_int_equal(w[1].params.dr, 0);
}

static void dwell(struct region_settings *s)
{
	s->downlink_dwell = true;
}

static void no_dwell(struct region_settings *s)
{
	s->downlink_dwell = false;
}

/* AS923: 400 ms, so SF10 carries 19 octets of MACPayload (11 of payload) and SF12 none. */
static void dwell_time_limits_octets_and_time_on_air(void **state)
{
	struct setup u;
	struct window w[WINDOWS_MAX];
	int n;

	(void)state;
	set_up(&u, &region_as923, dwell);
	u.wish.dr = 2;
	n = windows_of_answer(&u.wish, &u.session, 923200000, w);
	assert_int_equal(n, 2);
	assert_int_equal(w[0].max_air_us, 400000);
	assert_int_equal(w[0].max_m, 19);
	assert_true(window_carries(&w[0], 19 + 5));
	assert_false(window_carries(&w[0], 20 + 5));
	u.session.up.rx2_dr = 0;
	n = windows_of_answer(&u.wish, &u.session, 923200000, w);
	assert_int_equal(w[n - 1].params.dr, 0);
	assert_false(window_carries(&w[n - 1], 12)); /* not even an acknowledgement */

	/* A limit of time alone: 1.2 s at SF12 */
	w[0] = (struct window){.radio = region_downlink_radio(&u.region, REG_PARAMS_RP002_1_0_4, 0), .max_m = 59};
	assert_true(window_carries(&w[0], 12));
	w[0].max_air_us = 400000;
	assert_false(window_carries(&w[0], 12));

	set_up(&u, &region_eu868, no_dwell);
	u.wish.dr = 0;
	windows_of_answer(&u.wish, &u.session, 868100000, w);
	assert_int_equal(w[0].max_air_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_region_s_wishes_count_once_the_device_has_its_rx2),
		cmocka_unit_test(windows_are_those_the_session_has),
		cmocka_unit_test(dwell_time_limits_octets_and_time_on_air),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
