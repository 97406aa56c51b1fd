/*
 * What older revisions have in place of the cells of RP002-1.0.4 (common.older_revisions of tests/data/regions.json).
 * The numbers are in the file where it has them as numbers; what it says in a sentence is written out here, and the
 * sentence is compared.
 */
#include "tests/unit/test_data.h"

#include <string.h>

#include "lorawan/region.h"

static json_t *file, *older;

#define N_DR REGION_DR_MAX
#define EACH_TABLE(t) (size_t t##_i = 0; region_tables[t##_i]; t##_i++)
#define EACH_REVISION(r, first, last) \
	(enum reg_params_revision r = first; r <= last; r = (enum reg_params_revision)(r + 1))

#define FIRST REG_PARAMS_1_0_1
#define REFERENCE REG_PARAMS_RP002_1_0_4
#define NEWEST REG_PARAMS_RP002_1_0_5

/* The sentence of a note must be this one, or somebody changed the facts. */
static void says(const json_t *object, const char *key, const char *sentence)
{
	assert_string_equal(test_data_text(object, key), sentence);
}

/* "EIRP at index i" in dBm. */
static double power(const struct region_table *t, enum reg_params_revision rev, unsigned i)
{
	const struct tx_powers *p = t->params[rev]->tx_powers;

	assert_true(i < p->n);
	return p->max_eirp_dbm + p->offset_db[i];
}

static void default_revision_of_each_version(void **state)
{
	(void)state;
	says(older, "default_revision_per_version",
	     "when the profile names none: 1.0.0 and 1.0.1 as in the 1.0.1 text; 1.0.2 RP001-1.0.2 rev B; 1.0.3 "
	     "RP001-1.0.3 rev A; 1.1 RP001-1.1 rev B; 1.0.4 RP002");
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_0_0), REG_PARAMS_1_0_1);
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_0_1), REG_PARAMS_1_0_1);
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_0_2), REG_PARAMS_RP001_1_0_2_B);
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_0_3), REG_PARAMS_RP001_1_0_3_A);
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_0_4), REG_PARAMS_RP002_1_0_4);
	assert_int_equal(reg_params_revision_default(MAC_VERSION_1_1_0), REG_PARAMS_RP001_1_1_B);
}

static void revisions_are_read_by_the_names_of_chirpstack_and_by_their_own(void **state)
{
	static const struct {
		const char *text;
		enum mac_version version;
		enum reg_params_revision want;
	} rows[] = {
		{"A", MAC_VERSION_1_0_0, REG_PARAMS_1_0_1},
		{"A", MAC_VERSION_1_0_2, REG_PARAMS_RP001_1_0_2},
		{"B", MAC_VERSION_1_0_2, REG_PARAMS_RP001_1_0_2_B},
		{"A", MAC_VERSION_1_0_3, REG_PARAMS_RP001_1_0_3_A},
		{"a", MAC_VERSION_1_1_0, REG_PARAMS_RP001_1_1_A},
		{"B", MAC_VERSION_1_1_0, REG_PARAMS_RP001_1_1_B},
		{"RP002-1.0.0", MAC_VERSION_1_0_2, REG_PARAMS_RP002_1_0_0},
		{"RP002_1_0_3", MAC_VERSION_1_1_0, REG_PARAMS_RP002_1_0_3},
		{"rp002-1.0.5", MAC_VERSION_1_0_4, REG_PARAMS_RP002_1_0_5},
		{"RP001-1.1-A", MAC_VERSION_1_0_4, REG_PARAMS_RP001_1_1_A},
		{"", MAC_VERSION_1_0_3, REG_PARAMS_RP001_1_0_3_A},
	};
	enum reg_params_revision rev;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(reg_params_revision_parse(rows[i].text, rows[i].version, &rev), LS_OK);
		assert_int_equal(rev, rows[i].want);
	}
	for EACH_REVISION(r, FIRST, NEWEST) {
		assert_int_equal(reg_params_revision_parse(reg_params_revision_name(r), MAC_VERSION_1_0_0, &rev), LS_OK);
		assert_int_equal(rev, r);
	}
	assert_int_equal(reg_params_revision_parse("C", MAC_VERSION_1_0_4, &rev), LS_EFORMAT);
	assert_int_equal(reg_params_revision_parse("RP002-1.0.6", MAC_VERSION_1_0_4, &rev), LS_EFORMAT);
	assert_int_equal(reg_params_revision_parse("RP002", MAC_VERSION_1_0_4, &rev), LS_EFORMAT);
}

