/*
 * clock.h - the two clocks and their text.
 *
 * wall_us is microseconds since 1970-01-01 UTC; mono_us runs evenly and is for timers and
 * differences only. Code that decides gets its times as arguments; only edges call these.
 */
#ifndef LS_BASE_CLOCK_H
#define LS_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_us(void);
uint64_t clock_mono_us(void);

#define CLOCK_TEXT_SIZE 40

/*
 * "2025-03-04T10:15:31.204117Z", always 6 decimals. Returns the length. Times outside the
 * years 0000 to 9999, which RFC 3339 cannot write, give the nearest end.
 */
size_t clock_format(int64_t wall_us, char buf[CLOCK_TEXT_SIZE]);

/* ChirpStack's form: "+00:00" in place of Z; 0, 3 or 6 decimals as needed. Returns the length. */
size_t clock_format_chirpstack(int64_t wall_us, char buf[CLOCK_TEXT_SIZE]);

/*
 * Parse RFC 3339 with any number of decimals (microseconds kept) and Z or an offset.
 * LS_EFORMAT when the text is anything else, LS_ERANGE for an impossible date.
 */
int clock_parse(const char *text, size_t len, int64_t *wall_us);

/*
 * Parse a duration with its unit: "200ms", "1s", "15m", "24h", "7d", "1h30m"; units are d h m
 * s ms us, largest first, each once. A bare number is LS_EFORMAT (the unit is missing),
 * LS_ERANGE when it does not fit.
 */
int duration_parse(const char *text, int64_t *duration_us);

/* Exact text that duration_parse() reads back, parts of 0 left out: "200ms", "1h30m", "0s". Returns buf. */
char *duration_format(int64_t duration_us, char buf[CLOCK_TEXT_SIZE]);

#endif
