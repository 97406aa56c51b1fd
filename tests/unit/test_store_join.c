/* What joins and rejoins leave on disk: nonces, their bound and their end, RJcounts, the JoinNonce that only rises. */
#include "test_store_fixture.h"

struct loaded {
	struct device_row device;
	struct session_row session;
	unsigned nonces;
	int lowest, highest;
};

static int load_device_row(void *arg, const struct device_row *row)
{
	((struct loaded *)arg)->device = *row;
	return LS_OK;
}

static int load_session_row(void *arg, const struct session_row *row)
{
	if (row->slot == SLOT_CURRENT)
		((struct loaded *)arg)->session = *row;
	return LS_OK;
}

static int load_nonce_row(void *arg, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce)
{
	struct loaded *l = arg;

	(void)dev_eui;
	(void)join_eui;
	if (!l->nonces++ || dev_nonce < l->lowest)
		l->lowest = dev_nonce;
	if (dev_nonce > l->highest)
		l->highest = dev_nonce;
	return LS_OK;
}

static struct loaded load(struct fixture *f)
{
	struct loaded got = {0};
	struct store_loader l = {.arg = &got, .device = load_device_row, .session = load_session_row, .nonce = load_nonce_row};

	assert_int_equal(store_load(f->st, &l), LS_OK);
	return got;
}

static void begin(struct fixture *f)
{
	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	put_session(f, 1);
}

static void rejoin_moves_the_counter_it_belongs_to(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b;
	struct loaded got;

	begin(f);
	got = load(f);
	assert_int_equal(got.session.next_rj_count0, 0);
	assert_int_equal(got.device.rj_count1, -1);
	b = store_batch_new();
	store_batch_rejoin(b, eui(1), 0, 41, 5);
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.session.next_rj_count0, 42);
	assert_int_equal(got.device.rj_count1, -1);
	assert_int_equal(got.device.join_nonce, 5);
	b = store_batch_new();
	store_batch_rejoin(b, eui(1), 1, 65535, 6);
	store_batch_rejoin(b, eui(1), 2, 65535, 7);
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.session.next_rj_count0, 65536);
	assert_int_equal(got.device.rj_count1, 65535);
	assert_int_equal(got.device.join_nonce, 7);
}

static void rejoin_that_would_use_a_join_nonce_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b;

	begin(f);
	b = store_batch_new();
	store_batch_rejoin(b, eui(1), 1, 1, 5);
	assert_int_equal(commit(f, b), LS_OK);
	b = store_batch_new();
	store_batch_rejoin(b, eui(1), 1, 2, 5);
	assert_int_equal(commit(f, b), LS_ECONFLICT);
	b = store_batch_new();
	store_batch_rejoin(b, eui(2), 1, 2, 6); /* no such device */
	assert_int_equal(commit(f, b), LS_ENOTFOUND);
}

static void form_of_f_opts_is_kept(void **state)
{
	struct fixture *f = *state;
	struct session_up_row up = {.f_cnt_up = 1, .has_up = true, .f_opts_form = F_OPTS_KNOWN_ORIGINAL};
	struct session_row row = session(1, SLOT_CURRENT);
	struct store_batch *b;

	begin(f);
	b = store_batch_new();
	store_batch_session_up(b, eui(1), SLOT_CURRENT, &up, NULL, 0);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(load(f).session.up.f_opts_form, F_OPTS_KNOWN_ORIGINAL);
	row.next_rj_count0 = 9;
	row.up.f_opts_form = F_OPTS_KNOWN_ERRATUM;
	b = store_batch_new();
	store_batch_session_put(b, &row);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(load(f).session.up.f_opts_form, F_OPTS_KNOWN_ERRATUM);
	assert_int_equal(load(f).session.next_rj_count0, 9);
}

static void nonces_are_bounded_and_can_be_flushed(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b;
	struct loaded got;

	begin(f);
	b = store_batch_new();
	for (unsigned i = 0; i < NONCES_MAX + 5; i++)
		store_batch_join(b, eui(1), eui(77), (uint16_t)i, i + 1);
	store_batch_rejoin(b, eui(1), 1, 3, NONCES_MAX + 6);
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.nonces, NONCES_MAX);
	assert_int_equal(got.lowest, 5);
	assert_int_equal(got.highest, NONCES_MAX + 4);
	b = store_batch_new();
	store_batch_nonces_flush(b, eui(1));
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.nonces, 0);
	assert_int_equal(got.device.rj_count1, -1);
	assert_int_equal(got.device.join_nonce, NONCES_MAX + 6); /* that one never goes back */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rejoin_moves_the_counter_it_belongs_to),
		TEST(rejoin_that_would_use_a_join_nonce_twice_is_refused),
		TEST(form_of_f_opts_is_kept),
		TEST(nonces_are_bounded_and_can_be_flushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