static void powers_of_the_1_0_1_text(void **state)
{
	json_t *rows = test_data_get(older, "tx_power_dbm_1_0_1"), *row;
	const char *name;

	(void)state;
	json_object_foreach(rows, name, row) {
		const struct region_table *t = region_table_find(name);

		assert_non_null(t);
		if (json_is_string(row)) {
			assert_string_equal(json_string_value(row), "30 - 2*i, i = 0-10");
			assert_int_equal(t->params[FIRST]->tx_powers->n, 11);
			for (unsigned i = 0; i <= 10; i++)
				assert_true(power(t, FIRST, i) == 30 - 2.0 * i);
			continue;
		}
		assert_int_equal(t->params[FIRST]->tx_powers->n, json_array_size(row));
		for (unsigned i = 0; i < json_array_size(row); i++)
			assert_true(power(t, FIRST, i) == json_number_value(json_array_get(row, i)));
	}
}

static void check_powers(const struct region_table *t, enum reg_params_revision rev, double max, unsigned n)
{
	assert_true(t->params[rev]->tx_powers->max_eirp_dbm == max);
	assert_int_equal(t->params[rev]->tx_powers->n, n);
	for (unsigned i = 0; i < n; i++)
		assert_true(power(t, rev, i) == max - 2.0 * i);
}

static void powers_before_rp001_1_0_3(void **state)
{
	static const int8_t kr920[] = {0, -6, -10, -12, -15, -18, -20};
	const struct tx_powers *p = region_kr920.params[REG_PARAMS_RP001_1_0_2]->tx_powers;

	(void)state;
	says(older, "tx_power_before_rp001_1_0_3",
	     "US915, AU915 (and AU915 RP001-1.1 rev A): indices 0-10 only. RP001-1.0.2 (not rev B): EU868 and AS923 indices "
	     "0-5, AS923 MaxEIRP 14 dBm, KR920 MaxEIRP 20 dBm with offsets 0 -6 -10 -12 -15 -18 -20");
	for EACH_REVISION(rev, FIRST, NEWEST) {
		bool is_old = rev < REG_PARAMS_RP001_1_0_3_A;

		check_powers(&region_us915, rev, 30, is_old ? 11 : 15);
		check_powers(&region_au915, rev, 30, is_old || rev == REG_PARAMS_RP001_1_1_A ? 11 : 15);
		if (rev > REG_PARAMS_RP001_1_0_2) {
			check_powers(&region_eu868, rev, 16, 8);
			check_powers(&region_as923, rev, 16, 8);
			check_powers(&region_kr920, rev, 14, 8);
		}
	}
	check_powers(&region_eu868, REG_PARAMS_RP001_1_0_2, 16, 6);
	check_powers(&region_as923, REG_PARAMS_RP001_1_0_2, 14, 6);
	assert_true(p->max_eirp_dbm == 20);
	assert_int_equal(p->n, sizeof(kr920));
	assert_memory_equal(p->offset_db, kr920, sizeof(kr920));
}

