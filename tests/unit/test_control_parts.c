/* test_control_parts.c - the pure parts of the control room: lines, peers, cursors, items, filters; and the log line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "control/internal.h"
#include "log.h"

/* --- lines --- */

static void feed(struct line_reader *r, const char *text)
{
	size_t room, len = strlen(text);
	char *space = line_reader_space(r, 64, &room);

	assert_non_null(space);
	assert_true(room >= len);
	memcpy(space, text, len);
	line_reader_filled(r, len);
}

static void expect_line(struct line_reader *r, const char *expected)
{
	bool too_long;
	char *line;
	size_t len;

	assert_true(line_reader_next(r, &line, &len, &too_long));
	assert_false(too_long);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(line, expected, len);
}

static void expect_none(struct line_reader *r)
{
	bool too_long;
	char *line;
	size_t len;

	assert_false(line_reader_next(r, &line, &len, &too_long));
	assert_false(too_long);
}

static void lines_in_pieces(void **state)
{
	struct line_reader r = {0};

	(void)state;
	expect_none(&r);
	feed(&r, "{\"a\"");
	expect_none(&r);
	feed(&r, ":1}\r\n\n{\"b\":2}\n{");
	expect_line(&r, "{\"a\":1}");
	expect_line(&r, "");
	feed(&r, "}");
	expect_line(&r, "{\"b\":2}");
	expect_none(&r);
	assert_int_equal(line_reader_waiting(&r), 2);
	feed(&r, "\n");
	expect_line(&r, "{}");
	assert_int_equal(line_reader_waiting(&r), 0);
	line_reader_fini(&r);
}

static void a_last_line_without_newline(void **state)
{
	struct line_reader r = {0};
	char *line;
	size_t len;

	(void)state;
	assert_false(line_reader_rest(&r, &line, &len));
	feed(&r, "{}\n{\"a\":1}");
	expect_line(&r, "{}");
	expect_none(&r);
	assert_true(line_reader_rest(&r, &line, &len));
	assert_int_equal(len, 7);
	assert_memory_equal(line, "{\"a\":1}", 7);
	assert_false(line_reader_rest(&r, &line, &len));
	line_reader_fini(&r);
}

static void lines_are_bounded(void **state)
{
	struct line_reader r = {0};
	bool too_long = false;
	char *line;
	size_t len, sent = 0;

	(void)state;
	while (!too_long && sent < 2 * CONTROL_LINE_MAX) {
		size_t room;
		char *space = line_reader_space(&r, 65536, &room);

		memset(space, 'x', 65536);
		line_reader_filled(&r, 65536);
		sent += 65536;
		assert_false(line_reader_next(&r, &line, &len, &too_long));
	}
	assert_true(too_long);
	assert_true(sent <= CONTROL_LINE_MAX + 65536);
	line_reader_fini(&r);
}

static void handed_out_lines_are_wiped(void **state)
{
	struct line_reader r = {0};
	size_t room;

	(void)state;
	feed(&r, "00112233445566778899aabbccddeeff\nrest");
	expect_line(&r, "00112233445566778899aabbccddeeff");
	line_reader_space(&r, 16, &room);
	assert_null(memmem(r.buf, r.cap, "aabbccddeeff", 12));
	line_reader_fini(&r);
}

/* --- peers --- */

static void rights_of_peers(void **state)
{
	struct peer root = {.uid = 0}, own = {.uid = 990}, stranger = {.uid = 1000, .gid = 1000};
	struct peer member = {.uid = 1001, .gid = 1001, .groups = {5, 44}, .n_groups = 2};
	struct peer primary = {.uid = 1002, .gid = 44};

	(void)state;
	assert_int_equal(peer_right(&root, 990, -1), RIGHT_ADMIN);
	assert_int_equal(peer_right(&own, 990, -1), RIGHT_ADMIN);
	assert_int_equal(peer_right(&stranger, 990, -1), RIGHT_NONE);
	assert_int_equal(peer_right(&stranger, 990, 44), RIGHT_NONE);
	assert_int_equal(peer_right(&member, 990, 44), RIGHT_ADMIN);
	assert_int_equal(peer_right(&member, 990, -1), RIGHT_NONE);
	assert_int_equal(peer_right(&primary, 990, 44), RIGHT_ADMIN);
	/* a daemon of another user is no reason */
	assert_int_equal(peer_right(&stranger, 0, 44), RIGHT_NONE);
}

