/*
 * The sequences are executed by a device written here a second time, and compared with the shortest ones a search finds: through
 * all masks of a small plan, and with every bank and the masks that can matter in the real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/link_adr.h"
#include "lorawan/mac.h"

static uint64_t seed = 1;

static unsigned random_below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

/* ---- the device ------------------------------------------------------------------------------ */

enum kind { DYNAMIC, FIXED72, FIXED72_OLDER, FIXED96, CN470_20, CN470_26 };

static const struct {
	const struct region_table *region;
	enum reg_params_revision revision;
	unsigned n; /* channels */
} kinds[] = {
	[DYNAMIC] = {&region_eu868, REG_PARAMS_RP002_1_0_4, 16},
	[FIXED72] = {&region_us915, REG_PARAMS_RP001_1_0_3_A, 72},
	[FIXED72_OLDER] = {&region_au915, REG_PARAMS_RP001_1_0_2_B, 72},
	[FIXED96] = {&region_cn470_rp001, REG_PARAMS_RP001_1_0_2, 96},
	[CN470_20] = {&region_cn470_20a, REG_PARAMS_RP002_1_0_4, 64},
	[CN470_26] = {&region_cn470_26b, REG_PARAMS_RP002_1_0_4, 48},
};

static const struct ch_mask_cntl *rows_of(enum kind kind)
{
	return kinds[kind].region->params[kinds[kind].revision]->ch_mask_cntl;
}

struct device {
	enum kind kind;
	bool defined[96], on[96];
	uint16_t drs[96];
	int dr;
};

static void set_all(struct device *d, bool on, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		d->on[i] = on && d->defined[i];
}

/* false: this ChMaskCntl is none, or it names a channel there is not. */
static bool execute(struct device *d, unsigned cntl, unsigned mask)
{
	unsigned blocks = kinds[d->kind].n / 16, n = kinds[d->kind].n;
	bool is72 = d->kind == FIXED72 || d->kind == FIXED72_OLDER;

	if (cntl < blocks && (d->kind != DYNAMIC || cntl == 0)) {
		for (unsigned b = 0; b < 16; b++) {
			if (mask >> b & 1 && !d->defined[16 * cntl + b])
				return false;
			d->on[16 * cntl + b] = mask >> b & 1;
		}
		return true;
	}
	if (is72 && cntl == 5 && d->kind == FIXED72) {
		for (unsigned b = 0; b < 8; b++) {
			for (unsigned c = 0; c < 8; c++)
				d->on[8 * b + c] = mask >> b & 1;
			d->on[64 + b] = mask >> b & 1;
		}
		return true;
	}
	if (is72 && (cntl == 4 || cntl == 6 || cntl == 7)) {
		if (cntl != 4)
			set_all(d, cntl == 6, 0, 64);
		for (unsigned b = 0; b < 8; b++)
			d->on[64 + b] = mask >> b & 1;
		return true;
	}
	if (cntl == (d->kind == CN470_26 ? 3 : 6) && !is72) {
		set_all(d, true, 0, n);
		return true;
	}
	if ((d->kind == CN470_20 && cntl == 7) || (d->kind == CN470_26 && cntl == 4)) {
		set_all(d, false, 0, n);
		return true;
	}
	return false;
}

static bool is_legal(const struct device *d, unsigned dr)
{
	unsigned on = 0, drs = 0;

	for (unsigned i = 0; i < kinds[d->kind].n; i++) {
		on += d->on[i];
		drs |= d->on[i] ? d->drs[i] : 0;
	}
	return on && drs >> dr & 1;
}

static void device_make(struct device *d, enum kind kind, unsigned lora_dr, unsigned wide_dr)
{
	memset(d, 0, sizeof(*d));
	d->kind = kind;
	for (unsigned i = 0; i < kinds[kind].n; i++) {
		d->defined[i] = kind != DYNAMIC || random_below(2) || i < 3;
		d->drs[i] = (uint16_t)(i < 64 || kinds[kind].n != 72 ? (2u << lora_dr) - 1 : 1u << wide_dr);
	}
}

static void random_mask(struct device *d)
{
	unsigned n = kinds[d->kind].n, style = random_below(3), any = 0;

	while (!any) {
		for (unsigned i = 0; i < n; i++) {
			bool on = style == 0 ? random_below(2) : style == 1 ? random_below(8) == 0 : d->on[i / 8 * 8];

			if (style == 2 && i % 8 == 0)
				on = random_below(3) == 0;
			d->on[i] = on && d->defined[i];
			any += d->on[i];
		}
	}
}

