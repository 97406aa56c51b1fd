/* Multicast groups on disk: what was written is loaded, counters never go back, what a group owns goes with it. */
#include "test_store_fixture.h"

#define GROUP "44444444-4444-4444-8444-444444444444"
#define GATEWAY "0016c001ff10a235"

static const struct eui64 gateway_id = {{0, 0x16, 0xc0, 1, 0xff, 0x10, 0xa2, 0x35}};

static struct uuid group_id(void)
{
	struct uuid id;

	assert_int_equal(uuid_parse(GROUP, &id), LS_OK);
	return id;
}

static void create_group(struct fixture *f)
{
	populate(f);
	create(f, E_GATEWAY, json_pack("{s:s, s:s, s:s}", "gateway_id", GATEWAY, "name", "roof", "tenant_id", TENANT));
	create(f, E_DEVICE, device_json(1, "a"));
	create(f, E_MULTICAST,
	       json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "multicast_id", GROUP, "name", "lamps", "application_id",
	                 APPLICATION, "group_type", "C", "region", "EU868", "mc_addr", "02000001", "mc_nwk_s_key",
	                 "000102030405060708090a0b0c0d0e0f", "mc_app_s_key", "101112131415161718191a1b1c1d1e1f", "dr", 3));
}

struct loaded {
	int groups, devices, gateways, items;
	int64_t f_cnt_down;
	struct multicast_row item[4];
	uint8_t data[4];
};

static int load_group(void *arg, const json_t *row)
{
	struct loaded *l = arg;

	l->groups++;
	l->f_cnt_down = json_integer_value(json_object_get(row, "f_cnt_down"));
	assert_string_equal(json_string_value(json_object_get(row, "mc_addr")), "02000001");
	assert_string_equal(json_string_value(json_object_get(row, "mc_app_s_key")), "101112131415161718191a1b1c1d1e1f");
	assert_string_equal(json_string_value(json_object_get(row, "class_c_scheduling")), "delay");
	return LS_OK;
}

static int load_member(void *arg, struct uuid multicast_id, struct eui64 dev_eui)
{
	assert_true(uuid_equal(multicast_id, group_id()) && eui64_equal(dev_eui, eui(1)));
	((struct loaded *)arg)->devices++;
	return LS_OK;
}

static int load_gateway(void *arg, struct uuid multicast_id, struct eui64 id)
{
	assert_true(uuid_equal(multicast_id, group_id()) && eui64_equal(id, gateway_id));
	((struct loaded *)arg)->gateways++;
	return LS_OK;
}

static int load_item(void *arg, const struct multicast_row *row)
{
	struct loaded *l = arg;

	l->data[l->items % 4] = row->data[0];
	l->item[l->items++ % 4] = *row;
	return LS_OK;
}

static struct loaded load(struct fixture *f)
{
	struct loaded got = {0};
	struct store_loader l = {.arg = &got, .multicast = load_group, .multicast_device = load_member,
	                         .multicast_gateway = load_gateway, .multicast_item = load_item};

	assert_int_equal(store_load(f->st, &l), LS_OK);
	return got;
}

static struct uuid put_item(struct store_batch *b, uint8_t octet)
{
	struct multicast_row row = {.queue_item_id = uuid_random(), .multicast_id = group_id(), .f_port = 10, .created_us = 50,
	                            .expires_us = 1000, .data = &octet, .data_len = 1};

	store_batch_multicast_item_put(b, &row);
	return row.queue_item_id;
}

static void what_was_written_is_loaded(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();
	struct uuid first, second;
	struct loaded got;

	create_group(f);
	store_batch_multicast_device(b, group_id(), eui(1), true);
	store_batch_multicast_device(b, group_id(), eui(1), true); /* once more is no matter */
	store_batch_multicast_gateway(b, group_id(), gateway_id, true);
	first = put_item(b, 1);
	second = put_item(b, 2);
	store_batch_multicast_item_state(b, second, true, 7);
	put_item(b, 3);
	store_batch_multicast_item_delete(b, first);
	store_batch_multicast_counter(b, group_id(), 4000000000u);
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.groups, 1);
	assert_int_equal(got.devices, 1);
	assert_int_equal(got.gateways, 1);
	assert_int_equal(got.items, 2);
	assert_int_equal(got.data[0], 2);
	assert_int_equal(got.data[1], 3);
	assert_true(uuid_equal(got.item[0].queue_item_id, second));
	assert_int_equal(got.item[0].f_port, 10);
	assert_int_equal(got.item[0].expires_us, 1000);
	assert_true(got.f_cnt_down == 4000000000);

	b = store_batch_new();
	store_batch_multicast_device(b, group_id(), eui(1), false);
	store_batch_multicast_gateway(b, group_id(), gateway_id, false);
	store_batch_multicast_counter(b, group_id(), 3);
	assert_int_equal(commit(f, b), LS_OK);
	got = load(f);
	assert_int_equal(got.devices + got.gateways, 0);
	assert_true(got.f_cnt_down == 4000000000); /* it never goes back */
}

static void what_does_not_exist_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();

	create_group(f);
	store_batch_multicast_device(b, group_id(), eui(2), true);
	assert_int_equal(commit(f, b), LS_ENOTFOUND);
	b = store_batch_new();
	store_batch_multicast_counter(b, uuid_random(), 1);
	assert_int_equal(commit(f, b), LS_ENOTFOUND);
	assert_int_equal(do_write(f, WRITE_DELETE, E_MULTICAST, GROUP, NULL).rc, LS_OK);
	b = store_batch_new();
	put_item(b, 1);
	assert_int_equal(commit(f, b), LS_ENOTFOUND);
}

static void members_leave_with_device_gateway_and_group(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();
	char text[EUI64_TEXT_SIZE];
	struct loaded got;

	create_group(f);
	store_batch_multicast_device(b, group_id(), eui(1), true);
	store_batch_multicast_gateway(b, group_id(), gateway_id, true);
	put_item(b, 1);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(do_write(f, WRITE_DELETE, E_DEVICE, eui_text(1, text), NULL).rc, LS_OK);
	assert_int_equal(do_write(f, WRITE_DELETE, E_GATEWAY, GATEWAY, NULL).rc, LS_OK);
	got = load(f);
	assert_int_equal(got.devices + got.gateways, 0);
	assert_int_equal(got.items, 1);
	assert_int_equal(do_write(f, WRITE_DELETE, E_MULTICAST, GROUP, NULL).rc, LS_OK);
	got = load(f);
	assert_int_equal(got.groups + got.items, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_loaded),
		TEST(what_does_not_exist_is_refused),
		TEST(members_leave_with_device_gateway_and_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
