/*
 * config.h - the configuration file: every option is a row of config_options[] (config.c).
 *
 * From the rows come the parser with its range checks, the sample file (loraserverd --sample-config) and
 * later the manual. A file is INI; nothing in it is guessed: an unknown section or key, a value
 * out of range, a missing unit or a repeated key is an error with file and line, and all errors are
 * reported at once.
 */
#ifndef LS_CONFIG_H
#define LS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text_buf.h"
#include "lorawan/dev_addr.h"
#include "lorawan/region.h"

#define CONFIG_REGIONS_MAX 32
#define CONFIG_DEFAULT_PATH "/etc/loraserver/loraserver.ini"

/* One configuration of a region: a section [region US915] or [region US915 name=us-2]. */
struct config_region {
	const struct region_table *table;
	char name[REGION_NAME_SIZE]; /* "us915" when the section gives none */
	struct region_settings settings;
	unsigned line; /* of its section, 0: not in the file */
};

struct config {
	/* [server]; texts belong to the config, "" where the program chooses */
	char *data_dir, *socket, *admin_group;
	int64_t log_level; /* LOG_... */
	/* [network] */
	int64_t net_id;
	struct dev_addr_blocks dev_addr_prefixes; /* n 0: the block of the NetID */
	int64_t deduplication_delay_us, downlink_data_delay_us;
	/* [region ...]: the sections of the file in their order, enabled or not; EU868 when there is none */
	struct config_region regions[CONFIG_REGIONS_MAX];
	size_t n_regions;
	/* [semtech_udp] */
	char *bind;
	int64_t rcvbuf_bytes;
	/* [store] */
	int64_t events_max_age_us, events_max_bytes, frames_max;
	int64_t changes_max_age_us, changes_max_bytes, trash_max_age_us;
};

enum option_type {
	OPTION_TEXT,
	OPTION_PATH,      /* absolute; max octets, 0: any */
	OPTION_ADDRESS,   /* "127.0.0.1:1700" or "[::1]:1700" */
	OPTION_GROUP,     /* name of a system group */
	OPTION_LEVEL,     /* of the log */
	OPTION_NET_ID,    /* 6 hex digits */
	OPTION_PREFIXES,  /* list of DevAddr prefixes "26000000/20": struct dev_addr_blocks */
	OPTION_INT,       /* min..max */
	OPTION_BOOL,
	OPTION_DURATION,  /* with its unit; microseconds, min..max */
	OPTION_SIZE,      /* B KiB MiB GiB TiB; octets, min..max */
	OPTION_SECONDS,   /* a duration of whole seconds in uint8_t, min..max */
	OPTION_UINT8,     /* int in uint8_t, min..max */
	OPTION_OR_OFF,    /* int in int8_t, min..max, or "off" (-1) */
	OPTION_DWELL,     /* a bool of regions whose dwell time can be switched */
	OPTION_POWER,     /* dBm in int8_t, or "auto" (-1) */
	OPTION_RX_WINDOW, /* enum rx_window: "both", "rx1", "rx2", or 0 to 2 */
	OPTION_FREQUENCY, /* Hz or MHz in uint32_t; "auto" is 0 where that is the preset */
	OPTION_CHANNELS,  /* "8-15,65": uplink_mask */
	OPTION_EXTRA_CHANNELS, /* list of Hz or MHz, each with ":0-5" at will, or "none": extra_channels */
};

struct config_option {
	const char *section;  /* "region" stands for every [region ...] */
	const char *name;
	enum option_type type;
	size_t offset;        /* in struct config, or in struct region_settings */
	int64_t min, max;
	const char *preset;   /* in the words of the file; NULL: chosen at start, or the region's own */
	const char *unit;     /* what a value is counted in, for the manual: "ms, s, m, h, d" */
	const char *help;     /* one sentence */
};

extern const struct config_option config_options[];
extern const size_t config_n_options;

bool config_is_of_region(const struct config_option *o);

/* Is the value of an option of regions the same in both? */
bool config_region_is_same(const struct config_option *o, const struct region_settings *a,
                           const struct region_settings *b);

/* Does a region have this option? Some exist for one kind of channel plan only. */
bool config_option_fits(const struct config_option *o, const struct region_table *table);

/*
 * Fill *out with the defaults, then with what path says. path NULL: CONFIG_DEFAULT_PATH, and that may
 * be missing. LS_OK, or LS_EUSAGE with every error in `errors` as text of people
 * ("FILE:LINE: what" and "  try: ..." lines). config_free() either way.
 */
int config_load(const char *path, struct config *out, struct text_buf *errors);

/* The same from an open stream; name stands in the messages. */
int config_read(FILE *f, const char *name, struct config *out, struct text_buf *errors);
void config_free(struct config *c);

/* The text of a configuration file with every option, its default and its sentence. */
void config_sample(FILE *f);

#endif
