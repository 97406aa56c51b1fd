/*
 * A device, written here a second time, that takes, refuses or ignores what it is asked as it likes, against the server's MAC
 * engine over thousands of uplinks: the server never loops, never asks for what was refused before its time, and arrives where
 * it wants when the device agrees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "network/mac_down.h"
#include "network/mac_up.h"

#define UPLINKS 10000

static struct region eu868, us915;

static int open_regions(void **state)
{
	struct region_settings s;
	const char *why;

	(void)state;
	region_settings_default(&region_eu868, &s);
	for (unsigned i = 0; i < 5; i++)
		s.extra_channels[i] = (struct channel){867100000 + 200000 * i, 0, 5};
	s.n_extra_channels = 5;
	if (region_init(&eu868, &region_eu868, &s, &why))
		return -1;
	region_settings_default(&region_us915, &s);
	s.uplink_mask[0] = 0xff00;
	s.uplink_mask[1] = 0x02;
	return region_init(&us915, &region_us915, &s, &why);
}

static uint64_t seed;

static unsigned random_below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

/* ---- the device ------------------------------------------------------------------------------ */

enum temper {
	AGREES,
	REFUSES_ALL,       /* every bit 0 where there is one */
	SILENT,            /* hears nothing */
	ANSWERS_ANYTHING,  /* random bits, and does what it says */
	LIES,              /* says yes to all and does nothing */
	BABBLES,           /* answers nobody asked for, twice, in any order, with unknown commands among them */
	NO_POWER, NO_DR,   /* refuses one thing always */
	TEMPER__COUNT
};

struct device {
	enum temper temper;
	const struct region *region;
	const struct mac_version_rules *rules;
	bool knows_cntl_5;                     /* RP001-1.0.3 brought it */
	uint8_t dr, tx_power, nb_trans;
	bool on[96];
	uint32_t channels_hz[16];
	uint8_t dcycle, rx1_delay_s, rx2_dr;
	uint8_t f_opts[64];
	size_t f_opts_len;
};

static void device_make(struct device *d, enum temper temper, const struct region *region, enum mac_version v)
{
	*d = (struct device){.temper = temper, .region = region, .rules = mac_version_rules(v),
	                      .knows_cntl_5 = v >= MAC_VERSION_1_0_3, .nb_trans = 1, .rx1_delay_s = 1};
	for (unsigned i = 0; i < (region->table->is_fixed_plan ? 72u : 3u); i++) {
		d->on[i] = true;
		if (i < 16)
			d->channels_hz[i] = region->channels[i].freq_hz;
	}
}

static void answer(struct device *d, uint8_t cid, int status)
{
	if (d->f_opts_len + 2 > sizeof(d->f_opts))
		return;
	d->f_opts[d->f_opts_len++] = cid;
	if (status >= 0)
		d->f_opts[d->f_opts_len++] = (uint8_t)status;
}

/* Bits it answers with: those that are true of the request, made worse by its temper. */
static int bits(struct device *d, int truth, int all)
{
	switch (d->temper) {
	case REFUSES_ALL:
		return 0;
	case ANSWERS_ANYTHING:
		return truth & (int)random_below((unsigned)all + 1);
	case LIES:
		return all;
	case NO_POWER:
		return all == 7 ? truth & ~4 : truth;
	case NO_DR:
		return all == 7 ? truth & ~2 : truth;
	default:
		return truth;
	}
}

