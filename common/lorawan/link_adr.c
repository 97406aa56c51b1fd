/*
 * link_adr.c - why the sequences found here are the shortest.
 *
 * A command either names one block of channels and keeps the others, or it sets every channel (all on, all off, banks).
 * Whatever comes before the last command of the second sort is lost, so at most one is worth sending, and first. After it each
 * block that is not yet as wanted needs exactly one command of its own. So the best of "none" and of every command that sets all
 * is the best there is. When each command must be legal alone, blocks that get channels come before blocks that lose all, and
 * then only the command that sets everything can leave nothing on; it then switches one channel on that the block's own command
 * takes away again.
 */
#include "lorawan/link_adr.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/mac.h"
#include "lorawan/octets.h"

struct start {
	int ch_mask_cntl;     /* of the command that sets every channel, -1 none */
	uint16_t ch_mask;
	struct ch_mask after;
	unsigned n;           /* commands in all */
};

uint16_t link_adr_drs(const uint16_t *channel_drs, const struct ch_mask *mask)
{
	uint16_t drs = 0;

	for (unsigned i = ch_mask_next(mask, 0); i < CH_MASK_CHANNELS; i = ch_mask_next(mask, i + 1))
		drs |= channel_drs[i];
	return drs;
}

/* Does this command set every channel, whatever was on before? */
static bool sets_all(const struct ch_mask_cntl *row)
{
	return row->is_defined && (row->all_count || row->mask_span > 1);
}

/* The ChMaskCntl that names this block and keeps the others; -1 when the plan has none. */
static int row_of_block(const struct ch_mask_cntl *rows, unsigned block)
{
	for (int i = 0; i < REGION_CNTL_MAX; i++)
		if (rows[i].is_defined && rows[i].mask_count && !sets_all(&rows[i]) && rows[i].mask_first == 16 * block)
			return i;
	return -1;
}

static unsigned count_blocks(const struct ch_mask *a, const struct ch_mask *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CH_MASK_BLOCKS; i++)
		n += a->block[i] != b->block[i];
	return n;
}

/* Take this command first if that makes fewer commands. */
static void try_start(const struct link_adr_wish *w, int ch_mask_cntl, uint16_t ch_mask, struct start *best)
{
	struct start s = {.ch_mask_cntl = ch_mask_cntl, .ch_mask = ch_mask, .after = w->now};

	if (ch_mask_apply(w->rows, &w->defined, (uint8_t)ch_mask_cntl, ch_mask, &s.after))
		return;
	if (w->each_alone && (ch_mask_is_empty(&s.after) || !ch_mask_is_within(&s.after, &w->defined)))
		return;
	s.n = 1 + count_blocks(&s.after, &w->wanted);
	if (s.n < best->n)
		*best = s;
}

static void find_start(const struct link_adr_wish *w, struct start *best)
{
	unsigned n_none = count_blocks(&w->now, &w->wanted);

	*best = (struct start){.ch_mask_cntl = -1, .after = w->now, .n = n_none};
	if (n_none <= 1)
		return;
	/* Of as many commands those that set everything are the safer ones: they are right whatever the device has now. */
	best->n++;
	for (int i = REGION_CNTL_MAX - 1; i >= 0; i--) {
		const struct ch_mask_cntl *row = &w->rows[i];
		bool has_mask = row->mask_count && row->mask_span == 1;
		uint16_t wanted = has_mask ? w->wanted.block[row->mask_first / 16] : 0;

		if (!sets_all(row))
			continue;
		for (unsigned banks = 1; row->mask_span > 1 && banks < 1u << row->mask_count; banks++)
			try_start(w, i, (uint16_t)banks, best);
		if (row->mask_span <= 1)
			try_start(w, i, wanted, best);
		if (has_mask && !wanted)
			try_start(w, i, 1, best); /* one channel, so that some is on */
	}
	if (best->ch_mask_cntl < 0)
		best->n--;
}

/* A data rate that is possible under this mask, best the one wished. */
static uint8_t possible_dr(const struct link_adr_wish *w, const struct ch_mask *mask)
{
	uint16_t drs = link_adr_drs(w->channel_drs, mask);

	if (!w->each_alone || drs >> w->dr & 1)
		return w->dr;
	if (w->dr_now < 16 && drs >> w->dr_now & 1)
		return w->dr_now;
	return drs ? (uint8_t)__builtin_ctz(drs) : w->dr;
}

static void add(const struct link_adr_wish *w, int ch_mask_cntl, uint16_t ch_mask, struct ch_mask *mask,
                struct link_adr *out, unsigned *n)
{
	ch_mask_apply(w->rows, &w->defined, (uint8_t)ch_mask_cntl, ch_mask, mask);
	out[(*n)++] = (struct link_adr){
		.dr = possible_dr(w, mask), .tx_power = w->tx_power, .nb_trans = w->nb_trans,
		.ch_mask_cntl = (uint8_t)ch_mask_cntl, .ch_mask = ch_mask,
	};
}

/* One that changes no channel: a block that has some, since devices refuse an empty mask of theirs. */
static int add_unchanged(const struct link_adr_wish *w, struct ch_mask *mask, struct link_adr *out, unsigned *n)
{
	for (unsigned b = 0; b < CH_MASK_BLOCKS; b++) {
		int row = row_of_block(w->rows, b);

		if (row < 0 || !w->wanted.block[b])
			continue;
		add(w, row, w->wanted.block[b], mask, out, n);
		return LS_OK;
	}
	return LS_EINVAL;
}

int link_adr_plan(const struct link_adr_wish *w, struct link_adr out[LINK_ADR_MAX], unsigned *n)
{
	struct start start;
	struct ch_mask mask = w->now;

	*n = 0;
	if (ch_mask_is_empty(&w->wanted) || !ch_mask_is_within(&w->wanted, &w->defined) || w->dr > 15 ||
	    !(link_adr_drs(w->channel_drs, &w->wanted) >> w->dr & 1))
		return LS_EINVAL;
	find_start(w, &start);
	if (start.ch_mask_cntl >= 0)
		add(w, start.ch_mask_cntl, start.ch_mask, &mask, out, n);
	for (int fills = 1; fills >= 0; fills--) {
		for (unsigned b = 0; b < CH_MASK_BLOCKS; b++) {
			int row = row_of_block(w->rows, b);

			if (mask.block[b] == w->wanted.block[b] || (w->wanted.block[b] != 0) != fills)
				continue;
			if (row < 0)
				return LS_EINVAL;
			add(w, row, w->wanted.block[b], &mask, out, n);
		}
	}
	return *n ? LS_OK : add_unchanged(w, &mask, out, n);
}

void link_adr_write(const struct link_adr *req, uint8_t out[LINK_ADR_OCTETS])
{
	out[0] = MAC_CID_LINK_ADR;
	out[1] = (uint8_t)(req->dr << 4 | (req->tx_power & 0x0f));
	put_le16(out + 2, req->ch_mask);
	out[4] = (uint8_t)((req->ch_mask_cntl & 7) << 4 | (req->nb_trans & 0x0f));
}

struct link_adr link_adr_read(const uint8_t payload[LINK_ADR_OCTETS - 1])
{
	return (struct link_adr){
		.dr = payload[0] >> 4, .tx_power = payload[0] & 0x0f, .ch_mask = get_le16(payload + 1),
		.ch_mask_cntl = payload[3] >> 4 & 7, .nb_trans = payload[3] & 0x0f,
	};
}
