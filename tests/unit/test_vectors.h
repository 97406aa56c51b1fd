/*
 * test_vectors.h - reads tests/data/vectors.json as it is. One test for each kind, which fails when the file has
 * no vector of that kind. Names are printed as they run: the last one before a failure is it.
 *
 * A program lists its kinds in an X macro, KINDS(K), has a check_KIND for each, says VECTOR_TESTS(KINDS) and runs the
 * group between vectors_open() and vectors_close().
 */
#ifndef LS_TESTS_TEST_VECTORS_H
#define LS_TESTS_TEST_VECTORS_H

#include "tests/unit/test_data.h"

#include <string.h>

#include "base/eui.h"
#include "base/key.h"
#include "lorawan/crypto.h"
#include "lorawan/phy.h"

static json_t *vectors_file;
static struct lw_crypto *crypto;

/* Checks one vector and counts in *done; a vector that is not for us is left uncounted. */
typedef void vector_check(const json_t *in, const json_t *want, unsigned *done);

static inline void run_kind(const char *kind, vector_check *check)
{
	json_t *vectors = test_data_get(vectors_file, "vectors"), *v;
	unsigned done = 0;
	size_t i;

	json_array_foreach(vectors, i, v) {
		if (strcmp(test_data_text(v, "kind"), kind) != 0)
			continue;
		print_message("%s\n", test_data_text(v, "name"));
		check(test_data_get(v, "inputs"), test_data_get(v, "expected"), &done);
	}
	if (!done)
		fail_msg("no vector of kind %s", kind);
}

static inline struct ls_key key_of(const json_t *object, const char *name)
{
	struct ls_key key = {{0}};

	assert_int_equal(test_data_octets(object, name, key.b, sizeof(key.b)), sizeof(key.b));
	return key;
}

static inline enum lw_direction direction_of(const json_t *in)
{
	const char *text = test_data_text(in, "direction");

	if (strcmp(text, "up") == 0)
		return LW_UP;
	assert_string_equal(text, "down");
	return LW_DOWN;
}

/* The octets equal those of the member, and there are as many of them. */
static inline void assert_octets(const json_t *want, const char *name, const uint8_t *got, size_t len)
{
	uint8_t octets[512];

	assert_int_equal(test_data_octets(want, name, octets, sizeof(octets)), len);
	assert_memory_equal(got, octets, len);
}

static inline struct eui64 eui_of(const json_t *object, const char *name)
{
	struct eui64 eui = {{0}};

	assert_int_equal(eui64_parse(test_data_text(object, name), &eui), LS_OK);
	return eui;
}

static inline enum m_type m_type_of(const char *text)
{
	static const char *const names[] = {
		[M_TYPE_UNCONFIRMED_UP] = "unconfirmed_up",
		[M_TYPE_UNCONFIRMED_DOWN] = "unconfirmed_down",
		[M_TYPE_CONFIRMED_UP] = "confirmed_up",
		[M_TYPE_CONFIRMED_DOWN] = "confirmed_down",
	};

	for (unsigned i = 2; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text) == 0)
			return (enum m_type)i;
	fail_msg("unknown frame type %s", text);
	return M_TYPE_PROPRIETARY;
}

#define VECTOR_TEST(kind) \
	static void kind##_vectors_hold(void **state) \
	{ \
		(void)state; \
		run_kind(#kind, check_##kind); \
	}
#define VECTOR_TESTS(kinds) kinds(VECTOR_TEST)

/* Set-up and end of the group. */
static inline int vectors_open(void **state)
{
	(void)state;
	vectors_file = test_data_load("vectors.json");
	return vectors_file ? lw_crypto_open(&crypto) : LS_EIO;
}

static inline int vectors_close(void **state)
{
	(void)state;
	lw_crypto_close(crypto);
	json_decref(vectors_file);
	return 0;
}

#endif
