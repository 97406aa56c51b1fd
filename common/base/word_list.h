/* word_list.h - "a, b, c" in a buffer of fixed size, for messages that name what there is. */
#ifndef LS_BASE_WORD_LIST_H
#define LS_BASE_WORD_LIST_H

#include <stddef.h>

/*
 * Append word to the NUL-terminated list, behind `separator` unless the list is empty. What does not fit is left
 * out whole.
 */
void word_list_add(char *list, size_t size, const char *separator, const char *word);

#endif
