#include "lorawan/mac.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/octets.h"

static const struct mac_field fields[] = {
#define MAC_COMMAND(id, cid, dir, name, len, since, flags)
#define MAC_FIELD(id, field, name, first, octets, bit, bits, kind, scale, offset) \
	{name, first, octets, bit, bits, kind, scale, offset},
#include "lorawan/mac_commands.def"
#undef MAC_COMMAND
#undef MAC_FIELD
};

static const struct mac_command_row rows[] = {
#define MAC_COMMAND(id, cid, dir, name, len, since, flags) {cid, dir, name, len, since, flags, id##__FIRST},
#define MAC_FIELD(id, field, name, first, octets, bit, bits, kind, scale, offset)
#include "lorawan/mac_commands.def"
#undef MAC_COMMAND
#undef MAC_FIELD
};

/* Frequencies below this are written in steps of 100 Hz, the others in steps of 200 Hz: the 2.4 GHz band. */
#define WIDE_STEP_FROM_HZ 1200000000
#define NARROW_STEP_HZ 100
#define WIDE_STEP_HZ 200

#define COUNT_MASK 0x1f /* of a command that counts its octets */

const struct mac_command_row *mac_row(enum mac_id id)
{
	return &rows[id];
}

const struct mac_command_row *mac_command_row(uint8_t cid, enum lw_direction dir)
{
	for (size_t i = 0; i < MAC_ID__COUNT; i++)
		if (rows[i].cid == cid && rows[i].dir == dir)
			return &rows[i];
	return NULL;
}

unsigned mac_command_n_fields(const struct mac_command_row *row)
{
	unsigned end = row + 1 < rows + MAC_ID__COUNT ? row[1].first_field : MAC_FIELD__COUNT;

	return end - row->first_field;
}

const struct mac_field *mac_command_field(const struct mac_command_row *row, unsigned n)
{
	assert(n < mac_command_n_fields(row));
	return &fields[row->first_field + n];
}

/* ---- lists ---------------------------------------------------------------------------------- */

void mac_iter_init(struct mac_iter *it, enum lw_direction dir, const uint8_t *list, size_t len)
{
	*it = (struct mac_iter){.at = list, .end = len ? list + len : list, .dir = dir};
}

bool mac_iter_next(struct mac_iter *it, struct mac_command *out)
{
	const struct mac_command_row *row;
	size_t len = 0, left;

	if (it->stopped || it->at == it->end)
		return false;
	row = mac_command_row(it->at[0], it->dir);
	left = (size_t)(it->end - it->at) - 1;
	if (row) {
		len = row->len;
		if (row->flags & MAC_COUNTS_ITS_OCTETS && left >= len)
			len += it->at[1] & COUNT_MASK;
	}
	if (!row || left < len) {
		it->stopped = true;
		return false;
	}
	*out = (struct mac_command){
		.cid = row->cid, .payload = it->at + 1, .len = (uint8_t)len, .name = row->name, .row = row};
	it->at += 1 + len;
	return true;
}

/* ---- fields --------------------------------------------------------------------------------- */

static bool is_octets(const struct mac_field *f)
{
	return f->kind == MAC_OCTETS || f->kind == MAC_OCTETS_REVERSED;
}

static void copy_octets(const struct mac_field *f, uint8_t *out, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = in[f->kind == MAC_OCTETS_REVERSED ? len - 1 - i : i];
}

void mac_message_init(struct mac_message *m, enum mac_id id)
{
	*m = (struct mac_message){.row = &rows[id]};
}

static unsigned place(const struct mac_message *m, enum mac_field_id field)
{
	unsigned n = (unsigned)field - m->row->first_field;

	assert(n < mac_command_n_fields(m->row));
	return n;
}

int64_t mac_get(const struct mac_message *m, enum mac_field_id field)
{
	return m->values[place(m, field)];
}

void mac_set(struct mac_message *m, enum mac_field_id field, int64_t value)
{
	m->values[place(m, field)] = value;
}

static int64_t number_to_value(const struct mac_field *f, uint32_t number)
{
	if (f->kind == MAC_FREQUENCY)
		return (int64_t)number * (number < WIDE_STEP_FROM_HZ / NARROW_STEP_HZ ? NARROW_STEP_HZ : WIDE_STEP_HZ);
	if (f->kind == MAC_SIGNED && number >> (f->bits - 1))
		return (int64_t)number - ((int64_t)1 << f->bits);
	return (int64_t)f->scale * number + f->offset;
}

