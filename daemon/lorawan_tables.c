#include "lorawan_tables.h"

#include <string.h>

#include "base/error.h"
#include "lorawan/mac.h"
#include "lorawan/region.h"
#include "lorawan/version.h"
#include "network/adr.h"
#include "network/drop_reason.h"

static void print_regions(FILE *f)
{
	fputs("region\tMHz\tplan\tRX2\tADR up to\tsince\n", f);
	for (const struct region_table *const *t = region_tables; *t; t++) {
		const struct region_table *r = *t;

		fprintf(f, "%s%s%s\t%g-%g\t%s\t%g MHz, DR%u\tDR%u\t%s\n", r->name, r->plan ? " " : "", r->plan ? r->plan : "",
		        r->freq_min_hz / 1e6, r->freq_max_hz / 1e6, r->is_fixed_plan ? "fixed" : "dynamic", r->rx2_freq_hz / 1e6,
		        r->rx2_dr, r->params[REG_PARAMS__COUNT - 1]->max_adr_dr, reg_params_revision_name(r->since));
	}
}

/* ---- what differs by version: a row here shows a column of mac_version_rules ------------------- */

typedef void print_rule(FILE *f, const struct mac_version_rules *r);

static void yes_no(FILE *f, bool yes)
{
	fputs(yes ? "yes" : "no", f);
}

static void is_1_1(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->is_1_1);
}

static void gap(FILE *f, const struct mac_version_rules *r)
{
	if (r->max_f_cnt_gap)
		fprintf(f, "%u", r->max_f_cnt_gap);
	else
		fputs("any", f);
}

static void counters_16(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->has_16_bit_counters);
}

static void abp_restart(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->has_abp_restart);
}

static void transmissions(FILE *f, const struct mac_version_rules *r)
{
	if (r->confirmed_transmissions_max)
		fprintf(f, "%u", r->confirmed_transmissions_max);
	else
		fputs("NbTrans", f);
}

static void dev_nonce(FILE *f, const struct mac_version_rules *r)
{
	fputs(r->dev_nonce_is_counter ? "counter" : "set", f);
}

static void cf_list(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->has_cf_list_type1);
}

static void link_adr(FILE *f, const struct mac_version_rules *r)
{
	fputs(r->link_adr_form == LINK_ADR_SINGLE ? "single" : "block", f);
}

static void one_answer(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->link_adr_form == LINK_ADR_BLOCK_ONE_ANSWER);
}

static void keep_15(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->keep_is_15);
}

static void class_b(FILE *f, const struct mac_version_rules *r)
{
	yes_no(f, r->has_class_b);
}

static const struct {
	const char *words;
	print_rule *print;
} rules[] = {
	{"two root keys, rejoin, encrypted FOpts", is_1_1},
	{"largest jump of the uplink counter", gap},
	{"16-bit counters possible", counters_16},
	{"ABP may start its counter again", abp_restart},
	{"transmissions of a confirmed uplink", transmissions},
	{"DevNonce", dev_nonce},
	{"CFList of channel masks", cf_list},
	{"several LinkADRReq", link_adr},
	{"one answer to a block of them", one_answer},
	{"LinkADRReq value 15 keeps", keep_15},
	{"class B", class_b},
};

static void print_versions(FILE *f)
{
	fputs("rule", f);
	for (unsigned v = 0; v < MAC_VERSION__COUNT; v++)
		fprintf(f, "\t%s", mac_version_rules((enum mac_version)v)->name);
	fputc('\n', f);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		fputs(rules[i].words, f);
		for (unsigned v = 0; v < MAC_VERSION__COUNT; v++) {
			fputc('\t', f);
			rules[i].print(f, mac_version_rules((enum mac_version)v));
		}
		fputc('\n', f);
	}
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static void print_commands(FILE *f)
{
	fputs("CID\tfrom the device\tto the device\tsince\n", f);
	for (unsigned cid = 0; cid < 256; cid++) {
		const struct mac_command_row *up = mac_command_row((uint8_t)cid, LW_UP);
		const struct mac_command_row *down = mac_command_row((uint8_t)cid, LW_DOWN);

		if (up || down)
			fprintf(f, "%02x\t%s\t%s\t%s\n", cid, up ? up->name : "-", down ? down->name : "-",
			        mac_version_rules((up ? up : down)->since)->name);
	}
}

static void print_adr(FILE *f)
{
	fputs("algorithm\twhat it does\n", f);
	for (const struct adr_algorithm *const *a = adr_algorithms; *a; a++)
		fprintf(f, "%s\t%s\n", (*a)->name, (*a)->help);
}

static void print_drops(FILE *f)
{
	fputs("reason\twhy\tnext step\n", f);
	for (int r = DROP_NONE + 1; r < DROP__COUNT; r++) {
		enum drop_reason reason = (enum drop_reason)r;

		fprintf(f, "%s\t%s\t%s\n", drop_reason_name(reason), drop_reason_words(reason), drop_reason_hint(reason));
	}
}

int lorawan_table_print(FILE *f, const char *name)
{
	static const struct {
		const char *name;
		void (*print)(FILE *f);
	} tables[] = {
		{"regions", print_regions}, {"versions", print_versions}, {"commands", print_commands},
		{"adr", print_adr}, {"drops", print_drops},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(tables[i].name, name) == 0) {
			tables[i].print(f);
			return LS_OK;
		}
	}
	return LS_EUSAGE;
}
