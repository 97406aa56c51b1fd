/* test_config.c - every way a configuration can be wrong is said with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/error.h"
#include "config.h"

struct parsed {
	struct config config;
	struct text_buf errors;
	int rc;
};

static void parse(struct parsed *p, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");

	assert_non_null(f);
	text_buf_init(&p->errors);
	p->rc = config_read(f, "f.ini", &p->config, &p->errors);
	fclose(f);
}

static void parsed_free(struct parsed *p)
{
	config_free(&p->config);
	text_buf_fini(&p->errors);
}

static void expect_error(const char *text, const char *error)
{
	struct parsed p;

	parse(&p, text);
	assert_int_equal(p.rc, LS_EUSAGE);
	assert_string_equal(p.errors.data, error);
	parsed_free(&p);
}

static const struct region_settings *settings(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_regions; i++)
		if (strcmp(c->regions[i].name, name) == 0)
			return &c->regions[i].settings;
	fail();
	return NULL;
}

static void defaults(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "# nothing\n");
	assert_int_equal(p.rc, LS_OK);
	assert_string_equal(p.config.bind, "127.0.0.1:1700");
	assert_string_equal(p.config.data_dir, "");
	assert_int_equal(p.config.log_level, LOG_INFO);
	assert_int_equal(p.config.net_id, 0);
	assert_int_equal(p.config.deduplication_delay_us, 200000);
	assert_int_equal(p.config.downlink_data_delay_us, 100000);
	assert_int_equal(p.config.events_max_age_us, INT64_C(30) * 86400 * 1000000);
	assert_int_equal(p.config.events_max_bytes, 1 << 30);
	assert_int_equal(p.config.frames_max, 100000);
	assert_true(settings(&p.config, "eu868")->enabled);
	assert_int_equal(settings(&p.config, "eu868")->n_extra_channels, 5);
	parsed_free(&p);
}

static void values(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "\xef\xbb\xbf[server]\n"
	          "  log_level = debug ; the indented line is one of its own\n"
	          "data_dir=/tmp/x\n"
	          "[network]\nnet_id = 0x60002D\ndev_addr_prefixes = 26000000/20, 01001000/24\ndeduplication_delay = 250ms\n"
	          "[region us915]\nrx1_delay = 5s\nenabled_uplink_channels = 8-15, 65\ndownlink_tx_power = 20\n"
	          "[region EU868]\nextra_channels = 867.1, 867300000 867.5MHz\nrx2_dr = 3\nrepeater_compatible = yes\n"
	          "[semtech_udp]\nbind = [::1]:1701\nrcvbuf = 512 KiB\n"
	          "[store]\nevents_max_age = 1d12h\nevents_max_size = 64MiB\nframes_max = 10\n");
	if (p.errors.len)
		print_error("%s", p.errors.data);
	assert_int_equal(p.rc, LS_OK);
	assert_int_equal(p.config.log_level, LOG_DEBUG);
	assert_string_equal(p.config.data_dir, "/tmp/x");
	assert_int_equal(p.config.net_id, 0x60002d);
	assert_int_equal(p.config.dev_addr_prefixes.n, 2);
	assert_int_equal(p.config.dev_addr_prefixes.blocks[1].prefix, 0x01001000);
	assert_int_equal(p.config.dev_addr_prefixes.blocks[1].prefix_len, 24);
	assert_int_equal(p.config.deduplication_delay_us, 250000);
	assert_true(settings(&p.config, "us915")->enabled);
	assert_int_equal(settings(&p.config, "us915")->rx1_delay_s, 5);
	assert_true(settings(&p.config, "us915")->uplink_mask[0] == 0xff00);
	assert_true(settings(&p.config, "us915")->uplink_mask[1] == 2);
	assert_int_equal(settings(&p.config, "us915")->downlink_tx_power_dbm, 20);
	assert_int_equal(settings(&p.config, "eu868")->n_extra_channels, 3);
	assert_int_equal(settings(&p.config, "eu868")->extra_channels[0].freq_hz, 867100000);
	assert_int_equal(settings(&p.config, "eu868")->extra_channels[2].freq_hz, 867500000);
	assert_int_equal(settings(&p.config, "eu868")->rx2_dr, 3);
	assert_true(settings(&p.config, "eu868")->repeater_compatible);
	assert_string_equal(p.config.bind, "[::1]:1701");
	assert_int_equal(p.config.rcvbuf_bytes, 512 * 1024);
	assert_int_equal(p.config.events_max_age_us, INT64_C(129600) * 1000000);
	assert_int_equal(p.config.events_max_bytes, 64 << 20);
	assert_int_equal(p.config.frames_max, 10);
	parsed_free(&p);
}

static void a_region_section_alone_enables(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "[region US915]\n");
	assert_int_equal(p.rc, LS_OK);
	assert_int_equal(p.config.n_regions, 1);
	assert_true(settings(&p.config, "us915")->enabled);
	parsed_free(&p);
	expect_error("[region EU868]\nenabled = no\n",
	             "f.ini: no region is enabled\n  try: enabled = true, in a [region ...] section\n");
}

static void names(void **state)
{
	(void)state;
	expect_error("[semtech_udp]\nbindd = 127.0.0.1:1700\n",
	             "f.ini:2: unknown option 'bindd' in [semtech_udp]\n  try: bind\n");
	expect_error("\n\n[semtec_udp]\nbind = x\n", "f.ini:3: unknown section [semtec_udp]\n  try: [semtech_udp]\n");
	expect_error("[server]\nbind = 127.0.0.1:1700\n",
	             "f.ini:2: unknown option 'bind' in [server]\n  try: bind, in [semtech_udp]\n");
	expect_error("[region EU686]\n", "f.ini:1: unknown region 'EU686' (EU868, US915, CN779, EU433, AU915, CN470, AS923, "
	             "AS923_2, AS923_3, AS923_4, KR920, IN865, RU864, ISM2400)\n  try: [region EU868]\n");
	expect_error("[region EU868]\nenabled_uplink_channels = 0-7\n",
	             "f.ini:2: EU868 has no option 'enabled_uplink_channels': its channels are not fixed\n  try: extra_channels\n");
	expect_error("bind = x\n", "f.ini:1: 'bind' stands before the first section\n  try: [server]\n");
	expect_error("[network]\nwhat is this\n", "f.ini:2: not a [section], nor name = value: what is this\n");
	expect_error("[network\n", "f.ini:1: not a [section], nor name = value: [network\n");
	expect_error("[network]\nnet_id = 000000\n\nnet_id = 000001\n", "f.ini:4: net_id was given in line 2 already\n");
	expect_error("[region EU868]\n[region eu868]\n",
	             "f.ini:2: a region configuration 'eu868' was given in line 1 already\n"
	             "  try: [region EU868 name=eu868-2]\n");
}

static void values_out_of_range(void **state)
{
	(void)state;
	expect_error("[network]\ndeduplication_delay = 200\n",
	             "f.ini:2: deduplication_delay = 200: the unit is missing (ms, s, m, h, d)\n"
	             "  try: deduplication_delay = 200ms\n");
	expect_error("[network]\ndeduplication_delay = 2h\n", "f.ini:2: deduplication_delay = 2h: 10ms to 1s is allowed\n");
	expect_error("[network]\ndeduplication_delay = fast\n",
	             "f.ini:2: deduplication_delay = fast: not a duration; one is written 200ms, 1s, 15m, 24h or 30d\n");
	expect_error("[store]\nevents_max_size = 1G\n",
	             "f.ini:2: events_max_size = 1G: unknown unit 'G' (B, KiB, MiB, GiB, TiB)\n  try: events_max_size = 1GiB\n");
	expect_error("[store]\nevents_max_size = 5\n",
	             "f.ini:2: events_max_size = 5: the unit is missing (B, KiB, MiB, GiB, TiB)\n  try: events_max_size = 5MiB\n");
	expect_error("[store]\nevents_max_size = 5KiB\n", "f.ini:2: events_max_size = 5KiB: 1MiB to 16TiB is allowed\n");
	expect_error("[store]\nframes_max = many\n", "f.ini:2: frames_max = many: a whole number is needed\n");
	expect_error("[store]\nframes_max = -1\n", "f.ini:2: frames_max = -1: 0 to 1000000000 is allowed\n");
	expect_error("[network]\ndev_addr_prefixes = 26000001/20\n",
	             "f.ini:2: dev_addr_prefixes = 26000001/20: 26000001/20: bits below the prefix must be 0\n");
	expect_error("[network]\ndev_addr_prefixes = 26000000/20 26000800/22\n",
	             "f.ini:2: dev_addr_prefixes = 26000000/20 26000800/22: 26000800/22 overlaps with another prefix\n");
	expect_error("[network]\ndev_addr_prefixes = 26000000\n",
	             "f.ini:2: dev_addr_prefixes = 26000000: 26000000: 8 hex digits, a slash and 0 to 32 are needed, as in 26000000/20\n");
	expect_error("[network]\nnet_id = 12\n", "f.ini:2: net_id = 12: a NetID has 6 hex digits\n");
	expect_error("[server]\nlog_level = waring\n",
	             "f.ini:2: log_level = waring: one of debug, info, notice, warning, error is needed\n"
	             "  try: log_level = warning\n");
	expect_error("[server]\ndata_dir = x\n", "f.ini:2: data_dir = x: the path must begin with /\n");
	expect_error("[server]\nadmin_group = no-such-group-here\n",
	             "f.ini:2: admin_group = no-such-group-here: this system has no group 'no-such-group-here'\n");
	expect_error("[semtech_udp]\nbind = 1700\n",
	             "f.ini:2: bind = 1700: an address with its port is needed: 127.0.0.1:1700 or [::1]:1700\n"
	             "  try: bind = 127.0.0.1:1700\n");
	expect_error("[semtech_udp]\nbind = 127.0.0.1:70000\n",
	             "f.ini:2: bind = 127.0.0.1:70000: the port must be 0 to 65535\n");
	expect_error("[region EU868]\nrx1_delay = 1500ms\n", "f.ini:2: rx1_delay = 1500ms: whole seconds are needed\n");
	expect_error("[region EU868]\nrx1_delay = 16s\n", "f.ini:2: rx1_delay = 16s: 1s to 15s is allowed\n");
	expect_error("[region EU868]\nenabled = maybe\n", "f.ini:2: enabled = maybe: true or false is needed\n");
	expect_error("[region EU868]\nextra_channels = 902.3\n",
	             "f.ini:2: extra_channels = 902.3: 902.3 is outside EU868 (863.0 to 870.0 MHz)\n");
	expect_error("[region US915]\nenabled_uplink_channels = 8-99\n",
	             "f.ini:2: enabled_uplink_channels = 8-99: US915 has channels 0 to 71\n");
	expect_error("[region US915]\nenabled_uplink_channels = 9-8\n",
	             "f.ini:2: enabled_uplink_channels = 9-8: not a list of channels; one is written 8-15,65\n");
	/* What only the whole region can tell. */
	expect_error("[network]\n[region EU868]\nrx2_dr = 13\n",
	             "f.ini:2: [region EU868]: the region does not have this RX2 data rate for downlinks\n");
}

