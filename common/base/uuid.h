/* uuid.h - random identifiers (RFC 9562 version 4) in lower-case text with dashes. */
#ifndef LS_BASE_UUID_H
#define LS_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37

struct uuid {
	uint8_t b[16];
};

struct uuid uuid_random(void);                       /* from getrandom(2) */
struct uuid uuid_from_random(const uint8_t r[16]);   /* sets version and variant bits */
char *uuid_format(struct uuid id, char buf[UUID_TEXT_SIZE]);
int uuid_parse(const char *text, struct uuid *out);  /* any case; LS_EFORMAT */
bool uuid_equal(struct uuid a, struct uuid b);

#endif
