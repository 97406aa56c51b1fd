/* log.c - one line a message on stderr. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/safe_text.h"

/* Set once by log_open() before there are threads, constant from then on. */
static struct {
	int max_priority;
	bool journal;
} settings = {LOG_INFO, false};

static const struct {
	const char *name;
	int priority;
} levels[] = {
	{"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"notice", LOG_NOTICE}, {"warning", LOG_WARNING}, {"error", LOG_ERR},
};
#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

/* systemd names the stream it connected to stderr as "device:inode". */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

void log_open(int max_priority)
{
	settings.max_priority = max_priority;
	settings.journal = stderr_is_journal();
}

int log_level_parse(const char *word, int *priority)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		if (strcmp(levels[i].name, word) == 0) {
			*priority = levels[i].priority;
			return LS_OK;
		}
	}
	return LS_EFORMAT;
}

const char *log_level_name(int priority)
{
	for (size_t i = 0; i < N_LEVELS; i++)
		if (levels[i].priority == priority)
			return levels[i].name;
	return priority < LOG_ERR ? "error" : "debug";
}

int log_compose(char line[LOG_LINE_SIZE], bool journal, long long wall_us, int priority, const char *subject,
                const char *text)
{
	char when[CLOCK_TEXT_SIZE];
	int n;

	if (journal) {
		n = snprintf(line, 64, "<%d>", priority);
	} else {
		clock_format(wall_us, when);
		n = snprintf(line, 64, "%s %-7s ", when, log_level_name(priority));
	}
	if (subject) {
		n += (int)safe_text(subject, strlen(subject), line + n, 80);
		n += snprintf(line + n, 4, ": ");
	}
	return n + (int)safe_text(text, strlen(text), line + n, LOG_LINE_SIZE - (size_t)n - 2);
}

void log_text(int priority, const char *subject, const char *text)
{
	char line[LOG_LINE_SIZE];
	int n;

	if (priority > settings.max_priority)
		return;
	n = log_compose(line, settings.journal, clock_wall_us(), priority, subject, text);
	line[n++] = '\n';
	/* One call a line, so lines of several threads never mix. A journal that does not read loses lines; the loop
	 * does not wait for it. */
	if (settings.journal &&
	    (send(STDERR_FILENO, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno != ENOTSOCK))
		return;
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere to say it */
}

__attribute__((format(printf, 3, 0))) static void log_va(int priority, const char *subject, const char *fmt, va_list ap)
{
	char text[1024];

	if (priority > settings.max_priority)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_text(priority, subject, text);
}

void log_srv(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(priority, NULL, fmt, ap);
	va_end(ap);
}

void log_dev(int priority, struct eui64 dev_eui, const char *fmt, ...)
{
	char subject[32] = "device ";
	va_list ap;

	eui64_format(dev_eui, subject + strlen(subject));
	va_start(ap, fmt);
	log_va(priority, subject, fmt, ap);
	va_end(ap);
}

void log_gw(int priority, struct eui64 gateway_id, const char *fmt, ...)
{
	char subject[32] = "gateway ";
	va_list ap;

	eui64_format(gateway_id, subject + strlen(subject));
	va_start(ap, fmt);
	log_va(priority, subject, fmt, ap);
	va_end(ap);
}
