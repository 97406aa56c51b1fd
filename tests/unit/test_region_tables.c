/* Every cell of the region tables, in revision RP002-1.0.4, against tests/data/regions.json. */
#include "tests/unit/test_data.h"

#include <string.h>

#include "lorawan/region.h"

static json_t *file; /* regions.json */

#define N_DR REGION_DR_MAX
#define REFERENCE REG_PARAMS_RP002_1_0_4
#define EACH_TABLE(t) (size_t t##_i = 0; region_tables[t##_i]; t##_i++)

/* The object of a table; that of AS923 is an alias, that of CN470 a list of its plans. */
static json_t *region_of(const struct region_table *t)
{
	json_t *regions = test_data_get(file, "regions"), *r;
	char name[32];

	snprintf(name, sizeof(name), t->plan ? "%s_%s" : "%s", t->name, t->plan);
	r = test_data_get(regions, name);
	return json_object_get(r, "same_as") ? test_data_get(regions, test_data_text(r, "same_as")) : r;
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

static double number(const json_t *object, const char *key)
{
	json_t *v = test_data_get(object, key);

	assert_true(json_is_number(v));
	return json_number_value(v);
}

static bool is_null(const json_t *object, const char *key)
{
	return json_is_null(test_data_get(object, key));
}

static void every_region_of_the_file_has_a_table(void **state)
{
	json_t *r;
	const char *name;
	size_t n_tables = 0, n_objects = 0;

	(void)state;
	for EACH_TABLE(t)
		n_tables++;
	json_object_foreach(test_data_get(file, "regions"), name, r)
		n_objects += !json_object_get(r, "same_as") && !json_object_get(r, "variants");
	assert_int_equal(n_tables, n_objects);
	r = test_data_get(test_data_get(test_data_get(file, "regions"), "CN470"), "variants");
	assert_int_equal(json_array_size(r), 5);
	for (size_t i = 0; i < 5; i++) {
		const struct region_table *t =
			region_table_find(json_string_value(json_array_get(r, i)));

		assert_non_null(t);
		assert_string_equal(t->name, "CN470");
		assert_string_equal(t->plan, json_string_value(json_array_get(r, i)) + strlen("CN470_"));
	}
}

/* A member this test does not know would be a cell nobody compares. */
static void no_cell_of_the_file_is_overlooked(void **state)
{
	static const char *const known[] = {
		"revision", "plan", "frequency_range_hz", "frequency_step_hz", "max_channels", "default_channels", "join",
		"data_rates", "max_payload", "rx1", "rx2", "tx_power", "cflist", "class_b", "chmask_cntl",
		"tx_param_setup_supported", "new_channel_req_supported", "dl_channel_req_supported", "regulatory",
		"max_adr_data_rate", "relay", "additional_channels_hint", "notes", "join_extra_channels_hz", "uplink_channels",
		"downlink_channels", "banks", "frequency_offset_hz", "lora_sync_word",
	};
	const char *name;
	json_t *v;

	(void)state;
	for EACH_TABLE(t) {
		json_object_foreach(region_of(region_tables[t_i]), name, v) {
			size_t i = 0;

			while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], name) != 0)
				i++;
			if (i == sizeof(known) / sizeof(known[0]))
				fail_msg("%s: \"%s\" is not compared", region_tables[t_i]->name, name);
		}
	}
}

static void bands_steps_and_revisions_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *r = region_of(t), *range = test_data_get(r, "frequency_range_hz");
		json_t *word = json_object_get(r, "lora_sync_word");

		assert_string_equal(t->source, test_data_text(r, "revision"));
		assert_int_equal(t->is_fixed_plan, strcmp(test_data_text(r, "plan"), "fixed") == 0);
		assert_int_equal(t->freq_min_hz, item(range, 0));
		assert_int_equal(t->freq_max_hz, item(range, 1));
		assert_int_equal(t->freq_step_hz, test_data_int(r, "frequency_step_hz"));
		if (!word)
			word = test_data_get(test_data_get(test_data_get(file, "common"), "lora"), "sync_word_public");
		assert_int_equal(t->lora_sync_word, strtol(json_string_value(word), NULL, 16));
	}
}