static void several_configurations_of_one_region(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "[region US915]\nenabled_uplink_channels = 0-7,64\n"
	          "[region US915 name=us-2]\nenabled_uplink_channels = 8-15,65\nrx1_delay = 3s\n"
	          "[region   US-915   name=us_7]\nenabled = no\n"
	          "[region CN470_20A]\n[region CN470]\n");
	assert_int_equal(p.rc, LS_OK);
	assert_int_equal(p.config.n_regions, 5);
	assert_true(settings(&p.config, "us915")->uplink_mask[0] == 0xff);
	assert_true(settings(&p.config, "us-2")->uplink_mask[0] == 0xff00);
	assert_int_equal(settings(&p.config, "us915")->rx1_delay_s, 1);
	assert_int_equal(settings(&p.config, "us-2")->rx1_delay_s, 3);
	assert_false(settings(&p.config, "us_7")->enabled);
	assert_ptr_equal(p.config.regions[1].table, &region_us915);
	assert_ptr_equal(p.config.regions[3].table, &region_cn470_20a);
	assert_ptr_equal(p.config.regions[4].table, &region_cn470_rp001);
	settings(&p.config, "cn470_20a");
	settings(&p.config, "cn470");
	parsed_free(&p);
	expect_error("[region US915 us-2]\n", "f.ini:1: 'us-2' is not name=NAME\n  try: [region US915 name=us915-2]\n");
	expect_error("[region US915 name=us-2]\n\n[region EU868 name=us-2]\n",
	             "f.ini:3: a region configuration 'us-2' was given in line 1 already\n"
	             "  try: [region EU868 name=us-2-2]\n");
	expect_error("[region US915 name=Sub Band]\n",
	             "f.ini:1: the name of a region configuration has 1 to 31 lower-case letters, digits, - and _\n");
	expect_error("[region US915 name=]\n",
	             "f.ini:1: the name of a region configuration has 1 to 31 lower-case letters, digits, - and _\n");
	expect_error("[region US915 name=us-2]\nrx2_dr = 3\n",
	             "f.ini:1: [region US915 name=us-2]: the region does not have this RX2 data rate for downlinks\n");
	expect_error("[region AS932]\n",
	             "f.ini:1: unknown region 'AS932' (EU868, US915, CN779, EU433, AU915, CN470, AS923, AS923_2, AS923_3, "
	             "AS923_4, KR920, IN865, RU864, ISM2400)\n  try: [region AS923]\n");
}

