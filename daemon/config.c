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
	{"network", "dev_addr_prefixes", OPTION_PREFIXES, IN_CONFIG(dev_addr_prefixes), 0, 0, "", "prefix/bits ...",
	 "Where addresses are given from instead, all of them evenly: 26000000/20, 27001000/24."},
	{"network", "deduplication_delay", OPTION_DURATION, IN_CONFIG(deduplication_delay_us), 10 * MS, 1000 * MS,
	 "200ms", "ms, s", "How long copies of one uplink are collected from several gateways."},
	{"network", "downlink_data_delay", OPTION_DURATION, IN_CONFIG(downlink_data_delay_us), 0, 1000 * MS, "100ms",
	 "ms, s", "How long an application has after an event to queue its answer."},

	{"region", "enabled", OPTION_BOOL, IN_REGION(enabled), 0, 0, "true", "true, false",
	 "Serve this configuration. Without any [region ...] section EU868 is served."},
	{"region", "rx1_delay", OPTION_SECONDS, IN_REGION(rx1_delay_s), 1, 15, "1s", "s",
	 "From the end of an uplink to the first receive window, told to devices that join."},
	{"region", "rx1_dr_offset", OPTION_UINT8, IN_REGION(rx1_dr_offset), 0, 7, "0", "",
	 "How much slower than the uplink the first window answers, told to devices that join."},
	{"region", "rx2_dr", OPTION_UINT8, IN_REGION(rx2_dr), 0, 15, NULL, "",
	 "Data rate of the second window, told to devices that join."},
	{"region", "rx2_frequency", OPTION_FREQUENCY, IN_REGION(rx2_freq_hz), 0, 0, NULL, "Hz or MHz",
	 "Frequency of the second window, told to devices after they joined."},
	{"region", "downlink_tx_power", OPTION_POWER, IN_REGION(downlink_tx_power_dbm), 0, 36, "auto", "dBm EIRP",
	 "Power of downlinks; auto is the limit of the frequency."},
	{"region", "repeater_compatible", OPTION_BOOL, IN_REGION(repeater_compatible), 0, 0, "false", "true, false",
	 "Keep payloads short enough for repeaters."},
	{"region", "uplink_dwell_time", OPTION_DWELL, IN_REGION(uplink_dwell), 0, 0, NULL, "true, false",
	 "Limit transmissions of devices to 400 ms, told to devices that have it otherwise."},
	{"region", "downlink_dwell_time", OPTION_DWELL, IN_REGION(downlink_dwell), 0, 0, NULL, "true, false",
	 "Limit downlinks to 400 ms: slow data rates are not used, others carry less."},
	{"region", "uplink_max_eirp", OPTION_POWER, IN_REGION(uplink_max_eirp_dbm), 8, 36, "auto", "dBm EIRP",
	 "Most power of devices, told to them where the region has a command for it."},
	{"region", "extra_channels", OPTION_EXTRA_CHANNELS, IN_REGION(extra_channels), 0, 0, NULL, "Hz or MHz",
	 "Uplink channels besides the default ones, told to devices; 867.1:0-5 has data rates 0 to 5; none for none."},
	{"region", "enabled_uplink_channels", OPTION_CHANNELS, IN_REGION(uplink_mask), 0, 0, NULL, "numbers",
	 "Channels the gateways listen to: 8-15,65 is sub-band 2."},

	{"region", "installation_margin", OPTION_UINT8, IN_REGION(installation_margin_db), 0, 30, "10", "dB",
	 "What ADR leaves unused of a link, for bad days."},
	{"region", "adr_disabled", OPTION_BOOL, IN_REGION(adr_disabled), 0, 0, "false", "true, false",
	 "Never change data rate and power of devices by ADR."},
	{"region", "min_dr", OPTION_UINT8, IN_REGION(min_dr), 0, 15, NULL, "", "Slowest data rate ADR gives."},
	{"region", "max_dr", OPTION_UINT8, IN_REGION(max_dr), 0, 15, NULL, "", "Fastest data rate ADR gives."},
	{"region", "rx_window", OPTION_RX_WINDOW, IN_REGION(rx_window), 0, 2, "both", "both, rx1, rx2",
	 "Windows that downlinks of class A use."},
	{"region", "rx2_prefer_on_rx1_dr_lt", OPTION_UINT8, IN_REGION(rx2_prefer_on_rx1_dr_lt), 0, 15, "0", "",
	 "The second window first when the data rate of the first is lower than this."},
	{"region", "rx2_prefer_on_link_budget", OPTION_BOOL, IN_REGION(rx2_prefer_on_link_budget), 0, 0, "false",
	 "true, false", "The second window first when its data rate and power reach further."},
	{"region", "gateway_prefer_min_margin", OPTION_UINT8, IN_REGION(gateway_prefer_min_margin_db), 0, 30, "10", "dB",
	 "Gateways that hear a device with this margin are equally good for a downlink."},
	{"region", "rejoin_max_time_n", OPTION_OR_OFF, IN_REGION(rejoin_max_time_n), 0, 15, "off", "",
	 "Devices of 1.1 rejoin after 2^(N+10) seconds; together with rejoin_max_count_n."},
	{"region", "rejoin_max_count_n", OPTION_OR_OFF, IN_REGION(rejoin_max_count_n), 0, 15, "off", "",
	 "Devices of 1.1 rejoin after 2^(N+4) uplinks."},
	{"region", "ping_slot_dr", OPTION_UINT8, IN_REGION(ping_slot_dr), 0, 15, NULL, "",
	 "Data rate of class B ping slots, told to devices that have another."},
	{"region", "ping_slot_frequency", OPTION_FREQUENCY, IN_REGION(ping_slot_freq_hz), 0, 0, "auto", "Hz or MHz",
	 "Frequency of class B ping slots; auto is the region's, where it may hop."},
	{"region", "beacon_frequency", OPTION_FREQUENCY, IN_REGION(beacon_freq_hz), 0, 0, "auto", "Hz or MHz",
	 "Frequency of beacons; auto is the region's, where it may hop. The gateways must send them there."},

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
	{"store", "changes_max_age", OPTION_DURATION, IN_CONFIG(changes_max_age_us), 60 * SECOND, 36500 * DAY, "365d",
	 "m, h, d", "Changes older than this are removed from the journal and cannot be undone."},
	{"store", "changes_max_size", OPTION_SIZE, IN_CONFIG(changes_max_bytes), 1 << 20, 1024 * 16 * GIB, "256MiB",
	 "MiB, GiB, TiB", "The oldest changes are removed when the journal is larger; what is in the trash stays."},
	{"store", "trash_max_age", OPTION_DURATION, IN_CONFIG(trash_max_age_us), 60 * SECOND, 36500 * DAY, "30d",
	 "m, h, d", "What was deleted can be restored for so long, whatever the size of the journal."},
};
const size_t config_n_options = COUNT(config_options);

