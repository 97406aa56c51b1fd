#include "network/gateway_cover.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* ---- exact: a mask of gateways a member -------------------------------------------------- */

static uint32_t mask_of(const struct cover_member *m)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < m->n; i++)
		mask |= 1u << m->gateways[i];
	return mask;
}

/* The distinct masks of the members; how many. There are at most 2^COVER_EXACT_MAX. */
static size_t distinct_masks(const struct cover_member *members, size_t n, uint32_t *out)
{
	uint8_t seen[(1u << COVER_EXACT_MAX) / 8] = {0};
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t mask = mask_of(&members[i]);

		if (!mask || seen[mask / 8] & 1u << mask % 8)
			continue;
		seen[mask / 8] |= (uint8_t)(1u << mask % 8);
		out[count++] = mask;
	}
	return count;
}

static bool covers(const uint32_t *masks, size_t n, uint32_t set)
{
	for (size_t i = 0; i < n; i++)
		if (!(masks[i] & set))
			return false;
	return true;
}

/* Sets of one gateway, then of two, and so on, in rising order. */
static uint32_t smallest_set(const uint32_t *masks, size_t n, size_t n_gateways)
{
	for (size_t size = 0; size <= n_gateways; size++) {
		uint32_t set = (1u << size) - 1, end = 1u << n_gateways;

		while (set < end) {
			uint32_t low, ripple;

			if (covers(masks, n, set))
				return set;
			if (!set)
				break;
			/* the next number with as many bits */
			low = set & -set;
			ripple = set + low;
			set = ripple | ((set ^ ripple) >> 2) / low;
		}
	}
	return 0;
}

static void cover_exact(const struct cover_member *members, size_t n_members, size_t n_gateways, uint32_t *masks,
                        uint16_t *out, size_t *n_out)
{
	size_t n = distinct_masks(members, n_members, masks);
	uint32_t set = smallest_set(masks, n, n_gateways);

	*n_out = 0;
	for (size_t g = 0; g < n_gateways; g++)
		if (set & 1u << g)
			out[(*n_out)++] = (uint16_t)g;
}

/* ---- greedy --------------------------------------------------------------------------------- */

static bool reaches(const struct cover_member *m, size_t gateway)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->gateways[i] == gateway)
			return true;
	return false;
}

/* gain[g]: members not covered yet that it reaches. */
static void cover_greedy(const struct cover_member *members, size_t n_members, size_t n_gateways, uint32_t *gain,
                         bool *covered, bool *chosen)
{
	for (;;) {
		size_t best = 0;

		memset(gain, 0, n_gateways * sizeof(*gain));
		for (size_t i = 0; i < n_members; i++)
			for (unsigned k = 0; k < members[i].n && !covered[i]; k++)
				gain[members[i].gateways[k]]++;
		for (size_t g = 1; g < n_gateways; g++)
			if (gain[g] > gain[best])
				best = g;
		if (!gain[best])
			return;
		chosen[best] = true;
		for (size_t i = 0; i < n_members; i++)
			covered[i] |= reaches(&members[i], best);
	}
}

/* Is there a member that only this one of the chosen reaches? */
static bool is_needed(const struct cover_member *members, size_t n_members, const bool *chosen, size_t gateway)
{
	for (size_t i = 0; i < n_members; i++) {
		bool other = false;

		if (!reaches(&members[i], gateway))
			continue;
		for (unsigned k = 0; k < members[i].n; k++)
			other |= members[i].gateways[k] != gateway && chosen[members[i].gateways[k]];
		if (!other)
			return true;
	}
	return false;
}

int gateway_cover(const struct cover_member *members, size_t n_members, size_t n_gateways, uint16_t *out, size_t *n_out)
{
	uint32_t *scratch = NULL;
	bool *covered = NULL, *chosen = NULL;
	int rc = LS_ENOMEM;

	*n_out = 0;
	if (n_gateways <= COVER_EXACT_MAX) {
		scratch = malloc((1u << COVER_EXACT_MAX) * sizeof(*scratch));
		if (!scratch)
			goto out;
		cover_exact(members, n_members, n_gateways, scratch, out, n_out);
		rc = LS_OK;
		goto out;
	}
	scratch = calloc(n_gateways, sizeof(*scratch));
	covered = calloc(n_members + 1, sizeof(*covered));
	chosen = calloc(n_gateways, sizeof(*chosen));
	if (!scratch || !covered || !chosen)
		goto out;
	cover_greedy(members, n_members, n_gateways, scratch, covered, chosen);
	for (size_t g = 0; g < n_gateways; g++) {
		if (chosen[g] && !is_needed(members, n_members, chosen, g))
			chosen[g] = false;
		if (chosen[g])
			out[(*n_out)++] = (uint16_t)g;
	}
	rc = LS_OK;
out:
	free(scratch);
	free(covered);
	free(chosen);
	return rc;
}
