/* designation.c - see designation.h. */
#include "control/designation.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/eui.h"
#include "base/word_list.h"

#define EUI_DIGITS 16
#define ABBREVIATION_MIN 4

enum designation_kind designation_kind(const char *text, const char **value)
{
	static const char *const words[] = {
		[DESIGNATION_EUI] = "eui:", [DESIGNATION_NAME] = "name:", [DESIGNATION_ADDR] = "addr:",
		[DESIGNATION_ID] = "id:",   [DESIGNATION_TAG] = "tag:",
	};

	*value = text;
	for (size_t i = DESIGNATION_EUI; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0) {
			*value = text + strlen(words[i]);
			return (enum designation_kind)i;
		}
	return DESIGNATION_ANY;
}

/* --- heads and tails --- */

struct abbreviation {
	uint64_t digits;
	unsigned n;
};

static bool abbreviation_parse(const char *text, struct abbreviation *out)
{
	*out = (struct abbreviation){0};
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text; text++) {
		if (strchr("-:.", *text))
			continue;
		if (!isxdigit((unsigned char)*text) || ++out->n >= EUI_DIGITS)
			return false;
		char c = (char)tolower((unsigned char)*text);

		out->digits = out->digits << 4 | (uint64_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
	}
	return out->n >= ABBREVIATION_MIN;
}

bool designation_is_abbreviation(const char *text)
{
	struct abbreviation a;

	return abbreviation_parse(text, &a);
}

static bool abbreviates(const struct abbreviation *a, struct eui64 eui)
{
	uint64_t v = eui64_to_u64(eui);
	unsigned bits = 4 * a->n;

	return v >> (64 - bits) == a->digits || (v & ((UINT64_C(1) << bits) - 1)) == a->digits;
}

/* --- candidates --- */

static void add(struct candidates *out, struct eui64 id, const char *name, const struct tenant *t)
{
	if (out->n < CANDIDATES_NAMED) {
		struct candidate *c = &out->at[out->n];

		eui64_format(id, c->id);
		c->name = name;
		c->tenant = t;
	}
	out->n++;
}

static bool device_in(const struct device *d, struct designation_scope scope)
{
	if (scope.application)
		return d->application == scope.application;
	return !scope.tenant || d->application->tenant == scope.tenant;
}

static void add_device(struct candidates *out, const struct device *d)
{
	add(out, d->dev_eui, d->name, d->application->tenant);
}

static bool is_device(const struct entity *e)
{
	return e == &model_entities[E_DEVICE];
}

void designation_by_abbreviation(const struct fleet *f, const struct entity *e, struct designation_scope scope,
                                 const char *text, struct candidates *out)
{
	struct abbreviation a;
	size_t at = 0;

	*out = (struct candidates){0};
	if (!abbreviation_parse(text, &a))
		return;
	if (e == &model_entities[E_GATEWAY]) {
		const struct gateway *g;

		while ((g = ptr_table_next(&f->gateways, &at)))
			if ((!scope.tenant || g->tenant == scope.tenant) && abbreviates(&a, g->id))
				add(out, g->id, g->name, g->tenant);
	}
	if (is_device(e)) {
		const struct device *d;

		while ((d = ptr_table_next(&f->devices, &at)))
			if (device_in(d, scope) && (abbreviates(&a, d->dev_eui) ||
			                            (a.n == 8 && device_session_of(d, (uint32_t)a.digits))))
				add_device(out, d);
	}
}

void designation_by_dev_addr(const struct fleet *f, const struct entity *e, struct designation_scope scope,
                             const char *text, struct candidates *out)
{
	uint32_t dev_addr;
	size_t at = 0;
	const struct device *d;

	*out = (struct candidates){0};
	if (!is_device(e) || dev_addr_parse(text, &dev_addr) != LS_OK)
		return;
	while ((d = ptr_table_next(&f->devices, &at)))
		if (device_in(d, scope) && device_session_of(d, dev_addr))
			add_device(out, d);
}

static bool has_tag(const struct device *d, const char *key, size_t key_len, const char *value)
{
	json_t *tags = d->tags ? json_loads(d->tags, 0, NULL) : NULL;
	const char *own = json_string_value(json_object_getn(tags, key, key_len));
	bool same = own && strcmp(own, value) == 0;

	json_decref(tags);
	return same;
}

void designation_by_tag(const struct fleet *f, const struct entity *e, struct designation_scope scope, const char *text,
                        struct candidates *out)
{
	const char *equals = strchr(text, '=');
	const struct device *d;
	size_t at = 0;

	*out = (struct candidates){0};
	if (!is_device(e) || !equals)
		return;
	while ((d = ptr_table_next(&f->devices, &at)))
		if (device_in(d, scope) && has_tag(d, text, (size_t)(equals - text), equals + 1))
			add_device(out, d);
}

void designation_by_name(const struct fleet *f, const struct entity *e, struct designation_scope scope, const char *text,
                         struct candidates *out)
{
	const struct device *d;
	size_t at = 0;

	*out = (struct candidates){0};
	if (!is_device(e))
		return;
	while ((d = ptr_table_next(&f->devices, &at)))
		if (device_in(d, scope) && strcmp(d->name, text) == 0)
			add_device(out, d);
}

char *candidates_text(const struct candidates *c, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < c->n && i < CANDIDATES_NAMED; i++) {
		char one[EUI64_TEXT_SIZE + 64];

		snprintf(one, sizeof(one), "%.16s %.60s", c->at[i].id, c->at[i].name);
		word_list_add(buf, size, ", ", one);
	}
	if (c->n > CANDIDATES_NAMED)
		word_list_add(buf, size, ", ", "...");
	return buf;
}