static void check_rate(const struct radio *radio, const json_t *row)
{
	const char *modulation = test_data_text(row, "modulation");

	if (strcmp(modulation, "lora") == 0) {
		bool is_long = strcmp(test_data_text(row, "coding_rate"), "4/8 long interleaver") == 0;

		assert_int_equal(radio->modulation, MOD_LORA);
		assert_int_equal(radio->sf, test_data_int(row, "sf"));
		assert_int_equal(radio->bandwidth_hz, test_data_int(row, "bandwidth_hz"));
		assert_int_equal(radio->code_rate, is_long ? CR_LI_4_8 : CR_4_5);
		if (!is_long)
			assert_string_equal(test_data_text(row, "coding_rate"), "4/5");
	} else if (strcmp(modulation, "fsk") == 0) {
		assert_int_equal(radio->modulation, MOD_FSK);
		assert_int_equal(radio->bit_rate, test_data_int(row, "bit_rate"));
	} else {
		bool is_one_third = strcmp(test_data_text(row, "coding_rate"), "1/3") == 0;

		assert_string_equal(modulation, "lr_fhss");
		assert_int_equal(radio->modulation, MOD_LR_FHSS);
		assert_int_equal(radio->bandwidth_hz, test_data_int(row, "ocw_hz"));
		assert_int_equal(radio->code_rate, is_one_third ? CR_2_6 : CR_4_6);
		assert_int_equal(radio->bit_rate, test_data_int(row, "bit_rate"));
		if (!is_one_third)
			assert_string_equal(test_data_text(row, "coding_rate"), "2/3");
	}
}

