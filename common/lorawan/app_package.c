/* app_package.c - see app_package.h; the commands are in app_package.def. */
#include "lorawan/app_package.h"

#include <string.h>

#include "base/error.h"

#define STEP_HZ 100
#define GROUP_OCTETS 5

/* FIRST_x: the number of the first field of command x. A field is known by its place in the command. */
enum field_id {
#define APP_COMMAND(id, package, versions, cid, dir, name, len, short_mask, short_len, flags) \
	FIRST_##id, BEFORE_##id = FIRST_##id - 1,
#define APP_FIELD(id, name, first, octets, bit, bits, kind) AT_##id##_##first##_##bit,
#include "lorawan/app_package.def"
#undef APP_COMMAND
#undef APP_FIELD
	FIELD__COUNT
};

static const struct app_field fields[] = {
#define APP_COMMAND(id, package, versions, cid, dir, name, len, short_mask, short_len, flags)
#define APP_FIELD(id, name, first, octets, bit, bits, kind) {name, first, octets, bit, bits, kind},
#include "lorawan/app_package.def"
#undef APP_COMMAND
#undef APP_FIELD
};

static const struct app_command_row rows[] = {
#define APP_COMMAND(id, package, versions, cid, dir, name, len, short_mask, short_len, flags) \
	{package, versions, cid, dir, name, len, short_mask, short_len, flags, FIRST_##id},
#define APP_FIELD(id, name, first, octets, bit, bits, kind)
#include "lorawan/app_package.def"
#undef APP_COMMAND
#undef APP_FIELD
};

_Static_assert(sizeof(fields) / sizeof(fields[0]) == FIELD__COUNT, "a field for each number");

static bool fits_version(const struct app_command_row *row, enum app_package package, unsigned version)
{
	return row->package == package && version >= 1 && version <= 2 && (row->versions & version);
}

const struct app_command_row *app_command_row(enum app_package package, unsigned version, uint8_t cid,
                                              enum lw_direction dir)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].cid == cid && rows[i].dir == dir && fits_version(&rows[i], package, version))
			return &rows[i];
	return NULL;
}

const struct app_command_row *app_command_find(enum app_package package, unsigned version, const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0 && fits_version(&rows[i], package, version))
			return &rows[i];
	return NULL;
}

unsigned app_command_n_fields(const struct app_command_row *row)
{
	bool last = row == &rows[sizeof(rows) / sizeof(rows[0]) - 1];

	return (last ? (unsigned)FIELD__COUNT : row[1].first_field) - row->first_field;
}

const struct app_field *app_command_field(const struct app_command_row *row, unsigned n)
{
	return &fields[row->first_field + n];
}

/* Payload octets of a command that begins so; `left` is what the frame has behind the CID, at least 1 unless len is 0. */
static size_t payload_len(const struct app_command_row *row, const uint8_t *payload, size_t left)
{
	if (left == 0)
		return row->len;
	if (payload[0] & row->short_mask)
		return row->short_len;
	if (row->flags & APP_HAS_GROUPS)
		return row->len + GROUP_OCTETS * (size_t)__builtin_popcount(payload[0] & 0x0f);
	if (row->flags & APP_TAKES_THE_REST && left > row->len)
		return left;
	return row->len;
}

static int64_t read_value(const struct app_field *f, const uint8_t *payload)
{
	uint64_t number = 0;

	for (unsigned i = f->octets; i-- > 0;)
		number = number << 8 | payload[f->first + i];
	number = number >> f->bit & (((uint64_t)1 << f->bits) - 1);
	if (f->kind == APP_FREQUENCY)
		return (int64_t)number * STEP_HZ;
	if (f->kind == APP_SIGNED && number >> (f->bits - 1))
		return (int64_t)number - ((int64_t)1 << f->bits);
	return (int64_t)number;
}

int app_decode(enum app_package package, unsigned version, enum lw_direction dir, const uint8_t *data, size_t len,
               struct app_message *out, size_t *used)
{
	if (len == 0)
		return LS_ESHORT;
	const struct app_command_row *row = app_command_row(package, version, data[0], dir);

	if (!row)
		return LS_ENOTFOUND;
	const uint8_t *payload = data + 1;
	size_t n = payload_len(row, payload, len - 1);

	if (n > len - 1)
		return LS_ESHORT;
	*out = (struct app_message){.row = row};
	for (unsigned i = 0; i < app_command_n_fields(row); i++) {
		const struct app_field *f = app_command_field(row, i);

		if ((size_t)f->first + f->octets > n)
			continue; /* left out */
		if (f->kind == APP_OCTETS) {
			out->octets[i] = payload + f->first;
			out->n_octets[i] = f->octets ? f->octets : n - f->first;
		} else {
			out->values[i] = read_value(f, payload);
		}
	}
	*used = 1 + n;
	return LS_OK;
}

static bool number_of(const struct app_field *f, int64_t value, uint64_t *number)
{
	int64_t top = (int64_t)1 << f->bits;

	if (f->kind == APP_FREQUENCY) {
		if (value % STEP_HZ)
			return false;
		value /= STEP_HZ;
	}
	if (f->kind == APP_SIGNED ? value < -top / 2 || value >= top / 2 : value < 0 || value >= top)
		return false;
	*number = (uint64_t)value & ((uint64_t)top - 1);
	return true;
}

static bool write_field(const struct app_message *m, unsigned i, uint8_t *payload, size_t left)
{
	const struct app_field *f = app_command_field(m->row, i);
	uint64_t number;

	if (f->kind == APP_OCTETS) {
		if (m->n_octets[i] > left - f->first || (f->octets && m->n_octets[i] != f->octets))
			return false;
		if (m->n_octets[i])
			memcpy(payload + f->first, m->octets[i], m->n_octets[i]);
		return true;
	}
	if (!number_of(f, m->values[i], &number))
		return false;
	for (unsigned k = 0; k < f->octets; k++)
		payload[f->first + k] |= (uint8_t)(number << f->bit >> (8 * k));
	return true;
}

/* The octets to the end of the command, if it has such a field. */
static size_t octets_behind(const struct app_message *m)
{
	unsigned last = app_command_n_fields(m->row) - 1;
	const struct app_field *f = app_command_field(m->row, last);

	return f->kind == APP_OCTETS && f->octets == 0 ? m->n_octets[last] : 0;
}

int app_encode(const struct app_message *m, uint8_t *out, size_t size, size_t *len)
{
	const struct app_command_row *row = m->row;
	size_t behind = octets_behind(m), room = row->len + behind;

	if (size < 1 + room)
		return LS_ESHORT;
	memset(out, 0, 1 + room);
	out[0] = row->cid;
	for (unsigned i = 0; i < app_command_n_fields(row); i++)
		if (!write_field(m, i, out + 1, room))
			return LS_ERANGE;
	size_t n = payload_len(row, out + 1, room);

	if (n != room && !(out[1] & row->short_mask))
		return LS_ERANGE; /* not as many groups as the mask says */
	*len = 1 + n;
	return LS_OK;
}
