/* log_item.c - composing items and matching rows of the two logs. */
#include "control/log_item.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/model.h"
#include "network/drop_reason.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WHY_SIZE 160

/* --- cursors --- */

char *cursor_format(uint64_t epoch, uint64_t seq, char buf[CURSOR_TEXT_SIZE])
{
	snprintf(buf, CURSOR_TEXT_SIZE, "%" PRIu64 "-%" PRIu64, epoch, seq);
	return buf;
}

static const char *parse_u64(const char *text, uint64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*v = strtoull(text, &end, 10);
	return errno ? NULL : end;
}

int cursor_parse(const char *text, uint64_t *epoch, uint64_t *seq)
{
	const char *p = parse_u64(text, epoch);

	if (!p || *p != '-')
		return LS_EFORMAT;
	p = parse_u64(p + 1, seq);
	return p && !*p ? LS_OK : LS_EFORMAT;
}

/* --- items --- */

void log_item_put(struct text_buf *out, enum store_log log, uint64_t epoch, const struct log_row *row)
{
	const char *body = row->body;
	size_t len = row->body_len;

	text_puts(out, "{\"cursor\":\"");
	text_put_u64(out, epoch);
	text_putc(out, '-');
	text_put_u64(out, row->seq);
	text_putc(out, '"');
	if (log == LOG_EVENT) {
		text_puts(out, ",\"kind\":");
		text_put_json(out, row->kind, strlen(row->kind));
	}
	if (len < 2 || body[0] != '{') { /* not ours; the item stays an object */
		text_putc(out, '}');
		return;
	}
	if (body[1] != '}')
		text_putc(out, ',');
	text_put(out, body + 1, len - 1);
}

void log_item_put_gap(struct text_buf *out, int64_t lost, uint64_t epoch, uint64_t seq)
{
	char cursor[CURSOR_TEXT_SIZE];

	text_puts(out, "{\"kind\":\"gap\",\"lost\":");
	if (lost < 0)
		text_puts(out, "null");
	else
		text_put_i64(out, lost);
	text_printf(out, ",\"cursor\":\"%s\"}", cursor_format(epoch, seq, cursor));
}

/* --- filters --- */

struct scanner {
	const char *p;
	char word[64];
};

static bool is_word_char(char c)
{
	return c && !isspace((unsigned char)c) && c != '=' && c != '\'' && c != '"' && c != '(' && c != ')' && c != '<' &&
	       c != '>' && c != '!' && c != '~';
}

/* A bare word or a quoted one; false when there is none or it is too long. */
static bool next_word(struct scanner *s)
{
	size_t n = 0;
	char quote = 0;

	s->p += strspn(s->p, " \t\n");
	if (*s->p == '\'' || *s->p == '"')
		quote = *s->p++;
	while (quote ? *s->p && *s->p != quote : is_word_char(*s->p)) {
		if (n + 1 >= sizeof(s->word))
			return false;
		s->word[n++] = *s->p++;
	}
	s->word[n] = '\0';
	if (quote) {
		if (*s->p != quote)
			return false;
		s->p++;
		return true;
	}
	return n > 0;
}

static const char *const event_filters[] = {"kind", "dev_eui"};
static const char *const frame_filters[] = {"direction", "dev_eui", "dev_addr", "drop_reason"};

static int refuse_field(enum store_log log, const char *field, char *why, char *hint)
{
	const char *const *names = log == LOG_EVENT ? event_filters : frame_filters;
	size_t n = log == LOG_EVENT ? COUNT(event_filters) : COUNT(frame_filters);
	const char *near = nearest_word(field, names, n);

	snprintf(why, WHY_SIZE, "%s cannot be filtered by '%.40s'; possible: %s", log == LOG_EVENT ? "events" : "frames",
	         field, log == LOG_EVENT ? "kind, dev_eui" : "direction, dev_eui, dev_addr, drop_reason");
	if (near)
		snprintf(hint, WHY_SIZE, "%s", near);
	return LS_EUSAGE;
}

static bool is_choice(const struct field *f, const char *word)
{
	size_t len = strlen(word);
	const char *at = len && f ? strstr(f->choices, word) : NULL;

	return at && (at == f->choices || at[-1] == ' ') && (at[len] == ' ' || !at[len]);
}

static const char *nearest_reason(const char *word)
{
	const char *names[DROP__COUNT];

	for (int i = 0; i < DROP__COUNT; i++)
		names[i] = drop_reason_name((enum drop_reason)i);
	return nearest_word(word, names, DROP__COUNT);
}

static bool is_reason(const char *word)
{
	for (int i = 1; i < DROP__COUNT; i++)
		if (strcmp(drop_reason_name((enum drop_reason)i), word) == 0)
			return true;
	return false;
}

