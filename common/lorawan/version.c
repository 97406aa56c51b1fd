#include "lorawan/version.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/f_cnt.h"

static const struct mac_version_rules rules[MAC_VERSION__COUNT] = {
	[MAC_VERSION_1_0_0] = {"1.0.0", MAX_F_CNT_GAP, false, false, 8},
	[MAC_VERSION_1_0_1] = {"1.0.1", MAX_F_CNT_GAP, false, false, 8},
	[MAC_VERSION_1_0_2] = {"1.0.2", MAX_F_CNT_GAP, false, false, 8},
	[MAC_VERSION_1_0_3] = {"1.0.3", MAX_F_CNT_GAP, false, true, 8},
	[MAC_VERSION_1_0_4] = {"1.0.4", 0, true, true, 0},
};

const struct mac_version_rules *mac_version_rules(enum mac_version v)
{
	return &rules[v];
}

int mac_version_parse(const char *text, enum mac_version *out)
{
	for (unsigned v = 0; v < MAC_VERSION__COUNT; v++) {
		if (strcmp(text, rules[v].name) == 0) {
			*out = (enum mac_version)v;
			return LS_OK;
		}
	}
	if (strcmp(text, "1.1") == 0 || strcmp(text, "1.1.0") == 0 || strcmp(text, "1.1.1") == 0)
		return LS_EVERSION;
	return LS_EFORMAT;
}