static void au915_had_the_uplink_rates_of_us915(void **state)
{
	json_t *rows = test_data_get(test_data_get(older, "AU915_before_rp001_1_0_2_rev_b"), "max_payload_m");

	(void)state;
	assert_memory_equal(test_data_text(test_data_get(older, "AU915_before_rp001_1_0_2_rev_b"), "note"),
	                    "1.0.1 and RP001-1.0.2: the uplink rates of US915 (DR0 SF10/125 ... DR3 SF7/125, DR4 SF8/500), "
	                    "RX1DROffset 0-3;", 109);
	for EACH_REVISION(rev, FIRST, NEWEST) {
		const struct region_params *p = region_au915.params[rev], *us = region_us915.params[rev];
		bool is_old = rev <= REG_PARAMS_RP001_1_0_2;

		assert_int_equal(p->rx1->n_offsets, is_old ? 4 : 6);
		assert_int_equal(p->up_rates[0].radio.sf, is_old ? 10 : 12);
		if (!is_old)
			continue;
		for (int dr = 0; dr < N_DR; dr++) {
			assert_int_equal(p->up_rates[dr].uplink, us->up_rates[dr].uplink);
			if (!p->up_rates[dr].uplink)
				continue;
			assert_memory_equal(&p->up_rates[dr].radio, &us->up_rates[dr].radio, sizeof(struct radio));
			assert_memory_equal(p->rx1->dr[dr], us->rx1->dr[dr], 8);
		}
		for (int dr = 0; dr < 5; dr++) {
			char key[4];

			snprintf(key, sizeof(key), "%d", dr);
			assert_int_equal(p->up_limits->m[0][0][dr], test_data_int(rows, key));
			assert_int_equal(p->up_limits->m[1][0][dr], test_data_int(rows, key));
		}
		assert_int_equal(p->join_dr_mask, us->join_dr_mask);
		assert_int_equal(p->uplink_runs[0].max_dr, 3);
		assert_int_equal(p->uplink_runs[1].min_dr, 4);
		assert_int_equal(p->uplink_runs[1].max_dr, 4);
	}
}

static void payload_limits_that_changed(void **state)
{
	(void)state;
	says(older, "AS923_DR2_m_no_dwell", "59 before RP002-1.0.1, 123 from it on");
	says(older, "US915_AU915_repeater_m", "DR8 41 and DR9 117 before RP002-1.0.2, 61 and 137 from it on");
	says(older, "US915_DR2_m", "134 in the 1.0.1 text, 133 later");
	for EACH_REVISION(rev, FIRST, NEWEST) {
		static const struct region_table *const as923[] = {
			&region_as923, &region_as923_2, &region_as923_3, &region_as923_4};
		static const struct region_table *const fixed[] = {&region_us915, &region_au915};

		for (size_t i = 0; i < 4; i++) {
			const struct payload_limits *limits = as923[i]->params[rev]->down_limits;

			assert_int_equal(limits->m[0][0][2], rev < REG_PARAMS_RP002_1_0_1 ? 59 : 123);
			assert_int_equal(limits->m[0][1][2], rev < REG_PARAMS_RP002_1_0_1 ? 59 : 123);
			assert_int_equal(limits->m[1][0][2], 19);
		}
		for (size_t i = 0; i < 2; i++) {
			const struct payload_limits *limits = fixed[i]->params[rev]->down_limits;
			unsigned dwells = fixed[i]->dwell.is_switched ? 2 : 1;

			for (unsigned dwell = 0; dwell < dwells; dwell++) {
				assert_int_equal(limits->m[dwell][1][8], rev < REG_PARAMS_RP002_1_0_2 ? 41 : 61);
				assert_int_equal(limits->m[dwell][1][9], rev < REG_PARAMS_RP002_1_0_2 ? 117 : 137);
				assert_int_equal(limits->m[dwell][0][8], 61);
				assert_int_equal(limits->m[dwell][0][9], 137);
			}
		}
		assert_int_equal(region_us915.params[rev]->up_limits->m[0][0][2], rev == FIRST ? 134 : 133);
	}
}

static int8_t least(int8_t a, int8_t b)
{
	return a < b ? a : b;
}