static const char *const section_names[] = {"server", "network", "semtech_udp", "store"};

/* --- defaults --- */

bool config_is_of_region(const struct config_option *o)
{
	return strcmp(o->section, "region") == 0;
}

/* Some options exist only for one kind of channel plan. */
bool config_option_fits(const struct config_option *o, const struct region_table *table)
{
	if (o->type == OPTION_CHANNELS)
		return table->is_fixed_plan;
	if (o->type == OPTION_EXTRA_CHANNELS)
		return !table->is_fixed_plan;
	if (o->type == OPTION_DWELL)
		return table->dwell.is_switched;
	return true;
}

/* Why not, and what there is instead. */
static const char *misfit(const struct config_option *o, const char **instead)
{
	*instead = o->type == OPTION_CHANNELS ? "extra_channels" : "enabled_uplink_channels";
	if (o->type == OPTION_CHANNELS)
		return "its channels are not fixed";
	if (o->type == OPTION_EXTRA_CHANNELS)
		return "its channels are fixed";
	*instead = NULL;
	return "it has no dwell time to switch";
}

static int set_defaults(struct config *c)
{
	char why[CONFIG_WHY_SIZE], hint[CONFIG_HINT_SIZE];
	int rc = LS_OK;

	*c = (struct config){.data_dir = strdup(""), .socket = strdup("")};
	if (!c->data_dir || !c->socket)
		return LS_ENOMEM;
	for (size_t i = 0; i < config_n_options && !rc; i++) {
		const struct config_option *o = &config_options[i];

		if (o->preset && !config_is_of_region(o))
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
	struct config_region *region; /* when the section is [region ...] */
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

static const char *nearest_section(const char *word, bool is_region)
{
	const char *names[CONFIG_TABLES_MAX];
	size_t n = 0;

	if (!is_region)
		return nearest_word(word, section_names, COUNT(section_names));
	for (; region_tables[n] && n < COUNT(names); n++)
		names[n] = region_tables[n]->name;
	return nearest_word(word, names, n);
}

static void unknown_region(struct reading *r, const char *name)
{
	char known[200] = "", hint[80] = "";
	const char *near = nearest_section(name, true);

	for (size_t i = 0; region_tables[i]; i++)
		if (region_table_find(region_tables[i]->name) == region_tables[i]) /* its first plan */
			word_list_add(known, sizeof(known), ", ", region_tables[i]->name);
	if (near)
		snprintf(hint, sizeof(hint), "[region %s]", near);
	add_error(r, r->line, hint, "unknown region '%.40s' (%s)", name, known);
}

/* What follows the name of the region: nothing, or name=us-2. LS_EUSAGE after a message. */
static int region_name_of(struct reading *r, const struct region_table *table, const char *rest, char out[REGION_NAME_SIZE])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char hint[80];

	snprintf(out, REGION_NAME_SIZE, "%s", table->config_id);
	if (!*rest)
		return LS_OK;
	if (strncmp(rest, "name=", 5) != 0) {
		snprintf(hint, sizeof(hint), "[region %s name=%s-2]", table->name, table->config_id);
		add_error(r, r->line, hint, "'%.40s' is not name=NAME", rest);
		return LS_EUSAGE;
	}
	rest += 5;
	if (!*rest || strlen(rest) >= REGION_NAME_SIZE || rest[strspn(rest, allowed)]) {
		add_error(r, r->line, NULL, "the name of a region configuration has 1 to %d lower-case letters, digits, - and _",
		          REGION_NAME_SIZE - 1);
		return LS_EUSAGE;
	}
	snprintf(out, REGION_NAME_SIZE, "%s", rest);
	return LS_OK;
}

static int add_region(struct reading *r, const struct region_table *table, const char *name)
{
	struct config *c = r->config;
	struct config_region *region;
	char hint[80];

	for (size_t i = 0; i < c->n_regions; i++) {
		if (strcmp(c->regions[i].name, name) != 0)
			continue;
		snprintf(hint, sizeof(hint), "[region %s name=%.20s-2]", table->name, name);
		add_error(r, r->line, hint, "a region configuration '%s' was given in line %u already", name, c->regions[i].line);
		return LS_EUSAGE;
	}
	if (c->n_regions == CONFIG_REGIONS_MAX) {
		add_error(r, r->line, NULL, "more than %d region configurations", CONFIG_REGIONS_MAX);
		return LS_EUSAGE;
	}
	region = &c->regions[c->n_regions++];
	region->table = table;
	region->line = r->line;
	snprintf(region->name, sizeof(region->name), "%s", name);
	region_settings_default(table, &region->settings); /* the section alone enables it */
	r->region = region;
	return LS_OK;
}

/* text: what follows "region" */
static void enter_region(struct reading *r, const char *text)
{
	char word[REGION_NAME_SIZE], name[REGION_NAME_SIZE];
	size_t n = strcspn(text, " ");
	const struct region_table *table;
	const char *rest = text + n + strspn(text + n, " ");

	r->any_region = true;
	snprintf(word, sizeof(word), "%.*s", (int)n, text);
	table = region_table_find(word);
	if (!table)
		unknown_region(r, word);
	r->section_bad = !table || region_name_of(r, table, rest, name) || add_region(r, table, name);
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
	near = nearest_section(r->section, false);
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

		if (r->region ? config_is_of_region(o) && config_option_fits(o, r->region->table) : strcmp(o->section, r->section) == 0)
			names[n++] = o->name;
		else if (strcmp(o->name, name) == 0)
			snprintf(elsewhere, sizeof(elsewhere), "%s, in [%s%s]", name, o->section,
			         config_is_of_region(o) ? " NAME" : "");
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
	if (r->region && !config_option_fits(o, r->region->table)) {
		const char *instead, *reason = misfit(o, &instead);

		add_error(r, r->line, instead, "%s has no option '%s': %s", r->region->table->name, name, reason);
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

/* What stands in the section's brackets. */
static void section_text(const struct config_region *region, char *out, size_t size)
{
	if (strcmp(region->name, region->table->config_id) == 0)
		snprintf(out, size, "region %s", region->table->name);
	else
		snprintf(out, size, "region %s name=%s", region->table->name, region->name);
}

static void check_regions(struct reading *r)
{
	struct config *c = r->config;
	size_t n_enabled = 0;

	if (!r->any_region) {
		add_region(r, region_tables[0], region_tables[0]->config_id);
		r->config->regions[0].line = 0;
	}
	for (size_t i = 0; i < c->n_regions; i++) {
		struct config_region *region = &c->regions[i];
		struct region probe;
		const char *why = "it cannot be set up so";
		char section[80];

		n_enabled += region->settings.enabled;
		section_text(region, section, sizeof(section));
		if (region->settings.enabled && !r->errors->len &&
		    region_init(&probe, region->table, &region->settings, &why))
			add_error(r, region->line, NULL, "[%s]: %s", section, why);
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