void mac_field_range(const struct mac_field *f, int64_t *min, int64_t *max)
{
	int64_t top = ((int64_t)1 << f->bits) - 1;

	*min = f->scale < 0 ? f->scale * top + f->offset : f->offset;
	*max = f->scale < 0 ? f->offset : f->scale * top + f->offset;
	if (f->kind == MAC_SIGNED) {
		*min = -((int64_t)1 << (f->bits - 1));
		*max = -*min - 1;
	} else if (f->kind == MAC_FREQUENCY) {
		*min = 0;
		*max = top * WIDE_STEP_HZ;
	}
}

/* The number on air of a value; false when it has none. */
static bool value_to_number(const struct mac_field *f, int64_t value, uint32_t *number)
{
	int64_t min, max, n = (value - f->offset) * f->scale; /* scale is 1 or -1 */

	mac_field_range(f, &min, &max);
	if (value < min || value > max)
		return false;
	if (f->kind == MAC_FREQUENCY) {
		int64_t step = value < WIDE_STEP_FROM_HZ ? NARROW_STEP_HZ : WIDE_STEP_HZ;

		if (value % step)
			return false;
		n = value / step;
		/* From here on the same number would be read as the other step. */
		if (n >= WIDE_STEP_FROM_HZ / NARROW_STEP_HZ && step == NARROW_STEP_HZ)
			return false;
		if (n < WIDE_STEP_FROM_HZ / NARROW_STEP_HZ && step == WIDE_STEP_HZ)
			return false;
	}
	*number = (uint32_t)((uint64_t)n & (((uint64_t)1 << f->bits) - 1));
	return true;
}

static uint32_t get_le(const uint8_t *p, unsigned octets)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < octets; i++)
		v |= (uint32_t)p[i] << (8 * i);
	return v;
}

void mac_decode(const struct mac_command *command, struct mac_message *out)
{
	*out = (struct mac_message){.row = command->row};
	for (unsigned n = 0; n < mac_command_n_fields(command->row); n++) {
		const struct mac_field *f = mac_command_field(command->row, n);
		size_t left = command->len - f->first;

		if (is_octets(f)) {
			/* A count beyond the longest EUI pair: the rest is not kept. */
			out->n_octets = (uint8_t)(left < MAC_OCTETS_MAX ? left : MAC_OCTETS_MAX);
			copy_octets(f, out->octets, command->payload + f->first, out->n_octets);
		} else {
			uint64_t number = get_le(command->payload + f->first, f->octets) >> f->bit;

			out->values[n] = number_to_value(f, (uint32_t)(number & (((uint64_t)1 << f->bits) - 1)));
		}
	}
}

int mac_encode(const struct mac_message *m, uint8_t *out, size_t size, size_t *len, unsigned *bad)
{
	const struct mac_command_row *row = m->row;
	bool counts = row->flags & MAC_COUNTS_ITS_OCTETS;
	size_t total = 1u + row->len + (counts ? m->n_octets : 0u);

	if (size < total)
		return LS_ESHORT;
	memset(out, 0, total);
	out[0] = row->cid;
	for (unsigned n = 0; n < mac_command_n_fields(row); n++) {
		const struct mac_field *f = mac_command_field(row, n);
		uint8_t *at = out + 1 + f->first;
		uint32_t number;
		bool fits;

		if (is_octets(f)) {
			fits = m->n_octets <= MAC_OCTETS_MAX && (counts || m->n_octets == f->octets);
			if (fits)
				copy_octets(f, at, m->octets, m->n_octets);
		} else {
			fits = value_to_number(f, m->values[n], &number);
			for (unsigned i = 0; fits && i < f->octets; i++)
				at[i] |= (uint8_t)((uint64_t)number << f->bit >> (8 * i));
		}
		if (!fits) {
			if (bad)
				*bad = n;
			return LS_ERANGE;
		}
	}
	if (counts)
		out[1] |= m->n_octets;
	*len = total;
	return LS_OK;
}

/* ---- answers whose values the server computes ------------------------------------------------ */

size_t mac_write_link_check_ans(uint8_t out[3], uint8_t margin_db, uint8_t gw_cnt)
{
	out[0] = MAC_CID_LINK_CHECK;
	out[1] = margin_db < 255 ? margin_db : 254; /* 255 is reserved */
	out[2] = gw_cnt;
	return 3;
}

size_t mac_write_device_time_ans(uint8_t out[6], uint64_t gps_us)
{
	out[0] = MAC_CID_DEVICE_TIME;
	put_le32(out + 1, (uint32_t)(gps_us / 1000000));
	out[5] = (uint8_t)(gps_us % 1000000 * 256 / 1000000);
	return 6;
}