static void data_rates_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_params *p = region_tables[t_i]->params[REFERENCE];
		json_t *rows = test_data_get(region_of(region_tables[t_i]), "data_rates");

		for (int dr = 0; dr < N_DR; dr++) {
			json_t *row = dr_row(rows, dr);
			bool up = row && test_data_bool(row, "uplink"), down = row && test_data_bool(row, "downlink");

			assert_int_equal(p->up_rates[dr].uplink, up);
			assert_int_equal(p->down_rates[dr].downlink, down);
			if (up)
				check_rate(&p->up_rates[dr].radio, row);
			if (down)
				check_rate(&p->down_rates[dr].radio, row);
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

static void payload_sizes_agree_in_all_four_variants(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *p = t->params[REFERENCE];
		json_t *payload = test_data_get(region_of(t), "max_payload");
		json_t *free = test_data_get(payload, "no_dwell"), *dwell = json_object_get(payload, "dwell_400ms");

		assert_ptr_equal(p->up_limits, p->down_limits);
		check_payloads(test_data_get(free, "no_repeater"), p->up_limits->m[0][0]);
		check_payloads(test_data_get(free, "repeater"), p->up_limits->m[0][1]);
		assert_int_equal(dwell != NULL, t->dwell.is_switched);
		if (dwell) {
			check_payloads(test_data_get(dwell, "no_repeater"), p->up_limits->m[1][0]);
			check_payloads(test_data_get(dwell, "repeater"), p->up_limits->m[1][1]);
		}
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

static void check_fixed_channels(const struct region_table *t, const json_t *r)
{
	const struct region_params *p = t->params[REFERENCE];
	unsigned n = 0;

	check_runs(test_data_get(r, "uplink_channels"), p->uplink_runs, p->n_uplink_runs);
	check_runs(test_data_get(r, "downlink_channels"), t->downlink_runs, t->n_downlink_runs);
	for (size_t i = 0; i < p->n_uplink_runs; i++)
		n += p->uplink_runs[i].count;
	assert_int_equal(t->max_channels, n);
	assert_int_equal(t->n_default_channels, 0);
	assert_null(json_object_get(r, "additional_channels_hint"));
}

static void check_list(const json_t *list, const uint32_t *hz, size_t n)
{
	assert_int_equal(json_array_size(list), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(hz[i], item(list, i));
}

static void check_dynamic_channels(const struct region_table *t, const json_t *r)
{
	json_t *rows = test_data_get(r, "default_channels");
	json_t *hint = json_object_get(r, "additional_channels_hint"), *old = json_object_get(r, "join_extra_channels_hz");
	json_t *shift = json_object_get(r, "frequency_offset_hz");

	assert_int_equal(t->max_channels, test_data_int(r, "max_channels"));
	assert_int_equal(json_array_size(rows), t->n_default_channels);
	for (size_t i = 0; i < t->n_default_channels; i++) {
		const json_t *row = json_array_get(rows, i);

		assert_int_equal(test_data_int(row, "index"), i);
		assert_int_equal(t->default_channels[i].freq_hz, test_data_int(row, "frequency_hz"));
		assert_int_equal(t->default_channels[i].min_dr, test_data_int(row, "min_dr"));
		assert_int_equal(t->default_channels[i].max_dr, test_data_int(row, "max_dr"));
		/* RX1 is answered on the frequency of the uplink. */
		assert_int_equal(test_data_int(row, "frequency_hz"), test_data_int(row, "downlink_frequency_hz"));
		assert_true(t->rx1_same_frequency);
		if (shift)
			assert_int_equal(t->default_channels[i].freq_hz,
			                 region_as923.default_channels[i].freq_hz + json_integer_value(shift));
	}
	check_list(hint, t->extra_channels_hint_hz, t->extra_channels_hint_hz ? 5 : 0);
	check_list(old, t->old_join_channels_hz, t->n_old_join_channels);
	assert_int_equal(t->params[REFERENCE]->n_uplink_runs, 0);
	assert_int_equal(t->n_downlink_runs, 0);
}

static void channels_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		if (region_tables[t_i]->is_fixed_plan)
			check_fixed_channels(region_tables[t_i], region_of(region_tables[t_i]));
		else
			check_dynamic_channels(region_tables[t_i], region_of(region_tables[t_i]));
	}
}

static void join_rates_and_channels_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *join = test_data_get(region_of(t), "join"), *drs = test_data_get(join, "data_rates");
		json_t *rows = json_object_get(join, "common_join_channels");
		uint16_t mask = 0;

		for (size_t i = 0; i < json_array_size(drs); i++)
			mask |= (uint16_t)(1u << item(drs, i));
		assert_int_equal(t->params[REFERENCE]->join_dr_mask, mask);
		assert_int_equal(t->n_join_channels, json_array_size(rows));
		for (size_t i = 0; i < t->n_join_channels; i++) {
			const json_t *row = json_array_get(rows, i);

			assert_int_equal(t->join_channels[i].index, test_data_int(row, "index"));
			assert_int_equal(t->join_channels[i].uplink_hz, test_data_int(row, "uplink_hz"));
			assert_int_equal(t->join_channels[i].rx1_hz, test_data_int(row, "rx1_hz"));
			assert_int_equal(t->join_channels[i].rx2_hz, test_data_int(row, "rx2_hz"));
		}
	}
}

static void check_rx1(const struct rx1_rates *rates, const json_t *matrix, size_t n_offsets, const struct data_rate *up)
{
	assert_int_equal(rates->n_offsets, n_offsets);
	for (int dr = 0; dr < N_DR; dr++) {
		json_t *row = dr_row(matrix, dr);

		for (size_t o = 0; o < 8; o++)
			assert_int_equal(rates->dr[dr][o], row && o < n_offsets ? item(row, o) : -1);
		assert_int_equal(row != NULL, up[dr].uplink);
	}
}

