#include "lorawan/version.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/f_cnt.h"

/* NbTrans of LinkADRReq has four bits. */
#define NB_TRANS_MAX 15

/* The rules of 1.0.0 to 1.0.3 on counters and repetitions, the same in all of them. */
#define BEFORE_1_0_4 \
	.max_f_cnt_gap = MAX_F_CNT_GAP, .has_16_bit_counters = true, .has_abp_restart = true, \
	.confirmed_transmissions_max = 8, .unconfirmed_transmissions_max = NB_TRANS_MAX

static const struct mac_version_rules rules[MAC_VERSION__COUNT] = {
	[MAC_VERSION_1_0_0] = {
		.name = "1.0.0", BEFORE_1_0_4,
		.link_adr_form = LINK_ADR_SINGLE,
	},
	[MAC_VERSION_1_0_1] = {
		.name = "1.0.1", BEFORE_1_0_4,
		.link_adr_form = LINK_ADR_SINGLE,
	},
	[MAC_VERSION_1_0_2] = {
		.name = "1.0.2", BEFORE_1_0_4,
		.link_adr_form = LINK_ADR_BLOCK,
	},
	[MAC_VERSION_1_0_3] = {
		.name = "1.0.3", BEFORE_1_0_4,
		.has_cf_list_type1 = true,
		.link_adr_form = LINK_ADR_BLOCK,
		.has_class_b = true,
	},
	[MAC_VERSION_1_0_4] = {
		.name = "1.0.4",
		.dev_nonce_is_counter = true, .has_cf_list_type1 = true,
		.link_adr_form = LINK_ADR_BLOCK, .keep_is_15 = true, .nb_trans_0_keeps = true,
		.has_class_b = true, .has_beacon_param = true,
	},
	[MAC_VERSION_1_1_0] = {
		.name = "1.1.0", .is_1_1 = true,
		.dev_nonce_is_counter = true, .has_cf_list_type1 = true,
		.link_adr_form = LINK_ADR_BLOCK_ONE_ANSWER, .keep_is_15 = true, .nb_trans_0_keeps = true,
		.has_class_b = true,
	},
};

const struct mac_version_rules *mac_version_rules(enum mac_version v)
{
	return &rules[v];
}

int mac_version_parse(const char *text, enum mac_version *out)
{
	if (strcmp(text, "1.1") == 0)
		text = rules[MAC_VERSION_1_1_0].name;
	for (unsigned v = 0; v < MAC_VERSION__COUNT; v++) {
		if (strcmp(text, rules[v].name) == 0) {
			*out = (enum mac_version)v;
			return LS_OK;
		}
	}
	return strcmp(text, "1.1.1") == 0 ? LS_EVERSION : LS_EFORMAT;
}
