/*
 * cli.h - what one run of lsctl knows: the words and flags it was given, where its output
 * goes, and the connection. main() owns it; every part receives it.
 *
 * The way of a run: args_parse() splits argv -> command_find() turns words into a row of the registry ->
 * command_params() makes the parameters -> run_*() calls the daemon and prints -> the exit code of
 * ux.md section 10.
 */
#ifndef LSCTL_CLI_H
#define LSCTL_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "control/client.h"
#include "model/model.h"

#define EXIT_NO 1           /* the answer is no */
#define EXIT_TIMED_OUT 10
#define EXIT_DECLINED 11    /* you answered no */
#define EXIT_INTERRUPTED 130
#define EXIT_CLOSED_PIPE 141

enum form {
	FORM_DEFAULT, /* by command and terminal */
	FORM_TABLE, FORM_WIDE, FORM_DETAIL, FORM_JSON, FORM_JSONL, FORM_CSV, FORM_TSV, FORM_ID, FORM_VALUE,
	FORM_CONF, FORM_FORMAT, /* of --format */
	FORM_PCAP,
	FORM_LINES, /* what tail shows on a terminal; not for -o */
};

enum time_form { TIME_FORM_DEFAULT, TIME_FORM_REL, TIME_FORM_LOCAL, TIME_FORM_UTC, TIME_FORM_UNIX };

enum tristate { UNSET = -1, NO, YES };

/* A flag that is not global: it belongs to the method, which is known only after all words are. */
struct flag_use {
	const char *name;  /* without dashes; points into argv or to a copy owned by args */
	char *value;       /* points into argv; NULL when none was given */
	bool negated;      /* --no-... */
	int at;            /* index in argv of the value, or of the flag */
};

struct word {
	const char *text;
	int at; /* index in argv */
};

#define WORDS_MAX 1024
#define FLAGS_MAX 128

struct options {
	const char *tenant, *app; /* flag or environment */
	bool tenant_flag, app_flag;
	const char *socket;
	enum form form;
	const char *fields, *get, *sort, *format;
	char *where;              /* every -w, joined by and; owned */
	bool list_fields;         /* -F without a value */
	const char *limit_text;   /* as typed: what it may be depends on the method */
	int64_t limit;            /* -1: not given */
	bool all;
	enum tristate header, pager;
	const char *settings_pager; /* of the config file */
	enum time_form time;
	const char *color;
	bool quiet, verbose, yes, fail_empty, keep_going, atomic, no_input, show_secrets, read_only, trace, help, version;
	int timeout_ms;
	bool raw, bom;            /* csv */
	char sep;
	int64_t for_ms;           /* streams; -1: not given */
	const char *cursor_file;
};

/* What `use` saved; "" is none. */
enum context { CONTEXT_TENANT, CONTEXT_APP, CONTEXT_DEVICE, CONTEXT__COUNT };
#define CONTEXT_NAME_SIZE 600 /* 128 characters of 4 octets, and to spare */
#define CONFIG_KEYS 5

struct cli {
	int argc;
	char **argv;
	struct options opt;
	uint64_t given;           /* bit of each global flag seen */
	char context[CONTEXT__COUNT][CONTEXT_NAME_SIZE];
	char *configured[CONFIG_KEYS]; /* texts of the config file; owned */
	struct word words[WORDS_MAX];
	size_t n_words;
	struct flag_use flags[FLAGS_MAX];
	size_t n_flags;

	bool in_tty, out_tty, err_tty;
	bool out_color, err_color;
	int columns;              /* of the terminal */
	int64_t now_us;           /* wall clock at start: one run, one now */

	const struct method *method;
	size_t first_id;          /* index in words of the first positional */
	struct control_client *client;
};

#endif
