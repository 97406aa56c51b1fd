#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/crypto.h"

static const struct ls_key key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

static int open_crypto(void **state)
{
	struct lw_crypto *c;
	int rc = lw_crypto_open(&c);

	*state = c;
	return rc;
}

static int close_crypto(void **state)
{
	lw_crypto_close(*state);
	return 0;
}

static void two_can_be_open_at_once_and_null_can_be_closed(void **state)
{
	struct lw_crypto *other;
	uint8_t a[16], b[16];

	assert_int_equal(lw_crypto_open(&other), LS_OK);
	lw_cmac(*state, &key, (const uint8_t *)"abc", 3, a);
	lw_cmac(other, &key, (const uint8_t *)"abc", 3, b);
	assert_memory_equal(a, b, 16);
	lw_crypto_close(other);
	lw_crypto_close(NULL);
}

/* The handles are kept: nothing of a call may show in the next one. */
static void calls_do_not_depend_on_the_one_before(void **state)
{
	static const struct ls_key other_key = {{0}};
	uint8_t first[16], later[16], cipher_first[5] = "hello", cipher_later[5] = "hello";

	lw_cmac(*state, &key, (const uint8_t *)"first message", 13, first);
	lw_frm_payload_crypt(*state, &key, LW_UP, 1, 2, cipher_first, 5);
	lw_cmac(*state, &other_key, (const uint8_t *)"x", 1, later);
	lw_aes_decrypt(*state, &other_key, first, later);
	lw_frm_payload_crypt(*state, &key, LW_UP, 1, 2, cipher_later, 5);
	lw_cmac(*state, &key, (const uint8_t *)"first message", 13, later);
	assert_memory_equal(first, later, 16);
	assert_memory_equal(cipher_first, cipher_later, 5);
}

static void payload_of_any_length_decrypts_to_itself(void **state)
{
	uint8_t plain[300], buf[300];

	for (unsigned i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 31);
	for (size_t n = 0; n <= sizeof(plain); n++) {
		memcpy(buf, plain, n);
		lw_frm_payload_crypt(*state, &key, LW_DOWN, 0x01020304, 0xfffe0001, buf, n);
		if (n >= 4)
			assert_memory_not_equal(buf, plain, n);
		lw_frm_payload_crypt(*state, &key, LW_DOWN, 0x01020304, 0xfffe0001, buf, n);
		assert_memory_equal(buf, plain, n);
	}
}

static void every_input_of_the_mic_matters(void **state)
{
	const uint8_t *msg = (const uint8_t *)"message";
	uint8_t mic[4], other[4];

	lw_mic_data(*state, &key, LW_UP, 1, 2, msg, 7, mic);
	lw_mic_data(*state, &key, LW_DOWN, 1, 2, msg, 7, other);
	assert_memory_not_equal(mic, other, 4);
	lw_mic_data(*state, &key, LW_UP, 2, 2, msg, 7, other);
	assert_memory_not_equal(mic, other, 4);
	lw_mic_data(*state, &key, LW_UP, 1, 0x10002, msg, 7, other);
	assert_memory_not_equal(mic, other, 4);
	lw_mic_data(*state, &key, LW_UP, 1, 2, msg, 6, other);
	assert_memory_not_equal(mic, other, 4);
}

static void join_accept_of_another_length_is_refused(void **state)
{
	uint8_t phy[64] = {0x20}, plain[32];

	for (size_t n = 0; n < sizeof(phy); n++)
		assert_int_equal(lw_join_accept_decrypt(*state, &key, phy, n, plain),
				 n == 17 || n == 33 ? LS_OK : LS_ESHORT);
}

static void session_key_may_replace_the_root_key_in_place(void **state)
{
	struct ls_key nwk_s_key, app_s_key, in_place = key, unused;

	lw_derive_keys_10(*state, &key, 1, 2, 3, &nwk_s_key, &app_s_key);
	lw_derive_keys_10(*state, &in_place, 1, 2, 3, &in_place, &unused);
	assert_true(key_equal(&in_place, &nwk_s_key));
	assert_true(key_equal(&unused, &app_s_key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_can_be_open_at_once_and_null_can_be_closed),
		cmocka_unit_test(calls_do_not_depend_on_the_one_before),
		cmocka_unit_test(payload_of_any_length_decrypts_to_itself),
		cmocka_unit_test(every_input_of_the_mic_matters),
		cmocka_unit_test(join_accept_of_another_length_is_refused),
		cmocka_unit_test(session_key_may_replace_the_root_key_in_place),
	};

	return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
