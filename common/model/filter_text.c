/* filter_text.c - patterns on text. */
#include "model/filter_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/*
 * What makes a compiled expression large or slow: repetitions multiply what they repeat, and back references make
 * matching exponential. "" when there is nothing of the kind.
 */
static const char *find_danger(const char *pattern)
{
	unsigned long product = 1;
	bool in_set = false;

	for (const char *p = pattern; *p; p++) {
		if (in_set) {
			in_set = *p != ']';
		} else if (*p == '[') {
			in_set = true;
			p += p[1] == '^';
			p += p[1] == ']'; /* the first ] is itself */
		} else if (*p == '\\') {
			if (isdigit((unsigned char)p[1]))
				return "no back references";
			if (!*++p)
				break;
		} else if (*p == '{') {
			const char *comma = strchr(p, ','), *end = strchr(p, '}');
			unsigned long low = strtoul(p + 1, NULL, 10);
			unsigned long high = comma && end && comma < end ? strtoul(comma + 1, NULL, 10) : low;
			unsigned long most = low > high ? low : high;

			if (most > REGEX_REPEATS_MAX)
				return "at most 64 repetitions in all";
			product *= most ? most : 1;
			if (product > REGEX_REPEATS_MAX)
				return "at most 64 repetitions in all";
		}
	}
	return NULL;
}

int regex_compile(const char *pattern, regex_t *out, char *why, size_t why_size)
{
	const char *danger = find_danger(pattern);

	if (strlen(pattern) > REGEX_MAX) {
		snprintf(why, why_size, "a regular expression has at most %d characters", REGEX_MAX);
		return LS_EFORMAT;
	}
	if (danger) {
		snprintf(why, why_size, "not in a regular expression here: %s", danger);
		return LS_EFORMAT;
	}
	int rc = regcomp(out, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc) {
		char text[100];

		regerror(rc, out, text, sizeof(text));
		snprintf(why, why_size, "not a regular expression: %s", text);
		return LS_EFORMAT;
	}
	return LS_OK;
}

bool regex_finds(const regex_t *regex, const char *text)
{
	char head[REGEX_SUBJECT_MAX + 1];

	if (strlen(text) > REGEX_SUBJECT_MAX) {
		memcpy(head, text, REGEX_SUBJECT_MAX);
		head[REGEX_SUBJECT_MAX] = '\0';
		text = head;
	}
	return regexec(regex, text, 0, NULL, 0) == 0;
}

static const char *next_character(const char *p)
{
	do {
		p++;
	} while (((unsigned char)*p & 0xc0) == 0x80);
	return p;
}

/* Only the last * is ever tried again: what an earlier one took more of, the later can take as well. */
bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?') {
			pattern++;
			text = next_character(text);
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			from = next_character(from);
			text = from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool text_contains(const char *text, const char *word)
{
	for (; *text; text++) {
		size_t i = 0;

		while (word[i] && tolower((unsigned char)text[i]) == word[i])
			i++;
		if (!word[i])
			return true;
	}
	return !*word;
}
