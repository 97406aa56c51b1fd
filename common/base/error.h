/*
 * error.h - the one list of error codes.
 *
 * Functions return LS_OK (0) or a negative code from this list; results come through the
 * last parameter. Codes travel inside the programs, words are made at the edges (control
 * reply, log line, configuration message).
 *
 * Each row: symbol, name in control replies, exit code of lsctl, short text.
 */
#ifndef LS_BASE_ERROR_H
#define LS_BASE_ERROR_H

#define LS_ERROR_LIST(E)                                                                 \
	E(LS_ESHORT, "short", 5, "too short") \
	E(LS_ELONG, "long", 5, "too long") \
	E(LS_ETYPE, "type", 5, "wrong type") \
	E(LS_EFORMAT, "format", 5, "malformed") \
	E(LS_ERANGE, "range", 5, "out of range") \
	E(LS_EINVAL, "invalid", 5, "invalid data") \
	E(LS_EMIC, "mic", 5, "MIC does not fit") \
	E(LS_EUSAGE, "usage", 2, "usage") \
	E(LS_ENOTFOUND, "notfound", 3, "not found") \
	E(LS_EAMBIGUOUS, "ambiguous", 4, "ambiguous") \
	E(LS_ECONFLICT, "conflict", 6, "conflict") \
	E(LS_EPERM, "perm", 8, "not permitted") \
	E(LS_EUNREACHABLE, "unreachable", 9, "daemon not reachable") \
	E(LS_EVERSION, "version", 9, "unsupported version") \
	E(LS_ETIMEOUT, "timeout", 10, "timed out") \
	E(LS_ENOMEM, "nomem", 12, "out of memory") \
	E(LS_EIO, "io", 12, "input/output error") \
	E(LS_EFULL, "full", 12, "store is full or not writable") \
	E(LS_EBUG, "bug", 12, "internal error")

enum ls_error {
	LS_OK = 0,
	LS__FIRST = -1000,
#define E(symbol, name, exit_code, text) symbol,
	LS_ERROR_LIST(E)
#undef E
	LS__LAST
};

/* Short text of a code, never NULL; unknown codes give "unknown error". */
const char *ls_strerror(int code);

/* The name used in control replies, for example "notfound". */
const char *ls_error_name(int code);

/* Exit code of lsctl for a code; 0 for LS_OK. */
int ls_error_exit(int code);

#endif
