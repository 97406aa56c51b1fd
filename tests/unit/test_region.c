/* Every cell of the region tables against tests/data/regions.json, then the rules made of them. */
#include "tests/unit/test_data.h"

#include <string.h>

#include "lorawan/airtime.h"
#include "lorawan/region.h"

static json_t *file; /* regions.json */

#define N_DR REGION_DR_MAX

static json_t *region_of(const struct region_table *t)
{
	return test_data_get(test_data_get(file, "regions"), t->name);
}

static json_t *dr_row(const json_t *object, int dr)
{
	char key[4];

	snprintf(key, sizeof(key), "%d", dr);
	return json_object_get(object, key);
}

static json_int_t item(const json_t *array, size_t i)
{
	json_t *v = json_array_get(array, i);

	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

#define EACH_TABLE(t) (size_t t##_i = 0; region_tables[t##_i]; t##_i++)

static void tables_are_of_revision_rp002_1_0_4(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		json_t *r = region_of(region_tables[t_i]);

		assert_string_equal(test_data_text(r, "revision"), "RP002-1.0.4");
		assert_int_equal(region_tables[t_i]->is_fixed_plan, strcmp(test_data_text(r, "plan"), "fixed") == 0);
	}
}

static void bands_and_frequency_steps_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *range = test_data_get(region_of(t), "frequency_range_hz");

		assert_int_equal(t->freq_min_hz, item(range, 0));
		assert_int_equal(t->freq_max_hz, item(range, 1));
		assert_int_equal(t->freq_step_hz, test_data_int(region_of(t), "frequency_step_hz"));
	}
}

static void data_rates_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *rows = test_data_get(region_of(t), "data_rates");

		for (int dr = 0; dr < N_DR; dr++) {
			const struct data_rate *d = &t->data_rates[dr];
			const struct radio *radio = &d->radio;
			json_t *row = dr_row(rows, dr);
			const char *modulation;

			if (!row) {
				assert_false(d->uplink || d->downlink);
				continue;
			}
			assert_int_equal(d->uplink, test_data_bool(row, "uplink"));
			assert_int_equal(d->downlink, test_data_bool(row, "downlink"));
			modulation = test_data_text(row, "modulation");
			if (strcmp(modulation, "lora") == 0) {
				assert_int_equal(radio->modulation, MOD_LORA);
				assert_int_equal(radio->sf, test_data_int(row, "sf"));
				assert_int_equal(radio->bandwidth_hz, test_data_int(row, "bandwidth_hz"));
				assert_string_equal(test_data_text(row, "coding_rate"), "4/5");
				assert_int_equal(radio->code_rate, CR_4_5);
			} else if (strcmp(modulation, "fsk") == 0) {
				assert_int_equal(radio->modulation, MOD_FSK);
				assert_int_equal(radio->bit_rate, test_data_int(row, "bit_rate"));
			} else {
				bool is_one_third = strcmp(test_data_text(row, "coding_rate"), "1/3") == 0;

				assert_string_equal(modulation, "lr_fhss");
				assert_int_equal(radio->modulation, MOD_LR_FHSS);
				assert_int_equal(radio->bandwidth_hz, test_data_int(row, "ocw_hz"));
				assert_int_equal(radio->code_rate, is_one_third ? CR_2_6 : CR_4_6);
			}
		}
	}
}

static void check_payloads(const json_t *rows, const uint8_t m[N_DR])
{
	for (int dr = 0; dr < N_DR; dr++) {
		json_t *row = dr_row(rows, dr);

		if (!row || json_is_null(row)) {
			assert_int_equal(m[dr], 0);
			continue;
		}
		assert_int_equal(m[dr], test_data_int(row, "m"));
		assert_int_equal(m[dr] - 8, test_data_int(row, "n"));
	}
}

static void payload_sizes_agree_with_and_without_repeater(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *payload = test_data_get(test_data_get(region_of(t), "max_payload"), "no_dwell");

		check_payloads(test_data_get(payload, "no_repeater"), t->max_payload_m);
		check_payloads(test_data_get(payload, "repeater"), t->max_payload_m_repeater);
	}
}

static void check_runs(const json_t *rows, const struct channel_run *runs, size_t n)
{
	assert_int_equal(json_array_size(rows), n);
	for (size_t i = 0; i < n; i++) {
		const json_t *row = json_array_get(rows, i);

		assert_int_equal(runs[i].first_index, test_data_int(row, "first_index"));
		assert_int_equal(runs[i].count, test_data_int(row, "count"));
		assert_int_equal(runs[i].base_hz, test_data_int(row, "base_hz"));
		assert_int_equal(runs[i].step_hz, test_data_int(row, "step_hz"));
		assert_int_equal(runs[i].min_dr, test_data_int(row, "min_dr"));
		assert_int_equal(runs[i].max_dr, test_data_int(row, "max_dr"));
	}
}

