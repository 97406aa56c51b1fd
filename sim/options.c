#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/eui.h"
#include "model/model.h"
#include "payload.h"

/* More lines than a person reads only slow the generator down. */
#define RATE_WITH_LINES_MAX 100

enum option_kind {
	OPTION_FLAG,      /* bool */
	OPTION_COUNT,     /* uint64_t, min..max */
	OPTION_MAYBE,     /* int64_t, min..max, OPTION_UNSET when left out */
	OPTION_NUMBER,    /* double, min..max */
	OPTION_DURATION,  /* int64_t, over 0 */
	OPTION_EUI,       /* uint64_t from 16 hex digits */
	OPTION_HEX24,     /* int64_t from 6 hex digits */
	OPTION_TEXT,      /* const char * */
	OPTION_REGION,
	OPTION_CLASS,
	OPTION_REQUESTS,  /* uint64_t, a bit per CID of the server's requests */
	OPTION_QUESTIONS, /* the same of a device's */
	OPTION_VERSION,
	OPTION_KEY,
	OPTION_HELP,
	OPTION_ABOUT,
};

struct option_row {
	const char *name;
	const char *value;    /* how help names the value, NULL for flags */
	enum option_kind kind;
	size_t offset;
	double min, max;
	const char *preset;   /* default as one would type it; NULL: none, and help says it in words */
	const char *help;
};

#define AT(field) offsetof(struct options, field)