static void rx1_matrix_and_frequency_rule_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *p = t->params[REFERENCE];
		json_t *rx1 = test_data_get(region_of(t), "rx1"), *offsets = test_data_get(rx1, "offsets");
		json_t *dwell = json_object_get(rx1, "data_rate_dwell_limited"), *frequency = test_data_get(rx1, "frequency");

		for (size_t i = 0; i < json_array_size(offsets); i++)
			assert_int_equal(item(offsets, i), i);
		check_rx1(p->rx1, test_data_get(rx1, "data_rate"), json_array_size(offsets), p->up_rates);
		assert_int_equal(p->rx1_dwell != NULL, dwell != NULL);
		if (dwell) {
			check_rx1(p->rx1_dwell, dwell, json_array_size(offsets), p->up_rates);
			assert_string_equal(test_data_text(rx1, "dwell_switch"), "downlink dwell time");
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

static void rx2_and_power_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct tx_powers *powers = t->params[REFERENCE]->tx_powers;
		json_t *rx2 = test_data_get(region_of(t), "rx2"), *power = test_data_get(region_of(t), "tx_power");
		json_t *offsets = test_data_get(power, "offsets_db"), *rfu = test_data_get(power, "rfu_indices");

		assert_int_equal(t->rx2_freq_hz, test_data_int(rx2, "frequency_hz"));
		assert_int_equal(t->rx2_dr, test_data_int(rx2, "data_rate"));
		assert_true(powers->max_eirp_dbm == number(power, "max_eirp_dbm"));
		assert_int_equal(powers->n, json_array_size(offsets));
		for (size_t i = 0; i < powers->n; i++)
			assert_int_equal(powers->offset_db[i], item(offsets, i));
		assert_int_equal(powers->n + json_array_size(rfu), test_data_int(power, "keep_index"));
		for (size_t i = 0; i < json_array_size(rfu); i++)
			assert_int_equal(item(rfu, i), powers->n + i);
	}
}

static void mac_columns_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *p = t->params[REFERENCE];
		json_t *r = region_of(t), *cf_list = test_data_get(r, "cflist");

		assert_int_equal(p->cf_list_type, test_data_int(cf_list, "default_type"));
		if (p->cf_list_type == 0) {
			assert_int_equal(t->cf_list_min_dr, 0);
			assert_int_equal(t->cf_list_max_dr, 5);
			assert_non_null(strstr(test_data_text(cf_list, "type0_channels"), "new channels get DR0-DR5"));
		}
		assert_int_equal(p->max_adr_dr, test_data_int(r, "max_adr_data_rate"));
		assert_int_equal(p->has_tx_param_setup, test_data_bool(r, "tx_param_setup_supported"));
		assert_int_equal(t->has_new_channel, test_data_bool(r, "new_channel_req_supported"));
		assert_int_equal(t->has_dl_channel, test_data_bool(r, "dl_channel_req_supported"));
	}
}

#define SPAN 16

static struct ch_mask_cntl mask16(uint8_t first)
{
	return (struct ch_mask_cntl){.is_defined = true, .mask_first = first, .mask_count = SPAN, .mask_span = 1};
}

/* The sentence of a ChMaskCntl value as a row. */
static struct ch_mask_cntl meaning_of(const char *text, uint8_t n_channels)
{
	struct ch_mask_cntl out = {.is_defined = true};
	unsigned first, last;
	bool has_wide = strstr(text, "bits 0-7 for channels 64-71") != NULL;

	if (strncmp(text, "RFU", 3) == 0)
		return (struct ch_mask_cntl){0};
	if (sscanf(text, "mask for channels %u-%u", &first, &last) == 2 || sscanf(text, "channels %u-%u", &first, &last) == 2) {
		assert_int_equal(last, first + SPAN - 1);
		return mask16((uint8_t)first);
	}
	if (strncmp(text, "bit b (0-7) switches bank b: 125 kHz channels 8b..8b+7 and 500 kHz channel 64+b", 79) == 0)
		return (struct ch_mask_cntl){
			.is_defined = true, .mask_count = 8, .mask_span = 8, .wide_first = 64};
	if (has_wide) {
		out.mask_first = 64;
		out.mask_count = 8;
		out.mask_span = 1;
		if (strncmp(text, "bits", 4) == 0)
			return out;
		assert_memory_equal(text, "all 125 kHz channels o", 22);
		out.all_count = 64;
	} else {
		assert_memory_equal(text, "all ", 4);
		out.all_count = n_channels;
	}
	out.all_on = strstr(text, "channels on") != NULL;
	assert_true(out.all_on || strstr(text, "channels off"));
	return out;
}

