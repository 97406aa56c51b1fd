/* config_value.h - one value of the configuration file, from its text; used by config.c alone. */
#ifndef LS_CONFIG_VALUE_H
#define LS_CONFIG_VALUE_H

#include "config.h"

#define CONFIG_WHY_SIZE 200
#define CONFIG_HINT_SIZE 200

/*
 * Parse text by the option's type into its place: base is the struct config, or the struct
 * region_settings for options of a region (table then names the region, else NULL). LS_EFORMAT, LS_ERANGE,
 * LS_ENOMEM with a sentence in why and, where one is known, what to write instead in hint.
 */
int config_value_parse(const struct config_option *o, const struct region_table *table, const char *text, void *base,
                       char why[CONFIG_WHY_SIZE], char hint[CONFIG_HINT_SIZE]);

#endif