static void rx1_of_as923_and_in865_ended_at_dr5_before_rp002(void **state)
{
	(void)state;
	says(older, "AS923_rx1", "before RP002-1.0.0 results above DR5 are DR5 (offsets 6 and 7)");
	says(older, "IN865_rx1", "before RP002-1.0.0 results above DR5 are DR5 (offsets 6 and 7)");
	for EACH_REVISION(rev, FIRST, REFERENCE) {
		static const struct region_table *const tables[] = {&region_as923, &region_as923_4, &region_in865};
		int8_t most = rev < REG_PARAMS_RP002_1_0_0 ? 5 : 15;

		for (size_t i = 0; i < 3; i++) {
			const struct region_params *p = tables[i]->params[rev], *now = tables[i]->params[REFERENCE];

			for (int dr = 0; dr < N_DR; dr++) {
				for (int o = 0; o < 8; o++) {
					assert_int_equal(p->rx1->dr[dr][o], least(now->rx1->dr[dr][o], most));
					if (now->rx1_dwell)
						assert_int_equal(p->rx1_dwell->dr[dr][o], least(now->rx1_dwell->dr[dr][o], most));
				}
			}
		}
	}
}

static void dwell_time_at_boot_and_tx_param_setup(void **state)
{
	(void)state;
	says(older, "AS923_boot_dwell", "RP001-1.0.2 rev B: uplink 1, downlink 1; later uplink 1, downlink 0");
	says(older, "tx_param_setup_AU915", "RP001-1.0.3, RP001-1.1 rev B and RP002 only");
	for EACH_REVISION(rev, FIRST, NEWEST) {
		const struct region_params *as = region_as923.params[rev], *au = region_au915.params[rev];
		bool au_has = rev >= REG_PARAMS_RP001_1_0_3_A && rev != REG_PARAMS_RP001_1_1_A;

		assert_true(as->boot_uplink_dwell && as->has_tx_param_setup);
		assert_int_equal(as->boot_downlink_dwell, rev <= REG_PARAMS_RP001_1_0_2_B);
		assert_int_equal(au->has_tx_param_setup, au_has);
		assert_int_equal(au->boot_uplink_dwell, au_has);
		assert_false(au->boot_downlink_dwell);
	}
}

/*
 * "DR3 in RP001-1.0.2" cannot be for US915: DR3 is no downlink rate there in any text, so nothing could be sent in a
 * ping slot. DR8 stands for every revision.
 */
static void class_b_rates_of_the_fixed_plans(void **state)
{
	(void)state;
	says(older, "US915_beacon_ping_slot_dr",
	     "DR3 in RP001-1.0.2, DR8 from rev B on; AU915 DR10 up to RP001-1.1 rev A, then DR8");
	for EACH_REVISION(rev, FIRST, NEWEST) {
		bool is_old = rev <= REG_PARAMS_RP001_1_0_2_B || rev == REG_PARAMS_RP001_1_1_A;

		assert_int_equal(region_us915.params[rev]->beacon_dr, 8);
		assert_int_equal(region_us915.params[rev]->ping_slot_dr, 8);
		assert_int_equal(region_au915.params[rev]->beacon_dr, is_old ? 10 : 8);
		assert_int_equal(region_au915.params[rev]->ping_slot_dr, is_old ? 10 : 8);
	}
}

static void every_class_b_and_rx2_rate_is_a_downlink_rate_of_its_revision(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		for EACH_REVISION(rev, FIRST, NEWEST) {
			const struct region_params *p = region_tables[t_i]->params[rev];

			assert_true(p->down_rates[p->beacon_dr].downlink);
			assert_true(p->down_rates[p->ping_slot_dr].downlink);
			assert_true(p->down_rates[region_tables[t_i]->rx2_dr].downlink);
			assert_true(p->up_rates[p->max_adr_dr].uplink);
		}
	}
}

