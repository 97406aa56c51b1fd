#include "gateway/semtech_codr.h"

#include <string.h>

static const struct {
	const char *text;
	enum code_rate code_rate;
} code_rates[] = {
	/* The first row of each code rate is the one written. */
	{"4/5", CR_4_5},      {"4/6", CR_4_6},      {"4/7", CR_4_7},      {"4/8", CR_4_8}, {"3/8", CR_3_8},
	{"2/6", CR_2_6},      {"1/4", CR_1_4},      {"1/6", CR_1_6},      {"5/6", CR_5_6}, {"4/5LI", CR_LI_4_5},
	{"4/6LI", CR_LI_4_6}, {"4/8LI", CR_LI_4_8}, {"2/3", CR_4_6},      {"1/2", CR_4_8}, {"2/4", CR_4_8},
	{"1/3", CR_2_6},
};

#define N_CODE_RATES (sizeof(code_rates) / sizeof(code_rates[0]))

enum code_rate semtech_codr_read(const char *text, size_t len)
{
	for (size_t i = 0; i < N_CODE_RATES; i++)
		if (strlen(code_rates[i].text) == len && !memcmp(code_rates[i].text, text, len))
			return code_rates[i].code_rate;
	return CR_UNDEFINED;
}

const char *semtech_codr_text(enum code_rate code_rate)
{
	/* A forwarder drops a txpk without codr in silence; 4/5 is what LoRaWAN sends with. */
	if (code_rate == CR_UNDEFINED)
		return "4/5";
	for (size_t i = 0; i < N_CODE_RATES; i++)
		if (code_rates[i].code_rate == code_rate)
			return code_rates[i].text;
	return NULL;
}