static struct ch_mask mask_of(const bool *on)
{
	struct ch_mask m = {{0}};

	for (unsigned i = 0; i < 96; i++)
		ch_mask_put(&m, i, on[i]);
	return m;
}

/* Some data rate an enabled channel has. */
static uint8_t some_dr(const struct device *d)
{
	unsigned dr;

	do
		dr = random_below(16);
	while (!is_legal(d, dr));
	return (uint8_t)dr;
}

/* ---- search ---------------------------------------------------------------------------------- */

/* Is there a sequence of `depth` commands or fewer? Masks: the wanted bits, nothing, one channel, all; every bank. */
static bool reachable(const struct device *d, const struct device *want, bool each_alone, unsigned depth)
{
	if (!memcmp(d->on, want->on, sizeof(d->on)))
		return true;
	if (!depth)
		return false;
	for (unsigned cntl = 0; cntl < 8; cntl++) {
		unsigned block = cntl == 6 || cntl == 7 ? 4 : cntl, n_masks = cntl == 5 && d->kind == FIXED72 ? 256 : 4;
		unsigned wanted = 0;

		for (unsigned b = 0; b < 16 && block < 6; b++)
			wanted |= (unsigned)want->on[16 * block + b] << b;
		for (unsigned i = 0; i < n_masks; i++) {
			unsigned some[] = {wanted, 0, 1, 0xffff};
			struct device next = *d;

			if (!execute(&next, cntl, n_masks == 256 ? i : some[i]))
				continue;
			/* Alone: some data rate is possible as soon as some channel is on. */
			if (each_alone && !is_legal(&next, (unsigned)__builtin_ctz(next.drs[0])) &&
			    !is_legal(&next, (unsigned)__builtin_ctz(next.drs[kinds[d->kind].n - 1])))
				continue;
			if (reachable(&next, want, each_alone, depth - 1))
				return true;
		}
	}
	return false;
}

/* Plan, execute as a device of that kind would, and compare with the search. Returns the number of commands. */
static unsigned check(const struct device *from, const struct device *want, bool each_alone, uint8_t dr, bool search)
{
	struct device d = *from;
	struct link_adr_wish w = {
		.rows = rows_of(from->kind), .defined = mask_of(from->defined), .now = mask_of(from->on),
		.wanted = mask_of(want->on), .dr = dr, .tx_power = 3, .nb_trans = 2, .each_alone = each_alone,
		.dr_now = (uint8_t)from->dr, .channel_drs = from->drs,
	};
	struct link_adr reqs[LINK_ADR_MAX];
	unsigned n;

	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_OK);
	assert_true(n >= 1 && n <= LINK_ADR_MAX);
	for (unsigned i = 0; i < n; i++) {
		assert_true(execute(&d, reqs[i].ch_mask_cntl, reqs[i].ch_mask));
		if (each_alone)
			assert_true(is_legal(&d, reqs[i].dr));
		assert_int_equal(reqs[i].tx_power, 3);
		assert_int_equal(reqs[i].nb_trans, 2);
	}
	assert_memory_equal(d.on, want->on, sizeof(d.on));
	assert_int_equal(reqs[n - 1].dr, dr);
	assert_true(is_legal(&d, reqs[n - 1].dr));
	if (each_alone && n > 1) {
		/* The first sent by itself: what is left is one shorter. */
		struct device after = *from;
		struct link_adr rest[LINK_ADR_MAX];
		unsigned n_rest;

		execute(&after, reqs[0].ch_mask_cntl, reqs[0].ch_mask);
		w.now = mask_of(after.on);
		w.dr_now = reqs[0].dr;
		assert_int_equal(link_adr_plan(&w, rest, &n_rest), LS_OK);
		assert_int_equal(n_rest, n - 1);
	}
	if (search && n > 1)
		assert_false(reachable(from, want, each_alone, n - 1));
	return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void sub_band(struct device *d, unsigned b, bool with_500)
{
	memset(d->on, 0, sizeof(d->on));
	for (unsigned c = 0; c < 8; c++)
		d->on[8 * b + c] = true;
	d->on[64 + b] = with_500;
}

