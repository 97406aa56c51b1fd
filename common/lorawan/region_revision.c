#include "lorawan/region_revision.h"

#include <ctype.h>
#include <stdbool.h>

#include "base/error.h"

static const char *const names[REG_PARAMS__COUNT] = {
	[REG_PARAMS_1_0_1] = "LoRaWAN-1.0.1",
	[REG_PARAMS_RP001_1_0_2] = "RP001-1.0.2",
	[REG_PARAMS_RP001_1_0_2_B] = "RP001-1.0.2-B",
	[REG_PARAMS_RP001_1_0_3_A] = "RP001-1.0.3-A",
	[REG_PARAMS_RP001_1_1_A] = "RP001-1.1-A",
	[REG_PARAMS_RP001_1_1_B] = "RP001-1.1-B",
	[REG_PARAMS_RP002_1_0_0] = "RP002-1.0.0",
	[REG_PARAMS_RP002_1_0_1] = "RP002-1.0.1",
	[REG_PARAMS_RP002_1_0_2] = "RP002-1.0.2",
	[REG_PARAMS_RP002_1_0_3] = "RP002-1.0.3",
	[REG_PARAMS_RP002_1_0_4] = "RP002-1.0.4",
	[REG_PARAMS_RP002_1_0_5] = "RP002-1.0.5",
};

/* What a version means by no revision, by A and by B. Versions 1.0.0 and 1.0.1 carry their regions in the text. */
static const struct {
	enum reg_params_revision none, a, b;
} by_version[MAC_VERSION__COUNT] = {
	[MAC_VERSION_1_0_0] = {REG_PARAMS_1_0_1, REG_PARAMS_1_0_1, REG_PARAMS_1_0_1},
	[MAC_VERSION_1_0_1] = {REG_PARAMS_1_0_1, REG_PARAMS_1_0_1, REG_PARAMS_1_0_1},
	[MAC_VERSION_1_0_2] = {REG_PARAMS_RP001_1_0_2_B, REG_PARAMS_RP001_1_0_2, REG_PARAMS_RP001_1_0_2_B},
	[MAC_VERSION_1_0_3] = {REG_PARAMS_RP001_1_0_3_A, REG_PARAMS_RP001_1_0_3_A, REG_PARAMS_RP001_1_0_3_A},
	[MAC_VERSION_1_0_4] = {REG_PARAMS_RP002_1_0_4, REG_PARAMS_RP002_1_0_0, REG_PARAMS_RP002_1_0_0},
	[MAC_VERSION_1_1_0] = {REG_PARAMS_RP001_1_1_B, REG_PARAMS_RP001_1_1_A, REG_PARAMS_RP001_1_1_B},
};

enum reg_params_revision reg_params_revision_default(enum mac_version v)
{
	return by_version[v].none;
}

const char *reg_params_revision_name(enum reg_params_revision rev)
{
	return names[rev];
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.' || c == ' ';
}

static bool is_same(const char *a, const char *b)
{
	for (;;) {
		while (is_separator(*a))
			a++;
		while (is_separator(*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

int reg_params_revision_parse(const char *text, enum mac_version v, enum reg_params_revision *out)
{
	if (is_same(text, "")) {
		*out = by_version[v].none;
		return LS_OK;
	}
	if (is_same(text, "A") || is_same(text, "B")) {
		*out = is_same(text, "A") ? by_version[v].a : by_version[v].b;
		return LS_OK;
	}
	for (unsigned i = 0; i < REG_PARAMS__COUNT; i++) {
		if (is_same(text, names[i])) {
			*out = (enum reg_params_revision)i;
			return LS_OK;
		}
	}
	return LS_EFORMAT;
}
