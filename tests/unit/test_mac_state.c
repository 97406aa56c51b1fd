#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/mac_wish.h"
#include "network/mac_state.h"

static struct region eu868, us915;

static const char *mask_text(const struct ch_mask *m, char text[CHANNEL_LIST_SIZE])
{
	uint64_t words[2];

	ch_mask_words(m, words);
	return channel_list_format(words, text);
}

static int open_regions(void **state)
{
	struct region_settings s;
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &s);
	s.extra_channels[0] = (struct channel){867100000, 0, 5};
	s.extra_channels[1] = (struct channel){867300000, 0, 5};
	s.n_extra_channels = 2;
	if (region_init(&eu868, &region_eu868, &s, &why))
		return -1;
	region_settings_default(&region_us915, &s);
	return region_init(&us915, &region_us915, &s, &why);
}

static void joined_device_has_the_channels_its_join_accept_gave(void **state)
{
	static const uint8_t cf_list[16] = {0x18, 0x4f, 0x84, 0xe8, 0x56, 0x84}; /* 867.1, 867.3 MHz */
	static const uint8_t masks[16] = {0x00, 0xff, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 1};
	struct mac_state s;
	struct ch_mask m;
	char text[CHANNEL_LIST_SIZE];

	(void)state;
	mac_state_init(&s, &eu868, NULL);
	assert_string_equal(mask_text(&s.mask, text), "0-2");
	mac_state_init(&s, &eu868, cf_list);
	assert_string_equal(mask_text(&s.mask, text), "0-4");
	assert_int_equal(s.channels[4].freq_hz, 867300000);
	assert_int_equal(s.channels[4].max_dr, 5);
	assert_int_equal(mac_state_channel(&s, &eu868, REG_PARAMS_RP002_1_0_4, 867100100, 5), 3);
	assert_int_equal(mac_state_channel(&s, &eu868, REG_PARAMS_RP002_1_0_4, 867500000, 5), -1);
	m = s.mask;
	assert_int_equal(mac_state_dr_mask(&s, &eu868, REG_PARAMS_RP002_1_0_4, &m), 0x3f);
	mac_state_init(&s, &us915, NULL);
	assert_string_equal(mask_text(&s.mask, text), "0-71");
	mac_state_init(&s, &us915, masks);
	assert_string_equal(mask_text(&s.mask, text), "8-15,65");
}

static void fill(struct mac_state *s)
{
	mac_state_init(s, &eu868, NULL);
	mac_state_add_channel(s, 7, 867900000, 1, 6);
	s->channels[7].rx1_freq_hz = 869525000;
	s->dr = 5;
	s->tx_power = 7;
	s->nb_trans = 3;
	s->max_dcycle = 4;
	s->tx_param = 0x25;
	s->adr_limit_exp = 7;
	s->adr_delay_exp = 2;
	s->rejoin_max_time_n = 3;
	s->rejoin_max_count_n = 4;
	s->rejoin_time_ok = true;
	s->ping_slot_periodicity = 2;
	s->ping_slot_dr = 3;
	s->ping_slot_freq_hz = 2425000000u;
	s->beacon_freq_hz = 869525000;
	s->has_status = true;
	s->battery = 254;
	s->margin_db = -7;
	s->status_us = INT64_C(1790000000000000);
	s->status_asked_us = INT64_C(1790000001000000);
	s->pending_len = MAC_PENDING_MAX;
	memset(s->pending, 0x06, sizeof(s->pending));
	s->pending_late = 1;
	s->pending_f_cnt = 0xfffffffe;
	s->manual_len = MAC_MANUAL_MAX;
	memset(s->manual, 0x06, sizeof(s->manual));
	s->manual_sent = 5;
	s->told_class = 2;
	s->n_refusals = MAC_REFUSALS_MAX;
	for (unsigned i = 0; i < MAC_REFUSALS_MAX; i++)
		s->refusals[i] = (struct mac_refusal){(uint8_t)i, (uint8_t)(i + 1), (uint8_t)(i + 2), 0x80000000u + i, 77 + i};
	s->mac_only_from_f_cnt = 12;
	s->mac_only_streak = 5;
	s->link_unsure = s->in_back_off = true;
	s->back_off_f_cnt = 0x80000001;
	s->ignored_answers = 65535;
	s->adr_len = MAC_ADR_MAX;
	memset(s->adr, 0xa5, sizeof(s->adr));
}