/* Only these need no right: a new row must be a decision. */
static void methods_without_right(void **state)
{
	(void)state;
	for (int i = 0; i < M__COUNT; i++) {
		bool free = i == M_HELLO || i == M_DESCRIBE || i == M_CANCEL;

		assert_int_equal(model_methods[i].right == RIGHT_NONE, free);
	}
}

static void kinds_of_methods(void **state)
{
	(void)state;
	assert_int_equal(request_kind(&model_methods[M_HELLO]), KIND_FREE);
	assert_int_equal(request_kind(&model_methods[M_DEVICE_CREATE]), KIND_WRITE);
	assert_int_equal(request_kind(&model_methods[M_DEVICE_ACTIVATE]), KIND_WRITE);
	assert_int_equal(request_kind(&model_methods[M_QUEUE_PUSH]), KIND_WRITE);
	assert_int_equal(request_kind(&model_methods[M_DEVICE_SHOW]), KIND_READ);
	assert_int_equal(request_kind(&model_methods[M_EVENT_TAIL]), KIND_READ);
	assert_int_equal(request_kind(&model_methods[M_DEVICE_LIST]), KIND_LONE);
	assert_int_equal(request_kind(&model_methods[M_DEVICE_DELETE]), KIND_LONE);
	assert_int_equal(request_kind(&model_methods[M_QUEUE_FLUSH]), KIND_LONE);
}

/* --- cursors, items --- */

static void cursors(void **state)
{
	static const char *const bad[] = {"", "-", "7", "7-", "-9", "7-9x", "7 -9", "+7-9", "7-18446744073709551616", "x-1", "7-9-1"};
	char buf[CURSOR_TEXT_SIZE];
	uint64_t epoch, seq;

	(void)state;
	assert_string_equal(cursor_format(7, 1042, buf), "7-1042");
	assert_int_equal(cursor_parse("7-1042", &epoch, &seq), LS_OK);
	assert_true(epoch == 7 && seq == 1042);
	assert_int_equal(cursor_parse(cursor_format(UINT64_MAX, UINT64_MAX, buf), &epoch, &seq), LS_OK);
	assert_true(epoch == UINT64_MAX && seq == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cursor_parse(bad[i], &epoch, &seq), LS_EFORMAT);
}

static void expect_item(enum store_log log, const char *kind, const char *body, const char *expected)
{
	struct log_row row = {.seq = 42, .kind = kind, .body = body, .body_len = strlen(body)};
	struct text_buf out;
	json_t *parsed;

	text_buf_init(&out);
	log_item_put(&out, log, 7, &row);
	assert_string_equal(out.data, expected);
	parsed = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(parsed);
	json_decref(parsed);
	text_buf_fini(&out);
}

static void items(void **state)
{
	struct text_buf out;

	(void)state;
	expect_item(LOG_EVENT, "up", "{\"fPort\":10}", "{\"cursor\":\"7-42\",\"kind\":\"up\",\"fPort\":10}");
	expect_item(LOG_EVENT, "join", "{}", "{\"cursor\":\"7-42\",\"kind\":\"join\"}");
	expect_item(LOG_FRAME, "down", "{\"direction\":\"down\"}", "{\"cursor\":\"7-42\",\"direction\":\"down\"}");
	expect_item(LOG_FRAME, "up", "", "{\"cursor\":\"7-42\"}");
	text_buf_init(&out);
	log_item_put_gap(&out, 14, 7, 41);
	assert_string_equal(out.data, "{\"kind\":\"gap\",\"lost\":14,\"cursor\":\"7-41\"}");
	text_buf_reset(&out);
	log_item_put_gap(&out, -1, 7, 0);
	assert_string_equal(out.data, "{\"kind\":\"gap\",\"lost\":null,\"cursor\":\"7-0\"}");
	text_buf_fini(&out);
}

