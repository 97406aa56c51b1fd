/*
 * region_revision.h - revisions of the regional parameters a device can be built to.
 *
 * A profile names one as ChirpStack does: "A", "B" (of the text that belongs to its LoRaWAN version) or
 * "RP002-1.0.0" to "RP002-1.0.5"; the full names of the older texts are accepted too.
 */
#ifndef LS_LORAWAN_REGION_REVISION_H
#define LS_LORAWAN_REGION_REVISION_H

#include "lorawan/version.h"

enum reg_params_revision {
	REG_PARAMS_1_0_1,          /* the chapter in the LoRaWAN 1.0 and 1.0.1 texts */
	REG_PARAMS_RP001_1_0_2,
	REG_PARAMS_RP001_1_0_2_B,
	REG_PARAMS_RP001_1_0_3_A,
	REG_PARAMS_RP001_1_1_A,
	REG_PARAMS_RP001_1_1_B,
	REG_PARAMS_RP002_1_0_0,
	REG_PARAMS_RP002_1_0_1,
	REG_PARAMS_RP002_1_0_2,
	REG_PARAMS_RP002_1_0_3,
	REG_PARAMS_RP002_1_0_4,
	REG_PARAMS_RP002_1_0_5,
	REG_PARAMS__COUNT
};

/* The one meant when a profile of this version names none. */
enum reg_params_revision reg_params_revision_default(enum mac_version v);

/* "RP001-1.0.2-B", "RP002-1.0.4" ...; a static text. */
const char *reg_params_revision_name(enum reg_params_revision rev);

/* By name; "-", "_", "." and case do not matter. "A" and "B" depend on the version; "" is the default. LS_EFORMAT. */
int reg_params_revision_parse(const char *text, enum mac_version v, enum reg_params_revision *out);

#endif
