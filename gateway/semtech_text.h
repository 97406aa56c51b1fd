/* semtech_text.h - string values of the Semtech protocol's JSON, whose words come in any case. */
#ifndef LS_GATEWAY_SEMTECH_TEXT_H
#define LS_GATEWAY_SEMTECH_TEXT_H

#include <string.h>
#include <strings.h>

#include "gateway/json_scan.h"

/* Plain text of a string value: a slice of the input, or of `buf` when it had escapes. Empty when too long for that. */
static inline struct scan_text semtech_plain(const struct scan_value *v, char *buf, size_t cap)
{
	struct scan_text t = {.p = "", .len = 0};

	if (v->type != SCAN_STRING)
		return t;
	if (!v->text.escaped)
		return v->text;
	if (scan_text_copy(&v->text, buf, cap, &t.len))
		t.len = 0;
	t.p = buf;
	return t;
}

/* Inline, for with a literal the first comparison, which nearly always decides, is one instruction. */
static inline bool semtech_same_word(const char *p, const char *word, size_t len)
{
	return memcmp(p, word, len) == 0 || strncasecmp(p, word, len) == 0;
}

static inline bool semtech_text_is(struct scan_text t, const char *word)
{
	return t.len == strlen(word) && semtech_same_word(t.p, word, strlen(word));
}

#endif
