#include "network/heard.h"

#include <string.h>

#define ROW_LEN 12

static bool is_stronger(const struct heard_gateway *a, const struct heard_gateway *b)
{
	if (a->snr_db10 != b->snr_db10)
		return a->snr_db10 > b->snr_db10;
	return a->rssi_dbm > b->rssi_dbm;
}

static bool has(const struct heard *h, struct eui64 id)
{
	for (unsigned i = 0; i < h->n; i++)
		if (eui64_equal(h->list[i].gateway_id, id))
			return true;
	return false;
}

/* By strength, only the strongest when there are more than fit. */
static void insert(struct heard *h, const struct heard_gateway *g)
{
	unsigned at = h->n;

	while (at > 0 && is_stronger(g, &h->list[at - 1]))
		at--;
	if (at == HEARD_MAX)
		return;
	if (h->n < HEARD_MAX)
		h->n++;
	memmove(&h->list[at + 1], &h->list[at], (h->n - 1u - at) * sizeof(h->list[0]));
	h->list[at] = *g;
}

bool heard_take(struct heard *h, const struct heard_gateway *fresh, size_t n)
{
	struct heard next = {.n = 0};
	bool changed;

	for (size_t i = 0; i < n; i++)
		insert(&next, &fresh[i]);
	for (unsigned i = 0; i < h->n && next.n < HEARD_MAX; i++)
		if (!has(&next, h->list[i].gateway_id))
			next.list[next.n++] = h->list[i];
	changed = next.n != h->n;
	for (unsigned i = 0; i < next.n && !changed; i++)
		changed = !has(h, next.list[i].gateway_id);
	*h = next;
	return changed;
}

void heard_remove(struct heard *h, struct eui64 gateway_id)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < h->n; i++)
		if (!eui64_equal(h->list[i].gateway_id, gateway_id))
			h->list[kept++] = h->list[i];
	h->n = (uint8_t)kept;
}

static void put_be16(uint8_t *p, int16_t v)
{
	p[0] = (uint8_t)((uint16_t)v >> 8);
	p[1] = (uint8_t)v;
}

static int16_t get_be16(const uint8_t *p)
{
	return (int16_t)(uint16_t)(p[0] << 8 | p[1]);
}

size_t heard_write(const struct heard *h, uint8_t out[HEARD_OCTETS])
{
	for (unsigned i = 0; i < h->n; i++) {
		uint8_t *p = out + (size_t)i * ROW_LEN;

		memcpy(p, h->list[i].gateway_id.be, 8);
		put_be16(p + 8, h->list[i].rssi_dbm);
		put_be16(p + 10, h->list[i].snr_db10);
	}
	return (size_t)h->n * ROW_LEN;
}

void heard_read(struct heard *h, const uint8_t *buf, size_t len)
{
	h->n = 0;
	for (; len >= ROW_LEN && h->n < HEARD_MAX; buf += ROW_LEN, len -= ROW_LEN) {
		struct heard_gateway *g = &h->list[h->n++];

		memcpy(g->gateway_id.be, buf, 8);
		g->rssi_dbm = get_be16(buf + 8);
		g->snr_db10 = get_be16(buf + 10);
	}
}
