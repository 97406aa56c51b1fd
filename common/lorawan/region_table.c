#include "lorawan/region_table.h"

#include <ctype.h>
#include <stddef.h>

const struct region_table *const region_tables[] = {
	&region_eu868, &region_us915, &region_cn779, &region_eu433, &region_au915, &region_cn470_rp001, &region_cn470_20a,
	&region_cn470_20b, &region_cn470_26a, &region_cn470_26b, &region_as923, &region_as923_2, &region_as923_3,
	&region_as923_4, &region_kr920, &region_in865, &region_ru864, &region_ism2400, NULL,
};

const uint8_t tx_param_setup_eirp_dbm[16] = {8, 10, 12, 13, 14, 16, 18, 20, 21, 24, 26, 27, 29, 30, 33, 36};

/* Is `a` the name `b`, or `b` with the name of a channel plan behind it? */
static bool is_same_name(const char *a, const char *b, const char *plan)
{
	for (;;) {
		while (*a == '-' || *a == '_')
			a++;
		while (*b == '-' || *b == '_')
			b++;
		if (!*b && *a && plan)
			return is_same_name(a, plan, NULL);
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

const struct region_table *region_table_find(const char *name)
{
	for (size_t i = 0; region_tables[i]; i++)
		if (is_same_name(name, region_tables[i]->name, region_tables[i]->plan))
			return region_tables[i];
	return NULL;
}


bool region_table_has_frequency(const struct region_table *table, uint32_t freq_hz)
{
	return freq_hz >= table->freq_min_hz && freq_hz <= table->freq_max_hz;
}

int8_t region_table_max_eirp_dbm(const struct region_table *table)
{
	return (int8_t)table->params[REG_PARAMS_RP002_1_0_4]->tx_powers->max_eirp_dbm; /* positive: cutting is floor */
}
