/*
 * config.c - the rows of all options, and the reader of the file.
 *
 * libinih cuts lines into names and values; the traps it has are handled here. It tells no line
 * numbers and cuts section names, so lines pass through a reader that counts them and keeps the
 * section itself. It goes on after a bad line and reports only the first, so a line that came and was
 * not handed out is reported here.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/safe_text.h"
#include "base/word_list.h"
#include "config_value.h"
#include "log.h"
#include "model/model.h"

#define MS INT64_C(1000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
#define GIB (INT64_C(1) << 30)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CONFIG_TABLES_MAX 32 /* regions and their plans */

#define IN_CONFIG(member) offsetof(struct config, member)
#define IN_REGION(member) offsetof(struct region_settings, member)

const struct config_option config_options[] = {
	{"server", "data_dir", OPTION_PATH, IN_CONFIG(data_dir), 0, PATH_MAX - 64, NULL, "path",
	 "Directory of the database; made if it is missing. Default: /var/lib/loraserver for root, else "
	 "$XDG_STATE_HOME/loraserver."},
	{"server", "socket", OPTION_PATH, IN_CONFIG(socket), 0, 0, NULL, "path",
	 "Control socket, in a directory nobody else can write to. Default: /run/loraserver/control.sock for root, else "
	 "$XDG_RUNTIME_DIR/loraserver/control.sock."},
	{"server", "log_level", OPTION_LEVEL, IN_CONFIG(log_level), 0, 0, "info", "debug, info, notice, warning, error",
	 "Least urgent messages that are logged."},
	{"server", "admin_group", OPTION_GROUP, IN_CONFIG(admin_group), 0, 0, "", "group",
	 "Members of this system group administer the server, besides root and the daemon's own user."},

	{"network", "net_id", OPTION_NET_ID, IN_CONFIG(net_id), 0, 0, "000000", "6 hex digits",
	 "NetID; the addresses given to devices that join begin with its prefix."},
	{"network", "deduplication_delay", OPTION_DURATION, IN_CONFIG(deduplication_delay_us), 10 * MS, 1000 * MS,
	 "200ms", "ms, s", "How long copies of one uplink are collected from several gateways."},
	{"network", "downlink_data_delay", OPTION_DURATION, IN_CONFIG(downlink_data_delay_us), 0, 1000 * MS, "100ms",
	 "ms, s", "How long an application has after an event to queue its answer."},

	{"region", "enabled", OPTION_BOOL, IN_REGION(enabled), 0, 0, "true", "true, false",
	 "Serve this region. Without any [region ...] section EU868 is served."},
	{"region", "rx1_delay", OPTION_SECONDS, IN_REGION(rx1_delay_s), 1, 15, "1s", "s",
	 "From the end of an uplink to the first receive window, told to devices that join."},
	{"region", "rx1_dr_offset", OPTION_DR, IN_REGION(rx1_dr_offset), 0, 7, "0", "",
	 "How much slower than the uplink the first window answers, told to devices that join."},
	{"region", "rx2_dr", OPTION_DR, IN_REGION(rx2_dr), 0, 15, NULL, "",
	 "Data rate of the second window, told to devices that join."},
	{"region", "downlink_tx_power", OPTION_POWER, IN_REGION(downlink_tx_power_dbm), 0, 36, "auto", "dBm EIRP",
	 "Power of downlinks; auto is the limit of the frequency."},
	{"region", "repeater_compatible", OPTION_BOOL, IN_REGION(repeater_compatible), 0, 0, "false", "true, false",
	 "Keep payloads short enough for repeaters."},
	{"region", "extra_channels", OPTION_FREQUENCIES, IN_REGION(extra_channels), 0, 0, NULL, "Hz or MHz",
	 "Uplink channels besides the default ones, told to devices that join; none for none."},
	{"region", "enabled_uplink_channels", OPTION_CHANNELS, IN_REGION(uplink_mask), 0, 0, NULL, "numbers",
	 "Channels the gateways listen to: 8-15,65 is sub-band 2."},

	{"semtech_udp", "bind", OPTION_ADDRESS, IN_CONFIG(bind), 0, 0, "127.0.0.1:1700", "address:port",
	 "Where packet forwarders send to. The protocol has no authentication: open it to networks you trust only."},
	{"semtech_udp", "rcvbuf", OPTION_SIZE, IN_CONFIG(rcvbuf_bytes), 0, GIB, "8MiB", "KiB, MiB",
	 "Receive buffer asked of the kernel; what it grants is in `lsctl status`."},

	{"store", "events_max_age", OPTION_DURATION, IN_CONFIG(events_max_age_us), 60 * SECOND, 36500 * DAY, "30d",
	 "m, h, d", "Events older than this are removed from the log."},
	{"store", "events_max_size", OPTION_SIZE, IN_CONFIG(events_max_bytes), 1 << 20, 1024 * 16 * GIB, "1GiB",
	 "MiB, GiB, TiB", "The oldest events are removed when the log is larger."},
	{"store", "frames_max", OPTION_INT, IN_CONFIG(frames_max), 0, INT64_C(1000000000), "100000", "frames",
	 "How many frames are kept for `lsctl frame list`."},
};
const size_t config_n_options = COUNT(config_options);