static void state_survives_encoding_whole(void **state)
{
	struct mac_state s, back;
	uint8_t blob[MAC_STATE_OCTETS_MAX];
	size_t len;

	(void)state;
	memset(&s, 0, sizeof(s));
	fill(&s);
	len = mac_state_encode(&s, blob);
	assert_true(len <= sizeof(blob));
	mac_state_init(&back, &eu868, NULL);
	assert_int_equal(mac_state_decode(&back, blob, len), LS_OK);
	assert_int_equal(mac_state_encode(&back, (uint8_t[MAC_STATE_OCTETS_MAX]){0}), len);
	assert_memory_equal(back.channels, s.channels, sizeof(s.channels));
	assert_memory_equal(back.refusals, s.refusals, sizeof(s.refusals));
	assert_memory_equal(&back.mask, &s.mask, sizeof(s.mask));
	assert_memory_equal(back.adr, s.adr, sizeof(s.adr));
	assert_memory_equal(back.manual, s.manual, sizeof(s.manual));
	assert_memory_equal(back.pending, s.pending, sizeof(s.pending));
	assert_int_equal(back.pending_f_cnt, s.pending_f_cnt);
	assert_int_equal(back.margin_db, -7);
	assert_int_equal(back.status_asked_us, s.status_asked_us);
	assert_int_equal(back.ping_slot_freq_hz, s.ping_slot_freq_hz);
	assert_int_equal(back.nb_trans, 3);
	assert_int_equal(back.tx_power, 7);
	assert_int_equal(back.mac_only_streak, 5);
	assert_int_equal(back.manual_sent, 5);
	assert_int_equal(back.told_class, 2);
	assert_int_equal(back.back_off_f_cnt, 0x80000001);
	assert_true(back.link_unsure && back.in_back_off);
}

static void typical_device_takes_few_octets(void **state)
{
	struct mac_state s;
	uint8_t blob[MAC_STATE_OCTETS_MAX];

	(void)state;
	mac_state_init(&s, &eu868, NULL);
	for (unsigned i = 3; i < 8; i++)
		mac_state_add_channel(&s, i, 867100000 + 200000 * i, 0, 5);
	s.adr_len = 98;
	s.status_asked_us = 1;
	s.has_status = true;
	s.pending_len = 1;
	s.n_refusals = 1;
	assert_true(mac_state_encode(&s, blob) <= 200);
}

static void damaged_state_is_that_of_a_new_activation(void **state)
{
	struct mac_state s, back, fresh;
	uint8_t blob[MAC_STATE_OCTETS_MAX];
	uint8_t a[MAC_STATE_OCTETS_MAX], b[MAC_STATE_OCTETS_MAX];
	size_t len;

	(void)state;
	memset(&s, 0, sizeof(s));
	fill(&s);
	len = mac_state_encode(&s, blob);
	mac_state_init(&fresh, &eu868, NULL);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = test_malloc(n ? n : 1); /* so that reading beyond is seen */

		memcpy(exact, blob, n);
		back = fresh;
		if (mac_state_decode(&back, exact, n) != LS_OK) {
			size_t len_a = mac_state_encode(&back, a), len_b = mac_state_encode(&fresh, b);

			assert_int_equal(len_a, len_b);
			assert_memory_equal(a, b, len_a);
		}
		test_free(exact);
	}
	back = fresh;
	blob[0] = 99;
	assert_int_equal(mac_state_decode(&back, blob, len), LS_EVERSION);
	blob[0] = 1;
	for (size_t at = 1; at < len; at++) {
		uint8_t was = blob[at];

		blob[at] = (uint8_t)~was;
		back = fresh;
		(void)mac_state_decode(&back, blob, len); /* whatever it says, it stays within bounds */
		assert_true(mac_state_encode(&back, a) <= sizeof(a));
		blob[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_device_has_the_channels_its_join_accept_gave),
		cmocka_unit_test(state_survives_encoding_whole),
		cmocka_unit_test(typical_device_takes_few_octets),
		cmocka_unit_test(damaged_state_is_that_of_a_new_activation),
	};

	return cmocka_run_group_tests(tests, open_regions, NULL);
}
