/* test_app_package.c - the commands of the application-layer packages, read and written as vectors.json has them. */
#include "tests/unit/test_vectors.h"

#include "base/error.h"
#include "lorawan/app_package.h"

struct named_package {
	const char *text;
	enum app_package package;
	unsigned first, last; /* versions the vector is true of */
};

static const struct named_package packages[] = {
	{"TS003", APP_TS003, 1, 2}, {"TS004v1", APP_TS004, 1, 1}, {"TS004v2", APP_TS004, 2, 2}, {"TS005", APP_TS005, 1, 2},
};

static const struct named_package *package_of(const json_t *in)
{
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strcmp(packages[i].text, test_data_text(in, "package")) == 0)
			return &packages[i];
	fail_msg("no package %s", test_data_text(in, "package"));
	return NULL;
}

/* [[id, "McAddr"], ...] as the octets on air: id, address little endian. */
static size_t groups_octets(const json_t *groups, uint8_t *out)
{
	const json_t *group;
	size_t i;

	json_array_foreach((json_t *)groups, i, group) {
		uint8_t addr[4];
		const char *text = json_string_value(json_array_get(group, 1));
		size_t n;

		assert_int_equal(hex_decode(text, strlen(text), addr, sizeof(addr), &n), LS_OK);
		out[5 * i] = (uint8_t)json_integer_value(json_array_get(group, 0));
		for (size_t k = 0; k < 4; k++)
			out[5 * i + 1 + k] = addr[3 - k];
	}
	return 5 * json_array_size(groups);
}

/* What the vector says of a field; one that it does not name is 0 or left out. */
static void assert_field(const struct app_message *m, unsigned n, const json_t *fields)
{
	const struct app_field *f = app_command_field(m->row, n);
	const json_t *want = json_object_get(fields, f->name);

	if (json_is_array(want)) {
		uint8_t groups[20];

		assert_int_equal(m->n_octets[n], groups_octets(want, groups));
		assert_memory_equal(m->octets[n], groups, m->n_octets[n]);
	} else if (f->kind == APP_OCTETS) {
		assert_octets(fields, f->name, m->octets[n], m->n_octets[n]);
	} else if (json_is_string(want)) { /* an address */
		assert_int_equal(m->values[n], strtoul(json_string_value(want), NULL, 16));
	} else {
		assert_int_equal(m->values[n], want ? json_integer_value(want) : 0);
	}
}

static void check_applayer_command(const json_t *in, const json_t *want, unsigned *done)
{
	const struct named_package *p = package_of(in);
	const json_t *fields = test_data_get(in, "fields");
	uint8_t bytes[64], out[64];
	size_t len = test_data_octets(want, "bytes", bytes, sizeof(bytes)), used, written, known = 0;
	struct app_message m, again;

	for (unsigned version = p->first; version <= p->last; version++) {
		const struct app_command_row *row = app_command_find(p->package, version, test_data_text(in, "command"));

		assert_non_null(row);
		assert_int_equal(app_decode(p->package, version, row->dir, bytes, len, &m, &used), LS_OK);
		assert_ptr_equal(m.row, row);
		assert_int_equal(used, len);
		known = 0;
		for (unsigned n = 0; n < app_command_n_fields(row); n++) {
			assert_field(&m, n, fields);
			known += json_object_get(fields, app_command_field(row, n)->name) != NULL;
		}
		assert_int_equal(known, json_object_size(fields));
		assert_int_equal(app_encode(&m, out, sizeof(out), &written), LS_OK);
		assert_int_equal(written, len);
		assert_memory_equal(out, bytes, len);
		assert_int_equal(app_encode(&m, out, len - 1, &written), LS_ESHORT);
		for (size_t cut = 0; cut < len; cut++) /* a fragment of data may be any shorter one */
			if (!(row->flags & APP_TAKES_THE_REST) || cut < 1u + row->len)
				assert_int_equal(app_decode(p->package, version, row->dir, bytes, cut, &again, &used), LS_ESHORT);
	}
	(*done)++;
}

static void commands_follow_each_other_in_a_frame(void **state)
{
	/* A class C session refused (no TimeToStart), then a group deleted, then an unknown command. */
	static const uint8_t frame[] = {0x04, 0x1e, 0x03, 0x07, 0x7f};
	struct app_message m;
	size_t used;

	(void)state;
	assert_int_equal(app_decode(APP_TS005, 2, LW_UP, frame, sizeof(frame), &m, &used), LS_OK);
	assert_string_equal(m.row->name, "McClassCSessionAns");
	assert_int_equal(used, 2);
	assert_int_equal(app_decode(APP_TS005, 2, LW_UP, frame + 2, sizeof(frame) - 2, &m, &used), LS_OK);
	assert_string_equal(m.row->name, "McGroupDeleteAns");
	assert_int_equal(app_decode(APP_TS005, 2, LW_UP, frame + 4, 1, &m, &used), LS_ENOTFOUND);
}

static void what_does_not_fit_is_not_written(void **state)
{
	struct app_message m = {.row = app_command_find(APP_TS003, 1, "AppTimeAns")};
	uint8_t out[64];
	size_t len;

	(void)state;
	m.values[1] = 16; /* a token of 4 bits */
	assert_int_equal(app_encode(&m, out, sizeof(out), &len), LS_ERANGE);
	m.values[1] = 15;
	m.values[0] = INT64_C(1) << 31; /* signed seconds */
	assert_int_equal(app_encode(&m, out, sizeof(out), &len), LS_ERANGE);
	m.values[0] = -(INT64_C(1) << 31);
	assert_int_equal(app_encode(&m, out, sizeof(out), &len), LS_OK);
	m = (struct app_message){.row = app_command_find(APP_TS005, 1, "McGroupStatusAns")};
	m.values[1] = 3; /* two groups, none given */
	assert_int_equal(app_encode(&m, out, sizeof(out), &len), LS_ERANGE);
	m = (struct app_message){.row = app_command_find(APP_TS004, 1, "FragSessionSetupReq")};
	assert_int_equal(app_encode(&m, out, sizeof(out), &len), LS_ERANGE); /* a descriptor of 4 octets is needed */
}

#define KINDS(K) K(applayer_command)

VECTOR_TESTS(KINDS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applayer_command_vectors_hold),
		cmocka_unit_test(commands_follow_each_other_in_a_frame),
		cmocka_unit_test(what_does_not_fit_is_not_written),
	};

	return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