static void channels_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *r = region_of(t);

		if (t->is_fixed_plan) {
			unsigned n = 0;

			check_runs(test_data_get(r, "uplink_channels"), t->uplink_runs, t->n_uplink_runs);
			check_runs(test_data_get(r, "downlink_channels"), t->downlink_runs, t->n_downlink_runs);
			for (size_t i = 0; i < t->n_uplink_runs; i++)
				n += t->uplink_runs[i].count;
			assert_int_equal(t->max_channels, n);
			assert_int_equal(t->n_default_channels, 0);
		} else {
			json_t *rows = test_data_get(r, "default_channels");
			json_t *hint = test_data_get(r, "additional_channels_hint");

			assert_int_equal(t->max_channels, test_data_int(r, "max_channels"));
			assert_int_equal(json_array_size(rows), t->n_default_channels);
			for (size_t i = 0; i < t->n_default_channels; i++) {
				const json_t *row = json_array_get(rows, i);

				assert_int_equal(test_data_int(row, "index"), i);
				assert_int_equal(t->default_channels[i].freq_hz, test_data_int(row, "frequency_hz"));
				assert_int_equal(t->default_channels[i].min_dr, test_data_int(row, "min_dr"));
				assert_int_equal(t->default_channels[i].max_dr, test_data_int(row, "max_dr"));
				assert_int_equal(test_data_int(row, "frequency_hz"),
						 test_data_int(row, "downlink_frequency_hz"));
			}
			assert_int_equal(json_array_size(hint), 5);
			for (size_t i = 0; i < 5; i++)
				assert_int_equal(t->extra_channels_hint_hz[i], item(hint, i));
		}
	}
}

static void join_data_rates_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		json_t *drs = test_data_get(test_data_get(region_of(region_tables[t_i]), "join"), "data_rates");
		uint16_t mask = 0;

		for (size_t i = 0; i < json_array_size(drs); i++)
			mask |= (uint16_t)(1u << item(drs, i));
		assert_int_equal(region_tables[t_i]->join_dr_mask, mask);
	}
}

static void rx1_matrix_and_frequency_rule_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *rx1 = test_data_get(region_of(t), "rx1");
		json_t *offsets = test_data_get(rx1, "offsets");
		json_t *matrix = test_data_get(rx1, "data_rate");
		json_t *frequency = test_data_get(rx1, "frequency");

		assert_int_equal(json_array_size(offsets), t->n_rx1_offsets);
		for (int dr = 0; dr < N_DR; dr++) {
			json_t *row = dr_row(matrix, dr);

			for (size_t o = 0; o < 8; o++)
				assert_int_equal(t->rx1_dr[dr][o], row && o < t->n_rx1_offsets ? item(row, o) : -1);
			assert_int_equal(row != NULL, t->data_rates[dr].uplink);
		}
		assert_int_equal(t->rx1_same_frequency,
				 strcmp(test_data_text(frequency, "rule"), "same_as_uplink") == 0);
		if (!t->rx1_same_frequency) {
			assert_string_equal(test_data_text(frequency, "rule"), "modulo");
			assert_int_equal(t->downlink_runs[0].count, test_data_int(frequency, "modulo"));
			assert_int_equal(t->downlink_runs[0].base_hz, test_data_int(frequency, "base_hz"));
			assert_int_equal(t->downlink_runs[0].step_hz, test_data_int(frequency, "step_hz"));
		}
	}
}

static void rx2_power_and_cf_list_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *rx2 = test_data_get(region_of(t), "rx2");
		json_t *power = test_data_get(region_of(t), "tx_power");
		json_t *offsets = test_data_get(power, "offsets_db");

		assert_int_equal(t->rx2_freq_hz, test_data_int(rx2, "frequency_hz"));
		assert_int_equal(t->rx2_dr, test_data_int(rx2, "data_rate"));
		assert_int_equal(t->max_eirp_dbm, test_data_int(power, "max_eirp_dbm"));
		assert_int_equal(t->n_tx_powers, json_array_size(offsets));
		for (size_t i = 0; i < t->n_tx_powers; i++)
			assert_int_equal(t->tx_power_offset_db[i], item(offsets, i));
		assert_int_equal(t->cf_list_type,
				 test_data_int(test_data_get(region_of(t), "cflist"), "default_type"));
		assert_int_equal(t->max_adr_dr, test_data_int(region_of(t), "max_adr_data_rate"));
	}
}