static void overrides_of_a_region(void **state)
{
	struct parsed p;
	const struct region_settings *s;

	(void)state;
	parse(&p, "[region AS923]\nrx2_frequency = 923.4\nuplink_dwell_time = no\ndownlink_dwell_time = yes\n"
	          "uplink_max_eirp = 14\ninstallation_margin = 5\nadr_disabled = yes\nmin_dr = 1\nmax_dr = 4\n"
	          "rx_window = rx2\nrx2_prefer_on_rx1_dr_lt = 3\nrx2_prefer_on_link_budget = yes\n"
	          "gateway_prefer_min_margin = 0\nrejoin_max_time_n = 4\nrejoin_max_count_n = 0\nping_slot_dr = 4\n"
	          "ping_slot_frequency = 923.4MHz\nbeacon_frequency = 923600000\n"
	          "extra_channels = 923.6MHz, 923.8:0-5, 924.0:6, 924200000Hz:2-7\n");
	assert_string_equal(p.errors.len ? p.errors.data : "", "");
	s = settings(&p.config, "as923");
	assert_int_equal(s->rx2_freq_hz, 923400000);
	assert_false(s->uplink_dwell);
	assert_true(s->downlink_dwell);
	assert_int_equal(s->uplink_max_eirp_dbm, 14);
	assert_int_equal(s->installation_margin_db, 5);
	assert_true(s->adr_disabled);
	assert_int_equal(s->min_dr, 1);
	assert_int_equal(s->max_dr, 4);
	assert_int_equal(s->rx_window, RX_WINDOW_RX2);
	assert_int_equal(s->rx2_prefer_on_rx1_dr_lt, 3);
	assert_true(s->rx2_prefer_on_link_budget);
	assert_int_equal(s->gateway_prefer_min_margin_db, 0);
	assert_int_equal(s->rejoin_max_time_n, 4);
	assert_int_equal(s->rejoin_max_count_n, 0);
	assert_int_equal(s->ping_slot_dr, 4);
	assert_int_equal(s->ping_slot_freq_hz, 923400000);
	assert_int_equal(s->beacon_freq_hz, 923600000);
	assert_int_equal(s->n_extra_channels, 4);
	assert_int_equal(s->extra_channels[0].max_dr, 5);
	assert_int_equal(s->extra_channels[2].freq_hz, 924000000);
	assert_int_equal(s->extra_channels[2].min_dr, 6);
	assert_int_equal(s->extra_channels[2].max_dr, 6);
	assert_int_equal(s->extra_channels[3].min_dr, 2);
	assert_int_equal(s->extra_channels[3].max_dr, 7);
	parsed_free(&p);

	parse(&p, "[region US915]\n[region AU915]\n");
	s = settings(&p.config, "us915");
	assert_int_equal(s->installation_margin_db, 10);
	assert_int_equal(s->gateway_prefer_min_margin_db, 10);
	assert_int_equal(s->rx_window, RX_WINDOW_BOTH);
	assert_int_equal(s->max_dr, 3);
	assert_int_equal(s->rejoin_max_time_n, -1);
	assert_int_equal(s->uplink_max_eirp_dbm, -1);
	assert_int_equal(s->ping_slot_freq_hz, 0);
	assert_false(s->uplink_dwell);
	assert_true(settings(&p.config, "au915")->uplink_dwell);
	parsed_free(&p);
}