static const struct option_row rows[] = {
        {"server", "HOST:PORT", OPTION_TEXT, AT(server), 0, 0, "127.0.0.1:1700", "network server, Semtech UDP"},
        {"region", "NAME", OPTION_REGION, AT(region), 0, 0, "EU868", "one of the regions of RP002, as in EU868, AS923-2, CN470_20A"},
        {"gateways", "N", OPTION_COUNT, AT(gateways), 1, 10000, "1", "each frame is heard by all of them"},
        {"gateway-id", "HEX", OPTION_EUI, AT(gateway_id), 0, 0, "0016c001f153a14c", "first gateway, others +1"},
        {"devices", "N", OPTION_COUNT, AT(devices), 1, 4000000, "1", "number of devices"},
        {"dev-eui", "HEX", OPTION_EUI, AT(dev_eui), 0, 0, "0004a30b001c0530", "first device, others +1"},
        {"join-eui", "HEX", OPTION_EUI, AT(join_eui), 0, 0, "0000000000000000", "JoinEUI of all devices"},
        {"app-key", "@FILE", OPTION_KEY, AT(app_key), 0, 0, NULL,
         "AppKey of all devices, hex, @FILE or - (else one each, from the seed)"},
        {"nwk-key", "@FILE", OPTION_KEY, AT(nwk_key), 0, 0, NULL, "NwkKey of all devices of 1.1, the same way"},
        {"abp", NULL, OPTION_FLAG, AT(abp), 0, 0, NULL, "no join: DevAddr and session keys come from the seed"},
        {"seed", "S", OPTION_COUNT, AT(seed), 0, 18446744073709549568.0, "1", "keys, addresses and chance of this run"},
        {"devices-out", "FILE", OPTION_TEXT, AT(devices_out), 0, 0, NULL,
         "write the fleet as JSON lines for import (mode 0600; - is stdout) and end"},
        {"mac-version", "V", OPTION_VERSION, AT(mac_version), 0, 0, "1.0.3", "1.0.0 to 1.0.4, or 1.1"},
        {"class", "A|B|C", OPTION_CLASS, AT(device_class), 0, 0, "A", "device class; B without beacons, by this machine's clock"},
        {"ping-periodicity", "N", OPTION_COUNT, AT(ping_periodicity), 0, 7, "4", "class B: a ping slot about every 2^N seconds"},
        {"adr", NULL, OPTION_FLAG, AT(adr), 0, 0, NULL, "set the ADR bit, and step back when no downlink comes"},
        {"ask", "NAME,...", OPTION_QUESTIONS, AT(ask), 0, 0, NULL,
         "MAC requests in every uplink: LinkCheckReq, DeviceTimeReq, BeaconTimingReq"},
        {"refuse", "NAME,...", OPTION_REQUESTS, AT(refuse), 0, 0, NULL,
         "answer these MAC requests with a no, as in LinkADRReq,NewChannelReq"},
        {"f-opts-original", NULL, OPTION_FLAG, AT(f_opts_original), 0, 0, NULL,
         "1.1: encrypt FOpts as the first text has it, not its erratum"},
        {"net-id", "HEX", OPTION_HEX24, AT(net_id), 0, 0, NULL,
         "NetID of ABP addresses, and the only one taken in a join accept (else 000000, any)"},
        {"interval", "D", OPTION_DURATION, AT(interval_us), 0, 0, "2s",
         "each device's period, +-5 %, but never before its RX2 has passed"},
        {"rate", "N", OPTION_NUMBER, AT(rate), 0, 10000000, "0",
         "uplinks per second over all devices, open loop, in place of the interval"},
        {"count", "N", OPTION_COUNT, AT(count), 0, 4294967295.0, "0", "data uplinks in all, 0 for ever"},
        {"duration", "D", OPTION_DURATION, AT(duration_us), 0, 0, NULL, "stop sending data after this time"},
        {"join-spread", "D", OPTION_DURATION, AT(join_spread_us), 0, 0, NULL,
         "first joins fall within this time (else the interval)"},
        {"join-only", NULL, OPTION_FLAG, AT(join_only), 0, 0, NULL, "end when every device has joined"},
        {"dev-nonce-start", "N", OPTION_COUNT, AT(dev_nonce_start), 0, 65535, "0",
         "first DevNonce: more than in earlier runs against the same server"},
        {"dev-nonce-random", NULL, OPTION_FLAG, AT(dev_nonce_random), 0, 0, NULL,
         "random DevNonces, as before 1.0.4"},
        {"f-cnt-start", "N", OPTION_COUNT, AT(f_cnt_start), 0, 4294967295.0, "0", "first FCntUp of ABP devices"},
        {"confirmed", "PERCENT", OPTION_COUNT, AT(confirmed), 0, 100, "0",
         "share of confirmed uplinks; repeated without ACK, except with --rate"},
        {"port", "N", OPTION_COUNT, AT(port), 1, 223, "2", "FPort of uplinks"},
        {"payload-size", "N", OPTION_MAYBE, AT(payload_size), 0, 242, NULL,
         "octets: sequence number, send time, fill (4; with --rate 12)"},
        {"data-rate", "DR", OPTION_MAYBE, AT(data_rate), 0, 15, NULL, "data rate index (the one that is SF7BW125)"},
        {"sub-band", "N", OPTION_COUNT, AT(sub_band), 1, 8, "2", "US915: 2 is channels 8-15 and 65"},
        {"rssi", "DBM", OPTION_NUMBER, AT(rssi), -150, 30, "-60", "at the first gateway, 3 dB less at each other"},
        {"snr", "DB", OPTION_NUMBER, AT(snr), -30, 30, "7", "at the first gateway, 0.5 dB less at each other"},
        {"quiet", NULL, OPTION_FLAG, AT(quiet), 0, 0, NULL, "no line per event (also with --json, and with --rate over 100)"},
        {"json", NULL, OPTION_FLAG, AT(json), 0, 0, NULL, "only a summary, as one JSON object"},
        {"help", NULL, OPTION_HELP, 0, 0, 0, NULL, "this text"},
        {"version", NULL, OPTION_ABOUT, 0, 0, 0, NULL, "version of the program"},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static int usage(const char *hint, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line what is wrong, one line what to try. */
static int usage(const char *hint, const char *fmt, ...)
{
	va_list ap;

	fputs("lssim: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\ntry: %s\n", hint);
	return LS_EUSAGE;
}

static void print_help(void)
{
	printf("Usage: lssim [OPTION]...\n"
	       "Simulates LoRaWAN gateways and devices over Semtech UDP and checks every downlink.\n\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		char head[40];

		snprintf(head, sizeof(head), "--%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
		printf("  %-24s %s", head, rows[i].help);
		if (rows[i].preset)
			printf(" (%s)", rows[i].preset);
		putchar('\n');
	}
	printf("\nDurations have a unit: 200ms, 2s, 5m, 1h. Exit codes: 0 well; 1 a downlink was wrong, a device\n"
	       "could not join or the server did not answer; 2 usage.\n");
}

/* Not above `max`; text of digits only. */
static int parse_count(const char *text, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return LS_EFORMAT;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (*end)
		return LS_EFORMAT;
	return errno ? LS_ERANGE : LS_OK;
}

static int parse_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end == text || *end || !isfinite(*out) ? LS_EFORMAT : LS_OK;
}

static int read_key_file(const char *path, char *buf, size_t cap)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
	ssize_t n;

	if (fd < 0)
		return LS_EIO;
	n = read(fd, buf, cap - 1);
	close(fd);
	if (n < 0)
		return LS_EIO;
	while (n && isspace((unsigned char)buf[n - 1]))
		n--;
	buf[n] = '\0';
	return LS_OK;
}

static int parse_key(const struct option_row *row, const char *text, struct ls_key *out)
{
	char buf[128];
	int rc;

	if (text[0] == '@' || !strcmp(text, "-")) {
		const char *path = text[0] == '@' ? text + 1 : text;

		if (read_key_file(path, buf, sizeof(buf)))
			return usage("a file with 32 hex digits", "--%s: cannot read %s: %s", row->name, path, strerror(errno));
		rc = key_parse(buf, out);
	} else {
		fprintf(stderr, "lssim: warning: --%s on the command line is seen by other users; better --%s @FILE\n", row->name,
		        row->name);
		rc = key_parse(text, out);
	}
	explicit_bzero(buf, sizeof(buf));
	if (rc)
		return usage("@FILE with 32 hex digits in it", "--%s: not a key (%s)", row->name, ls_strerror(rc));
	return LS_OK;
}

/* Names of MAC commands, with commas. */
static int parse_commands(const struct option_row *row, const char *text, enum lw_direction dir, uint64_t *out)
{
	char name[40];

	while (*text) {
		size_t len = strcspn(text, ",");
		const struct mac_command_row *command;

		snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), text);
		command = mac_command_find(name, dir);
		if (!command || command->cid >= 64)
			return usage("lssim --help", "--%s: \"%s\" is no such MAC command", row->name, name);
		*out |= UINT64_C(1) << command->cid;
		text += len + (text[len] == ',');
	}
	return LS_OK;
}