static void check_cntl(const struct ch_mask_cntl *row, const struct ch_mask_cntl *want)
{
	assert_int_equal(row->is_defined, want->is_defined);
	assert_int_equal(row->all_first, want->all_first);
	assert_int_equal(row->all_count, want->all_count);
	assert_int_equal(row->all_on, want->all_on);
	assert_int_equal(row->mask_first, want->mask_first);
	assert_int_equal(row->mask_count, want->mask_count);
	assert_int_equal(row->mask_span, want->mask_span);
	assert_int_equal(row->wide_first, want->wide_first);
}

static void ch_mask_cntl_agrees(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *rows = test_data_get(region_of(t), "chmask_cntl"), *row;
		const char *key;
		unsigned seen = 0;

		json_object_foreach(rows, key, row) {
			unsigned first = 0, last;

			if (sscanf(key, "%u-%u", &first, &last) != 2)
				last = first;
			for (unsigned cntl = first; cntl <= last; cntl++) {
				struct ch_mask_cntl want = meaning_of(json_string_value(row), t->max_channels);

				check_cntl(&t->params[REFERENCE]->ch_mask_cntl[cntl], &want);
				seen |= 1u << cntl;
			}
		}
		assert_int_equal(seen, 0xff);
	}
}

static void check_hopping(const struct class_b_channels *c, const json_t *row, const char *one, const char *hop)
{
	json_t *list = test_data_get(row, "frequencies_hz");
	const char *text = test_data_text(row, "hopping");

	if (json_is_null(list))
		return; /* told in words only: the plans of RP002, tested below */
	if (strncmp(text, "by join channel", 15) == 0) {
		assert_int_equal(c->count, 1);
		for (size_t i = 0; i < json_array_size(list); i++)
			assert_int_equal(c->base_hz + i * c->group_step_hz, item(list, i));
		return;
	}
	assert_int_equal(c->count, json_array_size(list));
	assert_int_equal(c->group_step_hz, 0);
	for (unsigned i = 0; i < c->count; i++)
		assert_int_equal(c->base_hz + i * c->step_hz, item(list, i));
	assert_string_equal(text, c->count == 1 ? one : hop);
}

static void class_b_agrees(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *p = t->params[REFERENCE];
		json_t *class_b = test_data_get(region_of(t), "class_b"), *beacon = test_data_get(class_b, "beacon");
		json_t *ping = test_data_get(class_b, "ping_slot");

		assert_int_equal(p->beacon_dr, test_data_int(beacon, "data_rate"));
		assert_int_equal(p->ping_slot_dr, test_data_int(ping, "data_rate"));
		assert_int_equal(t->beacon_layout.rfu1_len, test_data_int(beacon, "rfu1_bytes"));
		assert_int_equal(t->beacon_layout.param_len, test_data_int(beacon, "param_bytes"));
		assert_int_equal(t->beacon_layout.rfu2_len, test_data_int(beacon, "rfu2_bytes"));
		assert_int_equal(t->beacon_layout.frame_len, test_data_int(beacon, "frame_bytes"));
		check_hopping(&t->beacon, beacon, "none", "channel = floor(beacon_time/128) mod N");
		check_hopping(&t->ping_slot, ping, "none", "channel = (dev_addr + floor(beacon_time/128)) mod N");
		/* The same everywhere, so no column. */
		assert_string_equal(test_data_text(beacon, "coding_rate"), "4/5");
		assert_int_equal(test_data_int(beacon, "preamble_symbols"), 10);
		assert_string_equal(test_data_text(beacon, "header"), "implicit");
		assert_false(test_data_bool(beacon, "phy_crc"));
		assert_false(test_data_bool(beacon, "iq_inverted"));
		/* 4 octets of time, 7 of the gateway, two CRCs of 2. */
		assert_int_equal(t->beacon_layout.frame_len, t->beacon_layout.rfu1_len + t->beacon_layout.param_len +
		                                                     t->beacon_layout.rfu2_len + 15);
	}
}

