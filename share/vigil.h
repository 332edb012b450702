/* SPDX-License-Identifier: MIT */
/**
 * A vigil over the members of a collection that has no broker: which of their processes have died?
 *
 * Each process locks a byte of one memory file for the member that it uses, and the kernel unlocks
 * it when the process is gone, however it went. Who waits for a peer now and then asks whether that
 * byte is still locked. It must be a POSIX record lock: those belong to a process and are not
 * inherited by fork(), while the locks of open file descriptions are shared with every child that
 * has the fd, and last as long as any of them (fcntl(2)). The price: a process that closes every fd
 * it finds is taken for dead.
 */
#ifndef UMM_SHARE_VIGIL_H
#define UMM_SHARE_VIGIL_H

#include <stdbool.h>

struct umm_vigil;

/** Before the processes part. *out: umm_vigil_destroy(), in each of them. 0 or a negative errno. */
int umm_vigil_create(unsigned n_members, struct umm_vigil **out);
void umm_vigil_destroy(struct umm_vigil *vigil);

/** This process uses member `index` from here on. Where that cannot be locked nobody will notice
 * its death, as if this was never called. */
void umm_vigil_claim(struct umm_vigil *vigil, unsigned index);

/** Has the process that used member `index` gone? True once, to one of all who ask: the heir. */
bool umm_vigil_inherit(struct umm_vigil *vigil, unsigned index);

#endif