/* One LinkADRReq executed on *d; the bits that hold of it. */
static int link_adr(struct device *d, const uint8_t *p)
{
	unsigned cntl = p[3] >> 4 & 7, mask = p[1] | (unsigned)p[2] << 8, dr = p[0] >> 4, power = p[0] & 15, any = 0;
	bool dr_ok = false, mask_ok = true;

	if (!d->region->table->is_fixed_plan) {
		mask_ok = cntl == 0 || cntl == 6;
		for (unsigned i = 0; i < 16 && mask_ok; i++) {
			bool want = cntl == 6 ? d->channels_hz[i] != 0 : mask >> i & 1;

			mask_ok = !want || d->channels_hz[i];
			d->on[i] = want;
		}
	} else if (cntl < 4) {
		for (unsigned i = 0; i < 16; i++)
			d->on[16 * cntl + i] = mask >> i & 1;
	} else if (cntl == 5) {
		mask_ok = d->knows_cntl_5;
		for (unsigned i = 0; i < 72; i++)
			d->on[i] = mask >> (i < 64 ? i / 8 : i - 64) & 1;
	} else {
		for (unsigned i = 0; i < 64 && cntl != 4; i++)
			d->on[i] = cntl == 6;
		for (unsigned i = 0; i < 8; i++)
			d->on[64 + i] = mask >> i & 1;
	}
	if (d->rules->keep_is_15 && dr == 15)
		dr = d->dr;
	if (d->rules->keep_is_15 && power == 15)
		power = d->tx_power;
	for (unsigned i = 0; i < 96; i++) {
		any += d->on[i];
		if (!d->region->table->is_fixed_plan)
			dr_ok |= d->on[i] && dr <= 5;
		else
			dr_ok |= d->on[i] && (i < 64 ? dr <= 3 : dr == 4);
	}
	d->dr = (uint8_t)dr;
	d->tx_power = (uint8_t)power;
	if (p[3] & 15 || !d->rules->nb_trans_0_keeps)
		d->nb_trans = p[3] & 15 ? p[3] & 15 : 1;
	return (mask_ok && any) | (int)dr_ok << 1 | (power <= 10) << 2;
}

static void hear_link_adr(struct device *d, struct mac_iter *it, struct mac_command c)
{
	bool alone = d->rules->link_adr_form == LINK_ADR_SINGLE;
	struct device after = *d;
	int status = link_adr(&after, c.payload);
	unsigned n = 1;

	/* Of a block the masks are one after the other and only the end is judged; its own RFU values spoil it. */
	while (!alone && it->at < it->end && *it->at == 0x03 && mac_iter_next(it, &c)) {
		status = link_adr(&after, c.payload);
		n++;
	}
	status = bits(d, status, 7);
	if (status == 7 && d->temper != LIES) {
		size_t len = d->f_opts_len;

		memcpy(after.f_opts, d->f_opts, len);
		*d = after;
		d->f_opts_len = len;
	}
	for (unsigned i = 0; i < (d->rules->link_adr_form == LINK_ADR_BLOCK_ONE_ANSWER ? 1 : n); i++)
		answer(d, 0x03, status);
}

static void hear(struct device *d, const uint8_t *list, size_t len)
{
	struct mac_iter it;
	struct mac_command c;
	int status;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &c)) {
		bool does = d->temper != LIES;

		switch (c.cid) {
		case 0x03:
			hear_link_adr(d, &it, c);
			break;
		case 0x04:
			answer(d, c.cid, -1);
			d->dcycle = does ? c.payload[0] : 0;
			break;
		case 0x05:
			status = bits(d, 7, 7);
			if (status == 7 && does)
				d->rx2_dr = c.payload[0] & 15;
			answer(d, c.cid, status);
			break;
		case 0x06:
			answer(d, c.cid, 200);
			d->f_opts[d->f_opts_len++] = 5;
			break;
		case 0x07:
			assert_false(d->region->table->is_fixed_plan);
			assert_true(c.payload[0] >= 3 && c.payload[0] < 16);
			status = bits(d, 3, 3);
			if (status == 3 && does) {
				d->channels_hz[c.payload[0]] = 100u * (c.payload[1] | (unsigned)c.payload[2] << 8 | (unsigned)c.payload[3] << 16);
				d->on[c.payload[0]] = true;
			}
			answer(d, c.cid, status);
			break;
		case 0x08:
			answer(d, c.cid, -1);
			d->rx1_delay_s = does ? c.payload[0] : 1;
			break;
		default:
			answer(d, c.cid, c.row->cid == 0x0f ? 1 : -1);
			break;
		}
	}
	assert_false(it.stopped);
}

