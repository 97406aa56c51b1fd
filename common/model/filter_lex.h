/* filter_lex.h - the words and signs of a filter. Inside common/model. */
#ifndef LS_MODEL_FILTER_LEX_H
#define LS_MODEL_FILTER_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "model/filter.h"

#define FILTER_WORD_SIZE 1024

enum filter_token {
	TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA,
	TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE, TOKEN_REGEX, TOKEN_GLOB,
	TOKEN_BAD, /* the error is written */
};

struct filter_lexer {
	const char *text, *p;
	const char *start;           /* of the token */
	enum filter_token token;
	char word[FILTER_WORD_SIZE]; /* WORD, QUOTED */
	struct filter_error *error;
};

/* The next token; stays TOKEN_BAD once it was. */
enum filter_token filter_next(struct filter_lexer *lx);

/* `at` as the number of a character, from 1. */
size_t filter_column(const struct filter_lexer *lx, const char *at);

/* A bare word, cases alike. */
bool filter_is_word(const struct filter_lexer *lx, const char *word);

#endif