static void fixed_plans_got_cntl_5_and_cf_lists_with_rp001_1_0_3(void **state)
{
	(void)state;
	says(older, "chmask_cntl_5_72_channels", "RFU (the command is refused) before RP001-1.0.3");
	says(older, "cflist_fixed_plans", "none before RP001-1.0.3");
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		bool is_of_rp002 = t->plan && strcmp(t->plan, "RP001") != 0;

		for EACH_REVISION(rev, FIRST, NEWEST) {
			bool is_old = rev < REG_PARAMS_RP001_1_0_3_A;

			if (t->max_channels == 72)
				assert_int_equal(t->params[rev]->ch_mask_cntl[5].is_defined, !is_old);
			if (t->is_fixed_plan && !is_of_rp002)
				assert_int_equal(t->params[rev]->cf_list_type, is_old ? CF_LIST_NONE : 1);
			for (unsigned cntl = 0; cntl < REGION_CNTL_MAX; cntl++)
				if (cntl != 5 || t->max_channels != 72)
					assert_memory_equal(&t->params[rev]->ch_mask_cntl[cntl],
					                    &t->params[REFERENCE]->ch_mask_cntl[cntl], sizeof(struct ch_mask_cntl));
		}
	}
}

static void lr_fhss_came_with_rp002_1_0_2(void **state)
{
	(void)state;
	says(older, "lr_fhss", "EU868, US915 and AU915 rates from RP002-1.0.2 on");
	for EACH_TABLE(t) {
		for EACH_REVISION(rev, FIRST, NEWEST) {
			const struct region_params *p = region_tables[t_i]->params[rev], *now = region_tables[t_i]->params[REFERENCE];

			for (int dr = 0; dr < N_DR; dr++) {
				if (!now->up_rates[dr].uplink || now->up_rates[dr].radio.modulation != MOD_LR_FHSS)
					continue;
				if (region_tables[t_i] == &region_au915 && rev <= REG_PARAMS_RP001_1_0_2)
					continue;
				assert_int_equal(p->up_rates[dr].uplink, rev >= REG_PARAMS_RP002_1_0_2);
				assert_int_equal(p->rx1->dr[dr][0] >= 0, rev >= REG_PARAMS_RP002_1_0_2);
				assert_int_equal(p->up_limits->m[0][0][dr] > 0, rev >= REG_PARAMS_RP002_1_0_2);
			}
		}
	}
}

static void groups_of_as923_and_the_newer_regions_have_a_first_revision(void **state)
{
	(void)state;
	says(older, "AS923_groups", "AS923-2 and -3 from RP002-1.0.1, AS923-4 from RP002-1.0.3");
	assert_int_equal(region_as923_2.since, REG_PARAMS_RP002_1_0_1);
	assert_int_equal(region_as923_3.since, REG_PARAMS_RP002_1_0_1);
	assert_int_equal(region_as923_4.since, REG_PARAMS_RP002_1_0_3);
	assert_int_equal(region_cn470_26b.since, REG_PARAMS_RP002_1_0_0);
	/* One file per region and revision in TheThingsNetwork/lorawan-stack says so. */
	assert_int_equal(region_as923.since, REG_PARAMS_RP001_1_0_2);
	assert_int_equal(region_kr920.since, REG_PARAMS_RP001_1_0_2);
	assert_int_equal(region_in865.since, REG_PARAMS_RP001_1_0_2_B);
	assert_int_equal(region_ru864.since, REG_PARAMS_RP001_1_0_3_A);
	assert_int_equal(region_eu868.since, REG_PARAMS_1_0_1);
	assert_int_equal(region_au915.since, REG_PARAMS_1_0_1);
}

