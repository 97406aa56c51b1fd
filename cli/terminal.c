/* terminal.c - see terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/safe_text.h"
#include "base/utf8.h"

static int terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	int n = text ? atoi(text) : 0;

	if (n > 0)
		return n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

/* The order of ux.md section 10: flag, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, is it a terminal. */
static bool wants_color(const char *flag, bool tty)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");

	if (flag && strcmp(flag, "auto") != 0)
		return strcmp(flag, "always") == 0;
	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return tty && term && strcmp(term, "dumb") != 0;
}

void terminal_detect(struct cli *c)
{
	c->out_color = wants_color(c->opt.color, c->out_tty);
	c->err_color = wants_color(c->opt.color, c->err_tty);
	c->columns = terminal_columns();
	/* Widths of characters come from the locale; names are UTF-8 whatever LANG says. */
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

const char *role_on(bool color, enum role role)
{
	static const char *const codes[] = {
		[ROLE_PLAIN] = "",           [ROLE_OK] = "\033[32m", [ROLE_WARN] = "\033[33m",
		[ROLE_ERROR] = "\033[1;31m", [ROLE_DIM] = "\033[2m", [ROLE_KEY] = "\033[1m",
	};

	return color ? codes[role] : "";
}

const char *role_off(bool color, enum role role)
{
	return color && role != ROLE_PLAIN ? "\033[0m" : "";
}

typedef void escape_fn(FILE *to, const char *text, size_t len, uint32_t character);

static void escape_safe(FILE *to, const char *text, size_t len, uint32_t character)
{
	char out[64];

	(void)character;
	safe_text(text, len, out, sizeof(out));
	fputs(out, to);
}

static void escape_json(FILE *to, const char *text, size_t len, uint32_t character)
{
	if (len == 1 && (text[0] == '\n' || text[0] == '\t'))
		fputc(text[0], to); /* layout between values; inside a string they are escaped already */
	else if (character > 0xffff)
		fprintf(to, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
		        0xdc00 + ((character - 0x10000) & 0x3ff));
	else
		fprintf(to, "\\u%04x", character);
}

static void put_escaped(FILE *to, bool tty, const char *text, size_t len, escape_fn *escape)
{
	if (!tty || safe_text_is_clean(text, len)) {
		fwrite(text, 1, len, to);
		return;
	}
	for (size_t i = 0; i < len;) {
		uint32_t character = 0xfffd;
		size_t n = utf8_decode(text + i, len - i, &character);

		if (n > 0 && safe_text_is_clean(text + i, n))
			fwrite(text + i, 1, n, to);
		else
			escape(to, text + i, n > 0 ? n : 1, character);
		i += n > 0 ? n : 1;
	}
}

void put_text(FILE *to, bool tty, const char *text, size_t len)
{
	put_escaped(to, tty, text, len, escape_safe);
}

void put_line(FILE *to, bool tty, const char *text, size_t len)
{
	put_text(to, tty, text, len);
	fputc('\n', to);
}

void put_json_text(FILE *to, bool tty, const char *text, size_t len)
{
	put_escaped(to, tty, text, len, escape_json);
}

size_t cut_at(const char *text, size_t width, size_t *filled)
{
	size_t len = strlen(text), i = 0;

	*filled = 0;
	while (i < len) {
		uint32_t character;
		size_t n = utf8_decode(text + i, len - i, &character);
		char part[8];

		if (n == 0)
			n = 1;
		memcpy(part, text + i, n);
		part[n] = '\0';
		size_t w = safe_text_width(part);

		if (*filled + w > width)
			break;
		*filled += w;
		i += n;
	}
	return i;
}

void flush_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (errno == EPIPE)
		_exit(EXIT_CLOSED_PIPE);
	fprintf(stderr, "lsctl: cannot write the output: %s\n", strerror(errno));
	_exit(ls_error_exit(LS_EINVAL)); /* 12 would blame the daemon */
}

bool ask(const char *question)
{
	char answer[16];

	fflush(stdout);
	put_text(stderr, true, question, strlen(question));
	fputs(" [y/N] ", stderr);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}