static int parse_class(const char *text, enum device_class *out)
{
	if (strlen(text) != 1 || !strchr("ABCabc", text[0]))
		return usage("--class A, --class B or --class C", "--class: \"%s\" is none", text);
	*out = (enum device_class)((text[0] | 0x20) - 'a');
	return LS_OK;
}

static int range_error(const struct option_row *row, const char *text)
{
	char hint[80];

	snprintf(hint, sizeof(hint), "--%s from %.0f to %.0f", row->name, row->min, row->max);
	return usage(hint, "--%s: \"%s\" is not a number in range", row->name, text);
}

/* Store one value; messages name the option as typed. */
static int set_value(const struct option_row *row, const char *text, struct options *out)
{
	void *field = (char *)out + row->offset;
	uint64_t count;
	double number;
	struct eui64 eui;
	char *end;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return LS_OK;
	case OPTION_COUNT:
	case OPTION_MAYBE:
		if (parse_count(text, &count) || (double)count < row->min || (double)count > row->max)
			return range_error(row, text);
		if (row->kind == OPTION_COUNT)
			*(uint64_t *)field = count;
		else
			*(int64_t *)field = (int64_t)count;
		return LS_OK;
	case OPTION_NUMBER:
		if (parse_number(text, &number) || number < row->min || number > row->max)
			return range_error(row, text);
		*(double *)field = number;
		return LS_OK;
	case OPTION_DURATION:
		if (duration_parse(text, field) || *(int64_t *)field <= 0)
			return usage("a number with its unit: 500ms, 2s, 5m", "--%s: \"%s\" is not a duration", row->name, text);
		return LS_OK;
	case OPTION_EUI:
		if (eui64_parse(text, &eui))
			return usage("16 hex digits", "--%s: \"%s\" is not an EUI", row->name, text);
		*(uint64_t *)field = eui64_to_u64(eui);
		return LS_OK;
	case OPTION_HEX24:
		*(int64_t *)field = strtol(text, &end, 16);
		if (strlen(text) != 6 || *end || !isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return usage("6 hex digits, for example 000013", "--%s: \"%s\" is not a NetID", row->name, text);
		return LS_OK;
	case OPTION_TEXT:
		*(const char **)field = text;
		return LS_OK;
	case OPTION_REGION:
		out->region = region_table_find(text);
		if (!out->region)
			return usage("--region EU868, US915, AS923 ...", "--region: \"%s\" is not known", text);
		return LS_OK;
	case OPTION_CLASS:
		return parse_class(text, field);
	case OPTION_REQUESTS:
		return parse_commands(row, text, LW_DOWN, field);
	case OPTION_QUESTIONS:
		return parse_commands(row, text, LW_UP, field);
	case OPTION_VERSION:
		if (mac_version_parse(text, &out->mac_version))
			return usage("1.0.0, 1.0.1, 1.0.2, 1.0.3, 1.0.4 or 1.1", "--mac-version: \"%s\" cannot be simulated", text);
		return LS_OK;
	case OPTION_KEY:
		if (field == &out->nwk_key)
			out->has_nwk_key = true;
		else
			out->has_app_key = true;
		return parse_key(row, text, field);
	case OPTION_HELP:
		print_help();
		return 1;
	case OPTION_ABOUT:
		printf("lssim %s\n", LS_VERSION);
		return 1;
	}
	return LS_EUSAGE;
}