/* --- filters --- */

static void filters(void **state)
{
	char why[160], hint[160];
	struct log_filter f;
	struct log_row row = {.kind = "up", .has_dev_eui = true, .dev_eui = eui64_from_u64(0x0004a30b001c0530)};

	(void)state;
	assert_int_equal(log_filter_parse(LOG_EVENT, NULL, &f, why, hint), LS_OK);
	assert_true(log_filter_is_empty(&f));
	assert_int_equal(log_filter_parse(LOG_EVENT, "  ", &f, why, hint), LS_OK);
	assert_true(log_filter_match(&f, &row));

	assert_int_equal(log_filter_parse(LOG_EVENT, "kind=up and dev_eui = '00-04-A3-0B-00-1C-05-30'", &f, why, hint), LS_OK);
	assert_true(log_filter_match(&f, &row));
	row.kind = "join";
	assert_false(log_filter_match(&f, &row));
	row.kind = "up";
	row.has_dev_eui = false;
	assert_false(log_filter_match(&f, &row));

	assert_int_equal(log_filter_parse(LOG_FRAME, "has drop_reason and dev_addr=01020304", &f, why, hint), LS_OK);
	row.has_dev_addr = true;
	row.dev_addr = 0x01020304;
	assert_false(log_filter_match(&f, &row));
	row.drop_reason = "mic_mismatch";
	assert_true(log_filter_match(&f, &row));
	assert_int_equal(log_filter_parse(LOG_FRAME, "drop_reason = mic_mismatch and direction=up", &f, why, hint), LS_OK);
	assert_true(log_filter_match(&f, &row));
	row.drop_reason = "repeat";
	assert_false(log_filter_match(&f, &row));

	assert_int_equal(log_filter_parse(LOG_EVENT, "knd=up", &f, why, hint), LS_EUSAGE);
	assert_string_equal(hint, "kind");
	assert_int_equal(log_filter_parse(LOG_EVENT, "kind=upp", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_EVENT, "kind=o", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_FRAME, "drop_reason=mic_mismatsch", &f, why, hint), LS_EUSAGE);
	assert_string_equal(hint, "drop_reason=mic_mismatch");
	assert_int_equal(log_filter_parse(LOG_EVENT, "kind=up or kind=join", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_EVENT, "kind", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_EVENT, "kind='up", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_EVENT, "dev_eui=12", &f, why, hint), LS_EUSAGE);
	assert_int_equal(log_filter_parse(LOG_EVENT, "dev_addr=01020304", &f, why, hint), LS_EUSAGE);
}

/* --- the daemon's log --- */

static void a_log_line_is_one_line(void **state)
{
	char line[LOG_LINE_SIZE], text[3000];
	int n;

	(void)state;
	log_compose(line, true, 0, LOG_NOTICE, "gateway 0102030405060708", "status: \"x\n<3>device 1: forged\x1b[2J\"");
	assert_string_equal(line, "<5>gateway 0102030405060708: status: \"x\\n<3>device 1: forged\\x1b[2J\"");
	log_compose(line, false, 0, LOG_WARNING, NULL, "a");
	assert_string_equal(line, "1970-01-01T00:00:00.000000Z warning a");
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	n = log_compose(line, false, 0, LOG_ERR, "a subject that is much longer than any subject that there is could ever be, by far",
	                text);
	assert_true(n < LOG_LINE_SIZE - 1);
	assert_null(strchr(line, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_in_pieces),
		cmocka_unit_test(a_last_line_without_newline),
		cmocka_unit_test(lines_are_bounded),
		cmocka_unit_test(handed_out_lines_are_wiped),
		cmocka_unit_test(rights_of_peers),
		cmocka_unit_test(methods_without_right),
		cmocka_unit_test(kinds_of_methods),
		cmocka_unit_test(cursors),
		cmocka_unit_test(items),
		cmocka_unit_test(filters),
		cmocka_unit_test(a_log_line_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
