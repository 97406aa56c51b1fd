/* version.h - LoRaWAN versions a profile can name, and what follows from each. */
#ifndef LS_LORAWAN_VERSION_H
#define LS_LORAWAN_VERSION_H

#include <stdbool.h>
#include <stdint.h>

enum mac_version {
	MAC_VERSION_1_0_0,
	MAC_VERSION_1_0_1,
	MAC_VERSION_1_0_2,
	MAC_VERSION_1_0_3,
	MAC_VERSION_1_0_4,
	MAC_VERSION__COUNT
};

struct mac_version_rules {
	const char *name;         /* "1.0.3" */
	uint32_t max_f_cnt_gap;   /* 0: no limit */
	bool dev_nonce_is_counter;
	bool has_cf_list_type1;
	uint8_t confirmed_transmissions_max; /* 8 before 1.0.4, then NbTrans (0 here) */
};

/* The row of a version; v must be a valid enum value. */
const struct mac_version_rules *mac_version_rules(enum mac_version v);

/* "1.0.0" .. "1.0.4". LS_EVERSION for "1.1", "1.1.0", "1.1.1" (known, not supported); LS_EFORMAT else. */
int mac_version_parse(const char *text, enum mac_version *out);

#endif
