/* schema.h - `lsctl schema`: the registry's entities as JSON Schema. */
#ifndef LSCTL_SCHEMA_H
#define LSCTL_SCHEMA_H

#include "cli.h"

int schema_print(struct cli *c);

#endif
