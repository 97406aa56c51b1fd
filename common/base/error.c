#include "base/error.h"

#include <stddef.h>

static const struct {
	const char *name;
	int exit_code;
	const char *text;
} errors[] = {
#define E(symbol, name, exit_code, text) {name, exit_code, text},
	LS_ERROR_LIST(E)
#undef E
};

static int row_of(int code)
{
	int row = code - (LS__FIRST + 1);

	return row >= 0 && row < (int)(sizeof(errors) / sizeof(errors[0])) ? row : -1;
}

const char *ls_strerror(int code)
{
	int row = row_of(code);

	if (code == LS_OK)
		return "ok";
	return row < 0 ? "unknown error" : errors[row].text;
}

const char *ls_error_name(int code)
{
	int row = row_of(code);

	if (code == LS_OK)
		return "ok";
	return row < 0 ? "unknown" : errors[row].name;
}

int ls_error_exit(int code)
{
	int row = row_of(code);

	if (code == LS_OK)
		return 0;
	return row < 0 ? 12 : errors[row].exit_code;
}
