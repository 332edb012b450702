/* SPDX-License-Identifier: MIT */
/** Numbers that the kernel keeps in files of their own: counters, limits. */
#ifndef UMM_OS_NUMBER_H
#define UMM_OS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/** The number that a file begins with. false: none ("max"), or no such file. */
bool umm_number_read(const char *path, uint64_t *out);

#endif
