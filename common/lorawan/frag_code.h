/*
 * frag_code.h - the coded fragments of a data block (TS004, mac-commands.md section 7): fragment N up to NbFrag is a part of the
 * block itself, the later ones are XORs of parts. Which parts is a row of a pseudo-random matrix.
 */
#ifndef LS_LORAWAN_FRAG_CODE_H
#define LS_LORAWAN_FRAG_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The versions draw differently: v1 counts every draw, v2 draws again when the column is already set. */
enum frag_version { FRAG_V1, FRAG_V2 };

#define FRAG_NB_MAX 16383

/* Row n (from 1) for nb_frag columns, 1..FRAG_NB_MAX: columns[i] tells whether fragment i + 1 takes part. */
void frag_code_row(enum frag_version version, uint32_t n, uint32_t nb_frag, bool *columns);

/*
 * Coded fragment n (from 1; on air NbFrag + n) of data, whose length is nb_frag * frag_size, padding included. columns is
 * room for nb_frag.
 */
void frag_code_fragment(enum frag_version version, uint32_t n, const uint8_t *data, uint32_t nb_frag, size_t frag_size,
                        bool *columns, uint8_t *out);

#endif