/* A limit for each rate there is, none for the others; and the same for RX1. */
static void every_rate_of_a_revision_has_a_limit_and_an_rx1_row_and_no_other(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		for EACH_REVISION(rev, FIRST, NEWEST) {
			const struct region_params *p = region_tables[t_i]->params[rev];
			bool is_shared = p->up_limits == p->down_limits;

			assert_int_equal(is_shared, p->up_rates == p->down_rates);
			for (int dr = 0; dr < N_DR; dr++) {
				bool up = p->up_rates[dr].uplink, down = p->down_rates[dr].downlink;

				for (unsigned i = 0; i < 4; i++) {
					/* Dwell time, where it is switched, makes the slowest rates unusable; where it is not there is no row. */
					bool may_be_0 = i >= 2;
					uint8_t m_up = p->up_limits->m[i / 2][i % 2][dr], m_down = p->down_limits->m[i / 2][i % 2][dr];

					assert_true(m_up > 0 ? up || (is_shared && down) : !up || may_be_0);
					assert_true(m_down > 0 ? down || (is_shared && up) : !down || may_be_0);
				}
				for (unsigned o = 0; o < 8; o++) {
					assert_int_equal(p->rx1->dr[dr][o] >= 0, up && o < p->rx1->n_offsets);
					if (p->rx1_dwell)
						assert_int_equal(p->rx1_dwell->dr[dr][o] >= 0, up && o < p->rx1->n_offsets);
				}
			}
			if (p->rx1_dwell)
				assert_int_equal(p->rx1_dwell->n_offsets, p->rx1->n_offsets);
			assert_true(p->rx1->n_offsets <= 8);
		}
	}
}

/* Limits the notes speak of; every other one is that of RP002-1.0.4. */
static bool is_limit_named(const struct region_table *t, enum reg_params_revision rev, bool repeater, int dr)
{
	if (t == &region_au915 && rev <= REG_PARAMS_RP001_1_0_2 && dr < 8)
		return true;
	if ((t == &region_us915 || t == &region_au915) && repeater && (dr == 8 || dr == 9))
		return true;
	return dr == 2 && (t == &region_us915 || strncmp(t->name, "AS923", 5) == 0);
}

static void limits_no_note_names_are_those_of_the_reference(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *now = t->params[REFERENCE];

		for EACH_REVISION(rev, FIRST, REFERENCE) {
			const struct payload_limits *limits = t->params[rev]->down_limits;

			for (int dr = 0; dr < N_DR; dr++) {
				bool exists = t->params[rev]->up_rates[dr].uplink || t->params[rev]->down_rates[dr].downlink;

				for (unsigned i = 0; i < 4 && exists; i++)
					if (!is_limit_named(t, rev, i % 2, dr))
						assert_int_equal(limits->m[i / 2][i % 2][dr], now->down_limits->m[i / 2][i % 2][dr]);
			}
		}
	}
	/* Of the oldest AU915 the note has M without repeater; with one it is never above 230. */
	for EACH_REVISION(rev, FIRST, REG_PARAMS_RP001_1_0_2) {
		const struct payload_limits *limits = region_au915.params[rev]->up_limits;

		for (int dr = 0; dr < 8; dr++) {
			uint8_t m = limits->m[0][0][dr];

			assert_int_equal(limits->m[0][1][dr], m < 230 ? m : 230);
			assert_int_equal(limits->m[1][1][dr], m < 230 ? m : 230);
		}
	}
}

static void rx1_no_note_names_is_that_of_the_reference(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];

		for EACH_REVISION(rev, FIRST, REFERENCE) {
			const struct region_params *p = t->params[rev], *now = t->params[REFERENCE];

			if ((now->rx1->n_offsets == 8 && rev < REG_PARAMS_RP002_1_0_0) ||
			    (t == &region_au915 && rev <= REG_PARAMS_RP001_1_0_2))
				continue; /* compared above */
			assert_int_equal(p->rx1->n_offsets, now->rx1->n_offsets);
			for (int dr = 0; dr < N_DR; dr++)
				if (p->up_rates[dr].uplink)
					assert_memory_equal(p->rx1->dr[dr], now->rx1->dr[dr], 8);
		}
		assert_int_equal(t->params[NEWEST]->rx1->n_offsets, t->params[REFERENCE]->rx1->n_offsets);
		assert_int_equal(t->params[FIRST]->rx1->n_offsets, t == &region_au915 ? 4 : t->params[REFERENCE]->rx1->n_offsets);
	}
}

