/*
 * options.h - the command line of lssim. One table in options.c holds name, kind, range, default
 * and sentence of every option; parser, messages and --help come from it.
 */
#ifndef LS_SIM_OPTIONS_H
#define LS_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/key.h"
#include "device.h"
#include "lorawan/region.h"

#define OPTION_UNSET (-1)

struct options {
	const char *server;             /* HOST:PORT as given */
	const struct region_table *region;
	enum mac_version mac_version;
	uint64_t gateways, devices, count, seed;
	uint64_t gateway_id, dev_eui, join_eui;
	int64_t interval_us;
	int64_t join_spread_us;         /* OPTION_UNSET: the interval */
	int64_t duration_us;            /* OPTION_UNSET: none */
	double rate;                    /* uplinks/s, 0: by interval */
	bool has_app_key, has_nwk_key;
	struct ls_key app_key, nwk_key;
	enum device_class device_class;
	uint64_t refuse, ask;           /* a bit per CID */
	uint64_t ping_periodicity;
	bool adr, f_opts_original;
	bool abp, dev_nonce_random, join_only, quiet, json;
	uint64_t confirmed, port;
	int64_t payload_size;           /* set by options_parse() when left out */
	int64_t data_rate;              /* the same */
	uint64_t sub_band, dev_nonce_start, f_cnt_start;
	int64_t net_id;                 /* OPTION_UNSET: any */
	double rssi, snr;
	const char *devices_out;
};

/*
 * Fill *out from argv. Returns LS_OK to go on; LS_EUSAGE after a message and a `try:` line on
 * stderr; 1 when --help or --version was answered. Texts in *out are borrowed from argv.
 */
int options_parse(struct options *out, int argc, char **argv);

#endif
