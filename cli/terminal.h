/* terminal.h - what stdout and stderr are, colours by role, and outside text made harmless. */
#ifndef LSCTL_TERMINAL_H
#define LSCTL_TERMINAL_H

#include <stdio.h>

#include "cli.h"

enum role { ROLE_PLAIN, ROLE_OK, ROLE_WARN, ROLE_ERROR, ROLE_DIM, ROLE_KEY };

void terminal_detect(struct cli *c); /* after the options are known */
const char *role_on(bool color, enum role role);
const char *role_off(bool color, enum role role);

/* Write text; on a terminal what safe_text() would escape is escaped, but a backslash stays one. */
void put_text(FILE *to, bool tty, const char *text, size_t len);
/* The same as one line. */
void put_line(FILE *to, bool tty, const char *text, size_t len);
/* The same for JSON text: on a terminal such characters become \uXXXX, so it stays valid JSON. */
void put_json_text(FILE *to, bool tty, const char *text, size_t len);

/* Octets of safe text that fill at most `width` columns, and how many they fill. */
size_t cut_at(const char *text, size_t width, size_t *filled);

/* Wait until stdout is written; ends the program when that fails. */
void flush_stdout(void);

/* A y/N question on stderr, answered on the terminal. */
bool ask(const char *question);

#endif
