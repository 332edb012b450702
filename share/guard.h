/* SPDX-License-Identifier: MIT */
/**
 * Guard mode: a touch outside an access ends the process with a message that says who did what.
 *
 * A guarded mapping is PROT_NONE unless an access is open. The SIGSEGV handler looks up the
 * address, writes one line, and lets the signal take its course, so that a debugger or core dump
 * still shows the place. Faults elsewhere go to the handler that was there before.
 */
#ifndef UMM_SHARE_GUARD_H
#define UMM_SHARE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "share/access.h"

/** One guarded mapping; embedded in its buffer. The strings live as long as the guard. */
struct umm_guard {
	void *map;
	size_t size;
	const char *buffer, *owner;
	bool writable;
	const struct umm_access_book *book;
	unsigned protection; /**< directions the mapping allows now */
	int slot;	     /**< in the table of guards */
};

/** Start guarding: the mapping is revoked. Returns 0, -ENOSPC (too many), or a negative errno. */
int umm_guard_init(struct umm_guard *guard);

/** Stop guarding; the mapping stays revoked until it is unmapped. */
void umm_guard_finish(struct umm_guard *guard);

/** Make the mapping allow just what the book has open. Thread-safe. Returns 0 or a negative errno.
 */
int umm_guard_update(struct umm_guard *guard);

#endif
