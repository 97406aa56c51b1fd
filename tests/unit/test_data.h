/*
 * test_data.h - JSON files of tests/data and typed access to their members. Every accessor
 * fails the running test, by name of the member, when the file is not as expected.
 */
#ifndef LS_TESTS_TEST_DATA_H
#define LS_TESTS_TEST_DATA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/hex.h"

/* The directory is LS_TEST_DATA or tests/data under the working directory. NULL after a message. */
static inline json_t *test_data_load(const char *file)
{
	const char *dir = getenv("LS_TEST_DATA");
	char path[512];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/data", file);
	root = json_load_file(path, 0, &error);
	if (!root)
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
	return root;
}

static inline json_t *test_data_get(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (!v)
		fail_msg("no member \"%s\"", key);
	return v;
}

static inline json_int_t test_data_int(const json_t *object, const char *key)
{
	json_t *v = test_data_get(object, key);

	if (!json_is_integer(v))
		fail_msg("\"%s\" is not an integer", key);
	return json_integer_value(v);
}

static inline bool test_data_bool(const json_t *object, const char *key)
{
	json_t *v = test_data_get(object, key);

	if (!json_is_boolean(v))
		fail_msg("\"%s\" is not true or false", key);
	return json_is_true(v);
}

static inline const char *test_data_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(test_data_get(object, key));

	if (!text)
		fail_msg("\"%s\" is not a string", key);
	return text;
}

/* Octets written as hexadecimal digits; returns their number. */
static inline size_t test_data_octets(const json_t *object, const char *key, uint8_t *out, size_t cap)
{
	const char *text = test_data_text(object, key);
	size_t len = 0;

	if (hex_decode(text, json_string_length(json_object_get(object, key)), out, cap, &len))
		fail_msg("\"%s\" is not hexadecimal or too long", key);
	return len;
}

/* A number of any width shown as hexadecimal digits, as NetIDs and DevAddrs are. */
static inline uint32_t test_data_hex_number(const json_t *object, const char *key)
{
	uint8_t be[4];
	size_t len = test_data_octets(object, key, be, sizeof(be));
	uint32_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | be[i];
	return v;
}

#endif
