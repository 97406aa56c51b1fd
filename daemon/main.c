/*
 * main.c - loraserverd: options, start, loop, stop. Modules stop in the reverse of the order in which
 * they started.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <grp.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/word_list.h"
#include "control/control.h"
#include "control/protocol.h"
#include "log.h"
#include "lorawan_tables.h"
#include "notify.h"
#include "server.h"
#include "store/restore.h"

#define V1_LEAD_US 30000 /* packet forwarders of protocol version 1 have no queue */

enum mode { MODE_RUN, MODE_CHECK, MODE_SAMPLE, MODE_RESTORE, MODE_EXIT };

static void usage(FILE *f)
{
	fputs("usage: loraserverd [-c FILE] [--check | --sample-config | --lorawan TABLE | --restore COPY]\n"
	      "  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	      "      --check          validate the configuration and end\n"
	      "      --sample-config  print a configuration file with every option and its default\n"
	      "      --lorawan TABLE  print what is known of LoRaWAN: regions, versions, commands, adr or drops\n"
	      "      --restore COPY   let a copy of the database take the place of the present one, and end\n"
	      "      --version        print the version\n"
	      "  -h, --help           this text\n"
	      "The daemon stays in the foreground and logs to stderr. Administer it with lsctl.\n",
	      f);
}

static int print_table(const char *name)
{
	if (lorawan_table_print(stdout, name) == LS_OK)
		return LS_OK;
	fprintf(stderr, "loraserverd: no table '%s'\n", name);
	usage(stderr);
	return LS_EUSAGE;
}

/* LS_EUSAGE: the message is printed. */
static int parse_arguments(int argc, char **argv, enum mode *mode, const char **config_path,
                           const char **restore_from)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
		{"sample-config", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'V'},
		{"lorawan", required_argument, NULL, 'l'}, {"restore", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	int c;

	*mode = MODE_RUN;
	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			*config_path = optarg;
			break;
		case 'k':
			*mode = MODE_CHECK;
			break;
		case 's':
			*mode = MODE_SAMPLE;
			break;
		case 'r':
			*mode = MODE_RESTORE;
			*restore_from = optarg;
			break;
		case 'l':
			*mode = MODE_EXIT;
			return print_table(optarg);
		case 'V':
			puts("loraserverd " LS_VERSION);
			*mode = MODE_EXIT;
			return LS_OK;
		case 'h':
			usage(stdout);
			*mode = MODE_EXIT;
			return LS_OK;
		default:
			usage(stderr);
			return LS_EUSAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "loraserverd: unexpected argument '%s'\n", argv[optind]);
		usage(stderr);
		return LS_EUSAGE;
	}
	return LS_OK;
}

/* --- the process --- */

/* jansson's values hold keys of requests: what it gives back is wiped. */
static void free_wiped(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void prepare_process(void)
{
	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2); /* a few threads; more arenas only spread memory */
	mallopt(M_MXFAST, 0);    /* small blocks live in the threads' caches; fastbins are merged again and again */
	if (!getenv("LS_TEST_DUMPABLE"))
		prctl(PR_SET_DUMPABLE, 0); /* no core with keys, no ptrace */
	json_set_alloc_funcs(malloc, free_wiped);
}

/* --- places --- */

static int replace_text(char **place, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return LS_ENOMEM;
	free(*place);
	*place = copy;
	return LS_OK;
}

static int default_data_dir(struct config *c)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char path[4096];

	if (c->data_dir[0])
		return LS_OK;
	if (geteuid() == 0)
		return replace_text(&c->data_dir, "/var/lib/loraserver");
	if (state && state[0] == '/')
		snprintf(path, sizeof(path), "%s/loraserver", state);
	else if (home && home[0] == '/')
		snprintf(path, sizeof(path), "%s/.local/state/loraserver", home);
	else {
		log_srv(LOG_ERR, "neither XDG_STATE_HOME nor HOME is set: name the directory as [server] data_dir");
		return LS_EUSAGE;
	}
	return replace_text(&c->data_dir, path);
}

static int default_socket(struct config *c)
{
	char path[4096];

	if (c->socket[0])
		return LS_OK;
	return replace_text(&c->socket, control_default_socket(path, sizeof(path), 1));
}

/* Make a directory and its parents, private. */
static int make_directory(const char *path)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return LS_ELONG;
	memcpy(part, path, len + 1);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST && errno != EACCES && errno != EROFS)
			return LS_EIO;
		*slash = '/';
	}
	return mkdir(part, 0700) < 0 && errno != EEXIST ? LS_EIO : LS_OK;
}