static const char *const section_names[] = {"server", "network", "semtech_udp", "store"};

/* --- defaults --- */

static bool is_region_option(const struct config_option *o)
{
	return strcmp(o->section, "region") == 0;
}

/* Some options exist only for one kind of channel plan. */
static bool option_fits(const struct config_option *o, const struct region_table *table)
{
	if (o->type == OPTION_CHANNELS)
		return table->is_fixed_plan;
	if (o->type == OPTION_FREQUENCIES)
		return !table->is_fixed_plan;
	return true;
}

/* Of a region with several channel plans only the first has a section. */
static bool is_default_plan(const struct region_table *table)
{
	return region_table_find(table->name) == table;
}

static int set_defaults(struct config *c)
{
	char why[CONFIG_WHY_SIZE], hint[CONFIG_HINT_SIZE];
	int rc = LS_OK;

	*c = (struct config){.data_dir = strdup(""), .socket = strdup("")};
	if (!c->data_dir || !c->socket)
		return LS_ENOMEM;
	for (size_t i = 0; region_tables[i] && c->n_regions < CONFIG_REGIONS_MAX; i++) {
		struct config_region *r;

		if (!is_default_plan(region_tables[i]))
			continue;
		r = &c->regions[c->n_regions++];
		r->table = region_tables[i];
		region_settings_default(r->table, &r->settings);
		r->settings.enabled = false;
	}
	for (size_t i = 0; i < config_n_options && !rc; i++) {
		const struct config_option *o = &config_options[i];

		if (o->preset && !is_region_option(o))
			rc = config_value_parse(o, NULL, o->preset, c, why, hint);
	}
	return rc;
}

void config_free(struct config *c)
{
	free(c->data_dir);
	free(c->socket);
	free(c->admin_group);
	free(c->bind);
	*c = (struct config){0};
}

/* --- the file --- */

#define LINE_MAX_CHARS 8000

struct reading {
	FILE *f;
	const char *name;
	struct config *config;
	struct text_buf *errors;
	unsigned line;          /* being read */
	bool in_line;           /* its end was not seen yet */
	size_t line_len;
	bool is_entry;          /* the line is neither blank, comment nor section */
	bool is_handled;        /* ... and libinih understood it */
	char text[64];          /* its beginning, for the message */
	char section[64];       /* "" before the first */
	bool section_bad;       /* reported already: its keys are not */
	struct config_region *region; /* when the section is [region NAME] */
	bool any_region;
	/* line where each option was given; a row per section instance */
	unsigned given[CONFIG_REGIONS_MAX + 1][COUNT(config_options)];
};

