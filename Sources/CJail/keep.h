/* Shared by what copies a context. */
#ifndef CJAIL_KEEP_H
#define CJAIL_KEEP_H

#include "internal.h"

/* Tells socket of everything that a copy of this process could not have; drops: of what it could not be without.
 * Returns: how many that were. */
int cjail_keep_find_obstacles(const int *ours, size_t count, int socket, bool drops);

/* In a copy: notes what of the original's is to be had anew, and lets go of it. Returns: 0 or -errno. */
int cjail_keep_state(const int *ours, size_t count, bool drops);

/* In a copy of that copy: gets it all back, as far as it is there. */
void cjail_keep_restore(void);

#endif