static int take_kind(enum store_log log, const char *word, struct log_filter *out, char *why)
{
	const struct entity *e = &model_entities[log == LOG_EVENT ? E_EVENT : E_FRAME];
	const struct field *f = entity_field(e, log == LOG_EVENT ? "kind" : "direction");

	if (!is_choice(f, word)) {
		snprintf(why, WHY_SIZE, "%s is one of %s", f->name, f->choices);
		return LS_EUSAGE;
	}
	snprintf(out->kind, sizeof(out->kind), "%s", word);
	return LS_OK;
}

static int take_condition(enum store_log log, const char *field, const char *word, struct log_filter *out, char *why,
                          char *hint)
{
	if (strcmp(field, log == LOG_EVENT ? "kind" : "direction") == 0)
		return take_kind(log, word, out, why);
	if (strcmp(field, "dev_eui") == 0) {
		out->has_dev_eui = true;
		if (eui64_parse(word, &out->dev_eui) == LS_OK)
			return LS_OK;
		snprintf(why, WHY_SIZE, "dev_eui: 16 hex digits are needed");
		return LS_EUSAGE;
	}
	if (log == LOG_FRAME && strcmp(field, "dev_addr") == 0) {
		out->has_dev_addr = true;
		if (dev_addr_parse(word, &out->dev_addr) == LS_OK)
			return LS_OK;
		snprintf(why, WHY_SIZE, "dev_addr: 8 hex digits are needed");
		return LS_EUSAGE;
	}
	if (log == LOG_FRAME && strcmp(field, "drop_reason") == 0) {
		if (is_reason(word)) {
			snprintf(out->drop_reason, sizeof(out->drop_reason), "%s", word);
			return LS_OK;
		}
		const char *near = nearest_reason(word);

		snprintf(why, WHY_SIZE, "no drop reason '%.40s'", word);
		if (near)
			snprintf(hint, WHY_SIZE, "drop_reason=%s", near);
		return LS_EUSAGE;
	}
	return refuse_field(log, field, why, hint);
}

int log_filter_parse(enum store_log log, const char *text, struct log_filter *out, char why[160], char hint[160])
{
	struct scanner s = {.p = text ? text : ""};
	char field[64];
	int rc;

	*out = (struct log_filter){0};
	why[0] = hint[0] = '\0';
	if (!s.p[strspn(s.p, " \t\n")])
		return LS_OK;
	for (;;) {
		if (!next_word(&s))
			goto malformed;
		memcpy(field, s.word, sizeof(field));
		s.p += strspn(s.p, " \t\n");
		if (strcmp(field, "has") == 0 && *s.p != '=') {
			if (!next_word(&s))
				goto malformed;
			if (log != LOG_FRAME || strcmp(s.word, "drop_reason") != 0)
				return refuse_field(log, s.word, why, hint);
			out->any_drop = true;
		} else {
			if (*s.p != '=')
				goto malformed;
			s.p++;
			if (!next_word(&s))
				goto malformed;
			rc = take_condition(log, field, s.word, out, why, hint);
			if (rc)
				return rc;
		}
		s.p += strspn(s.p, " \t\n");
		if (!*s.p)
			return LS_OK;
		if (!next_word(&s) || strcmp(s.word, "and") != 0)
			goto malformed;
	}
malformed:
	snprintf(why, WHY_SIZE, "the filter is written field=value, joined by and (column %zu)", (size_t)(s.p - text) + 1);
	return LS_EUSAGE;
}

bool log_filter_is_empty(const struct log_filter *f)
{
	return !f->kind[0] && !f->drop_reason[0] && !f->any_drop && !f->has_dev_eui && !f->has_dev_addr &&
	       !f->has_tenant && !f->has_application;
}

bool log_filter_match(const struct log_filter *f, const struct log_row *row)
{
	if (f->kind[0] && strcmp(f->kind, row->kind) != 0)
		return false;
	if (f->has_dev_eui && !(row->has_dev_eui && eui64_equal(f->dev_eui, row->dev_eui)))
		return false;
	if (f->has_dev_addr && !(row->has_dev_addr && f->dev_addr == row->dev_addr))
		return false;
	if (f->any_drop && !row->drop_reason)
		return false;
	return !f->drop_reason[0] || (row->drop_reason && strcmp(f->drop_reason, row->drop_reason) == 0);
}

void log_filter_apply(const struct log_filter *f, struct log_read *read)
{
	read->kind = f->kind[0] ? f->kind : NULL;
	read->drop_reason = f->drop_reason[0] ? f->drop_reason : NULL;
	read->any_drop = f->any_drop;
	read->has_dev_eui = f->has_dev_eui;
	read->dev_eui = f->dev_eui;
	read->has_dev_addr = f->has_dev_addr;
	read->dev_addr = f->dev_addr;
	read->has_tenant = f->has_tenant;
	read->tenant_id = f->tenant_id;
	read->has_application = f->has_application;
	read->application_id = f->application_id;
}
