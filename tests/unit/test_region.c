/* The rules made of the region tables; their cells are in test_region_tables.c. */
#include "tests/unit/test_data.h"

#include <string.h>

#include "lorawan/region.h"
#include "model/model.h"

#define N_DR REGION_DR_MAX
#define REV REG_PARAMS_RP002_1_0_4
#define EACH_TABLE(t) (size_t t##_i = 0; region_tables[t##_i]; t##_i++)

static struct region make(const struct region_table *table)
{
	struct region_settings s;
	struct region r;
	const char *why = "";

	region_settings_default(table, &s);
	assert_int_equal(region_init(&r, table, &s, &why), LS_OK);
	return r;
}

static void region_is_found_by_any_spelling(void **state)
{
	(void)state;
	assert_ptr_equal(region_table_find("EU868"), &region_eu868);
	assert_ptr_equal(region_table_find("eu868"), &region_eu868);
	assert_ptr_equal(region_table_find("US-915"), &region_us915);
	assert_ptr_equal(region_table_find("us_915_"), &region_us915);
	assert_null(region_table_find("EU86"));
	assert_null(region_table_find("EU8688"));
	assert_null(region_table_find(""));
}

static void defaults_are_the_regions_own(void **state)
{
	struct region eu = make(&region_eu868), us = make(&region_us915);

	(void)state;
	assert_true(eu.settings.enabled);
	assert_int_equal(eu.settings.rx1_delay_s, 1);
	assert_int_equal(eu.n_channels, 8);
	assert_int_equal(eu.channels[3].freq_hz, 867100000);
	assert_int_equal(eu.channels[7].max_dr, 5);
	assert_int_equal(us.n_channels, 72);
	assert_int_equal(us.channels[63].freq_hz, 914900000);
	assert_int_equal(us.channels[71].freq_hz, 914200000);
	assert_true(us.settings.uplink_mask[0] == UINT64_MAX && us.settings.uplink_mask[1] == 0xff);
	assert_int_equal(region_rx2_default(&us).freq_hz, 923300000);
	assert_int_equal(region_rx2_default(&us).dr, 8);
}

static void refuses(const struct region_table *table, const struct region_settings *s)
{
	struct region r;
	const char *why = NULL;

	assert_int_equal(region_init(&r, table, s, &why), LS_ERANGE);
	assert_non_null(why);
}

#define REFUSES(table, change) do { \
		struct region_settings s; \
		region_settings_default(table, &s); \
		change; \
		refuses(table, &s); \
	} while (0)

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(words, word); p; p = strstr(p + 1, word))
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

/* What a profile may name is what there is, and nothing else. */
static void profiles_may_name_every_region_and_revision(void **state)
{
	const struct entity *profile = entity_find("profile");
	const char *regions = entity_field(profile, "region")->choices;
	char revisions[200], *rest = revisions, *word;
	size_t names = 0, words = 1;

	(void)state;
	for EACH_TABLE(t) {
		assert_true(has_word(regions, region_tables[t_i]->name));
		names += region_table_find(region_tables[t_i]->name) == region_tables[t_i];
	}
	for (const char *p = regions; *p; p++)
		words += *p == ' ';
	assert_int_equal(words, names);
	assert_int_equal(names, 14);
	snprintf(revisions, sizeof(revisions), "%s", entity_field(profile, "reg_params_revision")->choices);
	while ((word = strsep(&rest, " "))) {
		enum reg_params_revision rev;

		for (int v = 0; v < MAC_VERSION__COUNT; v++)
			assert_int_equal(reg_params_revision_parse(word, (enum mac_version)v, &rev), LS_OK);
	}
}

static void configuration_names_are_told_from_those_of_regions(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		for (const char *p = region_tables[t_i]->config_id; *p; p++)
			assert_true(*p < 'A' || *p > 'Z');
		assert_true(strlen(region_tables[t_i]->config_id) < REGION_NAME_SIZE);
		for (size_t k = 0; k < t_i; k++)
			assert_string_not_equal(region_tables[k]->config_id, region_tables[t_i]->config_id);
		for (const char *p = region_tables[t_i]->name; *p; p++)
			assert_true(*p < 'a' || *p > 'z');
	}
}

