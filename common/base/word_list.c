#include "base/word_list.h"

#include <stdio.h>
#include <string.h>

void word_list_add(char *list, size_t size, const char *separator, const char *word)
{
	size_t len = strlen(list), more = strlen(word) + (len ? strlen(separator) : 0);

	if (len + more < size)
		snprintf(list + len, size - len, "%s%s", len ? separator : "", word);
}
