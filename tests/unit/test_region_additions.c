/* What RP002-1.0.5 adds to the cells of RP002-1.0.4: common.rp002_1_0_5_additions of tests/data/regions.json. */
#include "tests/unit/test_data.h"

#include <string.h>

#include "lorawan/region.h"

static json_t *file, *newer;

#define N_DR REGION_DR_MAX
#define EACH_TABLE(t) (size_t t##_i = 0; region_tables[t##_i]; t##_i++)
#define REFERENCE REG_PARAMS_RP002_1_0_4
#define NEWEST REG_PARAMS_RP002_1_0_5

/* The sentence of a note must be this one, or somebody changed the facts. */
static void says(const json_t *object, const char *key, const char *sentence)
{
	assert_string_equal(test_data_text(object, key), sentence);
}

struct addition {
	const struct region_table *table;
	bool is_uplink, is_downlink;
	int dr;
	uint8_t sf;
	uint32_t bandwidth_hz;
};

static const struct addition additions[] = {
	{&region_eu868, true, true, 12, 6, 125000},    {&region_eu868, true, true, 13, 5, 125000},
	{&region_eu433, true, true, 12, 6, 125000},    {&region_eu433, true, true, 13, 5, 125000},
	{&region_as923, true, true, 12, 6, 125000},    {&region_as923, true, true, 13, 5, 125000},
	{&region_as923_2, true, true, 12, 6, 125000},  {&region_as923_2, true, true, 13, 5, 125000},
	{&region_as923_3, true, true, 12, 6, 125000},  {&region_as923_3, true, true, 13, 5, 125000},
	{&region_as923_4, true, true, 12, 6, 125000},  {&region_as923_4, true, true, 13, 5, 125000},
	{&region_kr920, true, false, 12, 6, 125000},   {&region_kr920, true, false, 13, 5, 125000},
	{&region_in865, true, true, 12, 6, 125000},    {&region_in865, true, true, 13, 5, 125000},
	{&region_ru864, true, true, 12, 6, 125000},    {&region_ru864, true, true, 13, 5, 125000},
	{&region_us915, true, false, 7, 6, 125000},    {&region_us915, true, false, 8, 5, 125000},
	{&region_us915, false, true, 14, 6, 500000},   {&region_us915, false, true, 0, 5, 500000},
	{&region_au915, true, false, 9, 6, 125000},    {&region_au915, true, false, 10, 5, 125000},
	{&region_au915, false, true, 14, 6, 500000},   {&region_au915, false, true, 0, 5, 500000},
};

static const struct addition *find_addition(const struct region_table *t, int dr, bool is_uplink)
{
	for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++)
		if (additions[i].table == t && additions[i].dr == dr &&
		    (is_uplink ? additions[i].is_uplink : additions[i].is_downlink))
			return &additions[i];
	return NULL;
}

static void check_added_rate(const struct data_rate *d, const struct addition *a, const struct payload_limits *limits)
{
	json_t *m = test_data_get(newer, "max_payload_M");

	assert_int_equal(d->radio.modulation, MOD_LORA);
	assert_int_equal(d->radio.sf, a->sf);
	assert_int_equal(d->radio.bandwidth_hz, a->bandwidth_hz);
	assert_int_equal(d->radio.code_rate, CR_4_5);
	for (unsigned dwell = 0; dwell < (a->table->dwell.is_switched ? 2 : 1); dwell++) {
		assert_int_equal(limits->m[dwell][0][a->dr], test_data_int(m, "no_repeater"));
		assert_int_equal(limits->m[dwell][1][a->dr], test_data_int(m, "repeater"));
	}
}

static void sf5_and_sf6_came_with_rp002_1_0_5_and_changed_nothing_else(void **state)
{
	(void)state;
	says(newer, "EU868_DR12", "SF6/125 kHz");
	says(newer, "EU868_DR13", "SF5/125 kHz");
	says(newer, "also",
	     "same DR12/DR13 rows in EU433, AS923, KR920 (uplink), IN865, RU864; US915 DR7 SF6/125, DR8 SF5/125 up and DR14 "
	     "SF6/500, DR0 SF5/500 down; AU915 DR9 SF6/125, DR10 SF5/125 up and DR14, DR0 down");
	for EACH_TABLE(t) {
		const struct region_params *p = region_tables[t_i]->params[NEWEST], *was = region_tables[t_i]->params[REFERENCE];

		for (int dr = 0; dr < N_DR; dr++) {
			const struct addition *up = find_addition(region_tables[t_i], dr, true);
			const struct addition *down = find_addition(region_tables[t_i], dr, false);

			assert_int_equal(p->up_rates[dr].uplink, up || was->up_rates[dr].uplink);
			assert_int_equal(p->down_rates[dr].downlink, down || was->down_rates[dr].downlink);
			if (up)
				check_added_rate(&p->up_rates[dr], up, p->up_limits);
			else if (p->up_rates[dr].uplink)
				assert_memory_equal(&p->up_rates[dr].radio, &was->up_rates[dr].radio, sizeof(struct radio));
			if (down)
				check_added_rate(&p->down_rates[dr], down, p->down_limits);
			else if (p->down_rates[dr].downlink)
				assert_memory_equal(&p->down_rates[dr].radio, &was->down_rates[dr].radio, sizeof(struct radio));
			for (unsigned i = 0; i < 4; i++) {
				if (!up && p->up_rates[dr].uplink)
					assert_int_equal(p->up_limits->m[i / 2][i % 2][dr], was->up_limits->m[i / 2][i % 2][dr]);
				if (!down && p->down_rates[dr].downlink)
					assert_int_equal(p->down_limits->m[i / 2][i % 2][dr], was->down_limits->m[i / 2][i % 2][dr]);
			}
			if (!up)
				assert_memory_equal(p->rx1->dr[dr], was->rx1->dr[dr], 8);
		}
	}
}

