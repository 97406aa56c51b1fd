/* main.c - lsctl: one command, one answer, one exit code. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "base/clock.h"
#include "batch.h"
#include "bulk.h"
#include "command.h"
#include "error.h"
#include "help.h"
#include "run.h"
#include "schema.h"
#include "settings.h"
#include "terminal.h"

/* ux.md section 10 wants numbers, and silence: so a signal ends us as an exit code of our own. */
static void on_interrupt(int number)
{
	_exit(128 + number);
}

static void set_signals(void)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
}

/*
 * A closed stdin, stdout or stderr must not become the control socket. What takes its place fails as a closed
 * one does: it is open the wrong way round.
 */
static void fill_closed_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(ls_error_exit(LS_EINVAL));
}

static int print_help(struct cli *c)
{
	if (c->n_words == 0) {
		help_overview(stdout);
		return 0;
	}
	if (strcmp(c->words[0].text, "help") == 0)
		return help_topic(c);
	if (command_find(c, true) == 0) {
		help_method(c->method);
		return 0;
	}
	if (strcmp(c->words[0].text, "batch") == 0) {
		help_batch();
		return 0;
	}
	if (strcmp(c->words[0].text, "use") == 0) {
		help_use();
		return 0;
	}
	if (help_noun(c->words[0].text))
		return 0;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(c->words[0].text, i ? "version" : "schema") == 0) {
			help_overview(stdout);
			return 0;
		}
	return command_find(c, false);
}

static int run(struct cli *c)
{
	const char *first = c->n_words > 0 ? c->words[0].text : "";
	json_t *params;

	if (c->opt.version || strcmp(first, "version") == 0) {
		puts("lsctl " LS_VERSION);
		return 0;
	}
	if (c->opt.help)
		return print_help(c);
	if (c->n_words == 0) {
		help_overview(stderr);
		return ls_error_exit(LS_EUSAGE);
	}
	if (strcmp(first, "help") == 0)
		return help_topic(c);
	if (strcmp(first, "schema") == 0)
		return schema_print(c);
	if (strcmp(first, "use") == 0)
		return run_use(c);

	if (strcmp(first, "batch") == 0)
		return run_batch(c);

	int code = command_find(c, false);

	if (code)
		return code;
	if (c->opt.list_fields) {
		help_fields(method_entity(c->method));
		return 0;
	}
	if (bulk_is_meant(c))
		return run_bulk(c);
	code = command_params(c, &params);
	if (code)
		return code;
	if (c->method->shape == SHAPE_LIST)
		return run_list(c, params);
	if (c->method->shape == SHAPE_STREAM)
		return run_stream(c, params);
	if (c->method->right <= RIGHT_READ || strstr(c->method->words, " show"))
		return run_show(c, params);
	return run_action(c, params);
}

int main(int argc, char **argv)
{
	struct cli c = {.argc = argc, .argv = argv, .now_us = clock_wall_us()};

	fill_closed_descriptors();
	set_signals();
	c.in_tty = isatty(STDIN_FILENO);
	c.out_tty = isatty(STDOUT_FILENO);
	c.err_tty = isatty(STDERR_FILENO);
	int code = args_parse(&c);

	if (!code)
		code = settings_load(&c);
	terminal_detect(&c);
	if (!code)
		code = run(&c);
	flush_stdout();
	control_client_close(c.client);
	free(c.opt.where);
	settings_free(&c);
	for (size_t i = 0; i < c.n_flags; i++)
		free((char *)c.flags[i].name);
	return code;
}