static void babble(struct device *d)
{
	static const uint8_t noise[][3] = {{0x03, 0x07}, {0x05, 0x00}, {0x06, 1, 2}, {0x07, 0x03}, {0x08}, {0x13, 1}, {0x7f}};
	unsigned i = random_below(7);

	for (unsigned times = random_below(3); times; times--)
		for (unsigned k = 0; k < (i == 2 ? 3u : i == 4 || i == 6 ? 1u : 2u) && d->f_opts_len < 15; k++)
			d->f_opts[d->f_opts_len++] = noise[i][k];
}

/* ---- what was asked, remembered by the test --------------------------------------------------- */

struct asked {
	uint8_t octets[8]; /* of the command */
	size_t len;
	unsigned refusals;
	uint32_t refused_at;
};

struct memory {
	struct asked list[256];
	unsigned n;
};

static struct asked *recall(struct memory *m, const uint8_t *octets, size_t len)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->list[i].len == len && !memcmp(m->list[i].octets, octets, len))
			return &m->list[i];
	assert_true(m->n < 256 && len <= 8);
	m->list[m->n].len = len;
	memcpy(m->list[m->n].octets, octets, len);
	return &m->list[m->n++];
}

/* Everything but LinkADRReq, whose parts are refused apart: the waits are 64, 256, 1024 uplinks, then none. */
static void check_asked(struct memory *m, const uint8_t *list, size_t len, uint32_t f_cnt)
{
	static const uint32_t waits[] = {0, 64, 256, 1024};
	struct mac_iter it;
	struct mac_command c;
	uint32_t seen = 0;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &c)) {
		struct asked *a;

		if (c.cid == 0x03)
			continue;
		assert_true(c.cid == 0x07 || !(seen >> c.cid & 1));
		seen |= 1u << c.cid;
		a = recall(m, c.payload - 1, 1u + c.len);
		assert_true(a->refusals < 4);
		if (a->refusals)
			assert_true(f_cnt - a->refused_at >= waits[a->refusals]);
	}
}

/* The answers of the device to the last requests, as far as they say no. */
static void remember_refusals(struct memory *m, const uint8_t *requests, size_t n_requests, const uint8_t *answers,
                              size_t n_answers, uint32_t f_cnt)
{
	struct mac_iter down, up;
	struct mac_command q, a;

	mac_iter_init(&down, LW_DOWN, requests, n_requests);
	mac_iter_init(&up, LW_UP, answers, n_answers);
	while (mac_iter_next(&down, &q)) {
		int all = q.cid == 0x05 ? 7 : q.cid == 0x07 ? 3 : 0;

		if (q.cid == 0x03)
			continue;
		do
			if (!mac_iter_next(&up, &a))
				return;
		while (a.cid == 0x03);
		if (a.cid == q.cid && all && (a.payload[0] & all) != all) {
			struct asked *r = recall(m, q.payload - 1, 1u + q.len);

			r->refusals++;
			r->refused_at = f_cnt;
		}
	}
}

/* ---- a run ----------------------------------------------------------------------------------- */

struct run {
	struct mac_env env;
	struct mac_goal goal;
	struct mac_state s;
	struct mac_rx rx;
	struct device d;
	struct memory memory;
	unsigned alone, requests;
	uint32_t last_request;
};

static uint32_t some_frequency(const struct device *d)
{
	unsigned i, tries = 0;

	do
		i = random_below(d->region->n_channels);
	while ((!d->on[i] || d->dr < d->region->channels[i].min_dr || d->dr > d->region->channels[i].max_dr) && ++tries < 10000);
	return d->region->channels[i].freq_hz;
}