/* The columns that stay what they are, but for the data rates of AU915's oldest texts. */
static void channels_of_older_revisions_are_the_same(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_params *now = region_tables[t_i]->params[REFERENCE];

		for EACH_REVISION(rev, FIRST, NEWEST) {
			const struct region_params *p = region_tables[t_i]->params[rev];
			bool is_old_au915 = region_tables[t_i] == &region_au915 && rev <= REG_PARAMS_RP001_1_0_2;

			assert_int_equal(p->n_uplink_runs, now->n_uplink_runs);
			for (unsigned i = 0; i < now->n_uplink_runs; i++) {
				assert_int_equal(p->uplink_runs[i].first_index, now->uplink_runs[i].first_index);
				assert_int_equal(p->uplink_runs[i].count, now->uplink_runs[i].count);
				assert_int_equal(p->uplink_runs[i].base_hz, now->uplink_runs[i].base_hz);
				assert_int_equal(p->uplink_runs[i].step_hz, now->uplink_runs[i].step_hz);
			}
			assert_int_equal(p->max_adr_dr, is_old_au915 ? 3 : now->max_adr_dr);
			assert_int_equal(p->join_dr_mask, is_old_au915 ? 1 << 0 | 1 << 4 : now->join_dr_mask);
			if (region_tables[t_i] != &region_au915) {
				assert_int_equal(p->beacon_dr, now->beacon_dr);
				assert_int_equal(p->ping_slot_dr, now->ping_slot_dr);
				assert_int_equal(p->has_tx_param_setup, now->has_tx_param_setup);
				assert_int_equal(p->boot_uplink_dwell, now->boot_uplink_dwell);
			}
		}
	}
}

/* Those the notes do not speak of, from RP001-1.0.2 revision B on. */
static void powers_no_note_names_are_those_of_the_reference(void **state)
{
	static const struct region_table *const named[] = {&region_us915, &region_au915};

	(void)state;
	for EACH_TABLE(t) {
		const struct tx_powers *now = region_tables[t_i]->params[REFERENCE]->tx_powers;

		for EACH_REVISION(rev, REG_PARAMS_RP001_1_0_2_B, NEWEST) {
			const struct tx_powers *p = region_tables[t_i]->params[rev]->tx_powers;

			assert_true(p->max_eirp_dbm == now->max_eirp_dbm);
			if (region_tables[t_i] != named[0] && region_tables[t_i] != named[1])
				assert_int_equal(p->n, now->n);
			for (unsigned i = 0; i < p->n; i++)
				assert_int_equal(p->offset_db[i], now->offset_db[i]);
		}
	}
}

/* What no note names is the same in every revision. */
static void cells_no_note_names_are_the_same_in_every_revision(void **state)
{
	(void)state;
	for EACH_TABLE(t) {
		const struct region_table *t = region_tables[t_i];
		const struct region_params *now = t->params[REFERENCE];

		for EACH_REVISION(rev, REG_PARAMS_RP001_1_0_2_B, REFERENCE) {
			const struct region_params *p = t->params[rev];

			assert_int_equal(p->join_dr_mask, now->join_dr_mask);
			assert_int_equal(p->max_adr_dr, now->max_adr_dr);
			assert_int_equal(p->n_uplink_runs, now->n_uplink_runs);
			assert_ptr_equal(p->uplink_runs, now->uplink_runs);
			for (int dr = 0; dr < N_DR; dr++) {
				const struct radio *is = &p->up_rates[dr].radio, *was = &now->up_rates[dr].radio;

				if (p->up_rates[dr].uplink)
					assert_memory_equal(is, was, sizeof(*is));
				assert_int_equal(p->down_rates[dr].downlink, now->down_rates[dr].downlink);
				if (p->down_rates[dr].downlink)
					assert_memory_equal(&p->down_rates[dr].radio, &now->down_rates[dr].radio, sizeof(*is));
			}
		}
	}
	/* RP002-1.0.2 to 1.0.4 are one text in this respect. */
	for EACH_TABLE(t)
		for EACH_REVISION(rev, REG_PARAMS_RP002_1_0_2, REFERENCE)
			assert_ptr_equal(region_tables[t_i]->params[rev], region_tables[t_i]->params[REFERENCE]);
}

