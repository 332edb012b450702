/* SPDX-License-Identifier: MIT */
/**
 * Failure injection: the n-th allocation or system call that our own code makes fails.
 *
 * The linker diverts the calls (--wrap, see tests/unit/meson.build) to fault.c, which counts them
 * while a scenario runs and fails one.
 */
#ifndef UMM_TESTS_FAULT_H
#define UMM_TESTS_FAULT_H

/**
 * Run `scenario` again and again: the first, second, .. call fails each time, until it gets through
 * without meeting the failure. It returns 0 or a negative errno, and must leave nothing behind;
 * leaked fds are counted here, leaked memory by the sanitizer. Returns how many calls were failed.
 */
/* Scenarios call fault_here() in the one thread whose calls are to fail. */
void fault_here(void);

unsigned fault_run(int (*scenario)(void));

#endif
