/*
 * log.h - the daemon's log: one line a message on stderr, from any thread.
 *
 * The subject is an argument, so that every line about a device or a gateway can be found by its EUI.
 * The whole text passes safe_text(): whatever a stranger put into it, it stays one line. Keys have a type
 * of their own and no way in here. Priorities are those of syslog(3); under systemd a line begins with
 * "<N>", else with the time and the level's name.
 */
#ifndef LS_LOG_H
#define LS_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "base/eui.h"

/* Once, before the first thread: drop what is less urgent than max_priority; look whether stderr is the journal. */
void log_open(int max_priority);

/* "debug" "info" "notice" "warning" "error" to LOG_...; LS_EFORMAT for another word. */
int log_level_parse(const char *word, int *priority);
const char *log_level_name(int priority);

void log_srv(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_dev(int priority, struct eui64 dev_eui, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void log_gw(int priority, struct eui64 gateway_id, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A text made elsewhere; subject ("device 0004...") may be NULL. */
void log_text(int priority, const char *subject, const char *text);

/* The line that would be written, without newline: for tests. Returns its length. */
#define LOG_LINE_SIZE 1200
int log_compose(char line[LOG_LINE_SIZE], bool journal, long long wall_us, int priority, const char *subject,
                const char *text);

#endif
