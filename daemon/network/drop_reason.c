#include "network/drop_reason.h"

#include <stddef.h>

static const struct {
	const char *name, *words, *hint;
} reasons[DROP__COUNT] = {
#define DROP(symbol, name, words, hint) [DROP_##symbol] = {name, words, hint},
#include "network/drop_reason.def"
#undef DROP
};

const char *drop_reason_name(enum drop_reason reason)
{
	return reasons[reason].name;
}

const char *drop_reason_words(enum drop_reason reason)
{
	return reasons[reason].words;
}

const char *drop_reason_hint(enum drop_reason reason)
{
	return reasons[reason].hint;
}