/* Their sentences: downlink channel = join_index*8 + (x mod 8); channels 23 and 55; (join_index-8)*32 + (x mod 32). */
static void class_b_of_cn470_follows_the_join_channel(void **state)
{
	const struct region_table *a = &region_cn470_20a, *b = &region_cn470_20b;
	const struct channel_run *down = b->downlink_runs;

	(void)state;
	for (unsigned join = 0; join < 8; join++) {
		for (unsigned x = 0; x < 8; x++) {
			uint32_t want = a->downlink_runs[0].base_hz + (join * 8 + x) * a->downlink_runs[0].step_hz;

			assert_int_equal(a->beacon.base_hz + a->beacon.group_step_hz * join + a->beacon.step_hz * x, want);
			assert_int_equal(a->ping_slot.base_hz + a->ping_slot.group_step_hz * join + a->ping_slot.step_hz * x, want);
		}
	}
	assert_int_equal(a->beacon.count, 8);
	assert_int_equal(a->ping_slot.count, 8);
	assert_int_equal(b->beacon.base_hz, down[0].base_hz + 23 * down[0].step_hz);
	assert_int_equal(b->beacon.base_hz + b->beacon.group_step_hz, down[1].base_hz + (55 - 32) * down[1].step_hz);
	assert_int_equal(b->ping_slot.count, 32);
	for (unsigned join = 0; join < 2; join++)
		for (unsigned x = 0; x < 32; x++)
			assert_int_equal(b->ping_slot.base_hz + b->ping_slot.group_step_hz * join + b->ping_slot.step_hz * x,
			                 down[join].base_hz + x * down[join].step_hz);
}

static void check_bands(const struct region_table *t, const json_t *rows)
{
	assert_int_equal(json_array_size(rows), t->n_duty_bands);
	for (size_t i = 0; i < t->n_duty_bands; i++) {
		const json_t *row = json_array_get(rows, i);
		const struct duty_band *band = &t->duty_bands[i];

		assert_int_equal(band->min_hz, test_data_int(row, "min_hz"));
		assert_int_equal(band->max_hz, test_data_int(row, "max_hz"));
		assert_true(band->duty_cycle == number(row, "duty_cycle"));
		assert_true(band->max_eirp_dbm ==
		            (json_object_get(row, "max_eirp_dbm") ? number(row, "max_eirp_dbm") : 0));
	}
}

static void check_dwell(const struct region_table *t, const json_t *dwell)
{
	const struct region_params *p = t->params[REFERENCE];
	json_t *v;

	v = json_object_get(dwell, "uplink_ms");
	assert_int_equal(t->dwell.up_ms, v ? json_integer_value(v) : 0);
	v = json_object_get(dwell, "uplink_125khz_ms");
	assert_int_equal(t->dwell.up_125khz_ms, v ? json_integer_value(v) : 0);
	v = json_object_get(dwell, "downlink_ms");
	assert_int_equal(t->dwell.down_ms, v ? json_integer_value(v) : 0);
	v = json_object_get(dwell, "default_uplink_dwell");
	assert_int_equal(t->dwell.is_switched, v != NULL);
	assert_int_equal(p->boot_uplink_dwell, v ? json_integer_value(v) : 0);
	v = json_object_get(dwell, "default_downlink_dwell");
	assert_int_equal(p->boot_downlink_dwell, v ? json_integer_value(v) : 0);
}

