/* place.h - the files of the database: the lock beside it, and who may read them. */
#ifndef LS_STORE_PLACE_H
#define LS_STORE_PLACE_H

#include <stddef.h>

/*
 * Take the lock file of the folder of `path` for this process. *fd holds it until closed; the file has the
 * process id. LS_ECONFLICT: another process has it (named in err).
 */
int place_lock(const char *path, int *fd, char *err, size_t err_size);

/*
 * Make the file with mode 0600 unless it is there; WAL and shared memory take the mode of the database.
 * LS_EPERM: others may read or write it, or one of its companions.
 */
int place_prepare(const char *path, char *err, size_t err_size);

#endif