static void overrides_the_region_does_not_take(void **state)
{
	(void)state;
	expect_error("[region EU868]\nuplink_dwell_time = yes\n",
	             "f.ini:2: EU868 has no option 'uplink_dwell_time': it has no dwell time to switch\n");
	expect_error("[region EU868]\nrx_window = rx3\n",
	             "f.ini:2: rx_window = rx3: one of both, rx1, rx2 is needed\n  try: rx_window = rx1\n");
	expect_error("[region EU868]\nrx2_frequency = 923.3\n",
	             "f.ini:2: rx2_frequency = 923.3: 923.3 is outside EU868 (863.0 to 870.0 MHz)\n");
	expect_error("[region EU868]\nrx2_frequency = auto\n",
	             "f.ini:2: rx2_frequency = auto: not a frequency; one is written 867.1 or 867100000\n");
	expect_error("[region EU868]\nbeacon_frequency = none\n",
	             "f.ini:2: beacon_frequency = none: not a frequency; one is written 867.1 or 867100000, or auto\n");
	expect_error("[region ISM2400]\nextra_channels = 2405.0001\n",
	             "f.ini:2: extra_channels = 2405.0001: 2405.0001 cannot be told to devices, the steps are 200 Hz\n");
	expect_error("[region EU868]\nextra_channels = 867.1:0-5-6\n",
	             "f.ini:2: extra_channels = 867.1:0-5-6: not a range of data rates; one is written 867.1:0-5\n");
	expect_error("[region EU868]\nextra_channels = 867.1:5-0\n",
	             "f.ini:2: extra_channels = 867.1:5-0: not a range of data rates; one is written 867.1:0-5\n");
	expect_error("[region EU868]\nextra_channels = 867.1:0-15\n",
	             "f.ini:2: extra_channels = 867.1:0-15: EU868 has no uplink data rate 15\n");
	expect_error("[region EU868]\nrejoin_max_time_n = 16\n", "f.ini:2: rejoin_max_time_n = 16: 0 to 15, or off\n");
	expect_error("[region EU868]\ninstalation_margin = 5\n",
	             "f.ini:2: unknown option 'instalation_margin' in [region EU868]\n  try: installation_margin\n");
	expect_error("\n[region EU868]\nrejoin_max_time_n = 3\n",
	             "f.ini:2: [region EU868]: rejoin_max_time_n and rejoin_max_count_n go together\n");
	expect_error("[region EU868]\nmin_dr = 5\nmax_dr = 3\n", "f.ini:1: [region EU868]: min_dr is above max_dr\n");
	expect_error("[region US915]\nmax_dr = 12\n",
	             "f.ini:1: [region US915]: min_dr or max_dr is no uplink data rate of the region\n");
}

