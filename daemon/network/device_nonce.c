/* device_nonce.c - the DevNonces a device has used, for each JoinEUI, sorted. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "network/fleet.h"

static struct nonce_set *nonce_set_of(const struct device *d, struct eui64 join_eui)
{
	struct nonce_set *set = d->nonces;

	while (set && !eui64_equal(set->join_eui, join_eui))
		set = set->next;
	return set;
}

/* Index of the first nonce not below dev_nonce. */
static uint32_t nonce_place(const struct nonce_set *set, uint16_t dev_nonce)
{
	uint32_t low = 0, high = set->n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (set->nonces[mid] < dev_nonce)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool device_nonce_used(const struct device *d, struct eui64 join_eui, uint16_t dev_nonce)
{
	const struct nonce_set *set = nonce_set_of(d, join_eui);
	uint32_t at;

	if (!set)
		return false;
	at = nonce_place(set, dev_nonce);
	return at < set->n && set->nonces[at] == dev_nonce;
}

int device_nonce_highest(const struct device *d, struct eui64 join_eui)
{
	const struct nonce_set *set = nonce_set_of(d, join_eui);

	return set && set->n ? set->nonces[set->n - 1] : -1;
}

int device_nonce_add(struct device *d, struct eui64 join_eui, uint16_t dev_nonce)
{
	struct nonce_set *set = nonce_set_of(d, join_eui);
	uint32_t at;

	if (!set) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return LS_ENOMEM;
		set->join_eui = join_eui;
		set->next = d->nonces;
		d->nonces = set;
	}
	at = nonce_place(set, dev_nonce);
	if (at < set->n && set->nonces[at] == dev_nonce)
		return LS_OK;
	if (set->n == set->cap) {
		uint32_t cap = set->cap ? set->cap * 2 : 4;
		uint16_t *more = realloc(set->nonces, cap * sizeof(*more));

		if (!more)
			return LS_ENOMEM;
		set->nonces = more;
		set->cap = cap;
	}
	memmove(&set->nonces[at + 1], &set->nonces[at], (set->n - at) * sizeof(*set->nonces));
	set->nonces[at] = dev_nonce;
	if (++set->n > NONCES_MAX)
		memmove(set->nonces, set->nonces + 1, --set->n * sizeof(*set->nonces)); /* the store does the same */
	return LS_OK;
}

void device_nonces_clear(struct device *d)
{
	while (d->nonces) {
		struct nonce_set *set = d->nonces;

		d->nonces = set->next;
		free(set->nonces);
		free(set);
	}
}