static void regulatory_columns_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *regulatory = test_data_get(region_of(t), "regulatory");
		json_t *ranges = json_object_get(regulatory, "max_eirp_by_frequency");

		check_bands(t, test_data_get(regulatory, "duty_cycle_bands"));
		check_dwell(t, test_data_get(regulatory, "dwell_time"));
		/* From the schema: "a frequency in no band is not allowed" there, elsewhere it has no listed limit. */
		assert_non_null(strstr(test_data_text(test_data_get(file, "schema"), "regulatory.duty_cycle_bands"),
		                       "EU868 and RU864: a frequency in no band is not allowed."));
		assert_int_equal(t->forbids_unlisted, strcmp(t->name, "EU868") == 0 || strcmp(t->name, "RU864") == 0);
		assert_int_equal(t->n_eirp_ranges, json_array_size(ranges));
		for (size_t i = 0; i < t->n_eirp_ranges; i++) {
			const json_t *row = json_array_get(ranges, i);

			assert_int_equal(t->eirp_ranges[i].min_hz, test_data_int(row, "min_hz"));
			assert_int_equal(t->eirp_ranges[i].max_hz, test_data_int(row, "max_hz"));
			assert_true(t->eirp_ranges[i].device_dbm == number(row, "end_device_dbm"));
			assert_true(t->eirp_ranges[i].gateway_dbm == number(row, "gateway_dbm"));
		}
	}
}

static void relay_channels_agree(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		json_t *rows = json_object_get(json_object_get(region_of(t), "relay"), "wor_channels");

		assert_int_equal(t->n_wor_channels, json_array_size(rows));
		for (size_t i = 0; i < t->n_wor_channels; i++) {
			const json_t *row = json_array_get(rows, i);

			assert_int_equal(t->wor_channels[i].freq_hz, test_data_int(row, "frequency_hz"));
			assert_int_equal(t->wor_channels[i].ack_freq_hz, test_data_int(row, "ack_frequency_hz"));
			assert_int_equal(t->wor_channels[i].dr, test_data_int(row, "data_rate"));
		}
	}
}

static void common_tables_agree(void **state)
{
	json_t *common = test_data_get(file, "common"), *snrs = test_data_get(common, "required_snr_db");
	json_t *eirp = test_data_get(common, "tx_param_setup_eirp_dbm");
	struct radio radio = {.modulation = MOD_LORA};
	int snr;

	(void)state;
	for (radio.sf = 5; radio.sf <= 12; radio.sf++) {
		char key[8];

		snprintf(key, sizeof(key), "SF%u", radio.sf);
		assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_OK);
		assert_true(snr == number(snrs, key) * 10);
	}
	assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_ETYPE);
	radio = (struct radio){.modulation = MOD_FSK, .sf = 7};
	assert_int_equal(radio_required_snr_db10(&radio, &snr), LS_ETYPE);
	assert_int_equal(json_array_size(eirp), 16);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(tx_param_setup_eirp_dbm[i], item(eirp, i));
	assert_false(is_null(common, "lora"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_region_of_the_file_has_a_table),
		cmocka_unit_test(no_cell_of_the_file_is_overlooked),
		cmocka_unit_test(bands_steps_and_revisions_agree),
		cmocka_unit_test(data_rates_agree),
		cmocka_unit_test(payload_sizes_agree_in_all_four_variants),
		cmocka_unit_test(channels_agree),
		cmocka_unit_test(join_rates_and_channels_agree),
		cmocka_unit_test(rx1_matrix_and_frequency_rule_agree),
		cmocka_unit_test(rx2_and_power_agree),
		cmocka_unit_test(mac_columns_agree),
		cmocka_unit_test(ch_mask_cntl_agrees),
		cmocka_unit_test(class_b_agrees),
		cmocka_unit_test(class_b_of_cn470_follows_the_join_channel),
		cmocka_unit_test(regulatory_columns_agree),
		cmocka_unit_test(relay_channels_agree),
		cmocka_unit_test(common_tables_agree),
	};
	int failed;

	file = test_data_load("regions.json");
	if (!file)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(file);
	return failed;
}
