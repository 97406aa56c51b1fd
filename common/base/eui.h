/*
 * eui.h - EUI-64 (DevEUI, JoinEUI, gateway id) and DevAddr as people write them.
 *
 * In memory an EUI is kept most significant octet first, as printed on a label; LoRaWAN
 * frames carry it least significant octet first (the reversal is done by phy.h).
 * A DevAddr is a number: 0x01020304 is written "01020304" and travels as 04 03 02 01.
 */
#ifndef LS_BASE_EUI_H
#define LS_BASE_EUI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eui64 {
	uint8_t be[8];
};

#define EUI64_TEXT_SIZE 17   /* 16 hex digits and NUL */
#define DEV_ADDR_TEXT_SIZE 9 /* 8 hex digits and NUL */

/*
 * Parse 16 hex digits of any case; '-', ':', '.' between digits and a leading "0x" are
 * ignored. LS_ESHORT or LS_ELONG: number of digits; LS_EFORMAT: another character.
 */
int eui64_parse(const char *text, struct eui64 *out);

/* Write 16 lower-case hex digits and NUL; returns buf. */
char *eui64_format(struct eui64 eui, char buf[EUI64_TEXT_SIZE]);

bool eui64_equal(struct eui64 a, struct eui64 b);
bool eui64_is_zero(struct eui64 eui);
struct eui64 eui64_reverse(struct eui64 eui);
uint64_t eui64_to_u64(struct eui64 eui);
struct eui64 eui64_from_u64(uint64_t v);

/* Same rules for the 8 hex digits of a DevAddr. */
int dev_addr_parse(const char *text, uint32_t *out);
char *dev_addr_format(uint32_t dev_addr, char buf[DEV_ADDR_TEXT_SIZE]);

#endif