static const struct option_row *find_row(const char *name, size_t len)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return &rows[i];
	}
	return NULL;
}

static int unknown_option(const char *arg, size_t name_len)
{
	const char *names[N_ROWS];
	char name[40], hint[64] = "lssim --help";
	const char *near;

	for (size_t i = 0; i < N_ROWS; i++)
		names[i] = rows[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)name_len, arg + 2);
	near = nearest_word(name, names, N_ROWS);
	if (near)
		snprintf(hint, sizeof(hint), "--%s", near);
	return usage(hint, "unknown option --%s", name);
}

/* Default data rate: SF7BW125, which nearly each region has under its own index; else the first of SF7. */
static int64_t default_data_rate(const struct region_params *params)
{
	for (int dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct data_rate *r = &params->up_rates[dr];

		if (r->uplink && r->radio.modulation == MOD_LORA && r->radio.sf == 7 && r->radio.bandwidth_hz == 125000)
			return dr;
	}
	for (int dr = 0; dr < REGION_DR_MAX; dr++) {
		const struct data_rate *r = &params->up_rates[dr];

		if (r->uplink && r->radio.modulation == MOD_LORA && r->radio.sf == 7)
			return dr;
	}
	return 0;
}

static int check_together(struct options *o)
{
	const struct region_params *params = o->region->params[reg_params_revision_default(o->mac_version)];
	char hint[80];
	unsigned most;

	if (o->data_rate == OPTION_UNSET)
		o->data_rate = default_data_rate(params);
	if (!params->up_rates[o->data_rate].uplink)
		return usage("lssim --help", "--data-rate: DR%" PRId64 " is not an uplink rate of %s", o->data_rate,
		             o->region->name);
	if (o->payload_size == OPTION_UNSET)
		o->payload_size = o->rate > 0 ? PAYLOAD_FULL_SIZE : PAYLOAD_SEQ_SIZE;
	most = params->up_limits->m[params->boot_uplink_dwell][0][o->data_rate];
	most = most > 8 ? most - 8 : 0;
	if (o->payload_size > most) {
		snprintf(hint, sizeof(hint), "--payload-size %u or less, or another --data-rate", most);
		return usage(hint, "--payload-size: DR%" PRId64 " of %s carries %u octets", o->data_rate, o->region->name, most);
	}
	if (o->join_spread_us == OPTION_UNSET)
		o->join_spread_us = o->interval_us;
	if (o->abp && (o->join_only || o->has_app_key))
		return usage("without --abp", "--abp devices do not join: %s means nothing",
		             o->join_only ? "--join-only" : "--app-key");
	if (o->json || o->rate > RATE_WITH_LINES_MAX)
		o->quiet = true;
	return LS_OK;
}

int options_parse(struct options *out, int argc, char **argv)
{
	int rc;

	*out = (struct options){.join_spread_us = OPTION_UNSET,
	                        .duration_us = OPTION_UNSET,
	                        .payload_size = OPTION_UNSET,
	                        .data_rate = OPTION_UNSET,
	                        .net_id = OPTION_UNSET};
	for (size_t i = 0; i < N_ROWS; i++) {
		rc = rows[i].preset ? set_value(&rows[i], rows[i].preset, out) : LS_OK;
		if (rc)
			return rc;
	}
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *value;
		size_t len = strncmp(arg, "--", 2) ? 0 : strcspn(arg + 2, "=");
		const struct option_row *row;

		if (!strcmp(arg, "-h"))
			return set_value(find_row("help", 4), NULL, out);
		if (!len)
			return usage("lssim --help", "unexpected argument \"%s\"", arg);
		row = find_row(arg + 2, len);
		if (!row)
			return unknown_option(arg, len);
		value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
		if (!row->value && value)
			return usage("lssim --help", "--%s takes no value", row->name);
		if (row->value && !value) {
			if (++i == argc)
				return usage("lssim --help", "--%s needs a value, %s", row->name, row->value);
			value = argv[i];
		}
		rc = set_value(row, value, out);
		if (rc)
			return rc;
	}
	return check_together(out);
}