static void channels_twice_and_long_paths(void **state)
{
	char text[PATH_MAX + 100], error[200];
	struct parsed p;

	(void)state;
	expect_error("[region EU868]\nextra_channels = 867.1, 867100000\n",
	             "f.ini:2: extra_channels = 867.1, 867100000: 867100000 is given twice\n");
	expect_error("[region EU868]\nextra_channels = 867.1, 868.1\n",
	             "f.ini:2: extra_channels = 867.1, 868.1: 868.1 is one of the default channels, which are always there\n");
	snprintf(text, sizeof(text), "[server]\ndata_dir = /%0*d\n", PATH_MAX - 64, 0);
	parse(&p, text);
	assert_int_equal(p.rc, LS_EUSAGE);
	snprintf(error, sizeof(error), "the path is longer than %d octets\n", PATH_MAX - 64);
	assert_non_null(strstr(p.errors.data, error));
	parsed_free(&p);
	snprintf(text, sizeof(text), "[server]\ndata_dir = /%0*d\n", PATH_MAX - 65, 0);
	parse(&p, text);
	assert_int_equal(p.rc, LS_OK);
	parsed_free(&p);
}

static void all_errors_at_once(void **state)
{
	(void)state;
	expect_error("[network]\nnet_id = x\n\n[sever]\nfoo = 1\nbar = 2\n[store]\nframes_mx = 1\nno value\n",
	             "f.ini:2: net_id = x: a NetID has 6 hex digits\n"
	             "f.ini:4: unknown section [sever]\n  try: [server]\n"
	             "f.ini:8: unknown option 'frames_mx' in [store]\n  try: frames_max\n"
	             "f.ini:9: not a [section], nor name = value: no value\n");
}