static void every_sub_band_takes_the_fewest_commands(void **state)
{
	static const struct {
		enum kind kind;
		bool each_alone, with_500;
		unsigned n; /* from all channels on */
	} cases[] = {
		{FIXED72, false, true, 1},       {FIXED72, false, false, 2},
		{FIXED72_OLDER, false, true, 2}, {FIXED72_OLDER, false, false, 2},
		{FIXED72_OLDER, true, true, 2},  {FIXED72_OLDER, true, false, 3},
		{FIXED72, true, true, 1},        {FIXED72, true, false, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int au = 0; au < 2; au++) {
			for (unsigned b = 0; b < 8; b++) {
				struct device from, want;

				device_make(&from, cases[i].kind, au ? 5 : 3, au ? 6 : 4);
				want = from;
				set_all(&from, true, 0, 72);
				sub_band(&want, b, cases[i].with_500);
				assert_int_equal(check(&from, &want, cases[i].each_alone, 2, true), cases[i].n);
				/* And from each other one. */
				for (unsigned other = 0; other < 8; other++) {
					sub_band(&from, other, other % 2);
					check(&from, &want, cases[i].each_alone, 2, true);
				}
			}
		}
	}
}

static void every_group_of_cn470_takes_the_fewest_commands(void **state)
{
	static const enum kind cn470[] = {FIXED96, CN470_20, CN470_26};

	(void)state;
	for (size_t i = 0; i < sizeof(cn470) / sizeof(cn470[0]); i++) {
		for (int each_alone = 0; each_alone < 2; each_alone++) {
			for (unsigned group = 0; group < kinds[cn470[i]].n / 8; group++) {
				struct device from, want;
				unsigned n;

				device_make(&from, cn470[i], 5, 5);
				want = from;
				set_all(&from, true, 0, kinds[cn470[i]].n);
				set_all(&want, true, 8 * group, 8 * group + 8);
				/* Six commands cannot be searched: each of the six blocks of that plan needs its own. */
				n = check(&from, &want, each_alone, 5, cn470[i] != FIXED96);
				assert_int_equal(n, cn470[i] == FIXED96 ? 6 : !each_alone ? 2 : kinds[cn470[i]].n / 16);
				assert_int_equal(check(&want, &from, each_alone, 5, true), 1);
			}
		}
	}
}

static void any_mask_can_be_reached_from_any_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		enum kind kind = (enum kind)random_below(6);
		struct device from, want;

		device_make(&from, kind, 3, 4);
		random_mask(&from);
		want = from;
		random_mask(&want);
		from.dr = some_dr(&from);
		check(&from, &want, random_below(2), some_dr(&want), false);
	}
}

static void random_sequences_are_the_shortest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		enum kind kind = (enum kind)random_below(3);
		struct device from, want;
		unsigned n;

		device_make(&from, kind, 3, 4);
		random_mask(&from);
		want = from;
		random_mask(&want);
		n = check(&from, &want, false, some_dr(&want), false);
		if (n <= 3)
			check(&from, &want, i % 2, some_dr(&want), n < 3);
	}
}

/*
 * A plan of eight channels in four blocks of two, the last of which two commands set together with all others: distances
 * between all pairs of masks, by a search that knows nothing.
 */
static const struct ch_mask_cntl small[REGION_CNTL_MAX] = {
	[0] = {.is_defined = true, .mask_first = 0, .mask_count = 2, .mask_span = 1},
	[1] = {.is_defined = true, .mask_first = 16, .mask_count = 2, .mask_span = 1},
	[2] = {.is_defined = true, .mask_first = 32, .mask_count = 2, .mask_span = 1},
	[3] = {.is_defined = true, .mask_first = 48, .mask_count = 2, .mask_span = 1},
	[5] = {.is_defined = true, .all_count = 64},
	[6] = {.is_defined = true, .all_count = 64, .all_on = true, .mask_first = 48, .mask_count = 2, .mask_span = 1},
	[7] = {.is_defined = true, .all_count = 64, .mask_first = 48, .mask_count = 2, .mask_span = 1},
};

static struct ch_mask small_mask(unsigned bits)
{
	struct ch_mask m = {{0}};

	for (unsigned b = 0; b < 4; b++)
		m.block[b] = bits >> (2 * b) & 3;
	return m;
}

static unsigned small_execute(unsigned bits, unsigned cntl, unsigned mask)
{
	switch (cntl) {
	case 5:
		return 0;
	case 6:
		return 0x3f | mask << 6;
	case 7:
		return mask << 6;
	default:
		return (bits & ~(3u << (2 * cntl))) | mask << (2 * cntl);
	}
}

