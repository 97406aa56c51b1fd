/* lorawan_tables.h - what the daemon knows of LoRaWAN, printed from its own tables: loraserver-lorawan(7) is made of it. */
#ifndef LS_LORAWAN_TABLES_H
#define LS_LORAWAN_TABLES_H

#include <stdio.h>

/*
 * Print a table, one row a line, cells separated by tabs; the first row are headings. LS_EUSAGE when there is none of that
 * name: regions, versions, commands, adr, drops.
 */
int lorawan_table_print(FILE *f, const char *name);

#endif