static void one_uplink(struct run *r, uint32_t f_cnt, bool goes_anyway, const uint8_t *requests, size_t n_requests,
                       struct mac_down_outcome *down)
{
	struct device *d = &r->d;
	struct mac_up_input in = {
		.env = &r->env, .f_cnt = f_cnt, .dr = d->dr, .adr = true, .adr_ack_req = f_cnt % 100 == 99,
		.freq_hz = some_frequency(d), .now_us = f_cnt * INT64_C(60000000) + 1, .room = 15,
	};
	struct mac_up_outcome up;
	struct mac_down_input down_in = {
		.env = &r->env, .goal = &r->goal, .f_cnt = f_cnt, .adr = true, .room = 15, .answer_room = 15,
		.goes_anyway = goes_anyway || in.adr_ack_req, .now_us = in.now_us + 1,
	};
	uint8_t f_opts[64];

	if (d->temper == BABBLES)
		babble(d);
	if (d->temper == SILENT)
		d->f_opts_len = 0;
	/* What does not fit into FOpts is dropped from the end. */
	in.len = d->f_opts_len < 15 ? d->f_opts_len : 15;
	memcpy(f_opts, d->f_opts, in.len);
	in.commands = f_opts;
	in.room = 15 - in.len;
	d->f_opts_len = 0;
	if (d->temper != BABBLES)
		remember_refusals(&r->memory, requests, n_requests, f_opts, in.len, f_cnt);
	mac_uplink(&in, &r->s, &r->rx, &up);
	down_in.rx = r->rx;
	mac_downlink(&down_in, &r->s, down);
	assert_true(down->len <= 15);
	if (!down->len)
		return;
	if (d->temper != BABBLES)
		check_asked(&r->memory, down->octets, down->len, f_cnt);
	r->alone += !down_in.goes_anyway;
	r->requests++;
	r->last_request = f_cnt;
}

static void begin(struct run *r, enum temper temper, const struct region *region, enum mac_version v)
{
	static const struct mac_profile profile = {
		.dev_status_interval_s = 86400, .ping_slot_dr = -1, .rejoin_max_time_n = 3, .rejoin_max_count_n = 4,
	};
	struct mac_wish wish = mac_wish_none;

	memset(r, 0, sizeof(*r));
	r->env = (struct mac_env){.region = region, .version = v, .revision = reg_params_revision_default(v),
	                         .is_1_1 = mac_version_rules(v)->is_1_1, .is_otaa = true};
	wish.rx1_delay_s = 3;
	wish.max_duty_cycle = 2;
	wish.rx2_dr = region->table->is_fixed_plan ? 9 : 3;
	mac_goal_make(&r->env, &profile, &wish, &r->goal);
	r->goal.dr = 3;
	r->goal.tx_power = 4;
	r->goal.nb_trans = 2;
	mac_state_init(&r->s, region, NULL);
	r->rx = (struct mac_rx){1, 0, region_rx2_default(region).dr, region_rx2_default(region).freq_hz};
	device_make(&r->d, temper, region, v);
}

static void play(struct run *r, unsigned uplinks, bool lossy)
{
	struct mac_down_outcome down = {.len = 0};
	uint8_t requests[MAC_DOWN_MAX];
	size_t n_requests = 0;
	bool heard = false;

	for (uint32_t f_cnt = 0; f_cnt < uplinks; f_cnt++) {
		one_uplink(r, f_cnt, random_below(20) == 0, requests, heard ? n_requests : 0, &down);
		heard = !lossy || random_below(3);
		n_requests = down.len;
		memcpy(requests, down.octets, down.len);
		if (down.len && heard)
			hear(&r->d, down.octets, down.len);
	}
}

static const enum mac_version versions[] = {MAC_VERSION_1_0_0, MAC_VERSION_1_0_1, MAC_VERSION_1_0_2, MAC_VERSION_1_0_3,
                                            MAC_VERSION_1_0_4, MAC_VERSION_1_1_0};