static void small_distances(unsigned from, bool each_alone, uint8_t distance[256])
{
	unsigned queue[256], head = 0, tail = 0;

	memset(distance, 0xff, 256);
	distance[from] = 0;
	queue[tail++] = from;
	while (head < tail) {
		unsigned at = queue[head++];

		for (unsigned cntl = 0; cntl < 8; cntl++) {
			for (unsigned mask = 0; mask < 4 && cntl != 4; mask++) {
				unsigned next = small_execute(at, cntl, mask);

				if ((each_alone && !next) || distance[next] != 0xff)
					continue;
				distance[next] = (uint8_t)(distance[at] + 1);
				queue[tail++] = next;
			}
		}
	}
}

static void all_pairs_of_a_small_plan_are_the_shortest(void **state)
{
	uint16_t drs[CH_MASK_CHANNELS];

	(void)state;
	for (unsigned i = 0; i < CH_MASK_CHANNELS; i++)
		drs[i] = i < 48 ? 0x0f : 0x10; /* the last block has a rate of its own */
	for (unsigned from = 1; from < 256; from++) {
		for (int each_alone = 0; each_alone < 2; each_alone++) {
			uint8_t distance[256];

			small_distances(from, each_alone, distance);
			for (unsigned want = 1; want < 256; want++) {
				struct link_adr_wish w = {
					.rows = small, .defined = small_mask(0xff), .now = small_mask(from),
					.wanted = small_mask(want), .dr = want & 0x3f ? 1 : 4, .nb_trans = 1,
					.each_alone = each_alone, .dr_now = from & 0x3f ? 0 : 4, .channel_drs = drs,
				};
				struct link_adr reqs[LINK_ADR_MAX];
				unsigned n, bits = from;

				assert_int_equal(link_adr_plan(&w, reqs, &n), LS_OK);
				assert_int_equal(n, from == want ? 1 : distance[want]);
				for (unsigned i = 0; i < n; i++) {
					bits = small_execute(bits, reqs[i].ch_mask_cntl, reqs[i].ch_mask);
					if (each_alone)
						assert_true((bits & 0x3f && reqs[i].dr < 4) || (bits & 0xc0 && reqs[i].dr == 4));
				}
				assert_int_equal(bits, want);
			}
		}
	}
}

static void dynamic_plans_name_the_channels_or_all(void **state)
{
	uint16_t drs[CH_MASK_CHANNELS] = {0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f};
	struct link_adr_wish w = {
		.rows = rows_of(DYNAMIC), .defined = {{0xff}}, .now = {{0x07}}, .wanted = {{0xff}}, .dr = 5, .tx_power = 1,
		.nb_trans = 1, .channel_drs = drs,
	};
	struct link_adr reqs[LINK_ADR_MAX];
	uint8_t octets[LINK_ADR_OCTETS];
	unsigned n;

	(void)state;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_OK);
	assert_int_equal(n, 1);
	link_adr_write(&reqs[0], octets);
	assert_memory_equal(octets, "\x03\x51\xff\x00\x01", 5);
	w.now = w.wanted; /* only power */
	w.tx_power = 2;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_OK);
	assert_int_equal(n, 1);
	link_adr_write(&reqs[0], octets);
	assert_memory_equal(octets, "\x03\x52\xff\x00\x01", 5);
	assert_int_equal(link_adr_read(octets + 1).tx_power, 2);
	assert_int_equal(link_adr_read(octets + 1).ch_mask, 0xff);
}

static void what_no_device_could_do_is_not_planned(void **state)
{
	uint16_t drs[CH_MASK_CHANNELS] = {0x3f, 0x3f, 0x3f};
	struct link_adr_wish w = {
		.rows = rows_of(DYNAMIC), .defined = {{7}}, .now = {{7}}, .wanted = {{0}}, .channel_drs = drs};
	struct link_adr reqs[LINK_ADR_MAX];
	unsigned n;

	(void)state;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_EINVAL);
	w.wanted.block[0] = 8;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_EINVAL);
	w.wanted.block[0] = 3;
	w.dr = 6;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_EINVAL);
	w.dr = 16;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_EINVAL);
	w.dr = 5;
	assert_int_equal(link_adr_plan(&w, reqs, &n), LS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sub_band_takes_the_fewest_commands),
		cmocka_unit_test(every_group_of_cn470_takes_the_fewest_commands),
		cmocka_unit_test(any_mask_can_be_reached_from_any_other),
		cmocka_unit_test(random_sequences_are_the_shortest),
		cmocka_unit_test(all_pairs_of_a_small_plan_are_the_shortest),
		cmocka_unit_test(dynamic_plans_name_the_channels_or_all),
		cmocka_unit_test(what_no_device_could_do_is_not_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
