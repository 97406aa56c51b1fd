/*
 * stream.c - event tail and frame tail.
 *
 * An item is printed as it came: it is cut out of the notification as text, without parsing, so that a tail
 * keeps up with the daemon. Only its `kind` (is it a gap?) and `cursor` are looked for. Whenever nothing
 * more waits, stdout is flushed and then the cursor file written: the file never runs ahead of the output.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "error.h"
#include "output.h"
#include "run.h"
#include "stream_line.h"
#include "terminal.h"

#define SETTLE_US 1000000      /* flush and save at least so often while items keep coming */
#define WAIT_MS 500            /* look at stdout and signals so often while none come */
#define CURSOR_MAX 256

static volatile sig_atomic_t ended_by; /* the one thing a signal handler may touch */

static void on_signal(int number)
{
	ended_by = number;
}

struct stream {
	struct cli *c;
	struct output out;
	bool raw;                  /* print the text of the item as it is */
	bool lines;                /* readable lines for people */
	int64_t count, wanted;     /* items printed, and after how many to end (-1: never) */
	uint64_t deadline, settled_at;
	char cursor[CURSOR_MAX];   /* of the last item printed */
	bool cursor_changed;
};

/* --- looking into an item without parsing it --- */

struct text {
	const char *at;
	size_t len;
};

/* Skip a JSON string that begins at *i; returns its content. */
static struct text skip_string(const char *s, size_t len, size_t *i)
{
	size_t start = ++*i;

	while (*i < len && s[*i] != '"')
		*i += s[*i] == '\\' ? 2 : 1;
	struct text t = {s + start, (*i < len ? *i : len) - start};

	++*i;
	return t;
}

/* The values of the members `kind` and `cursor` of the object itself, not of what it contains. */
static void scan_item(const char *s, size_t len, struct text *kind, struct text *cursor)
{
	struct text key = {0};
	int depth = 0;
	bool at_key = false;

	*kind = *cursor = (struct text){0};
	for (size_t i = 0; i < len;) {
		char ch = s[i];

		if (ch == '"') {
			struct text t = skip_string(s, len, &i);

			if (depth == 1 && at_key)
				key = t;
			else if (depth == 1 && key.len == 4 && memcmp(key.at, "kind", 4) == 0)
				*kind = t;
			else if (depth == 1 && key.len == 6 && memcmp(key.at, "cursor", 6) == 0)
				*cursor = t;
			continue;
		}
		if (ch == '{' || ch == '[') {
			depth++;
			at_key = ch == '{';
		} else if (ch == '}' || ch == ']') {
			depth--;
		} else if (ch == ',') {
			at_key = true;
		} else if (ch == ':') {
			at_key = false;
		}
		i++;
	}
}

/* The item of a notification in the form our daemon writes; false: parse it. */
static bool cut_item(const char *line, size_t len, struct text *item)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"stream\",\"params\":{\"subscription\":";
	static const char middle[] = ",\"item\":";
	size_t i = sizeof(head) - 1;

	if (len < i || memcmp(line, head, i) != 0)
		return false;
	while (i < len && line[i] >= '0' && line[i] <= '9')
		i++;
	if (len - i < sizeof(middle) + 2 || memcmp(line + i, middle, sizeof(middle) - 1) != 0)
		return false;
	i += sizeof(middle) - 1;
	if (line[i] != '{' || memcmp(line + len - 3, "}}}", 3) != 0)
		return false;
	*item = (struct text){line + i, len - 2 - i};
	return true;
}

/* --- the cursor file --- */

static int read_cursor(struct stream *s, json_t *params)
{
	const char *path = s->c->opt.cursor_file;
	FILE *f = fopen(path, "re");
	char line[CURSOR_MAX] = "";

	if (!f && errno == ENOENT)
		return 0; /* the first run */
	if (!f)
		return fail(s->c, LS_EUSAGE, strerror(errno), NULL, "cannot read the cursor file %s", path);
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0]) {
		json_object_set_new(params, "cursor", json_string(line));
		json_object_del(params, "since");
		json_object_del(params, "last");
	}
	return 0;
}

