/*
 * nearest.c - the word a person most likely meant.
 *
 * Optimal string alignment distance: insert, delete, replace, swap of neighbours cost 1 each, so that
 * "shwo" is one step from "show". A word that begins with what was typed costs one step at most.
 */
#include <string.h>

#include "model/model.h"

#define WORD_MAX 40

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = before[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;

		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t n)
{
	size_t len = strlen(word);
	const char *best = NULL;
	unsigned best_distance = len <= 2 ? 2 : 2 + (unsigned)len / 4; /* must stay below */

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t candidate_len = candidates[i] ? strlen(candidates[i]) : 0;

		if (candidate_len == 0 || candidate_len > WORD_MAX)
			continue;
		unsigned d = distance(word, len, candidates[i], candidate_len);

		if (d > 1 && len >= 2 && strncmp(word, candidates[i], len) == 0)
			d = 1;
		if (d < best_distance) {
			best_distance = d;
			best = candidates[i];
		}
	}
	return best;
}
