/* SPDX-License-Identifier: MIT */
/**
 * Failure injection: the n-th allocation or system call fails.
 *
 * Two ways to divert calls, each an executable of its own with the same scenarios:
 *
 *	fault_ours.c	calls that our own code makes: the linker diverts them (--wrap)
 *	fault_all.c	calls of the whole process, libwayland and libc included: the executable
 *			defines their functions, and the dynamic linker prefers those
 */
#ifndef UMM_TESTS_FAULT_H
#define UMM_TESTS_FAULT_H

#include <stdbool.h>

/** Scenarios call this in the one thread whose calls are to fail. */
void fault_here(void);

/**
 * Run `scenario` again and again: the first, second, .. call fails each time, until it gets through
 * without meeting the failure. It returns 0 or a negative errno, and must leave nothing behind;
 * leaked fds are counted here, leaked memory by the sanitizer. Returns how many calls were failed.
 */
unsigned fault_run(int (*scenario)(void));

/** For those who divert: whether this call, by name, is the one to fail; errno is `error` then. */
bool fault_fails(const char *name, int error);

/** For those who divert: calls of this thread are spared between the two. */
void fault_spare(bool spare);

/** Defined by who diverts: what is to be told to libraries before the first scenario. */
void fault_prepare(void);

/** Was a call of that name made in any scenario so far? A name that never is guards nothing. */
bool fault_met(const char *name);

/** Defined by who diverts: the names of what is diverted, ended by NULL. */
extern const char *const fault_names[];

#endif