static int open_data_dir(const struct server *srv)
{
	struct stat st;

	if (make_directory(srv->config.data_dir) || stat(srv->config.data_dir, &st) < 0) {
		log_srv(LOG_ERR, "data_dir %s: %s", srv->config.data_dir, strerror(errno));
		return LS_EIO;
	}
	if (st.st_mode & 077) {
		log_srv(LOG_ERR, "data_dir %s can be entered by others; it holds keys: chmod 700 it", srv->config.data_dir);
		return LS_EPERM;
	}
	return LS_OK;
}

static int store_path(const struct server *srv, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/loraserver.db", srv->config.data_dir);

	return n < 0 || (size_t)n >= size ? LS_ELONG : LS_OK;
}

/* --- start, in this order --- */

static int start_socket_file(struct server *srv)
{
	const struct group *g = srv->config.admin_group[0] ? getgrnam(srv->config.admin_group) : NULL;
	char err[400] = "";
	int rc = socket_file_open(srv->config.socket, notify_take_listen_fd(), g ? (long)g->gr_gid : -1, &srv->socket_file, err,
	                          sizeof(err));

	if (rc)
		log_srv(LOG_ERR, "%s", err);
	return rc;
}

static int start_store(struct server *srv)
{
	char path[4096], err[400] = "";
	struct store_options options = {
		.path = path,
		.events_max_age_us = srv->config.events_max_age_us,
		.changes_max_age_us = srv->config.changes_max_age_us,
		.changes_max_bytes = srv->config.changes_max_bytes,
		.trash_max_age_us = srv->config.trash_max_age_us,
		.events_max_bytes = srv->config.events_max_bytes,
		.frames_max = srv->config.frames_max,
		.log = glue_store_log,
		.log_arg = srv,
	};
	int rc;

	if (store_path(srv, path, sizeof(path)))
		return LS_ELONG;
	rc = store_open(&srv->loop, &options, &srv->store, err, sizeof(err));
	if (rc)
		log_srv(LOG_ERR, "store: %s", err[0] ? err : ls_strerror(rc));
	return rc;
}

/* The socket is bound before the fleet is loaded: what comes meanwhile waits in the kernel. */
static int start_gateways(struct server *srv)
{
	struct semtech_udp_options options = {
		.bind = srv->config.bind,
		.rcvbuf = (int)srv->config.rcvbuf_bytes,
		.v1_lead_us = V1_LEAD_US,
	};
	struct gateway_sink sink;
	char err[400] = "";
	int rc;

	glue_gateway_sink(srv, &sink);
	errno = 0;
	rc = semtech_udp_open(&srv->loop, &options, &sink, &srv->udp, &srv->rcvbuf_granted, err, sizeof(err));
	if (!rc)
		return LS_OK;
	/* What bind() said is no fault of the daemon. */
	if (rc == LS_EIO && errno == EADDRINUSE)
		rc = LS_ECONFLICT;
	else if (rc == LS_EIO && (errno == EACCES || errno == EPERM))
		rc = LS_EPERM;
	log_srv(LOG_ERR, "semtech_udp: %s", err[0] ? err : ls_strerror(rc));
	if (rc == LS_ECONFLICT)
		log_srv(LOG_ERR, "  why: another program receives on this port, perhaps another loraserverd");
	else if (rc == LS_EPERM)
		log_srv(LOG_ERR, "  why: this user may not use the port; those below 1024 need CAP_NET_BIND_SERVICE");
	if (rc == LS_ECONFLICT)
		log_srv(LOG_ERR, "  try: ss -lunp, or another port as [semtech_udp] bind");
	else if (rc == LS_EPERM)
		log_srv(LOG_ERR, "  try: another port as [semtech_udp] bind");
	return rc;
}

static int start_regions(struct server *srv)
{
	for (size_t i = 0; i < srv->config.n_regions; i++) {
		const struct config_region *r = &srv->config.regions[i];
		const char *why = "";

		if (!r->settings.enabled)
			continue;
		if (region_init(&srv->regions[srv->n_regions], r->table, &r->settings, &why)) {
			log_srv(LOG_ERR, "[region %s]: %s", r->table->name, why);
			return LS_EUSAGE;
		}
		memcpy(srv->regions[srv->n_regions].name, r->name, sizeof(r->name));
		srv->n_regions++;
	}
	return LS_OK;
}