static void settings_the_region_does_not_have_are_refused(void **state)
{
	(void)state;
	REFUSES(&region_eu868, s.rx1_delay_s = 0);
	REFUSES(&region_eu868, s.rx1_delay_s = 16);
	REFUSES(&region_eu868, s.rx1_dr_offset = 6);
	REFUSES(&region_us915, s.rx1_dr_offset = 4);
	REFUSES(&region_eu868, s.rx2_dr = 8);   /* LR-FHSS is uplink only */
	REFUSES(&region_us915, s.rx2_dr = 0);
	REFUSES(&region_us915, s.rx2_dr = 16);
	REFUSES(&region_eu868, s.downlink_tx_power_dbm = 30);
	REFUSES(&region_eu868, s.downlink_tx_power_dbm = -2);
	REFUSES(&region_us915, s.downlink_tx_power_dbm = 31);
	REFUSES(&region_eu868, s.extra_channels[0].freq_hz = 902300000);
	REFUSES(&region_eu868, s.extra_channels[0].freq_hz = 867100050);
	REFUSES(&region_eu868, s.extra_channels[0].freq_hz = 868100000);
	REFUSES(&region_eu868, s.extra_channels[0].freq_hz = 867300000);
	REFUSES(&region_eu868, s.n_extra_channels = 14);
	REFUSES(&region_eu868, s.uplink_mask[0] = 1);
	REFUSES(&region_us915, s.n_extra_channels = 1);
	REFUSES(&region_us915, s.uplink_mask[1] = 0x100);
	REFUSES(&region_us915, s.uplink_mask[0] = s.uplink_mask[1] = 0);
}

static void uplink_data_rate_is_found_by_its_modulation(void **state)
{
	struct region eu = make(&region_eu868), us = make(&region_us915);

	(void)state;
	for (int dr = 0; dr < N_DR; dr++) {
		struct radio radio = region_eu868.params[REV]->up_rates[dr].radio;

		radio.grid_steps = 8; /* not compared */
		if (region_eu868.params[REV]->up_rates[dr].uplink)
			assert_int_equal(region_uplink_dr(&eu, REV, &radio), dr);
		radio = region_us915.params[REV]->up_rates[dr].radio;
		if (radio.modulation == MOD_LORA)
			radio.code_rate = CR_UNDEFINED; /* nor is this, for LoRa */
		if (region_us915.params[REV]->up_rates[dr].uplink)
			assert_int_equal(region_uplink_dr(&us, REV, &radio), dr);
	}
	/* SF12/500 exists for downlinks, SF8/500 for both and is DR4 up. */
	assert_int_equal(region_uplink_dr(&us, REV, &region_us915.params[REV]->up_rates[8].radio), -1);
	assert_int_equal(region_uplink_dr(&us, REV, &region_us915.params[REV]->up_rates[12].radio), 4);
	assert_int_equal(region_uplink_dr(&us, REV, &region_eu868.params[REV]->up_rates[0].radio), -1);
}

static void bandwidths_are_compared_in_khz(void **state)
{
	struct region ism = make(&region_ism2400);
	const struct radio heard = {.modulation = MOD_LORA, .sf = 5, .bandwidth_hz = 812000};
	const struct radio other = {.modulation = MOD_LORA, .sf = 5, .bandwidth_hz = 813000};

	(void)state;
	assert_int_equal(region_uplink_dr(&ism, REV, &heard), 7);
	assert_int_equal(region_uplink_dr(&ism, REV, &other), -1);
}

static void joins_come_on_channels_in_use_or_on_common_ones(void **state)
{
	struct region_settings s;
	struct region us, cn = make(&region_cn470_26a);
	struct tx_params windows[2];
	const char *why;

	(void)state;
	region_settings_default(&region_us915, &s);
	s.uplink_mask[0] = 0xff00;
	s.uplink_mask[1] = 0x02;
	assert_int_equal(region_init(&us, &region_us915, &s, &why), LS_OK);
	assert_true(region_takes_join(&us, REV, 903900000, 0));
	assert_true(region_takes_join(&us, REV, 904600000, 4));
	assert_false(region_takes_join(&us, REV, 902300000, 0));
	assert_false(region_takes_join(&us, REV, 903900000, 4));
	assert_true(region_takes_join(&cn, REV, 472300000, 5));
	assert_false(region_takes_join(&cn, REV, 472500000, 5)); /* a channel, but none for joins */
	assert_int_equal(region_join_windows(&cn, REV, 472300000, 10, 5, windows), LS_OK);
	assert_int_equal(windows[0].freq_hz, 492500000);
	assert_int_equal(windows[1].freq_hz, 492500000);
	assert_int_equal(windows[1].dr, 1);
	assert_int_equal(region_join_group(&us, 923300000), -1);
}

