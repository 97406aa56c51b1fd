/* filter_lex.c - the words and signs of a filter. */
#include "model/filter_lex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Longer ones first. */
static const struct {
	const char *text;
	enum filter_token token;
} signs[] = {
	{"!=", TOKEN_NE}, {"<=", TOKEN_LE}, {">=", TOKEN_GE}, {"=*", TOKEN_GLOB}, {"=", TOKEN_EQ}, {"<", TOKEN_LT},
	{">", TOKEN_GT},  {"~", TOKEN_REGEX}, {"(", TOKEN_OPEN}, {")", TOKEN_CLOSE}, {",", TOKEN_COMMA},
};

/* What people bring from other languages, and what it is here. */
static const struct {
	const char *theirs, *ours;
} strangers[] = {
	{"==", "="}, {"<>", "!="}, {"=~", "~"}, {"!~", "not FIELD ~ 'REGEX'"}, {"=>", ">="}, {"=<", "<="}, {"!", "not"},
};

size_t filter_column(const struct filter_lexer *lx, const char *at)
{
	size_t n = 1;

	for (const char *p = lx->text; p < at; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;
	return n;
}

static enum filter_token refuse(struct filter_lexer *lx, const char *at, const char *why, const char *hint)
{
	lx->error->column = filter_column(lx, at);
	snprintf(lx->error->why, sizeof(lx->error->why), "%s", why);
	snprintf(lx->error->hint, sizeof(lx->error->hint), "%s", hint ? hint : "");
	return lx->token = TOKEN_BAD;
}

static bool is_word_character(char c)
{
	return c && !isspace((unsigned char)c) && !strchr("(),'\"=!<>~", c);
}

static enum filter_token read_quoted(struct filter_lexer *lx)
{
	char quote = *lx->p++;
	size_t n = 0;

	for (;; lx->p++) {
		if (!*lx->p)
			return refuse(lx, lx->start, "this quote is not closed", NULL);
		if (*lx->p == quote && *++lx->p != quote)
			break;
		if (n + 1 >= sizeof(lx->word))
			return refuse(lx, lx->start, "this value is too long", NULL);
		lx->word[n++] = *lx->p;
	}
	lx->word[n] = '\0';
	return lx->token = TOKEN_QUOTED;
}

static enum filter_token read_word(struct filter_lexer *lx)
{
	size_t n = 0;

	while (is_word_character(*lx->p)) {
		if (n + 1 >= sizeof(lx->word))
			return refuse(lx, lx->start, "this word is too long", NULL);
		lx->word[n++] = *lx->p++;
	}
	lx->word[n] = '\0';
	return lx->token = TOKEN_WORD;
}

enum filter_token filter_next(struct filter_lexer *lx)
{
	if (lx->token == TOKEN_BAD)
		return TOKEN_BAD;
	while (isspace((unsigned char)*lx->p))
		lx->p++;
	lx->start = lx->p;
	if (!*lx->p)
		return lx->token = TOKEN_END;
	if (*lx->p == '\'' || *lx->p == '"')
		return read_quoted(lx);
	if (is_word_character(*lx->p))
		return read_word(lx);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		size_t len = strlen(strangers[i].theirs);

		if (strncmp(lx->p, strangers[i].theirs, len) == 0 && !(len == 1 && lx->p[1] == '=')) {
			char why[40];

			snprintf(why, sizeof(why), "'%s' is none of the signs here", strangers[i].theirs);
			return refuse(lx, lx->p, why, strangers[i].ours);
		}
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t len = strlen(signs[i].text);

		if (strncmp(lx->p, signs[i].text, len) == 0) {
			lx->p += len;
			return lx->token = signs[i].token;
		}
	}
	return refuse(lx, lx->p, "a word, a value or a sign is needed", NULL);
}

bool filter_is_word(const struct filter_lexer *lx, const char *word)
{
	return lx->token == TOKEN_WORD && strcasecmp(lx->word, word) == 0;
}