static int start_fleet(struct server *srv)
{
	char err[400] = "";
	int rc = fleet_init(&srv->fleet, srv->regions, srv->n_regions);

	if (!rc)
		rc = fleet_load(&srv->fleet, srv->store, err, sizeof(err));
	if (rc)
		log_srv(LOG_ERR, "loading: %s", err[0] ? err : ls_strerror(rc));
	return rc;
}

static int start_network(struct server *srv)
{
	struct network_options options = {
		.net_id = (uint32_t)srv->config.net_id,
		.dev_addrs = srv->config.dev_addr_prefixes,
		.deduplication_delay_us = srv->config.deduplication_delay_us,
		.downlink_data_delay_us = srv->config.downlink_data_delay_us,
	};
	struct network_out out;
	int rc;

	glue_network_out(srv, &out);
	rc = network_open(&srv->loop, &srv->fleet, srv->store, &options, &out, &srv->network);
	if (rc)
		log_srv(LOG_ERR, "network: %s", ls_strerror(rc));
	return rc;
}

static int start_control(struct server *srv)
{
	char err[400] = "";
	int rc = control_open(srv, srv->socket_file, &srv->control, err, sizeof(err));

	if (rc)
		log_srv(LOG_ERR, "%s", err);
	return rc;
}

/* The end is bounded even when the disk hangs in a sync: what is not committed by then was never acknowledged. */
#define END_SECONDS 2

static void on_end_overdue(int signum)
{
	static const char text[] = "the disk does not answer: ended without its last commits\n";

	(void)signum;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		/* nobody left to tell */
	}
	_exit(1);
}

static void bound_the_end(void)
{
	struct sigaction action = {.sa_handler = on_end_overdue};

	sigaction(SIGALRM, &action, NULL);
	alarm(END_SECONDS);
}

static void on_end_signal(uv_signal_t *handle, int signum)
{
	struct server *srv = handle->data;

	if (srv->stopping)
		return;
	srv->stopping = true;
	log_srv(LOG_NOTICE, "signal %d: stopping", signum);
	notify_systemd("STOPPING=1");
	bound_the_end();
	uv_stop(&srv->loop);
}

static void start_signals(struct server *srv)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	uv_signal_t *const handles[] = {&srv->on_sigint, &srv->on_sigterm, &srv->on_sighup};

	for (size_t i = 0; i < 3; i++) {
		uv_signal_init(&srv->loop, handles[i]);
		handles[i]->data = srv;
		uv_signal_start(handles[i], on_end_signal, signals[i]);
	}
}

/* A flood leaves freed memory behind that the allocator keeps: what is much is given back, a little while later. */
#define TRIM_INTERVAL_MS 60000
#define TRIM_FROM_BYTES (32u << 20)

static void on_trim(uv_timer_t *timer)
{
	(void)timer;
	if (mallinfo2().fordblks > TRIM_FROM_BYTES)
		malloc_trim(0);
}

static void start_trimming(struct server *srv)
{
	uv_timer_init(&srv->loop, &srv->trim);
	uv_timer_start(&srv->trim, on_trim, TRIM_INTERVAL_MS, TRIM_INTERVAL_MS);
	uv_unref((uv_handle_t *)&srv->trim);
}

static void log_ready(const struct server *srv)
{
	char regions[200] = "", state[320];

	for (size_t i = 0; i < srv->n_regions; i++)
		word_list_add(regions, sizeof(regions), ", ", srv->regions[i].name);
	log_srv(LOG_NOTICE, "loraserverd " LS_VERSION " ready: %s; semtech_udp on %s (port %u, receive buffer %d KiB); control on %s",
	        regions, srv->config.bind, (unsigned)semtech_udp_port(srv->udp), srv->rcvbuf_granted / 1024, srv->config.socket);
	log_srv(LOG_INFO, "%zu devices, %zu gateways, %zu tenants from %s", srv->fleet.devices.used, srv->fleet.gateways.used,
	        srv->fleet.tenants.used, srv->config.data_dir);
	snprintf(state, sizeof(state), "READY=1\nSTATUS=%zu devices, %zu gateways, %s", srv->fleet.devices.used,
	         srv->fleet.gateways.used, regions);
	notify_systemd(state);
}