static void duty_bands_and_dwell_time_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *regulatory = test_data_get(region_of(t), "regulatory");
		json_t *rows = test_data_get(regulatory, "duty_cycle_bands");
		json_t *dwell = test_data_get(regulatory, "dwell_time");

		assert_int_equal(json_array_size(rows), t->n_duty_bands);
		for (size_t i = 0; i < t->n_duty_bands; i++) {
			const json_t *row = json_array_get(rows, i);
			const struct duty_band *band = &t->duty_bands[i];

			assert_int_equal(band->min_hz, test_data_int(row, "min_hz"));
			assert_int_equal(band->max_hz, test_data_int(row, "max_hz"));
			assert_true(band->duty_cycle == json_number_value(test_data_get(row, "duty_cycle")));
			assert_true(band->max_eirp_dbm == json_number_value(test_data_get(row, "max_eirp_dbm")));
		}
		assert_int_equal(t->dwell_up_125khz_ms,
				 json_is_object(dwell) ? test_data_int(dwell, "uplink_125khz_ms") : 0);
	}
}

static void required_snr_agrees(void **state)
{
	json_t *rows = test_data_get(test_data_get(file, "common"), "required_snr_db");
	struct radio radio = {.modulation = MOD_LORA};
	int snr;

	(void)state;
	for (radio.sf = 5; radio.sf <= 12; radio.sf++) {
		char key[8];

		snprintf(key, sizeof(key), "SF%u", radio.sf);
		assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_OK);
		assert_true(snr == json_number_value(test_data_get(rows, key)) * 10);
	}
	assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_ETYPE);
	radio = (struct radio){.modulation = MOD_FSK, .sf = 7};
	assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_ETYPE);
}

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
	REFUSES(&region_eu868, s.extra_channels_hz[0] = 902300000);
	REFUSES(&region_eu868, s.extra_channels_hz[0] = 867100050);
	REFUSES(&region_eu868, s.extra_channels_hz[0] = 868100000);
	REFUSES(&region_eu868, s.extra_channels_hz[0] = 867300000);
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
		struct radio radio = region_eu868.data_rates[dr].radio;

		radio.grid_steps = 8; /* not compared */
		if (region_eu868.data_rates[dr].uplink)
			assert_int_equal(region_uplink_dr(&eu, &radio), dr);
		radio = region_us915.data_rates[dr].radio;
		if (radio.modulation == MOD_LORA)
			radio.code_rate = CR_UNDEFINED; /* nor is this, for LoRa */
		if (region_us915.data_rates[dr].uplink)
			assert_int_equal(region_uplink_dr(&us, &radio), dr);
	}
	/* SF12/500 exists for downlinks, SF8/500 for both and is DR4 up. */
	assert_int_equal(region_uplink_dr(&us, &region_us915.data_rates[8].radio), -1);
	assert_int_equal(region_uplink_dr(&us, &region_us915.data_rates[12].radio), 4);
	assert_int_equal(region_uplink_dr(&us, &region_eu868.data_rates[0].radio), -1);
}

static void uplink_channel_is_found_within_1_khz(void **state)
{
	struct region eu = make(&region_eu868);

	(void)state;
	assert_int_equal(region_uplink_channel(&eu, 868100000, 0), 0);
	assert_int_equal(region_uplink_channel(&eu, 868099000, 5), 0);
	assert_int_equal(region_uplink_channel(&eu, 868101000, 5), 0);
	assert_int_equal(region_uplink_channel(&eu, 868101001, 5), -1);
	assert_int_equal(region_uplink_channel(&eu, 867900000, 0), 7);
	assert_int_equal(region_uplink_channel(&eu, 868300000, 6), 1);
	assert_int_equal(region_uplink_channel(&eu, 868300000, 9), 1);
	assert_int_equal(region_uplink_channel(&eu, 868800000, 7), -1);
}

static void channel_of_a_fixed_plan_depends_on_the_data_rate(void **state)
{
	struct region us = make(&region_us915);

	(void)state;
	for (int i = 0; i < 72; i++) {
		for (int dr = 0; dr < 7; dr++)
			assert_int_equal(region_uplink_channel(&us, us.channels[i].freq_hz, dr),
					 (i < 64) == (dr < 4) ? i : -1);
	}
	assert_int_equal(region_uplink_channel(&us, 902300400, 0), 0);
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
	assert_int_equal(region_uplink_channel(&us, 902300000, 0), 0);
	assert_int_equal(region_uplink_channel(&us, 903000000, 4), 64);
}

