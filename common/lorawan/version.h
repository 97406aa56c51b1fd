/*
 * version.h - LoRaWAN versions a profile can name, and what follows from each (frames.md section 16). Everything that
 * differs by version is a column here; what differs by MAC command is in the command's own row (mac.h).
 */
#ifndef LS_LORAWAN_VERSION_H
#define LS_LORAWAN_VERSION_H

#include <stdbool.h>
#include <stdint.h>

/* Later versions are greater. */
enum mac_version {
	MAC_VERSION_1_0_0,
	MAC_VERSION_1_0_1,
	MAC_VERSION_1_0_2,
	MAC_VERSION_1_0_3,
	MAC_VERSION_1_0_4,
	MAC_VERSION_1_1_0,
	MAC_VERSION__COUNT
};

/* What several LinkADRReq in one downlink are. */
enum link_adr_form {
	LINK_ADR_SINGLE,           /* each stands alone and is answered alone */
	LINK_ADR_BLOCK,            /* one atomic block; an answer for each, all the same */
	LINK_ADR_BLOCK_ONE_ANSWER, /* one atomic block, one answer */
};

struct mac_version_rules {
	const char *name;                      /* "1.0.3" */
	bool is_1_1;                           /* two root keys, encrypted FOpts, split counters, rejoin, Rekey and Reset */

	/* counters */
	uint32_t max_f_cnt_gap;                /* 0: no limit */
	bool has_16_bit_counters;              /* a device may keep 16 bits and begin again after 65535 */
	bool has_abp_restart;                  /* an ABP device may begin again at 0 */

	/* repetitions of one uplink counter; 0: NbTrans */
	uint8_t confirmed_transmissions_max;   /* 8 is the device's own scheme before 1.0.4 */
	uint8_t unconfirmed_transmissions_max;

	/* join */
	bool dev_nonce_is_counter;             /* else random, no value twice */
	bool has_cf_list_type1;

	/* MAC */
	enum link_adr_form link_adr_form;
	bool keep_is_15;                       /* DataRate and TXPower 15 keep the present value */
	bool nb_trans_0_keeps;                 /* else 0 means the default, 1 */

	/* class B */
	bool has_class_b;                      /* as in TS001-1.0.4; the drafts before are another protocol */
	bool has_beacon_param;                 /* the beacon carries the Param octet */
};

/* The row of a version; v must be a valid enum value. */
const struct mac_version_rules *mac_version_rules(enum mac_version v);

/* "1.0.0" .. "1.0.4", "1.1.0" or "1.1". LS_EVERSION for "1.1.1" (known, not supported); LS_EFORMAT else. */
int mac_version_parse(const char *text, enum mac_version *out);

#endif