static int start(struct server *srv)
{
	int (*const steps[])(struct server *) = {
		start_store, start_gateways, start_regions, start_fleet, start_network, start_control,
	};
	int rc = LS_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
		rc = steps[i](srv);
	return rc;
}

/* --- stop, the other way round; parts that did not start are NULL --- */

static void stop(struct server *srv)
{
	control_stop(srv->control);
	if (srv->udp)
		gateway_semtech_udp.close(srv->udp);
	srv->udp = NULL;
	/* Frames that wait behind a control write are decided behind it. */
	while (srv->network && network_has_waiting(srv->network))
		uv_run(&srv->loop, UV_RUN_ONCE);
	if (srv->network)
		network_drain(srv->network);
	if (srv->store)
		store_close(srv->store); /* what is decided is committed; its effects leave */
	control_close(srv->control);
	if (srv->network)
		network_close(srv->network);
	uv_close((uv_handle_t *)&srv->trim, NULL);
	uv_close((uv_handle_t *)&srv->on_sigint, NULL);
	uv_close((uv_handle_t *)&srv->on_sigterm, NULL);
	uv_close((uv_handle_t *)&srv->on_sighup, NULL);
	uv_run(&srv->loop, UV_RUN_DEFAULT);
	control_free(srv->control);
	srv->control = NULL;
	fleet_fini(&srv->fleet);
	if (uv_loop_close(&srv->loop))
		log_srv(LOG_WARNING, "something was left open at the end");
}

static int serve(struct server *srv)
{
	int rc;

	srv->started_us = clock_wall_us();
	srv->started_mono_us = clock_mono_us();
	rc = default_data_dir(&srv->config);
	if (!rc)
		rc = default_socket(&srv->config);
	if (!rc)
		rc = open_data_dir(srv);
	if (!rc)
		rc = start_socket_file(srv);
	if (rc)
		return rc;
	if (uv_loop_init(&srv->loop)) {
		socket_file_close(srv->socket_file);
		return LS_ENOMEM;
	}
	start_signals(srv);
	start_trimming(srv);
	rc = start(srv);
	if (!rc) {
		log_ready(srv);
		uv_run(&srv->loop, UV_RUN_DEFAULT);
	}
	stop(srv);
	socket_file_close(srv->socket_file);
	if (!rc)
		log_srv(LOG_NOTICE, "ended");
	return rc;
}

static int restore(struct server *srv, const char *from)
{
	char path[4096], err[400] = "";
	int rc = default_data_dir(&srv->config);

	if (!rc)
		rc = open_data_dir(srv);
	if (rc)
		return rc;
	if (store_path(srv, path, sizeof(path)))
		return LS_ELONG;
	rc = store_restore(path, from, err, sizeof(err));
	if (rc)
		log_srv(LOG_ERR, "not restored: %s", err[0] ? err : ls_strerror(rc));
	else
		log_srv(LOG_NOTICE, "restored %s; FCntDown counts on by %d, JoinNonce by %d; what was replaced is %s" RESTORE_ASIDE,
		        from, RESTORE_F_CNT_DOWN, RESTORE_JOIN_NONCE, path);
	return rc;
}

int main(int argc, char **argv)
{
	struct server *srv = calloc(1, sizeof(*srv));
	struct text_buf errors;
	const char *config_path = NULL, *restore_from = NULL;
	enum mode mode;
	int rc = srv ? parse_arguments(argc, argv, &mode, &config_path, &restore_from) : LS_ENOMEM;

	if (rc || mode == MODE_EXIT)
		goto out;
	if (mode == MODE_SAMPLE) {
		config_sample(stdout);
		goto out;
	}
	text_buf_init(&errors);
	rc = config_load(config_path, &srv->config, &errors);
	if (rc)
		fputs(errors.len ? errors.data : "loraserverd: out of memory\n", stderr);
	text_buf_fini(&errors);
	if (!rc && mode == MODE_CHECK)
		printf("%s: valid\n", config_path ? config_path : access(CONFIG_DEFAULT_PATH, F_OK) ? "defaults" : CONFIG_DEFAULT_PATH);
	if (!rc && mode == MODE_RESTORE) {
		log_open((int)srv->config.log_level);
		prepare_process();
		rc = restore(srv, restore_from);
	}
	if (!rc && mode == MODE_RUN) {
		log_open((int)srv->config.log_level);
		prepare_process();
		rc = serve(srv);
	}
	config_free(&srv->config);
out:
	free(srv);
	return ls_error_exit(rc);
}
