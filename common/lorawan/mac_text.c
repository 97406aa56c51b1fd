/* mac_text.c - MAC commands as people read and write them; everything follows from the rows. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "lorawan/mac.h"

/* The next letter or digit in lower case, '\0' at the end. */
static char next_letter(const char **s)
{
	while (**s && !isalnum((unsigned char)**s))
		(*s)++;
	return **s ? (char)tolower((unsigned char)*(*s)++) : '\0';
}

static bool same_letters(const char *a, const char *b)
{
	char x, y;

	do {
		x = next_letter(&a);
		y = next_letter(&b);
	} while (x && x == y);
	return x == y;
}

/* `text` is `name` without its last word: Req, Ans, Ind or Conf. */
static bool is_stem(const char *text, const char *name)
{
	static const char *const ends[] = {"Req", "Ans", "Ind", "Conf"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);
		char stem[32];

		if (len <= end || len - end >= sizeof(stem) || strcmp(name + len - end, ends[i]) != 0)
			continue;
		memcpy(stem, name, len - end);
		stem[len - end] = '\0';
		return same_letters(text, stem);
	}
	return false;
}

const struct mac_command_row *mac_command_find(const char *name, enum lw_direction dir)
{
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		const struct mac_command_row *row = mac_row((enum mac_id)id);

		if (row->dir == dir && (same_letters(name, row->name) || is_stem(name, row->name)))
			return row;
	}
	return NULL;
}

static void put_field(const struct mac_message *m, unsigned n, char *out, size_t size)
{
	const struct mac_field *f = mac_command_field(m->row, n);
	char hex[2 * MAC_OCTETS_MAX + 1];

	switch (f->kind) {
	case MAC_OCTETS:
	case MAC_OCTETS_REVERSED:
		hex_encode(m->octets, m->n_octets, hex);
		snprintf(out, size, " %s=%s", f->name, m->row->flags & MAC_HOLDS_A_KEY ? "*" : hex);
		break;
	case MAC_DEV_ADDR:
		snprintf(out, size, " %s=%08" PRIx32, f->name, (uint32_t)m->values[n]);
		break;
	case MAC_UNSIGNED:
	case MAC_SIGNED:
	case MAC_FREQUENCY:
		/* A mask says nothing in decimal. */
		if (f->bits == 16 && strstr(f->name, "mask"))
			snprintf(out, size, " %s=0x%04x", f->name, (unsigned)m->values[n]);
		else
			snprintf(out, size, " %s=%" PRId64, f->name, m->values[n]);
		break;
	}
}

char *mac_message_text(const struct mac_message *m, char *out, size_t size)
{
	size_t len;

	snprintf(out, size, "%s", m->row->name);
	for (unsigned n = 0; n < mac_command_n_fields(m->row); n++) {
		len = strlen(out);
		put_field(m, n, out + len, size - len);
	}
	return out;
}

static int set_number(const struct mac_field *f, const char *text, int64_t *value)
{
	int base = f->kind == MAC_DEV_ADDR || !strncmp(text, "0x", 2) ? 16 : 10;
	int64_t min, max;
	long long v;
	char *end;

	errno = 0;
	v = strtoll(text, &end, base);
	if (end == text || *end || isspace((unsigned char)*text))
		return LS_EFORMAT;
	mac_field_range(f, &min, &max);
	if (errno || v < min || v > max)
		return LS_ERANGE;
	*value = v;
	return LS_OK;
}

int mac_set_text(struct mac_message *m, const char *name, const char *text)
{
	for (unsigned n = 0; n < mac_command_n_fields(m->row); n++) {
		const struct mac_field *f = mac_command_field(m->row, n);
		size_t len = strlen(text), got;

		if (!same_letters(name, f->name))
			continue;
		if (f->kind != MAC_OCTETS && f->kind != MAC_OCTETS_REVERSED)
			return set_number(f, text, &m->values[n]);
		if (len > 2 * MAC_OCTETS_MAX || (f->octets && len != 2u * f->octets))
			return LS_ERANGE;
		if (hex_decode(text, len, m->octets, sizeof(m->octets), &got))
			return LS_EFORMAT;
		m->n_octets = (uint8_t)got;
		return LS_OK;
	}
	return LS_ENOTFOUND;
}
