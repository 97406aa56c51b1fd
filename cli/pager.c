/* pager.c - see pager.h. */
#include "pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_STARTED 127 /* of the shell, when there is no such program */

static struct {
	int terminal, kept; /* descriptors; kept < 0: not begun */
	const char *command;
	int rows, columns;
} pager = {.kept = -1};

static const char *command_of(const struct cli *c, bool wide)
{
	const char *own = getenv("LSCTL_PAGER"), *common = getenv("PAGER");

	if (own)
		return own;
	if (common)
		return common;
	if (c->opt.settings_pager)
		return c->opt.settings_pager;
	return wide ? "less -FIRXS" : "less -FIRX"; /* -S: wide rows scroll sideways */
}

void pager_begin(const struct cli *c, bool wide)
{
	struct winsize size;
	const char *command = command_of(c, wide), *term = getenv("TERM");

	if (!c->out_tty || c->opt.pager == NO || !*command || (term && strcmp(term, "dumb") == 0))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		return;
	pager.command = command;
	pager.rows = size.ws_row;
	pager.columns = wide ? 0 : size.ws_col;
	fflush(stdout);
	pager.terminal = dup(STDOUT_FILENO);
	pager.kept = memfd_create("output", MFD_CLOEXEC);
	if (pager.terminal < 0 || pager.kept < 0 || dup2(pager.kept, STDOUT_FILENO) < 0) {
		close(pager.terminal);
		close(pager.kept);
		pager.kept = -1;
	}
}

/* Rows of the terminal the text fills; colours are counted as if they were seen, which errs to the tall side. */
static bool is_tall(const char *text, size_t len)
{
	int rows = 0, column = 0;

	for (size_t i = 0; i < len && rows < pager.rows; i++) {
		if (text[i] == '\n') {
			rows++;
			column = 0;
		} else if (pager.columns > 0 && ((unsigned char)text[i] & 0xc0) != 0x80 && ++column > pager.columns) {
			rows++;
			column = 1;
		}
	}
	return rows >= pager.rows;
}

static void copy_out(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* True when a pager has shown it. Ctrl-C is for the pager, not for us. */
static bool run_pager(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int status = 0;

	lseek(pager.kept, 0, SEEK_SET);
	sigaction(SIGINT, &ignore, &before);
	pid_t pid = fork();

	if (pid == 0) {
		sigaction(SIGINT, &before, NULL);
		signal(SIGPIPE, SIG_DFL);
		dup2(pager.kept, STDIN_FILENO);
		execl("/bin/sh", "sh", "-c", pager.command, (char *)NULL);
		_exit(NOT_STARTED);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	sigaction(SIGINT, &before, NULL);
	return pid > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) >= NOT_STARTED - 1);
}

void pager_end(void)
{
	if (pager.kept < 0)
		return;
	fflush(stdout);
	dup2(pager.terminal, STDOUT_FILENO);
	close(pager.terminal);

	off_t size = lseek(pager.kept, 0, SEEK_END);
	char *text = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, pager.kept, 0) : MAP_FAILED;

	if (text != MAP_FAILED) {
		if (!is_tall(text, (size_t)size) || !run_pager())
			copy_out(text, (size_t)size);
		munmap(text, (size_t)size);
	}
	close(pager.kept);
	pager.kept = -1;
}
