/* Runs the MAC kinds of tests/data/vectors.json. */
#include "tests/unit/test_vectors.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "lorawan/ch_mask.h"
#include "lorawan/mac.h"

/* The fields of a command and those of the vector are the same ones with the same values, in any order. */
static void assert_fields(const struct mac_message *m, const json_t *want)
{
	unsigned n_fields = mac_command_n_fields(m->row);

	assert_int_equal(json_object_size(want), n_fields);
	for (unsigned n = 0; n < n_fields; n++) {
		const struct mac_field *f = mac_command_field(m->row, n);

		if (f->kind == MAC_OCTETS || f->kind == MAC_OCTETS_REVERSED) {
			assert_octets(want, f->name, m->octets, m->n_octets);
		} else if (f->kind == MAC_DEV_ADDR) {
			char text[9];

			snprintf(text, sizeof(text), "%08" PRIx32, (uint32_t)m->values[n]);
			assert_string_equal(text, test_data_text(want, f->name));
		} else {
			assert_int_equal(m->values[n], test_data_int(want, f->name));
		}
	}
}

/* Every command is read with its name and fields, and written again; from people's text too. */
static void check_mac_command(const json_t *in, const json_t *want, unsigned *done)
{
	const json_t *wanted = test_data_get(in, "fields");
	enum lw_direction dir = direction_of(in);
	uint8_t bytes[64], out[MAC_COMMAND_MAX];
	size_t len = test_data_octets(want, "bytes", bytes, sizeof(bytes));
	struct mac_iter it;
	struct mac_command cmd;
	struct mac_message m, typed;
	const char *name;
	json_t *value;

	mac_iter_init(&it, dir, bytes, len);
	assert_true(mac_iter_next(&it, &cmd));
	assert_string_equal(cmd.name, test_data_text(in, "command"));
	assert_int_equal(cmd.cid, bytes[0]);
	assert_ptr_equal(cmd.payload, bytes + 1);
	assert_int_equal(cmd.len, len - 1);
	assert_false(mac_iter_next(&it, &cmd));
	assert_false(it.stopped);

	mac_iter_init(&it, dir, bytes, len);
	mac_iter_next(&it, &cmd);
	mac_decode(&cmd, &m);
	assert_fields(&m, wanted);
	assert_int_equal(mac_encode(&m, out, sizeof(out), &len, NULL), LS_OK);
	assert_octets(want, "bytes", out, len);

	typed = (struct mac_message){.row = mac_command_find(cmd.name, dir)};
	assert_non_null(typed.row);
	json_object_foreach((json_t *)wanted, name, value) {
		char number[32];

		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		assert_int_equal(mac_set_text(&typed, name, json_is_string(value) ? json_string_value(value) : number), 0);
	}
	assert_int_equal(mac_encode(&typed, out, sizeof(out), &len, NULL), LS_OK);
	assert_octets(want, "bytes", out, len);
	(*done)++;
}

static void check_mac_sequence(const json_t *in, const json_t *want, unsigned *done)
{
	const json_t *commands = test_data_get(want, "commands");
	uint8_t bytes[64];
	size_t len = test_data_octets(in, "bytes", bytes, sizeof(bytes)), used = 0;
	struct mac_iter it;
	struct mac_command cmd;
	struct mac_message m;

	mac_iter_init(&it, direction_of(in), bytes, len);
	for (size_t i = 0; i < json_array_size(commands); i++) {
		assert_true(mac_iter_next(&it, &cmd));
		assert_string_equal(cmd.name, test_data_text(json_array_get(commands, i), "command"));
		assert_ptr_equal(cmd.payload, bytes + used + 1);
		mac_decode(&cmd, &m);
		assert_fields(&m, test_data_get(json_array_get(commands, i), "fields"));
		used += 1u + cmd.len;
	}
	assert_false(mac_iter_next(&it, &cmd));
	assert_false(it.stopped);
	assert_int_equal(used, len);
	(*done)++;
}

static struct ch_mask mask_of(const json_t *object, const char *name)
{
	const json_t *list = test_data_get(object, name);
	struct ch_mask m = {{0}};

	for (size_t i = 0; i < json_array_size(list); i++)
		ch_mask_put(&m, (unsigned)json_integer_value(json_array_get(list, i)), true);
	return m;
}

/* A region with each plan of the file, and how many channels it has. */
static const struct {
	const char *name;
	const struct region_table *region;
	unsigned n_channels; /* 0: those of the vector */
} plans[] = {
	{"fixed72", &region_us915, 72},
	{"dynamic16", &region_eu868, 0},
	{"fixed96", &region_cn470_rp001, 96},
	{"cn470_20", &region_cn470_20a, 64},
	{"cn470_26", &region_cn470_26a, 48},
};

static void check_linkadr_channel_mask(const json_t *in, const json_t *want, unsigned *done)
{
	const json_t *requests = test_data_get(in, "requests");
	struct ch_mask m = mask_of(in, "enabled_before"), after = mask_of(want, "enabled_after"), defined = {{0}};
	uint8_t bytes[64];
	size_t used = 0, len, i = 0;

	while (strcmp(plans[i].name, test_data_text(in, "plan")) != 0)
		assert_true(++i < sizeof(plans) / sizeof(plans[0]));
	if (!plans[i].n_channels)
		defined = mask_of(in, "defined_channels");
	for (unsigned c = 0; c < plans[i].n_channels; c++)
		ch_mask_put(&defined, c, true);
	for (size_t n = 0; n < json_array_size(requests); n++) {
		const json_t *request = json_array_get(requests, n);
		uint8_t ch_mask_cntl = (uint8_t)test_data_int(request, "ch_mask_cntl");
		uint16_t mask = (uint16_t)test_data_int(request, "ch_mask");
		struct mac_message msg;

		assert_int_equal(ch_mask_apply(plans[i].region->params[REG_PARAMS_RP002_1_0_4]->ch_mask_cntl, &defined, ch_mask_cntl, mask, &m), LS_OK);
		mac_message_init(&msg, MAC_LINK_ADR_REQ);
		mac_set(&msg, LINK_ADR_REQ_DATA_RATE, test_data_int(in, "data_rate"));
		mac_set(&msg, LINK_ADR_REQ_TX_POWER, test_data_int(in, "tx_power"));
		mac_set(&msg, LINK_ADR_REQ_NB_TRANS, test_data_int(in, "nb_trans"));
		mac_set(&msg, LINK_ADR_REQ_CH_MASK, mask);
		mac_set(&msg, LINK_ADR_REQ_CH_MASK_CNTL, ch_mask_cntl);
		assert_int_equal(mac_encode(&msg, bytes + used, sizeof(bytes) - used, &len, NULL), LS_OK);
		used += len;
	}
	assert_memory_equal(&m, &after, sizeof(m));
	assert_octets(want, "mac_bytes", bytes, used);
	(*done)++;
}

#define KINDS(K) \
	K(mac_command) \
	K(mac_sequence) \
	K(linkadr_channel_mask)

VECTOR_TESTS(KINDS)

int main(void)
{
	const struct CMUnitTest tests[] = {
#define K(kind) cmocka_unit_test(kind##_vectors_hold),
		KINDS(K)
#undef K
	};

	return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