static void server_never_loops_whatever_the_device_answers(void **state)
{
	unsigned worst = 0;

	(void)state;
	for (int temper = 0; temper < TEMPER__COUNT; temper++) {
		for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
			for (int us = 0; us < 2; us++) {
				struct run r;

				seed = 1 + (uint64_t)temper;
				begin(&r, (enum temper)temper, us ? &us915 : &eu868, versions[v]);
				play(&r, UPLINKS, temper % 2);
				if (r.alone > worst)
					worst = r.alone;
				/* One in a hundred, and those that ask the state of the battery once a day: 7. */
				if (r.alone > 100)
					fail_msg("temper %d, version %zu, region %d: %u downlinks for requests alone", temper, v, us, r.alone);
			}
		}
	}
	print_message("at most %u downlinks for requests alone in %u uplinks\n", worst, UPLINKS);
}

static void agreeing_device_becomes_what_is_wished(void **state)
{
	(void)state;
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		for (int us = 0; us < 2; us++) {
			for (int lossy = 0; lossy < 2; lossy++) {
				struct run r;

				seed = 7;
				begin(&r, AGREES, us ? &us915 : &eu868, versions[v]);
				r.goal.dev_status_interval_s = 0;
				play(&r, lossy ? 600 : 90, lossy);
				assert_int_equal(r.d.dr, 3);
				assert_int_equal(r.d.tx_power, 4);
				assert_int_equal(r.d.nb_trans, 2);
				assert_int_equal(r.d.dcycle, 2);
				assert_int_equal(r.d.rx1_delay_s, 3);
				assert_int_equal(r.rx.rx1_delay_s, 3);
				assert_int_equal(r.d.rx2_dr, us ? 9 : 3);
				for (unsigned i = 0; i < 96; i++)
					assert_int_equal(r.d.on[i], us ? (i >= 8 && i < 16) || i == 65 : i < 8);
				assert_memory_equal(&r.s.mask, &r.goal.mask, sizeof(r.s.mask));
				/* And then nothing is asked, but for what the device itself makes uncertain. */
				if (!lossy) {
					unsigned before = r.requests;

					r.s.link_unsure = false;
					play(&r, 90, false);
					assert_int_equal(r.requests, before);
				}
			}
		}
	}
}

static void one_thing_refused_does_not_keep_the_rest_from_being_set(void **state)
{
	(void)state;
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		struct run r;

		seed = 3;
		begin(&r, NO_POWER, &us915, versions[v]);
		r.goal.nb_trans = MAC_UNKNOWN;
		/* It refuses the power it has too, so nothing can be set where there is no word for keeping it. */
		play(&r, 300, false);
		assert_true(r.alone < 30);
		begin(&r, ANSWERS_ANYTHING, &us915, versions[v]);
		play(&r, 9000, false);
		if (r.d.temper == ANSWERS_ANYTHING && r.s.mask.block[0] == 0xff00)
			assert_true(r.d.on[8] && !r.d.on[0]);
	}
}

static void changed_wish_is_asked_at_once(void **state)
{
	struct run r;
	struct mac_down_outcome down;
	unsigned before;

	(void)state;
	seed = 5;
	begin(&r, REFUSES_ALL, &eu868, MAC_VERSION_1_0_3);
	play(&r, 5000, false);
	before = r.requests;
	for (uint32_t f_cnt = 5000; f_cnt < 5090; f_cnt++)
		one_uplink(&r, f_cnt, true, NULL, 0, &down);
	assert_int_equal(r.requests, before); /* given up */
	r.goal.rx.rx2_dr = 2;
	one_uplink(&r, 5090, true, NULL, 0, &down);
	assert_int_equal(down.octets[0], 0x05);
	assert_int_equal(down.octets[1] & 15, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_never_loops_whatever_the_device_answers),
		cmocka_unit_test(agreeing_device_becomes_what_is_wished),
		cmocka_unit_test(one_thing_refused_does_not_keep_the_rest_from_being_set),
		cmocka_unit_test(changed_wish_is_asked_at_once),
	};

	return cmocka_run_group_tests(tests, open_regions, NULL);
}