__attribute__((format(printf, 4, 5))) static void add_error(struct reading *r, unsigned line, const char *hint,
                                                           const char *fmt, ...)
{
	char text[400], safe[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	safe_text(text, strlen(text), safe, sizeof(safe));
	if (line)
		text_printf(r->errors, "%s:%u: %s\n", r->name, line, safe);
	else
		text_printf(r->errors, "%s: %s\n", r->name, safe);
	if (hint && *hint) {
		safe_text(hint, strlen(hint), safe, sizeof(safe));
		text_printf(r->errors, "  try: %s\n", safe);
	}
}

static const char *nearest_section(const char *word)
{
	const char *names[COUNT(section_names) + CONFIG_TABLES_MAX];
	static const char *const region_prefix = "region ";
	size_t n = 0;

	for (; n < COUNT(section_names); n++)
		names[n] = section_names[n];
	if (strncmp(word, region_prefix, strlen(region_prefix)) == 0) {
		word += strlen(region_prefix);
		for (n = 0; region_tables[n]; n++)
			names[n] = region_tables[n]->name;
	}
	return nearest_word(word, names, n);
}

static void enter_region(struct reading *r, const char *name)
{
	const struct region_table *table = region_table_find(name);

	for (size_t i = 0; table && i < r->config->n_regions; i++) {
		struct config_region *region = &r->config->regions[i];

		if (region->table != table)
			continue;
		if (region->line)
			add_error(r, r->line, NULL, "section [region %s] was given in line %u already", table->name, region->line);
		else
			region->settings.enabled = true; /* the section alone enables it */
		region->line = r->line;
		r->region = region;
		r->any_region = true;
		return;
	}
	char known[200] = "";
	const char *near = nearest_section(r->section);
	char hint[80] = "";

	for (size_t i = 0; region_tables[i]; i++)
		if (is_default_plan(region_tables[i]))
			word_list_add(known, sizeof(known), ", ", region_tables[i]->name);
	if (near)
		snprintf(hint, sizeof(hint), "[region %s]", near);
	add_error(r, r->line, hint, "unknown region '%.40s' (%s)", name, known);
	r->section_bad = true;
	r->any_region = true;
}

static void enter_section(struct reading *r, const char *name, size_t len)
{
	const char *near;
	char hint[80] = "";

	r->region = NULL;
	r->section_bad = false;
	snprintf(r->section, sizeof(r->section), "%.*s", (int)(len < 60 ? len : 60), name);
	for (size_t i = 0; i < COUNT(section_names); i++)
		if (strcmp(r->section, section_names[i]) == 0)
			return;
	if (strncmp(r->section, "region", 6) == 0 && (r->section[6] == ' ' || !r->section[6])) {
		enter_region(r, r->section + 6 + strspn(r->section + 6, " "));
		return;
	}
	near = nearest_section(r->section);
	if (near)
		snprintf(hint, sizeof(hint), "[%s]", near);
	add_error(r, r->line, hint, "unknown section [%s]", r->section);
	r->section_bad = true;
}

static void end_line(struct reading *r)
{
	if (r->line && r->is_entry && !r->is_handled)
		add_error(r, r->line, NULL, "not a [section], nor name = value: %s", r->text);
}

static void begin_line(struct reading *r, const char *s)
{
	const char *end;
	size_t n;

	end_line(r);
	r->line++;
	r->line_len = 0;
	r->is_entry = r->is_handled = false;
	if (r->line == 1 && strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	s += strspn(s, " \t\r\n");
	if (!*s || *s == ';' || *s == '#')
		return;
	end = strchr(s, ']');
	if (*s == '[' && end) {
		enter_section(r, s + 1, (size_t)(end - s - 1));
		return;
	}
	r->is_entry = true;
	n = strcspn(s, "\r\n");
	snprintf(r->text, sizeof(r->text), "%.*s", (int)(n < 50 ? n : 50), s);
}

/* ini_reader: fgets() that counts lines; a long line comes in several pieces. */
static char *read_piece(char *piece, int size, void *arg)
{
	struct reading *r = arg;
	char *got = fgets(piece, size, r->f);
	size_t len;

	if (!got) {
		end_line(r);
		r->is_entry = false;
		return NULL;
	}
	if (!r->in_line)
		begin_line(r, piece);
	len = strlen(piece);
	if (r->line_len <= LINE_MAX_CHARS && r->line_len + len > LINE_MAX_CHARS)
		add_error(r, r->line, NULL, "the line is longer than %d characters", LINE_MAX_CHARS);
	r->line_len += len;
	r->in_line = len > 0 && piece[len - 1] != '\n';
	if (len == 0) { /* the line begins with NUL */
		r->in_line = false;
		r->is_entry = true;
	}
	return piece;
}

static void unknown_option(struct reading *r, const char *name)
{
	const char *names[COUNT(config_options)], *near;
	char elsewhere[100] = "";
	size_t n = 0;

	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (r->region ? is_region_option(o) && option_fits(o, r->region->table) : strcmp(o->section, r->section) == 0)
			names[n++] = o->name;
		else if (strcmp(o->name, name) == 0)
			snprintf(elsewhere, sizeof(elsewhere), "%s, in [%s%s]", name, o->section,
			         is_region_option(o) ? " NAME" : "");
	}
	near = nearest_word(name, names, n);
	add_error(r, r->line, near ? near : elsewhere, "unknown option '%.60s' in [%s]", name, r->section);
}

static const struct config_option *find_option(const struct reading *r, const char *name)
{
	const char *section = r->region ? "region" : r->section;

	for (size_t i = 0; i < config_n_options; i++)
		if (strcmp(config_options[i].section, section) == 0 && strcmp(config_options[i].name, name) == 0)
			return &config_options[i];
	return NULL;
}

/* ini_handler */
static int take_value(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	const struct config_option *o;
	char why[CONFIG_WHY_SIZE], hint[CONFIG_HINT_SIZE];
	unsigned *given;

	(void)section; /* cut at 49 characters */
	r->is_handled = true;
	if (r->section_bad)
		return 1;
	if (!r->section[0]) {
		add_error(r, r->line, "[server]", "'%.60s' stands before the first section", name);
		r->section_bad = true;
		return 1;
	}
	o = find_option(r, name);
	if (!o) {
		unknown_option(r, name);
		return 1;
	}
	if (r->region && !option_fits(o, r->region->table)) {
		bool is_fixed = r->region->table->is_fixed_plan;

		add_error(r, r->line, is_fixed ? "enabled_uplink_channels" : "extra_channels", "%s has no option '%s': its channels are %s",
		          r->region->table->name, name, is_fixed ? "fixed" : "not fixed");
		return 1;
	}
	given = &r->given[r->region ? 1 + (size_t)(r->region - r->config->regions) : 0][o - config_options];
	if (*given) {
		add_error(r, r->line, NULL, "%s was given in line %u already", name, *given);
		return 1;
	}
	*given = r->line;
	if (config_value_parse(o, r->region ? r->region->table : NULL, value,
	                       r->region ? (void *)&r->region->settings : (void *)r->config, why, hint))
		add_error(r, r->line, hint, "%s = %.60s: %s", name, value, why);
	return 1;
}

static void check_regions(struct reading *r)
{
	struct config *c = r->config;
	size_t n_enabled = 0;

	if (!r->any_region)
		for (size_t i = 0; i < c->n_regions; i++)
			c->regions[i].settings.enabled = strcmp(c->regions[i].table->name, "EU868") == 0;
	for (size_t i = 0; i < c->n_regions; i++) {
		struct config_region *region = &c->regions[i];
		struct region probe;
		const char *why = "it cannot be set up so";

		n_enabled += region->settings.enabled;
		if (region->settings.enabled && !r->errors->len &&
		    region_init(&probe, region->table, &region->settings, &why))
			add_error(r, region->line, NULL, "[region %s]: %s", region->table->name, why);
	}
	if (!n_enabled && !r->errors->len)
		add_error(r, 0, "enabled = true, in a [region ...] section", "no region is enabled");
}

int config_read(FILE *f, const char *name, struct config *out, struct text_buf *errors)
{
	struct reading r = {.f = f, .name = name, .config = out, .errors = errors};
	int rc = set_defaults(out);

	if (rc)
		return rc;
	/* Run-time switches of libinih; Debian's presets cut lines at 199 characters. */
	ini_use_stack = false;
	ini_allow_realloc = true;
	ini_max_line = LINE_MAX_CHARS + 200;
	ini_allow_multiline = false; /* an indented line is a line of its own */
	if (f) {
		rc = ini_parse_stream(read_piece, &r, take_value, &r);
		if (rc == -2)
			return LS_ENOMEM;
		if (ferror(f))
			add_error(&r, 0, NULL, "cannot be read: %s", strerror(errno));
	}
	check_regions(&r);
	return errors->bad ? LS_ENOMEM : errors->len ? LS_EUSAGE : LS_OK;
}

int config_load(const char *path, struct config *out, struct text_buf *errors)
{
	const char *name = path ? path : CONFIG_DEFAULT_PATH;
	FILE *f = fopen(name, "re");
	int rc;

	if (!f && (path || errno != ENOENT)) {
		*out = (struct config){0};
		text_printf(errors, "%s: %s\n", name, strerror(errno));
		return LS_EUSAGE;
	}
	rc = config_read(f, name, out, errors);
	if (f)
		fclose(f);
	return rc;
}

/* --- the sample --- */

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

static void print_region_preset(FILE *f, const struct config_option *o, const struct region_table *table)
{
	struct region_settings s;

	region_settings_default(table, &s);
	fprintf(f, "#%s = ", o->name);
	if (o->type == OPTION_CHANNELS) {
		unsigned last = 127;

		while (last && !(s.uplink_mask[last / 64] >> last % 64 & 1))
			last--;
		fprintf(f, "0-%u", last);
	} else if (o->type == OPTION_FREQUENCIES) {
		for (unsigned i = 0; i < s.n_extra_channels; i++)
			fprintf(f, "%s%.1f", i ? ", " : "", s.extra_channels[i].freq_hz / 1e6);
		if (!s.n_extra_channels)
			fputs("none", f);
	} else {
		fprintf(f, "%u", *((const uint8_t *)&s + o->offset));
	}
	fputc('\n', f);
}

static void print_option(FILE *f, const struct config_option *o, const struct region_table *table)
{
	fputc('\n', f);
	print_help(f, o->help);
	if (o->unit && *o->unit)
		fprintf(f, "# (%s)\n", o->unit);
	if (table && o->type == OPTION_BOOL && strcmp(o->name, "enabled") == 0)
		fprintf(f, "enabled = %s\n", strcmp(table->name, "EU868") == 0 ? "true" : "false");
	else if (table && !o->preset)
		print_region_preset(f, o, table);
	else
		fprintf(f, "#%s = %s\n", o->name, o->preset ? o->preset : "");
}

void config_sample(FILE *f)
{
	fputs("# Configuration of loraserverd. Every option stands here with its default; a line is activated by removing\n"
	      "# its '#'. Durations and sizes need their unit. `loraserverd --check -c FILE` validates a file.\n",
	      f);
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (is_region_option(o)) {
			if (is_region_option(&config_options[i - 1]))
				continue; /* printed with the first one */
			for (size_t k = 0; region_tables[k]; k++) {
				if (!is_default_plan(region_tables[k]))
					continue;
				fprintf(f, "\n[region %s]\n", region_tables[k]->name);
				for (size_t n = i; n < config_n_options && is_region_option(&config_options[n]); n++)
					if (option_fits(&config_options[n], region_tables[k]))
						print_option(f, &config_options[n], region_tables[k]);
			}
			continue;
		}
		if (i == 0 || strcmp(o->section, config_options[i - 1].section) != 0)
			fprintf(f, "\n[%s]\n", o->section);
		print_option(f, o, NULL);
	}
}