static void long_and_strange_lines(void **state)
{
	struct parsed p;
	char *text = malloc(20000), *at = text;

	(void)state;
	/* 400 characters arrive whole */
	at += sprintf(at, "[server]\ndata_dir = /");
	memset(at, 'a', 400);
	at += 400;
	strcpy(at, "\n[store]\nframes_max = 7\n");
	parse(&p, text);
	assert_int_equal(p.rc, LS_OK);
	assert_int_equal(strlen(p.config.data_dir), 401);
	assert_int_equal(p.config.frames_max, 7);
	parsed_free(&p);
	/* a line that is too long is one error, and the lines after it keep their numbers */
	at = text + sprintf(text, "[server]\n;");
	memset(at, 'b', 9000);
	at += 9000;
	strcpy(at, "\n[store]\nframes_max = x\n");
	parse(&p, text);
	assert_int_equal(p.rc, LS_EUSAGE);
	assert_non_null(strstr(p.errors.data, "f.ini:2: the line is longer than 8000 characters\n"));
	assert_non_null(strstr(p.errors.data, "f.ini:4: frames_max = x: a whole number is needed\n"));
	parsed_free(&p);
	/* escape sequences do not reach the terminal */
	parse(&p, "[server]\n\x1b[31mred = 1\n");
	assert_null(strchr(p.errors.data, '\x1b'));
	parsed_free(&p);
	free(text);
}

static void missing_file(void **state)
{
	struct parsed p;

	(void)state;
	text_buf_init(&p.errors);
	p.rc = config_load("/nonexistent/x.ini", &p.config, &p.errors);
	assert_int_equal(p.rc, LS_EUSAGE);
	assert_string_equal(p.errors.data, "/nonexistent/x.ini: No such file or directory\n");
	parsed_free(&p);
}

/* The sample is valid as it is, and with every option switched on. */
static void sample(void **state)
{
	struct parsed p;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	config_sample(f);
	fclose(f);
	for (size_t i = 0; i < config_n_options; i++)
		assert_non_null(strstr(text, config_options[i].name));
	parse(&p, text);
	assert_int_equal(p.rc, LS_OK);
	parsed_free(&p);
	for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (line[0] == '#' && line[1] != ' ')
			line[0] = ' ';
	parse(&p, text);
	if (p.errors.len)
		print_error("%s", p.errors.data);
	assert_int_equal(p.rc, LS_OK);
	parsed_free(&p);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(a_region_section_alone_enables),
		cmocka_unit_test(names),
		cmocka_unit_test(values_out_of_range),
		cmocka_unit_test(several_configurations_of_one_region),
		cmocka_unit_test(overrides_of_a_region),
		cmocka_unit_test(overrides_the_region_does_not_take),
		cmocka_unit_test(channels_twice_and_long_paths),
		cmocka_unit_test(all_errors_at_once),
		cmocka_unit_test(long_and_strange_lines),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