static void rx1_needs_a_channel_only_where_frequencies_differ(void **state)
{
	struct region eu = make(&region_eu868), us = make(&region_us915);
	struct tx_params tx;

	(void)state;
	assert_int_equal(region_rx1(&eu, 868800000, -1, 7, 0, &tx), LS_OK);
	assert_int_equal(tx.freq_hz, 868800000);
	assert_int_equal(tx.dr, 7);
	assert_int_equal(region_rx1(&eu, 868100300, 0, 5, 0, &tx), LS_OK);
	assert_int_equal(tx.freq_hz, 868100000);
	assert_int_equal(region_rx1(&us, 902300000, -1, 0, 0, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, 902300000, 72, 0, 0, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, 902300000, 0, 8, 0, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&us, 902300000, 0, 0, 4, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, 868100000, 0, 12, 0, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, 868100000, 0, -1, 0, &tx), LS_ERANGE);
	assert_int_equal(region_rx1(&eu, 868100000, 0, 16, 0, &tx), LS_ERANGE);
}

static void every_rx1_is_a_downlink_the_region_has(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		struct region r = make(region_tables[t_i]);

		for (int dr = 0; dr < N_DR; dr++) {
			for (uint8_t o = 0; r.table->data_rates[dr].uplink && o < r.table->n_rx1_offsets; o++) {
				for (int ch = 0; ch < r.n_channels; ch++) {
					struct tx_params tx;

					assert_int_equal(region_rx1(&r, r.channels[ch].freq_hz, ch, dr, o, &tx), LS_OK);
					assert_true(r.table->data_rates[tx.dr].downlink);
					assert_true(region_has_frequency(&r, tx.freq_hz));
					assert_true(region_max_payload_m(&r, tx.dr) > 0);
				}
			}
		}
	}
}

static void repeater_setting_shrinks_payloads(void **state)
{
	struct region eu = make(&region_eu868);

	(void)state;
	assert_int_equal(region_max_payload_m(&eu, 5), 250);
	eu.settings.repeater_compatible = true;
	assert_int_equal(region_max_payload_m(&eu, 5), 230);
	assert_int_equal(region_max_payload_m(&eu, 0), 59);
	assert_int_equal(region_max_payload_m(&eu, 12), 0);
	assert_int_equal(region_max_payload_m(&eu, -1), 0);
	assert_int_equal(region_max_payload_m(&eu, 16), 0);
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

static void cf_list_of_eu868_holds_the_extra_channels(void **state)
{
	struct region_settings s;
	struct region eu = make(&region_eu868);
	uint8_t out[16];
	const char *why;

	(void)state;
	assert_true(region_cf_list(&eu, MAC_VERSION_1_0_0, out));
	assert_memory_equal(out, "\x18\x4f\x84\xe8\x56\x84\xb8\x5e\x84\x88\x66\x84\x58\x6e\x84\x00", 16);

	region_settings_default(&region_eu868, &s);
	s.n_extra_channels = 7;
	s.extra_channels_hz[5] = 865100000;
	s.extra_channels_hz[6] = 865300000;
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_int_equal(eu.n_channels, 10);
	assert_true(region_cf_list(&eu, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out + 12, "\x58\x6e\x84\x00", 4);

	s.n_extra_channels = 1;
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_true(region_cf_list(&eu, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out, "\x18\x4f\x84\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);

	s.n_extra_channels = 0;
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_false(region_cf_list(&eu, MAC_VERSION_1_0_4, out));
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
	assert_false(region_cf_list(&us, MAC_VERSION_1_0_0, out));
	assert_false(region_cf_list(&us, MAC_VERSION_1_0_2, out));
	assert_true(region_cf_list(&us, MAC_VERSION_1_0_3, out));
	assert_memory_equal(out, "\x00\xff\0\0\0\0\0\0\x02\0\0\0\0\0\0\x01", 16);
	us = make(&region_us915);
	assert_true(region_cf_list(&us, MAC_VERSION_1_0_4, out));
	assert_memory_equal(out, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\x01", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_of_revision_rp002_1_0_4),
		cmocka_unit_test(bands_and_frequency_steps_agree),
		cmocka_unit_test(data_rates_agree),
		cmocka_unit_test(payload_sizes_agree_with_and_without_repeater),
		cmocka_unit_test(channels_agree),
		cmocka_unit_test(join_data_rates_agree),
		cmocka_unit_test(rx1_matrix_and_frequency_rule_agree),
		cmocka_unit_test(rx2_power_and_cf_list_agree),
		cmocka_unit_test(duty_bands_and_dwell_time_agree),
		cmocka_unit_test(required_snr_agrees),
		cmocka_unit_test(region_is_found_by_any_spelling),
		cmocka_unit_test(defaults_are_the_regions_own),
		cmocka_unit_test(settings_the_region_does_not_have_are_refused),
		cmocka_unit_test(uplink_data_rate_is_found_by_its_modulation),
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
	int failed;

	file = test_data_load("regions.json");
	if (!file)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(file);
	return failed;
}