static void rx2_tells_the_join_channel_and_is_left_as_the_join_chose_it(void **state)
{
	struct region cn = make(&region_cn470_20a), b = make(&region_cn470_20b), eu = make(&region_eu868);
	struct tx_params windows[2];

	(void)state;
	/* Join channel 6 of 20A: RX2 494.9 MHz, ping slots on downlink channels 48 to 55. */
	assert_int_equal(region_join_windows(&cn, REV, 507300000, 51, 3, windows), LS_OK);
	assert_int_equal(windows[0].freq_hz, 494100000);
	assert_int_equal(windows[1].freq_hz, 494900000);
	assert_int_equal(region_join_group(&cn, 494900000), 6);
	assert_int_equal(region_ping_slot_freq(&cn, 9, 6), 483900000 + (6 * 8 + 1) * 200000);
	assert_int_equal(region_wished_rx2_freq(&cn, 494900000), 494900000);
	assert_int_equal(region_wished_rx2_freq(&cn, 486700000), 486900000); /* of no join channel */
	cn.settings.rx2_freq_hz = 485300000;
	assert_int_equal(region_wished_rx2_freq(&cn, 494900000), 485300000); /* the operator's word */
	assert_int_equal(region_join_group(&b, 478300000), 0);
	assert_int_equal(region_join_group(&b, 498300000), 1);
	assert_int_equal(region_beacon_freq(&b, 5, 1), 501500000);
	assert_int_equal(region_wished_rx2_freq(&eu, 868100000), 869525000);
}

static void beacons_hop_unless_the_configuration_fixes_them(void **state)
{
	struct region us = make(&region_us915), eu = make(&region_eu868);

	(void)state;
	assert_int_equal(region_beacon_channels(&eu), 1);
	assert_int_equal(region_beacon_channels(&us), 8);
	us.settings.beacon_freq_hz = 923300000;
	assert_int_equal(region_beacon_channels(&us), 1);
}

static void cf_list_takes_the_channels_of_its_rates_and_the_others_follow(void **state)
{
	struct region_settings s;
	struct region eu, ism;
	uint8_t out[16];
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &s);
	s.n_extra_channels = 4;
	s.extra_channels[0] = (struct channel){867100000, 0, 6};
	s.extra_channels[1] = (struct channel){867300000, 0, 5};
	s.extra_channels[2] = (struct channel){868800000, 7, 7};
	s.extra_channels[3] = (struct channel){867500000, 0, 5};
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_int_equal(eu.channels[3].freq_hz, 867300000);
	assert_int_equal(eu.channels[4].freq_hz, 867500000);
	assert_int_equal(eu.channels[5].freq_hz, 867100000);
	assert_int_equal(eu.channels[6].freq_hz, 868800000);
	assert_true(region_cf_list_has(&eu, 0) && region_cf_list_has(&eu, 4));
	assert_false(region_cf_list_has(&eu, 5) || region_cf_list_has(&eu, 7));
	assert_true(region_cf_list(&eu, MAC_VERSION_1_0_4, REV, out));
	assert_memory_equal(out, "\xe8\x56\x84\xb8\x5e\x84\0\0\0\0\0\0\0\0\0\0", 16);
	/* 2.4 GHz counts in 200 Hz. */
	region_settings_default(&region_ism2400, &s);
	s.n_extra_channels = 1;
	s.extra_channels[0] = (struct channel){2405000000, 0, 5};
	assert_int_equal(region_init(&ism, &region_ism2400, &s, &why), LS_OK);
	assert_true(region_cf_list(&ism, MAC_VERSION_1_0_4, REV, out));
	assert_int_equal(out[0] | out[1] << 8 | out[2] << 16, 12025000);
}

static void uplink_channel_is_found_within_1_khz(void **state)
{
	struct region eu = make(&region_eu868);

	(void)state;
	assert_int_equal(region_uplink_channel(&eu, REV, 868100000, 0), 0);
	assert_int_equal(region_uplink_channel(&eu, REV, 868099000, 5), 0);
	assert_int_equal(region_uplink_channel(&eu, REV, 868101000, 5), 0);
	assert_int_equal(region_uplink_channel(&eu, REV, 868101001, 5), -1);
	assert_int_equal(region_uplink_channel(&eu, REV, 867900000, 0), 7);
	assert_int_equal(region_uplink_channel(&eu, REV, 868300000, 6), 1);
	assert_int_equal(region_uplink_channel(&eu, REV, 868300000, 9), 1);
	assert_int_equal(region_uplink_channel(&eu, REV, 868800000, 7), -1);
}

