/* secrets.c - see secrets.h. */
#include "secrets.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "error.h"

#define SECRET_MAX 1024

bool is_key_flag(const char *arg)
{
	size_t n = strcspn(arg, "=");

	return n > 6 && strncmp(arg, "--", 2) == 0 && (memcmp(arg + n - 4, "-key", 4) == 0 ||
	                                               memcmp(arg + n - 4, "_key", 4) == 0);
}

bool is_plain_key(const char *value)
{
	return value[0] != '@' && strcmp(value, "-") != 0;
}

/* All of fd, at most SECRET_MAX octets; -1 with errno. */
static ssize_t read_all(int fd, char buf[SECRET_MAX])
{
	size_t n = 0;

	while (n < SECRET_MAX) {
		ssize_t got = read(fd, buf + n, SECRET_MAX - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			return (ssize_t)n;
		n += (size_t)got;
	}
	errno = EFBIG;
	return -1;
}

static void on_interrupt(int number)
{
	(void)number; /* only wakes read() */
}

static ssize_t read_prompt(const char *flag, char buf[SECRET_MAX])
{
	struct sigaction wake = {.sa_handler = on_interrupt}, before;
	struct termios shown, hidden;
	ssize_t n;

	fprintf(stderr, "%s: ", flag);
	fflush(stderr);
	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return -1;
	hidden = shown;
	hidden.c_lflag &= (tcflag_t)~ECHO;
	sigaction(SIGINT, &wake, &before);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	n = read(STDIN_FILENO, buf, SECRET_MAX); /* a terminal gives a line */
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown); /* also when Ctrl-C was typed */
	sigaction(SIGINT, &before, NULL);
	fputc('\n', stderr);
	if (n < 0 && errno == EINTR)
		raise(SIGINT);
	return n;
}

static json_t *trimmed(const char *text, size_t len)
{
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char)text[0]))
		text++, len--;
	return json_stringn(text, len); /* NULL when it is not UTF-8 */
}

int secret_read(const struct cli *c, const char *flag, char *value, json_t **out)
{
	char buf[SECRET_MAX];
	ssize_t n;
	int failed = 0;

	*out = NULL;
	if (is_plain_key(value)) {
		warn(c, "--%s given on the command line can be seen by other users; use @FILE or -", flag);
		*out = trimmed(value, strlen(value));
		explicit_bzero(value, strlen(value));
	} else if (value[0] == '-') {
		if (c->in_tty && c->opt.no_input)
			return fail(c, LS_EUSAGE, "stdin is a terminal and --no-input forbids asking", NULL,
			            "--%s has no value", flag);
		n = c->in_tty ? read_prompt(flag, buf) : read_all(STDIN_FILENO, buf);
		if (n < 0)
			return fail(c, LS_EUSAGE, strerror(errno), NULL, "cannot read --%s from stdin", flag);
		*out = trimmed(buf, (size_t)n);
		explicit_bzero(buf, sizeof(buf));
	} else {
		int fd = open(value + 1, O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? -1 : read_all(fd, buf);
		if (n < 0)
			failed = errno;
		if (fd >= 0)
			close(fd);
		if (failed)
			return fail(c, LS_EUSAGE, strerror(failed), NULL, "cannot read the key file %s", value + 1);
		*out = trimmed(buf, (size_t)n);
		explicit_bzero(buf, sizeof(buf));
	}
	if (!*out)
		return fail(c, LS_EFORMAT, "it holds octets that are not text; 32 hex digits are needed", NULL,
		            "--%s: not a key", flag);
	return 0;
}
