/* SPDX-License-Identifier: MIT */
/** A machine that is a directory of files: what the kernel tells there is written by the test. */
#ifndef UMM_TESTS_UNIT_MACHINE_H
#define UMM_TESTS_UNIT_MACHINE_H

/** Where its paths begin: below the test's own directory. */
#define MACHINE "root"

/** A file of it, with the directories it needs. */
void machine_put(const char *path, const char *text);

#endif