static void channel_of_a_fixed_plan_depends_on_the_data_rate(void **state)
{
	struct region us = make(&region_us915);

	(void)state;
	for (int i = 0; i < 72; i++) {
		for (int dr = 0; dr < 7; dr++)
			assert_int_equal(region_uplink_channel(&us, REV, us.channels[i].freq_hz, dr),
					 (i < 64) == (dr < 4) ? i : -1);
	}
	assert_int_equal(region_uplink_channel(&us, REV, 902300400, 0), 0);
}

static void channel_outside_the_mask_is_still_recognised(void **state)
{
	struct region_settings s;
	struct region us;
	const char *why;

	(void)state;
	region_settings_default(&region_us915, &s);
	s.uplink_mask[0] = 0xff00;
	s.uplink_mask[1] = 0x02;
	assert_int_equal(region_init(&us, &region_us915, &s, &why), LS_OK);
	assert_int_equal(region_uplink_channel(&us, REV, 902300000, 0), 0);
	assert_int_equal(region_uplink_channel(&us, REV, 903000000, 4), 64);
}

static void rx1_needs_a_channel_only_where_frequencies_differ(void **state)
{
	struct region eu = make(&region_eu868), us = make(&region_us915);
	struct tx_params tx;

	(void)state;
	assert_int_equal(region_rx1(&eu, REV, 868800000, -1, 7, 0, false, &tx), LS_OK);
	assert_int_equal(tx.freq_hz, 868800000);
	assert_int_equal(tx.dr, 7);
	assert_int_equal(region_rx1(&eu, REV, 868100300, 0, 5, 0, false, &tx), LS_OK);
	assert_int_equal(tx.freq_hz, 868100000);
	assert_int_equal(region_rx1(&us, REV, 902300000, -1, 0, 0, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, REV, 902300000, 72, 0, 0, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, REV, 902300000, 0, 9, 0, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, REV, 902300000, 0, 0, 4, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, REV, 868100000, 0, 14, 0, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, REV, 868100000, 0, -1, 0, false, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, REV, 868100000, 0, 16, 0, false, &tx), LS_ERANGE);
}

static void every_rx1_is_a_downlink_the_region_has(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		struct region r = make(region_tables[t_i]);

		for (int dr = 0; dr < N_DR; dr++) {
			for (uint8_t o = 0; region_uplink_radio(&r, REV, dr) && o < region_params(&r, REV)->rx1->n_offsets; o++) {
				for (int ch = 0; ch < r.n_channels; ch++) {
					struct tx_params tx;

					assert_int_equal(region_rx1(&r, REV, r.channels[ch].freq_hz, ch, dr, o, false, &tx), LS_OK);
					assert_true(region_downlink_radio(&r, REV, tx.dr) != NULL);
					assert_true(region_has_frequency(&r, tx.freq_hz));
					assert_true(region_max_downlink_m(&r, REV, tx.dr, false) > 0);
				}
			}
		}
	}
}

static void repeater_setting_shrinks_payloads(void **state)
{
	struct region eu = make(&region_eu868);

	(void)state;
	assert_int_equal(region_max_downlink_m(&eu, REV, 5, false), 250);
	eu.settings.repeater_compatible = true;
	assert_int_equal(region_max_downlink_m(&eu, REV, 5, false), 230);
	assert_int_equal(region_max_downlink_m(&eu, REV, 0, false), 59);
	assert_int_equal(region_max_downlink_m(&eu, REV, 12, false), 0);
	assert_int_equal(region_max_downlink_m(&eu, REV, -1, false), 0);
	assert_int_equal(region_max_downlink_m(&eu, REV, 16, false), 0);
}