static FILE *open_temporary(const char *path, char temporary[PATH_MAX])
{
	if (snprintf(temporary, PATH_MAX, "%s.%ld", path, (long)getpid()) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return fopen(temporary, "we");
}

/* Before anything is printed: a line whose place cannot be kept would come again. */
static int try_cursor_file(const struct cli *c)
{
	const char *path = c->opt.cursor_file;
	char temporary[PATH_MAX];
	FILE *f = open_temporary(path, temporary);

	if (!f)
		return fail(c, LS_EUSAGE, strerror(errno), NULL, "cannot write the cursor file %s", path);
	fclose(f);
	unlink(temporary);
	return 0;
}

static int write_cursor(struct stream *s)
{
	const char *path = s->c->opt.cursor_file;
	char temporary[PATH_MAX];

	if (!path || !s->cursor_changed)
		return 0;
	FILE *f = open_temporary(path, temporary);
	bool good = f && fprintf(f, "%s\n", s->cursor) > 0;

	if (f)
		good = fclose(f) == 0 && good;
	if (!good || rename(temporary, path) < 0) {
		int failed = errno;

		unlink(temporary);
		return fail(s->c, LS_EINVAL, strerror(failed), NULL, "cannot write the cursor file %s", path);
	}
	s->cursor_changed = false;
	return 0;
}

static void keep_cursor(struct stream *s, struct text cursor)
{
	if (cursor.len == 0 || cursor.len >= sizeof(s->cursor))
		return;
	memcpy(s->cursor, cursor.at, cursor.len);
	s->cursor[cursor.len] = '\0';
	s->cursor_changed = true;
}

/* What was printed is out, then the place is remembered. */
static int settle(struct stream *s)
{
	flush_stdout();
	s->settled_at = clock_mono_us();
	return write_cursor(s);
}

/* --- items --- */

static void print_item(struct stream *s, struct text item)
{
	if (s->raw) {
		put_json_text(stdout, s->c->out_tty, item.at, item.len);
		putchar('\n');
		return;
	}
	json_t *object = json_loadb(item.at, item.len, 0, NULL);

	if (!object)
		return;
	if (s->lines)
		stream_line_print(s->c, object);
	else
		output_row(&s->out, object);
	json_decref(object);
}

static void take_item(struct stream *s, struct text item)
{
	struct text kind, cursor;

	scan_item(item.at, item.len, &kind, &cursor);
	bool gap = kind.len == 3 && memcmp(kind.at, "gap", 3) == 0;

	if (gap && !s->raw && !s->lines)
		warn(s->c, "%.*s", (int)(item.len < 200 ? item.len : 200), item.at); /* no row of a table */
	else
		print_item(s, item);
	keep_cursor(s, cursor);
	if (!gap)
		s->count++;
}

/* A line from the daemon. Returns false when the stream is over; then *code is set. */
static bool take_line(struct stream *s, const char *line, size_t len, int *code)
{
	struct text item;

	if (cut_item(line, len, &item)) {
		take_item(s, item);
		return true;
	}
	json_t *message = json_loadb(line, len, 0, NULL);
	const json_t *params = json_object_get(message, "params");
	json_t *object = json_object_get(params, "item");
	bool go_on = true;

	if (!message) {
		*code = daemon_lost(s->c, LS_EFORMAT);
		go_on = false;
	} else if (json_is_object(object)) {
		char *text = json_dumps(object, JSON_COMPACT);

		if (text)
			take_item(s, (struct text){text, strlen(text)});
		free(text);
	} else if (json_is_object(json_object_get(message, "error"))) {
		settle(s);
		*code = fail_answer(s->c, json_object_get(message, "error"));
		go_on = false;
	} else if (json_is_true(json_object_get(params, "end"))) {
		*code = 0;
		go_on = false;
	}
	json_decref(message);
	return go_on;
}

static int wait_ms(const struct stream *s)
{
	uint64_t now = clock_mono_us();

	if (now >= s->deadline)
		return 0;
	uint64_t left = (s->deadline - now + 999) / 1000;

	return left < WAIT_MS ? (int)left : WAIT_MS;
}

/* The reader of a pipe has gone, though nothing is being written. */
static bool stdout_is_closed(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = 0};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLNVAL));
}