static void a_rate_the_revision_leaves_unused_is_one_of_the_newest(void **state)
{
	struct region_settings s;
	struct region eu, au;
	const char *why;
	const struct radio lr_fhss = {.modulation = MOD_LR_FHSS, .code_rate = CR_4_6, .bandwidth_hz = 137000};
	const struct radio sf12 = {.modulation = MOD_LORA, .sf = 12, .bandwidth_hz = 125000};
	const struct radio sf8 = {.modulation = MOD_LORA, .sf = 8, .bandwidth_hz = 125000};
	struct tx_params tx;

	(void)state;
	region_settings_default(&region_eu868, &s);
	assert_int_equal(region_init(&eu, &region_eu868, &s, &why), LS_OK);
	assert_null(region_uplink_radio(&eu, REG_PARAMS_RP001_1_0_3_A, 9));
	assert_int_equal(region_uplink_dr(&eu, REG_PARAMS_RP001_1_0_3_A, &lr_fhss), 9);
	assert_int_equal(region_rx1(&eu, REG_PARAMS_RP001_1_0_3_A, 868100000, 0, 9, 0, false, &tx), LS_OK);
	assert_int_equal(tx.dr, 2);
	/* A number in use keeps its meaning. */
	region_settings_default(&region_au915, &s);
	assert_int_equal(region_init(&au, &region_au915, &s, &why), LS_OK);
	assert_int_equal(region_uplink_dr(&au, FIRST, &sf12), -1);
	assert_int_equal(region_uplink_dr(&au, REFERENCE, &sf12), 0);
	assert_int_equal(region_uplink_dr(&au, FIRST, &sf8), 2);
	assert_int_equal(region_uplink_dr(&au, REFERENCE, &sf8), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_the_revision_leaves_unused_is_one_of_the_newest),
		cmocka_unit_test(default_revision_of_each_version),
		cmocka_unit_test(revisions_are_read_by_the_names_of_chirpstack_and_by_their_own),
		cmocka_unit_test(powers_of_the_1_0_1_text),
		cmocka_unit_test(powers_before_rp001_1_0_3),
		cmocka_unit_test(au915_had_the_uplink_rates_of_us915),
		cmocka_unit_test(payload_limits_that_changed),
		cmocka_unit_test(rx1_of_as923_and_in865_ended_at_dr5_before_rp002),
		cmocka_unit_test(dwell_time_at_boot_and_tx_param_setup),
		cmocka_unit_test(class_b_rates_of_the_fixed_plans),
		cmocka_unit_test(every_class_b_and_rx2_rate_is_a_downlink_rate_of_its_revision),
		cmocka_unit_test(fixed_plans_got_cntl_5_and_cf_lists_with_rp001_1_0_3),
		cmocka_unit_test(lr_fhss_came_with_rp002_1_0_2),
		cmocka_unit_test(groups_of_as923_and_the_newer_regions_have_a_first_revision),
		cmocka_unit_test(every_rate_of_a_revision_has_a_limit_and_an_rx1_row_and_no_other),
		cmocka_unit_test(limits_no_note_names_are_those_of_the_reference),
		cmocka_unit_test(rx1_no_note_names_is_that_of_the_reference),
		cmocka_unit_test(channels_of_older_revisions_are_the_same),
		cmocka_unit_test(powers_no_note_names_are_those_of_the_reference),
		cmocka_unit_test(cells_no_note_names_are_the_same_in_every_revision),
	};
	int failed;

	file = test_data_load("regions.json");
	if (!file)
		return 1;
	older = test_data_get(test_data_get(file, "common"), "older_revisions");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(file);
	return failed;
}
