/* restore.h - put an older copy of the database back. */
#ifndef LS_STORE_RESTORE_H
#define LS_STORE_RESTORE_H

#include <stddef.h>

/* How far a restored database counts on: more than may have been used since the copy was made. */
#define RESTORE_F_CNT_DOWN 4096
#define RESTORE_JOIN_NONCE 256

/* What was replaced is kept beside the database under its name with this behind it. */
#define RESTORE_ASIDE ".before-restore"

/*
 * Let a copy of the database take the place of the one at `path`, which no daemon may have open. The copy is read
 * only, may be of an older schema, and may be a file made while a daemon ran by SQLite's own means (VACUUM INTO,
 * .backup). All FCntDown (NFCntDown, AFCntDown, those of multicast groups) move on by RESTORE_F_CNT_DOWN, all
 * JoinNonces by RESTORE_JOIN_NONCE, the epoch changes. On failure the database is as it was.
 *
 * LS_ECONFLICT: a daemon runs on it. LS_EFORMAT: the copy is no database of ours, or damaged. LS_EVERSION: its
 * schema is newer. err receives a sentence.
 */
int store_restore(const char *path, const char *from, char *err, size_t err_size);

#endif