static int time_is_up(struct stream *s)
{
	char text[CLOCK_TEXT_SIZE];
	int code = settle(s);

	if (code || s->wanted < 0)
		return code;
	duration_format(s->c->opt.for_ms * 1000, text);
	return fail(s->c, LS_ETIMEOUT, NULL, NULL, "%lld of %lld within %s", (long long)s->count, (long long)s->wanted,
	            text);
}

static int follow(struct stream *s)
{
	for (;;) {
		const char *line;
		size_t len;
		int code;

		if (ended_by) {
			code = settle(s);
			return code ? code : 128 + ended_by;
		}
		if (s->wanted >= 0 && s->count >= s->wanted)
			return settle(s);
		int rc = control_client_next_raw(s->c->client, 0, &line, &len);

		if (rc == LS_ETIMEOUT) {
			code = settle(s);
			if (code)
				return code;
			if (stdout_is_closed())
				return EXIT_CLOSED_PIPE;
			int ms = wait_ms(s);

			if (ms == 0)
				return time_is_up(s);
			rc = control_client_next_raw(s->c->client, ms, &line, &len);
		}
		if (rc == LS_ETIMEOUT)
			continue;
		if (rc) {
			code = settle(s);
			return code ? code : daemon_lost(s->c, rc);
		}
		if (!take_line(s, line, len, &code)) {
			int settled = settle(s);

			return code ? code : settled;
		}
		uint64_t now = clock_mono_us();

		if (now - s->settled_at > SETTLE_US) {
			code = settle(s);
			if (code)
				return code;
		}
		if (now >= s->deadline && !(s->wanted >= 0 && s->count >= s->wanted))
			return time_is_up(s);
	}
}

static void choose_form(struct stream *s)
{
	enum form form = output_form_asked(s->c);

	if (form == FORM_DEFAULT && s->c->opt.fields)
		form = s->c->out_tty ? FORM_TSV : FORM_JSONL;
	else if (form == FORM_DEFAULT)
		form = s->c->out_tty ? FORM_TABLE : FORM_JSONL;
	if (form == FORM_JSON)
		form = FORM_JSONL; /* an endless array has no use */
	s->raw = form == FORM_JSONL && !s->c->opt.fields;
	s->lines = form == FORM_TABLE || form == FORM_WIDE;
	s->c->opt.form = form;
}

int run_stream(struct cli *c, json_t *params)
{
	struct stream s = {.c = c, .wanted = -1, .deadline = UINT64_MAX, .settled_at = clock_mono_us()};
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll() must wake */
	json_t *result = NULL, *count = json_object_get(params, "count");
	int code;

	if (count) { /* counted here: a gap is no event */
		s.wanted = json_integer_value(count);
		json_object_del(params, "count");
	}
	if (c->opt.for_ms >= 0)
		s.deadline = s.settled_at + (uint64_t)c->opt.for_ms * 1000;
	choose_form(&s);
	c->opt.pager = NO;
	code = output_open(&s.out, c, method_entity(c->method), c->opt.form);
	if (!code && c->opt.cursor_file)
		code = read_cursor(&s, params);
	if (!code && c->opt.cursor_file)
		code = try_cursor_file(c);
	if (!code)
		code = daemon_connect(c);
	if (!code)
		code = daemon_call(c, c->method, json_incref(params), &result);
	if (!code) {
		const char *start = json_string_value(json_object_get(result, "cursor"));

		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		if (start && !json_object_get(params, "cursor"))
			keep_cursor(&s, (struct text){start, strlen(start)});
		if (!s.raw && !s.lines)
			output_begin(&s.out);
		code = follow(&s);
	}
	output_close(&s.out);
	json_decref(result);
	json_decref(params);
	return code;
}
