/* config_sample.c - the sample file, printed from the rows of the options. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

static void print_help(FILE *f, const char *text)
{
	/* Comment lines of at most 100 columns. */
	while (*text) {
		size_t n = strlen(text);

		if (n > 96) {
			n = 96;
			while (n > 0 && text[n] != ' ')
				n--;
		}
		fprintf(f, "# %.*s\n", (int)n, text);
		text += n;
		text += *text == ' ';
	}
}

static void print_extra_channels(FILE *f, const struct region_settings *s)
{
	for (unsigned i = 0; i < s->n_extra_channels; i++)
		fprintf(f, "%s%.10g", i ? ", " : "", s->extra_channels[i].freq_hz / 1e6);
	if (!s->n_extra_channels)
		fputs("none", f);
}

/* The region's own value of an option without a preset. */
static void print_region_preset(FILE *f, const struct config_option *o, const struct region_table *table)
{
	struct region_settings s;
	const void *place = (const char *)&s + o->offset;

	region_settings_default(table, &s);
	fprintf(f, "#%s = ", o->name);
	if (o->type == OPTION_CHANNELS)
		fprintf(f, "0-%u", table->max_channels - 1u);
	else if (o->type == OPTION_EXTRA_CHANNELS)
		print_extra_channels(f, &s);
	else if (o->type == OPTION_FREQUENCY)
		fprintf(f, "%.10g", *(const uint32_t *)place / 1e6);
	else if (o->type == OPTION_DWELL)
		fputs(*(const bool *)place ? "true" : "false", f);
	else
		fprintf(f, "%u", *(const uint8_t *)place);
	fputc('\n', f);
}

static void print_explanation(FILE *f, const struct config_option *o)
{
	fputc('\n', f);
	print_help(f, o->help);
	if (o->unit && *o->unit)
		fprintf(f, "# (%s)\n", o->unit);
}

static void print_region_value(FILE *f, const struct config_option *o, const struct region_table *table)
{
	if (strcmp(o->name, "enabled") == 0)
		fprintf(f, "enabled = %s\n", table == region_tables[0] ? "true" : "false");
	else if (!o->preset)
		print_region_preset(f, o, table);
	else
		fprintf(f, "#%s = %s\n", o->name, o->preset);
}

/* Every option is explained where it comes first; later regions have the ones whose default is their own. */
static void print_regions(FILE *f, const struct config_option *first, size_t n)
{
	bool *explained = calloc(n, sizeof(*explained));

	fputs("\n# Regions. [region US915] is the configuration \"us915\"; a second one of the same region has a name of its own:\n"
	      "# [region US915 name=us-2]. The four plans that replaced that of CN470 are CN470_20A, _20B, _26A and _26B.\n",
	      f);
	for (size_t k = 0; explained && region_tables[k]; k++) {
		const struct region_table *table = region_tables[k];

		if (region_table_find(table->name) != table)
			continue; /* another plan */
		fprintf(f, "\n[region %s]\n", table->name);
		for (size_t i = 0; i < n; i++) {
			const struct config_option *o = &first[i];

			if (!config_option_fits(o, table) || (explained[i] && o->preset && strcmp(o->name, "enabled") != 0))
				continue;
			if (!explained[i])
				print_explanation(f, o);
			explained[i] = true;
			print_region_value(f, o, table);
		}
	}
	free(explained);
}

void config_sample(FILE *f)
{
	fputs("# Configuration of loraserverd. Every option stands here with its default; a line is activated by removing\n"
	      "# its '#'. Durations and sizes need their unit. `loraserverd --check -c FILE` validates a file.\n",
	      f);
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (config_is_of_region(o)) {
			size_t n = 0;

			while (i + n < config_n_options && config_is_of_region(&o[n]))
				n++;
			print_regions(f, o, n);
			i += n - 1;
			continue;
		}
		if (i == 0 || strcmp(o->section, config_options[i - 1].section) != 0)
			fprintf(f, "\n[%s]\n", o->section);
		print_explanation(f, o);
		fprintf(f, "#%s = %s\n", o->name, o->preset ? o->preset : "");
	}
}