static void check_rx1_rows(const char *name, const struct region_table *t)
{
	json_t *rows = test_data_get(test_data_get(newer, "rx1"), name), *row;
	const char *key;

	json_object_foreach(rows, key, row) {
		for (size_t o = 0; o < json_array_size(row); o++)
			assert_int_equal(t->params[NEWEST]->rx1->dr[atoi(key)][o], json_integer_value(json_array_get(row, o)));
		assert_int_equal(json_array_size(row), t->params[NEWEST]->rx1->n_offsets);
	}
}

/* The file has the rows of three regions; the others follow from them. */
static void rx1_of_sf5_and_sf6(void **state)
{
	static const int8_t faster[2][2] = {{13, 13}, {13, 13}}; /* offsets 6 and 7, effective -1 and -2 */
	const struct rx1_rates *eu = region_eu868.params[NEWEST]->rx1;

	(void)state;
	check_rx1_rows("EU868", &region_eu868);
	check_rx1_rows("EU868", &region_eu433);
	check_rx1_rows("EU868", &region_ru864);
	check_rx1_rows("US915", &region_us915);
	check_rx1_rows("AU915", &region_au915);
	for (int dr = 12; dr <= 13; dr++) {
		const struct region_params *as = region_as923.params[NEWEST], *in = region_in865.params[NEWEST];

		for (int o = 0; o < 6; o++) {
			int8_t row = eu->dr[dr][o];

			assert_int_equal(as->rx1->dr[dr][o], row);
			assert_int_equal(as->rx1_dwell->dr[dr][o], row < 2 ? 2 : row);
			assert_int_equal(in->rx1->dr[dr][o], row);
			/* No downlink at SF6 or SF5: DR5 instead. */
			assert_int_equal(region_kr920.params[NEWEST]->rx1->dr[dr][o], row > 5 ? 5 : row);
		}
		for (int o = 6; o < 8; o++) {
			assert_int_equal(as->rx1->dr[dr][o], faster[dr - 12][o - 6]);
			assert_int_equal(as->rx1_dwell->dr[dr][o], faster[dr - 12][o - 6]);
			assert_int_equal(in->rx1->dr[dr][o], faster[dr - 12][o - 6]);
		}
	}
}

static void a_rate_may_mean_one_radio_up_and_another_down(void **state)
{
	struct region_settings s;
	struct region us;
	const char *why;
	const struct radio sf5 = {.modulation = MOD_LORA, .sf = 5, .bandwidth_hz = 125000};
	struct tx_params tx;

	(void)state;
	region_settings_default(&region_us915, &s);
	assert_int_equal(region_init(&us, &region_us915, &s, &why), LS_OK);
	assert_int_equal(region_uplink_dr(&us, NEWEST, &sf5), 8);
	assert_int_equal(region_uplink_dr(&us, REFERENCE, &sf5), 8); /* DR8 is free for uplinks */
	assert_int_equal(region_uplink_channel(&us, NEWEST, 902500000, 8), 1);
	assert_int_equal(region_uplink_channel(&us, NEWEST, 903000000, 8), -1);
	assert_int_equal(region_rx1(&us, NEWEST, 902500000, 1, 8, 0, false, &tx), LS_OK);
	assert_int_equal(tx.dr, 0);
	assert_int_equal(region_downlink_radio(&us, NEWEST, 0)->bandwidth_hz, 500000);
	assert_int_equal(region_uplink_radio(&us, NEWEST, 0)->sf, 10);
	assert_int_equal(region_max_downlink_m(&us, NEWEST, 0, false), 250);
	assert_int_equal(region_max_uplink_m(&us, NEWEST, 0, false), 19);
	assert_int_equal(region_max_downlink_m(&us, REFERENCE, 0, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sf5_and_sf6_came_with_rp002_1_0_5_and_changed_nothing_else),
		cmocka_unit_test(rx1_of_sf5_and_sf6),
		cmocka_unit_test(a_rate_may_mean_one_radio_up_and_another_down),
	};
	int failed;

	file = test_data_load("regions.json");
	if (!file)
		return 1;
	newer = test_data_get(test_data_get(file, "common"), "rp002_1_0_5_additions");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(file);
	return failed;
}