static void downlink_power_keeps_to_the_band(void **state)
{
	struct region eu = make(&region_eu868), us = make(&region_us915);

	(void)state;
	assert_int_equal(region_downlink_power(&eu, 868100000), 16);
	assert_int_equal(region_downlink_power(&eu, 867100000), 16);
	assert_int_equal(region_downlink_power(&eu, 869525000), 29);
	assert_int_equal(region_downlink_power(&eu, 868650000), 16); /* in no band */
	assert_int_equal(region_downlink_power(&us, 923300000), 30);
	eu.settings.downlink_tx_power_dbm = 27;
	assert_int_equal(region_downlink_power(&eu, 869525000), 27);
	assert_int_equal(region_downlink_power(&eu, 868100000), 16);
	eu.settings.downlink_tx_power_dbm = 0;
	assert_int_equal(region_downlink_power(&eu, 868100000), 0);
}

/* For a device of the revision its version brings. */
static bool cf_list(const struct region *r, enum mac_version v, uint8_t out[16])
{
	return region_cf_list(r, v, reg_params_revision_default(v), out);
}

static void cf_list_of_eu868_holds_the_extra_channels(void **state)
{
	struct region_settings s;
	struct region eu = make(&region_eu868);
	uint8_t out[16];
	const char *why;

	(void)state;
	assert_true(cf_list(&eu, MAC_VERSION_1_0_0, out));
	assert_memory_equal(out, "\x18\x4f\x84\xe8\x56\x84\xb8\x5e\x84\x88\x66\x84\x58\x6e\x84\x00", 16);

	region_settings_default(&region_eu868, &s);
	s.n_extra_channels = 7;
	s.extra_channels[5] = (struct channel){865100000, 0, 5};
	s.extra_channels[6] = (struct channel){865300000, 0, 5};
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_int_equal(eu.n_channels, 10);
	assert_true(cf_list(&eu, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out + 12, "\x58\x6e\x84\x00", 4);

	s.n_extra_channels = 1;
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_true(cf_list(&eu, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out, "\x18\x4f\x84\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);

	s.n_extra_channels = 0;
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_false(cf_list(&eu, MAC_VERSION_1_0_4, out));
}

static void cf_list_of_us915_is_for_1_0_3_and_later(void **state)
{
	struct region_settings s;
	struct region us;
	uint8_t out[16];
	const char *why;

	(void)state;
	region_settings_default(&region_us915, &s);
	s.uplink_mask[0] = 0xff00;
	s.uplink_mask[1] = 0x02;
	assert_int_equal(region_init(&us, &region_us915, &s, &why), LS_OK);
	assert_false(cf_list(&us, MAC_VERSION_1_0_0, out));
	assert_false(cf_list(&us, MAC_VERSION_1_0_2, out));
	assert_true(cf_list(&us, MAC_VERSION_1_0_3, out));
	assert_memory_equal(out, "\x00\xff\0\0\0\0\0\0\x02\0\0\0\0\0\0\x01", 16);
	us = make(&region_us915);
	assert_true(cf_list(&us, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\x01", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(region_is_found_by_any_spelling),
		cmocka_unit_test(defaults_are_the_regions_own),
		cmocka_unit_test(profiles_may_name_every_region_and_revision),
		cmocka_unit_test(configuration_names_are_told_from_those_of_regions),
		cmocka_unit_test(settings_the_region_does_not_have_are_refused),
		cmocka_unit_test(uplink_data_rate_is_found_by_its_modulation),
		cmocka_unit_test(bandwidths_are_compared_in_khz),
		cmocka_unit_test(rx2_tells_the_join_channel_and_is_left_as_the_join_chose_it),
		cmocka_unit_test(joins_come_on_channels_in_use_or_on_common_ones),
		cmocka_unit_test(beacons_hop_unless_the_configuration_fixes_them),
		cmocka_unit_test(cf_list_takes_the_channels_of_its_rates_and_the_others_follow),
		cmocka_unit_test(uplink_channel_is_found_within_1_khz),
		cmocka_unit_test(channel_of_a_fixed_plan_depends_on_the_data_rate),
		cmocka_unit_test(channel_outside_the_mask_is_still_recognised),
		cmocka_unit_test(rx1_needs_a_channel_only_where_frequencies_differ),
		cmocka_unit_test(every_rx1_is_a_downlink_the_region_has),
		cmocka_unit_test(repeater_setting_shrinks_payloads),
		cmocka_unit_test(downlink_power_keeps_to_the_band),
		cmocka_unit_test(cf_list_of_eu868_holds_the_extra_channels),
		cmocka_unit_test(cf_list_of_us915_is_for_1_0_3_and_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
