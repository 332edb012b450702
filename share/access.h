/* SPDX-License-Identifier: MIT */
/**
 * The book of open CPU accesses of one buffer: how many of each kind, and which may be open
 * together.
 *
 * The kernel's DMA_BUF_IOCTL_SYNC has no such book: START twice and END without START succeed there
 * silently. All three counts live in one word, so that the check and the change are one step:
 *
 *	 63      48 47      32 31      16 15       0
 *	+----------+----------+----------+----------+
 *	|     0    | read+wr. |  write   |   read   |
 *	+----------+----------+----------+----------+
 */
#ifndef UMM_SHARE_ACCESS_H
#define UMM_SHARE_ACCESS_H

#include <stdatomic.h>
#include <stdint.h>

#include <umm/buffer.h>

struct umm_access_book {
	_Atomic uint64_t counts;
};

/** 0, -EINVAL, -EBUSY, -EOVERFLOW: as umm_buffer_begin_access(). */
int umm_access_begin(struct umm_access_book *book, enum umm_access access);

/** 0, or -EINVAL if no access of that kind is open. */
int umm_access_end(struct umm_access_book *book, enum umm_access access);

/** Directions that are open now: a set of enum umm_access, 0 for none. */
unsigned umm_access_open(const struct umm_access_book *book);

/** "read", "write", "read and write" or "no": for messages. */
const char *umm_access_name(unsigned directions);

#endif
